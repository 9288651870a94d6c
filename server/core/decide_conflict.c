/* Resolve, reopen, prove, and the base schema.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"

#include "server/core/rules.h"

#include <assert.h>

static int need_conflict(struct cft_decide *d, enum cft_conflict_status status,
                         const struct cft_conflict **ret)
{
	const char *id = cft_or_empty(d->command->conflict_id);
	const struct cft_conflict *conflict = cft_state_conflict(d->state, id);

	if (!conflict)
		return cft_fail_reason(d->err, CFT_E_NOT_FOUND, "CONFLICT_NOT_FOUND",
		                       "no conflict %s in project %s", id, d->state->project);
	if (conflict->status != status)
		return cft_fail(d->err, CFT_E_STATE, "cannot %s conflict %s: it is %s",
		                cft_command_name(d->command->kind), id,
		                cft_conflict_status_name(conflict->status));
	*ret = conflict;
	return 0;
}

static struct cft_conflict resolved(const struct cft_decide *d, const struct cft_conflict *conflict)
{
	struct cft_conflict draft = *conflict;

	draft.status = CFT_CONFLICT_RESOLVED;
	draft.strategy = d->command->strategy;
	draft.resolution_notes = cft_or_empty(d->command->notes);
	draft.resolved_by = cft_or_empty(d->command->actor);
	draft.resolved_us = d->now_us;
	draft.generation_a = cft_state_intent(d->state, conflict->intent_a)->generation;
	draft.generation_b = cft_state_intent(d->state, conflict->intent_b)->generation;
	return draft;
}

int cft_decide_resolve(struct cft_decide *d)
{
	const struct cft_conflict *conflict = NULL;
	int code = need_conflict(d, CFT_CONFLICT_OPEN, &conflict);

	if (code != 0)
		return code;
	if (d->command->strategy == 0)
		return cft_fail_reason(d->err, CFT_E_INVALID, "STRATEGY_REQUIRED",
		                       "a resolution needs a strategy");
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_RESOLVED, resolved(d, conflict));
	return 0;
}

int cft_decide_reopen(struct cft_decide *d)
{
	const struct cft_conflict *conflict = NULL;
	int code = need_conflict(d, CFT_CONFLICT_RESOLVED, &conflict);

	if (code != 0)
		return code;
	struct cft_conflict draft = *conflict;
	draft.status = CFT_CONFLICT_OPEN;
	draft.strategy = 0;
	draft.resolution_notes = draft.resolved_by = "";
	draft.resolved_us = 0;
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_REOPENED, draft);
	return 0;
}

int cft_decide_prove(struct cft_decide *d)
{
	const struct cft_command *command = d->command;
	const struct cft_conflict *conflict =
		cft_state_conflict(d->state, cft_or_empty(command->conflict_id));

	if (!conflict || conflict->status == CFT_CONFLICT_VANISHED)
		return need_conflict(d, CFT_CONFLICT_OPEN, &conflict);
	if (cft_state_intent(d->state, conflict->intent_a)->generation != command->generation_a ||
	    cft_state_intent(d->state, conflict->intent_b)->generation != command->generation_b)
		return cft_fail_reason(d->err, CFT_E_ABORTED, "INTENT_CHANGED",
		                       "an intent of conflict %s was changed while it was proven",
		                       conflict->id);
	struct cft_conflict draft = *conflict;
	draft.proof_json = command->proof_json;
	draft.proven_verdict = cft_or_empty(command->proven_verdict);
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_PROVEN, draft);
	return 0;
}

int cft_decide_base(struct cft_decide *d)
{
	assert(d->command->base);
	cft_emit_base(d, *d->command->base);
	cft_settle(d);
	cft_emit_redetected_all(d);
	return 0;
}
