/* Exec, rows: what DML says about them.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <stdlib.h>
#include <string.h>

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

/* What an INSERT names a value by: its column, or its place where it lists no columns. */
static int given_column(const struct world *w, const struct cft_effect *e, int table,
                        const char *name)
{
	return cft_effect_attr(e, "into") ? world_column(w, table, name)
	                                  : nth_column(w, table, (int)strtol(name, NULL, 10));
}

static enum world_code note_rows(struct world *w, const struct cft_effect *e, int table)
{
	enum world_code code = WORLD_OK;

	for (size_t i = 0; i < e->n_attrs && code == WORLD_OK; i++) {
		const char *key = e->attrs[i].key, *value = e->attrs[i].value;
		int column;

		if (strcmp(key, "null") == 0) {
			column = given_column(w, e, table, value);
			if (column >= 0)
				code = exec_put_null(w, table, column);
		} else if (strcmp(key, "nulls") == 0 && *world_get(w, table, "~rows")) {
			column = world_column(w, table, value);
			if (column >= 0)
				code = exec_put_null(w, table, column);
		} else if (strcmp(key, "fills") == 0) {
			column = world_column(w, table, value);
			if (column >= 0)
				world_set(w, column, "~nulls", "");
		}
	}
	return code;
}

static bool is_listed(const char *list, const char *name)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (strlen(name) == n && strncmp(list, name, n) == 0)
			return true;
	}
	return false;
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

/* Does a primary key or unique index hold this column alone? */
static bool is_key_column(const struct world *w, int table, int column)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		const char *type = world_get(w, i, "type");
		bool constraint = o->kind == CFT_OBJ_CONSTRAINT && o->parent == table &&
		                  (strcmp(type, "pkey") == 0 || strcmp(type, "key") == 0);
		bool index = o->kind == CFT_OBJ_INDEX && *world_get(w, i, "unique") &&
		             !*world_get(w, i, "predicate");
		int columns = 0, hit = 0;

		if (!o->alive || (!constraint && !index))
			continue;
		for (size_t k = 0; k < o->n_deps; k++) {
			columns += WORLD_OBJ(w, o->deps[k].target)->kind == CFT_OBJ_COLUMN;
			hit += o->deps[k].target == column;
		}
		if (hit && columns == 1)
			return true;
	}
	return false;
}

/* Two rows with one key; who was first is remembered on the table. */
static enum world_code note_value(struct world *w, const struct cft_effect *e, int table,
                                  const char *value)
{
	char *name = cft_arena_strndup(w->arena, value, strcspn(value, "="));
	int column = given_column(w, e, table, name);
	const char *key = cft_arena_printf(w->arena, "~value.%s%s",
	                                   column < 0 ? "" : WORLD_OBJ(w, column)->name,
	                                   value + strcspn(value, "="));

	enum world_code code =
		column < 0 ? WORLD_OK
			   : exec_put_value(w, table, column, value + strcspn(value, "=") + 1);
	if (code != WORLD_OK)
		return code;
	if (column < 0 || cft_effect_attr(e, "upsert") || !is_key_column(w, table, column))
		return WORLD_OK;
	struct world_by by = world_attr_by(w, table, key);
	if (*world_get(w, table, key) && by.side != w->side)
		return world_fail(w, WORLD_DATA, CFT_OBJ_TABLE, world_key(w, table, w->arena), by,
		                  "%s has a row with %s already, and it is a key",
		                  world_key(w, table, w->arena), value);
	world_set(w, table, key, "yes");
	return WORLD_OK;
}

static enum world_code note_values(struct world *w, const struct cft_effect *e, int table)
{
	enum world_code code = WORLD_OK;

	/* Rows of the base may be gone by now. */
	for (size_t i = 0; w->side && i < e->n_attrs && code == WORLD_OK; i++)
		if (strcmp(e->attrs[i].key, "value") == 0)
			code = note_value(w, e, table, e->attrs[i].value);
	return code;
}

