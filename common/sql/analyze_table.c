/* Analyze, tables: CREATE and ALTER TABLE, columns, constraints, indexes.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/build.h"
#include "common/sql/name.h"

#include <stdio.h>
#include <string.h>

static struct cft_name name_of(const PgQuery__RangeVar *rv)
{
	return (struct cft_name){rv->schemaname, rv->relname};
}

static const char *serial_type(const char *type)
{
	if (strcmp(type, "serial") == 0)
		return "integer";
	if (strcmp(type, "bigserial") == 0)
		return "bigint";
	return strcmp(type, "smallserial") == 0 ? "smallint" : NULL;
}

/* A sequence that belongs to a column; its name is chosen when the statement runs. */
static void owned_sequence(struct cft_build *b, const struct cft_name *table, const char *column,
                           const char *mode, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_SEQUENCE, table->schema, "", "");
	cft_build_flag(b, flags | CFT_EFFECT_PART | CFT_EFFECT_GENERATED_NAME);
	cft_build_attr(b, "owner_table", table->name);
	cft_build_attr(b, "owner_column", column);
	cft_build_attr(b, "mode", mode);
	cft_build_end(b);
}

static void column_default(struct cft_build *b, const struct cft_name *table, const char *column,
                           const PgQuery__Node *expr, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_COLUMN, table->schema, table->name, column);
	cft_build_flag(b, flags);
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(b, "default", cft_tree_text(b->arena, expr));
	cft_refs_expr(&b->refs, expr, 0);
	if (expr && expr->node_case == PG_QUERY__NODE__NODE_A_CONST &&
	    expr->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
		uint16_t scope =
			cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_SOFT);
		cft_refs_column(&b->refs, column, scope, CFT_REF_VALUE | CFT_REF_SOFT);
		b->refs.list.v[b->refs.list.n - 1].value = expr->a_const->sval->sval;
	}
	cft_build_end(b);
}

static void column_generated(struct cft_build *b, const struct cft_name *table, const char *column,
                             const PgQuery__Node *expr, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_COLUMN, table->schema, table->name, column);
	cft_build_flag(b, flags);
	cft_build_attr(b, "generated", cft_tree_text(b->arena, expr));
	uint16_t scope = cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_SOFT);
	cft_refs_expr(&b->refs, expr, scope);
	cft_build_end(b);
}

static void column_constraint(struct cft_build *b, const struct cft_name *table,
                              const PgQuery__ColumnDef *column, const PgQuery__Constraint *con,
                              uint32_t flags)
{
	switch (con->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		column_default(b, table, column->colname, con->raw_expr, flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
		column_generated(b, table, column->colname, con->raw_expr, flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
		owned_sequence(b, table, column->colname,
		               strcmp(con->generated_when, "a") == 0 ? "always" : "by default",
		               flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		cft_analyze_constraint(b, table, column->colname, con, flags);
		break;
	default:
		break;
	}
}

static bool column_has(const PgQuery__ColumnDef *column, PgQuery__ConstrType type)
{
	for (size_t i = 0; i < column->n_constraints; i++)
		if (column->constraints[i]->constraint->contype == type)
			return true;
	return false;
}

static bool column_is_not_null(const PgQuery__ColumnDef *column)
{
	return column->is_not_null || column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) ||
	       column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY) ||
	       column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY);
}

