// The ordinary life of migrations: up, status, down, baseline, verify, repair, JSON.
// SPDX-License-Identifier: MIT
#include "common/base/json.h"
#include "tests/e2e/migrate/project.h"

namespace
{

using migrate_test::Project;

class Flow : public testing::Test
{
      protected:
	void three()
	{
		project_.migration("001_users", "CREATE TABLE users (id int);",
		                   "DROP TABLE users;");
		project_.migration("002_bio", "ALTER TABLE users ADD COLUMN bio text;",
		                   "ALTER TABLE users DROP COLUMN bio;");
		project_.migration("003_posts", "CREATE TABLE posts (id int);",
		                   "DROP TABLE posts;");
	}
	json_t *json(const std::vector<std::string> &words)
	{
		std::vector<std::string> all = words;
		cft_err err = CFT_ERR_INIT;

		all.insert(all.end(), {"--format", "json"});
		cft_test::RunResult result = project_.run(all);
		json_decref(json_);
		json_ = cft_json_parse(result.out.data(), result.out.size(), &err);
		EXPECT_NE(json_, nullptr) << result.out << result.err;
		return json_;
	}
	long number(const char *key)
	{
		return static_cast<long>(json_integer_value(json_object_get(json_, key)));
	}
	~Flow() override
	{
		json_decref(json_);
	}
	Project project_;
	json_t *json_ = nullptr;
};

TEST_F(Flow, StatusBeforeAnythingNeedsNoTable)
{
	three();
	cft_test::RunResult result = project_.run({"status"});

	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.out, "002      bio    ⏳ pending");
	EXPECT_CONTAINS(result.out, "📊 Total: 3 migrations (0 applied, 3 pending)");
	EXPECT_EQ(project_.sql("SELECT to_regclass('confiture_migrations') IS NULL"), "t");
}

TEST_F(Flow, UpSaysWhatTheGuideSays)
{
	project_.migration("001_users", "CREATE TABLE users (id int);", "DROP TABLE users;");
	cft_test::RunResult result = project_.run({"up"});

	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(result.out, "📦 Found 1 pending migration(s)\n\n"
	                      "⚡ Applying 001_users... ✅\n\n"
	                      "✅ Successfully applied 1 migration(s)!\n");
	EXPECT_EQ(project_.ledger(), "001 applied");
}

TEST_F(Flow, DownSaysWhatTheGuideSays)
{
	three();
	project_.run({"up"});
	cft_test::RunResult result = project_.run({"down"});

	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(result.out, "📦 Rolling back 1 migration(s)\n\n"
	                      "⚡ Rolling back 003_posts... ✅\n\n"
	                      "✅ Successfully rolled back 1 migration(s)!\n");
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied");
}

