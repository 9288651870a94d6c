/* Dump: the schema of a live database as pg_dump writes it.
 * SPDX-License-Identifier: MIT
 *
 * Runs the installed pg_dump (of PATH, else the newest below /usr/lib/postgresql) and waits for it.
 * Connection and password go through its environment: process lists do not show them.
 */
#ifndef CFT_PG_DUMP_H
#define CFT_PG_DUMP_H

#include "common/base/buf.h"
#include "common/base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the DDL. CFT_E_CONFIG: the URL is malformed, or there is no pg_dump; CFT_E_UNAVAILABLE:
 * pg_dump failed (its message is in `err`). Not where other threads start programs. */
int cft_pg_dump_schema(const char *url, struct cft_buf *out, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
