/* Effects as protobuf.
 * SPDX-License-Identifier: MIT
 */
#include "server/codec/effects_codec.h"

static char *borrow(const char *text)
{
	return (char *)(text ? text : "");
}

static Confiture__V1__EffectStatement *statement(struct cft_arena *arena,
                                                 const struct cft_effect_statement *from)
{
	Confiture__V1__EffectStatement *to = cft_arena_new(arena, Confiture__V1__EffectStatement);

	confiture__v1__effect_statement__init(to);
	to->text = borrow(from->text);
	to->line = from->line;
	to->column = from->column;
	to->kind = borrow(from->kind);
	to->opaque = borrow(from->opaque);
	to->sketch = from->sketch;
	return to;
}

static Confiture__V1__EffectAttribute *attribute(struct cft_arena *arena,
                                                 const struct cft_attr *from)
{
	Confiture__V1__EffectAttribute *to = cft_arena_new(arena, Confiture__V1__EffectAttribute);

	confiture__v1__effect_attribute__init(to);
	to->key = borrow(from->key);
	to->value = borrow(from->value);
	return to;
}

static Confiture__V1__EffectReference *reference(struct cft_arena *arena,
                                                 const struct cft_ref *from)
{
	Confiture__V1__EffectReference *to = cft_arena_new(arena, Confiture__V1__EffectReference);

	confiture__v1__effect_reference__init(to);
	to->kind = from->kind;
	to->flags = from->flags;
	to->schema = borrow(from->schema);
	to->name = borrow(from->name);
	to->sub = borrow(from->sub);
	to->alias = borrow(from->alias);
	to->value = borrow(from->value);
	to->scope = from->scope;
	to->outer = from->outer;
	return to;
}

static void add_parts(struct cft_arena *arena, const struct cft_effect *from,
                      Confiture__V1__Effect *to)
{
	to->attributes = cft_arena_array(arena, Confiture__V1__EffectAttribute *, from->n_attrs);
	to->n_attributes = from->n_attrs;
	for (size_t i = 0; i < from->n_attrs; i++)
		to->attributes[i] = attribute(arena, &from->attrs[i]);
	to->references = cft_arena_array(arena, Confiture__V1__EffectReference *, from->n_refs);
	to->n_references = from->n_refs;
	for (size_t i = 0; i < from->n_refs; i++)
		to->references[i] = reference(arena, &from->refs[i]);
}

static Confiture__V1__Effect *effect(struct cft_arena *arena, const struct cft_effect *from)
{
	Confiture__V1__Effect *to = cft_arena_new(arena, Confiture__V1__Effect);

	confiture__v1__effect__init(to);
	to->statement = from->statement;
	to->operation = from->op;
	to->kind = from->kind;
	to->flags = from->flags;
	to->lock = from->lock;
	to->schema = borrow(from->schema);
	to->name = borrow(from->name);
	to->sub = borrow(from->sub);
	to->args = borrow(from->args);
	to->to = borrow(from->to);
	add_parts(arena, from, to);
	return to;
}

Confiture__V1__EffectSet *cft_codec_effects(struct cft_arena *arena,
                                            const struct cft_effects *effects)
{
	Confiture__V1__EffectSet *set = cft_arena_new(arena, Confiture__V1__EffectSet);

	confiture__v1__effect_set__init(set);
	set->detector_version = (uint32_t)effects->version;
	set->n_statements = effects->n_statements;
	set->statements =
		cft_arena_array(arena, Confiture__V1__EffectStatement *, effects->n_statements);
	for (size_t i = 0; i < effects->n_statements; i++)
		set->statements[i] = statement(arena, &effects->statements[i]);
	set->n_effects = effects->n;
	set->effects = cft_arena_array(arena, Confiture__V1__Effect *, effects->n);
	for (size_t i = 0; i < effects->n; i++)
		set->effects[i] = effect(arena, &effects->v[i]);
	return set;
}

