/* Cluster's processes: fork, drop privileges, exec.
 * SPDX-License-Identifier: MIT
 *
 * Between fork and exec only async-signal-safe calls run: the caller may have threads.
 */
#include "common/pg/cluster_process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int cft_run_as_choose(const char *directory, struct cft_run_as *ret, struct cft_err *err)
{
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (geteuid() != 0)
		return 0;
	ret->drop = true;
	if (stat(directory, &st) == 0 && st.st_uid != 0) {
		ret->uid = st.st_uid;
		ret->gid = st.st_gid;
		return 0;
	}
	struct passwd *user = getpwnam("postgres");
	if (!user) {
		cft_fail(err, CFT_E_CONFIG,
		         "PostgreSQL refuses to run as root, and there is no "
		         "user `postgres` to run it as");
		return cft_err_hint(err, "run as an ordinary user, or create the user `postgres`");
	}
	ret->uid = user->pw_uid;
	ret->gid = user->pw_gid;
	return 0;
}

/* In the child. */
static bool become(const struct cft_run_as *as)
{
	if (!as->drop)
		return true;
	return setgroups(0, NULL) == 0 && setgid(as->gid) == 0 && setuid(as->uid) == 0;
}

static void child(const char *const *argv, const struct cft_run_as *as, const char *log,
                  int death_signal)
{
	static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
	                                          "HOME=/", NULL};
	sigset_t none;
	/* The log may lie where only we may write: opened before the privileges go. */
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int in = open("/dev/null", O_RDONLY);

	if (in < 0 || out < 0 || !become(as) || chdir("/") != 0)
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setsid();
	umask(0077);
	if (death_signal)
		prctl(PR_SET_PDEATHSIG, death_signal);
	execve(argv[0], (char *const *)argv, (char *const *)environment);
	_exit(127);
}

pid_t cft_cluster_spawn(const char *const *argv, const struct cft_run_as *as, const char *log,
                        int death_signal, struct cft_err *err)
{
	pid_t pid = fork();

	if (pid == 0)
		child(argv, as, log, death_signal);
	if (pid < 0)
		cft_fail_errno(err, errno, "cannot start %s", argv[0]);
	return pid;
}

bool cft_cluster_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool cft_process_alive(pid_t pid)
{
	char path[64], text[512];

	if (kill(pid, 0) != 0 && errno == ESRCH)
		return false;
	/* "pid (name) state …"; the name may hold anything, also parentheses. */
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *end = strrchr(text, ')');
	return !end || end[1] != ' ' || (end[2] != 'Z' && end[2] != 'X');
}

bool cft_run_as_reaches(const struct cft_run_as *as, const char *directory)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(become(as) && access(directory, R_OK | W_OK | X_OK) == 0 ? 0 : 1);
	return pid > 0 && cft_cluster_wait(pid);
}
