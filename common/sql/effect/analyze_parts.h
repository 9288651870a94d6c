/* Analyze, parts: what the analyzers of single statements share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_ANALYZE_PARTS_H
#define CFT_SQL_ANALYZE_PARTS_H

#include "common/sql/effect/build.h"

struct cft_name cft_analyze_name(const PgQuery__RangeVar *rv);
/* Of what is being made: temporary relations live in pg_temp. */
struct cft_name cft_analyze_new_name(const PgQuery__RangeVar *rv);

/* Names of columns, as far as they fit. */
struct cft_columns {
	const char *v[32];
	size_t n;
};
char *cft_columns_join(struct cft_build *b, const struct cft_columns *columns); /* "a,b" */

/* COLLATE: an attribute and a reference. */
void cft_analyze_collation(struct cft_build *b, const PgQuery__CollateClause *clause);
/* ALTER COLUMN … SET DEFAULT; `expr` is not NULL. */
void cft_analyze_default(struct cft_build *b, const struct cft_name *table, const char *column,
                         const PgQuery__Node *expr, uint32_t flags);
/* A sequence that belongs to a column; its name is chosen when the statement runs. `mode` is
 * "serial", "always" or "by default". */
void cft_analyze_owned_sequence(struct cft_build *b, const struct cft_name *table,
                                const char *column, const char *mode, uint32_t flags);
/* The new child takes the parent's columns (mode "copy") or must have them (mode "match"). */
void cft_analyze_attach(struct cft_build *b, const struct cft_name *child,
                        const PgQuery__RangeVar *parent, const PgQuery__PartitionBoundSpec *bound,
                        const char *mode);
/* Attributes option.NAME of the open effect. */
void cft_analyze_storage(struct cft_build *b, PgQuery__Node *const *options, size_t n, bool reset);
/* Attribute "typed" of the open effect where the expression needs operators or functions of its
 * columns' types. */
void cft_analyze_typed(struct cft_build *b, const PgQuery__Node *expr);
/* Attributes "test" of the open effect: what a CHECK asks of a column, see analyze_test.c. */
void cft_analyze_tests(struct cft_build *b, const PgQuery__Node *expr);

/* Statements. */
void cft_analyze_alter(struct cft_build *b, const PgQuery__AlterTableStmt *stmt);
void cft_analyze_index(struct cft_build *b, const PgQuery__IndexStmt *stmt);

#endif
