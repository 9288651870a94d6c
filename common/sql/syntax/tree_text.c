/* Tree text: an expression as people would write it, where that is simple.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/tree.h"

#include "common/base/buf.h"
#include "common/sql/syntax/name.h"

#include <inttypes.h>
#include <string.h>

static bool write_node(struct cft_buf *out, struct cft_arena *arena, const PgQuery__Node *node);

static void write_literal(struct cft_buf *out, const char *text)
{
	cft_buf_addc(out, '\'');
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			cft_buf_addc(out, '\'');
		cft_buf_addc(out, *c);
	}
	cft_buf_addc(out, '\'');
}

static bool write_const(struct cft_buf *out, const PgQuery__AConst *value)
{
	if (value->isnull)
		cft_buf_adds(out, "NULL");
	else if (value->val_case == PG_QUERY__A__CONST__VAL_IVAL)
		cft_buf_addf(out, "%d", value->ival->ival);
	else if (value->val_case == PG_QUERY__A__CONST__VAL_FVAL)
		cft_buf_adds(out, value->fval->fval);
	else if (value->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL)
		cft_buf_adds(out, value->boolval->boolval ? "true" : "false");
	else if (value->val_case == PG_QUERY__A__CONST__VAL_SVAL)
		write_literal(out, value->sval->sval);
	else
		return false;
	return true;
}

static bool write_names(struct cft_buf *out, PgQuery__Node *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i]->node_case != PG_QUERY__NODE__NODE_STRING)
			return false;
		if (n > 1 && i == 0 && strcmp(names[i]->string->sval, "pg_catalog") == 0)
			continue;
		cft_ident_quote(out, names[i]->string->sval);
		if (i + 1 < n)
			cft_buf_addc(out, '.');
	}
	return n > 0;
}

static bool write_call(struct cft_buf *out, struct cft_arena *arena, const PgQuery__FuncCall *call)
{
	if (call->agg_star || call->agg_distinct || call->over || call->agg_filter ||
	    call->n_agg_order || call->func_variadic || call->agg_within_group)
		return false;
	if (!write_names(out, call->funcname, call->n_funcname))
		return false;
	cft_buf_addc(out, '(');
	for (size_t i = 0; i < call->n_args; i++) {
		if (i)
			cft_buf_adds(out, ", ");
		if (!write_node(out, arena, call->args[i]))
			return false;
	}
	cft_buf_addc(out, ')');
	return true;
}

static bool write_operator(struct cft_buf *out, struct cft_arena *arena, const PgQuery__AExpr *expr)
{
	if (expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || expr->n_name != 1 ||
	    expr->name[0]->node_case != PG_QUERY__NODE__NODE_STRING || !expr->lexpr)
		return false;
	cft_buf_addc(out, '(');
	if (!write_node(out, arena, expr->lexpr))
		return false;
	cft_buf_addf(out, " %s ", expr->name[0]->string->sval);
	if (!write_node(out, arena, expr->rexpr))
		return false;
	cft_buf_addc(out, ')');
	return true;
}

static bool write_node(struct cft_buf *out, struct cft_arena *arena, const PgQuery__Node *node)
{
	const ProtobufCMessage *m = cft_node_message(node);

	if (!m || out->len > 200)
		return false;
	if (CFT_TREE_IS(m, a__const))
		return write_const(out, node->a_const);
	if (CFT_TREE_IS(m, column_ref))
		return write_names(out, node->column_ref->fields, node->column_ref->n_fields);
	if (CFT_TREE_IS(m, func_call))
		return write_call(out, arena, node->func_call);
	if (CFT_TREE_IS(m, a__expr))
		return write_operator(out, arena, node->a_expr);
	if (!CFT_TREE_IS(m, type_cast) || !write_node(out, arena, node->type_cast->arg))
		return false;
	cft_buf_addf(out, "::%s", cft_type_text(arena, node->type_cast->type_name));
	return true;
}

char *cft_tree_text(struct cft_arena *arena, const PgQuery__Node *node)
{
	struct cft_buf buf = CFT_BUF_INIT;
	const ProtobufCMessage *m = cft_node_message(node);
	char *text;

	if (!m)
		return cft_arena_strdup(arena, "");
	if (write_node(&buf, arena, node))
		text = cft_arena_strndup(arena, cft_buf_str(&buf), buf.len);
	else
		text = cft_arena_printf(arena, "expression #%016" PRIx64, cft_tree_digest(m));
	cft_buf_release(&buf);
	return text;
}
