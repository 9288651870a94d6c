/* Analyze, tests: the parts of a CHECK that can be judged on a constant.
 * SPDX-License-Identifier: MIT
 *
 * An attribute "test" for each: the column, what it has to be (an operator, "in", "not null") and
 * the constants, joined by \x1f. What is written in another way says nothing.
 */
#include "common/base/buf.h"
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

static const PgQuery__Node *without_casts(const PgQuery__Node *node)
{
	while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
		node = node->type_cast->arg;
	return node;
}

static const char *column_name(const PgQuery__Node *node)
{
	node = without_casts(node);
	if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
		return NULL;
	return cft_name_of_list(node->column_ref->fields, node->column_ref->n_fields).name;
}

static bool add_constant(struct cft_build *b, struct cft_buf *out, const PgQuery__Node *node)
{
	node = without_casts(node);
	if (!node || node->node_case != PG_QUERY__NODE__NODE_A_CONST || node->a_const->isnull)
		return false;
	cft_buf_addf(out, "\x1f%s", cft_tree_text(b->arena, node));
	return true;
}

static bool add_constants(struct cft_build *b, struct cft_buf *out, PgQuery__Node *const *items,
                          size_t n)
{
	bool all = n > 0;

	for (size_t i = 0; i < n; i++)
		all = all && add_constant(b, out, items[i]);
	return all;
}

static void comparison(struct cft_build *b, const PgQuery__AExpr *expr)
{
	const char *column = column_name(expr->lexpr);
	const PgQuery__Node *right = without_casts(expr->rexpr);
	const char *op = expr->n_name == 1 ? expr->name[0]->string->sval : "";
	struct cft_buf out = CFT_BUF_INIT;
	bool known = false;

	if (!column || !right || !cft_build_is_comparison(expr))
		return;
	if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP) {
		cft_buf_addf(&out, "%s\x1f%s", column, op);
		known = add_constant(b, &out, right);
	} else if (strcmp(op, "=") == 0) {
		cft_buf_addf(&out, "%s\x1f%s", column, "in");
		if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN &&
		    right->node_case == PG_QUERY__NODE__NODE_LIST)
			known = add_constants(b, &out, right->list->items, right->list->n_items);
		else if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY &&
		         right->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR)
			known = add_constants(b, &out, right->a_array_expr->elements,
			                      right->a_array_expr->n_elements);
	}
	if (known)
		cft_build_attr(b, "test", cft_arena_strdup(b->arena, cft_buf_str(&out)));
	cft_buf_release(&out);
}

void cft_analyze_tests(struct cft_build *b, const PgQuery__Node *expr)
{
	if (!expr)
		return;
	if (expr->node_case == PG_QUERY__NODE__NODE_A_EXPR) {
		comparison(b, expr->a_expr);
	} else if (expr->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
	           expr->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) {
		for (size_t i = 0; i < expr->bool_expr->n_args; i++)
			cft_analyze_tests(b, expr->bool_expr->args[i]);
	} else if (expr->node_case == PG_QUERY__NODE__NODE_NULL_TEST &&
	           expr->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL &&
	           column_name(expr->null_test->arg)) {
		cft_build_attr(b, "test",
		               cft_arena_printf(b->arena, "%s\x1fnot null",
		                                column_name(expr->null_test->arg)));
	}
}
