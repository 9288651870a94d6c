/* Analyze, data and settings: DML, TRUNCATE, COPY, REFRESH, SET, and what changes no schema.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/build.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static void write_effect(struct cft_build *b, const PgQuery__RangeVar *rv, const char *rows)
{
	cft_build_begin(b, CFT_OP_WRITE, CFT_OBJ_TABLE, rv->schemaname, rv->relname, NULL);
	b->open.lock = CFT_LOCK_ROW_EXCLUSIVE;
	cft_build_attr(b, "rows", rows);
}

static bool is_null(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
}

enum { MAX_KNOWN_VALUES = 256 };

/* What a value is put into: the name of its column, or its place. */
static const char *target_name(struct cft_build *b, const PgQuery__InsertStmt *stmt, size_t k)
{
	return k < stmt->n_cols ? stmt->cols[k]->res_target->name
	                        : cft_arena_printf(b->arena, "%zu", k);
}

/* A constant that a row gets: two rows of one key clash, and checks look at it. */
static void inserted_value(struct cft_build *b, const PgQuery__InsertStmt *stmt,
                           const PgQuery__Node *value, size_t k)
{
	if (stmt->n_cols && k >= stmt->n_cols)
		return;
	if (value->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT)
		cft_build_attr(b, "omits", target_name(b, stmt, k));
	else if (is_null(value))
		cft_build_attr(b, "null", target_name(b, stmt, k));
	else if (value->node_case == PG_QUERY__NODE__NODE_A_CONST && b->attrs.n < MAX_KNOWN_VALUES)
		cft_build_attr(b, "value",
		               cft_arena_printf(b->arena, "%s=%s", target_name(b, stmt, k),
		                                cft_tree_text(b->arena, value)));
}

/* Where an INSERT lists no columns: how many it fills. */
static void inserted_width(struct cft_build *b, const PgQuery__InsertStmt *stmt, size_t width)
{
	if (!stmt->n_cols)
		cft_build_attr(b, "width", cft_arena_printf(b->arena, "%zu", width));
}

/* SELECT 1, 'x' is a row as well. */
static void selected_row(struct cft_build *b, const PgQuery__InsertStmt *stmt,
                         const PgQuery__SelectStmt *select)
{
	if (select->larg || select->n_from_clause || select->where_clause || !select->n_target_list)
		return;
	for (size_t k = 0; k < select->n_target_list; k++)
		if (select->target_list[k]->res_target->val)
			inserted_value(b, stmt, select->target_list[k]->res_target->val, k);
	inserted_width(b, stmt, select->n_target_list);
}

/* What the rows of an INSERT put into columns, by name or by position: NULLs and constants. */
static void inserted_values(struct cft_build *b, const PgQuery__InsertStmt *stmt)
{
	struct cft_buf columns = CFT_BUF_INIT;

	for (size_t i = 0; i < stmt->n_cols; i++)
		cft_buf_addf(&columns, "%s%s", i ? "," : "", stmt->cols[i]->res_target->name);
	if (stmt->n_cols)
		cft_build_attr(b, "into", cft_arena_strdup(b->arena, cft_buf_str(&columns)));
	cft_buf_release(&columns);
	if (stmt->override != PG_QUERY__OVERRIDING_KIND__OVERRIDING_NOT_SET)
		cft_build_attr(b, "overriding", "yes");
	if (stmt->on_conflict_clause)
		cft_build_attr(b, "upsert", "yes");
	if (!stmt->select_stmt)
		inserted_width(b, stmt, 0);
	if (!stmt->select_stmt || stmt->select_stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		return;
	const PgQuery__SelectStmt *select = stmt->select_stmt->select_stmt;
	if (!select->n_values_lists)
		selected_row(b, stmt, select);
	for (size_t i = 0; i < select->n_values_lists; i++) {
		if (select->values_lists[i]->node_case != PG_QUERY__NODE__NODE_LIST)
			continue;
		const PgQuery__List *row = select->values_lists[i]->list;
		for (size_t k = 0; k < row->n_items; k++)
			inserted_value(b, stmt, row->items[k], k);
		if (i == 0)
			inserted_width(b, stmt, row->n_items);
	}
}

/* `SET c = x` with x not NULL and every NULL row hit: the column has no NULLs afterwards. */
static void updated_columns(struct cft_build *b, const PgQuery__UpdateStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_target_list; i++) {
		const PgQuery__ResTarget *target = stmt->target_list[i]->res_target;
		bool fills = target->val && !is_null(target->val) &&
		             (!stmt->where_clause ||
		              stmt->where_clause->node_case == PG_QUERY__NODE__NODE_NULL_TEST);
		cft_build_attr(b, fills ? "fills" : "sets", target->name);
		if (target->val && is_null(target->val))
			cft_build_attr(b, "nulls", target->name);
	}
	if (stmt->where_clause)
		cft_build_attr(b, "where", cft_tree_text(b->arena, stmt->where_clause));
	PgQuery__UpdateStmt bare = *stmt;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
}

