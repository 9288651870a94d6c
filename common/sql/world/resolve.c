/* Resolve: from references as written to objects, with PostgreSQL's scoping.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/name.h"
#include "common/sql/world/cast.h"
#include "common/sql/world/resolver.h"

#include <stdlib.h>
#include <string.h>

bool resolver_is_soft(const struct cft_ref *ref)
{
	return ref->flags & (CFT_REF_SOFT | CFT_REF_LATE);
}

void resolver_depend(struct resolver *r, int target, const struct cft_ref *ref)
{
	enum cft_object_kind kind = WORLD_OBJ(r->w, target)->kind;
	/* An index goes with its column, and stands in the way of a function that it calls. */
	bool own = kind != CFT_OBJ_FUNCTION && kind != CFT_OBJ_TYPE && kind != CFT_OBJ_COLLATION &&
	           kind != CFT_OBJ_OPERATOR && kind != CFT_OBJ_OPCLASS;

	if (r->obj >= 0 && !resolver_is_soft(ref))
		world_depend(r->w, r->obj, target,
		             own && (ref->flags & CFT_REF_AUTO) ? WORLD_DEP_AUTO : WORLD_DEP_NORMAL,
		             r->tag);
}

static enum world_code missing(struct resolver *r, const struct cft_ref *ref,
                               enum cft_object_kind kind, int parent, const char *name)
{
	if ((ref->flags & CFT_REF_UNCERTAIN) || r->quiet)
		return WORLD_OK;
	return world_fail_missing(r->w, kind, parent, ref->schema, name);
}

static enum cft_object_kind assumed_kind(const struct cft_ref *ref)
{
	return ref->kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : ref->kind;
}

/* What PostgreSQL itself brings along. */
static bool is_system_schema(const char *schema)
{
	return strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0;
}

static int find_relation(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;
	int found = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);

	if (found >= 0 || r->quiet || (ref->flags & CFT_REF_UNCERTAIN))
		return found;
	if (strncmp(ref->name, "pg_", 3) == 0)
		return -1;
	return world_assume(w, assumed_kind(ref), -1, ref->schema, ref->name, "");
}

static enum world_code resolve_relation(struct resolver *r, const struct cft_ref *ref)
{
	if (is_system_schema(ref->schema) || (ref->kind == CFT_OBJ_RELATION && !*ref->name))
		return WORLD_OK;
	int rel = find_relation(r, ref);
	if (ref->scope && r->n_items < MAX_RANGE)
		r->items[r->n_items++] = (struct range_item){ref->scope, rel, ref->alias,
		                                             ref->flags & CFT_REF_QUALIFIED};
	if (rel < 0) {
		if (strncmp(ref->name, "pg_", 3) == 0)
			return WORLD_OK;
		/* t%ROWTYPE: a cursor, or a table that was there until now. */
		if (!r->quiet && (ref->flags & CFT_REF_UNCERTAIN) &&
		    world_former(r->w, CFT_OBJ_RELATION, -1, ref->name) >= 0)
			return world_fail_missing(r->w, CFT_OBJ_TABLE, -1, ref->schema, ref->name);
		return missing(r, ref, CFT_OBJ_TABLE, -1, ref->name);
	}
	/* A child never depends on its own table by reference. */
	if (r->obj >= 0 && WORLD_OBJ(r->w, r->obj)->parent == rel)
		return WORLD_OK;
	resolver_depend(r, rel, ref);
	return WORLD_OK;
}

static uint16_t outer_of(const struct resolver *r, uint16_t scope)
{
	return scope < MAX_SCOPES ? r->outer[scope] : 0;
}

