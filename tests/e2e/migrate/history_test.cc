// The histories of real projects: up completely, status, and down wherever their own downs work.
// SPDX-License-Identifier: MIT
#include "tests/e2e/migrate/project.h"

#include <filesystem>
#include <sstream>

namespace
{

using migrate_test::Project;

std::string corpus()
{
	const char *dir = getenv("CFT_CORPUS");

	return std::string(dir ? dir : CFT_SOURCE_DIR "/../shared/corpus") + "/histories/";
}

class History : public testing::TestWithParam<const char *>
{
      protected:
	cft_test::RunResult run(std::vector<std::string> words)
	{
		words.insert(words.end(), {"--migrations-dir", corpus() + GetParam()});
		return project_.run(words);
	}
	size_t migrations() const
	{
		size_t n = 0;

		for (const auto &entry : std::filesystem::directory_iterator(corpus() + GetParam()))
			n += migrate_test::contains(entry.path().string(), ".up.sql");
		return n;
	}
	std::string current()
	{
		return project_.sql("SELECT coalesce(max(version), '') FROM confiture_migrations");
	}
	// The highest applied version that has no down file, or "".
	std::string last_without_down()
	{
		std::string applied = project_.sql("SELECT version || '_' || name FROM "
		                                   "confiture_migrations ORDER BY version DESC");
		std::istringstream lines(applied);

		for (std::string label; std::getline(lines, label);)
			if (!std::filesystem::exists(corpus() + GetParam() + "/" + label +
			                             ".down.sql"))
				return label.substr(0, label.find('_'));
		return "";
	}
	// Does PostgreSQL itself refuse this down file?
	bool broken_by_itself(const std::string &version)
	{
		for (const auto &entry :
		     std::filesystem::directory_iterator(corpus() + GetParam())) {
			const std::string path = entry.path().string();

			if (!migrate_test::contains(path, "/" + version + "_") ||
			    !migrate_test::contains(path, ".down.sql"))
				continue;
			try {
				project_.sql("BEGIN; " + cft_test::read_file(path) + "; ROLLBACK");
			} catch (const std::exception &) {
				return true;
			}
			return false;
		}
		return true; // there is none
	}
	Project project_;
};

TEST_P(History, RunsUpAndDown)
{
	if (!std::filesystem::exists(corpus()))
		GTEST_SKIP() << "no corpus at " << corpus() << " (set CFT_CORPUS)";
	for (const char *role :
	     {"supabase_auth_admin", "anon", "authenticated", "service_role", "dashboard_user"})
		project_.sql(std::string("DO $$BEGIN CREATE ROLE ") + role +
		             "; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
	project_.sql("CREATE SCHEMA auth");
	const std::string total = std::to_string(migrations());

	cft_test::RunResult up = run({"up"});
	ASSERT_EQ(up.exit_code, 0) << up.err;
	EXPECT_CONTAINS(up.out, "Successfully applied " + total + " migration(s)!");
	EXPECT_CONTAINS(run({"status"}).out,
	                "Total: " + total + " migrations (" + total + " applied, 0 pending)");
	EXPECT_EQ(run({"verify"}).exit_code, 0);
	cft_test::RunResult validated = run({"validate"});
	if (validated.exit_code != 0) { // one down file of crates.io lacks a semicolon
		EXPECT_CONTAINS(validated.out,
		                "132_downloads_need_no_id.down.sql:2:1: syntax error");
	}

	// Down to the next migration that has no working way down; that one is undone by hand, so
	// to say.
	size_t skipped = 0;
	for (std::string version = current(); !version.empty(); version = current()) {
		const std::string floor = last_without_down();
		cft_test::RunResult result = run({"down-to", floor.empty() ? "0" : floor});

		if (result.exit_code == 0 && floor.empty())
			break;
		version = current();
		if (result.exit_code != 0) {
			EXPECT_TRUE(broken_by_itself(version)) << version << ": " << result.err;
		}
		ASSERT_EQ(run({"repair", "--forget", version}).exit_code, 0);
		skipped++;
	}
	EXPECT_EQ(current(), "");
	const size_t down = migrations() - skipped;
	printf("%s: %zu up, %zu down, %zu without a working down of their own\n", GetParam(),
	       migrations(), down, skipped);
}

INSTANTIATE_TEST_SUITE_P(Corpus, History,
                         testing::Values("crates-io", "concourse", "supabase-auth"),
                         [](const auto &history) {
				 std::string name = history.param;
				 for (char &c : name)
					 c = c == '-' ? '_' : c;
				 return name;
			 });

} // namespace
