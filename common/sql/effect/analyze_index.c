/* Analyze, indexes: CREATE INDEX.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

static const char *index_column_name(const PgQuery__IndexElem *item)
{
	const PgQuery__Node *expr = item->expr;

	if (*item->name)
		return item->name;
	while (expr && expr->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		expr = expr->type_cast->arg;
	if (expr && expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
		return cft_name_of_list(expr->func_call->funcname, expr->func_call->n_funcname)
		        .name;
	if (expr && expr->node_case == PG_QUERY__NODE__NODE_COALESCE_EXPR)
		return "coalesce";
	return "expr";
}

static void index_elements(struct cft_build *b, const PgQuery__IndexStmt *stmt, uint16_t scope,
                           struct cft_columns *columns)
{
	for (size_t i = 0; i < stmt->n_index_params; i++) {
		const PgQuery__IndexElem *item = stmt->index_params[i]->index_elem;

		if (columns->n < 32)
			columns->v[columns->n++] = index_column_name(item);
		if (*item->name)
			cft_refs_column(&b->refs, item->name, scope, CFT_REF_AUTO);
		else
			cft_refs_expr(&b->refs, item->expr, scope);
		if (item->n_opclass) {
			struct cft_name name = cft_name_of_list(item->opclass, item->n_opclass);
			cft_build_attr(b, "opclass", name.name);
			cft_refs_add(&b->refs, CFT_OBJ_OPCLASS, name.schema, name.name, NULL,
			             CFT_REF_UNCERTAIN);
		}
		if (item->n_collation) {
			struct cft_name name = cft_name_of_list(item->collation, item->n_collation);
			cft_refs_add(&b->refs, CFT_OBJ_COLLATION, name.schema, name.name, NULL,
			             CFT_REF_UNCERTAIN);
		}
		if (item->expr) {
			cft_build_attr(b, "expr", "yes");
			cft_analyze_typed(b, item->expr);
		}
	}
	for (size_t i = 0; i < stmt->n_index_including_params; i++) {
		const PgQuery__IndexElem *item = stmt->index_including_params[i]->index_elem;
		cft_refs_column(&b->refs, item->name, scope, CFT_REF_AUTO);
		if (columns->n < 32)
			columns->v[columns->n++] = item->name;
	}
}

void cft_analyze_index(struct cft_build *b, const PgQuery__IndexStmt *stmt)
{
	struct cft_columns columns = {0};
	PgQuery__IndexStmt bare = *stmt;
	PgQuery__RangeVar no_table = *stmt->relation;

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_INDEX, stmt->relation->schemaname, stmt->idxname,
	                NULL);
	cft_build_flag(b, (stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0) |
	                          (*stmt->idxname ? 0 : CFT_EFFECT_GENERATED_NAME));
	if (stmt->concurrent)
		cft_build_flag(b, CFT_EFFECT_CONCURRENTLY | CFT_EFFECT_NO_TRANSACTION);
	b->open.to = stmt->relation->relname;
	b->open.lock = stmt->concurrent ? CFT_LOCK_SHARE_UPDATE_EXCLUSIVE : CFT_LOCK_SHARE;
	uint16_t scope = cft_refs_scope(&b->refs, stmt->relation->schemaname,
	                                stmt->relation->relname, NULL, CFT_REF_AUTO);
	b->refs.flags = CFT_REF_AUTO;
	index_elements(b, stmt, scope, &columns);
	cft_refs_expr(&b->refs, stmt->where_clause, scope);
	b->refs.flags = 0;
	if (stmt->where_clause) {
		cft_build_attr(b, "predicate", cft_tree_text(b->arena, stmt->where_clause));
		cft_analyze_typed(b, stmt->where_clause);
	}
	if (strcmp(stmt->access_method, "btree") != 0)
		cft_build_attr(b, "method", stmt->access_method);
	if (!stmt->relation->inh)
		cft_build_attr(b, "only", "yes");
	if (stmt->unique)
		cft_build_attr(b, "unique", "yes");
	cft_build_attr(b, "columns", cft_columns_join(b, &columns));
	cft_build_attr(b, "name2", cft_name_join(b->arena, columns.v, columns.n));
	no_table.relname = no_table.schemaname = (char *)"";
	bare.relation = &no_table;
	bare.idxname = (char *)"";
	bare.concurrent = bare.if_not_exists = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	cft_build_end(b);
}
