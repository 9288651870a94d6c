/* Index: from object key to the live intents that touch it.
 * SPDX-License-Identifier: MIT
 *
 * Two intents have to be compared only where they share a key that is strong on at least one side
 * (common/sql/conflict/conflict.h). Each key keeps its strong and its weak members apart, so that a
 * thousand harmless changes of one table never look at each other: finding the candidates costs the
 * size of the intent and of the result.
 */
#ifndef CFT_CORE_INDEX_H
#define CFT_CORE_INDEX_H

#include "common/base/arena.h"
#include "common/sql/conflict/conflict.h"
#include "server/core/hash.h"
#include "server/core/intent.h"
#include "server/core/key_table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_index_member {
	const struct cft_intent *intent; /* borrowed; swapped when the record is */
	uint32_t n;
	struct cft_index_slot slots[];
};

struct cft_index {
	struct cft_key_table keys;
};

/* Enters an intent by its keys on the base and on the schema `over` it (overlay.h), which may be
 * the same. The member is the index's until cft_index_remove. */
struct cft_index_member *cft_index_add(struct cft_index *index, const struct cft_intent *intent,
                                       const struct cft_base *base, const struct cft_base *over);
void cft_index_remove(struct cft_index *index, struct cft_index_member *member);

struct cft_intent_refs {
	const struct cft_intent **v;
	size_t n, cap;
};

/* The intents that `effects` may conflict with, without `exclude_id`, in order of registration. */
void cft_index_candidates(const struct cft_index *index, const struct cft_effects *effects,
                          const struct cft_base *base, const struct cft_base *over,
                          const char *exclude_id, struct cft_arena *arena,
                          struct cft_intent_refs *ret);
/* The same for one that is entered: its keys are known. */
void cft_index_neighbours(const struct cft_index *index, const struct cft_index_member *member,
                          struct cft_arena *arena, struct cft_intent_refs *ret);
/* True if it is among them; they are sorted. */
bool cft_intent_refs_has(const struct cft_intent_refs *refs, const struct cft_intent *intent);
/* Sorts by registration and takes out duplicates. */
void cft_intent_refs_sort(struct cft_intent_refs *refs);

#ifdef __cplusplus
}
#endif

#endif
