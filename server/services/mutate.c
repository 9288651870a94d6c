/* Mutate: analysis and submission of one command.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/mutate.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/rpc/codec.h"
#include "server/services/validate.h"

#include <string.h>

/* SHA-256 of the message's name and bytes without its request_id. */
static void digest_body(const void *message, unsigned char out[CFT_SHA256_BYTES])
{
	const ProtobufCMessageDescriptor *type = ((const ProtobufCMessage *)message)->descriptor;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(type, "request_id");
	char **request_id = (char **)(void *)((char *)message + field->offset);
	char *kept = *request_id;
	struct cft_buf bytes = CFT_BUF_INIT;

	*request_id = (char *)"";
	cft_buf_add(&bytes, type->name, strlen(type->name) + 1);
	cft_proto_pack(message, &bytes);
	*request_id = kept;
	cft_sha256(bytes.data, bytes.len, out);
	cft_buf_release(&bytes);
}

int cft_mutation_init(struct cft_mutation *m, enum cft_command_kind kind,
                      const struct cft_mutation_fields *fields, struct cft_err *err)
{
	int rc;

	m->project = cft_check_project(fields->project, err);
	if (!m->project)
		return CFT_E_INVALID;
	if ((rc = cft_check_name("agent_id", fields->agent_id, true, err)) < 0 ||
	    (rc = cft_check_name("request_id", fields->request_id, false, err)) < 0)
		return rc;
	m->command.kind = kind;
	m->command.actor = fields->agent_id;
	m->command.request_id = fields->request_id;
	digest_body(fields->message, m->command.body_digest);
	return 0;
}

/* What its agent does to an intent is a sign of life. The answer does not wait for it. */
static void forget_renewal(void *arg, const struct cft_lease_result *results, size_t n,
                           const struct cft_err *err)
{
	(void)arg;
	(void)results;
	(void)n;
	(void)err; /* a lease that is over is told by its expiry */
}

void cft_renew_by_activity(struct cft_coordination *coordination, const char *project,
                           const struct cft_state *state, const char *intent_id,
                           const char *agent_id)
{
	const struct cft_intent *intent = cft_state_intent(state, intent_id);
	struct cft_lease_ref ref;

	if (!intent || intent->status != CFT_INTENT_IN_PROGRESS ||
	    strcmp(intent->agent_id, agent_id) != 0)
		return;
	ref.intent_id = intent->id;
	ref.fence = intent->fence;
	cft_sequencer_renew(coordination->sequencer, project, agent_id, &ref, 1, forget_renewal,
	                    NULL);
}

/* Both sides of a conflict, where the actor holds one. */
static void renew_after(struct cft_mutation *m, const struct cft_state *state,
                        const struct cft_decision *decision)
{
	const struct cft_conflict *conflict = cft_state_conflict(state, decision->subject_id);
	const char *actor = m->command.actor;

	if (decision->has_lease)
		return; /* granted, or over */
	cft_renew_by_activity(m->coordination, m->project, state, decision->subject_id, actor);
	if (!conflict)
		return;
	cft_renew_by_activity(m->coordination, m->project, state, conflict->intent_a, actor);
	cft_renew_by_activity(m->coordination, m->project, state, conflict->intent_b, actor);
}

static void on_decided(void *arg, const struct cft_state *state,
                       const struct cft_decision *decision, const struct cft_err *err)
{
	struct cft_mutation *m = arg;
	struct cft_view view = {m->coordination, m->arena, m->project, state,
	                        cft_sequencer_now_us(m->coordination->sequencer)};
	struct cft_analysis *analysis = m->analysis;

	if (!decision || decision->code != 0) {
		m->fail(m, err);
	} else {
		renew_after(m, state, decision);
		m->reply(m, &view, decision);
	}
	cft_analysis_unref(analysis);
}

static void submit(struct cft_mutation *m)
{
	cft_sequencer_submit(m->coordination->sequencer, m->project, &m->command, on_decided, m);
}

static void take_statements(struct cft_mutation *m)
{
	const struct cft_effects *effects = &m->analysis->effects;
	const char **texts = cft_arena_array(m->arena, const char *, effects->n_statements);

	for (size_t i = 0; i < effects->n_statements; i++)
		texts[i] = effects->statements[i].text;
	m->command.plan.statements.v = texts;
	m->command.plan.statements.n = effects->n_statements;
	m->command.plan.effects = effects;
}

static void on_analyzed(void *arg, struct cft_analysis *analysis, const struct cft_err *err)
{
	struct cft_mutation *m = arg;
	struct cft_err empty;

	if (!analysis) {
		m->fail(m, err);
		return;
	}
	if (!m->dump && analysis->effects.n_statements == 0 &&
	    m->command.plan.tables_declared.n == 0) {
		cft_fail_reason(&empty, CFT_E_INVALID, "NOTHING_DECLARED",
		                "neither SQL nor tables: the intent declares nothing");
		m->fail(m, &empty);
		return;
	}
	m->analysis = cft_analysis_ref(analysis);
	take_statements(m);
	submit(m);
}

