/* Ledger: the tracking table in the database.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/ledger.h"

#include "common/migrate/version.h"
#include "common/sql/syntax/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every column, so that a table of an older version (the Python Confiture's has the first four) is
 * brought up to date with ADD COLUMN IF NOT EXISTS. */
static const char *const columns[][2] = {
	{"version", "text PRIMARY KEY"},
	{"name", "text NOT NULL"},
	{"checksum", "text"},
	{"applied_at", "timestamptz NOT NULL DEFAULT now()"},
	{"duration_ms", "bigint"},
	{"applied_by", "text NOT NULL DEFAULT session_user"},
	{"state", "text NOT NULL DEFAULT 'applied'"},
	{"statements_done", "integer NOT NULL DEFAULT 0"},
	{"statements_total", "integer NOT NULL DEFAULT 0"},
	{"done_checksums", "text[] NOT NULL DEFAULT '{}'"},
	{"running", "text"},
	{"details", "jsonb"},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static int no_schema(struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_CONFIG, "NO_SCHEMA",
	                "the tracking table has no schema to be in: search_path names none that "
	                "exists");
	return cft_err_hint(err, "set migration.table to schema.confiture_migrations");
}

/* One row: the schema, and how many of our columns the table has. */
int cft_mig_ledger_find(struct cft_mig_engine *engine, struct cft_err *err)
{
	const char *parts[2] = {0};
	size_t n = cft_ident_split(&engine->arena, engine->options.table, parts, 2);
	struct cft_pg_result *result = NULL;
	struct cft_buf quoted = CFT_BUF_INIT;

	if (n == 0)
		return cft_fail_reason(err, CFT_E_CONFIG, "INVALID_TRACKING_TABLE",
		                       "\"%s\" is not the name of a table", engine->options.table);
	const char *schema = n == 2 ? parts[0] : NULL, *table = parts[n - 1];
	const char *values[] = {schema, table};
	int rc = cft_pg_exec_params(
		engine->pg,
		"SELECT coalesce($1, (SELECT n.nspname FROM pg_catalog.pg_class c "
		"  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
		"  WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($2))), "
		" current_schema()), "
		"(SELECT count(*) FROM pg_catalog.pg_attribute a "
		"  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = "
		"   pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($1) || '.', '') || "
		"    pg_catalog.quote_ident($2)) AND a.attname IN ('version', 'name', 'checksum', "
		"   'applied_at', 'duration_ms', 'applied_by', 'state', 'statements_done', "
		"   'statements_total', 'done_checksums', 'running', 'details'))",
		2, values, &result, err);
	if (rc != 0)
		return rc;
	if (cft_pg_is_null(result, 0, 0)) {
		cft_pg_result_free(result);
		return no_schema(err);
	}
	cft_pg_quote_name(&quoted, cft_pg_text(result, 0, 0));
	cft_buf_addc(&quoted, '.');
	cft_pg_quote_name(&quoted, table);
	engine->table = cft_arena_strdup(&engine->arena, cft_buf_str(&quoted));
	engine->table_exists = cft_pg_int(result, 0, 1) == COLUMN_COUNT;
	cft_buf_release(&quoted);
	cft_pg_result_free(result);
	return 0;
}

int cft_mig_ledger_ensure(struct cft_mig_engine *engine, struct cft_err *err)
{
	struct cft_buf sql = CFT_BUF_INIT;

	if (engine->table_exists)
		return 0;
	cft_buf_addf(&sql,
	             "SET LOCAL client_min_messages = warning; CREATE TABLE IF NOT EXISTS %s (",
	             engine->table);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		cft_buf_addf(&sql, "%s%s %s", i ? ", " : "", columns[i][0], columns[i][1]);
	cft_buf_addf(&sql, "); ALTER TABLE %s ", engine->table);
	for (size_t i = 2; i < COLUMN_COUNT; i++)
		cft_buf_addf(&sql, "%sADD COLUMN IF NOT EXISTS %s %s", i > 2 ? ", " : "",
		             columns[i][0], columns[i][1]);
	int rc = cft_mig_begin(engine, err);
	if (rc == 0)
		rc = cft_pg_exec(engine->pg, sql.data, NULL, err);
	if (rc == 0)
		rc = cft_pg_exec(engine->pg, "COMMIT", NULL, err);
	cft_buf_release(&sql);
	if (rc != 0) {
		cft_mig_rollback(engine);
		return cft_err_prefix(err, "cannot create the tracking table %s", engine->table);
	}
	engine->table_exists = true;
	return 0;
}

