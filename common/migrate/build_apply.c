/* Build: a fresh database from the files, in one transaction.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"
#include "common/migrate/build.h"
#include "common/migrate/build_script.h"
#include "common/pg/pg.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct applier {
	const struct cft_build *build;
	const struct cft_build_apply_options *options;
	struct cft_pg *pg;
	const struct cft_build_file *file;
};

static void report(const struct applier *a, const struct cft_build_progress *progress)
{
	if (a->options->on_progress)
		a->options->on_progress(a->options->ctx, progress);
}

static void on_notice(void *ctx, const struct cft_pg_notice *notice)
{
	const struct applier *a = ctx;
	struct cft_build_progress progress = {.file = a->file, .notice = notice->message};

	/* "relation already exists, skipping" and the like are what the files ask for. */
	if (a->file && strcmp(notice->severity, "WARNING") == 0)
		report(a, &progress);
}

/* The same server, another database: libpq takes the last `dbname` that it is given. */
static char *maintenance(struct cft_arena *arena, const char *conninfo)
{
	if (!strstr(conninfo, "://"))
		return cft_arena_printf(arena, "%s dbname=postgres", conninfo);
	return cft_arena_printf(arena, "%s%cdbname=postgres", conninfo,
	                        strchr(conninfo, '?') ? '&' : '?');
}

static int create_database(const char *conninfo, struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_buf name = CFT_BUF_INIT, sql = CFT_BUF_INIT;
	struct cft_pg *pg = NULL;
	int rc = cft_pg_url_database(conninfo, &name, err);

	if (rc == 0)
		rc = cft_pg_open(maintenance(&arena, conninfo), &pg, err);
	if (rc == 0) {
		cft_buf_adds(&sql, "CREATE DATABASE ");
		cft_pg_quote_name(&sql, cft_buf_str(&name));
		rc = cft_pg_exec(pg, cft_buf_str(&sql), NULL, err);
	}
	cft_pg_close(pg);
	cft_buf_release(&sql);
	cft_buf_release(&name);
	cft_arena_release(&arena);
	return rc;
}

static int open_fresh(const char *conninfo, struct cft_pg **ret_pg, bool *ret_created,
                      struct cft_err *err)
{
	int rc = cft_pg_open(conninfo, ret_pg, err);

	*ret_created = false;
	if (rc != CFT_E_NOT_FOUND)
		return rc;
	if ((rc = create_database(conninfo, err)) != 0) {
		cft_err_prefix(err, "the database does not exist and could not be created");
		return rc;
	}
	*ret_created = true;
	return cft_pg_open(conninfo, ret_pg, err);
}

static const char not_empty_sql[] =
	"SELECT count(*) FROM (SELECT oid, relnamespace AS ns FROM pg_class"
	"  WHERE relkind IN ('r','p','v','m','S','f')"
	" UNION ALL SELECT oid, pronamespace FROM pg_proc) o JOIN pg_namespace n ON n.oid = o.ns"
	" WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
	" AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')";

static int check_empty(struct cft_pg *pg, struct cft_err *err)
{
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec(pg, not_empty_sql, &result, err);

	if (rc != 0)
		return rc;
	int64_t n = cft_pg_int(result, 0, 0);
	cft_pg_result_free(result);
	if (n == 0)
		return 0;
	cft_fail_reason(
		err, CFT_E_STATE, "DATABASE_NOT_EMPTY",
		"the database %s is not empty (%lld tables, views, sequences and functions)",
		cft_pg_database(pg), (long long)n);
	cft_err_hint(err,
	             "--apply builds fresh databases; drop this one first (dropdb %s), or change "
	             "it with 'confiture migrate up'",
	             cft_pg_database(pg));
	return CFT_E_STATE;
}

/* PostgreSQL counts from the statement's start; people look at the file. */
static int place_error(const struct cft_build_file *file, const struct cft_build_statement *s,
                       int rc, struct cft_err *err)
{
	int line = s->line, column = s->column;

	if (!err || rc == CFT_E_UNAVAILABLE)
		return rc;
	if (err->line > 0) {
		column = err->line == 1 ? s->column + err->column - 1 : err->column;
		line = s->line + err->line - 1;
	}
	cft_err_at(err, file->shown, line, column);
	/* The files are wrong, not the command: exit code 1. */
	if (rc == CFT_E_SYNTAX || rc == CFT_E_NOT_FOUND)
		err->code = CFT_E_FAILED;
	return err->code;
}

/* The build is one transaction: a file that ends it would leave half a database. */
static int check_transaction(const struct cft_build_file *file, const struct cft_build_statement *s,
                             const char *sql, struct cft_err *err)
{
	static const char *const words[] = {"begin", "commit", "rollback",           "end",
	                                    "start", "abort",  "prepare transaction"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);
		char after = strncasecmp(sql, words[i], len) == 0 ? sql[len] : 'x';
		if (after != '\0' && !strchr(" \t\r\n", after))
			continue;
		cft_fail_reason(err, CFT_E_INVALID, "TRANSACTION_COMMAND",
		                "%.20s: the whole build is one transaction already", sql);
		cft_err_at(err, file->shown, s->line, s->column);
		return cft_err_hint(err, "remove it from the file"), CFT_E_INVALID;
	}
	return 0;
}

static int run_statement(struct applier *a, const struct cft_build_statement *s,
                         struct cft_err *err)
{
	char *sql = cft_strndup(a->file->text + s->offset, s->len);
	int rc = check_transaction(a->file, s, sql, err);

	if (rc == 0) {
		rc = s->copy_data ? cft_pg_copy_in(a->pg, sql, s->copy_data, s->copy_len, err)
		                  : cft_pg_exec(a->pg, sql, NULL, err);
		if (rc != 0)
			rc = place_error(a->file, s, rc, err);
	}
	free(sql);
	return rc;
}

static int run_file(struct applier *a, size_t index, struct cft_err *err)
{
	const struct cft_build_file *file = &a->build->files.v[index];
	struct cft_build_progress progress = {
		.file = file, .index = index, .total = a->build->files.n};
	struct cft_build_reader reader;
	struct cft_build_statement statement;
	int64_t start = cft_clock_mono_us();
	int rc;

	a->file = file;
	report(a, &progress);
	cft_build_reader_init(&reader, file->shown, file->text, file->len);
	while ((rc = cft_build_reader_next(&reader, &statement, err)) > 0) {
		if ((rc = run_statement(a, &statement, err)) != 0)
			return rc;
		progress.statements++;
	}
	progress.done = true;
	progress.duration_us = cft_clock_mono_us() - start;
	if (rc == 0)
		report(a, &progress);
	return rc;
}

int cft_build_apply(const struct cft_build *build, const struct cft_build_apply_options *options,
                    bool *ret_created, struct cft_err *err)
{
	struct applier a = {.build = build, .options = options};
	int rc = open_fresh(options->conninfo, &a.pg, ret_created, err);

	if (rc != 0)
		return rc;
	cft_pg_on_notice(a.pg, on_notice, &a);
	if ((rc = check_empty(a.pg, err)) == 0)
		rc = cft_pg_exec(a.pg, "BEGIN", NULL, err);
	for (size_t i = 0; rc == 0 && i < build->files.n; i++)
		rc = run_file(&a, i, err);
	if (rc == 0)
		rc = cft_pg_exec(a.pg, "COMMIT", NULL, err);
	cft_pg_close(a.pg);
	return rc;
}
