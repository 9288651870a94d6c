/* Schema: DDL text in, one model of all its objects out.
 * SPDX-License-Identifier: MIT
 *
 * Nothing here does I/O or needs a database. A schema is read-only once read; different threads may
 * use different schemas. Parsing hostile text is guarded as parse.h says.
 */
#ifndef CFT_SQL_SCHEMA_H
#define CFT_SQL_SCHEMA_H

#include "common/base/buf.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_schema;

/* Something that the reader could not take into the model: the kind and why. */
struct cft_refusal {
	const char *object; /* "table public.users", or the first words of the statement */
	const char *reason;
};

/* Reads DDL, hand-written or pg_dump's, its statements in any order; data statements and psql's
 * meta-commands are skipped. `name` is what errors call the text. Copies `text`.
 * Errors: CFT_E_SYNTAX with line and column, CFT_E_LIMIT. */
int cft_schema_read_text(const char *text, size_t len, const char *name, struct cft_schema **ret,
                         struct cft_err *err);
/* The same, and quicker where many statements are also in the text that `other` was read from:
 * these are not parsed again. Borrows `other` (may be NULL) during the call only. */
int cft_schema_read_beside(const char *text, size_t len, const char *name,
                           const struct cft_schema *other, struct cft_schema **ret,
                           struct cft_err *err);
void cft_schema_free(struct cft_schema *schema); /* NULL is fine */

/* Objects in the schema, sub-objects such as columns and constraints included. */
size_t cft_schema_count(const struct cft_schema *schema);
/* 64 hex digits over the canonical form: equal for two texts that mean the same schema, whatever
 * their order and spelling. Expressions count as they are written, so a dump, where PostgreSQL
 * wrote them anew, may have another one. The caller frees. */
char *cft_schema_fingerprint(const struct cft_schema *schema);
/* What was read but cannot be modelled; borrowed, *ret_count may be 0. */
const struct cft_refusal *cft_schema_refused(const struct cft_schema *schema, size_t *ret_count);

#ifdef __cplusplus
}
#endif

#endif
