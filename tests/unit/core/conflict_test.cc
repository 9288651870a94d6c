// Conflicts: how they appear, block, are resolved, come back and vanish.
// SPDX-License-Identifier: MIT
#include "tests/lib/core_world.h"

#include <gtest/gtest.h>

using cft_test::CoreWorld;

namespace
{

const char *const ADD_INT = "ALTER TABLE users ADD COLUMN age int";
const char *const ADD_TEXT = "ALTER TABLE users ADD COLUMN age text";
const char *const OTHER = "ALTER TABLE users ADD COLUMN size int";

// alice's int_1 and bob's int_2 add the same column; returns the conflict's id.
std::string Clash(CoreWorld &w)
{
	EXPECT_EQ(0, w.Register("alice", "int_1", ADD_INT));
	EXPECT_EQ(0, w.Register("bob", "int_2", ADD_TEXT));
	auto conflicts = w.Conflicts();
	EXPECT_EQ(1u, conflicts.size());
	return conflicts.empty() ? "" : conflicts[0]->id;
}

void Accept(cft_command &c)
{
	c.accept_risk = true;
	c.reason = "we talked";
}

} // namespace

TEST(Register, TellsOfTheConflictInTheSameEvent)
{
	CoreWorld w;
	std::string id = Clash(w);

	EXPECT_EQ("intent.registered conflict.detected", w.Kinds());
	const cft_conflict *conflict = cft_state_conflict(w.state, id.c_str());
	EXPECT_STREQ("int_1", conflict->intent_a);
	EXPECT_STREQ("int_2", conflict->intent_b);
	EXPECT_STREQ("alice", conflict->agent_a);
	EXPECT_STREQ("bob", conflict->agent_b);
	EXPECT_EQ(CFT_SEVERITY_ERROR, conflict->severity);
	EXPECT_EQ(2u, conflict->created_revision);
	EXPECT_TRUE(cft_change_concerns(&w.log.back()->changes[1], "alice"));
	EXPECT_TRUE(cft_change_concerns(&w.log.back()->changes[1], "bob"));
	EXPECT_FALSE(cft_change_concerns(&w.log.back()->changes[1], "carol"));
}

TEST(Detect, TwoHarmlessColumnsOnOneTableDoNotConflict)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT, {"users"}));
	ASSERT_EQ(0, w.Register("bob", "int_2", OTHER, {"users"}));
	for (const cft_conflict *conflict : w.Conflicts())
		EXPECT_LE(conflict->severity, CFT_SEVERITY_INFO) << conflict->explanation;
}

TEST(Detect, ADeclaredTableIsAPossibleConflict)
{
	CoreWorld w;

	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT));
	auto found = w.Check("bob", "", {"users"});
	ASSERT_EQ(1u, found.size());
	EXPECT_EQ(CFT_SEVERITY_WARNING, found[0]->severity);
}

TEST(Start, IsRefusedWhileAnErrorIsNotResolved)
{
	CoreWorld w;
	std::string id = Clash(w);

	EXPECT_TRUE(cft_state_blocked(w.state, w.Intent("int_1"), w.now));
	EXPECT_EQ(CFT_E_CONFLICT, w.Do(CFT_CMD_START, "alice", "int_1"));
	EXPECT_NE(nullptr, strstr(w.err.message, id.c_str())) << w.err.message;
	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "alice", id));
	EXPECT_FALSE(cft_state_blocked(w.state, w.Intent("int_1"), w.now));
	EXPECT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1"));
}

TEST(Start, AcceptsTheRiskWithAReason)
{
	CoreWorld w;
	Clash(w);

	EXPECT_EQ(CFT_E_INVALID, w.Do(CFT_CMD_START, "alice", "int_1",
	                              [](cft_command &c) { c.accept_risk = true; }));
	EXPECT_STREQ("REASON_REQUIRED", w.err.reason);
	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1", Accept));
	EXPECT_STREQ("we talked", w.log.back()->reason);
	EXPECT_EQ(1u, w.Conflicts().size());
}

TEST(Complete, FromRegisteredFollowsTheRuleOfStart)
{
	CoreWorld w;
	Clash(w);

	EXPECT_EQ(CFT_E_CONFLICT, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	EXPECT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1", [](cft_command &c) {
		c.force = true;
		c.reason = "done already";
	}));
}

TEST(Complete, InProgressIsNotRefused)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT));
	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1"));
	ASSERT_EQ(0, w.Register("bob", "int_2", ADD_TEXT));
	EXPECT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
}

