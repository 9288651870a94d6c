/* World: objects, names, attributes, dependencies, forks.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/world/world.h"

#include "common/sql/syntax/name.h"

#include <stdio.h>
#include <string.h>

/* Kinds that share a name space get one number. */
static int name_space(enum cft_object_kind kind)
{
	switch ((int)kind) {
	case CFT_OBJ_TABLE:
	case CFT_OBJ_VIEW:
	case CFT_OBJ_MATVIEW:
	case CFT_OBJ_INDEX:
	case CFT_OBJ_SEQUENCE:
	case CFT_OBJ_RELATION:
		return CFT_OBJ_RELATION;
	case CFT_OBJ_AGGREGATE:
	case CFT_OBJ_FUNCTION:
		return CFT_OBJ_FUNCTION;
	default:
		return (int)kind;
	}
}

static uint32_t hash_text(uint32_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619U;
	return (hash ^ 0xff) * 16777619U;
}

static uint32_t hash_key(int space, int parent, const char *name)
{
	uint32_t hash = 2166136261U;

	hash = (hash ^ (uint32_t)space) * 16777619U;
	hash = (hash ^ (uint32_t)(parent + 1)) * 16777619U;
	return hash_text(hash, name);
}

static void rehash(struct world *w, uint32_t n)
{
	w->n_buckets = n;
	w->buckets = cft_arena_array(w->arena, int, n);
	memset(w->buckets, 0xff, n * sizeof(int));
	for (size_t i = 0; i < w->entries.n; i++) {
		struct world_entry *entry = &w->entries.v[i];
		entry->next = w->buckets[entry->hash & (n - 1)];
		w->buckets[entry->hash & (n - 1)] = (int)i;
	}
}

void world_index(struct world *w, int obj)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);
	struct world_entry entry = {
		.hash = hash_key(name_space(o->kind), o->parent, o->name),
		.obj = obj,
		.schema = o->schema,
		.name = o->name,
	};

	if (w->entries.n >= w->n_buckets)
		rehash(w, w->n_buckets * 2);
	entry.next = w->buckets[entry.hash & (w->n_buckets - 1)];
	w->buckets[entry.hash & (w->n_buckets - 1)] = (int)w->entries.n;
	cft_vec_push_in(w->arena, &w->entries, entry);
}

void world_init(struct world *w, struct cft_arena *arena)
{
	memset(w, 0, sizeof(*w));
	w->arena = arena;
	w->default_path = w->path = "public";
	rehash(w, 64);
	world_add(w, CFT_OBJ_SCHEMA, -1, "", "public");
}

void world_fork(const struct world *from, struct world *to, struct cft_arena *arena)
{
	*to = *from;
	to->arena = arena;
	to->n_base = (int)from->objs.n;
	to->objs.cap = from->objs.n + 32;
	to->objs.v = cft_arena_array(arena, struct world_obj, to->objs.cap);
	memcpy(to->objs.v, from->objs.v, from->objs.n * sizeof(*to->objs.v));
	to->entries.cap = from->entries.n + 32;
	to->entries.v = cft_arena_array(arena, struct world_entry, to->entries.cap);
	memcpy(to->entries.v, from->entries.v, from->entries.n * sizeof(*to->entries.v));
	to->buckets = cft_arena_array(arena, int, from->n_buckets);
	memcpy(to->buckets, from->buckets, from->n_buckets * sizeof(int));
	memset(&to->assumptions, 0, sizeof(to->assumptions));
	memset(&to->doomed, 0, sizeof(to->doomed));
	memset(&to->error, 0, sizeof(to->error));
}

