/* Analyzer: the pool of child processes and the queue before it.
 * SPDX-License-Identifier: MIT
 */
#include "server/analyzer/analyzer.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/event/child.h"
#include "common/rpc/codec.h"
#include "common/rpc/status.h"
#include "server/analyzer/cache.h"
#include "server/analyzer/frame.h"
#include "server/codec/effects_codec.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum {
	PROCESSES = 2,
	TIMEOUT_MS = 10000,
	CACHE_BYTES = 16 << 20,
	MAX_WAITING = 1000,
	RESPAWN_MS = 100,
	RETRY_AFTER_MS = 500,
};

/* A text on its way: waiting, or with a worker. */
struct job {
	unsigned char key[CFT_SHA256_BYTES];
	struct cft_buf frame;
	cft_analyzer_cb *cb;
	void *arg;
	struct job *prev, *next;
};

struct worker {
	struct cft_analyzer *analyzer;
	struct cft_child *child; /* NULL while it waits to be started again */
	struct job *job;         /* NULL while idle */
	struct cft_buf answer;   /* header and body as they come */
	struct cft_timer *timer; /* the job's timeout, or the time of the respawn */
	bool timed_out;
};

struct cft_analyzer {
	struct cft_loop *loop;
	char *program;
	int64_t timeout_ms;
	size_t max_waiting;
	struct worker *workers;
	size_t n_workers;
	struct job *waiting; /* a utlist, first in first out */
	struct cft_cache *cache;
	struct cft_analyzer_stats stats;
	bool closing;
};

struct cft_analysis *cft_analysis_ref(struct cft_analysis *analysis)
{
	analysis->refs++;
	return analysis;
}

void cft_analysis_unref(struct cft_analysis *analysis)
{
	if (!analysis || --analysis->refs > 0)
		return;
	cft_arena_release(&analysis->arena);
	free(analysis);
}

static void job_free(struct job *job)
{
	cft_buf_release(&job->frame);
	free(job);
}

static void feed(struct cft_analyzer *analyzer);

static void job_fail(struct job *job, const struct cft_err *err)
{
	job->cb(job->arg, NULL, err);
	job_free(job);
}

/* -- answers -- */

static int unpack_answer(const char *data, size_t len, struct cft_analysis *analysis,
                         struct cft_err *err)
{
	Confiture__V1__EffectSet *set;
	int rc = cft_proto_unpack(&confiture__v1__effect_set__descriptor, data, len,
	                          &analysis->arena, &set, err);

	return rc < 0 ? rc
	              : cft_codec_effects_parse(&analysis->arena, set, &analysis->effects, err);
}

static void deliver(struct cft_analyzer *analyzer, struct job *job,
                    const struct cft_answer_header *header, const char *body)
{
	struct cft_analysis *analysis;
	struct cft_err err = CFT_ERR_INIT;

	analyzer->stats.analyzed++;
	if (header->code != 0) {
		cft_status_decode(cft_code_grpc(header->code), NULL, body, header->bytes, &err);
		job_fail(job, &err);
		return;
	}
	analysis = cft_new(struct cft_analysis);
	analysis->refs = 1;
	if (unpack_answer(body, header->bytes, analysis, &err) < 0) {
		job_fail(job, &err);
	} else {
		cft_cache_put(analyzer->cache, job->key, &analysis->effects);
		job->cb(job->arg, analysis, NULL);
		job_free(job);
	}
	cft_analysis_unref(analysis);
}

/* True once the whole answer is there. An impossible one ends the process. */
static bool answer_complete(struct worker *worker, struct cft_answer_header *ret)
{
	if (worker->answer.len < sizeof(*ret))
		return false;
	memcpy(ret, worker->answer.data, sizeof(*ret));
	if (ret->bytes > CFT_ANSWER_MAX_BYTES) {
		cft_child_kill(worker->child, SIGKILL);
		return false;
	}
	return worker->answer.len >= sizeof(*ret) + ret->bytes;
}

