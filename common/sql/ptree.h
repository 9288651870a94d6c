/* Ptree: generic walks over libpg_query parse trees, by reflection instead of code per node.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. Messages are borrowed; strings come from the arena passed in.
 */
#ifndef CFT_SQL_PTREE_H
#define CFT_SQL_PTREE_H

#include "common/base/arena.h"
#include "common/base/buf.h"

#include <pg_query/pg_query.pb-c.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct cft_env;
struct cft_object;

/* The message inside a Node; NULL for NULL or an empty node. */
const ProtobufCMessage *cft_node_message(const PgQuery__Node *node);
/* The message as the wanted type, or NULL where it is of another one:
 * CFT_AS(PgQuery__TypeName, pg_query__type_name, msg). */
#define CFT_AS(type, prefix, msg) \
	((msg) != NULL && (msg)->descriptor == &prefix##__descriptor ? (const type *)(msg) : NULL)

/* Text of a String node, or NULL. */
const char *cft_node_string(const PgQuery__Node *node);
/* A List node's (or NULL's) items. */
PgQuery__Node **cft_node_list(const PgQuery__Node *node, size_t *ret_n);
/* Splits a (possibly qualified) name given as String nodes; *ret_schema is "" when unqualified. */
void cft_names_split(PgQuery__Node *const *names, size_t n, const char **ret_schema,
                     const char **ret_name);

/* Pre-order visit of every message below and including `msg`; false from the visitor skips the
 * children. */
typedef bool (*cft_tree_visit_fn)(void *ctx, const ProtobufCMessage *msg);
void cft_tree_walk(const ProtobufCMessage *msg, cft_tree_visit_fn visit, void *ctx);

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

/* Wraps a message into a Node of the right case; shallow, from the arena. */
PgQuery__Node *cft_node_wrap(struct cft_arena *arena, const ProtobufCMessage *msg);

#endif
