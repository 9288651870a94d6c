/* Finding: situations, from errors and differences.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/finding_parts.h"
#include "common/sql/syntax/name.h"

#include <string.h>

/* Is anything that `first` did gone or overwritten at the end of the order that works? */
static bool loses_work(const struct outcome *o, const struct outcome_run *run, uint8_t first)
{
	const struct world *alone = &o->alone[first].world, *end = &run->world;

	if (o->alone[first].code != WORLD_OK)
		return false;
	for (int i = 0; i < (int)alone->objs.n && i < (int)end->objs.n; i++) {
		const struct world_obj *x = WORLD_OBJ(alone, i), *y = WORLD_OBJ(end, i);
		if (!x->alive)
			continue;
		if (!y->alive && x->created.side == first)
			return true;
		if (!y->alive && x->changed.side == first)
			return true;
		for (size_t k = 0; k < x->n_attrs; k++)
			if (x->attrs[k].by.side == first && *x->attrs[k].key != '~' &&
			    strcmp(x->attrs[k].key, "inherited") != 0 &&
			    (!y->alive ||
			     strcmp(world_get(end, i, x->attrs[k].key), x->attrs[k].value) != 0))
				return true;
	}
	return false;
}

/* Is an object that `first` made gone at the end of the order that works? */
static bool loses_object(const struct outcome *o, const struct outcome_run *run, uint8_t first)
{
	const struct world *alone = &o->alone[first].world, *end = &run->world;

	if (o->alone[first].code != WORLD_OK)
		return false;
	for (int i = 0; i < (int)alone->objs.n && i < (int)end->objs.n; i++) {
		const struct world_obj *made = WORLD_OBJ(alone, i);
		if (made->alive && made->created.side == first && !WORLD_OBJ(end, i)->alive)
			return true;
	}
	return false;
}

static enum finding_situation situation_of(const struct world *w, const struct world_error *error)
{
	switch (error->code) {
	case WORLD_MISSING:
		if (error->other.side == 0)
			return FINDING_ABSENT;
		if (error->blocker >= 0 && WORLD_OBJ(w, error->blocker)->alive &&
		    WORLD_OBJ(w, error->blocker)->changed.side)
			return FINDING_RENAMED;
		return error->blocker >= 0 && WORLD_OBJ(w, error->blocker)->alive ? FINDING_ABSENT
		                                                                  : FINDING_DROPPED;
	case WORLD_DUPLICATE:
		return FINDING_TAKEN;
	case WORLD_DEPENDED:
		return FINDING_DEPENDED;
	case WORLD_AMBIGUOUS:
		return FINDING_AMBIGUOUS;
	case WORLD_TYPE:
		return FINDING_TYPES;
	case WORLD_DATA:
		return FINDING_ROWS;
	case WORLD_STATE:
	case WORLD_OK:
		break;
	}
	return FINDING_STATE;
}

/* The other side's effect that is about the same object, where the execution cannot tell. */
int finding_guess_effect(const struct finding_list *list, uint8_t side, const struct cft_effect *of)
{
	const struct cft_effects *effects = list->outcome->lists[side];

	for (size_t i = 0; of && i < effects->n; i++)
		if (strcmp(effects->v[i].name, of->name) == 0)
			return (int)i;
	return effects->n ? 0 : -1;
}

/* One order failed; `works` is the other one or NULL. */
static void from_error(struct finding_list *list, const struct outcome_run *failed,
                       const struct outcome_run *works, uint8_t first_if_works)
{
	const struct world *w = &failed->world;
	const struct world_error *error = &w->error;
	struct finding_facts f = {.situation = situation_of(w, error),
	                          .x = failed->failed,
	                          .y = (uint8_t)(3 - failed->failed),
	                          .effect_x = error->effect,
	                          .effect_y = -1,
	                          .object = error->object,
	                          .reason = error->reason,
	                          .rewrite = "",
	                          .kind = error->kind,
	                          .first = first_if_works};

	if (error->other.side == f.y)
		f.effect_y = error->other.effect;
	if (f.effect_y < 0)
		f.effect_y = finding_guess_effect(list, f.y, finding_effect(list, f.x, f.effect_x));
	if (error->blocker >= 0)
		f.other_object = world_key(w, error->blocker, list->arena);
	if (!works)
		f.class_ = CFT_CLASS_NEITHER;
	else if (list->outcome->alone[f.x].code != WORLD_OK &&
	         !loses_object(list->outcome, works, first_if_works))
		f.class_ = CFT_CLASS_PREREQUISITE;
	else if (loses_work(list->outcome, works, first_if_works))
		f.class_ = CFT_CLASS_DESTRUCTIVE;
	else
		f.class_ = CFT_CLASS_SEQUENCE;
	if (f.situation == FINDING_RENAMED) {
		const struct world_obj *o = WORLD_OBJ(w, error->blocker);
		const char *old = *error->sub ? error->sub : error->name;
		f.rewrite = finding_rewrite(list, f.x, f.effect_x, old, o->name);
	}
	if (f.class_ == CFT_CLASS_DESTRUCTIVE && !finding_has_rule(f.situation, f.class_))
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_DESTRUCTIVE)
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_NEITHER)
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_PREREQUISITE)
		f.severity = CFT_SEVERITY_INFO;
	finding_add(list, &f);
}