static void on_output(void *ctx, int fd, const char *data, size_t len)
{
	struct worker *worker = ctx;
	struct cft_answer_header header;
	struct job *job = worker->job;

	if (fd != 1 || len == 0 || !job)
		return;
	cft_buf_add(&worker->answer, data, len);
	if (!answer_complete(worker, &header))
		return;
	worker->job = NULL;
	cft_timer_stop(worker->timer);
	deliver(worker->analyzer, job, &header, worker->answer.data + sizeof(header));
	cft_buf_release(&worker->answer);
	feed(worker->analyzer);
}

/* -- processes -- */

static void fail_for_death(struct worker *worker, int signal_number)
{
	struct job *job = worker->job;
	struct cft_err err;

	worker->job = NULL;
	if (worker->timed_out)
		cft_fail_reason(&err, CFT_E_LIMIT, "ANALYZER_TIMEOUT",
		                "analysing this SQL takes longer than %lld ms",
		                (long long)worker->analyzer->timeout_ms);
	else
		cft_fail_reason(&err, CFT_E_LIMIT, "ANALYZER_DIED",
		                "analysing this SQL is beyond the limits: the analyzer ended "
		                "(signal %d)",
		                signal_number);
	cft_err_hint(&err, "make the statements simpler, or register them in parts");
	job_fail(job, &err);
}

static void on_exit_child(void *ctx, int status, int signal_number)
{
	struct worker *worker = ctx;
	struct cft_analyzer *analyzer = worker->analyzer;
	char text[32];

	(void)status;
	snprintf(text, sizeof(text), "%d", signal_number);
	cft_log(CFT_LOG_WARN, "analyzer process ended", "signal", text, NULL);
	cft_child_free(worker->child);
	worker->child = NULL;
	cft_buf_release(&worker->answer);
	if (worker->timed_out)
		analyzer->stats.timed_out++;
	else
		analyzer->stats.died++;
	if (worker->job)
		fail_for_death(worker, signal_number);
	worker->timed_out = false;
	cft_timer_start(worker->timer, RESPAWN_MS, 0);
}

static int spawn(struct worker *worker, struct cft_err *err)
{
	const char *const argv[] = {worker->analyzer->program, "--analyzer", NULL};
	struct cft_child_options options = {
		.argv = argv,
		.bare_environment = true,
		.inherit_stderr = true,
		.on_output = on_output,
		.on_exit = on_exit_child,
		.ctx = worker,
	};

	return cft_child_spawn(worker->analyzer->loop, &options, &worker->child, err);
}

static void on_timer(void *ctx)
{
	struct worker *worker = ctx;
	struct cft_err err;

	if (worker->child) { /* its job took too long; on_exit_child tells */
		worker->timed_out = true;
		cft_child_kill(worker->child, SIGKILL);
		return;
	}
	if (spawn(worker, &err) < 0) {
		cft_log_err(CFT_LOG_ERROR, "cannot start an analyzer", &err);
		cft_timer_start(worker->timer, INT64_C(10) * RESPAWN_MS, 0);
		return;
	}
	feed(worker->analyzer);
}

static void give(struct worker *worker, struct job *job)
{
	worker->job = job;
	cft_child_write(worker->child, job->frame.data, job->frame.len);
	cft_buf_release(&job->frame);
	cft_timer_start(worker->timer, worker->analyzer->timeout_ms, 0);
}

static void feed(struct cft_analyzer *analyzer)
{
	for (size_t i = 0; i < analyzer->n_workers && analyzer->waiting; i++) {
		struct worker *worker = &analyzer->workers[i];
		struct job *job = analyzer->waiting;

		if (!worker->child || worker->job || worker->timed_out)
			continue;
		DL_DELETE(analyzer->waiting, job);
		analyzer->stats.waiting--;
		give(worker, job);
	}
}

/* -- life -- */

int cft_analyzer_new(struct cft_loop *loop, const struct cft_analyzer_options *options,
                     struct cft_analyzer **ret, struct cft_err *err)
{
	struct cft_analyzer *analyzer = cft_new(struct cft_analyzer);
	int rc = 0;

