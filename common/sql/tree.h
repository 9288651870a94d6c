/* Tree: reflection on libpg_query's messages: children, unwrapping, and a digest that ignores where
 * things stand in the text.
 * SPDX-License-Identifier: MIT
 *
 * Recursion follows the tree: call under cft_sql_deep.
 */
#ifndef CFT_SQL_TREE_H
#define CFT_SQL_TREE_H

#include "common/base/arena.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>
#include <stdint.h>

/* The message inside a Node; NULL for NULL and for an empty node. */
const ProtobufCMessage *cft_tree_unwrap(const PgQuery__Node *node);

/* Calls fn for every direct child message; Nodes are unwrapped. */
void cft_tree_children(const ProtobufCMessage *message,
                       void (*fn)(const ProtobufCMessage *child, void *arg), void *arg);

/* 64 bits over the content of a message, locations left out. NULL gives 0. */
uint64_t cft_tree_digest(const ProtobufCMessage *message);

/* Text of an expression for people where it is simple (constants, columns, calls, casts,
 * operators), else "expression #<digest>": equal for equal expressions, and only for them. */
char *cft_tree_text(struct cft_arena *arena, const PgQuery__Node *node);

#define CFT_TREE_IS(message, type) ((message)->descriptor == &pg_query__##type##__descriptor)

#endif
