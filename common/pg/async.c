/* Async: libpq's non-blocking half under libuv.
 * SPDX-License-Identifier: MIT
 *
 * States: connecting (a job of libuv's workers, dial.c, owns the PGconn), up (the poll handle
 * watches its socket), waiting (the backoff timer runs). Only go_down leaves "up".
 */
#include "common/pg/async.h"

#include "common/base/digest.h"
#include "common/base/mem.h"
#include "common/pg/dial.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uv.h>

/* The name of the connection's one prepared statement. */
#define PREPARED "confiture"

struct statement {
	struct statement *next;
	cft_pg_reply_fn fn;
	void *ctx;
	char *sql; /* NULL: the prepared one */
	size_t n;
	char **values;
	int *lengths, *formats; /* NULL: all text */
};

/* Owned by the worker while it runs, and by the loop afterwards. */
struct attempt {
	uv_work_t work;
	struct cft_pg_async *owner; /* NULL once freed */
	struct cft_pg_dial dial;
};

struct cft_pg_async {
	struct cft_loop *loop;
	struct cft_pg_async_options options; /* its strings are ours */
	struct attempt *attempt;             /* while connecting */
	PGconn *conn;                        /* while up */
	uv_poll_t *poll;
	struct cft_timer *backoff, *deadline, *refusal;
	int64_t delay_ms;
	struct statement *queue; /* the first one runs while `running` */
	struct statement *refused;
	size_t pending;
	bool running, doubtful, calling, freed;
	bool unsent; /* libpq refused the running statement: no answer will come */
	bool direct; /* no pooler stands between: its backend stays ours */
	bool prepared;
	PGresult *result; /* of the running statement, the last one so far */
	struct cft_pg_notice_target notice;
};

static void connect_now(void *ctx);
static void run_next(struct cft_pg_async *c);

/* -- statements -- */

static void statement_free(struct statement *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->values[i]);
	free(s->values);
	free(s->lengths);
	free(s->formats);
	free(s->sql);
	free(s);
}

static void answer(struct cft_pg_async *c, struct statement *s, const PGresult *result,
                   const struct cft_err *err)
{
	c->pending--;
	s->fn(s->ctx, (const struct cft_pg_result *)result, err);
	statement_free(s);
}

/* Callbacks may free the connection: its memory then goes when the outermost call returns. */
static bool enter(struct cft_pg_async *c)
{
	bool outermost = !c->calling;

	c->calling = true;
	return outermost;
}

static void leave(struct cft_pg_async *c, bool outermost)
{
	if (!outermost)
		return;
	c->calling = false;
	if (c->freed)
		free(c);
}

static void fail_all(struct cft_pg_async *c, const struct cft_err *why)
{
	struct statement *list = c->queue, *s;
	struct cft_err err = *why;

	c->queue = NULL;
	if (c->running)
		snprintf(err.reason, sizeof(err.reason), "%s", CFT_REASON_OUTCOME_UNKNOWN);
	c->running = false;
	while ((s = list)) {
		LL_DELETE(list, s);
		answer(c, s, NULL, &err);
		snprintf(err.reason, sizeof(err.reason), "%s", cft_code_reason(CFT_E_UNAVAILABLE));
	}
}

/* -- going up and down -- */

static void close_poll(uv_handle_t *handle)
{
	free(handle);
}

static void drop_connection(struct cft_pg_async *c)
{
	if (!c->conn)
		return;
	uv_close((uv_handle_t *)c->poll, close_poll);
	c->poll = NULL;
	libpq.PQclear(c->result);
	c->result = NULL;
	libpq.PQfinish(c->conn);
	c->conn = NULL;
	cft_timer_stop(c->deadline);
}

