/* Exec, ALTER: attributes, enum labels, settings.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/world/exec.h"

#include <string.h>

/* Labels are joined by \x1f. */
static enum world_code alter_labels(struct world *w, int type, const struct cft_effect *e)
{
	const char *labels = world_get(w, type, "labels");
	const char *old = cft_effect_attr(e, "rename_label"),
		   *add = cft_effect_attr(e, "add_label");
	const char *label = old ? cft_effect_attr(e, "new_label") : add;
	const char *after = cft_effect_attr(e, "after"), *before = cft_effect_attr(e, "before");
	const char *anchor = old ? old : after && *after ? after : before && *before ? before : "";
	struct cft_buf out = CFT_BUF_INIT;
	bool found = !*anchor, open = WORLD_OBJ(w, type)->assumed;
	struct world_by by = world_attr_by(w, type, "labels");

	for (const char *p = labels; *p;) {
		size_t n = strcspn(p, "\x1f");
		bool at = strlen(anchor) == n && strncmp(p, anchor, n) == 0;

		if (strlen(label) == n && strncmp(p, label, n) == 0) {
			cft_buf_release(&out);
			if (!old && (e->flags & CFT_EFFECT_IF_NOT_EXISTS))
				return WORLD_OK;
			return world_fail(w, WORLD_DUPLICATE, CFT_OBJ_TYPE,
			                  world_key(w, type, w->arena), by,
			                  "%s already has the value '%s'",
			                  world_key(w, type, w->arena), label);
		}
		found = found || at;
		if (at && (old || (before && *before)))
			cft_buf_addf(&out, "%s%s", out.len ? "\x1f" : "", label);
		if (!(at && old))
			cft_buf_addf(&out, "%s%.*s", out.len ? "\x1f" : "", (int)n, p);
		if (at && !old && after && *after)
			cft_buf_addf(&out, "\x1f%s", label);
		p += n + (p[n] != '\0');
	}
	if (!*anchor)
		cft_buf_addf(&out, "%s%s", out.len ? "\x1f" : "", label);
	if (!found && open) {
		/* Unknown labels: keep what was asked, in order. */
		cft_buf_addf(&out, "%s%s%s%s", out.len ? "\x1f" : "", before ? label : anchor,
		             "\x1f", before ? anchor : label);
		found = true;
	}
	const char *text = cft_arena_strdup(w->arena, cft_buf_str(&out));
	cft_buf_release(&out);
	if (!found)
		return world_fail(w, WORLD_MISSING, CFT_OBJ_TYPE, world_key(w, type, w->arena), by,
		                  "%s has no value '%s'", world_key(w, type, w->arena), anchor);
	world_set(w, type, "labels", text);
	if (open)
		world_set(w, type, "typtype", "enum");
	return WORLD_OK;
}

/* Persistent tables and unlogged ones cannot reference each other that way. */
static enum world_code check_persistence(struct world *w, int table, const char *value)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (!o->alive || o->kind != CFT_OBJ_CONSTRAINT ||
		    strcmp(world_get(w, i, "type"), "fkey") != 0)
			continue;
		bool own = o->parent == table, refers = false;
		int target = -1;
		for (size_t k = 0; k < o->n_deps; k++) {
			int t = o->deps[k].target;
			if (WORLD_OBJ(w, t)->kind != CFT_OBJ_TABLE)
				continue;
			refers = refers || t == table;
			target = t;
		}
		bool unlogged = *value != '\0';
		if (unlogged && refers && !own && !*world_get(w, o->parent, "persistence"))
			return exec_depended(w, table, i);
		if (!unlogged && own && target >= 0 && *world_get(w, target, "persistence"))
			return exec_depended(w, table, i);
	}
	return WORLD_OK;
}

/* Sequences that belong to a table are logged as it is. */
static void alter_owned_sequences(struct world *w, int table, const char *persistence)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->alive && o->kind == CFT_OBJ_SEQUENCE && exec_moves_along(w, i, table))
			world_set(w, i, "persistence", persistence);
	}
}

