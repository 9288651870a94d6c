/* Autostart: probe, lock, probe again, spawn, wait.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/autostart.h"

#include "agent/client/local.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PROBE_TIMEOUT_MS = 1000,
	POLL_MS = 20,
	START_TIMEOUT_S = 90, /* initdb on a busy machine */
};

static void sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* "[::1]:7430" and "host:7430" into host and port. */
static bool split_address(struct cft_arena *arena, const char *address, const char **ret_host,
                          const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (len == 0)
		return false;
	if (address[0] == '[' && address[len - 1] == ']')
		*ret_host = cft_arena_strndup(arena, address + 1, len - 2);
	else
		*ret_host = cft_arena_strndup(arena, address, len);
	*ret_port = colon + 1;
	return true;
}

static bool connects(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	int problem = 0;
	socklen_t len = sizeof(problem);

	if (fd < 0)
		return false;
	bool ok = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0;
	if (!ok && errno == EINPROGRESS && poll(&pfd, 1, PROBE_TIMEOUT_MS) == 1)
		ok = getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) == 0 && problem == 0;
	close(fd);
	return ok;
}

bool cft_autostart_listening(const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *host, *port;
	bool ok = false;

	if (split_address(&arena, address, &host, &port) &&
	    getaddrinfo(host, port, &hints, &found) == 0) {
		for (const struct addrinfo *ai = found; ai && !ok; ai = ai->ai_next)
			ok = connects(ai);
		freeaddrinfo(found);
	}
	cft_arena_release(&arena);
	return ok;
}

/* The server beside this program, else the one in PATH. */
static const char *server_program(struct cft_arena *arena)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		const char *beside =
			cft_arena_printf(arena, "%.*s/confiture-server", (int)(slash - self), self);
		if (access(beside, X_OK) == 0)
			return beside;
	}
	return "confiture-server";
}

/* In the child: nothing but async-signal-safe calls. */
static void become_server(const char *const *argv, int log_fd, int null_fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* the terminal's ^C and hang-up are not for it */
	if (chdir("/") != 0)
		_exit(127);
	dup2(null_fd, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static int spawn(const char *const *argv, const char *log_path, pid_t *ret_pid, struct cft_err *err)
{
	int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (log_fd < 0 || null_fd < 0) {
		rc = cft_fail_errno(err, errno, "cannot write %s", log_path);
	} else {
		pid_t pid = fork();
		if (pid == 0)
			become_server(argv, log_fd, null_fd);
		if (pid < 0)
			rc = cft_fail_errno(err, errno, "cannot start %s", argv[0]);
		else
			*ret_pid = pid;
	}
	if (log_fd >= 0)
		close(log_fd);
	if (null_fd >= 0)
		close(null_fd);
	return rc;
}

/* The last line of the log that says something: usually the reason. */
static const char *last_log_line(struct cft_arena *arena, const char *log_path)
{
	struct cft_buf log = CFT_BUF_INIT;
	const char *line = "";

	if (cft_file_read(log_path, 0, &log, NULL) == 0 && log.len) {
		while (log.len && log.data[log.len - 1] == '\n')
			log.data[--log.len] = '\0';
		const char *newline = strrchr(log.data, '\n');
		line = cft_arena_strdup(arena, newline ? newline + 1 : log.data);
	}
	cft_buf_release(&log);
	return line;
}

static int not_started(struct cft_arena *arena, int status, struct cft_err *err)
{
	const char *log = cft_local_log_path(arena);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_INSTALLED",
		                       "cannot run confiture-server: it is neither beside this "
		                       "program nor in PATH");
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_STARTED",
	                "the local server did not start: %s", last_log_line(arena, log));
	return cft_err_hint(err, "Its log is %s", log);
}

static int wait_until_listening(struct cft_arena *arena, pid_t pid, struct cft_err *err)
{
	int64_t end_us = cft_clock_mono_us() + START_TIMEOUT_S * INT64_C(1000000);
	int status;

	while (cft_clock_mono_us() < end_us) {
		if (cft_autostart_listening(cft_local_address()))
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid)
			return not_started(arena, status, err);
		sleep_ms(POLL_MS);
	}
	kill(pid, SIGTERM);
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_STARTED",
	                "the local server did not listen within %d seconds", START_TIMEOUT_S);
	return cft_err_hint(err, "Its log is %s", cft_local_log_path(arena));
}

static int start_server(struct cft_arena *arena, const char *project, struct cft_err *err)
{
	const char *url = NULL, *argv[10];
	size_t n = 0;
	pid_t pid = 0;
	int rc = cft_local_database(arena, project, &url, err);

	if (rc != 0)
		return rc;
	argv[n++] = server_program(arena);
	argv[n++] = "--listen";
	argv[n++] = cft_local_address();
	argv[n++] = "--data-dir";
	argv[n++] = cft_local_dir(arena);
	argv[n++] = url ? "--database-url" : "--embedded";
	if (url)
		argv[n++] = url;
	argv[n] = NULL;
	rc = spawn(argv, cft_local_log_path(arena), &pid, err);
	return rc ? rc : wait_until_listening(arena, pid, err);
}

/* Takes the lock; gives up waiting as soon as a server listens (*ret_fd is -1 then). */
static int lock_or_find(struct cft_arena *arena, int *ret_fd, struct cft_err *err)
{
	const char *path = cft_arena_printf(arena, "%s/autostart.lock", cft_local_dir(arena));
	int64_t end_us = cft_clock_mono_us() + START_TIMEOUT_S * INT64_C(1000000);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return cft_fail_errno(err, errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		bool found = cft_autostart_listening(cft_local_address());
		if (found || cft_clock_mono_us() > end_us) {
			close(fd);
			*ret_fd = -1;
			return found ? 0
			             : cft_fail(err, CFT_E_TIMEOUT,
			                        "another command is starting the local server "
			                        "and does not get done");
		}
		sleep_ms(POLL_MS);
	}
	*ret_fd = fd;
	return 0;
}

int cft_autostart(struct cft_arena *arena, const char *project, bool *ret_started,
                  struct cft_err *err)
{
	int fd = -1;
	int rc = cft_file_mkdirs(cft_local_dir(arena), 0755, err);

	*ret_started = false;
	if (rc == 0)
		rc = lock_or_find(arena, &fd, err);
	if (rc != 0 || fd < 0)
		return rc;
	if (!cft_autostart_listening(cft_local_address())) {
		rc = start_server(arena, project, err);
		*ret_started = rc == 0;
	}
	close(fd);
	return rc;
}
