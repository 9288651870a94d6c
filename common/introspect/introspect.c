/* Introspect: runs the catalog queries and writes their answers as a script.
 * SPDX-License-Identifier: MIT
 */
#include "common/introspect/introspect.h"

#include "common/introspect/queries.h"

#include <string.h>

/* As pg_dump does: names come qualified, values without regard to the session's taste. */
static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
			    "SET LOCAL search_path = '';"
			    "SET LOCAL quote_all_identifiers = off;"
			    "SET LOCAL datestyle = ISO;"
			    "SET LOCAL intervalstyle = postgres;"
			    "SET LOCAL extra_float_digits = 3;"
			    "SET LOCAL row_security = off;"
			    "SET LOCAL jit = off;"
			    "SET LOCAL max_parallel_workers_per_gather = 0";

static const struct {
	const char *sql;
	int from_version, below_version; /* 0 = any */
	bool superuser;
} queries[] = {
	{cft_introspect_sql_schema, 0, 0, false},
	{cft_introspect_sql_type, 0, 0, false},
	{cft_introspect_sql_code, 0, 0, false},
	{cft_introspect_sql_operator, 0, 0, false},
	{cft_introspect_sql_foreign, 0, 0, false},
	{cft_introspect_sql_table, 0, 0, false},
	{cft_introspect_sql_constraint, 0, 0, false},
	{cft_introspect_sql_publication, 150000, 0, false},
	{cft_introspect_sql_publication_14, 0, 150000, false},
	{cft_introspect_sql_subscription, 0, 0, true},
	{cft_introspect_sql_comment, 0, 0, false},
	/* Last: default privileges must not touch what was made before them. */
	{cft_introspect_sql_privilege, 0, 0, false},
};

static int ask(struct cft_pg *pg, const char *sql, struct cft_buf *out, struct cft_err *err)
{
	struct cft_buf query = CFT_BUF_INIT;
	struct cft_pg_result *result = NULL;

	cft_buf_addf(&query, "%s%s", cft_introspect_sql_common, sql);
	int rc = cft_pg_exec(pg, cft_buf_str(&query), &result, err);
	for (size_t i = 0; rc == 0 && i < cft_pg_rows(result); i++)
		if (!cft_pg_is_null(result, i, 0)) /* dropped while we read */
			cft_buf_addf(out, "%s;\n", cft_pg_text(result, i, 0));
	cft_pg_result_free(result);
	cft_buf_release(&query);
	return rc;
}

static int is_superuser(struct cft_pg *pg, bool *ret, struct cft_err *err)
{
	struct cft_buf answer = CFT_BUF_INIT;
	int rc = cft_pg_query_text(pg, "SELECT current_setting('is_superuser')", 0, NULL, &answer,
	                           err);

	*ret = strcmp(cft_buf_str(&answer), "on") == 0;
	cft_buf_release(&answer);
	return rc;
}

static int ask_all(struct cft_pg *pg, struct cft_buf *out, struct cft_err *err)
{
	int version = cft_pg_server_version(pg);
	bool superuser = false;
	int rc = is_superuser(pg, &superuser, err);

	/* Tells the reader that definitions are as PostgreSQL prints them. */
	cft_buf_adds(out, "SELECT pg_catalog.set_config('search_path', '', false);\n");
	for (size_t i = 0; rc == 0 && i < sizeof(queries) / sizeof(queries[0]); i++) {
		bool fits = version >= queries[i].from_version &&
		            (!queries[i].below_version || version < queries[i].below_version) &&
		            (!queries[i].superuser || superuser);
		if (fits)
			rc = ask(pg, queries[i].sql, out, err);
	}
	return rc;
}

int cft_introspect_text(struct cft_pg *pg, struct cft_buf *out, struct cft_err *err)
{
	int rc = cft_pg_exec(pg, begin, NULL, err);

	if (rc == 0)
		rc = ask_all(pg, out, err);
	if (cft_pg_in_transaction(pg))
		cft_pg_exec(pg, "ROLLBACK", NULL, NULL);
	return rc ? cft_err_prefix(err, "cannot read the schema of the database") : 0;
}

int cft_introspect_schema(struct cft_pg *pg, const char *name, struct cft_schema **ret,
                          struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_introspect_text(pg, &text, err);

	if (rc == 0)
		rc = cft_schema_read_text(cft_buf_str(&text), text.len, name, ret, err);
	cft_buf_release(&text);
	return rc;
}

int cft_introspect_url(const char *url, struct cft_buf *out, struct cft_err *err)
{
	struct cft_pg *pg = NULL;
	int rc = cft_pg_open(url, &pg, err);

	if (rc == 0)
		rc = cft_introspect_text(pg, out, err);
	cft_pg_close(pg);
	return rc;
}
