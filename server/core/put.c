/* Put: records enter the state, change and leave here, with their indexes and the undo journal.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/base_merge.h"
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

struct cft_intent_entry *cft_find_intent(const struct cft_state *state, const char *id)
{
	struct cft_intent_entry *entry;

	HASH_FIND_STR(state->intents, id, entry);
	return entry;
}

struct cft_conflict_entry *cft_find_conflict(const struct cft_state *state, const char *id)
{
	struct cft_conflict_entry *entry;

	HASH_FIND_STR(state->conflicts, id, entry);
	return entry;
}

struct cft_request *cft_find_request(const struct cft_state *state, const char *id)
{
	struct cft_request *request;

	HASH_FIND_STR(state->requests, id, request);
	return request;
}

static struct cft_agent *find_agent(const struct cft_state *state, const char *agent_id)
{
	struct cft_agent *agent;

	HASH_FIND_STR(state->agents, agent_id, agent);
	return agent;
}

size_t cft_agent_live(const struct cft_state *state, const char *agent_id)
{
	const struct cft_agent *agent = find_agent(state, agent_id);

	return agent ? agent->live : 0;
}

static void journal(struct cft_state *state, enum cft_undo_kind kind, void *entry,
                    const void *before)
{
	struct cft_undo undo = {kind, entry, before};

	assert(state->in_group);
	cft_vec_push(&state->undo, undo);
}

/* -- live intents: the index, the counts -- */

static bool is_live(const struct cft_intent *intent)
{
	return intent && !cft_intent_is_terminal(intent->status);
}

static void agent_gains(struct cft_state *state, const char *agent_id)
{
	struct cft_agent *agent = find_agent(state, agent_id);

	if (!agent) {
		size_t size = strlen(agent_id) + 1;
		agent = cft_calloc(1, sizeof(*agent) + size);
		memcpy(agent->id, agent_id, size);
		HASH_ADD_KEYPTR(hh, state->agents, agent->id, size - 1, agent);
	}
	agent->live++;
}

static void agent_loses(struct cft_state *state, const char *agent_id)
{
	struct cft_agent *agent = find_agent(state, agent_id);

	assert(agent && agent->live > 0);
	if (--agent->live > 0)
		return;
	HASH_DEL(state->agents, agent);
	free(agent);
}

static struct cft_overlay overlay_of(const struct cft_state *state)
{
	return (struct cft_overlay){.completed = &state->completed, .model = state->model};
}

static void enter_index(struct cft_state *state, struct cft_intent_entry *entry,
                        struct cft_overlay *overlay)
{
	assert(!entry->member);
	entry->member = cft_index_add(&state->index, entry->intent, state->model,
	                              cft_overlay_for(overlay, entry->intent, NULL));
}

static void enter_live(struct cft_state *state, struct cft_intent_entry *entry)
{
	struct cft_overlay overlay = overlay_of(state);

	enter_index(state, entry, &overlay);
	cft_overlay_release(&overlay);
	agent_gains(state, entry->intent->agent_id);
	state->live++;
}

static void leave_live(struct cft_state *state, struct cft_intent_entry *entry)
{
	assert(entry->member && state->live > 0);
	agent_loses(state, entry->intent->agent_id);
	cft_index_remove(&state->index, entry->member);
	entry->member = NULL;
	state->live--;
}

/* -- completed intents: their DDL lies under that of others, whose keys depend on it -- */

static bool is_completed(const struct cft_intent *intent)
{
	return intent->status == CFT_INTENT_COMPLETED;
}

static void add_candidates(const struct cft_state *state, const struct cft_effects *effects,
                           const char *except, struct cft_arena *arena, struct cft_intent_refs *ret)
{
	struct cft_intent_refs found;

	cft_index_candidates(&state->index, effects, state->model, state->model, except, arena,
	                     &found);
	for (size_t i = 0; i < found.n; i++)
		cft_vec_push_in(arena, ret, found.v[i]);
}

