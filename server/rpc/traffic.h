/* Traffic: whether what a connection does is what clients do.
 * SPDX-License-Identifier: MIT
 *
 * A call costs the server most of its work before any limit of callers can see it: its headers are
 * read, and it waits for its message. Who means to be answered sends that message, and keeps to the
 * number of calls at a time that he was told. A connection that opens more of them, or many without
 * a message, only makes work: it is an abuser, however few bytes it sends.
 *
 * Pure: no sockets, no clock. Single-threaded.
 */
#ifndef CFT_SERVER_RPC_TRAFFIC_H
#define CFT_SERVER_RPC_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What came over a connection since it began. */
struct cft_traffic {
	int64_t started;  /* calls */
	int64_t ended;    /* of them, however */
	int64_t messages; /* whole ones, from the client */
	int64_t handled;  /* calls that a handler has now */
};

/* What is remembered of a connection between two looks; begins as zeros. */
struct cft_traffic_account {
	struct cft_traffic seen;
	int64_t at_ms;
	int64_t empty; /* calls whose message has not come, less what was forgiven since */
	/* Open calls whose message has not come. Messages of other calls do not make up for them.
	 */
	int64_t waiting;
	int64_t aged; /* those of them that waited at the last ripe look */
	/* Those that had waited from one ripe look to the next. They cost their memory, and their
	 * end costs more, all at once when whoever has them goes. */
	int64_t unfinished;
};

/* Calls without a message that are forgiven each second: a client may cancel. */
enum { CFT_TRAFFIC_FORGIVEN = 500 };

/* Takes the counts of `now_ms` into the account; true: an abuser. `max_calls` is what clients are
 * told: so many calls may wait for their message. A quarter more may be open, for clients that
 * begin before they have been told. `ripe`: since the last ripe look the process has worked for
 * long enough to find the messages of the calls that it had read the headers of, if they had come.
 */
bool cft_traffic_abuses(struct cft_traffic_account *account, const struct cft_traffic *now,
                        int64_t max_calls, int64_t now_ms, bool ripe);

#ifdef __cplusplus
}
#endif

#endif
