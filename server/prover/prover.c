/* Prover: the queue of proofs, and the process of the one that runs.
 * SPDX-License-Identifier: MIT
 */
#include "server/prover/prover.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/event/child.h"
#include "common/prove/prove.h"
#include "server/prover/frame.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

enum {
	TIMEOUT_MS = 120000,
	MAX_WAITING = 32,
	MAX_EACH = 2,
	RETRY_AFTER_MS = 5000,
	END_MS = 15000, /* that a proof may take to end; it gives itself twelve seconds */
	STALE_S = 60,
};

#define MAX_BYTES ((uint64_t)2 << 30)

struct cft_proof_job {
	struct cft_buf frame;
	char *owner;
	cft_prover_cb *cb;
	void *arg;
	struct cft_proof_job *prev, *next;
};

struct cft_prover_pool {
	struct cft_loop *loop;
	char *program;
	int64_t timeout_ms;
	uint64_t memory_bytes, disk_bytes;
	size_t max_waiting, max_each, n_waiting;
	struct cft_proof_job *waiting; /* a utlist, first in first out */
	struct cft_proof_job *job; /* the one that runs; NULL also if nobody wants it any more */
	struct cft_child *child;   /* its process */
	char *directory;           /* its files */
	int lock_fd;               /* of the directory: its server lives */
	struct cft_buf answer;
	struct cft_timer *timer;
	bool timed_out, ending, closing;
	struct cft_child *sweeper; /* removes what killed ones left */
};

static void job_free(struct cft_proof_job *job)
{
	cft_buf_release(&job->frame);
	free(job->owner);
	free(job);
}

static void job_end(struct cft_proof_job *job, json_t *proof, const struct cft_err *err)
{
	job->cb(job->arg, proof, err);
	job_free(job);
}

/* -- directories: a proof removes its own; what is left of killed ones is removed here -- */

#define PREFIX "confiture-prove"

static int make_directory(struct cft_prover_pool *pool, struct cft_err *err)
{
	int rc = cft_file_temporary(PREFIX, &pool->directory, err);

	/* PostgreSQL may run as another user, who has to pass. */
	if (rc == 0 && chmod(pool->directory, 0711) != 0)
		rc = cft_fail_errno(err, errno, "cannot open %s", pool->directory);
	if (rc == 0) {
		pool->lock_fd = open(pool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (pool->lock_fd < 0 || flock(pool->lock_fd, LOCK_EX | LOCK_NB) != 0)
			rc = cft_fail_errno(err, errno, "cannot lock %s", pool->directory);
	}
	return rc;
}

/* Without blocking: a data directory has a thousand files. */
static void sweep(struct cft_prover_pool *pool, const char *const *paths, size_t n)
{
	static const char *const rm[] = {"rm", "-rf", "--"};
	const char **argv = cft_calloc(n + 4, sizeof(*argv));
	struct cft_child_options options = {.argv = argv};
	struct cft_err ignored = CFT_ERR_INIT;

	memcpy(argv, rm, sizeof(rm));
	memcpy(argv + 3, paths, n * sizeof(*paths));
	cft_child_free(pool->sweeper);
	pool->sweeper = NULL;
	cft_child_spawn(pool->loop, &options, &pool->sweeper, &ignored);
	free(argv);
}

static void remove_directory(struct cft_prover_pool *pool)
{
	const char *path = pool->directory;

	if (path && rmdir(path) != 0 && errno != ENOENT)
		sweep(pool, &path, 1);
	free(pool->directory);
	pool->directory = NULL;
	if (pool->lock_fd >= 0)
		close(pool->lock_fd);
	pool->lock_fd = -1;
}

/* Ours by name and owner, of some age, and no living server has it locked. */
static bool is_stale(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool stale = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	             time(NULL) - st.st_mtime > STALE_S && flock(fd, LOCK_EX | LOCK_NB) == 0;

	if (fd >= 0)
		close(fd);
	return stale;
}

/* A server and its proof that were killed at once, by the end of the machine say, left files. */
static void sweep_stale(struct cft_prover_pool *pool)
{
	const char *base = getenv("TMPDIR");
	char *pattern = cft_asprintf("%s/" PREFIX "-??????", base && base[0] ? base : "/tmp");
	glob_t found = {0};
	size_t n = 0;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		const char **paths = cft_calloc(found.gl_pathc, sizeof(*paths));
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (is_stale(found.gl_pathv[i]))
				paths[n++] = found.gl_pathv[i];
		if (n > 0)
			sweep(pool, paths, n);
		free(paths);
	}
	globfree(&found);
	free(pattern);
}

