// Streams and the local server: resume after a crash, participants, autostart.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"
#include "tests/lib/pg_cluster.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace cft_test;

namespace
{

Background background(World &world, const std::vector<std::string> &arguments,
                      const std::string &out)
{
	std::vector<std::string> argv = {program("confiture")};
	RunOptions options;

	argv.insert(argv.end(), arguments.begin(), arguments.end());
	options.env = world.env;
	options.cwd = world.dir.path();
	options.stdout_path = world.dir.file(out);
	options.stderr_path = world.dir.file(out + ".err");
	return Background(argv, options);
}

bool watching(World &world, const std::string &out)
{
	return eventually([&] {
		return read_file(world.dir.file(out + ".err")).find("revision") !=
		       std::string::npos;
	});
}

size_t lines(const std::string &text)
{
	return std::count(text.begin(), text.end(), '\n');
}

TEST(Watch, ResumesAfterKill9WithNothingMissedOrRepeated)
{
	Server server;
	World world(server.address());
	Background watch =
		background(world, {"watch", "--since", "all", "--format", "json"}, "watch");
	ASSERT_TRUE(watching(world, "watch"));
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 3; j++)
			world.registered("a" + std::to_string(j), "f",
			                 "CREATE TABLE t" + std::to_string(3 * i + j) +
			                         " (id int)");
		server.kill9();
		server.start();
	}
	EXPECT_TRUE(
		eventually([&] { return lines(read_file(world.dir.file("watch"))) >= 12; }, 30));
	std::string revisions;
	std::istringstream stream(read_file(world.dir.file("watch")));
	for (std::string line; std::getline(stream, line);)
		revisions += World::jq("\"\\(.revision) \\(.kind)\"", line) + "\n";
	std::string log =
		World::jq(".events[] | \"\\(.revision) \\(.kind)\"", world.json({"history"}).out) +
		"\n";
	EXPECT_EQ(log, revisions);
	EXPECT_EQ(12u, lines(log));
}

TEST(Watch, ShowsTheConflictToTheOtherAgent)
{
	World world(Server::shared().address());
	world.registered("alice", "a", "ALTER TABLE users ADD COLUMN bio text");
	Background watch = background(world,
	                              {"coordinate", "watch", "--agent", "alice", "--kind",
	                               "conflict.", "--count", "1", "--format", "json"},
	                              "watch");
	ASSERT_TRUE(watching(world, "watch"));
	std::string b = world.registered("bob", "b", "ALTER TABLE users ADD COLUMN bio int");
	ASSERT_TRUE(watch.wait(20));
	EXPECT_EQ("[\"conflict.detected\",\"" + b + "\"]",
	          World::jq("[.kind, .conflict.intent_b]", read_file(world.dir.file("watch"))));
}

TEST(Run, HandsEachNotificationToTheCommandAndKeepsLeasesAlive)
{
	World world(Server::shared().address());
	std::string id = world.registered("alice", "a", "ALTER TABLE users ADD COLUMN bio text");
	ASSERT_EQ(0, world.json({"start", "--intent-id", id}).exit_code);
	Background run = background(world,
	                            {"agent", "run", "--agent-id", "alice", "--count", "1",
	                             "--exec", "cat > got; echo $CONFITURE_EVENT > kind"},
	                            "run");
	ASSERT_TRUE(eventually([&] {
		return read_file(world.dir.file("run.err")).find("Participating") !=
		       std::string::npos;
	}));
	world.registered("bob", "b", "ALTER TABLE users ADD COLUMN bio int");
	ASSERT_TRUE(run.wait(20)) << read_file(world.dir.file("run.err"));
	EXPECT_EQ("conflict.detected\n", read_file(world.dir.file("kind")));
	EXPECT_EQ("bob", World::jq(".conflict.agent_b", read_file(world.dir.file("got"))));
}

std::string renewed_at(const std::string &id)
{
	return PgCluster::shared().sql(Server::shared().database_url(),
	                               "SELECT renewed_at FROM confiture.lease "
	                               "WHERE intent_id = '" +
	                                       id + "'");
}

TEST(Run, KeepsLeasesAliveWhileItsCommandRuns)
{
	World world(Server::shared().address());
	std::string id = world.registered("alice", "a", "ALTER TABLE users ADD COLUMN bio text");
	ASSERT_EQ(0, world.json({"start", "--intent-id", id}).exit_code);
	Background run = background(world,
	                            {"agent", "run", "--agent-id", "alice", "--count", "1",
	                             "--heartbeat", "1s", "--exec",
	                             "touch began; until test -e enough; do sleep 0.1; done"},
	                            "run");
	ASSERT_TRUE(eventually([&] {
		return read_file(world.dir.file("run.err")).find("Participating") !=
		       std::string::npos;
	}));
	world.registered("bob", "b", "ALTER TABLE users ADD COLUMN bio int");
	ASSERT_TRUE(eventually([&] { return access(world.dir.file("began").c_str(), F_OK) == 0; }));
	for (int i = 0; i < 3; i++) {
		std::string before = renewed_at(id);
		EXPECT_TRUE(eventually([&] { return renewed_at(id) != before; }));
	}
	world.dir.write("enough", "");
	EXPECT_TRUE(run.wait(20));
}