TEST(Severity, IsAWarningAtMostWhileASideAwaitsItsMerge)
{
	CoreWorld w;
	std::string id = Clash(w);
	ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1", Accept));
	const cft_conflict *conflict = cft_state_conflict(w.state, id.c_str());

	EXPECT_EQ(CFT_SEVERITY_ERROR, cft_state_severity(w.state, conflict, w.now));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	EXPECT_EQ(1u, w.Conflicts().size());
	EXPECT_EQ(CFT_SEVERITY_WARNING, cft_state_severity(w.state, conflict, w.now));
	EXPECT_FALSE(cft_state_blocked(w.state, w.Intent("int_2"), w.now));
	EXPECT_EQ(0, w.Do(CFT_CMD_START, "bob", "int_2"));
}

TEST(Severity, AStaleIntentBlocksNobodyButIsBlocked)
{
	CoreWorld w;
	std::string id = Clash(w);
	w.now += cft_test::DefaultLimits().stale_after_us;
	ASSERT_EQ(0, w.Do(CFT_CMD_UPDATE, "bob", "int_2",
	                  [](cft_command &c) { c.risk = CFT_RISK_LOW; }));

	const cft_conflict *conflict = cft_state_conflict(w.state, id.c_str());
	EXPECT_EQ(CFT_SEVERITY_WARNING, cft_state_severity(w.state, conflict, w.now));
	EXPECT_EQ(0, w.Do(CFT_CMD_START, "bob", "int_2"));
	EXPECT_EQ(CFT_E_CONFLICT, w.Do(CFT_CMD_START, "alice", "int_1"));
}

TEST(Conflict, VanishesWithTheEndOfASide)
{
	for (cft_command_kind kind : {CFT_CMD_ABANDON, CFT_CMD_MERGE}) {
		CoreWorld w;
		std::string id = Clash(w);
		if (kind == CFT_CMD_MERGE) {
			ASSERT_EQ(0, w.Do(CFT_CMD_START, "alice", "int_1", Accept));
			ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
		}
		ASSERT_EQ(0, w.Do(kind, "alice", "int_1"));
		EXPECT_NE(std::string::npos, w.Kinds().find("conflict.vanished"));
		EXPECT_TRUE(w.Conflicts().empty());
		EXPECT_EQ(1u, w.Conflicts(true).size());
		EXPECT_EQ(CFT_E_STATE, w.Do(CFT_CMD_RESOLVE, "bob", id));
		cft_state_check_invariants(w.state);
	}
}

TEST(Conflict, AppearsAndVanishesWithAnEdit)
{
	CoreWorld w;
	std::string id = Clash(w);

	ASSERT_EQ(0, w.Update("bob", "int_2", OTHER));
	EXPECT_EQ("intent.updated conflict.vanished", w.Kinds());
	ASSERT_EQ(0, w.Update("bob", "int_2", ADD_TEXT));
	EXPECT_EQ("intent.updated conflict.detected", w.Kinds());
	EXPECT_EQ(id, w.Conflicts()[0]->id);
	EXPECT_EQ(4u, w.Conflicts()[0]->created_revision);
}

TEST(Resolve, RecordsWhoHowAndWhy)
{
	CoreWorld w;
	std::string id = Clash(w);

	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "carol", id, [](cft_command &c) {
		c.strategy = CFT_STRATEGY_RENAME;
		c.notes = "bob renames";
	}));
	const cft_conflict *conflict = cft_state_conflict(w.state, id.c_str());
	EXPECT_EQ(CFT_CONFLICT_RESOLVED, conflict->status);
	EXPECT_STREQ("carol", conflict->resolved_by);
	EXPECT_STREQ("bob renames", conflict->resolution_notes);
	EXPECT_EQ(w.now, conflict->resolved_us);
	EXPECT_EQ("conflict.resolved", w.Kinds());
	EXPECT_STREQ(id.c_str(), w.decision.subject_id);
	EXPECT_EQ(CFT_E_STATE, w.Do(CFT_CMD_RESOLVE, "carol", id));
}

TEST(Resolve, NeedsAStrategy)
{
	CoreWorld w;
	std::string id = Clash(w);

	EXPECT_EQ(CFT_E_INVALID, w.Do(CFT_CMD_RESOLVE, "carol", id,
	                              [](cft_command &c) { c.strategy = (cft_strategy)0; }));
	EXPECT_STREQ("STRATEGY_REQUIRED", w.err.reason);
}

