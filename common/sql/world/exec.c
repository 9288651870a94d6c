/* Exec: runs a list of effects on a world; what all of them need.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"
#include "common/sql/syntax/name.h"

#include <string.h>

bool exec_is_relation(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_TABLE || kind == CFT_OBJ_VIEW || kind == CFT_OBJ_MATVIEW ||
	       kind == CFT_OBJ_INDEX || kind == CFT_OBJ_SEQUENCE || kind == CFT_OBJ_RELATION;
}

/* Kinds that live in a schema. */
bool exec_has_schema(enum cft_object_kind kind)
{
	switch ((int)kind) {
	case CFT_OBJ_SCHEMA:
	case CFT_OBJ_EXTENSION:
	case CFT_OBJ_ROLE:
	case CFT_OBJ_LANGUAGE:
	case CFT_OBJ_CAST:
	case CFT_OBJ_PUBLICATION:
	case CFT_OBJ_SUBSCRIPTION:
	case CFT_OBJ_EVENT_TRIGGER:
	case CFT_OBJ_SERVER:
	case CFT_OBJ_FDW:
	case CFT_OBJ_USER_MAPPING:
	case CFT_OBJ_ACCESS_METHOD:
	case CFT_OBJ_TRANSFORM:
	case CFT_OBJ_TABLESPACE:
	case CFT_OBJ_DATABASE:
	case CFT_OBJ_DEFAULT_PRIVILEGES:
	case CFT_OBJ_SETTING:
	case CFT_OBJ_LARGE_OBJECT:
	case CFT_OBJ_UNKNOWN:
		return false;
	default:
		return true;
	}
}

/* Relations with rows have a row type of their own name. */
bool exec_has_row_type(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_TABLE || kind == CFT_OBJ_VIEW || kind == CFT_OBJ_MATVIEW;
}

enum world_code exec_taken(struct world *w, int by, const char *name)
{
	world_fail(w, WORLD_DUPLICATE, WORLD_OBJ(w, by)->kind, world_key(w, by, w->arena),
	           WORLD_OBJ(w, by)->changed.side ? WORLD_OBJ(w, by)->changed
	                                          : WORLD_OBJ(w, by)->created,
	           "the name %s is taken by %s", cft_name_quote(w->arena, "", name),
	           world_key(w, by, w->arena));
	w->error.blocker = by;
	return WORLD_DUPLICATE;
}

enum world_code exec_slot_free(struct world *w, enum cft_object_kind kind, const char *schema,
                               const char *name, int except)
{
	int found = world_find(w, kind, -1, schema, name);

	if (found >= 0 && found != except)
		return exec_taken(w, found, name);
	if (exec_has_row_type(kind)) {
		found = world_find(w, CFT_OBJ_TYPE, -1, schema, name);
		if (found >= 0)
			return exec_taken(w, found, name);
	}
	if (kind == CFT_OBJ_INDEX || kind == CFT_OBJ_SEQUENCE) {
		/* A composite type is a relation as well. */
		found = world_find(w, CFT_OBJ_TYPE, -1, schema, name);
		if (found >= 0 && strcmp(world_get(w, found, "typtype"), "composite") == 0)
			return exec_taken(w, found, name);
	}
	if (kind == CFT_OBJ_TYPE) {
		found = world_find(w, CFT_OBJ_RELATION, -1, schema, name);
		if (found >= 0 && exec_has_row_type(WORLD_OBJ(w, found)->kind))
			return exec_taken(w, found, name);
	}
	return WORLD_OK;
}

enum world_code exec_need_schema(struct world *w, const char *schema)
{
	if (strcmp(schema, "pg_catalog") == 0 || strncmp(schema, "pg_temp", 7) == 0 ||
	    world_find(w, CFT_OBJ_SCHEMA, -1, "", schema) >= 0 ||
	    world_assume(w, CFT_OBJ_SCHEMA, -1, "", schema, "") >= 0)
		return WORLD_OK;
	return world_fail_missing(w, CFT_OBJ_SCHEMA, -1, "", schema);
}

enum world_code exec_relation(struct world *w, const struct cft_effect *e,
                              enum cft_object_kind kind, int *ret, bool *ret_skip)
{
	const char *name =
		e->kind == CFT_OBJ_INDEX && *e->to && e->op == CFT_OP_CREATE ? e->to : e->name;
	int rel = world_lookup(w, kind, e->schema, name);

