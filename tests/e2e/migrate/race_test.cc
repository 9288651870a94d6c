// Several migrators, locks that others hold, and crashes at every statement.
// SPDX-License-Identifier: MIT
#include "tests/e2e/migrate/project.h"

#include <memory>

namespace
{

using cft_test::eventually;
using cft_test::PgCluster;
using migrate_test::Project;
using migrate_test::Session;

// Each statement leaves a row: what ran, and how often.
std::string witness(const std::string &name)
{
	return "INSERT INTO witness VALUES ('" + name + "');\n";
}

std::string each_ran_once(const Project &project, int total)
{
	return project.sql("SELECT count(*) = " + std::to_string(total) +
	                   " AND count(DISTINCT what) = count(*) FROM witness");
}

std::string number(int i)
{
	char text[8];

	snprintf(text, sizeof(text), "%03d", i);
	return text;
}

TEST(Race, ManyMigratorsApplyEachMigrationOnce)
{
	Project project;

	project.sql("CREATE TABLE witness (what text)");
	for (int i = 1; i <= 12; i++)
		project.migration(number(i) + "_m",
		                  "CREATE TABLE t" + number(i) + " (a int);\n" +
		                          witness(number(i)) +
		                          (i % 3 ? ""
		                                 : "CREATE INDEX CONCURRENTLY i" + number(i) +
		                                           " ON t" + number(i) + " (a);\n"),
		                  "SELECT 1;");
	std::vector<cft_test::Background> migrators;
	for (int i = 0; i < 5; i++)
		migrators.push_back(project.start({"up", "--lock-timeout", "60s"}));
	for (cft_test::Background &migrator : migrators) {
		ASSERT_TRUE(migrator.wait(90)) << "a deadlock between CONCURRENTLY and a waiter?";
		EXPECT_EQ(migrator.exit_code(), 0);
	}
	EXPECT_EQ(each_ran_once(project, 12), "t");
	EXPECT_CONTAINS(project.run({"status"}).out, "(12 applied, 0 pending)");
	EXPECT_EQ(project.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
}

TEST(Race, WaiterNamesTheHolderAndGivesUpInTime)
{
	Project project;
	Session gate(project.url());

	project.migration("001_m", "SELECT pg_advisory_xact_lock(77);", "SELECT 1;");
	gate.exec("SELECT pg_advisory_lock(77)");
	cft_test::Background first = project.start({"up"});
	ASSERT_TRUE(eventually([&] {
		return project.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
		                   "NOT granted") == "1";
	}));
	cft_test::RunResult second = project.run({"up", "--lock-timeout", "200ms"});
	EXPECT_EQ(second.exit_code, 6);
	EXPECT_CONTAINS(second.err, "waiting for another migrator: confiture migrate up");
	EXPECT_CONTAINS(second.err, "pid ");
	EXPECT_EQ(project.run({"status"}).exit_code, 0) << "readers never wait";
	gate.exec("SELECT pg_advisory_unlock(77)");
	EXPECT_TRUE(first.wait());
	EXPECT_EQ(first.exit_code(), 0);
}

TEST(Race, BlockerIsNamedAndDdlIsRetried)
{
	Project project;
	cft_test::TempDir temp;
	Session reader(project.url());

	project.sql("CREATE TABLE t (a int)");
	project.migration("001_m", "CREATE TABLE before (a int);\nALTER TABLE t ADD COLUMN b int;",
	                  "SELECT 1;");
	reader.exec("SET application_name = 'the-report'; BEGIN; SELECT * FROM t");
	cft_test::Background up =
		project.start({"up", "--ddl-lock-timeout", "700ms"}, temp.file("err"));
	ASSERT_TRUE(eventually([&] {
		return migrate_test::contains(cft_test::read_file(temp.file("err")), "retry 1 of");
	}));
	reader.exec("COMMIT");
	ASSERT_TRUE(up.wait());
	EXPECT_EQ(up.exit_code(), 0) << cft_test::read_file(temp.file("err"));
	EXPECT_CONTAINS(cft_test::read_file(temp.file("err")), "the-report");
	EXPECT_EQ(project.ledger(), "001 applied");
}

TEST(Race, InterruptCancelsAndRollsBack)
{
	Project project;

	project.migration("001_m", "CREATE TABLE t (a int);\nSELECT pg_sleep(600);", "SELECT 1;");
	cft_test::Background up = project.start({"up"});
	ASSERT_TRUE(eventually([&] {
		return project.sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT "
		                   "pg_sleep(600)'") == "1";
	}));
	up.signal(2);
	ASSERT_TRUE(up.wait());
	EXPECT_EQ(up.exit_code(), 1);
	EXPECT_EQ(project.ledger(), "");
	EXPECT_EQ(project.sql("SELECT to_regclass('t') IS NULL"), "t");
}

