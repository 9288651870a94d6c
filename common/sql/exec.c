/* Exec: runs a list of effects on a world; CREATE, DROP, RENAME, SET SCHEMA, and attributes.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/name.h"
#include "common/sql/world.h"

#include <stdlib.h>
#include <string.h>

static bool is_relation_kind(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_TABLE || kind == CFT_OBJ_VIEW || kind == CFT_OBJ_MATVIEW ||
	       kind == CFT_OBJ_INDEX || kind == CFT_OBJ_SEQUENCE || kind == CFT_OBJ_RELATION;
}

/* Kinds that live in a schema. */
static bool has_schema(enum cft_object_kind kind)
{
	switch ((int)kind) {
	case CFT_OBJ_SCHEMA:
	case CFT_OBJ_EXTENSION:
	case CFT_OBJ_ROLE:
	case CFT_OBJ_LANGUAGE:
	case CFT_OBJ_CAST:
	case CFT_OBJ_PUBLICATION:
	case CFT_OBJ_SUBSCRIPTION:
	case CFT_OBJ_EVENT_TRIGGER:
	case CFT_OBJ_SERVER:
	case CFT_OBJ_FDW:
	case CFT_OBJ_USER_MAPPING:
	case CFT_OBJ_ACCESS_METHOD:
	case CFT_OBJ_TRANSFORM:
	case CFT_OBJ_TABLESPACE:
	case CFT_OBJ_DATABASE:
	case CFT_OBJ_DEFAULT_PRIVILEGES:
	case CFT_OBJ_SETTING:
	case CFT_OBJ_LARGE_OBJECT:
	case CFT_OBJ_UNKNOWN:
		return false;
	default:
		return true;
	}
}

/* Relations with rows have a row type of their own name. */
static bool has_row_type(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_TABLE || kind == CFT_OBJ_VIEW || kind == CFT_OBJ_MATVIEW;
}

static enum world_code taken(struct world *w, int by, const char *name)
{
	world_fail(w, WORLD_DUPLICATE, WORLD_OBJ(w, by)->kind, world_key(w, by, w->arena),
	           WORLD_OBJ(w, by)->changed.side ? WORLD_OBJ(w, by)->changed
	                                          : WORLD_OBJ(w, by)->created,
	           "the name %s is taken by %s", cft_name_quote(w->arena, "", name),
	           world_key(w, by, w->arena));
	w->error.blocker = by;
	return WORLD_DUPLICATE;
}

enum world_code exec_slot_free(struct world *w, enum cft_object_kind kind, const char *schema,
                               const char *name, int except)
{
	int found = world_find(w, kind, -1, schema, name);

	if (found >= 0 && found != except)
		return taken(w, found, name);
	if (has_row_type(kind)) {
		found = world_find(w, CFT_OBJ_TYPE, -1, schema, name);
		if (found >= 0)
			return taken(w, found, name);
	}
	if (kind == CFT_OBJ_TYPE) {
		found = world_find(w, CFT_OBJ_RELATION, -1, schema, name);
		if (found >= 0 && has_row_type(WORLD_OBJ(w, found)->kind))
			return taken(w, found, name);
	}
	return WORLD_OK;
}

static enum world_code need_schema(struct world *w, const char *schema)
{
	if (strcmp(schema, "pg_catalog") == 0 || strncmp(schema, "pg_temp", 7) == 0 ||
	    world_find(w, CFT_OBJ_SCHEMA, -1, "", schema) >= 0 ||
	    world_assume(w, CFT_OBJ_SCHEMA, -1, "", schema, "") >= 0)
		return WORLD_OK;
	return world_fail_missing(w, CFT_OBJ_SCHEMA, -1, "", schema);
}

enum world_code exec_relation(struct world *w, const struct cft_effect *e,
                              enum cft_object_kind kind, int *ret, bool *ret_skip)
{
	const char *name =
		e->kind == CFT_OBJ_INDEX && *e->to && e->op == CFT_OP_CREATE ? e->to : e->name;
	int rel = world_lookup(w, kind, e->schema, name);

	*ret_skip = false;
	if (rel < 0)
		rel = world_assume(w, kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : kind, -1,
		                   e->schema, name, "");
	if (rel < 0) {
		uint32_t lenient = CFT_EFFECT_PARENT_IF_EXISTS;
		if (!cft_object_kind_is_child(e->kind))
			lenient |= CFT_EFFECT_IF_EXISTS;
		/* DROP TRIGGER IF EXISTS x ON t forgives a missing table as well. */
		if (e->op == CFT_OP_DROP && e->kind != CFT_OBJ_COLUMN &&
		    e->kind != CFT_OBJ_CONSTRAINT)
			lenient |= CFT_EFFECT_IF_EXISTS;
		*ret_skip = e->flags & lenient;
		if (*ret_skip)
			return WORLD_OK;
		return world_fail_missing(w, kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : kind, -1,
		                          e->schema, name);
	}
	*ret = rel;
	return WORLD_OK;
}

