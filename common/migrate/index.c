/* Index: what CONCURRENTLY leaves behind.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/index.h"

#include <string.h>

enum index_state { INDEX_ABSENT, INDEX_VALID, INDEX_INVALID, INDEX_BUILDING };

/* The index by name, in its table's schema (of DROP: by search_path). Its quoted name goes to
 * `out`. */
static int find_index(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                      enum index_state *ret, struct cft_buf *out, struct cft_err *err)
{
	const char *values[] = {traits->schema, traits->table, traits->index};
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec_params(
		engine->pg,
		"SELECT i.indisvalid, EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index "
		"p "
		"  WHERE p.index_relid = c.oid AND p.pid <> pg_catalog.pg_backend_pid()), "
		" pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
		"FROM pg_catalog.pg_class c "
		"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
		"JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid "
		"WHERE c.relname = $3 AND ("
		" ($1::text IS NOT NULL AND n.nspname = $1) OR "
		" ($1::text IS NULL AND $2::text IS NOT NULL AND i.indrelid = "
		"   pg_catalog.to_regclass(pg_catalog.quote_ident($2))) OR "
		" ($1::text IS NULL AND $2::text IS NULL AND c.oid = "
		"   pg_catalog.to_regclass(pg_catalog.quote_ident($3))))",
		3, values, &result, err);

	if (rc != 0)
		return rc;
	*ret = INDEX_ABSENT;
	if (cft_pg_rows(result) > 0) {
		*ret = cft_pg_bool(result, 0, 1)   ? INDEX_BUILDING
		       : cft_pg_bool(result, 0, 0) ? INDEX_VALID
		                                   : INDEX_INVALID;
		cft_buf_adds(out, cft_pg_text(result, 0, 2));
	}
	cft_pg_result_free(result);
	return 0;
}

int cft_mig_index_clean(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                        struct cft_err *err)
{
	enum index_state state;
	struct cft_buf name = CFT_BUF_INIT;

	if (traits->again != CFT_SQL_AGAIN_INDEX_VALID)
		return 0;
	int rc = find_index(engine, traits, &state, &name, err);
	if (rc == 0 && state == INDEX_BUILDING) {
		cft_fail_reason(err, CFT_E_STATE, "INDEX_BEING_BUILT",
		                "another session builds the index %s right now", name.data);
		rc = cft_err_hint(err, "wait until it is done, then run the command again");
	}
	if (rc == 0 && state == INDEX_INVALID) {
		rc = cft_pg_execf(engine->pg, err, "SET lock_timeout = 0");
		if (rc == 0)
			rc = cft_pg_execf(engine->pg, err, "DROP INDEX CONCURRENTLY %s", name.data);
		if (rc == 0)
			rc = cft_pg_execf(engine->pg, err, "SET lock_timeout = %lld",
			                  (long long)(engine->options.lock_timeout_us / 1000));
		if (rc == 0)
			cft_mig_emit(engine, CFT_MIG_INDEX_CLEANED, name.data);
	}
	cft_buf_release(&name);
	return rc;
}

void cft_mig_index_explain(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                           struct cft_err *err)
{
	enum index_state state;
	struct cft_buf name = CFT_BUF_INIT;

	if (traits->again == CFT_SQL_AGAIN_INDEX_VALID &&
	    find_index(engine, traits, &state, &name, NULL) == 0 && state == INDEX_INVALID)
		cft_err_hint(err,
		             "the build left the INVALID index %s, which the next `confiture "
		             "migrate up` drops before it tries again",
		             name.data);
	cft_buf_release(&name);
}

int cft_mig_index_outcome(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                          enum cft_mig_outcome *ret, struct cft_err *err)
{
	enum index_state state = INDEX_ABSENT;
	struct cft_buf name = CFT_BUF_INIT;
	int rc = 0;

	switch (traits->again) {
	case CFT_SQL_AGAIN_UNKNOWN:
		*ret = CFT_MIG_OUTCOME_UNKNOWN;
		break;
	case CFT_SQL_AGAIN_HARMLESS:
		*ret = CFT_MIG_OUTCOME_AGAIN;
		break;
	case CFT_SQL_AGAIN_INDEX_VALID:
		rc = find_index(engine, traits, &state, &name, err);
		*ret = state == INDEX_VALID ? CFT_MIG_OUTCOME_DONE : CFT_MIG_OUTCOME_AGAIN;
		break;
	case CFT_SQL_AGAIN_INDEX_ABSENT:
		rc = find_index(engine, traits, &state, &name, err);
		*ret = state == INDEX_ABSENT ? CFT_MIG_OUTCOME_DONE : CFT_MIG_OUTCOME_AGAIN;
		break;
	}
	cft_buf_release(&name);
	return rc;
}

int cft_mig_engine_invalid_indexes(struct cft_mig_engine *engine, struct cft_arena *arena,
                                   const char *const **ret, size_t *ret_count, struct cft_err *err)
{
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec(
		engine->pg,
		"SELECT indexrelid::pg_catalog.regclass::text FROM pg_catalog.pg_index i "
		"WHERE NOT indisvalid AND NOT EXISTS (SELECT FROM "
		" pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) "
		"AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = i.indexrelid "
		" AND c.relkind = 'i') ORDER BY 1",
		&result, err);

	if (rc != 0)
		return rc;
	size_t n = cft_pg_rows(result);
	const char **names = cft_arena_array(arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		names[i] = cft_arena_strdup(arena, cft_pg_text(result, i, 0));
	cft_pg_result_free(result);
	*ret = names;
	*ret_count = n;
	return 0;
}
