/* Internal: libpq behind the module's types; included by common/pg alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_PG_INTERNAL_H
#define CFT_PG_INTERNAL_H

#include "common/base/vec.h"
#include "common/pg/libpq.h"
#include "common/pg/pg.h"

/* struct cft_pg_result is PGresult under a name of ours: no wrapper to allocate. */
static inline struct cft_pg_result *cft_pg_wrap_result(PGresult *result)
{
	return (struct cft_pg_result *)result;
}

static inline const PGresult *cft_pg_raw_result(const struct cft_pg_result *result)
{
	return (const PGresult *)result;
}

/* Keywords and values for PQconnectdbParams, PQconnectStartParams. */
struct cft_pg_params {
	const char *keywords[64];
	const char *values[64];
	size_t n;
	PQconninfoOption *parsed; /* owns the strings */
	char timeout[16];
};

/* CFT_E_CONFIG where the URL is malformed. Release after use, also after a failure. */
int cft_pg_params_init(struct cft_pg_params *params, const struct cft_pg_options *options,
                       struct cft_err *err);
void cft_pg_params_release(struct cft_pg_params *params);

/* Takes the PG* variables out of the environment, and puts them back (freeing `saved`). Only while
 * no other thread reads the environment. */
struct cft_pg_environment {
	CFT_VEC(char *) entries; /* "NAME=value" */
};
void cft_pg_environment_hide(struct cft_pg_environment *saved);
void cft_pg_environment_restore(struct cft_pg_environment *saved);

/* Fill `err` from a failed result (`sql` may be NULL, it gives line and column), or from the
 * connection where there is no result. */
int cft_pg_result_error(const PGconn *conn, const PGresult *result, const char *sql,
                        struct cft_err *err);
int cft_pg_conn_error(const PGconn *conn, const char *what, struct cft_err *err);
/* True for statuses that are no failure. */
bool cft_pg_status_ok(ExecStatusType status);

/* libpq's callback for notices; `ctx` is a struct cft_pg_notice_target. */
struct cft_pg_notice_target {
	cft_pg_notice_fn fn;
	void *ctx;
};
void cft_pg_receive_notice(void *ctx, const PGresult *result);

#endif
