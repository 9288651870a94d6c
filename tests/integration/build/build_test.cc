// init, build and config check, as users run them, against a real PostgreSQL.
// SPDX-License-Identifier: MIT
#include "common/base/json.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

using cft_test::PgCluster;

namespace
{

class Commands : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		ASSERT_EQ(0, confiture({"init"}).exit_code);
	}
	cft_test::RunResult confiture(std::vector<std::string> words,
	                              std::vector<std::pair<std::string, std::string>> env = {})
	{
		words.insert(words.begin(), cft_test::program("confiture"));
		cft_test::RunOptions options;
		options.cwd = dir_.path();
		options.env = std::move(env);
		options.env.push_back({"CONFITURE_DATABASE_URL", ""});
		options.env.push_back({"DATABASE_URL", ""});
		return cft_test::run(words, options);
	}
	void blog()
	{
		dir_.write("db/schema/10_tables/users.sql",
		           "CREATE TABLE users (id int PRIMARY KEY, name text);\n");
		dir_.write("db/schema/20_views/names.sql", "CREATE VIEW names AS SELECT name FROM "
		                                           "users;\n");
		dir_.write("db/seeds/common/00_users.sql",
		           "COPY users (id, name) FROM stdin;\n1\tada\n2\tbob\n\\.\n");
		dir_.write("db/seeds/development/00_more.sql",
		           "INSERT INTO users VALUES (3, 'eve');\n");
	}
	cft_test::TempDir dir_;
};

bool contains(const std::string &text, const std::string &part)
{
	return text.find(part) != std::string::npos;
}

} // namespace

TEST_F(Commands, BuildWritesAScriptThatPsqlRuns)
{
	blog();
	auto built = confiture({"build", "--env", "local"});
	ASSERT_EQ(0, built.exit_code) << built.err;
	EXPECT_TRUE(contains(built.out, "Built 'local' into db/generated/schema_local.sql"))
		<< built.out;
	std::string url = PgCluster::shared().create_database();
	auto psql = cft_test::run({PgCluster::bin_dir() + "/psql", "-X", "-v", "ON_ERROR_STOP=1",
	                           "-d", url, "-f", dir_.file("db/generated/schema_local.sql")});
	ASSERT_EQ(0, psql.exit_code) << psql.err;
	EXPECT_EQ("3", PgCluster::shared().sql(url, "SELECT count(*) FROM names"));
}

TEST_F(Commands, BuildNeedsNoVariablesOfProduction)
{
	blog();
	auto built = confiture({"build", "--env", "production", "--output", "-"});
	ASSERT_EQ(0, built.exit_code) << built.err;
	EXPECT_TRUE(contains(built.out, "CREATE TABLE users"));
	EXPECT_FALSE(contains(built.out, "COPY"));
}

TEST_F(Commands, BuildAppliesToAnEmptyDatabase)
{
	blog();
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--apply", "--database-url", url});
	ASSERT_EQ(0, built.exit_code) << built.out << built.err;
	EXPECT_EQ("3", PgCluster::shared().sql(url, "SELECT count(*) FROM users"));
	auto again = confiture({"build", "--apply", "--database-url", url});
	EXPECT_EQ(5, again.exit_code) << again.err;
	EXPECT_TRUE(contains(again.err, "is not empty (2 tables")) << again.err;
}

TEST_F(Commands, BuildCreatesADatabaseThatIsMissing)
{
	blog();
	std::string url = PgCluster::shared().url("made_by_build");
	auto built = confiture(
		{"build", "--apply", "--schema-only", "--database-url", url, "--format", "json"});
	ASSERT_EQ(0, built.exit_code) << built.err;
	EXPECT_EQ("0", PgCluster::shared().sql(url, "SELECT count(*) FROM users"));
	json_t *json = cft_json_parse(built.out.data(), built.out.size(), nullptr);
	ASSERT_NE(nullptr, json) << built.out;
	EXPECT_EQ(4u, json_array_size(json_object_get(json, "files")));
	json_decref(json);
}

TEST_F(Commands, BuildNamesTheStatementThatFailsAndLeavesNothing)
{
	blog();
	dir_.write("db/schema/30_functions/f.sql",
	           "-- one\nCREATE TABLE other ();\n\nCREATE VIEW broken AS\n  SELECT nothing\n"
	           "  FROM users;\n");
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--apply", "--database-url", url});
	EXPECT_EQ(1, built.exit_code) << built.err;
	EXPECT_TRUE(contains(built.err, "db/schema/30_functions/f.sql:5:10:")) << built.err;
	EXPECT_TRUE(contains(built.err, "column \"nothing\" does not exist")) << built.err;
	EXPECT_EQ("0", PgCluster::shared().sql(
			       url, "SELECT count(*) FROM pg_class WHERE relname = 'users'"));
}

TEST_F(Commands, BuildReportsASyntaxErrorAsAFailureOfTheFiles)
{
	dir_.write("db/schema/10_tables/a.sql", "SELECT 1;\nCREATE TABEL a ();\n");
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--apply", "--database-url", url});
	EXPECT_EQ(1, built.exit_code);
	EXPECT_TRUE(contains(built.err, "db/schema/10_tables/a.sql:2:8:")) << built.err;
}

