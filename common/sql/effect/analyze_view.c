/* Analyze, views: views, materialized views, tables made from queries, rules.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

static char *outputs(struct cft_build *b, const PgQuery__Node *query, PgQuery__Node *const *aliases,
                     size_t n_aliases)
{
	if (n_aliases)
		return cft_build_list(b, aliases, n_aliases);
	if (query && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT)
		return cft_refs_outputs(b->arena, query->select_stmt);
	return cft_arena_strdup(b->arena, "");
}

static void create_view(struct cft_build *b, const PgQuery__ViewStmt *stmt)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_VIEW, stmt->view->schemaname, stmt->view->relname,
	                NULL);
	cft_build_flag(b, stmt->replace ? CFT_EFFECT_OR_REPLACE : 0);
	if (stmt->replace)
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(b, "def", cft_build_digest(b, cft_node_message(stmt->query)));
	cft_build_attr(b, "columns", outputs(b, stmt->query, stmt->aliases, stmt->n_aliases));
	cft_build_def_attrs(b, stmt->options, stmt->n_options, "option.");
	if (stmt->with_check_option > PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
		cft_build_attr(b, "option.check_option", "yes");
	cft_refs_query(&b->refs, cft_node_message(stmt->query));
	cft_build_end(b);
}

static void create_as(struct cft_build *b, const PgQuery__CreateTableAsStmt *stmt)
{
	bool matview = stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
	const PgQuery__RangeVar *rel = stmt->into->rel;
	struct cft_name name = cft_analyze_new_name(rel);

	cft_build_begin(b, CFT_OP_CREATE, matview ? CFT_OBJ_MATVIEW : CFT_OBJ_TABLE, name.schema,
	                name.name, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	if (matview)
		cft_build_attr(b, "def", cft_build_digest(b, cft_node_message(stmt->query)));
	cft_build_attr(b, "columns",
	               outputs(b, stmt->query, stmt->into->col_names, stmt->into->n_col_names));
	if (!matview && *rel->relpersistence && strcmp(rel->relpersistence, "p") != 0)
		cft_build_attr(b, "persistence", *rel->relpersistence == 'u' ? "unlogged" : "temp");
	b->refs.flags = matview ? 0 : CFT_REF_SOFT;
	cft_refs_query(&b->refs, cft_node_message(stmt->query));
	cft_build_end(b);
}

static void create_rule(struct cft_build *b, const PgQuery__RuleStmt *stmt)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_RULE, stmt->relation->schemaname,
	                stmt->relation->relname, stmt->rulename);
	cft_build_flag(b, stmt->replace ? CFT_EFFECT_OR_REPLACE : 0);
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	PgQuery__RuleStmt bare = *stmt;
	bare.replace = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	uint16_t scope = cft_refs_scope(&b->refs, stmt->relation->schemaname,
	                                stmt->relation->relname, "new", 0);
	cft_refs_expr(&b->refs, stmt->where_clause, scope);
	for (size_t i = 0; i < stmt->n_actions; i++)
		cft_refs_expr(&b->refs, stmt->actions[i], scope);
	for (size_t i = 0; i < b->refs.list.n; i++)
		if (strcmp(b->refs.list.v[i].alias, "old") == 0)
			b->refs.list.v[i].alias = "new";
	cft_build_end(b);
}

bool cft_analyze_view(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_VIEW_STMT:
		create_view(b, node->view_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
		create_as(b, node->create_table_as_stmt);
		return true;
	case PG_QUERY__NODE__NODE_RULE_STMT:
		create_rule(b, node->rule_stmt);
		return true;
	default:
		return false;
	}
}
