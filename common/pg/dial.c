/* Dial: connect, set up, and ask who is there.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/dial.h"

#include "common/base/clock.h"

#include <poll.h>
#include <stdlib.h>

static int silent(struct cft_err *err)
{
	return cft_fail(err, CFT_E_UNAVAILABLE, "PostgreSQL does not answer");
}

/* Until the running statement has a result to take. */
static int wait_for_answer(PGconn *conn, int timeout_s, struct cft_err *err)
{
	int64_t until_us = cft_clock_mono_us() + (int64_t)timeout_s * 1000000;

	while (libpq.PQisBusy(conn)) {
		int64_t left_us = until_us - cft_clock_mono_us();
		struct pollfd fd = {.fd = libpq.PQsocket(conn), .events = POLLIN};
		if (left_us <= 0)
			return silent(err);
		poll(&fd, 1, (int)(left_us / 1000) + 1);
		if (libpq.PQconsumeInput(conn) != 1)
			return cft_pg_conn_error(conn, "PostgreSQL", err);
	}
	return 0;
}

/* PQexec with an end: a network that swallows the answer would hold the thread for ever. *ret may
 * be set on failure as well. */
static int ask(PGconn *conn, const char *sql, int timeout_s, PGresult **ret, struct cft_err *err)
{
	PGresult *result;

	*ret = NULL;
	if (libpq.PQsendQuery(conn, sql) != 1)
		return cft_pg_conn_error(conn, "PostgreSQL", err);
	for (;;) {
		if (wait_for_answer(conn, timeout_s, err) != 0)
			return err->code;
		if (!(result = libpq.PQgetResult(conn)))
			break;
		libpq.PQclear(*ret);
		*ret = result;
		if (!cft_pg_status_ok(libpq.PQresultStatus(result)))
			return cft_pg_result_error(conn, result, sql, err);
	}
	return *ret ? 0 : cft_pg_conn_error(conn, "PostgreSQL", err);
}

static int set_up(struct cft_pg_dial *dial, PGconn *conn)
{
	PGresult *result;

	if (!dial->setup_sql)
		return 0;
	int rc = ask(conn, dial->setup_sql, dial->timeout_s, &result, &dial->err);
	libpq.PQclear(result);
	return rc;
}

/* A pooler tells its clients a process number of its own making. */
static int find_pooler(struct cft_pg_dial *dial, PGconn *conn)
{
	PGresult *result;

	if (!dial->asks_pooler)
		return 0;
	int rc = ask(conn, "SELECT pg_backend_pid()", dial->timeout_s, &result, &dial->err);
	if (rc == 0)
		dial->direct = strtol(libpq.PQgetvalue(result, 0, 0), NULL, 10) ==
		               libpq.PQbackendPID(conn);
	libpq.PQclear(result);
	return rc;
}

void cft_pg_dial(struct cft_pg_dial *dial)
{
	struct cft_pg_options options = {.url = dial->url,
	                                 .application_name = dial->application_name,
	                                 .connect_timeout_s = dial->timeout_s};
	struct cft_pg_params params;

	if (cft_pg_params_init(&params, &options, &dial->err) != 0)
		return;
	PGconn *conn = libpq.PQconnectdbParams(params.keywords, params.values, 0);
	cft_pg_params_release(&params);
	int rc = 0;
	if (libpq.PQstatus(conn) != CONNECTION_OK)
		rc = cft_pg_conn_error(conn, "cannot connect to PostgreSQL", &dial->err);
	if (rc == 0)
		rc = set_up(dial, conn);
	if (rc == 0)
		rc = find_pooler(dial, conn);
	if (rc == 0)
		dial->conn = conn;
	else
		libpq.PQfinish(conn);
}

void cft_pg_dial_release(struct cft_pg_dial *dial)
{
	if (dial->conn)
		libpq.PQfinish(dial->conn);
	free(dial->url);
	free(dial->application_name);
	free(dial->setup_sql);
}
