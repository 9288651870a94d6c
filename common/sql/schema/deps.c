/* Deps: which objects each object needs, found in its trees.
 * SPDX-License-Identifier: MIT
 *
 * Errs on the side of too many: a column name counts for every table that the object mentions.
 * Names inside function bodies, which PostgreSQL does not track, give soft dependencies.
 */
#include "common/sql/schema/model.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct collect {
	struct cft_schema *s;
	struct cft_object *obj;
	const struct cft_env *env;
	CFT_VEC(struct cft_object *) relations; /* whose columns bare names may be */
	CFT_VEC(const char *) words;
	bool star;
	bool grouped; /* GROUP BY: columns may stand bare because of a primary key */
};

static void add_dep(struct collect *c, struct cft_object *on, bool soft)
{
	if (on == NULL || on == c->obj)
		return;
	CFT_VEC_EACH (struct cft_dep, d, &c->obj->deps)
		if (d->on == on) {
			d->soft = d->soft && soft;
			return;
		}
	struct cft_dep dep = {on, soft};
	cft_vec_push_in(&c->s->arena, &c->obj->deps, dep);
}

static void add_relation(struct collect *c, struct cft_object *rel)
{
	if (rel == NULL)
		return;
	CFT_VEC_EACH (struct cft_object *, known, &c->relations)
		if (*known == rel)
			return;
	cft_vec_push(&c->relations, rel);
}

static void add_named(struct collect *c, PgQuery__Node *const *names, size_t n, const char *space,
                      bool soft)
{
	const char *schema, *name;

	cft_names_split(names, n, &schema, &name);
	if (*name == '\0')
		return;
	if (strcmp(space, "function") == 0 || strcmp(space, "operator") == 0) {
		struct cft_overload *o = cft_env_overloads(c->env, space, schema, name);
		for (size_t i = 0; o != NULL && i < o->objects.n; i++)
			add_dep(c, o->objects.v[i], soft);
		return;
	}
	add_dep(c, cft_env_object(c->env, space, schema, name), soft);
}

static void visit_const(struct collect *c, const PgQuery__AConst *k)
{
	const char *parts[3];
	size_t n;

	if (k->val_case != PG_QUERY__A__CONST__VAL_SVAL)
		return;
	n = cft_ident_split(&c->s->arena, k->sval->sval, parts, 3);
	if (n == 0)
		return;
	struct cft_object *rel = cft_env_relation(c->env, n > 1 ? parts[n - 2] : "", parts[n - 1]);
	if (rel != NULL && rel->kind == CFT_KIND_SEQUENCE)
		add_dep(c, rel, false);
	if (c->obj->kind != CFT_KIND_FUNCTION) /* to_tsvector('conf', …) */
		add_dep(c, cft_env_object(c->env, "tsc", n > 1 ? parts[n - 2] : "", parts[n - 1]),
		        false);
}

static void visit_column_ref(struct collect *c, const PgQuery__ColumnRef *ref)
{
	for (size_t i = 0; i < ref->n_fields; i++) {
		const char *s = cft_node_string(ref->fields[i]);
		if (s != NULL)
			cft_vec_push(&c->words, s);
		else
			c->star = true;
	}
}

static void visit_relation(struct collect *c, const PgQuery__RangeVar *rv)
{
	struct cft_object *rel = cft_env_relation(c->env, rv->schemaname, rv->relname);

	add_dep(c, rel, false);
	add_relation(c, rel);
}

static void visit_type(struct collect *c, const PgQuery__TypeName *t)
{
	struct cft_object *type;
	const char *schema, *name;
	size_t n = t->n_names;

	if (t->pct_type && n > 1)
		n--;
	cft_names_split(t->names, n, &schema, &name);
	type = cft_env_type(c->env, schema, name);
	add_dep(c, type, false);
	/* A body may read any column of a row. */
	bool routine = c->obj->kind == CFT_KIND_FUNCTION || c->obj->kind == CFT_KIND_PROCEDURE;
	for (size_t i = 0; routine && type != NULL && i < type->children.n; i++)
		if (type->children.v[i]->kind == CFT_KIND_COLUMN)
			add_dep(c, type->children.v[i], true);
	/* DefineStmt gives function names as types. */
	if (type == NULL && c->obj->kind >= CFT_KIND_AGGREGATE)
		add_named(c, t->names, t->n_names, "function", false);
	if (type == NULL && c->obj->kind == CFT_KIND_BASE_TYPE)
		add_named(c, t->names, t->n_names, "function", false);
}

