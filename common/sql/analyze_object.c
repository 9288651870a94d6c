/* Analyze, objects: views, sequences, types, schemas, extensions, triggers, policies, and the
 * generic commands DROP, RENAME, SET SCHEMA, OWNER TO, COMMENT.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/build.h"
#include "common/sql/locate.h"
#include "common/sql/name.h"

#include <stdio.h>
#include <string.h>

static void def_attrs(struct cft_build *b, PgQuery__Node *const *options, size_t n,
                      const char *prefix)
{
	for (size_t i = 0; i < n; i++)
		if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM)
			cft_build_attr(b,
			               cft_arena_printf(b->arena, "%s%s", prefix,
			                                options[i]->def_elem->defname),
			               cft_build_def_value(b, options[i]->def_elem));
}

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
	cft_build_attr(b, "def", cft_build_digest(b, cft_tree_unwrap(stmt->query)));
	cft_build_attr(b, "columns", outputs(b, stmt->query, stmt->aliases, stmt->n_aliases));
	def_attrs(b, stmt->options, stmt->n_options, "option.");
	if (stmt->with_check_option > PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
		cft_build_attr(b, "option.check_option", "yes");
	cft_refs_query(&b->refs, cft_tree_unwrap(stmt->query));
	cft_build_end(b);
}

static void create_as(struct cft_build *b, const PgQuery__CreateTableAsStmt *stmt)
{
	bool matview = stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
	const PgQuery__RangeVar *rel = stmt->into->rel;

	cft_build_begin(b, CFT_OP_CREATE, matview ? CFT_OBJ_MATVIEW : CFT_OBJ_TABLE,
	                rel->schemaname, rel->relname, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	if (matview)
		cft_build_attr(b, "def", cft_build_digest(b, cft_tree_unwrap(stmt->query)));
	cft_build_attr(b, "columns",
	               outputs(b, stmt->query, stmt->into->col_names, stmt->into->n_col_names));
	if (!matview && *rel->relpersistence && strcmp(rel->relpersistence, "p") != 0)
		cft_build_attr(b, "persistence", *rel->relpersistence == 'u' ? "unlogged" : "temp");
	b->refs.flags = matview ? 0 : CFT_REF_SOFT;
	cft_refs_query(&b->refs, cft_tree_unwrap(stmt->query));
	cft_build_end(b);
}

static void sequence_options(struct cft_build *b, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *def = options[i]->def_elem;

		if (strcmp(def->defname, "owned_by") != 0) {
			cft_build_attr(b, cft_arena_printf(b->arena, "option.%s", def->defname),
			               cft_build_def_value(b, def));
			continue;
		}
		PgQuery__Node *const *names = def->arg->list->items;
		size_t count = def->arg->list->n_items;
		if (count < 2) {
			cft_build_attr(b, "owner_table", "");
			continue;
		}
		struct cft_name table = cft_name_of_list(names, count - 1);
		cft_build_attr(b, "owner_table", table.name);
		cft_build_attr(b, "owner_column", names[count - 1]->string->sval);
		cft_refs_add(&b->refs, CFT_OBJ_COLUMN, table.schema, table.name,
		             names[count - 1]->string->sval, CFT_REF_AUTO);
	}
}

static void create_sequence(struct cft_build *b, const PgQuery__CreateSeqStmt *stmt)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_SEQUENCE, stmt->sequence->schemaname,
	                stmt->sequence->relname, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	sequence_options(b, stmt->options, stmt->n_options);
	cft_build_end(b);
}

static void alter_sequence(struct cft_build *b, const PgQuery__AlterSeqStmt *stmt)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_SEQUENCE, stmt->sequence->schemaname,
	                stmt->sequence->relname, NULL);
	cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
	b->open.lock = CFT_LOCK_SHARE_ROW_EXCLUSIVE;
	sequence_options(b, stmt->options, stmt->n_options);
	cft_build_end(b);
}

static void create_enum(struct cft_build *b, const PgQuery__CreateEnumStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);
	struct cft_buf labels = CFT_BUF_INIT;

	for (size_t i = 0; i < stmt->n_vals; i++)
		cft_buf_addf(&labels, "%s%s", i ? "\x1f" : "", stmt->vals[i]->string->sval);
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "enum");
	cft_build_attr(b, "labels", cft_arena_strdup(b->arena, cft_buf_str(&labels)));
	cft_build_end(b);
	cft_buf_release(&labels);
}

static void alter_enum(struct cft_build *b, const PgQuery__AlterEnumStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);

	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	if (*stmt->old_val) {
		cft_build_attr(b, "rename_label", stmt->old_val);
		cft_build_attr(b, "new_label", stmt->new_val);
	} else {
		cft_build_flag(b, CFT_EFFECT_NO_TRANSACTION);
		cft_build_attr(b, "add_label", stmt->new_val);
		cft_build_attr(b, stmt->new_val_is_after ? "after" : "before",
		               stmt->new_val_neighbor);
		if (stmt->skip_if_new_val_exists)
			cft_build_flag(b, CFT_EFFECT_IF_NOT_EXISTS);
	}
	cft_build_end(b);
}

static void create_composite(struct cft_build *b, const PgQuery__CompositeTypeStmt *stmt)
{
	struct cft_name name = {stmt->typevar->schemaname, stmt->typevar->relname};

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "composite");
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_coldeflist; i++) {
		cft_analyze_column(b, &name, stmt->coldeflist[i]->column_def, CFT_EFFECT_PART);
		b->effects.v[b->effects.n - 1].args = "type";
	}
}

/* References of an expression about VALUE: only functions and types count. */
static void domain_check(struct cft_build *b, const struct cft_name *domain,
                         const PgQuery__Constraint *con, uint32_t flags)
{
	PgQuery__Constraint bare = *con;

	bare.conname = (char *)"";
	bare.skip_validation = bare.initially_valid = false;
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_DOMAIN_CONSTRAINT, domain->schema, domain->name,
	                con->conname);
	cft_build_flag(b, flags | (*con->conname ? 0 : CFT_EFFECT_GENERATED_NAME));
	cft_build_attr(b, "type", "check");
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	cft_refs_expr(&b->refs, con->raw_expr, 0);
	size_t kept = 0;
	for (size_t i = 0; i < b->refs.list.n; i++)
		if (b->refs.list.v[i].kind != CFT_OBJ_COLUMN)
			b->refs.list.v[kept++] = b->refs.list.v[i];
	b->refs.list.n = kept;
	cft_build_end(b);
}

