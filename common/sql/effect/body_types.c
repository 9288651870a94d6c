/* Body, types: what the queries of a routine return, and what its arguments are compared with.
 * SPDX-License-Identifier: MIT
 *
 * A column whose type changes breaks `RETURNS TABLE (a int)` and `WHERE a = p` although its name
 * stays: such columns get references of their own, with the type that the routine takes them for.
 */
#include "common/sql/effect/body_types.h"

#include <string.h>

static bool is_output(const PgQuery__FunctionParameter *p)
{
	return p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
	       p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT ||
	       p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
}

static bool is_input(const PgQuery__FunctionParameter *p)
{
	return p->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
	       p->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
}

/* The type of the n-th result column, or NULL. */
static const PgQuery__TypeName *result_type(const PgQuery__CreateFunctionStmt *stmt, size_t n,
                                            size_t width)
{
	size_t outputs = 0;

	for (size_t i = 0; i < stmt->n_parameters; i++) {
		const PgQuery__FunctionParameter *p = stmt->parameters[i]->function_parameter;
		if (is_output(p) && outputs++ == n)
			return p->arg_type;
	}
	return outputs || width != 1 || n ? NULL : stmt->return_type;
}

/* The type of the argument that the expression is: `p`, `f.p` or `$1`. */
static const PgQuery__TypeName *argument_type(const PgQuery__CreateFunctionStmt *stmt,
                                              const PgQuery__Node *node)
{
	int32_t inputs = 0;

	for (size_t i = 0; i < stmt->n_parameters; i++) {
		const PgQuery__FunctionParameter *p = stmt->parameters[i]->function_parameter;
		if (!is_input(p))
			continue;
		inputs++;
		if (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF &&
		    node->param_ref->number == inputs)
			return p->arg_type;
		if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && *p->name &&
		    strcmp(cft_name_of_list(node->column_ref->fields, node->column_ref->n_fields)
		                   .name,
		           p->name) == 0)
			return p->arg_type;
	}
	return NULL;
}

static void add_typed(struct cft_body_query *q, const PgQuery__Node *column,
                      const PgQuery__TypeName *type, uint32_t flag)
{
	struct cft_build *b = q->b;

	if (!type || column->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
	    column->column_ref->n_fields > 2)
		return;
	const PgQuery__ColumnRef *ref = column->column_ref;
	if (ref->fields[ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR)
		return;
	struct cft_name name = cft_name_of_list(ref->fields, ref->n_fields);
	struct cft_ref *added = cft_refs_add(&b->refs, CFT_OBJ_COLUMN, NULL, NULL, name.name,
	                                     q->flags | flag | CFT_REF_UNCERTAIN);
	added->alias = cft_arena_strdup(b->arena, name.schema);
	added->value = cft_type_text(b->arena, type);
	added->scope = q->scope;
}

/* Not below, in queries that have a FROM of their own. */
static void add_compared(const ProtobufCMessage *m, void *arg)
{
	struct cft_body_query *q = arg;

	if (CFT_TREE_IS(m, sub_link))
		return;
	const PgQuery__AExpr *expr = (const PgQuery__AExpr *)m;
	if (CFT_TREE_IS(m, a__expr) && expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP &&
	    expr->lexpr && expr->rexpr && cft_build_is_comparison(expr)) {
		const PgQuery__TypeName *left = argument_type(q->function, expr->lexpr);
		const PgQuery__TypeName *right = argument_type(q->function, expr->rexpr);
		if (right && !left)
			add_typed(q, expr->lexpr, right, CFT_REF_COMPARED);
		if (left && !right)
			add_typed(q, expr->rexpr, left, CFT_REF_COMPARED);
	}
	cft_tree_children(m, add_compared, q);
}

void cft_body_types(struct cft_body_query *q, const PgQuery__Node *tree, bool returned)
{
	if (!q->function || tree->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
	    tree->select_stmt->larg || tree->select_stmt->with_clause)
		return;
	const PgQuery__SelectStmt *select = tree->select_stmt;
	for (size_t i = 0; returned && i < select->n_target_list; i++)
		if (select->target_list[i]->res_target->val)
			add_typed(q, select->target_list[i]->res_target->val,
			          result_type(q->function, i, select->n_target_list),
			          CFT_REF_RESULT);
	if (select->where_clause)
		add_compared(cft_node_message(select->where_clause), q);
}
