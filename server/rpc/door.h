/* Door: accepts connections, and lets in those that gRPC should spend work on.
 * SPDX-License-Identifier: MIT
 *
 * gRPC has no bound on connections, spends some hundred microseconds of its one thread on each, and
 * stops listening for good when descriptors run out. So a thread of ours accepts instead. A
 * connection waits here, for the price of a descriptor, until it has said the first bytes of
 * HTTP/2 (or of TLS) and it is its turn: so many a second of one address, and so many open in all
 * and of one address. One too many is closed at once; clients try again.
 *
 * Who is in is watched while the process works: a connection whose traffic only makes work
 * (server/rpc/traffic.h) is ended, what it sent and nobody has read is thrown away, and the next
 * connections of its address wait longer for their turn. So are those with the most calls that wait
 * for their message, where all connections together have too many: the more connections there are,
 * the fewer may each of them have.
 *
 * `let_in` gets a connected, non-blocking descriptor and owns it. That it closed it is found out by
 * looking (its inode), so the counts may be a second late, to the high side.
 */
#ifndef CFT_SERVER_RPC_DOOR_H
#define CFT_SERVER_RPC_DOOR_H

#include "server/rpc/listen.h"
#include "server/rpc/peers.h"
#include "server/rpc/traffic.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_door;

struct cft_door_options {
	const char *address;
	struct cft_peers_limits limits; /* connections: less where descriptors would not do */
	bool tls;
	int silence_ms; /* a connection that says nothing for so long is closed */
	void (*let_in)(void *ctx, int listener, int fd); /* on the door's thread */
	/* What came over the connection of a client that was let in; false: not known. On the
	 * door's thread. NULL: nobody is judged by it. */
	bool (*traffic)(void *ctx, const struct sockaddr *client, int64_t now_ms,
	                struct cft_traffic *ret);
	void (*left)(void *ctx, const struct sockaddr *client); /* with `traffic` */
	int64_t max_calls;      /* of a connection at a time, as clients are told */
	int64_t max_unfinished; /* calls without a message, of all connections; 0 = no limit */
	void *ctx;
};

struct cft_door_stats {
	size_t open; /* also those that wait */
	size_t waiting;
	size_t most;       /* limits.connections, as it is in force */
	size_t refused;    /* one too many */
	size_t dropped;    /* silent, of another protocol, or shed */
	size_t abusers;    /* ended for their traffic */
	size_t unfinished; /* calls without a message, when the process last worked */
};

/* Binds, and raises the process's soft limit of descriptors to the hard one. Errors of
 * cft_listen_open. */
int cft_door_open(const struct cft_door_options *options, struct cft_door **ret,
                  struct cft_err *err);
int cft_door_port(const struct cft_door *door);
/* Starts the thread. */
void cft_door_start(struct cft_door *door);
/* Stops listening and waits for the thread: afterwards `let_in` is not called any more. */
void cft_door_stop(struct cft_door *door);
void cft_door_free(struct cft_door *door); /* NULL is fine */
/* Any thread. Within a second the connections that said most are ended, and for a second nobody
 * comes in: for a process whose memory is used up by calls that no gate has seen yet. */
void cft_door_shed(struct cft_door *door);
/* Any thread. */
void cft_door_measure(const struct cft_door *door, struct cft_door_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
