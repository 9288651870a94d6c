/* Place: where the local server of a database listens. One database, one local server.
 * SPDX-License-Identifier: MIT
 *
 * Projects of one machine may keep their intents in different databases. The first local server
 * takes the default address, others a free port, and each start leaves a note of it in
 * <data>/servers: a project never talks to the server of another database. All block (files and
 * connections to loopback). Strings live in the given arena.
 */
#ifndef CFT_CLIENT_PLACE_H
#define CFT_CLIENT_PLACE_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True if something accepts TCP connections at "host:port". Waits at most a second. */
bool cft_place_listening(const char *address);

/* The address at which the server of the database listens now; NULL where none does. `url` NULL is
 * the embedded database. A server at the default address that nobody left a note of was started by
 * hand: it serves everybody. */
const char *cft_place_find(struct cft_arena *arena, const char *url);
/* An address for a new server: the default one, or a free port where that is in use. */
const char *cft_place_choose(struct cft_arena *arena);
/* Notes that the database's server is at the address, and that no other is. Under the lock. */
int cft_place_record(struct cft_arena *arena, const char *url, const char *address,
                     struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
