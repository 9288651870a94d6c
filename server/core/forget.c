/* Forget: lets go of what is over, so that memory does not grow with history.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"

#include <assert.h>

void cft_state_forget_requests(struct cft_state *state, int64_t before_us)
{
	struct cft_request *request, *next;

	assert(!state->in_group);
	HASH_ITER (hh, state->requests, request, next) {
		if (request->time_us >= before_us)
			break;
		HASH_DEL(state->requests, request);
		free(request);
	}
}

static bool has_ended(const struct cft_intent *intent, int64_t before_us)
{
	return cft_intent_is_terminal(intent->status) && intent->updated_us < before_us;
}

/* A vanished conflict goes with the first of its sides. */
static bool is_over(const struct cft_state *state, const struct cft_conflict *conflict)
{
	return conflict->status == CFT_CONFLICT_VANISHED &&
	       (!cft_find_intent(state, conflict->intent_a) ||
	        !cft_find_intent(state, conflict->intent_b));
}

void cft_state_forget_ended(struct cft_state *state, int64_t before_us)
{
	struct cft_intent_entry *intent, *next_intent;
	struct cft_conflict_entry *conflict, *next_conflict;

	assert(!state->in_group && !state->loading);
	HASH_ITER (hh, state->intents, intent, next_intent) {
		if (has_ended(intent->intent, before_us))
			cft_put_away_intent(state, intent);
	}
	HASH_ITER (hh, state->conflicts, conflict, next_conflict) {
		if (is_over(state, conflict->conflict))
			cft_put_away_conflict(state, conflict);
	}
}