void cft_analyze_column(struct cft_build *b, const struct cft_name *table,
                        const PgQuery__ColumnDef *column, uint32_t flags)
{
	const char *type = column->type_name ? cft_type_text(b->arena, column->type_name) : "";
	const char *serial = serial_type(type);
	uint32_t part = CFT_EFFECT_PART | (flags & CFT_EFFECT_PARENT_IF_EXISTS);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_COLUMN, table->schema, table->name,
	                column->colname);
	cft_build_flag(b, flags);
	cft_build_attr(b, "type", serial ? serial : type);
	if (serial || column_is_not_null(column))
		cft_build_attr(b, "notnull", "yes");
	if (column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY) || serial)
		cft_build_attr(b, "filled", "yes");
	if (column->coll_clause)
		cft_build_attr(b, "collation",
		               cft_name_of_list(column->coll_clause->collname,
		                                column->coll_clause->n_collname)
		                       .name);
	if (*column->compression)
		cft_build_attr(b, "compression", column->compression);
	if (column->type_name && !serial)
		cft_refs_type(&b->refs, column->type_name, 0);
	if (!(flags & CFT_EFFECT_PART))
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	if (serial || column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY))
		cft_build_flag(b, CFT_EFFECT_REWRITE);
	cft_build_end(b);
	if (serial)
		owned_sequence(b, table, column->colname, "serial", part);
	for (size_t i = 0; i < column->n_constraints; i++)
		column_constraint(b, table, column, column->constraints[i]->constraint, part);
}

/* The distinct columns that an expression names, in order. */
struct columns {
	const char *v[32];
	size_t n;
};

static void find_columns(const ProtobufCMessage *m, void *arg)
{
	struct columns *columns = arg;

	if (CFT_TREE_IS(m, column_ref)) {
		const PgQuery__ColumnRef *ref = (const PgQuery__ColumnRef *)m;
		const char *name = cft_name_of_list(ref->fields, ref->n_fields).name;

		for (size_t i = 0; i < columns->n; i++)
			if (strcmp(columns->v[i], name) == 0)
				return;
		if (columns->n < 32)
			columns->v[columns->n++] = name;
		return;
	}
	cft_tree_children(m, find_columns, arg);
}

/* Does the expression need operators or functions of its columns' types? `x IS NOT NULL` does not.
 */
static void find_typed(const ProtobufCMessage *m, void *arg)
{
	if (CFT_TREE_IS(m, a__expr) || CFT_TREE_IS(m, func_call) || CFT_TREE_IS(m, type_cast) ||
	    CFT_TREE_IS(m, boolean_test) || CFT_TREE_IS(m, case_expr))
		*(bool *)arg = true;
	else
		cft_tree_children(m, find_typed, arg);
}

static void typed_attr(struct cft_build *b, const PgQuery__Node *expr)
{
	const ProtobufCMessage *m = cft_tree_unwrap(expr);
	bool typed = false;

	if (m)
		find_typed(m, &typed);
	if (typed)
		cft_build_attr(b, "typed", "yes");
}

static void key_columns(struct columns *columns, PgQuery__Node *const *keys, size_t n)
{
	for (size_t i = 0; i < n && columns->n < 32; i++)
		if (keys[i]->node_case == PG_QUERY__NODE__NODE_STRING)
			columns->v[columns->n++] = keys[i]->string->sval;
}

static char *join(struct cft_build *b, const struct columns *columns)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < columns->n; i++)
		cft_buf_addf(&buf, "%s%s", i ? "," : "", columns->v[i]);
	char *text = cft_arena_strndup(b->arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}

static const char *constraint_label(PgQuery__ConstrType type)
{
	switch (type) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
		return "pkey";
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
		return "key";
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
		return "excl";
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		return "fkey";
	default:
		return "check";
	}
}

static void exclusion_columns(struct cft_build *b, struct columns *columns,
                              const PgQuery__Constraint *con, uint16_t scope)
{
	for (size_t i = 0; i < con->n_exclusions; i++) {
		const PgQuery__Node *pair = con->exclusions[i];
		if (pair->node_case != PG_QUERY__NODE__NODE_LIST || pair->list->n_items < 1)
			continue;
		const PgQuery__IndexElem *item = pair->list->items[0]->index_elem;
		if (*item->name && columns->n < 32)
			columns->v[columns->n++] = item->name;
		else
			cft_refs_expr(&b->refs, item->expr, scope);
	}
	cft_refs_expr(&b->refs, con->where_clause, scope);
}

