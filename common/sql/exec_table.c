/* Exec, tables: columns, constraints, indexes, sequences, inheritance, rows.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/cast.h"
#include "common/sql/name.h"
#include "common/sql/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *attr_or(const struct cft_effect *e, const char *key)
{
	const char *value = cft_effect_attr(e, key);

	return value ? value : "";
}

int exec_next_child(const struct world *w, int table, int after)
{
	for (int i = after + 1; i < (int)w->objs.n; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_TABLE)
			continue;
		for (size_t k = 0; k < o->n_deps; k++)
			if (o->deps[k].target == table && strcmp(o->deps[k].tag, "inherits") == 0)
				return i;
	}
	return -1;
}

static enum world_code duplicate(struct world *w, int by)
{
	world_fail(w, WORLD_DUPLICATE, WORLD_OBJ(w, by)->kind, world_key(w, by, w->arena),
	           WORLD_OBJ(w, by)->changed.side ? WORLD_OBJ(w, by)->changed
	                                          : WORLD_OBJ(w, by)->created,
	           "%s exists already", world_key(w, by, w->arena));
	w->error.blocker = by;
	return WORLD_DUPLICATE;
}

/* The type as a user's type is told from its text: text for PostgreSQL's own. */
static void set_type(struct world *w, int column, const char *type)
{
	const struct world_obj *o = WORLD_OBJ(w, column);
	bool own = false;

	for (size_t i = 0; i < o->n_deps; i++)
		own = own || strcmp(o->deps[i].tag, "type") == 0;
	if (own) {
		const char *tail = type + strcspn(type, "([");
		type = cft_arena_printf(w->arena, "user type%s", tail);
	}
	world_set(w, column, "type", type);
}

static int add_column(struct world *w, int table, const char *name, const struct cft_effect *e,
                      bool inherited)
{
	int column = world_add(w, CFT_OBJ_COLUMN, table, "", name);

	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "filled") != 0)
			world_set(w, column, e->attrs[i].key, e->attrs[i].value);
	if (inherited)
		world_set(w, column, "inherited", "yes");
	if (*world_get(w, table, "~rows") && !cft_effect_attr(e, "filled"))
		world_set(w, column, "~nulls", "yes");
	WORLD_OBJ(w, column)->effect = e;
	return column;
}

static enum world_code add_column_down(struct world *w, int table, const struct cft_effect *e,
                                       bool inherited)
{
	int found = world_column(w, table, e->sub);

	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS)) {
		w->skip = !inherited;
		return WORLD_OK;
	}
	if (found >= 0 && !inherited)
		return duplicate(w, found);
	if (found >= 0) {
		/* The child has it: it is merged if the types agree. */
		world_set(w, found, "inherited", "yes");
		return WORLD_OK;
	}
	if (cft_effect_attr(e, "notnull") && !cft_effect_attr(e, "filled") &&
	    *world_get(w, table, "~rows"))
		return world_fail(w, WORLD_DATA, CFT_OBJ_COLUMN, world_key(w, table, w->arena),
		                  (struct world_by){0, 0},
		                  "column \"%s\" of %s would contain NULLs: it has rows", e->sub,
		                  world_key(w, table, w->arena));
	int column = add_column(w, table, e->sub, e, inherited);
	enum world_code code = world_resolve(w, e, column, "type");
	if (code != WORLD_OK)
		return code;
	set_type(w, column, attr_or(e, "type"));
	for (int child = exec_next_child(w, table, -1); child >= 0 && code == WORLD_OK;
	     child = exec_next_child(w, table, child))
		code = add_column_down(w, child, e, true);
	return code;
}

enum world_code exec_create_column(struct world *w, const struct cft_effect *e)
{
	bool type = strcmp(e->args, "type") == 0, skip;
	int table;
	enum cft_object_kind kind = type ? CFT_OBJ_TYPE : CFT_OBJ_RELATION;

	if (!type && world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name) < 0 &&
	    world_lookup(w, CFT_OBJ_TYPE, e->schema, e->name) >= 0)
		kind = CFT_OBJ_TYPE;
	enum world_code code = exec_relation(w, e, kind, &table, &skip);
	if (skip)
		w->skip = true;
	if (code != WORLD_OK || skip)
		return code;
	if (kind == CFT_OBJ_RELATION && WORLD_OBJ(w, table)->kind == CFT_OBJ_VIEW)
		return world_fail(w, WORLD_STATE, CFT_OBJ_VIEW, world_key(w, table, w->arena),
		                  WORLD_OBJ(w, table)->created, "%s is a view",
		                  world_key(w, table, w->arena));
	return add_column_down(w, table, e, false);
}

