/* Pg: a blocking connection to PostgreSQL, for the command line and the migration engine.
 * SPDX-License-Identifier: MIT
 *
 * Every call blocks; the event loop uses common/pg/async.h instead. One thread at a time uses a
 * connection, but cft_pg_cancel may come from any thread and from a signal handler.
 *
 * Connection strings are libpq's: URLs or key=value, several hosts, unix sockets, PG* variables,
 * .pgpass and services all work. Errors carry PostgreSQL's SQLSTATE, the line and column in the
 * statement, the detail in the message and the hint; a password is never part of one. Codes:
 * UNAVAILABLE (no connection, or it was lost), UNAUTHENTICATED, FORBIDDEN, NOT_FOUND (no such
 * database), SYNTAX, LOCKED (lock timeout), TIMEOUT, CANCELLED, ABORTED (serialization, deadlock),
 * FAILED for the rest; CONFIG for a malformed connection string, and where libpq, which the first
 * connection loads, is not installed (reason LIBPQ_MISSING).
 */
#ifndef CFT_PG_PG_H
#define CFT_PG_PG_H

#include "common/pg/result.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_pg;

struct cft_pg_options {
	const char *url;              /* borrowed; NULL = what the PG* variables say */
	const char *application_name; /* seen in pg_stat_activity; NULL = "confiture" */
	int connect_timeout_s;        /* per host; 0 = 10, where neither URL nor PG* say */
	/* PG* variables do not count (private clusters). They leave the environment for the time
	 * of the call: not where other threads use it. Servers call cft_pg_forget_environment. */
	bool ignore_environment;
};

/* Removes every PG* variable from the environment, for good. Call before threads start. */
void cft_pg_forget_environment(void);

int cft_pg_connect(const struct cft_pg_options *options, struct cft_pg **ret_pg,
                   struct cft_err *err);
/* cft_pg_connect with only a URL. */
int cft_pg_open(const char *url, struct cft_pg **ret_pg, struct cft_err *err);
void cft_pg_close(struct cft_pg *pg); /* NULL is fine */

/* One or several statements without parameters (several are one transaction, unless they say
 * BEGIN and COMMIT). *ret_result is the last one's; ret_result may be NULL. */
int cft_pg_exec(struct cft_pg *pg, const char *sql, struct cft_pg_result **ret_result,
                struct cft_err *err);
/* One statement with $1 … $n as text; a NULL value is SQL NULL. */
int cft_pg_exec_params(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                       struct cft_pg_result **ret_result, struct cft_err *err);
/* Formats `fmt` (printf) into the statement, for names that cft_pg_quote_name quoted. */
int cft_pg_execf(struct cft_pg *pg, struct cft_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The first column of the only row as text into `out` (appended); CFT_E_NOT_FOUND for no row. */
int cft_pg_query_text(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                      struct cft_buf *out, struct cft_err *err);

/* Row by row, for results that should not sit in memory: `on_row` gets one-row results (borrowed).
 * It stops the statement by returning a negative code, which is then returned. */
typedef int (*cft_pg_row_fn)(void *ctx, const struct cft_pg_result *row, struct cft_err *err);
int cft_pg_each_row(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                    cft_pg_row_fn on_row, void *ctx, struct cft_err *err);
/* `sql` is COPY … FROM STDIN; sends the data. */
int cft_pg_copy_in(struct cft_pg *pg, const char *sql, const void *data, size_t len,
                   struct cft_err *err);

/* NOTICE, WARNING … of the server. Without a callback they are dropped. Strings are borrowed. */
struct cft_pg_notice {
	const char *severity; /* "NOTICE", "WARNING" …, not localised */
	const char *sqlstate;
	const char *message;
	const char *detail; /* "" = none */
	const char *hint;   /* "" = none */
};
typedef void (*cft_pg_notice_fn)(void *ctx, const struct cft_pg_notice *notice);
void cft_pg_on_notice(struct cft_pg *pg, cft_pg_notice_fn fn, void *ctx);

/* Asks the server to cancel what the connection runs: that call then fails with CANCELLED. Any
 * thread; async-signal-safe. 0, or CFT_E_UNAVAILABLE. */
int cft_pg_cancel(const struct cft_pg *pg);

bool cft_pg_alive(const struct cft_pg *pg);          /* as of the last call */
bool cft_pg_in_transaction(const struct cft_pg *pg); /* open, also when failed */
bool cft_pg_transaction_failed(const struct cft_pg *pg);
int cft_pg_backend_pid(const struct cft_pg *pg);
int cft_pg_server_version(const struct cft_pg *pg);   /* 150004 */
const char *cft_pg_database(const struct cft_pg *pg); /* borrowed */
const char *cft_pg_user(const struct cft_pg *pg);
const char *cft_pg_host(const struct cft_pg *pg); /* or the socket's directory */
const char *cft_pg_port(const struct cft_pg *pg);

/* Appends "name" or 'text' as SQL needs it; valid for every server and encoding UTF-8. */
void cft_pg_quote_name(struct cft_buf *out, const char *name);
void cft_pg_quote_text(struct cft_buf *out, const char *text);

/* Appends where a connection string leads, as "host:port/database": neither who logs in nor with
 * what. CFT_E_CONFIG where libpq does not take the string; for a message about a string that may
 * be wrong, cft_conninfo_redact (common/config/connection.h). */
int cft_pg_url_place(const char *url, struct cft_buf *out, struct cft_err *err);
/* Appends the name of the database alone, "" where the string leaves it to libpq. */
int cft_pg_url_database(const char *url, struct cft_buf *out, struct cft_err *err);

/* Appends the connection string for another database of the same server. The name must be plain:
 * letters, digits, '_'. */
void cft_pg_url_with_database(const char *url, const char *database, struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