static void dml(struct cft_build *b, const PgQuery__Node *node)
{
	const PgQuery__RangeVar *rv;

	if (node->node_case == PG_QUERY__NODE__NODE_INSERT_STMT) {
		rv = node->insert_stmt->relation;
		write_effect(b, rv, "insert");
		inserted_values(b, node->insert_stmt);
	} else if (node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT) {
		rv = node->update_stmt->relation;
		write_effect(b, rv, "update");
		updated_columns(b, node->update_stmt);
	} else if (node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT) {
		rv = node->delete_stmt->relation;
		write_effect(b, rv, node->delete_stmt->where_clause ? "delete" : "delete all");
	} else {
		rv = node->merge_stmt->relation;
		write_effect(b, rv, "merge");
	}
	b->refs.flags = CFT_REF_SOFT;
	cft_refs_query(&b->refs, cft_node_message(node));
	b->refs.flags = 0;
	cft_build_end(b);
}

static void truncate(struct cft_build *b, const PgQuery__TruncateStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_relations; i++) {
		write_effect(b, stmt->relations[i]->range_var, "truncate");
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
		if (stmt->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
			cft_build_flag(b, CFT_EFFECT_CASCADE);
		for (size_t k = 0; k < stmt->n_relations; k++)
			if (k != i)
				cft_build_attr(b, "with", stmt->relations[k]->range_var->relname);
		cft_refs_add(&b->refs, CFT_OBJ_RELATION, stmt->relations[i]->range_var->schemaname,
		             stmt->relations[i]->range_var->relname, NULL, CFT_REF_SOFT);
		cft_build_end(b);
	}
}

/* pg_dump's `SELECT pg_catalog.set_config('search_path', '', false)`. */
static bool set_config(struct cft_build *b, const PgQuery__SelectStmt *select)
{
	if (select->n_target_list != 1 || select->n_from_clause ||
	    select->target_list[0]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
		return false;
	const PgQuery__Node *val = select->target_list[0]->res_target->val;
	if (!val || val->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
		return false;
	const PgQuery__FuncCall *call = val->func_call;
	if (strcmp(cft_name_of_list(call->funcname, call->n_funcname).name, "set_config") != 0 ||
	    call->n_args < 2 || call->args[0]->node_case != PG_QUERY__NODE__NODE_A_CONST ||
	    call->args[1]->node_case != PG_QUERY__NODE__NODE_A_CONST ||
	    call->args[0]->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL ||
	    call->args[1]->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
		return false;
	cft_build_begin(b, CFT_OP_SESSION, CFT_OBJ_SETTING, NULL, "session", NULL);
	cft_build_attr(b, call->args[0]->a_const->sval->sval, call->args[1]->a_const->sval->sval);
	cft_build_end(b);
	return true;
}

static void use(struct cft_build *b, const PgQuery__Node *node)
{
	if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT && set_config(b, node->select_stmt))
		return;
	cft_build_begin(b, CFT_OP_USE, CFT_OBJ_UNKNOWN, NULL, "query", NULL);
	b->refs.flags = CFT_REF_SOFT;
	cft_refs_query(&b->refs, cft_node_message(node));
	b->refs.flags = 0;
	cft_build_end(b);
}

static const char *setting_value(struct cft_build *b, const PgQuery__VariableSetStmt *set)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < set->n_args; i++) {
		const PgQuery__Node *arg = set->args[i];
		bool text = arg->node_case == PG_QUERY__NODE__NODE_A_CONST &&
		            arg->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
		cft_buf_addf(&buf, "%s%s", i ? "," : "",
		             text ? arg->a_const->sval->sval : cft_tree_text(b->arena, arg));
	}
	const char *value = cft_arena_strdup(b->arena, cft_buf_str(&buf));
	cft_buf_release(&buf);
	return value;
}

