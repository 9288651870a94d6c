/* Finding: situations, the rule table, texts.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/finding.h"

#include "common/base/buf.h"
#include "common/sql/name.h"
#include "common/sql/split.h"

#include <stdio.h>
#include <string.h>

enum situation {
	RENAMED,
	DROPPED,
	ABSENT,
	TAKEN,
	DEPENDED,
	AMBIGUOUS,
	TYPES,
	ROWS,
	STATE,
	VALUE_DIFFERS,
	EXISTS_DIFFERS,
	NAME_DIFFERS,
	DEFINITION_DIFFERS,
	ROWS_DIFFER,
	BODY_BREAKS,
	RESULTS_CHANGE,
	OVERLOADS,
	REDUNDANT,
	POLICIES,
	BACKFILL,
	SAME_TABLE,
	UNREADABLE,
	DEADLOCK,
};

enum { ANY_CLASS = -1, MAX_FINDINGS = 24 };
#define CFT_CLASS_ANY ANY_CLASS

struct rule {
	enum situation situation;
	int class_;
	enum cft_severity severity;
	struct cft_rule text;
};

static const struct rule rules[] = {
#define RULE(situation, class_, severity, explanation, suggestion, second) \
	{situation,                                                        \
	 CFT_CLASS_##class_,                                               \
	 CFT_SEVERITY_##severity,                                          \
	 {#situation, #class_, #severity, explanation, suggestion, second}},
#include "common/sql/rules.def"
#undef RULE
};

bool cft_rule_at(size_t index, struct cft_rule *ret)
{
	if (index >= sizeof(rules) / sizeof(*rules))
		return false;
	*ret = rules[index].text;
	return true;
}

/* What one finding is about; sides are 1 and 2. */
struct facts {
	enum situation situation;
	enum cft_conflict_class class_;
	uint8_t x, y;
	int effect_x, effect_y; /* -1 unknown */
	const char *object, *other_object, *reason, *rewrite;
	enum cft_object_kind kind;
	uint8_t first;              /* side that goes first in the order that works, 0 = none */
	enum cft_severity severity; /* NONE: the rule's */
};

static const struct rule *find_rule(enum situation situation, enum cft_conflict_class class_)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].situation == situation &&
		    (rules[i].class_ == ANY_CLASS || rules[i].class_ == (int)class_))
			return &rules[i];
	return NULL;
}

static const struct cft_effect *effect_at(const struct finding_list *list, uint8_t side, int effect)
{
	const struct cft_effects *effects = list->outcome->lists[side];

	return effect >= 0 && (size_t)effect < effects->n ? &effects->v[effect] : NULL;
}

static int statement_of(const struct finding_list *list, uint8_t side, int effect)
{
	const struct cft_effect *e = effect_at(list, side, effect);

	return e ? (int)e->statement : -1;
}

static const char *statement_text(const struct finding_list *list, uint8_t side, int effect)
{
	int statement = statement_of(list, side, effect);
	const struct cft_effects *effects = list->outcome->lists[side];

	if (statement < 0 || (size_t)statement >= effects->n_statements)
		return "its statement";
	const char *text = effects->statements[statement].text;
	size_t len = strcspn(text, "\n");
	if (strlen(text) > 120 || text[len])
		return cft_arena_printf(list->arena, "%.*s …", (int)(len > 117 ? 117 : len), text);
	return text;
}

static const char *placeholder(const struct finding_list *list, const struct facts *f,
                               const char *name, size_t len)
{
	const char *const *names = list->names;
	uint8_t second = f->first ? (uint8_t)(3 - f->first) : 0;

#define IS(text) (strlen(text) == len && strncmp(name, text, len) == 0)
	if (IS("x"))
		return names[f->x];
	if (IS("y"))
		return names[f->y];
	if (IS("X"))
		return statement_text(list, f->x, f->effect_x);
	if (IS("Y"))
		return statement_text(list, f->y, f->effect_y);
	if (IS("object"))
		return f->object;
	if (IS("reason"))
		return f->reason;
	if (IS("first"))
		return names[f->first ? f->first : f->y];
	if (IS("second"))
		return names[second ? second : f->x];
	if (IS("rewrite"))
		return f->rewrite;
#undef IS
	return NULL;
}