TEST_F(Flow, TargetStepsAndDownTo)
{
	three();
	EXPECT_EQ(project_.run({"up", "--target", "002"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied");
	EXPECT_EQ(project_.run({"current"}).out, "002_bio\n");
	EXPECT_CONTAINS(project_.run({"up", "--target", "001"}).out,
	                "Migration already applied: 001_users");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.run({"down", "--steps", "2"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 applied");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.run({"down-to", "0"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "");
	EXPECT_EQ(project_.sql("SELECT count(*) FROM pg_class WHERE relname IN ('users', 'posts')"),
	          "0");
}

TEST_F(Flow, DryRunChangesNothing)
{
	three();
	cft_test::RunResult result = project_.run({"up", "--dry-run"});

	EXPECT_EQ(result.exit_code, 0);
	EXPECT_CONTAINS(result.out, "Would apply 3 migration(s)");
	EXPECT_EQ(project_.sql("SELECT to_regclass('confiture_migrations') IS NULL"), "t");
}

TEST_F(Flow, JsonHoldsTheSameFacts)
{
	three();
	json({"up", "--target", "002"});
	EXPECT_EQ(json_array_size(json_object_get(json_, "applied")), 2u);
	EXPECT_TRUE(json_is_true(json_object_get(json_, "success")));
	json({"status"});
	EXPECT_EQ(number("total"), 3);
	EXPECT_EQ(number("applied"), 2);
	EXPECT_EQ(number("pending"), 1);
	json({"down"});
	EXPECT_EQ(json_array_size(json_object_get(json_, "rolled_back")), 1u);
	json({"verify"});
	EXPECT_TRUE(json_is_true(json_object_get(json_, "valid")));
	json({"validate"});
	EXPECT_EQ(number("migrations"), 3);
	json({"current"});
	EXPECT_STREQ(json_string_value(json_object_get(json_, "version")), "001");
	json({"repair"});
	EXPECT_EQ(json_array_size(json_object_get(json_, "problems")), 0u);
	json({"generate", "more"});
	EXPECT_STREQ(json_string_value(json_object_get(json_, "version")), "004");
}

TEST_F(Flow, FailureKeepsWhatWasDoneAndNothingOfTheRest)
{
	three();
	project_.migration("004_bad", "CREATE TABLE half (id int);\nSELECT 1/0;", "SELECT 1;");
	cft_test::RunResult result = project_.run({"up"});

	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "db/migrations/004_bad.up.sql:2");
	EXPECT_CONTAINS(result.err, "division by zero");
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied|003 applied");
	EXPECT_EQ(project_.sql("SELECT to_regclass('half') IS NULL"), "t");
}

TEST_F(Flow, BaselineRecordsWithoutRunning)
{
	three();
	project_.sql("CREATE TABLE users (id int, bio text)");
	EXPECT_EQ(project_.run({"baseline", "--through", "002"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 baseline|002 baseline");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 baseline|002 baseline|003 applied");
	EXPECT_EQ(project_.run({"down", "--steps", "2"}).exit_code, 8);
	EXPECT_EQ(project_.ledger(), "001 baseline|002 baseline|003 applied");
}

TEST_F(Flow, ImportTakesOverTheLedgerOfThePythonConfiture)
{
	three();
	project_.sql("CREATE TABLE tb_confiture (id serial PRIMARY KEY, version varchar(255) NOT "
	             "NULL UNIQUE, name varchar(255) NOT NULL, applied_at timestamptz NOT NULL "
	             "DEFAULT now(), execution_time_ms int, checksum varchar(64))");
	project_.sql("INSERT INTO tb_confiture (version, name) VALUES ('001', 'users'), "
	             "('002', 'bio')");
	EXPECT_EQ(project_.run({"baseline", "--import"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied");
	EXPECT_EQ(project_.run({"verify"}).exit_code, 0);
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied|003 applied");
}

TEST_F(Flow, TableOfThePythonConfitureIsBroughtUpToDate)
{
	three();
	project_.sql("CREATE TABLE users (id int); CREATE TABLE confiture_migrations (id serial "
	             "PRIMARY KEY, version varchar(255) NOT NULL UNIQUE, name varchar(255) NOT "
	             "NULL, applied_at timestamp NOT NULL DEFAULT now(), execution_time_ms int)");
	project_.sql("INSERT INTO confiture_migrations (version, name) VALUES ('001', 'users')");
	EXPECT_CONTAINS(project_.run({"status"}).out, "(1 applied, 2 pending)");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(project_.ledger(), "001 applied|002 applied|003 applied");
}

TEST_F(Flow, EditedFileIsFoundAndCanBeAccepted)
{
	three();
	project_.run({"up", "--target", "002"});
	project_.file("001_users.up.sql", "CREATE TABLE users (id bigint);");
	EXPECT_CONTAINS(project_.run({"status"}).out, "changed");
	EXPECT_EQ(project_.run({"verify"}).exit_code, 8);
	EXPECT_EQ(project_.run({"up"}).exit_code, 8);
	EXPECT_CONTAINS(project_.run({"repair"}).out, "confiture migrate repair --accept 001");
	EXPECT_EQ(project_.run({"repair", "--accept", "001"}).exit_code, 0);
	EXPECT_EQ(project_.run({"verify"}).exit_code, 0);
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
}

TEST_F(Flow, SessionSettingsOfOneMigrationDoNotReachTheNext)
{
	project_.migration("001_dump",
	                   "SELECT pg_catalog.set_config('search_path', '', false);\n"
	                   "SET ROLE pg_read_all_data;\nRESET ROLE;\n"
	                   "CREATE TABLE public.a (id int);",
	                   "DROP TABLE a;");
	project_.migration("002_next", "CREATE TABLE b (id int);", "DROP TABLE b;");
	cft_test::RunResult result = project_.run({"up"});

	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT to_regclass('public.b') IS NOT NULL"), "t");
}

TEST_F(Flow, CopyDataIsLoaded)
{
	project_.migration("001_seed",
	                   "CREATE TABLE t (a int, b text);\nCOPY t (a, b) FROM stdin;\n1\tone\n"
	                   "2\t\\N\n\\.\nINSERT INTO t VALUES (3, 'three');",
	                   "DROP TABLE t;");
	cft_test::RunResult result = project_.run({"up"});

	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT string_agg(a || coalesce(b, '-'), ' ' ORDER BY a) FROM t"),
	          "1one 2- 3three");
}

TEST_F(Flow, PasswordsAreNeverShown)
{
	three();
	cft_test::RunOptions options = project_.options("postgresql://u:s3cret@127.0.0.1:1/x");
	cft_test::RunResult result =
		cft_test::run(project_.argv({"status", "--format", "json"}), options);

	EXPECT_EQ(result.exit_code, 3);
	EXPECT_CONTAINS(result.err, "Database connection failed");
	EXPECT_FALSE(migrate_test::contains(result.err + result.out, "s3cret"));
}

} // namespace
