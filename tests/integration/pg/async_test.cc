// Async: queries on the loop, lost connections, notifications.
// SPDX-License-Identifier: MIT
#include "common/pg/array.h"
#include "common/pg/async.h"
#include "tests/lib/pg_cluster.h"

#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

using cft_test::PgCluster;

namespace
{

class Async : public ::testing::Test
{
      protected:
	~Async() override
	{
		cft_pg_async_free(conn);
		cft_timer_free(guard);
		cft_loop_free(loop);
	}

	void connect(const std::string &url)
	{
		options.url = url.c_str();
		options.ctx = this;
		options.on_state = [](void *ctx, bool up, const struct cft_err *err) {
			static_cast<Async *>(ctx)->on_state(up, err);
		};
		options.on_notify = [](void *ctx, const char *channel, const char *payload) {
			auto *self = static_cast<Async *>(ctx);
			self->notified += std::string(channel) + ":" + payload + ";";
			cft_loop_stop(self->loop);
		};
		struct cft_err err = CFT_ERR_INIT;
		ASSERT_EQ(0, cft_pg_async_new(loop, &options, &conn, &err)) << err.message;
	}

	void on_state(bool up, const struct cft_err *err)
	{
		ups += up;
		downs += !up;
		if (err)
			last_state = err->message;
		if (on_change)
			on_change(up);
	}

	// Runs the loop until it is stopped, or a minute has passed.
	void run()
	{
		cft_timer_start(guard, 60000, 0);
		cft_loop_run(loop);
		cft_timer_stop(guard);
	}

	void run_until_up()
	{
		on_change = [this](bool up) {
			if (up)
				cft_loop_stop(loop);
		};
		if (!cft_pg_async_up(conn))
			run();
		on_change = nullptr;
		ASSERT_TRUE(cft_pg_async_up(conn)) << last_state;
	}

	struct Reply {
		Async *test;
		std::string value, reason, message;
		int calls = 0;
	};

	std::unique_ptr<Reply> query(const std::string &sql, std::vector<const char *> values = {})
	{
		auto reply = std::make_unique<Reply>();
		reply->test = this;
		cft_pg_async_query(conn, sql.c_str(), values.size(), values.data(), on_reply,
		                   reply.get());
		return reply;
	}

	std::unique_ptr<Reply> prepared(const std::vector<struct cft_pg_array *> &arrays)
	{
		auto reply = std::make_unique<Reply>();
		std::vector<struct cft_pg_value> values;
		reply->test = this;
		for (struct cft_pg_array *array : arrays) {
			const struct cft_buf *bytes = cft_pg_array_finish(array);
			values.push_back({bytes->data, bytes->len, true});
		}
		cft_pg_async_prepared(conn, values.size(), values.data(), on_reply, reply.get());
		return reply;
	}

	// A parameter: an array of one bigint.
	struct Number : cft_pg_array {
		explicit Number(int64_t value)
		{
			cft_pg_array_init(this, CFT_PG_INT8);
			cft_pg_array_add_int(this, value);
		}
		Number(const Number &) = delete;
		Number &operator=(const Number &) = delete;
		~Number()
		{
			cft_pg_array_release(this);
		}
	};

	static void on_reply(void *ctx, const struct cft_pg_result *result,
	                     const struct cft_err *err)
	{
		auto *r = static_cast<Reply *>(ctx);
		r->calls++;
		if (err) {
			r->reason = err->reason;
			r->message = err->message;
		} else if (cft_pg_rows(result) > 0) {
			r->value = cft_pg_text(result, 0, 0);
		}
		if (cft_pg_async_pending(r->test->conn) == 0)
			cft_loop_stop(r->test->loop);
	}

	struct cft_loop *loop = cft_loop_new();
	struct cft_timer *guard = cft_timer_new(
		loop, [](void *l) { cft_loop_stop(static_cast<struct cft_loop *>(l)); }, loop);
	struct cft_pg_async_options options = {};
	struct cft_pg_async *conn = nullptr;
	std::function<void(bool)> on_change;
	int ups = 0, downs = 0;
	std::string last_state, notified;
};

} // namespace

TEST_F(Async, ThePreparedStatementTakesBinaryArraysAndIsParsedOnce)
{
	options.prepared_sql =
		"SELECT concat_ws('|', $1::bigint[], (($2::text[])[1])::text[],"
		" ($2::text[])[2] IS NULL, extract(epoch FROM ($3::timestamptz[])[1]))";
	connect(PgCluster::shared().url());
	run_until_up();
	const char *texts[] = {"a,b", "c\"d\\", ""};
	struct cft_pg_array numbers, lists, times;
	cft_pg_array_init(&numbers, CFT_PG_INT8);
	cft_pg_array_add_int(&numbers, -1);
	cft_pg_array_add_int(&numbers, INT64_MAX);
	cft_pg_array_init(&lists, CFT_PG_TEXT);
	cft_pg_array_add_texts(&lists, texts, 3);
	cft_pg_array_add_text(&lists, nullptr);
	cft_pg_array_init(&times, CFT_PG_TIMESTAMPTZ);
	cft_pg_array_add_time(&times, 1700000000123456);
	auto a = prepared({&numbers, &lists, &times});
	auto b = prepared({&numbers, &lists, &times});
	auto c = query("SELECT count(*) FROM pg_prepared_statements");
	run();
	EXPECT_EQ("{-1,9223372036854775807}|{\"a,b\",\"c\\\"d\\\\\",\"\"}|t|1700000000.123456",
	          a->value)
		<< a->message;
	EXPECT_EQ(a->value, b->value) << b->message;
	EXPECT_EQ("1", c->value);
	for (struct cft_pg_array *array : {&numbers, &lists, &times})
		cft_pg_array_release(array);
}

