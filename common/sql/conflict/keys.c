/* Keys: where two intents can meet.
 * SPDX-License-Identifier: MIT
 *
 * Names are taken without their schema: an unqualified name may mean any. "n:" is a relation or
 * type, "c:table.x" a child of a table, "f:" a function, "schema:" a schema, "t:" declared work.
 * Whoever changes what others may use has the strong key; whoever uses it, the weak one.
 */
#include "common/sql/conflict/base.h"
#include "common/sql/syntax/name.h"
#include "common/sql/world/exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH "public"

enum { MAX_DEPENDENTS = 256 };

struct key_list {
	struct cft_arena *arena;
	const char *path; /* where names without a schema are looked up, comma separated */
	CFT_VEC(struct cft_conflict_key) v;
};

static void key(struct key_list *list, bool strong, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* printf with %s alone: keys are made for every effect of every check. */
static size_t format(char *out, const char *fmt, va_list ap)
{
	size_t n = 0;

	while (*fmt) {
		bool word = fmt[0] == '%';
		const char *piece = word ? va_arg(ap, const char *) : fmt;
		size_t len = word ? strlen(piece) : (size_t)(strchrnul(fmt, '%') - fmt);
		if (out)
			memcpy(out + n, piece, len);
		n += len;
		fmt += word ? 2 : len;
	}
	return n;
}

static void key(struct key_list *list, bool strong, const char *fmt, ...)
{
	struct cft_conflict_key k = {.strong = strong};
	va_list ap, again;
	char *text;
	size_t len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = format(NULL, fmt, ap);
	text = cft_arena_alloc(list->arena, len + 1);
	format(text, fmt, again);
	text[len] = '\0';
	va_end(again);
	va_end(ap);
	k.text = text;
	cft_vec_push_in(list->arena, &list->v, k);
}

static void ref_key(struct key_list *list, const struct cft_effect *e, const struct cft_ref *ref)
{
	if (*ref->schema)
		key(list, false, "schema:%s", ref->schema);
	switch ((int)ref->kind) {
	case CFT_OBJ_RELATION:
	case CFT_OBJ_SEQUENCE:
	case CFT_OBJ_TYPE:
	case CFT_OBJ_INDEX:
		if (*ref->name)
			key(list, false, "n:%s", ref->name);
		if (ref->flags & CFT_REF_COUNT)
			key(list, true, "c:%s.*", ref->name);
		if (ref->flags & CFT_REF_VALUE && *ref->value)
			key(list, false, "label:%s", ref->value);
		break;
	case CFT_OBJ_FUNCTION:
		key(list, false, "f:%s", ref->name);
		break;
	case CFT_OBJ_COLUMN:
	case CFT_OBJ_CONSTRAINT:
		if (ref->kind == CFT_OBJ_COLUMN && *ref->value && *ref->value != '#' &&
		    !(ref->flags & (CFT_REF_RESULT | CFT_REF_COMPARED)))
			key(list, false, "label:%s", ref->value);
		if (*ref->name && !(ref->flags & CFT_REF_KEY)) {
			key(list, false, "n:%s", ref->name);
			key(list, false, "c:%s.%s", ref->name, ref->sub);
		}
		break;
	case CFT_OBJ_UNKNOWN:
		break;
	default:
		key(list, false, "%s:%s", cft_object_kind_text(ref->kind), ref->name);
	}
	(void)e;
}

/* A column of a query may be any relation's of that query. */
static void scoped_keys(struct key_list *list, const struct cft_effect *e, const char *relation)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		const struct cft_ref *ref = &e->refs[i];

		if (ref->kind == CFT_OBJ_CONSTRAINT)
			key(list, false, "c:%s.!key", relation);
		if (ref->kind != CFT_OBJ_COLUMN || *ref->name)
			continue;
		if (ref->flags & CFT_REF_STAR)
			key(list, true, "c:%s.*", relation);
		else
			key(list, false, "c:%s.%s", relation, ref->sub);
	}
}

static void refs_keys(struct key_list *list, const struct cft_effect *e)
{
	for (size_t i = 0; i < e->n_refs; i++) {
		ref_key(list, e, &e->refs[i]);
		if (e->refs[i].kind == CFT_OBJ_RELATION)
			scoped_keys(list, e, e->refs[i].name);
	}
	/* LIKE copies what belongs to the table at that moment. */
	if (e->n_refs && cft_effect_attr(e, "like"))
		key(list, true, "c:%s.!parts", e->refs[0].name);
}