static void retry_later(struct cft_pg_async *c)
{
	uint16_t random;

	cft_random(&random, sizeof(random));
	/* Half fixed, half random: many servers must not come back in step. */
	cft_timer_start(c->backoff, c->delay_ms / 2 + random % (c->delay_ms / 2 + 1), 0);
	c->delay_ms *= 2;
	if (c->delay_ms > c->options.backoff_max_ms)
		c->delay_ms = c->options.backoff_max_ms;
}

static void tell_state(struct cft_pg_async *c, bool up, const struct cft_err *err)
{
	if (c->options.on_state && !c->freed)
		c->options.on_state(c->options.ctx, up, err);
}

static void go_down(struct cft_pg_async *c, const struct cft_err *why)
{
	struct cft_err err = *why;

	err.code = CFT_E_UNAVAILABLE;
	snprintf(err.reason, sizeof(err.reason), "%s", cft_code_reason(CFT_E_UNAVAILABLE));
	drop_connection(c);
	retry_later(c);
	fail_all(c, &err);
	tell_state(c, false, &err);
}

static void lost(struct cft_pg_async *c)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_pg_conn_error(c->conn, "PostgreSQL", &err);
	go_down(c, &err);
}

static void on_deadline(void *ctx)
{
	struct cft_pg_async *c = ctx;
	struct cft_err err = CFT_ERR_INIT;
	bool outermost = enter(c);

	if (c->unsent || libpq.PQstatus(c->conn) == CONNECTION_BAD) {
		lost(c);
	} else {
		cft_fail(&err, CFT_E_UNAVAILABLE, "PostgreSQL does not answer");
		go_down(c, &err);
	}
	leave(c, outermost);
}

/* -- I/O -- */

static void on_poll(uv_poll_t *poll, int status, int events);

/* A failed flush makes the socket readable, and its error is found there; unless libpq saw the end
 * and has closed the socket itself: nothing will ever be heard of it, and its number may be another
 * file's by now. */
static void flush(struct cft_pg_async *c)
{
	int left = libpq.PQflush(c->conn);

	if (c->unsent || libpq.PQstatus(c->conn) == CONNECTION_BAD) {
		uv_poll_stop(c->poll);
		cft_timer_start(c->deadline, 0, 0);
		return;
	}
	uv_poll_start(c->poll, left == 1 ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_poll);
}

/* A server that commits, but was told not to wait for its standby, only warns. */
static void on_notice(void *ctx, const struct cft_pg_notice *notice)
{
	struct cft_pg_async *c = ctx;

	if (strcmp(notice->sqlstate, "57014") == 0 || strcmp(notice->sqlstate, "57P01") == 0)
		c->doubtful = true;
}

static const char *sql_of(const struct cft_pg_async *c, const struct statement *s)
{
	if (s->sql)
		return s->sql;
	return c->direct ? c->options.prepared_sql : c->options.pooled_sql;
}

/* Fills *ret_why where the connection is of no more use: the server is a standby by now. */
static void finish_statement(struct cft_pg_async *c, struct cft_err *ret_why)
{
	struct statement *s = c->queue;
	PGresult *result = c->result;
	struct cft_err err = CFT_ERR_INIT;
	int rc = 0;

	LL_DELETE(c->queue, s);
	c->running = false;
	c->result = NULL;
	cft_timer_stop(c->deadline);
	if (!result || !cft_pg_status_ok(libpq.PQresultStatus(result)))
		rc = cft_pg_result_error(c->conn, result, sql_of(c, s), &err);
	else if (c->doubtful)
		rc = cft_fail_reason(&err, CFT_E_UNAVAILABLE, CFT_REASON_OUTCOME_UNKNOWN,
		                     "the wait for the standby was cancelled");
	if (strcmp(err.sqlstate, "25006") == 0)
		*ret_why = err;
	if (strcmp(err.sqlstate, "26000") == 0) /* there is no such statement: a pooler after all */
		c->direct = false;
	answer(c, s, rc == 0 ? result : NULL, rc == 0 ? NULL : &err);
	libpq.PQclear(result);
}

