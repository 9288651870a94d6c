/* Refs: a walk over queries and expressions with the scoping rules of SQL.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/refs.h"

#include "common/base/buf.h"
#include "common/sql/syntax/name.h"

#include <stdio.h>
#include <string.h>

/* A name that a WITH clause put in front of the tables. */
struct cte {
	const char *name;
	const struct cte *next;
};

struct level {
	struct cft_refs *refs;
	uint16_t scope, outer;
	const struct cte *ctes;
	const PgQuery__SelectStmt *select; /* for aliases in ORDER BY and GROUP BY */
	bool skip_aliases;                 /* a bare name may be an output's */
	bool has_relation;
};

static void walk(const ProtobufCMessage *m, void *arg);
static void walk_query(struct cft_refs *refs, const ProtobufCMessage *m, uint16_t outer,
                       const struct cte *ctes);

static const char *text_or_empty(const char *s)
{
	return s ? s : "";
}

struct cft_ref *cft_refs_add(struct cft_refs *refs, enum cft_object_kind kind, const char *schema,
                             const char *name, const char *sub, uint32_t flags)
{
	struct cft_ref ref = {
		.kind = kind,
		.flags = flags | refs->flags,
		.schema = cft_arena_strdup(refs->arena, text_or_empty(schema)),
		.name = cft_arena_strdup(refs->arena, text_or_empty(name)),
		.sub = cft_arena_strdup(refs->arena, text_or_empty(sub)),
		.alias = "",
		.value = "",
	};

	cft_vec_push_in(refs->arena, &refs->list, ref);
	return &refs->list.v[refs->list.n - 1];
}

uint16_t cft_refs_scope(struct cft_refs *refs, const char *schema, const char *name,
                        const char *alias, uint32_t flags)
{
	struct cft_ref *ref = cft_refs_add(refs, CFT_OBJ_RELATION, schema, name, NULL, flags);

	ref->scope = ++refs->scopes;
	ref->alias = cft_arena_strdup(refs->arena, alias ? alias : name);
	return ref->scope;
}

void cft_refs_column(struct cft_refs *refs, const char *column, uint16_t scope, uint32_t flags)
{
	struct cft_ref *ref = cft_refs_add(refs, CFT_OBJ_COLUMN, NULL, NULL, column, flags);

	ref->scope = scope;
}

void cft_refs_type(struct cft_refs *refs, const PgQuery__TypeName *type, uint32_t flags)
{
	struct cft_name name = cft_name_of_list(type->names, type->n_names);

	if (type->pct_type) {
		struct cft_name table = {"", name.schema};

		if (type->n_names >= 3)
			table = cft_name_of_list(type->names, type->n_names - 1);
		cft_refs_add(refs, CFT_OBJ_COLUMN, table.schema, table.name, name.name, flags);
		return;
	}
	if (strcmp(name.schema, "pg_catalog") == 0 ||
	    (!*name.schema && cft_type_builtin(name.name)))
		return;
	cft_refs_add(refs, CFT_OBJ_TYPE, name.schema, name.name, NULL, flags);
}

static const char *string_const(const PgQuery__Node *node)
{
	if (node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
	    node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL)
		return node->a_const->sval->sval;
	return NULL;
}

static bool is_number(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_A_CONST && !node->a_const->isnull &&
	       (node->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL ||
	        node->a_const->val_case == PG_QUERY__A__CONST__VAL_FVAL);
}

static bool is_output_alias(const struct level *level, const char *name)
{
	const PgQuery__SelectStmt *select = level->select;

	for (size_t i = 0; select && i < select->n_target_list; i++) {
		const PgQuery__Node *target = select->target_list[i];
		if (target->node_case == PG_QUERY__NODE__NODE_RES_TARGET &&
		    *target->res_target->name && strcmp(target->res_target->name, name) == 0)
			return true;
	}
	return false;
}

static void add_column(struct level *level, const PgQuery__ColumnRef *column, const char *value)
{
	size_t n = column->n_fields;
	bool star = column->fields[n - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
	struct cft_name name = cft_name_of_list(column->fields, n);
	const char *schema = "";

	if (level->skip_aliases && n == 1 && is_output_alias(level, name.name))
		return;
	if (n >= 3)
		schema = cft_name_of_list(column->fields, n - 2).name;
	struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_COLUMN, schema, NULL,
	                                   star ? NULL : name.name, star ? CFT_REF_STAR : 0);
	ref->alias = cft_arena_strdup(level->refs->arena, name.schema);
	ref->value = cft_arena_strdup(level->refs->arena, text_or_empty(value));
	ref->scope = level->scope;
	ref->outer = level->outer;
}

