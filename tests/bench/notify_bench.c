/* Notify bench: how long PostgreSQL itself needs to tell another connection of a change.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_notify URL [ROUNDS]. One connection sends NOTIFY, another waits for it and then
 * reads one row by its key. One JSON object: the time from sending to the notification, and of the
 * read.
 */
#include "common/base/clock.h"
#include "tests/bench/latency.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static PGconn *connect_to(const char *url)
{
	PGconn *conn = PQconnectdb(url);

	if (PQstatus(conn) != CONNECTION_OK) {
		fprintf(stderr, "notify: %s", PQerrorMessage(conn));
		exit(1);
	}
	return conn;
}

static void run(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fprintf(stderr, "notify: %s", PQerrorMessage(conn));
		exit(1);
	}
	PQclear(result);
}

static void wait_for_notify(PGconn *conn)
{
	struct pollfd pfd = {.fd = PQsocket(conn), .events = POLLIN};
	PGnotify *notify;

	while (!(notify = PQnotifies(conn))) {
		poll(&pfd, 1, 1000);
		PQconsumeInput(conn);
	}
	PQfreemem(notify);
}

int main(int argc, char **argv)
{
	struct cft_latency notified = {0}, read = {0};
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 200;

	if (argc < 2) {
		fputs("usage: bench_notify URL [ROUNDS]\n", stderr);
		return 2;
	}
	PGconn *sender = connect_to(argv[1]), *listener = connect_to(argv[1]);
	run(listener,
	    "SET client_min_messages = error; LISTEN bench;"
	    "CREATE TABLE IF NOT EXISTS bench_notify(id int PRIMARY KEY, body text);"
	    "INSERT INTO bench_notify VALUES (1, repeat('x', 300)) ON CONFLICT DO NOTHING");
	for (long i = 0; i < rounds; i++) {
		int64_t start_us = cft_clock_mono_us();
		/* Sent, not waited for: the notification is on its way while the sender's answer
		 * is. */
		PQsendQuery(sender, "NOTIFY bench");
		wait_for_notify(listener);
		int64_t told_us = cft_clock_mono_us();
		run(listener, "SELECT body FROM bench_notify WHERE id = 1");
		cft_latency_add(&notified, told_us - start_us);
		cft_latency_add(&read, cft_clock_mono_us() - told_us);
		for (PGresult *result; (result = PQgetResult(sender));)
			PQclear(result);
	}
	json_t *out = json_pack("{s:o,s:o}", "notify", cft_latency_to_json(&notified), "select",
	                        cft_latency_to_json(&read));
	char *text = cft_json_compact(out);
	puts(text);
	free(text);
	json_decref(out);
	cft_latency_release(&notified);
	cft_latency_release(&read);
	PQfinish(sender);
	PQfinish(listener);
	return 0;
}