static void copy_attrs(struct world *w, int obj, const struct cft_effect *e)
{
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, obj, e->attrs[i].key, e->attrs[i].value);
}

/* Privileges that ALTER DEFAULT PRIVILEGES gives to what is created from then on. */
static void apply_default_privileges(struct world *w, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);
	const char *kind = cft_object_kind_text(
		o->kind == CFT_OBJ_VIEW || o->kind == CFT_OBJ_MATVIEW ? CFT_OBJ_TABLE : o->kind);
	size_t len = strlen(kind);

	WORLD_EACH(w, i)
	{
		const struct world_obj *d = WORLD_OBJ(w, i);
		if (!d->alive || d->kind != CFT_OBJ_DEFAULT_PRIVILEGES ||
		    strncmp(d->name, kind, len) != 0 || d->name[len] != '|')
			continue;
		const char *schema = d->name + len + 1;
		size_t n = strcspn(schema, "|");
		o = WORLD_OBJ(w, obj);
		if (n && (strlen(o->schema) != n || strncmp(schema, o->schema, n) != 0))
			continue;
		for (size_t k = 0; k < d->n_attrs; k++)
			if (*d->attrs[k].value)
				world_set(w, obj, d->attrs[k].key, d->attrs[k].value);
	}
}

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

static void add_extension_members(struct world *w, int extension, const char *schema)
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

static bool is_output_prefix(const char *old, const char *new_)
{
	size_t len = strlen(old);

	return strncmp(old, new_, len) == 0 && (new_[len] == '\0' || new_[len] == ',');
}

/* CREATE OR REPLACE VIEW may only add columns at the end. */
static enum world_code replace_view(struct world *w, int view, const struct cft_effect *e)
{
	const char *old = world_get(w, view, "columns"), *columns = cft_effect_attr(e, "columns");

	if (*old && !is_output_prefix(old, columns ? columns : ""))
		return world_fail(w, WORLD_STATE, CFT_OBJ_VIEW, world_key(w, view, w->arena),
		                  WORLD_OBJ(w, view)->changed,
		                  "CREATE OR REPLACE VIEW cannot drop or rename the columns of %s",
		                  world_key(w, view, w->arena));
	for (size_t i = 0; i < WORLD_OBJ(w, view)->n_attrs; i++)
		if (strncmp(WORLD_OBJ(w, view)->attrs[i].key, "option.", 7) == 0)
			world_set(w, view, WORLD_OBJ(w, view)->attrs[i].key, "");
	return WORLD_OK;
}

static enum world_code replace_function(struct world *w, int function, const struct cft_effect *e)
{
	const char *old = world_get(w, function, "returns"),
		   *returns = cft_effect_attr(e, "returns");
	const char *names = world_get(w, function, "names"), *now = cft_effect_attr(e, "names");
	struct world_by by = WORLD_OBJ(w, function)->changed.side ? WORLD_OBJ(w, function)->changed
	                                                          : WORLD_OBJ(w, function)->created;

	if (*old && returns && strcmp(old, returns) != 0)
		return world_fail(w, WORLD_STATE, CFT_OBJ_FUNCTION,
		                  world_key(w, function, w->arena), by,
		                  "CREATE OR REPLACE cannot change the return type of %s",
		                  world_key(w, function, w->arena));
	if (*names && now && strcmp(names, now) != 0)
		return world_fail(w, WORLD_STATE, CFT_OBJ_FUNCTION,
		                  world_key(w, function, w->arena), by,
		                  "CREATE OR REPLACE cannot rename the arguments of %s",
		                  world_key(w, function, w->arena));
	for (size_t i = 0; i < WORLD_OBJ(w, function)->n_attrs; i++) {
		const char *key = WORLD_OBJ(w, function)->attrs[i].key;
		if (strncmp(key, "acl.", 4) != 0 && strcmp(key, "owner") != 0 &&
		    strcmp(key, "comment") != 0)
			world_set(w, function, key, "");
	}
	return WORLD_OK;
}

static enum world_code replace(struct world *w, int obj, const struct cft_effect *e)
{
	enum world_code code = WORLD_OK;

	if (e->kind == CFT_OBJ_VIEW)
		code = replace_view(w, obj, e);
	else if (e->kind == CFT_OBJ_FUNCTION)
		code = replace_function(w, obj, e);
	if (code != WORLD_OK)
		return code;
	world_undepend(w, obj, "");
	copy_attrs(w, obj, e);
	WORLD_OBJ(w, obj)->effect = e;
	world_touch(w, obj);
	if (e->kind == CFT_OBJ_VIEW)
		exec_output_columns(w, e, obj);
	return world_resolve(w, e, obj, "");
}

static int existing(struct world *w, const struct cft_effect *e, const char *schema)
{
	if (e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_AGGREGATE) {
		int found = world_function(w, schema, e->name, e->args);
		/* A function that was only referred to is replaced by what is known now. */
		return found;
	}
	return world_find(w, e->kind, -1, schema, e->name);
}

