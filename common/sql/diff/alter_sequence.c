/* Alter sequences and identity columns: their options and the values they stand at.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/alter.h"

#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <stdlib.h>
#include <string.h>

static bool first_of(const struct cft_delta *x, const struct cft_attr_delta *a,
                     enum cft_attr_id from, enum cft_attr_id to)
{
	CFT_VEC_EACH (struct cft_attr_delta, b, &x->attrs)
		if (b->id >= from && b->id <= to)
			return b == a;
	return false;
}

static long long number_of(const struct cft_object *o, enum cft_attr_id id, long long dflt)
{
	const char *text = cft_attr_text(o, id, "");

	return *text ? strtoll(text, NULL, 10) : dflt;
}

static long long start_of(const struct cft_object *o)
{
	bool down = number_of(o, CFT_ATTR_SEQ_INCREMENT, 1) < 0;
	long long first =
		down ? number_of(o, CFT_ATTR_SEQ_MAX, -1) : number_of(o, CFT_ATTR_SEQ_MIN, 1);

	return number_of(o, CFT_ATTR_SEQ_START, first);
}

/* SET words of changed sequence options, "" values mean the default. */
static void add_sequence_changes(struct cft_delta *x, const char *set, struct cft_buf *out)
{
	static const struct {
		enum cft_attr_id id;
		const char *word, *none;
	} options[] = {
		{CFT_ATTR_SEQ_TYPE, "AS ", "AS bigint"},
		{CFT_ATTR_SEQ_INCREMENT, "INCREMENT BY ", "INCREMENT BY 1"},
		{CFT_ATTR_SEQ_MIN, "MINVALUE ", "NO MINVALUE"},
		{CFT_ATTR_SEQ_MAX, "MAXVALUE ", "NO MAXVALUE"},

		{CFT_ATTR_SEQ_CACHE, "CACHE ", "CACHE 1"},
		{CFT_ATTR_SEQ_CYCLE, "", "NO CYCLE"},
	};

	if (start_of(x->old) != start_of(x->new))
		cft_buf_addf(out, " %sSTART WITH %lld", set, start_of(x->new));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct cft_attr_delta *a = cft_delta_attr(x, options[i].id);
		if (a == NULL || (a->id == CFT_ATTR_SEQ_TYPE && *set))
			continue;
		if (a->new != NULL)
			cft_buf_addf(out, " %s%s%s", set, options[i].word, a->new->text);
		else
			cft_buf_addf(out, " %s%s", set, options[i].none);
	}
}

/* A bound that moves over the present value is refused: move the value first. */
static void move_value(struct cft_diff *d, struct cft_delta *x, struct cft_node *node)
{
	long long min = number_of(x->new, CFT_ATTR_SEQ_MIN, 1);
	struct cft_buf name = CFT_BUF_INIT;

	if (!cft_delta_attr(x, CFT_ATTR_SEQ_MIN) || min <= number_of(x->old, CFT_ATTR_SEQ_MIN, 1) ||
	    number_of(x->new, CFT_ATTR_SEQ_INCREMENT, 1) < 0)
		return;
	cft_literal_add(&name, x->new->ident);
	cft_alter_step(
		d, node, NULL,
		cft_arena_printf(d->arena,
	                         "SELECT setval(%s, greatest(last_value, %lld), is_called AND "
	                         "last_value >= %lld) FROM %s",
	                         cft_buf_str(&name), min, min, x->new->ident),
		"", x->new);
	cft_buf_release(&name);
}

void cft_alter_sequence(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (!first_of(x, a, CFT_ATTR_SEQ_TYPE, CFT_ATTR_SEQ_CYCLE))
		return;
	move_value(d, x, node);
	cft_buf_addf(&buf, "ALTER SEQUENCE %s", x->new->ident);
	add_sequence_changes(x, "", &buf);

	cft_alter_step(d, node, NULL, cft_arena_strdup(d->arena, cft_buf_str(&buf)), SHARE_ROW,
	               x->new);
	cft_buf_release(&buf);
}

static void add_identity(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                         const char *where)
{
	const struct cft_object *o = x->new;

	if (!cft_attr_find(x->old, CFT_ATTR_NOT_NULL, ""))
		cft_alter_step(d, node, NULL, cft_arena_printf(d->arena, "%s SET NOT NULL", where),
		               ACCESS_EXCLUSIVE, o);
	cft_alter_step(
		d, node, NULL,
		cft_arena_printf(d->arena, "%s ADD %s", where, cft_print_identity(d->arena, o)),
		ACCESS_EXCLUSIVE, o);
}

void cft_alter_identity(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const struct cft_attr_delta *id = cft_delta_attr(x, CFT_ATTR_IDENTITY);
	const char *where = cft_arena_printf(d->arena, "ALTER TABLE %s ALTER COLUMN %s",
	                                     o->parent->ident, o->ident);
	struct cft_buf buf = CFT_BUF_INIT;

	if (id != NULL && a->id != CFT_ATTR_IDENTITY)
		return;
	if (id == NULL && !first_of(x, a, CFT_ATTR_SEQ_TYPE, CFT_ATTR_SEQ_CYCLE))
		return;
	if (id != NULL && id->new == NULL) {
		const struct cft_attr *dflt = cft_attr_find(o, CFT_ATTR_DEFAULT, "");
		char *expr = dflt ? cft_print_default(d->arena, x->new, dflt) : NULL;
		if (expr != NULL)
			cft_alter_step(d, node, dflt->env,
			               cft_arena_printf(d->arena, "%s SET DEFAULT %s", where, expr),
			               ACCESS_EXCLUSIVE, o);
		return;
	}
	if (id != NULL && id->old == NULL) {
		add_identity(d, x, node, where);
		return;
	}
	if (id != NULL)
		cft_buf_addf(&buf, " SET GENERATED %s", id->new->text);
	add_sequence_changes(x, "SET ", &buf);
	if (buf.len > 0)
		cft_alter_step(d, node, NULL,
		               cft_arena_printf(d->arena, "%s%s", where, cft_buf_str(&buf)),
		               ACCESS_EXCLUSIVE, o);
	cft_buf_release(&buf);
}
