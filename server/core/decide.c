/* Decide: one command at a time, from what was asked to the event that answers it.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"

#include "server/core/rules.h"
#include "server/core/severity.h"

#include <assert.h>
#include <string.h>

/* -- what handlers ask for -- */

int cft_need_reason(struct cft_decide *d, const char *what)
{
	if (cft_or_empty(d->command->reason)[0])
		return 0;
	cft_fail_reason(d->err, CFT_E_INVALID, "REASON_REQUIRED", "%s needs a reason", what);
	cft_err_hint(d->err, "say why with --reason TEXT; it stays in the history");
	return CFT_E_INVALID;
}

static int need_owner(struct cft_decide *d, const struct cft_intent *intent)
{
	const char *actor = cft_or_empty(d->command->actor);

	if (!actor[0] || strcmp(actor, intent->agent_id) == 0)
		return 0;
	if (d->command->force) {
		d->forced = true;
		return cft_need_reason(d, "changing another agent's intent");
	}
	cft_fail_reason(d->err, CFT_E_FORBIDDEN, "NOT_OWNER",
	                "intent %s belongs to agent %s, not %s", intent->id, intent->agent_id,
	                actor);
	cft_err_hint(d->err, "ask %s, or use --force --reason TEXT: %s is told", intent->agent_id,
	             intent->agent_id);
	return CFT_E_FORBIDDEN;
}

int cft_need_intent(struct cft_decide *d, const struct cft_intent **ret)
{
	const char *id = cft_or_empty(d->command->intent_id);
	const struct cft_intent *intent = cft_state_intent(d->state, id);

	if (!intent)
		return cft_fail_reason(d->err, CFT_E_NOT_FOUND, "INTENT_NOT_FOUND",
		                       "no intent %s in project %s", id, d->state->project);
	int code = need_owner(d, intent);
	if (code == 0)
		*ret = intent;
	return code;
}

static int refuse_state(struct cft_decide *d, const struct cft_intent *intent)
{
	return cft_fail(d->err, CFT_E_STATE, "cannot %s intent %s: it is %s",
	                cft_command_name(d->command->kind), intent->id,
	                cft_intent_status_name(intent->status));
}

static int refuse_conflict(struct cft_decide *d, const struct cft_intent *intent,
                           const struct cft_conflict *conflict)
{
	bool is_a = strcmp(conflict->intent_a, intent->id) == 0;

	cft_fail(d->err, CFT_E_CONFLICT,
	         "cannot %s intent %s: conflict %s with %s of %s is not resolved",
	         cft_command_name(d->command->kind), intent->id, conflict->id,
	         is_a ? conflict->intent_b : conflict->intent_a,
	         is_a ? conflict->agent_b : conflict->agent_a);
	cft_err_hint(
		d->err, "resolve it (coordinate resolve --conflict-id %s), or %s --reason TEXT",
		conflict->id, d->command->kind == CFT_CMD_COMPLETE ? "--force" : "--accept-risk");
	return CFT_E_CONFLICT;
}

int cft_need_rule(struct cft_decide *d, const struct cft_intent *intent, bool accepted)
{
	const struct cft_conflict *worst = NULL;
	int severity =
		cft_worst_severity(d->state, intent, d->command->in_order, d->now_us, &worst);
	enum cft_command_kind kind = d->command->kind;

	if (kind == CFT_CMD_REJECT) /* one row for both */
		kind = CFT_CMD_APPROVE;
	switch (cft_rule(kind, intent->status, severity)) {
	case CFT_RULE_ALLOWED:
	case CFT_RULE_WARNED:
		return 0;
	case CFT_RULE_BLOCKED:
		assert(worst);
		return accepted ? 0 : refuse_conflict(d, intent, worst);
	case CFT_RULE_STATE:
		return refuse_state(d, intent);
	}
	return CFT_E_INTERNAL;
}

/* -- the frame around every command -- */

