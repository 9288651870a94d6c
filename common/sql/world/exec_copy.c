/* Exec, copies: LIKE, and what a child takes from its parent.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <stdlib.h>
#include <string.h>

/* LIKE's options, as the grammar numbers them. */
enum {
	LIKE_COMMENTS = 1 << 0,
	LIKE_COMPRESSION = 1 << 1,
	LIKE_CONSTRAINTS = 1 << 2,
	LIKE_DEFAULTS = 1 << 3,
	LIKE_GENERATED = 1 << 4,
	LIKE_IDENTITY = 1 << 5,
	LIKE_INDEXES = 1 << 6,
	LIKE_STATISTICS = 1 << 7,
	LIKE_STORAGE = 1 << 8,
	INHERIT_OPTIONS = LIKE_COMPRESSION | LIKE_DEFAULTS | LIKE_GENERATED | LIKE_STORAGE,
};

static bool is_copied(const char *key, int options)
{
	static const struct {
		const char *key;
		int option;
	} optional[] = {
		{"comment", LIKE_COMMENTS},  {"compression", LIKE_COMPRESSION},
		{"default", LIKE_DEFAULTS},  {"generated", LIKE_GENERATED},
		{"identity", LIKE_IDENTITY}, {"storage", LIKE_STORAGE},
	};

	for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++)
		if (strcmp(optional[i].key, key) == 0)
			return options & optional[i].option;
	return strcmp(key, "type") == 0 || strcmp(key, "notnull") == 0 ||
	       strcmp(key, "collation") == 0;
}

static int copy_column(struct world *w, int table, const struct world_obj *c, int options)
{
	int column = world_add(w, CFT_OBJ_COLUMN, table, "", c->name);

	for (size_t i = 0; i < c->n_attrs; i++)
		if (is_copied(c->attrs[i].key, options))
			world_set(w, column, c->attrs[i].key, c->attrs[i].value);
	for (size_t i = 0; i < c->n_deps; i++)
		if (is_copied(c->deps[i].tag, options))
			world_depend(w, column, c->deps[i].target, c->deps[i].type, c->deps[i].tag);
	return column;
}

void exec_copy_column_deps(struct world *w, int to, const struct world_obj *from, int source,
                           int table)
{
	for (size_t i = 0; i < from->n_deps; i++) {
		const struct world_obj *t = WORLD_OBJ(w, from->deps[i].target);
		if (t->kind != CFT_OBJ_COLUMN || t->parent != source)
			continue;
		world_depend(w, to, world_column(w, table, t->name), from->deps[i].type,
		             from->deps[i].tag);
	}
}

static void copy_attrs(struct world *w, int to, const struct world_obj *from, int options)
{
	for (size_t i = 0; i < from->n_attrs; i++)
		if (strcmp(from->attrs[i].key, "comment") != 0 || (options & LIKE_COMMENTS))
			world_set(w, to, from->attrs[i].key, from->attrs[i].value);
}

/* Checks keep their names; keys and indexes get new ones, after the new table. */
static enum world_code copy_constraint(struct world *w, int from, int source, int table,
                                       int options)
{
	struct world_obj c = *WORLD_OBJ(w, from);
	const char *type = world_get(w, from, "type"), *name = c.name;
	bool check = strcmp(type, "check") == 0;

	if (!check)
		name = exec_choose_name(w, WORLD_OBJ(w, table)->name, world_get(w, from, "~name2"),
		                        type, WORLD_OBJ(w, table)->schema, true, true);
	else if (world_child(w, CFT_OBJ_CONSTRAINT, table, name) >= 0)
		return WORLD_OK;
	int to = world_add(w, CFT_OBJ_CONSTRAINT, table, "", name);
	copy_attrs(w, to, &c, options);
	exec_copy_column_deps(w, to, &c, source, table);
	return check ? WORLD_OK : exec_make_index(w, to, table);
}

