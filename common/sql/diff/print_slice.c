/* Slices: the author's own words for a type or default.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/print_part.h"

#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

/* Bytes of a list item: up to the comma or parenthesis that ends it. */
size_t cft_slice_item(const char *text, size_t len)
{
	int depth = 0;
	bool blank;

	for (size_t pos = 0; pos < len;) {
		size_t n = cft_sql_lex(text, len, pos, &blank);
		if (n == 1 && (text[pos] == '(' || text[pos] == '['))
			depth++;
		else if (n == 1 && (text[pos] == ')' || text[pos] == ']') && depth-- == 0)
			return pos;
		else if (n == 1 && depth == 0 && (text[pos] == ',' || text[pos] == ';'))
			return pos;
		pos += n;
	}
	return len;
}

size_t cft_slice_trimmed(const char *text, size_t len)
{
	size_t last = 0;
	bool blank;

	for (size_t pos = 0; pos < len;) {
		size_t n = cft_sql_lex(text, len, pos, &blank);
		pos += n;
		if (!blank)
			last = pos;
	}
	return last;
}

static int least(int a, int b)
{
	return b >= 0 && (a < 0 || b < a) ? b : a;
}

char *cft_slice_type(struct cft_arena *arena, const struct cft_object *col)
{
	const PgQuery__ColumnDef *def = CFT_AS(PgQuery__ColumnDef, pg_query__column_def, col->node);
	const struct cft_attr *attr = cft_attr_find(col, CFT_ATTR_TYPE, "");

	if (col->text == NULL || col->stale || def == NULL || def->type_name == NULL ||
	    attr == NULL || (attr->node != &def->type_name->base && !col->serial) ||
	    def->n_fdwoptions || (def->compression && *def->compression) ||
	    def->type_name->location < def->location)
		return NULL;
	size_t from = (size_t)(def->type_name->location - def->location);
	if (from >= col->text_len)
		return NULL;
	int end = -1;
	if (def->coll_clause != NULL)
		end = least(end, def->coll_clause->location);
	for (size_t i = 0; i < def->n_constraints; i++)
		end = least(end, def->constraints[i]->constraint->location);
	const char *text = col->text + from;
	size_t len = cft_slice_item(text, col->text_len - from);
	if (end >= 0 && (size_t)(end - def->location) - from < len)
		len = (size_t)(end - def->location) - from;
	return cft_arena_strndup(arena, text, cft_slice_trimmed(text, len));
}

/* The author's words of a column's default, where the deparser loses something. */
char *cft_slice_default(struct cft_arena *arena, const struct cft_object *col,
                        const struct cft_attr *dflt)
{
	const PgQuery__ColumnDef *def = CFT_AS(PgQuery__ColumnDef, pg_query__column_def, col->node);

	for (size_t i = 0; def != NULL && col->text != NULL && i < def->n_constraints; i++) {
		const PgQuery__Constraint *c = def->constraints[i]->constraint;
		if (cft_node_message(c->raw_expr) != dflt->node)
			continue;
		size_t from = (size_t)(c->location - def->location);
		const char *text = col->text + from;
		size_t len = cft_slice_item(text, col->text_len - from);
		if (i + 1 < def->n_constraints)
			len = (size_t)(def->constraints[i + 1]->constraint->location - c->location);
		len = cft_slice_trimmed(text, len);
		if (len > 7 && strncasecmp(text, "default", 7) == 0)
			return cft_arena_strndup(arena, text + 7, len - 7);
	}
	return NULL;
}
