/* Detect: which conflicts an intent has, and how the set of conflicts changes with it.
 * SPDX-License-Identifier: MIT
 *
 * Drafts are conflict records in the arena, not yet counted references. The earlier registered
 * intent is always side a, so that the drafts do not depend on who is looked at.
 */
#ifndef CFT_CORE_DETECT_H
#define CFT_CORE_DETECT_H

#include "server/core/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_drafts {
	struct cft_conflict *v;
	size_t n, cap;
};

/* All conflicts of `subject` with live intents other than itself (by id), in order of their
 * registration. `own_branch` (or "") leaves one's own out. */
void cft_detect(const struct cft_state *state, const struct cft_intent *subject,
                const char *own_branch, struct cft_arena *arena, struct cft_drafts *ret);

/* All conflicts of the project. */
void cft_detect_all(const struct cft_state *state, struct cft_arena *arena, struct cft_drafts *ret);
/* All conflicts that one of `near` (sorted) has, without those of the intent `except`. */
void cft_detect_near(const struct cft_state *state, const struct cft_intent_refs *near,
                     const char *except, struct cft_arena *arena, struct cft_drafts *ret);

/* True if both say the same thing about the same pair. */
bool cft_conflict_same(const struct cft_conflict *a, const struct cft_conflict *b);

#ifdef __cplusplus
}
#endif

#endif
