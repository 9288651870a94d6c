/* Run: an operation that this server has: its worker, its progress, its intent, its end.
 * SPDX-License-Identifier: MIT
 *
 * Claimed -> the intent is taken (a fence, intent.applying) -> the worker applies -> the intent is
 * MERGED, or its apply failed -> the operation ends. One without an intent is told to the log
 * instead (target.changing). Every step can be the last one of this server:
 * the next one claims the operation again, and what is done already is found done: migrations in
 * the target's ledger, the intent in the log.
 */
#include "server/services/migration_parts.h"

#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/rpc/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	HEARTBEAT_MS = 2000,
	RETRY_MS = 1000,
	MAX_RUNS = 16,      /* workers of operations at a time */
	MAX_ATTEMPTS = 100, /* servers that died over it */
	MAX_LOSSES = 60,    /* of the target's connection, in one attempt */
};

enum stage {
	STAGE_TAKE,   /* the intent; or the log is told */
	STAGE_WORK,   /* the worker runs */
	STAGE_SETTLE, /* the intent's outcome goes to the log */
	STAGE_FINISH, /* the operation's end goes to the store */
	STAGE_OVER,   /* freed once nothing is in flight */
};

struct cft_run {
	struct cft_migration *migration;
	const struct cft_target *target;
	struct cft_arena arena;
	const char *project, *id, *kind, *agent, *intent;
	const char *lost; /* what was said of the last loss */
	int attempt, losses;
	uint64_t fence, intent_fence;
	unsigned char *request;
	size_t request_len;
	enum stage stage;
	bool merged; /* before this attempt: only the end is missing */
	bool busy;   /* a command or the finish is in flight */
	bool appending, cancelled;
	json_t *ddl;   /* of the intent */
	json_t *queue; /* progress to append, in hex */
	struct cft_worker *worker;
	struct cft_timer *heartbeat, *again;
	struct cft_command command;
	struct cft_target_news news; /* of one without an intent */
	struct cft_err err;          /* of the apply; code 0: it succeeded */
	char *versions, *fingerprint;
	struct cft_run *prev, *next;
};

static void step(struct cft_run *run);

/* -- the end of the object -- */

static void run_free(struct cft_run *run)
{
	DL_DELETE(run->migration->runs, run);
	run->migration->n_runs--;
	cft_worker_free(run->worker);
	cft_timer_free(run->heartbeat);
	cft_timer_free(run->again);
	json_decref(run->ddl);
	json_decref(run->queue);
	free(run->versions);
	free(run->fingerprint);
	free(run->request);
	cft_arena_release(&run->arena);
	free(run);
}

static void drop_if_idle(struct cft_run *run)
{
	if (run->stage == STAGE_OVER && !run->busy && !run->appending)
		run_free(run);
}

/* Another server has it, or it is finished. */
static void leave(struct cft_run *run)
{
	run->stage = STAGE_OVER;
	cft_worker_free(run->worker);
	run->worker = NULL;
	cft_timer_stop(run->heartbeat);
	cft_timer_stop(run->again);
}

/* -- progress -- */

static void flush(struct cft_run *run);

static void on_appended(void *ctx, const char *const *const *rows, size_t n,
                        const struct cft_err *err)
{
	struct cft_run *run = ctx;

	run->appending = false;
	if (!err && n == 0 && run->stage != STAGE_OVER) {
		cft_log(CFT_LOG_WARN, "another server has the operation", "operation", run->id,
		        NULL);
		leave(run);
	}
	if (run->stage == STAGE_OVER) {
		drop_if_idle(run);
		return;
	}
	if (!err && rows[0][0][0] == 't' && !run->cancelled) {
		run->cancelled = true;
		if (run->worker)
			cft_worker_cancel(run->worker);
	}
	if (!err)
		cft_follow_poke(run->migration, run->id);
	if (!err && json_array_size(run->queue) > 0)
		flush(run);
	if (run->stage == STAGE_FINISH)
		step(run);
}

/* One append at a time keeps the order. */
static void flush(struct cft_run *run)
{
	json_t *batch = run->queue;

	if (run->appending)
		return;
	run->appending = true;
	run->queue = json_array();
	cft_store_operation_append(run->migration->options.store, run->id, run->attempt, batch,
	                           on_appended, run);
	json_decref(batch);
}

