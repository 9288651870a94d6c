/* Resolve key: primary keys and unique constraints and indexes, by their columns.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/resolver.h"

#include <string.h>

/* Same columns in any order. */
static bool same_columns(const char *a, const char *b)
{
	size_t n = 0, m = 0;

	for (const char *p = b; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
		m++;
	for (const char *p = a; *p;) {
		size_t len = strcspn(p, ",");
		bool found = false;
		for (const char *q = b; *q;) {
			size_t k = strcspn(q, ",");
			found = found || (k == len && strncmp(p, q, len) == 0);
			q += k + (q[k] == ',');
		}
		if (!found)
			return false;
		n++;
		p += len + (p[len] == ',');
	}
	return n == m;
}

/* Columns of a key as they are called now: its column dependencies. */
static bool key_matches(const struct world *w, int key, const char *columns)
{
	const struct world_obj *o = WORLD_OBJ(w, key);
	char names[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < o->n_deps; i++) {
		const struct world_obj *column = WORLD_OBJ(w, o->deps[i].target);
		size_t len = strlen(column->name);
		if (column->kind != CFT_OBJ_COLUMN || column->parent != o->parent ||
		    used + len + 2 > sizeof(names))
			continue;
		if (used)
			names[used++] = ',';
		memcpy(names + used, column->name, len + 1);
		used += len;
	}
	return same_columns(columns, names);
}

/* A primary key or unique constraint or index of the relation on the columns. */
static int find_key(const struct world *w, int rel, const char *columns)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive)
			continue;
		if (o->kind == CFT_OBJ_CONSTRAINT && o->parent == rel) {
			const char *type = world_get(w, i, "type");
			if (!*columns && strcmp(type, "pkey") == 0)
				return i;
			if (*columns && (strcmp(type, "pkey") == 0 || strcmp(type, "key") == 0) &&
			    key_matches(w, i, columns))
				return i;
		}
		if (*columns && o->kind == CFT_OBJ_INDEX &&
		    strcmp(world_get(w, i, "unique"), "yes") == 0 &&
		    !*world_get(w, i, "predicate") && !*world_get(w, i, "constraint") &&
		    same_columns(columns, world_get(w, i, "columns"))) {
			for (size_t k = 0; k < o->n_deps; k++)
				if (o->deps[k].target == rel)
					return i;
		}
	}
	return -1;
}

/* By either side, on one of the relations of the scope. */
static bool key_was_dropped(const struct resolver *r, const struct cft_ref *ref)
{
	for (size_t i = 0; i < r->n_items; i++)
		WORLD_EACH(r->w, k)
		{
			const struct world_obj *o = WORLD_OBJ(r->w, k);
			if (r->items[i].scope == ref->scope && !o->alive && o->changed.side &&
			    o->kind == CFT_OBJ_CONSTRAINT && o->parent == r->items[i].rel)
				return true;
		}
	return false;
}

/* Relations that the reference may mean: those of its scope. */
static bool in_scope(const struct resolver *r, size_t i, const struct cft_ref *ref)
{
	return r->items[i].scope == ref->scope && r->items[i].rel >= 0;
}

int resolver_find_key(const struct resolver *r, const struct cft_ref *ref)
{
	int key = -1;

	for (size_t i = 0; key < 0 && i < r->n_items; i++)
		if (in_scope(r, i, ref))
			key = find_key(r->w, r->items[i].rel, ref->sub);
	return key;
}

/* May a relation have keys that are not known here? */
static bool keys_are_open(const struct resolver *r, const struct cft_ref *ref)
{
	for (size_t i = 0; i < r->n_items; i++) {
		const struct world_obj *rel =
			in_scope(r, i, ref) ? WORLD_OBJ(r->w, r->items[i].rel) : NULL;
		if (rel && (rel->open || rel->assumed || rel->kind != CFT_OBJ_TABLE))
			return true;
	}
	return false;
}

/* The last constraint of the scope's relations that is gone; `type` NULL: of any. */
static int former_key(const struct resolver *r, const struct cft_ref *ref, const char *type)
{
	int former = -1;

	for (size_t i = 0; i < r->n_items; i++)
		WORLD_EACH(r->w, k)
		{
			const struct world_obj *o = WORLD_OBJ(r->w, k);
			if (in_scope(r, i, ref) && !o->alive && o->parent == r->items[i].rel &&
			    o->kind == CFT_OBJ_CONSTRAINT &&
			    (!type || strcmp(world_get(r->w, k, "type"), type) == 0))
				former = k;
		}
	return former;
}

/* GROUP BY: without the key the query is invalid if its relation had one. */
static enum world_code key_of_group_gone(struct resolver *r, const struct cft_ref *ref)
{
	int former = former_key(r, ref, "pkey");

	if (former < 0)
		return WORLD_OK;
	const char *name = world_key(r->w, former, r->w->arena);
	world_fail(r->w, WORLD_MISSING, CFT_OBJ_CONSTRAINT, name, WORLD_OBJ(r->w, former)->changed,
	           "the query groups by a key that %s was", name);
	return WORLD_MISSING;
}

/* Names the key that was there, if one was. */
static enum world_code key_not_found(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;
	int former = former_key(r, ref, NULL);
	struct world_by by = {0, 0};
	const char *name = cft_arena_printf(w->arena, "constraint on %s", ref->name);

	if (former >= 0) {
		by = WORLD_OBJ(w, former)->changed;
		name = world_key(w, former, w->arena);
	}
	world_fail(w, WORLD_MISSING, CFT_OBJ_CONSTRAINT, name, by,
	           "%s has no primary key or unique constraint on the referenced columns",
	           *ref->name ? ref->name : "the table");
	return WORLD_MISSING;
}

enum world_code resolver_key(struct resolver *r, const struct cft_ref *ref)
{
	int key = resolver_find_key(r, ref);
	bool statement = r->e->op == CFT_OP_WRITE && !(ref->flags & CFT_REF_LATE);

	if (key >= 0) {
		resolver_depend(r, key, ref);
		return WORLD_OK;
	}
	if (keys_are_open(r, ref) || r->quiet ||
	    (resolver_is_soft(ref) && !(statement && key_was_dropped(r, ref))))
		return WORLD_OK;
	if (ref->flags & CFT_REF_UNCERTAIN)
		return key_of_group_gone(r, ref);
	return key_not_found(r, ref);
}