/* A publication takes no unlogged tables. */
static enum world_code check_published(struct world *w, int table)
{
	WORLD_EACH(w, i)
	{
		const struct world_obj *o = WORLD_OBJ(w, i);
		for (size_t k = 0; o->alive && o->kind == CFT_OBJ_PUBLICATION && k < o->n_deps; k++)
			if (o->deps[k].target == table)
				return exec_depended(w, table, i);
	}
	return WORLD_OK;
}

static enum world_code published(struct world *w, int publication, const char *key, bool add)
{
	bool is = *world_get(w, publication, key);
	enum world_code code = add ? WORLD_DUPLICATE : WORLD_MISSING;

	if (is != add || WORLD_OBJ(w, publication)->assumed)
		return WORLD_OK;
	world_fail(w, code, CFT_OBJ_PUBLICATION, world_key(w, publication, w->arena),
	           world_set_by(w, publication, (struct world_by){0, 0}),
	           add ? "%s has %s already" : "%s does not have %s",
	           world_key(w, publication, w->arena), strchr(key, '.') + 1);
	w->error.blocker = publication;
	return code;
}

static bool is_object(const char *key)
{
	return strncmp(key, "table.", 6) == 0 || strncmp(key, "schema.", 7) == 0;
}

/* ADD, DROP and SET of a publication's tables and schemas. */
static enum world_code alter_publication(struct world *w, int publication,
                                         const struct cft_effect *e)
{
	const char *how = exec_attr(e, "publish");
	bool set = strcmp(how, "set") == 0;

	for (size_t i = 0; set && i < WORLD_OBJ(w, publication)->n_attrs; i++)
		if (is_object(WORLD_OBJ(w, publication)->attrs[i].key))
			world_set(w, publication, WORLD_OBJ(w, publication)->attrs[i].key, "");
	if (set)
		world_undepend(w, publication, "");
	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *key = e->attrs[i].key;
		enum world_code code = set || !is_object(key) ? WORLD_OK
		                                              : published(w, publication, key,
		                                                          strcmp(how, "add") == 0);
		if (code != WORLD_OK)
			return code;
		if (strcmp(key, "publish") != 0)
			world_set(w, publication, key, e->attrs[i].value);
	}
	enum world_code code = world_resolve(w, e, strcmp(how, "drop") == 0 ? -1 : publication, "");
	return code == WORLD_OK ? exec_check_published(w, publication) : code;
}

enum world_code exec_check_published(struct world *w, int publication)
{
	const struct world_obj *o = WORLD_OBJ(w, publication);

	for (size_t i = 0; i < o->n_deps; i++)
		if (WORLD_OBJ(w, o->deps[i].target)->alive &&
		    strcmp(world_get(w, o->deps[i].target, "persistence"), "unlogged") == 0)
			return world_fail(
				w, WORLD_STATE, CFT_OBJ_TABLE,
				world_key(w, o->deps[i].target, w->arena),
				world_set_by(w, o->deps[i].target, (struct world_by){0, 0}),
				"%s is unlogged: it cannot be published",
				world_key(w, o->deps[i].target, w->arena));
	return WORLD_OK;
}

/* DROP OWNED takes a role's objects and privileges away, REASSIGN OWNED gives its objects on. */
static enum world_code alter_owned(struct world *w, const struct cft_effect *e)
{
	const char *to = cft_effect_attr(e, "reassign");
	const char *acl = cft_arena_printf(w->arena, "acl.%s.", e->name);
	int n = (int)w->objs.n;

	for (int i = 0; i < n; i++) {
		if (!WORLD_OBJ(w, i)->alive)
			continue;
		bool owned = strcmp(world_get(w, i, "owner"), e->name) == 0;
		if (owned && to)
			world_set(w, i, "owner", to);
		for (size_t k = 0; !to && k < WORLD_OBJ(w, i)->n_attrs; k++)
			if (strncmp(WORLD_OBJ(w, i)->attrs[k].key, acl, strlen(acl)) == 0)
				world_set(w, i, WORLD_OBJ(w, i)->attrs[k].key, "");
		if (!owned || to)
			continue;
		enum world_code code = exec_remove(w, &i, 1, e->flags & CFT_EFFECT_CASCADE);
		if (code != WORLD_OK)
			return code;
	}
	return WORLD_OK;
}