static void queue_bytes(struct cft_run *run, const void *data, size_t len)
{
	char *hex = cft_malloc(2 * len + 1);

	cft_hex(data, len, hex);
	json_array_append_new(run->queue, json_string(hex));
	free(hex);
	flush(run);
}

static void say(struct cft_run *run, Confiture__V1__ProgressKind kind, uint64_t revision,
                const char *text)
{
	Confiture__V1__OperationProgress progress = CONFITURE__V1__OPERATION_PROGRESS__INIT;
	struct cft_buf packed = CFT_BUF_INIT;

	progress.kind = kind;
	progress.revision = revision;
	progress.text = (char *)text;
	cft_proto_pack(&progress, &packed);
	queue_bytes(run, cft_buf_str(&packed), packed.len);
	cft_buf_release(&packed);
}

static void on_heartbeat(void *ctx)
{
	flush(ctx);
}

static void on_again(void *ctx)
{
	step(ctx);
}

static void again_soon(struct cft_run *run)
{
	cft_timer_start(run->again, RETRY_MS, 0);
}

static void fail_run(struct cft_run *run, const struct cft_err *err)
{
	run->err = *err;
	run->stage = run->intent_fence > 0 ? STAGE_SETTLE : STAGE_FINISH;
	step(run);
}

/* -- the intent -- */

static json_t *statements_of(const struct cft_intent *intent)
{
	json_t *list = json_array();

	for (size_t i = 0; i < intent->statements.n; i++)
		json_array_append_new(list, json_string(intent->statements.v[i]));
	return list;
}

static bool passing(const struct cft_err *err)
{
	return err->code == CFT_E_UNAVAILABLE || err->code == CFT_E_ABORTED;
}

static void on_taken(void *arg, const struct cft_state *state, const struct cft_decision *decision,
                     const struct cft_err *err)
{
	struct cft_run *run = arg;

	run->busy = false;
	if (run->stage == STAGE_OVER) {
		drop_if_idle(run);
	} else if (!decision && passing(err)) {
		again_soon(run);
	} else if (!decision) {
		fail_run(run, err);
	} else {
		run->intent_fence = cft_state_intent(state, run->intent)->fence;
		run->stage = STAGE_WORK;
		step(run);
	}
}

static void submit(struct cft_run *run, enum cft_command_kind kind, cft_submit_cb *cb)
{
	run->busy = true;
	run->command = (struct cft_command){
		.kind = kind,
		.actor = "",
		.request_id = "",
		.intent_id = run->intent,
		.operation_id = run->id,
		.target = run->target->name,
		.need_approval = run->target->policy == CFT_APPLY_APPROVAL,
		.approvers = {(const char **)(uintptr_t)run->target->approvers,
	                      run->target->n_approvers},
		.fence = kind == CFT_CMD_APPLY ? 0 : run->intent_fence,
	};
	if (kind == CFT_CMD_APPLY_FAILED)
		run->command.reason = run->err.message;
	cft_sequencer_submit(run->migration->options.sequencer, run->project, &run->command, cb,
	                     run);
}

/* The apply acts in the name of whoever asked: who may change the intent may apply it. */
static int may_take(const struct cft_run *run, const struct cft_intent *intent, struct cft_err *err)
{
	if (!intent)
		return cft_fail_reason(err, CFT_E_NOT_FOUND, "INTENT_NOT_FOUND",
		                       "no intent %s in project %s", run->intent, run->project);
	if (strcmp(intent->agent_id, run->agent) == 0)
		return 0;
	cft_fail_reason(err, CFT_E_FORBIDDEN, "NOT_OWNER", "intent %s belongs to agent %s, not %s",
	                intent->id, intent->agent_id, run->agent);
	return err->code;
}

static void on_read(void *arg, const struct cft_state *state, int64_t now_us,
                    const struct cft_err *err)
{
	struct cft_run *run = arg;
	struct cft_err refused;

	(void)now_us;
	run->busy = false;
	if (run->stage == STAGE_OVER) {
		drop_if_idle(run);
		return;
	}
	if (!state) {
		again_soon(run);
		(void)err;
		return;
	}
	const struct cft_intent *intent = cft_state_intent(state, run->intent);
	if (may_take(run, intent, &refused) != 0) {
		fail_run(run, &refused);
		return;
	}
	json_decref(run->ddl);
	run->ddl = statements_of(intent);
	run->merged = run->attempt > 1 && intent->status == CFT_INTENT_MERGED;
	if (run->merged) {
		run->stage = STAGE_WORK;
		step(run);
	} else {
		submit(run, CFT_CMD_APPLY, on_taken);
	}
}

