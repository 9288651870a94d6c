/* Health: the standard grpc.health.v1 service, a status per service.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only. Check answers NOT_FOUND for a service that was not added; Watch answers
 * SERVICE_UNKNOWN and goes on, as the protocol says. "" stands for the server as a whole.
 */
#ifndef CFT_SERVER_RPC_HEALTH_H
#define CFT_SERVER_RPC_HEALTH_H

#include "server/rpc/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_health;

/* Starts with "" NOT_SERVING. */
struct cft_health *cft_health_new(void);
/* After the server has stopped. NULL is fine. */
void cft_health_free(struct cft_health *health);
/* For cft_rpc_server_add. */
const struct cft_rpc_service *cft_health_service(const struct cft_health *health);
/* Adds a service or sets its status; `service` NULL sets all of them. Watchers are told. */
void cft_health_set(struct cft_health *health, const char *service, bool serving);
/* Everything NOT_SERVING, and every watcher's stream ended: before the server stops. */
void cft_health_shutdown(struct cft_health *health);

#ifdef __cplusplus
}
#endif

#endif