/* nextval('s') and its like depend on the sequence; 'x'::regclass on the relation. */
static void add_named_relation(struct level *level, const char *text, enum cft_object_kind kind)
{
	const char *parts[3];
	size_t n = cft_ident_split(level->refs->arena, text, parts, 3);

	if (n == 1 || n == 2)
		cft_refs_add(level->refs, kind, n == 2 ? parts[0] : "", parts[n - 1], NULL, 0);
}

static bool is_sequence_function(const char *name)
{
	return strcmp(name, "nextval") == 0 || strcmp(name, "currval") == 0 ||
	       strcmp(name, "setval") == 0;
}

/* Their first argument is the name of a configuration. */
static bool is_text_search(const char *function)
{
	static const char *const names[] = {"to_tsvector",
	                                    "to_tsquery",
	                                    "plainto_tsquery",
	                                    "phraseto_tsquery",
	                                    "websearch_to_tsquery",
	                                    "ts_headline",
	                                    NULL};

	for (int i = 0; names[i]; i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return false;
}

static void add_call(struct level *level, const PgQuery__FuncCall *call)
{
	struct cft_name name = cft_name_of_list(call->funcname, call->n_funcname);
	const PgQuery__Node *arg = call->n_args ? call->args[0] : NULL;
	char count[24];

	if (arg && arg->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		arg = arg->type_cast->arg;
	const char *text = string_const(arg);
	if (is_sequence_function(name.name)) {
		if (text)
			add_named_relation(level, text, CFT_OBJ_SEQUENCE);
		return;
	}
	if (text && call->n_args > 1 && is_text_search(name.name)) {
		const char *parts[2];
		char *copy = cft_arena_strdup(level->refs->arena, text);
		size_t n = cft_ident_split(level->refs->arena, copy, parts, 2);
		if (n)
			cft_refs_add(level->refs, CFT_OBJ_TS_CONFIG, n == 2 ? parts[0] : "",
			             parts[n - 1], NULL, CFT_REF_UNCERTAIN);
	}
	if (strcmp(name.schema, "pg_catalog") == 0)
		return;
	snprintf(count, sizeof(count), "%zu", call->n_args);
	cft_refs_add(level->refs, CFT_OBJ_FUNCTION, name.schema, name.name, count, CFT_REF_CALL);
}

static void add_cast(struct level *level, const PgQuery__TypeCast *cast)
{
	struct cft_name name = cft_name_of_list(cast->type_name->names, cast->type_name->n_names);
	const char *text = string_const(cast->arg);
	size_t before = level->refs->list.n;

	if (text && strcmp(name.name, "regclass") == 0)
		add_named_relation(level, text, CFT_OBJ_RELATION);
	cft_refs_type(level->refs, cast->type_name, 0);
	if (text && level->refs->list.n > before && !cast->type_name->n_array_bounds) {
		struct cft_ref *ref = &level->refs->list.v[level->refs->list.n - 1];
		if (ref->kind == CFT_OBJ_TYPE)
			ref->value = cft_arena_strdup(level->refs->arena, text);
	}
}

/* column = 'literal', column IN ('a', 'b'): the literals must be valid for the column's type. */
static bool walk_comparison(struct level *level, const PgQuery__AExpr *expr)
{
	const PgQuery__Node *left = expr->lexpr, *right = expr->rexpr;

	if (!left || !right || left->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
		return false;
	if (string_const(right) || is_number(right)) {
		add_column(level, left->column_ref, is_number(right) ? "#" : string_const(right));
		return true;
	}
	if (right->node_case != PG_QUERY__NODE__NODE_LIST)
		return false;
	for (size_t i = 0; i < right->list->n_items; i++) {
		const char *text = string_const(right->list->items[i]);
		add_column(level, left->column_ref, text);
		if (!text)
			walk(cft_node_message(right->list->items[i]), level);
	}
	return true;
}

/* Those that every database has are of no interest: `=`, `||`, `->>`, `~~`. */
static void add_operator(struct level *level, const PgQuery__AExpr *expr)
{
	static const char *const common[] = {"->", "->>", "#>", "#>>", "@>", "<@", "&&", "||",
	                                     "<=", ">=",  "<>", "~~",  "!~", "~*", NULL};
	if (expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || expr->n_name == 0)
		return;
	struct cft_name name = cft_name_of_list(expr->name, expr->n_name);
	if (strlen(name.name) < 2)
		return;
	for (int i = 0; common[i]; i++)
		if (strcmp(common[i], name.name) == 0)
			return;
	cft_refs_add(level->refs, CFT_OBJ_OPERATOR, name.schema, name.name, NULL,
	             CFT_REF_UNCERTAIN);
}

static void walk(const ProtobufCMessage *m, void *arg)
{
	struct level *level = arg;

	if (!m)
		return;
	if (CFT_TREE_IS(m, column_ref)) {
		add_column(level, (const PgQuery__ColumnRef *)m, NULL);
		return;
	}
	if (CFT_TREE_IS(m, select_stmt) || CFT_TREE_IS(m, insert_stmt) ||
	    CFT_TREE_IS(m, update_stmt) || CFT_TREE_IS(m, delete_stmt)) {
		walk_query(level->refs, m, level->has_relation ? level->scope : level->outer,
		           level->ctes);
		return;
	}
	if (CFT_TREE_IS(m, type_name)) {
		cft_refs_type(level->refs, (const PgQuery__TypeName *)m, 0);
		return;
	}
	if (CFT_TREE_IS(m, type_cast)) {
		add_cast(level, (const PgQuery__TypeCast *)m);
		walk(cft_node_message(((const PgQuery__TypeCast *)m)->arg), level);
		return;
	}
	if (CFT_TREE_IS(m, a__expr))
		add_operator(level, (const PgQuery__AExpr *)m);
	if (CFT_TREE_IS(m, func_call))
		add_call(level, (const PgQuery__FuncCall *)m);
	else if (CFT_TREE_IS(m, a__expr) && walk_comparison(level, (const PgQuery__AExpr *)m))
		return;
	cft_tree_children(m, walk, level);
}

static void walk_list(struct level *level, PgQuery__Node *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		walk(cft_node_message(list[i]), level);
}

static bool is_cte(const struct level *level, const char *name)
{
	for (const struct cte *cte = level->ctes; cte; cte = cte->next)
		if (strcmp(cte->name, name) == 0)
			return true;
	return false;
}

static void add_derived(struct level *level, const PgQuery__Alias *alias, const char *name)
{
	struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_UNKNOWN, NULL, NULL, NULL,
	                                   CFT_REF_DERIVED | CFT_REF_UNCERTAIN);

	ref->alias = cft_arena_strdup(level->refs->arena, alias ? alias->aliasname : name);
	ref->scope = level->scope;
	ref->outer = level->outer;
	level->has_relation = true;
}

static void from_table(struct level *level, const PgQuery__RangeVar *rv, uint32_t flags)
{
	if (!*rv->schemaname && is_cte(level, rv->relname)) {
		add_derived(level, rv->alias, rv->relname);
		return;
	}
	struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_RELATION, rv->schemaname,
	                                   rv->relname, NULL, flags);
	ref->alias = cft_arena_strdup(level->refs->arena,
	                              rv->alias ? rv->alias->aliasname : rv->relname);
	ref->scope = level->scope;
	ref->outer = level->outer;
	level->has_relation = true;
	/* Renamed columns hide the table's own. */
	if (rv->alias && rv->alias->n_colnames)
		add_derived(level, rv->alias, rv->relname);
}

static void from_item(struct level *level, const ProtobufCMessage *m);

static void from_join(struct level *level, const PgQuery__JoinExpr *join)
{
	from_item(level, cft_node_message(join->larg));
	from_item(level, cft_node_message(join->rarg));
	if (join->is_natural)
		add_derived(level, NULL, "");
	for (size_t i = 0; i < join->n_using_clause; i++)
		cft_refs_column(level->refs, join->using_clause[i]->string->sval, level->scope,
		                CFT_REF_MERGED);
	walk(cft_node_message(join->quals), level);
}

static void from_item(struct level *level, const ProtobufCMessage *m)
{
	if (!m)
		return;
	if (CFT_TREE_IS(m, range_var)) {
		from_table(level, (const PgQuery__RangeVar *)m, 0);
	} else if (CFT_TREE_IS(m, join_expr)) {
		from_join(level, (const PgQuery__JoinExpr *)m);
	} else if (CFT_TREE_IS(m, range_subselect)) {
		const PgQuery__RangeSubselect *sub = (const PgQuery__RangeSubselect *)m;

		walk(cft_node_message(sub->subquery), level);
		add_derived(level, sub->alias, "");
	} else if (CFT_TREE_IS(m, range_function)) {
		const PgQuery__RangeFunction *function = (const PgQuery__RangeFunction *)m;

		walk_list(level, function->functions, function->n_functions);
		add_derived(level, function->alias, "");
	} else if (CFT_TREE_IS(m, range_table_sample)) {
		from_item(level,
		          cft_node_message(((const PgQuery__RangeTableSample *)m)->relation));
	} else {
		cft_tree_children(m, walk, level);
		add_derived(level, NULL, "");
	}
}

/* Adds the names of a WITH clause in front; the chain lives in the arena. */
static const struct cte *walk_with(struct cft_refs *refs, const PgQuery__WithClause *with,
                                   uint16_t outer, const struct cte *ctes)
{
	for (size_t i = 0; with && i < with->n_ctes; i++) {
		const PgQuery__CommonTableExpr *expr = with->ctes[i]->common_table_expr;
		struct cte *cte = cft_arena_new(refs->arena, struct cte);

		cte->name = expr->ctename;
		cte->next = ctes;
		if (with->recursive)
			ctes = cte;
		walk_query(refs, cft_node_message(expr->ctequery), outer, ctes);
		ctes = cte;
	}
	return ctes;
}

struct group_check {
	const PgQuery__SelectStmt *select;
	bool bare; /* a column outside aggregates that is not grouped */
};

static const char *last_name(const PgQuery__ColumnRef *column)
{
	return cft_name_of_list(column->fields, column->n_fields).name;
}

static bool is_grouped(const PgQuery__SelectStmt *select, const char *name)
{
	for (size_t i = 0; i < select->n_group_clause; i++) {
		const PgQuery__Node *item = select->group_clause[i];
		if (item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
		    strcmp(last_name(item->column_ref), name) == 0)
			return true;
	}
	return false;
}

static void find_bare(const ProtobufCMessage *m, void *arg)
{
	struct group_check *check = arg;

	if (CFT_TREE_IS(m, func_call) || CFT_TREE_IS(m, sub_link))
		return;
	if (CFT_TREE_IS(m, column_ref)) {
		const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)m;
		if (!is_grouped(check->select, last_name(column)))
			check->bare = true;
		return;
	}
	cft_tree_children(m, find_bare, arg);
}

