// Lifecycle: every move of an intent, every refusal, leases and fences.
// SPDX-License-Identifier: MIT
#include "tests/lib/core_world.h"

#include <gtest/gtest.h>

using cft_test::CoreWorld;

namespace
{

const char *const ADD_AGE = "ALTER TABLE users ADD COLUMN age int";

// Brings a fresh intent "int_1" of alice into a state.
void Bring(CoreWorld &w, cft_intent_status status)
{
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE)) << w.err.message;
	if (status == CFT_INTENT_REGISTERED)
		return;
	if (status == CFT_INTENT_ABANDONED) {
		ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));
		return;
	}
	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1"));
	if (status == CFT_INTENT_EXPIRED) {
		ASSERT_EQ(0, w.Do(CFT_CMD_EXPIRE, "", "int_1"));
	}
	if (status == CFT_INTENT_COMPLETED || status == CFT_INTENT_MERGED) {
		ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	}
	if (status == CFT_INTENT_MERGED) {
		ASSERT_EQ(0, w.Do(CFT_CMD_MERGE, "alice", "int_1"));
	}
}

const cft_intent_status kStatuses[] = {CFT_INTENT_REGISTERED, CFT_INTENT_IN_PROGRESS,
                                       CFT_INTENT_COMPLETED,  CFT_INTENT_MERGED,
                                       CFT_INTENT_ABANDONED,  CFT_INTENT_EXPIRED};

struct Move {
	cft_command_kind command;
	// The state after it for each state before, in the order of the lifecycle; 0 = refused.
	int after[6];
};

const int REG = CFT_INTENT_REGISTERED, RUN = CFT_INTENT_IN_PROGRESS, DONE = CFT_INTENT_COMPLETED,
	  MERGED = CFT_INTENT_MERGED, GONE = CFT_INTENT_ABANDONED, LATE = CFT_INTENT_EXPIRED;

const Move kMoves[] = {
	{CFT_CMD_UPDATE, {REG, RUN, 0, 0, 0, LATE}},
	{CFT_CMD_START, {RUN, 0, 0, 0, 0, RUN}},
	{CFT_CMD_COMPLETE, {DONE, DONE, 0, 0, 0, 0}},
	{CFT_CMD_ABANDON, {GONE, GONE, GONE, 0, 0, GONE}},
	{CFT_CMD_RELEASE, {0, LATE, 0, 0, 0, 0}},
	{CFT_CMD_MERGE, {0, 0, MERGED, 0, 0, 0}},
	{CFT_CMD_EXPIRE, {0, LATE, 0, 0, 0, 0}},
};

} // namespace

TEST(Lifecycle, EveryCommandInEveryState)
{
	for (const Move &move : kMoves) {
		for (cft_intent_status before : kStatuses) {
			CoreWorld w;
			Bring(w, before);
			int after = move.after[before - 1];
			uint64_t revision = cft_state_revision(w.state);
			int code = w.Do(move.command, "alice", "int_1");
			std::string what = std::to_string(move.command) + " in " +
			                   cft_intent_status_name(before);
			EXPECT_EQ(after == 0 ? CFT_E_STATE : 0, code) << what << w.err.message;
			EXPECT_EQ(after ? after : (int)before, (int)w.Intent("int_1")->status)
				<< what;
			EXPECT_EQ(revision + (after ? 1 : 0), cft_state_revision(w.state)) << what;
			cft_state_check_invariants(w.state);
		}
	}
}

TEST(Lifecycle, AllowsOnlyTheMovesOfTheTable)
{
	const char *const allowed[] = {"12", "15", "23", "25", "26", "34", "35", "62", "65"};
	for (int from = 1; from <= 6; from++) {
		for (int to = 1; to <= 6; to++) {
			std::string move = std::to_string(from) + std::to_string(to);
			bool expected = false;
			for (const char *text : allowed)
				expected = expected || move == text;
			EXPECT_EQ(expected, cft_intent_may_move((cft_intent_status)from,
			                                        (cft_intent_status)to))
				<< move;
		}
	}
}

