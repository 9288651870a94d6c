/* Body: what function bodies and DO blocks refer to and do.
 * SPDX-License-Identifier: MIT
 *
 * PostgreSQL checks a LANGUAGE sql body when it is created and remembers no dependency (SOFT here);
 * of a PL/pgSQL body it checks the declared types alone, the rest when it runs (LATE).
 */
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/sql/effect/body_types.h"
#include "common/sql/effect/build.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/parse.h"

#include <pg_query.h>
#include <string.h>
#include <strings.h>

enum { MAX_NESTING = 4 };

/* Stands in names for what format() fills in at run time. */
static const char placeholder[] = "confiture_dynamic";

static bool is_data(const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_SELECT_STMT:
	case PG_QUERY__NODE__NODE_INSERT_STMT:
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
	case PG_QUERY__NODE__NODE_DELETE_STMT:
	case PG_QUERY__NODE__NODE_MERGE_STMT:
		return true;
	default:
		return false;
	}
}

struct body {
	struct cft_build *b;
	const PgQuery__CreateFunctionStmt *function;
	json_int_t new_row, old_row; /* the numbers of NEW and OLD in a PL/pgSQL body */
};

/* Variables and arguments look like columns: columns may be none. */
static void add_query(struct body *body, const PgQuery__Node *tree, uint32_t flags, bool returned)
{
	struct cft_build *b = body->b;
	size_t first = b->refs.list.n;
	struct cft_body_query q = {b, body->function, (uint16_t)(b->refs.scopes + 1), flags};

	b->refs.flags = flags;
	if (is_data(tree))
		cft_refs_query(&b->refs, cft_node_message(tree));
	b->refs.flags = 0;
	cft_body_types(&q, tree, returned);
	/* Of a LANGUAGE sql body the caller knows the arguments. */
	for (size_t i = first; i < b->refs.list.n && (flags & CFT_REF_LATE); i++)
		if (b->refs.list.v[i].kind == CFT_OBJ_COLUMN)
			b->refs.list.v[i].flags |= CFT_REF_UNCERTAIN;
}

static bool parse_text(struct cft_build *b, const char *sql, struct cft_sql_script *ret)
{
	return cft_sql_parse(sql, strlen(sql), NULL, b->arena, ret, NULL) == 0 && ret->n > 0;
}

/* A query, an expression, or `variable := expression`. */
static bool parse_expr(struct cft_build *b, const char *text, struct cft_sql_script *ret)
{
	const char *assign = strstr(text, ":=");

	if (parse_text(b, text, ret) && ret->v[0].tree)
		return true;
	if (assign && parse_text(b, cft_arena_printf(b->arena, "SELECT %s", assign + 2), ret))
		return true;
	return parse_text(b, cft_arena_printf(b->arena, "SELECT %s", text), ret);
}

static void sql_body(struct body *body, const char *text)
{
	struct cft_sql_script script;

	if (!parse_text(body->b, text, &script))
		return;
	for (size_t i = 0; i < script.n; i++)
		add_query(body, script.v[i].tree, CFT_REF_SOFT, i + 1 == script.n);
}

static void declared_type(struct cft_build *b, const char *text)
{
	size_t len = strlen(text);
	const char *parts[3];

	while (len && text[len - 1] == ' ')
		len--;
	char *name = cft_arena_strndup(b->arena, text, len);
	char *percent = strchr(name, '%');
	bool column = percent && strcasecmp(percent, "%type") == 0;
	if (percent)
		*percent = '\0';
	name[strcspn(name, " ([")] = '\0';
	size_t n = cft_ident_split(b->arena, name, parts, 3);
	if (n == 0 || strcmp(name, "UNKNOWN") == 0)
		return;
	if (column) {
		if (n >= 2)
			cft_refs_add(&b->refs, CFT_OBJ_COLUMN, n == 3 ? parts[0] : "", parts[n - 2],
			             parts[n - 1], CFT_REF_SOFT);
		return;
	}
	if (n <= 2 && !(n == 1 && cft_type_builtin(parts[0])))
		cft_refs_add(&b->refs, percent ? CFT_OBJ_RELATION : CFT_OBJ_TYPE,
		             n == 2 ? parts[0] : "", parts[n - 1], NULL,
		             CFT_REF_SOFT | CFT_REF_UNCERTAIN);
}

static void literal(const ProtobufCMessage *m, void *arg)
{
	struct cft_build *b = arg;

	if (CFT_TREE_IS(m, a__const)) {
		const PgQuery__AConst *value = (const PgQuery__AConst *)m;
		if (value->val_case == PG_QUERY__A__CONST__VAL_SVAL && *value->sval->sval) {
			struct cft_ref *ref =
				cft_refs_add(&b->refs, CFT_OBJ_TYPE, NULL, NULL, NULL,
			                     CFT_REF_LATE | CFT_REF_VALUE | CFT_REF_UNCERTAIN);
			ref->value = cft_arena_strdup(b->arena, value->sval->sval);
		}
		return;
	}
	cft_tree_children(m, literal, b);
}