TEST_F(Async, ThePreparedStatementOutlivesItsFailureAndALostConnection)
{
	options.prepared_sql = "SELECT 1 / ($1::bigint[])[1]";
	connect(PgCluster::shared().url());
	run_until_up();
	Number zero(0), one(1);
	auto first = prepared({&zero}), second = prepared({&one});
	auto gone = query("DEALLOCATE ALL");
	auto missed = prepared({&one}), parsed = prepared({&one});
	run();
	EXPECT_NE(std::string::npos, first->message.find("division by zero")) << first->message;
	EXPECT_EQ("1", second->value) << second->message;
	EXPECT_NE("", missed->reason);
	EXPECT_EQ("1", parsed->value) << parsed->message;
	PgCluster::shared().kill_backends();
	on_change = [this](bool up) {
		if (up)
			cft_loop_stop(loop);
	};
	run();
	auto again = prepared({&one});
	run();
	EXPECT_EQ("1", again->value) << again->message;
}

// A pooler shows by a prepared statement that is not there any more.
TEST_F(Async, WhereNoPlanIsKeptTheOtherTextIsRun)
{
	options.prepared_sql = "SELECT 'kept', $1::bigint[]";
	options.pooled_sql = "SELECT 'sent each time', $1::bigint[]";
	connect(PgCluster::shared().url());
	run_until_up();
	Number one(1);
	auto kept = prepared({&one});
	auto gone = query("DEALLOCATE ALL");
	auto missed = prepared({&one}), sent = prepared({&one});
	run();
	EXPECT_EQ("kept", kept->value) << kept->message;
	EXPECT_NE("", missed->reason);
	EXPECT_EQ("sent each time", sent->value) << sent->message;
}

TEST_F(Async, AnswersStatementsInOrder)
{
	connect(PgCluster::shared().url());
	run_until_up();
	auto a = query("SELECT pg_sleep(0.05), 1");
	auto b = query("SELECT $1::text || 'x'", {"y"});
	auto c = query("SELECT repeat('z', 3000000)");
	run();
	EXPECT_EQ(1, a->calls);
	EXPECT_EQ("yx", b->value);
	EXPECT_EQ(3000000u, c->value.size());
}

TEST_F(Async, AFailedStatementLeavesTheConnectionUp)
{
	connect(PgCluster::shared().url());
	run_until_up();
	auto a = query("SELECT no_column");
	auto b = query("SELECT 1");
	run();
	EXPECT_EQ("SQL_ERROR", a->reason);
	EXPECT_EQ("1", b->value);
	EXPECT_EQ(0, downs);
}

TEST_F(Async, RefusesStatementsWhileItIsDown)
{
	connect("host=127.0.0.1 port=1 user=u dbname=d");
	auto a = query("SELECT 1");
	EXPECT_EQ(0, a->calls);
	run();
	EXPECT_EQ("UNAVAILABLE", a->reason);
}

TEST_F(Async, ALostConnectionMakesTheRunningStatementUnknownAndComesBack)
{
	connect(PgCluster::shared().url());
	run_until_up();
	auto running = query("SELECT pg_sleep(100)");
	auto queued = query("SELECT 1");
	struct cft_timer *killer = cft_timer_new(
		loop, [](void *) { PgCluster::shared().kill_backends(); }, nullptr);
	cft_timer_start(killer, 50, 0);
	run();
	EXPECT_EQ("OUTCOME_UNKNOWN", running->reason);
	EXPECT_EQ("UNAVAILABLE", queued->reason);
	run_until_up();
	auto after = query("SELECT 2");
	run();
	EXPECT_EQ("2", after->value);
	EXPECT_EQ(2, ups);
	cft_timer_free(killer);
}

// Nothing of the interrupted use is taken over to the next connection, whose first statement is
// another one.
TEST_F(Async, ALostConnectionInTheFirstUseOfThePreparedStatementComesBack)
{
	options.prepared_sql = "SELECT pg_sleep(($1::bigint[])[1])";
	connect(PgCluster::shared().url());
	run_until_up();
	Number long_time(100);
	auto running = prepared({&long_time});
	struct cft_timer *killer = cft_timer_new(
		loop, [](void *) { PgCluster::shared().kill_backends(); }, nullptr);
	cft_timer_start(killer, 50, 0);
	run();
	EXPECT_EQ("OUTCOME_UNKNOWN", running->reason);
	run_until_up();
	auto after = query("SELECT 2");
	run();
	EXPECT_EQ("2", after->value) << after->message;
	cft_timer_free(killer);
}

