/* Channelz: what gRPC counts of each connection.
 * SPDX-License-Identifier: MIT
 *
 * The counts come as JSON and cost some ten microseconds: for connections that seem busy. Found by
 * the client's address and port, of all servers of the process. One thread at a time; any.
 */
#ifndef CFT_SERVER_RPC_CHANNELZ_H
#define CFT_SERVER_RPC_CHANNELZ_H

#include "server/rpc/traffic.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sockaddr;
struct cft_channelz;

struct cft_channelz *cft_channelz_new(void);
void cft_channelz_free(struct cft_channelz *channelz); /* NULL is fine */
/* False: gRPC has no such connection, not yet or not any more. */
bool cft_channelz_traffic(struct cft_channelz *channelz, const struct sockaddr *client,
                          int64_t now_ms, struct cft_traffic *ret);
/* "ipv6:%5B…%5D:65535" */
enum { CFT_CHANNELZ_NAME_BYTES = 80 };
/* The client as gRPC names it, also to its calls. */
void cft_channelz_name(const struct sockaddr *client, char name[CFT_CHANNELZ_NAME_BYTES]);
/* The client's connection is over. */
void cft_channelz_forget(struct cft_channelz *channelz, const struct sockaddr *client);

#ifdef __cplusplus
}
#endif

#endif
