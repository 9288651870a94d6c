/* Child: the inside of a worker process; private to server/worker.
 * SPDX-License-Identifier: MIT
 *
 * One job per process; everything blocks. A method takes the unpacked request and gives the
 * response in the arena; what it says meanwhile goes out as progress.
 */
#ifndef CFT_WORKER_CHILD_H
#define CFT_WORKER_CHILD_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/migrate/engine.h"
#include "common/sql/schema/schema.h"

#include "confiture/v1/migration_service.pb-c.h"

struct cft_worker_child {
	struct cft_arena *arena;
	json_t *job;
	char *dir; /* private, empty, the working directory; removed at the end */
};

/* 0 with *ret_response (a message of the method's response type), or a failure. */
typedef int cft_worker_method(struct cft_worker_child *child, const void *request,
                              void **ret_response, struct cft_err *err);

cft_worker_method cft_worker_status, cft_worker_plan, cft_worker_apply, cft_worker_rollback,
	cft_worker_baseline, cft_worker_repair, cft_worker_build, cft_worker_diff,
	cft_worker_generate, cft_worker_lint, cft_worker_drift, cft_worker_snapshot;

/* Of the job; "" and 0 where there is none. */
const char *cft_worker_text(const struct cft_worker_child *child, const char *key);
int64_t cft_worker_number(const struct cft_worker_child *child, const char *key);

/* Writes an OperationProgress to the server. */
void cft_worker_say(const Confiture__V1__OperationProgress *progress);
/* From now on a cancel of the server's reaches this engine; NULL: nobody. */
void cft_worker_set_engine(struct cft_mig_engine *engine);

/* Migrations of the request as files below migrations/, read back. Refuses what is no plain name,
 * what `up` would warn of instead of running it (UNKNOWN_FILE_NAME), and wrong checksums. */
int cft_worker_migrations(struct cft_worker_child *child, Confiture__V1__SourceFile **files,
                          size_t n, struct cft_mig_dir *ret, struct cft_err *err);
/* Python in a plan would be code of a stranger on the server; what is not run only has a checksum.
 */
int cft_worker_refuse_python(const struct cft_mig_plan *plan, struct cft_err *err);
/* The files one after the other, each under a comment with its name. */
int cft_worker_script(Confiture__V1__SourceFile **files, size_t n, struct cft_buf *out,
                      struct cft_err *err);
/* The same for an operation on the target: with its fence and the migration lock; the history. */
struct cft_worker_operation {
	struct cft_worker_child *child;
	struct cft_mig_dir dir;
	bool dir_read;
	struct cft_mig_engine *engine;
	struct cft_mig_history history;
	Confiture__V1__OperationProgress *progress; /* the response, with an operation to fill in */
};
/* End it in every case. */
int cft_worker_operation_begin(struct cft_worker_operation *operation,
                               Confiture__V1__SourceFile **files, size_t n, struct cft_err *err);
/* `rc` of the work; notes the fingerprint of the schema where it succeeded. */
void cft_worker_operation_end(struct cft_worker_operation *operation, int rc);
int cft_worker_open_engine(struct cft_worker_child *child, struct cft_mig_engine **ret,
                           struct cft_err *err);
/* "schema"."confiture_fence", beside the ledger; in the arena. */
const char *cft_worker_fence_table(struct cft_worker_child *child,
                                   const struct cft_mig_engine *engine);
/* Of the target's schema, from its catalog; *ret_schema may be NULL. */
int cft_worker_dump(struct cft_worker_child *child, struct cft_buf *ddl,
                    struct cft_schema **ret_schema, struct cft_err *err);
/* Fails with DDL_DIFFERS where the plan's up files are not the statements of the job's intent. */
int cft_worker_check_ddl(struct cft_worker_child *child, const struct cft_mig_plan *plan,
                         struct cft_err *err);

#endif
