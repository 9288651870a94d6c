/* Input: the files of a request, the connection of a job.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/base/utf8.h"
#include "common/introspect/introspect.h"
#include "common/pg/pg.h"
#include "common/sql/syntax/split.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MIGRATIONS "migrations"

/* Waiting for a lock blocks everybody behind us too: short, and then again. */
enum { LOCK_RETRIES = 6, NAME_MAX_BYTES = 200 };

/* -- files -- */

static int check_sum(const Confiture__V1__SourceFile *file, struct cft_err *err)
{
	char hex[CFT_SHA256_HEX];

	cft_sha256_hex(file->content.data, file->content.len, hex);
	if (!file->sha256[0] || strcasecmp(file->sha256, hex) == 0)
		return 0;
	cft_fail_reason(err, CFT_E_INVALID, "CHECKSUM_MISMATCH", "%s is not what its checksum says",
	                file->name);
	return cft_err_hint(err, "the content has SHA-256 %s", hex);
}

static int check_name(const Confiture__V1__SourceFile *file, struct cft_err *err)
{
	size_t len = strlen(file->name);

	/* What an operation fails with is shown to others. */
	if (cft_utf8_has_control(file->name))
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_FILE_NAME",
		                       "the name of a file holds control characters");
	if (len == 0 || len > NAME_MAX_BYTES || file->name[0] == '.' || strchr(file->name, '/'))
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_FILE_NAME",
		                       "\"%s\" is not the plain name of a file", file->name);
	return 0;
}

static int write_file(const Confiture__V1__SourceFile *file, struct cft_err *err)
{
	char path[NAME_MAX_BYTES + sizeof(MIGRATIONS) + 2];
	int rc = check_name(file, err);

	if (rc == 0)
		rc = check_sum(file, err);
	if (rc != 0)
		return rc;
	snprintf(path, sizeof(path), MIGRATIONS "/%s", file->name);
	return cft_file_write(path, file->content.data, file->content.len, 0600, err);
}

/* Somebody handed it over to be run. In a directory, where it may just lie, it is a warning. */
static int refuse_unknown(const struct cft_mig_dir *dir, struct cft_err *err)
{
	CFT_VEC_EACH (struct cft_mig_problem, problem, &dir->problems)
		if (strcmp(problem->reason, "UNKNOWN_FILE_NAME") == 0)
			return cft_fail_reason(err, CFT_E_INVALID, problem->reason,
			                       "%s would not be run, its name is none of a "
			                       "migration: %s",
			                       cft_path_base(problem->path), problem->hint);
	return 0;
}

int cft_worker_migrations(struct cft_worker_child *child, Confiture__V1__SourceFile **files,
                          size_t n, struct cft_mig_dir *ret, struct cft_err *err)
{
	int rc = cft_file_mkdirs(MIGRATIONS, 0700, err);

	(void)child;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = write_file(files[i], err);
	if (rc == 0)
		rc = cft_mig_dir_read(ret, MIGRATIONS, err);
	return rc ? rc : refuse_unknown(ret, err);
}

int cft_worker_refuse_python(const struct cft_mig_plan *plan, struct cft_err *err)
{
	CFT_VEC_EACH (struct cft_mig_step, step, &plan->steps) {
		if (!step->file->python)
			continue;
		/* An operation keeps its error's message and no hint: what to do is said in it. */
		return cft_fail_reason(
			err, CFT_E_UNSUPPORTED, "PYTHON_MIGRATION",
			"%s_%s.py is Python, and the server runs SQL migrations "
			"only: write it in SQL, or run it with a connection of your "
			"own and record it: migrate baseline --through %s --on TARGET",
			step->file->version, step->file->name, step->file->version);
	}
	return 0;
}

int cft_worker_script(Confiture__V1__SourceFile **files, size_t n, struct cft_buf *out,
                      struct cft_err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = check_sum(files[i], err);

		if (rc != 0)
			return rc;
		if (strchr(files[i]->name, '\n'))
			return cft_fail_reason(err, CFT_E_INVALID, "INVALID_FILE_NAME",
			                       "a file's name has a line break");
		cft_buf_addf(out, "%s-- %s\n", i ? "\n" : "", files[i]->name);
		cft_buf_add(out, files[i]->content.data, files[i]->content.len);
		if (out->len > 0 && out->data[out->len - 1] != '\n')
			cft_buf_addc(out, '\n');
	}
	return 0;
}

/* -- connection -- */

static const char *details(struct cft_worker_child *child)
{
	json_t *json = json_pack(
		"{s:s,s:s,s:s,s:I,s:I}", "operation", cft_worker_text(child, "operation"), "intent",
		cft_worker_text(child, "intent"), "agent", cft_worker_text(child, "agent"), "fence",
		(json_int_t)cft_worker_number(child, "fence"), "intent_fence",
		(json_int_t)cft_worker_number(child, "intent_fence"));
	char *text = cft_json_compact(json);
	const char *copy = cft_arena_strdup(child->arena, text);

	free(text);
	json_decref(json);
	return copy;
}

const char *cft_worker_fence_table(struct cft_worker_child *child,
                                   const struct cft_mig_engine *engine)
{
	const char *table = cft_mig_engine_table(engine);
	const char *at = table, *last = table;

	while ((at = strstr(at, "\".\"")))
		last = ++at;
	return cft_arena_printf(child->arena, "%.*s.\"confiture_fence\"", (int)(last - table),
	                        table);
}

