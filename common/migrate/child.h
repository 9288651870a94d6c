/* Child: a python3 process, a pipe for messages each way, and what it prints.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate. Messages are JSON objects, one per line. Blocks.
 */
#ifndef CFT_MIGRATE_CHILD_H
#define CFT_MIGRATE_CHILD_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/json.h"

#include <stdbool.h>
#include <sys/types.h>

struct cft_mig_child {
	pid_t pid;
	int to, from, output; /* -1: closed */
	struct cft_buf received, printed;
	/* One line that the child printed, without its end. */
	void (*on_print)(void *ctx, const char *line);
	void *ctx;
};

/* `python -c program <fd> <fd>`; on_print and ctx are kept. CFT_E_CONFIG: no such interpreter. */
int cft_mig_child_start(struct cft_mig_child *child, const char *python, const char *program,
                        void (*on_print)(void *ctx, const char *line), void *ctx,
                        struct cft_err *err);
/* Takes the reference. CFT_E_FAILED where the child is gone. */
int cft_mig_child_send(struct cft_mig_child *child, json_t *takes_message, struct cft_err *err);
/* The next message (the caller's reference), or NULL in *ret where the child ended. */
int cft_mig_child_receive(struct cft_mig_child *child, json_t **ret, struct cft_err *err);
/* Closes, kills what still runs, reaps. Returns the wait status. */
int cft_mig_child_stop(struct cft_mig_child *child);

#endif
