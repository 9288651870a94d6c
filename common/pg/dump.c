/* Dump: the schema of a live database as pg_dump writes it.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/dump.h"

#include "common/pg/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct environment {
	CFT_VEC(char *) entries; /* NULL-terminated for posix_spawn */
};

static void release_environment(struct environment *env)
{
	CFT_VEC_EACH (char *, entry, &env->entries)
		free(*entry);
	cft_vec_release(&env->entries);
}

/* Ours without the variables that the connection string overrides, and those. */
static void make_environment(struct environment *env, const PQconninfoOption *options)
{
	for (char **entry = environ; *entry; entry++) {
		bool overridden = strncmp(*entry, "LC_MESSAGES=", 12) == 0;

		for (const PQconninfoOption *o = options; o->keyword; o++) {
			size_t len = o->envvar ? strlen(o->envvar) : 0;
			overridden = overridden ||
			             (len && o->val && o->val[0] &&
			              strncmp(*entry, o->envvar, len) == 0 && (*entry)[len] == '=');
		}
		if (!overridden)
			cft_vec_push(&env->entries, cft_strdup(*entry));
	}
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (o->envvar && o->val && o->val[0])
			cft_vec_push(&env->entries, cft_asprintf("%s=%s", o->envvar, o->val));
	cft_vec_push(&env->entries, NULL);
}

/* The newest of Debian's, where PATH has none: free() it. */
static char *find_installed(void)
{
	glob_t found = {0};
	char *newest = NULL;
	long version = 0;

	if (glob("/usr/lib/postgresql/*/bin/pg_dump", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			long v = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL,
			                10);
			if (v < version)
				continue;
			version = v;
			free(newest);
			newest = cft_strdup(found.gl_pathv[i]);
		}
	}
	globfree(&found);
	return newest;
}

static int spawn(pid_t *ret_pid, char *const *env, int out_fd, int err_fd)
{
	const char *argv[] = {"pg_dump", "--schema-only", "--no-password", NULL};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	int errnum = posix_spawnp(ret_pid, "pg_dump", &actions, NULL, (char *const *)argv, env);
	char *installed = errnum == ENOENT ? find_installed() : NULL;
	if (installed)
		errnum = posix_spawn(ret_pid, installed, &actions, NULL, (char *const *)argv, env);
	free(installed);
	posix_spawn_file_actions_destroy(&actions);
	return errnum;
}

/* Both outputs at once, until both are closed. */
static void read_both(int out_fd, int err_fd, struct cft_buf *out, struct cft_buf *messages)
{
	struct pollfd fds[] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
	struct cft_buf *into[] = {out, messages};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			char chunk[16384];

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			ssize_t n = read(fds[i].fd, chunk, sizeof(chunk));
			if (n > 0)
				cft_buf_add(into[i], chunk, (size_t)n);
			else if (n == 0 || errno != EINTR)
				fds[i].fd = -1;
		}
	}
}

static int outcome(int status, const struct cft_buf *messages, struct cft_err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	size_t len = strcspn(cft_buf_str(messages), "\n");
	return cft_fail_reason(err, CFT_E_UNAVAILABLE, "PG_DUMP_FAILED",
	                       "cannot read the schema of the database: %.*s", (int)len,
	                       cft_buf_str(messages));
}

static int run(char *const *env, struct cft_buf *out, struct cft_err *err)
{
	int to_out[2], to_err[2], status = 0;
	pid_t pid;
	struct cft_buf messages = CFT_BUF_INIT;

	if (pipe2(to_out, O_CLOEXEC) != 0)
		return cft_fail_errno(err, errno, "cannot make a pipe");
	if (pipe2(to_err, O_CLOEXEC) != 0) {
		int errnum = errno;
		close(to_out[0]);
		close(to_out[1]);
		return cft_fail_errno(err, errnum, "cannot make a pipe");
	}
	int errnum = spawn(&pid, env, to_out[1], to_err[1]);
	close(to_out[1]);
	close(to_err[1]);
	if (errnum == 0) {
		read_both(to_out[0], to_err[0], out, &messages);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(to_out[0]);
	close(to_err[0]);
	int rc = errnum ? cft_fail_reason(err, CFT_E_CONFIG, "NO_PG_DUMP",
	                                  "reading the schema of a database needs pg_dump: %s",
	                                  strerror(errnum))
	                : outcome(status, &messages, err);
	cft_buf_release(&messages);
	return rc;
}

int cft_pg_dump_schema(const char *url, struct cft_buf *out, struct cft_err *err)
{
	struct cft_pg_options options = {.url = url};
	struct cft_pg_params params;
	struct environment env = {0};
	int rc = cft_pg_params_init(&params, &options, err);

	if (rc == 0 && !params.parsed)
		rc = cft_fail_reason(err, CFT_E_CONFIG, "MALFORMED_DATABASE_URL",
		                     "a connection string must be a URL or key=value pairs");
	if (rc == 0) {
		make_environment(&env, params.parsed);
		rc = run(env.entries.v, out, err);
	}
	release_environment(&env);
	cft_pg_params_release(&params);
	return rc;
}
