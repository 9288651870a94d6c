/* Ledger: the tracking table in the database.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate. Every name is qualified: migrations may change the search_path.
 * Functions that write do so in the caller's transaction, or by themselves where none is open.
 */
#ifndef CFT_MIGRATE_LEDGER_H
#define CFT_MIGRATE_LEDGER_H

#include "common/migrate/internal.h"

/* Where the table is, or would be: sets engine->table and engine->table_exists. */
int cft_mig_ledger_find(struct cft_mig_engine *engine, struct cft_err *err);
/* Creates it, or adds the columns that an older one lacks. Under the lock. */
int cft_mig_ledger_ensure(struct cft_mig_engine *engine, struct cft_err *err);
int cft_mig_ledger_read(struct cft_mig_engine *engine, struct cft_arena *arena,
                        struct cft_mig_history *ret, struct cft_err *err);

/* A whole migration was applied (in the transaction that applied it), or declared so. */
int cft_mig_ledger_add(struct cft_mig_engine *engine, const struct cft_mig_file *file,
                       enum cft_mig_state state, int statements, int64_t duration_us,
                       struct cft_err *err);
int cft_mig_ledger_remove(struct cft_mig_engine *engine, const char *version, struct cft_err *err);

/* Unit by unit: the row turns applying or reverting, each unit is recorded, then it is finished. */
int cft_mig_ledger_start(struct cft_mig_engine *engine, const struct cft_mig_step *step, int total,
                         struct cft_err *err);
int cft_mig_ledger_unit_begun(struct cft_mig_engine *engine, const char *version,
                              const char *checksum, struct cft_err *err);
int cft_mig_ledger_unit_failed(struct cft_mig_engine *engine, const char *version,
                               struct cft_err *err);
int cft_mig_ledger_unit_done(struct cft_mig_engine *engine, const char *version,
                             const char *checksum, struct cft_err *err);
int cft_mig_ledger_finish(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                          int64_t duration_us, struct cft_err *err);
int cft_mig_ledger_set_checksum(struct cft_mig_engine *engine, const char *version,
                                const char *checksum, struct cft_err *err);

#endif
