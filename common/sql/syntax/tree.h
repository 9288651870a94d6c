/* Tree: reflection on libpg_query's parse trees, instead of code for each kind of node.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. Messages are borrowed; strings come from the arena passed in. Recursion
 * follows the tree: call under cft_sql_deep.
 */
#ifndef CFT_SQL_TREE_H
#define CFT_SQL_TREE_H

#include "common/base/arena.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The message inside a Node; NULL for NULL or an empty node. */
const ProtobufCMessage *cft_node_message(const PgQuery__Node *node);
/* Whether the message is of a type: CFT_TREE_IS(msg, type_name). */
#define CFT_TREE_IS(message, type) ((message)->descriptor == &pg_query__##type##__descriptor)
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
/* Wraps a message into a Node of the right case; shallow, from the arena. */
PgQuery__Node *cft_node_wrap(struct cft_arena *arena, const ProtobufCMessage *msg);

/* Calls fn for every direct child message; Nodes are unwrapped. */
void cft_tree_children(const ProtobufCMessage *message,
                       void (*fn)(const ProtobufCMessage *child, void *arg), void *arg);
/* Pre-order visit of every message below and including `message`, which may be NULL; false from the
 * visitor skips the children. */
typedef bool (*cft_tree_visit_fn)(void *arg, const ProtobufCMessage *message);
void cft_tree_walk(const ProtobufCMessage *message, cft_tree_visit_fn visit, void *arg);

/* 64 bits over the content of a message, locations left out. NULL gives 0. */
uint64_t cft_tree_digest(const ProtobufCMessage *message);

/* Text of an expression for people where it is simple (constants, columns, calls, casts,
 * operators), else "expression #<digest>": equal for equal expressions, and only for them. */
char *cft_tree_text(struct cft_arena *arena, const PgQuery__Node *node);

#endif
