/* Peers: how many connections each address has, and whether one more may come in.
 * SPDX-License-Identifier: MIT
 *
 * Pure: no sockets, no clock. An IPv6 host owns its whole /64, so that is what counts as one
 * address there. Single-threaded.
 */
#ifndef CFT_SERVER_RPC_PEERS_H
#define CFT_SERVER_RPC_PEERS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sockaddr;
struct cft_peers;
struct cft_peer;

struct cft_peers_limits {
	size_t connections;             /* of all addresses */
	size_t connections_per_address; /* 0 = no limit */
	int64_t per_second; /* new ones of an address; twice that at once; 0 = no limit */
};

struct cft_peers *cft_peers_new(const struct cft_peers_limits *limits);
void cft_peers_free(struct cft_peers *peers); /* NULL is fine */

/* Counts one connection of the address: the peer, until cft_peers_leave; NULL where it is one too
 * many. */
struct cft_peer *cft_peers_enter(struct cft_peers *peers, const struct sockaddr *address);
void cft_peers_leave(struct cft_peers *peers, struct cft_peer *peer);
/* 0 and one connection of this second is used up; or the milliseconds to wait for the next. */
int64_t cft_peers_wait_ms(struct cft_peer *peer, int64_t now_ms);
/* The address's next connections wait for so many milliseconds, and then come one by one. */
void cft_peers_delay(struct cft_peer *peer, int64_t ms);
/* Forgets addresses without connections that have not been heard of for a while. */
void cft_peers_forget(struct cft_peers *peers, int64_t now_ms);
size_t cft_peers_connections(const struct cft_peers *peers);
size_t cft_peers_addresses(const struct cft_peers *peers);

#ifdef __cplusplus
}
#endif

#endif