static void foreign_refs(struct cft_build *b, const PgQuery__Constraint *con)
{
	struct columns parent = {0};
	uint16_t scope =
		cft_refs_scope(&b->refs, con->pktable->schemaname, con->pktable->relname, NULL, 0);

	key_columns(&parent, con->pk_attrs, con->n_pk_attrs);
	for (size_t i = 0; i < parent.n; i++)
		cft_refs_column(&b->refs, parent.v[i], scope, 0);
	struct cft_ref *ref = cft_refs_add(&b->refs, CFT_OBJ_CONSTRAINT, con->pktable->schemaname,
	                                   con->pktable->relname, join(b, &parent), CFT_REF_KEY);
	ref->scope = scope;
}

static void constraint_definition(struct cft_build *b, const PgQuery__Constraint *con)
{
	PgQuery__Constraint bare = *con;

	bare.conname = (char *)"";
	bare.skip_validation = false;
	bare.initially_valid = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	if (con->skip_validation && !(b->open.flags & CFT_EFFECT_PART))
		cft_build_attr(b, "not_valid", "yes");
	if (*con->indexname)
		cft_build_attr(b, "index", con->indexname);
	if (con->pktable) {
		cft_build_attr(b, "parent_schema", con->pktable->schemaname);
		cft_build_attr(b, "parent", con->pktable->relname);
	}
}

void cft_analyze_constraint(struct cft_build *b, const struct cft_name *table, const char *column,
                            const PgQuery__Constraint *con, uint32_t flags)
{
	struct columns columns = {0};
	bool check = con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK;
	bool foreign = con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_CONSTRAINT, table->schema, table->name,
	                con->conname);
	cft_build_flag(b, flags | (*con->conname ? 0 : CFT_EFFECT_GENERATED_NAME));
	uint16_t scope = cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_AUTO);
	if (check)
		find_columns(cft_tree_unwrap(con->raw_expr), &columns);
	else if (column && con->n_keys == 0 && con->n_fk_attrs == 0 && con->n_exclusions == 0)
		columns.v[columns.n++] = column;
	key_columns(&columns, con->keys, con->n_keys);
	key_columns(&columns, con->fk_attrs, con->n_fk_attrs);
	exclusion_columns(b, &columns, con, scope);
	for (size_t i = 0; i < columns.n && !check; i++)
		cft_refs_column(&b->refs, columns.v[i], scope, CFT_REF_AUTO);
	if (check) {
		b->refs.flags = CFT_REF_AUTO;
		cft_refs_expr(&b->refs, con->raw_expr, scope);
		b->refs.flags = 0;
	}
	cft_build_attr(b, "type", constraint_label(con->contype));
	cft_build_attr(b, "columns", join(b, &columns));
	if (check) {
		cft_build_attr(b, "expr", cft_tree_text(b->arena, con->raw_expr));
		typed_attr(b, con->raw_expr);
	}
	/* A column's own CHECK is named after the column, a table's after its only column. */
	if (check)
		cft_build_attr(b, "name2", column ? column : columns.n == 1 ? columns.v[0] : "");
	else if (con->contype != PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
		cft_build_attr(b, "name2", cft_name_join(b->arena, columns.v, columns.n));
	constraint_definition(b, con);
	if (foreign)
		foreign_refs(b, con);
	if (!(flags & CFT_EFFECT_PART))
		b->open.lock = foreign ? CFT_LOCK_SHARE_ROW_EXCLUSIVE : CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_end(b);
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
static void attach(struct cft_build *b, const struct cft_name *child,
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

static void storage_options(struct cft_build *b, PgQuery__Node *const *options, size_t n,
                            bool reset)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *def = options[i]->def_elem;
		cft_build_attr(b, cft_arena_printf(b->arena, "option.%s", def->defname),
		               reset ? "" : cft_build_def_value(b, def));
	}
}