static enum world_code create_object(struct world *w, const struct cft_effect *e)
{
	const char *schema = has_schema(e->kind) ? world_creation_schema(w, e->schema) : "";
	enum world_code code = *schema ? need_schema(w, schema) : WORLD_OK;

	if (code != WORLD_OK)
		return code;
	int found = existing(w, e, schema);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS)) {
		w->skip = true;
		return WORLD_OK;
	}
	if (found >= 0 && (e->flags & CFT_EFFECT_OR_REPLACE) &&
	    WORLD_OBJ(w, found)->kind == e->kind)
		return replace(w, found, e);
	if (found >= 0)
		return taken(w, found, e->name);
	code = e->kind == CFT_OBJ_FUNCTION ? WORLD_OK
	                                   : exec_slot_free(w, e->kind, schema, e->name, -1);
	if (code != WORLD_OK)
		return code;
	/* References are resolved before the name exists: a view cannot refer to itself. */
	struct cft_effect check = *e;
	code = world_resolve(w, &check, -1, "");
	if (code != WORLD_OK)
		return code;
	int obj = world_add(w, e->kind, -1, schema, e->name);
	WORLD_OBJ(w, obj)->args = e->args;
	WORLD_OBJ(w, obj)->effect = e;
	WORLD_OBJ(w, obj)->open = (e->flags & CFT_EFFECT_SKETCH) && e->kind == CFT_OBJ_TABLE;
	copy_attrs(w, obj, e);
	code = world_resolve(w, e, obj, "");
	if (code != WORLD_OK)
		return code;
	if (e->kind == CFT_OBJ_EXTENSION) {
		const char *target = cft_effect_attr(e, "option.schema");
		const char *home = world_creation_schema(w, target ? target : "");
		world_set(w, obj, "option.schema", home);
		add_extension_members(w, obj, home);
	}
	if (has_row_type(e->kind) && cft_effect_attr(e, "columns"))
		exec_output_columns(w, e, obj);
	apply_default_privileges(w, obj);
	return WORLD_OK;
}

/* Triggers, rules, policies, domain constraints. */
static enum world_code create_child(struct world *w, const struct cft_effect *e)
{
	bool domain = e->kind == CFT_OBJ_DOMAIN_CONSTRAINT, skip;
	int parent = -1;
	enum world_code code =
		exec_relation(w, e, domain ? CFT_OBJ_TYPE : CFT_OBJ_RELATION, &parent, &skip);
	const char *name = e->sub;

	if (code != WORLD_OK || skip)
		return code;
	for (int i = 0; e->flags & CFT_EFFECT_GENERATED_NAME; i++) {
		name = cft_name_generate(w->arena, WORLD_OBJ(w, parent)->name, NULL,
		                         i ? cft_arena_printf(w->arena, "check%d", i) : "check");
		if (world_child(w, e->kind, parent, name) < 0)
			break;
	}
	int found = world_child(w, e->kind, parent, name);
	if (found >= 0 && (e->flags & CFT_EFFECT_OR_REPLACE))
		return replace(w, found, e);
	if (found >= 0)
		return taken(w, found, name);
	int obj = world_add(w, e->kind, parent, "", name);
	copy_attrs(w, obj, e);
	WORLD_OBJ(w, obj)->effect = e;
	return world_resolve(w, e, obj, "");
}

enum world_code exec_create(struct world *w, const struct cft_effect *e)
{
	switch ((int)e->kind) {
	case CFT_OBJ_COLUMN:
		return exec_create_column(w, e);
	case CFT_OBJ_CONSTRAINT:
		return exec_create_constraint(w, e);
	case CFT_OBJ_INDEX:
		return exec_create_index(w, e);
	case CFT_OBJ_SEQUENCE:
		return exec_create_sequence(w, e);
	case CFT_OBJ_STATISTICS:
		if (e->flags & CFT_EFFECT_GENERATED_NAME)
			return exec_create_index(w, e);
		return create_object(w, e);
	case CFT_OBJ_TRIGGER:
	case CFT_OBJ_RULE:
	case CFT_OBJ_POLICY:
	case CFT_OBJ_DOMAIN_CONSTRAINT:
		return create_child(w, e);
	default:
		return create_object(w, e);
	}
}

/* ---- DROP ---- */

static bool in_set(const bool *set, int obj)
{
	return obj >= 0 && set[obj];
}

/* A default goes, its column stays. */
static bool drops_only_default(const struct world *w, int obj, const struct world_dep *dep)
{
	return WORLD_OBJ(w, obj)->kind == CFT_OBJ_COLUMN && strcmp(dep->tag, "default") == 0;
}