int world_find(const struct world *w, enum cft_object_kind kind, int parent, const char *schema,
               const char *name)
{
	int space = name_space(kind);
	uint32_t hash = hash_key(space, parent, name);

	for (int i = w->buckets[hash & (w->n_buckets - 1)]; i >= 0; i = w->entries.v[i].next) {
		const struct world_entry *entry = &w->entries.v[i];
		const struct world_obj *o = WORLD_OBJ(w, entry->obj);
		if (entry->hash == hash && o->alive && o->parent == parent &&
		    name_space(o->kind) == space && strcmp(o->name, name) == 0 &&
		    (parent >= 0 || strcmp(o->schema, schema) == 0))
			return entry->obj;
	}
	return -1;
}

int world_former(const struct world *w, enum cft_object_kind kind, int parent, const char *name)
{
	int space = name_space(kind);
	uint32_t hash = hash_key(space, parent, name);
	int best = -1;

	for (int i = w->buckets[hash & (w->n_buckets - 1)]; i >= 0; i = w->entries.v[i].next) {
		const struct world_entry *entry = &w->entries.v[i];
		if (entry->hash == hash && strcmp(entry->name, name) == 0 &&
		    WORLD_OBJ(w, entry->obj)->changed.side && best < 0)
			best = entry->obj;
	}
	return best;
}

bool world_path_next(const char **path, char out[64])
{
	const char *p = *path;

	while (*p) {
		size_t len = strcspn(p, ",");
		const char *next = p[len] ? p + len + 1 : p + len;
		while (*p == ' ' || *p == '"') {
			p++;
			len--;
		}
		while (len && (p[len - 1] == ' ' || p[len - 1] == '"'))
			len--;
		if (len && len < 64 && *p != '$') {
			memcpy(out, p, len);
			out[len] = '\0';
			*path = next;
			return true;
		}
		p = next;
	}
	return false;
}

int world_lookup(const struct world *w, enum cft_object_kind kind, const char *schema,
                 const char *name)
{
	const char *path = w->path;
	char item[64];

	if (*schema)
		return world_find(w, kind, -1, schema, name);
	int temporary = w->temp ? world_find(w, kind, -1, "pg_temp", name) : -1;
	if (temporary >= 0)
		return temporary;
	while (world_path_next(&path, item)) {
		int found = world_find(w, kind, -1, item, name);
		if (found >= 0)
			return found;
	}
	return -1;
}

int world_child(const struct world *w, enum cft_object_kind kind, int parent, const char *name)
{
	return world_find(w, kind, parent, "", name);
}

int world_column(const struct world *w, int relation, const char *name)
{
	return world_find(w, CFT_OBJ_COLUMN, relation, "", name);
}

static bool schema_matches(const struct world *w, const struct world_obj *o, const char *schema)
{
	const char *path = w->path;
	char item[64];

	if (*schema)
		return strcmp(o->schema, schema) == 0;
	while (world_path_next(&path, item))
		if (strcmp(o->schema, item) == 0)
			return true;
	return false;
}