/* A smaller token than the one there is refused: its operation was taken over. */
static int hold_fence(struct cft_worker_child *child, struct cft_pg *pg, const char *table,
                      struct cft_err *err)
{
	const char *fence = cft_arena_printf(child->arena, "%lld",
	                                     (long long)cft_worker_number(child, "fence"));
	const char *values[] = {cft_worker_text(child, "fence_key"), fence,
	                        cft_worker_text(child, "operation")};
	struct cft_pg_result *result = NULL;
	const char *sql = cft_arena_printf(
		child->arena,
		"INSERT INTO %s AS f VALUES ($1, $2::bigint, $3, clock_timestamp()) ON CONFLICT "
		"(target) DO UPDATE SET fence = excluded.fence, operation = excluded.operation, "
		"updated_at = excluded.updated_at WHERE f.fence <= excluded.fence RETURNING fence",
		table);
	int rc = cft_pg_exec_params(pg, sql, 3, values, &result, err);

	if (rc == 0 && cft_pg_rows(result) == 0)
		rc = cft_fail_reason(err, CFT_E_STATE, "STALE_FENCE",
		                     "a later operation than fence %s has its turn on this target",
		                     fence);
	cft_pg_result_free(result);
	return rc;
}

static int before_commit(void *ctx, struct cft_pg *pg, const struct cft_mig_step *step,
                         struct cft_err *err)
{
	struct cft_worker_child *child = ctx;

	(void)step;
	return hold_fence(child, pg, cft_worker_text(child, "fence_table"), err);
}

/* From here on nobody with an older fence commits. */
static int take_fence(struct cft_worker_child *child, struct cft_mig_engine *engine,
                      struct cft_err *err)
{
	const char *table = cft_worker_fence_table(child, engine);
	struct cft_pg *pg = cft_mig_engine_pg(engine);
	int rc = cft_pg_execf(pg, err,
	                      "SET client_min_messages = warning;"
	                      "CREATE TABLE IF NOT EXISTS %s (target text PRIMARY KEY, "
	                      "fence bigint NOT NULL, operation text NOT NULL, "
	                      "updated_at timestamptz NOT NULL)",
	                      table);

	json_object_set_new(child->job, "fence_table", json_string(table));
	return rc ? rc : hold_fence(child, pg, table, err);
}

static void on_event(void *ctx, const struct cft_mig_event *event)
{
	/* The order of enum cft_mig_event_kind. */
	static const Confiture__V1__ProgressKind kinds[] = {
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_LOCK_WAIT,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_BEGIN_MIGRATION,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_STATEMENTWISE,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_STATEMENT,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_SKIPPED,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_BLOCKED,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_RETRY,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_INDEX_CLEANED,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_NOTICE,
		CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_END_MIGRATION,
	};
	Confiture__V1__OperationProgress progress = CONFITURE__V1__OPERATION_PROGRESS__INIT;

	(void)ctx;
	progress.kind = kinds[event->kind];
	if (event->step) {
		progress.version = (char *)event->step->file->version;
		progress.name = (char *)event->step->file->name;
	}
	progress.done = event->done;
	progress.total = event->total;
	progress.duration_ms = event->duration_us / 1000;
	progress.failed = event->failed;
	progress.text = (char *)(event->text ? event->text : "");
	cft_worker_say(&progress);
}

int cft_worker_open_engine(struct cft_worker_child *child, struct cft_mig_engine **ret,
                           struct cft_err *err)
{
	bool operation = cft_worker_text(child, "operation")[0];
	struct cft_mig_engine_options options = {
		.url = cft_worker_text(child, "url"),
		.application_name = operation
	                                    ? cft_arena_printf(child->arena, "confiture %s (%s)",
	                                                       cft_worker_text(child, "operation"),
	                                                       cft_worker_text(child, "agent"))
	                                    : "confiture-server",
		.table = cft_worker_text(child, "table"),
		.applied_by = cft_worker_text(child, "agent"),
		.lock_wait_us = cft_worker_number(child, "lock_wait_ms") * 1000,
		.lock_timeout_us = cft_worker_number(child, "lock_timeout_ms") * 1000,
		.statement_timeout_us = cft_worker_number(child, "statement_timeout_ms") * 1000,
		.retries = LOCK_RETRIES,
		.details = operation ? details(child) : NULL,
		.on_event = operation ? on_event : NULL,
		.before_commit = operation ? before_commit : NULL,
		.ctx = child,
	};
	int rc = cft_mig_engine_open(&options, ret, err);

	if (rc != 0 || !operation)
		return rc;
	cft_worker_set_engine(*ret);
	rc = take_fence(child, *ret, err);
	return rc ? rc : cft_mig_engine_lock(*ret, err);
}

int cft_worker_dump(struct cft_worker_child *child, struct cft_buf *ddl,
                    struct cft_schema **ret_schema, struct cft_err *err)
{
	int rc = cft_introspect_url(cft_worker_text(child, "url"), ddl, err);

	if (rc == 0 && ret_schema)
		rc = cft_schema_read_text(cft_buf_str(ddl), ddl->len,
		                          cft_worker_text(child, "database"), ret_schema, err);
	return rc;
}
