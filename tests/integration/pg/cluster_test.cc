// Cluster: made, adopted, recovered, supervised, thrown away.
// SPDX-License-Identifier: MIT
#include "common/pg/cluster.h"
#include "common/pg/pg.h"
#include "tests/lib/process.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
using cft_test::TempDir;

namespace
{

struct cft_cluster *open_cluster(const std::string &directory, bool throw_away = false)
{
	struct cft_cluster_options options = {};
	struct cft_cluster *cluster = nullptr;
	struct cft_err err = CFT_ERR_INIT;

	options.directory = directory.empty() ? nullptr : directory.c_str();
	options.throw_away = throw_away;
	EXPECT_EQ(0, cft_cluster_open(&options, &cluster, &err)) << err.message;
	return cluster;
}

std::string query(const struct cft_cluster *cluster, const char *database, const char *sql)
{
	struct cft_buf url = CFT_BUF_INIT, out = CFT_BUF_INIT;
	struct cft_pg *pg = nullptr;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_pg_options options = {};

	cft_cluster_url(cluster, database, &url);
	options.url = cft_buf_str(&url);
	options.ignore_environment = true;
	int rc = cft_pg_connect(&options, &pg, &err);
	if (rc == 0)
		rc = cft_pg_query_text(pg, sql, 0, nullptr, &out, &err);
	std::string text = rc == 0 || err.code == CFT_E_NOT_FOUND ? cft_buf_str(&out) : err.message;
	cft_pg_close(pg);
	cft_buf_release(&url);
	cft_buf_release(&out);
	return text;
}

// What a process that gets killed does: opens the cluster and says so.
pid_t open_in_child(const std::string &directory, const std::string &ready)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct cft_cluster *cluster = open_cluster(directory);
		query(cluster, "confiture", "CREATE TABLE t AS SELECT 42 AS x");
		std::string text = std::to_string(cft_cluster_pid(cluster));
		std::ofstream(ready) << text;
		for (;;)
			pause();
	}
	return pid;
}

} // namespace

TEST(Cluster, IsPrivateAndKeepsItsData)
{
	TempDir dir;
	std::string home = dir.file("a/b");
	struct stat st;

	chmod(dir.path().c_str(), 0755);
	struct cft_cluster *cluster = open_cluster(home);
	ASSERT_NE(nullptr, cluster);
	EXPECT_FALSE(cft_cluster_adopted(cluster));
	query(cluster, "confiture", "CREATE TABLE t AS SELECT 1 AS x");
	EXPECT_EQ("", query(cluster, "confiture", "SHOW listen_addresses"));
	EXPECT_EQ("on", query(cluster, "confiture", "SHOW fsync"));
	EXPECT_EQ(0, stat((home + "/run").c_str(), &st));
	EXPECT_EQ(0700u, st.st_mode & 0777);
	EXPECT_NE(0u, st.st_uid);
	pid_t pid = cft_cluster_pid(cluster);
	cft_cluster_close(cluster);
	EXPECT_NE(0, kill(pid, 0));
	cluster = open_cluster(home);
	EXPECT_EQ("1", query(cluster, "confiture", "SELECT x FROM t"));
	cft_cluster_close(cluster);
}

TEST(Cluster, BelongsToOneProcess)
{
	TempDir dir;
	struct cft_cluster_options options = {};
	struct cft_cluster *other = nullptr;
	struct cft_err err = CFT_ERR_INIT;

	chmod(dir.path().c_str(), 0755);
	std::string home = dir.file("x");
	struct cft_cluster *cluster = open_cluster(home);
	options.directory = home.c_str();
	EXPECT_EQ(CFT_E_LOCKED, cft_cluster_open(&options, &other, &err));
	EXPECT_STREQ("DATA_DIRECTORY_IN_USE", err.reason);
	EXPECT_EQ("1", query(cluster, "confiture", "SELECT 1"));
	cft_cluster_close(cluster);
}

TEST(Cluster, IsAdoptedAfterItsProcessWasKilled)
{
	TempDir dir;
	std::string home = dir.file("x"), ready = dir.file("ready");

	chmod(dir.path().c_str(), 0755);
	pid_t child = open_in_child(home, ready);
	ASSERT_TRUE(cft_test::eventually([&] { return !cft_test::read_file(ready).empty(); }, 60));
	pid_t postmaster = static_cast<pid_t>(std::stol(cft_test::read_file(ready)));
	kill(child, SIGKILL);
	waitpid(child, nullptr, 0);
	EXPECT_EQ(0, kill(postmaster, 0));
	struct cft_cluster *cluster = open_cluster(home);
	ASSERT_NE(nullptr, cluster);
	EXPECT_TRUE(cft_cluster_adopted(cluster));
	EXPECT_EQ(postmaster, cft_cluster_pid(cluster));
	EXPECT_EQ("42", query(cluster, "confiture", "SELECT x FROM t"));
	cft_cluster_close(cluster);
	// An orphan is reaped by whoever inherited it: dead or a zombie, it no longer answers.
	EXPECT_FALSE(fs::exists(home + "/pg/postmaster.pid"));
}

