// Queries: lists with their filters, claims, and the order of all open intents.
// SPDX-License-Identifier: MIT
#include "tests/lib/core_world.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

using cft_test::CoreWorld;

namespace
{

std::string List(CoreWorld &w, const cft_intent_filter &filter)
{
	cft_intent_list list = {};
	std::string ids;

	cft_state_list_intents(w.state, &filter, &w.arena, &list);
	for (size_t i = 0; i < list.n; i++)
		ids += (i ? " " : "") + std::string(list.v[i]->id);
	return ids;
}

// "int_1 add; int_2 use": who claims the object, and how.
std::string Claims(CoreWorld &w, const std::string &object)
{
	cft_claim_list list = {};
	std::string text;

	cft_state_claims(w.state, object.c_str(), &w.arena, &list);
	for (size_t i = 0; i < list.n; i++)
		text += std::string(i ? "; " : "") + list.v[i].intent->id + " " +
		        list.v[i].operation;
	return text;
}

struct Order {
	std::string steps, blocked;
};

Order Plan(CoreWorld &w)
{
	cft_intent_order order = {};
	Order text;

	cft_state_order(w.state, w.now, &w.arena, &order);
	for (size_t i = 0; i < order.n_steps; i++) {
		text.steps += std::string(i ? " " : "") + order.steps[i].intent->id;
		for (size_t k = 0; k < order.steps[i].after.n; k++)
			text.steps += std::string("<") + order.steps[i].after.v[k];
	}
	for (size_t i = 0; i < order.n_blocked; i++) {
		text.blocked += i ? " |" : "";
		for (size_t k = 0; k < order.blocked[i].intents.n; k++)
			text.blocked += std::string(" ") + order.blocked[i].intents.v[k];
	}
	return text;
}

void Add(CoreWorld &w, const char *agent, const char *id, const char *sql)
{
	ASSERT_EQ(0, w.Register(agent, id, sql)) << w.err.message;
}

} // namespace

TEST(ListIntents, FiltersByStatusAgentAndTableInOrderOfRegistration)
{
	CoreWorld w;
	Add(w, "bob", "int_9", "ALTER TABLE users ADD COLUMN a int");
	Add(w, "alice", "int_5", "ALTER TABLE public.users ADD COLUMN b int");
	Add(w, "bob", "int_7", "CREATE TABLE app.users (i int)");
	Add(w, "bob", "int_1", "CREATE INDEX ON users (a)");
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "bob", "int_7"));
	cft_intent_filter filter = {};

	EXPECT_EQ("int_9 int_5 int_7 int_1", List(w, filter));
	filter.agent_id = "bob";
	EXPECT_EQ("int_9 int_7 int_1", List(w, filter));
	filter.status_mask = 1u << CFT_INTENT_ABANDONED;
	EXPECT_EQ("int_7", List(w, filter));
	filter = {};
	filter.table = "users";
	EXPECT_EQ("int_9 int_5 int_1", List(w, filter));
	filter.table = "public.users";
	EXPECT_EQ("int_9 int_5 int_1", List(w, filter));
	filter.table = "app.users";
	EXPECT_EQ("int_7", List(w, filter));
}

TEST(ListConflicts, FiltersByIntentAgentStatusAndSeverity)
{
	CoreWorld w;
	Add(w, "alice", "int_1", "ALTER TABLE users ADD COLUMN a int");
	Add(w, "bob", "int_2", "ALTER TABLE users ADD COLUMN a text");
	Add(w, "carol", "int_3", "ALTER TABLE users ADD COLUMN a date");
	cft_conflict_filter filter = {};
	cft_conflict_list list = {};
	auto count = [&] {
		cft_state_list_conflicts(w.state, &filter, &w.arena, &list);
		return list.n;
	};

	EXPECT_EQ(3u, count());
	filter.intent_id = "int_1";
	EXPECT_EQ(2u, count());
	filter.agent_id = "carol";
	EXPECT_EQ(1u, count());
	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "carol", list.v[0]->id));
	EXPECT_EQ(0u, count());
	filter.resolved = true;
	EXPECT_EQ(1u, count());
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "carol", "int_3"));
	EXPECT_EQ(0u, count());
	filter.vanished = true;
	EXPECT_EQ(1u, count());
	filter = {};
	filter.min_severity = CFT_SEVERITY_ERROR + 1;
	EXPECT_EQ(0u, count());
	filter.min_severity = CFT_SEVERITY_ERROR;
	filter.intent_id = "int_none";
	EXPECT_EQ(0u, count());
}

TEST(Claims, TellWhoTouchesAnObjectAndItsParts)
{
	CoreWorld w;
	Add(w, "alice", "int_1", "ALTER TABLE users ADD COLUMN age int");
	Add(w, "bob", "int_2", "ALTER TABLE public.users ALTER COLUMN age SET NOT NULL");
	Add(w, "carol", "int_3", "ALTER TABLE usersx ADD COLUMN age int");
	Add(w, "dave", "int_4", "DROP TABLE orders");
	Add(w, "erin", "int_5", "CREATE VIEW adults AS SELECT name FROM users WHERE age > 17");

	EXPECT_EQ("int_1 create; int_2 alter; int_5 use", Claims(w, "public.users.age"));
	EXPECT_EQ("int_1 create; int_2 alter; int_5 use", Claims(w, "column users.age"));
	EXPECT_EQ("int_5 use", Claims(w, "users.name"));
	EXPECT_EQ("int_4 drop", Claims(w, "orders.total"));
	EXPECT_EQ("int_3 create", Claims(w, "usersx"));
	EXPECT_EQ("int_5 create", Claims(w, "view adults"));
	EXPECT_EQ("", Claims(w, "app.users"));
	EXPECT_EQ("", Claims(w, ""));
	ASSERT_EQ(0, w.Do(CFT_CMD_ABANDON, "alice", "int_1"));
	EXPECT_EQ("int_2 alter; int_5 use", Claims(w, "users.age"));
}

