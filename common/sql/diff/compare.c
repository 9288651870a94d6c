/* Compare: one walk over both models; every object gets a delta.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"

#include "common/sql/syntax/name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct cft_delta *cft_delta_of(const struct cft_diff *d, const struct cft_object *obj, bool in_old)
{
	return in_old ? d->of_old[obj->index] : d->of_new[obj->index];
}

const struct cft_attr_delta *cft_delta_attr(const struct cft_delta *x, enum cft_attr_id id)
{
	CFT_VEC_EACH (struct cft_attr_delta, a, &x->attrs)
		if (a->id == id)
			return a;
	return NULL;
}

void cft_diff_refuse(struct cft_diff *d, const struct cft_object *obj, const char *reason)
{
	struct cft_refusal r = {cft_arena_printf(d->arena, "%s %s%s%s", cft_kind_noun(obj->kind),
	                                         obj->parent ? obj->parent->ident : "",
	                                         obj->parent ? "." : "", obj->ident),
	                        cft_arena_strdup(d->arena, reason)};

	cft_vec_push_in(d->arena, &d->refused, r);
}

/* -- attributes -- */

static bool same_text(const struct cft_attr *a, const struct cft_attr *b)
{
	return strcmp(a->text ? a->text : "", b->text ? b->text : "") == 0;
}

enum { CANON_BYTES = 500 }; /* of most expressions */

