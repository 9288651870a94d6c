/* Error: from what libpq reports to struct cft_err.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/internal.h"

#include "common/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct state_row {
	const char *prefix; /* of the SQLSTATE; the first match counts */
	int code;
	const char *reason; /* NULL = the code's own */
};

/* https://www.postgresql.org/docs/current/errcodes-appendix.html */
static const struct state_row state_table[] = {
	{"08", CFT_E_UNAVAILABLE, NULL},
	{"57P01", CFT_E_UNAVAILABLE, NULL}, /* admin_shutdown */
	{"57P02", CFT_E_UNAVAILABLE, NULL}, /* crash_shutdown */
	{"57P03", CFT_E_UNAVAILABLE, NULL}, /* cannot_connect_now */
	{"57P05", CFT_E_UNAVAILABLE, NULL}, /* idle_session_timeout */
	{"53300", CFT_E_UNAVAILABLE, "TOO_MANY_CONNECTIONS"},
	{"25006", CFT_E_UNAVAILABLE, "READ_ONLY_DATABASE"}, /* a standby: the primary moved */
	{"25P03", CFT_E_UNAVAILABLE, NULL}, /* idle_in_transaction_session_timeout */
	{"57014", CFT_E_CANCELLED, NULL},
	{"28", CFT_E_UNAUTHENTICATED, NULL},
	{"3D000", CFT_E_NOT_FOUND, "DATABASE_NOT_FOUND"},
	{"42501", CFT_E_FORBIDDEN, NULL},
	{"42601", CFT_E_SYNTAX, NULL},
	{"55P03", CFT_E_LOCKED, "LOCK_NOT_AVAILABLE"},
	{"40001", CFT_E_ABORTED, NULL},
	{"40P01", CFT_E_ABORTED, "DEADLOCK"},
	{"", CFT_E_FAILED, "SQL_ERROR"},
};

static const struct state_row *classify(const char *sqlstate)
{
	const struct state_row *row = state_table;

	while (!cft_has_prefix(sqlstate, row->prefix))
		row++;
	return row;
}

bool cft_pg_status_ok(ExecStatusType status)
{
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	       status == PGRES_SINGLE_TUPLE || status == PGRES_EMPTY_QUERY;
}

static const char *field(const PGresult *result, int code)
{
	const char *text = libpq.PQresultErrorField(result, code);

	return text ? text : "";
}

/* PostgreSQL counts characters from 1; people count lines and columns. */
static void place(const char *sql, const char *position, struct cft_err *err)
{
	long left = strtol(position, NULL, 10);
	int line = 1, column = 1;

	for (const char *p = sql; *p && left > 1; p++) {
		if (((unsigned char)p[1] & 0xC0) == 0x80)
			continue; /* the character goes on */
		left--;
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	cft_err_at(err, err->file, line, column);
}

/* libpq's messages end in newlines and may have several lines. */
static void one_line(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 3 < size; text++) {
		if (*text == '\n' && text[1] == '\0')
			break;
		if (*text == '\t' && n > 0 && out[n - 1] == ' ')
			continue;
		if (*text == '\n' && n > 0 && isalnum((unsigned char)out[n - 1]))
			out[n++] = '.';
		out[n++] = *text == '\n' || *text == '\t' ? ' ' : *text;
	}
	out[n] = '\0';
}

static bool has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

/* What somebody who reads the message can do next. */
static void hint_at(const PGconn *conn, const char *all, int code, struct cft_err *err)
{
	const char *name = libpq.PQdb(conn);

	if (code == CFT_E_NOT_FOUND)
		cft_err_hint(err, "check the name, or create it: createdb %s",
		             name ? name : "NAME");
	else if (libpq.PQconnectionNeedsPassword(conn))
		cft_err_hint(err, "give the password in PGPASSWORD, in ~/.pgpass, or where the "
		                  "database is configured");
	else if (code == CFT_E_UNAUTHENTICATED)
		cft_err_hint(err, "check user and password, and the server's pg_hba.conf");
	else if (has(all, "could not translate host name"))
		cft_err_hint(err, "check the name of the host");
	else if (has(all, "Connection refused") || has(all, "No such file or directory"))
		cft_err_hint(err, "check host and port, and that PostgreSQL runs there");
}

int cft_pg_conn_error(const PGconn *conn, const char *what, struct cft_err *err)
{
	char text[sizeof(err->message)];
	int code = CFT_E_UNAVAILABLE;
	const char *all = libpq.PQerrorMessage(conn);

	/* While connecting, libpq gives no SQLSTATE; what it needs or was refused is told apart by
	 * its own functions, and by the texts of the server's FATAL messages (English or not, the
	 * fallback is UNAVAILABLE). */
	one_line(all, text, sizeof(text));
	if (libpq.PQconnectionNeedsPassword(conn) || strstr(all, "authentication failed") ||
	    strstr(all, "no pg_hba.conf entry"))
		code = CFT_E_UNAUTHENTICATED;
	else if (strstr(all, "FATAL:  database \"") && strstr(all, "\" does not exist"))
		code = CFT_E_NOT_FOUND;
	else if (strstr(all, "FATAL:  role \"") && strstr(all, "\" does not exist"))
		code = CFT_E_UNAUTHENTICATED;
	cft_fail_reason(err, code, code == CFT_E_NOT_FOUND ? "DATABASE_NOT_FOUND" : NULL, "%s: %s",
	                what, text[0] ? text : "the connection was lost");
	hint_at(conn, all, code, err);
	return code;
}

int cft_pg_result_error(const PGconn *conn, const PGresult *result, const char *sql,
                        struct cft_err *err)
{
	const char *sqlstate = field(result, PG_DIAG_SQLSTATE);
	const char *message = field(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);

	/* No SQLSTATE: libpq itself failed, mostly because the connection is gone. */
	if (!result || !sqlstate[0])
		return cft_pg_conn_error(conn, "PostgreSQL", err);
	const struct state_row *row = classify(sqlstate);
	int code = row->code;
	if (code == CFT_E_CANCELLED && strstr(message, "timeout"))
		code = CFT_E_TIMEOUT;
	if (!err)
		return code;
	char file[sizeof(err->file)];
	snprintf(file, sizeof(file), "%s", err->file);
	cft_fail_reason(err, code, row->reason, detail[0] ? "%s (%s)" : "%s", message, detail);
	snprintf(err->file, sizeof(err->file), "%s", file);
	snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
	snprintf(err->hint, sizeof(err->hint), "%s", field(result, PG_DIAG_MESSAGE_HINT));
	const char *position = field(result, PG_DIAG_STATEMENT_POSITION);
	if (sql && position[0])
		place(sql, position, err);
	return code;
}

void cft_pg_receive_notice(void *ctx, const PGresult *result)
{
	const struct cft_pg_notice_target *target = ctx;
	struct cft_pg_notice notice = {
		.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
		.sqlstate = field(result, PG_DIAG_SQLSTATE),
		.message = field(result, PG_DIAG_MESSAGE_PRIMARY),
		.detail = field(result, PG_DIAG_MESSAGE_DETAIL),
		.hint = field(result, PG_DIAG_MESSAGE_HINT),
	};

	if (target->fn)
		target->fn(target->ctx, &notice);
}
