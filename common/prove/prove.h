/* Prove: run both orders of two changes in PostgreSQL and compare what comes out.
 * SPDX-License-Identifier: MIT
 *
 * Five throw-away databases (the base, A alone, B alone, A then B, B then A) in a private cluster,
 * or beside the database that a URL names. There the SQL of both runs as a role without superuser
 * rights: no files, no programs, no network; with a statement timeout. With a URL it runs as that
 * URL's role, which should be as harmless. Blocks for seconds; one thread; not the event loop.
 */
#ifndef CFT_PROVE_PROVE_H
#define CFT_PROVE_PROVE_H

#include "common/base/json.h"
#include "common/sql/conflict/conflict.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_prover;

/* url NULL: a private throw-away cluster (common/pg/cluster.h, with its errors), which serves any
 * number of proofs. */
int cft_prover_new(const char *url, struct cft_prover **ret, struct cft_err *err);
void cft_prover_free(struct cft_prover *prover); /* NULL is fine */

enum { CFT_PROOF_DIFFERENCES = 20 };

struct cft_proof {
	bool provable;      /* false: `reason` says what stood in the way */
	const char *reason; /* "" */
	enum cft_verdict verdict;
	bool a_alone_fails, b_alone_fails;
	const char *error_a, *error_b, *error_ab, *error_ba; /* PostgreSQL's words, or "" */
	/* Lines of the catalog that are there after one order only: "- …" after A then B, "+ …"
	 * after B then A; and what breaks when it runs. */
	const char *differences[CFT_PROOF_DIFFERENCES];
	size_t n_differences;
};

struct cft_proof_input {
	const char *base, *a, *b; /* SQL; the base may hold psql's commands and COPY data */
};

/* 0 also where it is not provable. An error only where the database fails us. Results live in the
 * arena. */
int cft_prove(struct cft_prover *prover, const struct cft_proof_input *input,
              struct cft_arena *arena, struct cft_proof *ret, struct cft_err *err);

/* {"provable", "reason", "verdict", "a_alone_fails", …, "differences"}; a new reference. */
json_t *cft_proof_to_json(const struct cft_proof *proof);
/* The same of a proof that came to nothing. */
json_t *cft_proof_unprovable(const char *reason);

#ifdef __cplusplus
}
#endif

#endif
