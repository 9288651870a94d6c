/* Listen: the listening sockets of "host:port".
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVER_RPC_LISTEN_H
#define CFT_SERVER_RPC_LISTEN_H

#include "common/base/err.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CFT_LISTEN_MAX = 8 };

struct cft_listen {
	int fds[CFT_LISTEN_MAX]; /* non-blocking; a name may have several addresses */
	size_t n;
	int port;
};

/* Binds all addresses of the host; port 0 takes a free one, the same for all. Resolving a name
 * blocks. CFT_E_UNAVAILABLE, reason ADDRESS_IN_USE, where one of them is taken or not ours. */
int cft_listen_open(const char *address, struct cft_listen *ret, struct cft_err *err);
void cft_listen_close(struct cft_listen *listen);

#ifdef __cplusplus
}
#endif

#endif
