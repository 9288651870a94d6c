/* Cluster: making, starting, adopting and stopping the private PostgreSQL.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/cluster.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/vec.h"
#include "common/pg/cluster_process.h"
#include "common/pg/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	START_PATIENCE_US = 60000000,
	STOP_PATIENCE_US = 30000000,
	POLL_US = 10000,
	LOG_KEEP_BYTES = 8 << 20,
};

struct cft_cluster {
	char *directory, *data, *socket_dir, *log, *bin_dir;
	struct cft_run_as as;
	bool throw_away, own_directory, own_socket_dir, adopted;
	int lock_fd; /* -1 = none */
	pid_t pid;   /* of the postmaster; 0 = not running */
};

/* -- paths -- */

static int make_owned(const char *path, const struct cft_run_as *as, struct cft_err *err)
{
	/* Directories above it that have to be made let the other user pass. */
	int rc = cft_file_mkdirs(path, as->drop ? 0711 : 0700, err);

	if (rc == 0 && as->drop && chown(path, as->uid, as->gid) != 0)
		rc = cft_fail_errno(err, errno, "cannot give %s to user %d", path, (int)as->uid);
	if (rc == 0 && chmod(path, 0700) != 0)
		rc = cft_fail_errno(err, errno, "cannot protect %s", path);
	return rc;
}

static bool socket_fits(const char *directory)
{
	struct sockaddr_un address;

	return strlen(directory) + strlen("/.s.PGSQL.5432") < sizeof(address.sun_path);
}

/* In the cluster's directory; where that name is too long for a socket, in /tmp under a name that
 * the directory determines, so that the next process finds it. */
static int choose_socket_dir(struct cft_cluster *c, struct cft_err *err)
{
	char digest[CFT_SHA256_HEX];
	struct stat st;

	c->socket_dir = cft_asprintf("%s/run", c->directory);
	if (!socket_fits(c->socket_dir)) {
		free(c->socket_dir);
		cft_sha256_hex(c->directory, strlen(c->directory), digest);
		c->socket_dir = cft_asprintf("/tmp/confiture-%.16s", digest);
		c->own_socket_dir = true;
	}
	/* Everybody may write in /tmp: what somebody else made there is no access control. */
	uid_t owner = c->as.drop ? c->as.uid : geteuid();
	if (lstat(c->socket_dir, &st) == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != owner))
		return cft_fail(err, CFT_E_FORBIDDEN, "%s belongs to somebody else", c->socket_dir);
	return make_owned(c->socket_dir, &c->as, err);
}

static int choose_directory(struct cft_cluster *c, const struct cft_cluster_options *options,
                            struct cft_err *err)
{
	int rc = 0;

	if (!options->directory) {
		rc = cft_file_temporary("confiture-pg", &c->directory, err);
		c->own_directory = rc == 0;
	} else if (options->directory[0] == '/') {
		c->directory = cft_strdup(options->directory);
	} else {
		char *here = realpath(".", NULL);
		c->directory = cft_asprintf("%s/%s", here ? here : "", options->directory);
		free(here);
	}
	return rc;
}

static int check_reach(const struct cft_cluster *c, struct cft_err *err)
{
	if (!c->as.drop || cft_run_as_reaches(&c->as, c->directory))
		return 0;
	cft_fail_reason(err, CFT_E_CONFIG, "DATA_DIRECTORY_UNREACHABLE",
	                "the user that PostgreSQL runs as (uid %d) cannot reach %s", (int)c->as.uid,
	                c->directory);
	return cft_err_hint(err, "as root, choose a data directory outside of private homes, e.g. "
	                         "/var/lib/confiture");
}

static int set_paths(struct cft_cluster *c, const struct cft_cluster_options *options,
                     struct cft_err *err)
{
	struct cft_buf bin_dir = CFT_BUF_INIT;
	int rc = 0;

