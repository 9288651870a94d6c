// Paths: what a message tells of them.
// SPDX-License-Identifier: MIT
#include "common/base/path.h"

#include <gtest/gtest.h>
#include <string>

TEST(PathHide, LeavesTheLastNameOfAbsolutePaths)
{
	const struct {
		const char *text, *hidden;
	} cases[] = {
		{"", ""},
		{"no path", "no path"},
		{"could not open \"/usr/share/postgresql/15/x.control\": No such file",
	         "could not open \"x.control\": No such file"},
		{"on socket \"/tmp/a b/run/.s.PGSQL.5432\" failed",
	         "on socket \".s.PGSQL.5432\" failed"},
		{"/usr/lib/x.so: undefined symbol", "x.so: undefined symbol"},
		{"\"/usr/lib/x.so\": /usr/lib/y.so: no", "\"x.so\": y.so: no"},
		{"see '/var/log/pg'", "see 'pg'"},
		{"in /var/lib/", "in "},
		{"\"$libdir/plugins/x\"", "\"$libdir/plugins/x\""},
		{"operator does not exist: text / integer",
	         "operator does not exist: text / integer"},
		{"a // b", "a // b"},
		{"a /b", "a /b"},
		{"a/b/c", "a/b/c"},
		{"/* c */", "/* c */"},
		{"/", "/"},
	};

	for (const auto &c : cases) {
		std::string text = c.text;
		cft_path_hide(text.data());
		EXPECT_STREQ(c.hidden, text.c_str());
	}
}
