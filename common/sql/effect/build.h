/* Build: how the analyzers of the single statements put effects together.
 * SPDX-License-Identifier: MIT
 *
 * One effect is open at a time: begin, then attributes and references, then end.
 */
#ifndef CFT_SQL_BUILD_H
#define CFT_SQL_BUILD_H

#include "common/base/vec.h"
#include "common/sql/effect/effect.h"
#include "common/sql/effect/refs.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/tree.h"

struct cft_build {
	struct cft_arena *arena;
	CFT_VEC(struct cft_effect) effects; /* in the arena */
	uint32_t statement;
	uint32_t flags;   /* added to every effect: CONDITIONAL, SKETCH … */
	const char *text; /* of the statement */
	struct cft_effect open;
	CFT_VEC(struct cft_attr) attrs;
	struct cft_refs refs;
	int depth; /* DO blocks in DO blocks, functions in functions */
};

/* NULL strings are "". The strings are not copied: trees and arenas outlive the build. */
void cft_build_begin(struct cft_build *b, enum cft_effect_op op, enum cft_object_kind kind,
                     const char *schema, const char *name, const char *sub);
void cft_build_flag(struct cft_build *b, uint32_t flags);
void cft_build_attr(struct cft_build *b, const char *key, const char *value);
void cft_build_end(struct cft_build *b);

/* begin + one attribute + end */
void cft_build_alter(struct cft_build *b, enum cft_object_kind kind, const struct cft_name *object,
                     const char *sub, const char *key, const char *value);

const char *cft_build_role(const PgQuery__RoleSpec *role);
/* A reference to the role, unless it is PUBLIC or a pseudo role. */
void cft_build_role_ref(struct cft_build *b, const PgQuery__RoleSpec *role);
/* "a,b" of String nodes. */
char *cft_build_list(struct cft_build *b, PgQuery__Node *const *items, size_t n);
char *cft_build_digest(struct cft_build *b, const ProtobufCMessage *message);
/* Argument types that identify a function: "integer,text"; "*" when not given. */
const char *cft_build_args(struct cft_build *b, const PgQuery__ObjectWithArgs *object);
/* An attribute PREFIXname of the open effect for each DefElem. */
void cft_build_def_attrs(struct cft_build *b, PgQuery__Node *const *options, size_t n,
                         const char *prefix);
/* Any DefElem value as text. */
const char *cft_build_def_value(struct cft_build *b, const PgQuery__DefElem *def);

/* The analyzers. Each returns true if it knows the statement. */
bool cft_analyze_table(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_routine(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_view(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_type(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_trigger(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_object(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_misc(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_privilege(struct cft_build *b, const PgQuery__Node *node);
bool cft_analyze_data(struct cft_build *b, const PgQuery__Node *node);
void cft_analyze_statement(struct cft_build *b, const PgQuery__Node *node);

/* Of CREATE DOMAIN and friends; and what other files need of tables. */
void cft_analyze_constraint(struct cft_build *b, const struct cft_name *table, const char *column,
                            const PgQuery__Constraint *constraint, uint32_t flags);
void cft_analyze_column(struct cft_build *b, const struct cft_name *table,
                        const PgQuery__ColumnDef *column, uint32_t flags);

/* By the operator's name: = <> < > <= >=. */
bool cft_build_is_comparison(const PgQuery__AExpr *expr);

/* References of a routine's body, late-bound ones flagged; `node` is the CREATE FUNCTION or DO
 * statement, already begun in `b`. */
void cft_body_refs(struct cft_build *b, const PgQuery__Node *node, const char *language,
                   const char *body);
/* Effects of the statements inside a DO block. False: something in it could not be read. */
bool cft_body_do(struct cft_build *b, const PgQuery__Node *node, const char *body);

#endif
