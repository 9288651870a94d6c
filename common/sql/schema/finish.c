/* Finish: completes a schema after its text is read, so that every spelling gives one model.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/model.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static const PgQuery__Constraint *constraint_of(const struct cft_object *obj)
{
	return obj->kind == CFT_KIND_CONSTRAINT
	               ? CFT_AS(PgQuery__Constraint, pg_query__constraint, obj->node)
	               : NULL;
}

static const PgQuery__Constraint *primary_key(const struct cft_object *table)
{
	CFT_VEC_EACH (struct cft_object *, child, &table->children) {
		const PgQuery__Constraint *c = constraint_of(*child);
		if (c != NULL && c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
			return c;
	}
	return NULL;
}

/* REFERENCES t means its primary key; PostgreSQL prints the columns. */
static void complete_foreign_key(struct cft_object *obj)
{
	PgQuery__Constraint *c = (PgQuery__Constraint *)constraint_of(obj);

	if (c == NULL || c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN || c->n_pk_attrs > 0)
		return;
	const struct cft_object *to =
		cft_env_relation(obj->env, c->pktable->schemaname, c->pktable->relname);
	const PgQuery__Constraint *key = to ? primary_key(to) : NULL;
	if (key == NULL)
		return;
	c->pk_attrs = key->keys;
	c->n_pk_attrs = key->n_keys;
}

static bool same_attr(const struct cft_object *a, const struct cft_object *b, enum cft_attr_id id)
{
	const struct cft_attr *x = cft_attr_find(a, id, ""), *y = cft_attr_find(b, id, "");
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	if (x == NULL || y == NULL)
		return x == y;
	if (x->node == NULL || y->node == NULL)
		return strcmp(x->text ? x->text : "", y->text ? y->text : "") == 0;
	cft_tree_canon(x->node, x->env, a->parent, CFT_CANON_LOOSE, &p);
	cft_tree_canon(y->node, y->env, b->parent, CFT_CANON_LOOSE, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

static const struct cft_object *partition_parent(const struct cft_object *obj)
{
	const struct cft_attr *of = cft_attr_find(obj, CFT_ATTR_PARTITION_OF, "");
	const PgQuery__PartitionCmd *cmd =
		of ? CFT_AS(PgQuery__PartitionCmd, pg_query__partition_cmd, of->node) : NULL;

	return cmd ? cft_env_relation(of->env, cmd->name->schemaname, cmd->name->relname) : NULL;
}

static bool attrs_all_in(const struct cft_object *col)
{
	CFT_VEC_EACH (struct cft_attr, a, &col->attrs)
		if (a->id == CFT_ATTR_COMMENT || a->id == CFT_ATTR_ACL ||
		    a->id == CFT_ATTR_STATISTICS || a->id == CFT_ATTR_OPTION)
			return false;
	return true;
}

/* A partition's columns and constraints are its parent's; pg_dump writes them out, people do not.
 * Only what differs stays. */
static void strip_column(struct cft_schema *s, struct cft_object *col,
                         const struct cft_object *parent_col)
{
	static const enum cft_attr_id ids[] = {CFT_ATTR_TYPE, CFT_ATTR_COLLATION, CFT_ATTR_NOT_NULL,
	                                       CFT_ATTR_DEFAULT, CFT_ATTR_GENERATED};
	bool all = true;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (same_attr(col, parent_col, ids[i]))
			cft_attr_clear(col, ids[i], "");
		else
			all = false;
	}
	if (all && attrs_all_in(col))
		cft_schema_remove(s, col);
}

static void strip_partition(struct cft_schema *s, struct cft_object *table)
{
	const struct cft_object *parent = partition_parent(table);

	if (parent == NULL)
		return;
	for (size_t i = table->children.n; i-- > 0;) {
		struct cft_object *child = table->children.v[i];
		if (child->kind == CFT_KIND_COLUMN) {
			const struct cft_object *pc =
				cft_schema_find_child(parent, "column", child->name);
			if (pc != NULL && cft_attr_find(child, CFT_ATTR_TYPE, ""))
				strip_column(s, child, pc);
		} else if (child->kind == CFT_KIND_CONSTRAINT) {
			CFT_VEC_EACH (struct cft_object *, pc, &parent->children)
				if ((*pc)->kind == CFT_KIND_CONSTRAINT &&
				    same_attr(child, *pc, CFT_ATTR_DEFINITION)) {
					cft_schema_remove(s, child);
					break;
				}
		} else if (child->kind == CFT_KIND_INDEX &&
		           cft_attr_find(child, CFT_ATTR_ATTACHED_TO, "")) {
			cft_schema_remove(s, child);
		}
	}
}

/* pg_dump repeats an inherited column's default. */
static void strip_inherited(struct cft_schema *s, struct cft_object *table,
                            const struct cft_object *parent)
{
	for (size_t i = table->children.n; parent != NULL && i-- > 0;) {
		struct cft_object *col = table->children.v[i];
		const struct cft_object *pc =
			col->kind == CFT_KIND_COLUMN && !cft_attr_find(col, CFT_ATTR_TYPE, "")
				? cft_schema_find_child(parent, "column", col->name)
				: NULL;
		if (pc == NULL || !same_attr(col, pc, CFT_ATTR_DEFAULT))
			continue;
		cft_attr_clear(col, CFT_ATTR_DEFAULT, "");
		if (col->attrs.n == 0)
			cft_schema_remove(s, col);
	}
}

static void strip_inheriting(struct cft_schema *s, struct cft_object *table)
{
	for (size_t i = 0; i < table->attrs.n; i++) {
		const struct cft_attr *a = &table->attrs.v[i];
		if (a->id != CFT_ATTR_INHERITS)
			continue;
		const PgQuery__RangeVar *rv = (const PgQuery__RangeVar *)a->node;
		strip_inherited(s, table, cft_env_relation(a->env, rv->schemaname, rv->relname));
	}
}

void cft_schema_finish(struct cft_schema *s)
{
	for (size_t i = 0; i < s->objects.n; i++)
		if (s->objects.v[i] != NULL)
			complete_foreign_key(s->objects.v[i]);
	/* Children first: a partition of a partition still sees its parent's columns. */
	for (size_t i = s->objects.n; i-- > 0;)
		if (s->objects.v[i] != NULL && s->objects.v[i]->kind == CFT_KIND_TABLE) {
			strip_inheriting(s, s->objects.v[i]);
			strip_partition(s, s->objects.v[i]);
		}
	cft_schema_link(s);
}
