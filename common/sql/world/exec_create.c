/* Exec, CREATE: objects of all kinds, and replacing them.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/name.h"
#include "common/sql/world/exec.h"

#include <string.h>

/* Privileges that ALTER DEFAULT PRIVILEGES gives to what is created from then on. */
void exec_default_privileges(struct world *w, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);
	const char *kind = cft_object_kind_text(
		o->kind == CFT_OBJ_VIEW || o->kind == CFT_OBJ_MATVIEW ? CFT_OBJ_TABLE : o->kind);
	size_t len = strlen(kind);

	WORLD_EACH(w, i)
	{
		const struct world_obj *d = WORLD_OBJ(w, i);
		if (!d->alive || d->kind != CFT_OBJ_DEFAULT_PRIVILEGES ||
		    strncmp(d->name, kind, len) != 0 || d->name[len] != '|')
			continue;
		const char *schema = d->name + len + 1;
		size_t n = strcspn(schema, "|");
		o = WORLD_OBJ(w, obj);
		if (n && (strlen(o->schema) != n || strncmp(schema, o->schema, n) != 0))
			continue;
		for (size_t k = 0; k < d->n_attrs; k++)
			if (*d->attrs[k].value)
				world_set(w, obj, d->attrs[k].key, d->attrs[k].value);
	}
	o = WORLD_OBJ(w, obj);
	if (o->n_attrs && strncmp(o->attrs[o->n_attrs - 1].key, "acl.", 4) == 0)
		world_set(w, obj, "privileges", "set");
}

static bool is_output_prefix(const char *old, const char *new_)
{
	size_t len = strlen(old);

	return strncmp(old, new_, len) == 0 && (new_[len] == '\0' || new_[len] == ',');
}

/* As they are called now; as the view was written where the new text says `*`. */
static const char *output_names(const struct world *w, int view, bool as_written)
{
	const char *written = world_get(w, view, "columns"), *names = "";

	if (as_written || strchr(written, '*') || WORLD_OBJ(w, view)->open)
		return written;
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_COLUMN && o->parent == view)
			names = cft_arena_printf(w->arena, "%s%s%s", names, *names ? "," : "",
			                         o->name);
	}
	return *written ? names : "";
}

/* CREATE OR REPLACE VIEW may only add columns at the end. */
static enum world_code replace_view(struct world *w, int view, const struct cft_effect *e)
{
	const char *columns = exec_attr(e, "columns");
	const char *old = output_names(w, view, strchr(columns, '*') != NULL);

	if (*old && !is_output_prefix(old, columns))
		return world_fail(w, WORLD_STATE, CFT_OBJ_VIEW, world_key(w, view, w->arena),
		                  WORLD_OBJ(w, view)->changed,
		                  "CREATE OR REPLACE VIEW cannot drop or rename the columns of %s",
		                  world_key(w, view, w->arena));
	for (size_t i = 0; i < WORLD_OBJ(w, view)->n_attrs; i++)
		if (strncmp(WORLD_OBJ(w, view)->attrs[i].key, "option.", 7) == 0)
			world_set(w, view, WORLD_OBJ(w, view)->attrs[i].key, "");
	return WORLD_OK;
}

static enum world_code replace_function(struct world *w, int function, const struct cft_effect *e)
{
	const char *old = world_get(w, function, "returns"),
		   *returns = cft_effect_attr(e, "returns");
	const char *names = world_get(w, function, "names"), *now = cft_effect_attr(e, "names");
	struct world_by by = WORLD_OBJ(w, function)->changed.side ? WORLD_OBJ(w, function)->changed
	                                                          : WORLD_OBJ(w, function)->created;

	if (*old && returns && !world_same_types(old, returns))
		return world_fail(w, WORLD_STATE, CFT_OBJ_FUNCTION,
		                  world_key(w, function, w->arena), by,
		                  "CREATE OR REPLACE cannot change the return type of %s",
		                  world_key(w, function, w->arena));
	if (*names && now && strcmp(names, now) != 0)
		return world_fail(w, WORLD_STATE, CFT_OBJ_FUNCTION,
		                  world_key(w, function, w->arena), by,
		                  "CREATE OR REPLACE cannot rename the arguments of %s",
		                  world_key(w, function, w->arena));
	for (size_t i = 0; i < WORLD_OBJ(w, function)->n_attrs; i++) {
		const char *key = WORLD_OBJ(w, function)->attrs[i].key;
		if (strncmp(key, "acl.", 4) != 0 && strcmp(key, "owner") != 0 &&
		    strcmp(key, "privileges") != 0 && strcmp(key, "comment") != 0)
			world_set(w, function, key, "");
	}
	return WORLD_OK;
}

static enum world_code replace(struct world *w, int obj, const struct cft_effect *e)
{
	enum world_code code = WORLD_OK;

	if (e->kind == CFT_OBJ_VIEW)
		code = replace_view(w, obj, e);
	else if (e->kind == CFT_OBJ_FUNCTION)
		code = replace_function(w, obj, e);
	if (code != WORLD_OK)
		return code;
	world_undepend(w, obj, "");
	if (*world_get(w, obj, "enabled"))
		world_set(w, obj, "enabled", "");
	exec_copy_attrs(w, obj, e);
	WORLD_OBJ(w, obj)->effect = e;
	world_touch(w, obj);
	if (e->kind == CFT_OBJ_VIEW)
		code = exec_output_columns(w, e, obj);
	return code != WORLD_OK ? code : world_resolve(w, e, obj, "");
}

