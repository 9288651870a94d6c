/* Finding, latent: what breaks only when it runs.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/finding_parts.h"
#include "common/sql/world/cast.h"

#include <string.h>

static bool is_gone(const struct world *w, int obj)
{
	return obj < 0 || !WORLD_OBJ(w, obj)->alive;
}

/* A literal in a body that was an enum label, and is none any more. */
static bool label_vanished(const struct outcome *o, const char *value)
{
	const struct world *w = &o->ab.world;

	for (int i = 0; i < (int)o->start.objs.n; i++) {
		const char *before = world_get(&o->start, i, "labels"), *at = before;
		size_t len = strlen(value);
		const char *after = world_get(w, i, "labels");

		if (WORLD_OBJ(w, i)->kind != CFT_OBJ_TYPE || strcmp(before, after) == 0)
			continue;
		for (; *at; at += strcspn(at, "\x1f") + (at[strcspn(at, "\x1f")] != '\0'))
			if (strcspn(at, "\x1f") == len && strncmp(at, value, len) == 0)
				break;
		bool was = *at || WORLD_OBJ(w, i)->assumed;
		for (at = after; *at; at += strcspn(at, "\x1f") + (at[strcspn(at, "\x1f")] != '\0'))
			if (strcspn(at, "\x1f") == len && strncmp(at, value, len) == 0)
				break;
		if (was && !*at)
			return true;
	}
	return false;
}

static void body_breaks(struct finding_list *list, uint8_t side, int obj, const char *reason,
                        const char *what)
{
	const struct world *w = &list->outcome->ab.world;
	struct finding_facts f = {.situation = FINDING_BODY_BREAKS,
	                          .class_ = CFT_CLASS_LATENT,
	                          .x = side,
	                          .y = (uint8_t)(3 - side),
	                          .kind = CFT_OBJ_FUNCTION,
	                          .rewrite = ""};

	f.effect_x = WORLD_OBJ(w, obj)->changed.side == side ? WORLD_OBJ(w, obj)->changed.effect
	                                                     : WORLD_OBJ(w, obj)->created.effect;
	f.effect_y = finding_guess_effect(list, f.y, NULL);
	f.object = world_key(w, obj, list->arena);
	f.other_object = what;
	f.reason = reason;
	finding_add(list, &f);
}

/* Does the query take the column for what it is? RETURN QUERY asks for the type itself. */
static bool takes_type(const struct world *w, const struct cft_ref *ref, int column)
{
	const char *type = world_get(w, column, "type");

	return ref->flags & CFT_REF_RESULT ? cft_cast_same_but_modifiers(type, ref->value)
	                                   : cft_cast_comparable(type, ref->value);
}

/* What breaks though every name is still there: NULL where nothing does. */
static const char *count_or_type(struct finding_list *list, struct world *before,
                                 struct world *after, const struct cft_effect *e, size_t i)
{
	const struct cft_ref *ref = &e->refs[i];

	if (ref->flags & CFT_REF_COUNT)
		return world_takes_values(before, ref) && !world_takes_values(after, ref)
		               ? cft_arena_printf(list->arena, "its INSERT into %s gives %s values",
		                                  ref->name, ref->value)
		               : NULL;
	if (!(ref->flags & (CFT_REF_RESULT | CFT_REF_COMPARED)) || !(ref->flags & CFT_REF_LATE))
		return NULL;
	int was = world_resolve_late(before, e, i), is = world_resolve_late(after, e, i);
	if (was < 0 || is < 0 || !takes_type(before, ref, was) || takes_type(after, ref, is))
		return NULL;
	return cft_arena_printf(list->arena, "it takes %s for %s",
	                        world_key(after, is, list->arena), ref->value);
}

/* The base's version of the function uses it as well: the other side alone breaks that. */
static bool broken_already(const struct outcome *o, int obj, const struct cft_ref *ref)
{
	const struct cft_effect *old =
		obj < (int)o->start.objs.n ? WORLD_OBJ(&o->start, obj)->effect : NULL;

	for (size_t i = 0; old && i < old->n_refs; i++) {
		const struct cft_ref *r = &old->refs[i];
		if (r->kind == ref->kind && ((r->flags ^ ref->flags) & CFT_REF_FIELD) == 0 &&
		    strcmp(r->name, ref->name) == 0 && strcmp(r->sub, ref->sub) == 0 &&
		    strcmp(r->alias, ref->alias) == 0)
			return true;
	}
	return false;
}

