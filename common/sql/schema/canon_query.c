/* Canon of queries: what names and stars in them mean, and how their outputs are called.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/canon_parts.h"

#include "common/sql/schema/outputs.h"
#include "common/sql/syntax/name.h"

#include <string.h>

struct from_item {
	const char *alias;
	const struct cft_object *relation; /* NULL: subquery, function, unknown */
};

struct from_list {
	struct from_item v[32];
	size_t n;
};

static void from_add(struct cft_canon *c, struct from_list *list, const PgQuery__Node *node)
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

static void from_collect(struct cft_canon *c, const PgQuery__SelectStmt *s, struct from_list *list)
{
	list->n = 0;
	for (size_t i = 0; i < s->n_from_clause; i++)
		from_add(c, list, s->from_clause[i]);
}

static const char *column_owner(struct cft_canon *c, const char *column)
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

void cft_canon_column(struct cft_canon *c, const PgQuery__ColumnRef *ref)
{
	const char *qualifier, *name;

	cft_names_split(ref->fields, ref->n_fields, &qualifier, &name);
	if (*name == '\0') { /* a star */
		cft_canon_generic(c, &ref->base);
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

static void put_target(struct cft_canon *c, const PgQuery__ResTarget *t, const char *alias)
{
	cft_buf_addf(c->out, "(target %s ",
	             alias                 ? alias
	             : t->name && *t->name ? t->name
	                                   : cft_output_name(t->val));
	cft_canon_node(c, t->val);
	cft_buf_addc(c->out, ')');
}

/* SELECT * as the list of columns that PostgreSQL would store. */
static bool put_star(struct cft_canon *c, const PgQuery__ResTarget *t)
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

static void put_outputs_meant(struct cft_canon *c, const PgQuery__SelectStmt *s)
{
	cft_buf_adds(c->out, " group ");
	for (size_t i = 0; i < s->n_group_clause; i++)
		cft_canon_node(c, output_meant(s, s->group_clause[i]));
	cft_buf_adds(c->out, " order ");
	for (size_t i = 0; i < s->n_sort_clause; i++) {
		const PgQuery__SortBy *by = CFT_AS(PgQuery__SortBy, pg_query__sort_by,
		                                   cft_node_message(s->sort_clause[i]));
		bool desc = by && by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
		cft_canon_node(c, by ? output_meant(s, by->node) : s->sort_clause[i]);
		cft_buf_addf(c->out, desc ? " desc" : " asc");
		if (by != NULL && by->sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT)
			cft_buf_addf(c->out, " nulls %d", by->sortby_nulls);
	}
}

void cft_canon_select(struct cft_canon *c, const PgQuery__SelectStmt *s)
{
	const PgQuery__SelectStmt *outer = c->select;
	PgQuery__Node *const *aliases = c->aliases;
	size_t n_aliases = c->n_aliases;

	c->n_aliases = 0;

	c->select = s;
	if (!c->loose) {
		cft_canon_generic(c, &s->base);
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
			cft_canon_node(c, s->target_list[i]);
		else if (!put_star(c, t))
			put_target(c, t, i < n_aliases ? cft_node_string(aliases[i]) : NULL);
	}
	put_outputs_meant(c, s);
	copy.n_group_clause = 0;
	copy.n_sort_clause = 0;
	cft_canon_generic(c, &copy.base);
	cft_buf_addc(c->out, ')');
	c->select = outer;
}

void cft_canon_view(struct cft_canon *c, const PgQuery__ViewStmt *v)
{
	PgQuery__ViewStmt copy = *v;

	c->aliases = v->aliases;
	c->n_aliases = v->n_aliases;
	copy.n_aliases = 0;
	cft_canon_generic(c, &copy.base);
	c->n_aliases = 0;
}