static void create_domain(struct cft_build *b, const PgQuery__CreateDomainStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->domainname, stmt->n_domainname);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "domain");
	cft_build_attr(b, "base", cft_type_text(b->arena, stmt->type_name));
	cft_refs_type(&b->refs, stmt->type_name, 0);
	for (size_t i = 0; i < stmt->n_constraints; i++) {
		const PgQuery__Constraint *con = stmt->constraints[i]->constraint;
		if (con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
			cft_build_attr(b, "default", cft_tree_text(b->arena, con->raw_expr));
		if (con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL)
			cft_build_attr(b, "notnull", "yes");
	}
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_constraints; i++)
		if (stmt->constraints[i]->constraint->contype ==
		    PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
			domain_check(b, &name, stmt->constraints[i]->constraint, CFT_EFFECT_PART);
}

static void alter_domain(struct cft_build *b, const PgQuery__AlterDomainStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);

	switch (*stmt->subtype) {
	case 'T':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "default",
		                cft_tree_text(b->arena, stmt->def));
		break;
	case 'N':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "notnull", "");
		break;
	case 'O':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "notnull", "yes");
		break;
	case 'C':
		domain_check(b, &name, stmt->def->constraint, 0);
		break;
	case 'X':
		cft_build_begin(b, CFT_OP_DROP, CFT_OBJ_DOMAIN_CONSTRAINT, name.schema, name.name,
		                stmt->name);
		cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
		cft_build_end(b);
		break;
	default:
		cft_build_alter(b, CFT_OBJ_DOMAIN_CONSTRAINT, &name, stmt->name, "not_valid", "");
	}
}