/* -- without an intent: what will be done is in the log before it is done -- */

static void on_noted(void *arg, const struct cft_state *state, const struct cft_decision *decision,
                     const struct cft_err *err)
{
	struct cft_run *run = arg;

	(void)state;
	run->busy = false;
	if (run->stage == STAGE_OVER) {
		drop_if_idle(run);
	} else if (!decision && passing(err)) {
		again_soon(run);
	} else if (!decision) {
		fail_run(run, err);
	} else {
		run->stage = STAGE_WORK;
		step(run);
	}
}

static void note_change(struct cft_run *run)
{
	struct cft_err err;

	run->command = (struct cft_command){.kind = CFT_CMD_TARGET_CHANGE, .actor = run->agent};
	if (cft_operation_news(run->kind, run->request, run->request_len, &run->arena, &run->news,
	                       &run->command.reason, &err) != 0) {
		fail_run(run, &err);
		return;
	}
	run->news.target = run->target->name;
	run->news.operation = run->id;
	run->command.news = &run->news;
	/* Once, however many servers go on with it. */
	run->command.request_id = cft_arena_printf(&run->arena, "changing-%s", run->id);
	cft_sha256(run->id, strlen(run->id), run->command.body_digest);
	run->busy = true;
	cft_sequencer_submit(run->migration->options.sequencer, run->project, &run->command,
	                     on_noted, run);
}

static void take_intent(struct cft_run *run)
{
	if (!run->intent[0]) {
		note_change(run);
		return;
	}
	run->busy = true;
	cft_sequencer_read(run->migration->options.sequencer, run->project, 0, on_read, run);
}

static void on_settled(void *arg, const struct cft_state *state,
                       const struct cft_decision *decision, const struct cft_err *err)
{
	struct cft_run *run = arg;

	(void)state;
	run->busy = false;
	if (run->stage == STAGE_OVER) {
		drop_if_idle(run);
		return;
	}
	if (!decision && passing(err)) {
		again_soon(run);
		return;
	}
	if (decision && run->err.code == 0)
		say(run, CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_MERGED, decision->revision,
		    run->intent);
	else if (!decision) /* merged or abandoned by another hand meanwhile */
		cft_log_err(CFT_LOG_WARN, "the intent of an operation moved beside it", err);
	run->stage = STAGE_FINISH;
	step(run);
}

/* -- the worker -- */

static void on_progress(void *ctx, const void *data, size_t len)
{
	queue_bytes(ctx, data, len);
}

static char *join(char **list, size_t n)
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		cft_buf_addf(&text, "%s%s", i ? " " : "", list[i]);
	return cft_buf_detach(&text);
}

static void take_result(struct cft_run *run, const void *data, size_t len)
{
	Confiture__V1__OperationProgress *progress;

	if (cft_proto_unpack(&confiture__v1__operation_progress__descriptor, data, len, &run->arena,
	                     &progress, &run->err) != 0 ||
	    !progress->operation)
		return;
	run->versions = join(progress->operation->versions, progress->operation->n_versions);
	run->fingerprint = cft_strdup(progress->operation->schema_fingerprint);
}

/* An apply goes on where the ledger says, a baseline finds its rows. */
static bool repeatable(const struct cft_run *run)
{
	const Confiture__V1__RollbackMigrationsRequest *request;
	struct cft_arena arena = CFT_ARENA_INIT;
	bool yes = strcmp(run->kind, "repair") != 0;

	if (strcmp(run->kind, "rollback") == 0)
		yes = cft_proto_unpack(&confiture__v1__rollback_migrations_request__descriptor,
		                       run->request, run->request_len, &arena, &request,
		                       NULL) == 0 &&
		      request->to_version[0];
	cft_arena_release(&arena);
	return yes;
}

