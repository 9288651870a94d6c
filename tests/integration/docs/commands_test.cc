// Commands in the documentation: every option that a page shows exists.
// SPDX-License-Identifier: MIT
#include "tests/lib/markdown.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

namespace
{

// The help of `confiture a b`, "" for a command that is not there.
std::string help(const std::string &path)
{
	static std::map<std::string, std::string> known;
	if (!known.count(path)) {
		std::vector<std::string> argv = {cft_test::program("confiture")};
		std::istringstream words(path);
		for (std::string word; words >> word;)
			argv.push_back(word);
		argv.push_back("--help");
		auto result = cft_test::run(argv);
		bool itself =
			(result.out + "\n").find("Usage: confiture " + path + " ") !=
				std::string::npos ||
			result.out.find("Usage: confiture " + path + "\n") != std::string::npos;
		known[path] = result.exit_code == 0 && itself ? result.out : "";
	}
	return known[path];
}

// Checks one command line; quoted text is no option.
void check(std::string line, const std::string &where)
{
	static const std::regex quoted("\"[^\"]*\"|'[^']*'|\\$\\([^)]*\\)"), comment("#.*$");
	static const std::regex begin("^\\s*(?:confiture|agent)((?: [a-z][a-z-]*)+)");
	static const std::regex option("\\s(--[a-z][a-z-]*)");
	line = std::regex_replace(std::regex_replace(line, quoted, " "), comment, "");
	std::smatch match;
	if (!std::regex_search(line, match, begin))
		return;
	std::string path = match[1].str().substr(1);
	// Words after the command are its arguments: the longest path that is a command counts.
	while (!path.empty() && help(path).empty())
		path = path.find(' ') == std::string::npos ? "" : path.substr(0, path.rfind(' '));
	ASSERT_NE("", path) << where << ": no such command: " << line;
	EXPECT_EQ(std::string::npos, help(path).find("confiture " + path + " COMMAND"))
		<< where << ": not a command but a group: " << line;
	for (std::sregex_iterator i(line.begin(), line.end(), option), end; i != end; ++i)
		EXPECT_NE(std::string::npos, help(path).find((*i)[1].str()))
			<< where << ": " << path << " has no " << (*i)[1].str();
}

} // namespace

TEST(Documentation, ShowsCommandsAndOptionsThatExist)
{
	for (const auto &entry :
	     std::filesystem::recursive_directory_iterator(CFT_SOURCE_DIR "/docs")) {
		if (entry.path().extension() != ".md")
			continue;
		for (const auto &block : cft_test::code_blocks(entry.path())) {
			if (block.language != "sh" && block.language != "bash")
				continue;
			std::string text =
				std::regex_replace(block.text, std::regex("\\\\\n"), " ");
			std::istringstream lines(text);
			for (std::string line; std::getline(lines, line);)
				check(line, entry.path().filename().string() + ":" +
				                    std::to_string(block.line));
		}
	}
}
