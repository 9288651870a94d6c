/* Model: objects by key, their attributes, and name lookup along a search path.
 * SPDX-License-Identifier: MIT
 */
/* Most lookups find nothing (is the name taken? is it a type of ours?): a filter of uthash answers
 * these without a walk through memory. */
#define HASH_BLOOM 18

#include "common/sql/schema/model.h"

#include "common/sql/syntax/name.h"

#include <string.h>

static const struct {
	const char *noun, *sql, *space;
} kinds[CFT_KIND_COUNT] = {
#define CFT_KIND_ROW(name, noun, sql, space) [CFT_KIND_##name] = {noun, sql, space},
	CFT_KIND_MAP(CFT_KIND_ROW)
#undef CFT_KIND_ROW
};

static const char *const attr_words[CFT_ATTR_COUNT] = {
#define CFT_ATTR_ROW(name, word) [CFT_ATTR_##name] = (word),
	CFT_ATTR_MAP(CFT_ATTR_ROW)
#undef CFT_ATTR_ROW
};

const char *cft_kind_noun(enum cft_kind kind)
{
	return kinds[kind].noun;
}

const char *cft_kind_sql(enum cft_kind kind)
{
	return kinds[kind].sql;
}

const char *cft_kind_space(enum cft_kind kind)
{
	return kinds[kind].space;
}

const char *cft_attr_word(enum cft_attr_id id)
{
	return attr_words[id];
}

struct cft_schema *cft_schema_new(void)
{
	return cft_new(struct cft_schema);
}

void cft_schema_free(struct cft_schema *s)
{
	if (s == NULL)
		return;
	HASH_CLEAR(hh, s->by_key);
	HASH_CLEAR(hh, s->overloads);
	cft_arena_release(&s->arena);
	free(s);
}

size_t cft_schema_count(const struct cft_schema *s)
{
	return HASH_COUNT(s->by_key);
}

const struct cft_refusal *cft_schema_refused(const struct cft_schema *s, size_t *ret_count)
{
	*ret_count = s->refused.n;
	return s->refused.v;
}

/* -- objects -- */

struct cft_object *cft_schema_find_key(const struct cft_schema *s, const char *key)
{
	struct cft_object *obj = NULL;

	HASH_FIND_STR(s->by_key, key, obj);
	return obj;
}

/* "space schema.name", cut to the size: names have 63 bytes. Returns its length. */
static size_t short_key(char *key, size_t size, const char *space, const char *schema,
                        const char *name)
{
	const char *const parts[] = {space, " ", schema, ".", name};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *p = parts[i]; *p != '\0' && n + 1 < size; p++)
			key[n++] = *p;
	key[n] = '\0';
	return n;
}

struct cft_object *cft_schema_find(const struct cft_schema *s, const char *space,
                                   const char *schema, const char *name)
{
	char key[512];
	size_t len = short_key(key, sizeof(key), space, schema, name);
	struct cft_object *obj = NULL;

	HASH_FIND(hh, s->by_key, key, len, obj);
	return obj;
}

struct cft_object *cft_schema_find_child(const struct cft_object *parent, const char *space,
                                         const char *name)
{
	CFT_VEC_EACH (struct cft_object *, child, &parent->children)
		if (strcmp((*child)->name, name) == 0 &&
		    strcmp(cft_kind_space((*child)->kind), space) == 0)
			return *child;
	return NULL;
}

static const char *overload_space(enum cft_kind kind)
{
	switch ((int)kind) {
	case CFT_KIND_FUNCTION:
	case CFT_KIND_PROCEDURE:
	case CFT_KIND_AGGREGATE:
		return "function";
	case CFT_KIND_OPERATOR:
		return "operator";
	case CFT_KIND_CONSTRAINT:
		return "constraint"; /* generated names are unique in their schema */
	default:
		return NULL;
	}
}

static struct cft_overload *find_overload(const struct cft_schema *s, const char *space,
                                          const char *schema, const char *name)
{
	char key[512];
	struct cft_overload *o = NULL;
	size_t len = short_key(key, sizeof(key), space, schema, name);

	HASH_FIND(hh, s->overloads, key, len, o);
	return o;
}

static void overload_add(struct cft_schema *s, struct cft_object *obj)
{
	const char *space = overload_space(obj->kind);

	if (space == NULL)
		return;
	struct cft_overload *o = find_overload(s, space, obj->schema, obj->name);
	if (o == NULL) {
		o = cft_arena_new(&s->arena, struct cft_overload);
		char key[512];
		size_t len = short_key(key, sizeof(key), space, obj->schema, obj->name);
		o->key = cft_arena_strndup(&s->arena, key, len);
		HASH_ADD_KEYPTR(hh, s->overloads, o->key, len, o);
	}
	cft_vec_push_in(&s->arena, &o->objects, obj);
}

