// Names: folding, cutting, quoting, and the names PostgreSQL generates.
// SPDX-License-Identifier: MIT
#include "common/sql/syntax/name.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

class Name : public testing::Test
{
      protected:
	cft_arena arena = CFT_ARENA_INIT;

	void TearDown() override
	{
		cft_arena_release(&arena);
	}
};

} // namespace

TEST_F(Name, FoldsUnquotedAndKeepsQuoted)
{
	EXPECT_STREQ("foo", cft_ident_fold(&arena, "Foo", 3));
	EXPECT_STREQ("F\"o", cft_ident_fold(&arena, "\"F\"\"o\"", 6));
}

TEST_F(Name, CutsAtSixtyThreeBytesOnACharacterBoundary)
{
	std::string text(62, 'x');

	EXPECT_EQ(62u, strlen(cft_ident_fold(&arena, (text + "é").c_str(), 64)));
	EXPECT_EQ(63u, strlen(cft_ident_fold(&arena, (text + "yz").c_str(), 64)));
}

TEST_F(Name, SplitsQualifiedNames)
{
	const char *parts[3];

	ASSERT_EQ(3u, cft_ident_split(&arena, "Public.\"Us.ers\".age", parts, 3));
	EXPECT_STREQ("public", parts[0]);
	EXPECT_STREQ("Us.ers", parts[1]);
	EXPECT_EQ(0u, cft_ident_split(&arena, "a..b", parts, 3));
}

TEST_F(Name, QuotesWhatPostgresWouldQuote)
{
	EXPECT_STREQ("users", cft_name_quote(&arena, "", "users"));
	EXPECT_STREQ("app.\"user\"", cft_name_quote(&arena, "app", "user"));
	EXPECT_STREQ("\"A b\"", cft_name_quote(&arena, "", "A b"));
}

TEST_F(Name, GeneratesLikeMakeObjectName)
{
	std::string a(50, 'a'), b(20, 'b');

	EXPECT_STREQ("users_age_check", cft_name_generate(&arena, "users", "age", "check"));
	EXPECT_STREQ("users_pkey", cft_name_generate(&arena, "users", nullptr, "pkey"));
	std::string cut = cft_name_generate(&arena, a.c_str(), b.c_str(), "check");
	EXPECT_EQ(63u, cut.size());
	EXPECT_EQ(std::string(36, 'a') + "_" + b + "_check", cut);
}
