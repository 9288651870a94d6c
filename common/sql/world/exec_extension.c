/* Exec, extensions: the members that well-known ones bring.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <string.h>

/* Types that well-known extensions bring. */
struct extension_type {
	const char *extension, *type;
};

static const struct extension_type extension_types[] = {
	{"citext", "citext"},
	{"hstore", "hstore"},
	{"ltree", "ltree"},
	{"ltree", "lquery"},
	{"ltree", "ltxtquery"},
	{"cube", "cube"},
	{"seg", "seg"},
	{"isn", "isbn"},
	{"isn", "ean13"},
	{"vector", "vector"},
	{"vector", "halfvec"},
	{"vector", "sparsevec"},
	{"postgis", "geometry"},
	{"postgis", "geography"},
	{"postgis", "box2d"},
	{"postgis", "raster"},
	{"ip4r", "ip4r"},
	{"semver", "semver"},
	{"lo", "lo"},
	{"intarray", "query_int"},
};

struct extension_function {
	const char *extension, *function;
};

static const struct extension_function extension_functions[] = {
	{"uuid-ossp", "uuid_generate_v1"},
	{"uuid-ossp", "uuid_generate_v4"},
	{"uuid-ossp", "uuid_generate_v5"},
	{"pgcrypto", "gen_random_bytes"},
	{"pgcrypto", "digest"},
	{"pgcrypto", "hmac"},
	{"pgcrypto", "crypt"},
	{"pgcrypto", "gen_salt"},
	{"unaccent", "unaccent"},
	{"pg_trgm", "similarity"},
	{"tablefunc", "crosstab"},
	{"fuzzystrmatch", "levenshtein"},
	{"fuzzystrmatch", "soundex"},
};

static int extension_member(struct world *w, int extension, enum cft_object_kind kind,
                            const char *schema, const char *name)
{
	int obj = world_find(w, kind, -1, schema, name);

	if (obj < 0)
		obj = world_add(w, kind, -1, schema, name);
	if (kind == CFT_OBJ_FUNCTION)
		WORLD_OBJ(w, obj)->args = "*";
	world_depend(w, obj, extension, WORLD_DEP_INTERNAL, "extension");
	return obj;
}

void exec_extension_members(struct world *w, int extension, const char *schema)
{
	const char *name = WORLD_OBJ(w, extension)->name;
	static const char *const opclasses[] = {"gin_trgm_ops", "gist_trgm_ops"};

	for (size_t i = 0; i < sizeof(extension_types) / sizeof(*extension_types); i++)
		if (strcmp(extension_types[i].extension, name) == 0)
			extension_member(w, extension, CFT_OBJ_TYPE, schema,
			                 extension_types[i].type);
	for (size_t i = 0; i < sizeof(extension_functions) / sizeof(*extension_functions); i++)
		if (strcmp(extension_functions[i].extension, name) == 0)
			extension_member(w, extension, CFT_OBJ_FUNCTION, schema,
			                 extension_functions[i].function);
	for (int i = 0; i < 2; i++)
		if (strcmp(name, "pg_trgm") == 0)
			extension_member(w, extension, CFT_OBJ_OPCLASS, "", opclasses[i]);
}