/* The columns that a query gives a view or a table made from it; `alias.*` is every column. */
static void add_star(struct world *w, const struct cft_effect *e, int relation, const char *alias,
                     size_t alias_len)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		if (ref->kind != CFT_OBJ_RELATION || ref->scope > 1 ||
		    (alias_len &&
		     (strlen(ref->alias) != alias_len || strncmp(ref->alias, alias, alias_len))))
			continue;
		int source = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
		if (source < 0)
			continue;
		if (WORLD_OBJ(w, source)->open)
			WORLD_OBJ(w, relation)->open = true;
		int n = (int)w->objs.n;
		for (int k = 0; k < n; k++) {
			const struct world_obj *c = WORLD_OBJ(w, k);
			if (c->alive && c->kind == CFT_OBJ_COLUMN && c->parent == source &&
			    world_column(w, relation, c->name) < 0)
				world_add(w, CFT_OBJ_COLUMN, relation, "", c->name);
		}
	}
}

void exec_output_columns(struct world *w, const struct cft_effect *e, int relation)
{
	const char *p = attr_or(e, "columns");

	if (!*p)
		WORLD_OBJ(w, relation)->open = true;
	while (*p) {
		size_t len = strcspn(p, ",");
		char *name = cft_arena_strndup(w->arena, p, len);

		if (len >= 2 && strcmp(name + len - 2, ".*") == 0)
			add_star(w, e, relation, p, len - 2);
		else if (world_column(w, relation, name) < 0)
			world_add(w, CFT_OBJ_COLUMN, relation, "", name);
		p += len + (p[len] == ',');
	}
}

/* LIKE's options, as the grammar numbers them. */
enum {
	LIKE_COMMENTS = 1 << 0,
	LIKE_COMPRESSION = 1 << 1,
	LIKE_DEFAULTS = 1 << 3,
	LIKE_GENERATED = 1 << 4,
	LIKE_IDENTITY = 1 << 5,
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

enum world_code exec_like(struct world *w, const struct cft_effect *e, int table)
{
	enum world_code code = world_resolve(w, e, -1, "");

	if (code != WORLD_OK || e->n_refs == 0)
		return code;
	int source = world_lookup(w, CFT_OBJ_RELATION, e->refs[0].schema, e->refs[0].name);
	if (source < 0)
		return WORLD_OK;
	int n = (int)w->objs.n, options = atoi(attr_or(e, "like"));
	WORLD_OBJ(w, table)->open = WORLD_OBJ(w, source)->open;
	for (int i = 0; i < n; i++) {
		struct world_obj c = *WORLD_OBJ(w, i);
		if (!c.alive || c.kind != CFT_OBJ_COLUMN || c.parent != source ||
		    world_column(w, table, c.name) >= 0)
			continue;
		copy_column(w, table, &c, options);
	}
	return WORLD_OK;
}

/* ---- names that PostgreSQL chooses ---- */

/* Constraint names are unique in the schema when PostgreSQL chooses them. */
static bool constraint_name_used(const struct world *w, const char *schema, const char *name)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && (o->kind == CFT_OBJ_CONSTRAINT) && strcmp(o->name, name) == 0 &&
		    strcmp(WORLD_OBJ(w, o->parent)->schema, schema) == 0)
			return true;
	}
	return false;
}

static const char *choose_name(struct world *w, const char *table, const char *name2,
                               const char *label, const char *schema, bool relation,
                               bool constraint)
{
	for (int pass = 0;; pass++) {
		char suffix[80];

		if (pass)
			snprintf(suffix, sizeof(suffix), "%s%d", label, pass);
		else
			snprintf(suffix, sizeof(suffix), "%s", label);
		const char *name =
			cft_name_generate(w->arena, table, *name2 ? name2 : NULL, suffix);
		if (relation && world_find(w, CFT_OBJ_RELATION, -1, schema, name) >= 0)
			continue;
		if (constraint && constraint_name_used(w, schema, name))
			continue;
		return name;
	}
}

/* ---- constraints and indexes ---- */

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

