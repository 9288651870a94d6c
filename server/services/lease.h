/* Lease: renewing an agent's leases, for Heartbeat and for Participate.
 * SPDX-License-Identifier: MIT
 *
 * Private to server/services.
 */
#ifndef CFT_SERVICES_LEASE_H
#define CFT_SERVICES_LEASE_H

#include "server/services/service.h"

/* `response` is borrowed for the call; NULL with `err`. */
typedef void cft_heartbeat_cb(void *arg, const Confiture__V1__HeartbeatResponse *response,
                              const struct cft_err *err);
/* Renews what the request names, or every lease of the agent. The request and the arena live until
 * the callback. */
void cft_heartbeat_run(struct cft_coordination *coordination, struct cft_arena *arena,
                       const Confiture__V1__HeartbeatRequest *request, cft_heartbeat_cb *cb,
                       void *arg);

#endif