TEST(Resolve, IsVoidedByAnEditOfEitherSide)
{
	for (const char *editor : {"int_1", "int_2"}) {
		CoreWorld w;
		std::string id = Clash(w);
		std::string agent = w.Intent(editor)->agent_id;
		ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "alice", id));
		ASSERT_EQ(0, w.Update(agent, editor, "ALTER TABLE users ADD COLUMN age bigint"));
		EXPECT_EQ("intent.updated conflict.reopened", w.Kinds());
		const cft_conflict *conflict = cft_state_conflict(w.state, id.c_str());
		EXPECT_EQ(CFT_CONFLICT_OPEN, conflict->status);
		EXPECT_STREQ("", conflict->resolved_by);
		EXPECT_EQ(2u, conflict->created_revision);
		EXPECT_TRUE(cft_state_blocked(w.state, w.Intent("int_1"), w.now));
	}
}

TEST(Resolve, StandsThroughEditsThatDoNotTouchTheSql)
{
	CoreWorld w;
	std::string id = Clash(w);

	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "alice", id));
	ASSERT_EQ(0, w.Do(CFT_CMD_UPDATE, "alice", "int_1",
	                  [](cft_command &c) { c.risk = CFT_RISK_HIGH; }));
	EXPECT_EQ(CFT_CONFLICT_RESOLVED, cft_state_conflict(w.state, id.c_str())->status);
}

TEST(Reopen, OpensAResolvedConflict)
{
	CoreWorld w;
	std::string id = Clash(w);

	EXPECT_EQ(CFT_E_STATE, w.Do(CFT_CMD_REOPEN, "bob", id));
	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "alice", id));
	ASSERT_EQ(0, w.Do(CFT_CMD_REOPEN, "bob", id));
	EXPECT_EQ("conflict.reopened", w.Kinds());
	EXPECT_TRUE(cft_state_blocked(w.state, w.Intent("int_2"), w.now));
}

TEST(Prove, KeepsTheEvidenceUntilOneOfTheTwoIsEdited)
{
	CoreWorld w;
	std::string id = Clash(w);
	auto evidence = [](cft_command &c) {
		c.proof_json = "{\"provable\":true}";
		c.proven_verdict = "neither";
		c.generation_a = c.generation_b = 1;
	};

	ASSERT_EQ(0, w.Do(CFT_CMD_PROVE, "carol", id, evidence));
	EXPECT_EQ("conflict.proven", w.Kinds());
	EXPECT_STREQ("neither", cft_state_conflict(w.state, id.c_str())->proven_verdict);
	ASSERT_EQ(0, w.Update("alice", "int_1", "ALTER TABLE users ADD COLUMN age bigint"));
	EXPECT_STREQ("", cft_state_conflict(w.state, id.c_str())->proof_json);
	EXPECT_EQ(CFT_E_ABORTED, w.Do(CFT_CMD_PROVE, "carol", id, evidence));
}

TEST(Check, LeavesOutOnesOwnIntentOrBranch)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT));

	EXPECT_EQ(1u, w.Check("alice", ADD_TEXT).size());
	EXPECT_TRUE(w.Check("alice", ADD_TEXT, {}, "int_1").empty());
	EXPECT_TRUE(w.Check("alice", ADD_TEXT, {}, nullptr, "feature/feature_001").empty());
	EXPECT_EQ(1u, w.Check("alice", ADD_TEXT, {}, nullptr, "main").size());
}

TEST(Check, WritesNothing)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT));
	uint64_t revision = cft_state_revision(w.state);

	auto found = w.Check("bob", ADD_TEXT);
	ASSERT_EQ(1u, found.size());
	EXPECT_STREQ("int_1", found[0]->intent_a);
	EXPECT_STREQ("", found[0]->intent_b);
	EXPECT_EQ(revision, cft_state_revision(w.state));
	EXPECT_TRUE(w.Conflicts().empty());
}

