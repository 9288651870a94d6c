/* Intents: the mutating methods of CoordinationService.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/digest.h"
#include "server/services/mutate.h"
#include "server/services/validate.h"

#include <string.h>

static void fail_call(struct cft_mutation *m, const struct cft_err *err)
{
	cft_rpc_fail(m->owner, err);
}

/* Register, update, start, complete, abandon, release, merge: one form of answer. */
static void reply_intent(struct cft_mutation *m, const struct cft_view *view,
                         const struct cft_decision *decision)
{
	Confiture__V1__UpdateIntentResponse response;

	cft_answer_intent(view, cft_state_intent(view->state, decision->subject_id),
	                  decision->revision, &response);
	cft_rpc_reply(m->owner, &response);
}

/* Resolve and reopen likewise. */
static void reply_conflict(struct cft_mutation *m, const struct cft_view *view,
                           const struct cft_decision *decision)
{
	Confiture__V1__ResolveConflictResponse response =
		CONFITURE__V1__RESOLVE_CONFLICT_RESPONSE__INIT;
	const struct cft_conflict *conflict = cft_state_conflict(view->state, decision->subject_id);

	if (conflict)
		response.conflict = cft_show_conflict(view, conflict);
	response.revision = decision->revision;
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(m->owner, &response);
}

static struct cft_mutation *begin(void *ctx, struct cft_rpc_call *call, cft_mutation_reply *reply)
{
	struct cft_arena *arena = cft_rpc_call_arena(call);
	struct cft_mutation *m = cft_arena_new(arena, struct cft_mutation);

	m->coordination = ctx;
	m->arena = arena;
	m->owner = call;
	m->reply = reply;
	m->fail = fail_call;
	return m;
}

static void run_or_fail(struct cft_mutation *m, int rc, const struct cft_err *err)
{
	if (rc < 0)
		m->fail(m, err);
	else
		cft_mutation_run(m);
}

/* "int_" and 12 characters: the core has no randomness of its own. */
static const char *fresh_id(struct cft_arena *arena)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char random[12];
	char id[17] = "int_";

	cft_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		id[4 + i] = letters[random[i] % 36];
	id[16] = '\0';
	return cft_arena_strdup(arena, id);
}

static int prepare_register(struct cft_mutation *m, const Confiture__V1__RegisterIntentRequest *r,
                            struct cft_err *err)
{
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_command *command = &m->command;
	int rc = cft_mutation_init(m, CFT_CMD_REGISTER, &fields, err);

	if (rc < 0 || (rc = cft_check_name("feature_name", r->feature_name, true, err)) < 0 ||
	    (rc = cft_check_text("schema_changes", r->schema_changes, CFT_SQL_FIELD_MAX_BYTES,
	                         err)) < 0 ||
	    (rc = cft_check_names("tables_affected", r->tables_affected, r->n_tables_affected,
	                          err)) < 0 ||
	    (rc = cft_check_enum("risk_level", (int)r->risk_level, CFT_RISK_CRITICAL, err)) < 0 ||
	    (rc = cft_check_range("estimated_duration_ms", r->estimated_duration_ms,
	                          INT64_MAX / 1000, err)) < 0 ||
	    (rc = cft_check_metadata(r->metadata_json, err)) < 0)
		return rc;
	command->intent_id = fresh_id(m->arena);
	command->feature_name = r->feature_name;
	command->risk = (enum cft_risk)r->risk_level;
	command->estimated_us = r->estimated_duration_ms * 1000;
	command->metadata_json = r->metadata_json;
	command->plan.tables_declared.v = (const char **)r->tables_affected;
	command->plan.tables_declared.n = r->n_tables_affected;
	m->sql = r->schema_changes;
	m->sql_bytes = strlen(m->sql);
	return 0;
}

CFT_HANDLER(register_intent)
{
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_err err;

	run_or_fail(m, prepare_register(m, request, &err), &err);
}

CFT_HANDLER(update_intent)
{
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_err err;

	if (cft_mutation_update(m, request, &err) < 0)
		m->fail(m, &err);
	else
		cft_mutation_run_update(m);
}

/* What start, complete, abandon, release and merge have besides the common fields. */
static int prepare_move(struct cft_mutation *m, enum cft_command_kind kind,
                        const struct cft_mutation_fields *fields, const char *intent_id, bool force,
                        const char *reason, struct cft_err *err)
{
	int rc = cft_mutation_init(m, kind, fields, err);

	if (rc < 0 || (rc = cft_check_name("intent_id", intent_id, true, err)) < 0 ||
	    (rc = cft_check_text("reason", reason, CFT_TEXT_MAX_BYTES, err)) < 0)
		return rc;
	m->command.intent_id = intent_id;
	m->command.force = force;
	m->command.reason = reason;
	return 0;
}

