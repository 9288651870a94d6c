// docs/conflicts.md says what rules.def says: this test makes the table of the one from the other.
// SPDX-License-Identifier: MIT
#include "common/base/file.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace
{

struct Row {
	const char *situation, *class_, *severity, *explanation, *suggestion, *second;
};

const Row rows[] = {
#define RULE(situation, class_, severity, explanation, suggestion, second) \
	{#situation, #class_, #severity, explanation, suggestion, second},
#include "common/sql/conflict/rules.def"
#undef RULE
};

std::string table()
{
	std::string out = "| situation | class | severity | explanation | suggestions |\n"
			  "|---|---|---|---|---|\n";

	for (const Row &row : rows) {
		std::string second = row.second ? std::string(" ") + row.second : "";
		out += std::string("| ") + row.situation + " | " + row.class_ + " | " +
		       row.severity + " | " + row.explanation + " | " + row.suggestion + second +
		       " |\n";
	}
	return out;
}

} // namespace

TEST(Rules, AreTheOnesOfTheDocument)
{
	const char *path = CFT_SOURCE_DIR "/docs/conflicts.md";
	const std::string begin = "<!-- rules -->\n", end = "<!-- end of rules -->\n";
	cft_buf text = CFT_BUF_INIT;

	ASSERT_EQ(0, cft_file_read(path, 0, &text, nullptr));
	std::string document(cft_buf_str(&text), text.len);
	cft_buf_release(&text);
	size_t from = document.find(begin), to = document.find(end);
	ASSERT_NE(std::string::npos, from);
	ASSERT_NE(std::string::npos, to);
	from += begin.size();
	if (getenv("CFT_UPDATE_DOCS")) {
		std::string updated = document.substr(0, from) + table() + document.substr(to);
		ASSERT_EQ(0, cft_file_write(path, updated.data(), updated.size(), 0644, nullptr));
		return;
	}
	EXPECT_EQ(table(), document.substr(from, to - from))
		<< "run this test with CFT_UPDATE_DOCS=1";
}
