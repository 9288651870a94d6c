/* Adopt: rows that are written by hand: baseline, import of an older ledger, repair.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/ledger.h"
#include "common/migrate/version.h"

#include <stdio.h>
#include <string.h>

struct job {
	struct cft_mig_engine *engine;
	const struct cft_mig_dir *dir;
	const char *version;
	enum cft_mig_repair how;
	struct cft_arena arena;
	struct cft_mig_history history;
	size_t count;
};

static int with_lock(struct job *job, int (*fn)(struct job *job, struct cft_err *err),
                     struct cft_err *err)
{
	struct cft_mig_engine *engine = job->engine;
	int rc = cft_mig_engine_lock(engine, err);

	if (rc == 0)
		rc = cft_mig_ledger_ensure(engine, err);
	if (rc == 0)
		rc = cft_mig_begin(engine, err);
	if (rc == 0)
		rc = cft_mig_ledger_read(engine, &job->arena, &job->history, err);
	if (rc == 0)
		rc = fn(job, err);
	if (rc == 0)
		rc = cft_mig_commit(engine, err);
	if (rc != 0)
		cft_mig_rollback(engine);
	cft_arena_release(&job->arena);
	return rc;
}

static int add_baseline(struct job *job, struct cft_err *err)
{
	int rc = 0;

	CFT_VEC_EACH (struct cft_mig_file, file, &job->dir->files) {
		if (rc != 0 || cft_mig_version_cmp(file->version, job->version) > 0)
			break;
		if (cft_mig_history_find(&job->history, file->version))
			continue;
		rc = cft_mig_ledger_add(job->engine, file, CFT_MIG_BASELINE, 0, -1, err);
		job->count += rc == 0;
	}
	return rc;
}

int cft_mig_engine_baseline(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                            const char *version, size_t *ret_count, struct cft_err *err)
{
	struct job job = {.engine = engine, .dir = dir, .version = version};
	int rc = cft_mig_dir_check(dir, err);

	if (rc != 0)
		return rc;
	if (!cft_mig_version_valid(version) || !cft_mig_dir_find(dir, version)) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "VERSION_NOT_FOUND",
		                "there is no migration %s", version);
		return cft_err_hint(err, "see the versions with: confiture migrate status");
	}
	rc = with_lock(&job, add_baseline, err);
	if (rc == 0)
		*ret_count = job.count;
	return rc;
}

/* The Python Confiture keeps no checksum that could be compared: the file as it is now counts. */
static int import_row(struct job *job, const char *version, const char *name, const char *at,
                      struct cft_err *err)
{
	const struct cft_mig_file *file = cft_mig_dir_find(job->dir, version);
	const char *values[] = {version, name, file ? file->checksum : NULL, at,
	                        job->engine->options.applied_by};
	struct cft_buf sql = CFT_BUF_INIT;

	cft_buf_addf(&sql,
	             "INSERT INTO %s (version, name, checksum, applied_at, applied_by) VALUES "
	             "($1, $2, $3, $4::timestamptz, coalesce($5, session_user))",
	             job->engine->table);
	int rc = cft_pg_exec_params(job->engine->pg, sql.data, 5, values, NULL, err);
	cft_buf_release(&sql);
	job->count += rc == 0;
	return rc;
}

static int import_rows(struct job *job, struct cft_err *err)
{
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec(job->engine->pg,
	                     "SELECT version, name, applied_at::text FROM tb_confiture "
	                     "ORDER BY version",
	                     &result, err);

	if (rc != 0 && err && strcmp(err->sqlstate, "42P01") == 0) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "NO_LEDGER",
		                "there is no table tb_confiture to import from");
		return cft_err_hint(err, "record what is applied with: confiture migrate baseline "
		                         "--through VERSION");
	}
	for (size_t row = 0; rc == 0 && row < cft_pg_rows(result); row++) {
		const char *version = cft_pg_text(result, row, 0);

		if (!cft_mig_version_valid(version))
			rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "INVALID_VERSION",
			                     "tb_confiture has a version that is no number: %s",
			                     version);
		else if (!cft_mig_history_find(&job->history, version))
			rc = import_row(job, version, cft_pg_text(result, row, 1),
			                cft_pg_text(result, row, 2), err);
	}
	cft_pg_result_free(result);
	return rc;
}