/* NULL where a placeholder has nothing to say: the sentence is left out. */
static const char *expand(const struct finding_list *list, const struct facts *f,
                          const char *template_)
{
	struct cft_buf out = CFT_BUF_INIT;
	const char *result;

	for (const char *p = template_; *p; p++) {
		size_t len = strcspn(p, "}");
		const char *value;

		if (*p != '{') {
			cft_buf_addc(&out, *p);
			continue;
		}
		value = placeholder(list, f, p + 1, len - 1);
		if (!value || (!*value && strncmp(p, "{rewrite}", 9) == 0)) {
			cft_buf_release(&out);
			return NULL;
		}
		cft_buf_adds(&out, value);
		p += len;
	}
	result = cft_arena_strdup(list->arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return result;
}

static void suggest(const struct finding_list *list, const struct facts *f,
                    struct cft_finding *finding, const char *template_)
{
	const char *text = template_ ? expand(list, f, template_) : NULL;

	if (text && finding->n_suggestions < CFT_FINDING_TEXTS)
		finding->suggestions[finding->n_suggestions++] = text;
}

static const char *type_name(struct cft_arena *arena, const struct facts *f)
{
	char *text = cft_arena_strdup(arena, cft_object_kind_text(f->kind));

	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = '_';
	return text;
}

static bool is_known(const struct finding_list *list, const struct cft_finding *finding)
{
	for (size_t i = 0; i < list->v.n; i++) {
		const struct cft_finding *f = &list->v.v[i];
		if (f->class_ == finding->class_ && f->n_objects && finding->n_objects &&
		    strcmp(f->objects[0], finding->objects[0]) == 0 &&
		    strcmp(f->explanation, finding->explanation) == 0)
			return true;
	}
	return false;
}

static void add(struct finding_list *list, const struct facts *f)
{
	const struct rule *rule = find_rule(f->situation, f->class_);
	struct cft_finding finding = {.class_ = f->class_, .statement_a = -1, .statement_b = -1};

	if (!rule || list->v.n >= MAX_FINDINGS)
		return;
	finding.severity = f->severity != CFT_SEVERITY_NONE ? f->severity : rule->severity;
	finding.conflict_type = type_name(list->arena, f);
	finding.order = f->first == 1   ? CFT_ORDER_A_FIRST
	                : f->first == 2 ? CFT_ORDER_B_FIRST
	                                : CFT_ORDER_NONE;
	if (f->object && *f->object)
		finding.objects[finding.n_objects++] = cft_arena_strdup(list->arena, f->object);
	if (f->other_object && *f->other_object &&
	    (!f->object || strcmp(f->object, f->other_object) != 0))
		finding.objects[finding.n_objects++] =
			cft_arena_strdup(list->arena, f->other_object);
	const char *explanation = expand(list, f, rule->text.explanation);
	finding.explanation = explanation ? explanation : "";
	suggest(list, f, &finding, rule->text.suggestion);
	suggest(list, f, &finding, rule->text.second);
	int sx = statement_of(list, f->x, f->effect_x), sy = statement_of(list, f->y, f->effect_y);
	finding.statement_a = f->x == 1 ? sx : sy;
	finding.statement_b = f->x == 1 ? sy : sx;
	if (!is_known(list, &finding))
		cft_vec_push_in(list->arena, &list->v, finding);
}

/* The statement with every token that is the old name replaced by the new one. */
static const char *rewrite(const struct finding_list *list, uint8_t side, int effect,
                           const char *old, const char *now)
{
	int statement = statement_of(list, side, effect);
	struct cft_buf out = CFT_BUF_INIT;
	bool changed = false;

	if (statement < 0 || !*old || strcmp(old, now) == 0 ||
	    (size_t)statement >= list->outcome->lists[side]->n_statements)
		return "";
	const char *text = list->outcome->lists[side]->statements[statement].text;
	size_t len = strlen(text);
	for (size_t pos = 0; pos < len;) {
		bool blank;
		size_t n = cft_sql_lex(text, len, pos, &blank);
		char *folded = cft_ident_fold(list->arena, text + pos, n);

		if (!blank && text[pos] != '\'' && text[pos] != '$' && strcmp(folded, old) == 0) {
			cft_ident_quote(&out, now);
			changed = true;
		} else {
			cft_buf_add(&out, text + pos, n);
		}
		pos += n;
	}
	const char *result = changed ? cft_arena_strdup(list->arena, cft_buf_str(&out)) : "";
	cft_buf_release(&out);
	return result;
}

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

static enum situation situation_of(const struct world *w, const struct world_error *error)
{
	switch (error->code) {
	case WORLD_MISSING:
		if (error->other.side == 0)
			return ABSENT;
		if (error->blocker >= 0 && WORLD_OBJ(w, error->blocker)->alive &&
		    WORLD_OBJ(w, error->blocker)->changed.side)
			return RENAMED;
		return error->blocker >= 0 && WORLD_OBJ(w, error->blocker)->alive ? ABSENT
		                                                                  : DROPPED;
	case WORLD_DUPLICATE:
		return TAKEN;
	case WORLD_DEPENDED:
		return DEPENDED;
	case WORLD_AMBIGUOUS:
		return AMBIGUOUS;
	case WORLD_TYPE:
		return TYPES;
	case WORLD_DATA:
		return ROWS;
	case WORLD_STATE:
	case WORLD_OK:
		break;
	}
	return STATE;
}

/* The other side's effect that is about the same object, where the execution cannot tell. */
static int guess_effect(const struct finding_list *list, uint8_t side, const struct cft_effect *of)
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
	struct facts f = {.situation = situation_of(w, error),
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
		f.effect_y = guess_effect(list, f.y, effect_at(list, f.x, f.effect_x));
	if (error->blocker >= 0)
		f.other_object = world_key(w, error->blocker, list->arena);
	if (!works)
		f.class_ = CFT_CLASS_NEITHER;
	else if (list->outcome->alone[f.x].code != WORLD_OK)
		f.class_ = CFT_CLASS_PREREQUISITE;
	else if (loses_work(list->outcome, works, first_if_works))
		f.class_ = CFT_CLASS_DESTRUCTIVE;
	else
		f.class_ = CFT_CLASS_SEQUENCE;
	if (f.situation == RENAMED) {
		const struct world_obj *o = WORLD_OBJ(w, error->blocker);
		const char *old = *error->sub ? error->sub : error->name;
		f.rewrite = rewrite(list, f.x, f.effect_x, old, o->name);
	}
	if (f.class_ == CFT_CLASS_DESTRUCTIVE && !find_rule(f.situation, f.class_))
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_DESTRUCTIVE)
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_NEITHER)
		f.severity = CFT_SEVERITY_ERROR;
	if (f.class_ == CFT_CLASS_PREREQUISITE)
		f.severity = CFT_SEVERITY_INFO;
	add(list, &f);
}

