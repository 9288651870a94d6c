/* Record: BaselineMigrations and RepairMigration inside the worker: the ledger alone.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

static void add_version(struct cft_worker_operation *op, const char *version)
{
	Confiture__V1__Operation *operation = op->progress->operation;

	operation->versions[operation->n_versions++] = cft_arena_strdup(op->child->arena, version);
}

/* What is on record now and was not before. */
static int list_new(struct cft_worker_operation *op, struct cft_err *err)
{
	struct cft_arena *arena = op->child->arena;
	struct cft_mig_history after = {0};
	int rc = cft_mig_engine_history(op->engine, arena, &after, err);

	op->progress->operation->versions = cft_arena_array(arena, char *, after.entries.n);
	CFT_VEC_EACH (struct cft_mig_entry, entry, &after.entries)
		if (!cft_mig_history_find(&op->history, entry->version))
			add_version(op, entry->version);
	return rc;
}

int cft_worker_baseline(struct cft_worker_child *child, const void *request, void **ret_response,
                        struct cft_err *err)
{
	const Confiture__V1__BaselineMigrationsRequest *r = request;
	struct cft_worker_operation op = {.child = child};
	size_t count;
	int rc = cft_worker_operation_begin(&op, r->files, r->n_files, err);

	if (rc == 0)
		rc = r->import_ledger ? cft_mig_engine_import(op.engine, &op.dir, &count, err)
		                      : cft_mig_engine_baseline(op.engine, &op.dir,
		                                                r->through_version, &count, err);
	if (rc == 0)
		rc = list_new(&op, err);
	cft_worker_operation_end(&op, rc);
	*ret_response = op.progress;
	return rc;
}

int cft_worker_repair(struct cft_worker_child *child, const void *request, void **ret_response,
                      struct cft_err *err)
{
	/* The order of RepairKind, which begins with UNSPECIFIED. */
	static const enum cft_mig_repair ways[] = {CFT_MIG_REPAIR_DONE,     CFT_MIG_REPAIR_DONE,
	                                           CFT_MIG_REPAIR_NOT_DONE, CFT_MIG_REPAIR_APPLIED,
	                                           CFT_MIG_REPAIR_FORGET,   CFT_MIG_REPAIR_ACCEPT};
	const Confiture__V1__RepairMigrationRequest *r = request;
	struct cft_worker_operation op = {.child = child};
	int rc = cft_worker_operation_begin(&op, r->files, r->n_files, err);

	if (rc == 0)
		rc = cft_mig_engine_repair(op.engine, &op.dir, r->version, ways[r->repair], err);
	if (rc == 0) {
		op.progress->operation->versions = cft_arena_array(child->arena, char *, 1);
		add_version(&op, r->version);
	}
	cft_worker_operation_end(&op, rc);
	*ret_response = op.progress;
	return rc;
}
