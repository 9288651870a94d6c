// Migrations that cannot be one transaction: records, resuming, INVALID indexes, repair.
// SPDX-License-Identifier: MIT
#include "tests/e2e/migrate/project.h"

namespace
{

using migrate_test::Project;
using migrate_test::Session;

class Stepwise : public testing::Test
{
      protected:
	std::string progress()
	{
		return project_.sql("SELECT state || ' ' || statements_done || ' ' || (running IS "
		                    "NOT NULL) FROM confiture_migrations ORDER BY version DESC "
		                    "LIMIT 1");
	}
	bool index_valid(const std::string &name)
	{
		return project_.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = "
		                    "to_regclass('" +
		                    name + "')") == "t";
	}
	// Starts `up`, waits until it builds the index and waits for the session's transaction.
	bool building()
	{
		return cft_test::eventually([this] {
			return project_.sql(
				       "SELECT count(*) FROM pg_stat_activity WHERE "
				       "application_name LIKE 'confiture migrate%' AND query "
				       "ILIKE '%concurrently%' AND wait_event_type = 'Lock'") ==
			       "1";
		});
	}
	Project project_;
};

TEST_F(Stepwise, FailsInTheMiddleAndGoesOnThere)
{
	project_.migration("001_m",
	                   "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"
	                   "CREATE INDEX CONCURRENTLY t_a ON t (a);\nSELECT wrong FROM t;\n"
	                   "INSERT INTO t VALUES (2);",
	                   "DROP TABLE t;");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "001_m.up.sql:4");
	EXPECT_EQ(progress(), "applying 3 false");
	EXPECT_CONTAINS(project_.run({"status"}).out, "partial");
	EXPECT_CONTAINS(project_.run({"repair"}).out, "stopped after 3 of 5 statement(s)");
	EXPECT_EQ(project_.run({"down"}).exit_code, 5);
	project_.migration("001_m",
	                   "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"
	                   "CREATE INDEX CONCURRENTLY t_a ON t (a);\nSELECT a FROM t;\n"
	                   "INSERT INTO t VALUES (2);",
	                   "DROP TABLE t;");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT string_agg(a::text, ' ' ORDER BY a) FROM t"), "1 2");
	EXPECT_EQ(project_.run({"verify"}).exit_code, 0) << "the edited file is the one on record";
}

TEST_F(Stepwise, StatementsThatRanMustNotBeEdited)
{
	project_.migration("001_m", "CREATE TABLE t (a int);\nVACUUM t;\nSELECT 1/0;", "");
	EXPECT_EQ(project_.run({"up"}).exit_code, 1);
	project_.migration("001_m", "CREATE TABLE t (a bigint);\nVACUUM t;\nSELECT 1;", "");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 8);
	EXPECT_CONTAINS(result.err, "statement 1 was edited after it ran");
	project_.migration("001_m", "CREATE TABLE t (a int);", "");
	EXPECT_EQ(project_.run({"up"}).exit_code, 8);
}

TEST_F(Stepwise, FailedUniqueIndexIsReportedAndCleanedOnRetry)
{
	project_.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)");
	project_.migration("001_m", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);",
	                   "DROP INDEX CONCURRENTLY t_a;");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "the build left the INVALID index public.t_a");
	EXPECT_EQ(project_.run({"verify"}).exit_code, 8);
	EXPECT_CONTAINS(project_.run({"repair"}).out, "the index t_a is INVALID");
	project_.sql("DELETE FROM t WHERE ctid = '(0,1)'");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "dropped the INVALID index public.t_a");
	EXPECT_TRUE(index_valid("t_a"));
	EXPECT_EQ(project_.run({"verify"}).exit_code, 0);
	EXPECT_EQ(project_.run({"down"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "");
}

TEST_F(Stepwise, MigratorKilledWhileTheIndexIsBuiltAndTheBuildFinishes)
{
	project_.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
	project_.migration("001_m", "CREATE INDEX CONCURRENTLY t_a ON t (a);\nSELECT 1;", "");
	{
		Session holder(project_.url());
		holder.exec("BEGIN; INSERT INTO t VALUES (2)");
		cft_test::Background up = project_.start({"up"});
		ASSERT_TRUE(building());
		up.signal(9);
		ASSERT_TRUE(up.wait());
		holder.exec("COMMIT");
	}
	ASSERT_TRUE(project_.migrator_gone());
	EXPECT_EQ(progress(), "applying 0 true") << "begun, and no result on record";
	EXPECT_TRUE(index_valid("t_a")) << "PostgreSQL went on without its client";
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "already done: CREATE INDEX CONCURRENTLY");
	EXPECT_EQ(project_.ledger(), "001 applied");
}