void cft_mutation_run(struct cft_mutation *m)
{
	struct cft_analyzer_query query = {
		.sql = m->sql,
		.len = m->sql_bytes,
		.tables = (const char *const *)m->command.plan.tables_declared.v,
		.n_tables = m->command.plan.tables_declared.n,
		.dump = m->dump,
	};

	if (m->sql)
		cft_analyzer_submit(m->coordination->analyzer, &query, on_analyzed, m);
	else
		submit(m);
}

void cft_answer_intent(const struct cft_view *view, const struct cft_intent *intent,
                       uint64_t revision, Confiture__V1__UpdateIntentResponse *response)
{
	confiture__v1__update_intent_response__init(response);
	response->revision = revision;
	response->base_schema = cft_show_base(view);
	if (!intent)
		return;
	response->intent = cft_show_intent(view, intent);
	response->conflicts = cft_show_conflicts_of(view, intent->id, &response->n_conflicts);
}

/* -- update: what the request leaves alone is taken from the intent -- */

int cft_mutation_update(struct cft_mutation *m, const Confiture__V1__UpdateIntentRequest *request,
                        struct cft_err *err)
{
	struct cft_mutation_fields fields = {request->project, request->request_id,
	                                     request->agent_id, request};
	struct cft_command *command = &m->command;
	int rc = cft_mutation_init(m, CFT_CMD_UPDATE, &fields, err);

	if (rc < 0 || (rc = cft_check_name("intent_id", request->intent_id, true, err)) < 0 ||
	    (rc = cft_check_text("schema_changes", request->schema_changes, CFT_SQL_FIELD_MAX_BYTES,
	                         err)) < 0 ||
	    (rc = cft_check_names("tables_affected", request->tables_affected,
	                          request->n_tables_affected, err)) < 0 ||
	    (rc = cft_check_enum("risk_level", (int)request->risk_level, CFT_RISK_CRITICAL, err)) <
	            0 ||
	    (rc = cft_check_range("estimated_duration_ms", request->estimated_duration_ms,
	                          INT64_MAX / 1000, err)) < 0 ||
	    (rc = cft_check_metadata(request->metadata_json, err)) < 0 ||
	    (rc = cft_check_text("reason", request->reason, CFT_TEXT_MAX_BYTES, err)) < 0)
		return rc;
	command->intent_id = request->intent_id;
	command->risk = (enum cft_risk)request->risk_level;
	command->estimated_us = request->estimated_duration_ms * 1000;
	command->metadata_json = request->metadata_json;
	command->force = request->force;
	command->reason = request->reason;
	command->etag_revision = strtoull(request->etag, NULL, 10);
	command->set_statements = request->set_schema_changes;
	command->set_tables = request->set_tables_affected;
	if (request->set_schema_changes) {
		m->sql = request->schema_changes;
		m->sql_bytes = strlen(m->sql);
	}
	if (request->set_tables_affected) {
		command->plan.tables_declared.v = (const char **)request->tables_affected;
		command->plan.tables_declared.n = request->n_tables_affected;
	}
	return 0;
}

static void copy_strings(struct cft_arena *arena, const struct cft_strings *from,
                         struct cft_strings *to)
{
	to->v = cft_arena_array(arena, const char *, from->n);
	to->n = from->n;
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = cft_arena_strdup(arena, from->v[i]);
}

static char *join_statements(struct cft_arena *arena, const struct cft_strings *statements)
{
	struct cft_buf text = CFT_BUF_INIT;
	char *joined;

	for (size_t i = 0; i < statements->n; i++)
		cft_buf_addf(&text, "%s;\n", statements->v[i]);
	joined = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return joined;
}

/* The effects follow from statements and tables together: the half that the request leaves alone
 * is the intent's, and both are set. */
static void complete_plan(void *arg, const struct cft_state *state, int64_t now_us,
                          const struct cft_err *err)
{
	struct cft_mutation *m = arg;
	struct cft_command *command = &m->command;
	const struct cft_intent *intent =
		state ? cft_state_intent(state, command->intent_id) : NULL;

	(void)now_us;
	if (!state) {
		m->fail(m, err);
		return;
	}
	if (intent && !command->set_tables)
		copy_strings(m->arena, &intent->tables_declared, &command->plan.tables_declared);
	if (intent && !command->set_statements) {
		m->sql = join_statements(m->arena, &intent->statements);
		m->sql_bytes = strlen(m->sql);
	}
	command->set_statements = command->set_tables = true;
	cft_mutation_run(m); /* an unknown intent is refused by the core */
}

void cft_mutation_run_update(struct cft_mutation *m)
{
	const struct cft_command *command = &m->command;

	if (command->set_statements == command->set_tables)
		cft_mutation_run(m);
	else
		cft_sequencer_read(m->coordination->sequencer, m->project, 0, complete_plan, m);
}