void cft_near(const struct cft_state *state, const struct cft_effects *effects, const char *except,
              struct cft_arena *arena, struct cft_intent_refs *ret)
{
	memset(ret, 0, sizeof(*ret));
	add_candidates(state, effects, except, arena, ret);
	size_t direct = ret->n;
	for (size_t i = 0; i < direct; i++)
		if (is_completed(ret->v[i]))
			add_candidates(state, cft_intent_effects(ret->v[i], arena), except, arena,
			               ret);
	cft_intent_refs_sort(ret);
}

static void add_completed(struct cft_state *state, struct cft_intent_entry *entry)
{
	assert(!entry->completed);
	entry->completed =
		cft_index_add(&state->completed, entry->intent, state->model, state->model);
}

static void remove_completed(struct cft_state *state, struct cft_intent_entry *entry)
{
	cft_index_remove(&state->completed, entry->completed);
	entry->completed = NULL;
}

static void rekey(struct cft_state *state, const struct cft_intent_refs *refs)
{
	struct cft_overlay overlay = overlay_of(state);

	for (size_t i = 0; i < refs->n; i++) {
		struct cft_intent_entry *entry = cft_find_intent(state, refs->v[i]->id);
		cft_index_remove(&state->index, entry->member);
		entry->member = NULL;
		enter_index(state, entry, &overlay);
	}
	cft_overlay_release(&overlay);
}

static void set_completed(struct cft_state *state, struct cft_intent_entry *entry, bool completed)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_intent_refs near;

	cft_near(state, cft_intent_effects(entry->intent, &arena), entry->intent->id, &arena,
	         &near);
	if (completed)
		add_completed(state, entry);
	else
		remove_completed(state, entry);
	rekey(state, &near);
	cft_arena_release(&arena);
}

/* -- intents -- */

static void free_intent_entry(struct cft_state *state, struct cft_intent_entry *entry)
{
	assert(!entry->conflicts && !entry->member && !entry->completed);
	HASH_DEL(state->intents, entry);
	cft_intent_unref(entry->intent);
	free(entry);
}

static struct cft_intent_entry *new_intent_entry(struct cft_state *state,
                                                 const struct cft_intent *intent)
{
	struct cft_intent_entry *entry = cft_new(struct cft_intent_entry);

	entry->intent = cft_intent_ref(intent);
	HASH_ADD_KEYPTR(hh, state->intents, intent->id, strlen(intent->id), entry);
	cft_branch_take(state, intent->branch_name);
	return entry;
}

/* Exchanges the record of an entry; the reference goes over to it. The hash's key is the record's
 * own text, so it moves with it. */
static void set_intent(struct cft_state *state, struct cft_intent_entry *entry,
                       const struct cft_intent *intent)
{
	const struct cft_intent *before = entry->intent;
	bool same_place =
		is_live(before) && is_live(intent) && before->generation == intent->generation;

	assert(strcmp(before->id, intent->id) == 0);
	if (entry->completed && !(same_place && is_completed(intent)))
		set_completed(state, entry, false);
	if (entry->member && !same_place)
		leave_live(state, entry);
	entry->intent = intent;
	entry->hh.key = intent->id;
	if (same_place)
		entry->member->intent = intent;
	else if (is_live(intent))
		enter_live(state, entry);
	if (entry->completed)
		entry->completed->intent = intent;
	else if (is_completed(intent))
		set_completed(state, entry, true);
}

void cft_put_intent(struct cft_state *state, const struct cft_intent *intent)
{
	struct cft_intent_entry *entry = cft_find_intent(state, intent->id);
	const struct cft_intent *before = entry ? entry->intent : NULL;

	if (!entry) {
		entry = new_intent_entry(state, intent);
		if (is_live(intent) && !state->loading)
			enter_live(state, entry);
	} else {
		set_intent(state, entry, cft_intent_ref(intent));
	}
	if (state->in_group)
		journal(state, CFT_UNDO_INTENT, entry, before);
	else
		cft_intent_unref(before);
}