static bool is_system_column(const char *name)
{
	static const char *const names[] = {"ctid", "xmin", "xmax",     "cmin",
	                                    "cmax", "oid",  "tableoid", NULL};

	for (int i = 0; names[i]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* An enum column compared with or set to a literal: the label has to exist. */
static enum world_code check_label(struct resolver *r, const struct cft_ref *ref, int type)
{
	struct world *w = r->w;
	const char *labels = world_get(w, type, "labels");

	if (r->quiet || !*ref->value || *ref->value == '#' ||
	    strcmp(world_get(w, type, "typtype"), "enum") != 0 ||
	    world_list_has(labels, ref->value, strlen(ref->value)))
		return WORLD_OK;
	world_fail(w, WORLD_MISSING, CFT_OBJ_TYPE, world_key(w, type, w->arena),
	           world_attr_by(w, type, "labels"), "%s has no value '%s'",
	           world_key(w, type, w->arena), ref->value);
	w->error.name = WORLD_OBJ(w, type)->name;
	w->error.blocker = type;
	return WORLD_MISSING;
}

static int column_type(const struct world *w, int column)
{
	const struct world_obj *o = WORLD_OBJ(w, column);

	for (size_t i = 0; i < o->n_deps; i++)
		if (strcmp(o->deps[i].tag, "type") == 0 &&
		    WORLD_OBJ(w, o->deps[i].target)->kind == CFT_OBJ_TYPE)
			return o->deps[i].target;
	return -1;
}

/* A routine takes the column for another type than the other side gave it. */
static enum world_code check_taken_type(struct resolver *r, const struct cft_ref *ref, int column)
{
	struct world *w = r->w;
	const char *type = world_get(w, column, "type");
	bool fits = ref->flags & CFT_REF_RESULT ? cft_cast_assignable(type, ref->value)
	                                        : cft_cast_comparable(type, ref->value);
	struct world_by by = world_attr_by(w, column, "type");

	if (r->quiet || fits || !world_by_other(w, by))
		return WORLD_OK;
	return world_fail(w, WORLD_TYPE, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
	                  "%s of type %s is %s %s", world_key(w, column, w->arena), type,
	                  ref->flags & CFT_REF_RESULT ? "returned as" : "compared with",
	                  ref->value);
}

static enum world_code bind_column(struct resolver *r, const struct cft_ref *ref, int column)
{
	if (ref->flags & (CFT_REF_RESULT | CFT_REF_COMPARED))
		return check_taken_type(r, ref, column);
	resolver_depend(r, column, ref);
	bool array = strstr(world_get(r->w, column, "type"), "[]") != NULL;
	int type = *ref->value && !array ? column_type(r->w, column) : -1;
	return type >= 0 ? check_label(r, ref, type) : WORLD_OK;
}

struct search {
	int column, matches;
	int open_rel, n_open;
	int first_rel;
	bool derived, whole_row, known_alias;
};

/* Looks for a column in the relations of one scope. */
static void search_scope(const struct resolver *r, const struct cft_ref *ref, uint16_t scope,
                         struct search *s)
{
	for (size_t i = 0; i < r->n_items; i++) {
		const struct range_item *item = &r->items[i];

		if (item->scope != scope || (item->qualified && !*ref->alias))
			continue;
		if (*ref->alias && strcmp(item->alias, ref->alias) != 0)
			continue;
		s->known_alias = true;
		if (item->rel < 0) {
			s->derived = true;
			continue;
		}
		if (!*ref->alias && strcmp(item->alias, ref->sub) == 0)
			s->whole_row = true;
		if (s->first_rel < 0)
			s->first_rel = item->rel;
		int column = world_column(r->w, item->rel, ref->sub);
		if (column >= 0) {
			/* The same table twice is the same column twice. */
			s->column = column;
			s->matches++;
		} else if (WORLD_OBJ(r->w, item->rel)->open) {
			s->open_rel = item->rel;
			s->n_open++;
		}
	}
}

static enum world_code ambiguous(struct resolver *r, const struct cft_ref *ref, int column)
{
	struct world *w = r->w;

	if (r->quiet || resolver_is_soft(ref))
		return WORLD_OK;
	struct world_by by = WORLD_OBJ(w, column)->created;
	for (size_t i = 0; i < r->n_items; i++) {
		int other = r->items[i].rel >= 0 ? world_column(w, r->items[i].rel, ref->sub) : -1;
		if (other >= 0 && WORLD_OBJ(w, other)->created.side)
			by = WORLD_OBJ(w, other)->created;
	}
	world_fail(w, WORLD_AMBIGUOUS, CFT_OBJ_COLUMN, world_key(w, column, w->arena), by,
	           "column \"%s\" is ambiguous: two tables of the query have it", ref->sub);
	w->error.blocker = column;
	return WORLD_AMBIGUOUS;
}

static enum world_code column_not_found(struct resolver *r, const struct cft_ref *ref,
                                        const struct search *s)
{
	if (s->derived || s->whole_row || (ref->flags & CFT_REF_UNCERTAIN) || r->quiet)
		return WORLD_OK;
	if (s->n_open >= 1) {
		int column = s->n_open == 1 ? world_assume(r->w, CFT_OBJ_COLUMN, s->open_rel, "",
		                                           ref->sub, "")
		                            : -1;
		if (column >= 0)
			return bind_column(r, ref, column);
		if (s->n_open > 1)
			return WORLD_OK;
	}
	if (s->first_rel < 0)
		return WORLD_OK;
	int column = world_assume(r->w, CFT_OBJ_COLUMN, s->first_rel, "", ref->sub, "");
	if (column >= 0)
		return bind_column(r, ref, column);
	return world_fail_missing(r->w, CFT_OBJ_COLUMN, s->first_rel, "", ref->sub);
}

/* JOIN … USING: both sides need the column, and one has none. */
static enum world_code one_sided(struct resolver *r, const struct cft_ref *ref)
{
	int without = -1;

	for (size_t i = 0; i < r->n_items; i++) {
		const struct range_item *item = &r->items[i];
		if (item->scope == ref->scope && item->rel >= 0 &&
		    world_column(r->w, item->rel, ref->sub) < 0 &&
		    (without < 0 || world_former(r->w, CFT_OBJ_COLUMN, item->rel, ref->sub) >= 0))
			without = item->rel;
	}
	return without < 0 ? WORLD_OK
	                   : world_fail_missing(r->w, CFT_OBJ_COLUMN, without, "", ref->sub);
}

static enum world_code resolve_scoped(struct resolver *r, const struct cft_ref *ref)
{
	struct search s = {.column = -1, .open_rel = -1, .first_rel = -1};

	if (is_system_column(ref->sub))
		return WORLD_OK;
	for (uint16_t scope = ref->scope; scope; scope = outer_of(r, scope)) {
		s.matches = 0;
		search_scope(r, ref, scope, &s);
		if (s.matches > 1 && !s.derived && !*ref->alias &&
		    !(ref->flags & (CFT_REF_MERGED | CFT_REF_UNCERTAIN)))
			return ambiguous(r, ref, s.column);
		if (s.matches == 1 && (ref->flags & CFT_REF_MERGED) && !s.derived && !s.n_open &&
		    !r->quiet)
			return one_sided(r, ref);
		if (s.matches >= 1)
			return bind_column(r, ref, s.column);
		if (*ref->alias && s.known_alias)
			break;
	}
	return column_not_found(r, ref, &s);
}

static void resolve_star(struct resolver *r, const struct cft_ref *ref)
{
	/* NEW.* is the row, whatever its columns are. */
	if (r->e->kind == CFT_OBJ_TRIGGER || r->e->kind == CFT_OBJ_POLICY)
		return;

	for (size_t i = 0; i < r->n_items; i++) {
		const struct range_item *item = &r->items[i];
		if (item->scope != ref->scope || item->rel < 0 ||
		    (*ref->alias && strcmp(item->alias, ref->alias) != 0))
			continue;
		WORLD_EACH(r->w, k)
		if (WORLD_OBJ(r->w, k)->parent == item->rel && WORLD_OBJ(r->w, k)->alive &&
		    WORLD_OBJ(r->w, k)->kind == CFT_OBJ_COLUMN)
			resolver_depend(r, k, ref);
	}
}

/* table.column%TYPE and OWNED BY: the relation is named. */
static enum world_code resolve_named_column(struct resolver *r, const struct cft_ref *ref)
{
	int rel = find_relation(r, ref);

	if (rel < 0)
		return missing(r, ref, CFT_OBJ_TABLE, -1, ref->name);
	int column = world_column(r->w, rel, ref->sub);
	if (column < 0 && !r->quiet && !(ref->flags & CFT_REF_UNCERTAIN))
		column = world_assume(r->w, CFT_OBJ_COLUMN, rel, "", ref->sub, "");
	/* A field of an argument that is a row of the table. */
	if (column < 0 && !r->quiet && (ref->flags & CFT_REF_UNCERTAIN) &&
	    world_former(r->w, CFT_OBJ_COLUMN, rel, ref->sub) >= 0)
		return world_fail_missing(r->w, CFT_OBJ_COLUMN, rel, "", ref->sub);
	if (column < 0)
		return missing(r, ref, CFT_OBJ_COLUMN, rel, ref->sub);
	resolver_depend(r, column, ref);
	return WORLD_OK;
}

static enum world_code resolve_column(struct resolver *r, const struct cft_ref *ref)
{
	if (ref->flags & CFT_REF_STAR) {
		resolve_star(r, ref);
		return WORLD_OK;
	}
	return *ref->name ? resolve_named_column(r, ref) : resolve_scoped(r, ref);
}

static bool function_is_touched(const struct world *w, const char *name)
{
	for (size_t i = 0; w->other && i < w->other->n; i++) {
		const struct cft_effect *e = &w->other->v[i];
		if (e->op != CFT_OP_CREATE)
			continue;
		if ((e->kind == CFT_OBJ_FUNCTION && strcmp(e->name, name) == 0) ||
		    (e->kind == CFT_OBJ_EXTENSION &&
		     world_extension_brings(e->name, CFT_OBJ_FUNCTION, name)))
			return true;
	}
	return false;
}

static enum world_code resolve_function(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;
	bool call = ref->flags & CFT_REF_CALL;

	if (is_system_schema(ref->schema))
		return WORLD_OK;
	int found = world_function_call(w, ref->schema, ref->name,
	                                call && *ref->sub ? atoi(ref->sub) : -1);
	int rival = found >= 0 && call && *ref->sub && !resolver_is_soft(ref) && !r->quiet
	                    ? world_function_rival(w, found, ref->schema, atoi(ref->sub))
	                    : -1;
	if (rival >= 0) {
		world_fail(w, WORLD_AMBIGUOUS, CFT_OBJ_FUNCTION, world_key(w, rival, w->arena),
		           WORLD_OBJ(w, rival)->created, "a call may mean %s or %s",
		           world_key(w, found, w->arena), world_key(w, rival, w->arena));
		w->error.blocker = rival;
		return WORLD_AMBIGUOUS;
	}
	if (found >= 0) {
		resolver_depend(r, found, ref);
		return WORLD_OK;
	}
	int former = world_former(w, CFT_OBJ_FUNCTION, -1, ref->name);
	if (call && former < 0 && !*ref->schema && !function_is_touched(w, ref->name))
		return WORLD_OK; /* one of PostgreSQL's own */
	if (!r->quiet && !(ref->flags & CFT_REF_UNCERTAIN))
		found = world_assume(w, CFT_OBJ_FUNCTION, -1, ref->schema, ref->name, "*");
	else if (!r->quiet && former >= 0 && !resolver_is_soft(ref))
		return world_fail_missing(w, CFT_OBJ_FUNCTION, -1, ref->schema, ref->name);
	if (found < 0)
		return missing(r, ref, CFT_OBJ_FUNCTION, -1, ref->name);
	resolver_depend(r, found, ref);
	return WORLD_OK;
}

static enum world_code resolve_type(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;

	if (!*ref->name || is_system_schema(ref->schema))
		return WORLD_OK;
	int found = world_lookup(w, CFT_OBJ_TYPE, ref->schema, ref->name);
	if (found < 0)
		found = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
	if (found < 0 && !r->quiet && !(ref->flags & CFT_REF_UNCERTAIN))
		found = world_assume(w, CFT_OBJ_TYPE, -1, ref->schema, ref->name, "");
	if (found < 0) {
		/* A declared row type is checked even where it may be something else. */
		int former = world_former(w, CFT_OBJ_TYPE, -1, ref->name);
		if (former < 0)
			former = world_former(w, CFT_OBJ_RELATION, -1, ref->name);
		if (!r->quiet && former >= 0)
			return world_fail_missing(w, WORLD_OBJ(w, former)->kind, -1, ref->schema,
			                          ref->name);
		return missing(r, ref, CFT_OBJ_TYPE, -1, ref->name);
	}
	resolver_depend(r, found, ref);
	if (WORLD_OBJ(w, found)->kind == CFT_OBJ_TYPE)
		return check_label(r, ref, found);
	return WORLD_OK;
}

static enum world_code resolve_plain(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;
	const char *schema = ref->kind == CFT_OBJ_OPCLASS ? ref->schema : "";
	int found = world_find(w, ref->kind, -1, schema, ref->name);

	if (found < 0 && (ref->kind == CFT_OBJ_INDEX || ref->kind == CFT_OBJ_COLLATION ||
	                  ref->kind == CFT_OBJ_TS_CONFIG || ref->kind == CFT_OBJ_OPCLASS))
		found = world_lookup(w, ref->kind, ref->schema, ref->name);
	if (ref->kind == CFT_OBJ_OPERATOR)
		found = world_only_operator(w, ref->schema, ref->name);
	if (found < 0 && !r->quiet && !(ref->flags & CFT_REF_UNCERTAIN))
		found = world_assume(w, ref->kind, -1, ref->schema, ref->name, "");
	/* PostgreSQL's own are not known by name; what the other side makes or takes away is. */
	if (found < 0 && !r->quiet && (ref->flags & CFT_REF_UNCERTAIN) &&
	    ref->kind != CFT_OBJ_ROLE &&
	    (world_is_provided(w, ref->kind, "", ref->name) ||
	     world_former(w, ref->kind, -1, ref->name) >= 0))
		return world_fail_missing(w, ref->kind, -1, ref->schema, ref->name);
	if (found < 0)
		return missing(r, ref, ref->kind, -1, ref->name);
	resolver_depend(r, found, ref);
	return WORLD_OK;
}

/* The columns of a relation; *ret_by is who dropped the last one. */
static int count_columns(const struct world *w, int rel, struct world_by *ret_by)
{
	int n = 0;

	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->kind != CFT_OBJ_COLUMN || o->parent != rel)
			continue;
		n += o->alive;
		if (!o->alive && o->changed.side)
			*ret_by = o->changed;
	}
	return n;
}

