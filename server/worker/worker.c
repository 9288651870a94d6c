/* Worker: starting a worker process and reading its frames.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/worker.h"

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/event/child.h"
#include "common/rpc/status.h"
#include "server/worker/frame.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cft_worker {
	struct cft_worker_options options;
	struct cft_child *child;
	struct cft_timer *timer;
	struct cft_buf input; /* frames as they come */
	struct cft_buf result;
	struct cft_err err; /* code 0: none said */
	bool has_result, timed_out;
};

static void take_frame(struct cft_worker *worker, const struct cft_worker_output *header,
                       const char *body)
{
	switch ((enum cft_worker_frame_kind)header->kind) {
	case CFT_WORKER_PROGRESS:
		if (worker->options.on_progress)
			worker->options.on_progress(worker->options.ctx, body, header->bytes);
		break;
	case CFT_WORKER_RESULT:
		cft_buf_add(&worker->result, body, header->bytes);
		worker->has_result = true;
		break;
	case CFT_WORKER_ERROR:
		cft_status_decode(cft_code_grpc(header->code), NULL, body, header->bytes,
		                  &worker->err);
		break;
	}
}

static void on_output(void *ctx, int fd, const char *data, size_t len)
{
	struct cft_worker *worker = ctx;
	struct cft_worker_output header;
	size_t at = 0;

	if (fd != 1)
		return;
	cft_buf_add(&worker->input, data, len);
	while (worker->input.len - at >= sizeof(header)) {
		memcpy(&header, worker->input.data + at, sizeof(header));
		if (header.bytes > CFT_WORKER_MAX_BYTES) {
			cft_child_kill(worker->child, SIGKILL);
			return;
		}
		if (worker->input.len - at < sizeof(header) + header.bytes)
			break;
		take_frame(worker, &header, worker->input.data + at + sizeof(header));
		at += sizeof(header) + header.bytes;
	}
	memmove(worker->input.data, worker->input.data + at, worker->input.len - at);
	worker->input.len -= at;
}

static void died(struct cft_worker *worker, int signal_number)
{
	if (worker->timed_out)
		cft_fail_reason(&worker->err, CFT_E_LIMIT, "WORKER_TIMEOUT",
		                "this takes longer than %lld ms",
		                (long long)worker->options.timeout_ms);
	else
		cft_fail_reason(&worker->err, CFT_E_LIMIT, "WORKER_DIED",
		                "the worker process ended in the middle (signal %d)",
		                signal_number);
}

static void on_exit_child(void *ctx, int status, int signal_number)
{
	struct cft_worker *worker = ctx;

	(void)status;
	cft_timer_stop(worker->timer);
	if (!worker->has_result && worker->err.code == 0)
		died(worker, signal_number);
	if (worker->err.code != 0)
		worker->options.on_end(worker->options.ctx, NULL, 0, &worker->err);
	else
		worker->options.on_end(worker->options.ctx, cft_buf_str(&worker->result),
		                       worker->result.len, NULL);
}

static void on_timeout(void *ctx)
{
	struct cft_worker *worker = ctx;

	worker->timed_out = true;
	cft_child_kill(worker->child, SIGKILL);
}

static void feed(struct cft_worker *worker)
{
	char *job = cft_json_compact(worker->options.job);
	struct cft_worker_input header = {(uint32_t)strlen(job),
	                                  (uint32_t)worker->options.request_len};

	cft_child_write(worker->child, &header, sizeof(header));
	cft_child_write(worker->child, job, header.job_bytes);
	cft_child_write(worker->child, worker->options.request, header.request_bytes);
	free(job);
	worker->options.job = NULL;
	worker->options.request = NULL;
}

int cft_worker_start(struct cft_loop *loop, const struct cft_worker_options *options,
                     struct cft_worker **ret, struct cft_err *err)
{
	struct cft_worker *worker = cft_new(struct cft_worker);
	char *program = cft_process_program("confiture-server");
	const char *const argv[] = {program, "--migrate-worker", NULL};
	struct cft_child_options child = {.argv = argv,
	                                  .bare_environment = true,
	                                  .inherit_stderr = true,
	                                  .on_output = on_output,
	                                  .on_exit = on_exit_child,
	                                  .ctx = worker};

	worker->options = *options;
	worker->timer = cft_timer_new(loop, on_timeout, worker);
	int rc = cft_child_spawn(loop, &child, &worker->child, err);
	free(program);
	if (rc != 0) {
		cft_worker_free(worker);
		return rc;
	}
	feed(worker);
	if (options->timeout_ms > 0)
		cft_timer_start(worker->timer, options->timeout_ms, 0);
	*ret = worker;
	return 0;
}

void cft_worker_cancel(struct cft_worker *worker)
{
	cft_child_write(worker->child, "c", 1);
}

void cft_worker_free(struct cft_worker *worker)
{
	if (!worker)
		return;
	cft_child_free(worker->child);
	cft_timer_free(worker->timer);
	cft_buf_release(&worker->input);
	cft_buf_release(&worker->result);
	free(worker);
}
