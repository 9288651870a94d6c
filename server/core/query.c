/* Query: check, and lists of intents and conflicts.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/detect.h"
#include "server/core/severity.h"
#include "server/core/tables.h"

#include <string.h>

/* -- check -- */

/* Plans that are not registered stand as an intent without id, which comes after all others. An own
 * intent that is left out lends its id, so that nothing is compared with itself. */
void cft_state_check(const struct cft_state *state, const char *agent_id,
                     const struct cft_plan *plan, const char *own_intent_id, const char *own_branch,
                     int64_t now_us, struct cft_arena *arena, struct cft_conflict_list *ret)
{
	struct cft_intent subject = {
		.id = own_intent_id ? own_intent_id : "",
		.agent_id = agent_id,
		.branch_name = own_branch ? own_branch : "",
		.effects = plan->effects,
		.status = CFT_INTENT_REGISTERED,
		.generation = 1,
		.created_us = now_us,
	};
	struct cft_drafts drafts;

	cft_detect(state, &subject, subject.branch_name, arena, &drafts);
	ret->v = cft_arena_array(arena, const struct cft_conflict *, drafts.n);
	ret->n = drafts.n;
	for (size_t i = 0; i < drafts.n; i++) {
		drafts.v[i].intent_b = "";
		ret->v[i] = &drafts.v[i];
	}
}

/* -- intents -- */

static bool has_table(const struct cft_intent *intent, const char *table)
{
	for (size_t i = 0; i < intent->tables_affected.n; i++)
		if (strcmp(cft_table_plain(intent->tables_affected.v[i]), table) == 0)
			return true;
	return false;
}

static bool intent_matches(const struct cft_intent *intent, const struct cft_intent_filter *filter)
{
	if (filter->status_mask && !(filter->status_mask & (1u << intent->status)))
		return false;
	if (filter->agent_id && filter->agent_id[0] &&
	    strcmp(filter->agent_id, intent->agent_id) != 0)
		return false;
	return !filter->table || !filter->table[0] ||
	       has_table(intent, cft_table_plain(filter->table));
}

void cft_state_list_intents(const struct cft_state *state, const struct cft_intent_filter *filter,
                            struct cft_arena *arena, struct cft_intent_list *ret)
{
	struct cft_intent_refs found = {0};

	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next)
		if (intent_matches(e->intent, filter))
			cft_vec_push_in(arena, &found, e->intent);
	ret->v = found.v;
	ret->n = found.n;
}

/* -- conflicts -- */

struct conflict_refs {
	const struct cft_conflict **v;
	size_t n, cap;
};

static bool status_matches(const struct cft_conflict *conflict,
                           const struct cft_conflict_filter *filter)
{
	switch (conflict->status) {
	case CFT_CONFLICT_OPEN:
		return true;
	case CFT_CONFLICT_RESOLVED:
		return filter->resolved;
	case CFT_CONFLICT_VANISHED:
		return filter->vanished;
	}
	return false;
}

static bool either(const char *wanted, const char *a, const char *b)
{
	return !wanted || !wanted[0] || strcmp(wanted, a) == 0 || strcmp(wanted, b) == 0;
}

static bool conflict_matches(const struct cft_conflict *conflict,
                             const struct cft_conflict_filter *filter)
{
	return status_matches(conflict, filter) && conflict->severity >= filter->min_severity &&
	       either(filter->intent_id, conflict->intent_a, conflict->intent_b) &&
	       either(filter->agent_id, conflict->agent_a, conflict->agent_b);
}

static int by_detection(const void *a, const void *b)
{
	const struct cft_conflict *x = *(const struct cft_conflict *const *)a;
	const struct cft_conflict *y = *(const struct cft_conflict *const *)b;

	if (x->created_revision != y->created_revision)
		return x->created_revision < y->created_revision ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The conflicts in the intent's own list: all but the vanished ones. */
static void collect_of_intent(const struct cft_state *state,
                              const struct cft_conflict_filter *filter, struct cft_arena *arena,
                              struct conflict_refs *found)
{
	const struct cft_intent_entry *entry = cft_find_intent(state, filter->intent_id);
	const struct cft_conflict_link *link;

	if (!entry)
		return;
	DL_FOREACH (entry->conflicts, link) {
		if (conflict_matches(link->conflict->conflict, filter))
			cft_vec_push_in(arena, found, link->conflict->conflict);
	}
}

static void collect_all(const struct cft_state *state, const struct cft_conflict_filter *filter,
                        struct cft_arena *arena, struct conflict_refs *found)
{
	for (const struct cft_conflict_entry *e = state->conflicts; e; e = e->hh.next)
		if (conflict_matches(e->conflict, filter))
			cft_vec_push_in(arena, found, e->conflict);
}

void cft_state_list_conflicts(const struct cft_state *state,
                              const struct cft_conflict_filter *filter, struct cft_arena *arena,
                              struct cft_conflict_list *ret)
{
	struct conflict_refs found = {0};

	if (filter->intent_id && filter->intent_id[0] && !filter->vanished)
		collect_of_intent(state, filter, arena, &found);
	else
		collect_all(state, filter, arena, &found);
	if (found.n > 0)
		qsort(found.v, found.n, sizeof(*found.v), by_detection);
	ret->v = found.v;
	ret->n = found.n;
}

void cft_state_under(const struct cft_state *state, const struct cft_intent *a,
                     const struct cft_intent *b, struct cft_arena *arena,
                     struct cft_intent_list *ret)
{
	struct cft_intent_refs lists;

	cft_overlay_lists(&state->completed, state->model, a, b, arena, &lists);
	cft_intent_refs_sort(&lists);
	ret->v = lists.v;
	ret->n = lists.n;
}
