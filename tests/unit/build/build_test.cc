// Build: order of files, what is left out, the script, and what is refused.
// SPDX-License-Identifier: MIT
#include "common/migrate/build.h"

#include "common/migrate/build_script.h"
#include "common/migrate/scaffold.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

const char guide[] = "name: local\nincludes: [../schema, ../seeds/common, ../seeds/development]\n";
const char dump[] = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET x = 1;\n"
		    "CREATE TABLE public.t ();\n\\unrestrict abc\n";

class Build : public ::testing::Test
{
      protected:
	void TearDown() override
	{
		cft_arena_release(&arena_);
	}
	int collect(const std::string &yaml = guide, bool schema_only = false)
	{
		std::string file = dir_.write("db/environments/local.yaml", yaml);
		err_ = CFT_ERR_INIT;
		build_ = {};
		int rc = cft_environment_read(&arena_, file.c_str(), nullptr, &env_, &err_);
		if (rc == 0)
			rc = cft_build_collect(&arena_, &env_, schema_only, &build_, &err_);
		return rc;
	}
	void guide_tree()
	{
		dir_.write("db/schema/10_tables/users.sql", "CREATE TABLE users ();\n");
		dir_.write("db/schema/10_tables/posts.sql", "CREATE TABLE posts ();\n");
		dir_.write("db/schema/00_common/extensions.sql", "-- none yet\n");
		dir_.write("db/schema/20_views/v.sql", "CREATE VIEW v AS SELECT 1;");
		dir_.write("db/seeds/common/00_users.sql", "INSERT INTO users DEFAULT VALUES;\n");
		dir_.write("db/seeds/development/00_posts.sql", "SELECT 1; SELECT 2;\n");
		dir_.write("db/seeds/test/00_posts.sql", "SELECT 3;\n");
	}
	std::string names() const
	{
		std::string all;
		for (size_t i = 0; i < build_.files.n; i++)
			all += std::string(i ? " " : "") + build_.files.v[i].shown;
		return all;
	}
	cft_test::TempDir dir_;
	struct cft_arena arena_ = CFT_ARENA_INIT;
	struct cft_err err_ = CFT_ERR_INIT;
	struct cft_environment env_ = {};
	struct cft_build build_ = {};
};

} // namespace

TEST_F(Build, TakesFilesInAlphabeticalOrderSchemaFirst)
{
	guide_tree();
	ASSERT_EQ(0, collect()) << err_.message;
	EXPECT_EQ("db/schema/00_common/extensions.sql db/schema/10_tables/posts.sql "
	          "db/schema/10_tables/users.sql db/schema/20_views/v.sql "
	          "db/seeds/common/00_users.sql db/seeds/development/00_posts.sql",
	          names());
	EXPECT_EQ(6u, build_.statements);
	EXPECT_EQ(2u, build_.seed_files);
}

TEST_F(Build, LeavesSeedsOutOnDemand)
{
	guide_tree();
	ASSERT_EQ(0, collect(guide, true));
	EXPECT_EQ(4u, build_.files.n);
	EXPECT_EQ(0u, build_.seed_files);
}

TEST_F(Build, GivesTheSameScriptAndHashForTheSameFiles)
{
	guide_tree();
	struct cft_buf one = CFT_BUF_INIT, two = CFT_BUF_INIT;
	ASSERT_EQ(0, collect());
	std::string hash = build_.hash;
	cft_build_render(&build_, &one);
	ASSERT_EQ(0, collect());
	cft_build_render(&build_, &two);
	EXPECT_STREQ(cft_buf_str(&one), cft_buf_str(&two));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&one), ("sha256:" + hash).c_str()));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&one), "\n-- ---- db/schema/20_views/v.sql ---"));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&one), "SELECT 1;\n"));
	dir_.write("db/schema/20_views/v.sql", "CREATE VIEW v AS SELECT 2;");
	ASSERT_EQ(0, collect());
	EXPECT_NE(hash, build_.hash);
	cft_buf_release(&one);
	cft_buf_release(&two);
}

