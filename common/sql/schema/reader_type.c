/* Reader of types with parts: schemas with elements, enums' changes, domains, composites.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

/* -- enums -- */

static PgQuery__Node *label_node(struct cft_reader *r, const char *label)
{
	PgQuery__String *s = cft_arena_new(arena(r), PgQuery__String);

	pg_query__string__init(s);
	s->sval = (char *)label;
	return cft_node_wrap(arena(r), &s->base);
}

static void set_labels(struct cft_reader *r, struct cft_object *type,
                       const PgQuery__CreateEnumStmt *s)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < s->n_vals; i++) {
		cft_buf_adds(&buf, i ? ", " : "");
		cft_literal_add(&buf, cft_node_string(s->vals[i]));
	}
	cft_attr_set(r->s, type, CFT_ATTR_LABELS, "", cft_buf_str(&buf), &s->base, r->env);
	cft_buf_release(&buf);
	type->stale = true;
}

static size_t label_index(const PgQuery__CreateEnumStmt *s, const char *label)
{
	size_t i = 0;

	while (i < s->n_vals && strcmp(cft_node_string(s->vals[i]), label) != 0)
		i++;
	return i;
}

enum cft_fold cft_fold_alter_enum(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterEnumStmt *s = (const PgQuery__AlterEnumStmt *)msg;
	const char *schema, *name;

	cft_names_split(s->type_name, s->n_type_name, &schema, &name);
	struct cft_object *type = cft_env_type(r->env, schema, name);
	if (type == NULL || type->kind != CFT_KIND_ENUM)
		return cft_fold_wait(r, schema, name);
	PgQuery__CreateEnumStmt *e = (PgQuery__CreateEnumStmt *)type->node;
	if (s->old_val != NULL && *s->old_val != '\0') {
		size_t i = label_index(e, s->old_val);
		if (i == e->n_vals)
			return cft_fold_wait(r, name, s->old_val);
		e->vals[i] = label_node(r, s->new_val);
	} else if (label_index(e, s->new_val) == e->n_vals) {
		size_t at = e->n_vals;
		if (s->new_val_neighbor != NULL && *s->new_val_neighbor != '\0')
			at = label_index(e, s->new_val_neighbor) + (s->new_val_is_after ? 1 : 0);
		if (at > e->n_vals)
			return cft_fold_wait(r, name, s->new_val_neighbor);
		PgQuery__Node **v = cft_arena_array(arena(r), PgQuery__Node *, e->n_vals + 1);
		memcpy(v, e->vals, at * sizeof(*v));
		v[at] = label_node(r, s->new_val);
		memcpy(v + at + 1, e->vals + at, (e->n_vals - at) * sizeof(*v));
		e->vals = v;
		e->n_vals++;
	}
	set_labels(r, type, e);
	return CFT_FOLD_DONE;
}

/* -- domains -- */

