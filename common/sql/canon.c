/* Canon: a canonical byte form of parse trees, exact or as loose as PostgreSQL's own printing.
 * SPDX-License-Identifier: MIT
 *
 * Exact leaves out what never carries meaning. Loose is for comparing hand-written text with what
 * PostgreSQL prints for it: redundant casts, IN lists, BETWEEN, qualified columns, output names.
 */
#include "common/sql/model.h"
#include "common/sql/name.h"
#include "common/sql/ptree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct canon {
	struct cft_buf *out;
	struct cft_arena arena; /* type texts */
	const struct cft_env *env;
	const struct cft_object *scope;
	bool loose;
	const PgQuery__SelectStmt *select; /* innermost query: its FROM gives names */
	PgQuery__Node *const *aliases;     /* CREATE VIEW v (a, b): names of the outputs */
	size_t n_aliases;
};

static void put(struct canon *c, const ProtobufCMessage *msg);

static void put_node(struct canon *c, const PgQuery__Node *node)
{
	put(c, cft_node_message(node));
}

static void put_list(struct canon *c, PgQuery__Node *const *v, size_t n)
{
	cft_buf_addc(c->out, '[');
	for (size_t i = 0; i < n; i++)
		put_node(c, v[i]);
	cft_buf_addc(c->out, ']');
}

static bool skipped(const struct canon *c, const ProtobufCFieldDescriptor *f)
{
	static const char *const names[] = {"location",  "stmt_location", "stmt_len",
	                                    "replace",   "if_not_exists", "concurrent",
	                                    "missing_ok"};

	if (strchr("lsricmf", f->name[0]) == NULL)
		return false;
	if (c->loose && strcmp(f->name, "funcformat") == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(f->name, names[i]) == 0)
			return true;
	return false;
}

static void put_scalar(struct canon *c, const ProtobufCFieldDescriptor *f, const void *p)
{
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		s = *(const char *const *)p;
		if (s != NULL && *s != '\0')
			cft_buf_addf(c->out, " %u\"%s\"", f->id, s);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		if (*(const protobuf_c_boolean *)(const void *)p)
			cft_buf_addf(c->out, " %u!", f->id);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		if (*(const int64_t *)p != 0)
			cft_buf_addf(c->out, " %u=%lld", f->id, (long long)*(const int64_t *)p);
		break;
	default: /* the 32-bit types and enums; libpg_query's trees have no others */
		if (*(const int32_t *)(const void *)p != 0)
			cft_buf_addf(c->out, " %u=%d", f->id, *(const int32_t *)(const void *)p);
		break;
	}
}

static void put_qualified(struct canon *c, const char *space, PgQuery__Node *const *names,
                          size_t n);

/* Lists of strings that are a (qualified) name, and what they name. */
static const char *named_space(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	static const struct {
		const char *field, *space;
	} lists[] = {
		{"funcname", "function"},
		{"collname", "collation"},
		{"collation", "collation"},
		{"opclass", "opclass"},
		{"opclassname", "opclass"},
		{"opfamilyname", "opfamily"},
		{"func_name", "function"},
		{"defnames", "statistics"},
		{"conversion_name", "conversion"},
		{"domainname", "type"},
		{"type_name", "type"},
		{"objname", "function"},
	};

	(void)msg;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(f->name, lists[i].field) == 0)
			return lists[i].space;
	return NULL;
}

