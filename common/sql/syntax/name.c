/* Name: folding, quoting, generated names, canonical types.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/name.h"

#include "common/base/utf8.h"
#include "common/base/vec.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>
#include <string.h>

static char *fold_quoted(struct cft_arena *arena, const char *text, size_t len)
{
	char *out = cft_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 1; i + 1 < len; i++) {
		out[n++] = text[i];
		if (text[i] == '"')
			i++;
	}
	out[cft_utf8_clip(out, n, CFT_NAME_BYTES)] = '\0';
	return out;
}

char *cft_ident_fold(struct cft_arena *arena, const char *text, size_t len)
{
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
		return fold_quoted(arena, text, len);
	char *out = cft_arena_strndup(arena, text, cft_utf8_clip(text, len, CFT_NAME_BYTES));
	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return out;
}

static const char *ident_end(const char *p)
{
	if (*p != '"') {
		while (*p && *p != '.')
			p++;
		return p;
	}
	for (p++; *p; p++) {
		if (*p == '"' && p[1] != '"')
			return p + 1;
		if (*p == '"')
			p++;
	}
	return NULL;
}

size_t cft_ident_split(struct cft_arena *arena, const char *text, const char **parts, size_t max)
{
	size_t n = 0;

	for (;;) {
		const char *end = ident_end(text);

		if (!end || end == text || n == max || (*end && *end != '.'))
			return 0;
		parts[n++] = cft_ident_fold(arena, text, (size_t)(end - text));
		if (!*end)
			return n;
		text = end + 1;
	}
}

/* PostgreSQL 15: every keyword that is not "unreserved", sorted. */
static const char *const keywords[] = {
	"all",
	"analyse",
	"analyze",
	"and",
	"any",
	"array",
	"as",
	"asc",
	"asymmetric",
	"authorization",
	"between",
	"bigint",
	"binary",
	"bit",
	"boolean",
	"both",
	"case",
	"cast",
	"char",
	"character",
	"check",
	"coalesce",
	"collate",
	"collation",
	"column",
	"concurrently",
	"constraint",
	"create",
	"cross",
	"current_catalog",
	"current_date",
	"current_role",
	"current_schema",
	"current_time",
	"current_timestamp",
	"current_user",
	"dec",
	"decimal",
	"default",
	"deferrable",
	"desc",
	"distinct",
	"do",
	"else",
	"end",
	"except",
	"exists",
	"extract",
	"false",
	"fetch",
	"float",
	"for",
	"foreign",
	"freeze",
	"from",
	"full",
	"grant",
	"greatest",
	"group",
	"grouping",
	"having",
	"ilike",
	"in",
	"initially",
	"inner",
	"inout",
	"int",
	"integer",
	"intersect",
	"interval",
	"into",
	"is",
	"isnull",
	"join",
	"lateral",
	"leading",
	"least",
	"left",
	"like",
	"limit",
	"localtime",
	"localtimestamp",
	"national",
	"natural",
	"nchar",
	"none",
	"normalize",
	"not",
	"notnull",
	"null",
	"nullif",
	"numeric",
	"offset",
	"on",
	"only",
	"or",
	"order",
	"out",
	"outer",
	"overlaps",
	"overlay",
	"placing",
	"position",
	"precision",
	"primary",
	"real",
	"references",
	"returning",
	"right",
	"row",
	"select",
	"session_user",
	"setof",
	"similar",
	"smallint",
	"some",
	"substring",
	"symmetric",
	"table",
	"tablesample",
	"then",
	"time",
	"timestamp",
	"to",
	"trailing",
	"treat",
	"trim",
	"true",
	"union",
	"unique",
	"user",
	"using",
	"values",
	"varchar",
	"variadic",
	"verbose",
	"when",
	"where",
	"window",
	"with",
	"xmlattributes",
	"xmlconcat",
	"xmlelement",
	"xmlexists",
	"xmlforest",
	"xmlnamespaces",
	"xmlparse",
	"xmlpi",
	"xmlroot",
	"xmlserialize",
	"xmltable",
};

static int compare_word(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

bool cft_ident_is_reserved(const char *ident)
{
	return bsearch(ident, keywords, sizeof(keywords) / sizeof(*keywords), sizeof(*keywords),
	               compare_word) != NULL;
}

static bool is_plain(const char *ident)
{
	if (!((*ident >= 'a' && *ident <= 'z') || *ident == '_'))
		return false;
	for (const char *c = ident; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' ||
		      *c == '$'))
			return false;
	return !cft_ident_is_reserved(ident);
}

