// start --wait: in the order of registration, on events, and never for oneself; the operator's hand
// on the log.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"

#include <gtest/gtest.h>

using namespace cft_test;

namespace
{

// Waits, in the background, with everything it says in a file.
Background start_waiting(World &world, const std::string &id, const std::string &out)
{
	RunOptions options;

	options.env = world.env;
	options.cwd = world.dir.path();
	options.stdout_path = options.stderr_path = world.dir.file(out);
	return Background(
		{program("confiture"), "coordinate", "start", "--intent-id", id, "--wait"},
		options);
}

bool says(World &world, const std::string &out, const std::string &text)
{
	return eventually(
		[&] { return read_file(world.dir.file(out)).find(text) != std::string::npos; });
}

struct Wait : ::testing::Test {
	World world{Server::shared().address()};
	std::string table = "w" +
	                    std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
	                    ::testing::UnitTest::GetInstance()->current_test_info()->name();

	std::string add_column(const std::string &agent, const std::string &type)
	{
		return world.registered(agent, "f",
		                        "ALTER TABLE " + table + " ADD COLUMN c " + type);
	}
	int run(const std::vector<std::string> &arguments)
	{
		RunResult result = world.run(arguments);
		last = result.out + result.err;
		return result.exit_code;
	}
	std::string last;
};

TEST_F(Wait, BeginsInTheOrderOfRegistrationWhenTheOthersAreDone)
{
	std::string a = add_column("alice", "int"), b = add_column("bob", "text"),
		    c = add_column("carol", "date");
	Background third = start_waiting(world, c, "third");
	ASSERT_TRUE(says(world, "third", a + " of alice"));
	Background second = start_waiting(world, b, "second");
	ASSERT_TRUE(says(world, "second", "Waiting for " + a + " of alice"));
	EXPECT_EQ(5, run({"coordinate", "start", "--intent-id", a})) << "b and c are in its way";
	EXPECT_EQ(0, run({"coordinate", "start", "--intent-id", a, "--wait"})) << last;
	EXPECT_TRUE(second.running());
	EXPECT_EQ(0, run({"coordinate", "complete", "--intent-id", a})) << last;
	ASSERT_TRUE(second.wait());
	EXPECT_EQ(0, second.exit_code()) << read_file(world.dir.file("second"));
	EXPECT_TRUE(third.running()) << "it came last";
	ASSERT_TRUE(says(world, "third", "Waiting for " + b + " of bob"));
	EXPECT_EQ(0, run({"coordinate", "abandon", "--intent-id", b, "--reason", "no"})) << last;
	ASSERT_TRUE(third.wait());
	EXPECT_EQ(0, third.exit_code()) << read_file(world.dir.file("third"));
}

TEST_F(Wait, ATimeoutIsAnAnswerOfItsOwn)
{
	std::string a = add_column("alice", "int"), b = add_column("bob", "text");

	EXPECT_EQ(6, run({"coordinate", "start", "--intent-id", b, "--wait", "--timeout", "1s"}));
	EXPECT_NE(std::string::npos, last.find("waits for " + a)) << last;
}

TEST_F(Wait, WhoWouldWaitForItselfIsRefusedAtOnce)
{
	std::string held =
		world.registered("bob", "f", "ALTER TABLE " + table + " ADD COLUMN c int; ");
	std::string other = world.registered("alice", "f",
	                                     "ALTER TABLE " + table +
	                                             " ADD COLUMN c text; "
	                                             "ALTER TABLE " +
	                                             table + " ADD COLUMN d int");
	std::string own =
		world.registered("bob", "g", "ALTER TABLE " + table + " ADD COLUMN d text");

	EXPECT_EQ(5, run({"coordinate", "start", "--intent-id", own, "--wait"}));
	EXPECT_NE(std::string::npos, last.find("wait for itself")) << last;
	EXPECT_NE(std::string::npos, last.find(held)) << last;
	EXPECT_NE("", other);
}

TEST(ServerLog, CompactAndNewEpochWorkOnTheDatabaseItself)
{
	Server server;
	World world(server.address());

	for (int i = 0; i < 5; i++)
		world.registered("alice", "f", "CREATE TABLE k" + std::to_string(i) + " (id int)");
	RunResult result = world.run({"server", "compact", "--db-url", server.database_url(),
	                              "--older-than", "0s", "--keep", "2", "--format", "json"});
	EXPECT_EQ(0, result.exit_code) << result.err;
	EXPECT_EQ("3 4 5", World::jq(".projects[] | \"\\(.deleted) \\(.first_revision) "
	                             "\\(.revision)\"",
	                             result.out));
	/* What is gone is said, with what is left. */
	RunResult watch = world.run({"watch", "--since", "2", "--count", "1"});
	EXPECT_EQ(5, watch.exit_code);
	EXPECT_NE(std::string::npos, watch.err.find("oldest revision is 4")) << watch.err;
	EXPECT_EQ(0, world.run({"watch", "--since", "4", "--count", "2"}).exit_code);
	result = world.run(
		{"server", "new-epoch", "--db-url", server.database_url(), "--format", "json"});
	EXPECT_EQ("2", World::jq(".epoch", result.out)) << result.err;
	EXPECT_EQ("5", World::jq(".intents | length", world.json({"list-intents"}).out));
}

} // namespace
