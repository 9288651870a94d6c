/* Child: programs that the loop starts, talks to through pipes, and hears the end of.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only. A child that reads its standard input sees its end when our process ends,
 * however it ends.
 */
#ifndef CFT_EVENT_CHILD_H
#define CFT_EVENT_CHILD_H

#include "common/event/loop.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_child;

struct cft_child_options {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in PATH */
	/* Of our environment only what a program needs to run: nothing that is secret (connection
	 * strings, tokens) for a child that works on what other people send. */
	bool bare_environment;
	const char *cwd;     /* NULL = ours */
	bool inherit_stderr; /* ours, and no on_output for it */
	/* Bytes of the child's standard output (fd 1) and error (fd 2); len 0 is its end. NULL:
	 * both go nowhere. */
	void (*on_output)(void *ctx, int fd, const char *data, size_t len);
	/* Once, after both outputs have ended: exit status, or signal != 0. */
	void (*on_exit)(void *ctx, int status, int signal);
	void *ctx;
};

/* Strings are copied. CFT_E_NOT_FOUND where there is no such program. */
int cft_child_spawn(struct cft_loop *loop, const struct cft_child_options *options,
                    struct cft_child **ret_child, struct cft_err *err);
pid_t cft_child_pid(const struct cft_child *child); /* 0 after its end */
/* Copies the bytes; they are dropped where the child has closed its standard input. */
void cft_child_write(struct cft_child *child, const void *data, size_t len);
/* Bytes that the child has not taken yet. */
size_t cft_child_backlog(const struct cft_child *child);
void cft_child_close_input(struct cft_child *child); /* after what was written */
void cft_child_kill(struct cft_child *child, int number);
/* Blocks until it has ended, without telling of it; false: it still runs. At a program's end. */
bool cft_child_wait(const struct cft_child *child, int timeout_ms);
/* No callback comes afterwards. A child that still runs is killed (SIGKILL) and reaped. */
void cft_child_free(struct cft_child *child); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
