/* Watch: tells who blocks a statement that takes long, while it waits.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate. A thread with a connection of its own (opened only when a statement
 * has run for a second) asks pg_blocking_pids() and emits CFT_MIG_BLOCKED.
 */
#ifndef CFT_MIGRATE_WATCH_H
#define CFT_MIGRATE_WATCH_H

#include "common/migrate/internal.h"

struct cft_mig_watch *cft_mig_watch_new(struct cft_mig_engine *engine);
void cft_mig_watch_free(struct cft_mig_watch *watch); /* NULL is fine; joins the thread */
/* Around each statement of the engine's connection. */
void cft_mig_watch_begin(struct cft_mig_watch *watch);
void cft_mig_watch_end(struct cft_mig_watch *watch);
/* Who blocked the last watched statement, or "" (nobody seen); copied into the arena. */
const char *cft_mig_watch_blocker(struct cft_mig_watch *watch, struct cft_arena *arena);

#endif
