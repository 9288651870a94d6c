/* Autostart: the local server of a database, started when somebody needs it.
 * SPDX-License-Identifier: MIT
 *
 * Race-free: whoever wants to start takes a file lock first and looks again under it; the rest
 * wait and find the server running. The server is detached (its own session) and outlives the
 * command; it logs to cft_local_log_path.
 */
#ifndef CFT_CLIENT_AUTOSTART_H
#define CFT_CLIENT_AUTOSTART_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes sure that the local server of the database runs; `url` NULL is an embedded PostgreSQL.
 * *ret_address is where it listens, *ret_started tells if this call started it. Blocks until it
 * listens. UNAVAILABLE where it does not come up (with the end of its log), TIMEOUT where somebody
 * else's start takes too long. Call it before anything of gRPC: it forks. */
int cft_autostart(struct cft_arena *arena, const char *url, const char **ret_address,
                  bool *ret_started, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