static int count_of(const char *text)
{
	int n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* Walks what has a name and arguments; `from` is the entry to go on from (-1: first). */
static int next_overload(const struct world *w, enum cft_object_kind kind, const char *schema,
                         const char *name, int from)
{
	uint32_t hash = hash_key((int)kind, -1, name);
	int i = from < 0 ? w->buckets[hash & (w->n_buckets - 1)] : w->entries.v[from].next;

	for (; i >= 0; i = w->entries.v[i].next) {
		const struct world_entry *entry = &w->entries.v[i];
		const struct world_obj *o = WORLD_OBJ(w, entry->obj);
		if (entry->hash == hash && o->alive && name_space(o->kind) == (int)kind &&
		    strcmp(o->name, name) == 0 && schema_matches(w, o, schema))
			return i;
	}
	return -1;
}

static int next_function(const struct world *w, const char *schema, const char *name, int from)
{
	return next_overload(w, CFT_OBJ_FUNCTION, schema, name, from);
}

/* One step of a type's text with its schema skipped. */
static const char *skip_schema(const char *p, bool at_start)
{
	size_t n = at_start ? strcspn(p, "., ([") : 0;

	return n && p[n] == '.' ? p + n + 1 : p;
}

bool world_same_types(const char *a, const char *b)
{
	bool start = true;

	if (strcmp(a, b) == 0)
		return true;
	if (strchr(a, '.') && strchr(b, '.'))
		return false;
	for (;; a++, b++) {
		a = skip_schema(a, start);
		b = skip_schema(b, start);
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		start = *a == ',' || *a == ' ';
	}
}

static int find_overload(const struct world *w, enum cft_object_kind kind, const char *schema,
                         const char *name, const char *args)
{
	for (int i = next_overload(w, kind, schema, name, -1); i >= 0;
	     i = next_overload(w, kind, schema, name, i)) {
		int obj = w->entries.v[i].obj;
		if (strcmp(args, "*") == 0 || strcmp(WORLD_OBJ(w, obj)->args, "*") == 0 ||
		    world_same_types(WORLD_OBJ(w, obj)->args, args))
			return obj;
	}
	return -1;
}

int world_function(const struct world *w, const char *schema, const char *name, const char *args)
{
	return find_overload(w, CFT_OBJ_FUNCTION, schema, name, args);
}

int world_operator(const struct world *w, const char *schema, const char *name, const char *args)
{
	return find_overload(w, CFT_OBJ_OPERATOR, schema, name, args);
}

int world_only_operator(const struct world *w, const char *schema, const char *name)
{
	int first = next_overload(w, CFT_OBJ_OPERATOR, schema, name, -1);

	if (first < 0 || next_overload(w, CFT_OBJ_OPERATOR, schema, name, first) >= 0)
		return -1;
	return w->entries.v[first].obj;
}

static bool takes(const struct world *w, int function, int n_args)
{
	int inputs = count_of(world_get(w, function, "inputs"));
	int defaults = count_of(world_get(w, function, "defaults"));

	return n_args < 0 || (n_args <= inputs && n_args >= inputs - defaults);
}

/* The same first types; commas in brackets are none of theirs. */
static bool same_first(const char *a, const char *b, int n)
{
	if (n == 0)
		return true;
	if (strcmp(a, "*") == 0 || strcmp(b, "*") == 0)
		return false;
	for (int depth = 0; *a || *b; a++, b++) {
		bool end_a = !*a || (*a == ',' && !depth), end_b = !*b || (*b == ',' && !depth);
		if (end_a != end_b || (!end_a && *a != *b))
			return false;
		if (end_a && --n == 0)
			return true;
		depth += (*a == '(') - (*a == ')');
	}
	return false;
}

int world_function_call(const struct world *w, const char *schema, const char *name, int n_args)
{
	int any = -1, best = -1;

	/* The oldest: which overload a call means is its arguments' matter, and a new one seldom
	 * takes calls from the others. */
	for (int i = next_function(w, schema, name, -1); i >= 0;
	     i = next_function(w, schema, name, i)) {
		int obj = w->entries.v[i].obj;
		if (takes(w, obj, n_args) && (best < 0 || obj < best))
			best = obj;
		any = obj;
	}
	return best >= 0 ? best : any;
}

int world_function_rival(const struct world *w, int function, const char *schema, int n_args)
{
	const struct world_obj *o = WORLD_OBJ(w, function);

	for (int i = next_function(w, schema, o->name, -1); n_args >= 0 && i >= 0;
	     i = next_function(w, schema, o->name, i)) {
		int obj = w->entries.v[i].obj;
		if (obj != function && takes(w, obj, n_args) && takes(w, function, n_args) &&
		    same_first(o->args, WORLD_OBJ(w, obj)->args, n_args) &&
		    strcmp(WORLD_OBJ(w, obj)->schema, o->schema) == 0)
			return obj;
	}
	return -1;
}

const char *world_creation_schema(struct world *w, const char *schema)
{
	const char *path = w->path;
	char item[64];

	if (*schema)
		return schema;
	while (world_path_next(&path, item))
		if (world_find(w, CFT_OBJ_SCHEMA, -1, "", item) >= 0)
			return cft_arena_strdup(w->arena, item);
	return "public";
}

int world_add(struct world *w, enum cft_object_kind kind, int parent, const char *schema,
              const char *name)
{
	struct world_obj o = {
		.kind = kind,
		.parent = parent,
		.schema = schema,
		.name = name,
		.args = "",
		.alive = true,
		.assumption = -1,
		.created = {w->side, w->effect},
	};

	cft_vec_push_in(w->arena, &w->objs, o);
	w->temp = w->temp || strcmp(schema, "pg_temp") == 0;
	world_index(w, (int)w->objs.n - 1);
	return (int)w->objs.n - 1;
}

void world_touch(struct world *w, int obj)
{
	WORLD_OBJ(w, obj)->changed = (struct world_by){w->side, w->effect};
}

const char *world_get(const struct world *w, int obj, const char *key)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	for (size_t i = 0; i < o->n_attrs; i++)
		if (strcmp(o->attrs[i].key, key) == 0)
			return o->attrs[i].value;
	return "";
}

