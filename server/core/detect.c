/* Detect: compares intents through the index and turns findings into conflicts.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/detect.h"

#include <string.h>

static const char *label(const struct cft_intent *intent, struct cft_arena *arena)
{
	if (!intent->id[0])
		return intent->agent_id;
	return cft_arena_printf(arena, "%s (%s)", intent->agent_id, intent->id);
}

static struct cft_strings texts(const char *const *from, size_t n, struct cft_arena *arena)
{
	struct cft_strings strings = {cft_arena_array(arena, const char *, n), n};

	for (size_t i = 0; i < n; i++)
		strings.v[i] = from[i];
	return strings;
}

static struct cft_conflict draft_of(const struct cft_intent *a, const struct cft_intent *b,
                                    const struct cft_finding *finding, struct cft_arena *arena)
{
	char *id = cft_arena_alloc(arena, CFT_CONFLICT_ID_SIZE);
	const char *object = finding->n_objects ? finding->objects[0] : "";

	cft_conflict_id(a->id, b->id, finding->conflict_type, object, id);
	return (struct cft_conflict){
		.id = id,
		.intent_a = a->id,
		.intent_b = b->id,
		.agent_a = a->agent_id,
		.agent_b = b->agent_id,
		.type = finding->conflict_type,
		.conflict_class = (int)finding->class_,
		.severity = (int)finding->severity,
		.order = (int)finding->order,
		.objects = texts(finding->objects, finding->n_objects, arena),
		.explanation = finding->explanation,
		.suggestions = texts(finding->suggestions, finding->n_suggestions, arena),
		.status = CFT_CONFLICT_OPEN,
		.generation_a = a->generation,
		.generation_b = b->generation,
		.resolution_notes = "",
		.resolved_by = "",
		.proof_json = "",
		.proven_verdict = "",
	};
}

/* One record per pair, type and object: of several findings the gravest speaks. */
static void add_draft(struct cft_drafts *drafts, size_t first, struct cft_conflict draft,
                      struct cft_arena *arena)
{
	for (size_t i = first; i < drafts->n; i++) {
		if (strcmp(drafts->v[i].id, draft.id) != 0)
			continue;
		if (drafts->v[i].severity < draft.severity)
			drafts->v[i] = draft;
		return;
	}
	cft_vec_push_in(arena, drafts, draft);
}

static void detect_pair(const struct cft_base *model, const struct cft_intent *a,
                        const struct cft_intent *b, struct cft_arena *arena,
                        struct cft_drafts *drafts)
{
	struct cft_compare_options options = {label(a, arena), label(b, arena)};
	struct cft_comparison result;
	size_t first = drafts->n;

	cft_conflict_compare(cft_intent_effects(a, arena), cft_intent_effects(b, arena), model,
	                     &options, arena, &result);
	for (size_t i = 0; i < result.n_findings; i++) {
		const struct cft_finding *finding = &result.findings[i];
		if (finding->severity != CFT_SEVERITY_NONE)
			add_draft(drafts, first, draft_of(a, b, finding, arena), arena);
	}
}

/* What is not registered yet comes after all that is. */
static bool comes_first(const struct cft_intent *x, const struct cft_intent *y)
{
	if (x->created_revision == 0 || y->created_revision == 0)
		return x->created_revision != 0;
	return x->created_revision < y->created_revision;
}

static void detect_pair_sorted(const struct cft_base *model, const struct cft_intent *x,
                               const struct cft_intent *y, struct cft_arena *arena,
                               struct cft_drafts *drafts)
{
	bool sorted = comes_first(x, y);

	detect_pair(model, sorted ? x : y, sorted ? y : x, arena, drafts);
}

/* Looks at one intent's candidates, and at the schemas that lie under the pairs. */
struct look {
	const struct cft_state *state;
	struct cft_intent subject; /* a draft of it: its effects are read once, if at all */
	struct cft_overlay overlay;
	struct cft_intent_refs others;
	struct cft_arena *arena;
	struct cft_drafts *ret;
};

static const struct cft_effects *subject_effects(struct look *look)
{
	look->subject.effects = cft_intent_effects(&look->subject, look->arena);
	return look->subject.effects;
}

static void look_at(struct look *look, const struct cft_intent *subject)
{
	const struct cft_state *state = look->state;
	const struct cft_intent_entry *entry = cft_find_intent(state, subject->id);

	look->subject = *subject;
	look->overlay.completed = &state->completed;
	look->overlay.model = state->model;
	if (entry && entry->intent == subject && entry->member)
		cft_index_neighbours(&state->index, entry->member, look->arena, &look->others);
	else
		cft_index_candidates(&state->index, subject_effects(look), state->model,
		                     cft_overlay_for(&look->overlay, &look->subject, NULL),
		                     subject->id, look->arena, &look->others);
}

static void look_pair(struct look *look, const struct cft_intent *other)
{
	subject_effects(look);
	const struct cft_base *model = cft_overlay_for(&look->overlay, &look->subject, other);
	detect_pair_sorted(model, other, &look->subject, look->arena, look->ret);
}

void cft_detect(const struct cft_state *state, const struct cft_intent *subject,
                const char *own_branch, struct cft_arena *arena, struct cft_drafts *ret)
{
	struct look look = {.state = state, .arena = arena, .ret = ret};

	memset(ret, 0, sizeof(*ret));
	look_at(&look, subject);
	for (size_t i = 0; i < look.others.n; i++) {
		const struct cft_intent *other = look.others.v[i];
		if (!own_branch[0] || strcmp(own_branch, other->branch_name) != 0)
			look_pair(&look, other);
	}
	cft_overlay_release(&look.overlay);
}

void cft_detect_all(const struct cft_state *state, struct cft_arena *arena, struct cft_drafts *ret)
{
	struct look look = {.state = state, .arena = arena, .ret = ret};

	memset(ret, 0, sizeof(*ret));
	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next) {
		if (!e->member)
			continue;
		look_at(&look, e->intent);
		for (size_t i = 0; i < look.others.n; i++)
			if (comes_first(look.others.v[i], e->intent))
				look_pair(&look, look.others.v[i]);
	}
	cft_overlay_release(&look.overlay);
}

void cft_detect_near(const struct cft_state *state, const struct cft_intent_refs *near,
                     const char *except, struct cft_arena *arena, struct cft_drafts *ret)
{
	struct look look = {.state = state, .arena = arena, .ret = ret};

	memset(ret, 0, sizeof(*ret));
	for (size_t k = 0; k < near->n; k++) {
		look_at(&look, near->v[k]);
		for (size_t i = 0; i < look.others.n; i++) {
			const struct cft_intent *other = look.others.v[i];
			/* Of two that are both near, the later one looks. */
			bool twice =
				cft_intent_refs_has(near, other) && !comes_first(other, near->v[k]);
			if (!twice && strcmp(other->id, except) != 0)
				look_pair(&look, other);
		}
	}
	cft_overlay_release(&look.overlay);
}

static bool same_texts(const struct cft_strings *a, const struct cft_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

bool cft_conflict_same(const struct cft_conflict *a, const struct cft_conflict *b)
{
	return strcmp(a->id, b->id) == 0 && a->conflict_class == b->conflict_class &&
	       a->severity == b->severity && a->order == b->order &&
	       same_texts(&a->objects, &b->objects) &&
	       strcmp(a->explanation, b->explanation) == 0 &&
	       same_texts(&a->suggestions, &b->suggestions);
}
