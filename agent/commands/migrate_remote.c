/* Remote: the ledger of a target from the server, and applies and rollbacks by it.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

#include "agent/commands/operation_watch.h"
#include "common/base/digest.h"

#include <stdlib.h>
#include <string.h>

enum { QUESTION_MS = 300000 };

/* -- the ledger -- */

static int take_entry(struct cft_migrate *migrate, const Confiture__V1__LedgerEntry *from,
                      struct cft_err *err)
{
	struct cft_mig_entry entry = {
		.version = from->version,
		.name = from->name,
		.checksum = from->checksum,
		.applied_at = from->apply_time,
		.applied_by = from->applied_by,
		.duration_ms = from->duration_ms,
		.statements_done = from->statements_done,
		.statements_total = from->statements_total,
		.running = from->running[0] ? from->running : NULL,
	};

	if (!cft_mig_state_parse(from->state, &entry.state))
		return cft_fail_reason(err, CFT_E_INCONSISTENT, "UNKNOWN_STATE",
		                       "the server says \"%s\" about %s: it is newer than this "
		                       "program",
		                       from->state, from->version);
	cft_vec_push_in(migrate->cmd->arena, &migrate->history.entries, entry);
	return 0;
}

static int read_ledger(struct cft_migrate *migrate, struct cft_err *err)
{
	struct cft_migrate_remote *remote = migrate->remote;
	Confiture__V1__GetMigrationStatusRequest request =
		CONFITURE__V1__GET_MIGRATION_STATUS_REQUEST__INIT;
	Confiture__V1__GetMigrationStatusResponse *response;

	request.target = (char *)remote->target;
	int rc = cft_coord_call_migration(&remote->coord, "GetMigrationStatus", &request, &response,
	                                  err);
	for (size_t i = 0; rc == 0 && i < response->n_entries; i++)
		rc = take_entry(migrate, response->entries[i], err);
	if (rc != 0)
		return rc;
	remote->invalid_indexes = (const char *const *)response->invalid_indexes;
	remote->n_invalid_indexes = response->n_invalid_indexes;
	migrate->connection.shown =
		cft_arena_printf(migrate->cmd->arena, "%s: %s", remote->target, response->database);
	return 0;
}

int cft_migrate_remote_open(struct cft_migrate *migrate, const char *target, struct cft_err *err)
{
	struct cft_migrate_remote *remote =
		cft_arena_new(migrate->cmd->arena, struct cft_migrate_remote);
	int rc = cft_coord_open(migrate->cmd, &remote->coord, err);

	if (rc != 0)
		return rc;
	if (!cft_cmd_typed(migrate->cmd, "timeout"))
		remote->coord.session.timeout_ms = QUESTION_MS; /* schemas can be large */
	remote->target = target;
	migrate->remote = remote;
	return read_ledger(migrate, err);
}

void cft_migrate_remote_close(struct cft_migrate *migrate)
{
	if (migrate->remote)
		cft_coord_close(&migrate->remote->coord);
}

/* -- the request -- */

static Confiture__V1__SourceFile *source_file(struct cft_arena *arena,
                                              const struct cft_mig_text *text)
{
	Confiture__V1__SourceFile *file = cft_arena_new(arena, Confiture__V1__SourceFile);
	const char *slash = strrchr(text->path, '/');
	char hex[CFT_SHA256_HEX];

	confiture__v1__source_file__init(file);
	file->name = (char *)(slash ? slash + 1 : text->path);
	file->content.data = (uint8_t *)(uintptr_t)text->data;
	file->content.len = text->len;
	file->sha256 = cft_arena_strdup(arena, cft_sha256_hex(text->data, text->len, hex));
	return file;
}

Confiture__V1__SourceFile **cft_migrate_remote_files(struct cft_migrate *migrate, size_t *ret_n)
{
	struct cft_arena *arena = migrate->cmd->arena;
	Confiture__V1__SourceFile **files =
		cft_arena_array(arena, Confiture__V1__SourceFile *, 2 * migrate->dir.files.n);
	size_t n = 0;

	CFT_VEC_EACH (struct cft_mig_file, file, &migrate->dir.files) {
		if (file->up.path)
			files[n++] = source_file(arena, &file->up);
		if (file->down.path && !file->python)
			files[n++] = source_file(arena, &file->down);
	}
	*ret_n = n;
	return files;
}

int cft_migrate_remote_agent(struct cft_migrate *migrate, const char *intent, char **ret_agent,
                             struct cft_err *err)
{
	const char *agent = cft_cmd_str(migrate->cmd, "agent-id");

	if (agent || intent)
		return cft_coord_agent_for_intent(&migrate->remote->coord, intent, ret_agent, err);
	cft_fail_reason(err, CFT_E_INVALID, "AGENT_REQUIRED", "--on needs --agent-id: who acts");
	return cft_err_hint(err, "set CONFITURE_AGENT_ID to say it once");
}

/* -- progress -- */

struct watching {
	struct cft_operation_watch watch;
	struct cft_migrate *migrate;
	const struct cft_mig_plan *plan; /* NULL: nothing is run */
	void (*show)(void *ctx, const struct cft_mig_event *event);
	size_t done;
	size_t n_versions; /* of the operation, at its end */
};

static const struct cft_mig_step *step_of(const struct watching *watching, const char *version)
{
	if (!watching->plan)
		return NULL;
	CFT_VEC_EACH (struct cft_mig_step, step, &watching->plan->steps) {
		if (strcmp(step->file->version, version) == 0)
			return step;
	}
	return NULL;
}

