/* Operation: what applies, rollbacks, baselines and repairs begin and end with.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "server/worker/show.h"

static Confiture__V1__OperationProgress *result(struct cft_arena *arena)
{
	Confiture__V1__OperationProgress *progress =
		cft_arena_new(arena, Confiture__V1__OperationProgress);

	confiture__v1__operation_progress__init(progress);
	progress->operation = cft_arena_new(arena, Confiture__V1__Operation);
	confiture__v1__operation__init(progress->operation);
	return progress;
}

int cft_worker_operation_begin(struct cft_worker_operation *op, Confiture__V1__SourceFile **files,
                               size_t n, struct cft_err *err)
{
	struct cft_worker_child *child = op->child;

	op->progress = result(child->arena);
	op->dir_read = true;
	int rc = cft_worker_migrations(child, files, n, &op->dir, err);
	if (rc == 0)
		rc = cft_worker_open_engine(child, &op->engine, err);
	if (rc == 0)
		rc = cft_mig_engine_history(op->engine, child->arena, &op->history, err);
	return rc;
}

/* Recorded, never decisive: an apply is an apply where the catalog cannot be read. */
static void fingerprint(struct cft_worker_operation *op)
{
	struct cft_buf ddl = CFT_BUF_INIT;
	struct cft_schema *schema = NULL;

	if (cft_worker_dump(op->child, &ddl, &schema, NULL) == 0)
		op->progress->operation->schema_fingerprint =
			cft_worker_fingerprint(op->child->arena, schema);
	cft_schema_free(schema);
	cft_buf_release(&ddl);
}

void cft_worker_operation_end(struct cft_worker_operation *op, int rc)
{
	if (rc == 0)
		fingerprint(op);
	cft_worker_set_engine(NULL);
	cft_mig_engine_close(op->engine);
	if (op->dir_read)
		cft_mig_dir_release(&op->dir);
}