TEST_F(Commands, BuildRefusesWhatWouldBreakItsTransaction)
{
	dir_.write("db/schema/10_tables/a.sql", "CREATE TABLE a ();\nCOMMIT;\n");
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--apply", "--database-url", url});
	EXPECT_EQ(2, built.exit_code);
	EXPECT_TRUE(contains(built.err, "db/schema/10_tables/a.sql:2:1:")) << built.err;
}

TEST_F(Commands, BuildNeverTakesDatabaseUrlAlone)
{
	std::filesystem::remove_all(dir_.file("db/environments"));
	auto built = confiture({"build", "--apply"}, {{"DATABASE_URL", "postgresql://x/y"}});
	EXPECT_EQ(4, built.exit_code);
}

TEST_F(Commands, BuildTellsContradictionsAndFailuresApart)
{
	blog();
	EXPECT_EQ(2, confiture({"build", "--apply", "--output", "x"}).exit_code);
	EXPECT_EQ(2, confiture({"build", "--database-url", "x"}).exit_code);
	EXPECT_EQ(4, confiture({"build", "--env", "prod"}).exit_code);
	EXPECT_EQ(4, confiture({"build", "--config", "nothing.yaml"}).exit_code);
	EXPECT_EQ(1, confiture({"build", "--output", "/dev/null/x"}).exit_code);
	EXPECT_EQ(3, confiture({"build", "--apply", "--database-url",
	                        "host=" + dir_.path() + " dbname=x user=x"})
	                     .exit_code);
	EXPECT_EQ(1, confiture({"build", "--output", "db/environments"}).exit_code);
	dir_.write("db/environments/local.yaml", "nmae: x\n");
	auto wrong = confiture({"build"});
	EXPECT_EQ(2, wrong.exit_code);
	EXPECT_TRUE(contains(wrong.err, "db/environments/local.yaml:1:1:")) << wrong.err;
}

TEST_F(Commands, InitKeepsWhatIsThere)
{
	dir_.write("db/schema/10_tables/example.sql", "-- mine\n");
	auto again = confiture({"init"});
	EXPECT_EQ(0, again.exit_code);
	EXPECT_TRUE(contains(again.out, "nothing changed")) << again.out;
	EXPECT_EQ("-- mine\n", cft_test::read_file(dir_.file("db/schema/10_tables/example.sql")));
	EXPECT_EQ(0, confiture({"init", "--force"}).exit_code);
	EXPECT_NE("-- mine\n", cft_test::read_file(dir_.file("db/schema/10_tables/example.sql")));
	EXPECT_EQ(1, confiture({"init", "/dev/null/x"}).exit_code);
}

TEST_F(Commands, InitTellsAgentsHowToWorkOnDemand)
{
	dir_.write("AGENTS.md", "# Mine\n");
	ASSERT_EQ(0, confiture({"init", "--agents-md"}).exit_code);
	std::string text = cft_test::read_file(dir_.file("AGENTS.md"));
	EXPECT_EQ(0u, text.rfind("# Mine\n", 0));
	EXPECT_TRUE(contains(text, "confiture coordinate register"));
	ASSERT_EQ(0, confiture({"init", "--agents-md"}).exit_code);
	EXPECT_EQ(text, cft_test::read_file(dir_.file("AGENTS.md")));
}

TEST_F(Commands, ConfigCheckAcceptsAFreshProject)
{
	auto checked = confiture({"config", "check"});
	EXPECT_EQ(0, checked.exit_code) << checked.err;
	EXPECT_TRUE(contains(checked.out, "DB_HOST is not set")) << checked.out;
}

TEST_F(Commands, ConfigCheckReportsEveryFileThatIsWrong)
{
	dir_.write("db/environments/local.yaml", "includes: [../schema]\nnmae: x\n");
	dir_.write("db/environments/test.yaml", "includes:\n  - ../nothing\n");
	auto checked = confiture({"config", "check"});
	EXPECT_EQ(2, checked.exit_code);
	EXPECT_TRUE(contains(checked.err, "db/environments/local.yaml:2:1: unknown key 'nmae'"))
		<< checked.err;
	EXPECT_TRUE(contains(checked.err, "db/environments/test.yaml:2:5: there is no directory"))
		<< checked.err;
	auto production = confiture({"config", "check", "--env", "production"});
	EXPECT_EQ(2, production.exit_code);
	EXPECT_TRUE(contains(production.err, "production.yaml:9:9:")) << production.err;
}

TEST_F(Commands, ConfigCheckConnectsOnDemandAndNeverShowsThePassword)
{
	std::string socket = PgCluster::shared().socket_dir();
	dir_.write("db/environments/local.yaml",
	           "includes: [../schema]\ndatabase: {host: '" + socket +
	                   "', database: postgres, user: postgres, password: s3cr3t}\n");
	auto checked = confiture({"config", "check", "--env", "local", "--connect"});
	EXPECT_EQ(0, checked.exit_code) << checked.err;
	EXPECT_TRUE(contains(checked.out, "connected, PostgreSQL")) << checked.out;
	dir_.write("db/environments/local.yaml",
	           "includes: [../schema]\ndatabase: {host: '" + dir_.path() +
	                   "', database: postgres, user: postgres, password: s3cr3t}\n");
	checked = confiture({"config", "check", "--env", "local", "--connect"});
	EXPECT_EQ(3, checked.exit_code);
	EXPECT_FALSE(contains(checked.out + checked.err, "s3cr3t"));
}
