// The guide's coordination workflow and its CI job, as written, against a real server.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"
#include "tests/lib/markdown.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace cft_test;

namespace
{

const char kGuide[] = CFT_SOURCE_DIR "/docs/getting-started.md";

std::string replaced(std::string text, const std::string &from, const std::string &to)
{
	for (size_t at = text.find(from); at != std::string::npos;
	     at = text.find(from, at + to.size()))
		text.replace(at, from.size(), to);
	return text;
}

// The guide's block that holds a text.
std::string guide_block(const std::string &needle)
{
	for (const CodeBlock &block : code_blocks(kGuide))
		if (block.text.find(needle) != std::string::npos)
			return block.text;
	ADD_FAILURE() << "the guide shows no " << needle;
	return "false";
}

#define EXPECT_HAS(text, part) EXPECT_NE(std::string::npos, (text).find(part)) << (text)

// Alice registers, Bob checks, everybody looks, Alice completes.
void walk_through_coordination(World &world)
{
	RunResult registered = world.bash(guide_block("confiture coordinate register"));
	ASSERT_EQ(0, registered.exit_code) << registered.err;
	EXPECT_HAS(registered.out, "✅ Intent registered: int_");
	EXPECT_HAS(registered.out, "Branch allocated: feature/user_profiles_001\n");
	EXPECT_HAS(registered.out, "Status: REGISTERED\n");
	std::string id = registered.out.substr(registered.out.find("int_"), 16);

	RunResult checked = world.bash(guide_block("confiture coordinate check"));
	ASSERT_EQ(0, checked.exit_code) << checked.err;
	EXPECT_HAS(checked.out, "Conflict detected!");
	EXPECT_HAS(checked.out, "  - alice is working on 'users");
	EXPECT_HAS(checked.out, id);
	EXPECT_HAS(checked.out, "  - Suggestion: ");

	RunResult status = world.bash(guide_block("confiture coordinate status"));
	ASSERT_EQ(0, status.exit_code) << status.err;
	EXPECT_HAS(status.out, id);
	std::string json = read_file(world.dir.file("status.json"));
	EXPECT_EQ("1 alice user_profiles", World::jq("\"\\(.total) \\(.intents[0].agent_id) "
	                                             "\\(.intents[0].feature_name)\"",
	                                             json));

	RunResult completed = world.bash(
		replaced(guide_block("confiture coordinate complete"), "int_abc123def456", id));
	ASSERT_EQ(0, completed.exit_code) << completed.err;
	EXPECT_HAS(completed.out, "✅ Intent " + id + " marked as COMPLETED\n");
	EXPECT_HAS(completed.out, "No longer blocking other agents from ");
	EXPECT_HAS(completed.out, "'users'");
}

TEST(Guide, CoordinationWorkflowRunsAsWritten)
{
	World world(Server::shared().address());
	walk_through_coordination(world);
}

// A world in which no server is configured, and its local servers are stopped at the end.
class GuideWithNothingSetUp : public ::testing::Test
{
      protected:
	GuideWithNothingSetUp()
	{
		// Where the test is root, PostgreSQL runs as another user.
		chmod(world_.dir.path().c_str(), 0755);
		world_.env.push_back(
			{"CONFITURE_LOCAL_ADDRESS", "127.0.0.1:" + std::to_string(free_port())});
	}
	void TearDown() override
	{
		world_.run({"server", "stop"});
	}
	World world_{""};
};

TEST_F(GuideWithNothingSetUp, CoordinationWorkflowRunsOnTheEmbeddedDatabase)
{
	walk_through_coordination(world_);
}

TEST_F(GuideWithNothingSetUp, CoordinationWorkflowRunsOnTheDatabaseOfInit)
{
	std::string url = PgCluster::shared().create_database();
	RunResult init = world_.run({"coordinate", "init", "--db-url", url});
	ASSERT_EQ(0, init.exit_code) << init.err;
	walk_through_coordination(world_);
	// What the workflow did is in that database: the server of another program knows it.
	RunResult stopped = world_.run({"server", "stop"});
	ASSERT_EQ(0, stopped.exit_code) << stopped.err;
	RunResult again = world_.json({"list-intents"});
	EXPECT_EQ("1", World::jq(".total", again.out)) << again.err;
	EXPECT_HAS(again.err, "Started a local server at");
}

TEST(Guide, AbandonGivesTheTablesBack)
{
	World world(Server::shared().address());
	std::string id = world.registered("alice", "x", "ALTER TABLE users ADD COLUMN a int");
	RunResult result =
		world.bash("confiture coordinate abandon --intent-id " + id +
	                   " --reason \"Requirements changed, feature no longer needed\"");
	ASSERT_EQ(0, result.exit_code) << result.err;
	EXPECT_HAS(result.out, "marked as ABANDONED");
	EXPECT_EQ("0", World::jq(".total", world.json({"status"}).out));
}

TEST(Guide, InitPreparesADatabaseAndRecordsItWithoutPassword)
{
	World world("");
	std::string url = PgCluster::shared().create_database();
	std::string init = guide_block("confiture coordinate init");
	init = init.substr(init.find("confiture coordinate init"));
	world.env.push_back({"CONFITURE_LOCAL_ADDRESS", "127.0.0.1:1"});
	RunResult result =
		world.bash(replaced(init, "postgresql:///confiture_coordination", "'" + url + "'"));
	ASSERT_EQ(0, result.exit_code) << result.err;
	EXPECT_HAS(result.out, "Coordination tables are ready");
	RunResult mode = world.bash("stat -c %a data/projects/*.json");
	EXPECT_EQ("600\n", mode.out) << mode.err;
	EXPECT_EQ(0, world.bash("confiture coordinate init --db-url '" + url + "'").exit_code);
}

// The CI job of the guide that this project grew from: JSON into a file, jq decides.
const char kJqJob[] = R"(
confiture coordinate check \
  --agent-id github-ci \
  --tables-affected $(git diff --name-only HEAD~1 | grep 'db/schema' | xargs) \
  --format json > conflicts.json

if jq -e '.conflicts | length > 0' conflicts.json; then
  echo "Schema conflicts detected!"
  exit 1
fi
)";

