/* Transaction: how a statement gets along with a transaction block.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/transaction.h"

#include <pg_query/pg_query.pb-c.h>

#include <string.h>

static const char *text_or_null(struct cft_arena *arena, const char *s)
{
	return s && s[0] ? cft_arena_strdup(arena, s) : NULL;
}

static const PgQuery__DefElem *option(PgQuery__Node *const *options, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
		    strcmp(options[i]->def_elem->defname, name) == 0)
			return options[i]->def_elem;
	return NULL;
}

/* The value of a boolean option: `fallback` where it is not given, true where it has no value. */
static bool option_is(PgQuery__Node *const *options, size_t n, const char *name, bool fallback)
{
	const PgQuery__DefElem *found = option(options, n, name);
	const char *word = "";

	if (!found)
		return fallback;
	if (!found->arg)
		return true;
	if (found->arg->node_case == PG_QUERY__NODE__NODE_STRING)
		word = found->arg->string->sval;
	if (found->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
		return found->arg->boolean->boolval;
	if (found->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return found->arg->integer->ival != 0;
	return strcasecmp(word, "false") != 0 && strcasecmp(word, "off") != 0;
}

static void outside(struct cft_sql_traits *traits, enum cft_sql_again again)
{
	traits->block = CFT_SQL_OUTSIDE;
	traits->again = again;
}

static void of_index(const PgQuery__IndexStmt *stmt, struct cft_arena *arena,
                     struct cft_sql_traits *traits)
{
	if (!stmt->concurrent)
		return;
	outside(traits, stmt->idxname && stmt->idxname[0] ? CFT_SQL_AGAIN_INDEX_VALID
	                                                  : CFT_SQL_AGAIN_UNKNOWN);
	traits->index = text_or_null(arena, stmt->idxname);
	traits->table = text_or_null(arena, stmt->relation->relname);
	traits->schema = text_or_null(arena, stmt->relation->schemaname);
}

static void of_drop(const PgQuery__DropStmt *stmt, struct cft_arena *arena,
                    struct cft_sql_traits *traits)
{
	if (!stmt->concurrent || stmt->n_objects == 0 ||
	    stmt->objects[0]->node_case != PG_QUERY__NODE__NODE_LIST)
		return;
	const PgQuery__List *name = stmt->objects[0]->list;
	outside(traits, CFT_SQL_AGAIN_INDEX_ABSENT);
	traits->index = text_or_null(arena, name->items[name->n_items - 1]->string->sval);
	if (name->n_items > 1)
		traits->schema = text_or_null(arena, name->items[name->n_items - 2]->string->sval);
}

static void of_reindex(const PgQuery__ReindexStmt *stmt, struct cft_sql_traits *traits)
{
	bool whole = stmt->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA ||
	             stmt->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SYSTEM ||
	             stmt->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE;

	if (whole || option_is(stmt->params, stmt->n_params, "concurrently", false))
		outside(traits, CFT_SQL_AGAIN_HARMLESS);
}

static void of_alter_table(const PgQuery__AlterTableStmt *stmt, struct cft_sql_traits *traits)
{
	for (size_t i = 0; i < stmt->n_cmds; i++) {
		const PgQuery__AlterTableCmd *cmd = stmt->cmds[i]->alter_table_cmd;

		if (cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition && cmd->def &&
		    cmd->def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD &&
		    cmd->def->partition_cmd->concurrent)
			outside(traits, CFT_SQL_AGAIN_UNKNOWN);
	}
}

static void of_transaction(const PgQuery__TransactionStmt *stmt, struct cft_sql_traits *traits)
{
	switch (stmt->kind) {
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
		traits->block = CFT_SQL_BEGIN;
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
		traits->block = CFT_SQL_COMMIT;
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
		traits->block = CFT_SQL_ROLLBACK;
		break;
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
		outside(traits, CFT_SQL_AGAIN_UNKNOWN);
		break;
	default: /* savepoints; the enum is libpg_query's */
		break;
	}
}

static void of_enum(const PgQuery__AlterEnumStmt *stmt, struct cft_arena *arena,
                    struct cft_sql_traits *traits)
{
	if (stmt->old_val && stmt->old_val[0])
		return; /* RENAME VALUE */
	traits->block = CFT_SQL_ENUM_VALUE;
	traits->label = text_or_null(arena, stmt->new_val);
}

/* SET, ADD and DROP PUBLICATION refresh too, unless told not to. */
static void of_alter_subscription(const PgQuery__AlterSubscriptionStmt *stmt,
                                  struct cft_sql_traits *traits)
{
	bool refresh = false;

	switch (stmt->kind) {
	case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_REFRESH:
		refresh = true;
		break;
	case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_SET_PUBLICATION:
	case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_ADD_PUBLICATION:
	case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_DROP_PUBLICATION:
		refresh = option_is(stmt->options, stmt->n_options, "refresh", true);
		break;
	default: /* the enum is libpg_query's */
		break;
	}
	if (refresh)
		outside(traits, CFT_SQL_AGAIN_HARMLESS);
}

static void of_create_subscription(const PgQuery__CreateSubscriptionStmt *stmt,
                                   struct cft_sql_traits *traits)
{
	if (option_is(stmt->options, stmt->n_options, "connect", true) &&
	    option_is(stmt->options, stmt->n_options, "create_slot", true))
		outside(traits, CFT_SQL_AGAIN_UNKNOWN);
}

static void of_copy(const PgQuery__CopyStmt *stmt, struct cft_sql_traits *traits)
{
	if (stmt->is_from && !stmt->is_program && (!stmt->filename || !stmt->filename[0]))
		traits->block = CFT_SQL_COPY_IN;
}

/* `SELECT set_config(…)`, which begins every dump. */
static void of_select(const PgQuery__SelectStmt *stmt, struct cft_sql_traits *traits)
{
	const PgQuery__Node *target =
		stmt->n_target_list == 1 && stmt->n_from_clause == 0 ? stmt->target_list[0] : NULL;

	if (!target || target->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
		return;
	const PgQuery__Node *value = target->res_target->val;
	if (!value || value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL ||
	    value->func_call->n_funcname == 0)
		return;
	const PgQuery__FuncCall *call = value->func_call;
	if (strcmp(call->funcname[call->n_funcname - 1]->string->sval, "set_config") == 0)
		traits->block = CFT_SQL_SESSION;
}

void cft_sql_traits_of(const struct PgQuery__Node *tree, struct cft_arena *arena,
                       struct cft_sql_traits *ret)
{
	struct cft_sql_traits traits = {0};

	switch (tree ? tree->node_case : PG_QUERY__NODE__NODE__NOT_SET) {
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		of_index(tree->index_stmt, arena, &traits);
		break;
	case PG_QUERY__NODE__NODE_DROP_STMT:
		of_drop(tree->drop_stmt, arena, &traits);
		break;
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
		of_reindex(tree->reindex_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		of_alter_table(tree->alter_table_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
		of_transaction(tree->transaction_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
		of_enum(tree->alter_enum_stmt, arena, &traits);
		break;
	case PG_QUERY__NODE__NODE_COPY_STMT:
		of_copy(tree->copy_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		of_select(tree->select_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
		if (!tree->variable_set_stmt->is_local)
			traits.block = CFT_SQL_SESSION;
		break;
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
		if (tree->vacuum_stmt->is_vacuumcmd)
			outside(&traits, CFT_SQL_AGAIN_HARMLESS);
		break;
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
		if (!tree->cluster_stmt->relation)
			outside(&traits, CFT_SQL_AGAIN_HARMLESS);
		break;
	case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
		outside(&traits, CFT_SQL_AGAIN_HARMLESS);
		break;
	case PG_QUERY__NODE__NODE_DISCARD_STMT:
		if (tree->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL)
			traits.block = CFT_SQL_DISCARD;
		break;
	case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT:
		if (option(tree->alter_database_stmt->options, tree->alter_database_stmt->n_options,
		           "tablespace"))
			outside(&traits, CFT_SQL_AGAIN_HARMLESS);
		break;
	case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
		of_create_subscription(tree->create_subscription_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
		of_alter_subscription(tree->alter_subscription_stmt, &traits);
		break;
	case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
	case PG_QUERY__NODE__NODE_CREATEDB_STMT:
	case PG_QUERY__NODE__NODE_DROPDB_STMT:
	case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
	case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
		outside(&traits, CFT_SQL_AGAIN_UNKNOWN);
		break;
	default: /* all other kinds of statement, of libpg_query's enum */
		break;
	}
	*ret = traits;
}