static void put_field(struct canon *c, const ProtobufCMessage *msg,
                      const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)msg;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
		if (f->label != PROTOBUF_C_LABEL_REPEATED)
			put_scalar(c, f, base + f->offset);
		return;
	}
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
		ProtobufCMessage *const *v =
			*(ProtobufCMessage *const *const *)(const void *)(base + f->offset);
		if (n == 0)
			return;
		const char *space =
			f->descriptor == &pg_query__node__descriptor ? named_space(msg, f) : NULL;
		if (space != NULL) {
			cft_buf_addf(c->out, " %u:", f->id);
			put_qualified(c, space, (PgQuery__Node *const *)v, n);
			return;
		}
		cft_buf_addf(c->out, " %u[", f->id);
		for (size_t i = 0; i < n; i++)
			put(c, v[i]);
		cft_buf_addc(c->out, ']');
		return;
	}
	const ProtobufCMessage *sub =
		*(const ProtobufCMessage *const *)(const void *)(base + f->offset);
	if (sub != NULL) {
		cft_buf_addf(c->out, " %u:", f->id);
		put(c, sub);
	}
}

static void put_generic(struct canon *c, const ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;

	cft_buf_addc(c->out, '(');
	cft_buf_adds(c->out, d->short_name);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    *(const unsigned *)(const void *)((const char *)msg + f->quantifier_offset) !=
		            f->id)
			continue;
		if (!skipped(c, f))
			put_field(c, msg, f);
	}
	cft_buf_addc(c->out, ')');
}

/* schema.name where the model knows it or another schema is meant; else the name alone. */
static void put_name(struct canon *c, const char *space, const char *schema, const char *name)
{
	const struct cft_object *obj = NULL;

	if (c->env != NULL)
		obj = cft_env_object(c->env, space, schema, name);
	if (obj != NULL)
		schema = obj->schema;
	else if (strcmp(schema, "pg_catalog") == 0)
		schema = "";
	if (*schema != '\0' && strcmp(schema, "public") != 0)
		cft_buf_addf(c->out, "%s.", schema);
	cft_buf_adds(c->out, name);
}

static void put_qualified(struct canon *c, const char *space, PgQuery__Node *const *names, size_t n)
{
	const char *schema, *name;

	cft_names_split(names, n, &schema, &name);
	put_name(c, space, schema, name);
}

static void put_type(struct canon *c, const PgQuery__TypeName *t, bool modifiers)
{
	const char *schema, *name;

	cft_names_split(t->names, t->n_names, &schema, &name);
	if (t->pct_type) {
		put_generic(c, &t->base);
		return;
	}
	const struct cft_object *known = c->env && strcmp(schema, "pg_catalog") != 0
	                                         ? cft_env_object(c->env, "type", schema, name)
	                                         : NULL;
	if (t->setof)
		cft_buf_adds(c->out, "setof ");
	if (known != NULL) {
		put_name(c, "type", known->schema, known->name);
	} else if (cft_type_builtin(name) == NULL) {
		put_name(c, "type", schema, name);
	} else {
		char *text = modifiers ? cft_type_text(&c->arena, t) : cft_type_base(&c->arena, t);
		cft_buf_adds(c->out, text);
		if (modifiers)
			return; /* the text says the modifiers and [] */
	}
	if (modifiers && t->n_typmods)
		put_list(c, t->typmods, t->n_typmods);
	if (t->n_array_bounds)
		cft_buf_adds(c->out, "[]");
}

/* ---- loose: what PostgreSQL adds or rewrites ------------------------------------------- */

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
static bool cast_is_redundant(const struct canon *c, const PgQuery__TypeCast *cast)
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

static void put_const(struct canon *c, const PgQuery__AConst *k)
{
	if (!c->loose || k->isnull) {
		put_generic(c, &k->base);
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
	case PG_QUERY__A__CONST__VAL__NOT_SET:
	case _PG_QUERY__A__CONST__VAL__CASE_IS_INT_SIZE:
		put_generic(c, &k->base);
		break;
	}
}

static void put_binary(struct canon *c, const char *op, const PgQuery__Node *l,
                       const PgQuery__Node *r)
{
	cft_buf_addf(c->out, "(op %s ", op);
	if (l != NULL)
		put_node(c, l);
	cft_buf_addc(c->out, ',');
	put_node(c, r);
	cft_buf_addc(c->out, ')');
}

