/* Apply: ApplyMigrations and RollbackMigrations inside the worker.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/pg/pg.h"

#include <string.h>

struct apply {
	struct cft_worker_operation op;
	struct cft_mig_plan plan;
};

static void say_planned(const struct apply *apply)
{
	Confiture__V1__OperationProgress progress = CONFITURE__V1__OPERATION_PROGRESS__INIT;

	progress.kind = CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_PLANNED;
	progress.total = (int32_t)apply->plan.steps.n;
	cft_worker_say(&progress);
}

/* What the ledger says this operation applied, in this attempt or one before. */
static int applied_versions(struct apply *apply, Confiture__V1__Operation *operation,
                            struct cft_err *err)
{
	struct cft_arena *arena = apply->op.child->arena;
	const char *table = cft_mig_engine_table(apply->op.engine);
	const char *values[] = {cft_worker_text(apply->op.child, "operation")};
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec_params(
		cft_mig_engine_pg(apply->op.engine),
		cft_arena_printf(arena,
	                         "SELECT version FROM %s WHERE details ->> 'operation' = $1 "
	                         "AND state = 'applied' ORDER BY version::numeric",
	                         table),
		1, values, &result, err);

	if (rc != 0 && err && strcmp(err->sqlstate, "42P01") == 0) {
		cft_err_clear(err); /* no ledger yet: nothing was ever applied */
		return 0;
	}
	size_t n = rc == 0 ? cft_pg_rows(result) : 0;
	operation->versions = cft_arena_array(arena, char *, n);
	operation->n_versions = n;
	for (size_t i = 0; i < n; i++)
		operation->versions[i] = cft_arena_strdup(arena, cft_pg_text(result, i, 0));
	cft_pg_result_free(result);
	return rc;
}

static int need_work(const struct apply *apply, const Confiture__V1__Operation *operation,
                     struct cft_err *err)
{
	const char *intent = cft_worker_text(apply->op.child, "intent");

	if (!intent[0] || apply->plan.steps.n > 0 || operation->n_versions > 0)
		return 0;
	cft_fail_reason(err, CFT_E_STATE, "NOTHING_PENDING",
	                "none of the files is pending on the target: nothing would be applied for "
	                "intent %s",
	                intent);
	return cft_err_hint(err, "where it is there already, say so with `coordinate merge`");
}

static int apply_up(struct apply *apply, const Confiture__V1__ApplyMigrationsRequest *request,
                    Confiture__V1__Operation *operation, struct cft_err *err)
{
	const struct cft_mig_up_options options = {
		.target = request->target_version[0] ? request->target_version : NULL,
		.allow_out_of_order = request->allow_out_of_order,
		.allow_changed = request->allow_changed,
	};
	size_t done = 0;
	int rc = cft_mig_plan_up(apply->op.child->arena, &apply->op.dir, &apply->op.history,
	                         &options, &apply->plan, err);

	if (rc == 0)
		rc = cft_worker_refuse_python(&apply->plan, err);
	if (rc == 0)
		rc = cft_worker_check_ddl(apply->op.child, &apply->plan, err);
	if (rc == 0)
		rc = applied_versions(apply, operation, err);
	if (rc == 0)
		rc = need_work(apply, operation, err);
	if (rc != 0)
		return rc;
	say_planned(apply);
	rc = cft_mig_engine_run(apply->op.engine, &apply->plan, &done, err);
	return rc ? rc : applied_versions(apply, operation, err);
}

int cft_worker_apply(struct cft_worker_child *child, const void *request, void **ret_response,
                     struct cft_err *err)
{
	const Confiture__V1__ApplyMigrationsRequest *r = request;
	struct apply apply = {.op = {.child = child}};
	int rc = cft_worker_operation_begin(&apply.op, r->files, r->n_files, err);

	if (rc == 0)
		rc = apply_up(&apply, r, apply.op.progress->operation, err);
	cft_worker_operation_end(&apply.op, rc);
	*ret_response = apply.op.progress;
	return rc;
}

static int roll_back(struct apply *apply, const Confiture__V1__RollbackMigrationsRequest *request,
                     Confiture__V1__Operation *operation, struct cft_err *err)
{
	struct cft_arena *arena = apply->op.child->arena;
	size_t done = 0;
	int rc = request->to_version[0]
	                 ? cft_mig_plan_down_to(arena, &apply->op.dir, &apply->op.history,
	                                        request->to_version, &apply->plan, err)
	                 : cft_mig_plan_down(arena, &apply->op.dir, &apply->op.history,
	                                     request->steps, &apply->plan, err);

	if (rc == 0)
		rc = cft_worker_refuse_python(&apply->plan, err);
	if (rc != 0)
		return rc;
	say_planned(apply);
	rc = cft_mig_engine_run(apply->op.engine, &apply->plan, &done, err);
	operation->versions = cft_arena_array(arena, char *, done);
	operation->n_versions = done;
	for (size_t i = 0; i < done; i++)
		operation->versions[i] =
			(char *)cft_arena_strdup(arena, apply->plan.steps.v[i].file->version);
	return rc;
}

int cft_worker_rollback(struct cft_worker_child *child, const void *request, void **ret_response,
                        struct cft_err *err)
{
	const Confiture__V1__RollbackMigrationsRequest *r = request;
	struct apply apply = {.op = {.child = child}};
	int rc = cft_worker_operation_begin(&apply.op, r->files, r->n_files, err);

	if (rc == 0)
		rc = roll_back(&apply, r, apply.op.progress->operation, err);
	cft_worker_operation_end(&apply.op, rc);
	*ret_response = apply.op.progress;
	return rc;
}
