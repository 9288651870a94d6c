/* Child: the prover process: one proof in a PostgreSQL of its own, and who watches over it.
 * SPDX-License-Identifier: MIT
 *
 * Two processes. The worker proves, and starts PostgreSQL. The supervisor only looks: it ends the
 * worker and all that came of it when they take too much, when the server says so, or when the
 * server is gone; and it goes last, when no process and no file is left.
 */
#include "server/prover/prover.h"

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/path.h"
#include "common/base/process.h"
#include "common/prove/prove.h"
#include "server/prover/frame.h"
#include "server/prover/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	NICE = 10,
	LOOK_MS = 100,
	QUIT_PATIENCE_US = 7000000, /* PostgreSQL kills its own after five seconds */
	END_PATIENCE_US = 12000000,
	LIBRARIES_MIB = 256, /* address space that programs and their shared memory take */
};

static void answer(int code, const char *text)
{
	struct cft_proof_answer header = {code, (uint32_t)strlen(text)};

	cft_fd_write(STDOUT_FILENO, &header, sizeof(header));
	cft_fd_write(STDOUT_FILENO, text, header.bytes);
}

/* -- the worker -- */

static bool read_texts(char *texts[CFT_PROOF_TEXTS])
{
	struct cft_proof_request request;
	bool ok = cft_fd_read(STDIN_FILENO, &request, sizeof(request));

	for (int i = 0; i < CFT_PROOF_TEXTS && ok; i++) {
		texts[i] = cft_malloc((size_t)request.bytes[i] + 1);
		ok = cft_fd_read(STDIN_FILENO, texts[i], request.bytes[i]);
		texts[i][request.bytes[i]] = '\0';
	}
	return ok;
}

static int prove(char *const texts[CFT_PROOF_TEXTS], json_t **ret, struct cft_err *err)
{
	struct cft_proof_input input = {texts[0], texts[1], texts[2]};
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_prover *prover = NULL;
	struct cft_proof proof;
	int rc = cft_prover_new(NULL, &prover, err);

	if (rc == 0)
		rc = cft_prove(prover, &input, &arena, &proof, err);
	if (rc == 0)
		*ret = cft_proof_to_json(&proof);
	cft_prover_free(prover);
	cft_arena_release(&arena);
	return rc;
}

/* What PostgreSQL starts with is limited with us. Writing beyond the limit is an error there. */
static void limit(const struct cft_proof_limits *limits)
{
	const struct cft_process_limits process = {
		.dies_with_parent = true,
		.memory_mib = (unsigned)(limits->memory_bytes >> 20) + LIBRARIES_MIB,
	};
	struct rlimit file = {limits->disk_bytes, limits->disk_bytes};

	cft_process_confine(&process);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &file);
}

static int work(const struct cft_proof_limits *limits, pid_t supervisor)
{
	char *texts[CFT_PROOF_TEXTS] = {NULL};
	struct cft_err err = CFT_ERR_INIT;
	json_t *proof = NULL;

	limit(limits);
	/* If it has ended before we asked to end with it, nobody would tell us. */
	bool ok = getppid() == supervisor && read_texts(texts);
	if (ok) {
		int rc = prove(texts, &proof, &err);
		char *json = rc == 0 ? cft_json_compact(proof) : NULL;
		cft_path_hide(err.message);
		answer(rc, rc == 0 ? json : err.message);
		free(json);
	}
	json_decref(proof);
	for (int i = 0; i < CFT_PROOF_TEXTS; i++)
		free(texts[i]);
	return ok ? 0 : 1;
}

/* -- the supervisor -- */

struct watch {
	struct cft_proof_limits limits;
	pid_t worker;
	int signals; /* a signalfd: SIGCHLD, and SIGUSR1 of the server */
	int status;  /* of the worker, when it has ended */
	bool looked_at_disk;
};

/* The server's work comes first, also when memory runs out. */
static void confine(const char *directory)
{
	int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	cft_process_confine(&(struct cft_process_limits){0});
	/* What loses its parent becomes our child: nothing gets away. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setpriority(PRIO_PROCESS, 0, NICE);
	setenv("TMPDIR", directory, 1);
	if (score >= 0) {
		cft_fd_write(score, "1000", 4);
		close(score);
	}
}

static void block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGUSR1);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static bool start_worker(struct watch *w)
{
	pid_t self = getpid();
	sigset_t set;

	block(&set);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->worker = fork();
	if (w->worker == 0) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		_exit(work(&w->limits, self));
	}
	return w->worker > 0 && w->signals >= 0;
}

/* Has the worker ended? Whatever else has is buried, too. */
static bool worker_ended(struct watch *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == w->worker) {
			w->worker = 0;
			w->status = status;
		}
	return w->worker == 0;
}

/* Waits for something to happen; false when the server wants no more of it. */
static bool wait_a_while(const struct watch *w)
{
	struct pollfd fds[] = {{STDIN_FILENO, POLLRDHUP, 0}, {w->signals, POLLIN, 0}};
	struct signalfd_siginfo info;

	poll(fds, 2, LOOK_MS);
	while (read(w->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGUSR1)
			return false;
	return !fds[0].revents;
}

/* free() it; NULL: within the limits. A look at the files costs more, and every second look does.
 */
static char *excess(struct watch *w)
{
	w->looked_at_disk = !w->looked_at_disk;
	if (cft_usage_memory(getpid()) > w->limits.memory_bytes)
		return cft_asprintf("the proof takes more memory than %llu MiB (prover.memory)",
		                    (unsigned long long)w->limits.memory_bytes >> 20);
	if (w->looked_at_disk && cft_usage_disk(w->limits.directory) > w->limits.disk_bytes)
		return cft_asprintf("the proof takes more of the disk than %llu MiB (prover.disk)",
		                    (unsigned long long)w->limits.disk_bytes >> 20);
	return NULL;
}

/* PostgreSQL is asked first: killed at once it would leave shared memory behind. */
static void end_all(const struct watch *w)
{
	int64_t start = cft_clock_mono_us(), now = start;

	if (w->worker > 0)
		kill(w->worker, SIGKILL);
	while (now - start < END_PATIENCE_US) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			break;
		if (pid == 0) {
			cft_usage_signal_children(
				getpid(), now - start < QUIT_PATIENCE_US ? SIGQUIT : SIGKILL);
			usleep(20000);
		}
		now = cft_clock_mono_us();
	}
}

static void answer_unprovable(const char *reason)
{
	json_t *proof = cft_proof_unprovable(reason);
	char *json = cft_json_compact(proof);

	answer(0, json);
	free(json);
	json_decref(proof);
}

/* Until the worker has ended, or has to; free() the reason. */
static char *watch(struct watch *w, bool *ret_unwanted)
{
	char *reason = NULL;

	while (!reason && !worker_ended(w)) {
		*ret_unwanted = !wait_a_while(w);
		if (*ret_unwanted)
			return NULL;
		reason = excess(w);
	}
	if (!reason && WIFSIGNALED(w->status))
		reason = cft_asprintf("the prover ended (signal %d)", WTERMSIG(w->status));
	return reason;
}

int cft_prover_child_main(const struct cft_proof_limits *limits)
{
	struct watch w = {.limits = *limits};
	bool unwanted = false, ok;

	confine(limits->directory);
	ok = start_worker(&w);
	char *reason = ok ? watch(&w, &unwanted) : NULL;
	end_all(&w);
	cft_file_remove_tree(limits->directory);
	if (reason)
		answer_unprovable(reason);
	free(reason);
	return ok && !unwanted ? 0 : 1;
}
