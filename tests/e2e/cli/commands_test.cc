// Shapes of the JSON answers, exit codes, and what goes to which stream.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"

#include <gtest/gtest.h>

using namespace cft_test;

namespace
{

#define EXPECT_HAS(text, part) EXPECT_NE(std::string::npos, (text).find(part)) << (text)

class Commands : public ::testing::Test
{
      protected:
	World world_{Server::shared().address()};

	// `expression` of the JSON answer of a command that succeeds.
	std::string ask(const std::vector<std::string> &arguments, const std::string &expression)
	{
		RunResult result = world_.json(arguments);
		EXPECT_EQ(0, result.exit_code) << result.err;
		return result.exit_code == 0 ? World::jq(expression, result.out) : "";
	}
	void expect_error(const std::vector<std::string> &arguments, int exit_code,
	                  const std::string &reason)
	{
		RunResult result = world_.json(arguments);
		EXPECT_EQ(exit_code, result.exit_code) << result.out << result.err;
		EXPECT_EQ("", result.out);
		EXPECT_EQ(reason, World::jq(".error.reason", result.err)) << result.err;
	}
};

const char kUsersBio[] = "ALTER TABLE users ADD COLUMN bio text";
const char kUsersBioShort[] = "ALTER TABLE users ADD COLUMN bio varchar(20)";

TEST_F(Commands, RegisterHasTheDocumentedShape)
{
	RunResult result =
		world_.json({"register", "--agent-id", "alice", "--feature-name", "user_profiles",
	                     "--schema-changes", kUsersBio, "--tables-affected", "users,profiles",
	                     "--risk-level", "medium", "--estimated-hours", "1.5", "--metadata",
	                     "{\"ticket\":42}"});
	ASSERT_EQ(0, result.exit_code) << result.err;
	EXPECT_EQ("", result.err);
	EXPECT_EQ("[\"alice\",\"user_profiles\",\"feature/user_profiles_001\",5400000,\"medium\","
	          "\"REGISTERED\",[],42,[\"ALTER TABLE users ADD COLUMN bio text\"]]",
	          World::jq("[.intent | .agent_id, .feature_name, .branch_name, "
	                    ".estimated_duration_ms, .risk_level, .status, .conflicts_with, "
	                    ".metadata.ticket, .schema_changes]",
	                    result.out));
	EXPECT_EQ("true", World::jq("(.intent.id | test(\"^int_[a-z0-9]{12}$\")) and "
	                            "(.intent.created_at | test(\"^20..-.*Z$\")) and "
	                            "(.intent.tables_affected | index(\"users\") != null)",
	                            result.out));
	EXPECT_EQ("[[],1,true]", World::jq("[.conflicts, .live_intents, (.next_actions | length > "
	                                   "0)]",
	                                   result.out));
}

TEST_F(Commands, CheckHasTheDocumentedShape)
{
	std::string id = world_.registered("alice", "a", kUsersBio);
	RunResult result =
		world_.json({"check", "--agent-id", "bob", "--schema-changes", kUsersBioShort});
	ASSERT_EQ(0, result.exit_code) << result.err;
	EXPECT_EQ("1", World::jq(".conflicts_detected", result.out));
	EXPECT_EQ("[\"" + id + "\",null,\"ERROR\",false,null,null,true,true]",
	          World::jq(".conflicts[0] | [.intent_a, .intent_b, .severity, .reviewed, "
	                    ".reviewed_at, .resolution_notes, (.affected_objects | length > 0), "
	                    "(.resolution_suggestions | length > 0)]",
	                    result.out));
	EXPECT_EQ(1, world_.json({"check", "--agent-id", "bob", "--exit-code", "--schema-changes",
	                          kUsersBioShort})
	                     .exit_code);
}

TEST_F(Commands, CheckTakesPathsOfSchemaFiles)
{
	world_.registered("alice", "a", "ALTER TABLE users DROP COLUMN age");
	world_.dir.write("db/schema/10_tables/users.sql",
	                 "CREATE TABLE users (id int);\nCREATE INDEX ON users (id);");
	world_.dir.write("db/schema/10_tables/other.sql", "CREATE TABLE other (id int);");
	std::vector<std::string> check = {"check", "--agent-id", "ci", "--tables-affected"};
	std::vector<std::string> hit = check, miss = check, gone = check;
	hit.insert(hit.end(), {"db/schema/10_tables/other.sql", "db/schema/10_tables/users.sql"});
	EXPECT_EQ("1", ask(hit, ".conflicts_detected"));
	miss.push_back("db/schema/10_tables/other.sql");
	EXPECT_EQ("0", ask(miss, ".conflicts_detected"));
	gone.push_back("db/schema/20_more/30_users.sql");
	EXPECT_EQ("1", ask(gone, ".conflicts_detected"));
	EXPECT_EQ("0", ask(check, ".conflicts_detected"));
}

TEST_F(Commands, SchemaFileThatIsNotUnderstoodStandsForTheTableItIsNamedAfter)
{
	world_.registered("alice", "a", "ALTER TABLE users DROP COLUMN age");
	world_.dir.write("db/schema/users.sql", "CREATE TABLE ok (id int);\nCREATE TABEL x;");
	RunResult result = world_.json(
		{"check", "--agent-id", "ci", "--tables-affected", "db/schema/users.sql"});
	EXPECT_EQ(0, result.exit_code) << result.err;
	EXPECT_EQ("1", World::jq(".conflicts_detected", result.out));
	EXPECT_HAS(result.err, "db/schema/users.sql:2");
}

TEST_F(Commands, ConflictIsListedResolvedAndVoidedByAnEdit)
{
	std::string a = world_.registered("alice", "a", kUsersBio);
	std::string b = world_.registered("bob", "b", kUsersBioShort);
	std::string id = ask({"conflicts"}, ".conflicts[0].id");
	EXPECT_EQ("1", ask({"conflicts", "--intent-id", a}, ".total"));
	EXPECT_EQ("true", ask({"status", "--intent-id", b}, ".intent.blocked"));
	expect_error({"start", "--intent-id", b}, 5, "BLOCKED_BY_CONFLICT");
	EXPECT_EQ(
		"[true,\"alice first\",\"sequence\",\"bob\"]",
		ask({"resolve", "--conflict-id", id, "--agent-id", "bob", "--notes", "alice first"},
	            ".conflict | [.reviewed, .resolution_notes, .resolution_strategy, "
	            ".resolved_by]"));
	EXPECT_EQ("IN_PROGRESS", ask({"start", "--intent-id", b}, ".intent.status"));
	EXPECT_EQ("2", ask({"update", "--intent-id", a, "--schema-changes",
	                    "ALTER TABLE users ADD COLUMN bio json"},
	                   ".intent.generation"));
	EXPECT_EQ("1", ask({"conflicts"}, ".total"));
}

TEST_F(Commands, IntentLivesFromRegisterToMerge)
{
	std::string id = world_.registered("alice", "a", kUsersBio);
	EXPECT_EQ("[\"IN_PROGRESS\",true]", ask({"start", "--intent-id", id, "--ttl", "5m"},
	                                        ".intent | [.status, .lease.fence == .fence]"));
	EXPECT_EQ("[\"COMPLETED\",\"success\",\"done\"]",
	          ask({"complete", "--intent-id", id, "--notes", "done"},
	              ".intent | [.status, .outcome, .notes]"));
	EXPECT_EQ("0", ask({"status"}, ".total"));
	EXPECT_EQ("1", ask({"list-intents", "--status", "completed"}, ".total"));
	EXPECT_EQ("MERGED", ask({"merge", "--intent-id", id}, ".intent.status"));
	EXPECT_EQ("[\"intent.registered\",\"intent.started\",\"intent.completed\",\"intent."
	          "merged\"]",
	          ask({"history", "--intent-id", id}, "[.events[].kind]"));
}

TEST_F(Commands, AnotherAgentsIntentNeedsForceAndReason)
{
	std::string id = world_.registered("alice", "a", kUsersBio);
	RunResult refused = world_.json(
		{"abandon", "--intent-id", id, "--agent-id", "bob", "--reason", "mine now"});
	EXPECT_NE(0, refused.exit_code);
	EXPECT_EQ("ABANDONED", ask({"abandon", "--intent-id", id, "--agent-id", "bob", "--force",
	                            "--reason", "alice left"},
	                           ".intent.status"));
	EXPECT_EQ("true", ask({"inbox", "--agent-id", "alice"},
	                      "[.events[] | .kind == \"intent.abandoned\" and .forced] | any"));
}

TEST_F(Commands, AReleasedLeaseKeepsTheIntentBlocksNobodyAndStopsTheOldHolder)
{
	std::string alice = world_.registered("alice", "a", kUsersBio);
	ask({"start", "--intent-id", alice}, ".intent.status");
	std::string bob = world_.registered("bob", "b", kUsersBioShort);
	EXPECT_EQ(5, world_.json({"start", "--intent-id", bob}).exit_code);

	EXPECT_EQ("[\"EXPIRED\",\"alice does not answer\"]",
	          ask({"release", "--intent-id", alice, "--agent-id", "bob", "--force", "--reason",
	               "alice does not answer"},
	              ".intent | [.status, .reason]"));
	EXPECT_EQ("true", ask({"inbox", "--agent-id", "alice"},
	                      "[.events[] | .kind == \"intent.expired\" and .forced] | any"));
	EXPECT_EQ("IN_PROGRESS", ask({"start", "--intent-id", bob}, ".intent.status"));
	RunResult late = world_.json({"complete", "--intent-id", alice, "--fence", "1"});
	EXPECT_EQ(5, late.exit_code);
	EXPECT_HAS(late.err, "LEASE_EXPIRED");
	EXPECT_EQ(5, world_.json({"release", "--intent-id", alice}).exit_code);
}

TEST_F(Commands, InboxComesAgainUntilAcknowledged)
{
	world_.registered("alice", "a", kUsersBio);
	world_.registered("bob", "b", kUsersBioShort);
	std::string kinds = "[.events[].kind] | index(\"conflict.detected\") != null";
	EXPECT_EQ("true", ask({"inbox", "--agent-id", "alice"}, kinds));
	EXPECT_EQ("true", ask({"inbox", "--agent-id", "alice", "--ack"}, kinds));
	EXPECT_EQ("0", ask({"inbox", "--agent-id", "alice"}, ".total"));
}

TEST_F(Commands, ClaimsNameWhoTouchesAnObject)
{
	std::string id = world_.registered("alice", "a", kUsersBio);
	EXPECT_EQ("[1,\"" + id + "\"]",
	          ask({"claims", "public.users.bio"}, "[.total, .claims[0].intent_id]"));
	EXPECT_EQ("0", ask({"claims", "public.orders"}, ".total"));
}

TEST_F(Commands, EveryAnswerSaysWhatMakesSenseNow)
{
	std::string a = world_.registered("alice", "a", kUsersBio);
	EXPECT_EQ("[\"confiture coordinate plan\"]", ask({"conflicts"}, ".next_actions"));
	world_.registered("bob", "b", kUsersBioShort);
	std::string id = ask({"conflicts"}, ".conflicts[0].id");
	std::string actions = "[.next_actions[] | split(\" \")[2:5] | join(\" \")]";
	std::string settle = "\"resolve --conflict-id " + id + "\"";
	EXPECT_EQ("[" + settle + ",\"prove --conflict-id " + id + "\"]",
	          ask({"conflicts"}, actions));
	EXPECT_EQ("[" + settle + "]", ask({"prove", "--conflict-id", id}, actions));
	RunResult resolved = world_.json({"resolve", "--conflict-id", id});
	EXPECT_EQ("[\"status --intent-id\",\"status --intent-id\"]",
	          World::jq("[.next_actions[] | split(\" \")[2:4] | join(\" \")]", resolved.out));
	EXPECT_HAS(resolved.out, a);
	EXPECT_EQ("[" + settle + "]", ask({"reopen", "--conflict-id", id}, actions));
	for (const char *command : {"list-intents", "plan", "history", "status"})
		EXPECT_EQ("array", ask({command}, ".next_actions | type")) << command;
}

TEST_F(Commands, PlanOrdersOrSaysWhatExcludesEachOther)
{
	world_.registered("alice", "a", kUsersBio);
	EXPECT_EQ("[1,0]", ask({"plan"}, "[(.steps | length), (.blocked | length)]"));
	EXPECT_EQ("[\"alice\",\"a\"]", ask({"plan"}, ".steps[0] | [.agent_id, .feature_name]"));
	EXPECT_HAS(world_.run({"coordinate", "plan"}).out, "alice");
	world_.registered("bob", "b", kUsersBioShort);
	EXPECT_EQ("1", ask({"plan"}, ".blocked | length"));
	EXPECT_EQ("[[\"alice\",\"a\"],[\"bob\",\"b\"]]",
	          ask({"plan"}, "[.blocked[0].intents[] | [.agent_id, .feature_name]] | sort"));
	EXPECT_EQ("true", ask({"plan"}, ".blocked[0] | [.intents[].intent_id] == .intent_ids"));
	EXPECT_HAS(world_.run({"coordinate", "plan"}).out, "(bob, b)");
}

TEST_F(Commands, BaseSchemaIsUploadedAndShown)
{
	std::string path = world_.dir.write("schema.sql", "CREATE TABLE users (id int, age int);");
	EXPECT_EQ("null", ask({"base", "show"}, ".base"));
	EXPECT_EQ("files", ask({"base", "set", path, "--agent-id", "alice"}, ".base.source"));
	EXPECT_EQ("true", ask({"base", "show"}, ".base.object_count > 0"));
}

TEST_F(Commands, WithABaseWhatNobodyHasIsReported)
{
	std::string path = world_.dir.write("schema.sql", "CREATE TABLE users (id int, age int);");
	std::string types = "[.conflicts[].conflict_type]";
	auto check = [&](const std::string &sql) {
		return ask({"check", "--agent-id", "bob", "--schema-changes", sql}, types);
	};

	EXPECT_EQ("[]", check("ALTER TABLE profiles ADD bio text"));
	ask({"base", "set", path, "--agent-id", "alice"}, ".base.source");
	EXPECT_EQ("[\"missing_object\"]", check("ALTER TABLE profiles ADD bio text"));
	EXPECT_EQ("[]", check("ALTER TABLE users ADD bio text"));
	std::string id = world_.registered("alice", "a", "CREATE TABLE profiles (id int)");
	ask({"complete", "--intent-id", id, "--outcome", "done"}, ".intent.status");
	EXPECT_EQ("[]", check("ALTER TABLE profiles ADD bio text"));
}

TEST_F(Commands, ListsPageToTheEnd)
{
	RunResult made = world_.bash("for i in $(seq 1 30); do confiture coordinate register "
	                             "--agent-id a$i --feature-name f --schema-changes \"CREATE "
	                             "TABLE t$i (id int)\" > /dev/null; done");
	ASSERT_EQ(0, made.exit_code) << made.err;
	EXPECT_EQ("[30,30,30]",
	          ask({"list-intents"},
	              "[.total, (.intents | length), ([.intents[].branch_name] | unique | "
	              "length)]"));
}

TEST_F(Commands, ErrorsHaveTheirExitCodeAndReason)
{
	expect_error({"status", "--intent-id", "int_doesnotexist"}, 4, "NOT_FOUND");
	expect_error({"register", "--agent-id", "a", "--feature-name", "f", "--schema-changes",
	              "ALTER TABEL users"},
	             2, "SQL_SYNTAX_ERROR");
	expect_error({"register", "--agent-id", "a"}, 2, "MISSING_OPTION");
	expect_error({"check", "--agent-id", "a", "--bogus"}, 2, "UNKNOWN_OPTION");
	expect_error(
		{"register", "--agent-id", "", "--feature-name", "f", "--tables-affected", "t"}, 2,
		"FIELD_REQUIRED");
	std::string id = world_.registered("alice", "a", kUsersBio);
	world_.json({"abandon", "--intent-id", id, "--reason", "x"});
	expect_error({"start", "--intent-id", id}, 5, "WRONG_STATE");
}

TEST_F(Commands, AGroupWithoutACommandNamesItsCommands)
{
	RunResult result = world_.run({"coordinate", "base"});
	EXPECT_EQ(2, result.exit_code);
	EXPECT_NE(std::string::npos, result.err.find("set, show")) << result.err;
}

TEST_F(Commands, WhatIsTextForPeopleIsAStringInJson)
{
	RunResult json = world_.run({"instructions", "--format", "json"});
	EXPECT_EQ("true",
	          World::jq(".instructions | contains(\"confiture coordinate check\")", json.out))
		<< json.out;
	json = world_.run({"completions", "bash", "--format", "json"});
	EXPECT_EQ("bash", World::jq(".shell", json.out)) << json.out;
	world_.dir.write("a.sql", "CREATE TABLE a (i int);");
	json = world_.run({"schema", "dump", "a.sql", "--format", "json"});
	EXPECT_EQ("true", World::jq(".script | contains(\"CREATE TABLE\")", json.out)) << json.out;
}

TEST_F(Commands, RegisterTellsNotesToo)
{
	world_.registered("alice", "notes", "CREATE TABLE noted (i int)");
	RunResult result =
		world_.run({"coordinate", "register", "--agent-id", "bob", "--feature-name",
	                    "index", "--schema-changes", "CREATE INDEX ON noted (i)"});
	EXPECT_NE(std::string::npos, result.out.find("needs something that alice")) << result.out;
	EXPECT_EQ(std::string::npos, result.out.find("onflict detected")) << result.out;
}

TEST_F(Commands, SyntaxErrorsHaveLineAndColumn)
{
	RunResult result = world_.json({"register", "--agent-id", "a", "--feature-name", "f",
	                                "--schema-changes", "SELECT 1;\nALTER TABEL users"});
	EXPECT_EQ("2:7", World::jq("\"\\(.error.line):\\(.error.column)\"", result.err));
	EXPECT_EQ("syntax error at or near \"TABEL\"", World::jq(".error.message", result.err));
	world_.dir.write("typo.sql", "SELECT 1;\nALTER TABEL users");
	EXPECT_EQ("❌ line 2:7: syntax error at or near \"TABEL\"\n",
	          world_.run({"coordinate", "register", "--agent-id", "a", "--feature-name", "f",
	                      "--schema-changes", "typo.sql"})
	                  .err);
}

TEST_F(Commands, SketchIsMarked)
{
	EXPECT_EQ("true", ask({"register", "--agent-id", "a", "--feature-name", "f",
	                       "--schema-changes", "CREATE TABLE profiles (...)"},
	                      ".intent.sketch"));
}

TEST_F(Commands, SchemaChangesMayComeFromAFileOrStandardInput)
{
	world_.dir.write("plan.sql", kUsersBio);
	EXPECT_EQ(kUsersBio, ask({"register", "--agent-id", "a", "--feature-name", "f",
	                          "--schema-changes", "plan.sql"},
	                         ".intent.schema_changes[0]"));
	RunResult piped = world_.run({"coordinate", "check", "--agent-id", "b", "--schema-changes",
	                              "-", "--format", "json"},
	                             kUsersBioShort);
	EXPECT_EQ("1", World::jq(".conflicts_detected", piped.out)) << piped.err;
}

TEST_F(Commands, TerminalShowsBordersAndPipesDoNot)
{
	world_.registered("alice", "user_profiles", "CREATE TABLE p (id int)");
	RunResult piped = world_.run({"coordinate", "status"});
	EXPECT_EQ(std::string::npos, piped.out.find("│")) << piped.out;
	EXPECT_EQ(std::string::npos, piped.out.find('\033'));
	RunResult terminal = world_.bash("script -qec 'confiture coordinate status' /dev/null");
	EXPECT_HAS(terminal.out, "┌──");
	EXPECT_HAS(terminal.out, "│ alice");
	world_.env.push_back({"NO_COLOR", "1"});
	terminal = world_.bash("script -qec 'confiture coordinate status' /dev/null");
	EXPECT_EQ(std::string::npos, terminal.out.find('\033')) << terminal.out;
	world_.env.push_back({"LC_ALL", "C"});
	terminal = world_.bash("script -qec 'confiture coordinate status' /dev/null");
	EXPECT_HAS(terminal.out, "+--");
	EXPECT_HAS(terminal.out, "| alice");
}

TEST_F(Commands, TextOfOthersCannotSteerTheTerminal)
{
	std::string id =
		world_.registered("mallory", "x", "COMMENT ON TABLE p IS 'x\033]0;owned\007'");
	RunResult shown = world_.run({"coordinate", "status", "--intent-id", id});
	EXPECT_EQ(std::string::npos, shown.out.find('\033'));
	EXPECT_HAS(shown.out, "\\x1b]0;owned\\x07");
}

} // namespace
