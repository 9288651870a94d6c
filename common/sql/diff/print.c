/* Print: SQL text of objects.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/print_part.h"

#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

char *cft_print_finish(struct cft_arena *arena, struct cft_buf *buf)
{
	char *s = cft_arena_strndup(arena, cft_buf_str(buf), buf->len);

	cft_buf_release(buf);
	return s;
}

static bool on_domain(const struct cft_object *obj)
{
	return obj->parent != NULL && obj->parent->kind == CFT_KIND_DOMAIN;
}

char *cft_print_target(struct cft_arena *arena, const struct cft_object *obj)
{
	const char *sql = cft_kind_sql(obj->kind);

	switch ((int)obj->kind) {
	case CFT_KIND_COLUMN:
		return cft_arena_printf(arena, "%s %s.%s", sql, obj->parent->ident, obj->ident);
	case CFT_KIND_CONSTRAINT:
		return cft_arena_printf(arena, "%s %s ON %s%s", sql, obj->ident,
		                        on_domain(obj) ? "DOMAIN " : "", obj->parent->ident);
	case CFT_KIND_TRIGGER:
	case CFT_KIND_RULE:
	case CFT_KIND_POLICY:
		return cft_arena_printf(arena, "%s %s ON %s", sql, obj->ident, obj->parent->ident);
	case CFT_KIND_USER_MAPPING:
		return cft_arena_printf(arena, "%s FOR %s", sql, obj->name);
	case CFT_KIND_TRANSFORM:
	case CFT_KIND_CAST:
		return cft_arena_printf(arena, "%s %s", sql, obj->name);
	default:
		return cft_arena_printf(arena, "%s %s", sql, obj->ident);
	}
}

static char *print_sequence(struct cft_arena *arena, const struct cft_object *seq)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addf(&buf, "CREATE %sSEQUENCE %s",
	             cft_attr_find(seq, CFT_ATTR_PERSISTENCE, "") ? "UNLOGGED " : "", seq->ident);
	cft_print_sequence_options(seq, &buf);
	return cft_print_finish(arena, &buf);
}

static char *print_domain(struct cft_arena *arena, const struct cft_object *dom)
{
	struct cft_buf buf = CFT_BUF_INIT;
	bool good;

	cft_buf_addf(&buf, "CREATE DOMAIN %s AS %s", dom->ident, cft_print_type(arena, dom));
	good = cft_print_column_clauses(arena, dom, &buf);
	for (size_t i = 0; i < dom->children.n; i++) {
		char *c = dom->children.v[i]->inline_in
		                  ? cft_print_constraint(arena, dom->children.v[i])
		                  : NULL;
		if (c != NULL)
			cft_buf_addf(&buf, " %s", c);
		else if (dom->children.v[i]->inline_in)
			good = false;
	}
	char *sql = cft_print_finish(arena, &buf);
	return good ? sql : NULL;
}

static char *print_composite(struct cft_arena *arena, const struct cft_object *type)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addf(&buf, "CREATE TYPE %s AS", type->ident);
	cft_print_elements(arena, type, NULL, NULL, &buf, true);
	return cft_print_finish(arena, &buf);
}

static char *print_publication(struct cft_arena *arena, const struct cft_object *pub)
{
	struct cft_buf buf = CFT_BUF_INIT;
	bool first = true;

	cft_buf_addf(&buf, "CREATE PUBLICATION %s", pub->ident);
	if (strcmp(cft_attr_text(pub, CFT_ATTR_DEFINITION, ""), "FOR ALL TABLES") == 0)
		cft_buf_adds(&buf, " FOR ALL TABLES");
	CFT_VEC_EACH (struct cft_attr, a, &pub->attrs)
		if (a->id == CFT_ATTR_MEMBER) {
			cft_buf_addf(&buf, "%s%s", first ? " FOR " : ", ", a->text);
			first = false;
		}
	cft_print_with(pub, &buf);
	return cft_print_finish(arena, &buf);
}

static char *print_extension(struct cft_arena *arena, const struct cft_object *ext)
{
	const char *schema = cft_attr_text(ext, CFT_ATTR_MEMBER, "schema");

	return cft_arena_printf(arena, "CREATE EXTENSION IF NOT EXISTS %s%s%s",
	                        cft_name_quote(arena, "", ext->name),
	                        *schema ? " WITH SCHEMA " : "", schema);
}

bool cft_print_is_source(const struct cft_object *obj)
{
	return obj->text != NULL && !obj->stale;
}

/* The deparser does not quote an index's name: it prints a plain one, which is put right here. */
static char *print_index(struct cft_arena *arena, const struct cft_object *obj)
{
	static const char plain[] = "cft_name_of_the_index";
	PgQuery__IndexStmt copy = *(const PgQuery__IndexStmt *)obj->node;

	copy.idxname = (char *)plain;
	char *sql = cft_tree_print_statement(arena, &copy.base);
	const char *at = sql ? strstr(sql, plain) : NULL;
	return at ? cft_arena_printf(arena, "%.*s%s%s", (int)(at - sql), sql,
	                             cft_name_quote(arena, "", obj->name), at + strlen(plain))
	          : NULL;
}