static void set_key_not_null(struct world *w, int constraint)
{
	const struct world_obj *o = WORLD_OBJ(w, constraint);

	for (size_t i = 0; i < o->n_deps; i++) {
		int target = o->deps[i].target;
		if (WORLD_OBJ(w, target)->kind == CFT_OBJ_COLUMN &&
		    WORLD_OBJ(w, target)->parent == o->parent && !*world_get(w, target, "notnull"))
			world_set(w, target, "notnull", "yes");
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

static enum world_code make_index(struct world *w, int constraint, int table)
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

static const char *column_type(const struct world *w, int column)
{
	return world_get(w, column, "type");
}

/* By one of the two sides: what a base deleted long ago says nothing about today. */
static bool emptied(const struct world *w, int table)
{
	const struct world_obj *o = WORLD_OBJ(w, table);

	for (size_t i = 0; i < o->n_attrs; i++)
		if (strcmp(o->attrs[i].key, "~empty") == 0)
			return *o->attrs[i].value && o->attrs[i].by.side;
	return false;
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
			own = column_type(w, t);
			nulls = *world_get(w, t, "~nulls");
		}
		if (d->kind == CFT_OBJ_CONSTRAINT && !theirs)
			for (size_t k = 0; k < d->n_deps && !theirs; k++)
				if (WORLD_OBJ(w, d->deps[k].target)->kind == CFT_OBJ_COLUMN)
					theirs = column_type(w, d->deps[k].target);
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
	if (emptied(w, parent) && *world_get(w, table, "~rows") && !nulls)
		return world_fail(w, WORLD_DATA, CFT_OBJ_TABLE, world_key(w, parent, w->arena),
		                  (struct world_by){0, 0},
		                  "rows of %s refer to rows of %s that are gone",
		                  world_key(w, table, w->arena), world_key(w, parent, w->arena));
	return WORLD_OK;
}

static enum world_code fill_constraint(struct world *w, const struct cft_effect *e, int constraint,
                                       int table)
{
	const char *type = attr_or(e, "type");
	enum world_code code;

	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *key = e->attrs[i].key;
		if (strcmp(key, "name2") == 0 || strncmp(key, "parent", 6) == 0 ||
		    strcmp(key, "index") == 0 || strcmp(key, "columns") == 0)
			continue;
		world_set(w, constraint, key, e->attrs[i].value);
	}
	WORLD_OBJ(w, constraint)->effect = e;
	code = world_resolve(w, e, constraint, "");
	if (code == WORLD_OK && cft_effect_attr(e, "index"))
		code = adopt_index(w, constraint, table, attr_or(e, "index"));
	else if (code == WORLD_OK && is_index_constraint(type))
		code = make_index(w, constraint, table);
	if (code == WORLD_OK && strcmp(type, "pkey") == 0)
		set_key_not_null(w, constraint);
	if (code == WORLD_OK && strcmp(type, "fkey") == 0)
		code = check_foreign(w, constraint, table);
	if (code == WORLD_OK && strcmp(type, "check") == 0)
		code = cft_cast_check_expression(w, e, table);
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
		world_set(w, copy, "def", attr_or(e, "def"));
		world_set(w, copy, "inherited", "yes");
		inherit_check(w, e, child, name);
	}
	return WORLD_OK;
}

enum world_code exec_create_constraint(struct world *w, const struct cft_effect *e)
{
	const char *type = attr_or(e, "type"), *name = e->sub;
	bool skip;
	int table;
	enum world_code code = exec_relation(w, e, CFT_OBJ_RELATION, &table, &skip);

	if (code != WORLD_OK || skip)
		return code;
	if (strcmp(type, "pkey") == 0 && (code = check_primary(w, table)) != WORLD_OK)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	if (!*name && cft_effect_attr(e, "index"))
		name = attr_or(e, "index");
	else if (!*name)
		name = choose_name(w, WORLD_OBJ(w, table)->name, attr_or(e, "name2"), type, schema,
		                   is_index_constraint(type), true);
	int found = world_child(w, CFT_OBJ_CONSTRAINT, table, name);
	if (found >= 0)
		return duplicate(w, found);
	int constraint = world_add(w, CFT_OBJ_CONSTRAINT, table, "", name);
	code = fill_constraint(w, e, constraint, table);
	if (code == WORLD_OK && strcmp(type, "check") == 0)
		code = inherit_check(w, e, table, name);
	return code;
}

static enum world_code check_index_types(struct world *w, int index)
{
	const struct world_obj *o = WORLD_OBJ(w, index);
	const char *opclass = world_get(w, index, "opclass");

	for (size_t i = 0; i < o->n_deps; i++) {
		int t = o->deps[i].target;
		if (WORLD_OBJ(w, t)->kind == CFT_OBJ_COLUMN &&
		    !cft_cast_indexable(column_type(w, t), opclass))
			return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, t, w->arena),
			                  WORLD_OBJ(w, t)->n_attrs ? WORLD_OBJ(w, t)->attrs[0].by
			                                           : WORLD_OBJ(w, t)->created,
			                  "operator class %s does not take %s of type %s",
			                  *opclass ? opclass : "(default)",
			                  world_key(w, t, w->arena), column_type(w, t));
	}
	return WORLD_OK;
}

enum world_code exec_create_index(struct world *w, const struct cft_effect *e)
{
	const char *name = e->name;
	bool skip, statistics = e->kind == CFT_OBJ_STATISTICS;
	int table;
	struct cft_effect on_table = *e;

	on_table.name = e->to;
	on_table.kind = CFT_OBJ_TABLE;
	on_table.flags &= ~(uint32_t)CFT_EFFECT_IF_EXISTS;
	enum world_code code = exec_relation(w, &on_table, CFT_OBJ_RELATION, &table, &skip);
	if (code != WORLD_OK || skip)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	if (!*name)
		name = choose_name(w, WORLD_OBJ(w, table)->name, attr_or(e, "name2"),
		                   statistics ? "stat" : "idx", schema, !statistics, false);
	int found = world_find(w, e->kind, -1, schema, name);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS)) {
		w->skip = true;
		return WORLD_OK;
	}
	if (found >= 0)
		return duplicate(w, found);
	int index = world_add(w, e->kind, -1, schema, name);
	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "name2") != 0)
			world_set(w, index, e->attrs[i].key, e->attrs[i].value);
	WORLD_OBJ(w, index)->effect = e;
	world_depend(w, index, table, WORLD_DEP_AUTO, "");
	code = world_resolve(w, e, index, "");
	if (code == WORLD_OK && !statistics)
		code = check_index_types(w, index);
	if (code == WORLD_OK)
		code = cft_cast_check_expression(w, e, table);
	return code;
}