// A repository whose last commit changes one schema file.
void make_repository(World &world)
{
	RunResult made = world.bash(
		"git init -q . && git config user.email a@b && git config user.name a\n"
		"mkdir -p db/schema && echo 'CREATE TABLE users (id int);' > db/schema/users.sql\n"
		"echo x > README && git add README && git commit -qm 1\n"
		"git add db && git commit -qm 2");
	ASSERT_EQ(0, made.exit_code) << made.err;
	world.env.push_back({"CI", "true"});
}

TEST(CiJob, FailsWhereSomebodyWorksOnTheTable)
{
	World world(Server::shared().address());
	make_repository(world);
	EXPECT_EQ(0, world.bash(kJqJob).exit_code);
	world.registered("alice", "x", "ALTER TABLE users DROP COLUMN id");
	RunResult result = world.bash(kJqJob);
	EXPECT_EQ(1, result.exit_code) << result.err;
	EXPECT_HAS(result.out, "Schema conflicts detected!");
}

TEST(CiJob, PassesWhereNoSchemaFileChanged)
{
	World world(Server::shared().address());
	make_repository(world);
	world.registered("alice", "x", "ALTER TABLE users DROP COLUMN id");
	RunResult result = world.bash("echo y > README; git commit -qam 3\n" + std::string(kJqJob));
	EXPECT_EQ(0, result.exit_code) << result.out << result.err;
	EXPECT_EQ("0",
	          World::jq(".conflicts_detected", read_file(world.dir.file("conflicts.json"))));
}

TEST(CiJob, FailsLoudlyWithoutAServer)
{
	World world("");
	world.env.push_back(
		{"CONFITURE_LOCAL_ADDRESS", "127.0.0.1:" + std::to_string(free_port())});
	make_repository(world);
	RunResult result = world.bash(kJqJob);
	EXPECT_EQ(3, result.exit_code);
	EXPECT_EQ("NO_SERVER", World::jq(".error.reason", result.err));
	EXPECT_EQ("", read_file(world.dir.file("conflicts.json")));
}

TEST(CiJob, FailsLoudlyWhereTheConfiguredServerIsGone)
{
	World world("127.0.0.1:" + std::to_string(free_port()));
	RunResult result = world.run({"coordinate", "check", "--agent-id", "ci"});
	EXPECT_EQ(3, result.exit_code);
	EXPECT_HAS(result.err, "cannot reach the server");
}

TEST(CiJob, OfThisGuideRunsBothWays)
{
	std::string block = guide_block("--exit-code");
	std::string script = block.substr(block.find("confiture coordinate check"));
	script = replaced(script, "origin/main", "HEAD~1");
	World world(Server::shared().address());
	make_repository(world);
	EXPECT_EQ(0, world.bash(script).exit_code);
	world.registered("alice", "x", "ALTER TABLE users DROP COLUMN id");
	EXPECT_EQ(1, world.bash(script).exit_code);
}

// Every command that the instructions show works, in the order in which they show them.
TEST(Instructions, TheirCommandsWork)
{
	World world(Server::shared().address());
	RunResult text = world.run({"instructions"});
	ASSERT_EQ(0, text.exit_code);
	RunResult words = world.bash("confiture instructions | wc -w");
	EXPECT_LE(std::stoi(words.out), 300);
	std::string script = text.out.substr(text.out.find("export "));
	script = script.substr(0, script.find("```"));
	script = replaced(script, "--format json\n",
	                  "--format json > made.json\n"
	                  "INTENT=$(jq -r .intent.id made.json)\n");
	script = replaced(script, "--intent-id INTENT", "--intent-id $INTENT");
	script += "confiture coordinate inbox --ack\nconfiture coordinate merge --intent-id "
		  "$INTENT\n";
	RunResult result = world.bash(script);
	EXPECT_EQ(0, result.exit_code) << script << result.out << result.err;
	EXPECT_HAS(result.out, "marked as MERGED");
}

TEST(Instructions, GoIntoAFileOnceAndLeaveTheRestAlone)
{
	World world("");
	world.dir.write("AGENTS.md", "# Ours\n");
	EXPECT_EQ(0, world.run({"instructions", "--write", "AGENTS.md"}).exit_code);
	std::string once = read_file(world.dir.file("AGENTS.md"));
	EXPECT_EQ(0u, once.find("# Ours\n\n"));
	EXPECT_EQ(0, world.run({"instructions", "--write", "AGENTS.md"}).exit_code);
	EXPECT_EQ(once, read_file(world.dir.file("AGENTS.md")));
}

} // namespace
