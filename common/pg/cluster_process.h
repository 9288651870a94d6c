/* Cluster's processes: starting PostgreSQL's programs as the right user, in a clean environment.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_PG_CLUSTER_PROCESS_H
#define CFT_PG_CLUSTER_PROCESS_H

#include "common/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct cft_run_as {
	bool drop; /* we are root: become this user */
	uid_t uid;
	gid_t gid;
};

/* The user for a cluster in `directory`, which may not exist yet. */
int cft_run_as_choose(const char *directory, struct cft_run_as *ret, struct cft_err *err);

/* Starts a program in a session of its own, its output appended to `log`. `death_signal` (0 = none)
 * is sent to it when the calling thread ends. Returns its pid, or -1 with `err`. */
pid_t cft_cluster_spawn(const char *const *argv, const struct cft_run_as *as, const char *log,
                        int death_signal, struct cft_err *err);
/* Waits for it; true if it ended with status 0. */
bool cft_cluster_wait(pid_t pid);
/* False also for one that ended and that nobody has waited for yet. */
bool cft_process_alive(pid_t pid);
/* True if that user can reach the directory. */
bool cft_run_as_reaches(const struct cft_run_as *as, const char *directory);

#endif