/* ---- sequences ---- */

static enum world_code make_identity(struct world *w, const struct cft_effect *e, int column)
{
	struct world_by by = {0, 0};

	for (size_t i = 0; i < WORLD_OBJ(w, column)->n_attrs; i++)
		by = WORLD_OBJ(w, column)->attrs[i].by.side ? WORLD_OBJ(w, column)->attrs[i].by
		                                            : by;
	if (strcmp(attr_or(e, "mode"), "serial") == 0)
		return WORLD_OK;
	if (*world_get(w, column, "default"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s has a default, and an identity column has none",
		                  world_key(w, column, w->arena));
	if (*world_get(w, column, "identity"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is an identity column already",
		                  world_key(w, column, w->arena));
	if (!*world_get(w, column, "notnull") && !WORLD_OBJ(w, column)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "an identity column has to be NOT NULL: %s",
		                  world_key(w, column, w->arena));
	world_set(w, column, "identity", attr_or(e, "mode"));
	return WORLD_OK;
}

static enum world_code create_owned(struct world *w, const struct cft_effect *e)
{
	const char *table_name = attr_or(e, "owner_table"),
		   *column_name = attr_or(e, "owner_column");
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, table_name);

	if (table < 0 && (e->flags & CFT_EFFECT_PARENT_IF_EXISTS))
		return WORLD_OK;
	if (table < 0)
		table = world_assume(w, CFT_OBJ_TABLE, -1, e->schema, table_name, "");
	if (table < 0)
		return world_fail_missing(w, CFT_OBJ_TABLE, -1, e->schema, table_name);
	int column = world_column(w, table, column_name);
	if (column < 0)
		column = world_assume(w, CFT_OBJ_COLUMN, table, "", column_name, "");
	if (column < 0)
		return world_fail_missing(w, CFT_OBJ_COLUMN, table, "", column_name);
	enum world_code code = make_identity(w, e, column);
	if (code != WORLD_OK)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	const char *name =
		choose_name(w, WORLD_OBJ(w, table)->name, column_name, "seq", schema, true, false);
	int sequence = world_add(w, CFT_OBJ_SEQUENCE, -1, schema, name);
	bool serial = strcmp(attr_or(e, "mode"), "serial") == 0;
	world_depend(w, sequence, column, serial ? WORLD_DEP_AUTO : WORLD_DEP_INTERNAL, "");
	if (serial) {
		world_set(w, column, "default", "nextval(its sequence)");
		world_depend(w, column, sequence, WORLD_DEP_NORMAL, "default");
	}
	return WORLD_OK;
}

enum world_code exec_create_sequence(struct world *w, const struct cft_effect *e)
{
	const char *schema = world_creation_schema(w, e->schema);

	if (e->flags & CFT_EFFECT_GENERATED_NAME)
		return create_owned(w, e);
	int found = world_find(w, CFT_OBJ_RELATION, -1, schema, e->name);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS))
		return WORLD_OK;
	if (found >= 0)
		return duplicate(w, found);
	if (world_find(w, CFT_OBJ_SCHEMA, -1, "", schema) < 0 &&
	    world_assume(w, CFT_OBJ_SCHEMA, -1, "", schema, "") < 0)
		return world_fail_missing(w, CFT_OBJ_SCHEMA, -1, "", schema);
	int sequence = world_add(w, CFT_OBJ_SEQUENCE, -1, schema, e->name);
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, sequence, e->attrs[i].key, e->attrs[i].value);
	WORLD_OBJ(w, sequence)->effect = e;
	return world_resolve(w, e, sequence, "");
}

/* ---- ALTER COLUMN ---- */

static enum world_code type_blocked(struct world *w, int column, int by, const char *why)
{
	world_fail(w, WORLD_DEPENDED, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
	           WORLD_OBJ(w, by)->created, "the type of %s cannot change: %s %s",
	           world_key(w, column, w->arena), world_key(w, by, w->arena), why);
	w->error.blocker = by;
	return WORLD_DEPENDED;
}