static bool grow_auto(const struct world *w, bool *set, const char *schema_only)
{
	bool grown = false;

	(void)schema_only;
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || set[i])
			continue;
		bool add = in_set(set, o->parent);
		for (size_t k = 0; k < o->n_deps && !add; k++)
			add = o->deps[k].type != WORLD_DEP_NORMAL && in_set(set, o->deps[k].target);
		if (add)
			set[i] = grown = true;
	}
	return grown;
}

static bool in_dropped_schema(const struct world *w, const bool *set, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->parent >= 0 || !*o->schema)
		return false;
	int schema = world_find(w, CFT_OBJ_SCHEMA, -1, "", o->schema);
	return in_set(set, schema);
}

static enum world_code depended(struct world *w, int on, int by)
{
	struct world_by who = WORLD_OBJ(w, by)->created;

	world_fail(w, WORLD_DEPENDED, WORLD_OBJ(w, on)->kind, world_key(w, on, w->arena), who,
	           "%s depends on %s", world_key(w, by, w->arena), world_key(w, on, w->arena));
	w->error.blocker = by;
	return WORLD_DEPENDED;
}

/* One NORMAL dependent outside the set: an error, or with CASCADE it joins. */
static enum world_code grow_normal(struct world *w, bool *set, bool cascade, bool *grown)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || set[i])
			continue;
		for (size_t k = 0; k < o->n_deps; k++) {
			const struct world_dep *dep = &o->deps[k];
			if (!in_set(set, dep->target))
				continue;
			if (!cascade || WORLD_OBJ(w, dep->target)->kind == CFT_OBJ_ROLE)
				return depended(w, dep->target, i);
			if (drops_only_default(w, i, dep)) {
				world_undepend(w, i, "default");
				world_set(w, i, "default", "");
			} else if (strncmp(dep->tag, "acl", 3) != 0) {
				set[i] = *grown = true;
			}
			break;
		}
		if (!set[i] && in_dropped_schema(w, set, i)) {
			int schema = world_find(w, CFT_OBJ_SCHEMA, -1, "", o->schema);
			if (!cascade)
				return depended(w, schema, i);
			set[i] = *grown = true;
		}
	}
	return WORLD_OK;
}

enum world_code exec_remove(struct world *w, const int *targets, size_t n, bool cascade)
{
	bool *set = calloc(w->objs.n + 1, sizeof(*set));
	enum world_code code = WORLD_OK;
	bool grown = true;

	for (size_t i = 0; i < n; i++)
		set[targets[i]] = true;
	while (grown && code == WORLD_OK) {
		while (grow_auto(w, set, NULL))
			continue;
		grown = false;
		code = grow_normal(w, set, cascade, &grown);
	}
	if (code == WORLD_OK)
		WORLD_EACH(w, i)
	if (set[i] && WORLD_OBJ(w, i)->alive) {
		WORLD_OBJ(w, i)->alive = false;
		world_touch(w, i);
	}
	free(set);
	return code;
}

static enum cft_object_kind child_parent_kind(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_DOMAIN_CONSTRAINT ? CFT_OBJ_TYPE : CFT_OBJ_RELATION;
}

static bool is_child(const struct cft_effect *e)
{
	return cft_object_kind_is_child(e->kind) || e->kind == CFT_OBJ_DOMAIN_CONSTRAINT;
}

/* Finds the object of DROP, RENAME, ALTER …; -1 with *ret_skip where IF EXISTS forgives it. */
static enum world_code find_object(struct world *w, const struct cft_effect *e, int *ret,
                                   bool *ret_skip)
{
	enum world_code code;
	int parent = -1, found;

	*ret_skip = false;
	*ret = -1;
	if (is_child(e)) {
		enum cft_object_kind kind = child_parent_kind(e->kind);
		if (e->kind == CFT_OBJ_COLUMN && strcmp(e->args, "type") == 0)
			kind = CFT_OBJ_TYPE;
		if (kind == CFT_OBJ_RELATION && e->kind == CFT_OBJ_COLUMN &&
		    world_lookup(w, kind, e->schema, e->name) < 0 &&
		    world_lookup(w, CFT_OBJ_TYPE, e->schema, e->name) >= 0)
			kind = CFT_OBJ_TYPE;
		code = exec_relation(w, e, kind, &parent, ret_skip);
		if (code != WORLD_OK || *ret_skip)
			return code;
		found = world_child(w, e->kind, parent, e->sub);
	} else if (e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_AGGREGATE) {
		found = world_function(w, e->schema, e->name, e->args);
	} else if (!has_schema(e->kind)) {
		found = world_find(w, e->kind, -1, "", e->name);
	} else {
		found = world_lookup(w, e->kind, e->schema, e->name);
		if (found < 0 && e->kind == CFT_OBJ_TYPE && e->op != CFT_OP_DROP)
			found = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);
	}
	bool forgiving = (e->flags & CFT_EFFECT_IF_EXISTS) && e->op == CFT_OP_DROP;
	if (found < 0 && !(forgiving && parent >= 0 && !WORLD_OBJ(w, parent)->open))
		found = world_assume(w, e->kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : e->kind,
		                     parent, e->schema, is_child(e) ? e->sub : e->name, e->args);
	if (found < 0) {
		*ret_skip = e->flags & CFT_EFFECT_IF_EXISTS;
		if (*ret_skip)
			return WORLD_OK;
		return world_fail_missing(w, e->kind, parent, e->schema,
		                          is_child(e) ? e->sub : e->name);
	}
	*ret = found;
	return WORLD_OK;
}

