// Finding and judging migration files.
// SPDX-License-Identifier: MIT
#include "common/migrate/files.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>

namespace
{

class Files : public testing::Test
{
      protected:
	~Files() override
	{
		cft_mig_dir_release(&dir_);
	}
	int read()
	{
		return cft_mig_dir_read(&dir_, temp_.path().c_str(), &err_);
	}
	std::string reasons() const
	{
		std::string all;
		for (size_t i = 0; i < dir_.problems.n; i++)
			all += std::string(i ? " " : "") + dir_.problems.v[i].reason;
		return all;
	}
	cft_test::TempDir temp_;
	cft_mig_dir dir_ = {};
	cft_err err_ = CFT_ERR_INIT;
};

TEST_F(Files, PairsUpAndDownAndSortsByNumber)
{
	temp_.write("10_later.up.sql", "SELECT 10;");
	temp_.write("10_later.down.sql", "SELECT -10;");
	temp_.write("009_first.up.sql", "SELECT 9;");
	temp_.write("009_first.down.sql", "SELECT -9;");
	ASSERT_EQ(read(), 0) << err_.message;
	ASSERT_EQ(dir_.files.n, 2u);
	EXPECT_STREQ(dir_.files.v[0].name, "first");
	EXPECT_STREQ(dir_.files.v[0].down.data, "SELECT -9;");
	EXPECT_STREQ(dir_.files.v[1].version, "10");
	EXPECT_EQ(reasons(), "");
	EXPECT_STREQ(cft_mig_dir_last(&dir_), "10");
	EXPECT_STREQ(cft_mig_dir_find(&dir_, "9")->version, "009");
}

TEST_F(Files, ChecksumIsSha256OfTheUpFile)
{
	temp_.write("001_a.up.sql", "abc");
	temp_.write("001_a.down.sql", "x");
	ASSERT_EQ(read(), 0);
	EXPECT_STREQ(dir_.files.v[0].checksum,
	             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Files, PythonFileIsBothUpAndDown)
{
	temp_.write("001_a.py", "x = 1");
	temp_.write("__init__.py", "");
	ASSERT_EQ(read(), 0);
	ASSERT_EQ(dir_.files.n, 1u);
	EXPECT_TRUE(dir_.files.v[0].python);
	EXPECT_STREQ(dir_.files.v[0].down.path, dir_.files.v[0].up.path);
	EXPECT_EQ(reasons(), "");
}

TEST_F(Files, ReportsWhatItWillNotRun)
{
	temp_.write("001_users.sql", "SELECT 1;");
	temp_.write("notes.sql", "SELECT 1;");
	temp_.write("V1__flyway.sql", "SELECT 1;");
	temp_.write("README.md", "text");
	temp_.write(".hidden.sql", "x");
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(dir_.files.n, 0u);
	EXPECT_EQ(reasons(), "UNKNOWN_FILE_NAME UNKNOWN_FILE_NAME UNKNOWN_FILE_NAME");
	EXPECT_STREQ(dir_.problems.v[0].hint, "rename it to 001_users.up.sql");
	EXPECT_EQ(cft_mig_dir_check(&dir_, &err_), 0) << "warnings do not stop";
}

TEST_F(Files, MissingUpIsAnErrorAndMissingDownAWarning)
{
	temp_.write("001_a.down.sql", "SELECT 1;");
	temp_.write("002_b.up.sql", "SELECT 1;");
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(reasons(), "MISSING_UP MISSING_DOWN");
	EXPECT_EQ(cft_mig_dir_check(&dir_, &err_), CFT_E_CONFIG);
	EXPECT_STREQ(err_.reason, "MISSING_UP");
}

TEST_F(Files, SameVersionTwiceIsAnErrorWhateverItsWidth)
{
	temp_.write("001_a.up.sql", "SELECT 1;");
	temp_.write("001_a.down.sql", "SELECT 1;");
	temp_.write("1_b.py", "x = 1");
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(reasons(), "DUPLICATE_VERSION");
}

TEST_F(Files, GapsAreWarnings)
{
	temp_.write("001_a.py", "x = 1");
	temp_.write("004_b.py", "x = 1");
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(reasons(), "VERSION_GAP");
	EXPECT_STREQ(dir_.problems.v[0].message, "2 version(s) missing between 001 and 004");
}

TEST_F(Files, InvalidUtf8NamesTheLine)
{
	temp_.write("001_a.up.sql", "SELECT 1;\nSELECT '\xff';");
	temp_.write("001_a.down.sql", "SELECT 1;");
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(reasons(), "INVALID_UTF8");
	EXPECT_EQ(cft_mig_dir_check(&dir_, &err_), CFT_E_CONFIG);
	EXPECT_EQ(err_.line, 2);
}

TEST_F(Files, NulBytesAreRefused)
{
	temp_.write("001_a.py", std::string("x = 1\0", 6));
	ASSERT_EQ(read(), 0);
	EXPECT_EQ(reasons(), "INVALID_UTF8");
}

TEST_F(Files, MissingDirectorySaysSo)
{
	EXPECT_EQ(cft_mig_dir_read(&dir_, "/nonexistent/migrations", &err_), CFT_E_NOT_FOUND);
	EXPECT_STREQ(err_.reason, "MIGRATIONS_DIR_NOT_FOUND");
	EXPECT_NE(std::string(err_.hint).find("confiture init"), std::string::npos);
}

} // namespace
