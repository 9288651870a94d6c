/* Git: running it, and reading what it lists.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/git.h"

#include "common/base/buf.h"
#include "common/base/vec.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- running it -- */

static void exec_git(const char *const *argv, int out, int messages)
{
	dup2(out, STDOUT_FILENO);
	dup2(messages, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static void drain(int fd, struct cft_buf *out)
{
	ssize_t n;

	do {
		cft_buf_reserve(out, 65536);
		n = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (n > 0)
			out->len += (size_t)n;
		out->data[out->len] = '\0';
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
}

static int judge(int status, const struct cft_buf *messages, struct cft_err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return cft_fail(err, CFT_E_UNSUPPORTED, "git is not installed");
	if (status == 0)
		return 0;
	const char *text = messages->len ? messages->data : "it ended with an error";
	if (strstr(text, "bad revision") || strstr(text, "Not a valid object name") ||
	    strstr(text, "ambiguous argument")) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "REVISION_NOT_FOUND", "git: %.*s",
		                (int)strcspn(text, "\n"), text);
		return cft_err_hint(err, "a shallow clone lacks other branches: git fetch origin "
		                         "BRANCH, or fetch-depth: 0 in the checkout of a CI job");
	}
	/* Not FAILED: its exit code 1 is that of a gate which found something. */
	return cft_fail_reason(err, CFT_E_INVALID, "GIT_FAILED", "git: %.*s",
	                       (int)strcspn(text, "\n"), text);
}

/* Git says little on standard error: it fits into a pipe and is read after the output. */
static int run_git(const char *const *argv, struct cft_buf *out, struct cft_err *err)
{
	struct cft_buf messages = CFT_BUF_INIT;
	int fds[2], error_fds[2], status = 0;

	if (pipe(fds) != 0)
		return cft_fail_errno(err, errno, "cannot make a pipe");
	if (pipe(error_fds) != 0) {
		close(fds[0]);
		close(fds[1]);
		return cft_fail_errno(err, errno, "cannot make a pipe");
	}
	pid_t pid = fork();
	if (pid == 0)
		exec_git(argv, fds[1], error_fds[1]);
	close(fds[1]);
	close(error_fds[1]);
	drain(fds[0], out);
	drain(error_fds[0], &messages);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	int rc = pid > 0 ? judge(status, &messages, err) : cft_fail_errno(err, errno, "fork");
	cft_buf_release(&messages);
	return rc;
}

/* -- ranges -- */

/* Where the range ends: the revision that files are read from. */
static int end_of_range(struct cft_arena *arena, const char *range, const char **ret,
                        struct cft_err *err)
{
	const char *dots = strstr(range, "..");

	if (!dots || dots == range || range[0] == '-')
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_GIT_RANGE",
		                       "'%s' is no range of commits: write A..B, e.g. "
		                       "origin/main...HEAD",
		                       range);
	dots += strspn(dots, ".");
	if (*dots == '-')
		return cft_fail(err, CFT_E_INVALID, "'%s' is no revision", dots);
	*ret = *dots ? cft_arena_strdup(arena, dots) : "HEAD";
	return 0;
}

static bool is_sql(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcasecmp(path + len - 4, ".sql") == 0;
}