TEST(Register, GivesAnIntentItsBranchTablesAndGeneration)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {"profiles"}, [](cft_command &c) {
		c.feature_name = "User profiles!";
		c.risk = CFT_RISK_HIGH;
		c.metadata_json = "{\"a\":1}";
	}));
	const cft_intent *intent = w.Intent("int_1");
	EXPECT_STREQ("feature/user_profiles_001", intent->branch_name);
	EXPECT_EQ(CFT_INTENT_REGISTERED, intent->status);
	EXPECT_EQ(1u, intent->generation);
	EXPECT_EQ(0u, intent->fence);
	EXPECT_EQ(CFT_RISK_HIGH, intent->risk);
	EXPECT_STREQ("{\"a\":1}", intent->metadata_json);
	ASSERT_EQ(2u, intent->tables_affected.n);
	EXPECT_STREQ("profiles", intent->tables_affected.v[0]);
	EXPECT_STREQ("users", intent->tables_affected.v[1]);
	ASSERT_EQ(1u, intent->statements.n);
	EXPECT_STREQ(ADD_AGE, intent->statements.v[0]);
	EXPECT_STREQ("int_1", w.decision.subject_id);
	EXPECT_EQ("intent.registered", w.Kinds());
	EXPECT_EQ(1u, w.decision.revision);
}

TEST(Register, RefusesATakenIdAndAnEmptyAgent)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE));
	EXPECT_EQ(CFT_E_EXISTS, w.Register("bob", "int_1", ADD_AGE));
	EXPECT_EQ(CFT_E_INVALID, w.Register("", "int_2", ADD_AGE));
	EXPECT_STREQ("AGENT_REQUIRED", w.err.reason);
}

TEST(Register, RefusesMoreIntentsThanAnAgentMayHave)
{
	cft_limits limits = cft_test::DefaultLimits();
	limits.max_live_intents_per_agent = 2;
	CoreWorld w(limits);

	ASSERT_EQ(0, w.Register("alice", "int_1", "CREATE TABLE a (i int)"));
	ASSERT_EQ(0, w.Register("alice", "int_2", "CREATE TABLE b (i int)"));
	EXPECT_EQ(CFT_E_LIMIT, w.Register("alice", "int_3", "CREATE TABLE c (i int)"));
	EXPECT_EQ(0, w.Register("bob", "int_4", "CREATE TABLE d (i int)"));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));
	EXPECT_EQ(0, w.Register("alice", "int_3", "CREATE TABLE c (i int)"));
}

TEST(Branch, NeverTheSameTwice)
{
	CoreWorld w;
	const char *const features[] = {"a", "a", "A ", "a_001", "a 001", "", "***", "\xc3\xa4"};
	const char *const branches[] = {"feature/a_001",      "feature/a_002",
	                                "feature/a_003",      "feature/a_001_001",
	                                "feature/a_001_002",  "feature/change_001",
	                                "feature/change_002", "feature/change_003"};

	for (int i = 0; i < 8; i++) {
		std::string id = "int_" + std::to_string(i);
		ASSERT_EQ(0, w.Register("x", id, "", {"t"},
		                        [&](cft_command &c) { c.feature_name = features[i]; }));
		EXPECT_STREQ(branches[i], w.Intent(id)->branch_name);
		ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "x", id));
	}
}

TEST(Start, GrantsALeaseAndAFence)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);

	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1"));
	ASSERT_TRUE(w.decision.has_lease);
	EXPECT_EQ(CFT_LEASE_GRANT, w.decision.lease.kind);
	EXPECT_EQ(1u, w.decision.lease.fence);
	EXPECT_EQ(cft_test::DefaultLimits().lease_default_us, w.decision.lease.ttl_us);
	EXPECT_EQ("intent.started", w.Kinds());
}