static bool is_failure(const PGresult *result)
{
	return result && !cft_pg_status_ok(libpq.PQresultStatus(result));
}

/* The last result counts, or the first failure: what comes behind it was not run. */
static void keep_result(struct cft_pg_async *c, PGresult *result)
{
	if (is_failure(c->result)) {
		libpq.PQclear(result);
		return;
	}
	libpq.PQclear(c->result);
	c->result = result;
}

/* The running statement is the parse and its first use, in one pipeline. */
static bool preparing(const struct cft_pg_async *c)
{
	return libpq.PQpipelineStatus(c->conn) != PQ_PIPELINE_OFF;
}

/* True when the running statement has given all its results. A pipeline ends with its sync, which
 * is the commit; each of its statements ends with a NULL before. The parse answers first, and what
 * it made outlives a failure of the statement behind it. */
static bool take_result(struct cft_pg_async *c)
{
	PGresult *result = libpq.PQgetResult(c->conn);

	if (!result)
		return !preparing(c);
	if (libpq.PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
		c->prepared = c->prepared || (preparing(c) && !is_failure(result));
		keep_result(c, result);
		return false;
	}
	libpq.PQclear(result);
	libpq.PQexitPipelineMode(c->conn);
	return true;
}

static void read_results(struct cft_pg_async *c)
{
	struct cft_err why = CFT_ERR_INIT;

	while (c->conn && c->running && !c->unsent && !libpq.PQisBusy(c->conn)) {
		bool done = take_result(c);
		if (libpq.PQstatus(c->conn) == CONNECTION_BAD)
			return;
		if (!done)
			continue;
		finish_statement(c, &why);
		if (c->conn && why.code != 0)
			go_down(c, &why);
		else if (c->conn)
			run_next(c);
	}
}

