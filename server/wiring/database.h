/* Database: the PostgreSQL that holds the log: somebody's, or the embedded one.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_DATABASE_H
#define CFT_WIRING_DATABASE_H

#include "common/event/loop.h"
#include "server/wiring/settings.h"

struct cft_database;

/* Starts the embedded PostgreSQL where no URL is set. Blocks. */
int cft_database_open(struct cft_loop *loop, const struct cft_server_settings *settings,
                      struct cft_database **ret, struct cft_err *err);
/* Stops the embedded one. NULL is fine. */
void cft_database_close(struct cft_database *database);
const char *cft_database_url(const struct cft_database *database);
/* "embedded: <directory>", or host and database; no user, no password. */
const char *cft_database_shown(const struct cft_database *database);

#endif
