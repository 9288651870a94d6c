/* Spread: what a change forces on the objects that depend on it.
 * SPDX-License-Identifier: MIT
 *
 * PostgreSQL refuses to drop what is used and to change the type of a column that a view, rule,
 * policy or trigger condition reads. Such dependants are dropped before and made again after.
 */
#include "common/sql/diff/diff.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static bool is_type(const struct cft_object *o)
{
	return o->kind == CFT_KIND_ENUM || o->kind == CFT_KIND_DOMAIN ||
	       o->kind == CFT_KIND_RANGE || o->kind == CFT_KIND_BASE_TYPE ||
	       o->kind == CFT_KIND_COMPOSITE || o->kind == CFT_KIND_COLLATION;
}

static bool is_query(const struct cft_object *o)
{
	return o->kind == CFT_KIND_VIEW || o->kind == CFT_KIND_MATVIEW ||
	       o->kind == CFT_KIND_RULE || o->kind == CFT_KIND_POLICY ||
	       o->kind == CFT_KIND_TRIGGER || o->kind == CFT_KIND_FUNCTION ||
	       o->kind == CFT_KIND_PROCEDURE;
}

static bool replace(struct cft_delta *x)
{
	if (x->op == CFT_DELTA_REPLACE || x->old == NULL || x->new == NULL)
		return false;
	x->op = CFT_DELTA_REPLACE;
	x->forced = true;
	return true;
}

static const char *type_word(const struct cft_attr *a)
{
	const char *schema, *name = "";

	if (a != NULL && a->node != NULL) {
		const PgQuery__TypeName *t = (const PgQuery__TypeName *)a->node;
		cft_names_split(t->names, t->n_names, &schema, &name);
	}
	return name;
}

static bool is_number(const char *name)
{
	return strcmp(name, "int4") == 0 || strcmp(name, "int8") == 0 ||
	       strcmp(name, "int2") == 0 || strcmp(name, "numeric") == 0;
}

static bool is_string(const char *name)
{
	return strcmp(name, "text") == 0 || strcmp(name, "varchar") == 0;
}

/* Keys, checks and indexes survive a change within a family of types. */
static bool other_family(const struct cft_delta *x)
{
	const struct cft_attr_delta *a = cft_delta_attr(x, CFT_ATTR_TYPE);
	const char *was = type_word(a ? a->old : NULL), *is = type_word(a ? a->new : NULL);

	return x->convert ||
	       (a != NULL && strcmp(was, is) != 0 && !(is_number(was) && is_number(is)) &&
	        !(is_string(was) && is_string(is)));
}

static bool type_changes(const struct cft_delta *x)
{
	return x->convert || cft_delta_attr(x, CFT_ATTR_TYPE) ||
	       cft_delta_attr(x, CFT_ATTR_COLLATION);
}

/* X depends on the column Y whose type changes or that is made anew. */
static bool column_forces(struct cft_delta *x, const struct cft_delta *y)
{
	const struct cft_object *o = x->old;
	bool anew = y->op == CFT_DELTA_REPLACE;

	if (!anew && !type_changes(y))
		return false;
	if (is_query(o))
		return replace(x);
	if (o->kind == CFT_KIND_COLUMN)
		return cft_attr_find(o, CFT_ATTR_GENERATED, "") && o->parent == y->old->parent
		               ? replace(x)
		               : false;
	if (anew)
		return o->kind == CFT_KIND_CONSTRAINT || o->kind == CFT_KIND_INDEX ||
		                       o->kind == CFT_KIND_STATISTICS
		               ? replace(x)
		               : false;
	if (!other_family(y))
		return false;
	if (o->kind == CFT_KIND_CONSTRAINT) {
		const PgQuery__Constraint *c = (const PgQuery__Constraint *)o->node;
		return c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
		                       c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE
		               ? false
		               : replace(x);
	}
	return o->kind == CFT_KIND_INDEX ? replace(x) : false;
}

static bool convert(struct cft_delta *x, struct cft_delta *y)
{
	if (x->convert || x->op == CFT_DELTA_REPLACE ||
	    cft_attr_find(x->old, CFT_ATTR_TYPE, "") == NULL)
		return false;
	y->swap_type = true;
	x->convert = true;
	if (x->op == CFT_DELTA_KEEP)
		x->op = CFT_DELTA_ALTER;
	return true;
}