/* A body that worked when its side was alone, and does not at the end of both. */
static bool check_body(struct finding_list *list, uint8_t side, int obj, int alone_obj)
{
	const struct world *end = &list->outcome->ab.world;
	const struct cft_effect *e = WORLD_OBJ(end, obj)->effect;
	struct world before = list->outcome->alone[side].world, after = *end;
	bool broken = false;

	(void)alone_obj;
	before.path = before.default_path;
	after.path = after.default_path;
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		if (!(ref->flags & (CFT_REF_LATE | CFT_REF_SOFT)) ||
		    broken_already(list->outcome, obj, ref))
			continue;
		if ((ref->flags & CFT_REF_VALUE) && *ref->value && *ref->value != '#' &&
		    label_vanished(list->outcome, ref->value)) {
			body_breaks(list, side, obj,
			            cft_arena_printf(list->arena, "'%s' is no value any more",
			                             ref->value),
			            "");
			broken = true;
			continue;
		}
		const char *reason = count_or_type(list, &before, &after, e, i);
		if (reason) {
			body_breaks(list, side, obj, reason, "");
			broken = true;
		}
		int was = world_resolve_late(&before, e, i), is;
		if (was < 0 || ref->flags & (CFT_REF_COUNT | CFT_REF_RESULT | CFT_REF_COMPARED))
			continue;
		is = world_resolve_late(&after, e, i);
		if (is == -2 || !is_gone(&after, is))
			continue;
		const char *key = world_key(&before, was, list->arena);
		body_breaks(list, side, obj, cft_arena_printf(list->arena, "it uses %s", key), key);
		broken = true;
	}
	return broken;
}

static uint8_t author(const struct world_obj *o)
{
	return o->changed.side ? o->changed.side : o->created.side;
}

static int trigger_function(const struct world *w, int trigger)
{
	const struct world_obj *o = WORLD_OBJ(w, trigger);

	for (size_t i = 0; i < o->n_deps; i++)
		if (WORLD_OBJ(w, o->deps[i].target)->kind == CFT_OBJ_FUNCTION)
			return o->deps[i].target;
	return -1;
}

/* NEW.x in the function of a trigger, whose table loses the column x. */
static bool check_fields(struct finding_list *list, int trigger, int function)
{
	const struct world *end = &list->outcome->ab.world;
	const struct cft_effect *e = WORLD_OBJ(end, function)->effect;
	int table = WORLD_OBJ(end, trigger)->parent;
	uint8_t side = author(WORLD_OBJ(end, function));
	bool broken = false;

	side = side ? side : author(WORLD_OBJ(end, trigger));
	if (!side || !e || table >= (int)list->outcome->start.objs.n)
		return false;
	const struct world *before = &list->outcome->alone[side].world;
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];
		int was = ref->flags & CFT_REF_FIELD ? world_column(before, table, ref->sub) : -1;
		if (was < 0 || world_column(end, table, ref->sub) >= 0 ||
		    (trigger < (int)list->outcome->start.objs.n &&
		     broken_already(list->outcome, function, ref)))
			continue;
		const char *key = world_key(before, was, list->arena);
		body_breaks(list, side, function, cft_arena_printf(list->arena, "it uses %s", key),
		            key);
		broken = true;
	}
	return broken;
}

bool finding_fields_break(struct finding_list *list)
{
	const struct world *w = &list->outcome->ab.world;
	bool broken = false;

	WORLD_EACH(w, i)
	{
		if (WORLD_OBJ(w, i)->kind != CFT_OBJ_TRIGGER || !WORLD_OBJ(w, i)->alive)
			continue;
		int function = trigger_function(w, i);
		if (function >= 0)
			broken = check_fields(list, i, function) || broken;
	}
	return broken;
}

bool finding_bodies_break(struct finding_list *list)
{
	const struct world *w = &list->outcome->ab.world;
	bool broken = false;

	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->effect && author(o) &&
		    (o->kind == CFT_OBJ_FUNCTION || o->kind == CFT_OBJ_VIEW))
			broken = check_body(list, author(o), i, i) || broken;
	}
	return broken;
}

