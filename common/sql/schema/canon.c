/* Canon: a canonical byte form of parse trees, exact or as loose as PostgreSQL's own printing.
 * SPDX-License-Identifier: MIT
 *
 * Exact leaves out what never carries meaning. Loose is for comparing hand-written text with what
 * PostgreSQL prints for it: redundant casts, IN lists, BETWEEN, qualified columns, output names.
 */
#include "common/sql/schema/canon_parts.h"

#include "common/sql/syntax/name.h"

#include <string.h>

void cft_canon_node(struct cft_canon *c, const PgQuery__Node *node)
{
	cft_canon_put(c, cft_node_message(node));
}

void cft_canon_list(struct cft_canon *c, PgQuery__Node *const *v, size_t n)
{
	cft_buf_addc(c->out, '[');
	for (size_t i = 0; i < n; i++)
		cft_canon_node(c, v[i]);
	cft_buf_addc(c->out, ']');
}

static bool skipped(const struct cft_canon *c, const ProtobufCFieldDescriptor *f)
{
	switch (f->name[0]) {
	case 'l':
		return strcmp(f->name, "location") == 0;
	case 's':
		return strcmp(f->name, "stmt_location") == 0 || strcmp(f->name, "stmt_len") == 0;
	case 'i':
		return strcmp(f->name, "if_not_exists") == 0;
	case 'c':
		return strcmp(f->name, "concurrent") == 0;
	case 'm':
		return strcmp(f->name, "missing_ok") == 0;
	case 'r':
		return strcmp(f->name, "replace") == 0 ||
		       (c->loose && strcmp(f->name, "row_format") == 0);
	case 'f':
		return c->loose && strcmp(f->name, "funcformat") == 0;
	default:
		return false;
	}
}

static void put_number(struct cft_canon *c, int64_t value)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[24], *p = text + sizeof(text);

	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--p = '-';
	cft_buf_add(c->out, p, (size_t)(text + sizeof(text) - p));
}

/* " 12:": the field, and what comes. */
static void put_id(struct cft_canon *c, uint32_t id, char what)
{
	cft_buf_addc(c->out, ' ');
	put_number(c, id);
	cft_buf_addc(c->out, what);
}

static void put_scalar(struct cft_canon *c, const ProtobufCFieldDescriptor *f, const void *p)
{
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		s = *(const char *const *)p;
		if (s != NULL && *s != '\0') {
			put_id(c, f->id, '"');
			cft_buf_adds(c->out, s);
			cft_buf_addc(c->out, '"');
		}
		break;
	case PROTOBUF_C_TYPE_BOOL:
		if (*(const protobuf_c_boolean *)(const void *)p)
			put_id(c, f->id, '!');
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		if (*(const int64_t *)p != 0) {
			put_id(c, f->id, '=');
			put_number(c, *(const int64_t *)p);
		}
		break;
	default: /* the 32-bit types and enums; libpg_query's trees have no others */
		if (*(const int32_t *)(const void *)p != 0) {
			put_id(c, f->id, '=');
			put_number(c, *(const int32_t *)(const void *)p);
		}
		break;
	}
}

/* Lists of strings that are a (qualified) name, and what they name. */
static const char *named_space(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	static const struct {
		const char *field, *space;
	} lists[] = {
		{"funcname", "function"},
		{"collname", "collation"},
		{"collation", "collation"},
		{"opclass", "opclass"},
		{"opclassname", "opclass"},
		{"opfamilyname", "opfamily"},
		{"func_name", "function"},
		{"defnames", "statistics"},
		{"conversion_name", "conversion"},
		{"domainname", "type"},
		{"type_name", "type"},
		{"objname", "function"},
	};

	(void)msg;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(f->name, lists[i].field) == 0)
			return lists[i].space;
	return NULL;
}

static void put_field(struct cft_canon *c, const ProtobufCMessage *msg,
                      const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)msg;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
		if (f->label != PROTOBUF_C_LABEL_REPEATED)
			put_scalar(c, f, base + f->offset);
		return;
	}
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
		ProtobufCMessage *const *v =
			*(ProtobufCMessage *const *const *)(const void *)(base + f->offset);
		if (n == 0)
			return;
		const char *space =
			f->descriptor == &pg_query__node__descriptor ? named_space(msg, f) : NULL;
		if (space != NULL) {
			put_id(c, f->id, ':');
			cft_canon_qualified(c, space, (PgQuery__Node *const *)v, n);
			return;
		}
		put_id(c, f->id, '[');
		for (size_t i = 0; i < n; i++)
			cft_canon_put(c, v[i]);
		cft_buf_addc(c->out, ']');
		return;
	}
	const ProtobufCMessage *sub =
		*(const ProtobufCMessage *const *)(const void *)(base + f->offset);
	if (sub != NULL) {
		put_id(c, f->id, ':');
		cft_canon_put(c, sub);
	}
}

void cft_canon_generic(struct cft_canon *c, const ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;

	cft_buf_addc(c->out, '(');
	cft_buf_adds(c->out, d->short_name);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    *(const unsigned *)(const void *)((const char *)msg + f->quantifier_offset) !=
		            f->id)
			continue;
		if (!skipped(c, f))
			put_field(c, msg, f);
	}
	cft_buf_addc(c->out, ')');
}