static void put_back_intent(struct cft_state *state, struct cft_intent_entry *entry,
                            const struct cft_intent *before)
{
	const struct cft_intent *after = entry->intent;

	if (before) {
		set_intent(state, entry, before);
		cft_intent_unref(after);
		return;
	}
	if (entry->member)
		leave_live(state, entry);
	cft_branch_untake(state, after->branch_name);
	free_intent_entry(state, entry);
}

/* -- conflicts -- */

static bool counts(const struct cft_conflict *conflict)
{
	return conflict->status != CFT_CONFLICT_VANISHED;
}

static void link_conflict(struct cft_state *state, struct cft_conflict_entry *entry)
{
	const char *ids[2] = {entry->conflict->intent_a, entry->conflict->intent_b};

	for (int i = 0; i < 2; i++) {
		assert(!entry->side[i]);
		entry->side[i] = cft_find_intent(state, ids[i]);
		assert(entry->side[i]);
		entry->link[i].conflict = entry;
		DL_APPEND(entry->side[i]->conflicts, &entry->link[i]);
	}
}

static void unlink_conflict(struct cft_conflict_entry *entry)
{
	for (int i = 0; i < 2; i++) {
		assert(entry->side[i]);
		struct cft_conflict_link *link = &entry->link[i];
		DL_DELETE(entry->side[i]->conflicts, link);
		entry->side[i] = NULL;
	}
}

static void set_conflict(struct cft_state *state, struct cft_conflict_entry *entry,
                         const struct cft_conflict *conflict)
{
	bool linked = entry->side[0] != NULL;

	assert(strcmp(entry->conflict->id, conflict->id) == 0);
	entry->conflict = conflict;
	entry->hh.key = conflict->id;
	if (linked && !counts(conflict))
		unlink_conflict(entry);
	else if (!linked && counts(conflict) && !state->loading)
		link_conflict(state, entry);
}

static void free_conflict_entry(struct cft_state *state, struct cft_conflict_entry *entry)
{
	HASH_DEL(state->conflicts, entry);
	if (entry->side[0])
		unlink_conflict(entry);
	cft_conflict_unref(entry->conflict);
	free(entry);
}

void cft_put_conflict(struct cft_state *state, const struct cft_conflict *conflict)
{
	struct cft_conflict_entry *entry = cft_find_conflict(state, conflict->id);
	const struct cft_conflict *before = entry ? entry->conflict : NULL;

	cft_conflict_ref(conflict);
	if (!entry) {
		entry = cft_new(struct cft_conflict_entry);
		entry->conflict = conflict;
		HASH_ADD_KEYPTR(hh, state->conflicts, conflict->id, strlen(conflict->id), entry);
	}
	set_conflict(state, entry, conflict);
	if (state->in_group)
		journal(state, CFT_UNDO_CONFLICT, entry, before);
	else
		cft_conflict_unref(before);
}

static void put_back_conflict(struct cft_state *state, struct cft_conflict_entry *entry,
                              const struct cft_conflict *before)
{
	const struct cft_conflict *after = entry->conflict;

	if (!before) {
		free_conflict_entry(state, entry);
		return;
	}
	set_conflict(state, entry, before);
	cft_conflict_unref(after);
}

/* -- requests -- */

void cft_put_request(struct cft_state *state, const struct cft_request *request)
{
	struct cft_request *mine = (struct cft_request *)request;

	assert(!cft_find_request(state, request->id));
	HASH_ADD_KEYPTR(hh, state->requests, mine->id, strlen(mine->id), mine);
	if (state->in_group)
		journal(state, CFT_UNDO_REQUEST, mine, NULL);
}

/* -- the base: a change of it moves keys -- */

static void enter_all(struct cft_state *state)
{
	struct cft_overlay overlay = overlay_of(state);
	struct cft_intent_entry *entry, *next;

	HASH_ITER (hh, state->intents, entry, next)
		if (is_completed(entry->intent))
			add_completed(state, entry);
	HASH_ITER (hh, state->intents, entry, next)
		if (is_live(entry->intent))
			enter_index(state, entry, &overlay);
	cft_overlay_release(&overlay);
}

