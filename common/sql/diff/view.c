/* View: when CREATE OR REPLACE of a view or routine is enough.
 * SPDX-License-Identifier: MIT
 *
 * PostgreSQL lets a view keep its columns, names and types, and add more at the end. Types are
 * inferred for what is easily inferred; where that fails the view is made anew, which is safe.
 */
#include "common/sql/diff/diff.h"
#include "common/sql/schema/outputs.h"
#include "common/sql/syntax/name.h"

#include <string.h>

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

static const char *output_type(struct cft_arena *arena, const struct cft_outputs *o, size_t i)
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
	struct cft_outputs *o = cft_arena_new(d->arena, struct cft_outputs);
	struct cft_outputs *n = cft_arena_new(d->arena, struct cft_outputs);

	cft_view_outputs(old, o);
	cft_view_outputs(new, n);
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
