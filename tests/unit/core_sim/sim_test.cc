// Simulation: random command sequences against the core, every invariant after every step.
// SPDX-License-Identifier: MIT
//
// A round starts from an empty project and a seed, which is printed when it fails. Settings:
// CFT_SIM_SEED repeats a round, CFT_SIM_ROUNDS runs more of them.
#include "tests/lib/core_world.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <set>

using cft_test::CoreWorld;
using cft_test::DumpState;
using cft_test::MakePlan;

namespace
{

const char *const kAgents[] = {"alice", "bob", "carol"};

const char *const kStatements[] = {
	"ALTER TABLE %t ADD COLUMN %c int",
	"ALTER TABLE %t ADD COLUMN %c text DEFAULT 'x'",
	"ALTER TABLE %t DROP COLUMN %c",
	"ALTER TABLE %t ALTER COLUMN %c SET DEFAULT 1",
	"ALTER TABLE %t ALTER COLUMN %c TYPE bigint",
	"ALTER TABLE %t RENAME COLUMN %c TO %d",
	"CREATE TABLE %t (id int PRIMARY KEY, %c int)",
	"CREATE TABLE IF NOT EXISTS %t (%c text)",
	"DROP TABLE %t",
	"CREATE INDEX ON %t (%c)",
	"CREATE INDEX i_%t ON %t (%d)",
	"CREATE VIEW v_%t AS SELECT %c FROM %t",
	"CREATE OR REPLACE FUNCTION f_%c() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	"ALTER TABLE %t ADD CONSTRAINT k_%c CHECK (%c > 0)",
	"ALTER TABLE %t RENAME TO %c",
};

const char *const kBases[] = {
	"CREATE TABLE t0 (id int, c0 int, c1 text); CREATE TABLE t1 (id int, c2 int)",
	"CREATE TABLE t0 (id int, c0 int); CREATE VIEW w AS SELECT c0 FROM t0",
	"CREATE TABLE t2 (id int, c0 int, c1 int, c2 int, c3 int)",
};

// What a conflict says, whoever came first.
std::string Meaning(const cft_conflict *c)
{
	bool swapped = strcmp(c->intent_a, c->intent_b) > 0;
	int order = c->order;

	if (swapped && order != CFT_ORDER_NONE)
		order = order == CFT_ORDER_A_FIRST ? CFT_ORDER_B_FIRST : CFT_ORDER_A_FIRST;
	std::string text = std::string(c->id) + " " + c->type + " " +
	                   std::to_string(c->conflict_class) + " " + std::to_string(c->severity) +
	                   " " + std::to_string(order);
	for (size_t i = 0; i < c->objects.n; i++)
		text += std::string(" ") + c->objects.v[i];
	return text;
}

std::set<std::string> Meanings(CoreWorld &w)
{
	std::set<std::string> set;
	cft_conflict_filter filter = {};
	cft_conflict_list list = {};

	filter.resolved = true;
	cft_state_list_conflicts(w.state, &filter, &w.arena, &list);
	for (size_t i = 0; i < list.n; i++)
		set.insert(Meaning(list.v[i]));
	return set;
}

// A finding as check and register both say it: without ids.
std::string Finding(const cft_conflict *c, const std::string &own_label)
{
	std::string text = std::string(c->intent_a) + " " + c->type + " " +
	                   std::to_string(c->conflict_class) + " " + std::to_string(c->severity) +
	                   " " + std::to_string(c->order) + " " + c->explanation;
	for (size_t i = 0; i < c->suggestions.n; i++)
		text += std::string(" ") + c->suggestions.v[i];
	for (size_t at; (at = text.find(own_label)) != std::string::npos;)
		text.erase(at, own_label.size());
	return text;
}

class Simulation
{
      public:
	explicit Simulation(uint64_t seed) : random(seed), follower(NewState())
	{
	}
	~Simulation()
	{
		cft_state_free(follower);
	}

	void Run(int steps)
	{
		for (int i = 0; i < steps && !::testing::Test::HasFailure(); i++) {
			if (Chance(5))
				RollbackGroup();
			else if (Chance(4))
				CommitGroup();
			else
				Step();
			AfterCommit();
		}
		CheckOrderIndependence();
		CheckAgainstEveryPair();
	}

	size_t commands = 0, refused = 0, groups = 0, replays = 0;

      private:
	struct Asked {
		cft_command command;
		uint64_t revision;
		std::string subject;
	};

