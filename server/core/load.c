/* Load: the state from projections at one revision, instead of folding the log.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

static void start_loading(struct cft_state *state)
{
	assert(state->revision == 0 && !state->in_group);
	state->loading = true;
}

void cft_state_load_intent(struct cft_state *state, const struct cft_intent *intent)
{
	start_loading(state);
	cft_put_intent(state, intent);
}

void cft_state_load_conflict(struct cft_state *state, const struct cft_conflict *conflict)
{
	start_loading(state);
	cft_put_conflict(state, conflict);
}

void cft_state_load_request(struct cft_state *state, const char *request_id,
                            const unsigned char body_digest[32], uint64_t revision,
                            const char *subject_id, int64_t time_us)
{
	start_loading(state);
	cft_put_request(state,
	                cft_request_new(request_id, body_digest, revision, subject_id, time_us));
}

void cft_state_load_branch(struct cft_state *state, const char *branch_name)
{
	start_loading(state);
	cft_branch_take(state, branch_name);
}

void cft_state_load_base(struct cft_state *state, const struct cft_base_schema *base)
{
	struct cft_base_schema *copy = cft_base_schema_copy(base);

	start_loading(state);
	cft_put_base(state, copy);
	cft_base_schema_unref(copy);
}

static int by_creation(const struct cft_intent_entry *a, const struct cft_intent_entry *b)
{
	uint64_t x = a->intent->created_revision, y = b->intent->created_revision;

	return x < y ? -1 : x > y;
}

static int by_revision(const struct cft_request *a, const struct cft_request *b)
{
	return a->revision < b->revision ? -1 : a->revision > b->revision;
}

void cft_state_load_done(struct cft_state *state, uint64_t revision)
{
	start_loading(state);
	HASH_SORT(state->intents, by_creation);
	HASH_SORT(state->requests, by_revision);
	state->revision = revision;
	state->loading = false;
	cft_put_loaded(state);
}