/* The column, n-th of its table, is left to its default. */
static bool is_omitted(const struct world *w, const struct cft_effect *e, int column, int n)
{
	const char *columns = cft_effect_attr(e, "into"), *width = cft_effect_attr(e, "width");
	const char *name = WORLD_OBJ(w, column)->name;

	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "omits") == 0 &&
		    (columns ? strcmp(e->attrs[i].value, name) == 0
		             : strtol(e->attrs[i].value, NULL, 10) == n))
			return true;
	return columns ? !is_listed(columns, name) : width && n >= strtol(width, NULL, 10);
}

/* Whoever made the column need a value. */
static struct world_by required_by(const struct world_obj *o)
{
	struct world_by by = o->created;

	for (size_t k = 0; k < o->n_attrs; k++)
		if ((strcmp(o->attrs[k].key, "notnull") == 0 ||
		     strcmp(o->attrs[k].key, "default") == 0 ||
		     strcmp(o->attrs[k].key, "identity") == 0) &&
		    o->attrs[k].by.side)
			by = o->attrs[k].by;
	return by;
}

static bool fills_itself(const struct world *w, int column)
{
	return *world_get(w, column, "default") || *world_get(w, column, "identity") ||
	       *world_get(w, column, "generated");
}

/* Does the function set, or look at, NEW.column? Of one that nobody has read it may be. */
static bool names_field(const struct world *w, int function, const char *column)
{
	const struct cft_effect *e = WORLD_OBJ(w, function)->effect;

	for (size_t i = 0; e && i < e->n_refs; i++)
		if ((e->refs[i].flags & CFT_REF_FIELD) && strcmp(e->refs[i].sub, column) == 0)
			return true;
	return !e || strcmp(world_get(w, function, "language"), "plpgsql") != 0;
}

/* A trigger may give the value. */
static bool trigger_fills(const struct world *w, int table, const char *column)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		for (size_t k = 0;
		     o->alive && o->kind == CFT_OBJ_TRIGGER && o->parent == table && k < o->n_deps;
		     k++)
			if (WORLD_OBJ(w, o->deps[k].target)->kind == CFT_OBJ_FUNCTION &&
			    names_field(w, o->deps[k].target, column))
				return true;
	}
	return false;
}

/* Columns that get no value: NULL, which the other side may have ruled out. */
static enum world_code check_required(struct world *w, const struct cft_effect *e, int table)
{
	int place = 0;

	for (int i = 0; w->side && i < (int)w->objs.n; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_COLUMN || o->parent != table ||
		    !is_omitted(w, e, i, place++) || fills_itself(w, i) ||
		    trigger_fills(w, table, o->name))
			continue;
		struct world_by by = required_by(o);
		enum world_code code = WORLD_OK;
		if (!*world_get(w, i, "notnull"))
			code = exec_put_null(w, table, i);
		else if (by.side && by.side != w->side)
			code = world_fail(w, WORLD_DATA, CFT_OBJ_COLUMN, world_key(w, i, w->arena),
			                  by, "%s needs a value, and INSERT gives it none",
			                  world_key(w, i, w->arena));
		if (code != WORLD_OK)
			return code;
	}
	return WORLD_OK;
}

/* GENERATED ALWAYS takes no value but with OVERRIDING. */
static enum world_code check_identity(struct world *w, const struct cft_effect *e, int table)
{
	for (size_t i = 0; w->side && i < e->n_attrs; i++) {
		const char *value = e->attrs[i].value;
		if (strcmp(e->attrs[i].key, "value") != 0 || cft_effect_attr(e, "overriding"))
			continue;
		int column = given_column(w, e, table,
		                          cft_arena_strndup(w->arena, value, strcspn(value, "=")));
		if (column >= 0 && strcmp(world_get(w, column, "identity"), "always") == 0)
			return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN,
			                  world_key(w, column, w->arena),
			                  required_by(WORLD_OBJ(w, column)),
			                  "%s is GENERATED ALWAYS and takes no value",
			                  world_key(w, column, w->arena));
	}
	return WORLD_OK;
}

