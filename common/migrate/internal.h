/* Internal: what the files of the engine share; included by common/migrate alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_MIGRATE_INTERNAL_H
#define CFT_MIGRATE_INTERNAL_H

#include "common/migrate/engine.h"
#include "common/pg/pg.h"

#include <pthread.h>
#include <stdatomic.h>

struct cft_mig_watch;

struct cft_mig_engine {
	struct cft_arena arena;
	struct cft_mig_engine_options options;
	struct cft_pg *pg;
	struct cft_mig_watch *watch;
	const char *table; /* qualified and quoted */
	bool table_exists; /* and has all our columns */
	bool locked;
	atomic_bool cancelled;
	const struct cft_mig_step *step; /* the one that runs */
	int done, total;                 /* its units */
	pthread_mutex_t emitting;        /* one observer call at a time */
};

/* Fills in the step and its progress, and calls the observer. */
void cft_mig_emit(struct cft_mig_engine *engine, enum cft_mig_event_kind kind, const char *text);
void cft_mig_emitf(struct cft_mig_engine *engine, enum cft_mig_event_kind kind, const char *fmt,
                   ...) __attribute__((format(printf, 3, 4)));

/* Our settings, on a session that a migration may have changed. Outside a transaction. */
int cft_mig_session_reset(struct cft_mig_engine *engine, struct cft_err *err);
/* BEGIN; COMMIT, which fails where the server rolled back; ROLLBACK, whose errors nobody needs. */
/* CFT_E_CANCELLED once cft_mig_engine_cancel was called. */
int cft_mig_check_cancelled(struct cft_mig_engine *engine, struct cft_err *err);
int cft_mig_begin(struct cft_mig_engine *engine, struct cft_err *err);
int cft_mig_commit(struct cft_mig_engine *engine, struct cft_err *err);
void cft_mig_rollback(struct cft_mig_engine *engine);

#endif
