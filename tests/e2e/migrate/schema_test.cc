// What a person does with schemas: diff with proof, drift, dump.
// SPDX-License-Identifier: MIT
#include "common/base/json.h"
#include "tests/e2e/migrate/project.h"

#include <filesystem>
#include <fstream>

namespace
{

using cft_test::RunResult;
using migrate_test::Project;

const char *const OLD = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);\n";
const char *const NEW = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL,\n"
			"                    bio text);\n"
			"CREATE VIEW named AS SELECT id FROM users WHERE name IN ('a', 'b');\n";

std::string slurp(const std::string &path)
{
	std::ifstream in(path);
	return {std::istreambuf_iterator<char>(in), {}};
}

class Schema : public testing::Test
{
      protected:
	Schema()
	{
		project_.dir().write("old.sql", OLD);
		project_.dir().write("new.sql", NEW);
	}
	RunResult confiture(std::vector<std::string> words)
	{
		words.insert(words.begin(), cft_test::program("confiture"));
		return cft_test::run(words, project_.options(project_.url()));
	}
	RunResult generate(std::vector<std::string> more = {})
	{
		std::vector<std::string> words = {"migrate",    "diff",   "old.sql", "new.sql",
		                                  "--generate", "--name", "change"};
		words.insert(words.end(), more.begin(), more.end());
		return confiture(words);
	}
	std::string written(const std::string &name)
	{
		return slurp(project_.dir().file("db/migrations/" + name));
	}
	Project project_;
};

TEST_F(Schema, GeneratedMigrationIsVerifiedAndSaysSo)
{
	RunResult r = generate();

	EXPECT_EQ(r.exit_code, 0) << r.err;
	EXPECT_CONTAINS(written("001_change.up.sql"), "Verified on PostgreSQL 1");
	EXPECT_CONTAINS(written("001_change.down.sql"), "Verified on PostgreSQL 1");
}

TEST_F(Schema, ScriptThatFailsIsNotWritten)
{
	project_.dir().write("old.sql", "CREATE TABLE t (n int); INSERT INTO t VALUES (-1);");
	project_.dir().write("new.sql", "CREATE TABLE t (n int CHECK (n > 0));");
	RunResult r = generate();

	EXPECT_EQ(r.exit_code, 8) << r.err;
	EXPECT_CONTAINS(r.err, "the up script fails");
	EXPECT_FALSE(
		std::filesystem::exists(project_.dir().file("db/migrations/001_change.up.sql")));
	EXPECT_EQ(generate({"--no-verify"}).exit_code, 0);
	EXPECT_CONTAINS(written("001_change.up.sql"), "-- Not verified.\n");
}

TEST_F(Schema, WhatDoesNotLoadAloneIsWrittenUnverified)
{
	project_.dir().write("new.sql",
	                     std::string(OLD) + "CREATE VIEW v AS SELECT * FROM elsewhere;");
	RunResult r = generate();

	EXPECT_EQ(r.exit_code, 0) << r.err;
	EXPECT_CONTAINS(r.err, "not verified: NEW does not load");
	EXPECT_CONTAINS(written("001_change.up.sql"), "-- Not verified: NEW does not load");
	EXPECT_EQ(confiture({"migrate", "diff", "old.sql", "new.sql", "--verify"}).exit_code, 1);
}

TEST_F(Schema, OnlineMigrationsComeInFilesThatRunAsAWhole)
{
	project_.dir().write("old.sql", "CREATE TABLE a (id int PRIMARY KEY, n int);"
	                                "CREATE TABLE b (p int);");
	project_.dir().write("new.sql",
	                     "CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL, x int);"
	                     "CREATE TABLE b (p int REFERENCES a);"
	                     "CREATE INDEX a_n ON a (n);");
	project_.sql("CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (p int);");
	RunResult r = generate({"--online", "--lock-timeout", "2s"});

	EXPECT_EQ(r.exit_code, 0) << r.err;
	EXPECT_CONTAINS(r.err, "verified on PostgreSQL");
	EXPECT_CONTAINS(written("001_change.up.sql"), "SET lock_timeout = '2000ms';");
	EXPECT_CONTAINS(written("005_change_5.up.sql"), "CREATE INDEX CONCURRENTLY");
	EXPECT_EQ(project_.run({"up"}).exit_code, 0);
	EXPECT_EQ(confiture({"migrate", "diff", "db:" + project_.url(), "new.sql", "--exit-code"})
	                  .exit_code,
	          0);
	EXPECT_EQ(project_.run({"down-to", "0"}).exit_code, 0);
	EXPECT_EQ(confiture({"migrate", "diff", "db:" + project_.url(), "old.sql", "--exit-code"})
	                  .exit_code,
	          0);
}

TEST_F(Schema, VerifiesBesideAGivenDatabase)
{
	RunResult r =
		confiture({"migrate", "diff", "old.sql", "new.sql", "--db-url", project_.url()});

	EXPECT_EQ(r.exit_code, 0) << r.err;
	EXPECT_CONTAINS(r.err, "verified on PostgreSQL");
	EXPECT_EQ(
		project_.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'confiture_v%'"),
		"0");
}

TEST_F(Schema, DriftIsShownWithTheStatementsThatMendIt)
{
	project_.dir().write("db/schema/users.sql", NEW);
	project_.sql(OLD);
	RunResult r = confiture(
		{"drift", "--database-url", project_.url(), "--exit-code", "--format", "json"});
	cft_err err = CFT_ERR_INIT;
	json_t *document = cft_json_parse(r.out.data(), r.out.size(), &err);

	EXPECT_EQ(r.exit_code, 1) << r.err;
	for (const char *key : {"changes", "up", "down", "refused", "hazards", "renames_suggested"})
		EXPECT_TRUE(json_is_array(json_object_get(document, key))) << key;
	EXPECT_EQ(json_array_size(json_object_get(document, "up")), 2u) << r.out;
	json_decref(document);
	project_.sql("ALTER TABLE users ADD bio text;"
	             "CREATE VIEW named AS SELECT id FROM users WHERE name IN ('a', 'b')");
	r = confiture({"drift", "--database-url", project_.url(), "--exit-code"});
	EXPECT_EQ(r.exit_code, 0) << r.out << r.err;
	EXPECT_CONTAINS(r.out, "No drift");
}

TEST_F(Schema, DumpOfADatabaseBuildsTheSameDatabase)
{
	project_.sql(NEW);
	project_.sql(
		"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE a (m mood, u int REFERENCES "
		"users (id)); CREATE INDEX ON a (m) WHERE m = 'ok'; COMMENT ON TABLE a IS 'x'");
	RunResult r = confiture({"schema", "dump", "db:" + project_.url()});
	Project other;

	EXPECT_EQ(r.exit_code, 0) << r.err;
	other.sql(r.out);
	EXPECT_EQ(confiture({"migrate", "diff", "db:" + project_.url(), "db:" + other.url(),
	                     "--exit-code"})
	                  .exit_code,
	          0);
}

TEST_F(Schema, SplitDumpIsADirectoryThatBuilds)
{
	project_.sql(NEW);
	RunResult r = confiture({"schema", "dump", "db:" + project_.url(), "--split", "out"});
	EXPECT_EQ(r.exit_code, 0) << r.err;
	r = confiture({"migrate", "diff", "db:" + project_.url(), "out", "--exit-code"});
	EXPECT_EQ(r.exit_code, 0) << r.out << r.err;
	EXPECT_TRUE(std::filesystem::exists(project_.dir().file("out/00020_public.users.sql")));
}

} // namespace