/* X depends on Y, which is dropped and made again. */
static bool replacement_forces(struct cft_delta *x, struct cft_delta *y)
{
	const struct cft_object *o = x->old;

	if (o->parent == y->old)
		return replace(x);
	if (o->kind == CFT_KIND_COLUMN) {
		if (is_type(y->old))
			return convert(x, y);
		if (cft_attr_find(o, CFT_ATTR_GENERATED, ""))
			return replace(x);
		bool first = !x->bounce_default && cft_attr_find(o, CFT_ATTR_DEFAULT, "");
		x->bounce_default = x->bounce_default || first;
		if (first && x->op == CFT_DELTA_KEEP)
			x->op = CFT_DELTA_ALTER;
		return first;
	}
	if (o->kind == CFT_KIND_SEQUENCE || o->kind == CFT_KIND_DEFAULT_ACL)
		return false;
	return replace(x);
}

static bool force(struct cft_delta *x, struct cft_delta *y)
{
	bool swapped = y->old->kind == CFT_KIND_ENUM &&
	               y->new != NULL &&cft_delta_attr(y, CFT_ATTR_LABELS) &&
	               !cft_labels_only_added(y);

	if (y->old->kind == CFT_KIND_COLUMN && column_forces(x, y))
		return true;
	if (swapped && x->old->kind == CFT_KIND_COLUMN)
		return convert(x, y);
	if (swapped || (y->op == CFT_DELTA_REPLACE && y->old->kind != CFT_KIND_COLUMN))
		return replacement_forces(x, y);
	return false;
}

static bool is_routine(const struct cft_object *o)
{
	return o->kind == CFT_KIND_FUNCTION || o->kind == CFT_KIND_PROCEDURE ||
	       o->kind == CFT_KIND_AGGREGATE || o->kind == CFT_KIND_OPERATOR;
}

static bool is_foreign_key(const struct cft_object *o)
{
	const PgQuery__Constraint *c = CFT_AS(PgQuery__Constraint, pg_query__constraint, o->node);

	return c != NULL && c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;
}

/* What X leans on goes, and X stays: it must lean on something else. A foreign key on another
 * unique index, a query that groups by a key on another key, a call on another overload. */
static bool key_gone(struct cft_delta *x, struct cft_delta *y)
{
	bool key = y->old->kind == CFT_KIND_CONSTRAINT || y->old->kind == CFT_KIND_INDEX;

	if (key && (is_foreign_key(x->old) || is_query(x->old)))
		return replace(x);
	if (!is_routine(y->old) || y->op != CFT_DELTA_DROP)
		return false;
	return replacement_forces(x, y);
}

/* X reads a table whose columns come from a parent where their type changes. */
static bool inherited_type_changes(const struct cft_diff *d, struct cft_delta *x,
                                   const struct cft_object *table)
{
	if (!is_query(x->old) || table->kind != CFT_KIND_TABLE || x->old->parent == table)
		return false;
	CFT_VEC_EACH (struct cft_dep, dep, &table->deps) {
		if (dep->on->kind != CFT_KIND_TABLE)
			continue;
		CFT_VEC_EACH (struct cft_object *, column, &dep->on->children) {
			const struct cft_delta *y = d->of_old[(*column)->index];
			if ((*column)->kind == CFT_KIND_COLUMN && y != NULL &&
			    y->new != NULL &&type_changes(y))
				return replace(x);
		}
	}
	return false;
}

static bool has_star(void *ctx, const ProtobufCMessage *msg)
{
	bool *found = ctx;

	if (msg->descriptor == &pg_query__a__star__descriptor)
		*found = true;
	return !*found;
}

/* SELECT * means the columns of the day: the view changes with its table. */
static bool star_grows(const struct cft_diff *d, struct cft_delta *x)
{
	bool star = false;

	if (x->op != CFT_DELTA_KEEP ||
	    (x->old->kind != CFT_KIND_VIEW && x->old->kind != CFT_KIND_MATVIEW))
		return false;
	cft_tree_walk(x->old->node, has_star, &star);
	if (!star)
		return false;
	CFT_VEC_EACH (struct cft_dep, dep, &x->new->deps) {
		const struct cft_delta *y = d->of_new[dep->on->index];
		bool column = dep->on->kind == CFT_KIND_COLUMN;
		bool view = dep->on->kind == CFT_KIND_VIEW;
		if (y != NULL &&
		    ((column && y->op == CFT_DELTA_CREATE) ||
		     (view && (y->op == CFT_DELTA_REPLACE || y->op == CFT_DELTA_SELF))))
			return true;
	}
	CFT_VEC_EACH (struct cft_dep, dep, &x->old->deps) {
		const struct cft_delta *y = d->of_old[dep->on->index];
		if (y != NULL && dep->on->kind == CFT_KIND_COLUMN && y->op == CFT_DELTA_DROP)
			return true;
	}
	return false;
}

