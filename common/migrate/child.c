/* Child: a python3 process and its pipes.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/child.h"

#include "common/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers of the pipes in the child. */
enum { CHILD_READ_FD = 3, CHILD_WRITE_FD = 4 };

struct pipes {
	int to[2], from[2], output[2];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->to[i]);
		close_fd(&pipes->from[i]);
		close_fd(&pipes->output[i]);
	}
}

/* Ours are above the numbers that the child uses, or dup2 would clobber one with another. */
static int open_pipe(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		int high = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
		if (high < 0)
			return -1;
		close(fds[i]);
		fds[i] = high;
	}
	return 0;
}

static int spawn(pid_t *ret_pid, const char *python, const char *program, struct pipes *pipes)
{
	const char *argv[] = {python, "-B", "-u", "-X", "utf8", "-c", program, "3", "4", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes->to[1], CHILD_READ_FD);
	posix_spawn_file_actions_adddup2(&actions, pipes->from[1], CHILD_WRITE_FD);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int errnum = posix_spawnp(ret_pid, python, &actions, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return errnum;
}

static int cannot_start(const char *python, int errnum, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_CONFIG, "PYTHON_NOT_FOUND",
	                "a Python migration needs %s, which cannot be started: %s", python,
	                strerror(errnum));
	return cft_err_hint(err, "install Python 3, or write the migration as .up.sql and "
	                         ".down.sql");
}

int cft_mig_child_start(struct cft_mig_child *child, const char *python, const char *program,
                        void (*on_print)(void *ctx, const char *line), void *ctx,
                        struct cft_err *err)
{
	struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};

	memset(child, 0, sizeof(*child));
	child->to = child->from = child->output = -1;
	child->on_print = on_print;
	child->ctx = ctx;
	if (open_pipe(pipes.to) != 0 || open_pipe(pipes.from) != 0 ||
	    open_pipe(pipes.output) != 0) {
		int errnum = errno;
		close_pipes(&pipes);
		return cft_fail_errno(err, errnum, "cannot make a pipe");
	}
	int errnum = spawn(&child->pid, python, program, &pipes);
	if (errnum == 0) {
		child->to = pipes.to[0];
		child->from = pipes.from[0];
		child->output = pipes.output[0];
		pipes.to[0] = pipes.from[0] = pipes.output[0] = -1;
	} else {
		child->pid = -1;
	}
	close_pipes(&pipes);
	return errnum ? cannot_start(python, errnum, err) : 0;
}

int cft_mig_child_send(struct cft_mig_child *child, json_t *takes_message, struct cft_err *err)
{
	char *text = cft_json_compact(takes_message);
	struct cft_buf line = CFT_BUF_INIT;
	int rc = 0;

	json_decref(takes_message);
	cft_buf_adds(&line, text);
	cft_buf_addc(&line, '\n');
	for (size_t at = 0; rc == 0 && at < line.len;) {
		/* A socket and MSG_NOSIGNAL: a child that died is an error, not a SIGPIPE. */
		ssize_t n = send(child->to, line.data + at, line.len - at, MSG_NOSIGNAL);
		if (n >= 0)
			at += (size_t)n;
		else if (errno != EINTR)
			rc = cft_fail_errno(err, errno, "python3 does not listen");
	}
	cft_buf_release(&line);
	free(text);
	return rc;
}

/* Hands whole lines to on_print; at the end of output also an unfinished one. */
static void print_lines(struct cft_mig_child *child, bool all)
{
	char *line = child->printed.data;
	size_t left = child->printed.len;

	while (left > 0) {
		char *end = memchr(line, '\n', left);
		if (!end && !all)
			break;
		size_t len = end ? (size_t)(end - line) : left;
		char *copy = cft_strndup(line, len);
		child->on_print(child->ctx, copy);
		free(copy);
		line += len + (end != NULL);
		left -= len + (end != NULL);
	}
	if (left > 0)
		memmove(child->printed.data, line, left);
	child->printed.len = left;
}

static void read_some(int *fd, struct cft_buf *into)
{
	cft_buf_reserve(into, 65536);
	ssize_t n = read(*fd, into->data + into->len, into->cap - into->len - 1);

	if (n > 0)
		into->len += (size_t)n;
	else if (n == 0 || errno != EINTR)
		close_fd(fd);
}

static void wait_for_input(struct cft_mig_child *child)
{
	struct pollfd fds[] = {{.fd = child->from, .events = POLLIN},
	                       {.fd = child->output, .events = POLLIN}};

	if (poll(fds, 2, -1) < 0)
		return;
	if (fds[1].revents) {
		read_some(&child->output, &child->printed);
		print_lines(child, child->output < 0);
	}
	if (fds[0].revents)
		read_some(&child->from, &child->received);
}

int cft_mig_child_receive(struct cft_mig_child *child, json_t **ret, struct cft_err *err)
{
	char *end;

	while (!(end = child->received.len ? memchr(child->received.data, '\n', child->received.len)
	                                   : NULL)) {
		if (child->from < 0) {
			*ret = NULL;
			return 0;
		}
		wait_for_input(child);
	}
	size_t len = (size_t)(end - child->received.data);
	json_t *message = cft_json_parse(child->received.data, len, err);
	child->received.len -= len + 1;
	memmove(child->received.data, end + 1, child->received.len);
	if (!message)
		return cft_err_prefix(err, "python3 sent what is no message");
	*ret = message;
	return 0;
}

int cft_mig_child_stop(struct cft_mig_child *child)
{
	int status = 0;

	if (child->pid <= 0)
		return 0;
	close_fd(&child->to);
	while (child->from >= 0 || child->output >= 0) {
		struct pollfd fds[] = {{.fd = child->from, .events = POLLIN},
		                       {.fd = child->output, .events = POLLIN}};
		/* It ends by itself when its input does; a daemon of its own may keep the output
		 * open. */
		if (poll(fds, 2, 2000) <= 0)
			break;
		if (fds[0].revents)
			read_some(&child->from, &child->received);
		if (fds[1].revents)
			read_some(&child->output, &child->printed);
	}
	print_lines(child, true);
	close_fd(&child->from);
	close_fd(&child->output);
	if (waitpid(child->pid, &status, WNOHANG) == 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &status, 0);
	}
	cft_buf_release(&child->received);
	cft_buf_release(&child->printed);
	return status;
}
