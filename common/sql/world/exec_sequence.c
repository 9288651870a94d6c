/* Exec, sequences: of their own, of serial and of identity columns.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/exec.h"

#include <string.h>

/* The table whose column owns the sequence, or -1. */
static int owning_table(const struct world *w, int sequence)
{
	const struct world_obj *o = WORLD_OBJ(w, sequence);

	for (size_t i = 0; i < o->n_deps; i++)
		if (o->deps[i].type != WORLD_DEP_NORMAL &&
		    WORLD_OBJ(w, o->deps[i].target)->kind == CFT_OBJ_COLUMN)
			return WORLD_OBJ(w, o->deps[i].target)->parent;
	return -1;
}

enum world_code exec_check_sequence_owner(struct world *w, int sequence)
{
	int table = owning_table(w, sequence);

	if (table < 0 || strcmp(world_get(w, sequence, "owner"), world_get(w, table, "owner")) == 0)
		return WORLD_OK;
	/* Who runs a change is not known: only an owner that the other side gave is. */
	struct world_by by = world_attr_by(w, table, "owner");
	if (!world_by_other(w, by))
		by = world_attr_by(w, sequence, "owner");
	if (!world_by_other(w, by))
		return WORLD_OK;
	return world_fail(w, WORLD_STATE, CFT_OBJ_SEQUENCE, world_key(w, sequence, w->arena), by,
	                  "%s must have the owner of %s", world_key(w, sequence, w->arena),
	                  world_key(w, table, w->arena));
}

/* Does the other side have to do with the table's owner, or with whose the sequence is? */
static bool is_disputed(const struct world *w, int sequence, int table)
{
	const char *name = WORLD_OBJ(w, table)->name, *own = WORLD_OBJ(w, sequence)->name;

	for (size_t i = 0; w->other && i < w->other->n; i++) {
		const struct cft_effect *e = &w->other->v[i];
		if ((cft_effect_attr(e, "owner") && strcmp(e->name, name) == 0) ||
		    (cft_effect_attr(e, "owner_table") && strcmp(e->name, own) == 0))
			return true;
	}
	return false;
}

enum world_code exec_give_sequence(struct world *w, int sequence, const char *owner)
{
	int table = owning_table(w, sequence);

	/* Who owns what the base made is seldom known: to give it to its owner is allowed. */
	if (table < 0 || strcmp(world_get(w, sequence, "owner"), owner) == 0 ||
	    !is_disputed(w, sequence, table))
		return WORLD_OK;
	world_fail(w, WORLD_STATE, CFT_OBJ_SEQUENCE, world_key(w, sequence, w->arena),
	           WORLD_OBJ(w, sequence)->changed, "the owner of %s is that of %s",
	           world_key(w, sequence, w->arena), world_key(w, table, w->arena));
	w->error.blocker = table;
	return WORLD_STATE;
}

void exec_give_owned_sequences(struct world *w, int table, const char *owner)
{
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->alive && WORLD_OBJ(w, i)->kind == CFT_OBJ_SEQUENCE &&
	    owning_table(w, i) == table)
		world_set(w, i, "owner", owner);
}

static enum world_code make_identity(struct world *w, const struct cft_effect *e, int column)
{
	struct world_by by = world_set_by(w, column, (struct world_by){0, 0});

	if (strcmp(exec_attr(e, "mode"), "serial") == 0)
		return WORLD_OK;
	if (*world_get(w, column, "default"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s has a default, and an identity column has none",
		                  world_key(w, column, w->arena));
	if (*world_get(w, column, "identity"))
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "%s is an identity column already",
		                  world_key(w, column, w->arena));
	if (!*world_get(w, column, "notnull") && !WORLD_OBJ(w, column)->assumed)
		return world_fail(w, WORLD_STATE, CFT_OBJ_COLUMN, world_key(w, column, w->arena),
		                  by, "an identity column has to be NOT NULL: %s",
		                  world_key(w, column, w->arena));
	world_set(w, column, "identity", exec_attr(e, "mode"));
	return WORLD_OK;
}

static enum world_code create_owned(struct world *w, const struct cft_effect *e)
{
	const char *table_name = exec_attr(e, "owner_table"),
		   *column_name = exec_attr(e, "owner_column");
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, table_name);

	if (table < 0 && (e->flags & CFT_EFFECT_PARENT_IF_EXISTS))
		return WORLD_OK;
	if (table < 0)
		table = world_assume(w, CFT_OBJ_TABLE, -1, e->schema, table_name, "");
	if (table < 0)
		return world_fail_missing(w, CFT_OBJ_TABLE, -1, e->schema, table_name);
	int column = world_column(w, table, column_name);
	if (column < 0)
		column = world_assume(w, CFT_OBJ_COLUMN, table, "", column_name, "");
	if (column < 0)
		return world_fail_missing(w, CFT_OBJ_COLUMN, table, "", column_name);
	enum world_code code = make_identity(w, e, column);
	if (code != WORLD_OK)
		return code;
	const char *schema = WORLD_OBJ(w, table)->schema;
	const char *name = exec_choose_name(w, WORLD_OBJ(w, table)->name, column_name, "seq",
	                                    schema, true, false);
	int sequence = world_add(w, CFT_OBJ_SEQUENCE, -1, schema, name);
	bool serial = strcmp(exec_attr(e, "mode"), "serial") == 0;
	if (*world_get(w, table, "persistence"))
		world_set(w, sequence, "persistence", world_get(w, table, "persistence"));
	if (*world_get(w, table, "owner"))
		world_set(w, sequence, "owner", world_get(w, table, "owner"));
	exec_default_privileges(w, sequence);
	world_depend(w, sequence, column, serial ? WORLD_DEP_AUTO : WORLD_DEP_INTERNAL, "");
	if (serial) {
		world_set(w, column, "default", "nextval(its sequence)");
		world_depend(w, column, sequence, WORLD_DEP_NORMAL, "default");
	}
	return WORLD_OK;
}

enum world_code exec_create_sequence(struct world *w, const struct cft_effect *e)
{
	const char *schema = world_creation_schema(w, e->schema);

	if (e->flags & CFT_EFFECT_GENERATED_NAME)
		return create_owned(w, e);
	int found = world_find(w, CFT_OBJ_RELATION, -1, schema, e->name);
	if (found >= 0 && (e->flags & CFT_EFFECT_IF_NOT_EXISTS))
		return WORLD_OK;
	if (found >= 0)
		return exec_duplicate(w, found);
	enum world_code code = exec_slot_free(w, CFT_OBJ_SEQUENCE, schema, e->name, -1);
	if (code != WORLD_OK)
		return code;
	if (world_find(w, CFT_OBJ_SCHEMA, -1, "", schema) < 0 &&
	    world_assume(w, CFT_OBJ_SCHEMA, -1, "", schema, "") < 0)
		return world_fail_missing(w, CFT_OBJ_SCHEMA, -1, "", schema);
	int sequence = world_add(w, CFT_OBJ_SEQUENCE, -1, schema, e->name);
	for (size_t i = 0; i < e->n_attrs; i++)
		world_set(w, sequence, e->attrs[i].key, e->attrs[i].value);
	WORLD_OBJ(w, sequence)->effect = e;
	exec_default_privileges(w, sequence);
	code = world_resolve(w, e, sequence, "");
	return code == WORLD_OK ? exec_check_sequence_owner(w, sequence) : code;
}
