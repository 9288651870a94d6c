/* Exec, constraints, with the indexes that belong to them.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/cast.h"
#include "common/sql/world/exec.h"

#include <string.h>

static bool is_index_constraint(const char *type)
{
	return strcmp(type, "pkey") == 0 || strcmp(type, "key") == 0 || strcmp(type, "excl") == 0;
}

static enum world_code check_primary(struct world *w, int table)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_CONSTRAINT && o->parent == table &&
		    strcmp(world_get(w, i, "type"), "pkey") == 0) {
			world_fail(w, WORLD_DUPLICATE, CFT_OBJ_CONSTRAINT,
			           world_key(w, i, w->arena), o->created,
			           "%s has a primary key already", world_key(w, table, w->arena));
			w->error.blocker = i;
			return WORLD_DUPLICATE;
		}
	}
	return WORLD_OK;
}

/* In the tables that inherit as well. */
static void set_not_null(struct world *w, int column)
{
	int table = WORLD_OBJ(w, column)->parent;
	const char *name = WORLD_OBJ(w, column)->name;

	world_set(w, column, "notnull", "yes");
	for (int child = exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child)) {
		int own = world_column(w, child, name);
		if (own >= 0 && !*world_get(w, own, "notnull"))
			set_not_null(w, own);
	}
}

static void set_key_not_null(struct world *w, int constraint)
{
	const struct world_obj *o = WORLD_OBJ(w, constraint);

	for (size_t i = 0; i < o->n_deps; i++) {
		int target = o->deps[i].target;
		if (WORLD_OBJ(w, target)->kind == CFT_OBJ_COLUMN &&
		    WORLD_OBJ(w, target)->parent == o->parent && !*world_get(w, target, "notnull"))
			set_not_null(w, target);
		o = WORLD_OBJ(w, constraint);
	}
}

/* ADD CONSTRAINT … USING INDEX: the index takes the constraint's name and belongs to it. */
static enum world_code adopt_index(struct world *w, int constraint, int table, const char *name)
{
	const char *schema = WORLD_OBJ(w, table)->schema;
	int index = world_find(w, CFT_OBJ_INDEX, -1, schema, name);

	if (index < 0)
		index = world_assume(w, CFT_OBJ_INDEX, -1, schema, name, "");
	if (index < 0)
		return world_fail_missing(w, CFT_OBJ_INDEX, -1, schema, name);
	const char *wanted = WORLD_OBJ(w, constraint)->name;
	if (strcmp(wanted, name) != 0) {
		enum world_code code = exec_slot_free(w, CFT_OBJ_INDEX, schema, wanted, index);
		if (code != WORLD_OK)
			return code;
		WORLD_OBJ(w, index)->name = wanted;
		world_index(w, index);
		world_touch(w, index);
	}
	for (size_t i = 0; i < WORLD_OBJ(w, index)->n_deps; i++)
		if (WORLD_OBJ(w, WORLD_OBJ(w, index)->deps[i].target)->kind == CFT_OBJ_COLUMN)
			world_depend(w, constraint, WORLD_OBJ(w, index)->deps[i].target,
			             WORLD_DEP_AUTO, "");
	world_depend(w, index, constraint, WORLD_DEP_INTERNAL, "constraint");
	world_set(w, index, "constraint", "yes");
	return WORLD_OK;
}

enum world_code exec_make_index(struct world *w, int constraint, int table)
{
	const char *schema = WORLD_OBJ(w, table)->schema;
	const char *name = WORLD_OBJ(w, constraint)->name;
	enum world_code code = exec_slot_free(w, CFT_OBJ_INDEX, schema, name, -1);

	if (code != WORLD_OK)
		return code;
	int index = world_add(w, CFT_OBJ_INDEX, -1, schema, name);
	world_set(w, index, "constraint", "yes");
	world_depend(w, index, constraint, WORLD_DEP_INTERNAL, "constraint");
	return WORLD_OK;
}

/* By one of the two sides: what a base deleted long ago says nothing about today. */
static bool emptied(const struct world *w, int table)
{
	return *world_get(w, table, "~empty") && world_attr_by(w, table, "~empty").side;
}

/* Both sides of a foreign key, and that a permanent table refers to a permanent one. */
static enum world_code check_foreign(struct world *w, int constraint, int table)
{
	const struct world_obj *o = WORLD_OBJ(w, constraint);
	int parent = -1;
	bool nulls = false;
	const char *own = NULL, *theirs = NULL;

	for (size_t i = 0; i < o->n_deps; i++) {
		int t = o->deps[i].target;
		const struct world_obj *d = WORLD_OBJ(w, t);
		if (d->kind == CFT_OBJ_TABLE)
			parent = t;
		if (d->kind == CFT_OBJ_COLUMN && d->parent == table && !own) {
			own = exec_column_type(w, t);
			nulls = *world_get(w, t, "~nulls");
		}
		if (d->kind == CFT_OBJ_CONSTRAINT && !theirs)
			for (size_t k = 0; k < d->n_deps && !theirs; k++)
				if (WORLD_OBJ(w, d->deps[k].target)->kind == CFT_OBJ_COLUMN)
					theirs = exec_column_type(w, d->deps[k].target);
	}
	if (parent < 0)
		return WORLD_OK;
	if (!*world_get(w, table, "persistence") &&
	    strcmp(world_get(w, parent, "persistence"), "unlogged") == 0)
		return world_fail(w, WORLD_STATE, CFT_OBJ_TABLE, world_key(w, parent, w->arena),
		                  (struct world_by){0, 0},
		                  "a permanent table cannot refer to the unlogged %s",
		                  world_key(w, parent, w->arena));
	if (own && theirs && !cft_cast_comparable(own, theirs))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, parent, w->arena),
		                  (struct world_by){0, 0}, "key columns of types %s and %s", own,
		                  theirs);
	if (emptied(w, parent) && *world_get(w, table, "~rows") && !nulls &&
	    !*world_get(w, constraint, "not_valid"))
		return world_fail(w, WORLD_DATA, CFT_OBJ_TABLE, world_key(w, parent, w->arena),
		                  (struct world_by){0, 0},
		                  "rows of %s refer to rows of %s that are gone",
		                  world_key(w, table, w->arena), world_key(w, parent, w->arena));
	return WORLD_OK;
}

