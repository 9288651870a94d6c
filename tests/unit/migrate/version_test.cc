// Versions and names of migrations.
// SPDX-License-Identifier: MIT
#include "common/migrate/version.h"

#include <gtest/gtest.h>

namespace
{

class Version : public testing::Test
{
      protected:
	~Version() override
	{
		cft_arena_release(&arena_);
	}
	std::string next(const char *last)
	{
		return cft_mig_version_next(&arena_, last);
	}
	cft_arena arena_ = CFT_ARENA_INIT;
};

TEST_F(Version, ComparesAsNumbersOfAnyLength)
{
	EXPECT_EQ(cft_mig_version_cmp("001", "1"), 0);
	EXPECT_LT(cft_mig_version_cmp("9", "010"), 0);
	EXPECT_GT(cft_mig_version_cmp("20261122180000", "999"), 0);
	EXPECT_LT(cft_mig_version_cmp("99999999999999999999", "100000000000000000000"), 0);
	EXPECT_EQ(cft_mig_version_cmp("000", "0"), 0);
}

TEST_F(Version, IsDigitsOnly)
{
	EXPECT_TRUE(cft_mig_version_valid("001"));
	EXPECT_FALSE(cft_mig_version_valid(""));
	EXPECT_FALSE(cft_mig_version_valid("1a"));
	EXPECT_FALSE(cft_mig_version_valid("-1"));
	EXPECT_FALSE(cft_mig_version_valid("123456789012345678901234567890123"));
}

TEST_F(Version, NextKeepsTheWidth)
{
	EXPECT_EQ(next(nullptr), "001");
	EXPECT_EQ(next("001"), "002");
	EXPECT_EQ(next("009"), "010");
	EXPECT_EQ(next("0099"), "0100");
	EXPECT_EQ(next("999"), "1000");
}

TEST_F(Version, TimestampNeverGoesBack)
{
	const int64_t moment_us = 1795370400000000; // 2026-11-22T18:00:00Z

	EXPECT_STREQ(cft_mig_version_timestamp(&arena_, moment_us, nullptr), "20261122180000");
	EXPECT_STREQ(cft_mig_version_timestamp(&arena_, moment_us, "20261122180000"),
	             "20261122180001");
	EXPECT_STREQ(cft_mig_version_timestamp(&arena_, moment_us, "042"), "20261122180000");
}

TEST_F(Version, GapCountsWhatIsMissing)
{
	EXPECT_EQ(cft_mig_version_gap("001", "002"), 0);
	EXPECT_EQ(cft_mig_version_gap("001", "005"), 3);
	EXPECT_EQ(cft_mig_version_gap("001", "20261122180000"), -1);
}

TEST_F(Version, NameIsMadeOfWhatPeopleType)
{
	const char *name = nullptr;
	cft_err err = CFT_ERR_INIT;

	ASSERT_EQ(cft_mig_name_slug(&arena_, "Add user's  Bio!", &name, &err), 0);
	EXPECT_STREQ(name, "add_user_s_bio");
	ASSERT_EQ(cft_mig_name_slug(&arena_, "create_users_table", &name, &err), 0);
	EXPECT_STREQ(name, "create_users_table");
	EXPECT_EQ(cft_mig_name_slug(&arena_, "../..", &name, &err), CFT_E_INVALID);
	EXPECT_EQ(cft_mig_name_slug(&arena_, "", &name, &err), CFT_E_INVALID);
}

TEST_F(Version, ClassNameIsCamelCase)
{
	EXPECT_STREQ(cft_mig_name_class(&arena_, "create_users_table"), "CreateUsersTable");
	EXPECT_STREQ(cft_mig_name_class(&arena_, "2fa"), "M2fa");
}

} // namespace