	static cft_state *NewState()
	{
		cft_limits limits = cft_test::DefaultLimits();
		limits.max_live_intents_per_agent = 12;
		return cft_state_new("sim", &limits);
	}

	static cft_limits Limits()
	{
		cft_limits limits = cft_test::DefaultLimits();
		limits.max_live_intents_per_agent = 12;
		return limits;
	}

	bool Chance(unsigned one_in)
	{
		return random() % one_in == 0;
	}

	size_t Pick(size_t n)
	{
		return (size_t)(random() % n);
	}

	std::string Sql()
	{
		std::string sql;

		for (size_t n = 1 + Pick(2); n > 0; n--) {
			std::string one = kStatements[Pick(std::size(kStatements))];
			std::map<std::string, std::string> words = {
				{"%t", "t" + std::to_string(Pick(3))},
				{"%c", "c" + std::to_string(Pick(4))},
				{"%d", "c" + std::to_string(Pick(4))}};
			for (auto &[from, to] : words)
				for (size_t at; (at = one.find(from)) != std::string::npos;)
					one.replace(at, 2, to);
			sql += one + ";";
		}
		return sql;
	}

	cft_plan Plan()
	{
		std::vector<std::string> tables;
		std::string sql = Chance(8) ? "" : Sql();

		if (sql.empty() || Chance(6))
			tables.push_back("t" + std::to_string(Pick(3)));
		return MakePlan(&w.arena, sql, tables);
	}

	std::string AnyIntent()
	{
		return ids.empty() || Chance(30) ? "int_none" : ids[Pick(ids.size())];
	}

	std::string AnyConflict()
	{
		auto all = w.Conflicts(true);

		return all.empty() || Chance(30) ? "cfl_none" : all[Pick(all.size())]->id;
	}

	cft_command Random()
	{
		static const cft_command_kind often[] = {
			CFT_CMD_REGISTER, CFT_CMD_REGISTER, CFT_CMD_REGISTER, CFT_CMD_UPDATE,
			CFT_CMD_UPDATE,   CFT_CMD_START,    CFT_CMD_START,    CFT_CMD_COMPLETE,
			CFT_CMD_ABANDON,  CFT_CMD_RELEASE,  CFT_CMD_MERGE,    CFT_CMD_EXPIRE,
			CFT_CMD_RESOLVE,  CFT_CMD_RESOLVE,  CFT_CMD_REOPEN};
		cft_command c = {};

		c.kind = Chance(40) ? CFT_CMD_SET_BASE : often[Pick(std::size(often))];
		c.actor = kAgents[Pick(std::size(kAgents))];
		c.request_id = Chance(3) ? "" : w.Keep("req_" + std::to_string(++requests));
		memset(c.body_digest, (int)Pick(256), sizeof(c.body_digest));
		c.intent_id = w.Keep(AnyIntent());
		if (w.Intent(c.intent_id) && !Chance(4))
			c.actor = w.Intent(c.intent_id)->agent_id;
		c.conflict_id = w.Keep(AnyConflict());
		c.force = Chance(2);
		c.accept_risk = Chance(3);
		c.reason = Chance(3) ? "" : "because";
		c.fence = Chance(4) ? Pick(4) : 0;
		c.strategy = (cft_strategy)Pick(5);
		c.ttl_us = Chance(2) ? 0 : (int64_t)Pick(100) * 60000000;
		Fill(c);
		return c;
	}

	void Fill(cft_command &c)
	{
		if (c.kind == CFT_CMD_REGISTER) {
			c.intent_id = w.Keep("int_" + std::to_string(++registered));
			c.feature_name = w.Keep("f " + std::to_string(Pick(3)));
		}
		if (c.kind == CFT_CMD_REGISTER || c.kind == CFT_CMD_UPDATE) {
			c.plan = Plan();
			c.set_statements = c.set_tables = Chance(4) ? false : true;
		}
		if (c.kind == CFT_CMD_SET_BASE) {
			cft_base_schema *base = cft_arena_new(&w.arena, cft_base_schema);
			base->fingerprint = kBases[Pick(std::size(kBases))];
			base->source = "files";
			base->effects = MakePlan(&w.arena, base->fingerprint).effects;
			c.base = base;
		}
		if (c.kind == CFT_CMD_EXPIRE)
			c.actor = "";
	}

