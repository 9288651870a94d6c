/* Emit: changes of an event, and the conflicts that appear and vanish with them.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/decide.h"

#include <assert.h>
#include <string.h>

const char *cft_or_empty(const char *s)
{
	return s ? s : "";
}

const struct cft_intent *cft_emit_intent(struct cft_decide *d, enum cft_change_kind kind,
                                         struct cft_intent draft)
{
	draft.updated_us = d->now_us;
	draft.updated_revision = d->state->revision + 1;
	struct cft_change change = {.kind = kind, .intent = cft_intent_copy(&draft)};
	cft_vec_push_in(d->arena, &d->changes, change);
	return change.intent;
}

const struct cft_conflict *cft_emit_conflict(struct cft_decide *d, enum cft_change_kind kind,
                                             struct cft_conflict draft)
{
	draft.updated_revision = d->state->revision + 1;
	struct cft_change change = {.kind = kind, .conflict = cft_conflict_copy(&draft)};
	cft_vec_push_in(d->arena, &d->changes, change);
	return change.conflict;
}

static void emit_detected(struct cft_decide *d, const struct cft_conflict *draft)
{
	struct cft_conflict fresh = *draft;

	fresh.created_us = d->now_us;
	fresh.created_revision = d->state->revision + 1;
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_DETECTED, fresh);
}

static void emit_reopened(struct cft_decide *d, const struct cft_conflict *draft,
                          const struct cft_conflict *known)
{
	struct cft_conflict again = *draft;

	again.created_us = known->created_us;
	again.created_revision = known->created_revision;
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_REOPENED, again);
}

/* An open conflict that says something else now is detected again, under its old date. */
static void emit_changed(struct cft_decide *d, const struct cft_conflict *draft,
                         const struct cft_conflict *known)
{
	struct cft_conflict again = *draft;

	again.created_us = known->created_us;
	again.created_revision = known->created_revision;
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_DETECTED, again);
}

static void emit_draft(struct cft_decide *d, const struct cft_conflict *draft,
                       bool void_resolutions)
{
	const struct cft_conflict *known = cft_state_conflict(d->state, draft->id);

	if (!known || known->status == CFT_CONFLICT_VANISHED)
		emit_detected(d, draft);
	else if (known->status == CFT_CONFLICT_RESOLVED &&
	         (void_resolutions || !cft_conflict_same(known, draft)))
		emit_reopened(d, draft, known);
	else if (known->status == CFT_CONFLICT_OPEN &&
	         (!cft_conflict_same(known, draft) || (void_resolutions && known->proof_json[0])))
		emit_changed(d, draft, known); /* and what was proven was about other DDL */
}

static void emit_gone(struct cft_decide *d, const struct cft_conflict *known)
{
	struct cft_conflict gone = *known;

	assert(known->status != CFT_CONFLICT_VANISHED);
	gone.status = CFT_CONFLICT_VANISHED;
	cft_emit_conflict(d, CFT_CHANGE_CONFLICT_VANISHED, gone);
}

/* -- drafts by id -- */

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_ids(struct cft_decide *d, const struct cft_drafts *drafts)
{
	const char **ids = cft_arena_array(d->arena, const char *, drafts->n);

	for (size_t i = 0; i < drafts->n; i++)
		ids[i] = drafts->v[i].id;
	if (drafts->n > 0)
		qsort(ids, drafts->n, sizeof(*ids), by_id);
	return ids;
}

static bool has_id(const char **ids, size_t n, const char *id)
{
	return n > 0 && bsearch(&id, ids, n, sizeof(*ids), by_id) != NULL;
}

static void emit_drafts(struct cft_decide *d, const struct cft_drafts *drafts,
                        bool void_resolutions)
{
	for (size_t i = 0; i < drafts->n; i++)
		emit_draft(d, &drafts->v[i], void_resolutions);
}

void cft_emit_redetected(struct cft_decide *d, const struct cft_intent *intent,
                         const struct cft_drafts *drafts, bool void_resolutions)
{
	const struct cft_intent_entry *entry = cft_find_intent(d->state, intent->id);
	const struct cft_conflict_link *link;
	const char **ids = sorted_ids(d, drafts);

	if (entry) {
		DL_FOREACH (entry->conflicts, link) {
			const struct cft_conflict *known = link->conflict->conflict;
			if (!has_id(ids, drafts->n, known->id))
				emit_gone(d, known);
		}
	}
	emit_drafts(d, drafts, void_resolutions);
}

void cft_settle(struct cft_decide *d)
{
	struct cft_err err = CFT_ERR_INIT;

	for (; d->settled < d->changes.n; d->settled++) {
		int code = cft_apply_change(d->state, &d->changes.v[d->settled], &err);
		assert(code == 0);
		(void)code;
	}
}

void cft_emit_base(struct cft_decide *d, struct cft_base_schema draft)
{
	draft.set_us = d->now_us;
	draft.revision = d->state->revision + 1;
	struct cft_change change = {.kind = CFT_CHANGE_BASE_CHANGED,
	                            .base = cft_base_schema_copy(&draft)};
	cft_vec_push_in(d->arena, &d->changes, change);
}

void cft_emit_redetected_all(struct cft_decide *d)
{
	struct cft_drafts drafts;

	cft_detect_all(d->state, d->arena, &drafts);
	const char **ids = sorted_ids(d, &drafts);
	for (const struct cft_conflict_entry *e = d->state->conflicts; e; e = e->hh.next) {
		if (e->conflict->status != CFT_CONFLICT_VANISHED &&
		    !has_id(ids, drafts.n, e->conflict->id))
			emit_gone(d, e->conflict);
	}
	emit_drafts(d, &drafts, false);
}

/* The conflicts of one of those near that are no more. Of two that are both near, the first tells.
 */
static void emit_gone_near(struct cft_decide *d, const struct cft_intent_refs *near, size_t at,
                           const struct cft_intent *except, const char **ids, size_t n)
{
	const struct cft_intent_entry *entry = cft_find_intent(d->state, near->v[at]->id);
	const struct cft_conflict_link *link;

	DL_FOREACH (entry->conflicts, link) {
		const struct cft_conflict_entry *known = link->conflict;
		const struct cft_intent *other = known->side[known->side[0] == entry]->intent;
		bool twice = cft_intent_refs_has(near, other) &&
		             other->created_revision < near->v[at]->created_revision;
		if (!twice && strcmp(other->id, except->id) != 0 &&
		    !has_id(ids, n, known->conflict->id))
			emit_gone(d, known->conflict);
	}
}

void cft_emit_redetected_near(struct cft_decide *d, const struct cft_intent *intent,
                              const struct cft_intent_refs *before)
{
	struct cft_intent_refs near;
	struct cft_drafts drafts;

	cft_near(d->state, cft_intent_effects(intent, d->arena), intent->id, d->arena, &near);
	for (size_t i = 0; i < before->n; i++)
		cft_vec_push_in(d->arena, &near, before->v[i]);
	cft_intent_refs_sort(&near);
	cft_detect_near(d->state, &near, intent->id, d->arena, &drafts);
	const char **ids = sorted_ids(d, &drafts);
	for (size_t i = 0; i < near.n; i++)
		emit_gone_near(d, &near, i, intent, ids, drafts.n);
	emit_drafts(d, &drafts, false);
}

void cft_emit_vanished(struct cft_decide *d, const struct cft_intent *intent)
{
	struct cft_drafts none = {0};

	cft_emit_redetected(d, intent, &none, false);
}
