/* Exec, ALTER COLUMN: type, default, NOT NULL, generated, identity.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/cast.h"
#include "common/sql/world/exec.h"

#include <string.h>

const char *exec_column_type(const struct world *w, int column)
{
	return world_get(w, column, "type");
}

enum world_code exec_type_blocked(struct world *w, int column, int by, const char *why)
{
	world_fail(w, WORLD_DEPENDED, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
	           WORLD_OBJ(w, by)->created, "the type of %s cannot change: %s %s",
	           world_key(w, column, w->arena), world_key(w, by, w->arena), why);
	w->error.blocker = by;
	return WORLD_DEPENDED;
}

/* An expression of a timestamp is immutable for one with and one without time zone only. */
static bool zone_matters(const struct world *w, int index, const char *old, const char *type)
{
	return *world_get(w, index, "expr") && *world_get(w, index, "typed") &&
	       cft_cast_is_zoned(old) != cft_cast_is_zoned(type);
}

/* What uses the column and would not survive the change. */
static enum world_code check_dependents(struct world *w, int column, const char *old,
                                        const char *type)
{
	/* Expressions on varchar hold a cast to text, which takes nearly every type. */
	bool same_family =
		cft_cast_same_family(old, type) || strncmp(old, "character varying", 17) == 0;

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
			return exec_type_blocked(w, column, i, "uses it");
		case CFT_OBJ_COLUMN:
			if (strcmp(tag, "generated") == 0)
				return exec_type_blocked(w, column, i, "is generated from it");
			break;
		case CFT_OBJ_CONSTRAINT:
			if (!same_family && ((strcmp(world_get(w, i, "type"), "check") == 0 &&
			                      *world_get(w, i, "typed")) ||
			                     strcmp(world_get(w, i, "type"), "fkey") == 0))
				return exec_type_blocked(w, column, i,
				                         "would not fit the new type");
			break;
		case CFT_OBJ_INDEX:
			if ((!*world_get(w, i, "expr") &&
			     !cft_cast_indexable(type, world_get(w, i, "method"),
			                         world_get(w, i, "opclass"))) ||
			    (!same_family &&
			     (*world_get(w, i, "typed") || *world_get(w, i, "opclass"))) ||
			    zone_matters(w, i, old, type))
				return exec_type_blocked(w, column, i,
				                         "would not fit the new type");
			break;
		default:
			break;
		}
	}
	return WORLD_OK;
}

/* An enum is a type of its own; of domains and others the text alone says too little. */
static const char *type_in_checks(const struct world *w, const struct cft_effect *e)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		int type = ref->kind == CFT_OBJ_TYPE
		                   ? world_lookup(w, CFT_OBJ_TYPE, ref->schema, ref->name)
		                   : -1;
		if (type >= 0 && strcmp(world_get(w, type, "typtype"), "enum") == 0)
			return "user type";
	}
	return exec_attr(e, "type");
}

/* A literal keeps the type that the column had when it was written: 'x'::text. */
static void keep_literal_types(struct world *w, int column, const char *old, const char *type)
{
	const char *value = world_get(w, column, "default");
	size_t len = strlen(value);

	if (!*old || cft_cast_same_but_modifiers(old, type))
		return;
	world_set(w, column, "~was", old);
	if (len > 1 && value[0] == '\'' && value[len - 1] == '\'')
		world_set(w, column, "default", cft_arena_printf(w->arena, "%s::%s", value, old));
}

