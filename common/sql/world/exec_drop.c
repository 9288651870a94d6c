/* Exec, DROP: what goes along, and what stands in the way.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "common/sql/world/exec.h"

#include <stdlib.h>
#include <string.h>

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

enum world_code exec_depended(struct world *w, int on, int by)
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
				return exec_depended(w, dep->target, i);
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
				return exec_depended(w, schema, i);
			set[i] = *grown = true;
		}
	}
	return WORLD_OK;
}

enum world_code exec_remove(struct world *w, const int *targets, size_t n, bool cascade)
{
	bool *set = cft_calloc(w->objs.n + 1, sizeof(*set));
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

enum world_code exec_inherited(struct world *w, int obj)
{
	return world_fail(w, WORLD_STATE, WORLD_OBJ(w, obj)->kind, world_key(w, obj, w->arena),
	                  world_set_by(w, obj, WORLD_OBJ(w, obj)->created),
	                  "%s is inherited: only its parent's can be changed",
	                  world_key(w, obj, w->arena));
}

static enum world_code wrong_kind(struct world *w, int obj, const struct cft_effect *e)
{
	return world_fail(w, WORLD_STATE, WORLD_OBJ(w, obj)->kind, world_key(w, obj, w->arena),
	                  WORLD_OBJ(w, obj)->created, "%s is not a %s", world_key(w, obj, w->arena),
	                  cft_object_kind_text(e->kind));
}

/* The index of a constraint goes with the constraint only. */
int exec_owning_constraint(const struct world *w, int index)
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
	enum world_code code = exec_find(w, e, &obj, &skip);

	if (!w->doomed.n || !group)
		cft_vec_clear(&w->doomed);
	if (code != WORLD_OK)
		return code;
	if (!skip) {
		if (!exec_is_child(e) && e->kind != WORLD_OBJ(w, obj)->kind &&
		    e->kind != CFT_OBJ_RELATION && !WORLD_OBJ(w, obj)->assumed &&
		    exec_is_relation(e->kind))
			return wrong_kind(w, obj, e);
		if (e->kind == CFT_OBJ_COLUMN && *world_get(w, obj, "inherited"))
			return exec_inherited(w, obj);
		int owner = e->kind == CFT_OBJ_INDEX ? exec_owning_constraint(w, obj) : -1;
		if (owner >= 0)
			return exec_depended(w, obj, owner);
		cft_vec_push_in(w->arena, &w->doomed, obj);
		add_inherited(w, obj);
	}
	if (more)
		return WORLD_OK;
	code = exec_remove(w, w->doomed.v, w->doomed.n, e->flags & CFT_EFFECT_CASCADE);
	cft_vec_clear(&w->doomed);
	return code;
}
