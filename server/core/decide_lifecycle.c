/* Start, complete, abandon, release, merge, expire: the moves of an intent's life.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"

#include "common/sql/effect/declared.h"
#include "server/core/base_merge.h"

#include <assert.h>
#include <string.h>

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* As asked for, else as long as the work is estimated to take, within the limits. */
static int64_t lease_ttl(const struct cft_decide *d, const struct cft_intent *intent)
{
	const struct cft_limits *limits = &d->state->limits;

	if (d->command->ttl_us > 0)
		return clamp(d->command->ttl_us, limits->lease_min_us, limits->lease_max_us);
	return clamp(intent->estimated_us, limits->lease_default_us, limits->lease_max_us);
}

static void set_lease(struct cft_decide *d, enum cft_lease_op_kind kind,
                      const struct cft_intent *intent)
{
	d->decision->has_lease = true;
	d->decision->lease = (struct cft_lease_op){
		.kind = kind,
		.intent_id = cft_arena_strdup(d->arena, intent->id),
		.fence = intent->fence,
		.ttl_us = intent->lease_ttl_us,
	};
}

/* Emits a move of the lifecycle. */
static const struct cft_intent *move(struct cft_decide *d, enum cft_change_kind kind,
                                     struct cft_intent draft, enum cft_intent_status to)
{
	assert(cft_intent_may_move(draft.status, to));
	draft.status = to;
	return cft_emit_intent(d, kind, draft);
}

static const struct cft_intent *emit_started(struct cft_decide *d, const struct cft_intent *intent)
{
	struct cft_intent draft = *intent;

	draft.fence++;
	draft.reason = ""; /* of a release */
	draft.lease_ttl_us = lease_ttl(d, intent);
	return move(d, CFT_CHANGE_INTENT_STARTED, draft, CFT_INTENT_IN_PROGRESS);
}

/* An expired intent is detected anew when it is taken up again. */
static void redetect(struct cft_decide *d, const struct cft_intent *intent)
{
	struct cft_drafts drafts;

	cft_detect(d->state, intent, "", d->arena, &drafts);
	cft_emit_redetected(d, intent, &drafts, false);
}

int cft_decide_start(struct cft_decide *d)
{
	const struct cft_intent *intent = NULL;
	int code = cft_need_intent(d, &intent);

	if (code == 0 && d->command->accept_risk)
		code = cft_need_reason(d, "accepting the risk of a conflict");
	if (code == 0)
		code = cft_need_rule(d, intent, d->command->accept_risk);
	if (code != 0)
		return code;
	const struct cft_intent *after = emit_started(d, intent);
	set_lease(d, CFT_LEASE_GRANT, after);
	if (intent->status == CFT_INTENT_EXPIRED)
		redetect(d, after);
	return 0;
}

/* A holder that lost its lease to a later grant must not finish in its name. */
int cft_need_fence(struct cft_decide *d, const struct cft_intent *intent)
{
	uint64_t fence = d->command->fence;

	if (fence == 0 || fence == intent->fence)
		return 0;
	return cft_fail_reason(d->err, CFT_E_STATE, "STALE_FENCE",
	                       "fence %llu of intent %s is not the present one, %llu",
	                       (unsigned long long)fence, intent->id,
	                       (unsigned long long)intent->fence);
}

static int refuse_expired(struct cft_decide *d, const struct cft_intent *intent)
{
	cft_fail_reason(d->err, CFT_E_STATE, "LEASE_EXPIRED", "the lease of intent %s has expired",
	                intent->id);
	cft_err_hint(d->err, "start it again: it is checked against what came since");
	return CFT_E_STATE;
}

static int may_complete(struct cft_decide *d, const struct cft_intent *intent)
{
	int code = cft_need_fence(d, intent);

	if (code == 0 && intent->status == CFT_INTENT_EXPIRED)
		code = refuse_expired(d, intent);
	bool accepted = d->command->accept_risk || d->command->force;
	if (code == 0 && accepted)
		code = cft_need_reason(d, "completing by force");
	return code != 0 ? code : cft_need_rule(d, intent, accepted);
}

/* From now on its DDL lies under that of others. */
static void complete(struct cft_decide *d, struct cft_intent draft)
{
	struct cft_intent_refs near;

	cft_near(d->state, cft_intent_effects(&draft, d->arena), draft.id, d->arena, &near);
	const struct cft_intent *after =
		move(d, CFT_CHANGE_INTENT_COMPLETED, draft, CFT_INTENT_COMPLETED);
	cft_settle(d);
	cft_emit_redetected_near(d, after, &near);
}

int cft_decide_complete(struct cft_decide *d)
{
	const struct cft_intent *intent = NULL;
	int code = cft_need_intent(d, &intent);

	if (code == 0)
		code = may_complete(d, intent);
	if (code != 0)
		return code;
	if (intent->status == CFT_INTENT_REGISTERED)
		intent = emit_started(d, intent);
	else
		set_lease(d, CFT_LEASE_RELEASE, intent);
	struct cft_intent draft = *intent;
	draft.outcome = cft_or_empty(d->command->outcome);
	draft.notes = cft_or_empty(d->command->notes);
	complete(d, draft);
	return 0;
}

