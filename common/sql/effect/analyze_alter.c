/* Analyze, ALTER TABLE: subcommand by subcommand.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/analyze_parts.h"

#include <stdio.h>
#include <string.h>

/* What ALTER TABLE subcommands that only set something set. */
struct simple_command {
	PgQuery__AlterTableType type;
	const char *key, *value; /* value NULL: the command's name */
	enum cft_lock lock;
};

#define AT(x) PG_QUERY__ALTER_TABLE_TYPE__AT_##x

static const struct simple_command table_commands[] = {
	{AT(ClusterOn), "cluster", NULL, CFT_LOCK_SHARE_UPDATE_EXCLUSIVE},
	{AT(DropCluster), "cluster", "", CFT_LOCK_SHARE_UPDATE_EXCLUSIVE},
	{AT(SetLogged), "persistence", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(SetUnLogged), "persistence", "unlogged", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(SetAccessMethod), "access_method", NULL, CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(SetTableSpace), "tablespace", NULL, CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(EnableTrigAll), "triggers", "enabled", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(DisableTrigAll), "triggers", "disabled", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(EnableTrigUser), "triggers", "enabled", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(DisableTrigUser), "triggers", "disabled", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(EnableRowSecurity), "row_security", "yes", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(DisableRowSecurity), "row_security", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(ForceRowSecurity), "force_row_security", "yes", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(NoForceRowSecurity), "force_row_security", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(DropOf), "of_type", "", CFT_LOCK_ACCESS_EXCLUSIVE},
};