static void from_difference(struct finding_list *list, const struct outcome_difference *d)
{
	const struct world *w = d->ab >= 0 ? &list->outcome->ab.world : &list->outcome->ba.world;
	int obj = d->ab >= 0 ? d->ab : d->ba;
	struct facts f = {.class_ = CFT_CLASS_DIFFER,
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
		f.effect_x = guess_effect(list, 1, effect_at(list, 2, f.effect_y));
	if (f.effect_y < 0)
		f.effect_y = guess_effect(list, 2, effect_at(list, 1, f.effect_x));
	f.object = world_key(w, obj, list->arena);
	if (strcmp(d->key, "exists") == 0) {
		f.situation = EXISTS_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "it is there after %s first",
		                            list->names[*d->va ? 1 : 2]);
	} else if (strcmp(d->key, "name") == 0) {
		f.situation = NAME_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "%s or %s", d->va, d->vb);
	} else if (strcmp(d->key, "depends on") == 0 || strcmp(d->key, "def") == 0) {
		f.situation = DEFINITION_DIFFERS;
		f.reason =
			strcmp(d->key, "def") == 0
				? "both define it"
				: cft_arena_printf(list->arena, "it uses %s after one order only",
		                                   *d->va ? d->va : d->vb);
	} else {
		f.situation = VALUE_DIFFERS;
		f.reason = cft_arena_printf(list->arena, "%s (%s or %s)", d->key,
		                            *d->va ? d->va : "none", *d->vb ? d->vb : "none");
	}
	add(list, &f);
}

/* ---- latent ---- */

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
	struct facts f = {.situation = BODY_BREAKS,
	                  .class_ = CFT_CLASS_LATENT,
	                  .x = side,
	                  .y = (uint8_t)(3 - side),
	                  .kind = CFT_OBJ_FUNCTION,
	                  .rewrite = ""};

	f.effect_x = WORLD_OBJ(w, obj)->changed.side == side ? WORLD_OBJ(w, obj)->changed.effect
	                                                     : WORLD_OBJ(w, obj)->created.effect;
	f.effect_y = guess_effect(list, f.y, NULL);
	f.object = world_key(w, obj, list->arena);
	f.other_object = what;
	f.reason = reason;
	add(list, &f);
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
		if (!(ref->flags & (CFT_REF_LATE | CFT_REF_SOFT)))
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
		int was = world_resolve_late(&before, e, i), is;
		if (was < 0)
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