CFT_HANDLER(start_intent)
{
	const Confiture__V1__StartIntentRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc = prepare_move(m, CFT_CMD_START, &fields, r->intent_id, r->force, r->reason, &err);

	if (rc == 0)
		rc = cft_check_range("ttl_ms", r->ttl_ms, INT64_MAX / 1000, &err);
	m->command.ttl_us = r->ttl_ms * 1000;
	m->command.accept_risk = r->accept_risk;
	m->command.in_order = r->in_order;
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(complete_intent)
{
	const Confiture__V1__CompleteIntentRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc =
		prepare_move(m, CFT_CMD_COMPLETE, &fields, r->intent_id, r->force, r->reason, &err);

	if (rc == 0)
		rc = cft_check_name("outcome", r->outcome, false, &err);
	if (rc == 0)
		rc = cft_check_text("notes", r->notes, CFT_TEXT_MAX_BYTES, &err);
	m->command.fence = r->fence;
	m->command.outcome = r->outcome;
	m->command.notes = r->notes;
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(abandon_intent)
{
	const Confiture__V1__AbandonIntentRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;

	run_or_fail(
		m,
		prepare_move(m, CFT_CMD_ABANDON, &fields, r->intent_id, r->force, r->reason, &err),
		&err);
}

CFT_HANDLER(release_intent)
{
	const Confiture__V1__ReleaseIntentRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc = prepare_move(m, CFT_CMD_RELEASE, &fields, r->intent_id, r->force, r->reason, &err);

	m->command.fence = r->fence;
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(mark_intent_merged)
{
	const Confiture__V1__MarkIntentMergedRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_intent);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc = prepare_move(m, CFT_CMD_MERGE, &fields, r->intent_id, r->force, r->reason, &err);

	if (rc == 0)
		rc = cft_check_text("applied_changes", r->applied_changes, CFT_SQL_FIELD_MAX_BYTES,
		                    &err);
	if (r->applied_changes[0]) {
		m->sql = r->applied_changes;
		m->sql_bytes = strlen(m->sql);
	}
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(resolve_conflict)
{
	const Confiture__V1__ResolveConflictRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_conflict);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc = cft_mutation_init(m, CFT_CMD_RESOLVE, &fields, &err);

	if (rc == 0)
		rc = cft_check_name("conflict_id", r->conflict_id, true, &err);
	if (rc == 0)
		rc = cft_check_enum("strategy", (int)r->strategy, CFT_STRATEGY_ACCEPT_RISK, &err);
	if (rc == 0)
		rc = cft_check_text("notes", r->notes, CFT_TEXT_MAX_BYTES, &err);
	m->command.conflict_id = r->conflict_id;
	m->command.strategy = (enum cft_strategy)r->strategy;
	m->command.notes = r->notes;
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(reopen_conflict)
{
	const Confiture__V1__ReopenConflictRequest *r = request;
	struct cft_mutation *m = begin(ctx, call, reply_conflict);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err;
	int rc = cft_mutation_init(m, CFT_CMD_REOPEN, &fields, &err);

	if (rc == 0)
		rc = cft_check_name("conflict_id", r->conflict_id, true, &err);
	if (rc == 0)
		rc = cft_check_text("reason", r->reason, CFT_TEXT_MAX_BYTES, &err);
	m->command.conflict_id = r->conflict_id;
	m->command.reason = r->reason;
	run_or_fail(m, rc, &err);
}

/* -- approvals -- */

static void judge(struct cft_mutation *m, enum cft_command_kind kind,
                  const struct cft_mutation_fields *fields, const char *intent_id,
                  const char *digest, const char *words)
{
	struct cft_err err;
	int rc = prepare_move(m, kind, fields, intent_id, false, words, &err);

	if (rc == 0)
		rc = cft_check_name("ddl_digest", digest, false, &err);
	m->command.digest = digest;
	run_or_fail(m, rc, &err);
}

CFT_HANDLER(approve_intent)
{
	const Confiture__V1__ApproveIntentRequest *r = request;
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};

	judge(begin(ctx, call, reply_intent), CFT_CMD_APPROVE, &fields, r->intent_id, r->ddl_digest,
	      r->notes);
}

CFT_HANDLER(reject_intent)
{
	const Confiture__V1__RejectIntentRequest *r = request;
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};

	judge(begin(ctx, call, reply_intent), CFT_CMD_REJECT, &fields, r->intent_id, r->ddl_digest,
	      r->reason);
}
