// Requests, groups, loading and folding: nothing twice, nothing half, nothing out of order.
// SPDX-License-Identifier: MIT
#include "tests/lib/core_world.h"

#include <gtest/gtest.h>

using cft_test::CoreWorld;
using cft_test::DumpState;

namespace
{

const char *const ADD_AGE = "ALTER TABLE users ADD COLUMN age int";

CoreWorld::Edit Request(const char *id, unsigned char body)
{
	return [id, body](cft_command &c) {
		c.request_id = id;
		memset(c.body_digest, body, sizeof(c.body_digest));
	};
}

} // namespace

TEST(Request, TheSameAgainChangesNothing)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 1)));
	ASSERT_EQ(0, w.Register("alice", "int_2", ADD_AGE, {}, Request("r1", 1)));
	EXPECT_TRUE(w.decision.replayed);
	EXPECT_EQ(1u, w.decision.revision);
	EXPECT_STREQ("int_1", w.decision.subject_id);
	EXPECT_EQ(nullptr, w.decision.event);
	EXPECT_EQ(1u, w.log.size());
	EXPECT_EQ(nullptr, w.Intent("int_2"));
}

TEST(Request, AnotherBodyUnderTheSameIdIsRefused)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 1)));
	EXPECT_EQ(CFT_E_EXISTS, w.Register("alice", "int_2", ADD_AGE, {}, Request("r1", 2)));
	EXPECT_STREQ("REQUEST_ID_REUSED", w.err.reason);
}

TEST(Request, ARefusedOneIsNotRemembered)
{
	CoreWorld w;

	EXPECT_EQ(CFT_E_NOT_FOUND, w.Do(CFT_CMD_START, "alice", "int_1", Request("r1", 1)));
	EXPECT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 2)));
}

TEST(Request, IsForgottenAfterItsRetention)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 1)));
	cft_state_forget_requests(w.state, w.now);
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1", Request("r2", 1)));
	cft_state_forget_requests(w.state, w.now);
	EXPECT_EQ(0, w.Register("alice", "int_2", ADD_AGE, {}, Request("r1", 2)));
	EXPECT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1", Request("r2", 1)));
	EXPECT_TRUE(w.decision.replayed);
}

TEST(Group, RollbackRestoresTheStateAtBegin)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE));
	ASSERT_EQ(0, w.Register("bob", "int_2", ADD_AGE));
	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "bob", w.Conflicts()[0]->id));
	std::string before = DumpState(w.state);

	cft_state_begin(w.state);
	ASSERT_EQ(0, w.Register("carol", "int_3", ADD_AGE, {}, Request("r1", 1)));
	ASSERT_EQ(0, w.Update("bob", "int_2", "DROP TABLE users"));
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));
	EXPECT_NE(before, DumpState(w.state));
	cft_state_rollback(w.state);
	EXPECT_EQ(before, DumpState(w.state));
	cft_state_check_invariants(w.state);
	ASSERT_EQ(0, w.Register("carol", "int_3", ADD_AGE, {}, Request("r1", 2)));
	EXPECT_STREQ("feature/feature_003", w.Intent("int_3")->branch_name);
}

TEST(Group, LaterCommandsSeeTheEarlierOnes)
{
	CoreWorld w;

	cft_state_begin(w.state);
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 1)));
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE, {}, Request("r1", 1)));
	EXPECT_TRUE(w.decision.replayed);
	ASSERT_EQ(0, w.Register("bob", "int_2", ADD_AGE));
	EXPECT_EQ("intent.registered conflict.detected", w.Kinds());
	cft_state_commit(w.state);
	EXPECT_EQ(2u, cft_state_revision(w.state));
}

TEST(Apply, RefusesAGapAndAnImpossibleMove)
{
	CoreWorld w, follower;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));
	cft_err err = CFT_ERR_INIT;

	EXPECT_EQ(CFT_E_INCONSISTENT, cft_state_apply(follower.state, w.log[1], &err));
	ASSERT_EQ(0, cft_state_apply(follower.state, w.log[0], &err));
	EXPECT_EQ(CFT_E_INCONSISTENT, cft_state_apply(follower.state, w.log[0], &err));
	ASSERT_EQ(0, cft_state_apply(follower.state, w.log[1], &err));
	cft_event again = *w.log[0];
	again.revision = 3;
	EXPECT_EQ(CFT_E_INCONSISTENT, cft_state_apply(follower.state, &again, &err));
	EXPECT_NE(nullptr, strstr(err.message, "ABANDONED to REGISTERED")) << err.message;
	EXPECT_EQ(DumpState(w.state), DumpState(follower.state));
}

TEST(Load, FromRecordsInAnyOrderGivesTheSameState)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	ASSERT_EQ(0, w.Register("alice", "int_9", ADD_AGE, {}, Request("r1", 1)));
	ASSERT_EQ(0, w.Register("bob", "int_2", ADD_AGE));
	ASSERT_EQ(0, w.Register("carol", "int_5", "DROP TABLE users"));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "bob", "int_2"));
	cft_limits limits = cft_test::DefaultLimits();
	cft_state *loaded = cft_state_new("test", &limits);
	unsigned char digest[32];
	memset(digest, 1, sizeof(digest));

	for (const cft_conflict *conflict : w.Conflicts(true))
		cft_state_load_conflict(loaded, conflict);
	for (const char *id : {"int_5", "int_2", "int_9"})
		cft_state_load_intent(loaded, w.Intent(id));
	cft_state_load_base(loaded, cft_state_base(w.state));
	cft_state_load_request(loaded, "r1", digest, 2, "int_9", w.log[1]->time_us);
	cft_state_load_done(loaded, cft_state_revision(w.state));
	EXPECT_EQ(DumpState(w.state), DumpState(loaded));
	cft_state_check_invariants(loaded);
	cft_state_free(loaded);
}

TEST(Forget, EndedIntentsGoAndTheirBranchesStayTaken)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE));
	ASSERT_EQ(0, w.Register("bob", "int_2", ADD_AGE));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));

	cft_state_forget_ended(w.state, w.now);
	EXPECT_NE(nullptr, w.Intent("int_1"));
	cft_state_forget_ended(w.state, w.now + 1);
	EXPECT_EQ(nullptr, w.Intent("int_1"));
	EXPECT_NE(nullptr, w.Intent("int_2"));
	EXPECT_TRUE(w.Conflicts(true).empty());
	cft_state_check_invariants(w.state);
	ASSERT_EQ(0, w.Register("alice", "int_3", "CREATE TABLE z (i int)"));
	EXPECT_STREQ("feature/feature_003", w.Intent("int_3")->branch_name);
}

TEST(Load, BranchNamesAloneKeepTheNumbers)
{
	CoreWorld w;

	cft_state_load_branch(w.state, "feature/feature_017");
	cft_state_load_branch(w.state, "feature/feature_004");
	cft_state_load_done(w.state, 40);
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_AGE));
	EXPECT_STREQ("feature/feature_018", w.Intent("int_1")->branch_name);
	EXPECT_EQ(41u, w.decision.revision);
}