/* The target went away in the middle: what was open is rolled back, the rest is on record. */
static bool try_again(struct cft_run *run, const struct cft_err *err)
{
	if (err->code != CFT_E_UNAVAILABLE || run->cancelled || run->losses >= MAX_LOSSES ||
	    !repeatable(run))
		return false;
	run->losses++;
	if (strcmp(run->lost, err->message) != 0) {
		run->lost = cft_arena_strdup(&run->arena, err->message);
		say(run, CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_RETRY, 0, run->lost);
	}
	again_soon(run);
	return true;
}

static void on_worker_end(void *ctx, const void *data, size_t len, const struct cft_err *err)
{
	struct cft_run *run = ctx;
	struct cft_err copy = CFT_ERR_INIT;

	if (err)
		copy = *err; /* the worker's own */
	if (!err)
		take_result(run, data, len);
	cft_worker_free(run->worker);
	run->worker = NULL;
	if (err && try_again(run, &copy))
		return;
	if (err)
		run->err = copy;
	run->stage = run->intent_fence > 0 ? STAGE_SETTLE : STAGE_FINISH;
	step(run);
}

static const char *method_of(const char *kind)
{
	if (strcmp(kind, "rollback") == 0)
		return "RollbackMigrations";
	if (strcmp(kind, "baseline") == 0)
		return "BaselineMigrations";
	return strcmp(kind, "repair") == 0 ? "RepairMigration" : "ApplyMigrations";
}

static json_t *job_of(const struct cft_run *run)
{
	json_t *job = cft_migration_job(method_of(run->kind), run->target);

	json_object_set_new(job, "operation", json_string(run->id));
	json_object_set_new(job, "attempt", json_integer(run->attempt));
	json_object_set_new(job, "agent", json_string(run->agent));
	json_object_set_new(job, "intent", json_string(run->intent));
	json_object_set_new(job, "fence", json_integer((json_int_t)run->fence));
	json_object_set_new(job, "intent_fence", json_integer((json_int_t)run->intent_fence));
	if (run->ddl)
		json_object_set(job, "ddl", run->ddl);
	return job;
}

static void start_worker(struct cft_run *run)
{
	json_t *job = job_of(run);
	struct cft_worker_options options = {
		.job = job,
		.request = run->request,
		.request_len = run->request_len,
		.on_progress = on_progress,
		.on_end = on_worker_end,
		.ctx = run,
	};
	struct cft_err err;
	int rc = cft_worker_start(run->migration->options.loop, &options, &run->worker, &err);

	json_decref(job);
	if (rc != 0)
		fail_run(run, &err);
	else if (run->cancelled)
		cft_worker_cancel(run->worker);
}

/* -- the end of the operation -- */

static void on_finished(void *ctx, const char *const *const *rows, size_t n,
                        const struct cft_err *err)
{
	struct cft_run *run = ctx;

	(void)rows;
	(void)n;
	run->busy = false;
	if (run->stage != STAGE_OVER && err) {
		again_soon(run);
		return;
	}
	cft_follow_poke(run->migration, run->id);
	leave(run);
	cft_runs_claim(run->migration);
	drop_if_idle(run);
}

/* "001_users.up.sql:3:7: message" */
static const char *error_text(struct cft_run *run)
{
	const struct cft_err *err = &run->err;
	const char *slash = strrchr(err->file, '/');

	if (err->line == 0 || !err->file[0])
		return err->message;
	const char *file = slash ? slash + 1 : err->file;
	if (err->column == 0)
		return cft_arena_printf(&run->arena, "%s:%d: %s", file, err->line, err->message);
	return cft_arena_printf(&run->arena, "%s:%d:%d: %s", file, err->line, err->column,
	                        err->message);
}

static void finish(struct cft_run *run)
{
	bool failed = run->err.code != 0;
	const struct cft_operation_end end = {
		.status = !failed                            ? "SUCCEEDED"
	                  : run->err.code == CFT_E_CANCELLED ? "CANCELLED"
	                                                     : "FAILED",
		.versions = run->versions ? run->versions : "",
		.fingerprint = run->fingerprint ? run->fingerprint : "",
		.code = failed ? cft_code_name(run->err.code) : "",
		.reason = failed ? run->err.reason : "",
		.message = failed ? error_text(run) : "",
	};

	if (run->appending || json_array_size(run->queue) > 0) {
		flush(run); /* its end comes back here */
		return;
	}
	run->busy = true;
	cft_store_operation_finish(run->migration->options.store, run->id, run->attempt, &end,
	                           on_finished, run);
}

