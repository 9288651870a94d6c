/* Exec, inheritance: children, partitions and their bounds.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <stdlib.h>
#include <string.h>

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
	int n = atoi(exec_attr(e, "modulus")), s = atoi(exec_attr(e, "remainder"));
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
	const char *kind = exec_attr(e, "bound"), *theirs = world_get(w, sibling, "bound");

	if (strcmp(kind, "default") == 0 && strcmp(theirs, "default") == 0)
		return true;
	/* Rows already in a default partition may belong to the new one. */
	if (strcmp(theirs, "default") == 0)
		return *world_get(w, sibling, "~rows");
	if (strcmp(kind, "default") == 0)
		return *world_get(w, child, "~rows");
	if (*kind == 'l')
		return lists_overlap(exec_attr(e, "values"), world_get(w, sibling, "values"));
	if (*kind == 'h')
		return hashes_overlap(w, sibling, e);
	return compare_bound(exec_attr(e, "from"), world_get(w, sibling, "to")) < 0 &&
	       compare_bound(world_get(w, sibling, "from"), exec_attr(e, "to")) < 0;
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
	struct world_by by = world_set_by(w, column, c->created);

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
		if (strcmp(exec_column_type(w, own), exec_column_type(w, i)) != 0)
			return no_match(w, child, i, "has another type for column");
		if (*world_get(w, i, "notnull") && !*world_get(w, own, "notnull"))
			return no_match(w, child, i, "may have NULLs in column");
		world_set(w, own, "inherited", "yes");
	}
	return WORLD_OK;
}

static enum world_code find_pair(struct world *w, const struct cft_effect *e, int *ret_child,
                                 int *ret_parent)
{
	const char *schema = exec_attr(e, "parent_schema");
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
	if (code == WORLD_OK && strcmp(exec_attr(e, "mode"), "copy") == 0)
		exec_copy_columns(w, parent, child);
	else if (code == WORLD_OK)
		code = match_columns(w, parent, child, partition);
	if (code != WORLD_OK)
		return code;
	exec_copy_checks(w, parent, child);
	if (partition)
		code = exec_copy_partitioned(w, parent, child);
	if (code != WORLD_OK)
		return code;
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
	/* What came with the parent's indexes and keys stays, on its own. */
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		bool on = o->parent == child;
		for (size_t k = 0; k < o->n_deps && !on; k++)
			on = o->kind == CFT_OBJ_INDEX && o->deps[k].target == child;
		if (o->alive && on)
			world_undepend(w, i, "partition");
	}
	static const char *const keys[] = {"bound", "from", "to", "values", "modulus", "remainder"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		world_set(w, child, keys[i], "");
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->parent == child &&
	    *world_get(w, i, "inherited"))
		world_set(w, i, "inherited", "");
	return WORLD_OK;
}