struct world_by world_set_by(const struct world *w, int obj, struct world_by none)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);
	struct world_by by = none;

	for (size_t i = 0; i < o->n_attrs; i++)
		by = o->attrs[i].by.side ? o->attrs[i].by : by;
	return by;
}

struct world_by world_attr_by(const struct world *w, int obj, const char *key)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);

	for (size_t i = 0; i < o->n_attrs; i++)
		if (strcmp(o->attrs[i].key, key) == 0)
			return o->attrs[i].by;
	return (struct world_by){0, 0};
}

bool world_by_other(const struct world *w, struct world_by by)
{
	return by.side && by.side != w->side;
}

bool world_list_has(const char *list, const char *item, size_t len)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, "\x1f");
		if (n == len && strncmp(p, item, len) == 0)
			return true;
		p += n + (p[n] != '\0');
	}
	return false;
}

void world_set(struct world *w, int obj, const char *key, const char *value)
{
	struct world_obj *o = WORLD_OBJ(w, obj);
	struct world_attr attr = {key, value, {w->side, w->effect}};
	struct world_attr *attrs = cft_arena_array(w->arena, struct world_attr, o->n_attrs + 1);
	size_t at = 0;

	while (at < o->n_attrs && strcmp(o->attrs[at].key, key) != 0)
		at++;
	if (o->n_attrs)
		memcpy(attrs, o->attrs, o->n_attrs * sizeof(*attrs));
	attrs[at] = attr;
	o->attrs = attrs;
	o->n_attrs += at == o->n_attrs;
}

void world_depend(struct world *w, int obj, int target, enum world_dep_type type, const char *tag)
{
	struct world_obj *o = WORLD_OBJ(w, obj);

	if (target == obj || target < 0)
		return;
	for (size_t i = 0; i < o->n_deps; i++)
		if (o->deps[i].target == target && strcmp(o->deps[i].tag, tag) == 0)
			return;
	struct world_dep *deps = cft_arena_array(w->arena, struct world_dep, o->n_deps + 1);
	if (o->n_deps)
		memcpy(deps, o->deps, o->n_deps * sizeof(*deps));
	deps[o->n_deps] = (struct world_dep){target, type, tag};
	o->deps = deps;
	o->n_deps++;
}

void world_undepend(struct world *w, int obj, const char *tag)
{
	struct world_obj *o = WORLD_OBJ(w, obj);
	struct world_dep *deps = cft_arena_array(w->arena, struct world_dep, o->n_deps + 1);
	size_t n = 0;

	for (size_t i = 0; i < o->n_deps; i++)
		if (strcmp(o->deps[i].tag, tag) != 0)
			deps[n++] = o->deps[i];
	o->deps = deps;
	o->n_deps = n;
}

