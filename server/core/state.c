/* State: making, freeing, loading, and write groups with their undo journal.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

struct cft_state *cft_state_new(const char *project, const struct cft_limits *limits)
{
	struct cft_state *state = cft_new(struct cft_state);

	state->project = cft_strdup(project);
	state->limits = *limits;
	assert(limits->lease_min_us > 0 && limits->lease_min_us <= limits->lease_default_us &&
	       limits->lease_default_us <= limits->lease_max_us);
	return state;
}

static void free_conflicts(struct cft_state *state)
{
	struct cft_conflict_entry *entry, *next;

	HASH_ITER (hh, state->conflicts, entry, next) {
		HASH_DEL(state->conflicts, entry);
		cft_conflict_unref(entry->conflict);
		free(entry);
	}
}

static void free_intents(struct cft_state *state)
{
	struct cft_intent_entry *entry, *next;

	HASH_ITER (hh, state->intents, entry, next) {
		HASH_DEL(state->intents, entry);
		if (entry->member)
			cft_index_remove(&state->index, entry->member);
		if (entry->completed)
			cft_index_remove(&state->completed, entry->completed);
		cft_intent_unref(entry->intent);
		free(entry);
	}
}

static void free_small_tables(struct cft_state *state)
{
	struct cft_request *request, *next_request;
	struct cft_branch *branch, *next_branch;
	struct cft_agent *agent, *next_agent;

	HASH_ITER (hh, state->requests, request, next_request) {
		HASH_DEL(state->requests, request);
		free(request);
	}
	HASH_ITER (hh, state->branches, branch, next_branch) {
		HASH_DEL(state->branches, branch);
		free(branch);
	}
	HASH_ITER (hh, state->agents, agent, next_agent) {
		HASH_DEL(state->agents, agent);
		free(agent);
	}
}

void cft_state_free(struct cft_state *state)
{
	if (!state)
		return;
	if (state->in_group)
		cft_state_rollback(state);
	free_conflicts(state);
	free_intents(state);
	free_small_tables(state);
	cft_base_free(state->model);
	cft_base_schema_unref(state->base);
	cft_vec_release(&state->undo);
	free(state->project);
	free(state);
}

const char *cft_state_project(const struct cft_state *state)
{
	return state->project;
}

uint64_t cft_state_revision(const struct cft_state *state)
{
	return state->revision;
}

size_t cft_state_live_intents(const struct cft_state *state)
{
	return state->live;
}

const struct cft_intent *cft_state_intent(const struct cft_state *state, const char *id)
{
	const struct cft_intent_entry *entry = cft_find_intent(state, id);

	return entry ? entry->intent : NULL;
}

const struct cft_conflict *cft_state_conflict(const struct cft_state *state, const char *id)
{
	const struct cft_conflict_entry *entry = cft_find_conflict(state, id);

	return entry ? entry->conflict : NULL;
}

const struct cft_base_schema *cft_state_base(const struct cft_state *state)
{
	return state->base;
}

/* -- write groups -- */

void cft_state_begin(struct cft_state *state)
{
	assert(!state->in_group && !state->loading && state->undo.n == 0);
	state->in_group = true;
	state->begin_revision = state->revision;
}

static void drop_before(const struct cft_undo *undo)
{
	switch (undo->kind) {
	case CFT_UNDO_INTENT:
		cft_intent_unref(undo->before);
		return;
	case CFT_UNDO_CONFLICT:
		cft_conflict_unref(undo->before);
		return;
	case CFT_UNDO_BASE:
		cft_base_schema_unref(undo->before);
		return;
	case CFT_UNDO_REQUEST:
		return;
	}
}

void cft_state_commit(struct cft_state *state)
{
	assert(state->in_group);
	for (size_t i = 0; i < state->undo.n; i++)
		drop_before(&state->undo.v[i]);
	cft_vec_clear(&state->undo);
	state->in_group = false;
}

void cft_state_rollback(struct cft_state *state)
{
	assert(state->in_group);
	while (state->undo.n > 0)
		cft_put_back(state, &state->undo.v[--state->undo.n]);
	state->revision = state->begin_revision;
	state->in_group = false;
}
