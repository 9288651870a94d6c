/* Outcome: both orders of two lists executed, and how the ends differ.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_OUTCOME_H
#define CFT_SQL_OUTCOME_H

#include "common/sql/conflict/conflict.h"
#include "common/sql/world/world.h"

struct outcome_run {
	struct world world;
	enum world_code code;
	uint8_t failed; /* side whose effect failed */
};

struct outcome_difference {
	int ab, ba;                 /* the object in either world, -1 where it is not there */
	const char *key;            /* the attribute, or "exists", "name", "depends on" */
	const char *va, *vb;        /* after A then B; after B then A */
	struct world_by by_a, by_b; /* who set it last on either way */
};

struct outcome {
	struct world start;
	const struct cft_effects *lists[3]; /* by side: 1 and 2 */
	struct outcome_run alone[3];        /* by side */
	struct outcome_run ab, ba;
	CFT_VEC(struct outcome_difference) differences;
};

void outcome_make(struct outcome *o, const struct cft_effects *a, const struct cft_effects *b,
                  const struct world *base, struct cft_arena *arena);

#endif
