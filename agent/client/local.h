/* Local: the places of the local server, and the database that a project's local server uses.
 * SPDX-License-Identifier: MIT
 *
 * All block (files). Strings live in the given arena.
 */
#ifndef CFT_CLIENT_LOCAL_H
#define CFT_CLIENT_LOCAL_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the first local server listens: CONFITURE_LOCAL_ADDRESS, or "127.0.0.1:7430". */
const char *cft_local_address(void);
/* Where its data, log and lock live: CONFITURE_DATA_DIR, else $XDG_DATA_HOME/confiture, else
 * ~/.local/share/confiture. Root's home is closed to the user that PostgreSQL runs as, so root
 * gets /var/lib/confiture there. Not created. */
const char *cft_local_dir(struct cft_arena *arena);
/* The log of the local server of a database; `url` NULL is the embedded one. */
const char *cft_local_log_path(struct cft_arena *arena, const char *url);

/* The database that `coordinate init --db-url` recorded for the project; *ret_url NULL where none
 * is. Recorded without password, in a file of mode 0600. */
int cft_local_database(struct cft_arena *arena, const char *project, const char **ret_url,
                       struct cft_err *err);
int cft_local_record_database(struct cft_arena *arena, const char *project, const char *url,
                              struct cft_err *err);

/* The connection string (URI or keywords) without its password; *ret_had tells if there was one. */
const char *cft_local_strip_password(struct cft_arena *arena, const char *url, bool *ret_had);

#ifdef __cplusplus
}
#endif

#endif