TEST(Base, TakesInWhatIsMergedAndReevaluatesTheOthers)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int);"
	                       "SELECT pg_catalog.set_config('search_path', '', false)"));
	ASSERT_EQ(0, w.Register("alice", "int_1", "ALTER TABLE users ADD COLUMN age int"));
	ASSERT_EQ(0, w.Register("bob", "int_2", "CREATE VIEW ages AS SELECT age FROM users"));
	ASSERT_EQ(1u, w.Conflicts().size());
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	ASSERT_EQ(0, w.Do(CFT_CMD_MERGE, "alice", "int_1"));
	EXPECT_EQ("intent.merged base.changed conflict.vanished", w.Kinds());
	EXPECT_STREQ("merge", cft_state_base(w.state)->source);
	EXPECT_TRUE(w.Conflicts().empty());
	cft_state_check_invariants(w.state);
	EXPECT_EQ(cft_state_base(w.state)->effects->n_statements, 4u);
}

// Another tool does not always do what was declared.
TEST(Base, TakesInWhatWasAppliedWhereThatIsSaid)
{
	CoreWorld w;
	auto merge = [&](const char *applied, bool force, const char *reason) {
		cft_plan plan = cft_test::MakePlan(&w.arena, applied);
		return w.Do(CFT_CMD_MERGE, "alice", "int_1", [&](cft_command &c) {
			c.plan.effects = plan.effects;
			c.force = force;
			c.reason = reason;
		});
	};
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	ASSERT_EQ(0, w.Register("alice", "int_1", "ALTER TABLE users ADD COLUMN age int"));
	ASSERT_EQ(0, w.Register("bob", "int_2", "CREATE VIEW ages AS SELECT age FROM users"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));

	EXPECT_EQ(CFT_E_CONFLICT,
	          merge("ALTER TABLE users ADD COLUMN age int; DROP TABLE x", false, ""));
	EXPECT_STREQ("APPLIED_DIFFERS", w.err.reason);
	EXPECT_EQ(CFT_E_CONFLICT, merge("ALTER TABLE users ADD COLUMN age text", false, ""));
	EXPECT_EQ(CFT_E_CONFLICT, merge("COMMENT ON TABLE users IS 'x'", false, ""));
	EXPECT_NE(0, merge("ALTER TABLE users ADD COLUMN years int", true, ""));
	EXPECT_EQ(CFT_INTENT_COMPLETED, w.Intent("int_1")->status);

	ASSERT_EQ(0, merge("ALTER TABLE users ADD COLUMN years int", true, "by hand"));
	const cft_effects *base = cft_state_base(w.state)->effects;
	EXPECT_STREQ("ALTER TABLE users ADD COLUMN years int",
	             base->statements[base->n_statements - 1].text);
	cft_state_check_invariants(w.state);
}

TEST(Base, TakesInWhatASketchDidNotSay)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	ASSERT_EQ(0, w.Register("alice", "int_1", "CREATE TABLE orders (id int, ...)"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	cft_plan plan = cft_test::MakePlan(&w.arena, "CREATE TABLE orders (id int, total int)");
	ASSERT_EQ(0, w.Do(CFT_CMD_MERGE, "alice", "int_1", [&](cft_command &c) {
		c.plan.effects = plan.effects;
	})) << w.err.message;
	EXPECT_TRUE(w.Check("bob", "ALTER TABLE orders DROP COLUMN total").empty());
}

TEST(Base, StaysUnsetWhereNoneWasSet)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", ADD_INT));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "alice", "int_1"));
	ASSERT_EQ(0, w.Do(CFT_CMD_MERGE, "alice", "int_1"));
	EXPECT_EQ("intent.merged", w.Kinds());
	EXPECT_EQ(nullptr, cft_state_base(w.state));
}

TEST(Base, ANewBaseReevaluatesAllIntents)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", "ALTER TABLE users RENAME COLUMN age TO years"));
	ASSERT_EQ(0, w.Register("bob", "int_2", "REFRESH MATERIALIZED VIEW ages"));

	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int, age int)"));
	EXPECT_EQ(0u, w.Kinds().find("base.changed"));
	EXPECT_EQ(w.decision.revision, cft_state_base(w.state)->revision);
	cft_state_check_invariants(w.state);
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int); CREATE TABLE orders (id int)"));
	EXPECT_EQ(2u, (size_t)cft_state_base(w.state)->effects->n_statements);
	cft_state_check_invariants(w.state);
}