static int existing(struct world *w, const struct cft_effect *e, const char *schema)
{
	if (e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_AGGREGATE) {
		int found = world_function(w, schema, e->name, e->args);
		/* A function that was only referred to is replaced by what is known now. */
		return found;
	}
	if (e->kind == CFT_OBJ_OPERATOR)
		return world_operator(w, schema, e->name, e->args);
	return world_find(w, e->kind, -1, schema, e->name);
}

static enum world_code create_object(struct world *w, const struct cft_effect *e)
{
	const char *schema = exec_has_schema(e->kind) ? world_creation_schema(w, e->schema) : "";
	enum world_code code = *schema ? exec_need_schema(w, schema) : WORLD_OK;

	if (code != WORLD_OK)
		return code;
	int found = existing(w, e, schema);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS)) {
		w->skip = true;
		return WORLD_OK;
	}
	if (found >= 0 && (e->flags & CFT_EFFECT_OR_REPLACE) &&
	    WORLD_OBJ(w, found)->kind == e->kind)
		return replace(w, found, e);
	if (found >= 0)
		return exec_taken(w, found, e->name);
	if (e->kind == CFT_OBJ_TYPE && strcmp(exec_attr(e, "typtype"), "composite") == 0 &&
	    (found = world_find(w, CFT_OBJ_RELATION, -1, schema, e->name)) >= 0)
		return exec_taken(w, found, e->name);
	bool overloads = e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_OPERATOR;
	code = overloads ? WORLD_OK : exec_slot_free(w, e->kind, schema, e->name, -1);
	if (code != WORLD_OK)
		return code;
	/* References are resolved before the name exists: a view cannot refer to itself. */
	struct cft_effect check = *e;
	code = world_resolve(w, &check, -1, "");
	if (code != WORLD_OK)
		return code;
	int obj = world_add(w, e->kind, -1, schema, e->name);
	WORLD_OBJ(w, obj)->args = e->args;
	WORLD_OBJ(w, obj)->effect = e;
	WORLD_OBJ(w, obj)->open = (e->flags & CFT_EFFECT_SKETCH) && e->kind == CFT_OBJ_TABLE;
	exec_copy_attrs(w, obj, e);
	code = world_resolve(w, e, obj, "");
	if (code != WORLD_OK)
		return code;
	if (e->kind == CFT_OBJ_PUBLICATION && (code = exec_check_published(w, obj)) != WORLD_OK)
		return code;
	if (e->kind == CFT_OBJ_EXTENSION) {
		const char *target = cft_effect_attr(e, "option.schema");
		const char *home = world_creation_schema(w, target ? target : "");
		world_set(w, obj, "option.schema", home);
		exec_extension_members(w, obj, home);
	}
	if (exec_has_row_type(e->kind) && cft_effect_attr(e, "columns"))
		code = exec_output_columns(w, e, obj);
	if (code != WORLD_OK)
		return code;
	exec_default_privileges(w, obj);
	return WORLD_OK;
}

/* Triggers, rules, policies, domain constraints. */
static enum world_code create_child(struct world *w, const struct cft_effect *e)
{
	bool domain = e->kind == CFT_OBJ_DOMAIN_CONSTRAINT, skip;
	int parent = -1;
	enum world_code code =
		exec_relation(w, e, domain ? CFT_OBJ_TYPE : CFT_OBJ_RELATION, &parent, &skip);
	const char *name = e->sub;

	if (code != WORLD_OK || skip)
		return code;
	for (int i = 0; e->flags & CFT_EFFECT_GENERATED_NAME; i++) {
		name = cft_name_generate(w->arena, WORLD_OBJ(w, parent)->name, NULL,
		                         i ? cft_arena_printf(w->arena, "check%d", i) : "check");
		if (world_child(w, e->kind, parent, name) < 0)
			break;
	}
	int found = world_child(w, e->kind, parent, name);
	if (found >= 0 && (e->flags & CFT_EFFECT_OR_REPLACE))
		return replace(w, found, e);
	if (found >= 0)
		return exec_taken(w, found, name);
	int obj = world_add(w, e->kind, parent, "", name);
	exec_copy_attrs(w, obj, e);
	WORLD_OBJ(w, obj)->effect = e;
	return world_resolve(w, e, obj, "");
}

enum world_code exec_create(struct world *w, const struct cft_effect *e)
{
	switch ((int)e->kind) {
	case CFT_OBJ_COLUMN:
		return exec_create_column(w, e);
	case CFT_OBJ_CONSTRAINT:
		return exec_create_constraint(w, e);
	case CFT_OBJ_INDEX:
		return exec_create_index(w, e);
	case CFT_OBJ_SEQUENCE:
		return exec_create_sequence(w, e);
	case CFT_OBJ_STATISTICS:
		if (e->flags & CFT_EFFECT_GENERATED_NAME)
			return exec_create_index(w, e);
		return create_object(w, e);
	case CFT_OBJ_TRIGGER:
	case CFT_OBJ_RULE:
	case CFT_OBJ_POLICY:
	case CFT_OBJ_DOMAIN_CONSTRAINT:
		return create_child(w, e);
	default:
		return create_object(w, e);
	}
}
