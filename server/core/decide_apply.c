/* Apply and approval: an intent on its way into a database.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

static int find_intent(struct cft_decide *d, const struct cft_intent **ret)
{
	const char *id = cft_or_empty(d->command->intent_id);

	*ret = cft_state_intent(d->state, id);
	return *ret ? 0
	            : cft_fail_reason(d->err, CFT_E_NOT_FOUND, "INTENT_NOT_FOUND",
	                              "no intent %s in project %s", id, d->state->project);
}

/* -- apply -- */

/* Those whom the target names; where it names nobody, whoever may approve at all. */
static int need_approver(struct cft_decide *d, const struct cft_intent *intent)
{
	const struct cft_strings *approvers = &d->command->approvers;

	for (size_t i = 0; i < approvers->n; i++)
		if (strcmp(approvers->v[i], intent->approval_by) == 0)
			return 0;
	if (approvers->n == 0)
		return 0;
	cft_fail_reason(d->err, CFT_E_STATE, "APPROVER_NOT_ACCEPTED",
	                "intent %s was approved by %s, whose approval does not count on target %s",
	                intent->id, intent->approval_by, cft_or_empty(d->command->target));
	return cft_err_hint(d->err, "ask %s, or another approver of the target (ListTargets)",
	                    approvers->v[0]);
}

static int need_approval(struct cft_decide *d, const struct cft_intent *intent)
{
	char digest[65];

	if (!d->command->need_approval)
		return 0;
	if (intent->approval == CFT_APPROVAL_APPROVED &&
	    strcmp(intent->approval_digest, cft_intent_digest(intent, digest)) == 0)
		return need_approver(d, intent);
	if (intent->approval == CFT_APPROVAL_REJECTED)
		cft_fail_reason(d->err, CFT_E_STATE, "APPROVAL_REQUIRED",
		                "intent %s was rejected by %s: %s", intent->id, intent->approval_by,
		                intent->approval_notes);
	else
		cft_fail_reason(d->err, CFT_E_STATE, "APPROVAL_REQUIRED",
		                "target %s takes approved intents only, and nobody approved %s",
		                cft_or_empty(d->command->target), intent->id);
	return cft_err_hint(d->err,
	                    "another agent with the role approver says: coordinate approve "
	                    "--intent-id %s",
	                    intent->id);
}

/* One operation at a time; the same one may begin again after its server died. */
static int need_turn(struct cft_decide *d, const struct cft_intent *intent)
{
	if (!intent->applying[0] || strcmp(intent->applying, d->command->operation_id) == 0)
		return 0;
	return cft_fail_reason(d->err, CFT_E_STATE, "APPLY_IN_PROGRESS",
	                       "operation %s is applying intent %s to %s", intent->applying,
	                       intent->id, intent->target);
}

static int decide_begin(struct cft_decide *d, const struct cft_intent *intent)
{
	int code = cft_need_rule(d, intent, false);

	if (code == 0)
		code = need_turn(d, intent);
	if (code == 0)
		code = need_approval(d, intent);
	if (code != 0)
		return code;
	struct cft_intent draft = *intent;
	draft.fence++;
	draft.applying = d->command->operation_id;
	draft.target = d->command->target;
	cft_emit_intent(d, CFT_CHANGE_INTENT_APPLYING, draft);
	return 0;
}

/* The id of the other side, where this conflict says that it needs `intent` first; else NULL. */
static const char *dependant(const struct cft_conflict *conflict, const struct cft_intent *intent)
{
	bool is_a = strcmp(conflict->intent_a, intent->id) == 0;

	if (conflict->status == CFT_CONFLICT_VANISHED ||
	    conflict->conflict_class != CFT_CLASS_PREREQUISITE ||
	    conflict->order != (is_a ? CFT_ORDER_A_FIRST : CFT_ORDER_B_FIRST))
		return NULL;
	return is_a ? conflict->intent_b : conflict->intent_a;
}

