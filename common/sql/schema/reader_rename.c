/* Reader of renames: RENAME TO, SET SCHEMA; what other objects say follows, as in the catalog.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

#define OBJ(x) PG_QUERY__OBJECT_TYPE__OBJECT_##x

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

struct rename {
	struct cft_arena *arena;
	const struct cft_object *obj;
	const struct cft_env *env;
	const char *schema, *name; /* new */
	bool found;
};

static struct cft_object *renamed_object(struct cft_reader *r, const PgQuery__RenameStmt *s)
{
	const char *space = cft_child_space(s->rename_type);

	if (s->relation == NULL)
		return cft_fold_find(r, s->rename_type, s->object);
	struct cft_object *rel = cft_fold_find_relation(r, s->relation);
	if (rel == NULL && s->rename_type == OBJ(ATTRIBUTE))
		rel = cft_env_type(r->env, s->relation->schemaname, s->relation->relname);
	return rel && space ? cft_schema_find_child(rel, space, s->subname) : rel;
}

/* -- references in trees -- */

static PgQuery__Node *string_node(struct rename *rn, const char *text)
{
	PgQuery__String *s = cft_arena_new(rn->arena, PgQuery__String);

	pg_query__string__init(s);
	s->sval = (char *)text;
	return cft_node_wrap(rn->arena, &s->base);
}

/* The (qualified) name in a list becomes the new one. */
static void rename_list(struct rename *rn, PgQuery__Node ***v, size_t *n)
{
	bool moved = strcmp(rn->schema, rn->obj->schema) != 0;
	PgQuery__Node **list = cft_arena_array(rn->arena, PgQuery__Node *, 2);

	rn->found = true;
	list[0] = string_node(rn, rn->schema);
	list[1] = string_node(rn, rn->name);
	*v = *n > 1 || moved ? list : list + 1;
	*n = *n > 1 || moved ? 2 : 1;
}

static void rename_relation(struct rename *rn, PgQuery__RangeVar *rv)
{
	if (strcmp(rv->relname, rn->obj->name) != 0 ||
	    cft_env_relation(rn->env, rv->schemaname, rv->relname) != rn->obj)
		return;
	rn->found = true;
	rv->relname = (char *)rn->name;
	if (*rv->schemaname != '\0' || strcmp(rn->schema, rn->obj->schema) != 0)
		rv->schemaname = (char *)rn->schema;
}

static bool names_it(const struct rename *rn, const char *space, PgQuery__Node *const *v, size_t n)
{
	const char *schema, *name;

	cft_names_split(v, n, &schema, &name);
	return strcmp(name, rn->obj->name) == 0 &&
	       cft_env_object(rn->env, space, schema, name) == rn->obj;
}

static bool rename_reference(void *ctx, const ProtobufCMessage *msg)
{
	struct rename *rn = ctx;
	PgQuery__RangeVar *rv =
		(PgQuery__RangeVar *)CFT_AS(PgQuery__RangeVar, pg_query__range_var, msg);
	PgQuery__TypeName *type =
		(PgQuery__TypeName *)CFT_AS(PgQuery__TypeName, pg_query__type_name, msg);
	PgQuery__FuncCall *call =
		(PgQuery__FuncCall *)CFT_AS(PgQuery__FuncCall, pg_query__func_call, msg);
	PgQuery__CreateTrigStmt *trigger = (PgQuery__CreateTrigStmt *)CFT_AS(
		PgQuery__CreateTrigStmt, pg_query__create_trig_stmt, msg);

	if (rv != NULL)
		rename_relation(rn, rv);
	if (type != NULL && !type->pct_type && names_it(rn, "type", type->names, type->n_names))
		rename_list(rn, &type->names, &type->n_names);
	if (call != NULL && names_it(rn, "function", call->funcname, call->n_funcname))
		rename_list(rn, &call->funcname, &call->n_funcname);
	if (trigger != NULL && names_it(rn, "function", trigger->funcname, trigger->n_funcname))
		rename_list(rn, &trigger->funcname, &trigger->n_funcname);
	return true;
}

/* Its text, and the text of the statement that made it too, says the old name. */
static void now_stale(struct cft_object *o)
{
	o->stale = true;
	if (o->inline_in != NULL)
		o->inline_in->stale = true;
}

static void rename_in(struct rename *rn, struct cft_object *o)
{
	rn->env = o->env;
	rn->found = false;
	if (o->node != NULL && o->kind != CFT_KIND_COLUMN)
		cft_tree_walk(o->node, rename_reference, rn);
	CFT_VEC_EACH (struct cft_attr, a, &o->attrs)
		if (a->node != NULL && a->node != o->node)
			cft_tree_walk(a->node, rename_reference, rn);
	if (rn->found)
		now_stale(o);
}

static void rename_everywhere(struct cft_reader *r, struct cft_object *obj, const char *schema,
                              const char *name)
{
	struct rename rn = {.arena = arena(r),
	                    .obj = obj,
	                    .schema = cft_arena_strdup(arena(r), schema),
	                    .name = cft_arena_strdup(arena(r), name)};

	CFT_VEC_EACH (struct cft_object *, o, &r->s->objects)
		if (*o != NULL)
			rename_in(&rn, *o);
	cft_schema_rename(r->s, obj, schema, name);
}

/* -- columns -- */