void cft_ident_quote(struct cft_buf *out, const char *ident)
{
	if (is_plain(ident)) {
		cft_buf_adds(out, ident);
		return;
	}
	cft_buf_addc(out, '"');
	for (const char *c = ident; *c; c++) {
		if (*c == '"')
			cft_buf_addc(out, '"');
		cft_buf_addc(out, *c);
	}
	cft_buf_addc(out, '"');
}

char *cft_name_quote(struct cft_arena *arena, const char *schema, const char *name)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (schema && *schema) {
		cft_ident_quote(&buf, schema);
		cft_buf_addc(&buf, '.');
	}
	cft_ident_quote(&buf, name);
	char *text = cft_arena_strndup(arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}

char *cft_name_generate(struct cft_arena *arena, const char *name1, const char *name2,
                        const char *label)
{
	size_t len1 = strlen(name1), len2 = name2 ? strlen(name2) : 0;
	size_t overhead = (name2 ? 1 : 0) + (label ? strlen(label) + 1 : 0);
	size_t room = overhead < CFT_NAME_BYTES ? CFT_NAME_BYTES - overhead : 0;

	while (len1 + len2 > room) {
		if (len1 > len2)
			len1--;
		else
			len2--;
	}
	len1 = cft_utf8_clip(name1, strlen(name1), len1);
	len2 = name2 ? cft_utf8_clip(name2, strlen(name2), len2) : 0;
	return cft_arena_printf(arena, "%.*s%s%.*s%s%s", (int)len1, name1, name2 ? "_" : "",
	                        (int)len2, name2 ? name2 : "", label ? "_" : "",
	                        label ? label : "");
}

char *cft_name_join(struct cft_arena *arena, const char *const *names, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < n && buf.len < CFT_NAME_BYTES + 1; i++) {
		if (i)
			cft_buf_addc(&buf, '_');
		cft_buf_adds(&buf, names[i]);
	}
	char *text = cft_arena_strndup(arena, cft_buf_str(&buf),
	                               cft_utf8_clip(cft_buf_str(&buf), buf.len, CFT_NAME_BYTES));
	cft_buf_release(&buf);
	return text;
}

struct builtin {
	const char *name, *canonical;
};

/* Sorted by name. */
static const struct builtin builtins[] = {
	{"anyarray", "anyarray"},
	{"anycompatible", "anycompatible"},
	{"anyelement", "anyelement"},
	{"anyenum", "anyenum"},
	{"anynonarray", "anynonarray"},
	{"anyrange", "anyrange"},
	{"bigint", "bigint"},
	{"bigserial", "bigserial"},
	{"bit", "bit"},
	{"bool", "boolean"},
	{"boolean", "boolean"},
	{"box", "box"},
	{"bpchar", "character"},
	{"bytea", "bytea"},
	{"char", "\"char\""},
	{"cid", "cid"},
	{"cidr", "cidr"},
	{"circle", "circle"},
	{"cstring", "cstring"},
	{"date", "date"},
	{"datemultirange", "datemultirange"},
	{"daterange", "daterange"},
	{"event_trigger", "event_trigger"},
	{"float4", "real"},
	{"float8", "double precision"},
	{"inet", "inet"},
	{"int", "integer"},
	{"int2", "smallint"},
	{"int4", "integer"},
	{"int4multirange", "int4multirange"},
	{"int4range", "int4range"},
	{"int8", "bigint"},
	{"int8multirange", "int8multirange"},
	{"int8range", "int8range"},
	{"integer", "integer"},
	{"internal", "internal"},
	{"interval", "interval"},
	{"json", "json"},
	{"jsonb", "jsonb"},
	{"jsonpath", "jsonpath"},
	{"language_handler", "language_handler"},
	{"line", "line"},
	{"lseg", "lseg"},
	{"macaddr", "macaddr"},
	{"macaddr8", "macaddr8"},
	{"money", "money"},
	{"name", "name"},
	{"numeric", "numeric"},
	{"nummultirange", "nummultirange"},
	{"numrange", "numrange"},
	{"oid", "oid"},
	{"path", "path"},
	{"pg_lsn", "pg_lsn"},
	{"pg_snapshot", "pg_snapshot"},
	{"point", "point"},
	{"polygon", "polygon"},
	{"real", "real"},
	{"record", "record"},
	{"refcursor", "refcursor"},
	{"regclass", "regclass"},
	{"regconfig", "regconfig"},
	{"regnamespace", "regnamespace"},
	{"regoper", "regoper"},
	{"regproc", "regproc"},
	{"regprocedure", "regprocedure"},
	{"regrole", "regrole"},
	{"regtype", "regtype"},
	{"serial", "serial"},
	{"serial2", "smallserial"},
	{"serial4", "serial"},
	{"serial8", "bigserial"},
	{"smallint", "smallint"},
	{"smallserial", "smallserial"},
	{"text", "text"},
	{"tid", "tid"},
	{"time", "time without time zone"},
	{"timestamp", "timestamp without time zone"},
	{"timestamptz", "timestamp with time zone"},
	{"timetz", "time with time zone"},
	{"trigger", "trigger"},
	{"tsmultirange", "tsmultirange"},
	{"tsquery", "tsquery"},
	{"tsrange", "tsrange"},
	{"tstzmultirange", "tstzmultirange"},
	{"tstzrange", "tstzrange"},
	{"tsvector", "tsvector"},
	{"txid_snapshot", "txid_snapshot"},
	{"uuid", "uuid"},
	{"varbit", "bit varying"},
	{"varchar", "character varying"},
	{"void", "void"},
	{"xid", "xid"},
	{"xid8", "xid8"},
	{"xml", "xml"},
};

