/* Child: uv_spawn with three pipes.
 * SPDX-License-Identifier: MIT
 */
#include "common/event/child.h"

#include "common/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

struct cft_child {
	uv_process_t process;
	uv_pipe_t in, out, err;
	struct cft_child_options options;
	int open;      /* handles that are not closed yet */
	int producers; /* process and outputs that have not ended */
	int status, signal;
	bool in_closing, freed;
	char buffer[65536];
};

struct write_request {
	uv_write_t uv;
	char data[];
};

static void on_closed(uv_handle_t *handle)
{
	struct cft_child *child = handle->data;

	if (--child->open == 0 && child->freed)
		free(child);
}

static void close_handle(void *handle)
{
	if (!uv_is_closing((uv_handle_t *)handle))
		uv_close((uv_handle_t *)handle, on_closed);
}

static void producer_ended(struct cft_child *child)
{
	if (--child->producers == 0 && !child->freed && child->options.on_exit)
		child->options.on_exit(child->options.ctx, child->status, child->signal);
}

static void on_exit_status(uv_process_t *process, int64_t status, int number)
{
	struct cft_child *child = process->data;

	child->status = (int)status;
	child->signal = number;
	close_handle(process);
	cft_child_close_input(child);
	producer_ended(child);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct cft_child *child = handle->data;

	(void)suggested;
	*buf = uv_buf_init(child->buffer, sizeof(child->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct cft_child *child = stream->data;
	int fd = (uv_pipe_t *)stream == &child->out ? STDOUT_FILENO : STDERR_FILENO;

	if (n == 0)
		return;
	if (n < 0)
		close_handle(stream);
	if (!child->freed && child->options.on_output)
		child->options.on_output(child->options.ctx, fd, buf->base, n > 0 ? (size_t)n : 0);
	if (n < 0)
		producer_ended(child);
}

static void init_pipe(struct cft_loop *loop, struct cft_child *child, uv_pipe_t *pipe)
{
	uv_pipe_init(cft_loop_uv(loop), pipe, 0);
	pipe->data = child;
	child->open++;
}

static uv_stdio_container_t stdio_pipe(uv_pipe_t *pipe, int flags)
{
	uv_stdio_container_t stdio = {.flags = UV_CREATE_PIPE | flags};

	stdio.data.stream = (uv_stream_t *)pipe;
	return stdio;
}

/* The variables of a bare environment that we have; free() the array. */
static char **bare_environment(void)
{
	static const char *const names[] = {"PATH",          "HOME",           "LANG",
	                                    "TMPDIR",        "ASAN_OPTIONS",   "TSAN_OPTIONS",
	                                    "UBSAN_OPTIONS", "LD_LIBRARY_PATH"};
	char **env = cft_calloc(sizeof(names) / sizeof(names[0]) + 1, sizeof(*env));
	size_t n = 0;

	for (char **variable = environ; *variable; variable++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(*variable, names[i], strlen(names[i])) == 0 &&
			    (*variable)[strlen(names[i])] == '=')
				env[n++] = *variable;
	return env;
}

static int spawn(struct cft_loop *loop, struct cft_child *child, struct cft_err *err)
{
	const struct cft_child_options *options = &child->options;
	bool capture = options->on_output != NULL;
	uv_stdio_container_t stdio[3] = {stdio_pipe(&child->in, UV_READABLE_PIPE)};
	char **env = options->bare_environment ? bare_environment() : NULL;
	uv_process_options_t uv = {0};

	if (capture)
		stdio[1] = stdio_pipe(&child->out, UV_WRITABLE_PIPE);
	if (options->inherit_stderr) {
		stdio[2].flags = UV_INHERIT_FD;
		stdio[2].data.fd = STDERR_FILENO;
	} else if (capture) {
		stdio[2] = stdio_pipe(&child->err, UV_WRITABLE_PIPE);
	}
	uv.file = options->argv[0];
	uv.args = (char **)options->argv;
	uv.env = env;
	uv.cwd = options->cwd;
	uv.stdio = stdio;
	uv.stdio_count = 3;
	uv.exit_cb = on_exit_status;
	child->process.data = child;
	int rc = uv_spawn(cft_loop_uv(loop), &child->process, &uv);
	free(env);
	child->open++;
	if (rc == 0)
		return 0;
	cft_fail(err, rc == UV_ENOENT ? CFT_E_NOT_FOUND : CFT_E_FAILED, "cannot start %s: %s",
	         options->argv[0], uv_strerror(rc));
	return rc == UV_ENOENT ? CFT_E_NOT_FOUND : CFT_E_FAILED;
}

static void read_output(struct cft_child *child, uv_pipe_t *pipe)
{
	child->producers++;
	uv_read_start((uv_stream_t *)pipe, give_buffer, on_read);
}

int cft_child_spawn(struct cft_loop *loop, const struct cft_child_options *options,
                    struct cft_child **ret_child, struct cft_err *err)
{
	struct cft_child *child = cft_new(struct cft_child);

	child->options = *options;
	init_pipe(loop, child, &child->in);
	init_pipe(loop, child, &child->out);
	init_pipe(loop, child, &child->err);
	int rc = spawn(loop, child, err);
	if (rc != 0) {
		cft_child_free(child);
		return rc;
	}
	child->producers++;
	if (options->on_output)
		read_output(child, &child->out);
	if (options->on_output && !options->inherit_stderr)
		read_output(child, &child->err);
	child->options.argv = NULL;
	*ret_child = child;
	return 0;
}

pid_t cft_child_pid(const struct cft_child *child)
{
	return uv_is_active((const uv_handle_t *)&child->process) ? child->process.pid : 0;
}

static void on_written(uv_write_t *uv, int status)
{
	(void)status; /* the end of the child is reported by on_exit */
	free(uv);
}

void cft_child_write(struct cft_child *child, const void *data, size_t len)
{
	if (child->in_closing || len == 0)
		return;
	struct write_request *request = cft_malloc(sizeof(*request) + len);
	memcpy(request->data, data, len);
	uv_buf_t buf = uv_buf_init(request->data, (unsigned)len);
	if (uv_write(&request->uv, (uv_stream_t *)&child->in, &buf, 1, on_written) != 0)
		free(request);
}

size_t cft_child_backlog(const struct cft_child *child)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&child->in);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	(void)status;
	close_handle(request->handle);
	free(request);
}

