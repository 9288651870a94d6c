// From git: what branches add is registered, checked, verified and compared.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"

#include <gtest/gtest.h>

using namespace cft_test;

namespace
{

class FromGit : public ::testing::Test
{
      protected:
	World world_{Server::shared().address()};

	// A repository with main and the branches alice (a dbmate migration), bob and carol.
	void SetUp() override
	{
		RunResult made = world_.bash(R"(
set -e
git init -q -b main .
git config user.email t@example.com; git config user.name t
mkdir -p db/migrations db/schema
echo 'CREATE TABLE users (id int);' >db/schema/users.sql
echo 'CREATE TABLE users (id int);' >db/migrations/001_users.up.sql
git add .; git commit -qm base
branch() { git checkout -q -b "$1" main; cat >"db/migrations/$2"; git add .; git commit -qm "$1"; }
branch alice 002_bio.sql <<'SQL'
-- migrate:up
ALTER TABLE users ADD COLUMN bio text;
-- migrate:down
ALTER TABLE users DROP COLUMN bio;
SQL
branch bob 002_short.up.sql <<'SQL'
ALTER TABLE users ADD COLUMN bio varchar(20);
SQL
echo 'ALTER TABLE users DROP COLUMN bio;' >db/migrations/002_short.down.sql
git add .; git commit -qm down
branch carol 00003_orders.sql <<'SQL'
-- +goose Up
-- +goose StatementBegin
CREATE TABLE orders (id int);
-- +goose StatementEnd
-- +goose Down
DROP TABLE orders;
SQL
branch dave 004_new.sql <<'SQL'
ALTER TABLE users SET ACCESS TO NEWER GRAMMAR;
SQL
git checkout -q main
)");
		ASSERT_EQ(0, made.exit_code) << made.err;
	}
	std::string ask(const std::vector<std::string> &arguments, const std::string &expression,
	                int exit_code = 0)
	{
		RunResult result = world_.json(arguments);
		EXPECT_EQ(exit_code, result.exit_code) << result.out << result.err;
		return World::jq(expression, result.out);
	}
};

TEST_F(FromGit, RegisterAndCheckTakeTheUpPartOfAddedMigrations)
{
	EXPECT_EQ("[\"ALTER TABLE users ADD COLUMN bio text\"]",
	          ask({"register", "--agent-id", "alice", "--feature-name", "bio", "--git-range",
	               "main..alice"},
	              "[.intent.schema_changes[] | sub(\"^\\\\s*(--[^\\n]*\\n)?\"; \"\")]"));
	EXPECT_EQ("1", ask({"check", "--agent-id", "bob", "--git-range", "main...bob"},
	                   ".conflicts_detected"));
	EXPECT_EQ("0", ask({"check", "--agent-id", "carol", "--git-range", "main...carol"},
	                   ".conflicts_detected"));
}

TEST_F(FromGit, SqlNewerThanTheGrammarIsNeitherCleanNorRefused)
{
	world_.registered("alice", "bio", "ALTER TABLE users ADD COLUMN bio text");
	EXPECT_EQ("[true,\"WARNING\"]",
	          ask({"check", "--agent-id", "dave", "--git-range", "main...dave"},
	              "[.conflicts_detected > 0, .conflicts[0].severity]"));
	EXPECT_EQ("true", ask({"register", "--agent-id", "dave", "--feature-name", "new",
	                       "--git-range", "main...dave"},
	                      ".intent.opaque"));
	EXPECT_EQ(1,
	          world_.json({"compare", "--git-range", "main...alice,main...dave", "--exit-code"})
	                  .exit_code);
}

TEST_F(FromGit, VerifyNamesWhatWasNeverDeclared)
{
	std::string id = world_.registered("alice", "bio", "ALTER TABLE users ADD COLUMN bio text");
	EXPECT_EQ("[true,[\"db/migrations/002_bio.sql\"]]",
	          ask({"verify", "--intent-id", id, "--git-range", "main...alice"},
	              "[.declared, .files]"));
	EXPECT_EQ("[\"declared otherwise\",\"db/migrations/002_short.up.sql\",1]",
	          ask({"verify", "--intent-id", id, "--git-range", "main...bob"},
	              ".undeclared[0] | [.problem, .file, .line]", 5));
	EXPECT_EQ("[\"table orders\",\"never declared\"]",
	          ask({"verify", "--intent-id", id, "--git-range", "main...carol"},
	              ".undeclared[0] | [.object, .problem]", 5));
}

TEST_F(FromGit, ASketchAndADeclaredTableCoverWhatIsDoneToThem)
{
	std::string sketch = world_.registered("carol", "orders", "CREATE TABLE orders (...)");
	EXPECT_EQ("true", ask({"verify", "--intent-id", sketch, "--git-range", "main...carol"},
	                      ".declared"));
	std::string id = ask({"register", "--agent-id", "bob", "--feature-name", "short",
	                      "--tables-affected", "users"},
	                     ".intent.id");
	EXPECT_EQ("true",
	          ask({"verify", "--intent-id", id, "--git-range", "main...bob"}, ".declared"));
	EXPECT_EQ("false", ask({"verify", "--intent-id", id, "--git-range", "main...carol"},
	                       ".declared", 5));
}

TEST_F(FromGit, BranchesAreComparedPairwiseWithoutAServer)
{
	World &alone = world_;
	alone.env.push_back({"CONFITURE_SERVER", "127.0.0.1:1"}); // nobody is there
	RunResult result = alone.json({"compare", "--branches", "*", "--against", "main", "--base",
	                               "db/schema/users.sql", "--exit-code"});
	EXPECT_EQ(1, result.exit_code) << result.err;
	EXPECT_EQ("[\"alice\",\"bob\",\"carol\",\"dave\"]",
	          World::jq("[.branches[].name]", result.out));
	EXPECT_EQ("[6,[\"alice\",\"bob\",\"neither\",\"ERROR\"]]",
	          World::jq("[.compared, (.pairs[0] | [.branch_a, .branch_b, .verdict, "
	                    ".severity])]",
	                    result.out));
	EXPECT_EQ(0, alone.json({"compare", "--branches", "[ac]*", "--exit-code"}).exit_code);
}

// An empty green would let a pull request through that nothing was compared with.
TEST_F(FromGit, WhatIsNotThereIsAnErrorAndNoConflict)
{
	RunResult none = world_.run({"coordinate", "compare", "--branches", "nosuch"});
	EXPECT_EQ(4, none.exit_code);
	EXPECT_NE(std::string::npos, none.err.find("no branch matches 'nosuch'")) << none.err;
	EXPECT_EQ(2, world_.run({"coordinate", "compare", "--branches", "alice", "bob"}).exit_code);
	EXPECT_EQ(4, world_.run({"coordinate", "compare", "--branches", "*", "--against", "nosuch"})
	                     .exit_code);
	RunResult range = world_.run({"coordinate", "check", "--agent-id", "ci", "--git-range",
	                              "nosuch...alice", "--exit-code"});
	EXPECT_EQ(4, range.exit_code);
	EXPECT_NE(std::string::npos, range.err.find("fetch-depth: 0")) << range.err;
}

// Without --base the migrations of --against are the base: they say that the column is there.
TEST_F(FromGit, WhatIsMergedIsTheBaseOfComparedBranches)
{
	ASSERT_EQ(0, world_.bash("set -e; git checkout -q -b erin main;"
	                         "echo 'ALTER TABLE users ADD IF NOT EXISTS bio text;' "
	                         ">db/migrations/005_bio.sql; git add .; git commit -qm erin;"
	                         "git checkout -q -b later main;"
	                         "git merge -q alice; git checkout -q main")
	                     .exit_code);
	EXPECT_EQ("[true,1]", ask({"compare", "--branches", "[eb][or]*", "--against", "main"},
	                          "[.with_base, .conflicts_detected]"));
	EXPECT_EQ("[true,0]", ask({"compare", "--branches", "[ce]*", "--against", "later"},
	                          "[.with_base, .conflicts_detected]"));
}

TEST_F(FromGit, VerifyListsWhatIsDeclaredAndNotThere)
{
	std::string id = world_.registered("alice", "bio",
	                                   "ALTER TABLE users ADD COLUMN bio text;"
	                                   "CREATE INDEX users_bio ON users (bio)");
	EXPECT_EQ("[true,[\"index users_bio\"]]",
	          ask({"verify", "--intent-id", id, "--git-range", "main...alice"},
	              "[.declared, [.missing[].object]]"));
}

// Flyway applied it: what the range did becomes the base, and nothing that nobody was told of.
TEST_F(FromGit, AMergeTakesWhatAnotherToolAppliedFromARange)
{
	ASSERT_EQ("files", ask({"base", "set", "db/schema"}, ".base.source"));
	std::string id = world_.registered("alice", "bio",
	                                   "ALTER TABLE users ADD COLUMN bio text;"
	                                   "CREATE INDEX users_bio ON users (bio)");
	std::vector<std::string> merge = {"merge", "--intent-id", id, "--git-range",
	                                  "main...alice"};
	ASSERT_EQ("COMPLETED", ask({"complete", "--intent-id", id}, ".intent.status"));
	RunResult result = world_.json(merge);
	EXPECT_EQ(5, result.exit_code) << result.out << result.err;
	EXPECT_EQ("APPLIED_DIFFERS", World::jq(".error.reason", result.err));
	EXPECT_EQ("[[],[[\"index users_bio\",\"create\"]],1]",
	          World::jq(".error.details | [.undeclared, [.missing[] | [.object, .operation]], "
	                    "(.files | length)]",
	                    result.err))
		<< result.err;
	EXPECT_EQ("files", ask({"base", "show"}, ".base.source"));
	merge[4] = "main..main";
	EXPECT_EQ("EMPTY_RANGE", World::jq(".error.reason", world_.json(merge).err));

	std::string whole =
		world_.registered("alice", "bio", "ALTER TABLE users ADD COLUMN bio text");
	merge = {"merge", "--intent-id", whole, "--git-range", "main...alice"};
	ASSERT_EQ("COMPLETED", ask({"complete", "--intent-id", whole}, ".intent.status"));
	EXPECT_EQ("[\"MERGED\",\"merge\",true]",
	          ask(merge, "[.intent.status, .base.source, .base.age_ms >= 0]"));
}

TEST_F(FromGit, WhatIsNoRangeIsRefused)
{
	for (const char *range : {"main", "--output=x..y", "nosuchbranch..main"}) {
		RunResult result = world_.json(
			{"check", "--agent-id", "a", std::string("--git-range=") + range});
		EXPECT_NE(0, result.exit_code) << range;
		EXPECT_NE("", World::jq(".error.message", result.err));
	}
}

TEST_F(FromGit, ABaseFromADirectoryTakesInWhatIsMerged)
{
	EXPECT_EQ("files", ask({"base", "set", "db/schema"}, ".base.source"));
	std::string id = world_.registered("alice", "bio", "ALTER TABLE users ADD COLUMN bio text");
	std::string other = ask({"register", "--agent-id", "bob", "--feature-name", "short",
	                         "--git-range", "main...bob"},
	                        ".conflicts[0].id");
	ASSERT_EQ("neither", ask({"prove", "--conflict-id", other, "--agent-id", "carol"},
	                         ".conflict.proof.verdict"));
	ASSERT_EQ("COMPLETED", ask({"complete", "--intent-id", id, "--force", "--reason", "mine"},
	                           ".intent.status"));
	ASSERT_EQ("MERGED", ask({"merge", "--intent-id", id}, ".intent.status"));
	EXPECT_EQ("merge", ask({"base", "show"}, ".base.source"));
}

} // namespace