static const char *attr_or(const struct cft_effect *e, const char *name, const char *otherwise)
{
	const char *value = cft_effect_attr(e, name);

	return value ? value : otherwise;
}

/* The name that is tried first for what has none. */
static const char *generated(struct key_list *list, const struct cft_effect *e, const char *table)
{
	const char *name2 = attr_or(e, "name2", "");
	const char *label = attr_or(e, "type", e->kind == CFT_OBJ_INDEX ? "idx" : "check");

	return cft_name_generate(list->arena, table, *name2 ? name2 : NULL, label);
}

static void constraint_keys(struct key_list *list, const struct cft_effect *e)
{
	const char *type = attr_or(e, "type", "");
	const char *name = *e->sub ? e->sub : generated(list, e, e->name);

	key(list, true, "c:%s.%s", e->name, name);
	key(list, false, "c:%s.!parts", e->name);
	if (cft_effect_attr(e, "test"))
		key(list, false, "c:%s.!required", e->name);
	if (e->flags & CFT_EFFECT_GENERATED_NAME)
		key(list, true, "n:%s", name);
	if (e->op != CFT_OP_CREATE || strcmp(type, "pkey") == 0 || strcmp(type, "key") == 0) {
		key(list, true, "c:%s.!key", e->name);
		key(list, true, "n:%s", name);
	}
	if (*e->to) {
		key(list, true, "c:%s.%s", e->name, e->to);
		key(list, true, "n:%s", e->to);
	}
	if (cft_effect_attr(e, "index"))
		key(list, true, "n:%s", attr_or(e, "index", ""));
}

/* Does the column ask something of an INSERT that does not name it, or give it a value? A new one
 * with a default does that for the rows that are there as well. */
static bool inserts_care(const struct cft_effect *e)
{
	if (cft_effect_attr(e, "identity"))
		return true;
	if (e->op == CFT_OP_CREATE)
		return cft_effect_attr(e, "notnull") && !cft_effect_attr(e, "filled");
	return !(e->flags & CFT_EFFECT_PART) &&
	       (cft_effect_attr(e, "notnull") || cft_effect_attr(e, "default") ||
	        cft_effect_attr(e, "identity_mode") || cft_effect_attr(e, "type"));
}

static void child_keys(struct key_list *list, const struct cft_effect *e)
{
	key(list, false, "n:%s", e->name);
	if (e->kind == CFT_OBJ_CONSTRAINT) {
		constraint_keys(list, e);
		return;
	}
	key(list, true, "c:%s.%s", e->name, e->sub);
	if (*e->to)
		key(list, true, "c:%s.%s", e->name, e->to);
	if (e->kind == CFT_OBJ_COLUMN)
		key(list, false, "c:%s.*", e->name);
	/* Two such columns have nothing to do with each other, an INSERT has with both. */
	if (e->kind == CFT_OBJ_COLUMN && inserts_care(e))
		key(list, false, "c:%s.!required", e->name);
	if (e->kind == CFT_OBJ_POLICY)
		key(list, true, "c:%s.!policy", e->name);
}

static void index_keys(struct key_list *list, const struct cft_effect *e)
{
	key(list, true, "n:%s", *e->name ? e->name : generated(list, e, e->to));
	if (*e->to && e->op == CFT_OP_CREATE) {
		key(list, false, "n:%s", e->to);
		key(list, false, "t:%s", e->to);
		key(list, false, "c:%s.!parts", e->to);
		if (cft_effect_attr(e, "unique"))
			key(list, true, "c:%s.!key", e->to);
	} else if (*e->to) {
		key(list, true, "n:%s", e->to);
	}
}

/* GRANT SELECT (a): "acl.role.select(a)". A REVOKE on the table takes it away. */
static void column_grant_keys(struct key_list *list, const char *table, const char *attr)
{
	size_t n = strcspn(attr, "(");

	if (!attr[n])
		return;
	key(list, false, "c:%s.=%s", table, cft_arena_strndup(list->arena, attr, n));
	key(list, false, "c:%s.%s", table,
	    cft_arena_strndup(list->arena, attr + n + 1, strcspn(attr + n + 1, ")")));
}

/* Attributes of a table as a whole: each is a place of its own, so that ALTER TABLE … OWNER and
 * ADD COLUMN do not meet. */
