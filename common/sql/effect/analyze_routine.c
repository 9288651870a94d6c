/* Analyze, routines: functions, procedures, DO blocks.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/build.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static bool is_input(const PgQuery__FunctionParameter *parameter)
{
	return parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
	       parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
}

/* Identity arguments, names, and how many may be left out. */
static void parameters(struct cft_build *b, const PgQuery__CreateFunctionStmt *stmt)
{
	struct cft_buf args = CFT_BUF_INIT, names = CFT_BUF_INIT;
	int inputs = 0, defaults = 0;

	for (size_t i = 0; i < stmt->n_parameters; i++) {
		const PgQuery__FunctionParameter *p = stmt->parameters[i]->function_parameter;

		cft_refs_type(&b->refs, p->arg_type, 0);
		cft_buf_addf(&names, "%s%s", i ? "," : "", p->name);
		if (!is_input(p)) {
			cft_buf_addf(&names, ":%s", cft_type_text(b->arena, p->arg_type));
			continue;
		}
		cft_buf_addf(&args, "%s%s", inputs++ ? "," : "",
		             cft_type_text(b->arena, p->arg_type));
		if (p->defexpr) {
			defaults++;
			cft_refs_expr(&b->refs, p->defexpr, 0);
		}
	}
	b->open.args = cft_arena_strdup(b->arena, cft_buf_str(&args));
	cft_build_attr(b, "names", cft_arena_strdup(b->arena, cft_buf_str(&names)));
	cft_build_attr(b, "inputs", cft_arena_printf(b->arena, "%d", inputs));
	if (defaults)
		cft_build_attr(b, "defaults", cft_arena_printf(b->arena, "%d", defaults));
	cft_buf_release(&args);
	cft_buf_release(&names);
}

static const PgQuery__DefElem *option(PgQuery__Node *const *options, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i]->def_elem->defname, name) == 0)
			return options[i]->def_elem;
	return NULL;
}

static const char *as_body(const PgQuery__DefElem *def)
{
	if (!def || !def->arg)
		return "";
	if (def->arg->node_case == PG_QUERY__NODE__NODE_STRING)
		return def->arg->string->sval;
	if (def->arg->node_case == PG_QUERY__NODE__NODE_LIST && def->arg->list->n_items == 1)
		return def->arg->list->items[0]->string->sval;
	return "";
}

/* SET x = y of CREATE and ALTER FUNCTION: settings are attributes of their own. */
static void set_attr(struct cft_build *b, const PgQuery__VariableSetStmt *set)
{
	struct cft_buf value = CFT_BUF_INIT;

	for (size_t i = 0; i < set->n_args; i++)
		cft_buf_addf(&value, "%s%s", i ? "," : "", cft_tree_text(b->arena, set->args[i]));
	cft_build_attr(b, cft_arena_printf(b->arena, "set.%s", set->name),
	               cft_arena_strdup(b->arena, cft_buf_str(&value)));
	cft_buf_release(&value);
}

static void routine_options(struct cft_build *b, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *def = options[i]->def_elem;

		if (strcmp(def->defname, "as") == 0 || strcmp(def->defname, "language") == 0)
			continue;
		if (def->arg && def->arg->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT)
			set_attr(b, def->arg->variable_set_stmt);
		else
			cft_build_attr(b, def->defname, cft_build_def_value(b, def));
	}
}

/* `x`, or `f.x` in a body of f: an argument, if no table has the column. A body in SQL does not
 * see its results. */
static bool is_parameter(const PgQuery__CreateFunctionStmt *stmt, const struct cft_ref *ref,
                         const char *function)
{
	for (size_t i = 0; i < stmt->n_parameters; i++) {
		const char *name = stmt->parameters[i]->function_parameter->name;
		if (!is_input(stmt->parameters[i]->function_parameter))
			continue;
		if (*name && (strcmp(name, ref->sub) == 0 || strcmp(name, ref->alias) == 0))
			return true;
	}
	return strcmp(ref->alias, function) == 0;
}

static bool has_alias(const struct cft_refs *refs, size_t first, const char *alias)
{
	for (size_t i = first; i < refs->list.n; i++)
		if (refs->list.v[i].kind != CFT_OBJ_COLUMN &&
		    strcmp(refs->list.v[i].alias, alias) == 0)
			return true;
	return false;
}

