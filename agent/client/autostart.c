/* Autostart: probe, lock, probe again, spawn, wait.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/autostart.h"

#include "agent/client/local.h"
#include "agent/client/place.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/path.h"
#include "common/base/process.h"
#include "common/base/text.h"
#include "common/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	POLL_MS = 20,
	START_TIMEOUT_S = 90, /* initdb on a busy machine */
};

static void sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* The server beside this program, else the one in PATH. */
static const char *server_program(struct cft_arena *arena)
{
	char *self = cft_process_program("");
	const char *beside = cft_path_join(arena, cft_path_dir(arena, self), "confiture-server");
	bool found = self[0] && access(beside, X_OK) == 0;

	free(self);
	return found ? beside : "confiture-server";
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

/* What the server said last, usually the reason: its last sentence, with the hint on the line
 * after it (server/main.c), else its last line. */
static void read_reason(struct cft_arena *arena, const char *log_path, const char **ret_reason,
                        const char **ret_hint)
{
	static const char says[] = "confiture-server: ", indent[] = "   ";
	struct cft_buf log = CFT_BUF_INIT;
	char *line = NULL;

	*ret_reason = *ret_hint = "";
	if (cft_file_read(log_path, 0, &log, NULL) == 0 && log.len) {
		while (log.len && log.data[log.len - 1] == '\n')
			log.data[--log.len] = '\0';
		line = strrchr(log.data, '\n');
		if (line && cft_has_prefix(line + 1, indent)) {
			*ret_hint = cft_arena_strdup(arena, line + 1 + strlen(indent));
			*line = '\0';
			line = strrchr(log.data, '\n');
		}
		line = line ? line + 1 : log.data;
		line += cft_has_prefix(line, says) ? strlen(says) : 0;
		*ret_reason = cft_arena_strdup(arena, line);
	}
	cft_buf_release(&log);
}

static int not_started(struct cft_arena *arena, const char *log, int status, struct cft_err *err)
{
	const char *reason, *hint;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_INSTALLED",
		                       "cannot run confiture-server: it is neither beside this "
		                       "program nor in PATH");
	read_reason(arena, log, &reason, &hint);
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_STARTED",
	                "the local server did not start: %s", reason);
	return cft_err_hint(err, "%s%sits log is %s", hint, hint[0] ? "; " : "", log);
}

static int wait_until_listening(struct cft_arena *arena, pid_t pid, const char *address,
                                const char *log, struct cft_err *err)
{
	int64_t end_us = cft_clock_mono_us() + START_TIMEOUT_S * INT64_C(1000000);
	int status;

	while (cft_clock_mono_us() < end_us) {
		if (cft_place_listening(address))
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid)
			return not_started(arena, log, status, err);
		sleep_ms(POLL_MS);
	}
	kill(pid, SIGTERM);
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_NOT_STARTED",
	                "the local server did not listen within %d seconds", START_TIMEOUT_S);
	return cft_err_hint(err, "Its log is %s", log);
}

static int start_server(struct cft_arena *arena, const char *url, const char **ret_address,
                        struct cft_err *err)
{
	const char *address = cft_place_choose(arena), *log = cft_local_log_path(arena, url);
	const char *argv[10];
	size_t n = 0;
	pid_t pid = 0;

	argv[n++] = server_program(arena);
	argv[n++] = "--listen";
	argv[n++] = address;
	argv[n++] = "--data-dir";
	argv[n++] = cft_local_dir(arena);
	argv[n++] = url ? "--database-url" : "--embedded";
	if (url)
		argv[n++] = url;
	argv[n] = NULL;
	/* The note first: as soon as the server listens, somebody may look whose it is. */
	int rc = cft_place_record(arena, url, address, err);
	if (rc == 0)
		rc = spawn(argv, log, &pid, err);
	if (rc == 0)
		rc = wait_until_listening(arena, pid, address, log, err);
	if (rc == 0)
		*ret_address = address;
	return rc;
}

/* Takes the lock; gives up waiting as soon as the server listens (*ret_address is set then). */
static int lock_or_find(struct cft_arena *arena, const char *url, int *ret_fd,
                        const char **ret_address, struct cft_err *err)
{
	const char *path = cft_arena_printf(arena, "%s/autostart.lock", cft_local_dir(arena));
	int64_t end_us = cft_clock_mono_us() + START_TIMEOUT_S * INT64_C(1000000);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return cft_fail_errno(err, errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		*ret_address = cft_place_find(arena, url);
		if (*ret_address || cft_clock_mono_us() > end_us) {
			close(fd);
			return *ret_address ? 0
			                    : cft_fail(err, CFT_E_TIMEOUT,
			                               "another command is starting the local "
			                               "server and does not get done");
		}
		sleep_ms(POLL_MS);
	}
	*ret_fd = fd;
	return 0;
}

int cft_autostart(struct cft_arena *arena, const char *url, const char **ret_address,
                  bool *ret_started, struct cft_err *err)
{
	const char *address = NULL;
	int fd = -1;
	int rc = cft_file_mkdirs(cft_local_dir(arena), 0755, err);

	*ret_started = false;
	if (rc == 0)
		rc = lock_or_find(arena, url, &fd, &address, err);
	if (rc == 0 && !address)
		address = cft_place_find(arena, url);
	if (rc == 0 && !address) {
		rc = start_server(arena, url, &address, err);
		*ret_started = rc == 0;
	}
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		*ret_address = address;
	return rc;
}
