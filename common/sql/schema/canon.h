/* Canon: one form for all spellings of a tree, and its SQL text.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. Trees are borrowed; strings come from the arena passed in.
 */
#ifndef CFT_SQL_CANON_H
#define CFT_SQL_CANON_H

#include "common/base/buf.h"
#include "common/sql/syntax/tree.h"

struct cft_env;
struct cft_object;

enum cft_canon_mode {
	CFT_CANON_EXACT, /* what is left out cannot matter: locations, OR REPLACE, default schemas
	                  */
	CFT_CANON_LOOSE, /* also what PostgreSQL writes differently when it prints a definition */
};

/* Appends a canonical form of the tree: two trees of the same meaning give the same bytes. `env`
 * resolves names; `scope` (may be NULL) is the table whose columns bare names are. */
void cft_tree_canon(const ProtobufCMessage *msg, const struct cft_env *env,
                    const struct cft_object *scope, enum cft_canon_mode mode, struct cft_buf *out);

/* Canonical type: "integer[]", "public.status", with modifiers "numeric(10,2)" if asked. */
void cft_tree_type(const PgQuery__TypeName *type, const struct cft_env *env, bool modifiers,
                   struct cft_buf *out);

/* The name PostgreSQL gives to an output column without an alias. */
const char *cft_output_name(const PgQuery__Node *val);

/* SQL text of an expression, type or whole statement. NULL where libpg_query's deparser does not
 * give back the same tree: use the source's text then. */
char *cft_tree_print_expr(struct cft_arena *arena, const PgQuery__Node *expr);
char *cft_tree_print_statement(struct cft_arena *arena, const ProtobufCMessage *stmt);

#endif