/* -- abandon, release, merge, expire -- */

struct ending {
	enum cft_change_kind kind;
	enum cft_intent_status to;
};

static struct ending ending_of(enum cft_command_kind command)
{
	if (command == CFT_CMD_MERGE)
		return (struct ending){CFT_CHANGE_INTENT_MERGED, CFT_INTENT_MERGED};
	if (command == CFT_CMD_EXPIRE || command == CFT_CMD_RELEASE)
		return (struct ending){CFT_CHANGE_INTENT_EXPIRED, CFT_INTENT_EXPIRED};
	assert(command == CFT_CMD_ABANDON);
	return (struct ending){CFT_CHANGE_INTENT_ABANDONED, CFT_INTENT_ABANDONED};
}

/* What another tool or a person applied, where that is said: not always what was declared. */
static const struct cft_effects *applied_effects(const struct cft_decide *d)
{
	const struct cft_effects *effects = d->command->plan.effects;

	return d->command->kind == CFT_CMD_MERGE && effects && effects->n_statements ? effects
	                                                                             : NULL;
}

/* Nobody was told of it, and nobody compared it with anything. */
static int need_declared(struct cft_decide *d, const struct cft_intent *intent)
{
	const struct cft_declaration declaration = {cft_intent_effects(intent, d->arena),
	                                            intent->tables_declared.v,
	                                            intent->tables_declared.n};
	const struct cft_effects *applied = applied_effects(d);
	const struct cft_effect *other;
	const char *what;

	if (!applied)
		return 0;
	other = cft_declared_difference(&declaration, applied, d->arena, &what);
	if (!other)
		return 0;
	if (d->command->force)
		return cft_need_reason(d, "merging other DDL than the intent declares");
	cft_fail_reason(d->err, CFT_E_CONFLICT, "APPLIED_DIFFERS",
	                "what was applied is not what intent %s declares: %s: %s %s", intent->id,
	                what, cft_effect_op_text(other->op), cft_effect_key(d->arena, other));
	return cft_err_hint(d->err, "register the rest as an intent of its own; or, to take what "
	                            "was applied for what is there: --force --reason TEXT");
}

/* What was merged is part of the schema that all others are planned against; what was completed
 * lies under others no more. */
static void emit_end(struct cft_decide *d, const struct cft_intent *after, bool was_completed)
{
	struct cft_intent_refs near = {0};
	const struct cft_effects *declared = cft_intent_effects(after, d->arena);
	const struct cft_effects *applied = applied_effects(d);
	struct cft_base_schema base;

	if (was_completed)
		cft_near(d->state, declared, after->id, d->arena, &near);
	if (after->status == CFT_INTENT_MERGED &&
	    cft_base_merge(d->arena, d->state->base, applied ? applied : declared, &base))
		cft_emit_base(d, base);
	cft_settle(d);
	if (after->status == CFT_INTENT_MERGED && (d->state->assumed || applied)) {
		cft_emit_redetected_all(d);
		return;
	}
	cft_emit_vanished(d, after);
	if (was_completed)
		cft_emit_redetected_near(d, after, &near);
}

/* What an operation is putting into a database right now is not ended beside it. */
static int need_idle(struct cft_decide *d, const struct cft_intent *intent)
{
	bool by_operation = strcmp(cft_or_empty(d->command->operation_id), intent->applying) == 0;

	if (!intent->applying[0] || by_operation || d->command->force)
		return 0;
	cft_fail_reason(d->err, CFT_E_STATE, "APPLY_IN_PROGRESS",
	                "operation %s is applying intent %s to %s", intent->applying, intent->id,
	                intent->target);
	return cft_err_hint(d->err, "cancel the operation first, or use --force --reason TEXT");
}

int cft_decide_end(struct cft_decide *d)
{
	const struct cft_intent *intent = NULL;
	int code = cft_need_intent(d, &intent);

	if (code == 0)
		code = cft_need_rule(d, intent, false);
	if (code == 0)
		code = cft_need_fence(d, intent);
	if (code == 0)
		code = need_idle(d, intent);
	if (code == 0)
		code = need_declared(d, intent);
	if (code != 0)
		return code;
	struct ending end = ending_of(d->command->kind);
	struct cft_intent draft = *intent;
	if (cft_or_empty(d->command->reason)[0])
		draft.reason = d->command->reason;
	draft.applying = "";
	const struct cft_intent *after = move(d, end.kind, draft, end.to);
	if (intent->status == CFT_INTENT_IN_PROGRESS)
		set_lease(d,
		          d->command->kind == CFT_CMD_EXPIRE ? CFT_LEASE_LAPSE : CFT_LEASE_RELEASE,
		          after);
	if (cft_intent_is_terminal(after->status))
		emit_end(d, after, intent->status == CFT_INTENT_COMPLETED);
	return 0;
}
