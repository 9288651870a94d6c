// Schema: made once, upgraded by whoever comes first, refused when newer.
// SPDX-License-Identifier: MIT
#include "server/store/store.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>
#include <thread>

using cft_test::PgCluster;

TEST(SchemaUpgrade, ManyServersAtOnceMakeItOnce)
{
	std::string url = PgCluster::shared().create_database();
	std::vector<std::thread> threads;
	std::vector<int> codes(8, -99);

	for (size_t i = 0; i < codes.size(); i++)
		threads.emplace_back([&, i] {
			struct cft_err err = CFT_ERR_INIT;
			codes[i] = cft_schema_upgrade(url.c_str(), nullptr, &err);
			EXPECT_STREQ("", err.message);
		});
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(std::vector<int>(8, 0), codes);
	EXPECT_EQ(std::to_string(cft_schema_version()),
	          PgCluster::shared().sql(url, "SELECT count(*) FROM confiture.schema_version"));
}

TEST(SchemaUpgrade, RefusesANewerSchemaThatNeedsANewerProgram)
{
	std::string url = PgCluster::shared().create_database();
	struct cft_err err = CFT_ERR_INIT;
	int version = 0;

	ASSERT_EQ(0, cft_schema_upgrade(url.c_str(), &version, &err)) << err.message;
	EXPECT_EQ(cft_schema_version(), version);
	// The next version still works with this program …
	PgCluster::shared().sql(url, "INSERT INTO confiture.schema_version VALUES (1000, 1)");
	EXPECT_EQ(0, cft_schema_upgrade(url.c_str(), &version, &err)) << err.message;
	EXPECT_EQ(1000, version);
	// … and the one after does not.
	PgCluster::shared().sql(url, "INSERT INTO confiture.schema_version VALUES (1001, 1001)");
	EXPECT_EQ(CFT_E_STATE, cft_schema_upgrade(url.c_str(), &version, &err));
	EXPECT_STREQ("SCHEMA_TOO_NEW", err.reason);
	EXPECT_NE(nullptr, strstr(err.message, "1001"));
}

TEST(SchemaUpgrade, LeavesNothingBehindWhenItFails)
{
	std::string url = PgCluster::shared().create_database();
	struct cft_err err = CFT_ERR_INIT;

	PgCluster::shared().sql(url,
	                        "CREATE SCHEMA confiture; CREATE TABLE confiture.event (x int)");
	EXPECT_EQ(CFT_E_FAILED, cft_schema_upgrade(url.c_str(), nullptr, &err));
	EXPECT_STREQ("42P07", err.sqlstate);
	EXPECT_EQ("1",
	          PgCluster::shared().sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = "
	                                       "'confiture'"));
}
