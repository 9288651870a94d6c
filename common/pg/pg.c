/* Pg: the blocking connection.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/pg.h"

#include "common/base/mem.h"
#include "common/pg/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cft_pg {
	PGconn *conn;
	PGcancel *cancel;
	struct cft_pg_notice_target notice;
};

static PGconn *connect_without_environment(const struct cft_pg_params *params)
{
	struct cft_pg_environment saved;

	cft_pg_environment_hide(&saved);
	PGconn *conn = libpq.PQconnectdbParams(params->keywords, params->values, 0);
	cft_pg_environment_restore(&saved);
	return conn;
}

int cft_pg_connect(const struct cft_pg_options *options, struct cft_pg **ret_pg,
                   struct cft_err *err)
{
	struct cft_pg_params params;
	int rc = cft_pg_params_init(&params, options, err);

	if (rc != 0)
		return rc;
	PGconn *conn = options->ignore_environment
	                       ? connect_without_environment(&params)
	                       : libpq.PQconnectdbParams(params.keywords, params.values, 0);
	cft_pg_params_release(&params);
	if (libpq.PQstatus(conn) != CONNECTION_OK) {
		rc = cft_pg_conn_error(conn, "cannot connect to PostgreSQL", err);
		libpq.PQfinish(conn);
		return rc;
	}
	struct cft_pg *pg = cft_new(struct cft_pg);
	pg->conn = conn;
	pg->cancel = libpq.PQgetCancel(conn);
	libpq.PQsetNoticeReceiver(conn, cft_pg_receive_notice, &pg->notice);
	*ret_pg = pg;
	return 0;
}

int cft_pg_open(const char *url, struct cft_pg **ret_pg, struct cft_err *err)
{
	struct cft_pg_options options = {.url = url};

	return cft_pg_connect(&options, ret_pg, err);
}

void cft_pg_close(struct cft_pg *pg)
{
	if (!pg)
		return;
	libpq.PQfreeCancel(pg->cancel);
	libpq.PQfinish(pg->conn);
	free(pg);
}

/* COPY moves bytes that nobody here has: end it; the server's answer follows as a result. */
static int refuse_copy(PGconn *conn, const PGresult *result, struct cft_err *err)
{
	char *data = NULL;

	if (libpq.PQresultStatus(result) == PGRES_COPY_IN) {
		libpq.PQputCopyEnd(conn, "no data");
		return cft_fail_reason(err, CFT_E_INVALID, "COPY_WITHOUT_DATA",
		                       "COPY … FROM STDIN has no data here");
	}
	while (libpq.PQresultStatus(result) == PGRES_COPY_OUT &&
	       libpq.PQgetCopyData(conn, &data, 0) > 0)
		libpq.PQfreemem(data);
	return 0;
}

/* Reads all results: the last one is kept, the first error ends with it. */
static int collect(PGconn *conn, const char *sql, struct cft_pg_result **ret_result,
                   struct cft_err *err)
{
	PGresult *last = NULL, *result;
	int rc = 0;

	while ((result = libpq.PQgetResult(conn))) {
		ExecStatusType status = libpq.PQresultStatus(result);
		bool copy = status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
		if (rc == 0 && copy)
			rc = refuse_copy(conn, result, err);
		else if (copy)
			refuse_copy(conn, result, NULL);
		else if (rc == 0 && !cft_pg_status_ok(status))
			rc = cft_pg_result_error(conn, result, sql, err);
		libpq.PQclear(last);
		last = result;
		/* A dead connection repeats itself for ever in COPY states. */
		if (libpq.PQstatus(conn) == CONNECTION_BAD)
			break;
	}
	if (rc == 0 && libpq.PQstatus(conn) == CONNECTION_BAD)
		rc = cft_pg_conn_error(conn, "PostgreSQL", err);
	if (rc == 0 && ret_result)
		*ret_result = cft_pg_wrap_result(last);
	else
		libpq.PQclear(last);
	return rc;
}

int cft_pg_exec(struct cft_pg *pg, const char *sql, struct cft_pg_result **ret_result,
                struct cft_err *err)
{
	if (!libpq.PQsendQuery(pg->conn, sql))
		return cft_pg_conn_error(pg->conn, "PostgreSQL", err);
	return collect(pg->conn, sql, ret_result, err);
}

int cft_pg_exec_params(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                       struct cft_pg_result **ret_result, struct cft_err *err)
{
	if (!libpq.PQsendQueryParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0))
		return cft_pg_conn_error(pg->conn, "PostgreSQL", err);
	return collect(pg->conn, sql, ret_result, err);
}

int cft_pg_execf(struct cft_pg *pg, struct cft_err *err, const char *fmt, ...)
{
	struct cft_buf sql = CFT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cft_buf_addv(&sql, fmt, ap);
	va_end(ap);
	int rc = cft_pg_exec(pg, cft_buf_str(&sql), NULL, err);
	cft_buf_release(&sql);
	return rc;
}

int cft_pg_query_text(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                      struct cft_buf *out, struct cft_err *err)
{
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec_params(pg, sql, n, values, &result, err);

	if (rc == 0 && (!result || cft_pg_rows(result) == 0))
		rc = cft_fail(err, CFT_E_NOT_FOUND, "the query gave no row");
	if (rc == 0)
		cft_buf_adds(out, cft_pg_text(result, 0, 0));
	cft_pg_result_free(result);
	return rc;
}