static enum world_code wrong_kind(struct world *w, int obj, const struct cft_effect *e)
{
	return world_fail(w, WORLD_STATE, WORLD_OBJ(w, obj)->kind, world_key(w, obj, w->arena),
	                  WORLD_OBJ(w, obj)->created, "%s is not a %s", world_key(w, obj, w->arena),
	                  cft_object_kind_text(e->kind));
}

/* The index of a constraint goes with the constraint only. */
static int owning_constraint(const struct world *w, int index)
{
	const struct world_obj *o = WORLD_OBJ(w, index);

	for (size_t i = 0; i < o->n_deps; i++)
		if (o->deps[i].type == WORLD_DEP_INTERNAL &&
		    WORLD_OBJ(w, o->deps[i].target)->kind == CFT_OBJ_CONSTRAINT)
			return o->deps[i].target;
	return -1;
}

/* Inherited columns and constraints go with the parent's. */
static void add_inherited(struct world *w, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->kind != CFT_OBJ_COLUMN && o->kind != CFT_OBJ_CONSTRAINT)
		return;
	for (int child = exec_next_child(w, o->parent, -1); child >= 0;
	     child = exec_next_child(w, WORLD_OBJ(w, obj)->parent, child)) {
		int found = world_child(w, WORLD_OBJ(w, obj)->kind, child, WORLD_OBJ(w, obj)->name);
		if (found >= 0 && *world_get(w, found, "inherited")) {
			cft_vec_push_in(w->arena, &w->doomed, found);
			add_inherited(w, found);
		}
	}
}

enum world_code exec_drop(struct world *w, const struct cft_effect *e)
{
	const char *group = cft_effect_attr(e, "group");
	bool more = group && strcmp(group, "more") == 0, skip;
	int obj;
	enum world_code code = find_object(w, e, &obj, &skip);

	if (!w->doomed.n || !group)
		cft_vec_clear(&w->doomed);
	if (code != WORLD_OK)
		return code;
	if (!skip) {
		if (!is_child(e) && e->kind != WORLD_OBJ(w, obj)->kind &&
		    e->kind != CFT_OBJ_RELATION && !WORLD_OBJ(w, obj)->assumed &&
		    is_relation_kind(e->kind))
			return wrong_kind(w, obj, e);
		int owner = e->kind == CFT_OBJ_INDEX ? owning_constraint(w, obj) : -1;
		if (owner >= 0)
			return depended(w, obj, owner);
		cft_vec_push_in(w->arena, &w->doomed, obj);
		add_inherited(w, obj);
	}
	if (more)
		return WORLD_OK;
	code = exec_remove(w, w->doomed.v, w->doomed.n, e->flags & CFT_EFFECT_CASCADE);
	cft_vec_clear(&w->doomed);
	return code;
}

/* ---- RENAME, SET SCHEMA ---- */

static void rename_to(struct world *w, int obj, const char *name)
{
	WORLD_OBJ(w, obj)->name = name;
	world_index(w, obj);
	world_touch(w, obj);
}

/* A constraint and its index have one name. */
static enum world_code rename_partner(struct world *w, int obj, const char *name)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->kind == CFT_OBJ_INDEX) {
		int constraint = owning_constraint(w, obj);
		if (constraint >= 0)
			rename_to(w, constraint, name);
		return WORLD_OK;
	}
	if (o->kind != CFT_OBJ_CONSTRAINT)
		return WORLD_OK;
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->kind == CFT_OBJ_INDEX &&
	    owning_constraint(w, i) == obj) {
		enum world_code code =
			exec_slot_free(w, CFT_OBJ_INDEX, WORLD_OBJ(w, i)->schema, name, i);
		if (code != WORLD_OK)
			return code;
		rename_to(w, i, name);
	}
	return WORLD_OK;
}

static void rename_schema(struct world *w, int schema, const char *name)
{
	const char *old = WORLD_OBJ(w, schema)->name;

	rename_to(w, schema, name);
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->parent < 0 && *WORLD_OBJ(w, i)->schema &&
	    strcmp(WORLD_OBJ(w, i)->schema, old) == 0) {
		WORLD_OBJ(w, i)->schema = name;
		world_index(w, i);
		world_touch(w, i);
	}
}

static enum world_code rename_column(struct world *w, int column, const char *name)
{
	int table = WORLD_OBJ(w, column)->parent;
	const char *old = WORLD_OBJ(w, column)->name;
	int found = world_column(w, table, name);