/* NEW.x and OLD.x: which table's rows they are, the triggers say. */
static void row_field(struct body *body, json_t *field)
{
	json_int_t row = json_integer_value(json_object_get(field, "recparentno"));
	const char *name = json_string_value(json_object_get(field, "fieldname"));

	if (name && row && (row == body->new_row || row == body->old_row))
		cft_refs_add(&body->b->refs, CFT_OBJ_COLUMN, NULL, NULL, name,
		             CFT_REF_LATE | CFT_REF_UNCERTAIN | CFT_REF_FIELD);
}

static void plpgsql_query(struct body *body, const char *text, bool returned)
{
	struct cft_sql_script script;

	if (!parse_expr(body->b, text, &script))
		return;
	add_query(body, script.v[0].tree, CFT_REF_LATE, returned);
	literal(cft_node_message(script.v[0].tree), body->b);
}

static void walk_plpgsql(struct body *body, json_t *json, bool returned)
{
	const char *key, *text;
	json_t *value;
	size_t i;

	if (json_is_array(json)) {
		json_array_foreach (json, i, value)
			walk_plpgsql(body, value, false);
		return;
	}
	json_object_foreach (json, key, value) {
		text = json_string_value(value);
		if (text && strcmp(key, "query") == 0)
			plpgsql_query(body, text, returned);
		else if (text && strcmp(key, "typname") == 0)
			declared_type(body->b, text);
		else if (strcmp(key, "PLpgSQL_recfield") == 0)
			row_field(body, value);
		else if (!text)
			walk_plpgsql(body, value,
			             strcmp(key, "PLpgSQL_stmt_return_query") == 0 ||
			                     (returned && strcmp(key, "query") == 0) ||
			                     (returned && strcmp(key, "PLpgSQL_expr") == 0));
	}
}

static void walk_functions(struct body *body, json_t *list)
{
	json_t *value;
	size_t i;

	json_array_foreach (list, i, value) {
		json_t *function = json_object_get(value, "PLpgSQL_function");
		body->new_row = json_integer_value(json_object_get(function, "new_varno"));
		body->old_row = json_integer_value(json_object_get(function, "old_varno"));
		walk_plpgsql(body, value, false);
	}
}

static json_t *parse_plpgsql(const char *statement)
{
	PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(statement);
	json_t *json = NULL;

	if (!result.error && result.plpgsql_funcs)
		json = cft_json_parse(result.plpgsql_funcs, strlen(result.plpgsql_funcs), NULL);
	pg_query_free_plpgsql_parse_result(result);
	return json;
}

void cft_body_refs(struct cft_build *b, const PgQuery__Node *node, const char *language,
                   const char *body)
{
	struct body of = {.b = b};

	if (node->node_case == PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT)
		of.function = node->create_function_stmt;
	/* libpg_query's PL/pgSQL parser asserts that there is a body. */
	if (b->depth >= MAX_NESTING || !*body)
		return;
	if (strcmp(language, "sql") == 0) {
		sql_body(&of, body);
	} else if (strcmp(language, "plpgsql") == 0) {
		json_t *json = parse_plpgsql(b->text);
		if (json)
			walk_functions(&of, json);
		json_decref(json);
	}
}

/* The text that EXECUTE would run, as far as it is constant. */
static bool constant_sql(struct cft_buf *out, const PgQuery__Node *expr)
{
	const ProtobufCMessage *m = cft_node_message(expr);

	if (!m)
		return false;
	if (CFT_TREE_IS(m, a__const) && expr->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
		cft_buf_adds(out, expr->a_const->sval->sval);
		return true;
	}
	if (CFT_TREE_IS(m, a__expr) && expr->a_expr->n_name == 1 && expr->a_expr->lexpr &&
	    strcmp(expr->a_expr->name[0]->string->sval, "||") == 0) {
		if (!constant_sql(out, expr->a_expr->lexpr))
			return false;
		if (!constant_sql(out, expr->a_expr->rexpr))
			cft_buf_adds(out, placeholder);
		return true;
	}
	if (CFT_TREE_IS(m, func_call)) {
		const PgQuery__FuncCall *call = expr->func_call;
		const char *name = cft_name_of_list(call->funcname, call->n_funcname).name;
		if (strcmp(name, "quote_ident") == 0 || strcmp(name, "quote_literal") == 0)
			return call->n_args == 1 && constant_sql(out, call->args[0]);
	}
	return false;
}

