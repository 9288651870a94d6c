/* Invariants: walks the whole state and asserts that its parts agree.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/detect.h"
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

static void check_slot(const struct cft_state *state, const struct cft_index_slot *slot)
{
	const struct cft_key_entry *entry = cft_key_find(&state->index.keys, slot->hash);
	size_t n_strong, n;

	assert(entry);
	struct cft_index_slot *const *slots = cft_key_slots(entry, &n_strong, &n);
	assert(slot->position < n && slots[slot->position] == slot);
	assert(slot->strong == (slot->position < n_strong));
	assert(entry->strong == (n_strong > 0));
}

static void check_member(const struct cft_state *state, const struct cft_intent_entry *entry)
{
	const struct cft_index_member *member = entry->member;

	assert(member->intent == entry->intent);
	for (size_t i = 0; i < member->n; i++) {
		assert(member->slots[i].number == i);
		check_slot(state, &member->slots[i]);
	}
}

static void check_intent(const struct cft_state *state, const struct cft_intent_entry *entry)
{
	const struct cft_intent *intent = entry->intent;
	bool live = !cft_intent_is_terminal(intent->status);

	assert(intent->refs > 0 && entry->hh.key == intent->id);
	assert((entry->member != NULL) == live);
	assert(live || !entry->conflicts);
	assert(intent->generation >= 1);
	assert(intent->status == CFT_INTENT_REGISTERED || intent->status == CFT_INTENT_ABANDONED ||
	       intent->fence > 0);
	assert(intent->created_revision > 0);
	assert(intent->created_revision <= intent->updated_revision);
	assert(intent->updated_revision <= state->revision);
	if (live)
		check_member(state, entry);
	assert((entry->completed != NULL) == (intent->status == CFT_INTENT_COMPLETED));
	assert(!entry->completed || entry->completed->intent == intent);
}

static void check_sides(const struct cft_conflict_entry *entry)
{
	const struct cft_conflict *conflict = entry->conflict;

	assert(entry->side[0] && entry->side[1] && entry->side[0] != entry->side[1]);
	assert(strcmp(entry->side[0]->intent->id, conflict->intent_a) == 0);
	assert(strcmp(entry->side[1]->intent->id, conflict->intent_b) == 0);
	assert(entry->side[0]->member && entry->side[1]->member);
	assert(entry->side[0]->intent->created_revision < entry->side[1]->intent->created_revision);
}

static void check_conflict(const struct cft_state *state, const struct cft_conflict_entry *entry)
{
	const struct cft_conflict *conflict = entry->conflict;
	char id[CFT_CONFLICT_ID_SIZE];

	assert(conflict->refs > 0 && entry->hh.key == conflict->id);
	assert(strcmp(conflict->id,
	              cft_conflict_id(conflict->intent_a, conflict->intent_b, conflict->type,
	                              conflict->objects.n ? conflict->objects.v[0] : "", id)) == 0);
	assert(conflict->created_revision <= conflict->updated_revision);
	assert(conflict->updated_revision <= state->revision);
	if (conflict->status != CFT_CONFLICT_VANISHED)
		check_sides(entry);
	else
		assert(!entry->side[0] && !entry->side[1]);
	if (conflict->status == CFT_CONFLICT_RESOLVED)
		assert(conflict->strategy != 0 &&
		       conflict->generation_a == entry->side[0]->intent->generation &&
		       conflict->generation_b == entry->side[1]->intent->generation);
}

static size_t check_intents(const struct cft_state *state)
{
	uint64_t last = 0;
	size_t live = 0;

	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next) {
		assert(e->intent->created_revision > last);
		last = e->intent->created_revision;
		check_intent(state, e);
		live += e->member != NULL;
	}
	return live;
}

static size_t count_agents(const struct cft_state *state)
{
	size_t live = 0;

	for (const struct cft_agent *a = state->agents; a; a = a->hh.next) {
		assert(a->live > 0);
		live += a->live;
	}
	return live;
}

void cft_state_check_invariants(const struct cft_state *state)
{
	size_t live = check_intents(state);

	assert(live == state->live && count_agents(state) == live);
	for (const struct cft_conflict_entry *e = state->conflicts; e; e = e->hh.next)
		check_conflict(state, e);
	assert((state->base == NULL) == (state->model == NULL));
	assert(state->in_group || state->undo.n == 0);
}