static int foreign(struct cft_err *err, const char *what, uint32_t number)
{
	cft_fail_reason(err, CFT_E_INCONSISTENT, "UNKNOWN_EFFECT",
	                "a stored effect has the unknown %s %u", what, number);
	return cft_err_hint(err, "it was written by a newer version: upgrade this program");
}

static void parse_statement(const Confiture__V1__EffectStatement *from,
                            struct cft_effect_statement *to)
{
	to->text = from->text;
	to->line = from->line;
	to->column = from->column;
	to->kind = from->kind;
	to->opaque = from->opaque;
	to->sketch = from->sketch;
}

static int parse_reference(const Confiture__V1__EffectReference *from, struct cft_ref *to,
                           struct cft_err *err)
{
	if (from->kind >= CFT_OBJ_COUNT)
		return foreign(err, "object kind", from->kind);
	to->kind = (enum cft_object_kind)from->kind;
	to->flags = from->flags;
	to->schema = from->schema;
	to->name = from->name;
	to->sub = from->sub;
	to->alias = from->alias;
	to->value = from->value;
	to->scope = (uint16_t)from->scope;
	to->outer = (uint16_t)from->outer;
	return 0;
}

static int parse_parts(struct cft_arena *arena, const Confiture__V1__Effect *from,
                       struct cft_effect *to, struct cft_err *err)
{
	int rc = 0;

	to->n_attrs = from->n_attributes;
	to->attrs = cft_arena_array(arena, struct cft_attr, from->n_attributes);
	for (size_t i = 0; i < from->n_attributes; i++) {
		to->attrs[i].key = from->attributes[i]->key;
		to->attrs[i].value = from->attributes[i]->value;
	}
	to->n_refs = from->n_references;
	to->refs = cft_arena_array(arena, struct cft_ref, from->n_references);
	for (size_t i = 0; rc == 0 && i < from->n_references; i++)
		rc = parse_reference(from->references[i], &to->refs[i], err);
	return rc;
}

static int parse_effect(struct cft_arena *arena, const Confiture__V1__Effect *from,
                        struct cft_effect *to, struct cft_err *err)
{
	if (from->kind >= CFT_OBJ_COUNT)
		return foreign(err, "object kind", from->kind);
	if (from->operation >= CFT_OP_COUNT)
		return foreign(err, "operation", from->operation);
	if (from->lock > CFT_LOCK_ACCESS_EXCLUSIVE)
		return foreign(err, "lock mode", from->lock);
	to->statement = from->statement;
	to->op = (enum cft_effect_op)from->operation;
	to->kind = (enum cft_object_kind)from->kind;
	to->flags = from->flags;
	to->lock = (enum cft_lock)from->lock;
	to->schema = from->schema;
	to->name = from->name;
	to->sub = from->sub;
	to->args = from->args;
	to->to = from->to;
	return parse_parts(arena, from, to, err);
}

int cft_codec_effects_parse(struct cft_arena *arena, const Confiture__V1__EffectSet *message,
                            struct cft_effects *ret, struct cft_err *err)
{
	struct cft_effects effects = {0};
	int rc = 0;

	effects.version = (int)message->detector_version;
	effects.n_statements = message->n_statements;
	effects.statements =
		cft_arena_array(arena, struct cft_effect_statement, message->n_statements);
	for (size_t i = 0; i < message->n_statements; i++)
		parse_statement(message->statements[i], &effects.statements[i]);
	effects.n = message->n_effects;
	effects.v = cft_arena_array(arena, struct cft_effect, message->n_effects);
	for (size_t i = 0; rc == 0 && i < message->n_effects; i++) {
		rc = parse_effect(arena, message->effects[i], &effects.v[i], err);
		/* A table that is claimed and in no statement belongs to none: 0 of 0. */
		if (rc == 0 && effects.v[i].statement > 0 &&
		    effects.v[i].statement >= effects.n_statements)
			rc = foreign(err, "statement", effects.v[i].statement);
	}
	if (rc == 0)
		*ret = effects;
	return rc;
}
