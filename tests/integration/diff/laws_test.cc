// The laws of a schema diff over other projects' cases and our hard ones, on a real PostgreSQL.
// SPDX-License-Identifier: MIT
//
// A sample of the corpora by default, all of them with CFT_DIFF_CORPUS=all. As many random pairs as
// CFT_DIFF_RANDOM_PG says, from CFT_DIFF_SEED on.
#include "common/base/json.h"
#include "tests/lib/pg_cluster.h"
#include "tests/lib/process.h"
#include "tests/lib/random_schema.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>

namespace
{

std::string corpus_dir()
{
	const char *env = std::getenv("CFT_CORPUS");
	return env ? env : std::string(CFT_SOURCE_DIR) + "/../shared/corpus";
}

bool everything()
{
	const char *env = std::getenv("CFT_DIFF_CORPUS");
	return env && std::string(env) == "all";
}

void expect_laws(const std::string &file, int sample, const char *require, const char *max_wrong)
{
	cft_test::TempDir out;
	cft_test::RunOptions options;
	std::vector<std::string> argv = {
		"python3",     std::string(CFT_SOURCE_DIR) + "/tests/corpus/run_diff.py",
		"--tool",      std::string(CFT_BIN_DIR) + "/schema_diff",
		"--socket",    cft_test::PgCluster::shared().socket_dir(),
		"--out",       out.path(),
		"--require",   require,
		"--max-wrong", max_wrong,
		file};
	if (!everything() && sample > 0)
		argv.insert(argv.end(), {"--sample", std::to_string(sample)});
	options.timeout_s = 3600;
	options.env = {{"PATH", cft_test::PgCluster::bin_dir() + ":" + std::getenv("PATH")}};
	cft_test::RunResult r = cft_test::run(argv, options);
	std::cout << r.out;
	EXPECT_EQ(r.exit_code, 0) << r.out << r.err;
}

void expect_corpus(const std::string &name, int sample)
{
	const std::string file = corpus_dir() + "/diff/" + name + ".jsonl";
	if (!std::filesystem::exists(file))
		GTEST_SKIP() << "no corpus at " << file;
	expect_laws(file, sample, "95", "1");
}

uint64_t number(const char *name, uint64_t or_else)
{
	const char *env = std::getenv(name);
	return env ? std::strtoull(env, nullptr, 10) : or_else;
}

std::string random_pair(uint64_t seed)
{
	cft_test::RandomSchema random(seed);
	const std::string old_sql = random.sql();
	random.change(1 + static_cast<unsigned>(seed % 12));

	json_t *pair = json_pack("{s:s, s:s, s:s, s:s}", "corpus", "random", "case",
	                         std::to_string(seed).c_str(), "old", old_sql.c_str(), "new",
	                         random.sql().c_str());
	char *line = cft_json_compact(pair);
	std::string text = line;
	std::free(line);
	json_decref(pair);
	return text;
}

TEST(DiffLaws, HoldForRandomPairs)
{
	const uint64_t first = number("CFT_DIFF_SEED", 1), n = number("CFT_DIFF_RANDOM_PG", 15);
	cft_test::TempDir dir;
	const std::string file = dir.path() + "/random.jsonl";

	std::cout << "seeds " << first << " to " << first + n - 1 << "\n";
	std::ofstream out(file);
	for (uint64_t seed = first; seed < first + n; seed++)
		out << random_pair(seed) << "\n";
	out.close();
	expect_laws(file, 0, "100", "0");
}

TEST(DiffLaws, HoldForSqldefCases)
{
	expect_corpus("sqldef", 60);
}

TEST(DiffLaws, HoldForPgschemaCases)
{
	expect_corpus("pgschema", 40);
}

TEST(DiffLaws, HoldForApgdiffCases)
{
	expect_corpus("apgdiff", 30);
}

TEST(DiffLaws, HoldForMigraCases)
{
	expect_corpus("migra", 20);
}

TEST(DiffLaws, HoldForTheHardCasesOfEveryKind)
{
	expect_laws(std::string(CFT_SOURCE_DIR) + "/tests/corpus/hard_cases.sql",
	            everything() ? 0 : 15, "86", "3");
}

} // namespace
