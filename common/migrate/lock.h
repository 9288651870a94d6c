/* Lock: the session-level advisory lock that keeps migrators apart.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate; cft_mig_engine_lock takes it.
 */
#ifndef CFT_MIGRATE_LOCK_H
#define CFT_MIGRATE_LOCK_H

#include "common/migrate/internal.h"

/* A migration may have called pg_advisory_unlock_all(): takes the lock again where it is free, and
 * fails where another migrator has it. */
int cft_mig_lock_confirm(struct cft_mig_engine *engine, struct cft_err *err);

#endif
