/* Exec, GRANT and REVOKE: privileges are attributes.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <string.h>

/* PUBLIC has privileges from the start on these; taking them away is a state of its own. */
static bool public_by_default(enum cft_object_kind kind, const char *key)
{
	return strncmp(key, "acl.public.", 11) == 0 &&
	       (kind == CFT_OBJ_FUNCTION || kind == CFT_OBJ_TYPE || kind == CFT_OBJ_SCHEMA ||
	        kind == CFT_OBJ_LANGUAGE || kind == CFT_OBJ_DATABASE ||
	        kind == CFT_OBJ_DEFAULT_PRIVILEGES);
}

/* What the privilege is after one more GRANT or REVOKE. */
static const char *after(const char *before, const char *value, bool keep)
{
	bool option = strcmp(before, "granted with grant option") == 0;

	if (strcmp(value, "grant option revoked") == 0)
		return option ? "granted" : before;
	if (strcmp(value, "granted") == 0 && option)
		return before;
	return keep ? value : "";
}

/* REVOKE on a table takes the privilege from its columns too. */
static void revoke_columns(struct world *w, int relation, const char *key, const char *value)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		const char *before = world_get(w, i, key);
		if (o->alive && o->kind == CFT_OBJ_COLUMN && o->parent == relation && *before)
			world_set(w, i, key, after(before, value, false));
	}
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
	world_set(w, target, key, after(world_get(w, target, key), attr->value, keep));
	if (!granted && !paren && exec_is_relation(WORLD_OBJ(w, obj)->kind))
		revoke_columns(w, obj, key, attr->value);
	return WORLD_OK;
}

static enum world_code grant(struct world *w, int obj, const struct cft_effect *e)
{
	enum world_code code = WORLD_OK;
	bool granted = false;

	for (size_t i = 0; i < e->n_attrs && code == WORLD_OK; i++) {
		code = grant_one(w, obj, &e->attrs[i]);
		granted = granted || strncmp(e->attrs[i].value, "granted", 7) == 0;
		/* Even a REVOKE of nothing writes down what was implied until then. */
		if (!strchr(e->attrs[i].key, '('))
			world_set(w, obj, "privileges", "set");
	}
	if (code != WORLD_OK)
		return code;
	return world_resolve(w, e, granted ? obj : -1, e->n_attrs ? e->attrs[0].key : "acl");
}

static enum world_code grant_whole(struct world *w, const struct cft_effect *e)
{
	enum world_code code = exec_need_schema(w, e->name);

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

enum world_code exec_grant(struct world *w, const struct cft_effect *e)
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
	enum world_code code = exec_find(w, e, &obj, &skip);
	return code != WORLD_OK || skip ? code : grant(w, obj, e);
}
