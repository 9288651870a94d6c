/* Analyzer: SQL to effects in child processes, so that hostile SQL costs one request.
 * SPDX-License-Identifier: MIT
 *
 * A few processes, which are this program run with `--analyzer` under resource limits, take texts
 * through a pipe and give effects back. One that dies or takes too long fails the request it had
 * (reasons ANALYZER_DIED, ANALYZER_TIMEOUT) and is replaced. Results are cached by the SHA-256 of
 * what was asked, so a check followed by a register parses once. Loop thread only.
 */
#ifndef CFT_ANALYZER_ANALYZER_H
#define CFT_ANALYZER_ANALYZER_H

#include "common/event/loop.h"
#include "common/sql/effect/effect.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_analyzer;

struct cft_analyzer_options {
	const char *program; /* NULL: this one */
	int processes;       /* 0 = 2 */
	int64_t timeout_ms;  /* of one text; 0 = 10,000 */
	size_t cache_bytes;  /* 0 = 16 MiB */
	size_t max_waiting;  /* texts; more are refused with LIMIT; 0 = 1,000 */
};

/* Starts the processes. The strings are copied. */
int cft_analyzer_new(struct cft_loop *loop, const struct cft_analyzer_options *options,
                     struct cft_analyzer **ret, struct cft_err *err);
/* Kills the processes; what is waiting is answered with UNAVAILABLE. NULL is fine. */
void cft_analyzer_free(struct cft_analyzer *analyzer);

struct cft_analyzer_query {
	const char *sql;
	size_t len;
	const char *const *tables; /* declared ones (common/sql/effect/analyze.h) */
	size_t n_tables;
	bool dump; /* a schema: psql's commands are skipped, unknown statements are kept opaque;
	            * else a plan: an ellipsis makes a sketch */
};

/* A result, counted. */
struct cft_analysis {
	int refs;
	struct cft_arena arena;
	struct cft_effects effects;
};
struct cft_analysis *cft_analysis_ref(struct cft_analysis *analysis);
void cft_analysis_unref(struct cft_analysis *analysis); /* NULL is fine */

/* `analysis` is borrowed for the call (take a reference to keep it); NULL with `err`: SYNTAX with
 * line and column, INVALID, LIMIT, UNAVAILABLE. */
typedef void cft_analyzer_cb(void *arg, struct cft_analysis *analysis, const struct cft_err *err);
/* Copies the query. `cb` runs later, or at once from the cache. */
void cft_analyzer_submit(struct cft_analyzer *analyzer, const struct cft_analyzer_query *query,
                         cft_analyzer_cb *cb, void *arg);

/* For metrics and tests. */
struct cft_analyzer_stats {
	uint64_t analyzed, cache_hits, died, timed_out;
	size_t waiting, cache_bytes;
};
void cft_analyzer_stats(const struct cft_analyzer *analyzer, struct cft_analyzer_stats *ret);

/* What the child does: serves standard input until its end. Returns the exit status. */
int cft_analyzer_child_main(void);

#ifdef __cplusplus
}
#endif

#endif