static void attr_keys(struct key_list *list, const struct cft_effect *e)
{
	key(list, false, "n:%s", e->name);
	for (size_t i = 0; i < e->n_attrs; i++) {
		const char *k = e->attrs[i].key;

		if (strcmp(k, "persistence") == 0)
			key(list, true, "n:%s", e->name);
		if (strcmp(k, "rename_label") == 0 || strcmp(k, "add_label") == 0)
			key(list, true, "label:%s", e->attrs[i].value);
		key(list, true, "c:%s.=%s", e->name, k);
		column_grant_keys(list, e->name, e->op == CFT_OP_GRANT ? k : "");
	}
}

/* "='x'": a row of that key, and maybe a label of an enum. */
static void value_keys(struct key_list *list, const struct cft_effect *e, const char *value)
{
	size_t len = strlen(value);

	key(list, true, "row:%s%s", e->name, value);
	if (len > 3 && value[1] == '\'')
		key(list, false, "label:%s", cft_arena_strndup(list->arena, value + 2, len - 3));
}

static void write_keys(struct key_list *list, const struct cft_effect *e)
{
	const char *rows = attr_or(e, "rows", "");
	bool all = strcmp(rows, "truncate") == 0;

	key(list, all, "n:%s", e->name);
	if (strcmp(rows, "insert") == 0)
		key(list, true, "c:%s.!required", e->name);
	for (size_t i = 0; i < e->n_attrs; i++)
		if (strcmp(e->attrs[i].key, "fills") == 0 || strcmp(e->attrs[i].key, "sets") == 0)
			key(list, true, "c:%s.%s", e->name, e->attrs[i].value);
		else if (strcmp(e->attrs[i].key, "value") == 0)
			value_keys(list, e, strchr(e->attrs[i].value, '='));
}

static void extension_keys(struct key_list *list, const struct cft_effect *e)
{
	key(list, true, "extension:%s", e->name);
	key(list, true, "n:%s", e->name);
	key(list, true, "f:%s", e->name);
	const char *member;
	enum cft_object_kind kind;
	for (size_t at = 0; (member = world_extension_member(e->name, &at, &kind));)
		if (kind == CFT_OBJ_TYPE)
			key(list, true, "n:%s", member);
		else if (kind == CFT_OBJ_FUNCTION)
			key(list, true, "f:%s", member);
		else
			key(list, true, "%s:%s", cft_object_kind_text(kind), member);
}

static bool is_named_object(enum cft_object_kind kind)
{
	switch ((int)kind) {
	case CFT_OBJ_TABLE:
	case CFT_OBJ_VIEW:
	case CFT_OBJ_MATVIEW:
	case CFT_OBJ_SEQUENCE:
	case CFT_OBJ_TYPE:
	case CFT_OBJ_RELATION:
		return true;
	default:
		return false;
	}
}

/* OWNED BY asks for the owner of the table. */
static void sequence_owner_keys(struct key_list *list, const struct cft_effect *e)
{
	const char *table = cft_effect_attr(e, "owner_table");

	if (table && *table)
		key(list, false, "c:%s.=owner", table);
	if (table)
		key(list, true, "c:%s.=owner", e->name);
}

static void object_keys(struct key_list *list, const struct cft_effect *e)
{
	bool whole = e->op != CFT_OP_ALTER && e->op != CFT_OP_COMMENT && e->op != CFT_OP_GRANT;

	if (e->kind == CFT_OBJ_SEQUENCE)
		sequence_owner_keys(list, e);
	if (e->kind == CFT_OBJ_SCHEMA) {
		key(list, true, "schema:%s", e->name);
		if (*e->to)
			key(list, true, "schema:%s", e->to);
	} else if (e->kind == CFT_OBJ_SEQUENCE && (e->flags & CFT_EFFECT_GENERATED_NAME)) {
		key(list, true, "n:%s",
		    cft_name_generate(list->arena, attr_or(e, "owner_table", ""),
		                      attr_or(e, "owner_column", ""), "seq"));
		key(list, true, "c:%s.%s", attr_or(e, "owner_table", ""),
		    attr_or(e, "owner_column", ""));
	} else if (e->kind == CFT_OBJ_FUNCTION || e->kind == CFT_OBJ_AGGREGATE) {
		key(list, true, "f:%s", e->name);
		if (e->op == CFT_OP_RENAME)
			key(list, true, "f:%s", e->to);
	} else if (e->kind == CFT_OBJ_EXTENSION) {
		extension_keys(list, e);
	} else if (!is_named_object(e->kind)) {
		key(list, true, "%s:%s", cft_object_kind_text(e->kind), e->name);
	} else if (whole) {
		key(list, true, "n:%s", e->name);
		if (e->op == CFT_OP_RENAME)
			key(list, true, "n:%s", e->to);
	} else {
		attr_keys(list, e);
	}
}