static void overload_remove(struct cft_schema *s, struct cft_object *obj)
{
	const char *space = overload_space(obj->kind);
	struct cft_overload *o = space ? find_overload(s, space, obj->schema, obj->name) : NULL;

	for (size_t i = 0; o != NULL && i < o->objects.n; i++)
		if (o->objects.v[i] == obj)
			o->objects.v[i--] = o->objects.v[--o->objects.n];
}

/* "column public.users.age", "routine public.f(integer)" */
static const char *make_key(struct cft_schema *s, const struct cft_object *obj)
{
	const struct cft_object *parent = obj->kind == CFT_KIND_INDEX ? NULL : obj->parent;
	const char *const parts[] = {
		cft_kind_space(obj->kind),
		" ",
		parent ? parent->schema : obj->schema,
		".",
		parent ? parent->name : obj->name,
		parent ? "." : obj->args,
		parent ? obj->name : "",
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		n += strlen(parts[i]);
	char *key = cft_arena_alloc(&s->arena, n + 1), *end = key;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		end = stpcpy(end, parts[i]);
	return key;
}

/* Under the key that it has. */
static void link_object(struct cft_schema *s, struct cft_object *obj)
{
	HASH_ADD_KEYPTR(hh, s->by_key, obj->key, strlen(obj->key), obj);
	overload_add(s, obj);
}

static void unlink_object(struct cft_schema *s, struct cft_object *obj)
{
	HASH_DEL(s->by_key, obj);
	overload_remove(s, obj);
}

struct cft_object *cft_schema_add(struct cft_schema *s, enum cft_kind kind, const char *schema,
                                  const char *name, const char *args, struct cft_object *parent)
{
	struct cft_object *obj = cft_arena_new(&s->arena, struct cft_object);

	obj->kind = kind;
	obj->schema = cft_arena_strdup(&s->arena, schema);
	obj->name = cft_arena_strdup(&s->arena, name);
	obj->args = cft_arena_strdup(&s->arena, args);
	obj->parent = parent;
	obj->ident = obj->name;
	obj->by = s->by;
	obj->key = make_key(s, obj);
	struct cft_object *other = cft_schema_find_key(s, obj->key);
	if (other != NULL)
		cft_schema_remove(s, other);
	link_object(s, obj);
	obj->index = s->objects.n;
	cft_vec_push_in(&s->arena, &s->objects, obj);
	if (parent != NULL)
		cft_vec_push_in(&s->arena, &parent->children, obj);
	return obj;
}

static void forget_child(struct cft_object *parent, const struct cft_object *obj)
{
	for (size_t i = 0; i < parent->children.n; i++) {
		if (parent->children.v[i] != obj)
			continue;
		memmove(&parent->children.v[i], &parent->children.v[i + 1],
		        (parent->children.n - i - 1) * sizeof(parent->children.v[0]));
		parent->children.n--;
		return;
	}
}

void cft_schema_remove(struct cft_schema *s, struct cft_object *obj)
{
	while (obj->children.n > 0)
		cft_schema_remove(s, obj->children.v[obj->children.n - 1]);
	if (obj->parent != NULL)
		forget_child(obj->parent, obj);
	unlink_object(s, obj);
	s->objects.v[obj->index] = NULL;
	CFT_VEC_EACH (struct cft_object *, other, &s->objects)
		if (*other != NULL && (*other)->inline_in == obj) {
			(*other)->inline_in = NULL;
			(*other)->stale = true;
		}
}

void cft_schema_rename(struct cft_schema *s, struct cft_object *obj, const char *schema,
                       const char *name)
{
	unlink_object(s, obj);
	obj->schema = cft_arena_strdup(&s->arena, schema);
	obj->name = cft_arena_strdup(&s->arena, name);
	obj->key = make_key(s, obj);
	link_object(s, obj);
	obj->stale = true;
	CFT_VEC_EACH (struct cft_object *, child, &obj->children) {
		unlink_object(s, *child);
		(*child)->schema = obj->schema;
		(*child)->key = make_key(s, *child);
		link_object(s, *child);
	}
}

/* -- attributes -- */

struct cft_attr *cft_attr_find(const struct cft_object *obj, enum cft_attr_id id, const char *sub)
{
	CFT_VEC_EACH (struct cft_attr, a, &obj->attrs)
		if (a->id == id && strcmp(a->sub, sub) == 0)
			return a;
	return NULL;
}

void cft_attr_clear(struct cft_object *obj, enum cft_attr_id id, const char *sub)
{
	struct cft_attr *a = cft_attr_find(obj, id, sub);

	if (a == NULL)
		return;
	size_t i = (size_t)(a - obj->attrs.v);
	memmove(a, a + 1, (obj->attrs.n - i - 1) * sizeof(*a));
	obj->attrs.n--;
}

void cft_attr_set(struct cft_schema *s, struct cft_object *obj, enum cft_attr_id id,
                  const char *sub, const char *text, const ProtobufCMessage *node,
                  const struct cft_env *env)
{
	struct cft_attr attr = {id,
	                        cft_arena_strdup(&s->arena, sub),
	                        cft_arena_strdup(&s->arena, text),
	                        node,
	                        env,
	                        s->by};
	struct cft_attr *old = cft_attr_find(obj, id, sub);

	if (text == NULL && node == NULL)
		cft_attr_clear(obj, id, sub);
	else if (old != NULL)
		*old = attr;
	else
		cft_vec_push_in(&s->arena, &obj->attrs, attr);
}

const char *cft_attr_text(const struct cft_object *obj, enum cft_attr_id id, const char *sub)
{
	const struct cft_attr *a = cft_attr_find(obj, id, sub);

	return a && a->text ? a->text : "";
}

/* -- lookup -- */

struct cft_object *cft_env_object(const struct cft_env *env, const char *space, const char *schema,
                                  const char *name)
{
	bool overloaded = strcmp(space, "function") == 0 || strcmp(space, "operator") == 0;

	if (overloaded) {
		struct cft_overload *o = cft_env_overloads(env, space, schema, name);
		return o && o->objects.n ? o->objects.v[0] : NULL;
	}
	if (strcmp(space, "type") == 0)
		return cft_env_type(env, schema, name);
	if (*schema != '\0')
		return cft_schema_find(env->schema, space, schema, name);
	for (size_t i = 0; i < env->path_count; i++) {
		struct cft_object *obj = cft_schema_find(env->schema, space, env->path[i], name);
		if (obj != NULL)
			return obj;
	}
	return NULL;
}

struct cft_overload *cft_env_overloads(const struct cft_env *env, const char *space,
                                       const char *schema, const char *name)
{
	if (*schema != '\0')
		return find_overload(env->schema, space, schema, name);
	for (size_t i = 0; i < env->path_count; i++) {
		struct cft_overload *o = find_overload(env->schema, space, env->path[i], name);
		if (o != NULL && o->objects.n > 0)
			return o;
	}
	return NULL;
}

struct cft_object *cft_env_relation(const struct cft_env *env, const char *schema, const char *name)
{
	return cft_env_object(env, "relation", schema, name);
}

static struct cft_object *type_in_schema(const struct cft_schema *s, const char *schema,
                                         const char *name)
{
	struct cft_object *obj = cft_schema_find(s, "type", schema, name);

	return obj ? obj : cft_schema_find(s, "relation", schema, name);
}

struct cft_object *cft_env_type(const struct cft_env *env, const char *schema, const char *name)
{
	if (*schema != '\0')
		return type_in_schema(env->schema, schema, name);
	if (cft_type_builtin(name) != NULL) /* pg_catalog comes first on every path */
		return NULL;
	for (size_t i = 0; i < env->path_count; i++) {
		struct cft_object *obj = type_in_schema(env->schema, env->path[i], name);
		if (obj != NULL)
			return obj;
	}
	return NULL;
}

void cft_literal_add(struct cft_buf *out, const char *text)
{
	if (strchr(text, '\\') != NULL)
		cft_buf_adds(out, "E");
	cft_buf_addc(out, '\'');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'' || *p == '\\')
			cft_buf_addc(out, *p);
		cft_buf_addc(out, *p);
	}
	cft_buf_addc(out, '\'');
}

struct cft_object *cft_sequence_owner(const struct cft_schema *s, const struct cft_object *seq)
{
	const struct cft_attr *a = cft_attr_find(seq, CFT_ATTR_OWNED_BY, "");
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *parts[4];
	struct cft_object *col = NULL;

	if (a == NULL || a->text == NULL)
		return NULL;
	size_t n = cft_ident_split(&arena, a->text, parts, 4);
	if (n >= 2) {
		const char *schema = n > 2 ? parts[n - 3] : seq->schema;
		struct cft_object *table = cft_schema_find(s, "relation", schema, parts[n - 2]);
		if (table != NULL)
			col = cft_schema_find_child(table, "column", parts[n - 1]);
	}
	cft_arena_release(&arena);
	return col;
}
