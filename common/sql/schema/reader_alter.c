/* Reader of ALTER TABLE (and of what shares its grammar): one row per subcommand.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

typedef enum cft_fold (*cmd_fn)(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd);

static struct cft_object *column_of(struct cft_reader *r, struct cft_object *rel, const char *name)
{
	struct cft_object *col = cft_schema_find_child(rel, "column", name);

	if (col == NULL &&
	    (rel->kind == CFT_KIND_VIEW || rel->kind == CFT_KIND_MATVIEW ||
	     rel->kind == CFT_KIND_INDEX || cft_attr_find(rel, CFT_ATTR_PARTITION_OF, "") != NULL ||
	     cft_attr_find(rel, CFT_ATTR_OF_TYPE, "") != NULL)) {
		col = cft_fold_child(r, CFT_KIND_COLUMN, name, rel);
		col->inline_in = rel;
	} else if (col == NULL) {
		CFT_VEC_EACH (struct cft_attr, a, &rel->attrs)
			if (a->id == CFT_ATTR_INHERITS) { /* an inherited column */
				col = cft_fold_child(r, CFT_KIND_COLUMN, name, rel);
				col->inline_in = rel;
				break;
			}
	}
	return col;
}

static enum cft_fold at_add_column(struct cft_reader *r, struct cft_object *rel,
                                   const PgQuery__AlterTableCmd *cmd)
{
	PgQuery__ColumnDef *def = cmd->def->column_def;

	if (cmd->missing_ok && cft_schema_find_child(rel, "column", def->colname))
		return CFT_FOLD_DONE;
	cft_fold_column(r, rel, def, false);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_drop_column(struct cft_reader *r, struct cft_object *rel,
                                    const PgQuery__AlterTableCmd *cmd)
{
	struct cft_object *col = cft_schema_find_child(rel, "column", cmd->name);

	if (col == NULL)
		return cmd->missing_ok ? CFT_FOLD_DONE : cft_fold_wait(r, rel->name, cmd->name);
	cft_schema_remove(r->s, col);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

/* Sets one attribute of a column; what to is said by the subcommand. */
static enum cft_fold set_column(struct cft_reader *r, struct cft_object *rel, const char *column,
                                enum cft_attr_id id, const char *text, const ProtobufCMessage *node)
{
	struct cft_object *col = column_of(r, rel, column);

	if (col == NULL)
		return cft_fold_wait(r, rel->name, column);
	cft_attr_set(r->s, col, id, "", text, node, r->env);
	col->stale = true;
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_default(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd)
{
	return set_column(r, rel, cmd->name, CFT_ATTR_DEFAULT, NULL, cft_node_message(cmd->def));
}

static enum cft_fold at_not_null(struct cft_reader *r, struct cft_object *rel,
                                 const PgQuery__AlterTableCmd *cmd)
{
	bool set = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull;

	return set_column(r, rel, cmd->name, CFT_ATTR_NOT_NULL, set ? "NOT NULL" : NULL, NULL);
}

static enum cft_fold at_drop_expression(struct cft_reader *r, struct cft_object *rel,
                                        const PgQuery__AlterTableCmd *cmd)
{
	return set_column(r, rel, cmd->name, CFT_ATTR_GENERATED, NULL, NULL);
}

static enum cft_fold at_statistics(struct cft_reader *r, struct cft_object *rel,
                                   const PgQuery__AlterTableCmd *cmd)
{
	const char *name = cmd->name;
	int value = cmd->def && cmd->def->node_case == PG_QUERY__NODE__NODE_INTEGER
	                    ? cmd->def->integer->ival
	                    : -1;

	if (name == NULL || *name == '\0') /* ALTER INDEX … ALTER COLUMN 1 */
		name = cft_arena_printf(arena(r), "%d", cmd->num);
	return set_column(r, rel, name, CFT_ATTR_STATISTICS,
	                  value < 0 ? NULL : cft_arena_printf(arena(r), "%d", value), NULL);
}

static enum cft_fold at_word(struct cft_reader *r, struct cft_object *rel,
                             const PgQuery__AlterTableCmd *cmd)
{
	bool storage = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage;
	const char *word = cft_node_string(cmd->def);
	char *lower = cft_ident_fold(arena(r), word ? word : "", word ? strlen(word) : 0);

	if (strcmp(lower, "default") == 0)
		lower = NULL;
	return set_column(r, rel, cmd->name, storage ? CFT_ATTR_STORAGE : CFT_ATTR_COMPRESSION,
	                  lower, NULL);
}

static enum cft_fold at_column_options(struct cft_reader *r, struct cft_object *rel,
                                       const PgQuery__AlterTableCmd *cmd)
{
	struct cft_object *col = column_of(r, rel, cmd->name);
	size_t n;
	PgQuery__Node **v = cft_node_list(cmd->def, &n);
	bool fdw = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnGenericOptions;

	if (col == NULL)
		return cft_fold_wait(r, rel->name, cmd->name);
	cft_fold_options(r, col, fdw ? CFT_ATTR_FDW_OPTION : CFT_ATTR_OPTION, v, n,
	                 cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions);
	col->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_type(struct cft_reader *r, struct cft_object *rel,
                             const PgQuery__AlterTableCmd *cmd)
{
	struct cft_object *col = column_of(r, rel, cmd->name);
	PgQuery__ColumnDef *def = cmd->def->column_def;

	if (col == NULL)
		return cft_fold_wait(r, rel->name, cmd->name);
	cft_attr_set(r->s, col, CFT_ATTR_TYPE, "", NULL, &def->type_name->base, r->env);
	if (def->coll_clause != NULL) {
		const char *schema, *name;
		cft_names_split(def->coll_clause->collname, def->coll_clause->n_collname, &schema,
		                &name);
		cft_attr_set(r->s, col, CFT_ATTR_COLLATION, "",
		             cft_name_quote(arena(r),
		                            strcmp(schema, "pg_catalog") == 0 ? "" : schema, name),
		             NULL, r->env);
	}
	col->stale = true;
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_identity(struct cft_reader *r, struct cft_object *rel,
                                 const PgQuery__AlterTableCmd *cmd)
{
	struct cft_object *col = column_of(r, rel, cmd->name);

	if (col == NULL)
		return cft_fold_wait(r, rel->name, cmd->name);
	col->stale = true;
	rel->stale = true;
	if (cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity) {
		cft_attr_clear(col, CFT_ATTR_IDENTITY, "");
		for (int id = CFT_ATTR_SEQ_TYPE; id <= CFT_ATTR_SEQ_CYCLE; id++)
			cft_attr_clear(col, (enum cft_attr_id)id, "");
		return CFT_FOLD_DONE;
	}
	size_t n = 0;
	PgQuery__Node **v = NULL;
	const PgQuery__Constraint *c =
		CFT_AS(PgQuery__Constraint, pg_query__constraint, cft_node_message(cmd->def));
	if (c != NULL) {
		v = c->options;
		n = c->n_options;
		cft_attr_set(r->s, col, CFT_ATTR_IDENTITY, "",
		             c->generated_when[0] == 'a' ? "ALWAYS" : "BY DEFAULT", NULL, r->env);
	} else {
		v = cft_node_list(cmd->def, &n);
		for (size_t i = 0; i < n; i++)
			if (strcmp(v[i]->def_elem->defname, "generated") == 0)
				cft_attr_set(r->s, col, CFT_ATTR_IDENTITY, "",
				             v[i]->def_elem->arg->integer->ival == 'a'
				                     ? "ALWAYS"
				                     : "BY DEFAULT",
				             NULL, r->env);
	}
	cft_fold_sequence_options(r, col, v, n);
	cft_fold_sequence_defaults(r, col);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_add_constraint(struct cft_reader *r, struct cft_object *rel,
                                       const PgQuery__AlterTableCmd *cmd)
{
	PgQuery__Constraint *c = cmd->def->constraint;

	if (c->indexname != NULL && *c->indexname != '\0' &&
	    cft_schema_find(r->s, "relation", rel->schema, c->indexname) == NULL)
		return cft_fold_wait(r, rel->schema, c->indexname);
	cft_fold_constraints(r, rel, &c, 1, false);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_drop_constraint(struct cft_reader *r, struct cft_object *rel,
                                        const PgQuery__AlterTableCmd *cmd)
{
	struct cft_object *obj = cft_schema_find_child(rel, "constraint", cmd->name);

	if (obj == NULL)
		return cmd->missing_ok ? CFT_FOLD_DONE : cft_fold_wait(r, rel->name, cmd->name);
	if (obj->inline_in != NULL)
		obj->inline_in->stale = true;
	cft_schema_remove(r->s, obj);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_constraint(struct cft_reader *r, struct cft_object *rel,
                                   const PgQuery__AlterTableCmd *cmd)
{
	const char *name = cmd->name;
	const PgQuery__Constraint *to =
		CFT_AS(PgQuery__Constraint, pg_query__constraint, cft_node_message(cmd->def));
	if (to != NULL && to->conname && *to->conname)
		name = to->conname;
	struct cft_object *obj = cft_schema_find_child(rel, "constraint", name);

	if (obj == NULL)
		return cft_fold_wait(r, rel->name, name);
	PgQuery__Constraint *c = (PgQuery__Constraint *)obj->node;
	if (to != NULL) {
		c->deferrable = to->deferrable;
		c->initdeferred = to->initdeferred;
	} else {
		c->skip_validation = false;
		c->initially_valid = true;
	}
	if (obj->inline_in != NULL)
		obj->inline_in->stale = true;
	obj->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_owner(struct cft_reader *r, struct cft_object *rel,
                              const PgQuery__AlterTableCmd *cmd)
{
	r->s->says_owner = true;
	cft_attr_set(r->s, rel, CFT_ATTR_OWNER, "", cft_sql_role_name(r, cmd->newowner), NULL,
	             r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_cluster(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd)
{
	bool on = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn;

	cft_attr_set(r->s, rel, CFT_ATTR_CLUSTER, "",
	             on ? cft_name_quote(arena(r), "", cmd->name) : NULL, NULL, r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_logged(struct cft_reader *r, struct cft_object *rel,
                               const PgQuery__AlterTableCmd *cmd)
{
	bool logged = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged;

	cft_attr_set(r->s, rel, CFT_ATTR_PERSISTENCE, "", logged ? NULL : "UNLOGGED", NULL, r->env);
	rel->stale = true;
	/* Its sequences are logged as it is. */
	CFT_VEC_EACH (struct cft_object *, o, &r->s->objects) {
		const struct cft_object *column =
			*o && (*o)->kind == CFT_KIND_SEQUENCE ? cft_sequence_owner(r->s, *o) : NULL;
		if (column != NULL && column->parent == rel)
			cft_attr_set(r->s, *o, CFT_ATTR_PERSISTENCE, "", logged ? NULL : "UNLOGGED",
			             NULL, r->env);
	}
	return CFT_FOLD_DONE;
}

static enum cft_fold at_place(struct cft_reader *r, struct cft_object *rel,
                              const PgQuery__AlterTableCmd *cmd)
{
	bool space = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace;
	const char *name = cmd->name;

	if (strcmp(name, space ? "pg_default" : "heap") == 0)
		name = NULL;
	cft_attr_set(r->s, rel, space ? CFT_ATTR_TABLESPACE : CFT_ATTR_ACCESS_METHOD, "",
	             name ? cft_name_quote(arena(r), "", name) : NULL, NULL, r->env);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_options(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd)
{
	size_t n;
	PgQuery__Node **v = cft_node_list(cmd->def, &n);
	bool fdw = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_GenericOptions;

	cft_fold_options(r, rel, fdw ? CFT_ATTR_FDW_OPTION : CFT_ATTR_OPTION, v, n,
	                 cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static const char *enabled_word(PgQuery__AlterTableType type)
{
	switch ((int)type) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysRule:
		return "ENABLE ALWAYS";
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaRule:
		return "ENABLE REPLICA";
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRule:
		return "DISABLE";
	default:
		return NULL; /* enabled, as by default */
	}
}

static enum cft_fold at_trigger(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd)
{
	bool rule = cmd->subtype >= PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRule;
	bool all = cmd->name == NULL || *cmd->name == '\0';
	const char *word = enabled_word(cmd->subtype);
	bool found = false;

	for (size_t i = 0; i < rel->children.n; i++) {
		struct cft_object *o = rel->children.v[i];
		if (o->kind != (rule ? CFT_KIND_RULE : CFT_KIND_TRIGGER) ||
		    (!all && strcmp(o->name, cmd->name) != 0))
			continue;
		cft_attr_set(r->s, o, CFT_ATTR_ENABLED, "", word, NULL, r->env);
		found = true;
	}
	return found || all ? CFT_FOLD_DONE : cft_fold_wait(r, rel->name, cmd->name);
}

static enum cft_fold at_row_security(struct cft_reader *r, struct cft_object *rel,
                                     const PgQuery__AlterTableCmd *cmd)
{
	bool forced = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity ||
	              cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity;
	bool on = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity ||
	          cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity;

	cft_attr_set(r->s, rel, forced ? CFT_ATTR_FORCE_ROW_SECURITY : CFT_ATTR_ROW_SECURITY, "",
	             on ? (forced ? "FORCE" : "ENABLE") : NULL, NULL, r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_replica_identity(struct cft_reader *r, struct cft_object *rel,
                                         const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ReplicaIdentityStmt *stmt = cmd->def->replica_identity_stmt;
	const char *text = NULL;

	if (stmt->identity_type[0] == 'f')
		text = "FULL";
	else if (stmt->identity_type[0] == 'n')
		text = "NOTHING";
	else if (stmt->identity_type[0] == 'i')
		text = cft_arena_printf(arena(r), "USING INDEX %s",
		                        cft_name_quote(arena(r), "", stmt->name));
	cft_attr_set(r->s, rel, CFT_ATTR_REPLICA_IDENTITY, "", text, NULL, r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold at_inherit(struct cft_reader *r, struct cft_object *rel,
                                const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__RangeVar *rv = cmd->def->range_var;
	const char *schema = *rv->schemaname ? rv->schemaname : cft_env_current(r->env);
	const char *key = cft_arena_printf(arena(r), "%s.%s", schema, rv->relname);
	bool on = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit;

	cft_attr_set(r->s, rel, CFT_ATTR_INHERITS, key,
	             on ? cft_name_quote(arena(r), rv->schemaname, rv->relname) : NULL,
	             on ? &rv->base : NULL, r->env);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_of(struct cft_reader *r, struct cft_object *rel,
                           const PgQuery__AlterTableCmd *cmd)
{
	bool on = cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddOf;

	cft_attr_set(r->s, rel, CFT_ATTR_OF_TYPE, "", NULL, on ? &cmd->def->type_name->base : NULL,
	             r->env);
	rel->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold at_attach(struct cft_reader *r, struct cft_object *rel,
                               const PgQuery__AlterTableCmd *cmd)
{
	PgQuery__PartitionCmd *part = cmd->def->partition_cmd;
	struct cft_object *child = cft_fold_find_relation(r, part->name);

	if (child == NULL)
		return cft_fold_wait(r, part->name->schemaname, part->name->relname);
	if (cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition) {
		cft_attr_clear(child, CFT_ATTR_PARTITION_OF, "");
		return CFT_FOLD_DONE;
	}
	PgQuery__PartitionCmd *of = cft_arena_new(arena(r), PgQuery__PartitionCmd);
	pg_query__partition_cmd__init(of);
	of->bound = part->bound;
	of->name = cft_arena_new(arena(r), PgQuery__RangeVar);
	*of->name = *((const PgQuery__AlterTableStmt *)r->msg)->relation;
	of->name->inh = true;              /* pg_dump writes ONLY */
	if (rel->kind == CFT_KIND_INDEX) { /* ALTER INDEX … ATTACH PARTITION */
		cft_attr_set(r->s, child, CFT_ATTR_ATTACHED_TO, "", rel->ident, NULL, r->env);
		return CFT_FOLD_DONE;
	}
	cft_attr_set(r->s, child, CFT_ATTR_PARTITION_OF, "", NULL, &of->base, r->env);
	child->stale = true;
	return CFT_FOLD_DONE;
}

#define AT(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name

static const struct {
	PgQuery__AlterTableType type;
	cmd_fn fn;
} commands[] = {
	{AT(AddColumn), at_add_column},
	{AT(DropColumn), at_drop_column},
	{AT(ColumnDefault), at_default},
	{AT(DropNotNull), at_not_null},
	{AT(SetNotNull), at_not_null},
	{AT(DropExpression), at_drop_expression},
	{AT(SetStatistics), at_statistics},
	{AT(SetOptions), at_column_options},
	{AT(ResetOptions), at_column_options},
	{AT(SetStorage), at_word},
	{AT(SetCompression), at_word},
	{AT(AddConstraint), at_add_constraint},
	{AT(AlterConstraint), at_constraint},
	{AT(ValidateConstraint), at_constraint},
	{AT(DropConstraint), at_drop_constraint},
	{AT(AlterColumnType), at_type},
	{AT(AlterColumnGenericOptions), at_column_options},
	{AT(ChangeOwner), at_owner},
	{AT(ClusterOn), at_cluster},
	{AT(DropCluster), at_cluster},
	{AT(SetLogged), at_logged},
	{AT(SetUnLogged), at_logged},
	{AT(SetAccessMethod), at_place},
	{AT(SetTableSpace), at_place},
	{AT(SetRelOptions), at_options},
	{AT(ResetRelOptions), at_options},
	{AT(GenericOptions), at_options},
	{AT(EnableTrig), at_trigger},
	{AT(EnableAlwaysTrig), at_trigger},
	{AT(EnableReplicaTrig), at_trigger},
	{AT(DisableTrig), at_trigger},
	{AT(EnableTrigAll), at_trigger},
	{AT(DisableTrigAll), at_trigger},
	{AT(EnableTrigUser), at_trigger},
	{AT(DisableTrigUser), at_trigger},
	{AT(EnableRule), at_trigger},
	{AT(EnableAlwaysRule), at_trigger},
	{AT(EnableReplicaRule), at_trigger},
	{AT(DisableRule), at_trigger},
	{AT(AddInherit), at_inherit},
	{AT(DropInherit), at_inherit},
	{AT(AddOf), at_of},
	{AT(DropOf), at_of},
	{AT(ReplicaIdentity), at_replica_identity},
	{AT(EnableRowSecurity), at_row_security},
	{AT(DisableRowSecurity), at_row_security},
	{AT(ForceRowSecurity), at_row_security},
	{AT(NoForceRowSecurity), at_row_security},
	{AT(AttachPartition), at_attach},
	{AT(DetachPartition), at_attach},
	{AT(AddIdentity), at_identity},
	{AT(SetIdentity), at_identity},
	{AT(DropIdentity), at_identity},
};

static enum cft_fold fold_command(struct cft_reader *r, struct cft_object *rel,
                                  const PgQuery__AlterTableCmd *cmd)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].type == cmd->subtype)
			return commands[i].fn(r, rel, cmd);
	return cft_fold_refuse(r, "this ALTER TABLE subcommand is not modelled");
}

enum cft_fold cft_fold_alter_table(struct cft_reader *r, const ProtobufCMessage *msg)
{
	PgQuery__AlterTableStmt *stmt = (PgQuery__AlterTableStmt *)msg;
	struct cft_object *rel =
		stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE
			? cft_env_type(r->env, stmt->relation->schemaname, stmt->relation->relname)
			: cft_fold_find_relation(r, stmt->relation);

	if (rel == NULL && stmt->missing_ok)
		return CFT_FOLD_DONE;
	if (rel == NULL) {
		struct cft_object *owner = NULL; /* the index of a constraint */
		CFT_VEC_EACH (struct cft_object *, o, &r->s->objects)
			if (*o && (*o)->kind == CFT_KIND_CONSTRAINT &&
			    strcmp((*o)->name, stmt->relation->relname) == 0)
				owner = *o;
		if (owner != NULL && stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
			return CFT_FOLD_DONE; /* only ATTACH PARTITION, which the parent implies */
		return cft_fold_wait(r, stmt->relation->schemaname, stmt->relation->relname);
	}
	while (stmt->n_cmds > 0) { /* one that waits is called again for the rest only */
		const PgQuery__AlterTableCmd *cmd = stmt->cmds[0]->alter_table_cmd;
		enum cft_fold fold = fold_command(r, rel, cmd);
		if (fold == CFT_FOLD_WAIT)
			return fold;
		if (fold == CFT_FOLD_REFUSE)
			return fold;
		stmt->cmds++;
		stmt->n_cmds--;
	}
	return CFT_FOLD_DONE;
}
