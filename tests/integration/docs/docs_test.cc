// The documentation: tables that programs make, environment files that it shows, the example
// projects. SPDX-License-Identifier: MIT
#include "common/config/environment.h"
#include "server/wiring/settings.h"
#include "tests/lib/markdown.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

using cft_test::PgCluster;

namespace
{

const std::string root = CFT_SOURCE_DIR;

// What stands between "<!-- made by: COMMAND -->" and "<!-- end -->".
std::string made_by(const std::string &text, const std::string &command)
{
	std::string begin = "<!-- made by: " + command + " -->\n";
	size_t from = text.find(begin), to = text.find("<!-- end -->", from);
	if (from == std::string::npos || to == std::string::npos)
		return "(" + command + " is not there)";
	from += begin.size();
	return text.substr(from, to - from);
}

// What `cmake --install` and the package put on a machine.
TEST(Installation, HasTheServiceWithTheProgramThatItStarts)
{
	for (const std::string prefix : {"/usr", "/opt/confiture"}) {
		cft_test::TempDir dir;
		cft_test::RunOptions options;
		options.env = {{"DESTDIR", dir.path()}};
		auto done = cft_test::run(
			{"cmake", "--install", CFT_BIN_DIR "/..", "--prefix", prefix}, options);
		ASSERT_EQ(0, done.exit_code) << done.err;
		std::string unit = cft_test::read_file(dir.file(
			prefix.substr(1) + "/lib/systemd/system/confiture-server.service"));
		std::smatch start;
		ASSERT_TRUE(std::regex_search(unit, start, std::regex("\nExecStart=(/.*)\n")))
			<< unit;
		EXPECT_EQ(prefix + "/bin/confiture-server", start[1]);
		for (const char *file : {"/bin/confiture-server", "/bin/confiture", "/bin/agent",
		                         "/share/man/man8/confiture-server.8"})
			EXPECT_TRUE(std::filesystem::exists(dir.path() + prefix + file)) << file;
	}
}

class Example : public ::testing::TestWithParam<const char *>
{
      protected:
	void SetUp() override
	{
		use(GetParam());
	}
	void use(const std::string &name)
	{
		std::filesystem::copy(root + "/docs/examples/" + name, dir_.file("project"),
		                      std::filesystem::copy_options::recursive);
	}
	cft_test::RunResult confiture(std::vector<std::string> words)
	{
		words.insert(words.begin(), cft_test::program("confiture"));
		cft_test::RunOptions options;
		options.cwd = dir_.file("project");
		return cft_test::run(words, options);
	}
	// The schema as PostgreSQL has it, without the table that records migrations.
	std::string dump(const std::string &url)
	{
		auto result = cft_test::run({PgCluster::bin_dir() + "/pg_dump", "--schema-only",
		                             "--no-owner", "--exclude-table=confiture_migrations*",
		                             "-d", url});
		EXPECT_EQ(0, result.exit_code) << result.err;
		// Newer pg_dumps guard their output with a random word.
		std::string text;
		std::istringstream lines(result.out);
		for (std::string line; std::getline(lines, line);)
			if (line.rfind("\\", 0) != 0)
				text += line + "\n";
		return text;
	}
	cft_test::TempDir dir_;
};

class Blog : public Example
{
	void SetUp() override
	{
		use("blog");
	}
};

class Shop : public Example
{
	void SetUp() override
	{
		use("shop");
	}
};

} // namespace

TEST(Configuration, IsDocumentedByTheTablesThemselves)
{
	std::string page = cft_test::read_file(root + "/docs/configuration.md");
	auto tables = cft_test::run({cft_test::program("confiture"), "docs", "configuration"});
	ASSERT_EQ(0, tables.exit_code) << tables.err;
	EXPECT_EQ(tables.out, made_by(page, "confiture docs configuration"));
	auto server =
		cft_test::run({cft_test::program("confiture-server"), "--print-settings-markdown"});
	ASSERT_EQ(0, server.exit_code) << server.err;
	EXPECT_EQ(server.out, made_by(page, "confiture-server --print-settings-markdown"));
}

// All flags at the start of a line, behind what a man page puts before them.
static std::set<std::string> flags_of(std::string text)
{
	static const std::regex flag("(?:^|\n)(?:  |\\\\fB)(--[a-z-]+)");
	std::set<std::string> found;
	for (size_t at; (at = text.find("\\-")) != std::string::npos;)
		text.replace(at, 2, "-");
	for (std::sregex_iterator i(text.begin(), text.end(), flag), end; i != end; ++i)
		found.insert((*i)[1]);
	return found;
}

TEST(ManPage, OfTheServerHasTheOptionsOfItsHelp)
{
	std::string server = cft_test::program("confiture-server");
	auto page = cft_test::run({server, "--print-man-page"});
	auto help = cft_test::run({server, "--help"});
	ASSERT_EQ(0, page.exit_code) << page.err;
	EXPECT_LT(20u, flags_of(help.out).size());
	EXPECT_EQ(flags_of(help.out), flags_of(page.out));
	EXPECT_NE(std::string::npos, page.out.find(".SH SYNOPSIS"));
}

