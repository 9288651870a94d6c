// Process: exit codes, output, input, and that nothing stays behind.
// SPDX-License-Identifier: MIT
#include "tests/lib/process.h"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>

using namespace cft_test;

TEST(Run, CollectsOutputAndExitCode)
{
	RunResult result = run({"sh", "-c", "echo out; echo err >&2; exit 3"});

	EXPECT_EQ("out\n", result.out);
	EXPECT_EQ("err\n", result.err);
	EXPECT_EQ(3, result.exit_code);
}

TEST(Run, FeedsMoreInputThanAPipeHolds)
{
	RunOptions options;

	options.input = std::string(1 << 20, 'x');
	EXPECT_EQ(options.input, run({"cat"}, options).out);
	EXPECT_EQ(0, run({"true"}, options).exit_code);
}

TEST(Run, SetsAndRemovesVariables)
{
	RunOptions options;

	options.env = {{"CFT_A", "1"}, {"HOME", ""}};
	EXPECT_EQ("1-", run({"sh", "-c", "printf %s-%s \"$CFT_A\" \"$HOME\""}, options).out);
}

TEST(Run, ReportsASignalAndAMissingProgram)
{
	EXPECT_EQ(SIGTERM, run({"sh", "-c", "kill -TERM $$"}).signal);
	EXPECT_EQ(127, run({"/nonexistent/program"}).exit_code);
}

TEST(Background, StopsOnItsSignal)
{
	Background sleeper({"sleep", "1000"});

	EXPECT_TRUE(sleeper.running());
	EXPECT_EQ(SIGTERM, sleeper.stop().signal);
	EXPECT_FALSE(sleeper.running());
}

TEST(TempDir, IsRemovedWithItsContent)
{
	std::string path;
	{
		TempDir dir;
		path = dir.write("a/b.txt", "text");
		EXPECT_EQ("text", read_file(path));
	}
	EXPECT_FALSE(std::filesystem::exists(path));
}