	*ret_skip = false;
	if (rel < 0)
		rel = world_assume(w, kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : kind, -1,
		                   e->schema, name, "");
	if (rel < 0) {
		uint32_t lenient = CFT_EFFECT_PARENT_IF_EXISTS;
		if (!cft_object_kind_is_child(e->kind))
			lenient |= CFT_EFFECT_IF_EXISTS;
		/* DROP TRIGGER IF EXISTS x ON t forgives a missing table as well. */
		if (e->op == CFT_OP_DROP && e->kind != CFT_OBJ_COLUMN &&
		    e->kind != CFT_OBJ_CONSTRAINT)
			lenient |= CFT_EFFECT_IF_EXISTS;
		*ret_skip = e->flags & lenient;
		if (*ret_skip)
			return WORLD_OK;
		return world_fail_missing(w, kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : kind, -1,
		                          e->schema, name);
	}
	*ret = rel;
	return WORLD_OK;
}

void exec_copy_attrs(struct world *w, int obj, const struct cft_effect *e)
{
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, obj, e->attrs[i].key, e->attrs[i].value);
}

static enum cft_object_kind child_parent_kind(enum cft_object_kind kind)
{
	return kind == CFT_OBJ_DOMAIN_CONSTRAINT ? CFT_OBJ_TYPE : CFT_OBJ_RELATION;
}

bool exec_is_child(const struct cft_effect *e)
{
	return cft_object_kind_is_child(e->kind) || e->kind == CFT_OBJ_DOMAIN_CONSTRAINT;
}

/* A function named without its arguments has to be the only one of its name. */
static enum world_code only_one(struct world *w, const struct cft_effect *e, int found)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (i == found || !o->alive || o->kind != WORLD_OBJ(w, found)->kind ||
		    strcmp(o->name, e->name) != 0 ||
		    strcmp(o->schema, WORLD_OBJ(w, found)->schema) != 0)
			continue;
		world_fail(w, WORLD_AMBIGUOUS, o->kind, world_key(w, i, w->arena), o->created,
		           "the name alone may mean %s or %s", world_key(w, found, w->arena),
		           world_key(w, i, w->arena));
		w->error.blocker = i;
		return WORLD_AMBIGUOUS;
	}
	return WORLD_OK;
}

/* Finds the object of DROP, RENAME, ALTER …; -1 with *ret_skip where IF EXISTS forgives it. */
enum world_code exec_find(struct world *w, const struct cft_effect *e, int *ret, bool *ret_skip)
{
	enum world_code code;
	int parent = -1, found;

	*ret_skip = false;
	*ret = -1;
	if (exec_is_child(e)) {
		enum cft_object_kind kind = child_parent_kind(e->kind);
		if (e->kind == CFT_OBJ_COLUMN && strcmp(e->args, "type") == 0)
			kind = CFT_OBJ_TYPE;
		if (kind == CFT_OBJ_RELATION && e->kind == CFT_OBJ_COLUMN &&
		    world_lookup(w, kind, e->schema, e->name) < 0 &&
		    world_lookup(w, CFT_OBJ_TYPE, e->schema, e->name) >= 0)
			kind = CFT_OBJ_TYPE;
		code = exec_relation(w, e, kind, &parent, ret_skip);
		if (code != WORLD_OK || *ret_skip)
			return code;
		found = world_child(w, e->kind, parent, e->sub);
	} else if (e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_AGGREGATE) {
		found = world_function(w, e->schema, e->name, e->args);
		code = found >= 0 && strcmp(e->args, "*") == 0 ? only_one(w, e, found) : WORLD_OK;
		if (code != WORLD_OK)
			return code;
	} else if (e->kind == CFT_OBJ_OPERATOR) {
		found = world_operator(w, e->schema, e->name, e->args);
	} else if (!exec_has_schema(e->kind)) {
		found = world_find(w, e->kind, -1, "", e->name);
	} else {
		found = world_lookup(w, e->kind, e->schema, e->name);
		if (found < 0 && e->kind == CFT_OBJ_TYPE && e->op != CFT_OP_DROP)
			found = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);
	}
	bool forgiving = (e->flags & CFT_EFFECT_IF_EXISTS) && e->op == CFT_OP_DROP;
	if (found < 0 && !(forgiving && parent >= 0 && !WORLD_OBJ(w, parent)->open))
		found = world_assume(w, e->kind == CFT_OBJ_RELATION ? CFT_OBJ_TABLE : e->kind,
		                     parent, e->schema, exec_is_child(e) ? e->sub : e->name,
		                     e->args);
	if (found < 0) {
		*ret_skip = e->flags & CFT_EFFECT_IF_EXISTS;
		if (*ret_skip)
			return WORLD_OK;
		return world_fail_missing(w, e->kind, parent, e->schema,
		                          exec_is_child(e) ? e->sub : e->name);
	}
	*ret = found;
	return WORLD_OK;
}