/* Nothing of theirs changes: it is news for their agents. */
static void tell_dependants(struct cft_decide *d, const struct cft_intent *intent)
{
	const struct cft_intent_entry *entry = cft_find_intent(d->state, intent->id);
	const struct cft_conflict_link *link;

	DL_FOREACH (entry->conflicts, link) {
		const char *id = dependant(link->conflict->conflict, intent);
		struct cft_change change = {.kind = CFT_CHANGE_PREREQUISITE_FAILED};

		if (!id || cft_intent_is_terminal(cft_state_intent(d->state, id)->status))
			continue;
		change.intent = cft_intent_ref(cft_state_intent(d->state, id));
		cft_vec_push_in(d->arena, &d->changes, change);
	}
}

static int decide_failed(struct cft_decide *d, const struct cft_intent *intent)
{
	int code = cft_need_fence(d, intent);

	if (code == 0 && strcmp(intent->applying, d->command->operation_id) != 0)
		code = cft_fail(d->err, CFT_E_STATE, "operation %s does not apply intent %s",
		                d->command->operation_id, intent->id);
	if (code != 0)
		return code;
	struct cft_intent draft = *intent;
	draft.applying = "";
	cft_emit_intent(d, CFT_CHANGE_INTENT_APPLY_FAILED, draft);
	tell_dependants(d, intent);
	return 0;
}

int cft_decide_apply(struct cft_decide *d)
{
	const struct cft_intent *intent;
	int code = find_intent(d, &intent);

	assert(d->command->operation_id);
	if (code != 0)
		return code;
	return d->command->kind == CFT_CMD_APPLY ? decide_begin(d, intent)
	                                         : decide_failed(d, intent);
}

/* -- news of targets -- */

int cft_decide_target_news(struct cft_decide *d)
{
	bool drift = d->command->kind == CFT_CMD_DRIFT;
	struct cft_change change = {.kind = drift ? CFT_CHANGE_TARGET_DRIFTED
	                                          : CFT_CHANGE_TARGET_CHANGING,
	                            .news = cft_target_news_copy(d->command->news)};

	cft_vec_push_in(d->arena, &d->changes, change);
	return 0;
}

/* -- approval -- */

static int need_other(struct cft_decide *d, const struct cft_intent *intent)
{
	if (strcmp(intent->agent_id, cft_or_empty(d->command->actor)) != 0)
		return 0;
	return cft_fail_reason(d->err, CFT_E_FORBIDDEN, "OWN_INTENT",
	                       "intent %s is %s's own: somebody else has to judge it", intent->id,
	                       intent->agent_id);
}

static int need_digest(struct cft_decide *d, const char *digest)
{
	const char *seen = cft_or_empty(d->command->digest);

	if (!seen[0] || strcmp(seen, digest) == 0)
		return 0;
	cft_fail_reason(d->err, CFT_E_ABORTED, "DDL_CHANGED",
	                "the DDL of intent %s is another one now than what was judged",
	                d->command->intent_id);
	return cft_err_hint(d->err, "read it again: coordinate approvals list");
}

int cft_decide_approval(struct cft_decide *d)
{
	bool approve = d->command->kind == CFT_CMD_APPROVE;
	const struct cft_intent *intent;
	char digest[65];
	int code = find_intent(d, &intent);

	if (code == 0)
		code = need_other(d, intent);
	if (code == 0 && !approve)
		code = cft_need_reason(d, "a rejection");
	if (code == 0)
		code = cft_need_rule(d, intent, false);
	if (code == 0)
		code = need_digest(d, cft_intent_digest(intent, digest));
	if (code != 0)
		return code;
	struct cft_intent draft = *intent;
	draft.approval = approve ? CFT_APPROVAL_APPROVED : CFT_APPROVAL_REJECTED;
	draft.approval_by = cft_or_empty(d->command->actor);
	draft.approval_notes = cft_or_empty(d->command->reason);
	draft.approval_digest = digest;
	draft.approval_us = d->now_us;
	cft_emit_intent(d, approve ? CFT_CHANGE_INTENT_APPROVED : CFT_CHANGE_INTENT_REJECTED,
	                draft);
	return 0;
}
