/* Lines: what waits for the loop, by the connection that it came over.
 * SPDX-License-Identifier: MIT
 *
 * The loop is one thread. If it took everything in the order in which it came, a connection that
 * starts or ends a thousand calls at once would keep all others waiting for as long as a thousand
 * take. So each connection has a line of its own, in its order, and the loop takes the first of
 * each line in turn: who asks for little waits for one of everybody else's.
 *
 * A line is known by the name that gRPC gives to the client's end, and exists while it has calls.
 */
#ifndef CFT_SERVER_RPC_LINES_H
#define CFT_SERVER_RPC_LINES_H

#include "common/event/mailbox.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_lines;
struct cft_line;

struct cft_lines *cft_lines_new(void);
void cft_lines_free(struct cft_lines *lines); /* without calls; NULL is fine */

/* Any thread: one more call of the connection, and its end. */
struct cft_line *cft_lines_join(struct cft_lines *lines, const char *peer);
void cft_lines_leave(struct cft_lines *lines, struct cft_line *line);
/* Any thread: the calls of a connection. */
size_t cft_lines_calls(struct cft_lines *lines, const char *peer);

/* The loop's thread: what is put belongs to a call of the line, which does not end before it is
 * taken. */
void cft_lines_put(struct cft_lines *lines, struct cft_line *line, struct cft_mail *mail);
struct cft_mail *cft_lines_take(struct cft_lines *lines); /* NULL: nothing waits */
size_t cft_lines_waiting(const struct cft_lines *lines);

#ifdef __cplusplus
}
#endif

#endif