TEST(Start, TakesTheTtlAskedForOrEstimatedWithinTheLimits)
{
	const int64_t hour = 3600 * INT64_C(1000000);
	const cft_limits limits = cft_test::DefaultLimits();
	const struct {
		int64_t ttl, estimate, expected;
	} cases[] = {{0, 0, limits.lease_default_us},
	             {0, hour / 60, limits.lease_default_us},
	             {0, 3 * hour, 3 * hour},
	             {0, 100 * hour, limits.lease_max_us},
	             {2 * hour, 3 * hour, 2 * hour},
	             {1, 0, limits.lease_min_us},
	             {100 * hour, 0, limits.lease_max_us}};

	for (const auto &c : cases) {
		CoreWorld w;
		ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {},
		                        [&](cft_command &k) { k.estimated_us = c.estimate; }));
		ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1",
		                  [&](cft_command &k) { k.ttl_us = c.ttl; }));
		EXPECT_EQ(c.expected, w.decision.lease.ttl_us);
		EXPECT_EQ(c.expected, w.Intent("int_1")->lease_ttl_us);
	}
}

TEST(Start, AfterExpiryGivesAGreaterFence)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_EXPIRED);

	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1"));
	EXPECT_EQ(2u, w.Intent("int_1")->fence);
	EXPECT_EQ(CFT_E_STATE,
	          w.Do(CFT_CMD_COMPLETE, "alice", "int_1", [](cft_command &c) { c.fence = 1; }));
	EXPECT_STREQ("STALE_FENCE", w.err.reason);
	EXPECT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1", [](cft_command &c) { c.fence = 2; }));
}

TEST(Complete, FromRegisteredStartsImplicitlyInOneEvent)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);

	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1", [](cft_command &c) {
		c.outcome = "success";
		c.notes = "tested";
	}));
	EXPECT_EQ("intent.started intent.completed", w.Kinds());
	EXPECT_FALSE(w.decision.has_lease);
	EXPECT_EQ(1u, w.Intent("int_1")->fence);
	EXPECT_STREQ("success", w.Intent("int_1")->outcome);
	EXPECT_STREQ("tested", w.Intent("int_1")->notes);
}

TEST(Complete, ReleasesTheLease)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_IN_PROGRESS);

	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	ASSERT_TRUE(w.decision.has_lease);
	EXPECT_EQ(CFT_LEASE_RELEASE, w.decision.lease.kind);
	EXPECT_EQ(1u, w.decision.lease.fence);
}

TEST(Complete, AfterExpirySaysThatTheLeaseExpired)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_EXPIRED);

	EXPECT_EQ(CFT_E_STATE, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	EXPECT_STREQ("LEASE_EXPIRED", w.err.reason);
}

TEST(Expire, OnlyWithTheFenceThatItSaw)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_IN_PROGRESS);

	EXPECT_EQ(CFT_E_STATE,
	          w.Do(CFT_CMD_EXPIRE, "", "int_1", [](cft_command &c) { c.fence = 7; }));
	ASSERT_EQ(0, w.Do(CFT_CMD_EXPIRE, "", "int_1", [](cft_command &c) { c.fence = 1; }));
	EXPECT_EQ(CFT_LEASE_LAPSE, w.decision.lease.kind);
	EXPECT_TRUE(cft_state_stale(w.state, w.Intent("int_1"), w.now));
}

TEST(Owner, OthersNeedForceAndAReason)
{
	const cft_command_kind commands[] = {CFT_CMD_UPDATE, CFT_CMD_START, CFT_CMD_COMPLETE,
	                                     CFT_CMD_ABANDON};

	for (cft_command_kind kind : commands) {
		CoreWorld w;
		Bring(w, CFT_INTENT_REGISTERED);
		EXPECT_EQ(CFT_E_FORBIDDEN, w.Do(kind, "bob", "int_1"));
		EXPECT_STREQ("NOT_OWNER", w.err.reason);
		EXPECT_EQ(CFT_E_INVALID,
		          w.Do(kind, "bob", "int_1", [](cft_command &c) { c.force = true; }));
		EXPECT_STREQ("REASON_REQUIRED", w.err.reason);
		ASSERT_EQ(0, w.Do(kind, "bob", "int_1", [](cft_command &c) {
			c.force = true;
			c.reason = "alice is on holiday";
		}));
		EXPECT_TRUE(w.log.back()->forced);
		EXPECT_STREQ("bob", w.log.back()->actor);
		EXPECT_STREQ("alice is on holiday", w.log.back()->reason);
		EXPECT_TRUE(cft_change_concerns(&w.log.back()->changes[0], "alice"));
		EXPECT_STREQ("alice", w.Intent("int_1")->agent_id);
	}
}

