/* Analyze, constraints: what they check and what they refer to.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

static void find_columns(const ProtobufCMessage *m, void *arg)
{
	struct cft_columns *columns = arg;

	if (CFT_TREE_IS(m, column_ref)) {
		const PgQuery__ColumnRef *ref = (const PgQuery__ColumnRef *)m;
		const char *name = cft_name_of_list(ref->fields, ref->n_fields).name;

		for (size_t i = 0; i < columns->n; i++)
			if (strcmp(columns->v[i], name) == 0)
				return;
		if (columns->n < 32)
			columns->v[columns->n++] = name;
		return;
	}
	cft_tree_children(m, find_columns, arg);
}

/* `x::text`: nearly every type has that cast. */
static bool is_column_as_text(const ProtobufCMessage *m)
{
	const PgQuery__TypeCast *cast = (const PgQuery__TypeCast *)m;

	return CFT_TREE_IS(m, type_cast) &&
	       cast->arg->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
	       strcmp(cft_name_of_list(cast->type_name->names, cast->type_name->n_names).name,
	              "text") == 0;
}

struct typed_search {
	bool inside; /* of something that takes some types only */
	bool fixed;  /* and does not take another type's column when it is written anew */
	bool found, found_fixed;
};

/* column = 'x': the literal becomes what the column is. */
static bool is_adapting(const ProtobufCMessage *m)
{
	const PgQuery__AExpr *expr = (const PgQuery__AExpr *)m;

	return CFT_TREE_IS(m, a__expr) && cft_build_is_comparison(expr) && expr->lexpr &&
	       expr->rexpr && expr->lexpr->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
}

static bool takes_some_types(const ProtobufCMessage *m)
{
	return CFT_TREE_IS(m, a__expr) || CFT_TREE_IS(m, func_call) || CFT_TREE_IS(m, type_cast) ||
	       CFT_TREE_IS(m, boolean_test) || CFT_TREE_IS(m, case_expr) ||
	       CFT_TREE_IS(m, coalesce_expr) || CFT_TREE_IS(m, min_max_expr);
}

/* Does the expression need operators or functions of its columns' types? `x IS NOT NULL` does not.
 */
static void find_typed(const ProtobufCMessage *m, void *arg)
{
	struct typed_search *search = arg;
	struct typed_search outside = *search;

	if (is_column_as_text(m))
		return;
	if (CFT_TREE_IS(m, column_ref)) {
		search->found = search->found || search->inside;
		search->found_fixed = search->found_fixed || search->fixed;
	}
	if (takes_some_types(m)) {
		search->inside = true;
		search->fixed = search->fixed || !is_adapting(m);
	}
	cft_tree_children(m, find_typed, search);
	search->inside = outside.inside;
	search->fixed = outside.fixed;
}

void cft_analyze_typed(struct cft_build *b, const PgQuery__Node *expr)
{
	const ProtobufCMessage *m = cft_node_message(expr);
	struct typed_search search = {false, false, false, false};

	if (m)
		find_typed(m, &search);
	if (search.found)
		cft_build_attr(b, "typed", search.found_fixed ? "fixed" : "yes");
}

static void key_columns(struct cft_columns *columns, PgQuery__Node *const *keys, size_t n)
{
	for (size_t i = 0; i < n && columns->n < 32; i++)
		if (keys[i]->node_case == PG_QUERY__NODE__NODE_STRING)
			columns->v[columns->n++] = keys[i]->string->sval;
}

char *cft_columns_join(struct cft_build *b, const struct cft_columns *columns)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < columns->n; i++)
		cft_buf_addf(&buf, "%s%s", i ? "," : "", columns->v[i]);
	char *text = cft_arena_strndup(b->arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}

static const char *constraint_label(PgQuery__ConstrType type)
{
	switch (type) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
		return "pkey";
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
		return "key";
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
		return "excl";
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		return "fkey";
	default:
		return "check";
	}
}

