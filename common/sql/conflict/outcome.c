/* Outcome: the start on which both sides make sense, four runs, and the comparison of the ends.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/outcome.h"

#include "common/sql/world/exec.h"

#include <string.h>

enum { MAX_REPAIRS = 64 };

/* Does the list free the name itself, so that the other can take it? */
static bool frees(const struct cft_effects *list, const struct world_obj *o)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct cft_effect *e = &list->v[i];
		const char *name = o->parent >= 0 ? e->sub : e->name;

		if ((e->op == CFT_OP_DROP || e->op == CFT_OP_RENAME || e->op == CFT_OP_MOVE) &&
		    (strcmp(name, o->name) == 0 || e->kind == CFT_OBJ_SCHEMA))
			return true;
	}
	return false;
}

/* Objects taken to exist go into the start, once. */
static void apply_assumptions(struct world *start, const struct world *scratch)
{
	size_t n = scratch->assumptions.n;
	int *made = cft_arena_array(start->arena, int, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct world_assumption *a = &scratch->assumptions.v[i];
		int parent = a->parent >= 0              ? a->parent
		             : a->parent_assumption >= 0 ? made[a->parent_assumption]
		                                         : -1;
		int found = world_find(start, a->kind, parent, a->schema, a->name);
		if (a->kind == CFT_OBJ_FUNCTION)
			found = world_function(start, a->schema, a->name, a->args);
		if (a->kind == CFT_OBJ_OPERATOR)
			found = world_operator(start, a->schema, a->name, a->args);
		if (found < 0) {
			world_apply_assumption(start, a, parent);
			found = (int)start->objs.n - 1;
		}
		made[i] = found;
	}
}

/* One side has to make sense alone: what it refers to and nobody makes is taken to exist; what it
 * creates and the base has already is taken to have come from it. False where it cannot: it needs
 * what the other makes. */
static bool repair_start(struct world *start, const struct cft_effects *list,
                         const struct cft_effects *other)
{
	for (int i = 0; i < MAX_REPAIRS; i++) {
		struct world scratch;

		world_fork(start, &scratch, start->arena);
		scratch.assume = true;
		scratch.other = other;
		enum world_code code = world_run(&scratch, list, 1);
		int blocker = scratch.error.blocker;
		bool kill = code == WORLD_DUPLICATE && scratch.error.other.side == 0 &&
		            blocker >= 0 && blocker < (int)start->objs.n &&
		            !frees(other, WORLD_OBJ(start, blocker));
		apply_assumptions(start, &scratch);
		if (!kill)
			return code != WORLD_MISSING;
		if (exec_remove(start, &blocker, 1, true) != WORLD_OK)
			return true;
	}
	return true;
}

/* A side that needs what the other makes has to make sense behind it. */
static void repair_behind(struct world *start, const struct cft_effects *list,
                          const struct cft_effects *other)
{
	struct world scratch;

	world_fork(start, &scratch, start->arena);
	scratch.other = list;
	if (world_run(&scratch, other, 2) != WORLD_OK)
		return;
	scratch.assume = true;
	scratch.other = other;
	world_run(&scratch, list, 1);
	apply_assumptions(start, &scratch);
}

static void run(struct outcome *o, struct outcome_run *r, uint8_t first, uint8_t second,
                struct cft_arena *arena)
{
	world_fork(&o->start, &r->world, arena);
	r->world.other = o->lists[first == 1 ? 2 : 1];
	r->failed = first;
	r->code = world_run(&r->world, o->lists[first], first);
	if (r->code != WORLD_OK || second == 0)
		return;
	r->world.other = o->lists[first];
	r->failed = second;
	r->code = world_run(&r->world, o->lists[second], second);
}

static bool is_compared(const char *key)
{
	return *key != '~';
}

static void differ(struct outcome *o, int ab, int ba, const char *key, const char *va,
                   const char *vb, struct world_by by_a, struct world_by by_b)
{
	struct outcome_difference d = {ab, ba, key, va, vb, by_a, by_b};

	cft_vec_push_in(o->ab.world.arena, &o->differences, d);
}

static void compare_attrs(struct outcome *o, int ab, int ba)
{
	const struct world *w = &o->ab.world, *v = &o->ba.world;
	const struct world_obj *x = WORLD_OBJ(w, ab), *y = WORLD_OBJ(v, ba);

	if (x->attrs == y->attrs && x->n_attrs == y->n_attrs)
		return;
	for (size_t i = 0; i < x->n_attrs; i++) {
		const char *key = x->attrs[i].key, *other = world_get(v, ba, key);
		if (is_compared(key) && strcmp(x->attrs[i].value, other) != 0)
			differ(o, ab, ba, key, x->attrs[i].value, other, x->attrs[i].by,
			       world_attr_by(v, ba, key));
	}
	for (size_t i = 0; i < y->n_attrs; i++) {
		const char *key = y->attrs[i].key;
		bool absent = true;
		for (size_t k = 0; k < x->n_attrs; k++)
			absent = absent && strcmp(x->attrs[k].key, key) != 0;
		if (absent && is_compared(key) && *y->attrs[i].value)
			differ(o, ab, ba, key, "", y->attrs[i].value, (struct world_by){0, 0},
			       y->attrs[i].by);
	}
}

