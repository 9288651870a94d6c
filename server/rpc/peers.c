/* Peers: a count and a token bucket for each address.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/peers.h"

#include "common/base/mem.h"
#include "server/rpc/quota.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uthash.h>

/* Longer than a bucket takes to fill. */
enum { REMEMBERED_MS = 5000 };

struct key {
	uint16_t family;
	uint8_t bytes[8]; /* an IPv4 address, or an IPv6 network */
};

struct cft_peer {
	struct key key;
	size_t connections;
	struct cft_quota *quota;
	int64_t heard_ms;
	UT_hash_handle hh;
};

struct cft_peers {
	struct cft_peers_limits limits;
	size_t connections;
	struct cft_peer *all;
};

static struct key key_of(const struct sockaddr *address)
{
	struct key key;

	memset(&key, 0, sizeof(key)); /* padding is hashed too */
	key.family = address->sa_family;
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;
		memcpy(key.bytes, &v4->sin_addr, sizeof(v4->sin_addr));
	} else if (address->sa_family == AF_INET6) {
		const struct in6_addr *v6 =
			&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(v6)) {
			key.family = AF_INET;
			memcpy(key.bytes, v6->s6_addr + 12, 4);
		} else {
			memcpy(key.bytes, v6->s6_addr, sizeof(key.bytes));
		}
	}
	return key;
}

struct cft_peers *cft_peers_new(const struct cft_peers_limits *limits)
{
	struct cft_peers *peers = cft_new(struct cft_peers);

	peers->limits = *limits;
	return peers;
}

static void drop(struct cft_peers *peers, struct cft_peer *peer)
{
	HASH_DEL(peers->all, peer);
	cft_quota_free(peer->quota);
	free(peer);
}

void cft_peers_free(struct cft_peers *peers)
{
	struct cft_peer *peer, *next;

	if (!peers)
		return;
	HASH_ITER (hh, peers->all, peer, next)
		drop(peers, peer);
	free(peers);
}

static struct cft_peer *find_or_add(struct cft_peers *peers, const struct key *key)
{
	struct cft_peer *peer;

	HASH_FIND(hh, peers->all, key, sizeof(*key), peer);
	if (peer)
		return peer;
	peer = cft_new(struct cft_peer);
	peer->key = *key;
	peer->quota = cft_quota_new(peers->limits.per_second);
	HASH_ADD(hh, peers->all, key, sizeof(peer->key), peer);
	return peer;
}

struct cft_peer *cft_peers_enter(struct cft_peers *peers, const struct sockaddr *address)
{
	struct key key = key_of(address);
	size_t most = peers->limits.connections_per_address;
	struct cft_peer *peer;

	if (peers->connections >= peers->limits.connections)
		return NULL;
	peer = find_or_add(peers, &key);
	if (most && peer->connections >= most)
		return NULL;
	peer->connections++;
	peers->connections++;
	return peer;
}

void cft_peers_leave(struct cft_peers *peers, struct cft_peer *peer)
{
	assert(peer->connections > 0 && peers->connections > 0);
	peer->connections--;
	peers->connections--;
}

int64_t cft_peers_wait_ms(struct cft_peer *peer, int64_t now_ms)
{
	peer->heard_ms = now_ms;
	return cft_quota_take(peer->quota, now_ms);
}

void cft_peers_delay(struct cft_peer *peer, int64_t ms)
{
	cft_quota_charge(peer->quota, ms);
}

void cft_peers_forget(struct cft_peers *peers, int64_t now_ms)
{
	struct cft_peer *peer, *next;

	HASH_ITER (hh, peers->all, peer, next) {
		if (peer->connections == 0 && now_ms - peer->heard_ms > REMEMBERED_MS)
			drop(peers, peer);
	}
}

size_t cft_peers_connections(const struct cft_peers *peers)
{
	return peers->connections;
}

size_t cft_peers_addresses(const struct cft_peers *peers)
{
	return HASH_COUNT(peers->all);
}