/* GROUP BY a key lets other columns of the table stand bare: the query depends on that key. */
static void add_group_key(struct level *level, const PgQuery__SelectStmt *select)
{
	struct group_check check = {.select = select};

	for (size_t i = 0; select->n_group_clause && i < select->n_target_list; i++)
		find_bare(cft_node_message(select->target_list[i]), &check);
	if (!check.bare)
		return;
	struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_CONSTRAINT, NULL, NULL, NULL,
	                                   CFT_REF_KEY | CFT_REF_UNCERTAIN);
	ref->scope = level->scope;
	ref->outer = level->outer;
}

static void walk_select(struct cft_refs *refs, const PgQuery__SelectStmt *select, uint16_t outer,
                        const struct cte *ctes)
{
	struct level level = {.refs = refs, .outer = outer, .select = select};

	level.ctes = walk_with(refs, select->with_clause, outer, ctes);
	if (select->larg || select->rarg) {
		if (select->larg)
			walk_query(refs, &select->larg->base, outer, level.ctes);
		if (select->rarg)
			walk_query(refs, &select->rarg->base, outer, level.ctes);
		return;
	}
	level.scope = ++refs->scopes;
	for (size_t i = 0; i < select->n_from_clause; i++)
		from_item(&level, cft_node_message(select->from_clause[i]));
	walk_list(&level, select->distinct_clause, select->n_distinct_clause);
	walk_list(&level, select->target_list, select->n_target_list);
	walk(cft_node_message(select->where_clause), &level);
	walk(cft_node_message(select->having_clause), &level);
	walk_list(&level, select->window_clause, select->n_window_clause);
	walk_list(&level, select->values_lists, select->n_values_lists);
	walk(cft_node_message(select->limit_count), &level);
	walk(cft_node_message(select->limit_offset), &level);
	level.skip_aliases = true;
	walk_list(&level, select->group_clause, select->n_group_clause);
	walk_list(&level, select->sort_clause, select->n_sort_clause);
	add_group_key(&level, select);
}