static void setting(struct cft_build *b, enum cft_effect_op op, const char *owner,
                    const PgQuery__VariableSetStmt *set)
{
	bool reset = set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET ||
	             set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL ||
	             set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT;

	cft_build_begin(b, op, CFT_OBJ_SETTING, NULL, owner, NULL);
	cft_build_attr(b, *set->name ? set->name : "all", reset ? "\x7f" : setting_value(b, set));
	cft_build_end(b);
}

static void copy(struct cft_build *b, const PgQuery__CopyStmt *stmt)
{
	if (!stmt->relation) {
		use(b, stmt->query);
		return;
	}
	write_effect(b, stmt->relation, stmt->is_from ? "insert" : "read");
	uint16_t scope = cft_refs_scope(&b->refs, stmt->relation->schemaname,
	                                stmt->relation->relname, NULL, CFT_REF_SOFT);
	for (size_t i = 0; i < stmt->n_attlist; i++)
		cft_refs_column(&b->refs, stmt->attlist[i]->string->sval, scope, CFT_REF_SOFT);
	cft_build_end(b);
}

static void on_relation(struct cft_build *b, const PgQuery__RangeVar *rv, const char *what,
                        enum cft_lock lock)
{
	if (!rv)
		return;
	write_effect(b, rv, what);
	b->open.lock = lock;
	cft_refs_add(&b->refs, CFT_OBJ_RELATION, rv->schemaname, rv->relname, NULL, CFT_REF_SOFT);
	cft_build_end(b);
}

static void lock_tables(struct cft_build *b, const PgQuery__LockStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_relations; i++)
		on_relation(b, stmt->relations[i]->range_var, "lock", (enum cft_lock)stmt->mode);
}

bool cft_analyze_data(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_INSERT_STMT:
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
	case PG_QUERY__NODE__NODE_DELETE_STMT:
	case PG_QUERY__NODE__NODE_MERGE_STMT:
		dml(b, node);
		return true;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		use(b, node);
		return true;
	case PG_QUERY__NODE__NODE_CALL_STMT:
		cft_build_begin(b, CFT_OP_USE, CFT_OBJ_UNKNOWN, NULL, "CALL", NULL);
		b->refs.flags = CFT_REF_SOFT;
		cft_refs_query(&b->refs, &node->call_stmt->base);
		b->refs.flags = 0;
		cft_build_end(b);
		return true;
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
		truncate(b, node->truncate_stmt);
		return true;
	case PG_QUERY__NODE__NODE_COPY_STMT:
		copy(b, node->copy_stmt);
		return true;
	case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
		on_relation(b, node->refresh_mat_view_stmt->relation, "refresh",
		            node->refresh_mat_view_stmt->concurrent ? CFT_LOCK_EXCLUSIVE
		                                                    : CFT_LOCK_ACCESS_EXCLUSIVE);
		return true;
	case PG_QUERY__NODE__NODE_LOCK_STMT:
		lock_tables(b, node->lock_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
		on_relation(b, node->cluster_stmt->relation, "cluster", CFT_LOCK_ACCESS_EXCLUSIVE);
		return true;
	case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
		setting(b, CFT_OP_SESSION, "session", node->variable_set_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
		setting(b, CFT_OP_ALTER, "database", node->alter_database_set_stmt->setstmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
		setting(b, CFT_OP_ALTER,
		        cft_arena_printf(b->arena, "role %s",
		                         cft_build_role(node->alter_role_set_stmt->role)),
		        node->alter_role_set_stmt->setstmt);
		return true;
	case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
	case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
	case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
	case PG_QUERY__NODE__NODE_NOTIFY_STMT:
	case PG_QUERY__NODE__NODE_LISTEN_STMT:
	case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
	case PG_QUERY__NODE__NODE_DISCARD_STMT:
	case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
	case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
		return true;
	default:
		return false;
	}
}