TEST(Lease, LookingAtOnesIntentRenewsIt)
{
	World world(Server::shared().address());
	std::string id = world.registered("alice", "a", "ALTER TABLE lease ADD COLUMN bio text");
	ASSERT_EQ(0, world.json({"start", "--intent-id", id}).exit_code);
	const std::vector<std::string> looks[] = {{"status", "--intent-id", id},
	                                          {"history", "--intent-id", id},
	                                          {"conflicts", "--intent-id", id}};
	for (const auto &look : looks) {
		std::string before = renewed_at(id);
		world.env.push_back({"CONFITURE_AGENT_ID", "bob"});
		EXPECT_EQ(0, world.json(look).exit_code);
		EXPECT_EQ(before, renewed_at(id)) << "not the holder";
		world.env.back().second = "alice";
		EXPECT_EQ(0, world.json(look).exit_code);
		EXPECT_NE(before, renewed_at(id)) << look[0];
		world.env.pop_back();
	}
}

class LocalServer : public ::testing::Test
{
      protected:
	LocalServer()
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

TEST_F(LocalServer, StartsOnceForTwentyCommandsAndRecoversAfterKill9)
{
	RunResult result = world_.bash(
		"for i in $(seq 1 20); do confiture coordinate register --agent-id a$i "
		"--feature-name f --schema-changes \"CREATE TABLE t$i (id int)\" > out.$i "
		"2> err.$i & done\n"
		"for job in $(jobs -p); do wait $job || failed=1; done; cat err.*\n"
		"exit ${failed:-0}",
		300);
	ASSERT_EQ(0, result.exit_code) << result.out << result.err;
	EXPECT_EQ(1u, lines(result.out)) << result.out;
	EXPECT_NE(std::string::npos, result.out.find("Started a local server at"));
	EXPECT_EQ("20", World::jq(".total", world_.json({"status"}).out));

	RunResult killed =
		world_.bash("kill -9 $(confiture server status --format json | jq .pid)\n"
	                    "confiture coordinate status --format json | jq .total");
	EXPECT_EQ("20\n", killed.out) << killed.err;

	RunResult stopped = world_.run({"server", "stop", "--format", "json"});
	EXPECT_EQ("true", World::jq(".stopped", stopped.out)) << stopped.err;
	RunResult gone = world_.run({"server", "status"});
	EXPECT_EQ(3, gone.exit_code) << gone.out;
}

TEST_F(LocalServer, EachDatabaseHasItsOwnAndProjectsFindTheirs)
{
	World other("");
	for (auto &variable : other.env) {
		for (const auto &same : world_.env) // the same machine and user, another project
			if (variable.first == same.first && variable.first != "CONFITURE_PROJECT")
				variable.second = same.second;
	}
	other.env.push_back(world_.env.back()); // the local address
	std::string url = PgCluster::shared().create_database();
	ASSERT_EQ(0, other.run({"coordinate", "init", "--db-url", url}).exit_code);

	world_.registered("alice", "a", "CREATE TABLE t (id int)");
	other.registered("bob", "b", "CREATE TABLE t (id int)");
	other.registered("bob", "c", "CREATE TABLE u (id int)");
	EXPECT_EQ("1", World::jq(".total", world_.json({"status"}).out));
	EXPECT_EQ("2", World::jq(".total", other.json({"status"}).out));
	std::string address = "[.server, .database] | @csv";
	EXPECT_NE(World::jq(address, world_.run({"server", "status", "--format", "json"}).out),
	          World::jq(address, other.run({"server", "status", "--format", "json"}).out));

	// The first one goes; the other project keeps its server, and each finds its own again.
	ASSERT_EQ(0, world_.run({"server", "stop"}).exit_code);
	EXPECT_EQ("2", World::jq(".total", other.json({"status"}).out));
	ASSERT_EQ(0, other.run({"server", "stop"}).exit_code);
	EXPECT_EQ("2", World::jq(".total", other.json({"status"}).out));
	EXPECT_EQ("1", World::jq(".total", world_.json({"status"}).out));
	EXPECT_EQ(0, other.run({"server", "stop"}).exit_code);
}

TEST_F(LocalServer, IsNotStartedWhereThatIsForbidden)
{
	RunResult forbidden = world_.run({"coordinate", "status", "--no-autostart"});
	EXPECT_EQ(3, forbidden.exit_code);
	world_.env.push_back({"CI", "true"});
	EXPECT_EQ(3, world_.run({"coordinate", "status"}).exit_code);
	EXPECT_EQ(3, world_.run({"server", "status"}).exit_code);
	EXPECT_EQ("", read_file(world_.dir.file("data/server.log")));
}

} // namespace
