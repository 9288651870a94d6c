// docs/getting-started.md, command by command: its files are written, its commands run in order,
// its output compared. SPDX-License-Identifier: MIT
#include "tests/lib/markdown.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using cft_test::CodeBlock;
using cft_test::PgCluster;

namespace
{

const std::string guide = CFT_SOURCE_DIR "/docs/getting-started.md";

// Runs blocks as a reader would: one shell's directory, one home, one PostgreSQL.
class Reader
{
	cft_test::TempDir dir_;
	std::string cwd_;

      public:
	Reader() : cwd_(dir_.path())
	{
		const char *path = getenv("PATH");
		options_.env = {
			{"PATH", CFT_BIN_DIR ":" + PgCluster::bin_dir() + ":" + (path ? path : "")},
			{"PGHOST", cluster_.socket_dir()},
			{"PGUSER", "postgres"},
			{"DB_HOST", cluster_.socket_dir()},
			{"HOME", dir_.path()},
			{"LC_ALL", "C.UTF-8"},
			{"CI", ""},
			{"CONFITURE_DATABASE_URL", ""},
			{"DATABASE_URL", ""},
		};
	}
	void set(const std::string &name, const std::string &value)
	{
		options_.env.push_back({name, value});
	}
	void follow(const CodeBlock &block)
	{
		SCOPED_TRACE("getting-started.md:" + std::to_string(block.line));
		std::string file = file_of(block);
		if (!file.empty())
			write(cwd_ + "/" + file, block.text);
		else if (block.language == "bash")
			shell(block.text);
		else if (block.language == "text")
			compare(block.text);
	}
	void shell(const std::string &text)
	{
		cft_test::RunOptions options = options_;
		options.cwd = cwd_;
		std::string where = dir_.file("cwd");
		std::string script =
			std::regex_replace(text, std::regex("int_abc123def456"), intent_);
		auto result =
			cft_test::run({"bash", "-ec", script + "\npwd > \"$0\"", where}, options);
		out_ = result.out;
		EXPECT_EQ(0, result.exit_code) << script << out_ << result.err;
		std::string cwd = cft_test::read_file(where);
		if (!cwd.empty())
			cwd_ = cwd.substr(0, cwd.find('\n'));
		std::smatch match;
		if (intent_ == "none" &&
		    std::regex_search(out_, match, std::regex("int_[a-z0-9]{12}")))
			intent_ = match.str();
	}
	std::string file(const std::string &name) const
	{
		return dir_.file(name);
	}
	std::string out_;
	PgCluster cluster_;

      private:
	static void write(const std::filesystem::path &path, const std::string &text)
	{
		std::filesystem::create_directories(path.parent_path());
		std::ofstream(path) << text;
	}
	// Words in order, whatever separates them: blanks, borders of tables.
	static std::string words(const std::string &text)
	{
		static const std::regex between("(\\s|\\||│|┃)+");
		return std::regex_replace(text, between, " ");
	}
	void compare(const std::string &expected)
	{
		std::istringstream lines(expected);
		std::string all = words(out_);
		for (std::string line; std::getline(lines, line);) {
			std::string wanted = words(line);
			if (wanted.size() > 1) {
				EXPECT_NE(std::string::npos, all.find(wanted)) << wanted << "\nin\n"
									       << out_;
			}
		}
	}
	cft_test::RunOptions options_;
	std::string intent_ = "none";
};

bool coordinates(const CodeBlock &block)
{
	return block.text.find("coordinat") != std::string::npos;
}

} // namespace

TEST(GettingStarted, WorksForSomebodyAlone)
{
	Reader reader;
	size_t commands = 0;
	for (const CodeBlock &block : cft_test::code_blocks(guide)) {
		if (block.language == "bash" && coordinates(block))
			continue;
		reader.follow(block);
		commands += block.language == "bash";
		if (HasFailure())
			return;
	}
	EXPECT_GE(commands, 18u);
	auto sql = [&](const char *database, const char *text) {
		return reader.cluster_.sql(reader.cluster_.url(database), text);
	};
	EXPECT_EQ("5", sql("myapp_local", "SELECT count(*) FROM confiture_migrations"));
	EXPECT_EQ("3", sql("myapp_fresh", "SELECT count(*) FROM users"));
	EXPECT_EQ("2", sql("myapp_fresh", "SELECT count(*) FROM posts"));
}

TEST(GettingStarted, WorksForTwoAgents)
{
	Reader reader;
	std::string out = reader.file("server.out");
	cft_test::RunOptions options;
	options.stdout_path = out;
	options.stderr_path = reader.file("server.err");
	reader.shell("mkdir myapp && cd myapp && confiture init");
	cft_test::Background server({cft_test::program("confiture-server"), "--listen",
	                             "127.0.0.1:0", "--database-url",
	                             reader.cluster_.create_database()},
	                            options);
	std::smatch ready;
	std::string said;
	ASSERT_TRUE(cft_test::eventually([&] {
		said = cft_test::read_file(out);
		return std::regex_search(said, ready, std::regex("ready on (127[.0-9]*:[0-9]+)"));
	})) << said
	    << cft_test::read_file(options.stderr_path);
	reader.set("CONFITURE_SERVER", ready[1].str());

	std::vector<std::string> outputs;
	for (const CodeBlock &block : cft_test::code_blocks(guide)) {
		if (block.language != "bash" || !coordinates(block))
			continue;
		reader.follow(block);
		outputs.push_back(reader.out_);
		if (HasFailure())
			return;
	}
	ASSERT_EQ(5u, outputs.size());
	EXPECT_NE(std::string::npos, outputs[1].find("feature/user_profiles_001")) << outputs[1];
	EXPECT_NE(std::string::npos, outputs[2].find("alice")) << outputs[2];
	EXPECT_NE(std::string::npos, outputs[3].find("user_profiles")) << outputs[3];
	EXPECT_NE(std::string::npos, outputs[4].find("COMPLETED")) << outputs[4];
	EXPECT_NE(std::string::npos,
	          cft_test::read_file(reader.file("myapp/status.json")).find("\"total\": 1"));
	server.stop();
}