/* In the schema of the effect's object, or all that it may be in. */
static void schema_keys(struct key_list *list, const struct cft_effect *e, const char *prefix)
{
	const char *path = *e->schema ? e->schema : list->path;
	char item[64];

	while (world_path_next(&path, item))
		key(list, false, "%s:%s", prefix, item);
}

/* What GRANT ON ALL … IN SCHEMA would reach. */
static bool is_grant_inside(const struct cft_effect *e)
{
	return e->op == CFT_OP_GRANT && !(e->flags & CFT_EFFECT_WHOLE) &&
	       (is_named_object(e->kind) || e->kind == CFT_OBJ_FUNCTION);
}

static void place_keys(struct key_list *list, const struct cft_effect *e)
{
	bool creates = e->op == CFT_OP_CREATE && !cft_object_kind_is_child(e->kind);

	if (*e->schema)
		key(list, false, "schema:%s", e->schema);
	else
		key(list, false, "path");
	if (e->op == CFT_OP_MOVE) {
		key(list, false, "schema:%s", e->to);
		key(list, false, "inside:%s", e->to);
	}
	if (creates) {
		schema_keys(list, e, "schema");
		key(list, false, "inside:");
	}
	if (creates || e->op == CFT_OP_MOVE || is_grant_inside(e))
		schema_keys(list, e, "inside");
	if (*e->name && (is_named_object(e->kind) || cft_object_kind_is_child(e->kind)))
		key(list, e->op == CFT_OP_TOUCH, "t:%s", e->name);
}

static const char *session_path(const struct cft_effect *e, const char *before)
{
	const char *path = cft_effect_attr(e, "search_path");

	if (!path)
		return before;
	return *path == '\x7f' ? DEFAULT_PATH : path;
}

static void effect_keys(struct key_list *list, const struct cft_effect *e)
{
	refs_keys(list, e);
	if (e->op == CFT_OP_SESSION)
		list->path = session_path(e, list->path);
	if (e->op == CFT_OP_USE || e->op == CFT_OP_SESSION)
		return;
	place_keys(list, e);
	if (e->op == CFT_OP_TOUCH)
		return;
	if (e->kind == CFT_OBJ_DEFAULT_PRIVILEGES) {
		const char *schema = strchr(e->name, '|') + 1;
		key(list, true, "inside:%s",
		    cft_arena_strndup(list->arena, schema, strcspn(schema, "|")));
		key(list, true, "default privileges:%s", e->name);
	} else if (e->flags & CFT_EFFECT_WHOLE) {
		key(list, true, "inside:%s", e->name);
		key(list, false, "schema:%s", e->name);
	} else if (e->kind == CFT_OBJ_SETTING) {
		key(list, true, "path");
		key(list, true, "setting:%s", e->name);
	} else if (e->op == CFT_OP_WRITE) {
		write_keys(list, e);
	} else if (e->op == CFT_OP_ATTACH || e->op == CFT_OP_DETACH) {
		key(list, true, "n:%s", e->name);
		key(list, true, "c:%s.*", e->name);
		key(list, true, "c:%s.*", e->to);
		key(list, true, "c:%s.!bounds", e->to);
		key(list, true, "c:%s.!parts", e->to);
		key(list, false, "n:%s", e->to);
	} else if (e->kind == CFT_OBJ_INDEX || e->kind == CFT_OBJ_STATISTICS) {
		index_keys(list, e);
	} else if (cft_object_kind_is_child(e->kind)) {
		child_keys(list, e);
	} else {
		object_keys(list, e);
	}
}

/* -- what the base adds: dependents, and tables that inherit -- */

static void object_key(struct key_list *list, const struct world *w, int obj, bool strong)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	if (o->parent >= 0)
		key(list, strong, "c:%s.%s", WORLD_OBJ(w, o->parent)->name, o->name);
	else if (o->kind == CFT_OBJ_FUNCTION)
		key(list, strong, "f:%s", o->name);
	else if (o->kind == CFT_OBJ_OPERATOR || o->kind == CFT_OBJ_OPCLASS)
		key(list, strong, "%s:%s", cft_object_kind_text(o->kind), o->name);
	else
		key(list, strong, "n:%s", o->name);
}