TEST(Documentation, ShowsEnvironmentFilesThatAreRight)
{
	size_t seen = 0;
	for (const char *page : {"configuration.md", "organizing-sql-files.md"}) {
		for (const auto &block : cft_test::code_blocks(root + "/docs/" + page)) {
			if (block.language != "yaml" || block.text.rfind("# server.yaml", 0) == 0)
				continue;
			cft_test::TempDir dir;
			struct cft_arena arena = CFT_ARENA_INIT;
			struct cft_environment env;
			struct cft_err err = CFT_ERR_INIT;
			std::string file = dir.write("db/environments/x.yaml", block.text);
			EXPECT_EQ(0,
			          cft_environment_read(&arena, file.c_str(), nullptr, &env, &err))
				<< page << ":" << block.line + err.line - 1 << ": " << err.message;
			cft_arena_release(&arena);
			seen++;
		}
	}
	EXPECT_GE(seen, 3u);
}

TEST(Documentation, ShowsAServerFileThatIsRight)
{
	size_t seen = 0;
	for (const auto &block : cft_test::code_blocks(root + "/docs/configuration.md")) {
		if (block.text.rfind("# server.yaml", 0) != 0)
			continue;
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_err err = CFT_ERR_INIT;
		struct cft_server_settings values = {};
		struct cft_settings settings;
		const struct cft_yaml_node *node;
		cft_settings_init(&settings, &cft_server_settings_table, &arena, &values);
		EXPECT_EQ(0, cft_yaml_parse(&arena, "server.yaml", block.text.data(),
		                            block.text.size(), &node, &err));
		EXPECT_EQ(0, cft_settings_read_yaml(&settings, node, nullptr, &err)) << err.message;
		cft_arena_release(&arena);
		seen++;
	}
	EXPECT_EQ(1u, seen);
}

TEST_F(Blog, BuildsInEveryEnvironment)
{
	const char *posts[] = {"2", "1", "0"};
	const char *names[] = {"local", "test", "production"};
	for (int i = 0; i < 3; i++) {
		std::string url = PgCluster::shared().create_database();
		auto script = confiture({"build", "--env", names[i]});
		ASSERT_EQ(0, script.exit_code) << script.err;
		auto psql = cft_test::run(
			{PgCluster::bin_dir() + "/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
		         url, "-f", dir_.file("project/db/generated/schema_") + names[i] + ".sql"});
		ASSERT_EQ(0, psql.exit_code) << psql.err;
		EXPECT_EQ(posts[i], PgCluster::shared().sql(url, "SELECT count(*) FROM posts"));
	}
}

TEST_F(Blog, AppliesItsFilesAsItsScriptDoes)
{
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--env", "local", "--apply", "--database-url", url});
	ASSERT_EQ(0, built.exit_code) << built.err;
	EXPECT_EQ("2", PgCluster::shared().sql(url, "SELECT count(*) FROM comments"));
}

TEST_P(Example, ReachesTheSameSchemaThroughItsMigrations)
{
	std::string built = PgCluster::shared().create_database();
	std::string migrated = PgCluster::shared().create_database();
	auto build = confiture({"build", "--apply", "--schema-only", "--database-url", built});
	ASSERT_EQ(0, build.exit_code) << build.err;
	EXPECT_NE(std::string::npos, build.err.find("migrate baseline --through 00")) << build.err;
	std::string empty = dump(migrated);
	auto up = confiture({"migrate", "up", "--database-url", migrated});
	ASSERT_EQ(0, up.exit_code) << up.err;
	EXPECT_EQ(dump(built), dump(migrated));
	auto down = confiture({"migrate", "down-to", "0", "--database-url", migrated});
	ASSERT_EQ(0, down.exit_code) << down.err;
	EXPECT_EQ(empty, dump(migrated));
}

INSTANTIATE_TEST_SUITE_P(Projects, Example, ::testing::Values("blog", "shop"),
                         [](const auto &row) { return std::string(row.param); });

TEST_F(Shop, LeavesAnAreaOutWhereTheEnvironmentSaysSo)
{
	std::string url = PgCluster::shared().create_database();
	auto built = confiture({"build", "--env", "reporting", "--apply", "--database-url", url});
	ASSERT_EQ(0, built.exit_code) << built.err;
	EXPECT_EQ("3", PgCluster::shared().sql(url, "SELECT count(*) FROM catalog.products"));
	EXPECT_EQ("0", PgCluster::shared().sql(
			       url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'audit'"));
}

TEST_F(Shop, MovesItsDataInPython)
{
	std::string url = PgCluster::shared().create_database();
	auto sql = [&](const char *text) { return PgCluster::shared().sql(url, text); };
	ASSERT_EQ(0,
	          confiture({"migrate", "up", "--target", "001", "--database-url", url}).exit_code);
	sql("INSERT INTO sales.customers (email, name) VALUES ('a', 'Ada King Lovelace'), ('b', "
	    "'Bo')");
	auto up = confiture({"migrate", "up", "--database-url", url});
	ASSERT_EQ(0, up.exit_code) << up.err;
	EXPECT_EQ("Ada King|Lovelace\nBo|",
	          sql("SELECT given_name, family_name FROM sales.customers ORDER BY email"));
}
