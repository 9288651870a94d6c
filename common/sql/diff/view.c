/* View: when CREATE OR REPLACE of a view or routine is enough.
 * SPDX-License-Identifier: MIT
 *
 * PostgreSQL lets a view keep its columns, names and types, and add more at the end. Types are
 * inferred for what is easily inferred; where that fails the view is made anew, which is safe.
 */
#include "common/sql/diff/diff.h"
#include "common/sql/syntax/name.h"

#include <string.h>
#include <strings.h>

enum { MAX_COLUMNS = 256 };

struct outputs {
	const char *name[MAX_COLUMNS];
	const PgQuery__Node *val[MAX_COLUMNS];
	const struct cft_object *column[MAX_COLUMNS]; /* of a star, or a plain column */
	size_t n;
	bool unknown;
};

static const PgQuery__SelectStmt *first_select(const PgQuery__Node *query)
{
	const PgQuery__SelectStmt *s =
		CFT_AS(PgQuery__SelectStmt, pg_query__select_stmt, cft_node_message(query));

	while (s != NULL && s->larg != NULL)
		s = s->larg;
	return s;
}

struct item {
	const char *alias;
	const struct cft_object *rel;
};

static void from_items(const struct cft_env *env, const PgQuery__Node *n, struct item *v,
                       size_t *count)
{
	if (n == NULL || *count == 32)
		return;
	if (n->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR) {
		from_items(env, n->join_expr->larg, v, count);
		from_items(env, n->join_expr->rarg, v, count);
	} else if (n->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
		const PgQuery__RangeVar *rv = n->range_var;
		v[*count].alias = rv->alias ? rv->alias->aliasname : rv->relname;
		v[(*count)++].rel = cft_env_relation(env, rv->schemaname, rv->relname);
	} else {
		v[*count].alias = "";
		v[(*count)++].rel = NULL;
	}
}

static const struct cft_object *find_column(const struct item *v, size_t n, const char *qualifier,
                                            const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].rel == NULL || (*qualifier && strcmp(qualifier, v[i].alias) != 0))
			continue;
		const struct cft_object *c = cft_schema_find_child(v[i].rel, "column", name);
		if (c != NULL)
			return c;
	}
	return NULL;
}

static void add_output(struct outputs *out, const char *name, const PgQuery__Node *val,
                       const struct cft_object *column)
{
	if (out->n == MAX_COLUMNS) {
		out->unknown = true;
		return;
	}
	out->name[out->n] = name;
	out->val[out->n] = val;
	out->column[out->n++] = column;
}

static void view_outputs(const struct cft_object *view, struct outputs *out);

static void add_parents(struct outputs *out, const struct cft_object *table);

/* The columns of a table, its inherited ones first, or of a view. */
static void add_relation(struct outputs *out, const struct cft_object *rel)
{
	if (rel == NULL || (rel->kind != CFT_KIND_TABLE && rel->kind != CFT_KIND_VIEW &&
	                    rel->kind != CFT_KIND_FOREIGN_TABLE)) {
		out->unknown = true;
		return;
	}
	if (rel->kind == CFT_KIND_VIEW) {
		struct outputs *inner = cft_new(struct outputs);
		view_outputs(rel, inner);
		out->unknown = out->unknown || inner->unknown;
		for (size_t i = 0; i < inner->n; i++)
			add_output(out, inner->name[i], inner->val[i], inner->column[i]);
		free(inner);
		return;
	}
	add_parents(out, rel);
	CFT_VEC_EACH (struct cft_object *, c, &rel->children)
		if ((*c)->kind == CFT_KIND_COLUMN && cft_attr_find(*c, CFT_ATTR_TYPE, ""))
			add_output(out, (*c)->name, NULL, *c);
}

static void add_parents(struct outputs *out, const struct cft_object *table)
{
	CFT_VEC_EACH (struct cft_attr, a, &table->attrs) {
		const PgQuery__RangeVar *rv = NULL;
		if (a->id == CFT_ATTR_PARTITION_OF)
			rv = ((const PgQuery__PartitionCmd *)a->node)->name;
		else if (a->id == CFT_ATTR_INHERITS)
			rv = (const PgQuery__RangeVar *)a->node;
		if (rv != NULL)
			add_relation(out, cft_env_relation(a->env, rv->schemaname, rv->relname));
	}
}