/* What uses the column and would not survive the change. */
static enum world_code check_dependents(struct world *w, int column, const char *old,
                                        const char *type)
{
	bool same_family = cft_cast_same_family(old, type);

	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		const char *tag = NULL;

		for (size_t k = 0; o->alive && k < o->n_deps && !tag; k++)
			if (o->deps[k].target == column)
				tag = o->deps[k].tag;
		if (!tag)
			continue;
		switch ((int)o->kind) {
		case CFT_OBJ_VIEW:
		case CFT_OBJ_MATVIEW:
		case CFT_OBJ_RULE:
		case CFT_OBJ_POLICY:
		case CFT_OBJ_TRIGGER:
		case CFT_OBJ_FUNCTION:
			return type_blocked(w, column, i, "uses it");
		case CFT_OBJ_COLUMN:
			if (strcmp(tag, "generated") == 0)
				return type_blocked(w, column, i, "is generated from it");
			break;
		case CFT_OBJ_CONSTRAINT:
			if (!same_family && ((strcmp(world_get(w, i, "type"), "check") == 0 &&
			                      *world_get(w, i, "typed")) ||
			                     strcmp(world_get(w, i, "type"), "fkey") == 0))
				return type_blocked(w, column, i, "would not fit the new type");
			break;
		case CFT_OBJ_INDEX:
			if (!cft_cast_indexable(type, world_get(w, i, "opclass")) ||
			    (!same_family &&
			     (*world_get(w, i, "typed") || *world_get(w, i, "opclass"))))
				return type_blocked(w, column, i, "would not fit the new type");
			break;
		default:
			break;
		}
	}
	return WORLD_OK;
}

static enum world_code alter_type(struct world *w, const struct cft_effect *e, int column,
                                  bool down)
{
	const char *type = attr_or(e, "type"), *old = column_type(w, column);
	struct world_by by = {0, 0};
	enum world_code code;

	for (size_t i = 0; i < WORLD_OBJ(w, column)->n_attrs; i++)
		if (strcmp(WORLD_OBJ(w, column)->attrs[i].key, "type") == 0)
			by = WORLD_OBJ(w, column)->attrs[i].by;
	code = check_dependents(w, column, old, type);
	if (code != WORLD_OK)
		return code;
	if (!cft_effect_attr(e, "using") && !cft_cast_assignable(old, type))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "%s of type %s cannot be cast to %s automatically",
		                  world_key(w, column, w->arena), old, type);
	if (*world_get(w, column, "default") && !cft_cast_assignable(old, type))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "the default of %s cannot be cast to %s automatically",
		                  world_key(w, column, w->arena), type);
	if (*world_get(w, column, "identity") && strcmp(cft_cast_family(type), "number") != 0)
		return type_blocked(w, column, column, "is an identity column");
	world_undepend(w, column, "type");
	code = world_resolve(w, e, down ? -1 : column, "type");
	/* USING is read now and forgotten. */
	set_type(w, column, type);
	if (cft_effect_attr(e, "collation"))
		world_set(w, column, "collation", attr_or(e, "collation"));
	return code;
}

/* A composite type in use by a column cannot change its attributes' types. */
static enum world_code check_row_type(struct world *w, int owner, int column)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_COLUMN || o->parent == owner)
			continue;
		for (size_t k = 0; k < o->n_deps; k++)
			if (o->deps[k].target == owner && strcmp(o->deps[k].tag, "type") == 0)
				return type_blocked(w, column, i, "is of that type");
	}
	return WORLD_OK;
}

static enum world_code alter_default(struct world *w, const struct cft_effect *e, int column)
{
	const char *value = attr_or(e, "default");
	struct world_by by = {0, 0};

	for (size_t i = 0; i < WORLD_OBJ(w, column)->n_attrs; i++)
		by = WORLD_OBJ(w, column)->attrs[i].by.side ? WORLD_OBJ(w, column)->attrs[i].by
		                                            : by;
	if (*world_get(w, column, "identity"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is an identity column: it has no default",
		                  world_key(w, column, w->arena));
	if (*world_get(w, column, "generated"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is a generated column: it has no default",
		                  world_key(w, column, w->arena));
	if (!cft_cast_literal_fits(value, column_type(w, column)))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "the default %s is not a value of type %s", value,
		                  column_type(w, column));
	world_undepend(w, column, "default");
	world_set(w, column, "default", strcmp(value, "NULL") == 0 ? "" : value);
	return world_resolve(w, e, column, "default");
}

static enum world_code alter_not_null(struct world *w, const struct cft_effect *e, int column)
{
	bool set = *attr_or(e, "notnull");

	if (set && *world_get(w, column, "~nulls"))
		return world_fail(w, WORLD_DATA, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  (struct world_by){0, 0}, "%s contains NULLs",
		                  world_key(w, column, w->arena));
	if (!set)
		WORLD_EACH(w, i)
		{
			const struct world_obj *o = WORLD_OBJ(w, i);
			if (!o->alive || o->kind != CFT_OBJ_CONSTRAINT ||
			    strcmp(world_get(w, i, "type"), "pkey") != 0)
				continue;
			for (size_t k = 0; k < o->n_deps; k++)
				if (o->deps[k].target == column &&
				    o->parent == WORLD_OBJ(w, column)->parent)
					return type_blocked(w, column, i, "needs it NOT NULL");
		}
	world_set(w, column, "notnull", set ? "yes" : "");
	return WORLD_OK;
}

static enum world_code alter_generated(struct world *w, const struct cft_effect *e, int column)
{
	const char *value = attr_or(e, "generated");

