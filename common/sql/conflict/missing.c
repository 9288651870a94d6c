/* Missing: what a plan names and nobody has.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/vec.h"
#include "common/sql/conflict/base.h"
#include "common/sql/syntax/name.h"

#include <string.h>

/* Roles belong to the cluster, functions and operators may be an extension's: a base says little
 * about them. */
static bool is_told_by_a_base(enum cft_object_kind kind, bool extensions)
{
	switch ((int)kind) {
	case CFT_OBJ_SCHEMA:
	case CFT_OBJ_TABLE:
	case CFT_OBJ_VIEW:
	case CFT_OBJ_MATVIEW:
	case CFT_OBJ_INDEX:
	case CFT_OBJ_SEQUENCE:
	case CFT_OBJ_COLUMN:
	case CFT_OBJ_CONSTRAINT:
	case CFT_OBJ_TRIGGER:
	case CFT_OBJ_RULE:
	case CFT_OBJ_POLICY:
		return true;
	case CFT_OBJ_TYPE:
		return !extensions;
	default:
		return false;
	}
}

static bool has_extensions(const struct world *w)
{
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->kind == CFT_OBJ_EXTENSION &&
	    strcmp(WORLD_OBJ(w, i)->name, "plpgsql") != 0)
		return true;
	return false;
}

static bool is_provided(struct world *w, const struct world_assumption *a,
                        const struct cft_effects *const *others, size_t n_others)
{
	const char *table = a->parent >= 0 ? WORLD_OBJ(w, a->parent)->name : "";
	bool provided = false;

	for (size_t i = 0; i < n_others && !provided; i++) {
		w->other = others[i];
		provided = world_is_provided(w, a->kind, table, a->name);
	}
	w->other = NULL;
	return provided;
}

static const char *object_of(const struct world *w, const struct world_assumption *a,
                             struct cft_arena *arena)
{
	const char *kind = cft_object_kind_text(a->kind);

	if (a->parent < 0)
		return cft_arena_printf(arena, "%s %s", kind,
		                        cft_name_quote(arena, a->schema, a->name));
	const struct world_obj *p = WORLD_OBJ(w, a->parent);
	return cft_arena_printf(arena, "%s %s.%s", kind, cft_name_quote(arena, p->schema, p->name),
	                        cft_name_quote(arena, "", a->name));
}

/* Statements that forgive it, or may not run, need nothing. */
static bool is_needed(const struct cft_effects *effects, int effect)
{
	const struct cft_effect *e = &effects->v[effect];

	return !(e->flags & (CFT_EFFECT_IF_EXISTS | CFT_EFFECT_PARENT_IF_EXISTS |
	                     CFT_EFFECT_CONDITIONAL | CFT_EFFECT_OPAQUE));
}

/* The effects with errors ignored: what follows one is looked at as well. */
static struct cft_effects lenient(const struct cft_effects *effects, struct cft_arena *arena)
{
	struct cft_effects copy = *effects;

	copy.v = cft_arena_array(arena, struct cft_effect, effects->n + 1);
	for (size_t i = 0; i < effects->n; i++) {
		copy.v[i] = effects->v[i];
		copy.v[i].flags |= CFT_EFFECT_CONDITIONAL;
	}
	return copy;
}

void cft_conflict_missing(const struct cft_effects *effects, const struct cft_base *base,
                          const struct cft_effects *const *others, size_t n_others,
                          struct cft_arena *arena, struct cft_missing **ret, size_t *ret_n)
{
	struct cft_arena scratch = CFT_ARENA_INIT;
	CFT_VEC(struct cft_missing) found = {0};
	struct cft_effects list = lenient(effects, &scratch);
	bool extensions = has_extensions(&base->world);
	struct world w;

	world_fork(&base->world, &w, &scratch);
	w.assume = true;
	world_run(&w, &list, 1);
	for (size_t i = 0; i < w.assumptions.n; i++) {
		const struct world_assumption *a = &w.assumptions.v[i];
		if (a->parent_assumption >= 0 || !is_told_by_a_base(a->kind, extensions) ||
		    !is_needed(effects, a->effect) || is_provided(&w, a, others, n_others))
			continue;
		struct cft_missing missing = {object_of(&w, a, arena),
		                              (int)effects->v[a->effect].statement};
		cft_vec_push_in(arena, &found, missing);
	}
	cft_arena_release(&scratch);
	*ret = found.v;
	*ret_n = found.n;
}
