/* Access: the guard and the database's credentials, put together.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_ACCESS_H
#define CFT_WIRING_ACCESS_H

#include "server/rpc/guard.h"
#include "server/store/store.h"
#include "server/wiring/settings.h"
#include "server/wiring/targets.h"

/* The guard that the settings and the targets ask for. All borrowed, and outlive it. */
struct cft_guard *cft_access_new(struct cft_loop *loop, struct cft_store *store,
                                 struct cft_metrics *metrics,
                                 const struct cft_server_settings *settings,
                                 const struct cft_targets *targets);

#endif
