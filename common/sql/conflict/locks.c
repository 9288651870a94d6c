/* Locks: what one intent locks, in order.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/vec.h"
#include "common/sql/conflict/base.h"
#include "common/sql/syntax/name.h"

#include <string.h>

struct lock_list {
	struct cft_arena *arena;
	CFT_VEC(struct cft_table_lock) v;
};

static void add(struct lock_list *list, const char *schema, const char *name, enum cft_lock lock,
                const struct cft_effect *e)
{
	const char *table;

	if (lock == CFT_LOCK_NONE || !*name)
		return;
	table = cft_name_quote(list->arena, *schema ? schema : "public", name);
	struct cft_table_lock entry = {.table = table,
	                               .lock = lock,
	                               .rewrite = e->flags & CFT_EFFECT_REWRITE,
	                               .concurrently = e->flags & CFT_EFFECT_CONCURRENTLY,
	                               .statement = (int)e->statement};
	for (size_t i = 0; i < list->v.n; i++) {
		struct cft_table_lock *known = &list->v.v[i];
		if (strcmp(known->table, table) != 0)
			continue;
		known->lock = lock > known->lock ? lock : known->lock;
		known->rewrite = known->rewrite || entry.rewrite;
		return;
	}
	cft_vec_push_in(list->arena, &list->v, entry);
}

/* Tables made by the intent itself block nobody. */
static bool is_own(const struct cft_effects *effects, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (effects->v[i].op == CFT_OP_CREATE && effects->v[i].kind == CFT_OBJ_TABLE &&
		    strcmp(effects->v[i].name, name) == 0)
			return true;
	return false;
}

static void add_effect(struct lock_list *list, const struct cft_effects *effects, size_t i)
{
	const struct cft_effect *e = &effects->v[i];
	bool on_to = e->kind == CFT_OBJ_INDEX || e->kind == CFT_OBJ_STATISTICS;
	const char *table = on_to && *e->to ? e->to : e->name;
	const char *parent = cft_effect_attr(e, "parent");
	const char *schema = cft_effect_attr(e, "parent_schema");

	if (!is_own(effects, i, table))
		add(list, e->schema, table, e->lock, e);
	/* A foreign key locks the table it refers to as well. */
	if (e->kind == CFT_OBJ_CONSTRAINT && parent && !is_own(effects, i, parent))
		add(list, schema ? schema : "", parent, CFT_LOCK_SHARE_ROW_EXCLUSIVE, e);
	if ((e->op == CFT_OP_ATTACH || e->op == CFT_OP_DETACH) && !is_own(effects, i, e->to))
		add(list, schema ? schema : "", e->to,
		    e->op == CFT_OP_ATTACH ? CFT_LOCK_SHARE_UPDATE_EXCLUSIVE
		                           : CFT_LOCK_ACCESS_EXCLUSIVE,
		    e);
}

void cft_conflict_locks(const struct cft_effects *effects, const struct cft_base *base,
                        struct cft_arena *arena, struct cft_table_lock **ret, size_t *ret_n)
{
	struct lock_list list = {.arena = arena};

	(void)base;
	for (size_t i = 0; i < effects->n; i++)
		add_effect(&list, effects, i);
	*ret = list.v.v;
	*ret_n = list.v.n;
}