static int copy_index(struct world *w, int from, int source, int table, int options)
{
	struct world_obj c = *WORLD_OBJ(w, from);
	bool statistics = c.kind == CFT_OBJ_STATISTICS;
	const char *name = exec_choose_name(
		w, WORLD_OBJ(w, table)->name, world_get(w, from, "~name2"),
		statistics ? "stat" : "idx", WORLD_OBJ(w, table)->schema, !statistics, false);
	int to = world_add(w, c.kind, -1, WORLD_OBJ(w, table)->schema, name);

	copy_attrs(w, to, &c, options);
	exec_copy_column_deps(w, to, &c, source, table);
	world_depend(w, to, table, WORLD_DEP_AUTO, "");
	return to;
}

static bool is_on(const struct world_obj *o, int table)
{
	for (size_t i = 0; i < o->n_deps; i++)
		if (o->deps[i].target == table)
			return true;
	return false;
}

static bool is_copied_constraint(const struct world *w, int constraint, int options)
{
	const char *type = world_get(w, constraint, "type");

	if (strcmp(type, "check") == 0)
		return options & LIKE_CONSTRAINTS;
	return strcmp(type, "fkey") != 0 && (options & LIKE_INDEXES);
}

/* Constraints, indexes and extended statistics of the source. */
static enum world_code copy_parts(struct world *w, int source, int table, int options)
{
	enum world_code code = WORLD_OK;
	int n = (int)w->objs.n;

	for (int i = 0; i < n && code == WORLD_OK; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		bool index = o->kind == CFT_OBJ_INDEX && (options & LIKE_INDEXES);
		bool statistics = o->kind == CFT_OBJ_STATISTICS && (options & LIKE_STATISTICS);

		if (!o->alive)
			continue;
		if (o->kind == CFT_OBJ_CONSTRAINT && o->parent == source &&
		    is_copied_constraint(w, i, options))
			code = copy_constraint(w, i, source, table, options);
		else if ((index || statistics) && is_on(o, source) &&
		         !*world_get(w, i, "constraint"))
			copy_index(w, i, source, table, options);
	}
	return code;
}

enum world_code exec_like(struct world *w, const struct cft_effect *e, int table)
{
	enum world_code code = world_resolve(w, e, -1, "");

	if (code != WORLD_OK || e->n_refs == 0)
		return code;
	int source = world_lookup(w, CFT_OBJ_RELATION, e->refs[0].schema, e->refs[0].name);
	if (source < 0)
		return WORLD_OK;
	int n = (int)w->objs.n, options = atoi(exec_attr(e, "like"));
	WORLD_OBJ(w, table)->open = WORLD_OBJ(w, source)->open;
	for (int i = 0; i < n; i++) {
		struct world_obj c = *WORLD_OBJ(w, i);
		if (!c.alive || c.kind != CFT_OBJ_COLUMN || c.parent != source ||
		    world_column(w, table, c.name) >= 0)
			continue;
		copy_column(w, table, &c, options);
	}
	return copy_parts(w, source, table, options);
}

void exec_copy_columns(struct world *w, int parent, int child)
{
	int n = (int)w->objs.n;

	for (int i = 0; i < n; i++) {
		struct world_obj c = *WORLD_OBJ(w, i);
		if (!c.alive || c.kind != CFT_OBJ_COLUMN || c.parent != parent ||
		    world_column(w, child, c.name) >= 0)
			continue;
		int column = copy_column(w, child, &c, INHERIT_OPTIONS);
		world_set(w, column, "inherited", "yes");
	}
	WORLD_OBJ(w, child)->open = WORLD_OBJ(w, child)->open || WORLD_OBJ(w, parent)->open;
}