static void exclusion_columns(struct cft_build *b, struct cft_columns *columns,
                              const PgQuery__Constraint *con, uint16_t scope)
{
	for (size_t i = 0; i < con->n_exclusions; i++) {
		const PgQuery__Node *pair = con->exclusions[i];
		if (pair->node_case != PG_QUERY__NODE__NODE_LIST || pair->list->n_items < 1)
			continue;
		const PgQuery__IndexElem *item = pair->list->items[0]->index_elem;
		if (*item->name && columns->n < 32)
			columns->v[columns->n++] = item->name;
		else
			cft_refs_expr(&b->refs, item->expr, scope);
	}
	cft_refs_expr(&b->refs, con->where_clause, scope);
}

static void foreign_refs(struct cft_build *b, const PgQuery__Constraint *con)
{
	struct cft_columns parent = {0};
	uint16_t scope =
		cft_refs_scope(&b->refs, con->pktable->schemaname, con->pktable->relname, NULL, 0);

	key_columns(&parent, con->pk_attrs, con->n_pk_attrs);
	for (size_t i = 0; i < parent.n; i++)
		cft_refs_column(&b->refs, parent.v[i], scope, 0);
	struct cft_ref *ref =
		cft_refs_add(&b->refs, CFT_OBJ_CONSTRAINT, con->pktable->schemaname,
	                     con->pktable->relname, cft_columns_join(b, &parent), CFT_REF_KEY);
	ref->scope = scope;
}

static void constraint_definition(struct cft_build *b, const PgQuery__Constraint *con)
{
	PgQuery__Constraint bare = *con;

	bare.conname = (char *)"";
	bare.skip_validation = false;
	bare.initially_valid = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	if (con->is_no_inherit)
		cft_build_attr(b, "no_inherit", "yes");
	if (con->skip_validation && !(b->open.flags & CFT_EFFECT_PART))
		cft_build_attr(b, "not_valid", "yes");
	if (*con->indexname)
		cft_build_attr(b, "index", con->indexname);
	if (con->pktable) {
		cft_build_attr(b, "parent_schema", con->pktable->schemaname);
		cft_build_attr(b, "parent", con->pktable->relname);
	}
}

void cft_analyze_constraint(struct cft_build *b, const struct cft_name *table, const char *column,
                            const PgQuery__Constraint *con, uint32_t flags)
{
	struct cft_columns columns = {0};
	bool check = con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK;
	bool foreign = con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_CONSTRAINT, table->schema, table->name,
	                con->conname);
	cft_build_flag(b, flags | (*con->conname ? 0 : CFT_EFFECT_GENERATED_NAME));
	uint16_t scope = cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_AUTO);
	if (check)
		find_columns(cft_node_message(con->raw_expr), &columns);
	else if (column && con->n_keys == 0 && con->n_fk_attrs == 0 && con->n_exclusions == 0)
		columns.v[columns.n++] = column;
	key_columns(&columns, con->keys, con->n_keys);
	key_columns(&columns, con->fk_attrs, con->n_fk_attrs);
	exclusion_columns(b, &columns, con, scope);
	for (size_t i = 0; i < columns.n && !check; i++)
		cft_refs_column(&b->refs, columns.v[i], scope, CFT_REF_AUTO);
	if (check) {
		b->refs.flags = CFT_REF_AUTO;
		cft_refs_expr(&b->refs, con->raw_expr, scope);
		b->refs.flags = 0;
	}
	cft_build_attr(b, "type", constraint_label(con->contype));
	cft_build_attr(b, "columns", cft_columns_join(b, &columns));
	if (check) {
		cft_build_attr(b, "expr", cft_tree_text(b->arena, con->raw_expr));
		cft_analyze_typed(b, con->raw_expr);
		cft_analyze_tests(b, con->raw_expr);
	}
	/* A column's own CHECK is named after the column, a table's after its only column. */
	if (check)
		cft_build_attr(b, "name2", column ? column : columns.n == 1 ? columns.v[0] : "");
	else if (con->contype != PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
		cft_build_attr(b, "name2", cft_name_join(b->arena, columns.v, columns.n));
	constraint_definition(b, con);
	if (foreign)
		foreign_refs(b, con);
	if (!(flags & CFT_EFFECT_PART))
		b->open.lock = foreign ? CFT_LOCK_SHARE_ROW_EXCLUSIVE : CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_end(b);
}