static void create_schema(struct cft_build *b, const PgQuery__CreateSchemaStmt *stmt)
{
	const char *name = *stmt->schemaname ? stmt->schemaname : cft_build_role(stmt->authrole);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_SCHEMA, NULL, name, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	if (stmt->authrole)
		cft_build_attr(b, "owner", cft_build_role(stmt->authrole));
	cft_build_role_ref(b, stmt->authrole);
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_schema_elts; i++) {
		size_t first = b->effects.n;

		cft_analyze_statement(b, stmt->schema_elts[i]);
		for (size_t k = first; k < b->effects.n; k++)
			if (!*b->effects.v[k].schema)
				b->effects.v[k].schema = cft_arena_strdup(b->arena, name);
	}
}

static void create_extension(struct cft_build *b, const PgQuery__CreateExtensionStmt *stmt)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_EXTENSION, NULL, stmt->extname, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	def_attrs(b, stmt->options, stmt->n_options, "option.");
	cft_build_end(b);
}

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

static void create_statistics(struct cft_build *b, const PgQuery__CreateStatsStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->defnames, stmt->n_defnames);
	const PgQuery__RangeVar *rv = stmt->relations[0]->range_var;
	struct cft_buf columns = CFT_BUF_INIT;

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_STATISTICS, name.schema, name.name, NULL);
	cft_build_flag(b, (stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0) |
	                          (*name.name ? 0 : CFT_EFFECT_GENERATED_NAME));
	b->open.to = rv->relname;
	b->open.lock = CFT_LOCK_SHARE_UPDATE_EXCLUSIVE;
	uint16_t scope = cft_refs_scope(&b->refs, rv->schemaname, rv->relname, NULL, CFT_REF_AUTO);
	b->refs.flags = CFT_REF_AUTO;
	for (size_t i = 0; i < stmt->n_exprs; i++) {
		const PgQuery__StatsElem *item = stmt->exprs[i]->stats_elem;
		cft_buf_addf(&columns, "%s%s", i ? "_" : "", *item->name ? item->name : "expr");
		if (*item->name)
			cft_refs_column(&b->refs, item->name, scope, CFT_REF_AUTO);
		else
			cft_refs_expr(&b->refs, item->expr, scope);
	}
	b->refs.flags = 0;
	cft_build_attr(b, "name2", cft_arena_strdup(b->arena, cft_buf_str(&columns)));
	cft_build_attr(b, "kinds", cft_build_list(b, stmt->stat_types, stmt->n_stat_types));
	cft_buf_release(&columns);
	cft_build_end(b);
}

static enum cft_lock drop_lock(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_TABLE || cft_object_kind_is_child(kind) ? CFT_LOCK_ACCESS_EXCLUSIVE
	                                                               : CFT_LOCK_NONE;
}

static void drop(struct cft_build *b, const PgQuery__DropStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_objects; i++) {
		struct cft_located at =
			cft_locate(b, stmt->remove_type, NULL, stmt->objects[i], NULL);

		cft_locate_begin(b, CFT_OP_DROP, &at);
		cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
		if (stmt->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
			cft_build_flag(b, CFT_EFFECT_CASCADE);
		if (stmt->concurrent)
			cft_build_flag(b, CFT_EFFECT_CONCURRENTLY | CFT_EFFECT_NO_TRANSACTION);
		/* DROP TABLE a, b drops both at once: each may depend on the other. */
		if (i + 1 < stmt->n_objects)
			cft_build_attr(b, "group", "more");
		else if (i > 0)
			cft_build_attr(b, "group", "last");
		b->open.lock = drop_lock(at.kind);
		cft_build_end(b);
	}
}

