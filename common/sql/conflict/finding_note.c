/* Finding, notes: what is worth knowing about a pair, whatever its verdict.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/finding_parts.h"
#include "common/sql/syntax/name.h"

#include <string.h>

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
	const struct cft_effect *a = finding_effect(list, 1, i), *b = finding_effect(list, 2, k);
	struct finding_facts f = {.class_ = CFT_CLASS_COMMUTE,
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
		f.situation = FINDING_REDUNDANT;
		f.object = effect_object(list, a);
		finding_add(list, &f);
	} else if (a->kind == CFT_OBJ_POLICY && b->kind == CFT_OBJ_POLICY &&
	           a->op == CFT_OP_CREATE && b->op == CFT_OP_CREATE &&
	           strcmp(a->name, b->name) == 0) {
		f.situation = FINDING_POLICIES;
		f.object = cft_arena_printf(list->arena, "table %s", a->name);
		finding_add(list, &f);
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

/* Surely: the same condition, or none. */
static bool same_rows(const struct cft_effect *a, const struct cft_effect *b)
{
	const char *x = cft_effect_attr(a, "where"), *y = cft_effect_attr(b, "where");

	return x && y ? strcmp(x, y) == 0 : !x && !y;
}

/* UPDATE against UPDATE of one column, and against SET NOT NULL. */
static void data_pair(struct finding_list *list, int i, int k, uint8_t x)
{
	const struct cft_effect *a = finding_effect(list, x, i);
	const struct cft_effect *b = finding_effect(list, (uint8_t)(3 - x), k);
	struct finding_facts f = {.x = x,
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
		f.situation = FINDING_BACKFILL;
		f.class_ = CFT_CLASS_COMMUTE;
		f.object = cft_arena_printf(list->arena, "column %s.%s", a->name, a->sub);
		finding_add(list, &f);
	}
	const char *da = cft_effect_attr(a, "def"), *db = cft_effect_attr(b, "def");
	if (x != 1 || a->op != CFT_OP_WRITE || !da || !db || strcmp(da, db) == 0)
		return;
	for (size_t n = 0; n < a->n_attrs; n++)
		if ((strcmp(a->attrs[n].key, "fills") == 0 ||
		     strcmp(a->attrs[n].key, "sets") == 0) &&
		    sets_column(b, a->attrs[n].value)) {
			f.situation = FINDING_ROWS_DIFFER;
			f.class_ = CFT_CLASS_DIFFER;
			f.severity = same_rows(a, b) ? CFT_SEVERITY_NONE : CFT_SEVERITY_INFO;
			f.object = cft_arena_printf(list->arena, "column %s.%s", a->name,
			                            a->attrs[n].value);
			finding_add(list, &f);
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
		struct finding_facts f = {.class_ = CFT_CLASS_UNKNOWN,
		                          .x = x,
		                          .y = (uint8_t)(3 - x),
		                          .effect_x = (int)i,
		                          .effect_y = -1,
		                          .kind = CFT_OBJ_TABLE,
		                          .rewrite = "",
		                          .reason = ""};

		if (e->op == CFT_OP_USE && cft_effect_attr(e, "unknown") && b->n) {
			f.situation = FINDING_UNREADABLE;
			f.object = "";
			f.kind = CFT_OBJ_UNKNOWN;
			f.reason = cft_effect_attr(e, "unknown");
			f.severity = e->flags & CFT_EFFECT_OPAQUE ? CFT_SEVERITY_WARNING
			                                          : CFT_SEVERITY_NONE;
			finding_add(list, &f);
		}
		for (size_t k = 0; e->op == CFT_OP_TOUCH && k < b->n; k++) {
			if (!names_table(&b->v[k], e->name))
				continue;
			f.situation = FINDING_SAME_TABLE;
			f.effect_y = (int)k;
			f.object =
				cft_arena_printf(list->arena, "table %s",
			                         cft_name_quote(list->arena, e->schema, e->name));
			finding_add(list, &f);
			break;
		}
	}
}

/* What a DO block may or may not do to something that the other changes too. */
static void conditional(struct finding_list *list, uint8_t x)
{
	const struct cft_effects *a = list->outcome->lists[x];
	const struct cft_effects *b = list->outcome->lists[3 - x];

	for (size_t i = 0; i < a->n; i++) {
		const struct cft_effect *e = &a->v[i];
		if (!(e->flags & CFT_EFFECT_CONDITIONAL) || !*e->name)
			continue;
		for (size_t k = 0; k < b->n; k++) {
			if (!names_table(&b->v[k], e->name))
				continue;
			struct finding_facts f = {.situation = FINDING_CONDITIONAL,
			                          .class_ = CFT_CLASS_UNKNOWN,
			                          .x = x,
			                          .y = (uint8_t)(3 - x),
			                          .effect_x = (int)i,
			                          .effect_y = (int)k,
			                          .kind = e->kind,
			                          .rewrite = "",
			                          .reason = ""};
			f.object = effect_object(list, e);
			finding_add(list, &f);
			return;
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
					struct finding_facts f = {.situation = FINDING_DEADLOCK,
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
					finding_add(list, &f);
					return;
				}
}

enum { MAX_PAIRS = 10000 };

void finding_worth_knowing(struct finding_list *list)
{
	size_t n = list->outcome->lists[1]->n, m = list->outcome->lists[2]->n;

	touches(list, 1);
	touches(list, 2);
	conditional(list, 1);
	conditional(list, 2);
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
