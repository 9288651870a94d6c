/* Analyze, objects: schemas, extensions, statistics, and the generic commands DROP, RENAME,
 * SET SCHEMA, OWNER TO, COMMENT.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/build.h"
#include "common/sql/effect/locate.h"

#include <string.h>

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
	cft_build_def_attrs(b, stmt->options, stmt->n_options, "option.");
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

/* The grammar gives a list of the parameters and a number; the old style names a basetype. */
static void aggregate_arguments(struct cft_build *b, const PgQuery__DefineStmt *stmt)
{
	struct cft_buf args = CFT_BUF_INIT;
	int inputs = 0;

	b->open.args = "*";
	if (stmt->oldstyle || !stmt->n_args)
		return;
	const PgQuery__Node *list = stmt->args[0];
	for (size_t i = 0; list->node_case == PG_QUERY__NODE__NODE_LIST && i < list->list->n_items;
	     i++)
		cft_buf_addf(&args, "%s%s", inputs++ ? "," : "",
		             cft_type_text(b->arena,
		                           list->list->items[i]->function_parameter->arg_type));
	b->open.args = cft_arena_strdup(b->arena, cft_buf_str(&args));
	cft_build_attr(b, "inputs", cft_arena_printf(b->arena, "%d", inputs));
	cft_buf_release(&args);
}

/* "integer,integer", "none,integer": what tells operators of one name apart. */
static void operator_arguments(struct cft_build *b, const PgQuery__DefineStmt *stmt)
{
	const char *left = "none", *right = "none";

	for (size_t i = 0; i < stmt->n_definition; i++) {
		const PgQuery__DefElem *def = stmt->definition[i]->def_elem;
		if (!def->arg || def->arg->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
			continue;
		if (strcmp(def->defname, "leftarg") == 0)
			left = cft_type_text(b->arena, def->arg->type_name);
		else if (strcmp(def->defname, "rightarg") == 0)
			right = cft_type_text(b->arena, def->arg->type_name);
	}
	b->open.args = cft_arena_printf(b->arena, "%s,%s", left, right);
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
		aggregate_arguments(b, stmt);
	if (kind == CFT_OBJ_OPERATOR)
		operator_arguments(b, stmt);
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

bool cft_analyze_object(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
		create_schema(b, node->create_schema_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
		create_extension(b, node->create_extension_stmt);
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
		return false;
	}
}
