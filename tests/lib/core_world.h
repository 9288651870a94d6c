// CoreWorld: one project's coordination state with a clock of its own, for tests of the core.
// SPDX-License-Identifier: MIT
//
// Commands are made from SQL text with the real analyzer; each one that succeeds adds its event to
// `log`. Everything lives as long as the world.
#pragma once

#include "common/sql/effect/analyze.h"
#include "server/core/state.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cft_test
{

inline cft_limits DefaultLimits()
{
	const int64_t minute = 60 * INT64_C(1000000);
	cft_limits limits = {};

	limits.lease_min_us = minute;
	limits.lease_default_us = 15 * minute;
	limits.lease_max_us = 24 * 60 * minute;
	limits.stale_after_us = 7 * 24 * 60 * minute;
	return limits;
}

// A list of strings as the core takes them, in an arena.
inline cft_strings Strings(cft_arena *arena, const std::vector<std::string> &from)
{
	cft_strings strings = {cft_arena_array(arena, const char *, from.size()), from.size()};

	for (size_t i = 0; i < from.size(); i++)
		strings.v[i] = cft_arena_strdup(arena, from[i].c_str());
	return strings;
}

inline cft_plan MakePlan(cft_arena *arena, const std::string &sql,
                         const std::vector<std::string> &tables = {})
{
	cft_effects *effects = cft_arena_new(arena, cft_effects);
	cft_plan plan = {};
	cft_analyze_options options = {};
	cft_err err = CFT_ERR_INIT;

	plan.tables_declared = Strings(arena, tables);
	options.parse.sketch = options.parse.opaque = true;
	options.tables = plan.tables_declared.v;
	options.n_tables = plan.tables_declared.n;
	if (cft_sql_analyze(sql.data(), sql.size(), &options, arena, effects, &err) != 0)
		throw std::runtime_error(sql + ": " + err.message);
	plan.effects = effects;
	std::vector<std::string> texts;
	for (size_t i = 0; i < effects->n_statements; i++)
		texts.push_back(effects->statements[i].text);
	plan.statements = Strings(arena, texts);
	return plan;
}

class CoreWorld
{
      public:
	explicit CoreWorld(const cft_limits &limits = DefaultLimits())
	    : state(cft_state_new("test", &limits))
	{
		cft_arena_init(&arena);
	}
	CoreWorld(const CoreWorld &) = delete;
	CoreWorld &operator=(const CoreWorld &) = delete;
	~CoreWorld()
	{
		cft_state_free(state);
		for (const cft_event *event : log)
			cft_event_unref(event);
		cft_arena_release(&arena);
	}

	// A command about an intent (or, for resolve and reopen, a conflict), changed by `edit`.
	using Edit = std::function<void(cft_command &)>;
	int Do(cft_command_kind kind, const std::string &actor, const std::string &id,
	       const Edit &edit = nullptr)
	{
		bool about_conflict =
			kind == CFT_CMD_RESOLVE || kind == CFT_CMD_REOPEN || kind == CFT_CMD_PROVE;
		cft_command command = {};

		command.kind = kind;
		command.actor = Keep(actor);
		command.request_id = "";
		(about_conflict ? command.conflict_id : command.intent_id) = Keep(id);
		if (kind == CFT_CMD_RESOLVE)
			command.strategy = CFT_STRATEGY_SEQUENCE;
		if (edit)
			edit(command);
		return Decide(command);
	}

	int Decide(const cft_command &command)
	{
		err = CFT_ERR_INIT;
		now += 1000;
		int code = cft_state_decide(state, &command, now, &arena, &decision, &err);
		if (code == 0 && decision.event)
			log.push_back(const_cast<cft_event *>(decision.event));
		return code;
	}

	int Register(const std::string &agent, const std::string &id, const std::string &sql,
	             const std::vector<std::string> &tables = {}, const Edit &edit = nullptr)
	{
		cft_plan plan = MakePlan(&arena, sql, tables);
		return Do(CFT_CMD_REGISTER, agent, id, [&](cft_command &c) {
			c.plan = plan;
			c.feature_name = "feature";
			if (edit)
				edit(c);
		});
	}

	int Update(const std::string &agent, const std::string &id, const std::string &sql,
	           const Edit &edit = nullptr)
	{
		cft_plan plan = MakePlan(&arena, sql);
		return Do(CFT_CMD_UPDATE, agent, id, [&](cft_command &c) {
			c.plan = plan;
			c.set_statements = c.set_tables = true;
			if (edit)
				edit(c);
		});
	}

	int SetBase(const std::string &sql)
	{
		cft_plan plan = MakePlan(&arena, sql);
		cft_base_schema base = {};
		base.fingerprint = Keep(sql);
		base.source = "files";
		base.effects = plan.effects;
		return Do(CFT_CMD_SET_BASE, "", "", [&](cft_command &c) { c.base = &base; });
	}

	const cft_intent *Intent(const std::string &id) const
	{
		return cft_state_intent(state, id.c_str());
	}

	std::vector<const cft_conflict *> Conflicts(bool closed = false)
	{
		cft_conflict_filter filter = {};
		cft_conflict_list list = {};

		filter.resolved = filter.vanished = closed;
		cft_state_list_conflicts(state, &filter, &arena, &list);
		return {list.v, list.v + list.n};
	}

	std::vector<const cft_conflict *> Check(const std::string &agent, const std::string &sql,
	                                        const std::vector<std::string> &tables = {},
	                                        const char *own_id = nullptr,
	                                        const char *own_branch = nullptr)
	{
		cft_plan plan = MakePlan(&arena, sql, tables);
		cft_conflict_list list = {};

		cft_state_check(state, agent.c_str(), &plan, own_id, own_branch, now, &arena,
		                &list);
		return {list.v, list.v + list.n};
	}

	// The kinds of the last event's changes: "intent.registered conflict.detected".
	std::string Kinds() const
	{
		std::string kinds;

		for (size_t i = 0; !log.empty() && i < log.back()->n_changes; i++)
			kinds += std::string(i ? " " : "") +
			         cft_change_kind_name(log.back()->changes[i].kind);
		return kinds;
	}

	const char *Keep(const std::string &text)
	{
		return cft_arena_strdup(&arena, text.c_str());
	}

	cft_state *state;
	cft_arena arena;
	int64_t now = INT64_C(1700000000000000);
	cft_decision decision = {};
	cft_err err = CFT_ERR_INIT;
	std::vector<cft_event *> log; // a reference each
};

// Everything that the state holds, as text: two states are equal if their texts are.
std::string DumpState(const cft_state *state);

} // namespace cft_test
