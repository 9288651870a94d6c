// Files: whole reads, atomic writes, and what they say when it does not work.
// SPDX-License-Identifier: MIT
#include "common/base/file.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace fs = std::filesystem;

class File : public testing::Test
{
      protected:
	void SetUp() override
	{
		std::string pattern = (fs::temp_directory_path() / "cft-file-XXXXXX").string();
		ASSERT_NE(nullptr, mkdtemp(pattern.data()));
		dir = pattern;
	}
	void TearDown() override
	{
		fs::remove_all(dir);
	}
	std::string path(const char *name) const
	{
		return (dir / name).string();
	}

	fs::path dir;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_buf buf = CFT_BUF_INIT;
};

TEST_F(File, WritesAndReadsBackWithTheModeAskedFor)
{
	struct stat st;

	ASSERT_EQ(0, cft_file_write(path("a").c_str(), "hello", 5, 0600, &err)) << err.message;
	ASSERT_EQ(0, stat(path("a").c_str(), &st));
	EXPECT_EQ(0600u, st.st_mode & 0777);
	ASSERT_EQ(0, cft_file_read(path("a").c_str(), 0, &buf, &err));
	EXPECT_STREQ("hello", cft_buf_str(&buf));
	cft_buf_release(&buf);
}

TEST_F(File, LeavesNothingBehindWhenTheTargetCannotBeWritten)
{
	fs::create_directory(dir / "taken");
	EXPECT_EQ(CFT_E_FAILED, cft_file_write(path("taken").c_str(), "x", 1, 0600, &err));
	EXPECT_NE(nullptr, strstr(err.message, "taken"));
	EXPECT_EQ(1, std::distance(fs::directory_iterator(dir), fs::directory_iterator()));
}

TEST_F(File, NamesAMissingFile)
{
	EXPECT_EQ(CFT_E_NOT_FOUND, cft_file_read(path("none.sql").c_str(), 0, &buf, &err));
	EXPECT_STREQ("FILE_NOT_FOUND", err.reason);
	EXPECT_NE(nullptr, strstr(err.message, "none.sql"));
}

TEST_F(File, RefusesWhatIsLargerThanTheLimit)
{
	std::ofstream(path("big")) << std::string(1000, 'x');
	EXPECT_EQ(CFT_E_LIMIT, cft_file_read(path("big").c_str(), 999, &buf, &err));
	cft_buf_release(&buf);
}

TEST_F(File, MakesDirectoriesOnTheWay)
{
	EXPECT_EQ(0, cft_file_mkdirs(path("x/y/z").c_str(), 0755, &err));
	EXPECT_EQ(0, cft_file_mkdirs(path("x/y/z").c_str(), 0755, &err));
	EXPECT_TRUE(cft_file_is_dir(path("x/y/z").c_str()));
	std::ofstream(path("f")) << "";
	EXPECT_NE(0, cft_file_mkdirs(path("f/g").c_str(), 0755, &err));
}

TEST_F(File, GivesATemporaryDirectoryForUsAlone)
{
	char *made, *other;
	struct stat st;

	ASSERT_EQ(0, cft_file_temporary("cft-file-test", &made, &err)) << err.message;
	ASSERT_EQ(0, cft_file_temporary("cft-file-test", &other, &err)) << err.message;
	EXPECT_STRNE(made, other);
	ASSERT_EQ(0, stat(made, &st));
	EXPECT_TRUE(S_ISDIR(st.st_mode));
	EXPECT_EQ(0700u, st.st_mode & 07777);
	cft_file_remove_tree(made);
	cft_file_remove_tree(other);
	EXPECT_FALSE(cft_file_exists(made));
	free(made);
	free(other);
}

TEST_F(File, RemovesATreeButNotWhatItsLinksPointTo)
{
	fs::create_directories(dir / "tree/below");
	fs::create_directories(dir / "kept");
	std::ofstream(dir / "tree/below/file") << "x";
	std::ofstream(dir / "kept/file") << "x";
	fs::create_directory_symlink(dir / "kept", dir / "tree/link");

	cft_file_remove_tree(path("tree").c_str());
	EXPECT_FALSE(fs::exists(dir / "tree"));
	EXPECT_TRUE(fs::exists(dir / "kept/file"));
}

TEST_F(File, RemovesALinkNotWhatItPointsTo)
{
	fs::create_directories(dir / "kept");
	std::ofstream(dir / "kept/file") << "x";
	fs::create_directory_symlink(dir / "kept", dir / "link");
	std::ofstream(dir / "plain") << "x";

	cft_file_remove_tree(path("link").c_str());
	cft_file_remove_tree(path("plain").c_str());
	cft_file_remove_tree(path("nothing").c_str());
	EXPECT_FALSE(fs::is_symlink(dir / "link"));
	EXPECT_FALSE(fs::exists(dir / "plain"));
	EXPECT_TRUE(fs::exists(dir / "kept/file"));
}