/* One side changes a function, the other stores what it computes. */
bool finding_results_change(struct finding_list *list)
{
	const struct world *w = &list->outcome->ab.world;
	bool found = false;

	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		bool stores = o->kind == CFT_OBJ_INDEX || o->kind == CFT_OBJ_CONSTRAINT ||
		              o->kind == CFT_OBJ_MATVIEW || o->kind == CFT_OBJ_COLUMN;
		if (!o->alive || !stores || !o->created.side)
			continue;
		for (size_t k = 0; k < o->n_deps; k++) {
			const struct world_obj *t = WORLD_OBJ(w, o->deps[k].target);
			if (t->kind != CFT_OBJ_FUNCTION || !t->changed.side ||
			    t->changed.side == o->created.side || !t->alive ||
			    strcmp(o->deps[k].tag, "default") == 0 ||
			    o->deps[k].target >= (int)list->outcome->start.objs.n)
				continue;
			struct finding_facts f = {.situation = FINDING_RESULTS_CHANGE,
			                          .class_ = CFT_CLASS_LATENT,
			                          .x = t->changed.side,
			                          .y = o->created.side,
			                          .effect_x = t->changed.effect,
			                          .effect_y = o->created.effect,
			                          .kind = CFT_OBJ_FUNCTION,
			                          .rewrite = ""};
			f.object = world_key(w, o->deps[k].target, list->arena);
			f.other_object = world_key(w, i, list->arena);
			f.reason = f.other_object;
			finding_add(list, &f);
			found = true;
		}
	}
	return found;
}

static int number(const char *text)
{
	int n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + *text - '0';
	return n;
}

/* The first n types of both are the same. */
static bool same_first(const char *a, const char *b, int n)
{
	for (int depth = 0; n > 0; a++, b++) {
		bool end_a = !*a || (*a == ',' && !depth), end_b = !*b || (*b == ',' && !depth);
		if (end_a != end_b || (!end_a && *a != *b))
			return false;
		if (end_a && --n == 0)
			return true;
		depth += (*a == '(') - (*a == ')');
	}
	return true;
}

/* A number of arguments that both take, and of the same types. */
static bool may_clash(const char *a, int n1, int d1, const char *b, int n2, int d2)
{
	for (int n = n1 - d1 > n2 - d2 ? n1 - d1 : n2 - d2; n <= n1 && n <= n2; n++)
		if (same_first(a, b, n))
			return true;
	return false;
}

/* Two overloads that one call could mean: their argument counts overlap through defaults. */
bool finding_overloads_clash(struct finding_list *list)
{
	const struct world *w = &list->outcome->ab.world;

	WORLD_EACH(w, i)
	{
		const struct world_obj *a = WORLD_OBJ(w, i);
		if (a->kind != CFT_OBJ_FUNCTION || a->created.side != 1 || !a->alive)
			continue;
		WORLD_EACH(w, k)
		{
			const struct world_obj *b = WORLD_OBJ(w, k);
			int d1 = number(world_get(w, i, "defaults"));
			int d2 = number(world_get(w, k, "defaults"));
			int n1 = number(world_get(w, i, "inputs"));
			int n2 = number(world_get(w, k, "inputs"));
			if (b->kind != CFT_OBJ_FUNCTION || b->created.side != 2 || !b->alive ||
			    strcmp(a->name, b->name) != 0 || strcmp(a->schema, b->schema) != 0 ||
			    (!d1 && !d2) || !may_clash(a->args, n1, d1, b->args, n2, d2))
				continue;
			struct finding_facts f = {.situation = FINDING_OVERLOADS,
			                          .class_ = CFT_CLASS_LATENT,
			                          .x = 1,
			                          .y = 2,
			                          .effect_x = a->created.effect,
			                          .effect_y = b->created.effect,
			                          .kind = CFT_OBJ_FUNCTION,
			                          .rewrite = "",
			                          .reason = ""};
			f.object = world_key(w, i, list->arena);
			f.other_object = world_key(w, k, list->arena);
			finding_add(list, &f);
			return true;
		}
	}
	return false;
}
