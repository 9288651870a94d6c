/* Alter columns: default, NOT NULL, type, storage.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/alter.h"

#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <stdlib.h>
#include <string.h>

static bool is_mere_default(const struct cft_delta *x)
{
	return x->new->parent->kind == CFT_KIND_VIEW;
}

/* What an inherited column has where it has no default of its own. */
static const struct cft_attr *inherited_default(const struct cft_object *column)
{
	if (cft_attr_find(column, CFT_ATTR_TYPE, "") || column->parent == NULL)
		return NULL;
	CFT_VEC_EACH (struct cft_dep, dep, &column->parent->deps)
		for (size_t i = 0; dep->on->kind == CFT_KIND_TABLE && i < dep->on->children.n;
		     i++) {
			const struct cft_object *c = dep->on->children.v[i];
			if (c->kind == CFT_KIND_COLUMN && strcmp(c->name, column->name) == 0)
				return cft_attr_find(c, CFT_ATTR_DEFAULT, "");
		}
	return NULL;
}

/* A generated column becomes a plain one; it may get a default only then. */
void cft_alter_generated(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	const struct cft_attr *is = cft_attr_find(x->new, CFT_ATTR_DEFAULT, "");
	char *where = cft_arena_printf(d->arena, "ALTER TABLE %s ALTER COLUMN %s",
	                               x->new->parent->ident, x->new->ident);
	char *expr = is ? cft_print_default(d->arena, x->new, is) : NULL;

	if (a->new != NULL)
		return;
	cft_alter_step(d, node, NULL, cft_arena_printf(d->arena, "%s DROP EXPRESSION", where),
	               ACCESS_EXCLUSIVE, x->new);
	if (is != NULL)
		cft_alter_step(d, node, is->env,
		               expr ? cft_arena_printf(d->arena, "%s SET DEFAULT %s", where, expr)
		                    : NULL,
		               ACCESS_EXCLUSIVE, x->new);
}

void cft_alter_default(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const char *table = is_mere_default(x) ? "VIEW" : cft_kind_sql(o->parent->kind);
	const struct cft_attr *is = a->new ? a->new : inherited_default(o);
	char *expr = is ? cft_print_default(d->arena, x->new, is) : NULL;

	if (cft_delta_attr(x, CFT_ATTR_GENERATED) || cft_delta_attr(x, CFT_ATTR_TYPE) ||
	    cft_delta_attr(x, CFT_ATTR_COLLATION) || x->convert ||
	    cft_delta_attr(x, CFT_ATTR_IDENTITY))
		return; /* done together with that */
	if (a->new != NULL && expr == NULL) {
		cft_diff_refuse(d, o, "its default cannot be printed faithfully");
		return;
	}
	char *sql = expr ? cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s SET DEFAULT %s",
	                                    table, o->parent->ident, o->ident, expr)
	                 : cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s DROP DEFAULT",
	                                    table, o->parent->ident, o->ident);
	cft_alter_step(d, node, a->new ? a->new->env : NULL, sql, ACCESS_EXCLUSIVE, o);
}