TEST(Base, TellsWhatNobodyHas)
{
	CoreWorld w;
	cft_conflict_list missing = {};
	auto tell = [&](const char *id) {
		cft_state_missing(w.state, cft_state_intent(w.state, id), &w.arena, &missing);
		return missing.n ? missing.v[0]->objects.v[0] : "";
	};

	ASSERT_EQ(0, w.Register("alice", "int_1", "ALTER TABLE profiles ADD COLUMN bio text"));
	EXPECT_STREQ("", tell("int_1")); // without a base everything is taken to exist
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	EXPECT_STREQ("table public.profiles", tell("int_1"));
	EXPECT_EQ(CFT_SEVERITY_WARNING, missing.v[0]->severity);
	EXPECT_STREQ("missing_object", missing.v[0]->type);
	// What is done and awaits its merge lies over the base.
	ASSERT_EQ(0, w.Register("bob", "int_2", "CREATE TABLE profiles (id int)"));
	EXPECT_STREQ("", tell("int_1"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "bob", "int_2"));
	EXPECT_STREQ("", tell("int_1"));
}

// C made a table and waits for its merge: A and B are compared on it.
TEST(Completed, LiesUnderTheComparisonsOfOthers)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int PRIMARY KEY)"));
	ASSERT_EQ(0, w.Register("carol", "int_c",
	                        "CREATE TABLE posts (id int, owner int);"
	                        "CREATE VIEW owners AS SELECT owner FROM posts"));
	ASSERT_EQ(0, w.Register("alice", "int_a", "ALTER TABLE posts DROP COLUMN owner CASCADE"));
	ASSERT_EQ(0, w.Register("bob", "int_b", "COMMENT ON VIEW owners IS 'who'"));
	auto between = [&](const char *a, const char *b) {
		std::string kinds;
		for (const cft_conflict *c : w.Conflicts())
			if (c->intent_a == std::string(a) && c->intent_b == std::string(b))
				kinds += std::string(cft_class_text(
						 (cft_conflict_class)c->conflict_class)) +
				         " ";
		return kinds;
	};

	EXPECT_EQ("", between("int_a", "int_b")); // nobody knows yet that the view is C's
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "carol", "int_c", [](cft_command &c) {
		c.accept_risk = true;
		c.reason = "agreed";
	}));
	EXPECT_EQ("destructive ", between("int_a", "int_b"));
	EXPECT_NE(std::string::npos, w.Kinds().find("intent.completed conflict.detected"));
	cft_state_check_invariants(w.state);

	// A check sees it too.
	EXPECT_EQ(2u, w.Check("dave", "DROP VIEW owners").size() - 1);

	// Merged, it is the base's; nothing changes between the two.
	ASSERT_EQ(0, w.Do(CFT_CMD_MERGE, "carol", "int_c"));
	EXPECT_EQ("destructive ", between("int_a", "int_b"));
	cft_state_check_invariants(w.state);
}

TEST(Completed, LiesUnderNobodyOnceItIsAbandoned)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE posts (id int, owner int)"));
	ASSERT_EQ(0, w.Register("carol", "int_c", "CREATE VIEW owners AS SELECT owner FROM posts"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "carol", "int_c"));
	ASSERT_EQ(0, w.Register("alice", "int_a", "ALTER TABLE posts DROP COLUMN owner CASCADE"));
	ASSERT_EQ(0, w.Register("bob", "int_b", "COMMENT ON VIEW owners IS 'who'"));
	size_t with = w.Conflicts().size();
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "carol", "int_c"));
	EXPECT_LT(w.Conflicts().size(), with);
	for (const cft_conflict *c : w.Conflicts())
		ADD_FAILURE() << c->explanation;
	cft_state_check_invariants(w.state);
}

TEST(Completed, OfTwoMadeInAnyOrderTheOneThatMakesTheTableComesFirst)
{
	CoreWorld w;
	ASSERT_EQ(0, w.SetBase("CREATE TABLE users (id int)"));
	ASSERT_EQ(0, w.Register("carol", "int_2", "CREATE TABLE posts (id int)"));
	ASSERT_EQ(0, w.Register("dave", "int_1", "ALTER TABLE posts RENAME COLUMN id TO post_id"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "carol", "int_2"));
	ASSERT_EQ(0, w.Do(CFT_CMD_COMPLETE, "dave", "int_1"));
	ASSERT_EQ(0, w.Register("alice", "int_3", "CREATE INDEX ON posts (post_id)"));
	ASSERT_EQ(0, w.Register("bob", "int_4", "ALTER TABLE posts ADD COLUMN post_id int"));
	bool found = false; // bob's column is there already
	for (const cft_conflict *c : w.Conflicts())
		found = found || (c->intent_b == std::string("int_4"));
	EXPECT_TRUE(found);
	cft_state_check_invariants(w.state);
}
