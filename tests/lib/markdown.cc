// Markdown: the code blocks of a document.
// SPDX-License-Identifier: MIT
#include "tests/lib/markdown.h"

#include <fstream>
#include <regex>
#include <stdexcept>

namespace cft_test
{

std::vector<CodeBlock> code_blocks(const std::string &path)
{
	std::ifstream in(path);
	if (!in)
		throw std::runtime_error("cannot read " + path);
	std::vector<CodeBlock> blocks;
	std::string line, heading, lead;
	bool inside = false;
	for (int number = 1; std::getline(in, line); number++) {
		if (line.rfind("```", 0) == 0) {
			inside = !inside;
			if (inside)
				blocks.push_back({line.substr(3), "", heading, lead, number + 1});
			lead.clear();
		} else if (inside) {
			blocks.back().text += line + "\n";
		} else if (line.rfind("#", 0) == 0) {
			heading = line.substr(line.find_first_not_of("# "));
			lead.clear();
		} else if (!line.empty()) {
			lead = line;
		}
	}
	return blocks;
}

std::string file_of(const CodeBlock &block)
{
	static const std::regex form("^(?:.*\\. )?(?:Edit|Write|Create) `([^`]+)`.*:$");
	std::smatch match;
	return std::regex_match(block.lead, match, form) ? match[1].str() : "";
}

} // namespace cft_test