static bool rename_column_reference(void *ctx, const ProtobufCMessage *msg)
{
	const struct rename *rn = ctx;
	PgQuery__ColumnRef *ref =
		(PgQuery__ColumnRef *)CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, msg);
	PgQuery__IndexElem *elem =
		(PgQuery__IndexElem *)CFT_AS(PgQuery__IndexElem, pg_query__index_elem, msg);
	PgQuery__String *str = (PgQuery__String *)CFT_AS(PgQuery__String, pg_query__string, msg);

	if (elem != NULL && elem->name && strcmp(elem->name, rn->obj->name) == 0)
		elem->name = (char *)rn->name;
	if (str != NULL && strcmp(str->sval, rn->obj->name) == 0)
		str->sval = (char *)rn->name;
	if (ref != NULL && ref->n_fields > 0) {
		PgQuery__Node *last = ref->fields[ref->n_fields - 1];
		const char *s = cft_node_string(last);
		if (s != NULL && strcmp(s, rn->obj->name) == 0)
			last->string->sval = (char *)rn->name;
		return false;
	}
	return true;
}

static void rename_column(struct cft_reader *r, struct cft_object *col, const char *name)
{
	struct rename rn = {
		.arena = arena(r), .obj = col, .name = cft_arena_strdup(arena(r), name)};

	CFT_VEC_EACH (struct cft_object *, o, &col->parent->children) {
		if ((*o)->kind == CFT_KIND_COLUMN)
			continue;
		if ((*o)->node != NULL)
			cft_tree_walk((*o)->node, rename_column_reference, &rn);
		(*o)->stale = true;
	}
	cft_schema_rename(r->s, col, col->schema, name);
	col->ident = cft_name_quote(arena(r), "", name);
	col->parent->stale = true;
}

/* -- statements -- */

/* Several routines of one name: a call does not say which of them it means. */
static bool is_ambiguous(struct cft_reader *r, const struct cft_object *obj)
{
	const struct cft_overload *o =
		cft_env_overloads(r->env, "function", obj->schema, obj->name);

	return o != NULL && o->objects.n > 1;
}

/* Kinds whose references are followed in trees. */
static bool can_move(struct cft_reader *r, const struct cft_object *obj)
{
	const char *space = cft_kind_space(obj->kind);

	if (strcmp(space, "routine") == 0)
		return !is_ambiguous(r, obj);
	return strcmp(space, "relation") == 0 || strcmp(space, "type") == 0;
}

static bool belongs_to_table(const struct cft_object *obj)
{
	return obj->kind == CFT_KIND_CONSTRAINT || obj->kind == CFT_KIND_TRIGGER ||
	       obj->kind == CFT_KIND_RULE || obj->kind == CFT_KIND_POLICY;
}

/* The names in its own tree: what it is printed from. */
static void rename_own_tree(struct cft_reader *r, struct cft_object *obj)
{
	ProtobufCMessage *msg = (ProtobufCMessage *)obj->node;
	char *name = cft_arena_strdup(arena(r), obj->name);

	if (msg == NULL)
		return;
	if (obj->kind == CFT_KIND_TRIGGER)
		((PgQuery__CreateTrigStmt *)msg)->trigname = name;
	else if (obj->kind == CFT_KIND_RULE)
		((PgQuery__RuleStmt *)msg)->rulename = name;
	else if (obj->kind == CFT_KIND_POLICY)
		((PgQuery__CreatePolicyStmt *)msg)->policy_name = name;
}

enum cft_fold cft_fold_rename(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__RenameStmt *s = (const PgQuery__RenameStmt *)msg;
	struct cft_object *obj = renamed_object(r, s);

	if (obj == NULL && s->missing_ok)
		return CFT_FOLD_DONE;
	if (obj == NULL)
		return s->relation ? cft_fold_wait(r, s->relation->schemaname, s->relation->relname)
		                   : cft_fold_wait_for(r, s->object);
	if (obj->kind == CFT_KIND_COLUMN) {
		rename_column(r, obj, s->newname);
		return CFT_FOLD_DONE;
	}
	if (belongs_to_table(obj)) {
		now_stale(obj);
		cft_schema_rename(r->s, obj, obj->schema, s->newname);
		obj->ident = cft_name_quote(arena(r), "", s->newname);
		rename_own_tree(r, obj);
		return CFT_FOLD_DONE;
	}
	if (!can_move(r, obj))
		return cft_fold_refuse(r, "RENAME of this kind of object is not modelled");
	rename_everywhere(r, obj, obj->schema, s->newname);
	cft_fold_ident(r, obj, strchr(obj->ident, '.') != NULL);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_set_schema(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterObjectSchemaStmt *s = (const PgQuery__AlterObjectSchemaStmt *)msg;
	struct cft_object *obj = s->relation ? cft_fold_find_relation(r, s->relation)
	                                     : cft_fold_find(r, s->object_type, s->object);

	if (obj == NULL)
		return s->missing_ok ? CFT_FOLD_DONE : cft_fold_wait_for(r, s->object);
	if (!can_move(r, obj))
		return cft_fold_refuse(r, "SET SCHEMA of this kind of object is not modelled");
	rename_everywhere(r, obj, s->newschema, obj->name);
	cft_fold_ident(r, obj, true);
	return CFT_FOLD_DONE;
}