static bool same_tree(const struct cft_diff *d, const struct cft_object *x,
                      const struct cft_attr *a, const struct cft_object *y,
                      const struct cft_attr *b, enum cft_canon_mode mode)
{
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	(void)d;
	cft_buf_reserve(&p, CANON_BYTES);
	cft_buf_reserve(&q, CANON_BYTES);
	cft_tree_canon(a->node, a->env, x->parent, mode, &p);
	cft_tree_canon(b->node, b->env, y->parent, mode, &q);
	bool same = p.len == q.len && memcmp(cft_buf_str(&p), cft_buf_str(&q), p.len) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

/* The column they name, however it is written. */
static bool same_owner(const struct cft_object *x, const struct cft_object *y)
{
	const struct cft_object *a = cft_sequence_owner(x->env->schema, x);
	const struct cft_object *b = cft_sequence_owner(y->env->schema, y);

	return a && b ? strcmp(a->key, b->key) == 0 : a == b;
}

/* The collation of the schema that it names, or NULL: one of PostgreSQL's own. */
static const struct cft_object *collation_of(struct cft_diff *d, const struct cft_attr *a)
{
	const char *parts[3];
	size_t n = cft_ident_split(d->arena, a->text, parts, 3);

	return n ? cft_env_object(a->env, "collation", n > 1 ? parts[n - 2] : "", parts[n - 1])
	         : NULL;
}

static bool same_collation(struct cft_diff *d, const struct cft_attr *a, const struct cft_attr *b)
{
	const struct cft_object *x = collation_of(d, a), *y = collation_of(d, b);

	return x && y ? strcmp(x->key, y->key) == 0 : x == y && same_text(a, b);
}

bool cft_attr_same(const struct cft_diff *d, const struct cft_object *x, const struct cft_attr *a,
                   const struct cft_object *y, const struct cft_attr *b)
{
	if (a->id == CFT_ATTR_OWNED_BY)
		return same_owner(x, y);
	if (a->id == CFT_ATTR_COLLATION)
		return same_collation((struct cft_diff *)d, a, b);
	if (a->node == NULL || b->node == NULL || a->id == CFT_ATTR_LABELS)
		return a->node == b->node || a->node == NULL || b->node == NULL ||
		                       a->id == CFT_ATTR_LABELS
		               ? same_text(a, b)
		               : false;
	if (a->id == CFT_ATTR_INHERITS)
		return true; /* the parent is the sub key */
	if (same_tree(d, x, a, y, b, CFT_CANON_EXACT))
		return true;
	return d->loose && same_tree(d, x, a, y, b, CFT_CANON_LOOSE);
}

static bool compared(const struct cft_diff *d, enum cft_attr_id id)
{
	const struct cft_diff_options *o = d->options;
	bool dump = d->old->is_dump != d->new->is_dump;

	if (id == CFT_ATTR_OWNER)
		return !o->keep_owners && (!dump || (d->old->says_owner && d->new->says_owner));
	if (id == CFT_ATTR_ACL)
		return !o->keep_privileges && (!dump || (d->old->says_acl && d->new->says_acl));
	return true;
}

static void note_attr(struct cft_diff *d, struct cft_delta *x, enum cft_attr_id id, const char *sub,
                      const struct cft_attr *old, const struct cft_attr *new)
{
	struct cft_attr_delta a = {id, sub, old, new};

	cft_vec_push_in(d->arena, &x->attrs, a);
}

/* Of a dump and a text that names owners here and there, only what both say. */
static bool half_said(const struct cft_diff *d, enum cft_attr_id id)
{
	return id == CFT_ATTR_OWNER && d->old->is_dump != d->new->is_dump;
}

/* The other direction found no difference between the same two objects. */
static bool known_same(const struct cft_diff *d, const struct cft_delta *x)
{
	const struct cft_delta *r = d->reverse ? d->reverse->of_new[x->old->index] : NULL;

	return r != NULL && r->new == x->old && r->old == x->new && r->attrs.n == 0;
}

static void compare_attrs(struct cft_diff *d, struct cft_delta *x)
{
	if (known_same(d, x))
		return;
	CFT_VEC_EACH (struct cft_attr, n, &x->new->attrs) {
		const struct cft_attr *o = cft_attr_find(x->old, n->id, n->sub);
		if (o == NULL && half_said(d, n->id))
			continue;
		if (compared(d, n->id) && (o == NULL || !cft_attr_same(d, x->old, o, x->new, n)))
			note_attr(d, x, n->id, n->sub, o, n);
	}
	CFT_VEC_EACH (struct cft_attr, o, &x->old->attrs)
		if (compared(d, o->id) && !half_said(d, o->id) &&
		    cft_attr_find(x->new, o->id, o->sub) == NULL)
			note_attr(d, x, o->id, o->sub, o, NULL);
}

/* -- objects -- */

static bool is_ignored(const struct cft_diff *d, const struct cft_object *obj)
{
	static const char *const own[] = {"confiture_migrations", "confiture_fence",
	                                  "tb_confiture"};

	while (obj->parent != NULL)
		obj = obj->parent;
	if (strcmp(cft_kind_space(obj->kind), "relation") != 0)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(obj->name, own[i]) == 0 ||
		    (obj->kind == CFT_KIND_SEQUENCE &&
		     strncmp(obj->name, own[i], strlen(own[i])) == 0))
			return true;
	for (const char *const *p = d->options->ignore; p != NULL && *p != NULL; p++)
		if (strcmp(obj->name, *p) == 0 || strcmp(obj->ident, *p) == 0)
			return true;
	return false;
}

static struct cft_delta *new_delta(struct cft_diff *d, struct cft_object *old,
                                   struct cft_object *new)
{
	struct cft_delta *x = cft_arena_new(d->arena, struct cft_delta);

	x->old = old;
	x->new = new;
	if (old != NULL)
		d->of_old[old->index] = x;
	if (new != NULL)
		d->of_new[new->index] = x;
	cft_vec_push_in(d->arena, &d->deltas, x);
	return x;
}

static enum cft_delta_op changed_op(struct cft_diff *d, struct cft_delta *x)
{
	enum cft_delta_op op = CFT_DELTA_KEEP;