static enum world_code alter_type(struct world *w, const struct cft_effect *e, int column,
                                  bool down)
{
	const char *type = exec_attr(e, "type"), *old = exec_column_type(w, column);
	struct world_by by = world_attr_by(w, column, "type");

	enum world_code code = check_dependents(w, column, old, type_in_checks(w, e));
	if (code != WORLD_OK)
		return code;
	const char *takes = exec_attr(e, "using_takes"), *family = cft_cast_family(old);
	if (*takes && *family && strcmp(family, "user") != 0 && strcmp(family, takes) != 0 &&
	    strcmp(old, takes) != 0)
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "USING needs %s of type %s, and it is %s",
		                  world_key(w, column, w->arena), takes, old);
	if (!cft_effect_attr(e, "using") && !cft_cast_assignable(old, type))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "%s of type %s cannot be cast to %s automatically",
		                  world_key(w, column, w->arena), old, type);
	if (*world_get(w, column, "default") && !cft_cast_assignable(old, type))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "the default of %s cannot be cast to %s automatically",
		                  world_key(w, column, w->arena), type);
	if (*world_get(w, column, "identity") && strcmp(cft_cast_family(type), "number") != 0)
		return exec_type_blocked(w, column, column, "is an identity column");
	keep_literal_types(w, column, old, type);
	world_undepend(w, column, "type");
	code = world_resolve(w, e, down ? -1 : column, "type");
	/* USING is read now and forgotten. */
	exec_set_type(w, column, type);
	if (code == WORLD_OK)
		code = exec_check_labels(w, column);
	if (cft_effect_attr(e, "collation"))
		world_set(w, column, "collation", exec_attr(e, "collation"));
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
				return exec_type_blocked(w, column, i, "is of that type");
	}
	return WORLD_OK;
}

/* 0 is no default of a column that the other side made a boolean. */
static bool takes_default(const struct world *w, int column, const char *value)
{
	const char *of = cft_cast_value_type(value);

	return !*of || !world_by_other(w, world_attr_by(w, column, "type")) ||
	       cft_cast_assignable(of, world_get(w, column, "type"));
}

static enum world_code alter_default(struct world *w, const struct cft_effect *e, int column)
{
	const char *value = exec_attr(e, "default");
	struct world_by by = world_set_by(w, column, (struct world_by){0, 0});

	if (*world_get(w, column, "identity"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is an identity column: it has no default",
		                  world_key(w, column, w->arena));
	if (*world_get(w, column, "generated"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is a generated column: it has no default",
		                  world_key(w, column, w->arena));
	if (!cft_cast_literal_fits(value, exec_column_type(w, column)) ||
	    !takes_default(w, column, value))
		return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
		                  "the default %s is not a value of type %s", value,
		                  exec_column_type(w, column));
	world_undepend(w, column, "default");
	world_set(w, column, "default", strcmp(value, "NULL") == 0 ? "" : value);
	return world_resolve(w, e, column, "default");
}

static enum world_code alter_not_null(struct world *w, const struct cft_effect *e, int column)
{
	bool set = *exec_attr(e, "notnull");

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
					return exec_type_blocked(w, column, i, "needs it NOT NULL");
		}
	world_set(w, column, "notnull", set ? "yes" : "");
	return WORLD_OK;
}

static enum world_code alter_generated(struct world *w, const struct cft_effect *e, int column)
{
	const char *value = exec_attr(e, "generated");

	if (!*value && !*world_get(w, column, "generated") && !WORLD_OBJ(w, column)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  (struct world_by){0, 0}, "%s is not a generated column",
		                  world_key(w, column, w->arena));
	world_undepend(w, column, "generated");
	world_set(w, column, "generated", value);
	return world_resolve(w, e, column, "generated");
}

static enum world_code not_identity(struct world *w, int column)
{
	return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
	                  world_set_by(w, column, (struct world_by){0, 0}),
	                  "%s is not an identity column", world_key(w, column, w->arena));
}

static enum world_code drop_identity(struct world *w, int column)
{
	if (!*world_get(w, column, "identity") && !WORLD_OBJ(w, column)->assumed)
		return not_identity(w, column);
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
	bool identity = e->n_attrs && strncmp(e->attrs[0].key, "identity_", 9) == 0;
	if (identity && !*world_get(w, column, "identity") && !WORLD_OBJ(w, column)->assumed)
		return not_identity(w, column);
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, column,
		          strcmp(e->attrs[i].key, "identity_mode") == 0 ? "identity"
		                                                        : e->attrs[i].key,
		          e->attrs[i].value);
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
