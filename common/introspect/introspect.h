/* Introspect: the schema of a live database, read from its catalog.
 * SPDX-License-Identifier: MIT
 *
 * Asks PostgreSQL for the definition of every object that `pg_dump -s` would show and writes it
 * down as DDL, which common/sql reads like any other text: one reader, one model. No pg_dump is
 * needed, of any version. Blocks; the connection must not be in a transaction, and is as before
 * afterwards. Only SELECTs run, in one read-only transaction: all of it is of one moment.
 *
 * Left out: what belongs to extensions, temporary objects, tablespaces of indexes, and (unless the
 * role is a superuser) subscriptions, whose connection strings others may not see.
 */
#ifndef CFT_INTROSPECT_INTROSPECT_H
#define CFT_INTROSPECT_INTROSPECT_H

#include "common/pg/pg.h"
#include "common/sql/schema/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the DDL: a statement per object, names qualified, in an order that only the reader
 * minds. Errors: those of pg.h. */
int cft_introspect_text(struct cft_pg *pg, struct cft_buf *out, struct cft_err *err);
/* The same, read. `name` is what messages call the database. */
int cft_introspect_schema(struct cft_pg *pg, const char *name, struct cft_schema **ret,
                          struct cft_err *err);
/* The same with a connection of its own, as the CLI's sources want it. */
int cft_introspect_url(const char *url, struct cft_buf *out, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
