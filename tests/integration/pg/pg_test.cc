// Pg: the blocking connection against a real PostgreSQL.
// SPDX-License-Identifier: MIT
#include "common/pg/pg.h"
#include "tests/lib/pg_cluster.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>

using cft_test::PgCluster;

namespace
{

class Pg : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		url = PgCluster::shared().create_database();
		ASSERT_EQ(0, cft_pg_open(url.c_str(), &pg, &err)) << err.message;
	}

	void TearDown() override
	{
		cft_pg_result_free(result);
		cft_pg_close(pg);
	}

	int exec(const char *sql)
	{
		cft_pg_result_free(result);
		result = nullptr;
		return cft_pg_exec(pg, sql, &result, &err);
	}

	std::string url;
	struct cft_pg *pg = nullptr;
	struct cft_pg_result *result = nullptr;
	struct cft_err err = CFT_ERR_INIT;
};

} // namespace

TEST_F(Pg, ReadsTypedValues)
{
	ASSERT_EQ(0, exec("SELECT 42 AS n, 'öl' AS t, NULL AS nothing, true AS b, "
	                  "'\\x00ff'::bytea, 1.5"));
	EXPECT_EQ(1u, cft_pg_rows(result));
	EXPECT_EQ(42, cft_pg_int(result, 0, 0));
	EXPECT_STREQ("öl", cft_pg_value(result, 0, 1));
	EXPECT_EQ(nullptr, cft_pg_value(result, 0, 2));
	EXPECT_STREQ("", cft_pg_text(result, 0, 2));
	EXPECT_TRUE(cft_pg_bool(result, 0, 3));
	EXPECT_EQ(1.5, cft_pg_double(result, 0, 5));
	EXPECT_EQ(3, cft_pg_column_find(result, "b"));
	EXPECT_EQ(-1, cft_pg_column_find(result, "c"));
	struct cft_buf bytes = CFT_BUF_INIT;
	EXPECT_EQ(0, cft_pg_bytea(result, 0, 4, &bytes));
	EXPECT_EQ(std::string("\x00\xff", 2), std::string(bytes.data, bytes.len));
	EXPECT_EQ(CFT_E_INVALID, cft_pg_bytea(result, 0, 1, &bytes));
	cft_buf_release(&bytes);
}

TEST_F(Pg, PassesParametersAsTheyAre)
{
	const char *values[] = {"'; DROP TABLE x; --", nullptr};

	ASSERT_EQ(0, cft_pg_exec_params(pg, "SELECT $1::text, $2::int IS NULL", 2, values, &result,
	                                &err));
	EXPECT_STREQ(values[0], cft_pg_value(result, 0, 0));
	EXPECT_TRUE(cft_pg_bool(result, 0, 1));
}

TEST_F(Pg, GivesSqlstateLineAndColumnOfAnError)
{
	EXPECT_EQ(CFT_E_FAILED, exec("SELECT 1;\nSELECT 'ä',\n       no_such_column;"));
	EXPECT_STREQ("42703", err.sqlstate);
	EXPECT_EQ(3, err.line);
	EXPECT_EQ(8, err.column);
	EXPECT_EQ(CFT_E_SYNTAX, exec("SELEC 1"));
	EXPECT_EQ(1, err.line);
	EXPECT_EQ(1, err.column);
}