static void put_any(struct canon *c, const PgQuery__AExpr *e, bool all, PgQuery__Node *const *v,
                    size_t n)
{
	cft_buf_adds(c->out, all ? "(all " : "(any ");
	put_qualified(c, "operator", e->name, e->n_name);
	put_node(c, e->lexpr);
	put_list(c, v, n);
	cft_buf_addc(c->out, ')');
}

static const PgQuery__Node *strip_casts(const PgQuery__Node *n)
{
	while (n != NULL && n->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		n = n->type_cast->arg;
	return n;
}

static bool put_between(struct canon *c, const PgQuery__AExpr *e)
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
static bool put_expr_loose(struct canon *c, const PgQuery__AExpr *e)
{
	const char *op = e->n_name ? cft_node_string(e->name[e->n_name - 1]) : NULL;
	size_t n;
	PgQuery__Node **v;

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
		put(c, &distinct.base);
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

static void put_a_expr(struct canon *c, const PgQuery__AExpr *e)
{
	if (c->loose && put_expr_loose(c, e))
		return;
	cft_buf_addf(c->out, "(A_Expr %d ", e->kind);
	put_qualified(c, "operator", e->name, e->n_name);
	put_node(c, e->lexpr);
	cft_buf_addc(c->out, ',');
	put_node(c, e->rexpr);
	cft_buf_addc(c->out, ')');
}

static void put_bool_args(struct canon *c, const PgQuery__BoolExpr *e)
{
	for (size_t i = 0; i < e->n_args; i++) {
		const PgQuery__BoolExpr *sub = CFT_AS(PgQuery__BoolExpr, pg_query__bool_expr,
		                                      cft_node_message(e->args[i]));
		if (sub && sub->boolop == e->boolop &&
		    e->boolop != PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
			put_bool_args(c, sub);
		else
			put_node(c, e->args[i]);
	}
}

static void put_bool(struct canon *c, const PgQuery__BoolExpr *e)
{
	static const char *const words[] = {"(bool ", "(and ", "(or ", "(not "};

	cft_buf_adds(c->out, words[e->boolop <= 3 ? e->boolop : 0]);
	put_bool_args(c, e);
	cft_buf_addc(c->out, ')');
}

/* ---- names of columns in queries ------------------------------------------------------- */

struct from_item {
	const char *alias;
	const struct cft_object *relation; /* NULL: subquery, function, unknown */
};

struct from_list {
	struct from_item v[32];
	size_t n;
};

static void from_add(struct canon *c, struct from_list *list, const PgQuery__Node *node)
{
	if (node == NULL || list->n == 32)
		return;
	if (node->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR) {
		from_add(c, list, node->join_expr->larg);
		from_add(c, list, node->join_expr->rarg);
	} else if (node->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
		const PgQuery__RangeVar *rv = node->range_var;
		struct from_item *item = &list->v[list->n++];
		item->alias = rv->alias ? rv->alias->aliasname : rv->relname;
		item->relation =
			c->env ? cft_env_relation(c->env, rv->schemaname, rv->relname) : NULL;
	} else {
		const PgQuery__Alias *a = NULL;
		if (node->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT)
			a = node->range_subselect->alias;
		else if (node->node_case == PG_QUERY__NODE__NODE_RANGE_FUNCTION)
			a = node->range_function->alias;
		list->v[list->n++] = (struct from_item){a ? a->aliasname : "", NULL};
	}
}

static void from_collect(struct canon *c, const PgQuery__SelectStmt *s, struct from_list *list)
{
	list->n = 0;
	for (size_t i = 0; i < s->n_from_clause; i++)
		from_add(c, list, s->from_clause[i]);
}

static const char *column_owner(struct canon *c, const char *column)
{
	struct from_list from;

	if (c->select == NULL)
		return "";
	from_collect(c, c->select, &from);
	if (from.n == 1)
		return from.v[0].alias;
	for (size_t i = 0; i < from.n; i++)
		if (from.v[i].relation &&
		    cft_schema_find_child(from.v[i].relation, "column", column))
			return from.v[i].alias;
	for (size_t i = 0; i < from.n; i++) /* the only one whose columns are not known */
		if (from.v[i].relation == NULL)
			return from.v[i].alias;
	return "";
}

static void put_column_loose(struct canon *c, const PgQuery__ColumnRef *ref)
{
	const char *qualifier, *name;

	cft_names_split(ref->fields, ref->n_fields, &qualifier, &name);
	if (*name == '\0') { /* a star */
		put_generic(c, &ref->base);
		return;
	}
	if (c->select != NULL && *qualifier == '\0')
		qualifier = column_owner(c, name);
	if (c->select == NULL && c->scope != NULL && (strcmp(qualifier, c->scope->name) == 0))
		qualifier = "";
	cft_buf_addf(c->out, "(col %s.%s)", qualifier, name);
}

const char *cft_output_name(const PgQuery__Node *val)
{
	const char *schema, *name = "?column?";

	if (val == NULL)
		return name;
	switch ((int)val->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		cft_names_split(val->column_ref->fields, val->column_ref->n_fields, &schema, &name);
		return name;
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		cft_names_split(val->func_call->funcname, val->func_call->n_funcname, &schema,
		                &name);
		return name;
	case PG_QUERY__NODE__NODE_TYPE_CAST: {
		const char *inner = cft_output_name(val->type_cast->arg);
		if (strcmp(inner, "?column?") != 0)
			return inner;
		cft_names_split(val->type_cast->type_name->names,
		                val->type_cast->type_name->n_names, &schema, &name);
		return name;
	}
	case PG_QUERY__NODE__NODE_CASE_EXPR: {
		const char *inner = cft_output_name(val->case_expr->defresult);
		return val->case_expr->defresult && strcmp(inner, "?column?") != 0 ? inner : "case";
	}
	case PG_QUERY__NODE__NODE_COALESCE_EXPR:
		return "coalesce";
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
		return "array";
	default:
		return name;
	}
}

static void put_target(struct canon *c, const PgQuery__ResTarget *t, const char *alias)
{
	cft_buf_addf(c->out, "(target %s ",
	             alias                 ? alias
	             : t->name && *t->name ? t->name
	                                   : cft_output_name(t->val));
	put_node(c, t->val);
	cft_buf_addc(c->out, ')');
}

/* SELECT * as the list of columns that PostgreSQL would store. */
static bool put_star(struct canon *c, const PgQuery__ResTarget *t)
{
	const PgQuery__ColumnRef *ref =
		CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, cft_node_message(t->val));
	struct from_list from;
	const char *names[256];

	if (ref == NULL || ref->n_fields == 0 || c->select == NULL ||
	    ref->fields[ref->n_fields - 1]->node_case != PG_QUERY__NODE__NODE_A_STAR)
		return false;
	const char *only =
		ref->n_fields > 1 ? cft_node_string(ref->fields[ref->n_fields - 2]) : NULL;
	from_collect(c, c->select, &from);
	for (size_t i = 0; i < from.n; i++)
		if (from.v[i].relation == NULL ||
		    cft_relation_columns(from.v[i].relation, names, 256) == 0)
			return false;
	for (size_t i = 0; i < from.n; i++) {
		if (only != NULL && strcmp(only, from.v[i].alias) != 0)
			continue;
		size_t n = cft_relation_columns(from.v[i].relation, names, 256);
		for (size_t k = 0; k < n; k++)
			cft_buf_addf(c->out, "(target %s (col %s.%s))", names[k], from.v[i].alias,
			             names[k]);
	}
	return true;
}

/* GROUP BY 1 or by an output name is the expression itself. */
static PgQuery__Node *output_meant(const PgQuery__SelectStmt *s, PgQuery__Node *n)
{
	const PgQuery__AConst *k = CFT_AS(PgQuery__AConst, pg_query__a__const, cft_node_message(n));
	const PgQuery__ColumnRef *ref =
		CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, cft_node_message(n));
	const char *name = ref && ref->n_fields == 1 ? cft_node_string(ref->fields[0]) : NULL;

	if (k != NULL && k->val_case == PG_QUERY__A__CONST__VAL_IVAL && k->ival->ival > 0 &&
	    (size_t)k->ival->ival <= s->n_target_list)
		return s->target_list[k->ival->ival - 1]->res_target->val;
	for (size_t i = 0; name != NULL && i < s->n_target_list; i++) {
		const PgQuery__ResTarget *t = CFT_AS(PgQuery__ResTarget, pg_query__res_target,
		                                     cft_node_message(s->target_list[i]));
		if (t != NULL && t->name && strcmp(t->name, name) == 0)
			return t->val;
	}
	return n;
}

static void put_outputs_meant(struct canon *c, const PgQuery__SelectStmt *s)
{
	cft_buf_adds(c->out, " group ");
	for (size_t i = 0; i < s->n_group_clause; i++)
		put_node(c, output_meant(s, s->group_clause[i]));
	cft_buf_adds(c->out, " order ");
	for (size_t i = 0; i < s->n_sort_clause; i++) {
		const PgQuery__SortBy *by = CFT_AS(PgQuery__SortBy, pg_query__sort_by,
		                                   cft_node_message(s->sort_clause[i]));
		bool desc = by && by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
		put_node(c, by ? output_meant(s, by->node) : s->sort_clause[i]);
		cft_buf_addf(c->out, desc ? " desc" : " asc");
		if (by != NULL && by->sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT)
			cft_buf_addf(c->out, " nulls %d", by->sortby_nulls);
	}
}

static void put_select(struct canon *c, const PgQuery__SelectStmt *s)
{
	const PgQuery__SelectStmt *outer = c->select;
	PgQuery__Node *const *aliases = c->aliases;
	size_t n_aliases = c->n_aliases;

	c->n_aliases = 0;

	c->select = s;
	if (!c->loose) {
		put_generic(c, &s->base);
		c->select = outer;
		return;
	}
	PgQuery__SelectStmt copy = *s;
	copy.n_target_list = 0;
	cft_buf_adds(c->out, "(select ");
	for (size_t i = 0; i < s->n_target_list; i++) {
		const PgQuery__ResTarget *t = CFT_AS(PgQuery__ResTarget, pg_query__res_target,
		                                     cft_node_message(s->target_list[i]));
		if (t == NULL)
			put_node(c, s->target_list[i]);
		else if (!put_star(c, t))
			put_target(c, t, i < n_aliases ? cft_node_string(aliases[i]) : NULL);
	}
	put_outputs_meant(c, s);
	copy.n_group_clause = 0;
	copy.n_sort_clause = 0;
	put_generic(c, &copy.base);
	cft_buf_addc(c->out, ')');
	c->select = outer;
}

/* ---- dispatch ---------------------------------------------------------------------------- */

static void put_range_var(struct canon *c, const PgQuery__RangeVar *rv)
{
	cft_buf_adds(c->out, "(rel ");
	put_name(c, "relation", rv->schemaname, rv->relname);
	if (!rv->inh)
		cft_buf_adds(c->out, " only");
	if (rv->alias != NULL && strcmp(rv->alias->aliasname, rv->relname) != 0)
		put_generic(c, &rv->alias->base);
	cft_buf_addc(c->out, ')');
}

static bool is_regclass_call(const PgQuery__FuncCall *f, const char *name)
{
	return f->n_args == 1 && (strcmp(name, "nextval") == 0 || strcmp(name, "currval") == 0);
}

/* nextval('t_id_seq') with or without schema and ::regclass is one thing. */
static bool put_sequence_call(struct canon *c, const PgQuery__FuncCall *f)
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
	put_name(c, "relation", n > 1 ? parts[n - 2] : "", parts[n - 1]);
	cft_buf_addc(c->out, ')');
	return true;
}