TEST_F(Build, LeavesTheGuidesSnapshotsOutAndSaysSo)
{
	guide_tree();
	dir_.write("db/schema/empty.sql", "\n");
	dir_.write("db/schema/current.sql", dump);
	ASSERT_EQ(0, collect()) << err_.message;
	EXPECT_EQ(6u, build_.files.n);
	ASSERT_EQ(2u, build_.skipped.n);
	EXPECT_STREQ("db/schema/current.sql", build_.skipped.v[0].shown);
	EXPECT_STREQ("SNAPSHOT", build_.skipped.v[0].reason);
	EXPECT_STREQ("EMPTY", build_.skipped.v[1].reason);
}

TEST_F(Build, KeepsADumpThatHasANumberOrLiesDeeper)
{
	dir_.write("db/schema/00_base.sql", dump);
	dir_.write("db/schema/10_tables/old.sql", dump);
	ASSERT_EQ(0, collect("includes: [../schema]\n")) << err_.message;
	EXPECT_EQ(2u, build_.files.n);
	EXPECT_EQ(2u, build_.files.v[0].statements);
}

TEST_F(Build, LeavesOutHiddenAndOtherAndExcludedFiles)
{
	guide_tree();
	dir_.write("db/schema/.hidden.sql", "SELECT 1");
	dir_.write("db/schema/README.md", "text");
	dir_.write("db/schema/10_tables/users.sql~", "SELECT 1");
	dir_.write("db/schema/90_old/x.sql", "SELECT 1");
	ASSERT_EQ(0, collect("include_dirs: [db/schema]\nexclude_dirs: [db/schema/90_old, "
	                     "db/schema/20_views/v.sql]\n"));
	EXPECT_EQ("db/schema/00_common/extensions.sql db/schema/10_tables/posts.sql "
	          "db/schema/10_tables/users.sql",
	          names());
}

TEST_F(Build, CountsAFileOnceThatTwoDirectoriesReach)
{
	guide_tree();
	ASSERT_EQ(0, collect("includes: [../schema/10_tables/users.sql, ../schema]\n"));
	EXPECT_EQ(0u, names().rfind("db/schema/10_tables/users.sql", 0)) << names();
	EXPECT_EQ(4u, build_.files.n);
}

TEST_F(Build, TakesAByteOrderMarkOff)
{
	dir_.write("db/schema/a.sql", "\xef\xbb\xbfSELECT 1;");
	ASSERT_EQ(0, collect("includes: [../schema]\n"));
	EXPECT_STREQ("SELECT 1;", build_.files.v[0].text);
}

TEST_F(Build, RefusesBadFilesAtTheirPlace)
{
	struct {
		std::string text;
		const char *reason;
		int line, column;
	} const rows[] = {
		{"SELECT 1;\nSELECT '\xff';\n", "INVALID_UTF8", 2, 9},
		{std::string("SELECT 1;\0", 10), "INVALID_UTF8", 1, 10},
		{"SELECT 1;\n\\i other.sql\n", "PSQL_COMMAND", 2, 1},
		{"-- a\n  \\set x 1\nSELECT 1;\n", "PSQL_COMMAND", 2, 3},
	};
	for (auto &row : rows) {
		SCOPED_TRACE(row.reason);
		dir_.write("db/schema/a.sql", row.text);
		EXPECT_EQ(CFT_E_INVALID, collect("includes: [../schema]\n"));
		EXPECT_STREQ(row.reason, err_.reason);
		EXPECT_STREQ("db/schema/a.sql", err_.file);
		EXPECT_EQ(row.line, err_.line);
		EXPECT_EQ(row.column, err_.column);
		EXPECT_EQ(2, cft_code_exit(err_.code));
	}
}

