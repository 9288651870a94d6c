/* Name: PostgreSQL identifiers, type names, generated names, and object keys as text.
 * SPDX-License-Identifier: MIT
 *
 * Pure functions; results live in the arena. Names from parse trees are folded and cut already.
 */
#ifndef CFT_SQL_NAME_H
#define CFT_SQL_NAME_H

#include "common/base/arena.h"
#include "common/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct PgQuery__TypeName;
struct PgQuery__Node;

enum { CFT_NAME_BYTES = 63 };

/* A name as written: schema "" when unqualified. */
struct cft_name {
	const char *schema;
	const char *name;
};

/* One identifier as a user types it ("Foo", foo, FOO): unquoted text is lower-cased (ASCII),
 * quotes are taken off, and the rest is cut at 63 bytes on a character boundary. */
char *cft_ident_fold(struct cft_arena *arena, const char *text, size_t len);
/* Splits `a.b.c` with quotes into folded parts; returns how many (at most `max`), 0 if malformed.
 */
size_t cft_ident_split(struct cft_arena *arena, const char *text, const char **parts, size_t max);
/* Appends the identifier, quoted if PostgreSQL would have to. */
void cft_ident_quote(struct cft_buf *out, const char *ident);
/* "public.users" with quotes where needed; schema may be "" or NULL. */
char *cft_name_quote(struct cft_arena *arena, const char *schema, const char *name);
/* True for words that must be quoted to be a name of a table or column. */
bool cft_ident_is_reserved(const char *ident);

/* makeObjectName() of PostgreSQL: name1_name2_label cut to fit 63 bytes (the longer of name1 and
 * name2 is cut first). name2 and label may be NULL. */
char *cft_name_generate(struct cft_arena *arena, const char *name1, const char *name2,
                        const char *label);
/* The columns' part of a generated name (ChooseIndexNameAddition): joined by _, cut at 63 bytes. */
char *cft_name_join(struct cft_arena *arena, const char *const *names, size_t n);

/* Canonical text of a type as format_type gives it: "integer", "character varying(10)",
 * "timestamp with time zone", "public.mood", "text[]". pg_catalog is left out; SETOF is not said.
 * serial types stay "serial", "bigserial", "smallserial". */
char *cft_type_text(struct cft_arena *arena, const struct PgQuery__TypeName *type);
/* The same without modifiers and array bounds ("character varying"). */
char *cft_type_base(struct cft_arena *arena, const struct PgQuery__TypeName *type);
/* "int4" -> "integer"; NULL if the word names no type of PostgreSQL's own. */
const char *cft_type_builtin(const char *name);

/* The last parts of a list of String nodes: schema.name; "" for what is missing. */
struct cft_name cft_name_of_list(struct PgQuery__Node *const *list, size_t n);

#ifdef __cplusplus
}
#endif

#endif
