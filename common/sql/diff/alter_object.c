/* Alter objects: options, partitions, members, labels, constraints, policies.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/alter.h"

#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <stdlib.h>
#include <string.h>

void cft_alter_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node)
{
	const struct cft_object *o = x->new;
	char *sql;

	if (o->kind == CFT_KIND_CONSTRAINT)
		return;
	if (a->new != NULL) {
		struct cft_buf v = CFT_BUF_INIT;
		cft_literal_add(&v, a->new->text);
		sql = cft_arena_printf(d->arena, "ALTER %s %s SET (%s = %s)", cft_kind_sql(o->kind),
		                       o->ident, a->sub, cft_buf_str(&v));
		cft_buf_release(&v);
	} else if (o->kind == CFT_KIND_PUBLICATION) {
		sql = cft_arena_printf(
			d->arena, "ALTER PUBLICATION %s SET (%s = %s)", o->ident, a->sub,
			strcmp(a->sub, "publish") == 0 ? "'insert, update, delete, truncate'"
						       : "false");
	} else {
		sql = cft_arena_printf(d->arena, "ALTER %s %s RESET (%s)", cft_kind_sql(o->kind),
		                       o->ident, a->sub);
	}
	cft_alter_step(d, node, NULL, sql, SHARE_UPDATE, o);
}

void cft_alter_fdw_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node)
{
	const struct cft_object *o = x->new;
	struct cft_buf v = CFT_BUF_INIT;
	const char *verb = a->new == NULL ? "DROP" : a->old == NULL ? "ADD" : "SET";

	if (o->kind == CFT_KIND_COLUMN)
		cft_buf_addf(&v, "ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s ",
		             o->parent->ident, o->ident, verb);
	else
		cft_buf_addf(&v, "ALTER %s OPTIONS (%s ", cft_print_target(d->arena, o), verb);
	cft_ident_quote(&v, a->sub);
	if (a->new != NULL) {
		cft_buf_addc(&v, ' ');
		cft_literal_add(&v, a->new->text);
	}
	cft_buf_addc(&v, ')');
	cft_alter_step(d, node, NULL, cft_arena_strdup(d->arena, cft_buf_str(&v)), ACCESS_EXCLUSIVE,
	               o);
	cft_buf_release(&v);
}

static const PgQuery__RangeVar *partition_parent(const struct cft_attr *a)
{
	return ((const PgQuery__PartitionCmd *)a->node)->name;
}

static const char *parent_name(struct cft_diff *d, const struct cft_attr *a)
{
	const PgQuery__RangeVar *p = partition_parent(a);

	return cft_name_quote(d->arena, p->schemaname, p->relname);
}

/* Has the partitioned table that it is a part of any? */
static bool has_keys(const struct cft_object *partition)
{
	CFT_VEC_EACH (struct cft_dep, dep, &partition->deps)
		for (size_t i = 0; dep->on->kind == CFT_KIND_TABLE && i < dep->on->children.n;
		     i++) {
			const struct cft_object *c = dep->on->children.v[i];
			if (c->kind == CFT_KIND_INDEX || c->kind == CFT_KIND_CONSTRAINT)
				return true;
		}
	return false;
}

void cft_alter_partition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	if (a->old != NULL)
		cft_alter_step(d, x->detach ? x->detach : node, NULL,
		               cft_arena_printf(d->arena, "ALTER TABLE %s DETACH PARTITION %s",
		                                parent_name(d, a->old), x->new->ident),
		               ACCESS_EXCLUSIVE, x->new);
	if (a->old != NULL && a->new == NULL &&has_keys(x->old))
		cft_diff_refuse(
			d, x->new,
			"a partition that is detached keeps the indexes and keys that it has "
			"from its parent");
	if (a->new != NULL) {
		const PgQuery__RangeVar *p = partition_parent(a->new);
		char *bound = cft_print_partition(d->arena, a->new, true);
		cft_alter_step(d, node, a->new->env,
		               bound ? cft_arena_printf(
					       d->arena, "ALTER TABLE %s ATTACH PARTITION %s %s",
					       cft_name_quote(d->arena, p->schemaname, p->relname),
					       x->new->ident, bound)
		                     : NULL,
		               ACCESS_EXCLUSIVE, x->new);
	}
}