static const char *const *split_words(struct cft_arena *arena, const char *text, int n)
{
	const char **words = cft_arena_array(arena, const char *, (size_t)n + 1);
	char *copy = cft_arena_strdup(arena, text), *save = NULL;
	int i = 0;

	for (char *word = strtok_r(copy, " ", &save); word && i < n;
	     word = strtok_r(NULL, " ", &save))
		words[i++] = word;
	return words;
}

static int read_entry(struct cft_arena *arena, const struct cft_pg_result *result, size_t row,
                      struct cft_mig_entry *entry, struct cft_err *err)
{
	const char *version = cft_pg_text(result, row, 0);

	if (!cft_mig_version_valid(version))
		return cft_fail_reason(err, CFT_E_INCONSISTENT, "INVALID_VERSION",
		                       "the tracking table has a version that is no number: %s",
		                       version);
	if (!cft_mig_state_parse(cft_pg_text(result, row, 3), &entry->state))
		return cft_fail_reason(err, CFT_E_INCONSISTENT, "UNKNOWN_STATE",
		                       "the tracking table says \"%s\" about %s: written by a "
		                       "newer version?",
		                       cft_pg_text(result, row, 3), version);
	entry->version = cft_arena_strdup(arena, version);
	entry->name = cft_arena_strdup(arena, cft_pg_text(result, row, 1));
	entry->checksum = cft_arena_strdup(arena, cft_pg_text(result, row, 2));
	entry->applied_at = cft_arena_strdup(arena, cft_pg_text(result, row, 4));
	entry->applied_by = cft_arena_strdup(arena, cft_pg_text(result, row, 5));
	entry->duration_ms = cft_pg_is_null(result, row, 6) ? -1 : cft_pg_int(result, row, 6);
	entry->statements_done = (int)cft_pg_int(result, row, 7);
	entry->statements_total = (int)cft_pg_int(result, row, 8);
	if (cft_mig_state_unfinished(entry->state))
		entry->done =
			split_words(arena, cft_pg_text(result, row, 9), entry->statements_done);
	entry->running = cft_arena_strdup(arena, cft_pg_value(result, row, 10));
	return 0;
}

/* A table of the Python Confiture (before the first `up` of ours) has fewer columns. */
static const char *const full_select =
	"SELECT version, name, coalesce(checksum, ''), state, "
	"to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
	"applied_by, duration_ms, statements_done, statements_total, "
	"array_to_string(done_checksums, ' '), running FROM ";
static const char *const old_select =
	"SELECT version, name, '', 'applied', "
	"to_char(applied_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '', NULL, 0, 0, '', NULL FROM ";

int cft_mig_ledger_read(struct cft_mig_engine *engine, struct cft_arena *arena,
                        struct cft_mig_history *ret, struct cft_err *err)
{
	struct cft_mig_history history = {0};
	struct cft_pg_result *result = NULL;
	struct cft_buf sql = CFT_BUF_INIT;

	cft_buf_addf(&sql, "%s%s", engine->table_exists ? full_select : old_select, engine->table);
	int rc = cft_pg_exec(engine->pg, sql.data, &result, err);
	cft_buf_release(&sql);
	if (rc != 0 && !engine->table_exists && err && strcmp(err->sqlstate, "42P01") == 0) {
		cft_err_clear(err);
		*ret = history;
		return 0;
	}
	if (rc != 0)
		return cft_err_prefix(err, "cannot read the tracking table %s", engine->table);
	for (size_t row = 0; rc == 0 && row < cft_pg_rows(result); row++) {
		struct cft_mig_entry entry = {0};

		rc = read_entry(arena, result, row, &entry, err);
		cft_vec_push_in(arena, &history.entries, entry);
	}
	cft_pg_result_free(result);
	if (rc == 0) {
		cft_mig_history_sort(&history);
		*ret = history;
	}
	return rc;
}

/* Runs `UPDATE <table> SET <set> WHERE version = $1`; that it finds the row is an invariant. */
static int change(struct cft_mig_engine *engine, const char *set, size_t n,
                  const char *const *values, struct cft_err *err)
{
	struct cft_buf sql = CFT_BUF_INIT;
	struct cft_pg_result *result = NULL;

	cft_buf_addf(&sql, "UPDATE %s SET %s WHERE version = $1", engine->table, set);
	int rc = cft_pg_exec_params(engine->pg, sql.data, n, values, &result, err);
	if (rc == 0 && cft_pg_affected(result) != 1)
		rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "LEDGER_ROW_GONE",
		                     "the row of %s in %s is gone: somebody else changed it",
		                     values[0], engine->table);
	cft_pg_result_free(result);
	cft_buf_release(&sql);
	return rc;
}

/* A migration may have left another role behind; the tracking table is ours to write. */
static int own_role(struct cft_mig_engine *engine, struct cft_err *err)
{
	return cft_pg_exec(engine->pg, "RESET SESSION AUTHORIZATION; RESET ROLE", NULL, err);
}

