/* Outputs: the columns of a relation, followed through inheritance, stars and views.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/outputs.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

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

static void add_output(struct cft_outputs *out, const char *name, const PgQuery__Node *val,
                       const struct cft_object *column)
{
	if (out->n == CFT_OUTPUTS_MAX) {
		out->unknown = true;
		return;
	}
	out->name[out->n] = name;
	out->val[out->n] = val;
	out->column[out->n++] = column;
}

static void add_parents(struct cft_outputs *out, const struct cft_object *table);

/* The columns of a table, its inherited ones first, or of a view. */
static void add_relation(struct cft_outputs *out, const struct cft_object *rel)
{
	if (rel == NULL || (rel->kind != CFT_KIND_TABLE && rel->kind != CFT_KIND_VIEW &&
	                    rel->kind != CFT_KIND_FOREIGN_TABLE)) {
		out->unknown = true;
		return;
	}
	if (rel->kind == CFT_KIND_VIEW) {
		struct cft_outputs *inner = cft_new(struct cft_outputs);
		cft_view_outputs(rel, inner);
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

static void add_parents(struct cft_outputs *out, const struct cft_object *table)
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
	struct cft_outputs *out = cft_new(struct cft_outputs);
	size_t n = 0;

	add_relation(out, rel);
	for (; !out->unknown && n < out->n && n < max; n++)
		names[n] = out->name[n];
	free(out);
	return n;
}

static void add_star(struct cft_outputs *out, const struct item *v, size_t n, const char *only)
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

static void add_target(struct cft_outputs *out, const PgQuery__ResTarget *t, const struct item *v,
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

void cft_view_outputs(const struct cft_object *view, struct cft_outputs *out)
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