static void add_conflict_target(struct level *level, const PgQuery__OnConflictClause *clause)
{
	struct cft_buf columns = CFT_BUF_INIT;

	for (size_t i = 0; clause->infer && i < clause->infer->n_index_elems; i++) {
		const PgQuery__Node *item = clause->infer->index_elems[i];
		if (item->node_case != PG_QUERY__NODE__NODE_INDEX_ELEM || !*item->index_elem->name)
			continue;
		cft_buf_addf(&columns, "%s%s", columns.len ? "," : "", item->index_elem->name);
		cft_refs_column(level->refs, item->index_elem->name, level->scope, 0);
	}
	if (columns.len) {
		struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_CONSTRAINT, NULL, NULL,
		                                   cft_buf_str(&columns), CFT_REF_KEY);
		ref->scope = level->scope;
	}
	cft_buf_release(&columns);
	for (size_t i = 0; i < clause->n_target_list; i++) {
		const PgQuery__ResTarget *target = clause->target_list[i]->res_target;
		cft_refs_column(level->refs, target->name, level->scope, 0);
		walk(cft_node_message(target->val), level);
	}
}

static bool has_star(const PgQuery__SelectStmt *select)
{
	for (size_t i = 0; i < select->n_target_list; i++) {
		const PgQuery__Node *val = select->target_list[i]->res_target->val;
		if (val && val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
		    val->column_ref->fields[val->column_ref->n_fields - 1]->node_case ==
		            PG_QUERY__NODE__NODE_A_STAR)
			return true;
		if (val && val->node_case == PG_QUERY__NODE__NODE_A_INDIRECTION)
			return true;
	}
	return false;
}

