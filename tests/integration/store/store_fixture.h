// Fixture: a store on a database of its own, and calls that run the loop until they are answered.
// SPDX-License-Identifier: MIT
#pragma once

#include "common/base/digest.h"
#include "server/store/store.h"
#include "tests/lib/pg_cluster.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

class StoreTest : public ::testing::Test
{
      protected:
	struct Event {
		uint64_t revision;
		std::string payload, hash;
	};
	struct Reply {
		int outcome = -1;
		int64_t now_us = 0;
		std::vector<Event> events;
		std::vector<std::string> alive;
		std::string reason;
	};
	using Rows = std::vector<std::vector<std::string>>;

	void SetUp() override
	{
		url = cft_test::PgCluster::shared().create_database();
		struct cft_err err = CFT_ERR_INIT;
		ASSERT_EQ(0, cft_schema_upgrade(url.c_str(), nullptr, &err)) << err.message;
	}

	~StoreTest() override
	{
		for (struct cft_store *s : stores)
			cft_store_free(s);
		cft_timer_free(guard);
		cft_loop_free(loop);
	}

	struct cft_store *open_store(const std::string &where, int64_t poll_ms = 50)
	{
		struct cft_store_options options = {};
		struct cft_store *store = nullptr;
		struct cft_err err = CFT_ERR_INIT;
		options.url = where.c_str();
		options.connections = 2;
		options.poll_ms = poll_ms;
		EXPECT_EQ(0, cft_store_new(loop, &options, &store, &err)) << err.message;
		stores.push_back(store);
		run_until([store] { return cft_store_up(store); });
		return store;
	}

	// Turns the loop until `done`, a minute at most.
	void run_until(const std::function<bool()> &done)
	{
		bool late = false;
		struct Tick {
			struct cft_loop *loop;
			int left;
			bool *late;
		} tick = {loop, 60000, &late};
		struct cft_timer *timer = cft_timer_new(
			loop,
			[](void *ctx) {
				auto *t = static_cast<Tick *>(ctx);
				*t->late = --t->left <= 0;
				cft_loop_stop(t->loop);
			},
			&tick);
		cft_timer_start(timer, 0, 1);
		while (!done() && !late)
			cft_loop_run(loop);
		cft_timer_free(timer);
		ASSERT_FALSE(late) << "no answer";
	}

	static std::string hex(const unsigned char *hash)
	{
		char text[CFT_SHA256_HEX];
		return cft_hex(hash, 32, text);
	}

	// A write group; freed with the variable.
	struct Group {
		Group()
		{
			cft_append_init(&append);
		}
		Group(const Group &) = delete;
		Group &operator=(const Group &) = delete;
		~Group()
		{
			cft_append_release(&append);
		}

		void clear()
		{
			cft_append_release(&append);
			cft_append_init(&append);
		}

		// One event whose payload is `text`, at `revision`; advances `hash` to its own.
		void event(uint64_t revision, const std::string &text, unsigned char hash[32],
		           const char *request_id = "")
		{
			struct cft_intent intent = {};
			struct cft_change change = {};
			struct cft_event event = {};
			intent.id = "int_1";
			change.kind = CFT_CHANGE_INTENT_REGISTERED;
			change.intent = &intent;
			event.revision = revision;
			event.time_us = 1700000000000000;
			event.actor = "alice";
			event.request_id = request_id;
			event.changes = &change;
			event.n_changes = 1;
			cft_sha256(text.data(), text.size(), hash);
			cft_append_event(&append, &event, text.data(), text.size(), hash);
		}

		// An intent that was registered at `revision`.
		void intent(uint64_t revision, const char *id)
		{
			const char *statements[] = {"ALTER TABLE t ADD c int",
			                            "DROP TABLE \"a,b\""};
			const char *tables[] = {"a,b", "c\"d\\"};
			struct cft_intent intent = {};
			intent.id = id;
			intent.agent_id = "alice";
			intent.feature_name = "f";
			intent.branch_name = id;
			intent.status = CFT_INTENT_REGISTERED;
			intent.risk = CFT_RISK_LOW;
			intent.statements = {statements, 2};
			intent.tables_affected = {tables, 2};
			intent.metadata_json = "{\"k\": 1}";
			intent.created_us = intent.updated_us = 1;
			intent.created_revision = intent.updated_revision = revision;
			cft_append_intent(&append, &intent, "\xc0\xff\xee", 3);
		}