static void dependents(struct key_list *list, const struct world *w, int obj, bool all)
{
	int queue[MAX_DEPENDENTS];
	size_t n = 0;

	queue[n++] = obj;
	for (size_t at = 0; at < n; at++)
		WORLD_EACH(w, i)
		{
			const struct world_obj *o = WORLD_OBJ(w, i);
			bool hit = o->alive && all && o->parent == queue[at];

			for (size_t k = 0; o->alive && k < o->n_deps && !hit; k++)
				hit = o->deps[k].target == queue[at];
			for (size_t k = 0; k < n && hit; k++)
				hit = queue[k] != i;
			if (!hit)
				continue;
			object_key(list, w, i, all);
			if (all && n < MAX_DEPENDENTS)
				queue[n++] = i;
		}
}

static int base_object(const struct world *w, const struct cft_effect *e)
{
	int parent;

	if (cft_object_kind_is_child(e->kind)) {
		parent = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);
		return parent < 0 ? -1 : world_child(w, e->kind, parent, e->sub);
	}
	if (e->kind == CFT_OBJ_FUNCTION)
		return world_function(w, e->schema, e->name, e->args);
	if (e->kind == CFT_OBJ_OPERATOR)
		return world_operator(w, e->schema, e->name, e->args);
	if (!exec_has_schema(e->kind))
		return world_find(w, e->kind, -1, "", e->name);
	return world_lookup(w, e->kind, e->schema, e->name);
}

/* DROP INDEX does not say of which table. */
static void index_parts(struct key_list *list, const struct world *w, const struct cft_effect *e)
{
	int index = world_lookup(w, CFT_OBJ_INDEX, e->schema, e->name);

	for (size_t i = 0; index >= 0 && i < WORLD_OBJ(w, index)->n_deps; i++) {
		const struct world_obj *t = WORLD_OBJ(w, WORLD_OBJ(w, index)->deps[i].target);
		if (t->kind == CFT_OBJ_TABLE || t->kind == CFT_OBJ_MATVIEW)
			key(list, false, "c:%s.!parts", t->name);
	}
}

/* Sequences get the owner of their table: whoever gives it meets who changes them. */
static void owner_keys(struct key_list *list, const struct world *w, const struct cft_effect *e)
{
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);

	if (table < 0 || WORLD_OBJ(w, table)->kind != CFT_OBJ_TABLE)
		return;
	WORLD_EACH(w, i)
	if (WORLD_OBJ(w, i)->kind == CFT_OBJ_SEQUENCE && exec_moves_along(w, i, table))
		key(list, true, "c:%s.=owner", WORLD_OBJ(w, i)->name);
}

/* What changes its schema with a table. */
static void moved_keys(struct key_list *list, const struct world *w, int table)
{
	WORLD_EACH(w, i)
	if (exec_moves_along(w, i, table))
		object_key(list, w, i, true);
}

/* Rows refer to rows of other tables. */
static void parent_keys(struct key_list *list, const struct world *w, const struct cft_effect *e)
{
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);

	for (int i = 0; table >= 0 && i < (int)w->objs.n; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		if (o->kind != CFT_OBJ_CONSTRAINT || o->parent != table || !o->alive)
			continue;
		for (size_t k = 0; k < o->n_deps; k++)
			if (WORLD_OBJ(w, o->deps[k].target)->kind == CFT_OBJ_TABLE)
				object_key(list, w, o->deps[k].target, false);
	}
}

/* An index of a partitioned table is there for each partition, named after it. */
static void partition_keys(struct key_list *list, const struct world *w, const struct cft_effect *e)
{
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->to);

	for (int child = table < 0 ? -1 : exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child))
		key(list, false, "n:%s", WORLD_OBJ(w, child)->name);
}

static void base_keys(struct key_list *list, const struct world *w, const struct cft_effect *e)
{
	bool drops = e->op == CFT_OP_DROP;
	bool alters = e->op == CFT_OP_RENAME || e->op == CFT_OP_MOVE ||
	              (e->op == CFT_OP_ALTER && e->kind == CFT_OBJ_COLUMN);
	bool column = e->kind == CFT_OBJ_COLUMN;

	if (drops || alters) {
		int obj = base_object(w, e);
		if (obj >= 0)
			dependents(list, w, obj, drops);
		if (obj >= 0 && e->op == CFT_OP_MOVE)
			moved_keys(list, w, obj);
	}
	if (e->kind == CFT_OBJ_INDEX && e->op == CFT_OP_DROP)
		index_parts(list, w, e);
	if (e->kind == CFT_OBJ_INDEX && e->op == CFT_OP_CREATE)
		partition_keys(list, w, e);
	if (e->op == CFT_OP_WRITE && strcmp(attr_or(e, "rows", ""), "insert") == 0)
		parent_keys(list, w, e);
	if (e->op == CFT_OP_ALTER && cft_effect_attr(e, "owner"))
		owner_keys(list, w, e);
	if (!column && e->kind != CFT_OBJ_CONSTRAINT)
		return;
	int table = world_lookup(w, CFT_OBJ_RELATION, e->schema, e->name);
	for (int child = table < 0 ? -1 : exec_next_child(w, table, -1); child >= 0;
	     child = exec_next_child(w, table, child)) {
		key(list, true, "c:%s.%s", WORLD_OBJ(w, child)->name, e->sub);
		key(list, false, "n:%s", WORLD_OBJ(w, child)->name);
	}
}

