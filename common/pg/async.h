/* Async: a connection to PostgreSQL on the event loop, which comes back by itself.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only; nothing here blocks. Connecting, with its DNS look-ups, runs on a worker
 * thread. Statements queue and run one at a time. A lost connection fails them and is made again
 * with a jittered backoff until the object is freed.
 *
 * PG* variables count, as for every libpq client: programs on a private cluster call
 * cft_pg_forget_environment first. The host name is looked up at each attempt.
 */
#ifndef CFT_PG_ASYNC_H
#define CFT_PG_ASYNC_H

#include "common/event/loop.h"
#include "common/pg/pg.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_pg_async;

struct cft_pg_async_options {
	const char *url;              /* copied; NULL = what the PG* variables say */
	const char *application_name; /* copied; NULL = "confiture" */
	const char *setup_sql;    /* copied; run at each connect, before it is up; may be NULL */
	const char *prepared_sql; /* copied; for cft_pg_async_prepared; may be NULL */
	const char *pooled_sql;   /* copied; in its place where no plan is kept; NULL = the same */
	int connect_timeout_s;    /* per host, where neither URL nor PG* say, and for the answers to
	                           * what is asked before it is up; 0 = 5 */
	int64_t backoff_min_ms;   /* before the first attempt to come back; 0 = 100 */
	int64_t backoff_max_ms;   /* 0 = 3000 */
	int64_t reply_timeout_ms; /* a statement without reply for so long means that the
	                           * connection is dead; 0 = never */
	/* The connection came up (err NULL) or went down or could not be made (err; at each failed
	 * attempt). The callbacks may be NULL and may free the connection. */
	void (*on_state)(void *ctx, bool up, const struct cft_err *err);
	void (*on_notify)(void *ctx, const char *channel, const char *payload);
	void *ctx;
};

/* Starts connecting; CFT_E_CONFIG where the URL is malformed. */
int cft_pg_async_new(struct cft_loop *loop, const struct cft_pg_async_options *options,
                     struct cft_pg_async **ret_conn, struct cft_err *err);
/* Calls back what is pending with UNAVAILABLE, as below. NULL is fine. */
void cft_pg_async_free(struct cft_pg_async *conn);

/* Once per statement. `result` (NULL on failure) and `err` (NULL on success) are borrowed. A
 * failure with the reason OUTCOME_UNKNOWN means that the statement may or may not have been
 * committed: the connection was lost while it ran, or the wait for a synchronous standby was
 * cancelled. */
typedef void (*cft_pg_reply_fn)(void *ctx, const struct cft_pg_result *result,
                                const struct cft_err *err);
/* One statement with text parameters (copied; NULL is SQL NULL); without parameters also several
 * statements, as one transaction, and the last one's result. Fails with UNAVAILABLE, in a later
 * turn, where the connection is down. */
void cft_pg_async_query(struct cft_pg_async *conn, const char *sql, size_t n,
                        const char *const *values, cft_pg_reply_fn fn, void *ctx);

/* A parameter as it goes over the wire: text, or the type's binary format. NULL data is SQL NULL.
 */
struct cft_pg_value {
	const char *data;
	size_t len;
	bool binary;
};
/* Runs the options' prepared_sql with these parameters (copied), as a transaction of its own. Each
 * connection parses it once, along with its first use, and keeps its plan. Behind a pooler, which
 * may run the next transaction elsewhere, it is parsed each time, or pooled_sql is. */
void cft_pg_async_prepared(struct cft_pg_async *conn, size_t n, const struct cft_pg_value *values,
                           cft_pg_reply_fn fn, void *ctx);

bool cft_pg_async_up(const struct cft_pg_async *conn);
size_t cft_pg_async_pending(const struct cft_pg_async *conn); /* statements queued or running */

#define CFT_REASON_OUTCOME_UNKNOWN "OUTCOME_UNKNOWN"

#ifdef __cplusplus
}
#endif

#endif