static enum world_code check_count(struct resolver *r, const struct cft_ref *ref)
{
	struct world *w = r->w;
	int rel = find_relation(r, ref);
	struct world_by by = {0, 0};

	if (rel < 0 || WORLD_OBJ(w, rel)->open || r->quiet || resolver_is_soft(ref) == 0)
		return WORLD_OK;
	int n = count_columns(w, rel, &by);
	if (n == 0 || n >= atoi(ref->value))
		return WORLD_OK;
	return world_fail(w, WORLD_MISSING, CFT_OBJ_COLUMN, world_key(w, rel, w->arena), by,
	                  "INSERT gives %s values, and %s has %d columns", ref->value,
	                  world_key(w, rel, w->arena), n);
}

bool world_takes_values(const struct world *w, const struct cft_ref *ref)
{
	int rel = world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
	struct world_by by;

	return rel < 0 || WORLD_OBJ(w, rel)->open || count_columns(w, rel, &by) >= atoi(ref->value);
}

static enum world_code resolve_one(struct resolver *r, const struct cft_ref *ref)
{
	switch ((int)ref->kind) {
	case CFT_OBJ_RELATION:
	case CFT_OBJ_SEQUENCE:
		if (ref->flags & CFT_REF_COUNT)
			return check_count(r, ref);
		return resolve_relation(r, ref);
	case CFT_OBJ_UNKNOWN:
		if (ref->scope && r->n_items < MAX_RANGE)
			r->items[r->n_items++] =
				(struct range_item){ref->scope, -1, ref->alias, false};
		return WORLD_OK;
	case CFT_OBJ_COLUMN:
		return resolve_column(r, ref);
	case CFT_OBJ_CONSTRAINT:
		return resolver_key(r, ref);
	case CFT_OBJ_FUNCTION:
		return resolve_function(r, ref);
	case CFT_OBJ_TYPE:
		return resolve_type(r, ref);
	default:
		return resolve_plain(r, ref);
	}
}

