/* App: the server's parts, put together, run and taken apart in order.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_APP_H
#define CFT_WIRING_APP_H

#include "server/wiring/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_app;

/* Starts everything; blocks until the database is there and the address is bound. */
int cft_app_start(const struct cft_server_settings *settings, struct cft_app **ret,
                  struct cft_err *err);
/* "127.0.0.1:7430", with the port that was taken. */
const char *cft_app_address(const struct cft_app *app);
const char *cft_app_database(const struct cft_app *app); /* no user, no password */
/* Runs until SIGTERM or SIGINT and the end of the drain. Blocks. */
void cft_app_run(struct cft_app *app);
/* NULL and half-started ones are fine. */
void cft_app_free(struct cft_app *app);

#ifdef __cplusplus
}
#endif

#endif