	if (found >= 0)
		return taken(w, found, name);
	rename_to(w, column, name);
	for (int child = exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child)) {
		int inherited = world_column(w, child, old);
		if (inherited < 0 || !*world_get(w, inherited, "inherited"))
			continue;
		enum world_code code = rename_column(w, inherited, name);
		if (code != WORLD_OK)
			return code;
	}
	return WORLD_OK;
}

static enum world_code rename_child(struct world *w, int obj, const char *name)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->kind == CFT_OBJ_COLUMN)
		return rename_column(w, obj, name);
	int found = world_child(w, o->kind, o->parent, name);
	if (found >= 0)
		return taken(w, found, name);
	enum world_code code = rename_partner(w, obj, name);
	if (code == WORLD_OK)
		rename_to(w, obj, name);
	return code;
}

enum world_code exec_rename(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = find_object(w, e, &obj, &skip);

	if (code != WORLD_OK || skip)
		return code;
	if (WORLD_OBJ(w, obj)->parent >= 0)
		return rename_child(w, obj, e->to);
	const char *schema = WORLD_OBJ(w, obj)->schema;
	enum cft_object_kind kind = WORLD_OBJ(w, obj)->kind;
	if (kind == CFT_OBJ_FUNCTION) {
		int found = world_function(w, schema, e->to, WORLD_OBJ(w, obj)->args);
		if (found >= 0)
			return taken(w, found, e->to);
	} else {
		code = exec_slot_free(w, kind, schema, e->to, obj);
		if (code != WORLD_OK)
			return code;
	}
	if (kind == CFT_OBJ_SCHEMA) {
		rename_schema(w, obj, e->to);
		return WORLD_OK;
	}
	code = rename_partner(w, obj, e->to);
	if (code == WORLD_OK)
		rename_to(w, obj, e->to);
	return code;
}

/* Indexes and owned sequences follow their table. */
static bool moves_along(const struct world *w, int obj, int table)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (!o->alive || (o->kind != CFT_OBJ_INDEX && o->kind != CFT_OBJ_SEQUENCE))
		return false;
	for (size_t i = 0; i < o->n_deps; i++) {
		const struct world_obj *target = WORLD_OBJ(w, o->deps[i].target);
		if (o->deps[i].target == table ||
		    (target->parent == table && o->deps[i].type != WORLD_DEP_NORMAL))
			return true;
	}
	return false;
}

enum world_code exec_move(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = find_object(w, e, &obj, &skip);

	if (code != WORLD_OK || skip)
		return code;
	code = need_schema(w, e->to);
	if (code != WORLD_OK)
		return code;
	if (WORLD_OBJ(w, obj)->kind != CFT_OBJ_FUNCTION) {
		code = exec_slot_free(w, WORLD_OBJ(w, obj)->kind, e->to, WORLD_OBJ(w, obj)->name,
		                      obj);
		if (code != WORLD_OK)
			return code;
	}
	WORLD_EACH(w, i)
	if (i == obj || moves_along(w, i, obj)) {
		WORLD_OBJ(w, i)->schema = e->to;
		world_index(w, i);
		world_touch(w, i);
	}
	return WORLD_OK;
}

/* ---- attributes ---- */

/* Labels are joined by \x1f. */
static enum world_code alter_labels(struct world *w, int type, const struct cft_effect *e)
{
	const char *labels = world_get(w, type, "labels");
	const char *old = cft_effect_attr(e, "rename_label"),
		   *add = cft_effect_attr(e, "add_label");
	const char *label = old ? cft_effect_attr(e, "new_label") : add;
	const char *after = cft_effect_attr(e, "after"), *before = cft_effect_attr(e, "before");
	const char *anchor = old ? old : after && *after ? after : before && *before ? before : "";
	struct cft_buf out = CFT_BUF_INIT;
	bool found = !*anchor, open = WORLD_OBJ(w, type)->assumed;
	struct world_by by = {0, 0};