int cft_mig_ledger_add(struct cft_mig_engine *engine, const struct cft_mig_file *file,
                       enum cft_mig_state state, int statements, int64_t duration_us,
                       struct cft_err *err)
{
	struct cft_buf sql = CFT_BUF_INIT;
	char duration[24], count[16];
	const char *values[] = {
		file->version,
		file->name,
		file->checksum,
		cft_mig_state_name(state),
		duration,
		count,
		engine->options.applied_by,
		engine->options.details,
	};

	snprintf(duration, sizeof(duration), "%lld", (long long)(duration_us / 1000));
	snprintf(count, sizeof(count), "%d", statements);
	if (duration_us < 0)
		values[4] = NULL;
	cft_buf_addf(&sql,
	             "INSERT INTO %s (version, name, checksum, state, applied_at, duration_ms, "
	             "statements_done, statements_total, applied_by, details) VALUES ($1, $2, $3, "
	             "$4, pg_catalog.clock_timestamp(), $5, $6, $6, coalesce($7, session_user), "
	             "$8)",
	             engine->table);
	int rc = own_role(engine, err);
	if (rc == 0)
		rc = cft_pg_exec_params(engine->pg, sql.data, 8, values, NULL, err);
	cft_buf_release(&sql);
	return rc;
}

int cft_mig_ledger_remove(struct cft_mig_engine *engine, const char *version, struct cft_err *err)
{
	struct cft_buf sql = CFT_BUF_INIT;
	struct cft_pg_result *result = NULL;
	int rc = own_role(engine, err);

	cft_buf_addf(&sql, "DELETE FROM %s WHERE version = $1", engine->table);
	if (rc == 0)
		rc = cft_pg_exec_params(engine->pg, sql.data, 1, &version, &result, err);
	if (rc == 0 && cft_pg_affected(result) != 1)
		rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "LEDGER_ROW_GONE",
		                     "%s has no row for %s any more", engine->table, version);
	cft_pg_result_free(result);
	cft_buf_release(&sql);
	return rc;
}

/* The version as the row has it: "1" may have become "001" on disk. */
static const char *row_version(const struct cft_mig_step *step)
{
	return step->resume ? step->resume->version : step->file->version;
}

int cft_mig_ledger_start(struct cft_mig_engine *engine, const struct cft_mig_step *step, int total,
                         struct cft_err *err)
{
	char count[16];
	const char *values[] = {step->file->version, count};

	snprintf(count, sizeof(count), "%d", total);
	if (step->direction == CFT_MIG_UP) {
		int rc = cft_mig_ledger_add(engine, step->file, CFT_MIG_APPLYING, 0, -1, err);
		return rc ? rc : change(engine, "statements_total = $2", 2, values, err);
	}
	return change(engine,
	              "state = 'reverting', statements_done = 0, statements_total = $2, "
	              "done_checksums = '{}', running = NULL",
	              2, values, err);
}

int cft_mig_ledger_unit_begun(struct cft_mig_engine *engine, const char *version,
                              const char *checksum, struct cft_err *err)
{
	const char *values[] = {version, checksum};

	return change(engine, "running = $2", 2, values, err);
}

int cft_mig_ledger_unit_failed(struct cft_mig_engine *engine, const char *version,
                               struct cft_err *err)
{
	return change(engine, "running = NULL", 1, &version, err);
}

int cft_mig_ledger_unit_done(struct cft_mig_engine *engine, const char *version,
                             const char *checksum, struct cft_err *err)
{
	const char *values[] = {version, checksum};
	int rc = own_role(engine, err);

	return rc ? rc
	          : change(engine,
	                   "running = NULL, statements_done = statements_done + 1, "
	                   "done_checksums = done_checksums || $2::text",
	                   2, values, err);
}

int cft_mig_ledger_finish(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                          int64_t duration_us, struct cft_err *err)
{
	char duration[24];
	const char *values[] = {row_version(step), duration, step->file->checksum};

	if (step->direction == CFT_MIG_DOWN)
		return cft_mig_ledger_remove(engine, row_version(step), err);
	snprintf(duration, sizeof(duration), "%lld", (long long)(duration_us / 1000));
	return change(engine,
	              "state = 'applied', applied_at = pg_catalog.clock_timestamp(), "
	              "duration_ms = $2, checksum = $3, statements_total = statements_done, "
	              "done_checksums = '{}', running = NULL",
	              3, values, err);
}

int cft_mig_ledger_set_checksum(struct cft_mig_engine *engine, const char *version,
                                const char *checksum, struct cft_err *err)
{
	const char *values[] = {version, checksum};

	return change(engine, "checksum = $2", 2, values, err);
}
