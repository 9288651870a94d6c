// The guide's solo half, read from docs/getting-started.md: its commands run in order on a real
// PostgreSQL, its files are written, and what it shows is compared. The guide that users of the
// Python Confiture know is run in the same way, where it is at hand.
// SPDX-License-Identifier: MIT
#include "tests/lib/markdown.h"
#include "tests/lib/pg_cluster.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

namespace
{

using cft_test::CodeBlock;
using cft_test::PgCluster;

const char guide[] = CFT_SOURCE_DIR "/docs/getting-started.md";

// The coordination workflow needs a server and has a test of its own.
std::vector<CodeBlock> solo_blocks()
{
	std::vector<CodeBlock> solo;
	bool coordination = false;

	for (const CodeBlock &block : cft_test::code_blocks(guide)) {
		if (block.heading == "Set up once")
			coordination = true;
		if (block.heading == "A new table")
			coordination = false;
		if (!coordination && block.language != "sh")
			solo.push_back(block);
	}
	return solo;
}

// The Python Confiture's guide: its quick start, its empty migration and its seeds.
std::vector<CodeBlock> known_blocks(const std::string &path)
{
	std::vector<CodeBlock> known;
	static const std::regex chapters("[0-9]+\\. [A-Z].*|Complex Migrations|Creating Seed Files|"
	                                 "Building with Seeds");
	bool quick_start = true;

	for (CodeBlock &block : cft_test::code_blocks(path)) {
		quick_start = quick_start && block.heading != "Setup Coordination (One-Time)";
		const bool numbered = isdigit((unsigned char)block.heading[0]) != 0;
		if (!std::regex_match(block.heading, chapters) || (numbered && !quick_start))
			continue;
		if (block.language.empty() && block.lead == "Output:")
			block.language = "text";
		block.text = std::regex_replace(block.text, std::regex("host: localhost"),
		                                "host: " + PgCluster::shared().socket_dir());
		known.push_back(block);
	}
	return known;
}

// Words, whatever the columns and the lines between them are.
std::string squeezed(const std::string &text)
{
	static const std::regex lines("[│┃━┳┏┓┡╇┩─┴└┘]");
	std::istringstream words(std::regex_replace(text, lines, " "));
	std::string all, word;

	while (words >> word)
		all += word + " ";
	return all;
}

class Reader
{
      public:
	Reader() : cwd_(home_.path())
	{
	}

	void follow(const CodeBlock &block)
	{
		const std::string file = cft_test::file_of(block);

		if (!file.empty())
			home_.write(cwd_.substr(home_.path().size() + 1) + "/" + file, block.text);
		else if (block.language == "bash")
			type(block);
		else if (block.language == "text")
			compare(block);
	}
	std::string sql(const std::string &database, const std::string &text)
	{
		return PgCluster::shared().sql(PgCluster::shared().url(database), text);
	}
	const std::string &cwd() const
	{
		return cwd_;
	}
	const std::string &output() const
	{
		return output_;
	}

      private:
	void type(const CodeBlock &block)
	{
		const std::string bin = cft_test::program("");
		const char *path = getenv("PATH");
		cft_test::RunOptions options;

		options.cwd = cwd_;
		options.env = {{"PATH", bin + ":" + PgCluster::bin_dir() + ":" + path},
		               {"PGHOST", PgCluster::shared().socket_dir()},
		               {"DB_HOST", PgCluster::shared().socket_dir()},
		               {"PGUSER", "postgres"},
		               {"LC_ALL", "C.UTF-8"},
		               {"DATABASE_URL", ""},
		               {"CONFITURE_DATABASE_URL", ""}};
		cft_test::RunResult result = cft_test::run(
			{"bash", "-ec", block.text + "\npwd > \"$0\"", home_.file("cwd")}, options);
		output_ = result.out + result.err;
		EXPECT_EQ(result.exit_code, 0) << "line " << block.line << ":\n"
					       << block.text << output_;
		std::istringstream(cft_test::read_file(home_.file("cwd"))) >> cwd_;
	}
	// Line by line, whatever the columns are.
	void compare(const CodeBlock &block)
	{
		std::istringstream lines(block.text);
		const std::string is = squeezed(output_);

		for (std::string line; std::getline(lines, line);)
			EXPECT_NE(is.find(squeezed(line)), std::string::npos)
				<< "line " << block.line << " of the guide shows\n"
				<< line << "\nbut this came:\n"
				<< output_;
	}
	cft_test::TempDir home_;
	std::string cwd_, output_;
};

TEST(Guide, SoloWorkflowRunsAsWritten)
{
	Reader reader;

	for (const CodeBlock &block : solo_blocks()) {
		reader.follow(block);
		if (testing::Test::HasFailure())
			break;
		if (block.heading == "A migration by hand" &&
		    block.text.find("migrate diff db:") != std::string::npos) {
			EXPECT_NE(reader.output().find("No changes"), std::string::npos)
				<< reader.output();
		}
	}
	EXPECT_EQ(reader.sql("myapp_local", "SELECT string_agg(version || state, ' ' ORDER BY "
	                                    "version) FROM confiture_migrations"),
	          "001applied 002applied 003applied 004applied 005applied");
	EXPECT_EQ(reader.sql("myapp_fresh", "SELECT count(*) FROM posts JOIN users ON "
	                                    "users.id = author_id"),
	          "2");
}

TEST(Guide, QuickStartThatUsersOfThePythonConfitureKnowRunsAsWritten)
{
	const char *corpus = getenv("CFT_CORPUS");
	const std::string path = std::string(corpus ? corpus : CFT_SOURCE_DIR "/../shared/corpus") +
	                         "/../seed/getting-started.md";
	if (!std::filesystem::exists(path))
		GTEST_SKIP() << path << " is not here";
	Reader reader;
	PgCluster::shared().sql(PgCluster::shared().url("postgres"),
	                        "DROP DATABASE IF EXISTS myapp_local");
	PgCluster::shared().sql(PgCluster::shared().url("postgres"), "CREATE DATABASE myapp_local");
	size_t commands = 0;

	for (const CodeBlock &block : known_blocks(path)) {
		reader.follow(block);
		commands += block.language == "bash";
		if (testing::Test::HasFailure())
			break;
	}
	EXPECT_GE(commands, 12u);
	EXPECT_EQ(reader.sql("myapp_local", "SELECT string_agg(version || state, ' ' ORDER BY "
	                                    "version) FROM confiture_migrations"),
	          "001applied");
	EXPECT_TRUE(std::filesystem::exists(reader.cwd() +
	                                    "/db/migrations/003_migrate_user_data.up.sql"));
	EXPECT_TRUE(std::filesystem::exists(reader.cwd() + "/db/generated/schema_test.sql"));
}

} // namespace