size_t cft_relation_columns(const struct cft_object *rel, const char **names, size_t max)
{
	struct outputs *out = cft_new(struct outputs);
	size_t n = 0;

	add_relation(out, rel);
	for (; !out->unknown && n < out->n && n < max; n++)
		names[n] = out->name[n];
	free(out);
	return n;
}

static void add_star(struct outputs *out, const struct item *v, size_t n, const char *only)
{
	for (size_t i = 0; i < n; i++) {
		if (*only && strcmp(only, v[i].alias) != 0)
			continue;
		if (v[i].rel == NULL || v[i].rel->kind != CFT_KIND_TABLE) {
			out->unknown = true;
			return;
		}
		CFT_VEC_EACH (struct cft_object *, c, &v[i].rel->children)
			if ((*c)->kind == CFT_KIND_COLUMN)
				add_output(out, (*c)->name, NULL, *c);
	}
}

static void add_target(struct outputs *out, const PgQuery__ResTarget *t, const struct item *v,
                       size_t n)
{
	const PgQuery__ColumnRef *ref =
		CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, cft_node_message(t->val));
	const char *qualifier = "", *name = "";

	if (ref != NULL) {
		const PgQuery__Node *last = ref->fields[ref->n_fields - 1];
		cft_names_split(ref->fields, ref->n_fields, &qualifier, &name);
		if (last->node_case == PG_QUERY__NODE__NODE_A_STAR) {
			add_star(out, v, n, qualifier);
			return;
		}
	}
	const struct cft_object *column = ref ? find_column(v, n, qualifier, name) : NULL;
	add_output(out, t->name && *t->name ? t->name : cft_output_name(t->val), t->val, column);
}

static void view_outputs(const struct cft_object *view, struct outputs *out)
{
	const PgQuery__ViewStmt *v = (const PgQuery__ViewStmt *)view->node;
	const PgQuery__SelectStmt *s = first_select(v->query);
	struct item items[32];
	size_t n = 0;

	out->n = 0;
	out->unknown = s == NULL || s->n_values_lists > 0;
	if (out->unknown)
		return;
	for (size_t i = 0; i < s->n_from_clause; i++)
		from_items(view->env, s->from_clause[i], items, &n);
	for (size_t i = 0; i < s->n_target_list; i++)
		add_target(out, s->target_list[i]->res_target, items, n);
	for (size_t i = 0; i < v->n_aliases && i < out->n; i++)
		out->name[i] = cft_node_string(v->aliases[i]);
}

/* -- types -- */

static const char *function_type(const char *name)
{
	static const char *const table[][2] = {
		{"count", "bigint"},     {"lower", "text"},        {"upper", "text"},
		{"concat", "text"},      {"btrim", "text"},        {"replace", "text"},
		{"now", "timestamptz"},  {"length", "integer"},    {"to_char", "text"},
		{"string_agg", "text"},  {"row_number", "bigint"}, {"rank", "bigint"},
		{"jsonb_agg", "jsonb"},  {"json_agg", "json"},     {"jsonb_build_object", "jsonb"},
		{"bool_and", "boolean"}, {"bool_or", "boolean"},   {"md5", "text"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i][0], name) == 0)
			return table[i][1];
	return NULL;
}