static int dispatch(struct cft_decide *d)
{
	switch (d->command->kind) {
	case CFT_CMD_REGISTER:
		return cft_decide_register(d);
	case CFT_CMD_UPDATE:
		return cft_decide_update(d);
	case CFT_CMD_START:
		return cft_decide_start(d);
	case CFT_CMD_COMPLETE:
		return cft_decide_complete(d);
	case CFT_CMD_ABANDON:
	case CFT_CMD_RELEASE:
	case CFT_CMD_MERGE:
	case CFT_CMD_EXPIRE:
		return cft_decide_end(d);
	case CFT_CMD_RESOLVE:
		return cft_decide_resolve(d);
	case CFT_CMD_REOPEN:
		return cft_decide_reopen(d);
	case CFT_CMD_SET_BASE:
		return cft_decide_base(d);
	case CFT_CMD_PROVE:
		return cft_decide_prove(d);
	case CFT_CMD_APPLY:
	case CFT_CMD_APPLY_FAILED:
		return cft_decide_apply(d);
	case CFT_CMD_APPROVE:
	case CFT_CMD_REJECT:
		return cft_decide_approval(d);
	case CFT_CMD_DRIFT:
	case CFT_CMD_TARGET_CHANGE:
		return cft_decide_target_news(d);
	}
	return cft_fail(d->err, CFT_E_INTERNAL, "unknown command");
}

/* The same request again gives the same answer; other words under its id are refused. */
static int replay(struct cft_decide *d, bool *ret_replayed)
{
	const char *id = cft_or_empty(d->command->request_id);
	const struct cft_request *request = id[0] ? cft_find_request(d->state, id) : NULL;

	*ret_replayed = false;
	if (!request)
		return 0;
	if (memcmp(request->digest, d->command->body_digest, sizeof(request->digest)) != 0)
		return cft_fail_reason(d->err, CFT_E_EXISTS, "REQUEST_ID_REUSED",
		                       "request id %s was used for another request", id);
	*ret_replayed = true;
	d->decision->replayed = true;
	d->decision->revision = request->revision;
	d->decision->subject_id = cft_arena_strdup(d->arena, request->subject_id);
	return 0;
}

static struct cft_event *make_event(const struct cft_decide *d)
{
	const struct cft_command *command = d->command;
	struct cft_event event = {
		.revision = d->state->revision + 1,
		.time_us = d->now_us,
		.actor = cft_or_empty(command->actor),
		.reason = cft_or_empty(command->reason),
		.forced = d->forced,
		.request_id = cft_or_empty(command->request_id),
		.changes = d->changes.v,
		.n_changes = d->changes.n,
	};

	if (event.request_id[0])
		memcpy(event.request_digest, command->body_digest, sizeof(event.request_digest));
	return cft_event_copy(&event);
}

static void release_changes(const struct cft_decide *d)
{
	for (size_t i = 0; i < d->changes.n; i++) {
		cft_intent_unref(d->changes.v[i].intent);
		cft_conflict_unref(d->changes.v[i].conflict);
		cft_base_schema_unref(d->changes.v[i].base);
	}
}

static void finish(struct cft_decide *d, struct cft_state *state)
{
	struct cft_event *event = make_event(d);
	struct cft_err err = CFT_ERR_INIT;

	release_changes(d);
	int code = cft_apply_from(state, event, d->settled, &err);
	assert(code == 0);
	(void)code;
	d->decision->event = event;
	d->decision->revision = event->revision;
	d->decision->subject_id = cft_arena_strdup(d->arena, cft_event_subject(event));
}

int cft_state_decide(struct cft_state *state, const struct cft_command *command, int64_t now_us,
                     struct cft_arena *arena, struct cft_decision *decision, struct cft_err *err)
{
	struct cft_decide d = {.state = state,
	                       .command = command,
	                       .now_us = now_us,
	                       .arena = arena,
	                       .decision = decision,
	                       .err = err};
	bool replayed;

	assert(!state->loading);
	memset(decision, 0, sizeof(*decision));
	decision->subject_id = "";
	int code = replay(&d, &replayed);
	if (code == 0 && !replayed) {
		code = dispatch(&d);
		assert((code == 0) == (d.changes.n > 0));
		if (code == 0)
			finish(&d, state);
	}
	decision->code = code;
	return code;
}