/* What the callback does not want any more is not sent either. */
static int stop_on(struct cft_pg *pg, int rc)
{
	if (rc != 0)
		cft_pg_cancel(pg);
	return rc;
}

static void drain(PGconn *conn)
{
	PGresult *result;

	while ((result = libpq.PQgetResult(conn)))
		libpq.PQclear(result);
}

int cft_pg_each_row(struct cft_pg *pg, const char *sql, size_t n, const char *const *values,
                    cft_pg_row_fn on_row, void *ctx, struct cft_err *err)
{
	PGresult *result;
	int rc = 0;

	if (!libpq.PQsendQueryParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0) ||
	    !libpq.PQsetSingleRowMode(pg->conn))
		return cft_pg_conn_error(pg->conn, "PostgreSQL", err);
	while (rc == 0 && (result = libpq.PQgetResult(pg->conn))) {
		ExecStatusType status = libpq.PQresultStatus(result);
		if (status == PGRES_SINGLE_TUPLE)
			rc = stop_on(pg, on_row(ctx, cft_pg_wrap_result(result), err));
		else if (!cft_pg_status_ok(status))
			rc = cft_pg_result_error(pg->conn, result, sql, err);
		libpq.PQclear(result);
	}
	if (rc != 0)
		drain(pg->conn);
	return rc;
}

int cft_pg_copy_in(struct cft_pg *pg, const char *sql, const void *data, size_t len,
                   struct cft_err *err)
{
	const char *bytes = data;
	enum { CHUNK = 1 << 20 };
	PGresult *result = libpq.PQexec(pg->conn, sql);

	if (libpq.PQresultStatus(result) != PGRES_COPY_IN) {
		int rc = cft_pg_status_ok(libpq.PQresultStatus(result))
		                 ? cft_fail(err, CFT_E_INVALID, "not a COPY … FROM STDIN")
		                 : cft_pg_result_error(pg->conn, result, sql, err);
		libpq.PQclear(result);
		return rc;
	}
	libpq.PQclear(result);
	while (len > 0) {
		int now = len > CHUNK ? CHUNK : (int)len;
		if (libpq.PQputCopyData(pg->conn, bytes, now) != 1)
			return cft_pg_conn_error(pg->conn, "PostgreSQL", err);
		bytes += now;
		len -= (size_t)now;
	}
	if (libpq.PQputCopyEnd(pg->conn, NULL) != 1)
		return cft_pg_conn_error(pg->conn, "PostgreSQL", err);
	return collect(pg->conn, NULL, NULL, err);
}

void cft_pg_on_notice(struct cft_pg *pg, cft_pg_notice_fn fn, void *ctx)
{
	pg->notice.fn = fn;
	pg->notice.ctx = ctx;
}

int cft_pg_cancel(const struct cft_pg *pg)
{
	char ignored[256];

	return libpq.PQcancel(pg->cancel, ignored, sizeof(ignored)) ? 0 : CFT_E_UNAVAILABLE;
}

bool cft_pg_alive(const struct cft_pg *pg)
{
	return libpq.PQstatus(pg->conn) == CONNECTION_OK;
}

bool cft_pg_in_transaction(const struct cft_pg *pg)
{
	PGTransactionStatusType status = libpq.PQtransactionStatus(pg->conn);

	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool cft_pg_transaction_failed(const struct cft_pg *pg)
{
	return libpq.PQtransactionStatus(pg->conn) == PQTRANS_INERROR;
}

int cft_pg_backend_pid(const struct cft_pg *pg)
{
	return libpq.PQbackendPID(pg->conn);
}

int cft_pg_server_version(const struct cft_pg *pg)
{
	return libpq.PQserverVersion(pg->conn);
}

const char *cft_pg_database(const struct cft_pg *pg)
{
	return libpq.PQdb(pg->conn);
}

const char *cft_pg_user(const struct cft_pg *pg)
{
	return libpq.PQuser(pg->conn);
}

const char *cft_pg_host(const struct cft_pg *pg)
{
	return libpq.PQhost(pg->conn);
}

const char *cft_pg_port(const struct cft_pg *pg)
{
	return libpq.PQport(pg->conn);
}

/* By runs: a write group is hundreds of kilobytes of text. */
static void add_doubled(struct cft_buf *out, const char *text, const char *marks)
{
	while (*text) {
		size_t n = strcspn(text, marks);

		cft_buf_add(out, text, n);
		text += n;
		if (*text) {
			cft_buf_addc(out, *text);
			cft_buf_addc(out, *text++);
		}
	}
}

static void quote(struct cft_buf *out, const char *text, char mark)
{
	const char marks[2] = {mark, '\0'};

	cft_buf_addc(out, mark);
	add_doubled(out, text, marks);
	cft_buf_addc(out, mark);
}

void cft_pg_quote_name(struct cft_buf *out, const char *name)
{
	quote(out, name, '"');
}

void cft_pg_quote_text(struct cft_buf *out, const char *text)
{
	/* E'' with doubled backslashes reads the same whatever standard_conforming_strings says. */
	if (!strchr(text, '\\')) {
		quote(out, text, '\'');
		return;
	}
	cft_buf_adds(out, " E'");
	add_doubled(out, text, "'\\");
	cft_buf_addc(out, '\'');
}
