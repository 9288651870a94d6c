/* Cluster: initdb and postgres as child processes.
 * SPDX-License-Identifier: MIT
 */
#include "common/prove/cluster.h"

#include "common/base/mem.h"
#include "common/pg/pg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_ATTEMPTS = 300, START_PAUSE_US = 100 * 1000 };

struct cft_prove_cluster {
	char dir[256], bin[256];
	struct passwd *user; /* whom PostgreSQL runs as, or NULL: us */
	pid_t pid;
};

static bool find_bin(char out[256])
{
	const char *given = getenv("CONFITURE_PG_BINDIR");
	DIR *dir = given ? NULL : opendir("/usr/lib/postgresql");
	long best = 0;

	if (given)
		snprintf(out, 256, "%s", given);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		long version = strtol(entry->d_name, NULL, 10);
		best = version > best ? version : best;
	}
	if (dir)
		closedir(dir);
	if (best)
		snprintf(out, 256, "/usr/lib/postgresql/%ld/bin", best);
	return given || best;
}

/* In the child: become PostgreSQL's user, keep quiet, die with us. */
static void child_setup(const struct cft_prove_cluster *c)
{
	int log = open("postgres.log", O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (c->user && (setgroups(0, NULL) != 0 || setgid(c->user->pw_gid) != 0 ||
	                setuid(c->user->pw_uid) != 0))
		_exit(126);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
}

static pid_t spawn(const struct cft_prove_cluster *c, const char *program, const char *const argv[])
{
	char path[512];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", c->bin, program);
	pid = fork();
	if (pid != 0)
		return pid;
	if (chdir(c->dir) != 0)
		_exit(126);
	child_setup(c);
	execv(path, (char *const *)argv);
	_exit(127);
}

static int init(const struct cft_prove_cluster *c, struct cft_err *err)
{
	const char *argv[] = {"initdb",   "-D",        "data", "-A",   "trust",      "-U",
	                      "postgres", "--no-sync", "-E",   "UTF8", "--locale=C", NULL};
	pid_t pid = spawn(c, "initdb", argv);
	int status = -1;

	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
	if (status != 0)
		return cft_fail(err, CFT_E_UNAVAILABLE, "initdb of %s failed", c->bin);
	return 0;
}

static int wait_until_up(const struct cft_prove_cluster *c, struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_pg_options options = {
		.url = cft_prove_cluster_url(c, "postgres", "postgres", &arena),
		.ignore_environment = true};
	struct cft_pg *pg = NULL;
	int rc = -1, status;

	for (int i = 0; i < START_ATTEMPTS && rc != 0; i++) {
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			break;
		rc = cft_pg_connect(&options, &pg, err);
		if (rc != 0)
			usleep(START_PAUSE_US);
	}
	cft_pg_close(pg);
	cft_arena_release(&arena);
	return rc == 0 ? 0
	               : cft_fail(err, CFT_E_UNAVAILABLE, "the private PostgreSQL does not start");
}

static int start(struct cft_prove_cluster *c, struct cft_err *err)
{
	const char *argv[] = {"postgres",
	                      "-D",
	                      "data",
	                      "-k",
	                      c->dir,
	                      "-c",
	                      "listen_addresses=",
	                      "-c",
	                      "fsync=off",
	                      "-c",
	                      "full_page_writes=off",
	                      "-c",
	                      "max_connections=10",
	                      "-c",
	                      "unix_socket_permissions=0700",
	                      "-c",
	                      "jit=off",
	                      NULL};

	c->pid = spawn(c, "postgres", argv);
	if (c->pid <= 0)
		return cft_fail_errno(err, errno, "fork");
	return wait_until_up(c, err);
}

static int make_dir(struct cft_prove_cluster *c, struct cft_err *err)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(c->dir, sizeof(c->dir), "%s/confiture-prove-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(c->dir))
		return cft_fail_errno(err, errno, "temporary directory %s", c->dir);
	if (geteuid() != 0)
		return 0;
	c->user = getpwnam("postgres");
	if (!c->user)
		return cft_fail(err, CFT_E_UNAVAILABLE,
		                "PostgreSQL refuses to run as root, and there is no user postgres");
	if (chown(c->dir, c->user->pw_uid, c->user->pw_gid) != 0)
		return cft_fail_errno(err, errno, "chown %s", c->dir);
	return 0;
}

int cft_prove_cluster_start(struct cft_prove_cluster **ret, struct cft_err *err)
{
	struct cft_prove_cluster *c = cft_new(struct cft_prove_cluster);
	int rc = 0;

	if (!find_bin(c->bin))
		rc = cft_fail(err, CFT_E_UNAVAILABLE, "no PostgreSQL server is installed here");
	if (rc == 0)
		rc = make_dir(c, err);
	if (rc == 0)
		rc = init(c, err);
	if (rc == 0)
		rc = start(c, err);
	if (rc != 0)
		cft_prove_cluster_free(c);
	else
		*ret = c;
	return rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void cft_prove_cluster_free(struct cft_prove_cluster *c)
{
	if (!c)
		return;
	if (c->pid > 0) {
		kill(c->pid, SIGQUIT);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (c->dir[0])
		nftw(c->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(c);
}

char *cft_prove_cluster_url(const struct cft_prove_cluster *c, const char *user,
                            const char *database, struct cft_arena *arena)
{
	return cft_arena_printf(arena, "host=%s port=5432 user=%s dbname=%s", c->dir, user,
	                        database);
}
