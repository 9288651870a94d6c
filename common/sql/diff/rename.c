/* Rename: the hints that people give, and what looks like a rename where they give none.
 * SPDX-License-Identifier: MIT
 *
 * A rename is never guessed: it is done where a hint names it, suggested where the structure fits.
 */
#include "common/sql/diff/rename.h"

#include "common/sql/syntax/name.h"

#include <string.h>

/* -- hints -- */

/* "old=new", "table.old=new": the statement that does it on `s`; NULL if it names nothing there. */
static char *rename_statement(struct cft_arena *arena, const struct cft_schema *s, const char *hint)
{
	const char *parts[3], *equals = strchr(hint, '=');
	char *from = cft_arena_strndup(arena, hint, equals ? (size_t)(equals - hint) : 0);
	size_t n = equals ? cft_ident_split(arena, from, parts, 3) : 0;
	const char *schema = n == 3 ? parts[0] : "public";

	if (n == 0)
		return NULL;
	const char *last = strrchr(equals + 1, '.');
	const char *to = last ? last + 1 : equals + 1;
	struct cft_object *rel = n == 1   ? cft_schema_find(s, "relation", schema, parts[0])
	                         : n == 2 ? cft_schema_find(s, "relation", parts[0], parts[1])
	                                  : NULL;
	if (rel != NULL)
		return cft_arena_printf(arena, "ALTER %s %s RENAME TO %s", cft_kind_sql(rel->kind),
		                        rel->ident, to);
	rel = n >= 2 ? cft_schema_find(s, "relation", schema, parts[n - 2]) : NULL;
	if (rel != NULL && cft_schema_find_child(rel, "column", parts[n - 1]))
		return cft_arena_printf(arena, "ALTER TABLE %s RENAME COLUMN %s TO %s", rel->ident,
		                        cft_name_quote(arena, "", parts[n - 1]), to);
	return NULL;
}

/* "table.old=new" as "table.new=old". */
static char *reverse_hint(struct cft_arena *arena, const char *hint)
{
	const char *equals = strchr(hint, '=');
	const char *last = strrchr(equals + 1, '.');
	size_t stem = 0;

	for (const char *p = hint; p < equals; p++)
		if (*p == '.')
			stem = (size_t)(p - hint) + 1;
	return cft_arena_printf(arena, "%.*s%s=%.*s", (int)stem, hint, last ? last + 1 : equals + 1,
	                        (int)(equals - hint - (ptrdiff_t)stem), hint + stem);
}

/* `base` as it is after the statements, read anew. */
static int reread(const struct cft_schema *base, const struct cft_renames *renames,
                  struct cft_schema **ret, struct cft_err *err)
{
	struct cft_buf all = CFT_BUF_INIT;

	cft_buf_add(&all, base->text, base->text_len);
	for (size_t i = 0; i < renames->n; i++)
		cft_buf_addf(&all, "\n;%s;\n", renames->v[i]);
	cft_schema_free(*ret);
	*ret = NULL;
	int rc = cft_schema_read_beside(cft_buf_str(&all), all.len, "renamed", base, ret, err);
	cft_buf_release(&all);
	return rc;
}

static int check_hints(const char *const *hints, size_t *ret_n, struct cft_err *err)
{
	for (*ret_n = 0; hints != NULL && hints[*ret_n] != NULL; (*ret_n)++)
		if (strchr(hints[*ret_n], '=') == NULL)
			return cft_fail(err, CFT_E_INVALID,
			                "a rename is written old=new or table.old=new, not \"%s\"",
			                hints[*ret_n]);
	return 0;
}

/* A comment of long ago may name what nobody has any more. What is asked for now and does not fit
 * is a typing error, and going on would drop the very table that was to be kept. */
