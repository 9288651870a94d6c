/* Claims: who touches an object, statement by statement.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"
#include "server/core/tables.h"

#include <string.h>

struct claims {
	struct cft_claim *v;
	size_t n, cap;
};

struct question {
	const char *object; /* plain: "users", "users.age" */
	size_t len;
	struct cft_arena *arena;
	struct claims *claims;
	const struct cft_effects *effects; /* of the intent that is looked at */
};

/* "column public.users.age" → "users.age": the kind in front is for people. */
static const char *plain_object(const char *object)
{
	const char *paren = strchr(object, '(');
	const char *from = object;

	for (const char *s = object; *s && (!paren || s < paren); s++)
		if (*s == ' ')
			from = s + 1;
	return cft_table_plain(from);
}

static const char *dotted(struct cft_arena *arena, const char *schema, const char *name,
                          const char *sub)
{
	bool bare = !schema[0] || strcmp(schema, "public") == 0;

	if (bare && !sub[0])
		return name;
	return cft_arena_printf(arena, "%s%s%s%s%s", bare ? "" : schema, bare ? "" : ".", name,
	                        sub[0] ? "." : "", sub);
}

/* The object itself, or a part of it. */
static bool is_within(const struct question *q, const char *name)
{
	return strncmp(name, q->object, q->len) == 0 &&
	       (name[q->len] == '\0' || name[q->len] == '.' || name[q->len] == '(');
}

/* A change of the whole relation touches its columns too. */
static bool takes_whole(const struct cft_effect *effect, const char *name, const struct question *q)
{
	size_t len = strlen(name);
	bool part = !cft_object_kind_is_child(effect->kind) && strncmp(q->object, name, len) == 0 &&
	            q->object[len] == '.';

	return part && (effect->op == CFT_OP_DROP || effect->op == CFT_OP_RENAME ||
	                effect->op == CFT_OP_MOVE || effect->op == CFT_OP_TOUCH);
}

static void add_claim(struct question *q, const struct cft_intent *intent,
                      const struct cft_effect *effect, const char *object, const char *operation)
{
	bool known = effect->statement < q->effects->n_statements;
	struct cft_claim claim = {intent, object, operation,
	                          known ? q->effects->statements[effect->statement].text : ""};

	for (size_t i = q->claims->n; i > 0 && q->claims->v[i - 1].intent == intent; i--) {
		const struct cft_claim *c = &q->claims->v[i - 1];
		if (strcmp(c->object, claim.object) == 0 && c->statement == claim.statement)
			return;
	}
	cft_vec_push_in(q->arena, q->claims, claim);
}

/* Most effects have nothing to do with the question: told without making their names. */
static bool may_match(const struct question *q, const char *name)
{
	return name[0] && strstr(q->object, name) != NULL;
}

/* A query's column without its table may be any table's of that query: the object's too, where the
 * query reads that one. */
static const char *relation_of(const struct question *q, const struct cft_effect *effect)
{
	for (size_t i = 0; i < effect->n_refs; i++) {
		const struct cft_ref *ref = &effect->refs[i];
		if (ref->kind == CFT_OBJ_COLUMN || !may_match(q, ref->name))
			continue;
		const char *name = dotted(q->arena, ref->schema, ref->name, "");
		size_t len = strlen(name);
		if (strncmp(q->object, name, len) == 0 && q->object[len] == '.')
			return name;
	}
	return NULL;
}

static void ask_ref(struct question *q, const struct cft_intent *intent,
                    const struct cft_effect *effect, const struct cft_ref *ref)
{
	const char *column = ref->kind == CFT_OBJ_COLUMN ? ref->sub : "";
	const char *used = NULL;

	if (may_match(q, ref->name)) {
		used = dotted(q->arena, ref->schema, ref->name, column);
	} else if (!ref->name[0] && may_match(q, column)) {
		const char *relation = relation_of(q, effect);
		used = relation ? cft_arena_printf(q->arena, "%s.%s", relation, column) : NULL;
	}
	if (used && is_within(q, used))
		add_claim(q, intent, effect, used, "use");
}

static void ask_effect(struct question *q, const struct cft_intent *intent,
                       const struct cft_effect *effect)
{
	const char *sub = cft_object_kind_is_child(effect->kind) ? effect->sub : "";

	if (may_match(q, effect->name)) {
		const char *name = dotted(q->arena, effect->schema, effect->name, sub);
		if (is_within(q, name) || takes_whole(effect, name, q))
			add_claim(q, intent, effect, cft_effect_key(q->arena, effect),
			          cft_effect_op_text(effect->op));
	}
	for (size_t i = 0; i < effect->n_refs; i++)
		ask_ref(q, intent, effect, &effect->refs[i]);
}

static void ask_intent(struct question *q, const struct cft_intent *intent)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	q->effects = cft_intent_effects(intent, &arena);
	for (size_t i = 0; i < q->effects->n; i++)
		ask_effect(q, intent, &q->effects->v[i]);
	cft_arena_release(&arena);
}

void cft_state_claims(const struct cft_state *state, const char *object, struct cft_arena *arena,
                      struct cft_claim_list *ret)
{
	struct claims claims = {0};
	const char *plain = plain_object(object);
	struct question q = {
		.object = plain, .len = strlen(plain), .arena = arena, .claims = &claims};

	for (const struct cft_intent_entry *e = state->intents; e && q.len > 0; e = e->hh.next) {
		if (e->member)
			ask_intent(&q, e->intent);
	}
	ret->v = claims.v;
	ret->n = claims.n;
}
