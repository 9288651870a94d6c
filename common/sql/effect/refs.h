/* Refs: what a query or an expression needs to exist: relations, columns, functions, types,
 * sequences, keys; with the query level of each.
 * SPDX-License-Identifier: MIT
 *
 * Recursion follows the tree: call under cft_sql_deep.
 */
#ifndef CFT_SQL_REFS_H
#define CFT_SQL_REFS_H

#include "common/base/arena.h"
#include "common/base/vec.h"
#include "common/sql/effect/effect.h"
#include "common/sql/syntax/tree.h"

struct cft_refs {
	struct cft_arena *arena;
	CFT_VEC(struct cft_ref) list; /* in the arena */
	uint32_t flags;               /* added to every reference: CFT_REF_LATE … */
	uint16_t scopes;              /* scope numbers given out */
};

/* Adds one reference; returned pointer is valid until the next one is added. NULL strings are "".
 */
struct cft_ref *cft_refs_add(struct cft_refs *refs, enum cft_object_kind kind, const char *schema,
                             const char *name, const char *sub, uint32_t flags);

/* Opens a scope that holds one relation: for expressions of that relation (CHECK, defaults, index
 * expressions, triggers, policies). Returns its number. */
uint16_t cft_refs_scope(struct cft_refs *refs, const char *schema, const char *name,
                        const char *alias, uint32_t flags);

/* Collects from a query or a data statement (its own scopes), or an expression whose columns
 * belong to `scope` (0: none). */
void cft_refs_query(struct cft_refs *refs, const ProtobufCMessage *query);
void cft_refs_expr(struct cft_refs *refs, const PgQuery__Node *expr, uint16_t scope);
void cft_refs_type(struct cft_refs *refs, const PgQuery__TypeName *type, uint32_t flags);
/* A column of the relation in `scope`. */
void cft_refs_column(struct cft_refs *refs, const char *column, uint16_t scope, uint32_t flags);

/* The output column names of a query, comma separated; "*" or "alias.*" where all columns of the
 * relations are meant, "?column?" where PostgreSQL would say so. */
char *cft_refs_outputs(struct cft_arena *arena, const PgQuery__SelectStmt *select);

#endif