	if (options->bin_dir)
		cft_buf_adds(&bin_dir, options->bin_dir);
	else
		rc = cft_cluster_find_binaries(&bin_dir, err);
	c->bin_dir = cft_buf_detach(&bin_dir);
	if (rc == 0)
		rc = choose_directory(c, options, err);
	if (rc == 0)
		rc = cft_run_as_choose(c->directory, &c->as, err);
	if (rc == 0)
		rc = make_owned(c->directory, &c->as, err);
	if (rc == 0)
		rc = check_reach(c, err);
	if (rc != 0)
		return rc;
	c->data = cft_asprintf("%s/pg", c->directory);
	c->log = cft_asprintf("%s/postgres.log", c->directory);
	return choose_socket_dir(c, err);
}

static int take_lock(struct cft_cluster *c, struct cft_err *err)
{
	char *path = cft_asprintf("%s/lock", c->directory);
	int rc = 0;

	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock_fd < 0)
		rc = cft_fail_errno(err, errno, "cannot open %s", path);
	else if (flock(c->lock_fd, LOCK_EX | LOCK_NB) != 0)
		rc = cft_fail_reason(err, CFT_E_LOCKED, "DATA_DIRECTORY_IN_USE",
		                     "another process uses the data directory %s", c->directory);
	free(path);
	return rc;
}

/* -- PostgreSQL's programs -- */

static int fail_with_log(const struct cft_cluster *c, const char *what, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	const char *tail = "";

	if (cft_file_read(c->log, 64 << 20, &text, NULL) == 0)
		tail = text.len > 500 ? text.data + text.len - 500 : cft_buf_str(&text);
	cft_fail(err, CFT_E_FAILED, "%s: %s", what, tail);
	cft_err_hint(err, "see %s", c->log);
	cft_buf_release(&text);
	return CFT_E_FAILED;
}

static int write_hba(const char *data, const struct cft_run_as *as, struct cft_err *err)
{
	static const char text[] = "# The directory of the socket is the access control.\n"
				   "local all all trust\n";
	char *path = cft_asprintf("%s/pg_hba.conf", data);
	int rc = cft_file_write(path, text, strlen(text), 0600, err);

	if (rc == 0 && as->drop && chown(path, as->uid, as->gid) != 0)
		rc = cft_fail_errno(err, errno, "cannot give %s away", path);
	free(path);
	return rc;
}

/* Into a neighbour first: a directory that initdb did not finish is never taken for a cluster. */
static int make_data(struct cft_cluster *c, struct cft_err *err)
{
	char *version = cft_asprintf("%s/PG_VERSION", c->data);
	char *initdb = cft_asprintf("%s/initdb", c->bin_dir);
	char *fresh = cft_asprintf("%s.new", c->data);
	const char *argv[] = {initdb,  "-D", fresh,  "-U", "postgres",   "-A",
	                      "trust", "-E", "UTF8", "-N", "--locale=C", NULL};
	int rc = 0;

	if (c->throw_away)
		argv[sizeof(argv) / sizeof(argv[0]) - 2] = "-N";
	if (!cft_file_exists(version)) {
		cft_file_remove_tree(fresh);
		pid_t pid = cft_cluster_spawn(argv, &c->as, c->log, 0, err);
		if (pid < 0)
			rc = CFT_E_FAILED;
		else if (!cft_cluster_wait(pid))
			rc = fail_with_log(c, "initdb failed", err);
		if (rc == 0)
			rc = write_hba(fresh, &c->as, err);
		if (rc == 0 && rename(fresh, c->data) != 0)
			rc = cft_fail_errno(err, errno, "cannot rename %s", fresh);
	}
	free(version);
	free(initdb);
	free(fresh);
	return rc;
}

static const char *const kept_settings[] = {"max_connections=64", "shared_buffers=32MB",
                                            "max_wal_size=256MB", NULL};
/* The locks: a schema of 10,000 tables may come in one transaction, with some four for each. */
static const char *const throw_away_settings[] = {"fsync=off",
                                                  "synchronous_commit=off",
                                                  "full_page_writes=off",
                                                  "max_connections=32",
                                                  "max_locks_per_transaction=4096",
                                                  "shared_buffers=16MB",
                                                  "wal_level=minimal",
                                                  "max_wal_senders=0",
                                                  "autovacuum=off",
                                                  "jit=off",
                                                  "max_worker_processes=0",
                                                  "max_logical_replication_workers=0",
                                                  "max_prepared_transactions=8",
                                                  "log_statement=none",
                                                  NULL};