static void read_notifications(struct cft_pg_async *c)
{
	PGnotify *notify;

	while (c->conn && (notify = libpq.PQnotifies(c->conn))) {
		if (c->options.on_notify)
			c->options.on_notify(c->options.ctx, notify->relname, notify->extra);
		libpq.PQfreemem(notify);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct cft_pg_async *c = poll->data;
	bool outermost = enter(c);

	(void)events;
	bool ok = status == 0 && libpq.PQconsumeInput(c->conn) == 1;
	if (ok) {
		read_results(c);
		read_notifications(c);
	}
	if (c->conn && (!ok || libpq.PQstatus(c->conn) == CONNECTION_BAD))
		lost(c);
	else if (c->conn)
		flush(c);
	leave(c, outermost);
}

static bool send_params(PGconn *conn, const struct statement *s, const char *sql)
{
	return libpq.PQsendQueryParams(conn, sql, (int)s->n, NULL, (const char *const *)s->values,
	                               s->lengths, s->formats, 0) == 1;
}

static bool send_prepared(PGconn *conn, const struct statement *s)
{
	return libpq.PQsendQueryPrepared(conn, PREPARED, (int)s->n, (const char *const *)s->values,
	                                 s->lengths, s->formats, 0) == 1;
}

/* All or nothing: the parse alone would be answered, too. */
static bool prepare_and_send(struct cft_pg_async *c, const struct statement *s)
{
	const char *sql = c->options.prepared_sql;

	return libpq.PQenterPipelineMode(c->conn) == 1 &&
	       libpq.PQsendPrepare(c->conn, PREPARED, sql, (int)s->n, NULL) == 1 &&
	       send_prepared(c->conn, s) && libpq.PQpipelineSync(c->conn) == 1;
}

static bool send_statement(struct cft_pg_async *c, const struct statement *s)
{
	if (s->sql && s->n == 0)
		return libpq.PQsendQuery(c->conn, s->sql) == 1;
	if (s->sql || !c->direct)
		return send_params(c->conn, s, sql_of(c, s));
	return c->prepared ? send_prepared(c->conn, s) : prepare_and_send(c, s);
}

static void run_next(struct cft_pg_async *c)
{
	struct statement *s = c->queue;

	if (!s || c->running || !c->conn)
		return;
	c->running = true;
	c->doubtful = false;
	if (c->options.reply_timeout_ms)
		cft_timer_start(c->deadline, c->options.reply_timeout_ms, 0);
	/* A failure to send shows as a lost connection. */
	c->unsent = !send_statement(c, s);
	flush(c);
}

/* -- connecting -- */

static void attempt_free(struct attempt *a)
{
	cft_pg_dial_release(&a->dial);
	free(a);
}

/* On a worker thread. */
static void attempt_run(uv_work_t *work)
{
	struct attempt *a = work->data;

	cft_pg_dial(&a->dial);
}

static void take_connection(struct cft_pg_async *c, struct cft_pg_dial *dial)
{
	c->conn = dial->conn;
	c->direct = dial->direct;
	c->prepared = c->unsent = false;
	dial->conn = NULL;
	c->delay_ms = c->options.backoff_min_ms;
	libpq.PQsetnonblocking(c->conn, 1);
	libpq.PQsetNoticeReceiver(c->conn, cft_pg_receive_notice, &c->notice);
	c->poll = cft_new(uv_poll_t);
	c->poll->data = c;
	int rc = uv_poll_init(cft_loop_uv(c->loop), c->poll, libpq.PQsocket(c->conn));
	assert(rc == 0);
	(void)rc;
	flush(c);
}

static void attempt_done(uv_work_t *work, int status)
{
	struct attempt *a = work->data;
	struct cft_pg_async *c = a->owner;

	(void)status;
	if (!c) {
		attempt_free(a);
		return;
	}
	bool outermost = enter(c);
	c->attempt = NULL;
	if (a->dial.conn) {
		take_connection(c, &a->dial);
		tell_state(c, true, NULL);
	} else {
		retry_later(c);
		tell_state(c, false, &a->dial.err);
	}
	attempt_free(a);
	leave(c, outermost);
}

static void connect_now(void *ctx)
{
	struct cft_pg_async *c = ctx;
	struct attempt *a = cft_new(struct attempt);

	a->owner = c;
	a->work.data = a;
	a->dial.url = cft_strdup(c->options.url);
	a->dial.application_name = cft_strdup(c->options.application_name);
	a->dial.setup_sql = cft_strdup(c->options.setup_sql);
	a->dial.timeout_s = c->options.connect_timeout_s;
	a->dial.asks_pooler = c->options.prepared_sql != NULL;
	c->attempt = a;
	uv_queue_work(cft_loop_uv(c->loop), &a->work, attempt_run, attempt_done);
}

/* -- the interface -- */

static void refuse(void *ctx)
{
	struct cft_pg_async *c = ctx;
	struct statement *list = c->refused, *s;
	struct cft_err err = CFT_ERR_INIT;
	bool outermost = enter(c);

	cft_fail(&err, CFT_E_UNAVAILABLE, "no connection to PostgreSQL");
	c->refused = NULL;
	while ((s = list)) {
		LL_DELETE(list, s);
		answer(c, s, NULL, &err);
	}
	leave(c, outermost);
}

int cft_pg_async_new(struct cft_loop *loop, const struct cft_pg_async_options *options,
                     struct cft_pg_async **ret_conn, struct cft_err *err)
{
	struct cft_pg_options check = {.url = options->url};
	struct cft_pg_params params;
	int rc = cft_pg_params_init(&params, &check, err);

	cft_pg_params_release(&params);
	if (rc != 0)
		return rc;
	struct cft_pg_async *c = cft_new(struct cft_pg_async);
	struct cft_pg_async_options *own = &c->options;
	*own = *options;
	own->url = cft_strdup(options->url);
	own->application_name = cft_strdup(options->application_name);
	own->setup_sql = cft_strdup(options->setup_sql);
	own->prepared_sql = cft_strdup(options->prepared_sql);
	own->pooled_sql =
		cft_strdup(options->pooled_sql ? options->pooled_sql : options->prepared_sql);
	own->connect_timeout_s = options->connect_timeout_s ? options->connect_timeout_s : 5;
	own->backoff_min_ms = options->backoff_min_ms ? options->backoff_min_ms : 100;
	own->backoff_max_ms = options->backoff_max_ms ? options->backoff_max_ms : 3000;
	c->delay_ms = own->backoff_min_ms;
	c->loop = loop;
	c->notice.fn = on_notice;
	c->notice.ctx = c;
	c->backoff = cft_timer_new(loop, connect_now, c);
	c->deadline = cft_timer_new(loop, on_deadline, c);
	c->refusal = cft_timer_new(loop, refuse, c);
	connect_now(c);
	*ret_conn = c;
	return 0;
}

void cft_pg_async_free(struct cft_pg_async *c)
{
	struct cft_err err = CFT_ERR_INIT;

	if (!c || c->freed)
		return;
	bool outermost = enter(c);
	c->freed = true;
	cft_fail(&err, CFT_E_UNAVAILABLE, "the connection to PostgreSQL is being closed");
	drop_connection(c);
	fail_all(c, &err);
	refuse(c);
	if (c->attempt)
		c->attempt->owner = NULL;
	cft_timer_free(c->backoff);
	cft_timer_free(c->deadline);
	cft_timer_free(c->refusal);
	free((char *)c->options.url);
	free((char *)c->options.application_name);
	free((char *)c->options.setup_sql);
	free((char *)c->options.prepared_sql);
	free((char *)c->options.pooled_sql);
	leave(c, outermost);
}

static struct statement *statement_new(const char *sql, size_t n, cft_pg_reply_fn fn, void *ctx)
{
	struct statement *s = cft_new(struct statement);

	s->fn = fn;
	s->ctx = ctx;
	s->sql = cft_strdup(sql);
	s->n = n;
	s->values = n ? cft_calloc(n, sizeof(s->values[0])) : NULL;
	return s;
}

static void submit(struct cft_pg_async *c, struct statement *s)
{
	assert(!c->freed);
	c->pending++;
	if (!c->conn) {
		LL_APPEND(c->refused, s);
		cft_timer_start(c->refusal, 0, 0);
		return;
	}
	LL_APPEND(c->queue, s);
	run_next(c);
}

void cft_pg_async_query(struct cft_pg_async *c, const char *sql, size_t n,
                        const char *const *values, cft_pg_reply_fn fn, void *ctx)
{
	struct statement *s = statement_new(sql, n, fn, ctx);

	for (size_t i = 0; i < n; i++)
		s->values[i] = cft_strdup(values[i]);
	submit(c, s);
}

void cft_pg_async_prepared(struct cft_pg_async *c, size_t n, const struct cft_pg_value *values,
                           cft_pg_reply_fn fn, void *ctx)
{
	struct statement *s = statement_new(NULL, n, fn, ctx);

	assert(c->options.prepared_sql);
	s->lengths = cft_calloc(n, sizeof(s->lengths[0]));
	s->formats = cft_calloc(n, sizeof(s->formats[0]));
	for (size_t i = 0; i < n; i++) {
		s->lengths[i] = (int)values[i].len;
		s->formats[i] = values[i].binary;
		if (!values[i].data)
			continue;
		s->values[i] = cft_malloc(values[i].len + 1);
		memcpy(s->values[i], values[i].data, values[i].len);
		s->values[i][values[i].len] = '\0';
	}
	submit(c, s);
}

bool cft_pg_async_up(const struct cft_pg_async *c)
{
	return c->conn != NULL;
}

size_t cft_pg_async_pending(const struct cft_pg_async *c)
{
	return c->pending;
}