/* -- answers -- */

static json_t *not_provable(const struct cft_prover_pool *pool, int signal_number)
{
	char *reason = pool->timed_out
	                       ? cft_asprintf("the proof takes longer than %lld ms",
	                                      (long long)pool->timeout_ms)
	                       : cft_asprintf("the prover ended (signal %d)", signal_number);
	json_t *proof = cft_proof_unprovable(reason);

	free(reason);
	return proof;
}

/* What the child wrote: a proof (NULL with `err`: an error), or nothing whole (false). */
static bool read_answer(const struct cft_buf *answer, json_t **ret, struct cft_err *err)
{
	struct cft_proof_answer header;

	if (answer->len < sizeof(header))
		return false;
	memcpy(&header, answer->data, sizeof(header));
	if (answer->len != sizeof(header) + header.bytes)
		return false;
	const char *body = answer->data + sizeof(header);
	if (header.code != 0)
		cft_fail(err, header.code, "cannot prove here: %.*s", (int)header.bytes, body);
	else
		*ret = cft_json_parse(body, header.bytes, err);
	return true;
}

static void feed(struct cft_prover_pool *pool);

static void on_exit_child(void *ctx, int status, int signal_number)
{
	struct cft_prover_pool *pool = ctx;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_proof_job *job = pool->job;
	json_t *proof = NULL;

	(void)status;
	cft_timer_stop(pool->timer);
	if (job && !read_answer(&pool->answer, &proof, &err))
		proof = not_provable(pool, signal_number);
	cft_child_free(pool->child);
	pool->child = NULL;
	pool->job = NULL;
	pool->timed_out = pool->ending = false;
	cft_buf_release(&pool->answer);
	remove_directory(pool);
	if (job)
		job_end(job, proof, proof ? NULL : &err);
	json_decref(proof);
	feed(pool);
}

/* The child ends its PostgreSQL, removes its files and goes; on_exit_child tells. */
static void end_proof(struct cft_prover_pool *pool)
{
	pool->ending = true;
	cft_child_kill(pool->child, SIGUSR1);
	cft_timer_start(pool->timer, END_MS, 0);
}

static void on_output(void *ctx, int fd, const char *data, size_t len)
{
	struct cft_prover_pool *pool = ctx;

	if (fd != 1 || pool->answer.len > CFT_PROOF_ANSWER_MAX_BYTES)
		return; /* more of what is broken makes our memory no larger */
	cft_buf_add(&pool->answer, data, len);
	if (pool->answer.len > CFT_PROOF_ANSWER_MAX_BYTES && !pool->ending)
		end_proof(pool);
}

static void on_timeout(void *ctx)
{
	struct cft_prover_pool *pool = ctx;

	if (pool->ending) {
		cft_child_kill(pool->child, SIGKILL); /* its PostgreSQL follows */
		return;
	}
	pool->timed_out = true;
	end_proof(pool);
}

/* -- the process -- */

static int spawn(struct cft_prover_pool *pool, struct cft_err *err)
{
	int rc = make_directory(pool, err);
	char memory[24], disk[24];
	const char *const argv[] = {pool->program, "--prover", pool->directory, memory, disk, NULL};
	struct cft_child_options options = {
		.argv = argv,
		.bare_environment = true,
		.inherit_stderr = true,
		.on_output = on_output,
		.on_exit = on_exit_child,
		.ctx = pool,
	};

	snprintf(memory, sizeof(memory), "%llu", (unsigned long long)pool->memory_bytes);
	snprintf(disk, sizeof(disk), "%llu", (unsigned long long)pool->disk_bytes);
	if (rc == 0)
		rc = cft_child_spawn(pool->loop, &options, &pool->child, err);
	if (rc != 0)
		remove_directory(pool);
	return rc;
}

static void feed(struct cft_prover_pool *pool)
{
	struct cft_err err = CFT_ERR_INIT;

	while (!pool->child && pool->waiting && !pool->closing) {
		struct cft_proof_job *job = pool->waiting;

		DL_DELETE(pool->waiting, job);
		pool->n_waiting--;
		if (spawn(pool, &err) != 0) {
			job_end(job, NULL, &err);
			continue;
		}
		pool->job = job;
		cft_child_write(pool->child, job->frame.data, job->frame.len);
		cft_buf_release(&job->frame);
		cft_timer_start(pool->timer, pool->timeout_ms, 0);
	}
}

static size_t waiting_of(const struct cft_prover_pool *pool, const char *owner)
{
	const struct cft_proof_job *job;
	size_t n = 0;

	DL_FOREACH (pool->waiting, job)
		n += strcmp(job->owner, owner) == 0;
	return n;
}