static int compare_builtin(const void *key, const void *item)
{
	return strcmp(key, ((const struct builtin *)item)->name);
}

const char *cft_type_builtin(const char *name)
{
	const struct builtin *found = bsearch(name, builtins, sizeof(builtins) / sizeof(*builtins),
	                                      sizeof(*builtins), compare_builtin);

	return found ? found->canonical : NULL;
}

struct cft_name cft_name_of_list(struct PgQuery__Node *const *list, size_t n)
{
	struct cft_name name = {"", ""};

	if (n >= 1 && list[n - 1]->node_case == PG_QUERY__NODE__NODE_STRING)
		name.name = list[n - 1]->string->sval;
	if (n >= 2 && list[n - 2]->node_case == PG_QUERY__NODE__NODE_STRING)
		name.schema = list[n - 2]->string->sval;
	return name;
}

char *cft_type_base(struct cft_arena *arena, const struct PgQuery__TypeName *type)
{
	struct cft_name name = cft_name_of_list(type->names, type->n_names);
	bool own = !*name.schema || strcmp(name.schema, "pg_catalog") == 0;
	const char *builtin = own ? cft_type_builtin(name.name) : NULL;

	if (type->pct_type) {
		char *left = cft_name_quote(arena, name.schema, name.name);
		return cft_arena_printf(arena, "%s%%TYPE", left);
	}
	if (builtin)
		return cft_arena_strdup(arena, builtin);
	return cft_name_quote(arena, own ? "" : name.schema, name.name);
}

/* interval's modifiers are a field mask and a precision; the mask of "all fields" says nothing. */
enum { INTERVAL_FULL_RANGE = 0x7FFF };

static void add_typmods(struct cft_buf *out, const struct PgQuery__TypeName *type)
{
	const char *sep = "(";

	for (size_t i = 0; i < type->n_typmods; i++) {
		const PgQuery__AConst *value = type->typmods[i]->a_const;

		if (type->typmods[i]->node_case != PG_QUERY__NODE__NODE_A_CONST)
			continue;
		if (value->val_case == PG_QUERY__A__CONST__VAL_IVAL &&
		    value->ival->ival != INTERVAL_FULL_RANGE)
			cft_buf_addf(out, "%s%d", sep, value->ival->ival);
		else if (value->val_case == PG_QUERY__A__CONST__VAL_SVAL)
			cft_buf_addf(out, "%s%s", sep, value->sval->sval);
		else
			continue;
		sep = ",";
	}
	if (*sep == ',')
		cft_buf_addc(out, ')');
}

char *cft_type_text(struct cft_arena *arena, const struct PgQuery__TypeName *type)
{
	struct cft_buf buf = CFT_BUF_INIT;
	const char *base = cft_type_base(arena, type);
	const char *zone = strstr(base, " with"); /* timestamp(3) with time zone */

	if (type->n_typmods && zone && strncmp(base, "time", 4) == 0) {
		cft_buf_add(&buf, base, (size_t)(zone - base));
		add_typmods(&buf, type);
		cft_buf_adds(&buf, zone);
	} else {
		cft_buf_adds(&buf, base);
		/* The grammar gives CHAR the length 1; format_type says it too. */
		add_typmods(&buf, type);
	}
	if (type->n_array_bounds)
		cft_buf_adds(&buf, "[]");
	char *text = cft_arena_strndup(arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}
