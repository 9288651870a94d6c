/* Effect, stored form: arrays in a fixed order, so that a long list stays short.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/effect.h"

static json_t *pack_ref(const struct cft_ref *ref)
{
	return json_pack("[i,I,s,s,s,s,s,i,i]", (int)ref->kind, (json_int_t)ref->flags, ref->schema,
	                 ref->name, ref->sub, ref->alias, ref->value, (int)ref->scope,
	                 (int)ref->outer);
}

static json_t *pack_effect(const struct cft_effect *e)
{
	json_t *attrs = json_array(), *refs = json_array();

	for (size_t i = 0; i < e->n_attrs; i++) {
		json_array_append_new(attrs, json_string(e->attrs[i].key));
		json_array_append_new(attrs, json_string(e->attrs[i].value));
	}
	for (size_t i = 0; i < e->n_refs; i++)
		json_array_append_new(refs, pack_ref(&e->refs[i]));
	return json_pack("[I,i,i,I,i,s,s,s,s,s,o,o]", (json_int_t)e->statement, (int)e->op,
	                 (int)e->kind, (json_int_t)e->flags, (int)e->lock, e->schema, e->name,
	                 e->sub, e->args, e->to, attrs, refs);
}

json_t *cft_effects_to_json(const struct cft_effects *effects)
{
	json_t *statements = json_array(), *list = json_array();

	for (size_t i = 0; i < effects->n_statements; i++) {
		const struct cft_effect_statement *s = &effects->statements[i];
		json_array_append_new(statements,
		                      json_pack("[s,i,i,s,s,b]", s->text, s->line, s->column,
		                                s->kind, s->opaque, s->sketch));
	}
	for (size_t i = 0; i < effects->n; i++)
		json_array_append_new(list, pack_effect(&effects->v[i]));
	return json_pack("{s:i,s:o,s:o}", "version", effects->version, "statements", statements,
	                 "effects", list);
}

/* Reads the items of an array in order; `ok` turns false at the first that does not fit. */
struct reader {
	const json_t *array;
	size_t next;
	struct cft_arena *arena;
	bool ok;
};

static const char *read_text(struct reader *r)
{
	const json_t *item = json_array_get(r->array, r->next++);

	r->ok = r->ok && json_is_string(item);
	return cft_arena_strdup(r->arena, r->ok ? json_string_value(item) : "");
}

static json_int_t read_int(struct reader *r, json_int_t max)
{
	const json_t *item = json_array_get(r->array, r->next++);
	json_int_t value = json_is_boolean(item) ? json_is_true(item) : json_integer_value(item);

	r->ok = r->ok && (json_is_integer(item) || json_is_boolean(item)) && value >= 0 &&
	        value <= max;
	return r->ok ? value : 0;
}

static struct cft_ref read_ref(struct reader *r)
{
	struct cft_ref ref = {0};

	ref.kind = (enum cft_object_kind)read_int(r, CFT_OBJ_COUNT - 1);
	ref.flags = (uint32_t)read_int(r, UINT32_MAX);
	ref.schema = read_text(r);
	ref.name = read_text(r);
	ref.sub = read_text(r);
	ref.alias = read_text(r);
	ref.value = read_text(r);
	ref.scope = (uint16_t)read_int(r, UINT16_MAX);
	ref.outer = (uint16_t)read_int(r, UINT16_MAX);
	return ref;
}

static void read_attrs(struct reader *r, struct cft_effect *e)
{
	struct reader in = {json_array_get(r->array, r->next++), 0, r->arena, r->ok};

	e->n_attrs = json_array_size(in.array) / 2;
	e->attrs = cft_arena_array(r->arena, struct cft_attr, e->n_attrs + 1);
	for (size_t i = 0; i < e->n_attrs; i++) {
		e->attrs[i].key = read_text(&in);
		e->attrs[i].value = read_text(&in);
	}
	r->ok = in.ok;
}

static void read_refs(struct reader *r, struct cft_effect *e)
{
	const json_t *list = json_array_get(r->array, r->next++);

	e->n_refs = json_array_size(list);
	e->refs = cft_arena_array(r->arena, struct cft_ref, e->n_refs + 1);
	for (size_t i = 0; i < e->n_refs; i++) {
		struct reader in = {json_array_get(list, i), 0, r->arena, r->ok};
		e->refs[i] = read_ref(&in);
		r->ok = in.ok;
	}
}

static struct cft_effect read_effect(struct reader *r)
{
	struct cft_effect e = {0};

	e.statement = (uint32_t)read_int(r, UINT32_MAX);
	e.op = (enum cft_effect_op)read_int(r, CFT_OP_COUNT - 1);
	e.kind = (enum cft_object_kind)read_int(r, CFT_OBJ_COUNT - 1);
	e.flags = (uint32_t)read_int(r, UINT32_MAX);
	e.lock = (enum cft_lock)read_int(r, CFT_LOCK_ACCESS_EXCLUSIVE);
	e.schema = read_text(r);
	e.name = read_text(r);
	e.sub = read_text(r);
	e.args = read_text(r);
	e.to = read_text(r);
	read_attrs(r, &e);
	read_refs(r, &e);
	return e;
}

static struct cft_effect_statement read_statement(struct reader *r)
{
	struct cft_effect_statement s = {0};

	s.text = read_text(r);
	s.line = (int)read_int(r, INT32_MAX);
	s.column = (int)read_int(r, INT32_MAX);
	s.kind = read_text(r);
	s.opaque = read_text(r);
	s.sketch = read_int(r, 1) != 0;
	return s;
}

int cft_effects_from_json(const json_t *json, struct cft_arena *arena, struct cft_effects *ret,
                          struct cft_err *err)
{
	const json_t *statements = json_object_get(json, "statements");
	const json_t *list = json_object_get(json, "effects");
	struct cft_effects out = {0};
	bool ok = json_is_array(statements) && json_is_array(list);

	out.version = (int)json_integer_value(json_object_get(json, "version"));
	out.n_statements = json_array_size(statements);
	out.n = json_array_size(list);
	out.statements = cft_arena_array(arena, struct cft_effect_statement, out.n_statements + 1);
	out.v = cft_arena_array(arena, struct cft_effect, out.n + 1);
	for (size_t i = 0; ok && i < out.n_statements; i++) {
		struct reader r = {json_array_get(statements, i), 0, arena, true};
		out.statements[i] = read_statement(&r);
		ok = r.ok;
	}
	for (size_t i = 0; ok && i < out.n; i++) {
		struct reader r = {json_array_get(list, i), 0, arena, true};
		out.v[i] = read_effect(&r);
		ok = r.ok && (out.v[i].statement < out.n_statements || out.n_statements == 0);
	}
	if (!ok)
		return cft_fail(err, CFT_E_INVALID, "not a list of effects");
	*ret = out;
	return 0;
}