/* A primary key that is made in the same script brings NOT NULL with it. */
static bool key_brings_not_null(const struct cft_diff *d, const struct cft_object *col)
{
	CFT_VEC_EACH (struct cft_object *, c, &col->parent->children) {
		const PgQuery__Constraint *k =
			CFT_AS(PgQuery__Constraint, pg_query__constraint, (*c)->node);
		const struct cft_delta *x = d->of_new[(*c)->index];
		if (k == NULL || x == NULL || x->op != CFT_DELTA_CREATE ||
		    k->contype != PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
			continue;
		for (size_t i = 0; i < k->n_keys; i++)
			if (strcmp(cft_node_string(k->keys[i]), col->name) == 0)
				return true;
	}
	return false;
}

/* A validated check proves it: SET NOT NULL need not read the table under its lock. */
static void not_null_online(struct cft_diff *d, const struct cft_object *o, struct cft_node *node)
{
	const char *table = o->parent->ident;
	const char *check = cft_name_quote(
		d->arena, "", cft_arena_printf(d->arena, "confiture_%.40s_not_null", o->name));
	const struct cft_step steps[] = {
		{.sql = cft_arena_printf(d->arena,
	                                 "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) "
	                                 "NOT VALID",
	                                 table, check, o->ident),
	         .lock = ACCESS_EXCLUSIVE},
		{.sql = cft_arena_printf(d->arena, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table,
	                                 check),
	         .lock = SHARE_UPDATE,
	         .hazard = "fails if the column holds NULLs",
	         .rewrites = true,
	         .apart = true},
		{.sql = cft_arena_printf(d->arena, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL",
	                                 table, o->ident),
	         .lock = ACCESS_EXCLUSIVE,
	         .apart = true},
		{.sql = cft_arena_printf(d->arena, "ALTER TABLE %s DROP CONSTRAINT %s", table,
	                                 check),
	         .lock = ACCESS_EXCLUSIVE},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct cft_step step = steps[i];
		step.transactional = true;
		cft_node_step(d, node, NULL, step);
	}
}

void cft_alter_not_null(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const char *table = cft_kind_sql(o->parent->kind);
	bool set = a->new != NULL;

	if (set && o->implied_not_null && key_brings_not_null(d, o))
		return;
	if (set && cft_attr_find(o, CFT_ATTR_IDENTITY, "") && cft_delta_attr(x, CFT_ATTR_IDENTITY))
		return; /* goes before ADD GENERATED, see there */
	if (set && d->options->online && o->parent->kind == CFT_KIND_TABLE &&
	    !cft_attr_find(o->parent, CFT_ATTR_PARTITION_BY, "")) {
		not_null_online(d, o, node);
		return;
	}
	struct cft_step step = {
		.sql = cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s %s NOT NULL", table,
	                                o->parent->ident, o->ident, set ? "SET" : "DROP"),
		.lock = ACCESS_EXCLUSIVE,
		.hazard = set ? "fails if the column holds NULLs; scans the table under its lock"
	                      : "",
		.transactional = true,
		.rewrites = set,
	};
	cft_node_step(d, node, NULL, step);
}

/* By a column that stays. */
static bool in_use(const struct cft_diff *d, const struct cft_object *type)
{
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		const struct cft_object *o = (*p)->old;
		if (o == NULL || o->kind != CFT_KIND_COLUMN || (*p)->op == CFT_DELTA_DROP ||
		    o->parent == type)
			continue;
		CFT_VEC_EACH (struct cft_dep, dep, &o->deps)
			if (dep->on == type)
				return true;
	}
	return false;
}

void cft_alter_column_type(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node)
{
	if (a->id == CFT_ATTR_COLLATION && cft_delta_attr(x, CFT_ATTR_TYPE))
		return;
	if (x->new->parent->kind == CFT_KIND_COMPOSITE && in_use(d, x->old->parent)) {
		cft_diff_refuse(d, x->new,
		                "the type of an attribute cannot change while a column is of its "
		                "composite type");
		return;
	}
	if (x->new->parent->kind == CFT_KIND_COMPOSITE) {
		cft_alter_step(d, node, x->new->env,
		               cft_arena_printf(d->arena,
		                                "ALTER TYPE %s ALTER ATTRIBUTE %s TYPE %s",
		                                x->new->parent->ident, x->new->ident,
		                                cft_print_type(d->arena, x->new)),
		               ACCESS_EXCLUSIVE, x->new);
		return;
	}
	if (cft_attr_find(x->new, CFT_ATTR_TYPE, ""))
		cft_emit_column_type(d, x, node);
}

static const char *default_storage(const struct cft_object *col)
{
	static const char *const plain[] = {"int4", "int8",      "int2",        "bool",   "date",
	                                    "uuid", "timestamp", "timestamptz", "float4", "float8"};
	const struct cft_attr *a = cft_attr_find(col, CFT_ATTR_TYPE, "");
	const char *schema, *name;

	if (a == NULL || a->node == NULL)
		return "EXTENDED";
	const PgQuery__TypeName *t = (const PgQuery__TypeName *)a->node;
	cft_names_split(t->names, t->n_names, &schema, &name);
	if (t->n_array_bounds)
		return "EXTENDED";
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(plain[i], name) == 0)
			return "PLAIN";
	return strcmp(name, "numeric") == 0 ? "MAIN" : "EXTENDED";
}

void cft_alter_storage(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node)
{
	cft_alter_step(d, node, NULL,
	               cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s SET STORAGE %s",
	                                cft_kind_sql(x->new->parent->kind), x->new->parent->ident,
	                                x->new->ident,
	                                a->new ? a->new->text : default_storage(x->new)),
	               ACCESS_EXCLUSIVE, x->new);
}
