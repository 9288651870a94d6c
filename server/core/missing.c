/* Missing: objects that a plan names and neither the base nor a live intent has, as conflicts with
 * nobody.
 * SPDX-License-Identifier: MIT
 *
 * They are not part of the stored set: who declares what is missing makes them go away, without an
 * event of theirs.
 */
#include "server/core/machine.h"

#include "common/base/vec.h"

#include <string.h>

static const char *const suggestions[] = {
	"Check the name.",
	"If another change makes it, declare that change as an intent.",
	"If the schema has it by now, tell the server: confiture coordinate base set.",
};

static const struct cft_conflict *conflict_of(const struct cft_intent *subject,
                                              const struct cft_missing *missing,
                                              struct cft_arena *arena)
{
	struct cft_conflict *conflict = cft_arena_new(arena, struct cft_conflict);
	const char **objects = cft_arena_new(arena, const char *);
	char *id = cft_arena_alloc(arena, CFT_CONFLICT_ID_SIZE);

	*objects = missing->object;
	cft_conflict_id(subject->id, "", "missing_object", missing->object, id);
	*conflict = (struct cft_conflict){
		.id = id,
		.intent_a = subject->id,
		.intent_b = "",
		.agent_a = subject->agent_id,
		.agent_b = "",
		.type = "missing_object",
		.conflict_class = CFT_CLASS_UNKNOWN,
		.severity = CFT_SEVERITY_WARNING,
		.objects = {objects, 1},
		.explanation = cft_arena_printf(
			arena,
			"%s does not exist: neither the base schema nor a live intent has it.",
			missing->object),
		.suggestions = {(const char **)suggestions,
	                        sizeof(suggestions) / sizeof(suggestions[0])},
		.status = CFT_CONFLICT_OPEN,
		.generation_a = subject->generation,
		.resolution_notes = "",
		.resolved_by = "",
		.proof_json = "",
		.proven_verdict = "",
	};
	return conflict;
}

void cft_state_missing(const struct cft_state *state, const struct cft_intent *subject,
                       struct cft_arena *arena, struct cft_conflict_list *ret)
{
	struct cft_intent_refs others;
	struct cft_missing *missing;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	if (!state->model)
		return;
	const struct cft_effects *effects = cft_intent_effects(subject, arena);
	cft_index_candidates(&state->index, effects, state->model, state->model, subject->id, arena,
	                     &others);
	const struct cft_effects **lists =
		cft_arena_array(arena, const struct cft_effects *, others.n + 1);
	for (size_t i = 0; i < others.n; i++)
		lists[i] = cft_intent_effects(others.v[i], arena);
	cft_conflict_missing(effects, state->model, lists, others.n, arena, &missing, &n);
	ret->v = cft_arena_array(arena, const struct cft_conflict *, n + 1);
	while (ret->n < n) {
		ret->v[ret->n] = conflict_of(subject, &missing[ret->n], arena);
		ret->n++;
	}
}
