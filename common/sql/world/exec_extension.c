/* Exec, extensions: the members that well-known ones bring.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <string.h>

struct member {
	const char *extension;
	enum cft_object_kind kind;
	const char *name;
};

/* Names that people use; nobody takes them otherwise. */
static const struct member members[] = {
	{"citext", CFT_OBJ_TYPE, "citext"},
	{"hstore", CFT_OBJ_TYPE, "hstore"},
	{"ltree", CFT_OBJ_TYPE, "ltree"},
	{"ltree", CFT_OBJ_TYPE, "lquery"},
	{"ltree", CFT_OBJ_TYPE, "ltxtquery"},
	{"cube", CFT_OBJ_TYPE, "cube"},
	{"seg", CFT_OBJ_TYPE, "seg"},
	{"isn", CFT_OBJ_TYPE, "isbn"},
	{"isn", CFT_OBJ_TYPE, "ean13"},
	{"vector", CFT_OBJ_TYPE, "vector"},
	{"vector", CFT_OBJ_TYPE, "halfvec"},
	{"vector", CFT_OBJ_TYPE, "sparsevec"},
	{"postgis", CFT_OBJ_TYPE, "geometry"},
	{"postgis", CFT_OBJ_TYPE, "geography"},
	{"postgis", CFT_OBJ_TYPE, "box2d"},
	{"postgis", CFT_OBJ_TYPE, "raster"},
	{"ip4r", CFT_OBJ_TYPE, "ip4r"},
	{"semver", CFT_OBJ_TYPE, "semver"},
	{"lo", CFT_OBJ_TYPE, "lo"},
	{"intarray", CFT_OBJ_TYPE, "query_int"},
	{"earthdistance", CFT_OBJ_TYPE, "earth"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_generate_v1"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_generate_v1mc"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_generate_v3"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_generate_v4"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_generate_v5"},
	{"uuid-ossp", CFT_OBJ_FUNCTION, "uuid_nil"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "gen_random_bytes"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "digest"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "hmac"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "crypt"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "gen_salt"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "pgp_sym_encrypt"},
	{"pgcrypto", CFT_OBJ_FUNCTION, "pgp_sym_decrypt"},
	{"unaccent", CFT_OBJ_FUNCTION, "unaccent"},
	{"pg_trgm", CFT_OBJ_FUNCTION, "similarity"},
	{"pg_trgm", CFT_OBJ_FUNCTION, "word_similarity"},
	{"pg_trgm", CFT_OBJ_FUNCTION, "show_trgm"},
	{"tablefunc", CFT_OBJ_FUNCTION, "crosstab"},
	{"tablefunc", CFT_OBJ_FUNCTION, "connectby"},
	{"fuzzystrmatch", CFT_OBJ_FUNCTION, "levenshtein"},
	{"fuzzystrmatch", CFT_OBJ_FUNCTION, "soundex"},
	{"fuzzystrmatch", CFT_OBJ_FUNCTION, "metaphone"},
	{"hstore", CFT_OBJ_FUNCTION, "hstore"},
	{"hstore", CFT_OBJ_FUNCTION, "akeys"},
	{"ltree", CFT_OBJ_FUNCTION, "nlevel"},
	{"ltree", CFT_OBJ_FUNCTION, "subpath"},
	{"ltree", CFT_OBJ_FUNCTION, "text2ltree"},
	{"earthdistance", CFT_OBJ_FUNCTION, "ll_to_earth"},
	{"earthdistance", CFT_OBJ_FUNCTION, "earth_distance"},
	{"pg_trgm", CFT_OBJ_OPCLASS, "gin_trgm_ops"},
	{"pg_trgm", CFT_OBJ_OPCLASS, "gist_trgm_ops"},
	{"intarray", CFT_OBJ_OPCLASS, "gin__int_ops"},
	{"intarray", CFT_OBJ_OPCLASS, "gist__int_ops"},
	{"vector", CFT_OBJ_OPCLASS, "vector_l2_ops"},
	{"vector", CFT_OBJ_OPCLASS, "vector_cosine_ops"},
	{"vector", CFT_OBJ_OPCLASS, "vector_ip_ops"},
};

static const size_t n_members = sizeof(members) / sizeof(*members);

bool world_extension_brings(const char *extension, enum cft_object_kind kind, const char *name)
{
	for (size_t i = 0; i < n_members; i++)
		if (members[i].kind == kind && strcmp(members[i].name, name) == 0 &&
		    strcmp(members[i].extension, extension) == 0)
			return true;
	return false;
}

const char *world_extension_member(const char *extension, size_t *at, enum cft_object_kind *ret)
{
	for (; *at < n_members; ++*at)
		if (strcmp(members[*at].extension, extension) == 0) {
			*ret = members[*at].kind;
			return members[(*at)++].name;
		}
	return NULL;
}

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
	const char *name;
	enum cft_object_kind kind;

	for (size_t at = 0;
	     (name = world_extension_member(WORLD_OBJ(w, extension)->name, &at, &kind));)
		extension_member(w, extension, kind, kind == CFT_OBJ_OPCLASS ? "" : schema, name);
}
