/* Http: /metrics, /healthz and /readyz for monitoring, on a port and a thread of their own.
 * SPDX-License-Identifier: MIT
 *
 * libevent's HTTP server, which reads nothing but atomics (server/metrics): a client that is slow
 * or hostile here costs the coordination nothing. GET and HEAD only, headers of 8 KiB and no body,
 * 5 seconds for a request.
 */
#ifndef CFT_HTTP_HTTP_H
#define CFT_HTTP_HTTP_H

#include "common/base/err.h"
#include "server/metrics/metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_http;

/* Serves "127.0.0.1:9464"; port 0 takes a free one. `metrics` is borrowed and outlives it.
 * CFT_E_UNAVAILABLE, reason ADDRESS_IN_USE, where the address is taken. */
int cft_http_start(const char *listen, struct cft_metrics *metrics, struct cft_http **ret,
                   struct cft_err *err);
int cft_http_port(const struct cft_http *http);
/* Waits for the thread. NULL is fine. */
void cft_http_stop(struct cft_http *http);

#ifdef __cplusplus
}
#endif

#endif
