/* Canon of expressions: constants, operators, calls and casts.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/canon_parts.h"

#include "common/sql/syntax/name.h"

#include <string.h>

enum { MAX_ARGS = 100 }; /* PostgreSQL's own limit */

static bool is_const(const PgQuery__Node *n)
{
	return n != NULL && n->node_case == PG_QUERY__NODE__NODE_A_CONST;
}

static bool type_in(const PgQuery__TypeName *t, const char *const *words)
{
	const char *schema, *name;

	cft_names_split(t->names, t->n_names, &schema, &name);
	for (; *words != NULL; words++)
		if (strcmp(name, *words) == 0)
			return true;
	return false;
}

/* Casts that PostgreSQL prints where the author wrote none. */
static bool cast_is_redundant(const struct cft_canon *c, const PgQuery__TypeCast *cast)
{
	static const char *const wide[] = {"text",     "varchar", "bpchar",      "numeric",
	                                   "float8",   "int8",    "timestamptz", "timestamp",
	                                   "regclass", "name",    "oid",         NULL};

	if (!c->loose)
		return false;
	if (is_const(cast->arg))
		return true;
	if (cast->arg != NULL && cast->arg->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		return true;
	return type_in(cast->type_name, wide) || cast->type_name->n_array_bounds > 0;
}

/* A day's midnight is printed with the time by types that have one. */
static size_t literal_len(const char *s)
{
	static const char midnight[] = " 00:00:00";
	size_t n = strlen(s);

	if (n > 3 && strcmp(s + n - 3, "+00") == 0)
		n -= 3;
	if (n == 19 && s[4] == '-' && memcmp(s + 10, midnight, 9) == 0)
		return 10;
	return strlen(s);
}

/* x'1F' is printed as B'00011111'. */
static void put_bits(struct cft_canon *c, const char *s)
{
	static const char digits[] = "0123456789abcdef";

	cft_buf_addc(c->out, '\'');
	for (const char *p = s + 1; *s != '\0' && *p != '\0'; p++) {
		const char *at = strchr(digits, *p >= 'A' && *p <= 'F' ? *p + 32 : *p);
		unsigned v = at ? (unsigned)(at - digits) : 0;
		for (unsigned bit = *s == 'x' ? 8 : 1; bit > 0; bit >>= 1)
			cft_buf_addc(c->out, v & bit ? '1' : '0');
	}
	cft_buf_addc(c->out, '\'');
}

void cft_canon_const(struct cft_canon *c, const PgQuery__AConst *k)
{
	if (!c->loose || k->isnull) {
		cft_canon_generic(c, &k->base);
		return;
	}
	switch (k->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL:
		cft_buf_addf(c->out, "'%d'", k->ival->ival);
		break;
	case PG_QUERY__A__CONST__VAL_FVAL:
		cft_buf_addf(c->out, "'%s'", k->fval->fval);
		break;
	case PG_QUERY__A__CONST__VAL_BOOLVAL:
		cft_buf_addf(c->out, "'%s'", k->boolval->boolval ? "t" : "f");
		break;
	case PG_QUERY__A__CONST__VAL_SVAL:
		cft_buf_addf(c->out, "'%.*s'", (int)literal_len(k->sval->sval), k->sval->sval);
		break;
	case PG_QUERY__A__CONST__VAL_BSVAL:
		put_bits(c, k->bsval->bsval);
		break;
	case PG_QUERY__A__CONST__VAL__NOT_SET:
	case _PG_QUERY__A__CONST__VAL__CASE_IS_INT_SIZE:
		cft_canon_generic(c, &k->base);
		break;
	}
}

static void put_binary(struct cft_canon *c, const char *op, const PgQuery__Node *l,
                       const PgQuery__Node *r)
{
	cft_buf_addf(c->out, "(op %s ", op);
	if (l != NULL)
		cft_canon_node(c, l);
	cft_buf_addc(c->out, ',');
	cft_canon_node(c, r);
	cft_buf_addc(c->out, ')');
}

static void put_any(struct cft_canon *c, const PgQuery__AExpr *e, bool all, PgQuery__Node *const *v,
                    size_t n)
{
	cft_buf_adds(c->out, all ? "(all " : "(any ");
	cft_canon_qualified(c, "operator", e->name, e->n_name);
	cft_canon_node(c, e->lexpr);
	cft_canon_list(c, v, n);
	cft_buf_addc(c->out, ')');
}

static const PgQuery__Node *strip_casts(const PgQuery__Node *n)
{
	while (n != NULL && n->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		n = n->type_cast->arg;
	return n;
}

static bool put_between(struct cft_canon *c, const PgQuery__AExpr *e)
{
	bool negated = e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN;
	size_t n;
	PgQuery__Node **v = cft_node_list(e->rexpr, &n);

	if (n != 2)
		return false;
	cft_buf_adds(c->out, negated ? "(or " : "(and ");
	put_binary(c, negated ? "<" : ">=", e->lexpr, v[0]);
	put_binary(c, negated ? ">" : "<=", e->lexpr, v[1]);
	cft_buf_addc(c->out, ')');
	return true;
}

/* x IN (…) and x = ANY (ARRAY[…]) are one thing. */
static bool put_expr_loose(struct cft_canon *c, const PgQuery__AExpr *e)
{
	const char *op = e->n_name ? cft_node_string(e->name[e->n_name - 1]) : NULL;
	size_t n;
	PgQuery__Node **v;

	if (!op) /* no tree of the parser's */
		return false;
	switch (e->kind) {
	case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
		v = cft_node_list(e->rexpr, &n);
		if (n == 1)
			put_binary(c, op, e->lexpr, v[0]);
		else
			put_any(c, e, strcmp(op, "=") != 0, v, n);
		return true;
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL: {
		const PgQuery__Node *r = strip_casts(e->rexpr);
		if (r == NULL || r->node_case != PG_QUERY__NODE__NODE_A_ARRAY_EXPR)
			return false;
		put_any(c, e, e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL,
		        r->a_array_expr->elements, r->a_array_expr->n_elements);
		return true;
	}
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
	case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
	case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
		put_binary(c, op, e->lexpr, e->rexpr);
		return true;
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT: {
		PgQuery__AExpr distinct = *e;
		distinct.kind = PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT;
		cft_buf_adds(c->out, "(not ");
		cft_canon_put(c, &distinct.base);
		cft_buf_addc(c->out, ')');
		return true;
	}
	case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
		return put_between(c, e);
	default: /* the other kinds print as they were written */
		return false;
	}
}

void cft_canon_a_expr(struct cft_canon *c, const PgQuery__AExpr *e)
{
	if (c->loose && put_expr_loose(c, e))
		return;
	cft_buf_addf(c->out, "(A_Expr %d ", e->kind);
	cft_canon_qualified(c, "operator", e->name, e->n_name);
	cft_canon_node(c, e->lexpr);
	cft_buf_addc(c->out, ',');
	cft_canon_node(c, e->rexpr);
	cft_buf_addc(c->out, ')');
}

static void put_bool_args(struct cft_canon *c, const PgQuery__BoolExpr *e)
{
	for (size_t i = 0; i < e->n_args; i++) {
		const PgQuery__BoolExpr *sub = CFT_AS(PgQuery__BoolExpr, pg_query__bool_expr,
		                                      cft_node_message(e->args[i]));
		if (sub && sub->boolop == e->boolop &&
		    e->boolop != PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
			put_bool_args(c, sub);
		else
			cft_canon_node(c, e->args[i]);
	}
}

void cft_canon_bool(struct cft_canon *c, const PgQuery__BoolExpr *e)
{
	static const char *const words[] = {"(bool ", "(and ", "(or ", "(not "};

	cft_buf_adds(c->out, words[e->boolop <= 3 ? e->boolop : 0]);
	put_bool_args(c, e);
	cft_buf_addc(c->out, ')');
}

static bool is_regclass_call(const PgQuery__FuncCall *f, const char *name)
{
	return f->n_args == 1 && (strcmp(name, "nextval") == 0 || strcmp(name, "currval") == 0);
}

/* nextval('t_id_seq') with or without schema and ::regclass is one thing. */
static bool put_sequence_call(struct cft_canon *c, const PgQuery__FuncCall *f)
{
	const char *schema, *name;
	const PgQuery__Node *arg = f->n_args ? strip_casts(f->args[0]) : NULL;

	cft_names_split(f->funcname, f->n_funcname, &schema, &name);
	if (!is_regclass_call(f, name) || !is_const(arg) ||
	    arg->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
		return false;
	const char *parts[3];
	size_t n = cft_ident_split(&c->arena, arg->a_const->sval->sval, parts, 3);
	if (n == 0)
		return false;
	cft_buf_addf(c->out, "(%s ", name);
	cft_canon_name(c, "relation", n > 1 ? parts[n - 2] : "", parts[n - 1]);
	cft_buf_addc(c->out, ')');
	return true;
}

/* f(VARIADIC ARRAY[a, b]) is f(a, b). */
static void spread_variadic(const struct cft_canon *c, PgQuery__FuncCall *f, PgQuery__Node **args)
{
	const PgQuery__Node *last = f->n_args ? strip_casts(f->args[f->n_args - 1]) : NULL;
	size_t n = f->n_args - 1;

	if (!c->loose || !f->func_variadic || last == NULL ||
	    last->node_case != PG_QUERY__NODE__NODE_A_ARRAY_EXPR ||
	    n + last->a_array_expr->n_elements > MAX_ARGS)
		return;
	for (size_t i = 0; i < n; i++)
		args[i] = f->args[i];
	for (size_t i = 0; i < last->a_array_expr->n_elements; i++)
		args[n++] = last->a_array_expr->elements[i];
	f->args = args;
	f->n_args = n;
	f->func_variadic = false;
}

void cft_canon_func(struct cft_canon *c, const PgQuery__FuncCall *f)
{
	PgQuery__FuncCall copy = *f;
	PgQuery__Node *args[MAX_ARGS];

	if (put_sequence_call(c, f))
		return;
	cft_buf_adds(c->out, "(call ");
	cft_canon_qualified(c, "function", f->funcname, f->n_funcname);
	copy.n_funcname = 0;
	spread_variadic(c, &copy, args);
	cft_canon_generic(c, &copy.base);
	cft_buf_addc(c->out, ')');
}

/* 'true'::boolean is true, INTERVAL '1 DAY' is '1 day'::interval. */
static bool put_literal_cast(struct cft_canon *c, const PgQuery__TypeCast *cast)
{
	static const char *const bools[] = {"bool", "boolean", NULL};
	static const char *const intervals[] = {"interval", NULL};
	const char *text =
		is_const(cast->arg) && cast->arg->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL
			? cast->arg->a_const->sval->sval
			: NULL;

	if (!c->loose || text == NULL || cast->type_name->n_array_bounds)
		return false;
	if (type_in(cast->type_name, bools) && strchr("tTfF", *text) && *text != '\0') {
		cft_buf_addf(c->out, "'%c'", strchr("tT", *text) ? 't' : 'f');
		return true;
	}
	return type_in(cast->type_name, intervals) && cft_canon_interval(c, text, cast->type_name);
}

void cft_canon_cast(struct cft_canon *c, const PgQuery__TypeCast *cast)
{
	if (put_literal_cast(c, cast))
		return;
	if (cast_is_redundant(c, cast)) {
		cft_canon_node(c, cast->arg);
		return;
	}
	cft_buf_adds(c->out, "(cast ");
	cft_canon_node(c, cast->arg);
	cft_canon_type(c, cast->type_name, true);
	cft_buf_addc(c->out, ')');
}
