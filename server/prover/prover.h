/* Prover: both orders of two changes run in a throw-away PostgreSQL, by a child process.
 * SPDX-License-Identifier: MIT
 *
 * A proof blocks for seconds and runs other people's SQL, so that each gets processes of its own:
 * this program with `--prover`, which starts a private cluster in a directory, proves
 * (common/prove) and ends. One that dies, or takes too long or too much, makes the pair not
 * provable; nothing of it stays, whoever is killed meanwhile. One proof at a time; others wait.
 * Loop thread only.
 */
#ifndef CFT_PROVER_PROVER_H
#define CFT_PROVER_PROVER_H

#include "common/base/json.h"
#include "common/event/loop.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_prover_pool;
struct cft_proof_job;

struct cft_prover_pool_options {
	const char *program;   /* NULL: this one */
	int64_t timeout_ms;    /* of one proof; 0 = 120,000 */
	uint64_t memory_bytes; /* that a proof may take; 0 = 2 GiB */
	uint64_t disk_bytes;   /* 0 = 2 GiB */
	size_t max_waiting;    /* more are refused with LIMIT; 0 = 32 */
	size_t max_each;       /* of them for one owner; 0 = 2 */
};

/* Removes also what dead servers left in $TMPDIR. */
struct cft_prover_pool *cft_prover_pool_new(struct cft_loop *loop,
                                            const struct cft_prover_pool_options *options);
/* Ends the running proof, and waits until nothing of it is left; what waits is answered with
 * UNAVAILABLE. NULL is fine. */
void cft_prover_pool_free(struct cft_prover_pool *pool);

struct cft_proof_texts {
	const char *base, *a, *b; /* SQL */
	const char *owner;        /* who asks, so that nobody takes all places */
};

/* `proof` (common/prove/prove.h says what it holds) is borrowed for the call; NULL with `err`:
 * LIMIT (reason PROVER_BUSY), UNAVAILABLE, or what starting PostgreSQL said. */
typedef void cft_prover_cb(void *arg, json_t *proof, const struct cft_err *err);
/* Copies the texts. `cb` runs later, or at once where refused, and then NULL is returned. */
struct cft_proof_job *cft_prover_pool_submit(struct cft_prover_pool *pool,
                                             const struct cft_proof_texts *texts, cft_prover_cb *cb,
                                             void *arg);
/* Nobody wants it any more: it waits no longer, or ends. `cb` does not run. */
void cft_prover_pool_cancel(struct cft_prover_pool *pool, struct cft_proof_job *job);

struct cft_proof_limits {
	const char *directory; /* for all files */
	uint64_t memory_bytes, disk_bytes;
};

/* What the child does: one proof from standard input to standard output, ended by SIGUSR1 or the
 * end of the input. Removes the directory. Returns the exit status. */
int cft_prover_child_main(const struct cft_proof_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
