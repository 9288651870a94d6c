/* Print columns: types, expressions, identity, options.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/print_part.h"

#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

char *cft_print_type(struct cft_arena *arena, const struct cft_object *col)
{
	const struct cft_attr *attr = cft_attr_find(col, CFT_ATTR_TYPE, "");
	char *slice = col->serial ? NULL : cft_slice_type(arena, col);

	if (slice != NULL)
		return slice;
	if (attr == NULL || attr->node == NULL)
		return cft_arena_strdup(arena, "text");
	return cft_type_text(arena, (const PgQuery__TypeName *)attr->node);
}

static bool is_simple(const ProtobufCMessage *msg)
{
	static const ProtobufCMessageDescriptor *const simple[] = {
		&pg_query__a__const__descriptor, &pg_query__column_ref__descriptor,
		&pg_query__sqlvalue_function__descriptor};

	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
		if (msg->descriptor == simple[i])
			return true;
	const PgQuery__FuncCall *f = CFT_AS(PgQuery__FuncCall, pg_query__func_call, msg);
	if (f != NULL)
		return f->funcformat == PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;
	const PgQuery__TypeCast *cast = CFT_AS(PgQuery__TypeCast, pg_query__type_cast, msg);
	return cast != NULL && is_simple(cft_node_message(cast->arg));
}

char *cft_print_expr(struct cft_arena *arena, const struct cft_attr *attr)
{
	if (attr->node == NULL)
		return cft_arena_strdup(arena, attr->text ? attr->text : "");
	char *sql = cft_tree_print_expr(arena, cft_node_wrap(arena, attr->node));
	if (sql == NULL)
		return NULL;
	return is_simple(attr->node) ? sql : cft_arena_printf(arena, "(%s)", sql);
}

char *cft_print_default(struct cft_arena *arena, const struct cft_object *col,
                        const struct cft_attr *dflt)
{
	char *sql = cft_print_expr(arena, dflt);

	return sql ? sql : cft_slice_default(arena, col, dflt);
}

void cft_print_sequence_options(const struct cft_object *obj, struct cft_buf *out)
{
	static const struct {
		enum cft_attr_id id;
		const char *format;
	} options[] = {
		{CFT_ATTR_SEQ_TYPE, " AS %s"},
		{CFT_ATTR_SEQ_START, " START WITH %s"},
		{CFT_ATTR_SEQ_INCREMENT, " INCREMENT BY %s"},
		{CFT_ATTR_SEQ_MIN, " MINVALUE %s"},
		{CFT_ATTR_SEQ_MAX, " MAXVALUE %s"},
		{CFT_ATTR_SEQ_CACHE, " CACHE %s"},
		{CFT_ATTR_SEQ_CYCLE, " %s"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *text = cft_attr_text(obj, options[i].id, "");
		const char *at = strstr(options[i].format, "%s");
		if (*text == '\0')
			continue;
		cft_buf_add(out, options[i].format, (size_t)(at - options[i].format));
		cft_buf_adds(out, text);
	}
}

char *cft_print_identity(struct cft_arena *arena, const struct cft_object *col)
{
	struct cft_buf buf = CFT_BUF_INIT, options = CFT_BUF_INIT;

	cft_buf_addf(&buf, "GENERATED %s AS IDENTITY", cft_attr_text(col, CFT_ATTR_IDENTITY, ""));
	cft_print_sequence_options(col, &options);
	if (options.len > 0)
		cft_buf_addf(&buf, " (%s)", cft_buf_str(&options) + 1);
	cft_buf_release(&options);
	return cft_print_finish(arena, &buf);
}

void cft_print_fdw_options(const struct cft_object *obj, struct cft_buf *out)
{
	bool first = true;

	CFT_VEC_EACH (struct cft_attr, a, &obj->attrs) {
		if (a->id != CFT_ATTR_FDW_OPTION)
			continue;
		cft_buf_adds(out, first ? " OPTIONS (" : ", ");
		first = false;
		cft_ident_quote(out, a->sub);
		cft_buf_addc(out, ' ');
		cft_literal_add(out, a->text);
	}
	if (!first)
		cft_buf_addc(out, ')');
}

bool cft_print_column_clauses(struct cft_arena *arena, const struct cft_object *col,
                              struct cft_buf *out)
{
	const struct cft_attr *generated = cft_attr_find(col, CFT_ATTR_GENERATED, "");
	const struct cft_attr *dflt = cft_attr_find(col, CFT_ATTR_DEFAULT, "");

	if (cft_attr_find(col, CFT_ATTR_COLLATION, ""))
		cft_buf_addf(out, " COLLATE %s", cft_attr_text(col, CFT_ATTR_COLLATION, ""));
	if (generated != NULL) {
		char *expr = cft_tree_print_expr(arena, cft_node_wrap(arena, generated->node));
		if (expr == NULL)
			return false;
		cft_buf_addf(out, " GENERATED ALWAYS AS (%s) STORED", expr);
	}
	if (cft_attr_find(col, CFT_ATTR_IDENTITY, ""))
		cft_buf_addf(out, " %s", cft_print_identity(arena, col));
	if (dflt != NULL) {
		char *expr = cft_print_default(arena, col, dflt);
		if (expr == NULL)
			return false;
		cft_buf_addf(out, " DEFAULT %s", expr);
	}
	if (cft_attr_find(col, CFT_ATTR_NOT_NULL, "") && !cft_attr_find(col, CFT_ATTR_IDENTITY, ""))
		cft_buf_adds(out, " NOT NULL");
	return true;
}

static const char *serial_word(const struct cft_object *col)
{
	const char *type = cft_attr_text(col, CFT_ATTR_TYPE, "");

	if (strcmp(type, "bigint") == 0)
		return "bigserial";
	return strcmp(type, "smallint") == 0 ? "smallserial" : "serial";
}

bool cft_print_serial_says_all(const struct cft_object *col)
{
	const struct cft_attr *dflt = cft_attr_find(col, CFT_ATTR_DEFAULT, "");

	return col->serial && dflt != NULL && dflt->by == col->by &&
	       cft_attr_find(col, CFT_ATTR_NOT_NULL, "");
}

bool cft_print_column(struct cft_arena *arena, const struct cft_object *col, struct cft_buf *out)
{
	cft_buf_adds(out, col->ident);
	if (cft_print_serial_says_all(col)) {
		char *slice = cft_slice_type(arena, col);
		cft_buf_addf(out, " %s", slice ? slice : serial_word(col));
		return true;
	}
	cft_buf_addf(out, " %s", cft_print_type(arena, col));
	if (cft_attr_find(col, CFT_ATTR_COMPRESSION, ""))
		cft_buf_addf(out, " COMPRESSION %s", cft_attr_text(col, CFT_ATTR_COMPRESSION, ""));
	cft_print_fdw_options(col, out);
	return cft_print_column_clauses(arena, col, out);
}