static char *print_model(struct cft_arena *arena, const struct cft_object *obj, cft_leave_fn leave,
                         void *ctx)
{
	struct cft_buf buf = CFT_BUF_INIT;
	char *sql;

	switch ((int)obj->kind) {
	case CFT_KIND_TABLE:
	case CFT_KIND_FOREIGN_TABLE:
		return cft_print_table(arena, obj, leave, ctx);
	case CFT_KIND_SEQUENCE:
		return print_sequence(arena, obj);
	case CFT_KIND_DOMAIN:
		return print_domain(arena, obj);
	case CFT_KIND_COMPOSITE:
		return print_composite(arena, obj);
	case CFT_KIND_SCHEMA:
		return cft_arena_printf(arena, "CREATE SCHEMA %s", obj->ident);
	case CFT_KIND_EXTENSION:
		return print_extension(arena, obj);
	case CFT_KIND_PUBLICATION:
		return print_publication(arena, obj);
	case CFT_KIND_ENUM:
		return cft_arena_printf(arena, "CREATE TYPE %s AS ENUM (%s)", obj->ident,
		                        cft_attr_text(obj, CFT_ATTR_LABELS, ""));
	case CFT_KIND_COLUMN:
		cft_buf_addf(&buf, "ALTER %s %s ADD %s ", cft_kind_sql(obj->parent->kind),
		             obj->parent->ident,
		             obj->parent->kind == CFT_KIND_COMPOSITE ? "ATTRIBUTE" : "COLUMN");
		if (!cft_print_column(arena, obj, &buf)) {
			cft_buf_release(&buf);
			return NULL;
		}
		if (obj->parent->kind == CFT_KIND_COMPOSITE)
			cft_buf_adds(&buf, " CASCADE"); /* to typed tables, if there are any */
		return cft_print_finish(arena, &buf);
	case CFT_KIND_CONSTRAINT:
		sql = cft_print_constraint(arena, obj);
		return sql ? cft_arena_printf(arena, "ALTER %s %s ADD %s",
		                              cft_kind_sql(obj->parent->kind), obj->parent->ident,
		                              sql)
		           : NULL;
	case CFT_KIND_INDEX:
		return print_index(arena, obj);
	case CFT_KIND_DEFAULT_ACL:
		return cft_arena_strdup(arena, "");
	default:
		sql = obj->node ? cft_tree_print_statement(arena, obj->node) : NULL;
		return sql;
	}
}

static bool always_model(enum cft_kind kind)
{
	return kind == CFT_KIND_COLUMN || kind == CFT_KIND_CONSTRAINT ||
	       kind == CFT_KIND_PUBLICATION || kind == CFT_KIND_EXTENSION;
}

static bool any_left_out(const struct cft_object *table, cft_leave_fn leave, void *ctx)
{
	for (size_t i = 0; leave && i < table->children.n; i++)
		if (table->children.v[i]->kind == CFT_KIND_CONSTRAINT &&
		    table->children.v[i]->inline_in == table && leave(table->children.v[i], ctx))
			return true;
	return false;
}

char *cft_print_create(struct cft_arena *arena, const struct cft_object *obj, cft_leave_fn leave,
                       void *ctx)
{
	if (cft_print_is_source(obj) && !always_model(obj->kind) && !any_left_out(obj, leave, ctx))
		return cft_arena_strndup(arena, obj->text,
		                         cft_slice_trimmed(obj->text, obj->text_len));
	return print_model(arena, obj, leave, ctx);
}

char *cft_print_replace(struct cft_arena *arena, const struct cft_object *obj)
{
	char *sql = cft_print_create(arena, obj, NULL, NULL);
	const char *rest = sql;

	if (sql == NULL)
		return NULL;
	while (strncasecmp(rest, "create", 6) != 0)
		rest += cft_sql_lex(sql, strlen(sql), (size_t)(rest - sql), &(bool){false});
	rest += 6;
	const char *after = rest;
	while (*after == ' ' || *after == '\n' || *after == '\t' || *after == '\r')
		after++;
	if (strncasecmp(after, "or", 2) == 0 && !(after[2] >= 'a' && after[2] <= 'z'))
		return sql;
	return cft_arena_printf(arena, "CREATE OR REPLACE%s", rest);
}

char *cft_print_drop(struct cft_arena *arena, const struct cft_object *obj)
{
	const char *sql = cft_kind_sql(obj->kind);

	switch ((int)obj->kind) {
	case CFT_KIND_COLUMN:
		if (obj->parent->kind == CFT_KIND_COMPOSITE)
			return cft_arena_printf(arena, "ALTER TYPE %s DROP ATTRIBUTE %s CASCADE",
			                        obj->parent->ident, obj->ident);
		return cft_arena_printf(arena, "ALTER %s %s DROP COLUMN %s",
		                        cft_kind_sql(obj->parent->kind), obj->parent->ident,
		                        obj->ident);
	case CFT_KIND_CONSTRAINT:
		return cft_arena_printf(arena, "ALTER %s %s DROP %s %s",
		                        cft_kind_sql(obj->parent->kind), obj->parent->ident, sql,
		                        obj->ident);
	case CFT_KIND_DEFAULT_ACL:
		return cft_arena_strdup(arena, "");
	default:
		return cft_arena_printf(arena, "DROP %s", cft_print_target(arena, obj));
	}
}
