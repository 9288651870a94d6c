/* Index: from object key to the live intents that touch it.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/index.h"

#include "common/base/mem.h"
#include "common/base/vec.h"

#include <assert.h>
#include <string.h>

static void link_slot(struct cft_index *index, struct cft_index_slot *slot,
                      const struct cft_conflict_key *from)
{
	struct cft_key_entry *entry = cft_key_need(&index->keys, from->text);

	slot->key = entry->key;
	slot->strong = from->strong;
	entry->n_strong += slot->strong;
	if (slot->strong)
		DL_APPEND(slot->key->strong, slot);
	else
		DL_APPEND(slot->key->weak, slot);
}

struct cft_index_member *cft_index_add(struct cft_index *index, const struct cft_intent *intent,
                                       const struct cft_base *base, const struct cft_base *over)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_conflict_key *keys = NULL;
	size_t n = 0;

	cft_conflict_keys_over(intent->effects, base, over, &arena, &keys, &n);
	struct cft_index_member *member =
		cft_calloc(1, sizeof(*member) + n * sizeof(member->slots[0]));
	member->intent = intent;
	member->n = n;
	for (size_t i = 0; i < n; i++) {
		member->slots[i].member = member;
		link_slot(index, &member->slots[i], &keys[i]);
	}
	cft_arena_release(&arena);
	return member;
}

static void unlink_slot(struct cft_index *index, struct cft_index_slot *slot)
{
	struct cft_index_key *key = slot->key;
	struct cft_key_entry *entry = cft_key_find(&index->keys, key->text, key->hash);

	assert(entry && entry->key == key);
	entry->n_strong -= slot->strong;
	if (slot->strong)
		DL_DELETE(key->strong, slot);
	else
		DL_DELETE(key->weak, slot);
	if (!key->strong && !key->weak)
		cft_key_remove(&index->keys, entry);
}

void cft_index_remove(struct cft_index *index, struct cft_index_member *member)
{
	for (size_t i = 0; i < member->n; i++)
		unlink_slot(index, &member->slots[i]);
	free(member);
}

static void collect(const struct cft_index_slot *list, const char *exclude_id,
                    struct cft_arena *arena, struct cft_intent_refs *ret)
{
	const struct cft_index_slot *slot;

	DL_FOREACH (list, slot) {
		const struct cft_intent *intent = slot->member->intent;
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

void cft_index_candidates(const struct cft_index *index, const struct cft_effects *effects,
                          const struct cft_base *base, const struct cft_base *over,
                          const char *exclude_id, struct cft_arena *arena,
                          struct cft_intent_refs *ret)
{
	struct cft_conflict_key *keys = NULL;
	size_t n = 0;

	memset(ret, 0, sizeof(*ret));
	cft_conflict_keys_over(effects, base, over, arena, &keys, &n);
	uint32_t *hashes = cft_arena_array(arena, uint32_t, n);
	for (size_t i = 0; i < n; i++) {
		hashes[i] = cft_key_hash(keys[i].text);
		cft_key_prefetch(&index->keys, hashes[i]);
	}
	for (size_t i = 0; i < n; i++) {
		const struct cft_key_entry *entry =
			keys[i].strong ? cft_key_find(&index->keys, keys[i].text, hashes[i])
				       : cft_key_find_strong(&index->keys, keys[i].text, hashes[i]);
		if (!entry)
			continue;
		if (entry->n_strong)
			collect(entry->key->strong, exclude_id, arena, ret);
		if (keys[i].strong)
			collect(entry->key->weak, exclude_id, arena, ret);
	}
	cft_intent_refs_sort(ret);
}

void cft_index_holders(const struct cft_index *index, const char *text, struct cft_arena *arena,
                       struct cft_intent_refs *ret)
{
	const struct cft_key_entry *entry = cft_key_find(&index->keys, text, cft_key_hash(text));

	memset(ret, 0, sizeof(*ret));
	if (!entry)
		return;
	collect(entry->key->strong, "", arena, ret);
	collect(entry->key->weak, "", arena, ret);
	cft_intent_refs_sort(ret);
}
