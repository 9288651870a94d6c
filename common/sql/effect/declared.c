/* Declared: does DDL do what was declared, and nothing else?
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/declared.h"

#include "common/base/arena.h"

#include <string.h>

bool cft_effect_changes(const struct cft_effect *effect)
{
	if (effect->op == CFT_OP_USE)
		return effect->flags & CFT_EFFECT_OPAQUE;
	return cft_effect_op_defines(effect->op) || effect->op == CFT_OP_WRITE ||
	       effect->op == CFT_OP_GRANT || effect->op == CFT_OP_COMMENT;
}

static const char *schema_of(const struct cft_effect *effect)
{
	return effect->schema[0] ? effect->schema : "public";
}

static bool same_relation(const struct cft_effect *a, const struct cft_effect *b)
{
	return strcmp(schema_of(a), schema_of(b)) == 0 && strcmp(a->name, b->name) == 0;
}

static bool same_object(const struct cft_effect *a, const struct cft_effect *b)
{
	return a->op == b->op && a->kind == b->kind && same_relation(a, b) &&
	       strcmp(a->sub, b->sub) == 0 && strcmp(a->args, b->args) == 0;
}

static bool same_change(const struct cft_effect *a, const struct cft_effect *b)
{
	if (strcmp(a->to, b->to) != 0 || a->n_attrs != b->n_attrs)
		return false;
	for (size_t i = 0; i < a->n_attrs; i++) {
		const char *value = cft_effect_attr(b, a->attrs[i].key);
		if (!value || strcmp(value, a->attrs[i].value) != 0)
			return false;
	}
	return true;
}

/* Effects beyond the statements stand for declared tables: nothing says what is done to them. */
static bool is_done_by_ddl(const struct cft_effects *effects, size_t i)
{
	return effects->v[i].statement < effects->n_statements;
}

/* A declared table stands for whatever is done to it where the DDL says nothing about it. */
static bool table_declared(const struct cft_declaration *d, const struct cft_effect *effect)
{
	const char *schema = schema_of(effect);

	for (size_t i = 0; i < d->effects->n; i++)
		if (is_done_by_ddl(d->effects, i) && cft_effect_changes(&d->effects->v[i]) &&
		    same_relation(&d->effects->v[i], effect))
			return false;
	for (size_t i = 0; i < d->n_tables; i++) {
		const char *table = d->tables[i];
		const char *dot = strrchr(table, '.');
		if (strcmp(dot ? dot + 1 : table, effect->name) == 0 &&
		    (!dot || (strlen(schema) == (size_t)(dot - table) &&
		              strncmp(schema, table, (size_t)(dot - table)) == 0)))
			return true;
	}
	return false;
}

const char *cft_declared_problem(const struct cft_declaration *d, const struct cft_effect *effect)
{
	const char *found = "never declared";

	for (size_t i = 0; i < d->effects->n; i++) {
		const struct cft_effect *other = &d->effects->v[i];
		if (other->flags & CFT_EFFECT_SKETCH && same_relation(other, effect))
			return NULL;
		if (!same_object(other, effect))
			continue;
		if (same_change(other, effect))
			return NULL;
		found = "declared otherwise";
	}
	return table_declared(d, effect) ? NULL : found;
}

void cft_declared_note_done(const struct cft_declaration *d, const struct cft_effect *effect,
                            bool *done)
{
	for (size_t i = 0; i < d->effects->n; i++) {
		const struct cft_effect *declared = &d->effects->v[i];
		bool sketch = declared->flags & CFT_EFFECT_SKETCH;
		if (sketch ? same_relation(declared, effect) : same_object(declared, effect))
			done[i] = true;
	}
}

static bool part_of_done(const struct cft_effects *effects, const bool *done, size_t i)
{
	while (i > 0 && effects->v[i].flags & CFT_EFFECT_PART)
		i--;
	return done[i];
}

bool cft_declared_missing(const struct cft_declaration *d, const bool *done, size_t i)
{
	return is_done_by_ddl(d->effects, i) && cft_effect_changes(&d->effects->v[i]) && !done[i] &&
	       !part_of_done(d->effects, done, i);
}

const struct cft_effect *cft_declared_difference(const struct cft_declaration *d,
                                                 const struct cft_effects *applied,
                                                 struct cft_arena *arena, const char **ret_what)
{
	bool *done = cft_arena_array(arena, bool, d->effects->n);

	for (size_t i = 0; i < applied->n; i++) {
		const struct cft_effect *effect = &applied->v[i];

		cft_declared_note_done(d, effect, done);
		if (!is_done_by_ddl(applied, i) || !cft_effect_changes(effect))
			continue;
		*ret_what = cft_declared_problem(d, effect);
		if (*ret_what)
			return effect;
	}
	*ret_what = "declared, and not done";
	for (size_t i = 0; i < d->effects->n; i++)
		if (cft_declared_missing(d, done, i))
			return &d->effects->v[i];
	return NULL;
}