static enum world_code alter_setting(struct world *w, const struct cft_effect *e)
{
	int obj = world_find(w, CFT_OBJ_SETTING, -1, "", e->name);
	const char *path = cft_effect_attr(e, "search_path");

	if (obj < 0)
		obj = world_add(w, CFT_OBJ_SETTING, -1, "", e->name);
	exec_copy_attrs(w, obj, e);
	/* For whoever connects next; a role's own is for that role. */
	if (path && strcmp(e->name, "database") == 0)
		w->default_path = *path == '\x7f' ? "public" : path;
	return WORLD_OK;
}

static bool is_late_kind(const struct cft_effect *e, const char *key)
{
	return cft_effect_attr(e, key) != NULL;
}

static enum world_code change_owner(struct world *w, int obj, const char *owner)
{
	if (WORLD_OBJ(w, obj)->kind == CFT_OBJ_SEQUENCE)
		return exec_give_sequence(w, obj, owner);
	exec_give_owned_sequences(w, obj, owner);
	return WORLD_OK;
}

/* OWNED BY: the column that owned it until now does no longer. */
static enum world_code set_sequence_owner(struct world *w, const struct cft_effect *e, int sequence)
{
	world_undepend(w, sequence, "");
	world_undepend(w, sequence, e->attrs[0].key);
	enum world_code code = world_resolve(w, e, sequence, "");
	return code == WORLD_OK ? exec_check_sequence_owner(w, sequence) : code;
}

enum world_code exec_alter(struct world *w, const struct cft_effect *e)
{
	const char *persistence = cft_effect_attr(e, "persistence");
	const char *owner = cft_effect_attr(e, "owner");
	enum world_code code;
	bool skip;
	int obj;

	if (e->kind == CFT_OBJ_SETTING)
		return alter_setting(w, e);
	if (e->kind == CFT_OBJ_ROLE &&
	    (cft_effect_attr(e, "owned") || cft_effect_attr(e, "reassign")))
		return alter_owned(w, e);
	if (e->kind == CFT_OBJ_COLUMN) {
		bool composite = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name) < 0 &&
		                 world_lookup(w, CFT_OBJ_TYPE, e->schema, e->name) >= 0;
		int table;
		code = exec_relation(w, e, composite ? CFT_OBJ_TYPE : CFT_OBJ_RELATION, &table,
		                     &skip);
		return code != WORLD_OK || skip ? code : exec_alter_column(w, e, table);
	}
	code = exec_find(w, e, &obj, &skip);
	if (code != WORLD_OK || skip)
		return code;
	if (is_late_kind(e, "rename_label") || is_late_kind(e, "add_label"))
		return alter_labels(w, obj, e);
	if (WORLD_OBJ(w, obj)->kind == CFT_OBJ_PUBLICATION)
		return alter_publication(w, obj, e);
	if (is_late_kind(e, "like"))
		return exec_like(w, e, obj);
	if (persistence && (code = check_persistence(w, obj, persistence)) != WORLD_OK)
		return code;
	if (persistence && *persistence && (code = check_published(w, obj)) != WORLD_OK)
		return code;
	if (persistence)
		alter_owned_sequences(w, obj, persistence);
	if (owner && (code = change_owner(w, obj, owner)) != WORLD_OK)
		return code;
	exec_copy_attrs(w, obj, e);
	if (e->kind == CFT_OBJ_SEQUENCE && cft_effect_attr(e, "owner_table"))
		return set_sequence_owner(w, e, obj);
	if (e->kind == CFT_OBJ_CONSTRAINT && cft_effect_attr(e, "not_valid"))
		exec_validate_inherited(w, obj);
	if (e->n_attrs)
		world_undepend(w, obj, e->attrs[0].key);
	return world_resolve(w, e, obj, e->n_attrs ? e->attrs[0].key : "");
}
