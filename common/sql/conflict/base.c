/* Base: a schema folded from effects.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/base.h"

#include "common/base/json.h"
#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The effects are copied: the base outlives the caller's arena. */
static void copy_effects(struct cft_base *base, const struct cft_effects *from,
                         struct cft_effects *to)
{
	json_t *json = cft_effects_to_json(from);

	cft_effects_from_json(json, &base->arena, to, NULL);
	json_decref(json);
}

/* Runs a list on the schema; what cannot be applied is skipped. The effects are kept. */
static void fold(struct cft_base *base, const struct cft_effects *effects)
{
	struct world *w = &base->world;

	for (size_t i = 0; i < effects->n; i++)
		effects->v[i].flags |= CFT_EFFECT_CONDITIONAL;
	w->assume = true;
	world_run(w, effects, 0);
	w->assume = false;
	/* A dump ends with an empty search_path. */
	w->path = w->default_path;
	w->skip = false;
	w->list = NULL;
}

static void count_alive(struct cft_base *base)
{
	base->n_alive = 0;
	WORLD_EACH(&base->world, i)
	base->n_alive += WORLD_OBJ(&base->world, i)->alive;
}

struct cft_base *cft_base_new(const struct cft_effects *effects)
{
	struct cft_base *base = cft_new(struct cft_base);

	cft_arena_init(&base->arena);
	world_init(&base->world, &base->arena);
	cft_base_extend(base, effects);
	base->world.based = true;
	return base;
}

bool cft_base_extend(struct cft_base *base, const struct cft_effects *effects)
{
	size_t assumed = base->world.assumptions.n;
	struct cft_effects own = {0};

	copy_effects(base, effects, &own);
	fold(base, &own);
	count_alive(base);
	return base->world.assumptions.n > assumed;
}

/* ---- lists over a base ---- */

static bool works_with(const struct cft_effect *e, const char *name)
{
	bool makes = e->op == CFT_OP_CREATE && !cft_object_kind_is_child(e->kind);

	if (!makes && strcmp(e->name, name) == 0)
		return true;
	if (e->kind == CFT_OBJ_INDEX && strcmp(e->to, name) == 0)
		return true;
	for (size_t i = 0; i < e->n_refs; i++)
		if (strcmp(e->refs[i].name, name) == 0)
			return true;
	return false;
}

/* Does `x` make something under a name that `y` works with? */
static bool makes_for(const struct cft_effects *x, const struct cft_effects *y)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct cft_effect *e = &x->v[i];
		bool names = e->op == CFT_OP_RENAME;

		if (cft_object_kind_is_child(e->kind) || (!names && e->op != CFT_OP_CREATE))
			continue;
		for (size_t k = 0; k < y->n; k++)
			if (works_with(&y->v[k], names ? e->to : e->name))
				return true;
	}
	return false;
}

/* The first of those left that needs none of the others, else the first. */
static size_t next_list(const struct cft_effects *const *lists, const bool *done, size_t n)
{
	size_t first = n;

	for (size_t i = 0; i < n; i++) {
		bool waits = false;
		for (size_t k = 0; k < n && !done[i] && !waits; k++)
			waits = !done[k] && k != i && makes_for(lists[k], lists[i]);
		if (!done[i] && !waits)
			return i;
		if (!done[i] && first == n)
			first = i;
	}
	return first;
}

static struct cft_effects *copy_shallow(struct cft_arena *arena, const struct cft_effects *from)
{
	struct cft_effects *to = cft_arena_new(arena, struct cft_effects);

	*to = *from;
	to->v = cft_arena_array(arena, struct cft_effect, from->n);
	if (from->n)
		memcpy(to->v, from->v, from->n * sizeof(*to->v));
	return to;
}

struct cft_base *cft_base_over(const struct cft_base *below, const struct cft_effects *const *lists,
                               size_t n)
{
	struct cft_base *base = cft_new(struct cft_base);

	cft_arena_init(&base->arena);
	if (below)
		world_fork(&below->world, &base->world, &base->arena);
	else
		world_init(&base->world, &base->arena);
	bool *done = cft_arena_array(&base->arena, bool, n);
	for (size_t i = 0; i < n; i++) {
		size_t at = next_list(lists, done, n);
		done[at] = true;
		fold(base, copy_shallow(&base->arena, lists[at]));
	}
	count_alive(base);
	return base;
}

void cft_base_free(struct cft_base *base)
{
	if (!base)
		return;
	cft_arena_release(&base->arena);
	free(base);
}

size_t cft_base_objects(const struct cft_base *base)
{
	return base->n_alive;
}
