// Real migrations as intents: each of three projects' histories is registered whole.
// SPDX-License-Identifier: MIT
#include "common/base/clock.h"
#include "tests/e2e/cli/world.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>

namespace fs = std::filesystem;
using namespace cft_test;

namespace
{

fs::path corpus()
{
	const char *dir = getenv("CFT_CORPUS");

	return fs::path(dir ? dir : CFT_SOURCE_DIR "/../shared/corpus") / "histories";
}

// A migration that holds no SQL declares nothing, and is refused as that.
bool blank(const fs::path &file)
{
	return read_file(file.string()).find_first_not_of(" \t\r\n") == std::string::npos;
}

std::vector<fs::path> ups(const fs::path &history)
{
	std::vector<fs::path> files;

	for (const auto &entry : fs::directory_iterator(history))
		if (entry.path().string().find(".up.sql") != std::string::npos &&
		    !blank(entry.path()))
			files.push_back(entry.path());
	std::sort(files.begin(), files.end());
	return files;
}

class Histories : public testing::TestWithParam<const char *>
{
};

} // namespace

// PostgreSQL itself accepts every one of these files, so registering must too.
TEST_P(Histories, RegisterWhole)
{
	if (!fs::exists(corpus() / GetParam()))
		GTEST_SKIP() << "no corpus at " << corpus() << " (set CFT_CORPUS)";
	World world(Server::shared().address());
	std::vector<fs::path> files = ups(corpus() / GetParam());
	int64_t start = cft_clock_mono_us();

	for (const fs::path &file : files) {
		RunResult result =
			world.run({"coordinate", "register", "--project", GetParam(), "--agent-id",
		                   "history", "--feature-name", file.stem().stem().string(),
		                   "--schema-changes", file.string(), "--format", "json"});
		EXPECT_EQ(0, result.exit_code) << file << "\n" << result.err;
	}
	double ms = static_cast<double>(cft_clock_mono_us() - start) / 1000;
	printf("%s: %zu intents, %.1f ms each, process start included\n", GetParam(), files.size(),
	       ms / static_cast<double>(files.size()));
	RunResult all = world.json({"list-intents", "--project", GetParam()});
	EXPECT_EQ(std::to_string(files.size()), World::jq(".total", all.out));
}

INSTANTIATE_TEST_SUITE_P(Corpus, Histories,
                         testing::Values("crates-io", "concourse", "supabase-auth"),
                         [](const auto &history) {
				 std::string name = history.param;
				 std::replace(name.begin(), name.end(), '-', '_');
				 return name;
			 });