	CFT_VEC_EACH (struct cft_attr_delta, a, &x->attrs) {
		if (a->id == CFT_ATTR_DEFINITION && !cft_attr_alterable(d, x, a)) {
			bool self = false;
			if (x->new->kind == CFT_KIND_VIEW)
				self = cft_view_can_replace(d, x->old, x->new);
			else if (x->new->kind == CFT_KIND_FUNCTION ||
			         x->new->kind == CFT_KIND_PROCEDURE)
				self = cft_routine_can_replace(x->old, x->new);
			else if (x->new->kind == CFT_KIND_TRIGGER)
				self = !((const PgQuery__CreateTrigStmt *)x->new->node)
				                ->isconstraint &&
				       !((const PgQuery__CreateTrigStmt *)x->old->node)
				                ->isconstraint;
			else
				self = x->new->kind == CFT_KIND_RULE;
			if (!self)
				return CFT_DELTA_REPLACE;
			op = CFT_DELTA_SELF;
		} else if (!cft_attr_alterable(d, x, a)) {
			return CFT_DELTA_REPLACE;
		} else if (op == CFT_DELTA_KEEP) {
			op = CFT_DELTA_ALTER;
		}
	}
	return op;
}

static bool same_kind(const struct cft_object *a, const struct cft_object *b)
{
	return a->kind == b->kind;
}

static bool parent_has(const struct cft_schema *s, const struct cft_object *table,
                       const struct cft_object *part)
{
	CFT_VEC_EACH (struct cft_attr, a, &table->attrs) {
		const struct cft_object *parent = NULL;
		if (a->id == CFT_ATTR_PARTITION_OF) {
			const PgQuery__RangeVar *rv =
				((const PgQuery__PartitionCmd *)a->node)->name;
			parent = cft_env_relation(a->env, rv->schemaname, rv->relname);
		} else if (a->id == CFT_ATTR_INHERITS) {
			const char *dot = strchr(a->sub, '.');
			char schema[128] = "";
			if (dot != NULL && (size_t)(dot - a->sub) < sizeof(schema))
				memcpy(schema, a->sub, (size_t)(dot - a->sub));
			parent = dot ? cft_schema_find(s, "relation", schema, dot + 1) : NULL;
		}
		if (parent != NULL &&
		    (cft_schema_find_child(parent, cft_kind_space(part->kind), part->name) ||
		     parent_has(s, parent, part)))
			return true;
	}
	return false;
}

/* A table that joins or leaves a parent keeps the columns that it inherits or inherited. */
static bool stays_inherited(const struct cft_diff *d, const struct cft_object *o, bool in_old)
{
	const struct cft_schema *other = in_old ? d->new : d->old;

	if (o->kind != CFT_KIND_COLUMN || o->parent == NULL)
		return false;
	const struct cft_object *table = cft_schema_find_key(other, o->parent->key);
	return table != NULL && parent_has(other, table, o);
}

static bool is_word_byte(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || (unsigned char)ch >= 128;
}

/* Is the word in a statement that could not be read? */
static bool is_mentioned(const struct cft_schema *s, const char *word)
{
	size_t n = strlen(word);

	CFT_VEC_EACH (struct cft_unread, u, &s->unread)
		for (const char *p = u->text; p + n <= u->text + u->len; p++)
			if (strncasecmp(p, word, n) == 0 &&
			    (p == u->text || !is_word_byte(p[-1])) &&
			    (p + n == u->text + u->len || !is_word_byte(p[n])))
				return true;
	return false;
}

/* What a DO block or CREATE TABLE AS of the new text names may be what it makes: it is not dropped.
 * Its parts are left alone with it. */
static bool may_be_made_unread(struct cft_diff *d, const struct cft_object *o)
{
	const struct cft_object *top = o, *owner;

	if (d->new->unread.n == 0)
		return false;
	if (o->kind == CFT_KIND_SEQUENCE && (owner = cft_sequence_owner(d->old, o)) != NULL)
		top = owner->parent;
	while (top->parent != NULL)
		top = top->parent;
	bool whole = cft_schema_find_key(d->new, top->key) == NULL;
	if (!is_mentioned(d->new, top->name) || (!whole && !is_mentioned(d->new, o->name)))
		return false;
	if (o == top || !whole)
		cft_diff_refuse(d, o,
		                "a statement that cannot be read names it and may make it: it is "
		                "left alone");
	return true;
}