static bool bodies_break(struct finding_list *list)
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
static bool results_change(struct finding_list *list)
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
			struct facts f = {.situation = RESULTS_CHANGE,
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
			add(list, &f);
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

/* Two overloads that one call could mean: their argument counts overlap through defaults. */
static bool overloads_clash(struct finding_list *list)
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
			    (!d1 && !d2) || n1 - d1 > n2 || n2 - d2 > n1)
				continue;
			struct facts f = {.situation = OVERLOADS,
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
			add(list, &f);
			return true;
		}
	}
	return false;
}

/* ---- worth knowing ---- */

static bool same_attrs(const struct cft_effect *a, const struct cft_effect *b)
{
	if (a->n_attrs != b->n_attrs)
		return false;
	for (size_t i = 0; i < a->n_attrs; i++)
		if (strcmp(a->attrs[i].key, b->attrs[i].key) != 0 ||
		    strcmp(a->attrs[i].value, b->attrs[i].value) != 0)
			return false;
	return true;
}

static bool same_effect(const struct cft_effect *a, const struct cft_effect *b)
{
	return a->op == b->op && a->kind == b->kind && a->op != CFT_OP_USE &&
	       a->op != CFT_OP_SESSION && a->op != CFT_OP_TOUCH && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->schema, b->schema) == 0 && strcmp(a->sub, b->sub) == 0 &&
	       strcmp(a->to, b->to) == 0 && strcmp(a->args, b->args) == 0 && same_attrs(a, b);
}

static const char *effect_object(struct finding_list *list, const struct cft_effect *e)
{
	if (e->kind == CFT_OBJ_INDEX && !*e->name)
		return cft_arena_printf(list->arena, "table %s",
		                        cft_name_quote(list->arena, e->schema, e->to));
	return cft_effect_key(list->arena, e);
}

static void pairwise(struct finding_list *list, int i, int k)
{
	const struct cft_effect *a = effect_at(list, 1, i), *b = effect_at(list, 2, k);
	struct facts f = {.class_ = CFT_CLASS_COMMUTE,
	                  .x = 1,
	                  .y = 2,
	                  .effect_x = i,
	                  .effect_y = k,
	                  .reason = "",
	                  .rewrite = ""};

	if (!a || !b)
		return;
	f.kind = a->kind;
	if (same_effect(a, b) && !(a->flags & CFT_EFFECT_PART)) {
		f.situation = REDUNDANT;
		f.object = effect_object(list, a);
		add(list, &f);
	} else if (a->kind == CFT_OBJ_POLICY && b->kind == CFT_OBJ_POLICY &&
	           a->op == CFT_OP_CREATE && b->op == CFT_OP_CREATE &&
	           strcmp(a->name, b->name) == 0) {
		f.situation = POLICIES;
		f.object = cft_arena_printf(list->arena, "table %s", a->name);
		add(list, &f);
	}
}

static bool sets_column(const struct cft_effect *e, const char *column)
{
	for (size_t i = 0; i < e->n_attrs; i++)
		if ((strcmp(e->attrs[i].key, "fills") == 0 ||
		     strcmp(e->attrs[i].key, "sets") == 0) &&
		    strcmp(e->attrs[i].value, column) == 0)
			return true;
	return false;
}

/* UPDATE against UPDATE of one column, and against SET NOT NULL. */
static void data_pair(struct finding_list *list, int i, int k, uint8_t x)
{
	const struct cft_effect *a = effect_at(list, x, i);
	const struct cft_effect *b = effect_at(list, (uint8_t)(3 - x), k);
	struct facts f = {.x = x,
	                  .y = (uint8_t)(3 - x),
	                  .effect_x = i,
	                  .effect_y = k,
	                  .kind = CFT_OBJ_COLUMN,
	                  .reason = "",
	                  .rewrite = ""};

	if (!a || !b || b->op != CFT_OP_WRITE || strcmp(a->name, b->name) != 0)
		return;
	if (a->kind == CFT_OBJ_COLUMN && a->op == CFT_OP_ALTER && cft_effect_attr(a, "notnull") &&
	    sets_column(b, a->sub)) {
		f.situation = BACKFILL;
		f.class_ = CFT_CLASS_COMMUTE;
		f.object = cft_arena_printf(list->arena, "column %s.%s", a->name, a->sub);
		add(list, &f);
	}
	const char *da = cft_effect_attr(a, "def"), *db = cft_effect_attr(b, "def");
	if (x != 1 || a->op != CFT_OP_WRITE || !da || !db || strcmp(da, db) == 0)
		return;
	for (size_t n = 0; n < a->n_attrs; n++)
		if ((strcmp(a->attrs[n].key, "fills") == 0 ||
		     strcmp(a->attrs[n].key, "sets") == 0) &&
		    sets_column(b, a->attrs[n].value)) {
			f.situation = ROWS_DIFFER;
			f.class_ = CFT_CLASS_DIFFER;
			f.object = cft_arena_printf(list->arena, "column %s.%s", a->name,
			                            a->attrs[n].value);
			add(list, &f);
		}
}

