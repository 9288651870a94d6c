/* Exec, RENAME and SET SCHEMA, with what follows the object.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <string.h>

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
		int constraint = exec_owning_constraint(w, obj);
		if (constraint >= 0)
			rename_to(w, constraint, name);
		return WORLD_OK;
	}
	if (o->kind != CFT_OBJ_CONSTRAINT)
		return WORLD_OK;
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->kind == CFT_OBJ_INDEX &&
	    exec_owning_constraint(w, i) == obj) {
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
		return exec_taken(w, found, name);
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
		return exec_taken(w, found, name);
	enum world_code code = rename_partner(w, obj, name);
	if (code == WORLD_OK)
		rename_to(w, obj, name);
	return code;
}

enum world_code exec_rename(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = exec_find(w, e, &obj, &skip);

	if (code != WORLD_OK || skip)
		return code;
	if (WORLD_OBJ(w, obj)->kind == CFT_OBJ_COLUMN && *world_get(w, obj, "inherited"))
		return exec_inherited(w, obj);
	if (WORLD_OBJ(w, obj)->parent >= 0)
		return rename_child(w, obj, e->to);
	const char *schema = WORLD_OBJ(w, obj)->schema;
	enum cft_object_kind kind = WORLD_OBJ(w, obj)->kind;
	if (kind == CFT_OBJ_FUNCTION) {
		int found = world_function(w, schema, e->to, WORLD_OBJ(w, obj)->args);
		if (found >= 0)
			return exec_taken(w, found, e->to);
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

bool exec_moves_along(const struct world *w, int obj, int table)
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

static enum world_code need_room(struct world *w, int obj, const char *schema)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->kind == CFT_OBJ_FUNCTION || o->kind == CFT_OBJ_OPERATOR)
		return WORLD_OK;
	return exec_slot_free(w, o->kind, schema, o->name, obj);
}

enum world_code exec_move(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = exec_find(w, e, &obj, &skip);

	if (code != WORLD_OK || skip)
		return code;
	code = exec_need_schema(w, e->to);
	if (code != WORLD_OK)
		return code;
	WORLD_EACH(w, i)
	if (code == WORLD_OK && (i == obj || exec_moves_along(w, i, obj)))
		code = need_room(w, i, e->to);
	if (code != WORLD_OK)
		return code;
	WORLD_EACH(w, i)
	if (i == obj || exec_moves_along(w, i, obj)) {
		WORLD_OBJ(w, i)->schema = e->to;
		world_index(w, i);
		world_touch(w, i);
	}
	return WORLD_OK;
}
