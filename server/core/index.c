/* Index: from object key to the live intents that touch it.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/index.h"

#include "common/base/mem.h"
#include "common/base/vec.h"

#include <stddef.h>
#include <string.h>

static struct cft_index_member *member_of(const struct cft_index_slot *slot)
{
	const struct cft_index_slot *first = slot - slot->number;

	return (void *)((char *)first - offsetof(struct cft_index_member, slots));
}

struct cft_index_member *cft_index_add(struct cft_index *index, const struct cft_intent *intent,
                                       const struct cft_base *base, const struct cft_base *over)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_conflict_key *keys = NULL;
	size_t n = 0;

	cft_conflict_keys_over(cft_intent_effects(intent, &arena), base, over, &arena, &keys, &n);
	struct cft_index_member *member =
		cft_malloc(sizeof(*member) + n * sizeof(member->slots[0]));
	member->intent = intent;
	member->n = (uint32_t)n;
	for (uint32_t i = 0; i < member->n; i++) {
		member->slots[i] = cft_key_slot(keys[i].text, keys[i].strong, i);
		cft_key_enter(&index->keys, &member->slots[i]);
	}
	cft_arena_release(&arena);
	return member;
}

void cft_index_remove(struct cft_index *index, struct cft_index_member *member)
{
	for (size_t i = 0; i < member->n; i++)
		cft_key_leave(&index->keys, &member->slots[i]);
	free(member);
}

/* What is weak on both sides never meets. */
static void collect(const struct cft_key_entry *entry, bool strong, const char *exclude_id,
                    struct cft_arena *arena, struct cft_intent_refs *ret)
{
	size_t n_strong, n;
	struct cft_index_slot *const *slots = cft_key_slots(entry, &n_strong, &n);

	for (size_t i = 0; i < (strong ? n : n_strong); i++) {
		const struct cft_intent *intent = member_of(slots[i])->intent;
		if (strcmp(intent->id, exclude_id) != 0)
			cft_vec_push_in(arena, ret, intent);
	}
}

static int by_registration(const void *a, const void *b)
{
	const struct cft_intent *x = *(const struct cft_intent *const *)a;
	const struct cft_intent *y = *(const struct cft_intent *const *)b;

	if (x->created_revision != y->created_revision)
		return x->created_revision < y->created_revision ? -1 : 1;
	return strcmp(x->id, y->id);
}

bool cft_intent_refs_has(const struct cft_intent_refs *refs, const struct cft_intent *intent)
{
	return refs->n > 0 &&
	       bsearch(&intent, refs->v, refs->n, sizeof(*refs->v), by_registration) != NULL;
}

void cft_intent_refs_sort(struct cft_intent_refs *refs)
{
	size_t kept = 0;

	if (refs->n == 0)
		return;
	qsort(refs->v, refs->n, sizeof(*refs->v), by_registration);
	for (size_t i = 1; i < refs->n; i++)
		if (refs->v[i] != refs->v[kept])
			refs->v[++kept] = refs->v[i];
	refs->n = kept + 1;
}

static void collect_all(const struct cft_index *index, const struct cft_index_slot *slots, size_t n,
                        const char *exclude_id, struct cft_arena *arena,
                        struct cft_intent_refs *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n; i++)
		cft_key_prefetch(&index->keys, slots[i].hash);
	for (size_t i = 0; i < n; i++) {
		const struct cft_key_entry *entry = cft_key_find(&index->keys, slots[i].hash);
		if (entry && (slots[i].strong || entry->strong))
			collect(entry, slots[i].strong, exclude_id, arena, ret);
	}
	cft_intent_refs_sort(ret);
}

void cft_index_candidates(const struct cft_index *index, const struct cft_effects *effects,
                          const struct cft_base *base, const struct cft_base *over,
                          const char *exclude_id, struct cft_arena *arena,
                          struct cft_intent_refs *ret)
{
	struct cft_conflict_key *keys = NULL;
	size_t n = 0;

	cft_conflict_keys_over(effects, base, over, arena, &keys, &n);
	struct cft_index_slot *slots = cft_arena_array(arena, struct cft_index_slot, n);
	for (uint32_t i = 0; i < n; i++)
		slots[i] = cft_key_slot(keys[i].text, keys[i].strong, i);
	collect_all(index, slots, n, exclude_id, arena, ret);
}

void cft_index_neighbours(const struct cft_index *index, const struct cft_index_member *member,
                          struct cft_arena *arena, struct cft_intent_refs *ret)
{
	collect_all(index, member->slots, member->n, member->intent->id, arena, ret);
}