	for (size_t i = 0; i < WORLD_OBJ(w, type)->n_attrs; i++)
		if (strcmp(WORLD_OBJ(w, type)->attrs[i].key, "labels") == 0)
			by = WORLD_OBJ(w, type)->attrs[i].by;
	for (const char *p = labels; *p;) {
		size_t n = strcspn(p, "\x1f");
		bool at = strlen(anchor) == n && strncmp(p, anchor, n) == 0;

		if (strlen(label) == n && strncmp(p, label, n) == 0) {
			cft_buf_release(&out);
			if (!old && (e->flags & CFT_EFFECT_IF_NOT_EXISTS))
				return WORLD_OK;
			return world_fail(w, WORLD_DUPLICATE, CFT_OBJ_TYPE,
			                  world_key(w, type, w->arena), by,
			                  "%s already has the value '%s'",
			                  world_key(w, type, w->arena), label);
		}
		found = found || at;
		if (at && (old || (before && *before)))
			cft_buf_addf(&out, "%s%s", out.len ? "\x1f" : "", label);
		if (!(at && old))
			cft_buf_addf(&out, "%s%.*s", out.len ? "\x1f" : "", (int)n, p);
		if (at && !old && after && *after)
			cft_buf_addf(&out, "\x1f%s", label);
		p += n + (p[n] != '\0');
	}
	if (!*anchor)
		cft_buf_addf(&out, "%s%s", out.len ? "\x1f" : "", label);
	if (!found && open) {
		/* Unknown labels: keep what was asked, in order. */
		cft_buf_addf(&out, "%s%s%s%s", out.len ? "\x1f" : "", before ? label : anchor,
		             "\x1f", before ? anchor : label);
		found = true;
	}
	const char *text = cft_arena_strdup(w->arena, cft_buf_str(&out));
	cft_buf_release(&out);
	if (!found)
		return world_fail(w, WORLD_MISSING, CFT_OBJ_TYPE, world_key(w, type, w->arena), by,
		                  "%s has no value '%s'", world_key(w, type, w->arena), anchor);
	world_set(w, type, "labels", text);
	if (open)
		world_set(w, type, "typtype", "enum");
	return WORLD_OK;
}

/* Persistent tables and unlogged ones cannot reference each other that way. */
static enum world_code check_persistence(struct world *w, int table, const char *value)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_CONSTRAINT ||
		    strcmp(world_get(w, i, "type"), "fkey") != 0)
			continue;
		bool own = o->parent == table, refers = false;
		int target = -1;
		for (size_t k = 0; k < o->n_deps; k++) {
			int t = o->deps[k].target;
			if (WORLD_OBJ(w, t)->kind != CFT_OBJ_TABLE)
				continue;
			refers = refers || t == table;
			target = t;
		}
		bool unlogged = *value != '\0';
		if (unlogged && refers && !own && !*world_get(w, o->parent, "persistence"))
			return depended(w, table, i);
		if (!unlogged && own && target >= 0 && *world_get(w, target, "persistence"))
			return depended(w, table, i);
	}
	return WORLD_OK;
}

/* PUBLIC has privileges from the start on these; taking them away is a state of its own. */
static bool public_by_default(enum cft_object_kind kind, const char *key)
{
	return strncmp(key, "acl.public.", 11) == 0 &&
	       (kind == CFT_OBJ_FUNCTION || kind == CFT_OBJ_TYPE || kind == CFT_OBJ_SCHEMA ||
	        kind == CFT_OBJ_LANGUAGE || kind == CFT_OBJ_DATABASE ||
	        kind == CFT_OBJ_DEFAULT_PRIVILEGES);
}

static enum world_code grant_one(struct world *w, int obj, const struct cft_attr *attr)
{
	const char *paren = strchr(attr->key, '(');
	bool granted = strncmp(attr->value, "granted", 7) == 0;
	int target = obj;
	const char *key = attr->key;

	if (paren) {
		char *name = cft_arena_strndup(w->arena, paren + 1, strlen(paren + 1) - 1);
		key = cft_arena_strndup(w->arena, attr->key, (size_t)(paren - attr->key));
		target = world_column(w, obj, name);
		if (target < 0)
			target = world_assume(w, CFT_OBJ_COLUMN, obj, "", name, "");
		if (target < 0)
			return world_fail_missing(w, CFT_OBJ_COLUMN, obj, "", name);
	}
	bool keep = granted || public_by_default(WORLD_OBJ(w, target)->kind, key);
	world_set(w, target, key, keep ? attr->value : "");
	return WORLD_OK;
}

static enum world_code grant(struct world *w, int obj, const struct cft_effect *e)
{
	enum world_code code = WORLD_OK;
	bool granted = false;

	for (size_t i = 0; i < e->n_attrs && code == WORLD_OK; i++) {
		code = grant_one(w, obj, &e->attrs[i]);
		granted = granted || strncmp(e->attrs[i].value, "granted", 7) == 0;
	}
	if (code != WORLD_OK)
		return code;
	return world_resolve(w, e, granted ? obj : -1, e->n_attrs ? e->attrs[0].key : "acl");
}

static enum world_code grant_whole(struct world *w, const struct cft_effect *e)
{
	enum world_code code = need_schema(w, e->name);

	if (code == WORLD_OK)
		code = world_resolve(w, e, -1, "");
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		bool fits = o->kind == e->kind ||
		            (e->kind == CFT_OBJ_TABLE &&
		             (o->kind == CFT_OBJ_VIEW || o->kind == CFT_OBJ_MATVIEW));
		if (code == WORLD_OK && o->alive && fits && o->parent < 0 &&
		    strcmp(o->schema, e->name) == 0)
			code = grant(w, i, e);
	}
	return code;
}

static enum world_code exec_grant(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;

	if (e->flags & CFT_EFFECT_WHOLE)
		return grant_whole(w, e);
	if (e->kind == CFT_OBJ_DEFAULT_PRIVILEGES) {
		obj = world_find(w, e->kind, -1, "", e->name);
		if (obj < 0)
			obj = world_add(w, e->kind, -1, "", e->name);
		return grant(w, obj, e);
	}
	enum world_code code = find_object(w, e, &obj, &skip);
	return code != WORLD_OK || skip ? code : grant(w, obj, e);
}