static bool names_table(const struct cft_effect *e, const char *table)
{
	if (e->op == CFT_OP_SESSION || e->op == CFT_OP_USE)
		return false;
	return strcmp(e->name, table) == 0 || strcmp(e->to, table) == 0;
}

static void touches(struct finding_list *list, uint8_t x)
{
	const struct cft_effects *a = list->outcome->lists[x];
	const struct cft_effects *b = list->outcome->lists[3 - x];

	for (size_t i = 0; i < a->n; i++) {
		const struct cft_effect *e = &a->v[i];
		struct facts f = {.class_ = CFT_CLASS_UNKNOWN,
		                  .x = x,
		                  .y = (uint8_t)(3 - x),
		                  .effect_x = (int)i,
		                  .effect_y = -1,
		                  .kind = CFT_OBJ_TABLE,
		                  .rewrite = "",
		                  .reason = ""};

		if (e->op == CFT_OP_USE && cft_effect_attr(e, "unknown") && b->n) {
			f.situation = UNREADABLE;
			f.object = "";
			f.kind = CFT_OBJ_UNKNOWN;
			f.reason = cft_effect_attr(e, "unknown");
			f.severity = e->flags & CFT_EFFECT_OPAQUE ? CFT_SEVERITY_WARNING
			                                          : CFT_SEVERITY_NONE;
			add(list, &f);
		}
		for (size_t k = 0; e->op == CFT_OP_TOUCH && k < b->n; k++) {
			if (!names_table(&b->v[k], e->name))
				continue;
			f.situation = SAME_TABLE;
			f.effect_y = (int)k;
			f.object =
				cft_arena_printf(list->arena, "table %s",
			                         cft_name_quote(list->arena, e->schema, e->name));
			add(list, &f);
			break;
		}
	}
}

/* Two tables locked by both in opposite order. */
static void deadlocks(struct finding_list *list)
{
	struct cft_table_lock *a, *b;
	size_t n_a, n_b;

	cft_conflict_locks(list->outcome->lists[1], NULL, list->arena, &a, &n_a);
	cft_conflict_locks(list->outcome->lists[2], NULL, list->arena, &b, &n_b);
	for (size_t i = 0; i < n_a; i++)
		for (size_t j = i + 1; j < n_a; j++)
			for (size_t k = 0; k < n_b; k++)
				for (size_t l = k + 1; l < n_b; l++) {
					if (strcmp(a[i].table, b[l].table) != 0 ||
					    strcmp(a[j].table, b[k].table) != 0 ||
					    !cft_lock_conflicts(a[i].lock, b[l].lock) ||
					    !cft_lock_conflicts(a[j].lock, b[k].lock))
						continue;
					struct facts f = {.situation = DEADLOCK,
					                  .class_ = CFT_CLASS_LOCK,
					                  .x = 1,
					                  .y = 2,
					                  .effect_x = -1,
					                  .effect_y = -1,
					                  .kind = CFT_OBJ_TABLE,
					                  .rewrite = "",
					                  .reason = ""};
					f.object = cft_arena_printf(list->arena, "%s and %s",
					                            a[i].table, a[j].table);
					add(list, &f);
					return;
				}
}

enum { MAX_PAIRS = 10000 };

static void worth_knowing(struct finding_list *list)
{
	size_t n = list->outcome->lists[1]->n, m = list->outcome->lists[2]->n;

	touches(list, 1);
	touches(list, 2);
	deadlocks(list);
	if (n * m > MAX_PAIRS)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++) {
			if (list->verdict == CFT_VERDICT_COMMUTE)
				pairwise(list, (int)i, (int)k);
			data_pair(list, (int)i, (int)k, 1);
			data_pair(list, (int)k, (int)i, 2);
		}
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
		bool bodies = bodies_break(list), results = results_change(list);
		bool overloads = overloads_clash(list);
		if (bodies || results || overloads)
			list->verdict = CFT_VERDICT_LATENT;
		break;
	}
	}
	worth_knowing(list);
}