static const char *expr_type(struct cft_arena *arena, const PgQuery__Node *n)
{
	const char *schema, *name;
	struct cft_buf buf = CFT_BUF_INIT;

	if (n == NULL)
		return NULL;
	switch ((int)n->node_case) {
	case PG_QUERY__NODE__NODE_TYPE_CAST:
		cft_tree_type(n->type_cast->type_name, NULL, true, &buf);
		name = cft_arena_strdup(arena, cft_buf_str(&buf));
		cft_buf_release(&buf);
		return name;
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		cft_names_split(n->func_call->funcname, n->func_call->n_funcname, &schema, &name);
		return function_type(name);
	case PG_QUERY__NODE__NODE_A_CONST:
		if (n->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL)
			return "integer";
		if (n->a_const->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL)
			return "boolean";
		return n->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL ? "text" : NULL;
	case PG_QUERY__NODE__NODE_BOOL_EXPR:
	case PG_QUERY__NODE__NODE_NULL_TEST:
	case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
		return "boolean";
	default:
		return NULL;
	}
}

static const char *output_type(struct cft_arena *arena, const struct outputs *o, size_t i)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (o->column[i] == NULL)
		return expr_type(arena, o->val[i]);
	const struct cft_attr *a = cft_attr_find(o->column[i], CFT_ATTR_TYPE, "");
	if (a == NULL || a->node == NULL)
		return NULL;
	cft_tree_type((const PgQuery__TypeName *)a->node, a->env, true, &buf);
	const char *type = cft_arena_strdup(arena, cft_buf_str(&buf));
	cft_buf_release(&buf);
	return type;
}

static bool same_expr(const struct cft_object *a, const PgQuery__Node *x,
                      const struct cft_object *b, const PgQuery__Node *y)
{
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	if (x == NULL || y == NULL)
		return false;
	cft_tree_canon(cft_node_message(x), a->env, NULL, CFT_CANON_LOOSE, &p);
	cft_tree_canon(cft_node_message(y), b->env, NULL, CFT_CANON_LOOSE, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

bool cft_view_can_replace(const struct cft_diff *d, const struct cft_object *old,
                          const struct cft_object *new)
{
	struct outputs *o = cft_arena_new(d->arena, struct outputs);
	struct outputs *n = cft_arena_new(d->arena, struct outputs);

	view_outputs(old, o);
	view_outputs(new, n);
	if (o->unknown || n->unknown || n->n < o->n)
		return false;
	for (size_t i = 0; i < o->n; i++) {
		const char *was = output_type(d->arena, o, i), *is = output_type(d->arena, n, i);
		if (strcmp(o->name[i], n->name[i]) != 0)
			return false;
		if (was != NULL && is != NULL ? strcmp(was, is) != 0
		                              : !same_expr(old, o->val[i], new, n->val[i]))
			return false;
	}
	return true;
}

/* -- routines -- */

static bool same_message(const ProtobufCMessage *a, const struct cft_env *x,
                         const ProtobufCMessage *b, const struct cft_env *y)
{
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	cft_tree_canon(a, x, NULL, CFT_CANON_LOOSE, &p);
	cft_tree_canon(b, y, NULL, CFT_CANON_LOOSE, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

static bool same_parameter(const PgQuery__FunctionParameter *a, const struct cft_env *x,
                           const PgQuery__FunctionParameter *b, const struct cft_env *y)
{
	bool named = a->name && *a->name;

	if (a->mode != b->mode || (named && strcmp(a->name, b->name ? b->name : "") != 0))
		return false;
	if (a->defexpr != NULL && b->defexpr == NULL)
		return false; /* defaults can be added, not taken away */
	return same_message(&a->arg_type->base, x, &b->arg_type->base, y);
}

bool cft_routine_can_replace(const struct cft_object *old, const struct cft_object *new)
{
	const PgQuery__CreateFunctionStmt *a = (const PgQuery__CreateFunctionStmt *)old->node;
	const PgQuery__CreateFunctionStmt *b = (const PgQuery__CreateFunctionStmt *)new->node;

	if (a->n_parameters != b->n_parameters ||
	    (a->return_type == NULL) != (b->return_type == NULL))
		return false;
	if (a->return_type &&
	    !same_message(&a->return_type->base, old->env, &b->return_type->base, new->env))
		return false;
	for (size_t i = 0; i < a->n_parameters; i++)
		if (!same_parameter(a->parameters[i]->function_parameter, old->env,
		                    b->parameters[i]->function_parameter, new->env))
			return false;
	return true;
}