#define IS(type) (msg->descriptor == &pg_query__##type##__descriptor)

static void visit_names(struct collect *c, PgQuery__Node *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cft_node_string(v[i]))
			cft_vec_push(&c->words, cft_node_string(v[i]));
}

static void visit_constraint(struct collect *c, const PgQuery__Constraint *k)
{
	visit_names(c, k->keys, k->n_keys);
	visit_names(c, k->including, k->n_including);
	visit_names(c, k->fk_attrs, k->n_fk_attrs);
	if (k->pktable == NULL)
		return;
	struct cft_object *to =
		cft_env_relation(c->env, k->pktable->schemaname, k->pktable->relname);
	if (to == NULL)
		return;
	for (size_t i = 0; i < to->children.n; i++) { /* the key and columns it points to */
		struct cft_object *child = to->children.v[i];
		for (size_t a = 0; a < k->n_pk_attrs; a++)
			if (child->kind == CFT_KIND_COLUMN &&
			    strcmp(child->name, cft_node_string(k->pk_attrs[a])) == 0)
				add_dep(c, child, false);
		const PgQuery__Constraint *key =
			CFT_AS(PgQuery__Constraint, pg_query__constraint, child->node);
		bool unique = key && (key->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
		                      key->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE);
		bool same = unique && key->n_keys == k->n_pk_attrs;
		for (size_t a = 0; same && a < k->n_pk_attrs; a++)
			same = strcmp(cft_node_string(key->keys[a]),
			              cft_node_string(k->pk_attrs[a])) == 0;
		if (same)
			add_dep(c, child, false);
		const PgQuery__IndexStmt *index =
			CFT_AS(PgQuery__IndexStmt, pg_query__index_stmt, child->node);
		if (index && index->unique)
			add_dep(c, child, false);
	}
}

/* Operator classes are named per access method. */
static void visit_opclass(struct collect *c, PgQuery__Node *const *names, size_t n)
{
	static const char *const methods[] = {"btree", "hash", "gist", "gin", "brin", "spgist"};
	const char *schema, *name;
	char full[160];

	cft_names_split(names, n, &schema, &name);
	for (size_t i = 0; *name != '\0' && i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(full, sizeof(full), "%s USING %s", name, methods[i]);
		add_dep(c, cft_env_object(c->env, "opclass", schema, full), false);
		add_dep(c, cft_env_object(c->env, "opfamily", schema, full), false);
	}
}