/* It may have ended where its process could not be started. */
static bool holds(const struct cft_prover_pool *pool, const struct cft_proof_job *job)
{
	const struct cft_proof_job *one;

	DL_FOREACH (pool->waiting, one) {
		if (one == job)
			return true;
	}
	return pool->job == job;
}

static void refuse(const struct cft_prover_pool *pool, const char *owner, cft_prover_cb *cb,
                   void *arg)
{
	struct cft_err err;

	if (pool->closing)
		cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING",
		                "the server is stopping");
	else if (pool->n_waiting >= pool->max_waiting)
		cft_fail_reason(&err, CFT_E_LIMIT, "PROVER_BUSY", "%zu proofs are waiting already",
		                pool->n_waiting);
	else
		cft_fail_reason(&err, CFT_E_LIMIT, "PROVER_BUSY",
		                "%zu proofs of %s are waiting already", pool->max_each, owner);
	err.retry_after_ms = RETRY_AFTER_MS;
	cb(arg, NULL, &err);
}

struct cft_proof_job *cft_prover_pool_submit(struct cft_prover_pool *pool,
                                             const struct cft_proof_texts *texts, cft_prover_cb *cb,
                                             void *arg)
{
	const char *const v[CFT_PROOF_TEXTS] = {texts->base, texts->a, texts->b};
	struct cft_proof_request header;
	struct cft_proof_job *job;

	if (pool->closing || pool->n_waiting >= pool->max_waiting ||
	    waiting_of(pool, texts->owner) >= pool->max_each) {
		refuse(pool, texts->owner, cb, arg);
		return NULL;
	}
	job = cft_new(struct cft_proof_job);
	job->cb = cb;
	job->arg = arg;
	job->owner = cft_strdup(texts->owner);
	for (int i = 0; i < CFT_PROOF_TEXTS; i++)
		header.bytes[i] = (uint32_t)strlen(v[i]);
	cft_buf_add(&job->frame, &header, sizeof(header));
	for (int i = 0; i < CFT_PROOF_TEXTS; i++)
		cft_buf_add(&job->frame, v[i], header.bytes[i]);
	DL_APPEND(pool->waiting, job);
	pool->n_waiting++;
	feed(pool);
	return holds(pool, job) ? job : NULL;
}

void cft_prover_pool_cancel(struct cft_prover_pool *pool, struct cft_proof_job *job)
{
	assert(holds(pool, job));
	if (pool->job == job) {
		pool->job = NULL;
		end_proof(pool);
	} else {
		DL_DELETE(pool->waiting, job);
		pool->n_waiting--;
	}
	job_free(job);
}

/* -- life -- */

struct cft_prover_pool *cft_prover_pool_new(struct cft_loop *loop,
                                            const struct cft_prover_pool_options *options)
{
	struct cft_prover_pool *pool = cft_new(struct cft_prover_pool);

	pool->loop = loop;
	pool->program = options->program ? cft_strdup(options->program)
	                                 : cft_process_program("confiture-server");
	pool->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	pool->max_waiting = options->max_waiting ? options->max_waiting : MAX_WAITING;
	pool->max_each = options->max_each ? options->max_each : MAX_EACH;
	pool->memory_bytes = options->memory_bytes ? options->memory_bytes : MAX_BYTES;
	pool->disk_bytes = options->disk_bytes ? options->disk_bytes : MAX_BYTES;
	pool->lock_fd = -1;
	pool->timer = cft_timer_new(loop, on_timeout, pool);
	sweep_stale(pool);
	return pool;
}

void cft_prover_pool_free(struct cft_prover_pool *pool)
{
	struct cft_proof_job *job, *next;
	struct cft_err err;

	if (!pool)
		return;
	pool->closing = true;
	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	if (pool->child) { /* the loop is at its end: now it may block */
		cft_child_kill(pool->child, SIGUSR1);
		cft_child_wait(pool->child, END_MS);
	}
	cft_child_free(pool->child);
	if (pool->job)
		job_end(pool->job, NULL, &err);
	DL_FOREACH_SAFE(pool->waiting, job, next)
	{
		DL_DELETE(pool->waiting, job);
		job_end(job, NULL, &err);
	}
	cft_child_free(pool->sweeper);
	if (pool->directory)
		cft_file_remove_tree(pool->directory);
	free(pool->directory);
	if (pool->lock_fd >= 0)
		close(pool->lock_fd);
	cft_buf_release(&pool->answer);
	cft_timer_free(pool->timer);
	free(pool->program);
	free(pool);
}
