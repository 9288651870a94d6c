/* Column type: changing a column's type, and making a type anew under its columns.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"
#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static void add(struct cft_diff *d, struct cft_node *node, const struct cft_env *env, char *sql,
                bool rewrites, const char *hazard)
{
	struct cft_step step = {.sql = sql,
	                        .lock = "ACCESS EXCLUSIVE",
	                        .hazard = hazard,
	                        .transactional = true,
	                        .rewrites = rewrites};

	cft_node_step(d, node, env, step);
}

/* -- casts -- */

enum family { OTHER, NUMBER, STRING, TIME, JSON, BITS };

static enum family family_of(const char *name)
{
	static const struct {
		const char *name;
		enum family family;
	} table[] = {
		{"int2", NUMBER},      {"int4", NUMBER},   {"int8", NUMBER}, {"numeric", NUMBER},
		{"float4", NUMBER},    {"float8", NUMBER}, {"text", STRING}, {"varchar", STRING},
		{"bpchar", STRING},    {"name", STRING},   {"date", TIME},   {"timestamp", TIME},
		{"timestamptz", TIME}, {"json", JSON},     {"jsonb", JSON},  {"bit", BITS},
		{"varbit", BITS},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].family;
	return OTHER;
}

static const PgQuery__TypeName *type_node(const struct cft_object *col)
{
	const struct cft_attr *a = cft_attr_find(col, CFT_ATTR_TYPE, "");

	return a ? (const PgQuery__TypeName *)a->node : NULL;
}

static const char *base_name(const PgQuery__TypeName *t)
{
	const char *schema, *name;

	cft_names_split(t->names, t->n_names, &schema, &name);
	return name;
}

/* The USING clause, or NULL where PostgreSQL converts by itself. */
static const char *conversion(struct cft_diff *d, const struct cft_delta *x, const char *to)
{
	const PgQuery__TypeName *a = type_node(x->old), *b = type_node(x->new);
	const char *col = x->new->ident;

	if (a == NULL || b == NULL)
		return NULL;
	enum family from = family_of(base_name(a)), into = family_of(base_name(b));
	bool arrays = a->n_array_bounds || b->n_array_bounds;
	bool both = a->n_array_bounds && b->n_array_bounds;
	if (from == into && from != OTHER && arrays == both)
		return NULL;
	if (x->convert && cft_attr_find(x->new, CFT_ATTR_COLLATION, ""))
		return NULL;
	if (x->convert)
		return cft_arena_printf(d->arena, "%s::text%s::%s", col,
		                        b->n_array_bounds ? "[]" : "", to);
	if (into == STRING && !b->n_array_bounds)
		return from == OTHER || arrays ? cft_arena_printf(d->arena, "%s::%s", col, to)
		                               : NULL;
	if (from == STRING && arrays == both)
		return cft_arena_printf(d->arena, "%s::%s", col, to);
	if (b->n_array_bounds && !a->n_array_bounds)
		return cft_arena_printf(d->arena, "ARRAY[%s]::%s", col, to);
	if (strcmp(base_name(a), "int4") == 0 && strcmp(base_name(b), "bool") == 0)
		return cft_arena_printf(d->arena, "%s::%s", col, to);
	return cft_arena_printf(d->arena, "%s::text%s::%s", col, both ? "[]" : "", to);
}

/* Types whose change leaves the rows as they are. */
static bool keeps_rows(const struct cft_delta *x)
{
	const PgQuery__TypeName *a = type_node(x->old), *b = type_node(x->new);

	if (a == NULL || b == NULL || a->n_array_bounds || b->n_array_bounds)
		return false;
	bool strings = family_of(base_name(a)) == STRING && family_of(base_name(b)) == STRING;
	bool chars = strcmp(base_name(a), "bpchar") == 0 || strcmp(base_name(b), "bpchar") == 0;
	if (!strings || chars)
		return false;
	if (b->n_typmods == 0)
		return true;
	if (a->n_typmods != 1 || b->n_typmods != 1 ||
	    a->typmods[0]->node_case != PG_QUERY__NODE__NODE_A_CONST ||
	    b->typmods[0]->node_case != PG_QUERY__NODE__NODE_A_CONST)
		return false;
	return a->typmods[0]->a_const->ival->ival <= b->typmods[0]->a_const->ival->ival;
}

/* Values become coarser, and the way back does not restore them. */
static bool rounds(const struct cft_delta *x)
{
	const PgQuery__TypeName *a = type_node(x->old), *b = type_node(x->new);

	if (a == NULL || b == NULL)
		return false;
	const char *from = base_name(a), *to = base_name(b);
	if (strcmp(to, "date") == 0)
		return strncmp(from, "timestamp", 9) == 0;
	bool fraction = strncmp(from, "float", 5) == 0 || strcmp(from, "numeric") == 0;
	return fraction && family_of(to) == NUMBER && strncmp(to, "int", 3) == 0;
}

