// Markdown: the code blocks of a document, for tests that run what the documentation shows.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace cft_test
{

struct CodeBlock {
	std::string language; // "bash", "sql", "yaml", "text", ""
	std::string text;     // ends with a line break
	std::string heading;  // the nearest one above, without its #
	std::string lead;     // the line of text right above, "" where there is none
	int line = 0;         // of the block's first line, from 1
};

// The fenced blocks of a file, in order. Throws where the file cannot be read.
std::vector<CodeBlock> code_blocks(const std::string &path);
// The path in backticks where a block's lead says what to do with it: "Edit `db/x.sql`:" (also
// Write, Create). "" where it does not.
std::string file_of(const CodeBlock &block);

} // namespace cft_test