static void keep_log_small(const struct cft_cluster *c)
{
	struct stat st;

	if (stat(c->log, &st) == 0 && st.st_size > LOG_KEEP_BYTES) {
		char *old = cft_asprintf("%s.1", c->log);
		rename(c->log, old);
		free(old);
	}
}

static int spawn(struct cft_cluster *c, struct cft_err *err)
{
	char *postgres = cft_asprintf("%s/postgres", c->bin_dir);
	const char *const *settings = c->throw_away ? throw_away_settings : kept_settings;
	CFT_VEC(const char *) argv = {0};
	const char *fixed[] = {postgres,
	                       "-D",
	                       c->data,
	                       "-k",
	                       c->socket_dir,
	                       "-h",
	                       "",
	                       "-p",
	                       "5432",
	                       "-c",
	                       "unix_socket_permissions=0700",
	                       "-c",
	                       "logging_collector=off"};

	keep_log_small(c);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		cft_vec_push(&argv, fixed[i]);
	for (; *settings; settings++) {
		cft_vec_push(&argv, "-c");
		cft_vec_push(&argv, *settings);
	}
	cft_vec_push(&argv, NULL);
	pid_t pid = cft_cluster_spawn(argv.v, &c->as, c->log, c->throw_away ? SIGQUIT : 0, err);
	cft_vec_release(&argv);
	free(postgres);
	if (pid < 0)
		return CFT_E_FAILED;
	c->pid = pid;
	c->adopted = false;
	return 0;
}

/* -- is it there? -- */

static bool running(struct cft_cluster *c)
{
	if (c->pid == 0)
		return false;
	bool gone =
		c->adopted ? !cft_process_alive(c->pid) : waitpid(c->pid, NULL, WNOHANG) == c->pid;
	if (gone)
		c->pid = 0;
	return !gone;
}

static int try_connect(const struct cft_cluster *c, struct cft_pg **ret, struct cft_err *err)
{
	struct cft_buf url = CFT_BUF_INIT;
	struct cft_pg_options options = {.ignore_environment = true};

	cft_cluster_url(c, "postgres", &url);
	options.url = cft_buf_str(&url);
	int rc = cft_pg_connect(&options, ret, err);
	cft_buf_release(&url);
	return rc;
}

static bool answers(const struct cft_cluster *c)
{
	struct cft_pg *pg = NULL;
	bool ok = try_connect(c, &pg, NULL) == 0;

	cft_pg_close(pg);
	return ok;
}

static bool wait_until_ready(struct cft_cluster *c)
{
	int64_t end = cft_clock_mono_us() + START_PATIENCE_US;

	while (cft_clock_mono_us() < end) {
		if (answers(c))
			return true;
		if (!running(c))
			return false;
		usleep(POLL_US);
	}
	return false;
}

/* The postmaster that an earlier process left: its pid file names it, and it must be one of ours.
 */
static pid_t left_behind(const struct cft_cluster *c)
{
	char *path = cft_asprintf("%s/postmaster.pid", c->data), *exe = NULL;
	struct cft_buf text = CFT_BUF_INIT;
	char target[4096];
	pid_t pid = 0;

	if (cft_file_read(path, 65536, &text, NULL) == 0)
		pid = (pid_t)strtol(cft_buf_str(&text), NULL, 10);
	free(path);
	cft_buf_release(&text);
	if (pid <= 1 || !cft_process_alive(pid))
		return 0;
	/* Pids come again: another program may have got this one. */
	exe = cft_asprintf("/proc/%d/exe", (int)pid);
	ssize_t n = readlink(exe, target, sizeof(target) - 1);
	free(exe);
	if (n <= 0)
		return pid; /* not allowed to look: PostgreSQL's own check decides */
	target[n] = '\0';
	return strstr(target, "postgres") ? pid : 0;
}

static int start_anew(struct cft_cluster *c, struct cft_err *err)
{
	/* After a SIGKILL of the postmaster its children hold the memory until they notice. */
	for (int attempt = 0; attempt < 20; attempt++) {
		int rc = spawn(c, err);
		if (rc != 0)
			return rc;
		if (wait_until_ready(c))
			return 0;
		usleep(200000);
	}
	return fail_with_log(c, "PostgreSQL does not start", err);
}

