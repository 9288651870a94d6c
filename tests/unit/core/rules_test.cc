// Rules: docs/blocking.md is what the table says.
// SPDX-License-Identifier: MIT
#include "server/core/rules.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

TEST(Rules, AreWhatTheDocumentSays)
{
	struct cft_buf text = CFT_BUF_INIT;
	std::string path = std::string(CFT_SOURCE_DIR) + "/docs/blocking.md";

	cft_rules_document(&text);
	if (getenv("CFT_WRITE_DOCS"))
		std::ofstream(path) << cft_buf_str(&text);
	std::stringstream document;
	document << std::ifstream(path).rdbuf();
	EXPECT_EQ(document.str(), cft_buf_str(&text))
		<< "run this test with CFT_WRITE_DOCS=1 and commit docs/blocking.md";
	cft_buf_release(&text);
}
