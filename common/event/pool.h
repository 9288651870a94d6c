/* Pool: worker threads for what would block the loop; the answer comes back to the loop.
 * SPDX-License-Identifier: MIT
 *
 * Jobs are taken in the order of submission. The loop's thread makes, feeds and frees the pool.
 */
#ifndef CFT_EVENT_POOL_H
#define CFT_EVENT_POOL_H

#include "common/event/mailbox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Part of a struct of the caller's, which stays alive until `done` was called. */
struct cft_job {
	void (*run)(struct cft_job *job);  /* on a worker thread */
	void (*done)(struct cft_job *job); /* afterwards on the loop's thread; may free the job */
	struct cft_mail mail;              /* the pool's */
};

struct cft_pool;

/* `stack_bytes` 0 = the system's default. Aborts where threads cannot be made. */
struct cft_pool *cft_pool_new(struct cft_loop *loop, int threads, size_t stack_bytes);
void cft_pool_submit(struct cft_pool *pool, struct cft_job *job);
/* Jobs that were not begun and not finished: a bound for the caller to keep. */
size_t cft_pool_pending(const struct cft_pool *pool);
/* Waits for the running jobs, runs the queued ones too, and calls every `done` before it returns.
 * Blocks. NULL is fine. */
void cft_pool_free(struct cft_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