		void lease(const char *op, const char *intent, int fence, int64_t ttl_us)
		{
			cft_append_more(&append, "leases",
			                json_pack("{s:s, s:s, s:s, s:i, s:I}", "op", op,
			                          "intent_id", intent, "agent_id", "alice", "fence",
			                          fence, "ttl_us",
			                          static_cast<json_int_t>(ttl_us)));
		}

		struct cft_append append;
	};

	struct Pending {
		Reply reply;
		bool done = false;
	};

	static void on_append(void *ctx, const struct cft_append_reply *r)
	{
		auto *pending = static_cast<Pending *>(ctx);
		pending->reply.outcome = r->outcome;
		pending->reply.now_us = r->now_us;
		if (r->err)
			pending->reply.reason = r->err->reason;
		copy_events(r->events, r->n_events, &pending->reply.events);
		for (size_t i = 0; i < r->n_alive; i++)
			pending->reply.alive.push_back(r->alive[i].intent_id);
		pending->done = true;
	}

	static void copy_events(const struct cft_store_event *v, size_t n, std::vector<Event> *out)
	{
		for (size_t i = 0; i < n; i++)
			out->push_back(
				{v[i].revision,
			         std::string(static_cast<const char *>(v[i].payload), v[i].len),
			         hex(v[i].chain_hash)});
	}

	Reply append(struct cft_store *store, uint64_t expected, const unsigned char hash[32],
	             Group &group, const char *project = "p")
	{
		Pending pending;
		cft_store_append(store, project, expected, hash, &group.append, on_append,
		                 &pending);
		run_until([&] { return pending.done; });
		return pending.reply;
	}

	// Runs a small call: rows([&](auto cb, auto ctx) { cft_store_log(store, cb, ctx); })
	Rows rows(const std::function<void(cft_rows_cb *, void *)> &call, size_t columns,
	          std::string *ret_error = nullptr)
	{
		struct Ctx {
			Rows rows;
			size_t columns;
			std::string error;
			bool done;
		} ctx = {{}, columns, "", false};
		call(
			[](void *c, const char *const *const *v, size_t n,
		           const struct cft_err *err) {
				auto *x = static_cast<Ctx *>(c);
				for (size_t i = 0; i < n; i++)
					x->rows.emplace_back(v[i], v[i] + x->columns);
				if (err)
					x->error = std::string(err->reason) + " " + err->message;
				x->done = true;
			},
			&ctx);
		run_until([&] { return ctx.done; });
		if (ret_error)
			*ret_error = ctx.error;
		else
			EXPECT_EQ("", ctx.error);
		return ctx.rows;
	}

	std::vector<Event> read(struct cft_store *store, uint64_t after, int limit = 100)
	{
		struct Ctx {
			std::vector<Event> events;
			bool done;
		} ctx = {{}, false};
		cft_store_read(
			store, "p", after, limit,
			[](void *c, const struct cft_store_events *events) {
				auto *x = static_cast<Ctx *>(c);
				EXPECT_EQ(nullptr, events->err);
				copy_events(events->v, events->n, &x->events);
				x->done = true;
			},
			&ctx);
		run_until([&] { return ctx.done; });
		return ctx.events;
	}

	std::string sql(const std::string &text)
	{
		return cft_test::PgCluster::shared().sql(url, text);
	}

	// All that the log has of a project, but for its name and the clock's time.
	std::string rows_of(const std::string &project)
	{
		const std::string mine =
			"(SELECT id FROM confiture.project WHERE name = '" + project + "')";
		return sql("SELECT to_jsonb(t) - '{id,name,created_at}'::text[] FROM "
		           "confiture.project t WHERE id = " +
		           mine +
		           "UNION ALL SELECT to_jsonb(t) - 'project_id' FROM confiture.event t "
		           "WHERE project_id = " +
		           mine +
		           "UNION ALL SELECT to_jsonb(t) - '{project_id,time}'::text[] FROM "
		           "confiture.request t WHERE project_id = " +
		           mine +
		           "UNION ALL SELECT to_jsonb(t) - 'project_id' FROM confiture.intent t "
		           "WHERE project_id = " +
		           mine);
	}

	std::string url;
	struct cft_loop *loop = cft_loop_new();
	struct cft_timer *guard = cft_timer_new(
		loop, [](void *) {}, nullptr);
	std::vector<struct cft_store *> stores;
	unsigned char zero[32] = {};
};
