/* Preview: what a plan would meet on a target: locks, losses, who is in the way, open intents.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"
#include "agent/commands/render.h"

#include <string.h>

/* -- statements -- */

static json_t *statement_json(const Confiture__V1__PlannedStatement *statement)
{
	return json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:o}", "version",
	                 statement->version, "file", statement->file, "line", statement->line,
	                 "sql", statement->sql, "lock", statement->lock, "object",
	                 statement->object, "rewrites", statement->rewrites, "destructive",
	                 statement->destructive, "transactional", statement->transactional,
	                 "blockers", cft_render_strings(statement->blockers, statement->n_blockers),
	                 "hazards", cft_render_strings(statement->hazards, statement->n_hazards));
}

static void show_statement(struct cft_output *out, const Confiture__V1__PlannedStatement *statement)
{
	if (statement->lock[0])
		cft_out_note(out, "%s:%d: %s on %s%s%s", statement->file, statement->line,
		             statement->lock, statement->object,
		             statement->rewrites ? ", for as long as the whole table takes" : "",
		             statement->transactional ? "" : ", outside a transaction");
	for (size_t i = 0; i < statement->n_blockers; i++)
		cft_out_mark(out, CFT_MARK_WARN, "%s:%d would wait for %s", statement->file,
		             statement->line, statement->blockers[i]);
	for (size_t i = 0; i < statement->n_hazards; i++)
		cft_out_mark(out, CFT_MARK_WARN, "%s:%d: %s", statement->file, statement->line,
		             statement->hazards[i]);
}

/* -- open intents -- */

static json_t *conflict_json(const Confiture__V1__PlannedConflict *planned)
{
	json_t *json = cft_render_conflict(planned->conflict);

	json_object_set_new(json, "version", json_string(planned->version));
	return json;
}

static void show_conflict(struct cft_output *out, const Confiture__V1__PlannedConflict *planned)
{
	const Confiture__V1__Conflict *conflict = planned->conflict;

	if (conflict->intent_a[0])
		cft_out_mark(out, CFT_MARK_WARN, "%s and the open intent %s of %s (%s): %s",
		             planned->version, conflict->intent_a, conflict->agent_a,
		             cft_render_severity(conflict->severity), conflict->explanation);
	else
		cft_out_mark(out, CFT_MARK_WARN, "%s: %s", planned->version, conflict->explanation);
}

static json_t *trial_json(const Confiture__V1__OpenIntentTrial *trial)
{
	json_t *proof = cft_json_parse(trial->proof_json, strlen(trial->proof_json), NULL);

	return json_pack("{s:s,s:b,s:s,s:o?}", "intent_id", trial->intent_id, "works", trial->works,
	                 "error", trial->error, "proof", proof);
}

static void show_trial(struct cft_output *out, const Confiture__V1__OpenIntentTrial *trial)
{
	if (trial->works)
		cft_out_mark(out, CFT_MARK_OK, "%s still runs after this plan", trial->intent_id);
	else
		cft_out_mark(out, CFT_MARK_ERROR, "%s does not run after this plan: %s",
		             trial->intent_id, trial->error);
}

/* -- all of it -- */

static void show(struct cft_output *out, const Confiture__V1__PlanMigrationsResponse *response,
                 json_t *document)
{
	json_t *statements = json_array(), *conflicts = json_array(), *trials = json_array();

	for (size_t i = 0; i < response->n_statements; i++) {
		show_statement(out, response->statements[i]);
		json_array_append_new(statements, statement_json(response->statements[i]));
	}
	for (size_t i = 0; i < response->n_conflicts; i++) {
		show_conflict(out, response->conflicts[i]);
		json_array_append_new(conflicts, conflict_json(response->conflicts[i]));
	}
	for (size_t i = 0; i < response->n_open_intents; i++) {
		show_trial(out, response->open_intents[i]);
		json_array_append_new(trials, trial_json(response->open_intents[i]));
	}
	json_object_set_new(document, "statements", statements);
	json_object_set_new(document, "conflicts", conflicts);
	json_object_set_new(document, "open_intents", trials);
}

int cft_migrate_remote_preview(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                               json_t *document, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	const char *intent = cft_cmd_str(cmd, "intent-id");
	Confiture__V1__PlanMigrationsRequest request = CONFITURE__V1__PLAN_MIGRATIONS_REQUEST__INIT;
	Confiture__V1__PlanMigrationsResponse *response;

	request.target = (char *)migrate->remote->target;
	request.intent_id = (char *)(intent ? intent : "");
	request.target_version = (char *)plan->steps.v[plan->steps.n - 1].file->version;
	request.allow_out_of_order = cft_cmd_flag(cmd, "allow-out-of-order");
	request.with_open_intents = cft_cmd_flag(cmd, "with-open-intents");
	request.files = cft_migrate_remote_files(migrate, &request.n_files);
	int rc = cft_coord_call_migration(&migrate->remote->coord, "PlanMigrations", &request,
	                                  &response, err);
	if (rc == 0)
		show(cmd->out, response, document);
	return rc;
}