static bool format_sql(struct cft_buf *out, const PgQuery__FuncCall *call)
{
	struct cft_buf fmt = CFT_BUF_INIT, arg = CFT_BUF_INIT;
	size_t next = 1;

	if (call->n_args < 1 || !constant_sql(&fmt, call->args[0])) {
		cft_buf_release(&fmt);
		return false;
	}
	for (const char *c = cft_buf_str(&fmt); *c; c++) {
		if (*c != '%' || !c[1] || c[1] == '%') {
			cft_buf_addc(out, *c);
			c += *c == '%' && c[1] == '%';
			continue;
		}
		c++;
		cft_buf_clear(&arg);
		bool known = next < call->n_args && constant_sql(&arg, call->args[next]);
		next++;
		if (*c == 'L')
			cft_buf_addf(out, "'%s'", known ? cft_buf_str(&arg) : placeholder);
		else
			cft_buf_adds(out, known ? cft_buf_str(&arg) : placeholder);
	}
	cft_buf_release(&fmt);
	cft_buf_release(&arg);
	return true;
}

static bool dynamic_text(struct cft_build *b, const char *expr_text, struct cft_buf *out)
{
	struct cft_sql_script script;

	if (!parse_expr(b, expr_text, &script) ||
	    script.v[0].tree->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
	    script.v[0].tree->select_stmt->n_target_list != 1)
		return false;
	const PgQuery__Node *expr = script.v[0].tree->select_stmt->target_list[0]->res_target->val;
	if (expr && expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
	    strcmp(cft_name_of_list(expr->func_call->funcname, expr->func_call->n_funcname).name,
	           "format") == 0)
		return format_sql(out, expr->func_call);
	return constant_sql(out, expr);
}

struct do_walk {
	struct cft_build *b;
	bool known;
	int conditional;
};

/* Effects on names that are filled in at run time say nothing. */
static void drop_dynamic(struct do_walk *walk, size_t first)
{
	size_t kept = first;

	for (size_t i = first; i < walk->b->effects.n; i++) {
		const struct cft_effect *e = &walk->b->effects.v[i];
		if (e->kind != CFT_OBJ_SETTING &&
		    (strstr(e->name, placeholder) || strstr(e->sub, placeholder))) {
			walk->known = false;
			continue;
		}
		walk->b->effects.v[kept++] = *e;
	}
	walk->b->effects.n = kept;
}

static void do_sql(struct do_walk *walk, const char *sql)
{
	struct cft_build *b = walk->b;
	struct cft_sql_script script;
	uint32_t flags = b->flags;
	const char *text = b->text;
	size_t first = b->effects.n;

	if (!parse_text(b, sql, &script)) {
		walk->known = false;
		return;
	}
	b->flags |= walk->conditional ? CFT_EFFECT_CONDITIONAL : 0;
	for (size_t i = 0; i < script.n; i++) {
		b->text = script.v[i].text;
		cft_analyze_statement(b, script.v[i].tree);
	}
	b->flags = flags;
	b->text = text;
	drop_dynamic(walk, first);
}

static void do_dynamic(struct do_walk *walk, const char *expr)
{
	struct cft_buf sql = CFT_BUF_INIT;

	if (dynamic_text(walk->b, expr, &sql))
		do_sql(walk, cft_arena_strdup(walk->b->arena, cft_buf_str(&sql)));
	else
		walk->known = false;
	cft_buf_release(&sql);
}

static bool is_branch(const char *key)
{
	static const char *const keys[] = {"then_body",
	                                   "else_body",
	                                   "elsif_list",
	                                   "PLpgSQL_stmt_case",
	                                   "exceptions",
	                                   "PLpgSQL_stmt_fors",
	                                   "PLpgSQL_stmt_fori",
	                                   "PLpgSQL_stmt_while",
	                                   "PLpgSQL_stmt_foreach_a",
	                                   "PLpgSQL_stmt_dynfors",
	                                   NULL};

	for (int i = 0; keys[i]; i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static const char *expr_text(json_t *holder, const char *key)
{
	return json_string_value(json_object_get(
		json_object_get(json_object_get(holder, key), "PLpgSQL_expr"), "query"));
}

static void walk_do(struct do_walk *walk, json_t *json)
{
	const char *key, *text;
	json_t *value;
	size_t i;

	if (json_is_array(json)) {
		json_array_foreach (json, i, value)
			walk_do(walk, value);
		return;
	}
	json_object_foreach (json, key, value) {
		/* A block with an exception handler may swallow any error of its body. */
		bool branch = is_branch(key) || json_object_get(value, "exceptions");

		if (strcmp(key, "PLpgSQL_stmt_execsql") == 0) {
			text = expr_text(value, "sqlstmt");
			if (text)
				do_sql(walk, text);
			continue;
		}
		if (strcmp(key, "PLpgSQL_stmt_dynexecute") == 0) {
			text = expr_text(value, "query");
			if (text)
				do_dynamic(walk, text);
			continue;
		}
		walk->conditional += branch;
		walk_do(walk, value);
		walk->conditional -= branch;
	}
}

bool cft_body_do(struct cft_build *b, const PgQuery__Node *node, const char *body)
{
	struct do_walk walk = {.b = b, .known = true};

	(void)node;
	if (b->depth >= MAX_NESTING || !*body)
		return false;
	json_t *json = parse_plpgsql(b->text);
	if (!json)
		return false;
	b->depth++;
	walk_do(&walk, json);
	b->depth--;
	json_decref(json);
	return walk.known;
}
