/* Target: GetMigrationStatus, GetSchemaSnapshot, DetectDrift: what a target is like now.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/base/digest.h"
#include "common/pg/pg.h"
#include "server/worker/show.h"

#include <stdlib.h>
#include <string.h>

/* -- status -- */

static Confiture__V1__LedgerEntry *show_entry(struct cft_arena *arena,
                                              const struct cft_mig_entry *from)
{
	Confiture__V1__LedgerEntry *to = cft_arena_new(arena, Confiture__V1__LedgerEntry);

	confiture__v1__ledger_entry__init(to);
	to->version = (char *)from->version;
	to->name = (char *)from->name;
	to->checksum = (char *)from->checksum;
	to->state = (char *)cft_mig_state_name(from->state);
	to->apply_time = (char *)from->applied_at;
	to->applied_by = (char *)from->applied_by;
	to->duration_ms = from->duration_ms;
	to->statements_done = from->statements_done;
	to->statements_total = from->statements_total;
	to->running = (char *)(from->running ? from->running : "");
	return to;
}

/* Rows of an old ledger, and a ledger without the column, have none. */
static void add_details(struct cft_worker_child *child, struct cft_mig_engine *engine,
                        Confiture__V1__GetMigrationStatusResponse *response)
{
	struct cft_pg_result *result = NULL;
	const char *sql = cft_arena_printf(child->arena,
	                                   "SELECT version, details::text FROM %s "
	                                   "WHERE details IS NOT NULL",
	                                   cft_mig_engine_table(engine));

	if (cft_pg_exec(cft_mig_engine_pg(engine), sql, &result, NULL) != 0)
		return;
	for (size_t row = 0; row < cft_pg_rows(result); row++) {
		for (size_t i = 0; i < response->n_entries; i++) {
			Confiture__V1__LedgerEntry *entry = response->entries[i];

			if (strcmp(entry->version, cft_pg_text(result, row, 0)) == 0)
				entry->details_json =
					cft_arena_strdup(child->arena, cft_pg_text(result, row, 1));
		}
	}
	cft_pg_result_free(result);
}

static int add_invalid_indexes(struct cft_worker_child *child, struct cft_mig_engine *engine,
                               Confiture__V1__GetMigrationStatusResponse *response,
                               struct cft_err *err)
{
	const char *const *names = NULL;
	int rc = cft_mig_engine_invalid_indexes(engine, child->arena, &names,
	                                        &response->n_invalid_indexes, err);
	response->invalid_indexes = (char **)(uintptr_t)names;
	return rc;
}

static uint64_t read_fence(struct cft_worker_child *child, struct cft_mig_engine *engine)
{
	const char *key = cft_worker_text(child, "fence_key");
	struct cft_buf text = CFT_BUF_INIT;
	uint64_t fence = 0;

	if (cft_pg_query_text(cft_mig_engine_pg(engine),
	                      cft_arena_printf(child->arena,
	                                       "SELECT fence FROM %s WHERE target = $1",
	                                       cft_worker_fence_table(child, engine)),
	                      1, &key, &text, NULL) == 0)
		fence = strtoull(cft_buf_str(&text), NULL, 10);
	cft_buf_release(&text);
	return fence;
}

static void fill_status(struct cft_worker_child *child, const struct cft_mig_history *history,
                        Confiture__V1__GetMigrationStatusResponse *response)
{
	struct cft_arena *arena = child->arena;
	const char *current = cft_mig_history_current(history);

	response->entries =
		cft_arena_array(arena, Confiture__V1__LedgerEntry *, history->entries.n);
	response->n_entries = history->entries.n;
	for (size_t i = 0; i < history->entries.n; i++)
		response->entries[i] = show_entry(arena, &history->entries.v[i]);
	response->current_version = (char *)(current ? current : "");
	response->database = (char *)cft_worker_text(child, "database");
}

int cft_worker_status(struct cft_worker_child *child, const void *request, void **ret_response,
                      struct cft_err *err)
{
	Confiture__V1__GetMigrationStatusResponse *response =
		cft_arena_new(child->arena, Confiture__V1__GetMigrationStatusResponse);
	struct cft_mig_engine *engine = NULL;
	struct cft_mig_history history;