/* Valid in a table that has no rows yet, whatever they are in the parent. */
void exec_copy_checks(struct world *w, int parent, int child)
{
	int n = (int)w->objs.n;

	for (int i = 0; i < n; i++) {
		struct world_obj c = *WORLD_OBJ(w, i);
		if (!c.alive || c.kind != CFT_OBJ_CONSTRAINT || c.parent != parent ||
		    strcmp(world_get(w, i, "type"), "check") != 0 ||
		    *world_get(w, i, "no_inherit") ||
		    world_child(w, CFT_OBJ_CONSTRAINT, child, c.name) >= 0)
			continue;
		int copy = world_add(w, CFT_OBJ_CONSTRAINT, child, "", c.name);
		world_set(w, copy, "type", "check");
		world_set(w, copy, "def", world_get(w, i, "def"));
		world_set(w, copy, "inherited", "yes");
		exec_copy_column_deps(w, copy, &c, parent, child);
	}
}

/* A partition's index of the same definition serves as a part of the parent's. */
static int matching_index(const struct world *w, int index, int partition)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_INDEX && is_on(o, partition) &&
		    !*world_get(w, i, "constraint") &&
		    strcmp(world_get(w, i, "def"), world_get(w, index, "def")) == 0)
			return i;
	}
	return -1;
}

/* Keys get names of their own, foreign keys keep the parent's. */
static enum world_code partition_constraint(struct world *w, int from, int parent, int partition)
{
	const struct world_obj *c = WORLD_OBJ(w, from);
	bool foreign = strcmp(world_get(w, from, "type"), "fkey") == 0;
	int n = (int)w->objs.n;

	if (!foreign) {
		enum world_code code = copy_constraint(w, from, parent, partition, 0);
		if (code == WORLD_OK)
			world_depend(w, n, from, WORLD_DEP_INTERNAL, "partition");
		return code;
	}
	struct world_obj own = *c;
	int to = world_add(w, CFT_OBJ_CONSTRAINT, partition, "", own.name);
	copy_attrs(w, to, &own, 0);
	exec_copy_column_deps(w, to, &own, parent, partition);
	for (size_t i = 0; i < own.n_deps; i++)
		if (WORLD_OBJ(w, own.deps[i].target)->kind == CFT_OBJ_TABLE ||
		    WORLD_OBJ(w, own.deps[i].target)->kind == CFT_OBJ_CONSTRAINT)
			world_depend(w, to, own.deps[i].target, own.deps[i].type, own.deps[i].tag);
	world_depend(w, to, from, WORLD_DEP_INTERNAL, "partition");
	return WORLD_OK;
}

enum world_code exec_copy_part(struct world *w, int part, int parent, int partition)
{
	const struct world_obj *o = WORLD_OBJ(w, part);

	if (o->kind == CFT_OBJ_CONSTRAINT)
		return strcmp(world_get(w, part, "type"), "check") == 0
		               ? WORLD_OK
		               : partition_constraint(w, part, parent, partition);
	int own = matching_index(w, part, partition);
	if (own < 0)
		own = copy_index(w, part, parent, partition, 0);
	world_depend(w, own, part, WORLD_DEP_AUTO, "partition");
	return WORLD_OK;
}

enum world_code exec_copy_partitioned(struct world *w, int parent, int partition)
{
	enum world_code code = WORLD_OK;
	int n = (int)w->objs.n;

	for (int i = 0; i < n && code == WORLD_OK; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		bool constraint = o->kind == CFT_OBJ_CONSTRAINT && o->parent == parent;
		bool index = o->kind == CFT_OBJ_INDEX && is_on(o, parent) &&
		             !*world_get(w, i, "constraint") && !*world_get(w, i, "only");
		if (o->alive && (constraint || index))
			code = exec_copy_part(w, i, parent, partition);
	}
	return code;
}

enum world_code exec_spread_part(struct world *w, int part, int parent)
{
	enum world_code code = WORLD_OK;

	if (!*world_get(w, parent, "partition_by") || *world_get(w, part, "only"))
		return WORLD_OK;
	for (int child = exec_next_child(w, parent, -1); child >= 0 && code == WORLD_OK;
	     child = exec_next_child(w, parent, child))
		code = exec_copy_part(w, part, parent, child);
	return code;
}