static const struct simple_command trigger_commands[] = {
	{AT(EnableTrig), "enabled", "", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(EnableAlwaysTrig), "enabled", "always", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(EnableReplicaTrig), "enabled", "replica", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
	{AT(DisableTrig), "enabled", "disabled", CFT_LOCK_SHARE_ROW_EXCLUSIVE},
};

static const struct simple_command rule_commands[] = {
	{AT(EnableRule), "enabled", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(EnableAlwaysRule), "enabled", "always", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(EnableReplicaRule), "enabled", "replica", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(DisableRule), "enabled", "disabled", CFT_LOCK_ACCESS_EXCLUSIVE},
};

static const struct simple_command column_commands[] = {
	{AT(DropNotNull), "notnull", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(SetNotNull), "notnull", "yes", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(DropExpression), "generated", "", CFT_LOCK_ACCESS_EXCLUSIVE},
	{AT(DropIdentity), "identity", "", CFT_LOCK_ACCESS_EXCLUSIVE},
};

#define FIND(table, type) find_simple(table, sizeof(table) / sizeof(*(table)), type)

static const struct simple_command *find_simple(const struct simple_command *table, size_t n,
                                                PgQuery__AlterTableType type)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

struct alter {
	struct cft_build *b;
	struct cft_name table;
	enum cft_object_kind kind;
	uint32_t flags; /* PARENT_IF_EXISTS of ALTER TABLE IF EXISTS */
};

static void begin_child(const struct alter *a, enum cft_effect_op op, enum cft_object_kind kind,
                        const PgQuery__AlterTableCmd *cmd, enum cft_lock lock)
{
	cft_build_begin(a->b, op, kind, a->table.schema, a->table.name, cmd->name);
	cft_build_flag(a->b, a->flags | (cmd->missing_ok ? CFT_EFFECT_IF_EXISTS : 0));
	if (cmd->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
		cft_build_flag(a->b, CFT_EFFECT_CASCADE);
	a->b->open.lock = lock;
}

static bool alter_simple(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const struct simple_command *row;
	enum cft_object_kind kind = a->kind;

	if (!(row = FIND(table_commands, cmd->subtype))) {
		kind = CFT_OBJ_TRIGGER;
		row = FIND(trigger_commands, cmd->subtype);
	}
	if (!row) {
		kind = CFT_OBJ_RULE;
		row = FIND(rule_commands, cmd->subtype);
	}
	if (!row) {
		kind = CFT_OBJ_COLUMN;
		row = FIND(column_commands, cmd->subtype);
	}
	if (!row)
		return false;
	begin_child(a, CFT_OP_ALTER, kind, cmd, row->lock);
	if (kind == a->kind) {
		a->b->open.sub = "";
		if (!row->value)
			cft_build_attr(a->b, row->key, cmd->name);
	}
	if (row->value)
		cft_build_attr(a->b, row->key, row->value);
	if (cmd->subtype == AT(ClusterOn))
		cft_refs_add(&a->b->refs, CFT_OBJ_INDEX, a->table.schema, cmd->name, NULL,
		             CFT_REF_SOFT);
	cft_build_end(a->b);
	return true;
}

/* Functions whose names tell what they take: after a change of type they are gone. */
static void find_needed_type(const ProtobufCMessage *m, void *arg)
{
	static const struct {
		const char *prefix, *type;
	} known[] = {{"array_", "array"}, {"jsonb_", "jsonb"}, {"json_", "json"}};
	const char **needed = arg;

	if (CFT_TREE_IS(m, func_call)) {
		const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)m;
		const char *name = cft_name_of_list(call->funcname, call->n_funcname).name;
		bool column =
			call->n_args && call->args[0]->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;

		for (size_t i = 0; column && i < sizeof(known) / sizeof(*known); i++)
			if (strncmp(name, known[i].prefix, strlen(known[i].prefix)) == 0 &&
			    strstr(name, "_build") == NULL && strstr(name, "_agg") == NULL)
				*needed = known[i].type;
	}
	cft_tree_children(m, find_needed_type, arg);
}

static void alter_type(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *def = cmd->def->column_def;

	begin_child(a, CFT_OP_ALTER, CFT_OBJ_COLUMN, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
	cft_build_flag(a->b, CFT_EFFECT_REWRITE);
	cft_build_attr(a->b, "type", cft_type_text(a->b->arena, def->type_name));
	if (def->coll_clause)
		cft_analyze_collation(a->b, def->coll_clause);
	cft_refs_type(&a->b->refs, def->type_name, 0);
	if (def->raw_default) {
		const char *needed = NULL;
		cft_build_attr(a->b, "using", cft_tree_text(a->b->arena, def->raw_default));
		find_needed_type(cft_node_message(def->raw_default), &needed);
		if (needed)
			cft_build_attr(a->b, "using_takes", needed);
		uint16_t scope =
			cft_refs_scope(&a->b->refs, a->table.schema, a->table.name, NULL, 0);
		a->b->refs.flags = CFT_REF_SOFT;
		cft_refs_expr(&a->b->refs, def->raw_default, scope);
		a->b->refs.flags = 0;
	}
	cft_build_end(a->b);
}

static void alter_options(const struct alter *a, const PgQuery__AlterTableCmd *cmd,
                          enum cft_object_kind kind, bool reset)
{
	begin_child(a, CFT_OP_ALTER, kind, cmd, CFT_LOCK_SHARE_UPDATE_EXCLUSIVE);
	if (cmd->def && cmd->def->node_case == PG_QUERY__NODE__NODE_LIST)
		cft_analyze_storage(a->b, cmd->def->list->items, cmd->def->list->n_items, reset);
	cft_build_end(a->b);
}

static const char *node_text(struct cft_build *b, const PgQuery__Node *node)
{
	if (!node)
		return "";
	if (node->node_case == PG_QUERY__NODE__NODE_STRING)
		return node->string->sval;
	if (node->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return cft_arena_printf(b->arena, "%d", node->integer->ival);
	return cft_build_digest(b, cft_node_message(node));
}

static void alter_value(const struct alter *a, const PgQuery__AlterTableCmd *cmd, const char *key,
                        enum cft_lock lock)
{
	char number[16];

	begin_child(a, CFT_OP_ALTER, CFT_OBJ_COLUMN, cmd, lock);
	if (!*cmd->name) {
		snprintf(number, sizeof(number), "%d", cmd->num);
		a->b->open.sub = number;
	}
	cft_build_attr(a->b, key, node_text(a->b, cmd->def));
	cft_build_end(a->b);
}

/* SET GENERATED says when, the other options are the sequence's. */
static void set_identity(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	begin_child(a, CFT_OP_ALTER, CFT_OBJ_COLUMN, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
	for (size_t i = 0; cmd->def && i < cmd->def->list->n_items; i++) {
		const PgQuery__DefElem *def = cmd->def->list->items[i]->def_elem;
		bool when = strcmp(def->defname, "generated") == 0;
		cft_build_attr(a->b,
		               when ? "identity_mode"
		                    : cft_arena_printf(a->b->arena, "identity_%s", def->defname),
		               when ? (def->arg->integer->ival == 'a' ? "always" : "by default")
		                    : cft_build_def_value(a->b, def));
	}
	cft_build_end(a->b);
}

static void alter_owner(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	begin_child(a, CFT_OP_ALTER, a->kind, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
	cft_build_attr(a->b, "owner", cft_build_role(cmd->newowner));
	cft_build_role_ref(a->b, cmd->newowner);
	cft_build_end(a->b);
}

static void detach(const struct alter *a, const PgQuery__RangeVar *child,
                   const struct cft_name *parent, bool concurrent)
{
	cft_build_begin(a->b, CFT_OP_DETACH, CFT_OBJ_TABLE, child->schemaname, child->relname,
	                NULL);
	cft_build_flag(a->b, a->flags);
	a->b->open.to = parent->name;
	a->b->open.lock = concurrent ? CFT_LOCK_SHARE_UPDATE_EXCLUSIVE : CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(a->b, "parent_schema", parent->schema);
	cft_refs_add(&a->b->refs, CFT_OBJ_RELATION, parent->schema, parent->name, NULL, 0);
	cft_build_end(a->b);
}

static void alter_inheritance(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	if (cmd->subtype == AT(AttachPartition)) {
		const PgQuery__PartitionCmd *part = cmd->def->partition_cmd;
		struct cft_name child = cft_analyze_name(part->name);
		PgQuery__RangeVar parent = PG_QUERY__RANGE_VAR__INIT;

		parent.schemaname = (char *)a->table.schema;
		parent.relname = (char *)a->table.name;
		cft_analyze_attach(a->b, &child, &parent, part->bound, "match");
	} else if (cmd->subtype == AT(AddInherit)) {
		cft_analyze_attach(a->b, &a->table, cmd->def->range_var, NULL, "match");
	} else if (cmd->subtype == AT(DropInherit)) {
		PgQuery__RangeVar child = PG_QUERY__RANGE_VAR__INIT;
		struct cft_name parent = cft_analyze_name(cmd->def->range_var);

		child.schemaname = (char *)a->table.schema;
		child.relname = (char *)a->table.name;
		detach(a, &child, &parent, false);
	} else {
		detach(a, cmd->def->partition_cmd->name, &a->table,
		       cmd->def->partition_cmd->concurrent);
	}
}

static void alter_command(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	uint32_t exists = cmd->missing_ok ? CFT_EFFECT_IF_NOT_EXISTS : 0;

	if (alter_simple(a, cmd))
		return;
	switch (cmd->subtype) {
	case AT(AddColumn):
		cft_analyze_column(a->b, &a->table, cmd->def->column_def, a->flags | exists);
		break;
	case AT(ColumnDefault):
		if (cmd->def) {
			cft_analyze_default(a->b, &a->table, cmd->name, cmd->def, a->flags);
			break;
		}
		begin_child(a, CFT_OP_ALTER, CFT_OBJ_COLUMN, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
		cft_build_attr(a->b, "default", "");
		cft_build_end(a->b);
		break;
	case AT(AlterColumnType):
		alter_type(a, cmd);
		break;
	case AT(DropColumn):
		begin_child(a, CFT_OP_DROP, CFT_OBJ_COLUMN, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
		cft_build_end(a->b);
		break;
	case AT(DropConstraint):
		begin_child(a, CFT_OP_DROP, CFT_OBJ_CONSTRAINT, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
		cft_build_end(a->b);
		break;
	case AT(AddConstraint):
	case AT(AddIndexConstraint):
		cft_analyze_constraint(a->b, &a->table, NULL, cmd->def->constraint, a->flags);
		break;
	case AT(ValidateConstraint):
		begin_child(a, CFT_OP_ALTER, CFT_OBJ_CONSTRAINT, cmd,
		            CFT_LOCK_SHARE_UPDATE_EXCLUSIVE);
		cft_build_attr(a->b, "not_valid", "");
		cft_build_end(a->b);
		break;
	case AT(AlterConstraint):
		begin_child(a, CFT_OP_ALTER, CFT_OBJ_CONSTRAINT, cmd, CFT_LOCK_SHARE_ROW_EXCLUSIVE);
		a->b->open.sub = cmd->def->constraint->conname;
		cft_build_attr(a->b, "deferrable",
		               cmd->def->constraint->initdeferred ? "initially deferred"
		               : cmd->def->constraint->deferrable ? "yes"
		                                                  : "");
		cft_build_end(a->b);
		break;
	case AT(ChangeOwner):
		alter_owner(a, cmd);
		break;
	case AT(SetRelOptions):
	case AT(ReplaceRelOptions):
		alter_options(a, cmd, a->kind, false);
		break;
	case AT(ResetRelOptions):
		alter_options(a, cmd, a->kind, true);
		break;
	case AT(SetOptions):
		alter_options(a, cmd, CFT_OBJ_COLUMN, false);
		break;
	case AT(ResetOptions):
		alter_options(a, cmd, CFT_OBJ_COLUMN, true);
		break;
	case AT(SetStatistics):
		alter_value(a, cmd, "statistics", CFT_LOCK_SHARE_UPDATE_EXCLUSIVE);
		break;
	case AT(SetStorage):
		alter_value(a, cmd, "storage", CFT_LOCK_ACCESS_EXCLUSIVE);
		break;
	case AT(SetCompression):
		alter_value(a, cmd, "compression", CFT_LOCK_ACCESS_EXCLUSIVE);
		break;
	case AT(AddIdentity):
		cft_analyze_owned_sequence(
			a->b, &a->table, cmd->name,
			cmd->def->constraint &&
					strcmp(cmd->def->constraint->generated_when, "a") == 0
				? "always"
				: "by default",
			a->flags);
		a->b->effects.v[a->b->effects.n - 1].flags &= ~(uint32_t)CFT_EFFECT_PART;
		break;
	case AT(SetIdentity):
		set_identity(a, cmd);
		break;
	case AT(AttachPartition):
	case AT(DetachPartition):
	case AT(DetachPartitionFinalize):
	case AT(AddInherit):
	case AT(DropInherit):
		alter_inheritance(a, cmd);
		break;
	case AT(ReplicaIdentity):
		begin_child(a, CFT_OP_ALTER, a->kind, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
		cft_build_attr(a->b, "replica_identity", node_text(a->b, cmd->def));
		cft_build_end(a->b);
		break;
	default:
		begin_child(a, CFT_OP_ALTER, a->kind, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
		cft_build_attr(a->b, cft_arena_printf(a->b->arena, "command.%d", cmd->subtype),
		               cft_build_digest(a->b, &cmd->base));
		cft_build_end(a->b);
	}
}

static enum cft_object_kind relation_kind(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
		return CFT_OBJ_VIEW;
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
		return CFT_OBJ_MATVIEW;
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
		return CFT_OBJ_INDEX;
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return CFT_OBJ_SEQUENCE;
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
		return CFT_OBJ_TYPE;
	default:
		return CFT_OBJ_TABLE;
	}
}

void cft_analyze_alter(struct cft_build *b, const PgQuery__AlterTableStmt *stmt)
{
	struct alter a = {.b = b, .table = cft_analyze_name(stmt->relation)};

	a.kind = relation_kind(stmt->objtype);
	a.flags = stmt->missing_ok ? CFT_EFFECT_PARENT_IF_EXISTS : 0;
	for (size_t i = 0; i < stmt->n_cmds; i++)
		alter_command(&a, stmt->cmds[i]->alter_table_cmd);
}
