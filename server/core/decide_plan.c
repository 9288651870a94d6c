/* Register and update: what an intent plans, declared and changed.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"
#include "server/core/rules.h"

#include <assert.h>
#include <string.h>

static int need_room(struct cft_decide *d)
{
	size_t limit = d->state->limits.max_live_intents_per_agent;

	if (limit == 0 || cft_agent_live(d->state, d->command->actor) < limit)
		return 0;
	cft_fail_reason(d->err, CFT_E_LIMIT, "TOO_MANY_INTENTS",
	                "agent %s has %zu unfinished intents, the most that are allowed",
	                d->command->actor, limit);
	cft_err_hint(d->err, "complete, merge or abandon some first");
	return CFT_E_LIMIT;
}

static int need_new_intent(struct cft_decide *d)
{
	const struct cft_command *command = d->command;

	assert(cft_or_empty(command->intent_id)[0]);
	if (!cft_or_empty(command->actor)[0])
		return cft_fail_reason(d->err, CFT_E_INVALID, "AGENT_REQUIRED",
		                       "an intent needs an agent id");
	if (cft_find_intent(d->state, command->intent_id))
		return cft_fail(d->err, CFT_E_EXISTS, "intent id %s is taken", command->intent_id);
	return need_room(d);
}

static bool is_sketch(const struct cft_effects *effects)
{
	for (size_t i = 0; effects && i < effects->n_statements; i++)
		if (effects->statements[i].sketch)
			return true;
	return false;
}

static bool is_opaque(const struct cft_effects *effects)
{
	for (size_t i = 0; effects && i < effects->n_statements; i++)
		if (cft_or_empty(effects->statements[i].opaque)[0])
			return true;
	return false;
}

/* Takes over the plan; the tables follow from it. */
static void set_plan(struct cft_decide *d, struct cft_intent *draft,
                     const struct cft_effects *effects)
{
	draft->effects = effects;
	draft->dense = NULL;
	draft->sketch = is_sketch(effects);
	draft->opaque = is_opaque(effects);
	cft_intent_tables(effects, &draft->tables_declared, d->arena, &draft->tables_affected);
}

static struct cft_intent new_intent(struct cft_decide *d)
{
	const struct cft_command *command = d->command;
	struct cft_intent draft = {
		.id = command->intent_id,
		.agent_id = command->actor,
		.feature_name = cft_or_empty(command->feature_name),
		.statements = command->plan.statements,
		.tables_declared = command->plan.tables_declared,
		.risk = command->risk ? command->risk : CFT_RISK_LOW,
		.estimated_us = command->estimated_us,
		.status = CFT_INTENT_REGISTERED,
		.generation = 1,
		.metadata_json = cft_or_empty(command->metadata_json),
		.created_us = d->now_us,
		.created_revision = d->state->revision + 1,
	};

	draft.branch_name = cft_branch_next(d->state, draft.feature_name, d->arena);
	set_plan(d, &draft, command->plan.effects);
	return draft;
}

/* Settled first: in the index its keys are known. */
static void detect_plan(struct cft_decide *d, const struct cft_intent *intent)
{
	struct cft_drafts drafts;

	cft_settle(d);
	cft_detect(d->state, intent, "", d->arena, &drafts);
	cft_emit_redetected(d, intent, &drafts, true);
}

int cft_decide_register(struct cft_decide *d)
{
	int code = need_new_intent(d);

	if (code != 0)
		return code;
	const struct cft_intent *intent =
		cft_emit_intent(d, CFT_CHANGE_INTENT_REGISTERED, new_intent(d));
	detect_plan(d, intent);
	return 0;
}

/* -- update -- */

static bool same_strings(const struct cft_strings *a, const struct cft_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static int need_fresh(struct cft_decide *d, const struct cft_intent *intent)
{
	uint64_t seen = d->command->etag_revision;

	if (seen == 0 || seen == intent->updated_revision)
		return 0;
	cft_fail_reason(d->err, CFT_E_ABORTED, "ETAG_MISMATCH",
	                "intent %s was changed at revision %llu, after what the request knows",
	                intent->id, (unsigned long long)intent->updated_revision);
	cft_err_hint(d->err, "read the intent again and repeat the change");
	return CFT_E_ABORTED;
}

static void keep_or_set(struct cft_intent *draft, const struct cft_command *command)
{
	if (cft_or_empty(command->feature_name)[0])
		draft->feature_name = command->feature_name;
	if (cft_or_empty(command->metadata_json)[0])
		draft->metadata_json = command->metadata_json;
	if (command->risk)
		draft->risk = command->risk;
	if (command->estimated_us)
		draft->estimated_us = command->estimated_us;
	if (command->set_statements)
		draft->statements = command->plan.statements;
	if (command->set_tables)
		draft->tables_declared = command->plan.tables_declared;
}

int cft_decide_update(struct cft_decide *d)
{
	const struct cft_intent *intent = NULL;
	int code = cft_need_intent(d, &intent);

	if (code == 0)
		code = cft_need_rule(d, intent, false);
	if (code == 0)
		code = need_fresh(d, intent);
	if (code != 0)
		return code;
	struct cft_intent draft = *intent;
	keep_or_set(&draft, d->command);
	bool planned = !same_strings(&draft.statements, &intent->statements) ||
	               !same_strings(&draft.tables_declared, &intent->tables_declared);
	if (planned) {
		draft.generation++;
		draft.approval = CFT_APPROVAL_NONE;
		draft.approval_by = draft.approval_notes = draft.approval_digest = "";
		draft.approval_us = 0;
		set_plan(d, &draft, d->command->plan.effects);
	}
	const struct cft_intent *after = cft_emit_intent(d, CFT_CHANGE_INTENT_UPDATED, draft);
	if (planned)
		detect_plan(d, after);
	return 0;
}