static bool spread_once(struct cft_diff *d)
{
	bool changed = false;

	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		struct cft_delta *x = *p;
		if (x->old == NULL || x->new == NULL || x->op == CFT_DELTA_REPLACE)
			continue;
		if (star_grows(d, x)) {
			x->op = x->old->kind == CFT_KIND_VIEW &&
			                        cft_view_can_replace(d, x->old, x->new)
			                ? CFT_DELTA_SELF
			                : CFT_DELTA_REPLACE;
			changed = true;
		}
		CFT_VEC_EACH (struct cft_dep, dep, &x->old->deps) {
			struct cft_delta *y = d->of_old[dep->on->index];
			if (y == NULL || dep->soft)
				continue;
			if (y->new != NULL ? force(x, y) : key_gone(x, y))
				changed = true;
			if (x->op != CFT_DELTA_REPLACE && inherited_type_changes(d, x, dep->on))
				changed = true;
		}
	}
	return changed;
}

/* A type that is made anew takes its parts along: they go with the old one and come with its
 * CREATE, or after it. */
static void swap_parts(struct cft_diff *d, struct cft_delta *x)
{
	x->op = CFT_DELTA_ALTER;
	CFT_VEC_EACH (struct cft_object *, part, &x->old->children)
		d->of_old[(*part)->index]->op = CFT_DELTA_KEEP;
	CFT_VEC_EACH (struct cft_object *, part, &x->new->children)
		d->of_new[(*part)->index]->op =
			(*part)->inline_in ? CFT_DELTA_KEEP : CFT_DELTA_CREATE;
}

struct key_column {
	const char *name;
	bool used;
};

static bool uses_column(void *ctx, const ProtobufCMessage *msg)
{
	struct key_column *key = ctx;
	const PgQuery__PartitionElem *e =
		CFT_AS(PgQuery__PartitionElem, pg_query__partition_elem, msg);
	const PgQuery__ColumnRef *ref = CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, msg);
	const char *schema, *name = e && e->name ? e->name : "";

	if (ref != NULL)
		cft_names_split(ref->fields, ref->n_fields, &schema, &name);
	key->used = key->used || strcmp(name, key->name) == 0;
	return !key->used;
}

static bool in_partition_key(const struct cft_object *col)
{
	const struct cft_attr *by =
		col->parent ? cft_attr_find(col->parent, CFT_ATTR_PARTITION_BY, "") : NULL;
	struct key_column key = {col->name, false};

	if (by != NULL)
		cft_tree_walk(by->node, uses_column, &key);
	return key.used;
}

/* The type of a column of the partition key cannot be changed: the table is made anew. */
static void spread_partition_key(struct cft_diff *d, const struct cft_delta *x)
{
	if (x->old == NULL || x->new == NULL || x->old->kind != CFT_KIND_COLUMN ||
	    !(x->op == CFT_DELTA_REPLACE || type_changes(x)) || !in_partition_key(x->old))
		return;
	struct cft_delta *table = d->of_old[x->old->parent->index];
	if (table != NULL && table->new != NULL)
		table->op = CFT_DELTA_REPLACE;
}

static void say_again(struct cft_diff *d, struct cft_delta *x, enum cft_attr_id id)
{
	struct cft_attr_delta again = {id, "", cft_attr_find(x->old, id, ""),
	                               cft_attr_find(x->new, id, "")};

	cft_vec_push_in(d->arena, &x->attrs, again);
	if (x->op == CFT_DELTA_KEEP)
		x->op = CFT_DELTA_ALTER;
}

/* A sequence goes with the column that owns it; one that stays must be let go of before. */
static void spread_owner(struct cft_diff *d, struct cft_delta *x)
{
	if (x->old == NULL || x->new == NULL || x->old->kind != CFT_KIND_SEQUENCE ||
	    (x->op != CFT_DELTA_KEEP && x->op != CFT_DELTA_ALTER))
		return;
	const struct cft_object *col = cft_sequence_owner(d->old, x->old);
	struct cft_delta *c = col ? d->of_old[col->index] : NULL;
	struct cft_delta *table = col ? d->of_old[col->parent->index] : NULL;
	if (c == NULL || table == NULL ||
	    (c->op != CFT_DELTA_DROP && c->op != CFT_DELTA_REPLACE && table->op != CFT_DELTA_DROP &&
	     table->op != CFT_DELTA_REPLACE))
		return;
	x->loses_owner = true;
	x->op = CFT_DELTA_ALTER;
	if (cft_delta_attr(x, CFT_ATTR_OWNED_BY) == NULL)
		say_again(d, x, CFT_ATTR_OWNED_BY);
}

