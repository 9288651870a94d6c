/* Exec, indexes and extended statistics, and the names that PostgreSQL chooses.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/name.h"
#include "common/sql/world/cast.h"
#include "common/sql/world/exec.h"

#include <stdio.h>
#include <string.h>

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

const char *exec_choose_name(struct world *w, const char *table, const char *name2,
                             const char *label, const char *schema, bool relation, bool constraint)
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

static enum world_code check_index_types(struct world *w, int index)
{
	const struct world_obj *o = WORLD_OBJ(w, index);
	const char *opclass = world_get(w, index, "opclass");

	for (size_t i = 0; i < o->n_deps; i++) {
		int t = o->deps[i].target;
		if (WORLD_OBJ(w, t)->kind == CFT_OBJ_COLUMN && !*world_get(w, index, "expr") &&
		    !*world_get(w, index, "predicate") &&
		    !cft_cast_indexable(exec_column_type(w, t), world_get(w, index, "method"),
		                        opclass))
			return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, t, w->arena),
			                  WORLD_OBJ(w, t)->n_attrs ? WORLD_OBJ(w, t)->attrs[0].by
			                                           : WORLD_OBJ(w, t)->created,
			                  "operator class %s does not take %s of type %s",
			                  *opclass ? opclass : "(default)",
			                  world_key(w, t, w->arena), exec_column_type(w, t));
	}
	return WORLD_OK;
}

enum world_code exec_check_written_for(struct world *w, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (strcmp(world_get(w, obj, "typed"), "fixed") != 0)
		return WORLD_OK;
	for (size_t i = 0; i < o->n_deps; i++) {
		int column = o->deps[i].target;
		const char *was = world_get(w, column, "~was"), *is = exec_column_type(w, column);
		struct world_by by = world_attr_by(w, column, "~was");
		if (!*was || !world_by_other(w, by) || strncmp(was, "character varying", 17) == 0)
			continue;
		bool zone = *world_get(w, obj, "expr") &&
		            cft_cast_is_zoned(was) != cft_cast_is_zoned(is);
		if (zone || !cft_cast_same_family(was, is))
			return world_fail(
				w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
				"%s is written for %s of type %s", world_key(w, obj, w->arena),
				world_key(w, column, w->arena), was);
	}
	return WORLD_OK;
}

enum world_code exec_need_rows(struct world *w, int relation)
{
	if (WORLD_OBJ(w, relation)->kind != CFT_OBJ_VIEW)
		return WORLD_OK;
	return world_fail(w, WORLD_STATE, CFT_OBJ_VIEW, world_key(w, relation, w->arena),
	                  WORLD_OBJ(w, relation)->created, "%s is a view",
	                  world_key(w, relation, w->arena));
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
	code = exec_need_rows(w, table);
	if (code != WORLD_OK)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	if (!*name)
		name = exec_choose_name(w, WORLD_OBJ(w, table)->name, exec_attr(e, "name2"),
		                        statistics ? "stat" : "idx", schema, !statistics, false);
	int found = world_find(w, e->kind, -1, schema, name);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS)) {
		/* PostgreSQL reads the columns before it looks at the name. */
		w->skip = true;
		return world_resolve(w, e, -1, "");
	}
	if (found >= 0)
		return exec_duplicate(w, found);
	int index = world_add(w, e->kind, -1, schema, name);
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, index,
		          strcmp(e->attrs[i].key, "name2") == 0 ? "~name2" : e->attrs[i].key,
		          e->attrs[i].value);
	WORLD_OBJ(w, index)->effect = e;
	world_depend(w, index, table, WORLD_DEP_AUTO, "");
	code = world_resolve(w, e, index, "");
	if (code == WORLD_OK && !statistics)
		code = check_index_types(w, index);
	if (code == WORLD_OK)
		code = cft_cast_check_expression(w, e, table);
	if (code == WORLD_OK)
		code = exec_check_written_for(w, index);
	return code == WORLD_OK && !statistics ? exec_spread_part(w, index, table) : code;
}