	void Step()
	{
		if (!asked.empty() && Chance(6)) {
			AskAgain();
			return;
		}
		cft_command command = Random();
		std::set<std::string> told;
		if (command.kind == CFT_CMD_REGISTER)
			told = CheckFirst(command);
		size_t before = w.log.size();
		int code = w.Decide(command);
		commands++;
		refused += code != 0;
		EXPECT_EQ(code == 0 ? before + 1 : before, w.log.size());
		if (code != 0)
			return;
		if (command.kind == CFT_CMD_REGISTER) {
			ids.push_back(command.intent_id);
			CheckTold(command, told);
		}
		if (command.request_id[0])
			asked.push_back({command, w.decision.revision, w.decision.subject_id});
	}

	// Invariant 6: the same request changes nothing; another under its id is refused.
	void AskAgain()
	{
		Asked again = asked[Pick(asked.size())];
		uint64_t revision = cft_state_revision(w.state);

		replays++;
		ASSERT_EQ(0, w.Decide(again.command));
		EXPECT_TRUE(w.decision.replayed);
		EXPECT_EQ(again.revision, w.decision.revision);
		EXPECT_EQ(again.subject, w.decision.subject_id);
		again.command.body_digest[7] ^= 1;
		EXPECT_EQ(CFT_E_EXISTS, w.Decide(again.command));
		EXPECT_EQ(revision, cft_state_revision(w.state));
	}

	// Invariant 3: check says what register says.
	std::set<std::string> CheckFirst(const cft_command &command)
	{
		cft_conflict_list list = {};
		std::set<std::string> told;

		cft_state_check(w.state, command.actor, &command.plan, nullptr, nullptr, w.now,
		                &w.arena, &list);
		for (size_t i = 0; i < list.n; i++)
			told.insert(Finding(list.v[i], "\x01"));
		return told;
	}

	void CheckTold(const cft_command &command, const std::set<std::string> &told)
	{
		std::set<std::string> detected;
		const cft_event *event = w.log.back();

		for (size_t i = 1; i < event->n_changes; i++) {
			ASSERT_EQ(CFT_CHANGE_CONFLICT_DETECTED, event->changes[i].kind);
			detected.insert(Finding(event->changes[i].conflict,
			                        std::string(" (") + command.intent_id + ")"));
		}
		EXPECT_EQ(told, detected);
	}

	void RollbackGroup()
	{
		std::string before = DumpState(w.state);
		size_t logged = w.log.size(), known = ids.size(), remembered = asked.size();

		groups++;
		cft_state_begin(w.state);
		for (size_t n = 1 + Pick(5); n > 0; n--)
			Step();
		cft_state_check_invariants(w.state);
		cft_state_rollback(w.state);
		EXPECT_EQ(before, DumpState(w.state));
		for (; w.log.size() > logged; w.log.pop_back())
			cft_event_unref(w.log.back());
		ids.resize(known);
		asked.resize(remembered);
	}

	void CommitGroup()
	{
		groups++;
		cft_state_begin(w.state);
		for (size_t n = 1 + Pick(5); n > 0; n--)
			Step();
		cft_state_commit(w.state);
	}

	void AfterCommit()
	{
		cft_state_check_invariants(w.state);
		Follow();
		std::string dump = DumpState(w.state);
		EXPECT_EQ(dump, DumpState(follower));
		CheckLoad(dump);
		if (Chance(25))
			CheckOrderIndependence();
		if (Chance(10))
			CheckAgainstEveryPair();
	}

	// Invariants 5, 7, 9, 12: what the log says, event by event; folding it gives the state.
	void Follow()
	{
		cft_err err = CFT_ERR_INIT;

		for (; followed < w.log.size(); followed++) {
			const cft_event *event = w.log[followed];
			ASSERT_EQ(followed + 1, event->revision);
			for (size_t i = 0; i < event->n_changes; i++)
				if (event->changes[i].intent)
					Watch(event->changes[i].intent);
			ASSERT_EQ(0, cft_state_apply(follower, event, &err)) << err.message;
		}
	}

	void Watch(const cft_intent *now)
	{
		auto [known, fresh] = seen.try_emplace(now->id, *now);
		cft_intent &before = known->second;

		if (fresh) {
			EXPECT_EQ(CFT_INTENT_REGISTERED, now->status);
			EXPECT_TRUE(branches.insert(now->branch_name).second) << now->branch_name;
			return;
		}
		if (before.status != now->status) {
			EXPECT_TRUE(cft_intent_may_move(before.status, now->status));
		}
		bool started = now->status == CFT_INTENT_IN_PROGRESS &&
		               before.status != CFT_INTENT_IN_PROGRESS;
		EXPECT_EQ(before.fence + (started ? 1 : 0), now->fence);
		EXPECT_LE(before.generation, now->generation);
		before = *now;
	}