static const char *type_hazard(const struct cft_delta *x)
{
	if (rounds(x))
		return "values are rounded to what the new type holds, and undoing this does not "
		       "bring them back";
	return keeps_rows(x) ? "" : "rewrites the table under its lock";
}

/* A bare literal is stored as one of the column's type, and stays so when that changes. */
static bool literal_keeps_type(const struct cft_delta *x, const struct cft_attr *value)
{
	const PgQuery__TypeName *a = type_node(x->old), *b = type_node(x->new);
	const PgQuery__AConst *c =
		value ? CFT_AS(PgQuery__AConst, pg_query__a__const, value->node) : NULL;

	return c != NULL && c->val_case == PG_QUERY__A__CONST__VAL_SVAL && a != NULL && b != NULL &&
	       strcmp(base_name(a), base_name(b)) != 0;
}

void cft_emit_column_type(struct cft_diff *d, struct cft_delta *x, struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const char *table = cft_kind_sql(o->parent->kind);
	const char *where = cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s", table,
	                                     o->parent->ident, o->ident);
	const char *type = cft_print_type(d->arena, o);
	if (o->serial)
		type = cft_type_text(d->arena, type_node(o));
	const char *using = conversion(d, x, type);
	const char *collation = cft_attr_text(o, CFT_ATTR_COLLATION, "");
	const struct cft_attr *was = cft_attr_find(x->old, CFT_ATTR_DEFAULT, "");
	const struct cft_attr *is = cft_attr_find(o, CFT_ATTR_DEFAULT, "");
	const struct cft_attr_delta *dflt = cft_delta_attr(x, CFT_ATTR_DEFAULT);
	bool bounce = was != NULL && (dflt != NULL || using != NULL || x->convert);

	if (bounce)
		add(d, node, NULL, cft_arena_printf(d->arena, "%s DROP DEFAULT", where), false, "");
	size_t at = node->steps.n;
	add(d, node, o->env,
	    cft_arena_printf(d->arena, "%s TYPE %s%s%s%s%s", where, type,
	                     *collation ? " COLLATE " : "", collation, using ? " USING " : "",
	                     using ? using : ""),
	    !keeps_rows(x), type_hazard(x));
	for (; at < node->steps.n; at++)
		node->steps.v[at].destructive = *node->steps.v[at].hazard && rounds(x);
	if (is != NULL && (bounce || was == NULL || literal_keeps_type(x, is))) {
		char *expr = cft_print_default(d->arena, x->new, is);
		if (expr == NULL)
			cft_diff_refuse(d, o, "its default cannot be printed faithfully");
		else
			add(d, node, is->env,
			    cft_arena_printf(d->arena, "%s SET DEFAULT %s", where, expr), false,
			    "");
	}
}

/* -- a type made anew -- */

void cft_emit_swap(struct cft_diff *d, struct cft_delta *x, struct cft_node *node)
{
	const struct cft_object *o = x->old;
	const char *plain = cft_arena_printf(d->arena, "%s__old", o->name);
	const char *word = cft_kind_sql(o->kind);
	bool qualified = strchr(o->ident, '.') != NULL;
	const char *moved = cft_name_quote(d->arena, qualified ? o->schema : "", plain);

	add(d, node, NULL,
	    cft_arena_printf(d->arena, "ALTER %s %s RENAME TO %s", word, o->ident,
	                     cft_name_quote(d->arena, "", plain)),
	    false, "");
	if (o->kind == CFT_KIND_RANGE)
		cft_diff_refuse(d, x->new,
		                "its multirange type and constructors keep their names when it is "
		                "renamed, so that it cannot be made anew beside the old one");
	struct cft_object named = *x->new;
	if (o->kind == CFT_KIND_DOMAIN) /* generated names are still taken by the old one */
		named.stale = true;
	char *create = cft_print_create(d->arena, &named, NULL, NULL);
	if (create == NULL) {
		cft_diff_refuse(d, x->new, "its text cannot be printed faithfully");
		return;
	}
	add(d, node, x->new->env, create, false, "");
	CFT_VEC_EACH (struct cft_delta *, c, &d->deltas)
		if ((*c)->convert)
			CFT_VEC_EACH (struct cft_dep, dep, &(*c)->old->deps)
				if (dep->on == o)
					cft_emit_column_type(d, *c, node);
	add(d, node, NULL, cft_arena_printf(d->arena, "DROP %s %s", word, moved), false,
	    "fails if rows hold a value that is no more");
}