char *world_key(const struct world *w, int obj, struct cft_arena *arena)
{
	const struct world_obj *o = WORLD_OBJ(w, obj);
	const char *kind = cft_object_kind_text(o->kind);

	if (o->parent >= 0) {
		const struct world_obj *p = WORLD_OBJ(w, o->parent);
		return cft_arena_printf(arena, "%s %s.%s", kind,
		                        cft_name_quote(arena, p->schema, p->name),
		                        cft_name_quote(arena, "", o->name));
	}
	if (o->kind == CFT_OBJ_OPERATOR)
		return cft_arena_printf(arena, "%s %s%s%s (%s)", kind, o->schema,
		                        *o->schema ? "." : "", o->name, o->args);
	if (name_space(o->kind) == CFT_OBJ_FUNCTION)
		return cft_arena_printf(arena, "%s %s(%s)", kind,
		                        cft_name_quote(arena, o->schema, o->name), o->args);
	return cft_arena_printf(arena, "%s %s", kind, cft_name_quote(arena, o->schema, o->name));
}

enum world_code world_fail(struct world *w, enum world_code code, enum cft_object_kind kind,
                           const char *object, struct world_by other, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->error = (struct world_error){
		.code = code,
		.effect = w->effect,
		.kind = kind,
		.object = object,
		.name = "",
		.sub = "",
		.other = other,
		.reason = cft_arena_vprintf(w->arena, fmt, ap),
		.blocker = -1,
	};
	va_end(ap);
	return code;
}

static const char *changed_how(const struct world_obj *o)
{
	return o->alive ? "was renamed or moved" : "was dropped";
}

enum world_code world_fail_missing(struct world *w, enum cft_object_kind kind, int parent,
                                   const char *schema, const char *name)
{
	int former = world_former(w, kind, parent, name);
	const char *owner = parent >= 0 ? WORLD_OBJ(w, parent)->name : schema;
	const char *object = cft_arena_printf(w->arena, "%s %s", cft_object_kind_text(kind),
	                                      cft_name_quote(w->arena, owner, name));
	struct world_by by = {0, 0};
	const char *how = "does not exist";

	if (former >= 0) {
		const struct world_obj *o = WORLD_OBJ(w, former);
		by = o->changed;
		how = changed_how(o);
		object = cft_arena_printf(
			w->arena, "%s %s", cft_object_kind_text(o->kind),
			cft_name_quote(w->arena, parent >= 0 ? owner : o->schema, name));
		if (o->alive)
			how = cft_arena_printf(w->arena, "is now called %s",
			                       world_key(w, former, w->arena));
	}
	world_fail(w, WORLD_MISSING, kind, object, by, "%s %s", object, how);
	w->error.blocker = former;
	w->error.name = parent >= 0 ? owner : name;
	w->error.sub = parent >= 0 ? name : "";
	return WORLD_MISSING;
}

static bool name_matches(const struct cft_effect *e, const char *table, const char *name)
{
	if (!*table)
		return strcmp(e->name, name) == 0;
	return strcmp(e->name, table) == 0 && strcmp(e->sub, name) == 0;
}

/* The first name that PostgreSQL would give to an unnamed constraint or index. */
static bool generates(const struct world *w, const struct cft_effect *e, const char *name)
{
	const char *label = cft_effect_attr(e, "type"), *name2 = cft_effect_attr(e, "name2");
	const char *base = e->kind == CFT_OBJ_INDEX ? e->to : e->name;

	if (!(e->flags & CFT_EFFECT_GENERATED_NAME))
		return false;
	if (e->kind == CFT_OBJ_SEQUENCE) {
		base = cft_effect_attr(e, "owner_table");
		name2 = cft_effect_attr(e, "owner_column");
		label = "seq";
	}
	return base && strcmp(cft_name_generate(w->arena, base, name2 && *name2 ? name2 : NULL,
	                                        label ? label : "idx"),
	                      name) == 0;
}