static void create_table(struct cft_build *b, const PgQuery__CreateStmt *stmt)
{
	struct cft_name table = name_of(stmt->relation);

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
	storage_options(b, stmt->options, stmt->n_options, false);
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_inh_relations; i++)
		attach(b, &table, stmt->inh_relations[i]->range_var, stmt->partbound, "copy");
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
                           struct columns *columns)
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
		if (item->expr) {
			cft_build_attr(b, "expr", "yes");
			typed_attr(b, item->expr);
		}
	}
	for (size_t i = 0; i < stmt->n_index_including_params; i++) {
		const PgQuery__IndexElem *item = stmt->index_including_params[i]->index_elem;
		cft_refs_column(&b->refs, item->name, scope, CFT_REF_AUTO);
		if (columns->n < 32)
			columns->v[columns->n++] = item->name;
	}
}

static void create_index(struct cft_build *b, const PgQuery__IndexStmt *stmt)
{
	struct columns columns = {0};
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
		typed_attr(b, stmt->where_clause);
	}
	if (stmt->unique)
		cft_build_attr(b, "unique", "yes");
	cft_build_attr(b, "columns", join(b, &columns));
	cft_build_attr(b, "name2", cft_name_join(b->arena, columns.v, columns.n));
	no_table.relname = no_table.schemaname = (char *)"";
	bare.relation = &no_table;
	bare.idxname = (char *)"";
	bare.concurrent = bare.if_not_exists = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	cft_build_end(b);
}

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

static void alter_type(const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *def = cmd->def->column_def;

	begin_child(a, CFT_OP_ALTER, CFT_OBJ_COLUMN, cmd, CFT_LOCK_ACCESS_EXCLUSIVE);
	cft_build_flag(a->b, CFT_EFFECT_REWRITE);
	cft_build_attr(a->b, "type", cft_type_text(a->b->arena, def->type_name));
	if (def->coll_clause)
		cft_build_attr(
			a->b, "collation",
			cft_name_of_list(def->coll_clause->collname, def->coll_clause->n_collname)
				.name);
	cft_refs_type(&a->b->refs, def->type_name, 0);
	if (def->raw_default) {
		cft_build_attr(a->b, "using", cft_tree_text(a->b->arena, def->raw_default));
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
		storage_options(a->b, cmd->def->list->items, cmd->def->list->n_items, reset);
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
	return cft_build_digest(b, cft_tree_unwrap(node));
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
		struct cft_name child = name_of(part->name);
		PgQuery__RangeVar parent = PG_QUERY__RANGE_VAR__INIT;

		parent.schemaname = (char *)a->table.schema;
		parent.relname = (char *)a->table.name;
		attach(a->b, &child, &parent, part->bound, "match");
	} else if (cmd->subtype == AT(AddInherit)) {
		attach(a->b, &a->table, cmd->def->range_var, NULL, "match");
	} else if (cmd->subtype == AT(DropInherit)) {
		PgQuery__RangeVar child = PG_QUERY__RANGE_VAR__INIT;
		struct cft_name parent = name_of(cmd->def->range_var);

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
			column_default(a->b, &a->table, cmd->name, cmd->def, a->flags);
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
		owned_sequence(a->b, &a->table, cmd->name,
		               cmd->def->constraint && strcmp(cmd->def->constraint->generated_when,
		                                              "a") == 0
		                       ? "always"
		                       : "by default",
		               a->flags);
		a->b->effects.v[a->b->effects.n - 1].flags &= ~(uint32_t)CFT_EFFECT_PART;
		break;
	case AT(SetIdentity):
		alter_value(a, cmd, "identity_options", CFT_LOCK_ACCESS_EXCLUSIVE);
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

static void alter_table(struct cft_build *b, const PgQuery__AlterTableStmt *stmt)
{
	struct alter a = {.b = b, .table = name_of(stmt->relation)};

	a.kind = relation_kind(stmt->objtype);
	a.flags = stmt->missing_ok ? CFT_EFFECT_PARENT_IF_EXISTS : 0;
	for (size_t i = 0; i < stmt->n_cmds; i++)
		alter_command(&a, stmt->cmds[i]->alter_table_cmd);
}

bool cft_analyze_table(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT:
		create_table(b, node->create_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
		create_table(b, node->create_foreign_table_stmt->base_stmt);
		return true;
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		create_index(b, node->index_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		alter_table(b, node->alter_table_stmt);
		return true;
	default:
		return false;
	}
}