/* TRUNCATE … CASCADE empties the tables that refer to it as well. */
static void empty_table(struct world *w, int table, bool cascade)
{
	world_set(w, table, "~rows", "");
	world_set(w, table, "~empty", "yes");
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!cascade || !o->alive || o->kind != CFT_OBJ_CONSTRAINT || o->parent == table ||
		    strcmp(world_get(w, i, "type"), "fkey") != 0 ||
		    (*world_get(w, o->parent, "~empty") && !*world_get(w, o->parent, "~rows")))
			continue;
		for (size_t k = 0; k < o->n_deps; k++)
			if (o->deps[k].target == table) {
				empty_table(w, o->parent, true);
				break;
			}
	}
}

/* Emptied by the other side, and not filled since. */
static struct world_by emptied_by(const struct world *w, int table)
{
	struct world_by by = world_attr_by(w, table, "~empty");

	return *world_get(w, table, "~empty") && world_by_other(w, by) ? by
	                                                               : (struct world_by){0, 0};
}

static bool gives_value(const struct world *w, const struct cft_effect *e, int table, int column)
{
	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *value = e->attrs[i].value;
		if (strcmp(e->attrs[i].key, "value") == 0 &&
		    given_column(w, e, table,
		                 cft_arena_strndup(w->arena, value, strcspn(value, "="))) == column)
			return true;
	}
	return false;
}

/* A row that refers to a table whose rows the other side took away. */
static enum world_code check_parent(struct world *w, const struct cft_effect *e, int table,
                                    int fkey)
{
	const struct world_obj *o = WORLD_OBJ(w, fkey);
	struct world_by by = {0, 0};
	bool refers = false;
	int parent = -1;

	for (size_t k = 0; k < o->n_deps; k++) {
		int target = o->deps[k].target;
		if (WORLD_OBJ(w, target)->kind == CFT_OBJ_TABLE && target != table) {
			parent = target;
			by = emptied_by(w, target);
		}
	}
	for (size_t k = 0; by.side && k < o->n_deps; k++)
		refers = refers || (WORLD_OBJ(w, o->deps[k].target)->parent == table &&
		                    gives_value(w, e, table, o->deps[k].target));
	return !refers ? WORLD_OK
	               : world_fail(w, WORLD_DATA, CFT_OBJ_TABLE, world_key(w, parent, w->arena),
	                            by, "the row refers to one of %s, which is emptied",
	                            world_key(w, parent, w->arena));
}

static enum world_code check_parents(struct world *w, const struct cft_effect *e, int table)
{
	enum world_code code = WORLD_OK;

	for (int i = 0; w->side && i < (int)w->objs.n && code == WORLD_OK; i++)
		if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->kind == CFT_OBJ_CONSTRAINT &&
		    WORLD_OBJ(w, i)->parent == table &&
		    strcmp(world_get(w, i, "type"), "fkey") == 0)
			code = check_parent(w, e, table, i);
	return code;
}

enum world_code exec_write(struct world *w, const struct cft_effect *e)
{
	const char *rows = exec_attr(e, "rows");
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
		code = check_required(w, e, table);
		if (code == WORLD_OK)
			code = check_identity(w, e, table);
		if (code == WORLD_OK)
			code = check_parents(w, e, table);
		if (code == WORLD_OK)
			code = note_values(w, e, table);
	}
	if (strcmp(rows, "truncate") == 0)
		code = check_truncate(w, e, table);
	if (strcmp(rows, "truncate") == 0 || strcmp(rows, "delete all") == 0)
		empty_table(w, table, *rows == 't' && (e->flags & CFT_EFFECT_CASCADE));
	return code == WORLD_OK ? note_rows(w, e, table) : code;
}
