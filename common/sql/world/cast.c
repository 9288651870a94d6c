/* Cast: families of types.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/cast.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct family {
	const char *prefix, *family;
};

static const struct family families[] = {
	{"smallint", "number"}, {"integer", "number"}, {"bigint", "number"},
	{"numeric", "number"},  {"real", "number"},    {"double precision", "number"},
	{"text", "text"},       {"character", "text"}, {"name", "text"},
	{"citext", "text"},     {"boolean", "bool"},   {"date", "time"},
	{"timestamp", "time"},  {"time ", "clock"},    {"interval", "interval"},
	{"jsonb", "json"},      {"json", "json"},      {"uuid", "uuid"},
	{"bytea", "bytea"},     {"xml", "xml"},        {"point", "geometry"},
	{"inet", "net"},        {"cidr", "net"},       {"money", "money"},
	{"bit", "bit"},         {"oid", "oid"},        {"tsvector", "tsvector"},
	{"user type", "user"},
};

const char *cft_cast_family(const char *type)
{
	if (strstr(type, "[]"))
		return "array";
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (strncmp(type, families[i].prefix, strlen(families[i].prefix)) == 0)
			return families[i].family;
	return "";
}

static bool known(const char *family)
{
	return *family && strcmp(family, "user") != 0;
}

bool cft_cast_same_family(const char *a, const char *b)
{
	const char *x = cft_cast_family(a), *y = cft_cast_family(b);

	if (strcmp(a, b) == 0 || !*x || !*y)
		return true;
	return strcmp(x, y) == 0;
}

bool cft_cast_same_but_modifiers(const char *a, const char *b)
{
	size_t n = strcspn(a, "("), m = strcspn(b, "(");

	return n == m && strncmp(a, b, n) == 0;
}

bool cft_cast_same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || !known(cft_cast_family(a)) || !known(cft_cast_family(b));
}

bool cft_cast_assignable(const char *from, const char *to)
{
	const char *x = cft_cast_family(from), *y = cft_cast_family(to);

	if (strcmp(from, to) == 0 || !*x || !*y)
		return true;
	if (strcmp(y, "text") == 0)
		return strcmp(x, "bytea") != 0;
	if (!known(x) || !known(y))
		return strcmp(x, "text") != 0 && !known(x) && !known(y);
	return strcmp(x, y) == 0 || (strcmp(x, "number") == 0 && strcmp(y, "money") == 0);
}

bool cft_cast_comparable(const char *a, const char *b)
{
	return cft_cast_same_family(a, b);
}

static bool is_one_of(const char *family, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(family, *list) == 0)
			return true;
	return false;
}

/* Types that the method has no default operator class for. */
static bool has_no_class(const char *type, const char *family, const char *method)
{
	static const char *const scalar[] = {"number", "text",  "time",  "bool",
	                                     "uuid",   "bytea", "clock", NULL};
	static const char *const unordered[] = {"xml", "geometry", NULL};

	if (strcmp(method, "gin") == 0 || strcmp(method, "gist") == 0)
		return is_one_of(family, scalar) || strcmp(type, "json") == 0;
	if (!*method || strcmp(method, "btree") == 0)
		return is_one_of(family, unordered) || strcmp(type, "json") == 0;
	return false;
}

bool cft_cast_indexable(const char *type, const char *method, const char *opclass)
{
	const char *family = cft_cast_family(type);

	if (!*family)
		return true;
	if (!*opclass && has_no_class(type, family, method))
		return false;
	if (strstr(opclass, "text") || strstr(opclass, "varchar") || strstr(opclass, "trgm") ||
	    strstr(opclass, "bpchar"))
		return strcmp(family, "text") == 0 || strcmp(family, "user") == 0;
	if (strncmp(opclass, "jsonb", 5) == 0)
		return strcmp(type, "jsonb") == 0;
	return true;
}

bool cft_cast_literal_fits(const char *value, const char *type)
{
	const char *family = cft_cast_family(type);
	size_t len = strlen(value);
	char *end;

	if (len < 2 || value[0] != '\'' || value[len - 1] != '\'')
		return true;
	if (strcmp(family, "number") != 0)
		return true;
	strtod(value + 1, &end);
	return end != value + 1 && *end == '\'';
}

const char *cft_cast_value_type(const char *value)
{
	static const struct family types[] = {
		{"now()", "timestamp with time zone"},
		{"CURRENT_TIMESTAMP", "timestamp with time zone"},
		{"CURRENT_DATE", "date"},
		{"true", "boolean"},
		{"false", "boolean"},
		{"gen_random_uuid()", "uuid"},
		{"uuid_generate_v4()", "uuid"},
	};
	char *end;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcasecmp(value, types[i].prefix) == 0)
			return types[i].family;
	strtod(value, &end);
	return end != value && !*end ? "numeric" : "";
}

bool cft_cast_is_zoned(const char *type)
{
	return strncmp(type, "timestamp", 9) == 0 && strstr(type, "with time zone") != NULL;
}

static bool takes_number(const char *type)
{
	static const char *const families_without[] = {"text",  "bool",  "time",  "json", "uuid",
	                                               "bytea", "clock", "array", NULL};
	const char *family = cft_cast_family(type);

	for (int i = 0; families_without[i]; i++)
		if (strcmp(family, families_without[i]) == 0)
			return false;
	return true;
}

enum world_code cft_cast_check_expression(struct world *w, const struct cft_effect *e, int table)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];

		if (ref->kind != CFT_OBJ_COLUMN || !*ref->value || *ref->name)
			continue;
		int column = world_column(w, table, ref->sub);
		if (column < 0)
			continue;
		const char *type = world_get(w, column, "type");
		const char *text = *ref->value == '#'
		                           ? "a number"
		                           : cft_arena_printf(w->arena, "'%s'", ref->value);
		bool fits =
			*ref->value == '#' ? takes_number(type) : cft_cast_literal_fits(text, type);
		if (!fits)
			return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN,
			                  world_key(w, column, w->arena), (struct world_by){0, 0},
			                  "%s of type %s is compared with %s",
			                  world_key(w, column, w->arena), type, text);
	}
	return WORLD_OK;
}
