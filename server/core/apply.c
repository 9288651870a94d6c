/* Apply: folds one event into the state, refusing what no log of ours could say.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

static int check_intent(const struct cft_state *state, const struct cft_intent *after,
                        struct cft_err *err)
{
	const struct cft_intent *before = cft_state_intent(state, after->id);

	if (!before)
		return after->status == CFT_INTENT_REGISTERED
		               ? 0
		               : cft_fail(err, CFT_E_INCONSISTENT, "intent %s begins as %s",
		                          after->id, cft_intent_status_name(after->status));
	if (before->status != after->status && !cft_intent_may_move(before->status, after->status))
		return cft_fail(err, CFT_E_INCONSISTENT, "intent %s moves from %s to %s", after->id,
		                cft_intent_status_name(before->status),
		                cft_intent_status_name(after->status));
	if (after->fence < before->fence || after->generation < before->generation)
		return cft_fail(err, CFT_E_INCONSISTENT,
		                "intent %s goes back to fence %llu, generation %u", after->id,
		                (unsigned long long)after->fence, after->generation);
	return 0;
}

static int check_conflict(const struct cft_state *state, const struct cft_conflict *conflict,
                          struct cft_err *err)
{
	if (cft_find_intent(state, conflict->intent_a) &&
	    cft_find_intent(state, conflict->intent_b))
		return 0;
	return cft_fail(err, CFT_E_INCONSISTENT, "conflict %s is between unknown intents",
	                conflict->id);
}

int cft_apply_change(struct cft_state *state, const struct cft_change *change, struct cft_err *err)
{
	if (change->intent) {
		if (check_intent(state, change->intent, err) != 0)
			return CFT_E_INCONSISTENT;
		cft_put_intent(state, change->intent);
	} else if (change->conflict) {
		if (check_conflict(state, change->conflict, err) != 0)
			return CFT_E_INCONSISTENT;
		cft_put_conflict(state, change->conflict);
	} else if (change->base) {
		cft_put_base(state, change->base);
	} else if (!change->news) { /* news of targets are no state */
		return cft_fail(err, CFT_E_INCONSISTENT, "a change about nothing");
	}
	return 0;
}

static void remember_request(struct cft_state *state, const struct cft_event *event)
{
	if (!event->request_id[0] || cft_find_request(state, event->request_id))
		return;
	cft_put_request(state,
	                cft_request_new(event->request_id, event->request_digest, event->revision,
	                                cft_event_subject(event), event->time_us));
}

int cft_state_apply(struct cft_state *state, const struct cft_event *event, struct cft_err *err)
{
	return cft_apply_from(state, event, 0, err);
}

int cft_apply_from(struct cft_state *state, const struct cft_event *event, size_t first,
                   struct cft_err *err)
{
	assert(!state->loading);
	if (event->revision != state->revision + 1)
		return cft_fail(err, CFT_E_INCONSISTENT, "revision %llu does not follow %llu",
		                (unsigned long long)event->revision,
		                (unsigned long long)state->revision);
	for (size_t i = first; i < event->n_changes; i++) {
		if (cft_apply_change(state, &event->changes[i], err) != 0) {
			cft_err_prefix(err, "project %s, revision %llu", state->project,
			               (unsigned long long)event->revision);
			return CFT_E_INCONSISTENT;
		}
	}
	remember_request(state, event);
	state->revision = event->revision;
	return 0;
}