static void rename_object(struct cft_build *b, const PgQuery__RenameStmt *stmt)
{
	bool child = cft_object_kind_is_child(cft_locate_kind(stmt->rename_type)) ||
	             stmt->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMCONSTRAINT;
	struct cft_located at = cft_locate(b, stmt->rename_type, stmt->relation, stmt->object,
	                                   child ? stmt->subname : NULL);

	if (!*at.name)
		at.name = stmt->subname;
	if (child && !*at.sub)
		at.sub = stmt->subname;
	cft_locate_begin(b, CFT_OP_RENAME, &at);
	b->open.to = stmt->newname;
	if (stmt->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE)
		b->open.args = "type";
	cft_build_flag(b, stmt->missing_ok
	                          ? (child ? CFT_EFFECT_PARENT_IF_EXISTS : CFT_EFFECT_IF_EXISTS)
	                          : 0);
	if (at.kind == CFT_OBJ_TABLE || child)
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_end(b);
}

static void set_schema(struct cft_build *b, const PgQuery__AlterObjectSchemaStmt *stmt)
{
	struct cft_located at =
		cft_locate(b, stmt->object_type, stmt->relation, stmt->object, NULL);

	cft_locate_begin(b, CFT_OP_MOVE, &at);
	b->open.to = stmt->newschema;
	cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
	cft_refs_add(&b->refs, CFT_OBJ_SCHEMA, NULL, stmt->newschema, NULL, CFT_REF_SOFT);
	if (at.kind == CFT_OBJ_TABLE)
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_end(b);
}

static void set_owner(struct cft_build *b, const PgQuery__AlterOwnerStmt *stmt)
{
	struct cft_located at =
		cft_locate(b, stmt->object_type, stmt->relation, stmt->object, NULL);

	cft_locate_begin(b, CFT_OP_ALTER, &at);
	cft_build_attr(b, "owner", cft_build_role(stmt->newowner));
	cft_build_role_ref(b, stmt->newowner);
	cft_build_end(b);
}

static void comment(struct cft_build *b, const PgQuery__CommentStmt *stmt)
{
	struct cft_located at = cft_locate(b, stmt->objtype, NULL, stmt->object, NULL);

	cft_locate_begin(b, CFT_OP_COMMENT, &at);
	cft_build_attr(b, "comment", stmt->comment);
	if (at.kind == CFT_OBJ_TABLE || cft_object_kind_is_child(at.kind))
		b->open.lock = CFT_LOCK_SHARE_UPDATE_EXCLUSIVE;
	cft_build_end(b);
}

/* CREATE of a kind that is only a name, attributes and maybe references. */
static void create_named(struct cft_build *b, enum cft_object_kind kind, struct cft_name name,
                         const ProtobufCMessage *message, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_CREATE, kind, name.schema, name.name, NULL);
	cft_build_flag(b, flags);
	cft_build_attr(b, "def", cft_build_digest(b, message));
	cft_build_end(b);
}

static void define(struct cft_build *b, const PgQuery__DefineStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->defnames, stmt->n_defnames);
	enum cft_object_kind kind = cft_locate_kind(stmt->kind);

	cft_build_begin(b, CFT_OP_CREATE, kind, name.schema, name.name, NULL);
	cft_build_flag(b, (stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0) |
	                          (stmt->replace ? CFT_EFFECT_OR_REPLACE : 0));
	cft_build_attr(b, "def", cft_build_digest(b, &stmt->base));
	if (stmt->kind == PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE)
		b->open.args = "*";
	for (size_t i = 0; i < stmt->n_definition; i++) {
		const PgQuery__DefElem *def = stmt->definition[i]->def_elem;
		if (!def->arg || def->arg->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
			continue;
		/* Functions, templates and types are all written as type names here. */
		struct cft_name ref =
			cft_name_of_list(def->arg->type_name->names, def->arg->type_name->n_names);
		cft_refs_add(&b->refs, CFT_OBJ_FUNCTION, ref.schema, ref.name, NULL,
		             CFT_REF_UNCERTAIN | CFT_REF_CALL);
		cft_refs_type(&b->refs, def->arg->type_name, CFT_REF_UNCERTAIN);
	}
	cft_build_end(b);
}