static bool becomes_partition(const struct cft_diff *d, const struct cft_object *table)
{
	const struct cft_object *n = cft_schema_find_key(d->new, table->key);

	return n != NULL && cft_attr_find(n, CFT_ATTR_PARTITION_OF, "") != NULL;
}

/* A column of a view, or an inherited one, is an object only where something is said of it. Where
 * one side says nothing, it still has the column. */
static bool is_implied(const struct cft_object *o)
{
	return o->kind == CFT_KIND_COLUMN && cft_attr_find(o, CFT_ATTR_TYPE, "") == NULL;
}

static struct cft_object *silent_twin(struct cft_diff *d, const struct cft_object *o, bool in_old)
{
	const struct cft_schema *other = in_old ? d->new : d->old;
	struct cft_object *parent = cft_schema_find_key(other, o->parent->key);

	if (parent == NULL || parent->kind != o->parent->kind)
		return NULL;
	struct cft_object *twin = cft_arena_new(d->arena, struct cft_object);
	*twin = *o;
	memset(&twin->attrs, 0, sizeof(twin->attrs));
	memset(&twin->deps, 0, sizeof(twin->deps));
	twin->parent = parent;
	twin->inline_in = parent;
	twin->index = other->objects.n + o->index;
	return twin;
}

/* The object of the same key; mostly the one after the last that was found. */
static struct cft_object *partner(const struct cft_schema *s, const struct cft_object *o,
                                  size_t *next)
{
	struct cft_object *found = *next < s->objects.n ? s->objects.v[*next] : NULL;

	if (found == NULL || strcmp(found->key, o->key) != 0)
		found = cft_schema_find_key(s, o->key);
	if (found != NULL)
		*next = found->index + 1;
	return found;
}

/* A plain sequence of pg_dump's and the one a serial column makes are paired by key alone. */
void cft_diff_compare(struct cft_diff *d)
{
	size_t n_all = d->old->objects.n + d->new->objects.n + 1, next = 0;

	d->of_old = cft_arena_array(d->arena, struct cft_delta *, n_all);
	d->of_new = cft_arena_array(d->arena, struct cft_delta *, n_all);
	for (size_t i = 0; i < d->new->objects.n; i++) {
		struct cft_object *n = d->new->objects.v[i];
		if (n == NULL || is_ignored(d, n))
			continue;
		struct cft_object *o = partner(d->old, n, &next);
		if (o == NULL && is_implied(n))
			o = silent_twin(d, n, false);
		struct cft_delta *x = new_delta(d, o && same_kind(o, n) ? o : NULL, n);
		x->op = x->old == NULL && stays_inherited(d, n, false) ? CFT_DELTA_KEEP
		                                                       : CFT_DELTA_CREATE;
	}
	for (size_t i = 0; i < d->old->objects.n; i++) {
		struct cft_object *o = d->old->objects.v[i];
		if (o == NULL || is_ignored(d, o) || d->of_old[i] != NULL)
			continue;
		struct cft_object *twin = is_implied(o) ? silent_twin(d, o, true) : NULL;
		if (twin != NULL) {
			new_delta(d, o, twin);
			continue;
		}
		if (may_be_made_unread(d, o)) {
			new_delta(d, o, NULL)->op = CFT_DELTA_KEEP;
			continue;
		}
		bool stays = stays_inherited(d, o, true);
		new_delta(d, o, NULL)->op = stays ? CFT_DELTA_KEEP : CFT_DELTA_DROP;
		if (stays && !cft_attr_find(o->parent, CFT_ATTR_PARTITION_OF, "") &&
		    !becomes_partition(d, o->parent))
			cft_diff_refuse(d, o,
			                "its table keeps it as a column of its own; to make it "
			                "merely inherited, it must be dropped with its data");
	}
	CFT_VEC_EACH (struct cft_delta *, x, &d->deltas) {
		if ((*x)->old == NULL || (*x)->new == NULL)
			continue;
		compare_attrs(d, *x);
	}
	CFT_VEC_EACH (struct cft_delta *, x, &d->deltas)
		if ((*x)->old != NULL && (*x)->new != NULL)
			(*x)->op = changed_op(d, *x);
}