/* The object of one world in the other: the same index if both started with it, else the one with
 * the same name, made by either. */
static int counterpart(const struct outcome *o, const struct world *from, const struct world *to,
                       int obj)
{
	const struct world_obj *x = WORLD_OBJ(from, obj);
	int parent = x->parent;

	if (obj < (int)o->start.objs.n)
		return obj;
	if (parent >= 0) {
		parent = counterpart(o, from, to, parent);
		if (parent < 0)
			return -1;
	}
	WORLD_EACH(to, i)
	{
		const struct world_obj *y = WORLD_OBJ(to, i);
		if (i >= (int)o->start.objs.n && y->alive && y->kind == x->kind &&
		    y->parent == parent && strcmp(y->name, x->name) == 0 &&
		    strcmp(y->schema, x->schema) == 0 && strcmp(y->args, x->args) == 0)
			return i;
	}
	return -1;
}

static bool has_dep(const struct outcome *o, const struct world *from, const struct world *to,
                    const struct world_dep *dep, int obj)
{
	const struct world_obj *y = WORLD_OBJ(to, obj);
	int target = counterpart(o, from, to, dep->target);

	for (size_t i = 0; i < y->n_deps; i++)
		if (y->deps[i].target == target && strcmp(y->deps[i].tag, dep->tag) == 0)
			return true;
	return false;
}

static void compare_deps(struct outcome *o, int ab, int ba)
{
	const struct world *w = &o->ab.world, *v = &o->ba.world;
	const struct world_obj *x = WORLD_OBJ(w, ab), *y = WORLD_OBJ(v, ba);

	if (x->deps == y->deps && x->n_deps == y->n_deps)
		return;
	for (size_t i = 0; i < x->n_deps; i++)
		if (WORLD_OBJ(w, x->deps[i].target)->alive && !has_dep(o, w, v, &x->deps[i], ba))
			differ(o, ab, ba, "depends on", world_key(w, x->deps[i].target, w->arena),
			       "", x->created, y->created);
	for (size_t i = 0; i < y->n_deps; i++)
		if (WORLD_OBJ(v, y->deps[i].target)->alive && !has_dep(o, v, w, &y->deps[i], ab))
			differ(o, ab, ba, "depends on", "",
			       world_key(v, y->deps[i].target, w->arena), x->created, y->created);
}

static void compare_object(struct outcome *o, int ab, int ba)
{
	const struct world *w = &o->ab.world, *v = &o->ba.world;
	const struct world_obj *x = WORLD_OBJ(w, ab), *y = WORLD_OBJ(v, ba);

	if (x->alive != y->alive) {
		differ(o, ab, ba, "exists", x->alive ? "yes" : "", y->alive ? "yes" : "",
		       x->alive ? x->created : x->changed, y->alive ? y->created : y->changed);
		return;
	}
	if (!x->alive)
		return;
	if (strcmp(x->name, y->name) != 0 || strcmp(x->schema, y->schema) != 0)
		differ(o, ab, ba, "name", world_key(w, ab, w->arena), world_key(v, ba, w->arena),
		       x->changed, y->changed);
	compare_attrs(o, ab, ba);
	compare_deps(o, ab, ba);
}

static bool is_real(const struct world_obj *x)
{
	return x->alive && !(x->assumed && x->created.side == 0);
}

static void compare_ends(struct outcome *o)
{
	const struct world *w = &o->ab.world, *v = &o->ba.world;
	int n = (int)o->start.objs.n;

	for (int i = 0; i < n; i++)
		compare_object(o, i, i);
	for (int i = n; i < (int)w->objs.n; i++) {
		if (!is_real(WORLD_OBJ(w, i)))
			continue;
		int other = counterpart(o, w, v, i);
		if (other >= 0)
			compare_object(o, i, other);
		else
			differ(o, i, -1, "exists", "yes", "", WORLD_OBJ(w, i)->created,
			       (struct world_by){0, 0});
	}
	for (int i = n; i < (int)v->objs.n; i++)
		if (is_real(WORLD_OBJ(v, i)) && counterpart(o, v, w, i) < 0)
			differ(o, -1, i, "exists", "", "yes", (struct world_by){0, 0},
			       WORLD_OBJ(v, i)->created);
}

void outcome_make(struct outcome *o, const struct cft_effects *a, const struct cft_effects *b,
                  const struct world *base, struct cft_arena *arena)
{
	memset(o, 0, sizeof(*o));
	o->lists[1] = a;
	o->lists[2] = b;
	if (base)
		world_fork(base, &o->start, arena);
	else
		world_init(&o->start, arena);
	bool a_alone = repair_start(&o->start, a, b);
	bool b_alone = repair_start(&o->start, b, a);
	if (!a_alone)
		repair_behind(&o->start, a, b);
	if (!b_alone)
		repair_behind(&o->start, b, a);
	run(o, &o->alone[1], 1, 0, arena);
	run(o, &o->alone[2], 2, 0, arena);
	run(o, &o->ab, 1, 2, arena);
	run(o, &o->ba, 2, 1, arena);
	if (o->ab.code == WORLD_OK && o->ba.code == WORLD_OK)
		compare_ends(o);
}
