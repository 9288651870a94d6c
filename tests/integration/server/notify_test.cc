// A database user without any right floods the channel that servers listen to.
// SPDX-License-Identifier: MIT
#include "common/base/clock.h"
#include "common/pg/pg.h"
#include "tests/integration/server/fixture.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace
{

// Says as often as it can that the project has a revision that it has not.
class Flood
{
      public:
	explicit Flood(const std::string &url)
	    : thread_([this, url] {
		      struct cft_err err = CFT_ERR_INIT;
		      struct cft_pg *pg = nullptr;
		      ASSERT_EQ(cft_pg_open(url.c_str(), &pg, &err), 0) << err.message;
		      ASSERT_EQ(cft_pg_exec(pg, "SET ROLE nobody_at_all", nullptr, &err), 0);
		      while (!done_) {
			      ASSERT_EQ(cft_pg_exec(pg, "NOTIFY confiture, '9000000000000000000 p'",
			                            nullptr, &err),
			                0)
				      << err.message;
			      sent++;
		      }
		      cft_pg_close(pg);
	      })
	{
	}
	void stop()
	{
		done_ = true;
		thread_.join();
	}
	std::atomic<long> sent{0};

      private:
	std::atomic<bool> done_{false};
	std::thread thread_;
};

} // namespace

TEST(Notify, AFloodOfFalseHintsDelaysNobodyAndAsksTheDatabaseLittle)
{
	auto &cluster = cft_test::PgCluster::shared();
	std::string url = cluster.create_database();
	cluster.sql(url, "DO $$ BEGIN CREATE ROLE nobody_at_all; EXCEPTION WHEN "
	                 "duplicate_object THEN NULL; END $$");
	ServerProcess server(url);
	Caller c(server.address);
	ASSERT_NE(register_intent(c, "alice", "CREATE TABLE t (a int)"), nullptr);
	auto commits = [&] {
		return std::stol(cluster.sql(url, "SELECT pg_stat_force_next_flush(); "
		                                  "SELECT xact_commit FROM pg_stat_database WHERE "
		                                  "datname = current_database()"));
	};
	cft_test::sleep_ms(1500); // statistics come late
	long before = commits();
	Flood flood(url);
	int64_t slowest = 0, start = cft_clock_mono_us();
	int registered = 0;
	while (cft_clock_mono_us() - start < 4000000) {
		int64_t began = cft_clock_mono_us();
		std::string sql = "CREATE TABLE t" + std::to_string(registered++) + " (a int)";
		ASSERT_NE(register_intent(c, "bob", sql), nullptr) << c.err.message;
		slowest = std::max(slowest, cft_clock_mono_us() - began);
		cft_test::sleep_ms(50);
	}
	flood.stop();
	cft_test::sleep_ms(1500);
	long asked = commits() - before - flood.sent - registered;
	printf("%ld false hints: slowest of %d registers %ld ms, %ld questions to the database\n",
	       flood.sent.load(), registered, (long)(slowest / 1000), asked);
	EXPECT_GT(flood.sent, 1000);
	EXPECT_LT(asked, 200);
}

// Two servers: the second still hears of what the first writes, at the latest with its poll.
TEST(Notify, AfterAFloodServersStillHearOfEachOther)
{
	auto &cluster = cft_test::PgCluster::shared();
	std::string url = cluster.create_database();
	ServerProcess one(url), two(url);
	Caller a(one.address), b(two.address);
	ASSERT_NE(register_intent(a, "alice", "CREATE TABLE t (a int)"), nullptr);
	MSG(WatchEventsRequest, watch_events_request, r);
	Watcher watcher(b, &r);
	ASSERT_EQ(watcher.read(), 1);
	for (int i = 0; i < 20; i++)
		cluster.sql(url, "NOTIFY confiture, '9000000000000000000 p'");
	for (std::string payload :
	     {"", "x", "1", "1 ", "-1 p", "99999999999999999999999999 p", "5 p\n", "5 ../../p"})
		cluster.sql(url, "SELECT pg_notify('confiture', '" + payload + "')");
	ASSERT_NE(register_intent(a, "alice", "CREATE TABLE u (a int)"), nullptr);
	const Confiture__V1__Event *event = nullptr;
	do
		event = watcher.event();
	while (event && event->revision < 2);
	ASSERT_NE(event, nullptr) << b.err.message;
	/* And quickly again after that. */
	cft_test::sleep_ms(2500);
	int64_t began = cft_clock_mono_us();
	ASSERT_NE(register_intent(a, "alice", "CREATE TABLE v (a int)"), nullptr);
	ASSERT_NE(watcher.event(), nullptr) << b.err.message;
	printf("heard after %ld ms\n", (long)((cft_clock_mono_us() - began) / 1000));
	EXPECT_TRUE(two.process.running());
}