static int check_asked(const char *const *hints, const bool *done, size_t n, size_t asked,
                       bool reverse, struct cft_err *err)
{
	for (size_t i = 0; i < asked; i++) {
		const char *equals = strchr(hints[i], '=');
		bool applied = false;
		for (size_t k = 0; k < n && !applied; k++)
			applied = done[k] && strcmp(hints[k], hints[i]) == 0;
		if (applied)
			continue;
		cft_fail_reason(err, CFT_E_NOT_FOUND, "RENAME_NOT_FOUND",
		                "rename %s: the %s schema has no such table, view, sequence or "
		                "column %.*s",
		                hints[i], reverse ? "new" : "old",
		                reverse ? (int)strlen(equals + 1) : (int)(equals - hints[i]),
		                reverse ? equals + 1 : hints[i]);
		return cft_err_hint(err, "write old=new for tables, table.old=new for columns");
	}
	return 0;
}

int cft_rename_apply(struct cft_arena *arena, const struct cft_schema *s, const char *const *hints,
                     size_t asked, bool reverse, struct cft_schema **ret,
                     struct cft_renames *renames, struct cft_err *err)
{
	size_t n, i = 0;
	int rc = check_hints(hints, &n, err);
	bool *done = cft_arena_array(arena, bool, n + 1);

	/* One may name what another gives: a column of a table that is renamed too. */
	while (rc == 0 && i < n) {
		size_t at = reverse ? n - 1 - i : i;
		const char *hint = reverse ? reverse_hint(arena, hints[at]) : hints[at];
		char *sql = done[at] ? NULL : rename_statement(arena, *ret ? *ret : s, hint);
		i++;
		if (sql == NULL)
			continue;
		done[at] = true;
		cft_vec_push_in(arena, renames, sql);
		rc = reread(s, renames, ret, err);
		i = 0;
	}
	return rc ? rc : check_asked(hints, done, n, asked, reverse, err);
}

/* -- suggestions -- */

static bool same_columns(const struct cft_object *a, const struct cft_object *b)
{
	size_t n = 0, m = 0;

	CFT_VEC_EACH (struct cft_object *, c, &a->children) {
		if ((*c)->kind != CFT_KIND_COLUMN)
			continue;
		n++;
		if (cft_schema_find_child(b, "column", (*c)->name) == NULL)
			return false;
	}
	CFT_VEC_EACH (struct cft_object *, c, &b->children)
		m += (*c)->kind == CFT_KIND_COLUMN;
	return n > 0 && n == m;
}

static bool same_type(const struct cft_object *a, const struct cft_object *b)
{
	const struct cft_attr *x = cft_attr_find(a, CFT_ATTR_TYPE, "");
	const struct cft_attr *y = cft_attr_find(b, CFT_ATTR_TYPE, "");
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	if (x == NULL || y == NULL || x->node == NULL || y->node == NULL)
		return false;
	cft_tree_type((const PgQuery__TypeName *)x->node, x->env, true, &p);
	cft_tree_type((const PgQuery__TypeName *)y->node, y->env, true, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

static bool could_be(const struct cft_delta *gone, const struct cft_delta *made)
{
	const struct cft_object *a = gone->old, *b = made->new;

	if (a == NULL || b == NULL || a->kind != b->kind)
		return false;
	if (a->kind == CFT_KIND_TABLE)
		return same_columns(a, b);
	return a->kind == CFT_KIND_COLUMN && a->parent->kind == CFT_KIND_TABLE &&
	       strcmp(a->parent->key, b->parent->key) == 0 && same_type(a, b);
}

void cft_rename_suggest(struct cft_arena *arena, const struct cft_diff *d, struct cft_rename **ret,
                        size_t *ret_n)
{
	CFT_VEC(struct cft_rename) list = {0};

	CFT_VEC_EACH (struct cft_delta *, gone, &d->deltas) {
		if ((*gone)->op != CFT_DELTA_DROP)
			continue;
		CFT_VEC_EACH (struct cft_delta *, made, &d->deltas) {
			if ((*made)->op != CFT_DELTA_CREATE || !could_be(*gone, *made))
				continue;
			const struct cft_object *a = (*gone)->old;
			struct cft_rename r = {cft_kind_noun(a->kind),
			                       a->parent ? cft_arena_printf(arena, "%s.%s",
			                                                    a->parent->ident,
			                                                    a->ident)
			                                 : cft_arena_strdup(arena, a->ident),
			                       cft_arena_strdup(arena, (*made)->new->ident)};
			cft_vec_push_in(arena, &list, r);
		}
	}
	*ret = list.v;
	*ret_n = list.n;
}