static void domain_constraint(struct cft_reader *r, struct cft_object *dom, PgQuery__Constraint *c,
                              bool inlined)
{
	switch ((int)c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
		cft_attr_set(r->s, dom, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		cft_attr_set(r->s, dom, CFT_ATTR_DEFAULT, "", NULL, cft_node_message(c->raw_expr),
		             r->env);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
		cft_fold_constraints(r, dom, &c, 1, inlined);
		break;
	default:
		break;
	}
}

enum cft_fold cft_fold_domain(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CreateDomainStmt *s = (const PgQuery__CreateDomainStmt *)msg;
	const char *schema, *name;

	cft_names_split(s->domainname, s->n_domainname, &schema, &name);
	struct cft_object *dom = cft_fold_object(r, CFT_KIND_DOMAIN, schema, name);
	if (dom == NULL)
		return CFT_FOLD_DONE;
	cft_attr_set(r->s, dom, CFT_ATTR_TYPE, "", NULL, &s->type_name->base, r->env);
	if (s->coll_clause != NULL) {
		const char *cschema, *cname;
		cft_names_split(s->coll_clause->collname, s->coll_clause->n_collname, &cschema,
		                &cname);
		cft_attr_set(r->s, dom, CFT_ATTR_COLLATION, "",
		             cft_name_quote(arena(r),
		                            strcmp(cschema, "pg_catalog") == 0 ? "" : cschema,
		                            cname),
		             NULL, r->env);
	}
	for (size_t i = 0; i < s->n_constraints; i++)
		domain_constraint(r, dom, s->constraints[i]->constraint, true);
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_domain_constraint(struct cft_reader *r, struct cft_object *dom,
                                             const PgQuery__AlterDomainStmt *s)
{
	struct cft_object *c;

	if (s->subtype[0] == 'C') {
		domain_constraint(r, dom, s->def->constraint, false);
		return CFT_FOLD_DONE;
	}
	c = cft_schema_find_child(dom, "constraint", s->name);
	if (c == NULL)
		return s->missing_ok ? CFT_FOLD_DONE : cft_fold_wait(r, dom->name, s->name);
	if (s->subtype[0] == 'X') {
		cft_schema_remove(r->s, c);
		dom->stale = true;
	} else {
		((PgQuery__Constraint *)c->node)->skip_validation = false;
		((PgQuery__Constraint *)c->node)->initially_valid = true;
	}
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_alter_domain(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterDomainStmt *s = (const PgQuery__AlterDomainStmt *)msg;
	const char *schema, *name;

	cft_names_split(s->type_name, s->n_type_name, &schema, &name);
	struct cft_object *dom = cft_env_type(r->env, schema, name);
	if (dom == NULL)
		return cft_fold_wait(r, schema, name);
	dom->stale = true;
	switch (s->subtype[0]) {
	case 'T':
		cft_attr_set(r->s, dom, CFT_ATTR_DEFAULT, "", NULL, cft_node_message(s->def),
		             r->env);
		return CFT_FOLD_DONE;
	case 'N':
		cft_attr_clear(dom, CFT_ATTR_NOT_NULL, "");
		return CFT_FOLD_DONE;
	case 'O':
		cft_attr_set(r->s, dom, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
		return CFT_FOLD_DONE;
	default:
		return alter_domain_constraint(r, dom, s);
	}
}

/* -- composites, schemas -- */

enum cft_fold cft_fold_composite(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CompositeTypeStmt *s = (const PgQuery__CompositeTypeStmt *)msg;
	struct cft_object *type =
		cft_fold_object(r, CFT_KIND_COMPOSITE, s->typevar->schemaname, s->typevar->relname);

	for (size_t i = 0; type != NULL && i < s->n_coldeflist; i++)
		cft_fold_column(r, type, s->coldeflist[i]->column_def, true);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_read_element(struct cft_reader *r, const ProtobufCMessage *msg);

enum cft_fold cft_fold_create_schema(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CreateSchemaStmt *s = (const PgQuery__CreateSchemaStmt *)msg;
	const char *name = s->schemaname;

	if (name == NULL || *name == '\0')
		name = s->authrole ? s->authrole->rolename : "";
	struct cft_object *obj = cft_schema_find(r->s, "schema", "", name);
	if (obj == NULL) {
		obj = cft_schema_add(r->s, CFT_KIND_SCHEMA, "", name, "", NULL);
		obj->env = r->env;
		obj->node = msg;
		obj->ident = cft_name_quote(arena(r), "", name);
	}
	if (s->authrole != NULL)
		cft_attr_set(r->s, obj, CFT_ATTR_OWNER, "", cft_sql_role_name(r, s->authrole), NULL,
		             r->env);
	if (s->n_schema_elts == 0)
		return CFT_FOLD_DONE;
	struct cft_env *env = cft_arena_new(arena(r), struct cft_env);
	const struct cft_env *outer = r->env;
	*env = *outer;
	env->path[0] = name;
	env->path[1] = "public";
	env->path_count = 2;
	env->set_sql = cft_arena_printf(arena(r), "SET search_path = %s, public", obj->ident);
	r->env = env;
	r->created = name;
	for (size_t i = 0; i < s->n_schema_elts; i++)
		cft_fold_read_element(r, cft_node_message(s->schema_elts[i]));
	r->created = NULL;
	r->env = outer;
	return CFT_FOLD_DONE;
}