/* NEW.x and OLD.x of a trigger's function are columns of its table. */
static void field_keys(struct key_list *list, const struct cft_effect *function, const char *table)
{
	for (size_t i = 0; function && i < function->n_refs; i++)
		if (function->refs[i].flags & CFT_REF_FIELD)
			key(list, false, "c:%s.%s", table, function->refs[i].sub);
}

static const struct cft_effect *trigger_function(const struct cft_effects *effects,
                                                 const struct world *w, const char *name)
{
	for (size_t i = effects->n; i-- > 0;)
		if (effects->v[i].kind == CFT_OBJ_FUNCTION && effects->v[i].op == CFT_OP_CREATE &&
		    strcmp(effects->v[i].name, name) == 0)
			return &effects->v[i];
	int found = w ? world_function(w, "", name, "*") : -1;
	return found >= 0 ? WORLD_OBJ(w, found)->effect : NULL;
}

/* A trigger brings the columns that its function uses, a function those of the base's triggers. */
static void trigger_keys(struct key_list *list, const struct cft_effects *effects,
                         const struct world *w, const struct cft_effect *e)
{
	if (e->op != CFT_OP_CREATE)
		return;
	if (e->kind == CFT_OBJ_TRIGGER)
		field_keys(list, trigger_function(effects, w, attr_or(e, "function", "")), e->name);
	int function = w && e->kind == CFT_OBJ_FUNCTION
	                       ? world_function(w, e->schema, e->name, e->args)
	                       : -1;
	for (int i = 0; function >= 0 && i < (int)w->objs.n; i++) {
		const struct world_obj *o = WORLD_OBJ(w, i);
		for (size_t k = 0; o->alive && o->kind == CFT_OBJ_TRIGGER && k < o->n_deps; k++)
			if (o->deps[k].target == function)
				field_keys(list, e, WORLD_OBJ(w, o->parent)->name);
	}
}

static int compare_keys(const void *a, const void *b)
{
	const struct cft_conflict_key *x = a, *y = b;
	int c = strcmp(x->text, y->text);

	return c ? c : (int)y->strong - (int)x->strong;
}

void cft_conflict_keys(const struct cft_effects *effects, const struct cft_base *base,
                       struct cft_arena *arena, struct cft_conflict_key **ret, size_t *ret_n)
{
	cft_conflict_keys_over(effects, base, base, arena, ret, ret_n);
}

void cft_conflict_keys_over(const struct cft_effects *effects, const struct cft_base *base,
                            const struct cft_base *over, struct cft_arena *arena,
                            struct cft_conflict_key **ret, size_t *ret_n)
{
	struct key_list list = {.arena = arena, .path = DEFAULT_PATH};
	size_t kept = 0;

	for (size_t i = 0; i < effects->n; i++) {
		effect_keys(&list, &effects->v[i]);
		if (effects->v[i].kind == CFT_OBJ_TRIGGER || effects->v[i].kind == CFT_OBJ_FUNCTION)
			trigger_keys(&list, effects, base ? &base->world : NULL, &effects->v[i]);
		if (base)
			base_keys(&list, &base->world, &effects->v[i]);
		if (over && over != base)
			base_keys(&list, &over->world, &effects->v[i]);
	}
	if (list.v.n)
		qsort(list.v.v, list.v.n, sizeof(*list.v.v), compare_keys);
	/* The strong one of two equal keys comes first and stays. */
	for (size_t i = 0; i < list.v.n; i++)
		if (kept == 0 || strcmp(list.v.v[kept - 1].text, list.v.v[i].text) != 0)
			list.v.v[kept++] = list.v.v[i];
	*ret = list.v.v;
	*ret_n = kept;
}