/* Back from ProgressKind to the engine's own; -1 for what is the server's alone. */
static int event_kind(Confiture__V1__ProgressKind kind)
{
	int first = CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_LOCK_WAIT;
	int last = CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_END_MIGRATION;

	return (int)kind < first || (int)kind > last ? -1 : (int)kind - first;
}

static void take_progress(void *ctx, const Confiture__V1__OperationProgress *progress)
{
	struct watching *watching = ctx;
	struct cft_output *out = watching->migrate->cmd->out;
	int kind = event_kind(progress->kind);
	struct cft_mig_event event = {
		.kind = (enum cft_mig_event_kind)kind,
		.step = step_of(watching, progress->version),
		.done = progress->done,
		.total = progress->total,
		.duration_us = progress->duration_ms * 1000,
		.failed = progress->failed,
		.text = progress->text,
	};

	if (kind >= 0 && event.kind == CFT_MIG_LOCK_WAIT)
		cft_out_note(out, "waiting for another migrator: %s", event.text);
	else if (kind >= 0 && event.step)
		watching->show(watching->migrate, &event);
	if (kind >= 0 && event.kind == CFT_MIG_END_STEP && !event.failed)
		watching->done++;
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_QUEUED)
		cft_out_note(out, "operation %s on %s", progress->operation_id,
		             watching->migrate->remote->target);
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_STARTED &&
	    progress->text[0])
		cft_out_note(out, "%s", progress->text);
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_RETRY)
		cft_out_note(out, "%s", progress->text);
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_MERGED)
		cft_out_note(out, "intent %s is MERGED", progress->text);
	if (progress->operation)
		watching->n_versions = progress->operation->n_versions;
}

static int watch_to_end(struct watching *watching, const char *method, void *request,
                        struct cft_err *err)
{
	watching->watch = (struct cft_operation_watch){
		.coord = &watching->migrate->remote->coord, .show = take_progress, .ctx = watching};
	return cft_operation_watch(&watching->watch, method, request, err);
}

/* -- apply, roll back -- */

static int apply(struct watching *watching, struct cft_err *err)
{
	struct cft_migrate *migrate = watching->migrate;
	struct cft_cmd *cmd = migrate->cmd;
	const char *intent = cft_cmd_str(cmd, "intent-id");
	const struct cft_mig_plan *plan = watching->plan;
	Confiture__V1__ApplyMigrationsRequest request =
		CONFITURE__V1__APPLY_MIGRATIONS_REQUEST__INIT;
	int rc = cft_migrate_remote_agent(migrate, intent, &request.agent_id, err);

	if (rc != 0)
		return rc;
	request.target = (char *)migrate->remote->target;
	request.intent_id = (char *)(intent ? intent : "");
	request.files = cft_migrate_remote_files(migrate, &request.n_files);
	request.target_version = (char *)plan->steps.v[plan->steps.n - 1].file->version;
	request.allow_out_of_order = cft_cmd_flag(cmd, "allow-out-of-order");
	request.allow_changed = cft_cmd_flag(cmd, "allow-changed");
	return watch_to_end(watching, "ApplyMigrations", &request, err);
}

static int roll_back(struct watching *watching, struct cft_err *err)
{
	struct cft_migrate *migrate = watching->migrate;
	Confiture__V1__RollbackMigrationsRequest request =
		CONFITURE__V1__ROLLBACK_MIGRATIONS_REQUEST__INIT;
	int rc = cft_migrate_remote_agent(migrate, NULL, &request.agent_id, err);

	if (rc != 0)
		return rc;
	request.target = (char *)migrate->remote->target;
	request.files = cft_migrate_remote_files(migrate, &request.n_files);
	request.steps = (uint32_t)watching->plan->steps.n;
	return watch_to_end(watching, "RollbackMigrations", &request, err);
}

int cft_migrate_remote_run(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                           void (*show)(void *ctx, const struct cft_mig_event *event),
                           size_t *ret_done, struct cft_err *err)
{
	struct watching watching = {.migrate = migrate, .plan = plan, .show = show};
	int rc = plan->direction == CFT_MIG_UP ? apply(&watching, err) : roll_back(&watching, err);

	*ret_done = watching.done;
	return rc;
}

/* -- the ledger alone -- */

struct record_fields {
	char **target, **agent;
	Confiture__V1__SourceFile ***files;
	size_t *n_files;
};

static struct record_fields fields_of(void *request)
{
	const ProtobufCMessage *message = request;

	if (message->descriptor == &confiture__v1__baseline_migrations_request__descriptor) {
		Confiture__V1__BaselineMigrationsRequest *r = request;
		return (struct record_fields){&r->target, &r->agent_id, &r->files, &r->n_files};
	}
	Confiture__V1__RepairMigrationRequest *r = request;
	return (struct record_fields){&r->target, &r->agent_id, &r->files, &r->n_files};
}

int cft_migrate_remote_record(struct cft_migrate *migrate, const char *method, void *request,
                              size_t *ret_count, struct cft_err *err)
{
	struct watching watching = {.migrate = migrate};
	struct record_fields fields = fields_of(request);
	int rc = cft_migrate_remote_agent(migrate, NULL, fields.agent, err);

	if (rc != 0)
		return rc;
	*fields.target = (char *)migrate->remote->target;
	*fields.files = cft_migrate_remote_files(migrate, fields.n_files);
	rc = watch_to_end(&watching, method, request, err);
	*ret_count = watching.n_versions;
	return rc;
}