	(void)request;
	confiture__v1__get_migration_status_response__init(response);
	int rc = cft_worker_open_engine(child, &engine, err);
	if (rc == 0)
		rc = cft_mig_engine_history(engine, child->arena, &history, err);
	if (rc == 0) {
		fill_status(child, &history, response);
		add_details(child, engine, response);
		response->fence = read_fence(child, engine);
		rc = add_invalid_indexes(child, engine, response, err);
	}
	cft_mig_engine_close(engine);
	*ret_response = response;
	return rc;
}

/* -- snapshot, drift -- */

int cft_worker_snapshot(struct cft_worker_child *child, const void *request, void **ret_response,
                        struct cft_err *err)
{
	struct cft_arena *arena = child->arena;
	Confiture__V1__GetSchemaSnapshotResponse *response =
		cft_arena_new(arena, Confiture__V1__GetSchemaSnapshotResponse);
	struct cft_buf ddl = CFT_BUF_INIT;
	struct cft_schema *schema = NULL;
	char hex[CFT_SHA256_HEX];

	(void)request;
	confiture__v1__get_schema_snapshot_response__init(response);
	int rc = cft_worker_dump(child, &ddl, &schema, err);
	if (rc == 0) {
		response->ddl.data = cft_arena_alloc(arena, ddl.len + 1);
		response->ddl.len = ddl.len;
		memcpy(response->ddl.data, cft_buf_str(&ddl), ddl.len);
		response->sha256 =
			cft_arena_strdup(arena, cft_sha256_hex(cft_buf_str(&ddl), ddl.len, hex));
		response->fingerprint = cft_worker_fingerprint(arena, schema);
		response->object_count = (uint32_t)cft_schema_count(schema);
		response->database = (char *)cft_worker_text(child, "database");
	}
	cft_schema_free(schema);
	cft_buf_release(&ddl);
	*ret_response = response;
	return rc;
}

struct drift {
	struct cft_buf files, ddl;
	struct cft_schema *expected, *actual;
	struct cft_plan *away, *back; /* to the target, and from it to the files */
};

static int find_drift(struct cft_worker_child *child, const Confiture__V1__DetectDriftRequest *r,
                      struct drift *drift, struct cft_err *err)
{
	/* Files rarely say who owns what; a difference there is no drift. */
	const struct cft_diff_options options = {.keep_owners = true, .keep_privileges = true};
	int rc = cft_worker_script(r->files, r->n_files, &drift->files, err);

	if (rc == 0)
		rc = cft_schema_read_text(cft_buf_str(&drift->files), drift->files.len, "the files",
		                          &drift->expected, err);
	if (rc == 0)
		rc = cft_worker_dump(child, &drift->ddl, &drift->actual, err);
	if (rc == 0)
		rc = cft_schema_diff(drift->expected, drift->actual, &options, &drift->away, err);
	if (rc == 0)
		rc = cft_schema_diff(drift->actual, drift->expected, &options, &drift->back, err);
	return rc;
}

int cft_worker_drift(struct cft_worker_child *child, const void *request, void **ret_response,
                     struct cft_err *err)
{
	struct cft_arena *arena = child->arena;
	Confiture__V1__DetectDriftResponse *response =
		cft_arena_new(arena, Confiture__V1__DetectDriftResponse);
	struct drift drift = {0};
	int rc = find_drift(child, request, &drift, err);

	confiture__v1__detect_drift_response__init(response);
	if (rc == 0) {
		response->changes = cft_worker_changes(arena, drift.away, &response->n_changes);
		response->drifted = response->n_changes > 0;
		response->repair = cft_worker_steps(arena, drift.back->up, drift.back->up_count);
		response->n_repair = drift.back->up_count;
		response->fingerprint = cft_worker_fingerprint(arena, drift.actual);
	}
	cft_plan_free(drift.away);
	cft_plan_free(drift.back);
	cft_schema_free(drift.expected);
	cft_schema_free(drift.actual);
	cft_buf_release(&drift.files);
	cft_buf_release(&drift.ddl);
	*ret_response = response;
	return rc;
}