/* 'x' and 'x'::text: one literal, stored as of another type. */
static bool differs_in_cast(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	return n < m ? strncmp(a, b, n) == 0 && strncmp(b + n, "::", 2) == 0
	             : m < n && strncmp(a, b, m) == 0 && strncmp(a + m, "::", 2) == 0;
}

static void from_difference(struct finding_list *list, const struct outcome_difference *d)
{
	const struct world *w = d->ab >= 0 ? &list->outcome->ab.world : &list->outcome->ba.world;
	int obj = d->ab >= 0 ? d->ab : d->ba;
	struct finding_facts f = {.class_ = CFT_CLASS_DIFFER,
	                          .x = 1,
	                          .y = 2,
	                          .effect_x = -1,
	                          .effect_y = -1,
	                          .rewrite = "",
	                          .kind = WORLD_OBJ(w, obj)->kind};

	for (int i = 0; i < 2; i++) {
		struct world_by by = i ? d->by_b : d->by_a;
		if (by.side == 1)
			f.effect_x = by.effect;
		else if (by.side == 2)
			f.effect_y = by.effect;
	}
	if (f.effect_x < 0)
		f.effect_x = finding_guess_effect(list, 1, finding_effect(list, 2, f.effect_y));
	if (f.effect_y < 0)
		f.effect_y = finding_guess_effect(list, 2, finding_effect(list, 1, f.effect_x));
	f.object = world_key(w, obj, list->arena);
	if (strcmp(d->key, "exists") == 0) {
		f.situation = FINDING_EXISTS_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "it is there after %s first",
		                            list->names[*d->va ? 1 : 2]);
	} else if (strcmp(d->key, "name") == 0) {
		f.situation = FINDING_NAME_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "%s or %s", d->va, d->vb);
	} else if (strcmp(d->key, "depends on") == 0 || strcmp(d->key, "def") == 0) {
		f.situation = FINDING_DEFINITION_DIFFERS;
		f.reason =
			strcmp(d->key, "def") == 0
				? "both define it"
				: cft_arena_printf(list->arena, "it uses %s after one order only",
		                                   *d->va ? d->va : d->vb);
	} else if (strcmp(d->key, "default") == 0 && differs_in_cast(d->va, d->vb)) {
		f.situation = FINDING_CAST_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "%s or %s", d->va, d->vb);
	} else {
		f.situation = FINDING_VALUE_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "%s (%s or %s)", d->key,
		                            *d->va ? d->va : "none", *d->vb ? d->vb : "none");
	}
	finding_add(list, &f);
}

void cft_findings_make(struct finding_list *list)
{
	const struct outcome *o = list->outcome;

	switch (list->verdict) {
	case CFT_VERDICT_ONLY_AB:
		from_error(list, &o->ba, &o->ab, 1);
		break;
	case CFT_VERDICT_ONLY_BA:
		from_error(list, &o->ab, &o->ba, 2);
		break;
	case CFT_VERDICT_NEITHER:
		from_error(list, &o->ab, NULL, 0);
		from_error(list, &o->ba, NULL, 0);
		break;
	case CFT_VERDICT_DIFFER:
		for (size_t i = 0; i < o->differences.n; i++)
			from_difference(list, &o->differences.v[i]);
		break;
	case CFT_VERDICT_COMMUTE:
	case CFT_VERDICT_LATENT: {
		bool bodies = finding_bodies_break(list), results = finding_results_change(list);
		bool overloads = finding_overloads_clash(list);
		bool fields = finding_fields_break(list);
		if (bodies || results || overloads || fields)
			list->verdict = CFT_VERDICT_LATENT;
		break;
	}
	}
	finding_worth_knowing(list);
}
