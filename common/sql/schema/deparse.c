/* Deparse: SQL text of a tree by libpg_query, taken only where it parses back to the same tree.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/canon.h"

#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

/* SQL of a one-statement tree, malloc'ed; NULL if the deparser fails. */
static char *deparse(PgQuery__Node *stmt)
{
	PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
	PgQuery__RawStmt *raws[1] = {&raw};
	PgQuery__ParseResult tree = PG_QUERY__PARSE_RESULT__INIT;
	PgQueryProtobuf packed;
	char *sql = NULL;

	raw.stmt = stmt;
	tree.n_stmts = 1;
	tree.stmts = raws;
	packed.len = pg_query__parse_result__get_packed_size(&tree);
	packed.data = malloc(packed.len ? packed.len : 1);
	if (packed.data == NULL)
		abort();
	pg_query__parse_result__pack(&tree, (uint8_t *)packed.data);
	PgQueryDeparseResult r = pg_query_deparse_protobuf(packed);
	if (r.error == NULL && r.query != NULL)
		sql = strdup(r.query);
	pg_query_free_deparse_result(r);
	free(packed.data);
	return sql;
}

/* The deparser loses things (parentheses, NULLS NOT DISTINCT); only what parses back to the same
 * tree is good. */
static bool same_after_parse(const char *sql, const PgQuery__Node *stmt)
{
	PgQueryProtobufParseResult r = pg_query_parse_protobuf(sql);
	PgQuery__ParseResult *tree = NULL;
	struct cft_buf a = CFT_BUF_INIT, b = CFT_BUF_INIT;
	bool same = false;

	if (r.error == NULL)
		tree = pg_query__parse_result__unpack(NULL, r.parse_tree.len,
		                                      (const uint8_t *)r.parse_tree.data);
	if (tree != NULL && tree->n_stmts == 1) {
		cft_tree_canon(cft_node_message(stmt), NULL, NULL, CFT_CANON_EXACT, &a);
		cft_tree_canon(cft_node_message(tree->stmts[0]->stmt), NULL, NULL, CFT_CANON_EXACT,
		               &b);
		same = strcmp(cft_buf_str(&a), cft_buf_str(&b)) == 0;
	}
	if (tree != NULL)
		pg_query__parse_result__free_unpacked(tree, NULL);
	pg_query_free_protobuf_parse_result(r);
	cft_buf_release(&a);
	cft_buf_release(&b);
	return same;
}

static char *print_checked(struct cft_arena *arena, PgQuery__Node *stmt, const char *prefix)
{
	char *sql = deparse(stmt);
	char *ret = NULL;

	if (sql != NULL && same_after_parse(sql, stmt))
		ret = cft_arena_strdup(arena, strncmp(sql, prefix, strlen(prefix)) == 0
		                                      ? sql + strlen(prefix)
		                                      : sql);
	free(sql);
	return ret;
}

char *cft_tree_print_statement(struct cft_arena *arena, const ProtobufCMessage *stmt)
{
	return print_checked(arena, cft_node_wrap(arena, stmt), "");
}

char *cft_tree_print_expr(struct cft_arena *arena, const PgQuery__Node *expr)
{
	PgQuery__ResTarget target = PG_QUERY__RES_TARGET__INIT;
	PgQuery__Node target_node = PG_QUERY__NODE__INIT;
	PgQuery__Node *targets[1] = {&target_node};
	PgQuery__SelectStmt select = PG_QUERY__SELECT_STMT__INIT;
	PgQuery__Node stmt = PG_QUERY__NODE__INIT;

	target.val = (PgQuery__Node *)expr;
	target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
	target_node.res_target = &target;
	select.n_target_list = 1;
	select.target_list = targets;
	select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
	select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
	stmt.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
	stmt.select_stmt = &select;
	return print_checked(arena, &stmt, "SELECT ");
}
