/* Exec, values: what constants in rows mean for checks, enums and NOT NULL.
 * SPDX-License-Identifier: MIT
 *
 * Each column remembers some constants that a side put into it, as "~has.CONSTANT". Only what the
 * other side asks is judged: what a side does alone, it has tried.
 */
#include "common/sql/world/exec.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NOTED = 24 };

static bool is_number(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && !*end;
}

/* -1, 0, 1; 2 where that cannot be said: the order of texts is a collation's matter. */
static int compare(const char *a, const char *b)
{
	double x, y;

	if (is_number(a, &x) && is_number(b, &y))
		return (x > y) - (x < y);
	if (*a != '\'' || *b != '\'')
		return 2;
	return strcmp(a, b) == 0 ? 0 : 2;
}

/* Equal, for sure not equal, or who knows. */
enum sameness { SAME, OTHER, UNKNOWN };

static enum sameness same_value(const char *a, const char *b)
{
	int order = compare(a, b);

	if (order == 2)
		return *a == '\'' && *b == '\'' ? OTHER : UNKNOWN;
	return order == 0 ? SAME : OTHER;
}

static bool is_none_of(struct world *w, const char *value, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, "\x1f");
		const char *item = cft_arena_strndup(w->arena, list, n);
		if (same_value(value, item) != OTHER)
			return false;
		list += n + (list[n] != '\0');
	}
	return true;
}

/* Is the constant surely not what the test asks for? NULL passes all but NOT NULL. */
static bool fails(struct world *w, const char *op, const char *wanted, const char *value)
{
	if (!value)
		return strcmp(op, "not null") == 0;
	if (strcmp(op, "in") == 0)
		return is_none_of(w, value, wanted);
	int order = compare(value, wanted);
	enum sameness same = same_value(value, wanted);
	if (strcmp(op, "=") == 0)
		return same == OTHER;
	if (strcmp(op, "<>") == 0)
		return same == SAME;
	if (order == 2)
		return false;
	return (strcmp(op, "<") == 0 && order >= 0) || (strcmp(op, ">") == 0 && order <= 0) ||
	       (strcmp(op, "<=") == 0 && order > 0) || (strcmp(op, ">=") == 0 && order < 0);
}

/* A test of a CHECK, "column\x1fop\x1fconstants", against a constant of that column. */
static bool test_fails(struct world *w, const char *test, const char *column, const char *value)
{
	size_t n = strcspn(test, "\x1f");

	if (strlen(column) != n || strncmp(test, column, n) != 0)
		return false;
	const char *op = test + n + 1;
	size_t len = strcspn(op, "\x1f");
	return fails(w, cft_arena_strndup(w->arena, op, len), op + len + (op[len] != '\0'), value);
}

static bool check_fails(struct world *w, const struct cft_effect *check, const char *column,
                        const char *value)
{
	for (size_t i = 0; i < check->n_attrs; i++)
		if (strcmp(check->attrs[i].key, "test") == 0 &&
		    test_fails(w, check->attrs[i].value, column, value))
			return true;
	return false;
}

static enum world_code refused(struct world *w, int column, struct world_by by, const char *value,
                               const char *what)
{
	return world_fail(w, WORLD_DATA, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
	                  "%s gets %s, which %s does not allow", world_key(w, column, w->arena),
	                  value ? value : "NULL", what);
}

/* The checks that the other side made; both sides' objects come after the common start. */
static enum world_code check_checks(struct world *w, int table, int column, const char *value)
{
	for (int i = w->n_base; i < (int)w->objs.n; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_CONSTRAINT && o->parent == table && o->effect &&
		    world_by_other(w, o->created) &&
		    check_fails(w, o->effect, WORLD_OBJ(w, column)->name, value))
			return refused(w, column, o->created, value, world_key(w, i, w->arena));
	}
	return WORLD_OK;
}

/* Is the constant no label of the enum that the column is of? */
static int enum_without(const struct world *w, int column, const char *value)
{
	const struct world_obj *o = WORLD_OBJ(w, column);
	size_t len = strlen(value);

	if (len < 2 || *value != '\'' || strstr(world_get(w, column, "type"), "[]"))
		return -1;
	for (size_t i = 0; i < o->n_deps; i++) {
		int type = o->deps[i].target;
		const char *labels = world_get(w, type, "labels");
		if (strcmp(o->deps[i].tag, "type") != 0 || !*labels || WORLD_OBJ(w, type)->assumed)
			continue;
		return world_list_has(labels, value + 1, len - 2) ? -1 : type;
	}
	return -1;
}

static enum world_code check_label(struct world *w, int column, const char *value)
{
	int type = enum_without(w, column, value);

	if (type < 0)
		return WORLD_OK;
	struct world_by by = world_attr_by(w, type, "labels");
	if (!world_by_other(w, by))
		by = world_attr_by(w, column, "type");
	return world_by_other(w, by) ? refused(w, column, by, value, world_key(w, type, w->arena))
	                             : WORLD_OK;
}

enum world_code exec_put_value(struct world *w, int table, int column, const char *value)
{
	enum world_code code = check_label(w, column, value);

	if (code == WORLD_OK)
		code = check_checks(w, table, column, value);
	if (code == WORLD_OK && w->side && WORLD_OBJ(w, column)->n_attrs < MAX_NOTED)
		world_set(w, column, cft_arena_printf(w->arena, "~has.%s", value), "yes");
	return code;
}

enum world_code exec_put_null(struct world *w, int table, int column)
{
	struct world_by by = world_attr_by(w, column, "notnull");

	if (*world_get(w, column, "notnull"))
		return world_by_other(w, by) ? refused(w, column, by, NULL, "NOT NULL") : WORLD_OK;
	world_set(w, column, "~nulls", "yes");
	return check_checks(w, table, column, NULL);
}

/* What the other side put into the column, against a new check or a new type. */
static enum world_code check_noted(struct world *w, int column, const struct cft_effect *check)
{
	const struct world_obj *o = WORLD_OBJ(w, column);

	for (size_t i = 0; i < o->n_attrs; i++) {
		const char *key = o->attrs[i].key;
		bool null = strcmp(key, "~nulls") == 0 && *o->attrs[i].value;
		const char *value = strncmp(key, "~has.", 5) == 0 ? key + 5 : NULL;
		if ((!null && !value) || !world_by_other(w, o->attrs[i].by))
			continue;
		if (check ? check_fails(w, check, o->name, value)
		          : value && enum_without(w, column, value) >= 0)
			return refused(w, column, o->attrs[i].by, value,
			               check ? "the new check" : "its new type");
	}
	return WORLD_OK;
}

enum world_code exec_check_rows(struct world *w, int table, const struct cft_effect *check)
{
	for (size_t i = 0; w->side && i < check->n_attrs; i++) {
		const char *test = check->attrs[i].value;
		if (strcmp(check->attrs[i].key, "test") != 0)
			continue;
		int column = world_column(w, table,
		                          cft_arena_strndup(w->arena, test, strcspn(test, "\x1f")));
		enum world_code code = column < 0 ? WORLD_OK : check_noted(w, column, check);
		if (code != WORLD_OK)
			return code;
	}
	return WORLD_OK;
}

enum world_code exec_check_labels(struct world *w, int column)
{
	return w->side ? check_noted(w, column, NULL) : WORLD_OK;
}
