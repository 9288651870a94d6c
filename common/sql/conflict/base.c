/* Base: a schema folded from effects.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/base.h"

#include "common/base/json.h"
#include "common/base/mem.h"

#include <stdlib.h>

/* The effects are copied: the base outlives the caller's arena. */
static void copy_effects(struct cft_base *base, const struct cft_effects *from,
                         struct cft_effects *to)
{
	json_t *json = cft_effects_to_json(from);

	cft_effects_from_json(json, &base->arena, to, NULL);
	json_decref(json);
}

struct cft_base *cft_base_new(const struct cft_effects *effects)
{
	struct cft_base *base = cft_new(struct cft_base);
	struct cft_effects own = {0};

	cft_arena_init(&base->arena);
	world_init(&base->world, &base->arena);
	copy_effects(base, effects, &own);
	for (size_t i = 0; i < own.n; i++)
		own.v[i].flags |= CFT_EFFECT_CONDITIONAL;
	base->world.assume = true;
	world_run(&base->world, &own, 0);
	base->world.assume = false;
	base->world.based = true;
	/* A dump ends with an empty search_path. */
	base->world.path = base->world.default_path;
	base->world.skip = false;
	WORLD_EACH(&base->world, i)
	base->n_alive += WORLD_OBJ(&base->world, i)->alive;
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