void cft_alter_mapping(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node)
{
	const char *verb = a->new == NULL ? "DROP" : a->old == NULL ? "ADD" : "ALTER";

	cft_alter_step(d, node, NULL,
	               cft_arena_printf(d->arena,
	                                "ALTER TEXT SEARCH CONFIGURATION %s %s MAPPING FOR %s%s%s",
	                                x->new->ident, verb, a->sub, a->new ? " WITH " : "",
	                                a->new ? a->new->text : ""),
	               "", x->new);
}

static const char *member_name(struct cft_diff *d, const struct cft_attr *a)
{
	const char *end = strstr(a->text, " (");
	const char *where = strstr(a->text, " WHERE ");

	if (where != NULL && (end == NULL || where < end))
		end = where;
	return end ? cft_arena_strndup(d->arena, a->text, (size_t)(end - a->text)) : a->text;
}

void cft_alter_member(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node)
{
	if (a->old != NULL)
		cft_alter_step(d, node, NULL,
		               cft_arena_printf(d->arena, "ALTER PUBLICATION %s DROP %s",
		                                x->new->ident, member_name(d, a->old)),
		               SHARE_UPDATE, x->new);
	if (a->new != NULL)
		cft_alter_step(d, node, NULL,
		               cft_arena_printf(d->arena, "ALTER PUBLICATION %s ADD %s",
		                                x->new->ident, a->new->text),
		               SHARE_UPDATE, x->new);
}

static const PgQuery__CreateEnumStmt *labels_of(const struct cft_attr *a)
{
	return (const PgQuery__CreateEnumStmt *)a->node;
}

bool cft_labels_only_added(const struct cft_delta *x)
{
	const struct cft_attr_delta *a = cft_delta_attr(x, CFT_ATTR_LABELS);
	size_t k = 0;

	if (a == NULL)
		return true;
	const PgQuery__CreateEnumStmt *o = labels_of(a->old), *n = labels_of(a->new);
	for (size_t i = 0; i < n->n_vals && k < o->n_vals; i++)
		if (strcmp(cft_node_string(n->vals[i]), cft_node_string(o->vals[k])) == 0)
			k++;
	return k == o->n_vals;
}

void cft_alter_labels(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node)
{
	const PgQuery__CreateEnumStmt *o = labels_of(a->old), *n = labels_of(a->new);

	for (size_t i = 0, k = 0; i < n->n_vals; i++) {
		struct cft_buf buf = CFT_BUF_INIT;
		if (k < o->n_vals &&
		    strcmp(cft_node_string(n->vals[i]), cft_node_string(o->vals[k])) == 0) {
			k++;
			continue;
		}
		cft_buf_addf(&buf, "ALTER TYPE %s ADD VALUE ", x->new->ident);
		cft_literal_add(&buf, cft_node_string(n->vals[i]));
		if (i > 0 && k < o->n_vals) {
			cft_buf_adds(&buf, " AFTER ");
			cft_literal_add(&buf, cft_node_string(n->vals[i - 1]));
		} else if (i == 0 && o->n_vals > 0) {
			cft_buf_adds(&buf, " BEFORE ");
			cft_literal_add(&buf, cft_node_string(o->vals[0]));
		}
		struct cft_step step = {
			.sql = cft_arena_strdup(d->arena, cft_buf_str(&buf)),
			.lock = "",
			.hazard = "the new value cannot be used before this is committed; a "
				  "value cannot be taken away again without making the type anew",
			.transactional = false,
		};
		cft_node_step(d, node, NULL, step);
		cft_buf_release(&buf);
	}
}

