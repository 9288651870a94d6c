/* Overlay: the schema that two intents are compared on.
 * SPDX-License-Identifier: MIT
 *
 * What is completed and awaits its merge is as good as done: its DDL lies over the base wherever
 * others are compared that it has to do with. Which DDL lies under a pair depends on the base and
 * on the live intents alone, not on the order in which anything happened.
 */
#ifndef CFT_CORE_OVERLAY_H
#define CFT_CORE_OVERLAY_H

#include "server/core/index.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes schemas and keeps the last one, as the next pair mostly wants the same. Memory is zero or
 * as cft_overlay_release leaves it; `completed` and `model` (may be NULL) are borrowed. */
struct cft_overlay {
	const struct cft_index *completed; /* the COMPLETED intents, by their keys on `model` */
	const struct cft_base *model;
	struct cft_intent_refs lists; /* what lies in `made`, by id; on the heap */
	struct cft_base *made;
	struct cft_arena arena; /* of the effects in `made` */
};

/* For the keys of one intent (b = NULL) or the comparison of two: without the DDL of either.
 * Borrowed until the next call. */
const struct cft_base *cft_overlay_for(struct cft_overlay *overlay, const struct cft_intent *a,
                                       const struct cft_intent *b);
void cft_overlay_release(struct cft_overlay *overlay);

/* The intents whose DDL lies under a pair, in order of their ids; in the arena. */
void cft_overlay_lists(const struct cft_index *completed, const struct cft_base *model,
                       const struct cft_intent *a, const struct cft_intent *b,
                       struct cft_arena *arena, struct cft_intent_refs *ret);

#ifdef __cplusplus
}
#endif

#endif