TEST(Cluster, RecoversAfterEverythingWasKilled)
{
	TempDir dir;
	std::string home = dir.file("x"), ready = dir.file("ready");

	chmod(dir.path().c_str(), 0755);
	pid_t child = open_in_child(home, ready);
	ASSERT_TRUE(cft_test::eventually([&] { return !cft_test::read_file(ready).empty(); }, 60));
	kill(child, SIGKILL);
	waitpid(child, nullptr, 0);
	kill(static_cast<pid_t>(std::stol(cft_test::read_file(ready))), SIGKILL);
	struct cft_cluster *cluster = open_cluster(home);
	ASSERT_NE(nullptr, cluster);
	EXPECT_FALSE(cft_cluster_adopted(cluster));
	EXPECT_EQ("42", query(cluster, "confiture", "SELECT x FROM t"));
	cft_cluster_close(cluster);
}

TEST(Cluster, SupervisionStartsItAgain)
{
	TempDir dir;
	struct cft_err err = CFT_ERR_INIT;
	bool restarted = true;

	chmod(dir.path().c_str(), 0755);
	struct cft_cluster *cluster = open_cluster(dir.file("x"));
	EXPECT_EQ(0, cft_cluster_supervise(cluster, &restarted, &err));
	EXPECT_FALSE(restarted);
	kill(cft_cluster_pid(cluster), SIGKILL);
	EXPECT_TRUE(cft_test::eventually(
		[&] {
			cft_cluster_supervise(cluster, &restarted, &err);
			cft_test::sleep_ms(200);
			return query(cluster, "confiture", "SELECT 1") == "1";
		},
		60));
	cft_cluster_close(cluster);
}

TEST(Cluster, AThrowAwayOneLeavesNothing)
{
	setenv("PGHOST", "nowhere.invalid", 1);
	setenv("PGUSER", "nobody", 1);
	struct cft_cluster *cluster = open_cluster("", true);
	ASSERT_NE(nullptr, cluster);
	struct cft_err err = CFT_ERR_INIT;
	std::string home = cft_cluster_directory(cluster);
	pid_t pid = cft_cluster_pid(cluster);

	EXPECT_EQ("off", query(cluster, "postgres", "SHOW fsync"));
	EXPECT_EQ(0, cft_cluster_create_database(cluster, "It's \"mine\"", &err)) << err.message;
	EXPECT_EQ(0, cft_cluster_create_database(cluster, "It's \"mine\"", &err)) << err.message;
	EXPECT_EQ("1", query(cluster, "postgres",
	                     "SELECT count(*) FROM pg_database WHERE datname ~ 'mine'"));
	cft_cluster_close(cluster);
	EXPECT_FALSE(fs::exists(home));
	EXPECT_NE(0, kill(pid, 0));
	unsetenv("PGHOST");
	unsetenv("PGUSER");
}

TEST(Cluster, LongPathsGetASocketElsewhere)
{
	TempDir dir;
	std::string home = dir.file(std::string(60, 'x') + "/" + std::string(60, 'y'));

	chmod(dir.path().c_str(), 0755);
	struct cft_cluster *cluster = open_cluster(home);
	ASSERT_NE(nullptr, cluster);
	EXPECT_EQ("1", query(cluster, "confiture", "SELECT 1"));
	cft_cluster_close(cluster);
}

TEST(Cluster, SaysWhatIsMissing)
{
	TempDir dir;
	struct cft_cluster_options options = {};
	struct cft_cluster *cluster = nullptr;
	struct cft_err err = CFT_ERR_INIT;
	std::string home = dir.file("x");

	chmod(dir.path().c_str(), 0755);
	options.directory = home.c_str();
	options.bin_dir = "/nonexistent";
	EXPECT_EQ(CFT_E_FAILED, cft_cluster_open(&options, &cluster, &err));
	if (geteuid() == 0) {
		chmod(dir.path().c_str(), 0700);
		options.bin_dir = nullptr;
		EXPECT_EQ(CFT_E_CONFIG, cft_cluster_open(&options, &cluster, &err));
		EXPECT_STREQ("DATA_DIRECTORY_UNREACHABLE", err.reason);
	}
}