static void publication(struct cft_build *b, enum cft_effect_op op, const char *name,
                        PgQuery__Node *const *objects, size_t n, const char *value)
{
	cft_build_begin(b, op, CFT_OBJ_PUBLICATION, NULL, name, NULL);
	for (size_t i = 0; i < n; i++) {
		const PgQuery__PublicationObjSpec *spec = objects[i]->publication_obj_spec;
		if (!spec->pubtable)
			continue;
		const PgQuery__RangeVar *rv = spec->pubtable->relation;
		cft_build_attr(b, cft_arena_printf(b->arena, "table.%s", rv->relname), value);
		uint16_t scope =
			cft_refs_scope(&b->refs, rv->schemaname, rv->relname, NULL, CFT_REF_AUTO);
		for (size_t k = 0; k < spec->pubtable->n_columns; k++)
			cft_refs_column(&b->refs, spec->pubtable->columns[k]->string->sval, scope,
			                CFT_REF_AUTO);
	}
	cft_build_end(b);
}

static struct cft_name plain(const char *name)
{
	return (struct cft_name){"", name};
}

static bool create_more(struct cft_build *b, const PgQuery__Node *node)
{
	const ProtobufCMessage *m = cft_tree_unwrap(node);

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
		create_named(b, CFT_OBJ_TYPE,
		             cft_name_of_list(node->create_range_stmt->type_name,
		                              node->create_range_stmt->n_type_name),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FDW_STMT:
		create_named(b, CFT_OBJ_FDW, plain(node->create_fdw_stmt->fdwname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT:
		create_named(
			b, CFT_OBJ_SERVER, plain(node->create_foreign_server_stmt->servername), m,
			node->create_foreign_server_stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS
									: 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
		create_named(b, CFT_OBJ_LANGUAGE, plain(node->create_plang_stmt->plname), m,
		             CFT_EFFECT_OR_REPLACE);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
		create_named(b, CFT_OBJ_EVENT_TRIGGER,
		             plain(node->create_event_trig_stmt->trigname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
		create_named(b, CFT_OBJ_SUBSCRIPTION,
		             plain(node->create_subscription_stmt->subname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
		create_named(
			b, CFT_OBJ_CAST,
			(struct cft_name){
				"",
				cft_arena_printf(
					b->arena, "%s as %s",
					cft_type_text(b->arena, node->create_cast_stmt->sourcetype),
					cft_type_text(b->arena,
		                                      node->create_cast_stmt->targettype))},
			m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
		create_named(b, CFT_OBJ_OPCLASS,
		             cft_name_of_list(node->create_op_class_stmt->opclassname,
		                              node->create_op_class_stmt->n_opclassname),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT:
		create_named(b, CFT_OBJ_OPFAMILY,
		             cft_name_of_list(node->create_op_family_stmt->opfamilyname,
		                              node->create_op_family_stmt->n_opfamilyname),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT:
		create_named(b, CFT_OBJ_CONVERSION,
		             cft_name_of_list(node->create_conversion_stmt->conversion_name,
		                              node->create_conversion_stmt->n_conversion_name),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_AM_STMT:
		create_named(b, CFT_OBJ_ACCESS_METHOD, plain(node->create_am_stmt->amname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
		create_named(b, CFT_OBJ_TABLESPACE,
		             plain(node->create_table_space_stmt->tablespacename), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
		publication(b, CFT_OP_CREATE, node->create_publication_stmt->pubname,
		            node->create_publication_stmt->pubobjects,
		            node->create_publication_stmt->n_pubobjects, "yes");
		return true;
	case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
		publication(b, CFT_OP_ALTER, node->alter_publication_stmt->pubname,
		            node->alter_publication_stmt->pubobjects,
		            node->alter_publication_stmt->n_pubobjects,
		            node->alter_publication_stmt->action ==
		                            PG_QUERY__ALTER_PUBLICATION_ACTION__AP_DropObjects
		                    ? ""
		                    : "yes");
		return true;
	default:
		return false;
	}
}

static void alter_named(struct cft_build *b, enum cft_object_kind kind, struct cft_name name,
                        const char *key, const ProtobufCMessage *message)
{
	cft_build_alter(b, kind, &name, NULL, key, cft_build_digest(b, message));
}

static bool alter_more(struct cft_build *b, const PgQuery__Node *node)
{
	const ProtobufCMessage *m = cft_tree_unwrap(node);

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_ALTER_TYPE_STMT:
		alter_named(b, CFT_OBJ_TYPE,
		            cft_name_of_list(node->alter_type_stmt->type_name,
		                             node->alter_type_stmt->n_type_name),
		            "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
		alter_named(b, CFT_OBJ_EXTENSION, plain(node->alter_extension_stmt->extname),
		            "version", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EXTENSION_CONTENTS_STMT:
		alter_named(b, CFT_OBJ_EXTENSION,
		            plain(node->alter_extension_contents_stmt->extname), "contents", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_STATS_STMT:
		alter_named(b, CFT_OBJ_STATISTICS,
		            cft_name_of_list(node->alter_stats_stmt->defnames,
		                             node->alter_stats_stmt->n_defnames),
		            "target", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT:
		alter_named(b, CFT_OBJ_EVENT_TRIGGER, plain(node->alter_event_trig_stmt->trigname),
		            "enabled", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_FDW_STMT:
		alter_named(b, CFT_OBJ_FDW, plain(node->alter_fdw_stmt->fdwname), "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT:
		alter_named(b, CFT_OBJ_SERVER, plain(node->alter_foreign_server_stmt->servername),
		            "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
		alter_named(b, CFT_OBJ_SUBSCRIPTION, plain(node->alter_subscription_stmt->subname),
		            "options", m);
		return true;
	default:
		return false;
	}
}

bool cft_analyze_object(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_VIEW_STMT:
		create_view(b, node->view_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
		create_as(b, node->create_table_as_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
		create_sequence(b, node->create_seq_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
		alter_sequence(b, node->alter_seq_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
		create_enum(b, node->create_enum_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
		alter_enum(b, node->alter_enum_stmt);
		return true;
	case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
		create_composite(b, node->composite_type_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
		create_domain(b, node->create_domain_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
		alter_domain(b, node->alter_domain_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
		create_schema(b, node->create_schema_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
		create_extension(b, node->create_extension_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
		create_trigger(b, node->create_trig_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
		create_policy(b, node->create_policy_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
		alter_policy(b, node->alter_policy_stmt);
		return true;
	case PG_QUERY__NODE__NODE_RULE_STMT:
		create_rule(b, node->rule_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
		create_statistics(b, node->create_stats_stmt);
		return true;
	case PG_QUERY__NODE__NODE_DEFINE_STMT:
		define(b, node->define_stmt);
		return true;
	case PG_QUERY__NODE__NODE_DROP_STMT:
		drop(b, node->drop_stmt);
		return true;
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		rename_object(b, node->rename_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
		set_schema(b, node->alter_object_schema_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
		set_owner(b, node->alter_owner_stmt);
		return true;
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
		comment(b, node->comment_stmt);
		return true;
	default:
		return create_more(b, node) || alter_more(b, node);
	}
}
