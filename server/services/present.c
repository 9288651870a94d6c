/* Present: intents and conflicts with their derived fields.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/present.h"

#include "common/base/digest.h"
#include "server/codec/records_codec.h"

#include <string.h>

static void list_open(const struct cft_view *view, const char *intent_id,
                      struct cft_conflict_list *ret)
{
	struct cft_conflict_filter filter = {.intent_id = intent_id};

	memset(ret, 0, sizeof(*ret));
	cft_state_list_conflicts(view->state, &filter, view->arena, ret);
}

void cft_add_missing(const struct cft_view *view, const struct cft_intent *subject,
                     struct cft_conflict_list *list)
{
	struct cft_conflict_list missing = {0};

	/* Once it is done the base may have moved on with it. */
	if (subject &&
	    (subject->status == CFT_INTENT_REGISTERED || subject->status == CFT_INTENT_IN_PROGRESS))
		cft_state_missing(view->state, subject, view->arena, &missing);
	if (missing.n == 0)
		return;
	const struct cft_conflict **all =
		cft_arena_array(view->arena, const struct cft_conflict *, list->n + missing.n);
	for (size_t i = 0; i < list->n; i++)
		all[i] = list->v[i];
	for (size_t i = 0; i < missing.n; i++)
		all[list->n + i] = missing.v[i];
	*list = (struct cft_conflict_list){all, list->n + missing.n};
}

static void add_lease(const struct cft_view *view, const struct cft_intent *intent,
                      Confiture__V1__Intent *to)
{
	int64_t deadline_us;

	if (intent->status != CFT_INTENT_IN_PROGRESS)
		return;
	deadline_us = cft_sequencer_lease_deadline_us(view->coordination->sequencer, view->project,
	                                              intent->id);
	to->lease = cft_arena_new(view->arena, Confiture__V1__Lease);
	confiture__v1__lease__init(to->lease);
	to->lease->fence = intent->fence;
	to->lease->ttl_ms = intent->lease_ttl_us / 1000;
	to->lease->expire_time = cft_codec_time(view->arena, deadline_us);
}

static bool listed(char *const *ids, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(ids[i], id) == 0)
			return true;
	}
	return false;
}

static void add_conflicts_with(const struct cft_view *view, const struct cft_intent *intent,
                               Confiture__V1__Intent *to)
{
	struct cft_conflict_list list;

	list_open(view, intent->id, &list);
	to->conflicts_with = cft_arena_array(view->arena, char *, list.n);
	for (size_t i = 0; i < list.n; i++) {
		const struct cft_conflict *conflict = list.v[i];
		const char *other = strcmp(conflict->intent_a, intent->id) == 0
		                            ? conflict->intent_b
		                            : conflict->intent_a;

		if (!listed(to->conflicts_with, to->n_conflicts_with, other))
			to->conflicts_with[to->n_conflicts_with++] = (char *)other;
	}
}

Confiture__V1__Intent *cft_show_intent(const struct cft_view *view, const struct cft_intent *intent)
{
	Confiture__V1__Intent *to = cft_codec_intent(view->arena, view->project, intent, 0);

	to->blocked = cft_state_blocked(view->state, intent, view->now_us);
	to->stale = cft_state_stale(view->state, intent, view->now_us);
	to->ddl_digest = cft_arena_alloc(view->arena, CFT_SHA256_HEX);
	cft_intent_digest(intent, to->ddl_digest);
	add_lease(view, intent, to);
	add_conflicts_with(view, intent, to);
	return to;
}

Confiture__V1__BaseSchema *cft_show_base(const struct cft_view *view)
{
	const struct cft_base_schema *base = cft_state_base(view->state);

	if (!base)
		return NULL;
	Confiture__V1__BaseSchema *to = cft_codec_base(view->arena, base, 0);
	/* Some answers are given when the state is gone: this is kept for them. */
	to->fingerprint = cft_arena_strdup(view->arena, to->fingerprint);
	to->source = cft_arena_strdup(view->arena, to->source);
	to->age_ms = view->now_us > base->set_us ? (view->now_us - base->set_us) / 1000 : 0;
	return to;
}

static bool is_completed(const struct cft_view *view, const char *intent_id)
{
	const struct cft_intent *intent = cft_state_intent(view->state, intent_id);

	return intent && intent->status == CFT_INTENT_COMPLETED;
}

Confiture__V1__Conflict *cft_show_conflict(const struct cft_view *view,
                                           const struct cft_conflict *conflict)
{
	Confiture__V1__Conflict *to = cft_codec_conflict(view->arena, view->project, conflict);

	to->severity =
		(Confiture__V1__Severity)cft_state_severity(view->state, conflict, view->now_us);
	to->awaiting_merge =
		is_completed(view, conflict->intent_a) || is_completed(view, conflict->intent_b);
	return to;
}

Confiture__V1__Conflict **cft_show_conflicts(const struct cft_view *view,
                                             const struct cft_conflict_list *list)
{
	Confiture__V1__Conflict **shown =
		cft_arena_array(view->arena, Confiture__V1__Conflict *, list->n);

	for (size_t i = 0; i < list->n; i++)
		shown[i] = cft_show_conflict(view, list->v[i]);
	return shown;
}

Confiture__V1__Conflict **cft_show_conflicts_of(const struct cft_view *view, const char *intent_id,
                                                size_t *ret_n)
{
	struct cft_conflict_list list;

	list_open(view, intent_id, &list);
	cft_add_missing(view, cft_state_intent(view->state, intent_id), &list);
	*ret_n = list.n;
	return cft_show_conflicts(view, &list);
}