static enum world_code fill_constraint(struct world *w, const struct cft_effect *e, int constraint,
                                       int table)
{
	const char *type = exec_attr(e, "type");
	enum world_code code;

	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *key = e->attrs[i].key;
		if (strcmp(key, "name2") == 0)
			world_set(w, constraint, "~name2", e->attrs[i].value);
		if (strcmp(key, "name2") == 0 || strncmp(key, "parent", 6) == 0 ||
		    strcmp(key, "index") == 0 || strcmp(key, "columns") == 0 ||
		    strcmp(key, "test") == 0)
			continue;
		world_set(w, constraint, key, e->attrs[i].value);
	}
	WORLD_OBJ(w, constraint)->effect = e;
	code = world_resolve(w, e, constraint, "");
	if (code == WORLD_OK && cft_effect_attr(e, "index"))
		code = adopt_index(w, constraint, table, exec_attr(e, "index"));
	else if (code == WORLD_OK && is_index_constraint(type))
		code = exec_make_index(w, constraint, table);
	if (code == WORLD_OK && strcmp(type, "pkey") == 0)
		set_key_not_null(w, constraint);
	if (code == WORLD_OK && strcmp(type, "fkey") == 0)
		code = check_foreign(w, constraint, table);
	if (code == WORLD_OK && strcmp(type, "check") == 0)
		code = cft_cast_check_expression(w, e, table);
	if (code == WORLD_OK && strcmp(type, "check") == 0)
		code = exec_check_written_for(w, constraint);
	if (code == WORLD_OK && !cft_effect_attr(e, "not_valid"))
		code = exec_check_rows(w, table, e);
	return code;
}

/* CHECK constraints are copied to the tables that inherit. */
static enum world_code inherit_check(struct world *w, const struct cft_effect *e, int table,
                                     const char *name)
{
	for (int child = exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child)) {
		if (world_child(w, CFT_OBJ_CONSTRAINT, child, name) >= 0)
			continue;
		int copy = world_add(w, CFT_OBJ_CONSTRAINT, child, "", name);
		world_set(w, copy, "type", "check");
		world_set(w, copy, "def", exec_attr(e, "def"));
		world_set(w, copy, "not_valid", exec_attr(e, "not_valid"));
		world_set(w, copy, "inherited", "yes");
		struct world_obj own =
			*WORLD_OBJ(w, world_child(w, CFT_OBJ_CONSTRAINT, table, name));
		exec_copy_column_deps(w, copy, &own, table, child);
		inherit_check(w, e, child, name);
	}
	return WORLD_OK;
}

/* VALIDATE CONSTRAINT looks at the rows of the tables that inherit as well. */
void exec_validate_inherited(struct world *w, int constraint)
{
	int table = WORLD_OBJ(w, constraint)->parent;
	const char *name = WORLD_OBJ(w, constraint)->name;

	for (int child = exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child)) {
		int own = world_child(w, CFT_OBJ_CONSTRAINT, child, name);
		if (own < 0 || !*world_get(w, own, "inherited"))
			continue;
		world_set(w, own, "not_valid", "");
		exec_validate_inherited(w, own);
	}
}

enum world_code exec_create_constraint(struct world *w, const struct cft_effect *e)
{
	const char *type = exec_attr(e, "type"), *name = e->sub;
	bool skip;
	int table;
	enum world_code code = exec_relation(w, e, CFT_OBJ_RELATION, &table, &skip);

	if (code != WORLD_OK || skip)
		return code;
	if ((code = exec_need_rows(w, table)) != WORLD_OK)
		return code;
	if (strcmp(type, "pkey") == 0 && (code = check_primary(w, table)) != WORLD_OK)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	if (!*name && cft_effect_attr(e, "index"))
		name = exec_attr(e, "index");
	else if (!*name)
		name = exec_choose_name(w, WORLD_OBJ(w, table)->name, exec_attr(e, "name2"), type,
		                        schema, is_index_constraint(type), true);
	int found = world_child(w, CFT_OBJ_CONSTRAINT, table, name);
	if (found >= 0)
		return exec_duplicate(w, found);
	int constraint = world_add(w, CFT_OBJ_CONSTRAINT, table, "", name);
	code = fill_constraint(w, e, constraint, table);
	if (code == WORLD_OK && strcmp(type, "check") == 0 && !cft_effect_attr(e, "no_inherit"))
		return inherit_check(w, e, table, name);
	return code == WORLD_OK ? exec_spread_part(w, constraint, table) : code;
}