	void CheckLoad(const std::string &expected)
	{
		cft_state *loaded = NewState();
		auto conflicts = w.Conflicts(true);
		std::vector<std::string> order = ids;

		std::shuffle(conflicts.begin(), conflicts.end(), random);
		std::shuffle(order.begin(), order.end(), random);
		for (const cft_conflict *conflict : conflicts)
			cft_state_load_conflict(loaded, conflict);
		for (const std::string &id : order)
			cft_state_load_intent(loaded, w.Intent(id));
		if (cft_state_base(w.state))
			cft_state_load_base(loaded, cft_state_base(w.state));
		for (const cft_event *event : w.log)
			if (event->request_id[0])
				cft_state_load_request(loaded, event->request_id,
				                       event->request_digest, event->revision,
				                       cft_event_subject(event), event->time_us);
		cft_state_load_done(loaded, cft_state_revision(w.state));
		EXPECT_EQ(expected, DumpState(loaded));
		cft_state_free(loaded);
	}

	std::vector<const cft_intent *> Live()
	{
		std::vector<const cft_intent *> live;

		for (const std::string &id : ids)
			if (!cft_intent_is_terminal(w.Intent(id)->status))
				live.push_back(w.Intent(id));
		return live;
	}

	// Invariant 4: the same live intents on the same base, in another order of arrival.
	void CheckOrderIndependence()
	{
		cft_limits limits = cft_test::DefaultLimits();
		CoreWorld other(limits);
		auto live = Live();

		std::shuffle(live.begin(), live.end(), random);
		size_t base_at = Pick(live.size() + 1);
		for (size_t i = 0; i <= live.size(); i++) {
			if (i == base_at && cft_state_base(w.state))
				other.Do(CFT_CMD_SET_BASE, "", "",
				         [&](cft_command &c) { c.base = cft_state_base(w.state); });
			if (i < live.size())
				other.Do(CFT_CMD_REGISTER, live[i]->agent_id, live[i]->id,
				         [&](cft_command &c) {
						 c.plan.effects =
							 cft_intent_effects(live[i], &w.arena);
						 c.plan.statements = live[i]->statements;
						 c.plan.tables_declared = live[i]->tables_declared;
					 });
		}
		std::shuffle(live.begin(), live.end(), random);
		for (const cft_intent *intent : live)
			if (intent->status == CFT_INTENT_COMPLETED)
				other.Do(CFT_CMD_COMPLETE, intent->agent_id, intent->id,
				         [](cft_command &c) {
						 c.accept_risk = true;
						 c.reason = "it is";
					 });
		EXPECT_EQ(Meanings(w), Meanings(other));
	}

	// Invariant 2, and the index: every pair compared without it gives the same conflicts.
	void CheckAgainstEveryPair()
	{
		const cft_base_schema *base = cft_state_base(w.state);
		cft_base *model = base ? cft_base_new(base->effects) : nullptr;
		std::map<std::string, std::string> expected;
		std::set<std::string> found;
		auto live = Live();

		for (size_t i = 0; i < live.size(); i++)
			for (size_t j = i + 1; j < live.size(); j++)
				TryPair(live, live[i], live[j], model, expected);
		for (const cft_conflict *conflict : w.Conflicts(true)) {
			if (conflict->status == CFT_CONFLICT_VANISHED)
				continue;
			EXPECT_TRUE(expected.count(conflict->id)) << conflict->explanation;
			found.insert(conflict->id);
		}
		for (auto &[id, text] : expected)
			EXPECT_TRUE(found.count(id)) << "missed: " << text << " on "
						     << (base ? base->fingerprint : "no base");
		cft_base_free(model);
	}

	using Keys = std::map<std::string, bool>;

	Keys KeysOf(const cft_intent *intent, const cft_base *model)
	{
		cft_conflict_key *v = nullptr;
		size_t n = 0;
		Keys keys;

		cft_conflict_keys(cft_intent_effects(intent, &w.arena), model, &w.arena, &v, &n);
		for (size_t i = 0; i < n; i++)
			keys[v[i].text] = v[i].strong;
		return keys;
	}