static void leave_all(struct cft_state *state)
{
	struct cft_intent_entry *entry, *next;

	HASH_ITER (hh, state->intents, entry, next) {
		if (entry->completed)
			remove_completed(state, entry);
		if (entry->member)
			cft_index_remove(&state->index, entry->member);
		entry->member = NULL;
	}
}

static void rebuild(struct cft_state *state)
{
	leave_all(state);
	cft_base_free(state->model);
	state->model = state->base ? cft_base_new(state->base->effects) : NULL;
	if (!state->loading)
		enter_all(state);
}

/* A merge adds DDL to the base: only who has to do with it has new keys. */
static void extend(struct cft_state *state, const struct cft_effects *more)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_intent_refs near, now;

	cft_near(state, more, "", &arena, &near);
	state->assumed = cft_base_extend(state->model, more);
	if (state->assumed) {
		leave_all(state);
		enter_all(state);
		cft_arena_release(&arena);
		return;
	}
	cft_near(state, more, "", &arena, &now);
	for (size_t i = 0; i < now.n; i++)
		cft_vec_push_in(&arena, &near, now.v[i]);
	cft_intent_refs_sort(&near);
	for (size_t i = 0; i < near.n; i++) {
		struct cft_intent_entry *entry = cft_find_intent(state, near.v[i]->id);
		if (!entry->completed)
			continue;
		remove_completed(state, entry);
		add_completed(state, entry);
	}
	rekey(state, &near);
	cft_arena_release(&arena);
}

static void set_base(struct cft_state *state, const struct cft_base_schema *base)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects more;
	bool extends = !state->loading && cft_base_added(state->base, base, &arena, &more);

	state->base = base;
	state->assumed = false;
	if (extends)
		extend(state, &more);
	else
		rebuild(state);
	cft_arena_release(&arena);
}

void cft_put_base(struct cft_state *state, const struct cft_base_schema *base)
{
	const struct cft_base_schema *before = state->base;

	set_base(state, cft_base_schema_ref(base));
	if (state->in_group)
		journal(state, CFT_UNDO_BASE, NULL, before);
	else
		cft_base_schema_unref(before);
}

static void put_back_base(struct cft_state *state, const struct cft_base_schema *before)
{
	const struct cft_base_schema *after = state->base;

	set_base(state, before);
	cft_base_schema_unref(after);
}

void cft_put_back(struct cft_state *state, const struct cft_undo *undo)
{
	switch (undo->kind) {
	case CFT_UNDO_INTENT:
		put_back_intent(state, undo->entry, undo->before);
		return;
	case CFT_UNDO_CONFLICT:
		put_back_conflict(state, undo->entry, undo->before);
		return;
	case CFT_UNDO_REQUEST:
		HASH_DEL(state->requests, (struct cft_request *)undo->entry);
		free(undo->entry);
		return;
	case CFT_UNDO_BASE:
		put_back_base(state, undo->before);
		return;
	}
}

/* -- forgetting and loading -- */

void cft_put_away_intent(struct cft_state *state, struct cft_intent_entry *entry)
{
	assert(!state->in_group && !is_live(entry->intent));
	free_intent_entry(state, entry);
}

void cft_put_away_conflict(struct cft_state *state, struct cft_conflict_entry *entry)
{
	assert(!state->in_group && !counts(entry->conflict));
	free_conflict_entry(state, entry);
}

void cft_put_loaded(struct cft_state *state)
{
	struct cft_intent_entry *intent, *next_intent;
	struct cft_conflict_entry *conflict, *next_conflict;

	assert(!state->loading && state->live == 0);
	enter_all(state);
	HASH_ITER (hh, state->intents, intent, next_intent) {
		if (!intent->member)
			continue;
		agent_gains(state, intent->intent->agent_id);
		state->live++;
	}
	HASH_ITER (hh, state->conflicts, conflict, next_conflict) {
		if (counts(conflict->conflict))
			link_conflict(state, conflict);
	}
}
