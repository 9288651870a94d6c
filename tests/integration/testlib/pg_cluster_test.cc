// PgCluster: starts, survives being killed, and isolates databases.
// SPDX-License-Identifier: MIT
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>

using namespace cft_test;

TEST(PgCluster, GivesEachTestADatabaseOfItsOwn)
{
	PgCluster &cluster = PgCluster::shared();
	std::string a = cluster.create_database(), b = cluster.create_database();

	cluster.sql(a, "CREATE TABLE t (x int); INSERT INTO t VALUES (1), (2)");
	EXPECT_EQ("2", cluster.sql(a, "SELECT count(*) FROM t"));
	EXPECT_THROW(cluster.sql(b, "SELECT count(*) FROM t"), std::runtime_error);
}

TEST(PgCluster, KeepsItsDataAcrossStopKillAndRestart)
{
	PgCluster cluster({"fsync=on"});
	std::string url = cluster.create_database();

	cluster.sql(url, "CREATE TABLE t (x int)");
	cluster.restart();
	cluster.sql(url, "CHECKPOINT; SET synchronous_commit=on; INSERT INTO t VALUES (1)");
	cluster.kill9();
	cluster.start();
	EXPECT_EQ("1", cluster.sql(url, "SELECT x FROM t"));
}