static bool opens_range(const struct cft_ref *ref)
{
	return ref->kind == CFT_OBJ_RELATION || ref->kind == CFT_OBJ_SEQUENCE ||
	       ref->kind == CFT_OBJ_UNKNOWN;
}

static void start(struct resolver *r, struct world *w, const struct cft_effect *e)
{
	memset(r->outer, 0, sizeof(r->outer));
	r->w = w;
	r->e = e;
	r->n_items = 0;
	for (size_t i = 0; i < e->n_refs; i++)
		if (e->refs[i].scope < MAX_SCOPES && e->refs[i].outer)
			r->outer[e->refs[i].scope] = e->refs[i].outer;
}

enum world_code world_resolve(struct world *w, const struct cft_effect *e, int obj, const char *tag)
{
	struct resolver r;
	enum world_code code = WORLD_OK;

	if (e->n_refs == 0)
		return WORLD_OK;
	start(&r, w, e);
	r.obj = obj;
	r.tag = tag;
	r.quiet = false;
	/* Relations first: a column may be written before its FROM. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < e->n_refs && code == WORLD_OK; i++) {
			const struct cft_ref *ref = &e->refs[i];
			if (opens_range(ref) != (pass == 0))
				continue;
			r.quiet = ref->flags & CFT_REF_LATE;
			code = resolve_one(&r, ref);
		}
	return code;
}

static int late_column(struct resolver *r, const struct cft_ref *ref)
{
	struct search s = {.column = -1, .open_rel = -1, .first_rel = -1};

	if (ref->flags & CFT_REF_STAR)
		return -2;
	for (uint16_t scope = ref->scope; scope; scope = outer_of(r, scope)) {
		search_scope(r, ref, scope, &s);
		if (s.column >= 0)
			return s.column;
		if (*ref->alias && s.known_alias)
			break;
	}
	return s.derived || s.n_open ? -2 : -1;
}

int world_resolve_late(struct world *w, const struct cft_effect *e, size_t index)
{
	const struct cft_ref *ref = &e->refs[index];
	struct resolver r;

	start(&r, w, e);
	r.obj = -1;
	r.tag = "";
	r.quiet = true;
	for (size_t i = 0; i < e->n_refs; i++)
		if (opens_range(&e->refs[i]))
			resolve_one(&r, &e->refs[i]);
	switch ((int)ref->kind) {
	case CFT_OBJ_RELATION:
	case CFT_OBJ_SEQUENCE:
		return world_lookup(w, CFT_OBJ_RELATION, ref->schema, ref->name);
	case CFT_OBJ_COLUMN:
		return *ref->name ? -2 : late_column(&r, ref);
	case CFT_OBJ_CONSTRAINT:
		return resolver_find_key(&r, ref);
	case CFT_OBJ_FUNCTION:
		return world_function_call(w, ref->schema, ref->name, -1);
	case CFT_OBJ_TYPE:
		if (!*ref->name)
			return -2;
		return world_lookup(w, CFT_OBJ_TYPE, ref->schema, ref->name);
	default:
		return -2;
	}
}