int cft_mig_engine_import(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                          size_t *ret_count, struct cft_err *err)
{
	struct job job = {.engine = engine, .dir = dir};
	int rc = with_lock(&job, import_rows, err);

	if (rc == 0)
		*ret_count = job.count;
	return rc;
}

static int not_unfinished(const struct cft_mig_entry *entry, struct cft_err *err)
{
	return cft_fail_reason(err, CFT_E_STATE, "NOT_UNFINISHED",
	                       "%s_%s is not unfinished: it is %s", entry->version, entry->name,
	                       cft_mig_state_name(entry->state));
}

static int settle_statement(struct job *job, const struct cft_mig_entry *entry, bool done,
                            struct cft_err *err)
{
	if (!entry->running)
		return cft_fail_reason(err, CFT_E_STATE, "NO_UNKNOWN_STATEMENT",
		                       "%s_%s has no statement with an unknown result",
		                       entry->version, entry->name);
	return done ? cft_mig_ledger_unit_done(job->engine, entry->version, entry->running, err)
	            : cft_mig_ledger_unit_failed(job->engine, entry->version, err);
}

static int mark_applied(struct job *job, const struct cft_mig_entry *entry,
                        const struct cft_mig_file *file, struct cft_err *err)
{
	if (!file)
		return cft_fail_reason(err, CFT_E_NOT_FOUND, "MISSING_FILE", "%s_%s has no file",
		                       entry->version, entry->name);
	struct cft_mig_step step = {CFT_MIG_UP, file, entry};
	return cft_mig_ledger_finish(job->engine, &step, 0, err);
}

static int repair(struct job *job, struct cft_err *err)
{
	const struct cft_mig_entry *entry = cft_mig_history_find(&job->history, job->version);
	const struct cft_mig_file *file = cft_mig_dir_find(job->dir, job->version);

	if (!entry)
		return cft_fail_reason(err, CFT_E_NOT_FOUND, "VERSION_NOT_APPLIED",
		                       "%s has no row for migration %s", job->engine->table,
		                       job->version);
	bool unfinished = cft_mig_state_unfinished(entry->state);
	switch (job->how) {
	case CFT_MIG_REPAIR_DONE:
	case CFT_MIG_REPAIR_NOT_DONE:
		return unfinished
		               ? settle_statement(job, entry, job->how == CFT_MIG_REPAIR_DONE, err)
		               : not_unfinished(entry, err);
	case CFT_MIG_REPAIR_APPLIED:
		return unfinished ? mark_applied(job, entry, file, err)
		                  : not_unfinished(entry, err);
	case CFT_MIG_REPAIR_FORGET:
		return cft_mig_ledger_remove(job->engine, entry->version, err);
	case CFT_MIG_REPAIR_ACCEPT:
		if (!file)
			return cft_fail_reason(err, CFT_E_NOT_FOUND, "MISSING_FILE",
			                       "%s_%s has no file", entry->version, entry->name);
		return cft_mig_ledger_set_checksum(job->engine, entry->version, file->checksum,
		                                   err);
	}
	return cft_fail(err, CFT_E_INTERNAL, "unknown repair %d", (int)job->how);
}

int cft_mig_engine_repair(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                          const char *version, enum cft_mig_repair how, struct cft_err *err)
{
	struct job job = {.engine = engine, .dir = dir, .version = version, .how = how};

	if (!cft_mig_version_valid(version))
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_VERSION",
		                       "\"%s\" is not a version", version);
	return with_lock(&job, repair, err);
}