TEST(Claims, ShowADeclaredTable)
{
	CoreWorld w;
	ASSERT_EQ(0, w.Register("alice", "int_1", "", {"users"}));

	EXPECT_EQ("int_1 touch", Claims(w, "users"));
	EXPECT_EQ("int_1 touch", Claims(w, "public.users.age"));
}

TEST(Order, PutsUsersBeforeTheRename)
{
	CoreWorld w;
	Add(w, "alice", "int_1", "ALTER TABLE users RENAME COLUMN age TO years");
	Add(w, "bob", "int_2", "CREATE INDEX age_i ON users (age)");
	Add(w, "carol", "int_3", "CREATE TABLE other (i int)");

	Order order = Plan(w);
	EXPECT_EQ("int_2 int_3 int_1<int_2", order.steps);
	EXPECT_EQ("", order.blocked);
}

TEST(Order, SetsAsideWhatNoOrderSolvesUntilItIsResolved)
{
	CoreWorld w;
	Add(w, "alice", "int_1", "ALTER TABLE users ADD COLUMN age int");
	Add(w, "bob", "int_2", "ALTER TABLE users ADD COLUMN age text");
	Add(w, "carol", "int_3", "CREATE TABLE other (i int)");

	EXPECT_EQ("int_3", Plan(w).steps);
	EXPECT_EQ(" int_1 int_2", Plan(w).blocked);
	ASSERT_EQ(0, w.Do(CFT_CMD_RESOLVE, "bob", w.Conflicts()[0]->id));
	EXPECT_EQ("int_1 int_2 int_3", Plan(w).steps);
	EXPECT_EQ("", Plan(w).blocked);
}

TEST(Order, FindsACircleAndPlacesTheRest)
{
	CoreWorld w;
	Add(w, "alice", "int_1", "ALTER TABLE a RENAME COLUMN x TO y; CREATE INDEX ib ON b (x)");
	Add(w, "bob", "int_2", "ALTER TABLE b RENAME COLUMN x TO y; CREATE INDEX ic ON c (x)");
	Add(w, "carol", "int_3", "ALTER TABLE c RENAME COLUMN x TO y; CREATE INDEX ia ON a (x)");
	Add(w, "dave", "int_4", "CREATE TABLE other (i int)");

	Order order = Plan(w);
	EXPECT_EQ("int_4", order.steps);
	EXPECT_EQ(3, std::count(order.blocked.begin(), order.blocked.end(), '_')) << order.blocked;
}

// The plan is made of what detection has found already: no SQL is compared, so that it may run
// where every other read runs.
TEST(Order, OfThirtyIntentsRespectsEveryConflictThatHasAnOrder)
{
	CoreWorld w;
	for (int i = 0; i < 9; i++) { // each three: the view's user first, then the rename, by name
		std::string n = std::to_string(i), t = "t" + n;
		Add(w, "alice", ("int_a" + n).c_str(),
		    ("ALTER TABLE " + t + " RENAME COLUMN c TO d").c_str());
		Add(w, "bob", ("int_b" + n).c_str(),
		    ("CREATE VIEW v" + n + " AS SELECT c FROM " + t).c_str());
		Add(w, "carol", ("int_c" + n).c_str(),
		    ("ALTER TABLE " + t + " ADD COLUMN e int").c_str());
	}
	Add(w, "dave", "int_x", "ALTER TABLE users ADD COLUMN age int");
	Add(w, "erin", "int_y", "ALTER TABLE users ADD COLUMN age text");
	Add(w, "frank", "int_z", "CREATE TABLE alone (id int)");
	cft_intent_order order = {};
	std::map<std::string, size_t> place;

	cft_state_order(w.state, w.now, &w.arena, &order);
	for (size_t i = 0; i < order.n_steps; i++)
		place[order.steps[i].intent->id] = i;
	EXPECT_EQ(28u, place.size());
	ASSERT_EQ(1u, order.n_blocked);
	EXPECT_STREQ("int_x", order.blocked[0].intents.v[0]);
	EXPECT_STREQ("int_y", order.blocked[0].intents.v[1]);
	EXPECT_NE(0u, strlen(order.blocked[0].reason));
	size_t ordered = 0;
	for (const cft_conflict *conflict : w.Conflicts()) {
		if (conflict->order == CFT_ORDER_NONE)
			continue;
		bool a_first = conflict->order == CFT_ORDER_A_FIRST;
		EXPECT_EQ(a_first, place[conflict->intent_a] < place[conflict->intent_b])
			<< conflict->explanation;
		ordered++;
	}
	EXPECT_LE(9u, ordered);
}
