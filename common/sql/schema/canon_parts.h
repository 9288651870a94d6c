/* Canon, parts: what its files share.
 * SPDX-License-Identifier: MIT
 *
 * Private to canon*.c; canon.h says what a canonical form is. Each function appends to c->out.
 */
#ifndef CFT_SQL_CANON_PARTS_H
#define CFT_SQL_CANON_PARTS_H

#include "common/sql/schema/canon.h"
#include "common/sql/schema/model.h"

struct cft_canon {
	struct cft_buf *out;
	struct cft_arena arena; /* type texts */
	const struct cft_env *env;
	const struct cft_object *scope;
	bool loose;
	const PgQuery__SelectStmt *select; /* innermost query: its FROM gives names */
	PgQuery__Node *const *aliases;     /* CREATE VIEW v (a, b): names of the outputs */
	size_t n_aliases;
};

/* canon.c: any message; nothing for NULL. */
void cft_canon_put(struct cft_canon *c, const ProtobufCMessage *msg);
void cft_canon_node(struct cft_canon *c, const PgQuery__Node *node);
void cft_canon_list(struct cft_canon *c, PgQuery__Node *const *v, size_t n);
/* The message field by field, whatever its kind. */
void cft_canon_generic(struct cft_canon *c, const ProtobufCMessage *msg);
/* schema.name where the model knows it or another schema is meant; else the name alone. */
void cft_canon_name(struct cft_canon *c, const char *space, const char *schema, const char *name);
void cft_canon_qualified(struct cft_canon *c, const char *space, PgQuery__Node *const *names,
                         size_t n);
void cft_canon_type(struct cft_canon *c, const PgQuery__TypeName *t, bool modifiers);

/* canon_expr.c */
void cft_canon_const(struct cft_canon *c, const PgQuery__AConst *k);
void cft_canon_a_expr(struct cft_canon *c, const PgQuery__AExpr *e);
void cft_canon_bool(struct cft_canon *c, const PgQuery__BoolExpr *e);
void cft_canon_func(struct cft_canon *c, const PgQuery__FuncCall *f);
void cft_canon_cast(struct cft_canon *c, const PgQuery__TypeCast *cast);

/* canon_interval.c: the literal as months, days and microseconds; false where it is written in a
 * way that is not read here, and nothing was appended. */
bool cft_canon_interval(struct cft_canon *c, const char *text, const PgQuery__TypeName *type);

/* canon_query.c */
void cft_canon_column(struct cft_canon *c, const PgQuery__ColumnRef *ref);
void cft_canon_select(struct cft_canon *c, const PgQuery__SelectStmt *s);
void cft_canon_view(struct cft_canon *c, const PgQuery__ViewStmt *v);

#endif
