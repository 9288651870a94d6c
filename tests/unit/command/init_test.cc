// confiture init: the name of the project stays what it was when the project began.
// SPDX-License-Identifier: MIT
#include "tests/lib/process.h"
#include <gtest/gtest.h>

namespace
{
struct Init : ::testing::Test {
	cft_test::TempDir dir_;

	std::string run(std::vector<std::string> argv)
	{
		cft_test::RunOptions options;
		options.cwd = dir_.path();
		cft_test::RunResult r = cft_test::run(argv, options);
		EXPECT_EQ(0, r.exit_code) << r.err;
		return r.out;
	}
	std::string confiture(std::vector<std::string> argv)
	{
		argv.insert(argv.begin(), cft_test::program("agent"));
		return run(argv);
	}
	// The last line of `config check`: the name and where it comes from.
	std::string name()
	{
		std::string out = confiture({"config", "check"});
		return out.substr(out.find("project: "));
	}
};
} // namespace

TEST_F(Init, KeepsTheNameOfTheProjectWhenGitComesLater)
{
	confiture({"init"});
	std::string before = name();
	EXPECT_NE(std::string::npos, before.find("by confiture.yaml")) << before;
	run({"git", "init", "-q", "."});
	EXPECT_EQ(before, name());
	run({"git", "remote", "add", "origin", "git@example.com:acme/shop.git"});
	EXPECT_EQ(before, name());
}

TEST_F(Init, LeavesTheNameToARemoteThatIsThere)
{
	run({"git", "init", "-q", "."});
	run({"git", "remote", "add", "origin", "git@example.com:acme/shop.git"});
	confiture({"init"});
	EXPECT_EQ("project: example.com/acme/shop (by git remote)\n", name());
}

TEST_F(Init, KeepsAProjectFileThatIsThere)
{
	dir_.write("confiture.yaml", "environment: test\n");
	confiture({"init"});
	EXPECT_EQ("environment: test\n", cft_test::read_file(dir_.file("confiture.yaml")));
}