static bool only_differ_in(const struct cft_attr_delta *a, bool deferral)
{
	PgQuery__Constraint x = *(const PgQuery__Constraint *)a->old->node;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	if (deferral) {
		x.deferrable = y->deferrable;
		x.initdeferred = y->initdeferred;
	} else {
		x.skip_validation = y->skip_validation;
		x.initially_valid = y->initially_valid;
	}
	cft_tree_canon(&x.base, a->old->env, NULL, CFT_CANON_EXACT, &p);
	cft_tree_canon(&y->base, a->new->env, NULL, CFT_CANON_EXACT, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

bool cft_constraint_can_validate(const struct cft_attr_delta *a)
{
	const PgQuery__Constraint *x = (const PgQuery__Constraint *)a->old->node;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	return !x->initially_valid && x->skip_validation && !y->skip_validation &&
	       only_differ_in(a, false);
}

bool cft_constraint_can_alter(const struct cft_attr_delta *a)
{
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	return y->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN && only_differ_in(a, true);
}

bool cft_policy_can_alter(const struct cft_attr_delta *a)
{
	const PgQuery__CreatePolicyStmt *x = (const PgQuery__CreatePolicyStmt *)a->old->node;
	const PgQuery__CreatePolicyStmt *y = (const PgQuery__CreatePolicyStmt *)a->new->node;

	return strcmp(x->cmd_name, y->cmd_name) == 0 && x->permissive == y->permissive &&
	       (x->qual == NULL || y->qual != NULL) &&
	       (x->with_check == NULL || y->with_check != NULL);
}

static void alter_constraint(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	if (cft_constraint_can_validate(a))
		cft_alter_step(d, node, NULL,
		               cft_arena_printf(d->arena, "ALTER %s %s VALIDATE CONSTRAINT %s",
		                                cft_kind_sql(o->parent->kind), o->parent->ident,
		                                o->ident),
		               SHARE_UPDATE, o);
	else
		cft_alter_step(d, node, NULL,
		               cft_arena_printf(d->arena, "ALTER TABLE %s ALTER CONSTRAINT %s %s%s",
		                                o->parent->ident, o->ident,
		                                y->deferrable ? "DEFERRABLE" : "NOT DEFERRABLE",
		                                y->initdeferred ? " INITIALLY DEFERRED" : ""),
		               SHARE_ROW, o);
}

static void alter_policy(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const PgQuery__CreatePolicyStmt *y = (const PgQuery__CreatePolicyStmt *)a->new->node;
	struct cft_buf buf = CFT_BUF_INIT;
	char *qual = y->qual ? cft_tree_print_expr(d->arena, y->qual) : NULL;
	char *check = y->with_check ? cft_tree_print_expr(d->arena, y->with_check) : NULL;

	cft_buf_addf(&buf, "ALTER POLICY %s ON %s TO ", o->ident, o->parent->ident);
	for (size_t i = 0; i < y->n_roles; i++) {
		const PgQuery__RoleSpec *r = y->roles[i]->role_spec;
		cft_buf_adds(&buf, i ? ", " : "");
		if (r->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC)
			cft_buf_adds(&buf, "PUBLIC");
		else if (r->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING)
			cft_ident_quote(&buf, r->rolename);
		else
			cft_buf_adds(&buf, "CURRENT_USER");
	}
	if (qual != NULL)
		cft_buf_addf(&buf, " USING (%s)", qual);
	if (check != NULL)
		cft_buf_addf(&buf, " WITH CHECK (%s)", check);
	bool good =
		(y->qual == NULL) == (qual == NULL) && (y->with_check == NULL) == (check == NULL);
	cft_alter_step(d, node, o->env, good ? cft_arena_strdup(d->arena, cft_buf_str(&buf)) : NULL,
	               ACCESS_EXCLUSIVE, o);
	cft_buf_release(&buf);
}

void cft_alter_definition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node)
{
	if (x->new->kind == CFT_KIND_POLICY)
		alter_policy(d, x, a, node);
	else
		alter_constraint(d, x, a, node);
}