	analyzer->loop = loop;
	analyzer->program = options->program ? cft_strdup(options->program)
	                                     : cft_process_program("confiture-server");
	analyzer->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	analyzer->max_waiting = options->max_waiting ? options->max_waiting : MAX_WAITING;
	analyzer->cache = cft_cache_new(options->cache_bytes ? options->cache_bytes : CACHE_BYTES);
	analyzer->n_workers = (size_t)(options->processes > 0 ? options->processes : PROCESSES);
	analyzer->workers = cft_calloc(analyzer->n_workers, sizeof(*analyzer->workers));
	for (size_t i = 0; i < analyzer->n_workers; i++) {
		analyzer->workers[i].analyzer = analyzer;
		analyzer->workers[i].timer = cft_timer_new(loop, on_timer, &analyzer->workers[i]);
	}
	for (size_t i = 0; i < analyzer->n_workers && rc == 0; i++)
		rc = spawn(&analyzer->workers[i], err);
	if (rc < 0)
		cft_analyzer_free(analyzer);
	else
		*ret = analyzer;
	return rc;
}

static void close_worker(struct worker *worker, const struct cft_err *err)
{
	struct job *job = worker->job;

	cft_child_free(worker->child);
	cft_timer_free(worker->timer);
	cft_buf_release(&worker->answer);
	worker->job = NULL;
	if (job)
		job_fail(job, err);
}

void cft_analyzer_free(struct cft_analyzer *analyzer)
{
	struct job *job, *next;
	struct cft_err err;

	if (!analyzer)
		return;
	analyzer->closing = true;
	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	for (size_t i = 0; i < analyzer->n_workers; i++)
		close_worker(&analyzer->workers[i], &err);
	DL_FOREACH_SAFE(analyzer->waiting, job, next)
	{
		DL_DELETE(analyzer->waiting, job);
		job_fail(job, &err);
	}
	cft_cache_free(analyzer->cache);
	free(analyzer->workers);
	free(analyzer->program);
	free(analyzer);
}

/* -- queries -- */

static void build_frame(const struct cft_analyzer_query *query, struct cft_buf *frame)
{
	struct cft_request_header header = {0};

	for (size_t i = 0; i < query->n_tables; i++)
		header.tables_bytes += (uint32_t)strlen(query->tables[i]) + 1;
	header.n_tables = (uint32_t)query->n_tables;
	header.sql_bytes = (uint32_t)query->len;
	header.dump = query->dump;
	cft_buf_add(frame, &header, sizeof(header));
	for (size_t i = 0; i < query->n_tables; i++)
		cft_buf_add(frame, query->tables[i], strlen(query->tables[i]) + 1);
	cft_buf_add(frame, query->sql, query->len);
}

static void refuse(cft_analyzer_cb *cb, void *arg, bool closing)
{
	struct cft_err err;

	if (closing)
		cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING",
		                "the server is stopping");
	else
		cft_fail_reason(&err, CFT_E_LIMIT, "ANALYZER_BUSY",
		                "too many SQL texts are waiting to be analysed");
	err.retry_after_ms = RETRY_AFTER_MS;
	cb(arg, NULL, &err);
}

void cft_analyzer_submit(struct cft_analyzer *analyzer, const struct cft_analyzer_query *query,
                         cft_analyzer_cb *cb, void *arg)
{
	struct job *job;
	struct cft_analysis *known;

	if (analyzer->closing || analyzer->stats.waiting >= analyzer->max_waiting) {
		refuse(cb, arg, analyzer->closing);
		return;
	}
	job = cft_new(struct job);
	job->cb = cb;
	job->arg = arg;
	build_frame(query, &job->frame);
	/* The frame is the whole question, so its digest is the key. */
	cft_sha256(job->frame.data, job->frame.len, job->key);
	known = cft_cache_get(analyzer->cache, job->key);
	if (known) {
		analyzer->stats.cache_hits++;
		cb(arg, known, NULL);
		cft_analysis_unref(known);
		job_free(job);
		return;
	}
	DL_APPEND(analyzer->waiting, job);
	analyzer->stats.waiting++;
	feed(analyzer);
}

void cft_analyzer_stats(const struct cft_analyzer *analyzer, struct cft_analyzer_stats *ret)
{
	*ret = analyzer->stats;
	ret->cache_bytes = cft_cache_bytes(analyzer->cache);
}