TEST_F(Pg, AddsDetailAndHint)
{
	ASSERT_EQ(0, exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"));
	EXPECT_EQ(CFT_E_FAILED, exec("INSERT INTO t VALUES (1)"));
	EXPECT_STREQ("23505", err.sqlstate);
	EXPECT_NE(nullptr, strstr(err.message, "(Key (id)=(1) already exists.)"));
	EXPECT_EQ(CFT_E_FAILED, exec("SELECT lower(1)"));
	EXPECT_NE(std::string(), err.hint);
}

TEST_F(Pg, MapsLocksTimeoutsAndRights)
{
	EXPECT_EQ(CFT_E_TIMEOUT, exec("SET statement_timeout = 20; SELECT pg_sleep(10)"));
	ASSERT_EQ(0, exec("SET statement_timeout = 0; CREATE TABLE t (); CREATE ROLE nobody_"
	                  "here; SET ROLE nobody_here"));
	EXPECT_EQ(CFT_E_FORBIDDEN, exec("TABLE t"));
	ASSERT_EQ(0, exec("RESET ROLE; DROP ROLE nobody_here; BEGIN; LOCK TABLE t"));
	struct cft_pg *other = nullptr;
	ASSERT_EQ(0, cft_pg_open(url.c_str(), &other, &err));
	EXPECT_EQ(CFT_E_LOCKED, cft_pg_exec(other, "BEGIN; LOCK TABLE t NOWAIT", nullptr, &err));
	cft_pg_close(other);
}

TEST_F(Pg, KnowsItsTransaction)
{
	EXPECT_FALSE(cft_pg_in_transaction(pg));
	exec("BEGIN");
	EXPECT_TRUE(cft_pg_in_transaction(pg));
	exec("SELECT 1/0");
	EXPECT_TRUE(cft_pg_transaction_failed(pg));
	exec("ROLLBACK");
	EXPECT_FALSE(cft_pg_in_transaction(pg));
}

TEST_F(Pg, ReportsTheLossOfItsConnection)
{
	PgCluster::shared().kill_backends();
	EXPECT_EQ(CFT_E_UNAVAILABLE, exec("SELECT 1"));
	EXPECT_FALSE(cft_pg_alive(pg));
	EXPECT_EQ(CFT_E_UNAVAILABLE, exec("SELECT 1"));
}

TEST_F(Pg, StreamsRowsAndStopsWhenAsked)
{
	int seen = 0;
	auto on_row = [](void *ctx, const struct cft_pg_result *row, struct cft_err *e) -> int {
		int *n = static_cast<int *>(ctx);
		EXPECT_EQ(*n + 1, cft_pg_int(row, 0, 0));
		return ++*n == 1000 ? cft_fail(e, CFT_E_LIMIT, "enough") : 0;
	};

	EXPECT_EQ(CFT_E_LIMIT, cft_pg_each_row(pg, "SELECT generate_series(1, 50000000)", 0,
	                                       nullptr, on_row, &seen, &err));
	EXPECT_EQ(1000, seen);
	EXPECT_EQ(0, exec("SELECT 1"));
}

TEST_F(Pg, CopiesInAndRefusesCopyWithoutData)
{
	std::string data = "1\n2\n3\n";

	ASSERT_EQ(0, exec("CREATE TABLE t (x int)"));
	EXPECT_EQ(0, cft_pg_copy_in(pg, "COPY t FROM STDIN", data.data(), data.size(), &err));
	EXPECT_EQ(CFT_E_INVALID, exec("COPY t FROM STDIN"));
	EXPECT_EQ(0, exec("COPY t TO STDOUT"));
	ASSERT_EQ(0, exec("SELECT sum(x) FROM t"));
	EXPECT_EQ(6, cft_pg_int(result, 0, 0));
	EXPECT_EQ(CFT_E_FAILED, cft_pg_copy_in(pg, "COPY t FROM STDIN", "a\n", 2, &err));
	EXPECT_STREQ("22P02", err.sqlstate);
}

TEST_F(Pg, CancelsFromAnotherThread)
{
	std::atomic<bool> done{false};
	std::thread canceller([&] {
		while (!done) {
			cft_pg_cancel(pg);
			cft_test::sleep_ms(20);
		}
	});

	EXPECT_EQ(CFT_E_CANCELLED, exec("SELECT pg_sleep(1000)"));
	done = true;
	canceller.join();
}

TEST_F(Pg, HandsOverNotices)
{
	std::string seen;

	cft_pg_on_notice(
		pg,
		[](void *ctx, const struct cft_pg_notice *notice) {
			*static_cast<std::string *>(ctx) += std::string(notice->severity) + ":" +
		                                            notice->message + ":" + notice->hint;
		},
		&seen);
	ASSERT_EQ(0, exec("DO $$ BEGIN RAISE WARNING 'careful' USING HINT = 'slow'; END $$"));
	EXPECT_EQ("WARNING:careful:slow", seen);
}

TEST_F(Pg, QuotesNamesAndText)
{
	struct cft_buf sql = CFT_BUF_INIT;

	cft_buf_adds(&sql, "SELECT ");
	cft_pg_quote_text(&sql, "it's a \\ \"test\"");
	cft_buf_adds(&sql, " AS ");
	cft_pg_quote_name(&sql, "A \"b\" 'c'");
	ASSERT_EQ(0, exec(cft_buf_str(&sql))) << err.message;
	EXPECT_STREQ("it's a \\ \"test\"", cft_pg_value(result, 0, 0));
	EXPECT_STREQ("A \"b\" 'c'", cft_pg_column_name(result, 0));
	cft_buf_release(&sql);
}

TEST(PgOpen, NamesWhatFailedWithoutThePassword)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_pg *pg = nullptr;
	std::string socket = PgCluster::shared().socket_dir();

	EXPECT_EQ(CFT_E_UNAVAILABLE, cft_pg_open("postgresql://u:s3cret@127.0.0.1:1/x", &pg, &err));
	EXPECT_EQ(nullptr, strstr(err.message, "s3cret"));
	EXPECT_EQ(CFT_E_CONFIG, cft_pg_open("postgresql://u:s3cret?=@%zz/x", &pg, &err));
	EXPECT_EQ(nullptr, strstr(err.message, "s3cret"));
	EXPECT_EQ(CFT_E_CONFIG, cft_pg_open("postgresql://u:pa@s3cret@localhost/x", &pg, &err));
	EXPECT_EQ(nullptr, strstr(err.message, "s3cret"));
	EXPECT_EQ(CFT_E_CONFIG, cft_pg_open("password=a s3cret", &pg, &err));
	EXPECT_EQ(nullptr, strstr(err.message, "s3cret"));
	EXPECT_EQ(CFT_E_NOT_FOUND,
	          cft_pg_open(PgCluster::shared().url("no_such_db").c_str(), &pg, &err));
	EXPECT_EQ(CFT_E_UNAUTHENTICATED,
	          cft_pg_open(("user=nobody host=" + socket + " dbname=postgres").c_str(), &pg,
	                      &err));
}