static enum world_code alter_setting(struct world *w, const struct cft_effect *e)
{
	int obj = world_find(w, CFT_OBJ_SETTING, -1, "", e->name);
	const char *path = cft_effect_attr(e, "search_path");

	if (obj < 0)
		obj = world_add(w, CFT_OBJ_SETTING, -1, "", e->name);
	copy_attrs(w, obj, e);
	/* For whoever connects next. */
	if (path)
		w->default_path = *path == '\x7f' ? "public" : path;
	return WORLD_OK;
}

static bool is_late_kind(const struct cft_effect *e, const char *key)
{
	return cft_effect_attr(e, key) != NULL;
}

enum world_code exec_alter(struct world *w, const struct cft_effect *e)
{
	const char *persistence = cft_effect_attr(e, "persistence");
	enum world_code code;
	bool skip;
	int obj;

	if (e->kind == CFT_OBJ_SETTING)
		return alter_setting(w, e);
	if (e->kind == CFT_OBJ_COLUMN) {
		bool composite = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name) < 0 &&
		                 world_lookup(w, CFT_OBJ_TYPE, e->schema, e->name) >= 0;
		int table;
		code = exec_relation(w, e, composite ? CFT_OBJ_TYPE : CFT_OBJ_RELATION, &table,
		                     &skip);
		return code != WORLD_OK || skip ? code : exec_alter_column(w, e, table);
	}
	code = find_object(w, e, &obj, &skip);
	if (code != WORLD_OK || skip)
		return code;
	if (is_late_kind(e, "rename_label") || is_late_kind(e, "add_label"))
		return alter_labels(w, obj, e);
	if (is_late_kind(e, "like"))
		return exec_like(w, e, obj);
	if (persistence && (code = check_persistence(w, obj, persistence)) != WORLD_OK)
		return code;
	copy_attrs(w, obj, e);
	if (e->n_attrs)
		world_undepend(w, obj, e->attrs[0].key);
	return world_resolve(w, e, obj, e->n_attrs ? e->attrs[0].key : "");
}

static enum world_code exec_comment(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = find_object(w, e, &obj, &skip);

	if (code == WORLD_OK && !skip)
		copy_attrs(w, obj, e);
	return code;
}

static void exec_session(struct world *w, const struct cft_effect *e)
{
	const char *path = cft_effect_attr(e, "search_path");

	if (path)
		w->path = *path == '\x7f' ? w->default_path : path;
}

static enum world_code exec_touch(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int rel;

	/* Declared work on a table that nobody has yet is fine. */
	if (world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name) >= 0)
		exec_relation(w, e, CFT_OBJ_RELATION, &rel, &skip);
	return WORLD_OK;
}

static enum world_code execute(struct world *w, const struct cft_effect *e)
{
	switch (e->op) {
	case CFT_OP_CREATE:
		return exec_create(w, e);
	case CFT_OP_DROP:
		return exec_drop(w, e);
	case CFT_OP_ALTER:
		return exec_alter(w, e);
	case CFT_OP_RENAME:
		return exec_rename(w, e);
	case CFT_OP_MOVE:
		return exec_move(w, e);
	case CFT_OP_USE:
		w->found_unknown = w->found_unknown || e->kind == CFT_OBJ_UNKNOWN;
		return world_resolve(w, e, -1, "");
	case CFT_OP_WRITE:
		return exec_write(w, e);
	case CFT_OP_GRANT:
		return exec_grant(w, e);
	case CFT_OP_ATTACH:
		return exec_attach(w, e);
	case CFT_OP_DETACH:
		return exec_detach(w, e);
	case CFT_OP_TOUCH:
		return exec_touch(w, e);
	case CFT_OP_SESSION:
		exec_session(w, e);
		return WORLD_OK;
	case CFT_OP_COMMENT:
		return exec_comment(w, e);
	case CFT_OP_COUNT:
		break;
	}
	return WORLD_OK;
}

enum world_code world_run(struct world *w, const struct cft_effects *list, uint8_t side)
{
	w->side = side;
	w->list = list;
	w->path = w->default_path;
	w->skip = false;
	for (size_t i = 0; i < list->n; i++) {
		const struct cft_effect *e = &list->v[i];

		w->effect = (int)i;
		if (!(e->flags & CFT_EFFECT_PART))
			w->skip = false;
		else if (w->skip)
			continue;
		enum world_code code = execute(w, e);
		if (code != WORLD_OK && !(e->flags & CFT_EFFECT_CONDITIONAL))
			return code;
		/* Parts of what failed inside a DO block do not happen either. */
		if (code != WORLD_OK)
			w->skip = true;
	}
	return WORLD_OK;
}
