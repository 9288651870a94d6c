/* Exec, columns: ADD COLUMN, and the columns that a query gives.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/cast.h"
#include "common/sql/world/exec.h"

#include <string.h>

/* The type that the object's definition names, or -1. */
static int type_of(const struct world *w, int obj, const char *tag)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	for (size_t i = 0; i < o->n_deps; i++)
		if (strcmp(o->deps[i].tag, tag) == 0)
			return o->deps[i].target;
	return -1;
}

/* The type as a user's type is told from its text: text for PostgreSQL's own, and for domains over
 * them, which are cast as what they are made of. */
void exec_set_type(struct world *w, int column, const char *type)
{
	int own = type_of(w, column, "type");
	const char *tail = type + strcspn(type, "([");

	if (own >= 0)
		type = cft_arena_printf(w->arena, "user type%s", tail);
	for (int depth = 0; own >= 0 && !*tail && depth < 8; depth++) {
		const char *base = world_get(w, own, "base");
		own = type_of(w, own, "");
		if (*base && own < 0)
			type = base;
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
	/* CREATE TABLE … INHERITS: its own column and the parent's become one. */
	bool merges = found >= 0 && (e->flags & CFT_EFFECT_PART) &&
	              *world_get(w, found, "inherited") &&
	              WORLD_OBJ(w, found)->created.side == w->side;
	if (merges && !cft_cast_same_text(exec_column_type(w, found), exec_attr(e, "type")))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, found, w->arena),
		                  (struct world_by){0, 0},
		                  "%s has another type than the parent's column",
		                  world_key(w, found, w->arena));
	if (merges)
		return WORLD_OK;
	if (found >= 0 && !inherited)
		return exec_duplicate(w, found);
	if (found >= 0 && !cft_cast_same_text(exec_column_type(w, found), exec_attr(e, "type")))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, found, w->arena),
		                  WORLD_OBJ(w, found)->created,
		                  "%s has another type than the new column of its parent",
		                  world_key(w, found, w->arena));
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
	exec_set_type(w, column, exec_attr(e, "type"));
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
	if (*world_get(w, table, "bound"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_TABLE, world_key(w, table, w->arena),
		                  world_set_by(w, table, WORLD_OBJ(w, table)->created),
		                  "%s is a partition: it gets its columns from its parent",
		                  world_key(w, table, w->arena));
	return add_column_down(w, table, e, false);
}

/* A column of a query's result; `source` (or -1) is what it comes from. */
static enum world_code add_output(struct world *w, int relation, const char *name, int source)
{
	int found = world_column(w, relation, name);

	if (found >= 0 && (WORLD_OBJ(w, found)->created.side != w->side ||
	                   WORLD_OBJ(w, found)->created.effect != w->effect))
		return WORLD_OK; /* the view is replaced */
	if (found >= 0 && source >= 0 && WORLD_OBJ(w, source)->created.side &&
	    WORLD_OBJ(w, source)->created.side != w->side)
		return exec_duplicate(w, source);
	if (found >= 0)
		return WORLD_OK;
	int column = world_add(w, CFT_OBJ_COLUMN, relation, "", name);
	if (source < 0 || WORLD_OBJ(w, relation)->kind == CFT_OBJ_VIEW)
		return WORLD_OK;
	world_set(w, column, "type", world_get(w, source, "type"));
	const struct world_obj *s = WORLD_OBJ(w, source);
	for (size_t i = 0; i < s->n_deps; i++)
		if (strcmp(s->deps[i].tag, "type") == 0)
			world_depend(w, column, s->deps[i].target, s->deps[i].type, "type");
	return WORLD_OK;
}

/* The column of that name of the query's relations, or -1. */
static int output_source(struct world *w, const struct cft_effect *e, const char *name)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		if (ref->kind != CFT_OBJ_RELATION || ref->scope > 1)
			continue;
		int rel = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
		int column = rel >= 0 ? world_column(w, rel, name) : -1;
		if (column >= 0)
			return column;
	}
	return -1;
}

/* The columns that a query gives a view or a table made from it; `alias.*` is every column. */
static enum world_code add_star(struct world *w, const struct cft_effect *e, int relation,
                                const char *alias, size_t alias_len)
{
	enum world_code code = WORLD_OK;

	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		if (ref->kind != CFT_OBJ_RELATION || ref->scope > 1 ||
		    (alias_len && (strlen(ref->alias) != alias_len ||
		                   strncmp(ref->alias, alias, alias_len) != 0)))
			continue;
		int source = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
		if (source < 0)
			continue;
		if (WORLD_OBJ(w, source)->open)
			WORLD_OBJ(w, relation)->open = true;
		int n = (int)w->objs.n;
		for (int k = 0; k < n && code == WORLD_OK; k++) {
			const struct world_obj *c = WORLD_OBJ(w, k);
			if (c->alive && c->kind == CFT_OBJ_COLUMN && c->parent == source)
				code = add_output(w, relation, c->name, k);
		}
	}
	return code;
}

enum world_code exec_output_columns(struct world *w, const struct cft_effect *e, int relation)
{
	const char *p = exec_attr(e, "columns");
	enum world_code code = WORLD_OK;

	if (!*p)
		WORLD_OBJ(w, relation)->open = true;
	while (*p && code == WORLD_OK) {
		size_t len = strcspn(p, ",");
		char *name = cft_arena_strndup(w->arena, p, len);

		if (len >= 2 && strcmp(name + len - 2, ".*") == 0)
			code = add_star(w, e, relation, p, len - 2);
		else
			code = add_output(w, relation, name, output_source(w, e, name));
		p += len + (p[len] == ',');
	}
	return code;
}