void cft_child_close_input(struct cft_child *child)
{
	if (child->in_closing)
		return;
	child->in_closing = true;
	uv_shutdown_t *request = cft_new(uv_shutdown_t);
	if (uv_shutdown(request, (uv_stream_t *)&child->in, on_shutdown) != 0) {
		free(request);
		close_handle(&child->in);
	}
}

void cft_child_kill(struct cft_child *child, int number)
{
	if (cft_child_pid(child) > 0)
		uv_process_kill(&child->process, number);
}

/* It stays a zombie: cft_child_free buries it. */
bool cft_child_wait(const struct cft_child *child, int timeout_ms)
{
	enum { POLL_MS = 10 };
	pid_t pid = cft_child_pid(child);

	for (int ms = 0; pid > 0; ms += POLL_MS) {
		siginfo_t info = {0};
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == pid)
			break;
		if (ms >= timeout_ms)
			return false;
		usleep(POLL_MS * 1000);
	}
	return true;
}

void cft_child_free(struct cft_child *child)
{
	if (!child)
		return;
	child->freed = true;
	pid_t pid = cft_child_pid(child);
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	child->in_closing = true;
	if (child->open == 0) {
		free(child);
		return;
	}
	close_handle(&child->process);
	close_handle(&child->in);
	close_handle(&child->out);
	close_handle(&child->err);
}
