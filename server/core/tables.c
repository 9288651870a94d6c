/* Tables: the names of the tables that a plan touches.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/tables.h"

#include "common/base/vec.h"
#include "server/core/intent.h"

#include <string.h>

struct names {
	const char **v;
	size_t n, cap;
};

const char *cft_table_plain(const char *table)
{
	return strncmp(table, "public.", 7) == 0 ? table + 7 : table;
}

static void add(struct names *names, struct cft_arena *arena, const char *schema, const char *name)
{
	const char *full = schema[0] ? cft_arena_printf(arena, "%s.%s", schema, name) : name;

	if (name[0])
		cft_vec_push_in(arena, names, cft_table_plain(full));
}

/* Of the effect itself: a table, or the table whose child it is. */
static bool is_of_table(const struct cft_effect *effect)
{
	return effect->kind == CFT_OBJ_TABLE || effect->kind == CFT_OBJ_RELATION ||
	       cft_object_kind_is_child(effect->kind);
}

/* An index is a table's too, though its name is not; the table is the first that it refers to. */
static void add_indexed(struct names *names, struct cft_arena *arena,
                        const struct cft_effect *effect)
{
	for (size_t i = 0; i < effect->n_refs; i++) {
		const struct cft_ref *ref = &effect->refs[i];
		if (ref->kind != CFT_OBJ_TABLE && ref->kind != CFT_OBJ_RELATION)
			continue;
		add(names, arena, ref->schema, ref->name);
		return;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(struct names *names)
{
	size_t kept = 0;

	if (names->n == 0)
		return;
	qsort(names->v, names->n, sizeof(*names->v), by_text);
	for (size_t i = 1; i < names->n; i++)
		if (strcmp(names->v[i], names->v[kept]) != 0)
			names->v[++kept] = names->v[i];
	names->n = kept + 1;
}

void cft_intent_tables(const struct cft_effects *effects, const struct cft_strings *declared,
                       struct cft_arena *arena, struct cft_strings *ret)
{
	struct names names = {0};

	for (size_t i = 0; effects && i < effects->n; i++) {
		const struct cft_effect *effect = &effects->v[i];
		if (is_of_table(effect))
			add(&names, arena, effect->schema, effect->name);
		else if (effect->kind == CFT_OBJ_INDEX && effect->op == CFT_OP_CREATE)
			add_indexed(&names, arena, effect);
	}
	for (size_t i = 0; i < declared->n; i++)
		add(&names, arena, "", declared->v[i]);
	sort_unique(&names);
	*ret = (struct cft_strings){names.v, names.n};
}