static bool visit(void *ctx, const ProtobufCMessage *msg)
{
	struct collect *c = ctx;
	const void *m = msg;

	if (IS(a__const)) {
		visit_const(c, m);
		return false;
	}
	if (IS(column_ref)) {
		visit_column_ref(c, m);
		return false;
	}
	if (IS(range_var)) {
		visit_relation(c, m);
	} else if (IS(type_name)) {
		visit_type(c, m);
	} else if (IS(func_call)) {
		const PgQuery__FuncCall *f = m;
		add_named(c, f->funcname, f->n_funcname, "function", false);
	} else if (IS(a__expr)) {
		const PgQuery__AExpr *e = m;
		add_named(c, e->name, e->n_name, "operator", false);
	} else if (IS(constraint)) {
		visit_constraint(c, m);
	} else if (IS(index_elem)) {
		const PgQuery__IndexElem *e = m;
		if (e->name && *e->name)
			cft_vec_push(&c->words, e->name);
		add_named(c, e->collation, e->n_collation, "collation", false);
		visit_opclass(c, e->opclass, e->n_opclass);
	} else if (IS(partition_elem)) {
		const PgQuery__PartitionElem *e = m;
		visit_opclass(c, e->opclass, e->n_opclass);
		if (e->name && *e->name)
			cft_vec_push(&c->words, e->name);
	} else if (IS(stats_elem)) {
		const PgQuery__StatsElem *e = m;
		if (e->name && *e->name)
			cft_vec_push(&c->words, e->name);
	} else if (IS(collate_clause)) {
		const PgQuery__CollateClause *e = m;
		add_named(c, e->collname, e->n_collname, "collation", false);
	} else if (IS(create_trig_stmt)) {
		const PgQuery__CreateTrigStmt *t = m;
		add_named(c, t->funcname, t->n_funcname, "function", false);
		visit_names(c, t->columns, t->n_columns);
	} else if (IS(create_event_trig_stmt)) {
		const PgQuery__CreateEventTrigStmt *t = m;
		add_named(c, t->funcname, t->n_funcname, "function", false);
	} else if (IS(object_with_args)) {
		const PgQuery__ObjectWithArgs *o = m;
		add_named(c, o->objname, o->n_objname, "function", false);
		add_named(c, o->objname, o->n_objname, "operator", false);
	} else if (IS(select_stmt)) {
		const PgQuery__SelectStmt *q = m;
		c->grouped = c->grouped || q->n_group_clause > 0;
	} else if (IS(insert_stmt) || IS(update_stmt)) {
		c->star = true;
	} else if (IS(create_op_class_stmt)) {
		const PgQuery__CreateOpClassStmt *o = m;
		visit_opclass(c, o->opfamilyname, o->n_opfamilyname);
	} else if (IS(create_conversion_stmt)) {
		const PgQuery__CreateConversionStmt *o = m;
		add_named(c, o->func_name, o->n_func_name, "function", false);
	} else if (IS(create_foreign_server_stmt)) {
		add_dep(c,
		        cft_schema_find(c->s, "fdw", "",
		                        ((const PgQuery__CreateForeignServerStmt *)m)->fdwname),
		        false);
	} else if (IS(create_user_mapping_stmt)) {
		add_dep(c,
		        cft_schema_find(c->s, "server", "",
		                        ((const PgQuery__CreateUserMappingStmt *)m)->servername),
		        false);
	} else if (IS(create_foreign_table_stmt)) {
		add_dep(c,
		        cft_schema_find(c->s, "server", "",
		                        ((const PgQuery__CreateForeignTableStmt *)m)->servername),
		        false);
		return false; /* columns are objects of their own */
	} else if (IS(create_stmt)) {
		return false;
	} else if (IS(create_fdw_stmt)) {
		const PgQuery__CreateFdwStmt *f = m;
		for (size_t i = 0; i < f->n_func_options; i++) {
			size_t n;
			PgQuery__Node **v = cft_node_list(f->func_options[i]->def_elem->arg, &n);
			add_named(c, v, n, "function", false);
		}
	} else if (IS(def_elem)) {
		const PgQuery__DefElem *d = m;
		size_t n;
		PgQuery__Node **v = cft_node_list(d->arg, &n);
		if (n > 0 && n < 4 && strcmp(d->defname, "as") != 0) {
			add_named(c, v, n, "function", false);
			add_named(c, v, n, "tsparser", false);
			add_named(c, v, n, "tst", false);
			add_named(c, v, n, "tsc", false);
			add_named(c, v, n, "collation", false);
		}
	}
	return true;
}

/* -- function bodies -- */

static void body_word(struct collect *c, const char *schema, const char *name)
{
	add_dep(c, cft_env_relation(c->env, schema, name), true);
	add_dep(c, cft_env_type(c->env, schema, name), true);
	struct cft_overload *o = cft_env_overloads(c->env, "function", schema, name);
	for (size_t i = 0; o != NULL && i < o->objects.n; i++)
		add_dep(c, o->objects.v[i], true);
}

static bool ident_byte(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '"' || (unsigned char)ch >= 128;
}

static void scan_body(struct collect *c, const char *body)
{
	char schema[64] = "", word[64];

	for (const char *p = body; *p != '\0';) {
		size_t n = 0;
		if (!ident_byte(*p)) {
			if (*p != '.')
				schema[0] = '\0';
			p++;
			continue;
		}
		for (; ident_byte(*p); p++)
			if (*p != '"' && n < sizeof(word) - 1)
				word[n++] = (char)tolower((unsigned char)*p);
		word[n] = '\0';
		body_word(c, schema, word);
		memcpy(schema, word, sizeof(schema));
	}
}

static void scan_function(struct collect *c)
{
	const PgQuery__CreateFunctionStmt *f =
		CFT_AS(PgQuery__CreateFunctionStmt, pg_query__create_function_stmt, c->obj->node);

	for (size_t i = 0; f != NULL && i < f->n_options; i++) {
		const PgQuery__DefElem *d = f->options[i]->def_elem;
		size_t n;
		PgQuery__Node **v = cft_node_list(d->arg, &n);
		if (strcmp(d->defname, "as") == 0 && n == 1 && cft_node_string(v[0]))
			scan_body(c, cft_node_string(v[0]));
	}
}

