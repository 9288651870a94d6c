/* Internal: how the store's files share its connections.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_STORE_INTERNAL_H
#define CFT_STORE_INTERNAL_H

#include "common/pg/async.h"
#include "server/store/store.h"

/* The connection that has least to do, of those that are up. */
struct cft_pg_async *cft_store_idlest(struct cft_store *store);
/* Appends a write group: what the connections prepare (append.sql), and the call of the function
 * alone, with the same parameters and rows, for a connection that keeps no plan. */
extern const char cft_store_append_sql[];
extern const char cft_store_append_call_sql[];

/* Runs a statement on the least busy connection. The reply comes in a later turn. Without
 * parameters, several statements in one text are one transaction. */
void cft_store_run(struct cft_store *store, const char *sql, size_t n, const char *const *values,
                   cft_pg_reply_fn fn, void *ctx);
/* The same with the rows as text. */
void cft_store_rows(struct cft_store *store, const char *sql, size_t n, const char *const *values,
                    cft_rows_cb *cb, void *ctx);

#endif