static void step(struct cft_run *run)
{
	if (run->busy || run->worker)
		return;
	switch (run->stage) {
	case STAGE_TAKE:
		take_intent(run);
		break;
	case STAGE_WORK:
		start_worker(run);
		break;
	case STAGE_SETTLE:
		submit(run, run->err.code ? CFT_CMD_APPLY_FAILED : CFT_CMD_MERGE, on_settled);
		break;
	case STAGE_FINISH:
		finish(run);
		break;
	case STAGE_OVER:
		break;
	}
}

/* -- claiming -- */

static void take_row(struct cft_run *run, const char *const *row)
{
	struct cft_arena *arena = &run->arena;
	size_t hex_len = strlen(row[CFT_OPERATION_REQUEST]);

	run->lost = "";
	run->project = cft_arena_strdup(arena, row[CFT_OPERATION_PROJECT]);
	run->id = cft_arena_strdup(arena, row[CFT_OPERATION_ID]);
	run->kind = cft_arena_strdup(arena, row[CFT_OPERATION_KIND]);
	run->agent = cft_arena_strdup(arena, row[CFT_OPERATION_AGENT]);
	run->intent = cft_arena_strdup(arena, row[CFT_OPERATION_INTENT]);
	run->attempt = (int)strtol(row[CFT_OPERATION_ATTEMPT], NULL, 10);
	run->fence = strtoull(row[CFT_OPERATION_FENCE], NULL, 10);
	run->cancelled = row[CFT_OPERATION_CANCEL][0] == 't';
	run->request = cft_malloc(hex_len / 2 + 1);
	run->request_len = hex_len / 2;
	cft_unhex(row[CFT_OPERATION_REQUEST], hex_len, run->request);
}

static int may_begin(const struct cft_run *run, struct cft_err *err)
{
	if (run->cancelled)
		return cft_fail(err, CFT_E_CANCELLED, "cancelled");
	if (run->attempt > MAX_ATTEMPTS)
		return cft_fail_reason(err, CFT_E_FAILED, "GIVEN_UP",
		                       "%d servers ended in the middle of it", MAX_ATTEMPTS);
	if (run->attempt == 1 || repeatable(run))
		return 0;
	cft_fail_reason(err, CFT_E_FAILED, "INTERRUPTED",
	                "its server ended in the middle of the %s; each migration is dealt with "
	                "wholly or not at all",
	                run->kind);
	return cft_err_hint(err, "see where the target stands with GetMigrationStatus");
}

static void run_row(struct cft_migration *migration, const char *const *row)
{
	struct cft_run *run = cft_new(struct cft_run);
	struct cft_err err;
	char text[64] = "";

	run->migration = migration;
	run->queue = json_array();
	take_row(run, row);
	run->target = cft_migration_target(migration, run->project, row[CFT_OPERATION_TARGET], NULL,
	                                   &err);
	run->heartbeat = cft_timer_new(migration->options.loop, on_heartbeat, run);
	run->again = cft_timer_new(migration->options.loop, on_again, run);
	cft_timer_start(run->heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
	DL_APPEND(migration->runs, run);
	migration->n_runs++;
	if (run->attempt > 1)
		snprintf(text, sizeof(text), "attempt %d: its server was not heard of any more",
		         run->attempt);
	say(run, CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_STARTED, 0, text);
	if (!run->target || may_begin(run, &err) != 0)
		fail_run(run, &err);
	else
		step(run);
}

static void on_claimed(void *ctx, const char *const *const *rows, size_t n,
                       const struct cft_err *err)
{
	struct cft_migration *migration = ctx;

	migration->claiming = false;
	if (err || n == 0 || migration->stopping)
		return;
	run_row(migration, rows[0]);
	cft_runs_claim(migration);
}

void cft_runs_claim(struct cft_migration *migration)
{
	if (migration->claiming || migration->stopping || migration->n_runs >= MAX_RUNS ||
	    migration->options.targets.n == 0)
		return;
	migration->claiming = true;
	cft_store_operation_claim(migration->options.store, migration->server_id,
	                          migration->target_names, migration->options.stale_ms, on_claimed,
	                          migration);
}

void cft_runs_tick(struct cft_migration *migration)
{
	cft_runs_claim(migration);
}

void cft_runs_free(struct cft_migration *migration)
{
	while (migration->runs)
		run_free(migration->runs);
}