static void put_func(struct canon *c, const PgQuery__FuncCall *f)
{
	PgQuery__FuncCall copy = *f;

	if (put_sequence_call(c, f))
		return;
	cft_buf_adds(c->out, "(call ");
	put_qualified(c, "function", f->funcname, f->n_funcname);
	copy.n_funcname = 0;
	put_generic(c, &copy.base);
	cft_buf_addc(c->out, ')');
}

static void put_cast(struct canon *c, const PgQuery__TypeCast *cast)
{
	if (cast_is_redundant(c, cast)) {
		put_node(c, cast->arg);
		return;
	}
	cft_buf_adds(c->out, "(cast ");
	put_node(c, cast->arg);
	put_type(c, cast->type_name, true);
	cft_buf_addc(c->out, ')');
}

static void put_view(struct canon *c, const PgQuery__ViewStmt *v)
{
	PgQuery__ViewStmt copy = *v;

	c->aliases = v->aliases;
	c->n_aliases = v->n_aliases;
	copy.n_aliases = 0;
	put_generic(c, &copy.base);
	c->n_aliases = 0;
}

static void put(struct canon *c, const ProtobufCMessage *msg)
{
	if (msg == NULL)
		return;
	const ProtobufCMessageDescriptor *d = msg->descriptor;
	if (d == &pg_query__node__descriptor)
		put_node(c, (const PgQuery__Node *)msg);
	else if (d == &pg_query__string__descriptor)
		cft_buf_addf(c->out, "\"%s\"", ((const PgQuery__String *)msg)->sval);
	else if (d == &pg_query__column_ref__descriptor && c->loose)
		put_column_loose(c, (const PgQuery__ColumnRef *)msg);
	else if (d == &pg_query__a__const__descriptor)
		put_const(c, (const PgQuery__AConst *)msg);
	else if (d == &pg_query__type_name__descriptor)
		put_type(c, (const PgQuery__TypeName *)msg, true);
	else if (d == &pg_query__func_call__descriptor)
		put_func(c, (const PgQuery__FuncCall *)msg);
	else if (d == &pg_query__range_var__descriptor)
		put_range_var(c, (const PgQuery__RangeVar *)msg);
	else if (d == &pg_query__type_cast__descriptor)
		put_cast(c, (const PgQuery__TypeCast *)msg);
	else if (d == &pg_query__a__expr__descriptor)
		put_a_expr(c, (const PgQuery__AExpr *)msg);
	else if (d == &pg_query__bool_expr__descriptor)
		put_bool(c, (const PgQuery__BoolExpr *)msg);
	else if (d == &pg_query__view_stmt__descriptor && c->loose)
		put_view(c, (const PgQuery__ViewStmt *)msg);
	else if (d == &pg_query__select_stmt__descriptor)
		put_select(c, (const PgQuery__SelectStmt *)msg);
	else
		put_generic(c, msg);
}

void cft_tree_canon(const ProtobufCMessage *msg, const struct cft_env *env,
                    const struct cft_object *scope, enum cft_canon_mode mode, struct cft_buf *out)
{
	struct canon c = {.out = out, .env = env, .scope = scope, .loose = mode == CFT_CANON_LOOSE};

	cft_arena_init(&c.arena);
	put(&c, msg);
	cft_arena_release(&c.arena);
}

void cft_tree_type(const PgQuery__TypeName *type, const struct cft_env *env, bool modifiers,
                   struct cft_buf *out)
{
	struct canon c = {.out = out, .env = env};

	cft_arena_init(&c.arena);
	put_type(&c, type, modifiers);
	cft_arena_release(&c.arena);
}