// Twenty migrations; before each statement a gate that the test can close.
class Crash : public testing::Test
{
      protected:
	static constexpr int migrations = 20, gates = 3 * migrations;

	void write(Project &project)
	{
		project.sql("CREATE TABLE witness (what text); CREATE FUNCTION gate(n int) RETURNS "
		            "void LANGUAGE sql AS 'SELECT pg_advisory_xact_lock_shared(7, n)'");
		for (int i = 1; i <= migrations; i++) {
			std::string sql, table = "t" + number(i);

			sql += "SELECT gate(" + std::to_string(3 * i - 2) + ");\n";
			sql += "CREATE TABLE " + table + " (a int);\n";
			sql += "SELECT gate(" + std::to_string(3 * i - 1) + ");\n";
			sql += witness(table + " a");
			if (i % 4 == 0)
				sql += "CREATE INDEX CONCURRENTLY " + table + "_a ON " + table +
				       " (a);\n";
			sql += "SELECT gate(" + std::to_string(3 * i) + ");\n";
			sql += witness(table + " b");
			project.migration(number(i) + "_m", sql, "DROP TABLE " + table + ";");
		}
	}
	static std::string gate(int n)
	{
		return "7, " + std::to_string(n);
	}
	static bool at_gate(const Project &project)
	{
		return eventually([&] {
			return project.sql("SELECT count(*) FROM pg_locks WHERE locktype = "
			                   "'advisory' AND classid = 7 AND NOT granted") == "1";
		});
	}
	// Applied ones are whole, pending ones have left nothing, at most one is in between and it
	// is a stepwise one.
	static void check_agreement(const Project &project)
	{
		EXPECT_EQ(
			project.sql("SELECT coalesce(string_agg(version, ' '), '') FROM "
		                    "confiture_migrations WHERE state = 'applied' AND "
		                    "(to_regclass('t' || version) IS NULL OR (SELECT count(*) FROM "
		                    "witness WHERE what LIKE 't' || version || ' %') <> 2)"),
			"");
		EXPECT_EQ(project.sql("SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class "
		                      "WHERE relname ~ '^t\\d+$' AND substr(relname, 2) NOT IN "
		                      "(SELECT version FROM confiture_migrations)"),
		          "");
		EXPECT_EQ(
			project.sql("SELECT count(*) FROM (SELECT FROM confiture_migrations WHERE "
		                    "state <> 'applied' AND version::int % 4 <> 0) x"),
			"0");
		EXPECT_EQ(project.sql("SELECT count(*) - count(DISTINCT what) FROM witness"), "0");
	}
};

TEST_F(Crash, MigratorKilledAfterEveryStatement)
{
	Project project;
	Session holder(project.url());

	write(project);
	for (int n = 1; n <= gates; n++) {
		holder.exec("SELECT pg_advisory_lock(" + gate(n) + ")");
		cft_test::Background up = project.start({"up"});
		ASSERT_TRUE(at_gate(project)) << "gate " << n;
		up.signal(9);
		ASSERT_TRUE(up.wait());
		holder.exec("SELECT pg_advisory_unlock(" + gate(n) + ")");
		ASSERT_TRUE(project.migrator_gone());
		check_agreement(project);
	}
	EXPECT_EQ(project.run({"up"}).exit_code, 0);
	EXPECT_EQ(each_ran_once(project, 2 * migrations), "t");
	EXPECT_CONTAINS(project.run({"status"}).out, "(20 applied, 0 pending)");
	EXPECT_EQ(project.run({"verify"}).exit_code, 0);
	EXPECT_EQ(project.run({"down-to", "0"}).exit_code, 0);
}

TEST_F(Crash, PostgresqlKilledInTheMiddle)
{
	PgCluster cluster({"fsync=on", "synchronous_commit=on"});
	Project project(cluster);

	write(project);
	for (int n : {1, 12, 23, 48}) {
		auto holder = std::make_unique<Session>(project.url());
		holder->exec("SELECT pg_advisory_lock(" + gate(n) + ")");
		cft_test::Background up = project.start({"up"});
		ASSERT_TRUE(at_gate(project)) << "gate " << n;
		cluster.kill9();
		ASSERT_TRUE(up.wait());
		EXPECT_EQ(up.exit_code(), 3) << "gate " << n;
		cluster.start();
		check_agreement(project);
	}
	EXPECT_EQ(project.run({"up"}).exit_code, 0);
	EXPECT_EQ(each_ran_once(project, 2 * migrations), "t");
	EXPECT_EQ(project.run({"verify"}).exit_code, 0);
}

} // namespace