TEST_F(Stepwise, BackendKilledWhileTheIndexIsBuilt)
{
	project_.sql("CREATE TABLE t (a int)");
	project_.migration("001_m", "CREATE INDEX CONCURRENTLY t_a ON t (a);", "");
	{
		Session holder(project_.url());
		holder.exec("BEGIN; INSERT INTO t VALUES (2)");
		cft_test::Background up = project_.start({"up"});
		ASSERT_TRUE(building());
		project_.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		             "application_name LIKE 'confiture migrate up%'");
		ASSERT_TRUE(up.wait());
		EXPECT_EQ(up.exit_code(), 3);
		holder.exec("COMMIT");
	}
	EXPECT_FALSE(index_valid("t_a"));
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "dropped the INVALID index public.t_a");
	EXPECT_TRUE(index_valid("t_a"));
}

TEST_F(Stepwise, UnknownOutcomeStopsUntilAPersonDecides)
{
	project_.migration("001_m",
	                   "CREATE TABLE t (a int);\nCREATE DATABASE other_db;\n"
	                   "INSERT INTO t VALUES (1);",
	                   "");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	// As a crash between CREATE DATABASE and its record would leave it.
	const std::string checksum = project_.sql("SELECT encode(sha256('CREATE DATABASE "
	                                          "other_db;' || '\\000'::bytea), 'hex')");
	project_.sql("DELETE FROM t; UPDATE confiture_migrations SET state = 'applying', "
	             "statements_done = 1, running = '" +
	             checksum +
	             "', done_checksums = ARRAY[encode(sha256('CREATE TABLE t (a int);' "
	             "|| '\\000'::bytea), 'hex')]");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 8);
	EXPECT_CONTAINS(result.err, "it may have run or not");
	EXPECT_CONTAINS(project_.run({"repair"}).out, "--done, or --not-done");
	EXPECT_EQ(project_.run({"repair", "--done"}).exit_code, 0);
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT count(*) FROM t"), "1");
	EXPECT_EQ(project_.run({"repair", "--done"}).exit_code, 5) << "nothing is open any more";
	project_.sql("DROP DATABASE other_db");
}

TEST_F(Stepwise, EnumValueUsedInTheSameFile)
{
	project_.sql("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood)");
	project_.migration("001_m", "ALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO t VALUES ('ok');",
	                   "");
	// Hidden from the analysis: found when PostgreSQL refuses it.
	project_.migration("002_m",
	                   "DO $$BEGIN ALTER TYPE mood ADD VALUE 'fine'; END$$;\n"
	                   "INSERT INTO t VALUES ('fi' 'ne');\n"
	                   "INSERT INTO t SELECT ('fi' || 'ne')::mood;",
	                   "");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_NE(result.exit_code, 0) << "'fi' 'ne' on one line is no SQL";
	project_.migration("002_m",
	                   "DO $$BEGIN ALTER TYPE mood ADD VALUE 'fine'; END$$;\n"
	                   "INSERT INTO t SELECT ('fi' || 'ne')::mood;",
	                   "");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT string_agg(m::text, ' ' ORDER BY m) FROM t"), "ok fine");
}

TEST_F(Stepwise, ProcedureThatCommits)
{
	project_.migration(
		"001_m",
		"CREATE TABLE t (a int);\nCREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN FOR "
		"i IN 1..3 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$;\nCALL fill();",
		"DROP PROCEDURE fill; DROP TABLE t;");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT count(*) FROM t"), "3");
	EXPECT_EQ(project_.run({"down"}).exit_code, 0);
}

TEST_F(Stepwise, SettingsAreRunAgainWhenResumed)
{
	project_.sql("CREATE SCHEMA app");
	project_.migration("001_m",
	                   "SET search_path TO app;\nCREATE TABLE t (a int);\nVACUUM t;\n"
	                   "SELECT 1/(SELECT count(*) FROM t);\nCREATE TABLE u (a int);",
	                   "");
	EXPECT_EQ(project_.run({"up"}).exit_code, 1);
	project_.sql("INSERT INTO app.t VALUES (1)");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT to_regclass('app.u') IS NOT NULL"), "t");
	EXPECT_EQ(project_.sql("SELECT to_regclass('public.confiture_migrations') IS NOT NULL"),
	          "t");
}

TEST_F(Stepwise, RollbackIsResumedToo)
{
	project_.migration("001_m",
	                   "CREATE TABLE t (a int); CREATE TABLE keep (a int); "
	                   "CREATE INDEX t_a ON t (a);",
	                   "DROP INDEX CONCURRENTLY t_a;\nSELECT 1/(SELECT count(*) FROM keep);\n"
	                   "DROP TABLE t, keep;");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.run({"down"}).exit_code, 1);
	EXPECT_EQ(progress(), "reverting 1 false");
	EXPECT_EQ(project_.run({"up"}).exit_code, 5);
	project_.sql("INSERT INTO keep VALUES (1)");
	cft_test::RunResult result = project_.run({"down"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.ledger(), "");
}

} // namespace
