/* Cast: which types go together, as far as text tells: automatic casts, comparisons, operator
 * classes, literals.
 * SPDX-License-Identifier: MIT
 *
 * What is not known (user types, "") is taken to fit.
 */
#ifndef CFT_SQL_CAST_H
#define CFT_SQL_CAST_H

#include "common/sql/world/world.h"

/* "number", "text", "time", "bool", "json", … , "user" or "" (unknown). */
const char *cft_cast_family(const char *type);
bool cft_cast_same_family(const char *a, const char *b);
/* varchar(10) and varchar(20), say. */
bool cft_cast_same_but_modifiers(const char *a, const char *b);
/* One type; users' types and unknown ones may be. */
bool cft_cast_same_text(const char *a, const char *b);
/* ALTER COLUMN TYPE without USING. */
bool cft_cast_assignable(const char *from, const char *to);
/* There is an equality operator for the two. */
bool cft_cast_comparable(const char *a, const char *b);
/* An index of that method ("" btree) with that operator class ("" default) takes the type. */
bool cft_cast_indexable(const char *type, const char *method, const char *opclass);
/* `value` is an expression's text; only plain quoted literals are judged. */
bool cft_cast_literal_fits(const char *value, const char *type);
/* A CHECK or an index predicate that was written for another type of its columns. */
enum world_code cft_cast_check_expression(struct world *w, const struct cft_effect *e, int table);
/* The type of a default that is a number, a truth value or a well-known call; "" where unknown. */
const char *cft_cast_value_type(const char *value);
/* Functions of it depend on the session's time zone. */
bool cft_cast_is_zoned(const char *type);

#endif
