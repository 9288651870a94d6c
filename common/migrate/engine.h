/* Engine: applies and rolls back migrations on one database, one migrator at a time.
 * SPDX-License-Identifier: MIT
 *
 *     cft_mig_engine_open(&options, &engine, err);
 *     cft_mig_engine_lock(engine, err);            // others wait or fail here
 *     cft_mig_engine_history(engine, &arena, &history, err);
 *     cft_mig_plan_up(&arena, &dir, &history, &up, &plan, err);
 *     cft_mig_engine_run(engine, &plan, &done, err);
 *     cft_mig_engine_close(engine);                // also unlocks
 *
 * Each migration is one transaction together with its row in the tracking table. One that cannot
 * be (script.h) runs unit by unit, each with a record of its own, and is resumed where it stopped.
 *
 * Every call blocks. One thread at a time uses an engine; cft_mig_engine_cancel may come from any
 * thread or a signal handler. Observers are called on the thread that runs the engine, but BLOCKED
 * comes from a thread of the engine's own while the other waits in a statement: never two at once.
 */
#ifndef CFT_MIGRATE_ENGINE_H
#define CFT_MIGRATE_ENGINE_H

#include "common/base/err.h"
#include "common/migrate/plan.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_pg;
struct cft_mig_engine;

enum cft_mig_event_kind {
	CFT_MIG_LOCK_WAIT,     /* text: who holds the migration lock */
	CFT_MIG_BEGIN_STEP,    /* step */
	CFT_MIG_STEPWISE,      /* text: why it does not run in one transaction */
	CFT_MIG_STATEMENT,     /* done (before it), total (0: unknown), text: the statement */
	CFT_MIG_SKIPPED,       /* the same: already done by an earlier run */
	CFT_MIG_BLOCKED,       /* text: who blocks the statement */
	CFT_MIG_RETRY,         /* text: why, and when */
	CFT_MIG_INDEX_CLEANED, /* text: the INVALID index that was dropped */
	CFT_MIG_NOTICE,        /* text: PostgreSQL's own, or a print of a Python migration's */
	CFT_MIG_END_STEP,      /* duration_us; failed */
};

struct cft_mig_event {
	enum cft_mig_event_kind kind;
	const struct cft_mig_step *step; /* NULL: LOCK_WAIT */
	int done, total;
	int64_t duration_us;
	bool failed;
	const char *text; /* borrowed */
};

struct cft_mig_engine_options {
	const char *url;              /* connection string */
	const char *application_name; /* NULL: "confiture migrate" */
	const char *table;            /* "name" or "schema.name"; NULL: confiture_migrations */
	const char *applied_by;       /* NULL: the database role */
	int64_t lock_wait_us;         /* for the migration lock; < 0: for ever */
	int64_t lock_timeout_us;      /* of each statement; 0: no limit */
	int64_t statement_timeout_us; /* 0: no limit */
	int retries;                  /* after lock timeouts and deadlocks */
	const char *python;           /* the interpreter; NULL: python3 */
	const char *details;          /* JSON for the tracking row, or NULL */
	void (*on_event)(void *ctx, const struct cft_mig_event *event); /* may be NULL */
	/* Called in every transaction that changes the ledger, before it commits; an error rolls it
	 * back (a fencing token is checked here). May be NULL. */
	int (*before_commit)(void *ctx, struct cft_pg *pg, const struct cft_mig_step *step,
	                     struct cft_err *err);
	void *ctx;
};

/* Copies the options. Errors as of cft_pg_connect, the message begins "Database connection failed".
 */
int cft_mig_engine_open(const struct cft_mig_engine_options *options, struct cft_mig_engine **ret,
                        struct cft_err *err);
void cft_mig_engine_close(struct cft_mig_engine *engine); /* NULL is fine */
/* The running statement fails with CANCELLED. Async-signal-safe. */
void cft_mig_engine_cancel(struct cft_mig_engine *engine);
struct cft_pg *cft_mig_engine_pg(struct cft_mig_engine *engine);
/* Quoted and qualified, as SQL needs it. */
const char *cft_mig_engine_table(const struct cft_mig_engine *engine);

/* The session lock that keeps migrators apart; CFT_E_LOCKED names the holder. */
int cft_mig_engine_lock(struct cft_mig_engine *engine, struct cft_err *err);
/* What the tracking table says; nothing where there is none. */
int cft_mig_engine_history(struct cft_mig_engine *engine, struct cft_arena *arena,
                           struct cft_mig_history *ret, struct cft_err *err);
/* Runs the steps in order and stops at the first that fails; *ret_done counts the finished ones,
 * also after a failure. Takes the lock if it is not held. */
int cft_mig_engine_run(struct cft_mig_engine *engine, const struct cft_mig_plan *plan,
                       size_t *ret_done, struct cft_err *err);

/* Records files up to `version` as applied without running them. */
int cft_mig_engine_baseline(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                            const char *version, size_t *ret_count, struct cft_err *err);
/* Takes over the ledger of the Python Confiture (tb_confiture): versions that are not on record
 * yet. CFT_E_NOT_FOUND where there is none. */
int cft_mig_engine_import(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                          size_t *ret_count, struct cft_err *err);

enum cft_mig_repair {
	CFT_MIG_REPAIR_DONE,     /* the statement that was begun did run */
	CFT_MIG_REPAIR_NOT_DONE, /* it did not: run it again */
	CFT_MIG_REPAIR_APPLIED,  /* an unfinished migration counts as applied */
	CFT_MIG_REPAIR_FORGET,   /* remove the row: as if never applied */
	CFT_MIG_REPAIR_ACCEPT,   /* record the checksum of the file as it is */
};
/* Changes one row by hand. CFT_E_NOT_FOUND, CFT_E_STATE where it does not apply. */
int cft_mig_engine_repair(struct cft_mig_engine *engine, const struct cft_mig_dir *dir,
                          const char *version, enum cft_mig_repair how, struct cft_err *err);
/* "schema.index" of each INVALID index of the database, in the arena. */
int cft_mig_engine_invalid_indexes(struct cft_mig_engine *engine, struct cft_arena *arena,
                                   const char *const **ret, size_t *ret_count, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
