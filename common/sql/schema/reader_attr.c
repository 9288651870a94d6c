/* Reader of what other statements say about objects: COMMENT, OWNER, RENAME, SET SCHEMA, DROP.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

#define OBJ(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

/* -- finding what a statement names -- */

const char *cft_fold_args(struct cft_reader *r, PgQuery__Node *const *types, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;
	size_t shown = 0;

	cft_buf_addc(&buf, '(');
	for (size_t i = 0; i < n; i++) {
		const PgQuery__TypeName *t =
			CFT_AS(PgQuery__TypeName, pg_query__type_name, cft_node_message(types[i]));
		if (shown++ > 0)
			cft_buf_addc(&buf, ',');
		if (t != NULL)
			cft_tree_type(t, r->env, false, &buf);
		else
			cft_buf_adds(&buf, "none");
	}
	cft_buf_addc(&buf, ')');
	const char *args = cft_arena_strdup(arena(r), cft_buf_str(&buf));
	cft_buf_release(&buf);
	return args;
}

static struct cft_object *find_routine(struct cft_reader *r, const char *space,
                                       const PgQuery__ObjectWithArgs *o)
{
	const char *schema, *name;

	cft_names_split(o->objname, o->n_objname, &schema, &name);
	struct cft_overload *all = cft_env_overloads(r->env, space, schema, name);
	if (all == NULL)
		return NULL;
	if (o->args_unspecified)
		return all->objects.n == 1 ? all->objects.v[0] : NULL;
	const char *args = cft_fold_args(r, o->objargs, o->n_objargs);
	CFT_VEC_EACH (struct cft_object *, obj, &all->objects)
		if (strcmp((*obj)->args, args) == 0)
			return *obj;
	return NULL;
}

static struct cft_object *find_child(struct cft_reader *r, PgQuery__Node *const *v, size_t n,
                                     const char *space)
{
	const char *schema, *table;

	if (n < 2)
		return NULL;
	cft_names_split(v, n - 1, &schema, &table);
	struct cft_object *rel = cft_env_relation(r->env, schema, table);
	if (rel == NULL)
		rel = cft_env_type(r->env, schema, table);
	const char *name = cft_node_string(v[n - 1]);
	if (rel == NULL || name == NULL)
		return NULL;
	struct cft_object *found = cft_schema_find_child(rel, space, name);
	bool virtual = rel->kind == CFT_KIND_VIEW || rel->kind == CFT_KIND_MATVIEW ||
	               cft_attr_find(rel, CFT_ATTR_PARTITION_OF, "") ||
	               cft_attr_find(rel, CFT_ATTR_OF_TYPE, "");
	if (found == NULL && virtual && strcmp(space, "column") == 0) {
		found = cft_fold_child(r, CFT_KIND_COLUMN, name, rel);
		found->inline_in = rel;
	}
	return found;
}

const char *cft_child_space(PgQuery__ObjectType type)
{
	switch ((int)type) {
	case OBJ(COLUMN):
	case OBJ(ATTRIBUTE):
		return "column";
	case OBJ(TABCONSTRAINT):
		return "constraint";
	case OBJ(TRIGGER):
		return "trigger";
	case OBJ(RULE):
		return "rule";
	case OBJ(POLICY):
		return "policy";
	default:
		return NULL;
	}
}

/* Kinds that a list of names or a string identifies. */
static const char *plain_space(PgQuery__ObjectType type)
{
	switch ((int)type) {
	case OBJ(SCHEMA):
		return "schema";
	case OBJ(EXTENSION):
		return "extension";
	case OBJ(LANGUAGE):
		return "language";
	case OBJ(COLLATION):
		return "collation";
	case OBJ(CONVERSION):
		return "conversion";
	case OBJ(FDW):
		return "fdw";
	case OBJ(FOREIGN_SERVER):
		return "server";
	case OBJ(STATISTIC_EXT):
		return "statistics";
	case OBJ(TSPARSER):
		return "tsparser";
	case OBJ(TSTEMPLATE):
		return "tst";
	case OBJ(TSDICTIONARY):
		return "tsd";
	case OBJ(TSCONFIGURATION):
		return "tsc";
	case OBJ(EVENT_TRIGGER):
		return "eventtrigger";
	case OBJ(PUBLICATION):
		return "publication";
	case OBJ(SUBSCRIPTION):
		return "subscription";
	case OBJ(ACCESS_METHOD):
		return "am";
	case OBJ(TABLE):
	case OBJ(VIEW):
	case OBJ(MATVIEW):
	case OBJ(SEQUENCE):
	case OBJ(INDEX):
	case OBJ(FOREIGN_TABLE):
		return "relation";
	default:
		return NULL;
	}
}