	if (!*value && !*world_get(w, column, "generated") && !WORLD_OBJ(w, column)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  (struct world_by){0, 0}, "%s is not a generated column",
		                  world_key(w, column, w->arena));
	world_undepend(w, column, "generated");
	world_set(w, column, "generated", value);
	return world_resolve(w, e, column, "generated");
}

static enum world_code drop_identity(struct world *w, int column)
{
	if (!*world_get(w, column, "identity") && !WORLD_OBJ(w, column)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  (struct world_by){0, 0}, "%s is not an identity column",
		                  world_key(w, column, w->arena));
	world_set(w, column, "identity", "");
	WORLD_EACH(w, i)
	for (size_t k = 0; k < WORLD_OBJ(w, i)->n_deps; k++)
		if (WORLD_OBJ(w, i)->kind == CFT_OBJ_SEQUENCE && WORLD_OBJ(w, i)->alive &&
		    WORLD_OBJ(w, i)->deps[k].target == column &&
		    WORLD_OBJ(w, i)->deps[k].type == WORLD_DEP_INTERNAL) {
			WORLD_OBJ(w, i)->alive = false;
			world_touch(w, i);
		}
	return WORLD_OK;
}

static enum world_code alter_one(struct world *w, const struct cft_effect *e, int column, bool down)
{
	if (cft_effect_attr(e, "type")) {
		enum world_code code = check_row_type(w, WORLD_OBJ(w, column)->parent, column);
		return code != WORLD_OK ? code : alter_type(w, e, column, down);
	}
	if (cft_effect_attr(e, "default"))
		return alter_default(w, e, column);
	if (cft_effect_attr(e, "notnull"))
		return alter_not_null(w, e, column);
	if (cft_effect_attr(e, "generated"))
		return alter_generated(w, e, column);
	if (cft_effect_attr(e, "identity"))
		return drop_identity(w, column);
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, column, e->attrs[i].key, e->attrs[i].value);
	return WORLD_OK;
}

enum world_code exec_alter_column(struct world *w, const struct cft_effect *e, int table)
{
	int column = world_column(w, table, e->sub);

	if (column < 0)
		column = world_assume(w, CFT_OBJ_COLUMN, table, "", e->sub, "");
	if (column < 0 && WORLD_OBJ(w, table)->kind == CFT_OBJ_INDEX)
		return WORLD_OK; /* ALTER INDEX … ALTER COLUMN 1 SET STATISTICS */
	if (column < 0 && (e->flags & CFT_EFFECT_IF_EXISTS) && !cft_effect_attr(e, "type"))
		return WORLD_OK;
	if (column < 0)
		return world_fail_missing(w, CFT_OBJ_COLUMN, table, "", e->sub);
	enum world_code code = alter_one(w, e, column, false);
	for (int child = exec_next_child(w, table, -1); child >= 0 && code == WORLD_OK;
	     child = exec_next_child(w, table, child)) {
		int inherited = world_column(w, child, e->sub);
		if (inherited >= 0)
			code = alter_one(w, e, inherited, true);
	}
	return code;
}

/* ---- inheritance ---- */

static bool value_in(const char *list, const char *value, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, "\x1f");
		if (n == len && strncmp(list, value, n) == 0)
			return true;
		list += n + (list[n] != '\0');
	}
	return false;
}

static int compare_bound(const char *a, const char *b)
{
	static const char *const low = "minvalue", *const high = "maxvalue";
	char *end_a, *end_b;

	if (strcmp(a, b) == 0)
		return 0;
	if (strcmp(a, low) == 0 || strcmp(b, high) == 0)
		return -1;
	if (strcmp(a, high) == 0 || strcmp(b, low) == 0)
		return 1;
	double x = strtod(a, &end_a), y = strtod(b, &end_b);
	if (!*end_a && !*end_b)
		return x < y ? -1 : x > y;
	return strcmp(a, b);
}

static bool lists_overlap(const char *a, const char *b)
{
	for (const char *p = a; *p;) {
		size_t n = strcspn(p, "\x1f");
		if (value_in(b, p, n))
			return true;
		p += n + (p[n] != '\0');
	}
	return false;
}

static bool hashes_overlap(const struct world *w, int sibling, const struct cft_effect *e)
{
	int m = atoi(world_get(w, sibling, "modulus")),
	    r = atoi(world_get(w, sibling, "remainder"));
	int n = atoi(attr_or(e, "modulus")), s = atoi(attr_or(e, "remainder"));
	int gcd = m, rest = n;

	while (rest) {
		int t = gcd % rest;
		gcd = rest;
		rest = t;
	}
	return gcd && r % gcd == s % gcd;
}