	// They share a key that is strong on one side: what makes a pair worth comparing.
	static bool Meet(const Keys &a, const Keys &b)
	{
		return std::any_of(a.begin(), a.end(), [&](const auto &key) {
			auto other = b.find(key.first);
			return other != b.end() && (key.second || other->second);
		});
	}

	// The base with the completed intents over it that have to do with one of `pair`.
	cft_base *Over(const std::vector<const cft_intent *> &live,
	               const std::vector<const cft_intent *> &pair, const cft_base *model)
	{
		std::map<std::string, const cft_effects *> under;
		std::vector<const cft_effects *> lists;

		for (const cft_intent *intent : live)
			for (const cft_intent *of : pair)
				if (intent->status == CFT_INTENT_COMPLETED &&
				    std::find(pair.begin(), pair.end(), intent) == pair.end() &&
				    Meet(KeysOf(intent, model), KeysOf(of, model)))
					under[intent->id] = cft_intent_effects(intent, &w.arena);
		for (auto &[id, effects] : under)
			lists.push_back(effects);
		return lists.empty() ? nullptr : cft_base_over(model, lists.data(), lists.size());
	}

	Keys AllKeys(const std::vector<const cft_intent *> &live, const cft_intent *intent,
	             const cft_base *model)
	{
		Keys keys = KeysOf(intent, model);
		cft_base *over = Over(live, {intent}, model);

		for (auto &[text, strong] : over ? KeysOf(intent, over) : Keys())
			keys[text] = keys[text] || strong;
		cft_base_free(over);
		return keys;
	}

	void TryPair(const std::vector<const cft_intent *> &live, const cft_intent *a,
	             const cft_intent *b, const cft_base *model,
	             std::map<std::string, std::string> &expected)
	{
		if (!Meet(AllKeys(live, a, model), AllKeys(live, b, model)))
			return;
		cft_base *over = Over(live, {a, b}, model);
		ComparePair(a, b, over ? over : model, expected);
		cft_base_free(over);
	}

	void ComparePair(const cft_intent *a, const cft_intent *b, const cft_base *model,
	                 std::map<std::string, std::string> &expected)
	{
		cft_comparison result = {};
		char id[CFT_CONFLICT_ID_SIZE];

		cft_compare_options names = {a->id, b->id};
		cft_conflict_compare(cft_intent_effects(a, &w.arena),
		                     cft_intent_effects(b, &w.arena), model, &names, &w.arena,
		                     &result);
		for (size_t i = 0; i < result.n_findings; i++) {
			const cft_finding &f = result.findings[i];
			if (f.severity == CFT_SEVERITY_NONE)
				continue;
			cft_conflict_id(a->id, b->id, f.conflict_type,
			                f.n_objects ? f.objects[0] : "", id);
			expected[id] = Text(a) + " AND " + Text(b) + ": " + f.explanation;
		}
	}

	static std::string Text(const cft_intent *intent)
	{
		std::string text;

		for (size_t i = 0; i < intent->statements.n; i++)
			text += std::string(intent->statements.v[i]) + "; ";
		for (size_t i = 0; i < intent->tables_declared.n; i++)
			text += std::string("declares ") + intent->tables_declared.v[i] + "; ";
		return text;
	}

	std::mt19937_64 random;
	CoreWorld w{Limits()};
	cft_state *follower;
	size_t followed = 0;
	int registered = 0, requests = 0;
	std::vector<std::string> ids;
	std::vector<Asked> asked;
	std::map<std::string, cft_intent> seen; // the last record of each intent, by value
	std::set<std::string> branches;
};

uint64_t Setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, nullptr, 10) : otherwise;
}

} // namespace

TEST(Simulation, KeepsEveryInvariantThroughRandomCommands)
{
	bool repeat = getenv("CFT_SIM_SEED") != nullptr;
	uint64_t first = Setting("CFT_SIM_SEED", std::random_device()());
	uint64_t rounds = repeat ? 1 : Setting("CFT_SIM_ROUNDS", 60);
	size_t commands = 0, refused = 0, groups = 0, replays = 0;

	for (uint64_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
		SCOPED_TRACE("repeat with CFT_SIM_SEED=" + std::to_string(seed));
		Simulation simulation(seed);
		simulation.Run(60);
		commands += simulation.commands;
		refused += simulation.refused;
		groups += simulation.groups;
		replays += simulation.replays;
	}
	printf("seeds from %llu: %zu commands, %zu refused, %zu groups, %zu asked again\n",
	       (unsigned long long)first, commands, refused, groups, replays);
}
