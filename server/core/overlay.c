/* Overlay: the schema that two intents are compared on.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/overlay.h"

#include "common/base/vec.h"

#include <stdlib.h>
#include <string.h>

/* A pair that more has to do with is compared on a part of it: the cost of a pair is bounded. */
enum { MAX_LISTS = 64 };

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct cft_intent *const *)a)->id,
	              (*(const struct cft_intent *const *)b)->id);
}

static void add_under(const struct cft_index *completed, const struct cft_base *model,
                      const struct cft_intent *intent, struct cft_arena *arena,
                      struct cft_intent_refs *ret)
{
	struct cft_intent_refs found;

	cft_index_candidates(completed, cft_intent_effects(intent, arena), model, model, intent->id,
	                     arena, &found);
	for (size_t i = 0; i < found.n; i++)
		cft_vec_push_in(arena, ret, found.v[i]);
}

void cft_overlay_lists(const struct cft_index *completed, const struct cft_base *model,
                       const struct cft_intent *a, const struct cft_intent *b,
                       struct cft_arena *arena, struct cft_intent_refs *ret)
{
	size_t kept = 0;

	memset(ret, 0, sizeof(*ret));
	if (completed->keys.n == 0)
		return;
	add_under(completed, model, a, arena, ret);
	if (b)
		add_under(completed, model, b, arena, ret);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_id);
	for (size_t i = 0; i < ret->n && kept < MAX_LISTS; i++) {
		const struct cft_intent *intent = ret->v[i];
		bool own = strcmp(intent->id, a->id) == 0 || (b && strcmp(intent->id, b->id) == 0);
		if (!own && (kept == 0 || ret->v[kept - 1] != intent))
			ret->v[kept++] = intent;
	}
	ret->n = kept;
}

static bool is_made(const struct cft_overlay *overlay, const struct cft_intent_refs *lists)
{
	return overlay->made && overlay->lists.n == lists->n &&
	       memcmp(overlay->lists.v, lists->v, lists->n * sizeof(*lists->v)) == 0;
}

static void make(struct cft_overlay *overlay, const struct cft_intent_refs *lists)
{
	cft_base_free(overlay->made);
	cft_arena_release(&overlay->arena);
	cft_vec_clear(&overlay->lists);
	const struct cft_effects **effects =
		cft_arena_array(&overlay->arena, const struct cft_effects *, lists->n);
	for (size_t i = 0; i < lists->n; i++) {
		effects[i] = cft_intent_effects(lists->v[i], &overlay->arena);
		cft_vec_push(&overlay->lists, lists->v[i]);
	}
	overlay->made = cft_base_over(overlay->model, effects, lists->n);
}

const struct cft_base *cft_overlay_for(struct cft_overlay *overlay, const struct cft_intent *a,
                                       const struct cft_intent *b)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const struct cft_base *base = overlay->model;
	struct cft_intent_refs lists;

	if (overlay->completed->keys.n == 0)
		return base;
	cft_overlay_lists(overlay->completed, overlay->model, a, b, &arena, &lists);
	if (lists.n > 0) {
		if (!is_made(overlay, &lists))
			make(overlay, &lists);
		base = overlay->made;
	}
	cft_arena_release(&arena);
	return base;
}

void cft_overlay_release(struct cft_overlay *overlay)
{
	cft_base_free(overlay->made);
	overlay->made = NULL;
	cft_arena_release(&overlay->arena);
	cft_vec_release(&overlay->lists);
}