static struct cft_object *find_opclass(struct cft_reader *r, PgQuery__Node *const *v, size_t n,
                                       const char *space)
{
	const char *schema, *name;

	if (n < 2) /* method first, then the name */
		return NULL;
	cft_names_split(v + 1, n - 1, &schema, &name);
	const char *full = cft_arena_printf(arena(r), "%s USING %s", name, cft_node_string(v[0]));
	return cft_env_object(r->env, space, schema, full);
}

static struct cft_object *find_cast(struct cft_reader *r, PgQuery__Node *const *v, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (n != 2)
		return NULL;
	cft_buf_addc(&buf, '(');
	cft_tree_type(v[0]->type_name, r->env, false, &buf);
	cft_buf_adds(&buf, " AS ");
	cft_tree_type(v[1]->type_name, r->env, false, &buf);
	cft_buf_addc(&buf, ')');
	struct cft_object *obj = cft_schema_find(r->s, "cast", "", cft_buf_str(&buf));
	cft_buf_release(&buf);
	return obj;
}

static struct cft_object *find_domain_constraint(struct cft_reader *r, PgQuery__Node *const *v,
                                                 size_t n)
{
	const char *schema, *name;

	if (n != 2 || v[0]->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
		return NULL;
	cft_names_split(v[0]->type_name->names, v[0]->type_name->n_names, &schema, &name);
	struct cft_object *dom = cft_env_type(r->env, schema, name);
	return dom ? cft_schema_find_child(dom, "constraint", cft_node_string(v[1])) : NULL;
}

static struct cft_object *find_plain(struct cft_reader *r, const char *space,
                                     PgQuery__Node *const *v, size_t n, const char *one)
{
	const char *schema = "", *name = one;

	if (n > 0)
		cft_names_split(v, n, &schema, &name);
	if (name == NULL)
		return NULL;
	struct cft_object *obj = cft_schema_find(r->s, space, "", name);
	if (obj == NULL)
		obj = cft_env_object(r->env, space, schema, name);
	if (obj == NULL && strcmp(space, "schema") == 0 && strcmp(name, "public") == 0) {
		obj = cft_schema_add(r->s, CFT_KIND_SCHEMA, "", "public", "", NULL);
		obj->env = r->env;
	}
	return obj;
}

struct cft_object *cft_fold_find(struct cft_reader *r, PgQuery__ObjectType type,
                                 const PgQuery__Node *object)
{
	size_t n;
	PgQuery__Node **v = cft_node_list(object, &n);
	const char *schema, *name, *space = cft_child_space(type);

	if (space != NULL)
		return find_child(r, v, n, space);
	if (object != NULL && object->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS)
		return find_routine(r, type == OBJ(OPERATOR) ? "operator" : "function",
		                    object->object_with_args);
	if (object != NULL && object->node_case == PG_QUERY__NODE__NODE_TYPE_NAME) {
		const PgQuery__TypeName *t = object->type_name;
		cft_names_split(t->names, t->n_names, &schema, &name);
		return cft_env_type(r->env, schema, name);
	}
	if (type == OBJ(TYPE) || type == OBJ(DOMAIN)) {
		cft_names_split(v, n, &schema, &name);
		return cft_env_type(r->env, schema, name);
	}
	if (type == OBJ(OPCLASS) || type == OBJ(OPFAMILY))
		return find_opclass(r, v, n, type == OBJ(OPCLASS) ? "opclass" : "opfamily");
	if (type == OBJ(CAST))
		return find_cast(r, v, n);
	if (type == OBJ(DOMCONSTRAINT))
		return find_domain_constraint(r, v, n);
	space = plain_space(type);
	return space ? find_plain(r, space, v, n, cft_node_string(object)) : NULL;
}

enum cft_fold cft_fold_wait_for(struct cft_reader *r, const PgQuery__Node *object)
{
	size_t n;
	PgQuery__Node **v = cft_node_list(object, &n);
	const char *schema = "", *name = cft_node_string(object);

	if (n > 0)
		cft_names_split(v, n, &schema, &name);
	return cft_fold_wait(r, schema, name ? name : "?");
}

/* The index of a constraint has no object of its own. */
static struct cft_object *constraint_of_index(struct cft_reader *r, const PgQuery__Node *object)
{
	size_t n;
	PgQuery__Node **v = cft_node_list(object, &n);
	const char *schema, *name;

	cft_names_split(v, n, &schema, &name);
	CFT_VEC_EACH (struct cft_object *, o, &r->s->objects)
		if (*o != NULL && (*o)->kind == CFT_KIND_CONSTRAINT &&
		    strcmp((*o)->name, name) == 0 &&
		    (*schema == '\0' || strcmp((*o)->schema, schema) == 0))
			return *o;
	return NULL;
}

/* -- statements -- */

enum cft_fold cft_fold_comment(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CommentStmt *s = (const PgQuery__CommentStmt *)msg;

	if (s->objtype == OBJ(DATABASE) || s->objtype == OBJ(ROLE) || s->objtype == OBJ(TABLESPACE))
		return CFT_FOLD_DONE; /* not of the schema */
	struct cft_object *obj = cft_fold_find(r, s->objtype, s->object);
	const char *sub = "";
	if (obj == NULL && s->objtype == OBJ(INDEX)) {
		obj = constraint_of_index(r, s->object);
		sub = "index";
	}
	if (obj == NULL && (s->objtype == OBJ(EXTENSION) || s->objtype == OBJ(LANGUAGE)))
		return CFT_FOLD_DONE;
	if (obj == NULL)
		return cft_fold_wait_for(r, s->object);
	if (obj->kind == CFT_KIND_EXTENSION)
		return CFT_FOLD_DONE; /* its own, set by CREATE EXTENSION */
	if (obj->kind == CFT_KIND_SCHEMA && strcmp(obj->name, "public") == 0 &&
	    strcasecmp(s->comment, "standard public schema") == 0)
		return CFT_FOLD_DONE;
	struct cft_buf buf = CFT_BUF_INIT;
	cft_literal_add(&buf, s->comment ? s->comment : "");
	cft_attr_set(r->s, obj, CFT_ATTR_COMMENT, sub,
	             s->comment && *s->comment ? cft_buf_str(&buf) : NULL, NULL, r->env);
	cft_buf_release(&buf);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_owner(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterOwnerStmt *s = (const PgQuery__AlterOwnerStmt *)msg;
	struct cft_object *obj = s->relation ? cft_fold_find_relation(r, s->relation)
	                                     : cft_fold_find(r, s->object_type, s->object);

	if (s->object_type == OBJ(DATABASE) || s->object_type == OBJ(LARGEOBJECT))
		return CFT_FOLD_DONE;
	if (obj == NULL && s->object_type == OBJ(LANGUAGE))
		return CFT_FOLD_DONE;
	if (obj == NULL)
		return cft_fold_wait_for(r, s->object);
	r->s->says_owner = true;
	cft_attr_set(r->s, obj, CFT_ATTR_OWNER, "", cft_sql_role_name(r, s->newowner), NULL,
	             r->env);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_label(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__SecLabelStmt *s = (const PgQuery__SecLabelStmt *)msg;
	struct cft_object *obj = cft_fold_find(r, s->objtype, s->object);
	struct cft_buf buf = CFT_BUF_INIT;

	if (obj == NULL)
		return cft_fold_wait_for(r, s->object);
	cft_literal_add(&buf, s->label ? s->label : "");
	cft_attr_set(r->s, obj, CFT_ATTR_SECURITY_LABEL, s->provider ? s->provider : "",
	             s->label && *s->label ? cft_buf_str(&buf) : NULL, NULL, r->env);
	cft_buf_release(&buf);
	return CFT_FOLD_DONE;
}

static void drop_with_owned(struct cft_reader *r, struct cft_object *obj)
{
	const char *prefix = cft_arena_printf(arena(r), "%s.", obj->ident);

	CFT_VEC_EACH (struct cft_object *, o, &r->s->objects)
		if (*o != NULL && (*o)->kind == CFT_KIND_SEQUENCE && *o != obj &&
		    strncmp(cft_attr_text(*o, CFT_ATTR_OWNED_BY, ""), prefix, strlen(prefix)) == 0)
			cft_schema_remove(r->s, *o);
	cft_schema_remove(r->s, obj);
}

enum cft_fold cft_fold_drop(struct cft_reader *r, const ProtobufCMessage *msg)
{
	PgQuery__DropStmt *s = (PgQuery__DropStmt *)msg;

	for (; s->n_objects > 0; s->objects++, s->n_objects--) {
		struct cft_object *obj = cft_fold_find(r, s->remove_type, s->objects[0]);
		if (obj != NULL)
			drop_with_owned(r, obj);
		else if (!s->missing_ok)
			return cft_fold_wait_for(r, s->objects[0]);
	}
	return CFT_FOLD_DONE;
}
