/* Worker: one process per job of MigrationService: its own connection, its own parser.
 * SPDX-License-Identifier: MIT
 *
 * SQL of agents is parsed and run here, so that what crashes a parser or waits for a lock never
 * touches the loop. A worker dies with the server (it reads the end of its input), and PostgreSQL
 * rolls its transaction back. Loop thread only, but cft_worker_child_main, which is the process.
 */
#ifndef CFT_WORKER_WORKER_H
#define CFT_WORKER_WORKER_H

#include "common/base/json.h"
#include "common/event/loop.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_worker;

/* The job, a JSON object:
 *   method                  of MigrationService
 *   url, database           connection string, and what may be shown of it
 *   table                   of the ledger
 *   lock_timeout_ms, statement_timeout_ms, lock_wait_ms
 *   operation, attempt, fence, fence_key, agent, intent, intent_fence   of an operation
 *   ddl                     the intent's statements: the migrations must say the same
 */
struct cft_worker_options {
	const json_t *job;
	const void *request; /* packed */
	size_t request_len;
	int64_t timeout_ms; /* 0 = none */
	/* Packed OperationProgress. May be NULL. */
	void (*on_progress)(void *ctx, const void *data, size_t len);
	/* Once, unless freed before: the packed response, or NULL and the error. May free the
	 * worker. */
	void (*on_end)(void *ctx, const void *data, size_t len, const struct cft_err *err);
	void *ctx;
};

/* Everything is copied. */
int cft_worker_start(struct cft_loop *loop, const struct cft_worker_options *options,
                     struct cft_worker **ret, struct cft_err *err);
/* The running statement is cancelled; on_end follows. */
void cft_worker_cancel(struct cft_worker *worker);
/* Kills what still runs; no callback comes afterwards. NULL is fine. */
void cft_worker_free(struct cft_worker *worker);

/* What `confiture-server --migrate-worker` runs. Returns the exit status. */
int cft_worker_child_main(void);

#ifdef __cplusplus
}
#endif

#endif