/* `u.x` where the argument u is a row of a table: a column of that table. */
static void row_argument(struct cft_build *b, const PgQuery__CreateFunctionStmt *stmt, size_t first,
                         struct cft_ref *ref)
{
	for (size_t i = 0; *ref->alias && i < stmt->n_parameters; i++) {
		const PgQuery__FunctionParameter *p = stmt->parameters[i]->function_parameter;
		struct cft_name type = cft_name_of_list(p->arg_type->names, p->arg_type->n_names);
		if (strcmp(p->name, ref->alias) != 0 || !is_input(p) || !*ref->sub ||
		    strcmp(type.schema, "pg_catalog") == 0 || p->arg_type->n_array_bounds ||
		    (!*type.schema && cft_type_builtin(type.name)) ||
		    has_alias(&b->refs, first, ref->alias))
			continue;
		ref->schema = cft_arena_strdup(b->arena, type.schema);
		ref->name = cft_arena_strdup(b->arena, type.name);
		return;
	}
}

static void create_function(struct cft_build *b, const PgQuery__Node *node)
{
	const PgQuery__CreateFunctionStmt *stmt = node->create_function_stmt;
	struct cft_name name = cft_name_of_list(stmt->funcname, stmt->n_funcname);
	const PgQuery__DefElem *language = option(stmt->options, stmt->n_options, "language");
	const char *lang = language && language->arg->node_case == PG_QUERY__NODE__NODE_STRING
	                           ? language->arg->string->sval
	                           : "sql";

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_FUNCTION, name.schema, name.name, NULL);
	cft_build_flag(b, stmt->replace ? CFT_EFFECT_OR_REPLACE : 0);
	parameters(b, stmt);
	cft_build_attr(b, "kind", stmt->is_procedure ? "procedure" : "function");
	cft_build_attr(b, "language", lang);
	if (stmt->return_type) {
		cft_build_attr(b, "returns",
		               cft_arena_printf(b->arena, "%s%s",
		                                stmt->return_type->setof ? "setof " : "",
		                                cft_type_text(b->arena, stmt->return_type)));
		cft_refs_type(&b->refs, stmt->return_type, 0);
	}
	PgQuery__CreateFunctionStmt bare = *stmt;
	bare.replace = false;
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	routine_options(b, stmt->options, stmt->n_options);
	size_t first = b->refs.list.n;
	if (stmt->sql_body)
		cft_refs_query(&b->refs, cft_node_message(stmt->sql_body));
	else
		cft_body_refs(b, node, lang, as_body(option(stmt->options, stmt->n_options, "as")));
	for (size_t i = first; i < b->refs.list.n; i++)
		if (b->refs.list.v[i].kind == CFT_OBJ_COLUMN &&
		    is_parameter(stmt, &b->refs.list.v[i], name.name)) {
			b->refs.list.v[i].flags |= CFT_REF_UNCERTAIN;
			row_argument(b, stmt, first, &b->refs.list.v[i]);
		}
	cft_build_end(b);
}

static void alter_function(struct cft_build *b, const PgQuery__AlterFunctionStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->func->objname, stmt->func->n_objname);

	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_FUNCTION, name.schema, name.name, NULL);
	b->open.args = cft_build_args(b, stmt->func);
	routine_options(b, stmt->actions, stmt->n_actions);
	cft_build_end(b);
}

static void do_block(struct cft_build *b, const PgQuery__Node *node)
{
	const PgQuery__DoStmt *stmt = node->do_stmt;
	const PgQuery__DefElem *language = option(stmt->args, stmt->n_args, "language");
	const char *body = as_body(option(stmt->args, stmt->n_args, "as"));
	bool plpgsql = !language || (language->arg->node_case == PG_QUERY__NODE__NODE_STRING &&
	                             strcmp(language->arg->string->sval, "plpgsql") == 0);

	if (plpgsql && cft_body_do(b, node, body))
		return;
	cft_build_begin(b, CFT_OP_USE, CFT_OBJ_UNKNOWN, NULL, "DO", NULL);
	cft_build_attr(b, "unknown", "DO block");
	cft_build_end(b);
}

bool cft_analyze_routine(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
		create_function(b, node);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
		alter_function(b, node->alter_function_stmt);
		return true;
	case PG_QUERY__NODE__NODE_DO_STMT:
		do_block(b, node);
		return true;
	default:
		return false;
	}
}