/* Does the sibling leave no room for the new bound? */
static bool bounds_clash(const struct world *w, int sibling, const struct cft_effect *e, int child)
{
	const char *kind = attr_or(e, "bound"), *theirs = world_get(w, sibling, "bound");

	if (strcmp(kind, "default") == 0 && strcmp(theirs, "default") == 0)
		return true;
	/* Rows already in a default partition may belong to the new one. */
	if (strcmp(theirs, "default") == 0)
		return *world_get(w, sibling, "~rows");
	if (strcmp(kind, "default") == 0)
		return *world_get(w, child, "~rows");
	if (*kind == 'l')
		return lists_overlap(attr_or(e, "values"), world_get(w, sibling, "values"));
	if (*kind == 'h')
		return hashes_overlap(w, sibling, e);
	return compare_bound(attr_or(e, "from"), world_get(w, sibling, "to")) < 0 &&
	       compare_bound(world_get(w, sibling, "from"), attr_or(e, "to")) < 0;
}

static enum world_code check_bounds(struct world *w, const struct cft_effect *e, int parent,
                                    int child)
{
	if (!cft_effect_attr(e, "bound"))
		return WORLD_OK;
	for (int s = exec_next_child(w, parent, -1); s >= 0; s = exec_next_child(w, parent, s))
		if (s != child && bounds_clash(w, s, e, child)) {
			world_fail(w, WORLD_DUPLICATE, CFT_OBJ_TABLE, world_key(w, s, w->arena),
			           WORLD_OBJ(w, s)->created, "the bounds overlap those of %s",
			           world_key(w, s, w->arena));
			w->error.blocker = s;
			return WORLD_DUPLICATE;
		}
	return WORLD_OK;
}

static enum world_code no_match(struct world *w, int child, int column, const char *fmt)
{
	const struct world_obj *c = WORLD_OBJ(w, column);
	struct world_by by = c->created;

	for (size_t i = 0; i < c->n_attrs; i++)
		by = c->attrs[i].by.side ? c->attrs[i].by : by;
	world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by, "%s %s %s",
	           world_key(w, child, w->arena), fmt, c->name);
	w->error.blocker = column;
	return WORLD_STATE;
}

/* A table that becomes a child must have the parent's columns, and a partition no others. */
static enum world_code match_columns(struct world *w, int parent, int child, bool partition)
{
	if (WORLD_OBJ(w, parent)->open || WORLD_OBJ(w, child)->open)
		return WORLD_OK;
	int n = (int)w->objs.n;
	for (int i = 0; i < n; i++) {
		const struct world_obj *c = WORLD_OBJ(w, i);
		if (!c->alive || c->kind != CFT_OBJ_COLUMN)
			continue;
		if (c->parent == child && partition && world_column(w, parent, c->name) < 0)
			return no_match(w, parent, i, "has no column");
		if (c->parent != parent)
			continue;
		int own = world_column(w, child, c->name);
		if (own < 0)
			return no_match(w, child, i, "has no column");
		if (strcmp(column_type(w, own), column_type(w, i)) != 0)
			return no_match(w, child, i, "has another type for column");
		if (*world_get(w, i, "notnull") && !*world_get(w, own, "notnull"))
			return no_match(w, child, i, "may have NULLs in column");
		world_set(w, own, "inherited", "yes");
	}
	return WORLD_OK;
}

static void copy_columns(struct world *w, int parent, int child)
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

static void copy_checks(struct world *w, int parent, int child)
{
	int n = (int)w->objs.n;

	for (int i = 0; i < n; i++) {
		struct world_obj c = *WORLD_OBJ(w, i);
		if (!c.alive || c.kind != CFT_OBJ_CONSTRAINT || c.parent != parent ||
		    strcmp(world_get(w, i, "type"), "check") != 0 ||
		    world_child(w, CFT_OBJ_CONSTRAINT, child, c.name) >= 0)
			continue;
		int copy = world_add(w, CFT_OBJ_CONSTRAINT, child, "", c.name);
		world_set(w, copy, "type", "check");
		world_set(w, copy, "def", world_get(w, i, "def"));
		world_set(w, copy, "inherited", "yes");
	}
}

static enum world_code find_pair(struct world *w, const struct cft_effect *e, int *ret_child,
                                 int *ret_parent)
{
	const char *schema = attr_or(e, "parent_schema");
	int child = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);
	int parent = world_lookup(w, CFT_OBJ_RELATION, schema, e->to);

	if (child < 0)
		child = world_assume(w, CFT_OBJ_TABLE, -1, e->schema, e->name, "");
	if (child < 0)
		return world_fail_missing(w, CFT_OBJ_TABLE, -1, e->schema, e->name);
	if (parent < 0)
		parent = world_assume(w, CFT_OBJ_TABLE, -1, schema, e->to, "");
	if (parent < 0)
		return world_fail_missing(w, CFT_OBJ_TABLE, -1, schema, e->to);
	*ret_child = child;
	*ret_parent = parent;
	return WORLD_OK;
}