static bool renames_between(const struct cft_effects *list, const char *x, const char *y)
{
	for (size_t i = 0; list && i < list->n; i++) {
		const struct cft_effect *e = &list->v[i];
		if (e->op == CFT_OP_RENAME && !cft_object_kind_is_child(e->kind) &&
		    ((strcmp(e->name, x) == 0 && strcmp(e->to, y) == 0) ||
		     (strcmp(e->name, y) == 0 && strcmp(e->to, x) == 0)))
			return true;
	}
	return false;
}

/* May both names mean one relation, now or once the lists are through? */
static bool same_relation(const struct world *w, const char *x, const char *y)
{
	return strcmp(x, y) == 0 || renames_between(w->other, x, y) ||
	       renames_between(w->list, x, y);
}

bool world_is_provided(const struct world *w, enum cft_object_kind kind, const char *table,
                       const char *name)
{
	int space = name_space(kind);

	for (size_t i = 0; w->other && i < w->other->n; i++) {
		const struct cft_effect *e = &w->other->v[i];
		bool same = name_space(e->kind) == space ||
		            (space == CFT_OBJ_RELATION && e->kind == CFT_OBJ_CONSTRAINT) ||
		            (space == CFT_OBJ_TYPE && e->op == CFT_OP_CREATE &&
		             (e->kind == CFT_OBJ_TABLE || e->kind == CFT_OBJ_VIEW));

		if (e->kind == CFT_OBJ_EXTENSION && e->op == CFT_OP_CREATE && !*table &&
		    world_extension_brings(e->name, kind, name))
			return true;
		if (!same)
			continue;
		if (e->op == CFT_OP_CREATE &&
		    (name_matches(e, table, name) || generates(w, e, name)))
			return true;
		if (e->op == CFT_OP_RENAME && strcmp(e->to, name) == 0 &&
		    (!*table || same_relation(w, e->name, table)))
			return true;
	}
	return false;
}

void world_apply_assumption(struct world *w, const struct world_assumption *assumption, int parent)
{
	int obj = world_add(w, assumption->kind, parent, assumption->schema, assumption->name);

	WORLD_OBJ(w, obj)->assumed = true;
	WORLD_OBJ(w, obj)->args = assumption->args;
	WORLD_OBJ(w, obj)->open = parent < 0;
}

int world_assume(struct world *w, enum cft_object_kind kind, int parent, const char *schema,
                 const char *name, const char *args)
{
	struct world_assumption a = {
		.kind = kind, .args = args, .parent = -1, .parent_assumption = -1};
	const struct world_obj *p = parent >= 0 ? WORLD_OBJ(w, parent) : NULL;
	bool sketch = p && p->open && parent >= w->n_base && p->assumption < 0;

	/* What a statement forgives need not exist where the base says that it does not. */
	if (w->based && !sketch && w->list && (size_t)w->effect < w->list->n &&
	    (w->list->v[w->effect].flags & (CFT_EFFECT_IF_EXISTS | CFT_EFFECT_PARENT_IF_EXISTS)))
		return -1;
	if (!sketch && (!w->assume || world_is_provided(w, kind, p ? p->name : "", name)))
		return -1;
	if (p && parent >= w->n_base && p->assumption < 0 && !sketch)
		return -1;
	a.schema = p ? "" : world_creation_schema(w, schema);
	if (kind == CFT_OBJ_ROLE || kind == CFT_OBJ_SCHEMA || kind == CFT_OBJ_EXTENSION)
		a.schema = "";
	a.name = cft_arena_strdup(w->arena, name);
	if (p && parent < w->n_base)
		a.parent = parent;
	else if (p)
		a.parent_assumption = p->assumption;
	a.effect = w->effect;
	uint8_t side = w->side;
	w->side = 0;
	world_apply_assumption(w, &a, parent);
	w->side = side;
	int obj = (int)w->objs.n - 1;
	if (!sketch) {
		WORLD_OBJ(w, obj)->assumption = (int)w->assumptions.n;
		cft_vec_push_in(w->arena, &w->assumptions, a);
	}
	return obj;
}