static bool in_migrations(const char *path)
{
	static const char *const names[] = {"migrations/", "migrate/", "versions/"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(path, names[i]);
		if (at && (at == path || at[-1] == '/'))
			return true;
	}
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int by_name(const void *a, const void *b)
{
	const struct cft_git_file *x = a, *y = b;
	int order = strcmp(base_name(x->path), base_name(y->path));

	return order ? order : strcmp(x->path, y->path);
}

static void take_paths(struct cft_arena *arena, const struct cft_buf *list,
                       struct cft_git_files *ret)
{
	bool only_migrations = false;
	const char *end = list->data + list->len;

	for (const char *path = list->data; path && path < end; path += strlen(path) + 1)
		only_migrations = only_migrations || (is_sql(path) && in_migrations(path));
	for (const char *path = list->data; path && path < end; path += strlen(path) + 1) {
		struct cft_git_file file = {cft_arena_strdup(arena, path), ""};
		if (is_sql(path) && !cft_migration_is_down(path) &&
		    (!only_migrations || in_migrations(path)))
			cft_vec_push_in(arena, ret, file);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
}

static int read_file(struct cft_arena *arena, const char *revision, struct cft_git_file *file,
                     struct cft_err *err)
{
	const char *argv[] = {"git", "cat-file", "blob",
	                      cft_arena_printf(arena, "%s:%s", revision, file->path), NULL};
	struct cft_buf text = CFT_BUF_INIT;
	int rc = run_git(argv, &text, err);

	if (rc == 0)
		file->sql = cft_migration_up_part(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return rc;
}

int cft_git_added(struct cft_arena *arena, const char *range, struct cft_git_files *ret,
                  struct cft_err *err)
{
	const char *argv[] = {"git", "diff", "--name-only", "-z", "--no-renames", "--diff-filter=A",
	                      range, "--",   NULL};
	struct cft_buf list = CFT_BUF_INIT;
	const char *revision = "";
	int rc = end_of_range(arena, range, &revision, err);

	memset(ret, 0, sizeof(*ret));
	if (rc == 0)
		rc = run_git(argv, &list, err);
	if (rc == 0)
		take_paths(arena, &list, ret);
	for (size_t i = 0; i < ret->n && rc == 0; i++)
		rc = read_file(arena, revision, &ret->v[i], err);
	cft_buf_release(&list);
	return rc;
}

int cft_git_tree(struct cft_arena *arena, const char *revision, struct cft_git_files *ret,
                 struct cft_err *err)
{
	const char *argv[] = {"git",         "ls-tree",     "-r",     "-z",
	                      "--full-tree", "--name-only", revision, NULL};
	struct cft_buf list = CFT_BUF_INIT;
	int rc = revision[0] == '-' ? cft_fail(err, CFT_E_INVALID, "'%s' is no revision", revision)
	                            : run_git(argv, &list, err);

	memset(ret, 0, sizeof(*ret));
	if (rc == 0)
		take_paths(arena, &list, ret);
	for (size_t i = 0; i < ret->n && rc == 0; i++)
		rc = read_file(arena, revision, &ret->v[i], err);
	cft_buf_release(&list);
	return rc;
}

char *cft_git_join(struct cft_arena *arena, const struct cft_git_files *files)
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < files->n; i++)
		cft_buf_addf(&text, "%s\n;\n", files->v[i].sql);
	char *joined = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return joined;
}

int cft_git_branches(struct cft_arena *arena, const char *pattern, struct cft_git_names *ret,
                     struct cft_err *err)
{
	const char *argv[] = {
		"git",        "for-each-ref", "--format=%(symref)|%(refname:lstrip=2)",
		"refs/heads", "refs/remotes", NULL};
	struct cft_buf list = CFT_BUF_INIT;
	int rc = run_git(argv, &list, err);

	memset(ret, 0, sizeof(*ret));
	for (char *name = rc == 0 && list.len ? list.data : NULL; name && *name;) {
		size_t len = strcspn(name, "\n");
		char *next = name + len + (name[len] == '\n');
		name[len] = '\0';
		/* A name for another one, such as origin/HEAD, has something before the bar. */
		if (name[0] == '|' && fnmatch(pattern, name + 1, 0) == 0)
			cft_vec_push_in(arena, ret, cft_arena_strdup(arena, name + 1));
		name = next;
	}
	cft_buf_release(&list);
	if (rc == 0 && ret->n == 0) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "BRANCH_NOT_FOUND", "no branch matches '%s'",
		                pattern);
		return cft_err_hint(err, "see what there is with: git branch --all");
	}
	return rc;
}