static void copy_bound(struct world *w, int child, const struct cft_effect *e)
{
	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "mode") != 0 &&
		    strcmp(e->attrs[i].key, "parent_schema") != 0)
			world_set(w, child, e->attrs[i].key, e->attrs[i].value);
}

enum world_code exec_attach(struct world *w, const struct cft_effect *e)
{
	bool partition = cft_effect_attr(e, "bound") != NULL;
	int child, parent;
	enum world_code code = find_pair(w, e, &child, &parent);

	if (code != WORLD_OK)
		return code;
	if (*world_get(w, child, "bound"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_TABLE, world_key(w, child, w->arena),
		                  WORLD_OBJ(w, child)->created, "%s is a partition already",
		                  world_key(w, child, w->arena));
	code = check_bounds(w, e, parent, child);
	if (code == WORLD_OK && strcmp(attr_or(e, "mode"), "copy") == 0)
		copy_columns(w, parent, child);
	else if (code == WORLD_OK)
		code = match_columns(w, parent, child, partition);
	if (code != WORLD_OK)
		return code;
	copy_checks(w, parent, child);
	copy_bound(w, child, e);
	world_depend(w, child, parent, partition ? WORLD_DEP_AUTO : WORLD_DEP_NORMAL, "inherits");
	return WORLD_OK;
}

enum world_code exec_detach(struct world *w, const struct cft_effect *e)
{
	int child, parent;
	enum world_code code = find_pair(w, e, &child, &parent);
	bool attached = false;

	if (code != WORLD_OK)
		return code;
	for (size_t i = 0; i < WORLD_OBJ(w, child)->n_deps; i++)
		attached = attached || WORLD_OBJ(w, child)->deps[i].target == parent;
	if (!attached && !WORLD_OBJ(w, child)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_TABLE, world_key(w, child, w->arena),
		                  WORLD_OBJ(w, child)->changed, "%s is not a child of %s",
		                  world_key(w, child, w->arena), world_key(w, parent, w->arena));
	world_undepend(w, child, "inherits");
	static const char *const keys[] = {"bound", "from", "to", "values", "modulus", "remainder"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		world_set(w, child, keys[i], "");
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->parent == child &&
	    *world_get(w, i, "inherited"))
		world_set(w, i, "inherited", "");
	return WORLD_OK;
}

/* ---- rows ---- */

static int nth_column(const struct world *w, int table, int n)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_COLUMN && o->parent == table && n-- == 0)
			return i;
	}
	return -1;
}

static void note_rows(struct world *w, const struct cft_effect *e, int table)
{
	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *key = e->attrs[i].key, *value = e->attrs[i].value;
		int column;

		if (strcmp(key, "null") == 0) {
			column = *value >= '0' && *value <= '9' ? nth_column(w, table, atoi(value))
			                                        : world_column(w, table, value);
			if (column >= 0)
				world_set(w, column, "~nulls", "yes");
		} else if (strcmp(key, "fills") == 0) {
			column = world_column(w, table, value);
			if (column >= 0)
				world_set(w, column, "~nulls", "");
		}
	}
}

static bool truncated_together(const struct cft_effect *e, const char *table)
{
	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "with") == 0 && strcmp(e->attrs[i].value, table) == 0)
			return true;
	return false;
}

static enum world_code check_truncate(struct world *w, const struct cft_effect *e, int table)
{
	if (e->flags & CFT_EFFECT_CASCADE)
		return WORLD_OK;
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_CONSTRAINT || o->parent == table ||
		    strcmp(world_get(w, i, "type"), "fkey") != 0 ||
		    truncated_together(e, WORLD_OBJ(w, o->parent)->name))
			continue;
		for (size_t k = 0; k < o->n_deps; k++)
			if (o->deps[k].target == table) {
				world_fail(w, WORLD_DEPENDED, CFT_OBJ_TABLE,
				           world_key(w, table, w->arena), o->created,
				           "%s refers to %s: it cannot be truncated alone",
				           world_key(w, i, w->arena),
				           world_key(w, table, w->arena));
				w->error.blocker = i;
				return WORLD_DEPENDED;
			}
	}
	return WORLD_OK;
}

enum world_code exec_write(struct world *w, const struct cft_effect *e)
{
	const char *rows = attr_or(e, "rows");
	bool skip;
	int table;
	enum world_code code = world_resolve(w, e, -1, "");

	if (code == WORLD_OK)
		code = exec_relation(w, e, CFT_OBJ_RELATION, &table, &skip);
	if (code != WORLD_OK || skip)
		return code;
	if (strcmp(rows, "insert") == 0) {
		world_set(w, table, "~rows", "yes");
		world_set(w, table, "~empty", "");
	}
	if (strcmp(rows, "truncate") == 0)
		code = check_truncate(w, e, table);
	if (strcmp(rows, "truncate") == 0 || strcmp(rows, "delete all") == 0) {
		world_set(w, table, "~rows", "");
		world_set(w, table, "~empty", "yes");
	}
	note_rows(w, e, table);
	return code;
}
