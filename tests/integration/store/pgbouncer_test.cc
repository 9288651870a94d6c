// Behind a PgBouncer that pools transactions: no session state is relied on.
// SPDX-License-Identifier: MIT
#include "tests/integration/store/store_fixture.h"

#include <filesystem>
#include <pwd.h>
#include <unistd.h>

using cft_test::Background;
using cft_test::PgCluster;
using cft_test::RunOptions;

namespace
{

const char *const PGBOUNCER = "/usr/sbin/pgbouncer";

class PgBouncer : public StoreTest
{
      protected:
	void SetUp() override
	{
		if (!std::filesystem::exists(PGBOUNCER))
			GTEST_SKIP() << "pgbouncer is not installed";
		StoreTest::SetUp();
		std::string user = cft_test::pg_user();
		if (!user.empty()) {
			struct passwd *entry = getpwnam(user.c_str());
			ASSERT_EQ(0, chown(dir.path().c_str(), entry->pw_uid, entry->pw_gid));
		}
		std::string config = dir.write(
			"bouncer.ini",
			"[databases]\n* = host=" + PgCluster::shared().socket_dir() +
				" port=5432 user=postgres\n[pgbouncer]\nlisten_port = 6432\n"
				"listen_addr =\nunix_socket_dir = " +
				dir.path() +
				"\nauth_type = any\npool_mode = transaction\n"
				"default_pool_size = 2\nserver_reset_query =\n");
		RunOptions options;
		options.user = user;
		options.cwd = "/";
		options.stderr_path = options.stdout_path = dir.file("log");
		process = Background({PGBOUNCER, config}, options);
		database = url.substr(url.find("dbname="));
		where = "host=" + dir.path() + " port=6432 user=postgres " + database;
		ASSERT_TRUE(cft_test::eventually([&] {
			return std::filesystem::exists(dir.file(".s.PGSQL.6432"));
		})) << cft_test::read_file(dir.file("log"));
	}
	void TearDown() override
	{
		for (struct cft_store *s : stores)
			cft_store_free(s);
		stores.clear();
	}

	cft_test::TempDir dir{"cft-bouncer"};
	Background process;
	std::string database, where;
};

} // namespace

TEST_F(PgBouncer, TransactionPoolingServesSeveralStores)
{
	struct cft_store *a = open_store(where), *b = open_store(where);
	unsigned char hash_a[32] = {}, before[32];

	for (uint64_t revision = 1; revision <= 40; revision++) {
		Group group;
		memcpy(before, hash_a, 32);
		group.event(revision, "event " + std::to_string(revision), hash_a);
		if (revision == 7)
			group.lease("grant", "int_1", 1, 60000000);
		Reply reply = append(revision % 2 ? a : b, revision - 1, before, group);
		ASSERT_EQ(CFT_APPEND_COMMITTED, reply.outcome) << reply.reason;
	}
	EXPECT_EQ(40u, read(a, 0).size());
	EXPECT_EQ(40u, read(b, 0).size());
	Group group;
	unsigned char other[32];
	group.event(40, "late", other);
	EXPECT_EQ(CFT_APPEND_STALE, append(b, 39, before, group).outcome);
	json_t *refs = json_pack("[{s:s, s:i}]", "intent_id", "int_1", "fence", 1);
	Rows renewed = rows([&](cft_rows_cb *cb,
	                        void *ctx) { cft_store_renew(b, "p", "alice", refs, cb, ctx); },
	                    4);
	json_decref(refs);
	ASSERT_EQ(1u, renewed.size());
	EXPECT_EQ("", renewed[0][2]);
}