const char *exec_attr(const struct cft_effect *e, const char *key)
{
	const char *value = cft_effect_attr(e, key);

	return value ? value : "";
}

enum world_code exec_duplicate(struct world *w, int by)
{
	world_fail(w, WORLD_DUPLICATE, WORLD_OBJ(w, by)->kind, world_key(w, by, w->arena),
	           WORLD_OBJ(w, by)->changed.side ? WORLD_OBJ(w, by)->changed
	                                          : WORLD_OBJ(w, by)->created,
	           "%s exists already", world_key(w, by, w->arena));
	w->error.blocker = by;
	return WORLD_DUPLICATE;
}

static enum world_code exec_comment(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int obj;
	enum world_code code = exec_find(w, e, &obj, &skip);

	if (code == WORLD_OK && !skip)
		exec_copy_attrs(w, obj, e);
	return code;
}

static void exec_session(struct world *w, const struct cft_effect *e)
{
	const char *path = cft_effect_attr(e, "search_path");

	if (path)
		w->path = *path == '\x7f' ? w->default_path : path;
}

static enum world_code exec_touch(struct world *w, const struct cft_effect *e)
{
	bool skip;
	int rel;

	/* Declared work on a table that nobody has yet is fine. */
	if (world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name) >= 0)
		exec_relation(w, e, CFT_OBJ_RELATION, &rel, &skip);
	return WORLD_OK;
}

static enum world_code execute(struct world *w, const struct cft_effect *e)
{
	switch (e->op) {
	case CFT_OP_CREATE:
		return exec_create(w, e);
	case CFT_OP_DROP:
		return exec_drop(w, e);
	case CFT_OP_ALTER:
		return exec_alter(w, e);
	case CFT_OP_RENAME:
		return exec_rename(w, e);
	case CFT_OP_MOVE:
		return exec_move(w, e);
	case CFT_OP_USE:
		w->found_unknown = w->found_unknown || e->kind == CFT_OBJ_UNKNOWN;
		return world_resolve(w, e, -1, "");
	case CFT_OP_WRITE:
		return exec_write(w, e);
	case CFT_OP_GRANT:
		return exec_grant(w, e);
	case CFT_OP_ATTACH:
		return exec_attach(w, e);
	case CFT_OP_DETACH:
		return exec_detach(w, e);
	case CFT_OP_TOUCH:
		return exec_touch(w, e);
	case CFT_OP_SESSION:
		exec_session(w, e);
		return WORLD_OK;
	case CFT_OP_COMMENT:
		return exec_comment(w, e);
	case CFT_OP_COUNT:
		break;
	}
	return WORLD_OK;
}

/* The end of a session takes its temporary objects along, and what was built on them. */
static void end_session(struct world *w)
{
	if (!w->temp)
		return;
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->parent < 0 &&
	    strcmp(WORLD_OBJ(w, i)->schema, "pg_temp") == 0)
		exec_remove(w, &i, 1, true);
	w->temp = false;
}

/* What a DO block asks for in its condition, or handles, is mostly whether something is there yet,
 * or still; a column that is missing in a new index or constraint is an error all the same. */
static bool is_forgiven(const struct world *w, const struct cft_effect *e)
{
	bool part = w->error.kind == CFT_OBJ_COLUMN && e->op == CFT_OP_CREATE &&
	            e->kind != CFT_OBJ_COLUMN && w->error.code == WORLD_MISSING;

	return (e->flags & CFT_EFFECT_CONDITIONAL) && !part;
}

enum world_code world_run(struct world *w, const struct cft_effects *list, uint8_t side)
{
	w->side = side;
	w->list = list;
	w->path = w->default_path;
	w->skip = false;
	for (size_t i = 0; i < list->n; i++) {
		const struct cft_effect *e = &list->v[i];

		w->effect = (int)i;
		if (!(e->flags & CFT_EFFECT_PART))
			w->skip = false;
		else if (w->skip)
			continue;
		enum world_code code = execute(w, e);
		if (code != WORLD_OK && !is_forgiven(w, e))
			return code;
		/* Parts of what failed inside a DO block do not happen either. */
		if (code != WORLD_OK)
			w->skip = true;
	}
	end_session(w);
	return WORLD_OK;
}
