// Leases and fences under random schedules: a virtual clock, a lease table that keeps the rules of
// the database's, holders that stall and come back with what they held.
// SPDX-License-Identifier: MIT
//
// CFT_LEASE_ROUNDS sets the number of schedules (3000), CFT_SIM_SEED repeats one.
#include "tests/lib/core_world.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using cft_test::CoreWorld;

namespace
{

enum { INTENTS = 3, STEPS = 60 };

// What confiture.lease holds, and what append and renew do with it (server/store/sql).
struct Lease {
	uint64_t fence;
	int64_t ttl_us, expires_us;
};

class Schedule
{
      public:
	explicit Schedule(unsigned seed) : random_(seed)
	{
		for (int i = 0; i < INTENTS; i++)
			EXPECT_EQ(0, world_.Register("alice", Id(i),
			                             "CREATE TABLE t" + std::to_string(i) +
			                                     " (id int)"));
	}
	void Run()
	{
		for (int step = 0; step < STEPS && !::testing::Test::HasFailure(); step++) {
			world_.now += Upto(3) ? Upto(20) * minute_ / 4 : Upto(40) * minute_;
			Step(Id((int)Upto(INTENTS)));
			Check();
		}
	}
	size_t grants = 0, expiries = 0, refusals = 0;

      private:
	static std::string Id(int i)
	{
		return "int_" + std::to_string(i);
	}
	int64_t Upto(int64_t n)
	{
		return (int64_t)(random_() % (uint64_t)n);
	}
	const cft_intent *Intent(const std::string &id)
	{
		return cft_state_intent(world_.state, id.c_str());
	}
	// A holder remembers a fence of any age.
	uint64_t Remembered(const std::string &id)
	{
		return 1 + (uint64_t)Upto((int64_t)highest_[id] + 1);
	}
	void Step(const std::string &id)
	{
		switch (Upto(7)) {
		case 0:
			Start(id);
			break;
		case 1:
			Complete(id, Remembered(id));
			break;
		case 2:
		case 3:
			Renew(id, Remembered(id));
			break;
		case 4:
			Sweep(id);
			break;
		case 5:
			if (Upto(4) == 0)
				Apply(world_.Do(CFT_CMD_ABANDON, "alice", id), id);
			break;
		case 6:
			if (Upto(4) == 0)
				Release(id, Remembered(id));
			break;
		}
	}
	void Start(const std::string &id)
	{
		int64_t ttl_us = Upto(2) ? 0 : minute_ * Upto(30);
		uint64_t before = Intent(id)->fence;
		int code = world_.Do(CFT_CMD_START, "alice", id,
		                     [&](cft_command &c) { c.ttl_us = ttl_us; });
		Apply(code, id);
		if (code != 0)
			return;
		EXPECT_EQ(before + 1, Intent(id)->fence);
		EXPECT_GE(leases_[id].ttl_us, cft_test::DefaultLimits().lease_min_us);
		EXPECT_LE(leases_[id].ttl_us, cft_test::DefaultLimits().lease_max_us);
	}
	void Complete(const std::string &id, uint64_t fence)
	{
		bool held = Intent(id)->status == CFT_INTENT_IN_PROGRESS;
		int code = world_.Do(CFT_CMD_COMPLETE, "alice", id,
		                     [&](cft_command &c) { c.fence = fence; });
		Apply(code, id);
		if (code == 0) {
			EXPECT_TRUE(held) << "a fence that was given comes from a start";
			EXPECT_EQ(highest_[id], fence) << "work with an older fence was taken";
		}
	}
	void Release(const std::string &id, uint64_t fence)
	{
		int code = world_.Do(CFT_CMD_RELEASE, "alice", id,
		                     [&](cft_command &c) { c.fence = fence; });
		Apply(code, id);
		if (code == 0) {
			EXPECT_EQ(CFT_INTENT_EXPIRED, Intent(id)->status);
			EXPECT_EQ(highest_[id], fence) << "released with an older fence";
			EXPECT_EQ(0u, leases_.count(id));
		}
	}
	// confiture.renew
	void Renew(const std::string &id, uint64_t fence)
	{
		auto lease = leases_.find(id);
		bool alive = lease != leases_.end() && lease->second.fence == fence &&
		             lease->second.expires_us > world_.now;
		if (!alive) {
			refusals++;
			return;
		}
		lease->second.expires_us = world_.now + lease->second.ttl_us;
		EXPECT_EQ(CFT_INTENT_IN_PROGRESS, Intent(id)->status);
		EXPECT_EQ(highest_[id], fence);
	}
	// The server sweeps with what it last heard; the database has the last word.
	void Sweep(const std::string &id)
	{
		auto lease = leases_.find(id);
		uint64_t fence =
			lease != leases_.end() && Upto(3) ? lease->second.fence : Remembered(id);
		cft_state_begin(world_.state);
		int code =
			world_.Do(CFT_CMD_EXPIRE, "", id, [&](cft_command &c) { c.fence = fence; });
		bool alive = code == 0 && leases_.at(id).expires_us > world_.now;
		if (code == 0 && alive) {
			cft_state_rollback(world_.state); // CFT_APPEND_LEASE_ALIVE
			cft_event_unref(world_.log.back());
			world_.log.pop_back();
			EXPECT_EQ(CFT_INTENT_IN_PROGRESS, Intent(id)->status);
			return;
		}
		cft_state_commit(world_.state);
		expiries += code == 0;
		Apply(code, id);
	}
	// confiture.apply_leases
	void Apply(int code, const std::string &id)
	{
		if (code != 0 || !world_.decision.has_lease)
			return;
		const cft_lease_op &op = world_.decision.lease;
		EXPECT_EQ(id, op.intent_id);
		if (op.kind != CFT_LEASE_GRANT) {
			EXPECT_EQ(1u, leases_.erase(id)) << "a lease ends once";
			return;
		}
		EXPECT_EQ(0u, leases_.count(id)) << "two leases of one intent";
		EXPECT_GT(op.fence, highest_[id]);
		highest_[id] = op.fence;
		leases_[id] = {op.fence, op.ttl_us, world_.now + op.ttl_us};
		grants++;
	}
	void Check()
	{
		cft_state_check_invariants(world_.state);
		for (int i = 0; i < INTENTS; i++) {
			const cft_intent *intent = Intent(Id(i));
			auto lease = leases_.find(Id(i));
			EXPECT_EQ(intent->status == CFT_INTENT_IN_PROGRESS, lease != leases_.end());
			if (lease != leases_.end()) {
				EXPECT_EQ(intent->fence, lease->second.fence);
			}
			EXPECT_GE(intent->fence, highest_[Id(i)]);
		}
	}

	const int64_t minute_ = 60000000;
	std::mt19937 random_;
	CoreWorld world_;
	std::map<std::string, Lease> leases_;
	std::map<std::string, uint64_t> highest_;
};

TEST(Leases, KeepTheirRulesUnderRandomSchedules)
{
	const char *seed = getenv("CFT_SIM_SEED"), *wanted = getenv("CFT_LEASE_ROUNDS");
	unsigned first = seed ? (unsigned)strtoul(seed, nullptr, 10) : std::random_device{}();
	int rounds = seed ? 1 : wanted ? atoi(wanted) : 3000;
	size_t grants = 0, expiries = 0, refusals = 0;

	for (int i = 0; i < rounds && !HasFailure(); i++) {
		Schedule schedule(first + (unsigned)i);
		schedule.Run();
		EXPECT_FALSE(HasFailure()) << "CFT_SIM_SEED=" << first + (unsigned)i;
		grants += schedule.grants;
		expiries += schedule.expiries;
		refusals += schedule.refusals;
	}
	printf("%d schedules: %zu grants, %zu expiries, %zu renewals refused\n", rounds, grants,
	       expiries, refusals);
	EXPECT_GT(expiries, 0u);
}

} // namespace