static int start_or_adopt(struct cft_cluster *c, struct cft_err *err)
{
	pid_t pid = left_behind(c);

	if (pid > 0) {
		c->pid = pid;
		c->adopted = true;
		if (wait_until_ready(c))
			return 0;
		c->pid = 0;
		c->adopted = false;
	}
	return start_anew(c, err);
}

/* -- the interface -- */

int cft_cluster_open(const struct cft_cluster_options *options, struct cft_cluster **ret_cluster,
                     struct cft_err *err)
{
	struct cft_cluster *c = cft_new(struct cft_cluster);

	c->lock_fd = -1;
	c->throw_away = options->throw_away;
	int rc = set_paths(c, options, err);
	if (rc == 0)
		rc = take_lock(c, err);
	if (rc == 0)
		rc = make_data(c, err);
	if (rc == 0)
		rc = start_or_adopt(c, err);
	if (rc == 0 && !c->throw_away)
		rc = cft_cluster_create_database(c, "confiture", err);
	if (rc != 0) {
		cft_cluster_close(c);
		return rc;
	}
	*ret_cluster = c;
	return 0;
}

static void wait_for_end(struct cft_cluster *c, int64_t patience_us)
{
	int64_t end = cft_clock_mono_us() + patience_us;

	while (running(c) && cft_clock_mono_us() < end)
		usleep(POLL_US);
}

static void stop(struct cft_cluster *c)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGKILL}; /* fast, immediate, at last */

	for (size_t i = c->throw_away ? 1 : 0; i < 3 && running(c); i++) {
		kill(c->pid, signals[i]);
		wait_for_end(c, STOP_PATIENCE_US);
	}
}

void cft_cluster_close(struct cft_cluster *c)
{
	if (!c)
		return;
	stop(c);
	if (c->own_socket_dir)
		rmdir(c->socket_dir);
	if (c->throw_away && c->own_directory)
		cft_file_remove_tree(c->directory);
	else if (c->throw_away && c->data)
		cft_file_remove_tree(c->data);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	free(c->directory);
	free(c->data);
	free(c->socket_dir);
	free(c->log);
	free(c->bin_dir);
	free(c);
}

void cft_cluster_url(const struct cft_cluster *c, const char *database, struct cft_buf *out)
{
	cft_buf_adds(out, "host='");
	for (const char *p = c->socket_dir; *p; p++) {
		if (*p == '\'' || *p == '\\')
			cft_buf_addc(out, '\\');
		cft_buf_addc(out, *p);
	}
	cft_buf_addf(out, "' port=5432 user=postgres dbname=%s", database);
}

int cft_cluster_create_database(const struct cft_cluster *c, const char *name, struct cft_err *err)
{
	struct cft_buf quoted = CFT_BUF_INIT;
	struct cft_pg *pg = NULL;
	struct cft_pg_result *found = NULL;
	int rc = try_connect(c, &pg, err);

	cft_pg_quote_name(&quoted, name);
	if (rc == 0)
		rc = cft_pg_exec_params(pg, "SELECT 1 FROM pg_database WHERE datname = $1", 1,
		                        &name, &found, err);
	if (rc == 0 && cft_pg_rows(found) == 0)
		rc = cft_pg_execf(pg, err, "CREATE DATABASE %s", cft_buf_str(&quoted));
	cft_pg_result_free(found);
	cft_pg_close(pg);
	cft_buf_release(&quoted);
	return rc;
}

int cft_cluster_supervise(struct cft_cluster *c, bool *ret_restarted, struct cft_err *err)
{
	*ret_restarted = false;
	if (running(c))
		return 0;
	int rc = spawn(c, err);
	*ret_restarted = rc == 0;
	return rc;
}

pid_t cft_cluster_pid(const struct cft_cluster *c)
{
	return c->pid;
}

bool cft_cluster_adopted(const struct cft_cluster *c)
{
	return c->adopted;
}

const char *cft_cluster_directory(const struct cft_cluster *c)
{
	return c->directory;
}