/* -- one object -- */

static bool is_primary_key(const struct cft_object *o)
{
	const PgQuery__Constraint *k = CFT_AS(PgQuery__Constraint, pg_query__constraint, o->node);

	return k != NULL && k->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
}

static void resolve_words(struct collect *c)
{
	CFT_VEC_EACH (struct cft_object *, rel, &c->relations) {
		for (size_t i = 0; i < (*rel)->children.n; i++) {
			struct cft_object *col = (*rel)->children.v[i];
			bool used = c->star;
			if (c->grouped && is_primary_key(col))
				add_dep(c, col, false);
			if (col->kind != CFT_KIND_COLUMN)
				continue;
			for (size_t w = 0; w < c->words.n && !used; w++)
				used = strcmp(c->words.v[w], col->name) == 0;
			if (used)
				add_dep(c, col, false);
		}
	}
}

static void depend_on_parents(struct collect *c)
{
	struct cft_object *obj = c->obj;

	if (obj->parent != NULL)
		add_dep(c, obj->parent, false);
	if (obj->kind != CFT_KIND_COLUMN && obj->parent != NULL)
		add_relation(c, obj->parent);
	if (*obj->schema != '\0')
		add_dep(c, cft_schema_find(c->s, "schema", "", obj->schema), false);
	if (obj->kind == CFT_KIND_EXTENSION)
		add_dep(c,
		        cft_schema_find(c->s, "schema", "",
		                        cft_attr_text(obj, CFT_ATTR_MEMBER, "schema")),
		        false);
	if (obj->kind == CFT_KIND_DEFAULT_ACL) {
		const char *from = strchr(obj->name, '|') + 1;
		char *schema =
			cft_arena_strndup(&c->s->arena, from, (size_t)(strchr(from, '|') - from));
		add_dep(c, cft_schema_find(c->s, "schema", "", schema), false);
	}
}

static void depend_on_collation(struct collect *c)
{
	const struct cft_attr *a = cft_attr_find(c->obj, CFT_ATTR_COLLATION, "");
	const char *parts[3];
	size_t n = a ? cft_ident_split(&c->s->arena, a->text, parts, 3) : 0;

	if (n > 0)
		add_dep(c,
		        cft_env_object(a->env, "collation", n > 1 ? parts[n - 2] : "",
		                       parts[n - 1]),
		        false);
}

static void depend_on_mapping(struct collect *c)
{
	CFT_VEC_EACH (struct cft_attr, a, &c->obj->attrs) {
		const char *parts[3];
		if (a->id != CFT_ATTR_MAPPING || a->text == NULL)
			continue;
		size_t n = cft_ident_split(&c->s->arena, a->text, parts, 3);
		if (n > 0)
			add_dep(c,
			        cft_env_object(a->env, "tsd", n > 1 ? parts[n - 2] : "",
			                       parts[n - 1]),
			        false);
	}
}

static void link_object(struct cft_schema *s, struct cft_object *obj)
{
	struct collect c = {.s = s, .obj = obj, .env = obj->env};

	depend_on_parents(&c);
	if (obj->kind != CFT_KIND_COLUMN && obj->node != NULL)
		cft_tree_walk(obj->node, visit, &c);
	CFT_VEC_EACH (struct cft_attr, a, &obj->attrs) {
		if (a->node == NULL || a->node == obj->node)
			continue;
		c.env = a->env;
		if (a->id == CFT_ATTR_GENERATED && obj->parent != NULL)
			add_relation(&c, obj->parent);
		cft_tree_walk(a->node, visit, &c);
	}
	c.env = obj->env;
	resolve_words(&c);
	depend_on_mapping(&c);
	depend_on_collation(&c);
	if (obj->kind == CFT_KIND_FUNCTION || obj->kind == CFT_KIND_PROCEDURE)
		scan_function(&c);
	cft_vec_release(&c.relations);
	cft_vec_release(&c.words);
}

void cft_schema_link(struct cft_schema *s)
{
	for (size_t i = 0; i < s->objects.n; i++)
		if (s->objects.v[i] != NULL && s->objects.v[i]->env != NULL)
			link_object(s, s->objects.v[i]);
}
