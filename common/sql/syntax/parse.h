/* Parse: SQL text to libpg_query's trees, safely.
 * SPDX-License-Identifier: MIT
 *
 * libpg_query can be crashed: its recursion follows the input's. Here text is checked first (NUL,
 * UTF-8, size), cut into statements, and each statement is held to a number of tokens. Recursion
 * depth and stack use grow with the tokens, so short statements are parsed on the caller's stack
 * (2 MB of it must be free) and long ones on a thread whose stack was sized for them. The same
 * holds for whoever walks a tree: walk under cft_sql_deep.
 *
 * Trees live in the caller's arena: nothing is freed one by one. Any thread; blocks only while it
 * computes. Identifiers in trees are already folded and cut to 63 bytes.
 */
#ifndef CFT_SQL_PARSE_H
#define CFT_SQL_PARSE_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct PgQuery__Node; /* PgQuery__Node of <pg_query/pg_query.pb-c.h> */
struct cft_sql_script;

enum {
	CFT_SQL_MAX_BYTES = 4 << 20,  /* default limit of a text */
	CFT_SQL_MAX_TOKENS = 200000,  /* default limit of a statement */
	CFT_SQL_SHALLOW_TOKENS = 800, /* at most so many: safe on any stack of ours */
};

struct cft_parse_options {
	size_t max_bytes;    /* 0: CFT_SQL_MAX_BYTES */
	uint32_t max_tokens; /* per statement; 0: CFT_SQL_MAX_TOKENS */
	bool psql;           /* skip psql's backslash commands and COPY data (dumps, files) */
	bool sketch;         /* accept a literal `...` as "left out for now" */
	bool opaque;         /* keep what the grammar does not know as a statement without tree */
	bool keep;           /* keep what the parser gave, so that the script can be `known` */
	const struct cft_sql_script *known; /* what was kept of another text, or NULL: statements of
	                                     * the same words are not parsed again */
};

struct cft_sql_stmt {
	const char *text;   /* the statement without its semicolon; arena, NUL-terminated */
	size_t len;         /* of text */
	size_t offset;      /* of its first byte in the whole text */
	int line, column;   /* of its first byte, from 1 */
	uint32_t tokens;    /* bounds the depth of the tree */
	bool sketch;        /* held `...`, which was read as nothing */
	const char *opaque; /* why there is no tree, or NULL */
	const struct PgQuery__Node *tree;
	const unsigned char *packed; /* the tree as the parser gave it, where it was kept */
	size_t packed_len;
};

struct cft_sql_script {
	struct cft_sql_stmt *v;
	size_t n;
	uint32_t max_tokens; /* of its longest statement: what to pass to cft_sql_deep */
};

/* Parses a whole script. CFT_E_INVALID (bytes), CFT_E_LIMIT (size), CFT_E_SYNTAX with line and
 * column in the whole text. `options` may be NULL: plain SQL, nothing skipped, nothing opaque. */
int cft_sql_parse(const char *sql, size_t len, const struct cft_parse_options *options,
                  struct cft_arena *arena, struct cft_sql_script *ret, struct cft_err *err);

/* Runs fn(arg) on a stack deep enough for trees of statements of so many tokens: on the caller's
 * own, or on a thread that this call waits for. Returns what fn returns; CFT_E_LIMIT if no stack
 * can be had. Calls may nest. */
int cft_sql_deep(uint32_t tokens, int (*fn)(void *arg), void *arg, struct cft_err *err);

/* Canonical text of a tree (libpg_query's deparser), for comparing; NULL where it cannot. Call
 * under cft_sql_deep. Two equal texts mean the same thing; it is not meant to be executed. */
char *cft_sql_deparse(const struct PgQuery__Node *tree, struct cft_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
