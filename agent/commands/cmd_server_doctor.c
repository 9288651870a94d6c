/* confiture server doctor: what is wrong with the server, its database and its certificates, and
 * who blocks whom.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/operator.h"
#include "common/base/certs.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "server/store/store.h"

#include <stdlib.h>
#include <string.h>

enum { SKEW_WARN_MS = 1000, CERT_WARN_DAYS = 14, PEM_MAX_BYTES = 1 << 20, PAGE = 100 };

struct doctor {
	struct cft_cmd *cmd;
	json_t *findings;
	size_t errors;
};

static void finding(struct doctor *d, enum cft_mark mark, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void finding(struct doctor *d, enum cft_mark mark, const char *check, const char *fmt, ...)
{
	const char *state = mark == CFT_MARK_OK     ? "ok"
	                    : mark == CFT_MARK_WARN ? "warning"
	                                            : "error";
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = cft_arena_vprintf(d->cmd->arena, fmt, ap);
	va_end(ap);
	d->errors += mark == CFT_MARK_ERROR;
	cft_out_mark(d->cmd->out, mark, "%s: %s", check, text);
	json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s}", "check", check, "state",
	                                             state, "text", text));
}

/* -- through the server -- */

static void show_blockers(struct doctor *d, struct cft_session *session)
{
	Confiture__V1__ListConflictsRequest request = CONFITURE__V1__LIST_CONFLICTS_REQUEST__INIT;
	Confiture__V1__ListConflictsResponse *response;
	struct cft_err err = CFT_ERR_INIT;

	request.min_severity = CONFITURE__V1__SEVERITY__SEVERITY_ERROR;
	request.page_size = PAGE;
	if (cft_session_call(session, "ListConflicts", &request, &response, &err) != 0) {
		finding(d, CFT_MARK_ERROR, "conflicts", "%s", err.message);
		return;
	}
	if (response->n_conflicts == 0)
		finding(d, CFT_MARK_OK, "conflicts", "nobody is blocked");
	for (size_t i = 0; i < response->n_conflicts; i++)
		finding(d, CFT_MARK_WARN, "conflicts", "%s and %s block each other (%s): %s",
		        response->conflicts[i]->intent_a, response->conflicts[i]->intent_b,
		        response->conflicts[i]->id, response->conflicts[i]->explanation);
}

static void ask_server(struct doctor *d)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;
	Confiture__V1__GetServerInfoResponse *info;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_coord coord;

	if (cft_coord_open(d->cmd, &coord, &err) != 0) {
		finding(d, CFT_MARK_ERROR, "server", "%s", err.message);
		return;
	}
	if (cft_session_call(&coord.session, "GetServerInfo", &request, &info, &err) == 0) {
		finding(d, CFT_MARK_OK, "server", "%s answers, version %s, on %s",
		        coord.session.address, info->version, info->database);
		show_blockers(d, &coord.session);
	} else {
		finding(d, CFT_MARK_ERROR, "server", "%s", err.message);
	}
	cft_coord_close(&coord);
}

/* -- the database -- */

static void check_schema(struct doctor *d, struct cft_pg *pg)
{
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_err err = CFT_ERR_INIT;
	int found, known = cft_schema_version();

	if (cft_pg_query_text(pg, "SELECT max(version) FROM confiture.schema_version", 0, NULL,
	                      &text, &err) != 0) {
		finding(d, CFT_MARK_ERROR, "schema", "%s", err.message);
	} else {
		found = (int)strtol(cft_buf_str(&text), NULL, 10);
		finding(d, found == known ? CFT_MARK_OK : CFT_MARK_WARN, "schema",
		        "version %d; this program knows %d", found, known);
	}
	cft_buf_release(&text);
}

static void check_clock(struct doctor *d, struct cft_pg *pg)
{
	struct cft_buf text = CFT_BUF_INIT;
	int64_t before = cft_clock_wall_us(), skew_ms;

	if (cft_pg_query_text(pg, "SELECT confiture.microseconds(clock_timestamp())", 0, NULL,
	                      &text, NULL) == 0) {
		int64_t here = before + (cft_clock_wall_us() - before) / 2;
		skew_ms = (strtoll(cft_buf_str(&text), NULL, 10) - here) / 1000;
		finding(d, llabs(skew_ms) > SKEW_WARN_MS ? CFT_MARK_WARN : CFT_MARK_OK, "clock",
		        "the database's is %lld ms %s this machine's; leases go by it",
		        llabs(skew_ms), skew_ms < 0 ? "behind" : "ahead of");
	}
	cft_buf_release(&text);
}

