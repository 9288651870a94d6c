/* Analyze, tables: CREATE TABLE with all its parts.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

struct cft_name cft_analyze_name(const PgQuery__RangeVar *rv)
{
	return (struct cft_name){rv->schemaname, rv->relname};
}

struct cft_name cft_analyze_new_name(const PgQuery__RangeVar *rv)
{
	struct cft_name name = cft_analyze_name(rv);

	if (rv->relpersistence && *rv->relpersistence == 't')
		name.schema = "pg_temp";
	return name;
}

static void like_clause(struct cft_build *b, const struct cft_name *table,
                        const PgQuery__TableLikeClause *like)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_TABLE, table->schema, table->name, NULL);
	cft_build_flag(b, CFT_EFFECT_PART);
	cft_build_attr(b, "like", cft_arena_printf(b->arena, "%u", like->options));
	uint16_t scope = cft_refs_scope(&b->refs, like->relation->schemaname,
	                                like->relation->relname, NULL, CFT_REF_SOFT);
	cft_refs_column(&b->refs, "", scope, CFT_REF_STAR | CFT_REF_SOFT);
	cft_build_end(b);
}

static void partition_bound(struct cft_build *b, const PgQuery__PartitionBoundSpec *bound)
{
	struct cft_buf buf = CFT_BUF_INIT;
	PgQuery__Node *const *lists[] = {bound->lowerdatums, bound->upperdatums, bound->listdatums};
	size_t counts[] = {bound->n_lowerdatums, bound->n_upperdatums, bound->n_listdatums};
	static const char *const keys[] = {"from", "to", "values"};

	cft_build_attr(b, "bound", bound->is_default ? "default" : bound->strategy);
	for (int k = 0; k < 3; k++) {
		cft_buf_clear(&buf);
		for (size_t i = 0; i < counts[k]; i++)
			cft_buf_addf(&buf, "%s%s", i ? "\x1f" : "",
			             cft_tree_text(b->arena, lists[k][i]));
		if (counts[k])
			cft_build_attr(b, keys[k], cft_arena_strdup(b->arena, cft_buf_str(&buf)));
	}
	if (bound->modulus) {
		cft_build_attr(b, "modulus", cft_arena_printf(b->arena, "%d", bound->modulus));
		cft_build_attr(b, "remainder", cft_arena_printf(b->arena, "%d", bound->remainder));
	}
	cft_buf_release(&buf);
}

/* The new child takes the parent's columns (mode "copy") or must have them (mode "match"). */
void cft_analyze_attach(struct cft_build *b, const struct cft_name *child,
                        const PgQuery__RangeVar *parent, const PgQuery__PartitionBoundSpec *bound,
                        const char *mode)
{
	cft_build_begin(b, CFT_OP_ATTACH, CFT_OBJ_TABLE, child->schema, child->name, NULL);
	if (strcmp(mode, "copy") == 0)
		cft_build_flag(b, CFT_EFFECT_PART);
	b->open.to = parent->relname;
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(b, "mode", mode);
	cft_build_attr(b, "parent_schema", parent->schemaname);
	if (bound)
		partition_bound(b, bound);
	cft_refs_add(&b->refs, CFT_OBJ_RELATION, parent->schemaname, parent->relname, NULL, 0);
	cft_build_end(b);
}

void cft_analyze_storage(struct cft_build *b, PgQuery__Node *const *options, size_t n, bool reset)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *def = options[i]->def_elem;
		cft_build_attr(b, cft_arena_printf(b->arena, "option.%s", def->defname),
		               reset ? "" : cft_build_def_value(b, def));
	}
}

static void create_table(struct cft_build *b, const PgQuery__CreateStmt *stmt, const char *server)
{
	struct cft_name table = cft_analyze_new_name(stmt->relation);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TABLE, table.schema, table.name, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	if (*stmt->relation->relpersistence && strcmp(stmt->relation->relpersistence, "p") != 0)
		cft_build_attr(b, "persistence",
		               *stmt->relation->relpersistence == 'u' ? "unlogged" : "temp");
	if (stmt->partspec)
		cft_build_attr(b, "partition_by", cft_build_digest(b, &stmt->partspec->base));
	if (*stmt->tablespacename)
		cft_build_attr(b, "tablespace", stmt->tablespacename);
	if (stmt->of_typename)
		cft_refs_type(&b->refs, stmt->of_typename, 0);
	if (server)
		cft_refs_add(&b->refs, CFT_OBJ_SERVER, NULL, server, NULL, 0);
	cft_analyze_storage(b, stmt->options, stmt->n_options, false);
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_inh_relations; i++)
		cft_analyze_attach(b, &table, stmt->inh_relations[i]->range_var, stmt->partbound,
		                   "copy");
	for (size_t i = 0; i < stmt->n_table_elts; i++) {
		const PgQuery__Node *item = stmt->table_elts[i];
		if (item->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
			cft_analyze_column(b, &table, item->column_def, CFT_EFFECT_PART);
		else if (item->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
			like_clause(b, &table, item->table_like_clause);
	}
	for (size_t i = 0; i < stmt->n_table_elts; i++)
		if (stmt->table_elts[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
			cft_analyze_constraint(b, &table, NULL, stmt->table_elts[i]->constraint,
			                       CFT_EFFECT_PART);
}

bool cft_analyze_table(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT:
		create_table(b, node->create_stmt, NULL);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
		create_table(b, node->create_foreign_table_stmt->base_stmt,
		             node->create_foreign_table_stmt->servername);
		return true;
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		cft_analyze_index(b, node->index_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		cft_analyze_alter(b, node->alter_table_stmt);
		return true;
	default:
		return false;
	}
}