// The statement stands for a network that swallows the answer.
TEST_F(Async, AServerThatFallsSilentWhileItIsSetUpIsGivenUp)
{
	options.connect_timeout_s = 2; // libpq's least
	options.setup_sql = "SELECT pg_sleep(100)";
	connect(PgCluster::shared().url());
	on_change = [this](bool) { cft_loop_stop(loop); };
	run();
	on_change = nullptr;
	EXPECT_EQ(1, downs);
	EXPECT_NE(std::string::npos, last_state.find("does not answer")) << last_state;
}

// Also between its start and the question whether a pooler stands between.
TEST_F(Async, ComesBackHoweverOftenItIsKilledWhileItConnects)
{
	options.prepared_sql = "SELECT 1";
	options.backoff_min_ms = options.backoff_max_ms = 1;
	std::atomic<bool> stop{false};
	std::thread killer([&] {
		while (!stop)
			PgCluster::shared().kill_backends();
	});
	connect(PgCluster::shared().url());
	on_change = [this](bool) {
		if (ups + downs == 60)
			cft_loop_stop(loop);
	};
	run();
	stop = true;
	killer.join();
	on_change = nullptr;
	EXPECT_GE(downs, 20);
	run_until_up();
}

TEST_F(Async, ComesBackAfterTheServerWasAway)
{
	PgCluster cluster;
	connect(cluster.url());
	run_until_up();
	cluster.kill9();
	on_change = [this](bool) {
		if (downs == 3)
			cft_loop_stop(loop);
	};
	run();
	EXPECT_EQ(3, downs);
	cluster.start();
	run_until_up();
	auto after = query("SELECT 2");
	run();
	EXPECT_EQ("2", after->value);
}

TEST_F(Async, HearsNotificationsFromTheFirstMoment)
{
	options.setup_sql = "LISTEN news";
	connect(PgCluster::shared().url());
	run_until_up();
	PgCluster::shared().sql(PgCluster::shared().url(), "NOTIFY news, 'hello'");
	run();
	EXPECT_EQ("news:hello;", notified);
}

TEST_F(Async, NoReplyInTimeMeansThatTheConnectionIsDead)
{
	options.reply_timeout_ms = 100;
	connect(PgCluster::shared().url());
	run_until_up();
	auto a = query("SELECT pg_sleep(100)");
	run();
	EXPECT_EQ("OUTCOME_UNKNOWN", a->reason);
	run_until_up();
}

// libpq takes no more than 65535 values, and says so on our side only.
TEST_F(Async, WhatCannotBeSentFailsAtOnce)
{
	connect(PgCluster::shared().url());
	run_until_up();
	auto a = query("SELECT 1", std::vector<const char *>(70000, "1"));
	auto queued = query("SELECT 1");
	run();
	EXPECT_EQ(1, a->calls);
	EXPECT_NE(std::string::npos, a->message.find("number of parameters")) << a->message;
	EXPECT_EQ("UNAVAILABLE", queued->reason);
	run_until_up();
	auto after = query("SELECT 2");
	run();
	EXPECT_EQ("2", after->value) << after->message;
}

TEST_F(Async, AFirstUseOfThePreparedStatementThatCannotBeSentIsNoSuccess)
{
	options.prepared_sql = "SELECT 1";
	connect(PgCluster::shared().url());
	run_until_up();
	std::vector<struct cft_pg_value> values(70000, {"1", 1, false});
	Reply a = {this, "", "", ""};
	cft_pg_async_prepared(conn, values.size(), values.data(), on_reply, &a);
	run();
	EXPECT_EQ(1, a.calls);
	EXPECT_NE("", a.reason);
	run_until_up();
}

TEST_F(Async, MayBeFreedInItsOwnCallbackAndWhileConnecting)
{
	connect(PgCluster::shared().url());
	cft_pg_async_free(conn);
	conn = nullptr;
	connect(PgCluster::shared().url());
	run_until_up();
	int calls = 0;
	struct Ctx {
		Async *self;
		struct cft_pg_async **conn;
		int *calls;
	} ctx = {this, &conn, &calls};
	auto on_reply = [](void *c, const struct cft_pg_result *, const struct cft_err *) {
		auto *x = static_cast<Ctx *>(c);
		++*x->calls;
		cft_pg_async_free(*x->conn);
		*x->conn = nullptr;
	};
	cft_pg_async_query(conn, "SELECT 1", 0, nullptr, on_reply, &ctx);
	cft_pg_async_query(conn, "SELECT 2", 0, nullptr, on_reply, &ctx);
	cft_loop_stop(loop);
	cft_timer_start(guard, 500, 0);
	cft_loop_run(loop);
	while (conn)
		cft_loop_run(loop);
	EXPECT_EQ(2, calls);
}

TEST_F(Async, RefusesAMalformedUrlAtOnce)
{
	struct cft_err err = CFT_ERR_INIT;

	options.url = "postgresql://a:b@c@d/x";
	EXPECT_EQ(CFT_E_CONFIG, cft_pg_async_new(loop, &options, &conn, &err));
}
