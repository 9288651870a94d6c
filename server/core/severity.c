/* Severity: how grave a conflict is now, given the states of its sides.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/severity.h"

#include <string.h>

bool cft_state_stale(const struct cft_state *state, const struct cft_intent *intent, int64_t now_us)
{
	if (intent->status == CFT_INTENT_EXPIRED)
		return true;
	return intent->status == CFT_INTENT_REGISTERED &&
	       now_us - intent->updated_us >= state->limits.stale_after_us;
}

/* A side that is done, stale or gone blocks nobody. */
static bool softens(const struct cft_state *state, const struct cft_intent *intent, int64_t now_us)
{
	return intent &&
	       (intent->status == CFT_INTENT_COMPLETED || cft_intent_is_terminal(intent->status) ||
	        cft_state_stale(state, intent, now_us));
}

static bool same_work(const struct cft_intent *a, const struct cft_intent *b)
{
	return a && b && strcmp(a->agent_id, b->agent_id) == 0 &&
	       strcmp(a->branch_name, b->branch_name) == 0;
}

/* What breaks when it runs is a suspicion until PostgreSQL has shown it. */
static int proven_severity(const struct cft_conflict *conflict)
{
	bool proven = conflict->conflict_class == CFT_CLASS_LATENT &&
	              strcmp(conflict->proven_verdict, "latent") == 0;

	return proven ? CFT_SEVERITY_ERROR : conflict->severity;
}

int cft_severity_between(const struct cft_state *state, const struct cft_conflict *conflict,
                         const struct cft_intent *a, const struct cft_intent *b, int64_t now_us)
{
	int severity = proven_severity(conflict);
	int limit = CFT_SEVERITY_ERROR;

	if (softens(state, a, now_us) || softens(state, b, now_us))
		limit = CFT_SEVERITY_WARNING;
	if (same_work(a, b))
		limit = CFT_SEVERITY_INFO;
	return severity < limit ? severity : limit;
}

int cft_state_severity(const struct cft_state *state, const struct cft_conflict *conflict,
                       int64_t now_us)
{
	return cft_severity_between(state, conflict, cft_state_intent(state, conflict->intent_a),
	                            cft_state_intent(state, conflict->intent_b), now_us);
}

/* The severity of `conflict` if `intent`, one of its sides, were not stale: starting it anew, or
 * touching it, is what makes it count again. */
static int severity_for(const struct cft_state *state, const struct cft_conflict *conflict,
                        const struct cft_intent *intent, int64_t now_us)
{
	const char *other = strcmp(conflict->intent_a, intent->id) == 0 ? conflict->intent_b
	                                                                : conflict->intent_a;
	const struct cft_intent *it = cft_state_intent(state, other);

	return cft_severity_between(state, conflict, it, same_work(it, intent) ? intent : NULL,
	                            now_us);
}

/* Who registered later and has not begun comes after `intent`. */
static bool comes_later(const struct cft_state *state, const struct cft_conflict *conflict,
                        const struct cft_intent *intent)
{
	const char *other = strcmp(conflict->intent_a, intent->id) == 0 ? conflict->intent_b
	                                                                : conflict->intent_a;
	const struct cft_intent *it = cft_state_intent(state, other);

	return it && it->status == CFT_INTENT_REGISTERED &&
	       it->created_revision > intent->created_revision;
}

int cft_worst_severity(const struct cft_state *state, const struct cft_intent *intent,
                       bool in_order, int64_t now_us, const struct cft_conflict **ret_worst)
{
	const struct cft_intent_entry *entry = cft_find_intent(state, intent->id);
	const struct cft_conflict_link *link;
	int worst = CFT_SEVERITY_NONE;

	if (!entry)
		return worst;
	DL_FOREACH (entry->conflicts, link) {
		const struct cft_conflict *conflict = link->conflict->conflict;
		int severity = conflict->status == CFT_CONFLICT_OPEN
		                       ? severity_for(state, conflict, intent, now_us)
		                       : CFT_SEVERITY_NONE;
		if (in_order && comes_later(state, conflict, intent))
			continue;
		if (severity > worst) {
			worst = severity;
			*ret_worst = conflict;
		}
	}
	return worst;
}

bool cft_state_blocked(const struct cft_state *state, const struct cft_intent *intent,
                       int64_t now_us)
{
	const struct cft_conflict *worst = NULL;

	return !cft_intent_is_terminal(intent->status) && intent->status != CFT_INTENT_COMPLETED &&
	       cft_worst_severity(state, intent, false, now_us, &worst) >= CFT_SEVERITY_ERROR;
}