#define WAITS_SQL                                                                       \
	"SELECT format('%s (pid %s) has waited %s for %s (pid %s): %s',"                \
	" w.application_name, w.pid, date_trunc('second', now() - w.query_start),"      \
	" b.application_name, b.pid, left(b.query, 80))"                                \
	" FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) p" \
	" JOIN pg_stat_activity b ON b.pid = p WHERE w.datname = current_database()"

#define LAG_SQL                                                                  \
	"SELECT format('standby %s (%s) is %s behind', application_name, state," \
	" coalesce(replay_lag, '0'::interval)) FROM pg_stat_replication"

static void list_rows(struct doctor *d, struct cft_pg *pg, const char *check, const char *sql,
                      enum cft_mark mark, const char *none)
{
	struct cft_pg_result *result = NULL;
	struct cft_err err = CFT_ERR_INIT;

	if (cft_pg_exec(pg, sql, &result, &err) != 0)
		finding(d, CFT_MARK_WARN, check, "%s", err.message);
	else if (cft_pg_rows(result) == 0)
		finding(d, CFT_MARK_OK, check, "%s", none);
	for (size_t i = 0; result && i < cft_pg_rows(result); i++)
		finding(d, mark, check, "%s", cft_pg_text(result, i, 0));
	cft_pg_result_free(result);
}

static void ask_database(struct doctor *d)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_pg *pg = NULL;

	if (cft_operator_connect(d->cmd, false, &pg, &err) != 0) {
		finding(d, CFT_MARK_WARN, "database", "not looked into: %s%s%s", err.message,
		        err.hint[0] ? "; " : "", err.hint);
		return;
	}
	finding(d, CFT_MARK_OK, "database", "%s on %s answers, PostgreSQL %d", cft_pg_database(pg),
	        cft_pg_host(pg), cft_pg_server_version(pg) / 10000);
	check_schema(d, pg);
	check_clock(d, pg);
	list_rows(d, pg, "locks", WAITS_SQL, CFT_MARK_WARN, "nobody waits in the database");
	list_rows(d, pg, "replication", LAG_SQL, CFT_MARK_OK, "no standby");
	cft_pg_close(pg);
}

/* -- certificates -- */

static void check_certificate(struct doctor *d, const char *path)
{
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_err err = CFT_ERR_INIT;
	int64_t expiry_us = 0;
	int rc = cft_file_read(path, PEM_MAX_BYTES, &text, &err);

	if (rc == 0)
		rc = cft_certs_expiry(cft_buf_str(&text), &expiry_us, &err);
	cft_buf_release(&text);
	long long days = (expiry_us - cft_clock_wall_us()) / INT64_C(86400000000);
	if (rc != 0)
		finding(d, CFT_MARK_ERROR, "certificate", "%s: %s", path, err.message);
	else
		finding(d,
		        days < 0                ? CFT_MARK_ERROR
		        : days < CERT_WARN_DAYS ? CFT_MARK_WARN
		                                : CFT_MARK_OK,
		        "certificate", "%s ends in %lld days", path, days);
}

static void check_certificates(struct doctor *d)
{
	static const char *const variables[] = {"CONFITURE_TLS_CA", "CONFITURE_TLS_CERT"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *path = getenv(variables[i]);
		if (path && path[0])
			check_certificate(d, path);
	}
	for (size_t i = 0; i < d->cmd->args.n; i++)
		check_certificate(d, d->cmd->args.v[i]);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct doctor d = {.cmd = cmd, .findings = json_array()};

	ask_server(&d);
	ask_database(&d);
	check_certificates(&d);
	cft_out_json(cmd->out,
	             json_pack("{s:b, s:o}", "healthy", d.errors == 0, "findings", d.findings));
	if (d.errors)
		return cft_fail_reason(err, CFT_E_FAILED, "NOT_HEALTHY", "%zu check(s) failed",
		                       d.errors);
	return 0;
}

static const struct cft_opt options[] = {
	CFT_OPERATOR_DB_URL,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "CERTIFICATE",
         .help = "Certificate files to look at, e.g. the server's",
         .repeated = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Is everything in order? Who blocks whom?", "confiture server doctor"},
	{"With the server's certificate", "confiture server doctor /etc/confiture/server.crt"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_doctor = {
	.summary = "Tell what is wrong, and who blocks whom, in one view",
	.description = "Asks the server, looks into its database (schema version, clock, locks, "
		       "standbys) and at certificates. Fails where one of the checks does.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