/* REPLICA IDENTITY and CLUSTER name an index: they go with it when it is made anew. */
static void spread_index_marks(struct cft_diff *d, struct cft_delta *x)
{
	static const enum cft_attr_id marks[] = {CFT_ATTR_REPLICA_IDENTITY, CFT_ATTR_CLUSTER};

	if (x->old == NULL || x->new == NULL ||
	    (x->op != CFT_DELTA_KEEP && x->op != CFT_DELTA_ALTER && x->op != CFT_DELTA_SELF))
		return;
	for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
		const char *text = cft_attr_text(x->new, marks[m], "");
		if (*text == '\0' || cft_delta_attr(x, marks[m]))
			continue;
		CFT_VEC_EACH (struct cft_object *, c, &x->old->children) {
			const char *name = cft_name_quote(d->arena, "", (*c)->name);
			size_t len = strlen(text), n = strlen(name);
			bool index =
				(*c)->kind == CFT_KIND_INDEX || (*c)->kind == CFT_KIND_CONSTRAINT;
			if (index && d->of_old[(*c)->index]->op == CFT_DELTA_REPLACE && len >= n &&
			    strcmp(text + len - n, name) == 0) {
				say_again(d, x, marks[m]);
				break;
			}
		}
	}
}

static bool depends_on(const struct cft_object *x, const struct cft_object *on)
{
	CFT_VEC_EACH (struct cft_dep, dep, &x->deps)
		if (dep->on == on)
			return true;
	return false;
}

/* A type made anew has all columns converted to it, which some do not bear. */
static void refuse_swap(struct cft_diff *d, const struct cft_delta *type)
{
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		const struct cft_object *o = (*p)->old;
		if (o == NULL || (*p)->new == NULL || !depends_on(o, type->old))
			continue;
		if (o->kind == CFT_KIND_DOMAIN)
			cft_diff_refuse(
				d, o,
				"it is a domain over a type that must be made anew: make the "
				"domain anew by hand, with the columns that have it");
		if (o->kind == CFT_KIND_COLUMN && in_partition_key(o))
			cft_diff_refuse(d, o,
			                "it is part of a partition key, and its type must be made "
			                "anew: make the table anew by hand");
	}
}

static bool has_own(const struct cft_object *table, const char *column)
{
	CFT_VEC_EACH (struct cft_object *, c, &table->children)
		if ((*c)->kind == CFT_KIND_COLUMN && strcmp((*c)->name, column) == 0)
			return cft_attr_find(*c, CFT_ATTR_TYPE, "") != NULL;
	return false;
}

/* Whoever gets a parent must have its columns already, and keeps them when it loses it. */
static void refuse_parents(struct cft_diff *d, const struct cft_delta *x)
{
	const struct cft_attr_delta *a = cft_delta_attr(x, CFT_ATTR_INHERITS);

	if (a == NULL || x->old == NULL || x->new == NULL || x->op == CFT_DELTA_REPLACE)
		return;
	const struct cft_object *with = a->new ? x->new : x->old,
				*without = a->new ? x->old : x->new;
	const struct cft_schema *other = a->new ? d->old : d->new;
	CFT_VEC_EACH (struct cft_dep, dep, &with->deps) {
		struct cft_object *twin = cft_schema_find_key(other, dep->on->key);
		if (dep->on->kind != CFT_KIND_TABLE || (twin && depends_on(without, twin)))
			continue;
		CFT_VEC_EACH (struct cft_object *, c, &dep->on->children)
			if ((*c)->kind == CFT_KIND_COLUMN && !has_own(without, (*c)->name)) {
				cft_diff_refuse(
					d, x->new,
					"its columns would not be those of its parent: a "
					"table that gets a parent must have its columns, and "
					"keeps them when it loses it");
				return;
			}
	}
}

void cft_diff_spread(struct cft_diff *d)
{
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		struct cft_delta *x = *p;
		spread_partition_key(d, x);
		if (x->old && x->new &&
		    x->old->kind == CFT_KIND_ENUM &&cft_delta_attr(x, CFT_ATTR_LABELS) &&
		    !cft_labels_only_added(x))
			x->swap_type = true;
	}
	bool more = true;
	while (more)
		more = spread_once(d);
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		refuse_parents(d, *p);
		if ((*p)->swap_type) {
			refuse_swap(d, *p);
			swap_parts(d, *p);
		}
	}
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		spread_owner(d, *p);
		spread_index_marks(d, *p);
	}
}