TEST(PgOpen, TriesAllHosts)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_pg *pg = nullptr;
	std::string url =
		"host=127.0.0.1," + PgCluster::shared().socket_dir() +
		" port=1,5432 user=postgres dbname=postgres target_session_attrs=read-write";

	ASSERT_EQ(0, cft_pg_open(url.c_str(), &pg, &err)) << err.message;
	cft_pg_close(pg);
}

TEST(PgConnect, IgnoresTheEnvironmentOnRequestAndKeepsIt)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_pg *pg = nullptr;
	std::string url = PgCluster::shared().url();
	struct cft_pg_options options = {};

	setenv("PGHOSTADDR", "127.0.0.1", 1);
	setenv("PGSERVICE", "nowhere", 1);
	setenv("PGOPTIONS", "-c no_such_setting=1", 1);
	options.url = url.c_str();
	options.ignore_environment = true;
	EXPECT_EQ(0, cft_pg_connect(&options, &pg, &err)) << err.message;
	cft_pg_close(pg);
	EXPECT_STREQ("nowhere", getenv("PGSERVICE"));
	for (const char *name : {"PGHOSTADDR", "PGSERVICE", "PGOPTIONS"})
		unsetenv(name);
}

TEST(PgUrl, SaysThePlaceAndTheDatabaseButNotWhoLogsIn)
{
	struct {
		const char *url, *place, *database;
	} const rows[] = {
		{"postgresql://me:secret@db:5433/app?sslmode=require", "db:5433/app", "app"},
		{"postgres://me@db/two%20words", "db/two words", "two words"},
		{"host=/run/pg user=me dbname=app", "/run/pg/app", "app"},
		{"host=db user=me", "db/", ""},
		{"app", "/app", "app"},
	};
	for (auto &row : rows) {
		struct cft_buf place = CFT_BUF_INIT, database = CFT_BUF_INIT;
		EXPECT_EQ(0, cft_pg_url_place(row.url, &place, nullptr));
		EXPECT_STREQ(row.place, cft_buf_str(&place)) << row.url;
		EXPECT_EQ(0, cft_pg_url_database(row.url, &database, nullptr));
		EXPECT_STREQ(row.database, cft_buf_str(&database)) << row.url;
		cft_buf_release(&place);
		cft_buf_release(&database);
	}
}