TEST(Owner, TheServerItselfNeedsNoForce)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);

	EXPECT_EQ(0, w.Do(CFT_CMD_ABANDON, "", "int_1"));
	EXPECT_FALSE(w.log.back()->forced);
}

TEST(Intent, UnknownIdsAreNotFound)
{
	CoreWorld w;

	for (int kind = CFT_CMD_UPDATE; kind <= CFT_CMD_EXPIRE; kind++) {
		EXPECT_EQ(CFT_E_NOT_FOUND, w.Do((cft_command_kind)kind, "alice", "int_9"));
		EXPECT_STREQ("INTENT_NOT_FOUND", w.err.reason);
	}
	EXPECT_EQ(CFT_E_NOT_FOUND, w.Do(CFT_CMD_RESOLVE, "alice", "cfl_9"));
	EXPECT_STREQ("CONFLICT_NOT_FOUND", w.err.reason);
}

TEST(Update, RefusesAnOldEtag)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);

	EXPECT_EQ(CFT_E_ABORTED, w.Update("alice", "int_1", "DROP TABLE users",
	                                  [](cft_command &c) { c.etag_revision = 77; }));
	EXPECT_STREQ("ETAG_MISMATCH", w.err.reason);
	EXPECT_EQ(0, w.Update("alice", "int_1", "DROP TABLE users",
	                      [](cft_command &c) { c.etag_revision = 1; }));
}

TEST(Update, NewSqlIsANewGenerationAndOtherFieldsAreNot)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);

	ASSERT_EQ(0, w.Do(CFT_CMD_UPDATE, "alice", "int_1",
	                  [](cft_command &c) { c.risk = CFT_RISK_CRITICAL; }));
	EXPECT_EQ(1u, w.Intent("int_1")->generation);
	EXPECT_EQ(CFT_RISK_CRITICAL, w.Intent("int_1")->risk);
	ASSERT_EQ(0, w.Update("alice", "int_1", ADD_AGE));
	EXPECT_EQ(1u, w.Intent("int_1")->generation);
	ASSERT_EQ(0, w.Update("alice", "int_1", "ALTER TABLE orders ADD COLUMN n int"));
	EXPECT_EQ(2u, w.Intent("int_1")->generation);
	EXPECT_STREQ("orders", w.Intent("int_1")->tables_affected.v[0]);
}

TEST(Stale, RegisteredAndUntouchedForSevenDays)
{
	CoreWorld w;
	Bring(w, CFT_INTENT_REGISTERED);
	const int64_t week = cft_test::DefaultLimits().stale_after_us;
	const cft_intent *intent = w.Intent("int_1");

	EXPECT_FALSE(cft_state_stale(w.state, intent, intent->updated_us + week - 1));
	EXPECT_TRUE(cft_state_stale(w.state, intent, intent->updated_us + week));
}

// What an operation is putting into a database is not ended beside it, but by force.
TEST(Apply, NobodyEndsTheIntentBesideTheOperation)
{
	CoreWorld w;
	auto by_operation = [](cft_command &c) {
		c.operation_id = "op_1";
		c.target = "production";
	};
	Bring(w, CFT_INTENT_COMPLETED);
	ASSERT_EQ(0, w.Do(CFT_CMD_APPLY, "", "int_1", by_operation)) << w.err.message;
	for (cft_command_kind kind : {CFT_CMD_MERGE, CFT_CMD_ABANDON}) {
		EXPECT_EQ(CFT_E_STATE, w.Do(kind, "alice", "int_1"));
		EXPECT_STREQ("APPLY_IN_PROGRESS", w.err.reason);
	}
	EXPECT_EQ(0, w.Do(CFT_CMD_MERGE, "", "int_1", by_operation)) << w.err.message;
	EXPECT_EQ(CFT_INTENT_MERGED, w.Intent("int_1")->status);
}