/* schema.name where the model knows it or another schema is meant; else the name alone. */
void cft_canon_name(struct cft_canon *c, const char *space, const char *schema, const char *name)
{
	const struct cft_object *obj = NULL;

	if (c->env != NULL)
		obj = cft_env_object(c->env, space, schema, name);
	if (obj != NULL)
		schema = obj->schema;
	else if (strcmp(schema, "pg_catalog") == 0)
		schema = "";
	if (*schema != '\0' && strcmp(schema, "public") != 0) {
		cft_buf_adds(c->out, schema);
		cft_buf_addc(c->out, '.');
	}
	cft_buf_adds(c->out, name);
}

void cft_canon_qualified(struct cft_canon *c, const char *space, PgQuery__Node *const *names,
                         size_t n)
{
	const char *schema, *name;

	cft_names_split(names, n, &schema, &name);
	cft_canon_name(c, space, schema, name);
}

/* numeric(5) is numeric(5,0). */
static void add_type(struct cft_canon *c, const char *text, bool one_modifier)
{
	const char *end =
		one_modifier && strncmp(text, "numeric(", 8) == 0 ? strchr(text, ')') : NULL;

	if (end == NULL) {
		cft_buf_adds(c->out, text);
		return;
	}
	cft_buf_add(c->out, text, (size_t)(end - text));
	cft_buf_addf(c->out, ",0%s", end);
}

void cft_canon_type(struct cft_canon *c, const PgQuery__TypeName *t, bool modifiers)
{
	const char *schema, *name;

	cft_names_split(t->names, t->n_names, &schema, &name);
	if (t->pct_type) {
		cft_canon_generic(c, &t->base);
		return;
	}
	const struct cft_object *known = c->env && strcmp(schema, "pg_catalog") != 0
	                                         ? cft_env_object(c->env, "type", schema, name)
	                                         : NULL;
	if (t->setof)
		cft_buf_adds(c->out, "setof ");
	if (known != NULL) {
		cft_canon_name(c, "type", known->schema, known->name);
	} else if (cft_type_builtin(name) == NULL) {
		cft_canon_name(c, "type", schema, name);
	} else {
		char *text = modifiers ? cft_type_text(&c->arena, t) : cft_type_base(&c->arena, t);
		add_type(c, text, modifiers && t->n_typmods == 1);
		if (modifiers)
			return; /* the text says the modifiers and [] */
	}
	if (modifiers && t->n_typmods)
		cft_canon_list(c, t->typmods, t->n_typmods);
	if (t->n_array_bounds)
		cft_buf_adds(c->out, "[]");
}

static void put_range_var(struct cft_canon *c, const PgQuery__RangeVar *rv)
{
	cft_buf_adds(c->out, "(rel ");
	cft_canon_name(c, "relation", rv->schemaname, rv->relname);
	if (!rv->inh)
		cft_buf_adds(c->out, " only");
	if (rv->alias != NULL && strcmp(rv->alias->aliasname, rv->relname) != 0)
		cft_canon_generic(c, &rv->alias->base);
	cft_buf_addc(c->out, ')');
}

static void put_string(struct cft_canon *c, const PgQuery__String *string)
{
	cft_buf_addc(c->out, '"');
	cft_buf_adds(c->out, string->sval);
	cft_buf_addc(c->out, '"');
}

void cft_canon_put(struct cft_canon *c, const ProtobufCMessage *msg)
{
	if (msg == NULL)
		return;
	const ProtobufCMessageDescriptor *d = msg->descriptor;
	if (d == &pg_query__node__descriptor)
		cft_canon_node(c, (const PgQuery__Node *)msg);
	else if (d == &pg_query__string__descriptor)
		put_string(c, (const PgQuery__String *)msg);
	else if (d == &pg_query__column_ref__descriptor && c->loose)
		cft_canon_column(c, (const PgQuery__ColumnRef *)msg);
	else if (d == &pg_query__a__const__descriptor)
		cft_canon_const(c, (const PgQuery__AConst *)msg);
	else if (d == &pg_query__type_name__descriptor)
		cft_canon_type(c, (const PgQuery__TypeName *)msg, true);
	else if (d == &pg_query__func_call__descriptor)
		cft_canon_func(c, (const PgQuery__FuncCall *)msg);
	else if (d == &pg_query__range_var__descriptor)
		put_range_var(c, (const PgQuery__RangeVar *)msg);
	else if (d == &pg_query__type_cast__descriptor)
		cft_canon_cast(c, (const PgQuery__TypeCast *)msg);
	else if (d == &pg_query__a__expr__descriptor)
		cft_canon_a_expr(c, (const PgQuery__AExpr *)msg);
	else if (d == &pg_query__bool_expr__descriptor)
		cft_canon_bool(c, (const PgQuery__BoolExpr *)msg);
	else if (d == &pg_query__view_stmt__descriptor && c->loose)
		cft_canon_view(c, (const PgQuery__ViewStmt *)msg);
	else if (d == &pg_query__select_stmt__descriptor)
		cft_canon_select(c, (const PgQuery__SelectStmt *)msg);
	else
		cft_canon_generic(c, msg);
}

void cft_tree_canon(const ProtobufCMessage *msg, const struct cft_env *env,
                    const struct cft_object *scope, enum cft_canon_mode mode, struct cft_buf *out)
{
	struct cft_canon c = {
		.out = out, .env = env, .scope = scope, .loose = mode == CFT_CANON_LOOSE};

	cft_arena_init(&c.arena);
	cft_canon_put(&c, msg);
	cft_arena_release(&c.arena);
}

void cft_tree_type(const PgQuery__TypeName *type, const struct cft_env *env, bool modifiers,
                   struct cft_buf *out)
{
	struct cft_canon c = {.out = out, .env = env};

	cft_arena_init(&c.arena);
	cft_canon_type(&c, type, modifiers);
	cft_arena_release(&c.arena);
}
