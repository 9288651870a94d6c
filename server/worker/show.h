/* Show: results of common/sql and common/migrate as messages; private to server/worker.
 * SPDX-License-Identifier: MIT
 *
 * Everything is copied into the arena.
 */
#ifndef CFT_WORKER_SHOW_H
#define CFT_WORKER_SHOW_H

#include "common/base/arena.h"
#include "common/migrate/lint.h"
#include "common/sql/diff/plan.h"

#include "confiture/v1/migration_service.pb-c.h"

Confiture__V1__SchemaChange **cft_worker_changes(struct cft_arena *arena,
                                                 const struct cft_plan *plan, size_t *ret_n);
Confiture__V1__SchemaStatement **cft_worker_steps(struct cft_arena *arena,
                                                  const struct cft_step *steps, size_t n);
Confiture__V1__NotIncluded **cft_worker_refused(struct cft_arena *arena,
                                                const struct cft_plan *plan, size_t *ret_n);
/* "old=new" */
char **cft_worker_renames(struct cft_arena *arena, const struct cft_plan *plan, size_t *ret_n);
Confiture__V1__LintFinding *cft_worker_finding(struct cft_arena *arena, const char *file,
                                               const struct cft_mig_finding *finding);
/* 64 hex digits: equal for two texts that mean the same schema; "" where it cannot be told. */
char *cft_worker_fingerprint(struct cft_arena *arena, const struct cft_schema *schema);

#endif