/* How many columns the rows of an INSERT have; 0 where that cannot be told. */
static size_t values_width(const PgQuery__Node *query)
{
	if (!query || query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		return 0;
	if (!query->select_stmt->n_values_lists)
		return query->select_stmt->larg || has_star(query->select_stmt)
		               ? 0
		               : query->select_stmt->n_target_list;
	const PgQuery__Node *row = query->select_stmt->values_lists[0];
	return row->node_case == PG_QUERY__NODE__NODE_LIST ? row->list->n_items : 0;
}

static void walk_insert(struct level *level, const PgQuery__InsertStmt *insert)
{
	from_table(level, insert->relation, CFT_REF_WRITE);
	for (size_t i = 0; i < insert->n_cols; i++)
		cft_refs_column(level->refs, insert->cols[i]->res_target->name, level->scope, 0);
	if (insert->n_cols == 0 && values_width(insert->select_stmt)) {
		struct cft_ref *ref =
			cft_refs_add(level->refs, CFT_OBJ_RELATION, insert->relation->schemaname,
		                     insert->relation->relname, NULL, CFT_REF_COUNT);
		ref->value = cft_arena_printf(level->refs->arena, "%zu",
		                              values_width(insert->select_stmt));
	}
	if (insert->select_stmt)
		walk_query(level->refs, cft_node_message(insert->select_stmt), level->outer,
		           level->ctes);
	if (insert->on_conflict_clause) {
		struct cft_ref *ref =
			cft_refs_add(level->refs, CFT_OBJ_RELATION, insert->relation->schemaname,
		                     insert->relation->relname, NULL, CFT_REF_QUALIFIED);
		ref->alias = "excluded";
		ref->scope = level->scope;
		add_conflict_target(level, insert->on_conflict_clause);
	}
	walk_list(level, insert->returning_list, insert->n_returning_list);
}

static void walk_update(struct level *level, const PgQuery__UpdateStmt *update)
{
	from_table(level, update->relation, CFT_REF_WRITE);
	/* SET names columns of the table itself: a scope of its own. */
	uint16_t own = cft_refs_scope(level->refs, update->relation->schemaname,
	                              update->relation->relname, NULL, CFT_REF_WRITE);
	for (size_t i = 0; i < update->n_from_clause; i++)
		from_item(level, cft_node_message(update->from_clause[i]));
	for (size_t i = 0; i < update->n_target_list; i++) {
		const PgQuery__ResTarget *target = update->target_list[i]->res_target;
		struct cft_ref *ref = cft_refs_add(level->refs, CFT_OBJ_COLUMN, NULL, NULL,
		                                   target->name, CFT_REF_WRITE);
		ref->scope = own;
		ref->value = cft_arena_strdup(level->refs->arena,
		                              text_or_empty(string_const(target->val)));
		walk(cft_node_message(target->val), level);
	}
	walk(cft_node_message(update->where_clause), level);
	walk_list(level, update->returning_list, update->n_returning_list);
}

static void walk_delete(struct level *level, const PgQuery__DeleteStmt *delete)
{
	from_table(level, delete->relation, CFT_REF_WRITE);
	for (size_t i = 0; i < delete->n_using_clause; i++)
		from_item(level, cft_node_message(delete->using_clause[i]));
	walk(cft_node_message(delete->where_clause), level);
	walk_list(level, delete->returning_list, delete->n_returning_list);
}

static void walk_query(struct cft_refs *refs, const ProtobufCMessage *m, uint16_t outer,
                       const struct cte *ctes)
{
	struct level level = {.refs = refs, .outer = outer};

	if (!m)
		return;
	if (CFT_TREE_IS(m, select_stmt)) {
		walk_select(refs, (const PgQuery__SelectStmt *)m, outer, ctes);
		return;
	}
	level.scope = ++refs->scopes;
	if (CFT_TREE_IS(m, insert_stmt)) {
		const PgQuery__InsertStmt *insert = (const PgQuery__InsertStmt *)m;
		level.ctes = walk_with(refs, insert->with_clause, outer, ctes);
		walk_insert(&level, insert);
	} else if (CFT_TREE_IS(m, update_stmt)) {
		const PgQuery__UpdateStmt *update = (const PgQuery__UpdateStmt *)m;
		level.ctes = walk_with(refs, update->with_clause, outer, ctes);
		walk_update(&level, update);
	} else if (CFT_TREE_IS(m, delete_stmt)) {
		const PgQuery__DeleteStmt *delete = (const PgQuery__DeleteStmt *)m;
		level.ctes = walk_with(refs, delete->with_clause, outer, ctes);
		walk_delete(&level, delete);
	} else if (CFT_TREE_IS(m, merge_stmt)) {
		const PgQuery__MergeStmt *merge = (const PgQuery__MergeStmt *)m;
		from_table(&level, merge->relation, CFT_REF_WRITE);
		from_item(&level, cft_node_message(merge->source_relation));
		walk(cft_node_message(merge->join_condition), &level);
		walk_list(&level, merge->merge_when_clauses, merge->n_merge_when_clauses);
	} else {
		level.ctes = ctes;
		cft_tree_children(m, walk, &level);
	}
}

void cft_refs_query(struct cft_refs *refs, const ProtobufCMessage *query)
{
	walk_query(refs, query, 0, NULL);
}

void cft_refs_expr(struct cft_refs *refs, const PgQuery__Node *expr, uint16_t scope)
{
	struct level level = {.refs = refs, .scope = scope, .has_relation = scope != 0};

	walk(cft_node_message(expr), &level);
}

static const char *output_name(const PgQuery__Node *value)
{
	const ProtobufCMessage *m = cft_node_message(value);

	if (!m)
		return "?column?";
	if (CFT_TREE_IS(m, column_ref))
		return last_name(value->column_ref);
	if (CFT_TREE_IS(m, func_call))
		return cft_name_of_list(value->func_call->funcname, value->func_call->n_funcname)
		        .name;
	if (CFT_TREE_IS(m, coalesce_expr))
		return "coalesce";
	if (CFT_TREE_IS(m, case_expr))
		return "case";
	if (CFT_TREE_IS(m, type_cast)) {
		const char *inner = output_name(value->type_cast->arg);
		return strcmp(inner, "?column?")
		               ? inner
		               : cft_name_of_list(value->type_cast->type_name->names,
		                                  value->type_cast->type_name->n_names)
		                         .name;
	}
	return "?column?";
}

char *cft_refs_outputs(struct cft_arena *arena, const PgQuery__SelectStmt *select)
{
	struct cft_buf buf = CFT_BUF_INIT;

	while (select->larg)
		select = select->larg;
	for (size_t i = 0; i < select->n_target_list; i++) {
		const PgQuery__ResTarget *target = select->target_list[i]->res_target;
		const PgQuery__Node *val = target->val;
		bool star = val && val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
		            val->column_ref->fields[val->column_ref->n_fields - 1]->node_case ==
		                    PG_QUERY__NODE__NODE_A_STAR;

		if (i)
			cft_buf_addc(&buf, ',');
		if (star)
			cft_buf_addf(
				&buf, "%s.*",
				cft_name_of_list(val->column_ref->fields, val->column_ref->n_fields)
					.schema);
		else
			cft_buf_adds(&buf, *target->name ? target->name : output_name(val));
	}
	char *text = cft_arena_strndup(arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}
