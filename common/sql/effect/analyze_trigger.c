/* Analyze, triggers and policies.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/build.h"

#include <string.h>

static void create_trigger(struct cft_build *b, const PgQuery__CreateTrigStmt *stmt)
{
	struct cft_name function = cft_name_of_list(stmt->funcname, stmt->n_funcname);
	PgQuery__CreateTrigStmt bare = *stmt;
	PgQuery__RangeVar no_table = *stmt->relation;

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TRIGGER, stmt->relation->schemaname,
	                stmt->relation->relname, stmt->trigname);
	cft_build_flag(b, stmt->replace ? CFT_EFFECT_OR_REPLACE : 0);
	b->open.lock = CFT_LOCK_SHARE_ROW_EXCLUSIVE;
	no_table.relname = no_table.schemaname = (char *)"";
	bare.relation = &no_table;
	bare.replace = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	cft_build_attr(b, "function", function.name);
	uint16_t scope = cft_refs_scope(&b->refs, stmt->relation->schemaname,
	                                stmt->relation->relname, "new", 0);
	for (size_t i = 0; i < stmt->n_columns; i++)
		cft_refs_column(&b->refs, stmt->columns[i]->string->sval, scope, 0);
	cft_refs_expr(&b->refs, stmt->when_clause, scope);
	/* OLD and NEW are both the table's row. */
	for (size_t i = 0; i < b->refs.list.n; i++)
		if (strcmp(b->refs.list.v[i].alias, "old") == 0)
			b->refs.list.v[i].alias = "new";
	cft_refs_add(&b->refs, CFT_OBJ_FUNCTION, function.schema, function.name, "0", 0);
	cft_build_end(b);
}

static void policy_refs(struct cft_build *b, const PgQuery__RangeVar *table,
                        const PgQuery__Node *qual, const PgQuery__Node *check,
                        PgQuery__Node *const *roles, size_t n_roles)
{
	struct cft_buf names = CFT_BUF_INIT;
	uint16_t scope = cft_refs_scope(&b->refs, table->schemaname, table->relname, NULL, 0);

	cft_refs_expr(&b->refs, qual, scope);
	cft_refs_expr(&b->refs, check, scope);
	for (size_t i = 0; i < n_roles; i++) {
		cft_build_role_ref(b, roles[i]->role_spec);
		cft_buf_addf(&names, "%s%s", i ? "," : "", cft_build_role(roles[i]->role_spec));
	}
	if (n_roles)
		cft_build_attr(b, "roles", cft_arena_strdup(b->arena, cft_buf_str(&names)));
	if (qual)
		cft_build_attr(b, "using", cft_tree_text(b->arena, qual));
	if (check)
		cft_build_attr(b, "check", cft_tree_text(b->arena, check));
	cft_buf_release(&names);
}

static void create_policy(struct cft_build *b, const PgQuery__CreatePolicyStmt *stmt)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_POLICY, stmt->table->schemaname,
	                stmt->table->relname, stmt->policy_name);
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(b, "command", stmt->cmd_name);
	cft_build_attr(b, "permissive", stmt->permissive ? "yes" : "no");
	policy_refs(b, stmt->table, stmt->qual, stmt->with_check, stmt->roles, stmt->n_roles);
	cft_build_end(b);
}

static void alter_policy(struct cft_build *b, const PgQuery__AlterPolicyStmt *stmt)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_POLICY, stmt->table->schemaname,
	                stmt->table->relname, stmt->policy_name);
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	policy_refs(b, stmt->table, stmt->qual, stmt->with_check, stmt->roles, stmt->n_roles);
	cft_build_end(b);
}

bool cft_analyze_trigger(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
		create_trigger(b, node->create_trig_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
		create_policy(b, node->create_policy_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
		alter_policy(b, node->alter_policy_stmt);
		return true;
	default:
		return false;
	}
}