TEST_F(Build, RefusesMissingDirectoriesAndBrokenLinks)
{
	EXPECT_EQ(CFT_E_CONFIG, collect("includes: [../schema]\n"));
	EXPECT_STREQ("DIRECTORY_NOT_FOUND", err_.reason);
	dir_.write("db/schema/a.txt", "");
	ASSERT_EQ(0, symlink("/nonexistent", dir_.file("db/schema/b.sql").c_str()));
	EXPECT_EQ(CFT_E_FAILED, collect("includes: [../schema]\n"));
	EXPECT_NE(nullptr, strstr(err_.message, "b.sql"));
}

TEST_F(Build, StopsAtADirectoryThatContainsItself)
{
	dir_.write("db/schema/a.sql", "SELECT 1;");
	ASSERT_EQ(0, symlink(".", dir_.file("db/schema/loop").c_str()));
	EXPECT_EQ(CFT_E_LIMIT, collect("includes: [../schema]\n"));
}

TEST(BuildReader, FindsTheDataOfCopy)
{
	std::string text = "\\restrict k\nCOPY t (a) FROM stdin;\n1\n2\\n\n\\.\n\nSELECT 1;\n";
	struct cft_build_reader reader;
	struct cft_build_statement s;
	struct cft_err err = CFT_ERR_INIT;
	cft_build_reader_init(&reader, "a.sql", text.data(), text.size());
	ASSERT_EQ(1, cft_build_reader_next(&reader, &s, &err)) << err.message;
	EXPECT_EQ(2, s.line);
	ASSERT_NE(nullptr, s.copy_data);
	EXPECT_EQ("1\n2\\n\n", std::string(s.copy_data, s.copy_len));
	ASSERT_EQ(1, cft_build_reader_next(&reader, &s, &err)) << err.message;
	EXPECT_EQ(7, s.line);
	EXPECT_EQ(nullptr, s.copy_data);
	EXPECT_EQ(0, cft_build_reader_next(&reader, &s, &err));
}

TEST(Scaffold, WritesTheGuidesTreeAndKeepsWhatIsThere)
{
	cft_test::TempDir dir;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_scaffold made;
	std::string root = dir.file("My-App");

	dir.write("My-App/db/environments/local.yaml", "name: mine\n");
	ASSERT_EQ(0, cft_scaffold_write(&arena, root.c_str(), false, &made, &err)) << err.message;
	EXPECT_STREQ("my_app", made.database);
	EXPECT_EQ("name: mine\n", cft_test::read_file(root + "/db/environments/local.yaml"));
	for (const char *path :
	     {"db/schema/00_common/extensions.sql", "db/schema/10_tables/example.sql",
	      "db/seeds/common", "db/seeds/development", "db/seeds/test", "db/migrations",
	      "db/environments/test.yaml", "db/environments/production.yaml"})
		EXPECT_TRUE(std::filesystem::exists(root + "/" + path)) << path;
	ASSERT_EQ(0, cft_scaffold_write(&arena, root.c_str(), true, &made, &err));
	EXPECT_NE(std::string::npos,
	          cft_test::read_file(root + "/db/environments/local.yaml").find("my_app_local"));
	cft_arena_release(&arena);
}

TEST(Scaffold, WritesEnvironmentsThatAreRight)
{
	cft_test::TempDir dir;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_scaffold made;
	ASSERT_EQ(0, cft_scaffold_write(&arena, dir.path().c_str(), false, &made, &err));
	for (const char *name : {"local", "test", "production"}) {
		struct cft_environment env;
		struct cft_build build;
		ASSERT_EQ(0, cft_environment_find(&arena, dir.path().c_str(), name, nullptr, &env,
		                                  &err))
			<< err.message;
		ASSERT_EQ(0, cft_build_collect(&arena, &env, false, &build, &err)) << err.message;
		EXPECT_EQ(2u, build.files.n);
		EXPECT_EQ(0u, build.statements);
	}
	cft_arena_release(&arena);
}
