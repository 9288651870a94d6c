/* Reader of CREATE TABLE: columns, constraints and PostgreSQL's generated names.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <stdio.h>
#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

/* -- options -- */

/* The value of a WITH (…) or OPTIONS (…) item as SQL. */
static const char *option_value(struct cft_reader *r, const PgQuery__DefElem *d)
{
	struct cft_buf buf = CFT_BUF_INIT;
	const char *s;

	if (d->arg == NULL)
		return "true";
	switch ((int)d->arg->node_case) {
	case PG_QUERY__NODE__NODE_INTEGER:
		return cft_arena_printf(arena(r), "%d", d->arg->integer->ival);
	case PG_QUERY__NODE__NODE_FLOAT:
		return d->arg->float_->fval;
	case PG_QUERY__NODE__NODE_BOOLEAN:
		return d->arg->boolean->boolval ? "true" : "false";
	case PG_QUERY__NODE__NODE_STRING:
		return d->arg->string->sval;
	case PG_QUERY__NODE__NODE_TYPE_NAME:
		cft_tree_type(d->arg->type_name, r->env, true, &buf);
		s = cft_arena_strdup(arena(r), cft_buf_str(&buf));
		cft_buf_release(&buf);
		return s;
	default:
		s = cft_tree_print_expr(arena(r), d->arg);
		return s ? s : "";
	}
}

void cft_fold_options(struct cft_reader *r, struct cft_object *obj, enum cft_attr_id id,
                      PgQuery__Node *const *options, size_t n, bool reset)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *d = options[i]->def_elem;
		const char *sub = d->defname;
		if (d->defnamespace && *d->defnamespace)
			sub = cft_arena_printf(arena(r), "%s.%s", d->defnamespace, d->defname);
		if (reset || d->defaction == PG_QUERY__DEF_ELEM_ACTION__DEFELEM_DROP)
			cft_attr_clear(obj, id, sub);
		else
			cft_attr_set(r->s, obj, id, sub, option_value(r, d), NULL, r->env);
	}
}

/* -- names -- */

static bool name_taken(struct cft_reader *r, const struct cft_object *table, const char *name)
{
	const struct cft_overload *same =
		cft_env_overloads(r->env, "constraint", table->schema, name);

	return cft_schema_find(r->s, "relation", table->schema, name) != NULL ||
	       (same != NULL && same->objects.n > 0);
}

const char *cft_fold_relation_name(struct cft_reader *r, struct cft_object *table,
                                   const char *columns, const char *label)
{
	char numbered[32];
	const char *name = cft_name_generate(arena(r), table->name, columns, label);

	for (unsigned i = 1; name_taken(r, table, name); i++) {
		snprintf(numbered, sizeof(numbered), "%s%u", label, i);
		name = cft_name_generate(arena(r), table->name, columns, numbered);
	}
	return name;
}

struct one_column {
	const char *name;
	bool many;
};

static bool note_column(void *ctx, const ProtobufCMessage *msg)
{
	struct one_column *one = ctx;
	const char *schema, *name;
	const PgQuery__ColumnRef *ref = CFT_AS(PgQuery__ColumnRef, pg_query__column_ref, msg);

	if (ref == NULL)
		return true;
	cft_names_split(ref->fields, ref->n_fields, &schema, &name);
	if (one->name != NULL && strcmp(one->name, name) != 0)
		one->many = true;
	one->name = name;
	return false;
}

/* A CHECK that uses exactly one column is named after it. */
static const char *check_column(const PgQuery__Constraint *c)
{
	struct one_column one = {0};

	cft_tree_walk(cft_node_message(c->raw_expr), note_column, &one);
	return one.many ? NULL : one.name;
}

static const char *join_names(struct cft_reader *r, PgQuery__Node *const *v, size_t n,
                              PgQuery__Node *const *w, size_t m)
{
	const char *names[64];
	size_t k = 0;

	for (size_t i = 0; i < n && k < 64; i++)
		names[k++] = cft_node_string(v[i]) ? cft_node_string(v[i]) : "expr";
	for (size_t i = 0; i < m && k < 64; i++)
		names[k++] = cft_node_string(w[i]) ? cft_node_string(w[i]) : "expr";
	return cft_name_join(arena(r), names, k);
}

static const char *exclusion_names(struct cft_reader *r, const PgQuery__Constraint *c)
{
	const char *names[64];
	size_t k = 0;

	for (size_t i = 0; i < c->n_exclusions && k < 64; i++) {
		size_t n;
		PgQuery__Node **pair = cft_node_list(c->exclusions[i], &n);
		const PgQuery__IndexElem *e = n ? CFT_AS(PgQuery__IndexElem, pg_query__index_elem,
		                                         cft_node_message(pair[0]))
		                                : NULL;
		names[k++] = e && e->name && *e->name ? e->name : "expr";
	}
	return cft_name_join(arena(r), names, k);
}

static const char *constraint_name(struct cft_reader *r, struct cft_object *table,
                                   const PgQuery__Constraint *c)
{
	const char *columns = NULL, *label = "check";

	if (c->conname != NULL && *c->conname != '\0')
		return c->conname;
	switch ((int)c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
		label = "pkey";
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
		label = "key";
		columns = join_names(r, c->keys, c->n_keys, c->including, c->n_including);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
		label = "excl";
		columns = exclusion_names(r, c);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		label = "fkey";
		columns = join_names(r, c->fk_attrs, c->n_fk_attrs, NULL, 0);
		break;
	default:
		columns = table->kind == CFT_KIND_DOMAIN ? NULL : check_column(c);
		break;
	}
	return cft_fold_relation_name(r, table, columns, label);
}

/* -- constraints -- */

static void imply_not_null(struct cft_reader *r, struct cft_object *table,
                           const PgQuery__Constraint *c)
{
	for (size_t i = 0; i < c->n_keys; i++) {
		struct cft_object *col =
			cft_schema_find_child(table, "column", cft_node_string(c->keys[i]));
		if (col == NULL || cft_attr_find(col, CFT_ATTR_NOT_NULL, ""))
			continue;
		cft_attr_set(r->s, col, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
		col->implied_not_null = true;
	}
}

/* PRIMARY KEY USING INDEX: the index becomes the constraint's. */
static void adopt_index(struct cft_reader *r, struct cft_object *table, PgQuery__Constraint *c)
{
	struct cft_object *index = cft_schema_find(r->s, "relation", table->schema, c->indexname);
	const PgQuery__IndexStmt *stmt =
		index ? CFT_AS(PgQuery__IndexStmt, pg_query__index_stmt, index->node) : NULL;

	if (stmt == NULL)
		return;
	c->keys = cft_arena_array(arena(r), PgQuery__Node *, stmt->n_index_params);
	c->n_keys = 0;
	for (size_t i = 0; i < stmt->n_index_params; i++) {
		PgQuery__String *s = cft_arena_new(arena(r), PgQuery__String);
		pg_query__string__init(s);
		s->sval = stmt->index_params[i]->index_elem->name;
		c->keys[c->n_keys++] = cft_node_wrap(arena(r), &s->base);
	}
	if (c->conname == NULL || *c->conname == '\0')
		c->conname = c->indexname;
	c->indexname = (char *)"";
	cft_schema_remove(r->s, index);
}

/* UNIQUE on the columns of the primary key: PostgreSQL makes one index. */
static bool is_repeated(const struct cft_object *table, const PgQuery__Constraint *c)
{
	if (c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE || c->n_including || c->n_options)
		return false;
	CFT_VEC_EACH (struct cft_object *, o, &table->children) {
		const PgQuery__Constraint *k =
			CFT_AS(PgQuery__Constraint, pg_query__constraint, (*o)->node);
		bool same = k != NULL && k->n_keys == c->n_keys && k->n_keys > 0 &&
		            k->deferrable == c->deferrable &&
		            k->nulls_not_distinct == c->nulls_not_distinct && k->n_including == 0;
		for (size_t i = 0; same && i < c->n_keys; i++)
			same = strcmp(cft_node_string(k->keys[i]), cft_node_string(c->keys[i])) ==
			       0;
		if (same)
			return true;
	}
	return false;
}

static void fold_constraint(struct cft_reader *r, struct cft_object *table, PgQuery__Constraint *c,
                            bool inlined)
{
	if (c->indexname != NULL && *c->indexname != '\0')
		adopt_index(r, table, c);
	if (inlined && is_repeated(table, c))
		return;
	const char *name = constraint_name(r, table, c);
	struct cft_object *obj = cft_fold_child(r, CFT_KIND_CONSTRAINT, name, table);

	if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN && inlined) {
		/* NOT VALID means nothing for a table that is being made. */
		c->skip_validation = false;
		c->initially_valid = true;
	}
	c->conname = (char *)"";
	obj->node = &c->base;
	obj->inline_in = inlined ? table : NULL;
	cft_attr_set(r->s, obj, CFT_ATTR_DEFINITION, "", NULL, &c->base, r->env);
	if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
		imply_not_null(r, table, c);
}

static int naming_turn(const PgQuery__Constraint *c)
{
	switch ((int)c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
		return 0;
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		return 2;
	default:
		return 1;
	}
}

/* PostgreSQL names checks first, then what has an index, then foreign keys. */
void cft_fold_constraints(struct cft_reader *r, struct cft_object *table,
                          PgQuery__Constraint **constraints, size_t n, bool inlined)
{
	for (int turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < n; i++)
			if (naming_turn(constraints[i]) == turn)
				fold_constraint(r, table, constraints[i], inlined);
}

/* -- columns -- */

static PgQuery__Node **one_name(struct cft_reader *r, const char *name)
{
	PgQuery__String *s = cft_arena_new(arena(r), PgQuery__String);
	PgQuery__Node **list = cft_arena_array(arena(r), PgQuery__Node *, 1);

	pg_query__string__init(s);
	s->sval = (char *)name;
	list[0] = cft_node_wrap(arena(r), &s->base);
	return list;
}

/* A column's constraint as the table constraint that PostgreSQL makes of it. */
static void name_own_column(struct cft_reader *r, PgQuery__Constraint *c, const char *column)
{
	if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN && c->n_fk_attrs == 0) {
		c->fk_attrs = one_name(r, column);
		c->n_fk_attrs = 1;
	} else if ((c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
	            c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE) &&
	           c->n_keys == 0) {
		c->keys = one_name(r, column);
		c->n_keys = 1;
	}
}

static void apply_deferral(PgQuery__Constraint *to, PgQuery__ConstrType type)
{
	if (to == NULL)
		return;
	if (type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE)
		to->deferrable = true;
	if (type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED)
		to->deferrable = to->initdeferred = true;
}

struct column_fold {
	PgQuery__Constraint *v[32]; /* those that become table constraints */
	size_t n;
	PgQuery__Constraint *last;
};

static void fold_column_clause(struct cft_reader *r, struct cft_object *col, PgQuery__Constraint *c,
                               struct column_fold *f)
{
	struct cft_schema *s = r->s;

	switch ((int)c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
		cft_attr_set(s, col, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		cft_attr_set(s, col, CFT_ATTR_DEFAULT, "", NULL, cft_node_message(c->raw_expr),
		             r->env);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
		cft_attr_set(s, col, CFT_ATTR_GENERATED, "", NULL, cft_node_message(c->raw_expr),
		             r->env);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
		cft_attr_set(s, col, CFT_ATTR_IDENTITY, "",
		             c->generated_when[0] == 'a' ? "ALWAYS" : "BY DEFAULT", NULL, r->env);
		cft_attr_set(s, col, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
		cft_fold_sequence_options(r, col, c->options, c->n_options);
		cft_fold_sequence_defaults(r, col);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		name_own_column(r, c, col->name);
		if (f->n < 32)
			f->v[f->n++] = c;
		f->last = c;
		break;
	default:
		apply_deferral(f->last, c->contype);
		break;
	}
}

static void fold_collation(struct cft_reader *r, struct cft_object *col,
                           const PgQuery__CollateClause *clause)
{
	const char *schema, *name;

	cft_names_split(clause->collname, clause->n_collname, &schema, &name);
	if (strcmp(schema, "pg_catalog") == 0 && strcmp(name, "default") == 0)
		return;
	bool own = strcmp(schema, "pg_catalog") != 0;
	cft_attr_set(r->s, col, CFT_ATTR_COLLATION, "",
	             cft_name_quote(arena(r), own ? schema : "", name), NULL, r->env);
}

static const char *serial_type(const PgQuery__TypeName *t)
{
	static const char *const words[][2] = {
		{"serial", "int4"},  {"serial4", "int4"},     {"bigserial", "int8"},
		{"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"},
	};
	const char *name = t && t->n_names == 1 ? cft_node_string(t->names[0]) : NULL;

	for (size_t i = 0; name != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i][0]) == 0)
			return words[i][1];
	return NULL;
}

static void fold_clauses(struct cft_reader *r, struct cft_object *col, PgQuery__ColumnDef *def,
                         struct column_fold *f)
{
	for (size_t i = 0; i < def->n_constraints; i++)
		fold_column_clause(r, col, def->constraints[i]->constraint, f);
	if (def->is_not_null)
		cft_attr_set(r->s, col, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
	if (def->raw_default != NULL)
		cft_attr_set(r->s, col, CFT_ATTR_DEFAULT, "", NULL,
		             cft_node_message(def->raw_default), r->env);
}

static struct column_fold column_begin(struct cft_reader *r, struct cft_object *col,
                                       PgQuery__ColumnDef *def, bool inlined)
{
	struct column_fold f = {.n = 0};
	const char *serial = serial_type(def->type_name);

	if (serial != NULL)
		cft_fold_serial(r, col, serial, inlined);
	else if (def->type_name != NULL)
		cft_attr_set(r->s, col, CFT_ATTR_TYPE, "", NULL, &def->type_name->base, r->env);
	if (def->coll_clause != NULL)
		fold_collation(r, col, def->coll_clause);
	if (def->compression != NULL && *def->compression != '\0')
		cft_attr_set(r->s, col, CFT_ATTR_COMPRESSION, "", def->compression, NULL, r->env);
	cft_fold_options(r, col, CFT_ATTR_FDW_OPTION, def->fdwoptions, def->n_fdwoptions, false);
	fold_clauses(r, col, def, &f);
	return f;
}

/* The column and its clauses, but not the table constraints among them. */
static struct cft_object *add_column(struct cft_reader *r, struct cft_object *table,
                                     PgQuery__ColumnDef *def, bool inlined,
                                     struct column_fold *ret_fold)
{
	struct cft_object *col = cft_fold_child(r, CFT_KIND_COLUMN, def->colname, table);

	col->node = &def->base;
	col->inline_in = inlined ? table : NULL;
	if (def->location >= 0 && (size_t)def->location < r->stmt->len && r->created == NULL) {
		col->text = r->stmt->text + def->location;
		col->text_len = r->stmt->len - (size_t)def->location;
	}
	*ret_fold = column_begin(r, col, def, inlined);
	return col;
}

struct cft_object *cft_fold_column(struct cft_reader *r, struct cft_object *table,
                                   PgQuery__ColumnDef *def, bool inlined)
{
	struct column_fold f;
	struct cft_object *col = add_column(r, table, def, inlined, &f);

	cft_fold_constraints(r, table, f.v, f.n, inlined);
	CFT_VEC_EACH (struct cft_object *, child, &table->children)
		for (size_t i = 0; i < f.n; i++)
			if ((*child)->node == &f.v[i]->base)
				(*child)->inline_in = NULL;
	return col;
}

/* -- CREATE TABLE -- */

struct table_fold {
	PgQuery__Constraint *v[256];
	size_t n;
};

static void copy_attr(struct cft_reader *r, struct cft_object *to, const struct cft_object *from,
                      enum cft_attr_id id)
{
	CFT_VEC_EACH (struct cft_attr, a, &from->attrs)
		if (a->id == id)
			cft_attr_set(r->s, to, id, a->sub, a->text, a->node, a->env);
}

enum {
	LIKE_COMMENTS = 1,
	LIKE_COMPRESSION = 2,
	LIKE_CONSTRAINTS = 4,
	LIKE_DEFAULTS = 8,
	LIKE_GENERATED = 16,
	LIKE_IDENTITY = 32,
	LIKE_INDEXES = 64,
	LIKE_STORAGE = 256
};

static void like_column(struct cft_reader *r, struct cft_object *table,
                        const struct cft_object *from, uint32_t options)
{
	static const struct {
		uint32_t option;
		enum cft_attr_id id;
	} copied[] = {
		{LIKE_COMMENTS, CFT_ATTR_COMMENT},  {LIKE_COMPRESSION, CFT_ATTR_COMPRESSION},
		{LIKE_DEFAULTS, CFT_ATTR_DEFAULT},  {LIKE_GENERATED, CFT_ATTR_GENERATED},
		{LIKE_IDENTITY, CFT_ATTR_IDENTITY}, {LIKE_STORAGE, CFT_ATTR_STORAGE},
		{UINT32_MAX, CFT_ATTR_TYPE},        {UINT32_MAX, CFT_ATTR_NOT_NULL},
		{UINT32_MAX, CFT_ATTR_COLLATION},
	};
	struct cft_object *col = cft_fold_child(r, CFT_KIND_COLUMN, from->name, table);

	col->inline_in = table;
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		if (options & copied[i].option)
			copy_attr(r, col, from, copied[i].id);
}

static void like_constraint(struct cft_reader *r, struct cft_object *table,
                            const struct cft_object *from, uint32_t options)
{
	PgQuery__Constraint *c = cft_arena_new(arena(r), PgQuery__Constraint);

	*c = *(const PgQuery__Constraint *)from->node;
	bool check = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK;
	if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN ||
	    !(options & (check ? LIKE_CONSTRAINTS : LIKE_INDEXES)))
		return;
	if (check)
		c->conname = (char *)from->name;
	cft_fold_constraints(r, table, &c, 1, true);
}

static void like_index(struct cft_reader *r, struct cft_object *table,
                       const struct cft_object *from)
{
	PgQuery__IndexStmt *s = cft_arena_new(arena(r), PgQuery__IndexStmt);
	PgQuery__RangeVar *rv = cft_arena_new(arena(r), PgQuery__RangeVar);

	*s = *(const PgQuery__IndexStmt *)from->node;
	*rv = *s->relation;
	rv->schemaname = (char *)table->schema;
	rv->relname = (char *)table->name;
	s->relation = rv;
	s->idxname = (char *)"";
	cft_fold_index(r, &s->base);
}

/* LIKE: the columns as they are now; the text is not used, the source may change later. */
static bool fold_like(struct cft_reader *r, struct cft_object *table,
                      const PgQuery__TableLikeClause *like)
{
	struct cft_object *from = cft_fold_find_relation(r, like->relation);

	if (from == NULL)
		return false;
	table->stale = true;
	for (size_t i = 0; i < from->children.n; i++)
		if (from->children.v[i]->kind == CFT_KIND_COLUMN)
			like_column(r, table, from->children.v[i], like->options);
	for (size_t i = 0; i < from->children.n; i++)
		if (from->children.v[i]->kind == CFT_KIND_CONSTRAINT)
			like_constraint(r, table, from->children.v[i], like->options);
	for (size_t i = 0; i < from->children.n; i++)
		if (from->children.v[i]->kind == CFT_KIND_INDEX && (like->options & LIKE_INDEXES))
			like_index(r, table, from->children.v[i]);
	return true;
}

static bool fold_element(struct cft_reader *r, struct cft_object *table, PgQuery__Node *e,
                         struct table_fold *f)
{
	struct column_fold column;

	switch ((int)e->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_DEF:
		add_column(r, table, e->column_def, true, &column);
		for (size_t i = 0; i < column.n && f->n < 256; i++)
			f->v[f->n++] = column.v[i];
		return true;
	case PG_QUERY__NODE__NODE_CONSTRAINT:
		if (f->n < 256)
			f->v[f->n++] = e->constraint;
		return true;
	case PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE:
		return fold_like(r, table, e->table_like_clause);
	default:
		return true;
	}
}

static void fold_inherits(struct cft_reader *r, struct cft_object *table,
                          const PgQuery__CreateStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_inh_relations; i++) {
		PgQuery__RangeVar *rv = stmt->inh_relations[i]->range_var;
		if (stmt->partbound != NULL) {
			PgQuery__PartitionCmd *cmd = cft_arena_new(arena(r), PgQuery__PartitionCmd);
			pg_query__partition_cmd__init(cmd);
			cmd->name = rv;
			cmd->bound = stmt->partbound;
			cft_attr_set(r->s, table, CFT_ATTR_PARTITION_OF, "", NULL, &cmd->base,
			             r->env);
			return;
		}
		const char *schema = rv->schemaname && *rv->schemaname ? rv->schemaname
		                                                       : cft_env_current(r->env);
		const char *key = cft_arena_printf(arena(r), "%s.%s", schema, rv->relname);
		cft_attr_set(r->s, table, CFT_ATTR_INHERITS, key,
		             cft_name_quote(arena(r), rv->schemaname, rv->relname), &rv->base,
		             r->env);
	}
}

static void fold_table_attrs(struct cft_reader *r, struct cft_object *table,
                             const PgQuery__CreateStmt *stmt)
{
	struct cft_schema *s = r->s;

	if (stmt->relation->relpersistence[0] == 'u')
		cft_attr_set(s, table, CFT_ATTR_PERSISTENCE, "", "UNLOGGED", NULL, r->env);
	if (stmt->partspec != NULL)
		cft_attr_set(s, table, CFT_ATTR_PARTITION_BY, "", NULL, &stmt->partspec->base,
		             r->env);
	if (stmt->of_typename != NULL)
		cft_attr_set(s, table, CFT_ATTR_OF_TYPE, "", NULL, &stmt->of_typename->base,
		             r->env);
	if (stmt->tablespacename != NULL && *stmt->tablespacename != '\0')
		cft_attr_set(s, table, CFT_ATTR_TABLESPACE, "",
		             cft_name_quote(arena(r), "", stmt->tablespacename), NULL, r->env);
	if (stmt->access_method != NULL && *stmt->access_method != '\0' &&
	    strcmp(stmt->access_method, "heap") != 0)
		cft_attr_set(s, table, CFT_ATTR_ACCESS_METHOD, "", stmt->access_method, NULL,
		             r->env);
	cft_fold_options(r, table, CFT_ATTR_OPTION, stmt->options, stmt->n_options, false);
	fold_inherits(r, table, stmt);
}

static enum cft_fold fold_table(struct cft_reader *r, const PgQuery__CreateStmt *stmt,
                                enum cft_kind kind, struct cft_object **ret)
{
	struct table_fold f = {.n = 0};
	const PgQuery__RangeVar *rv = stmt->relation;

	if (rv->relpersistence[0] == 't' || strcmp(rv->schemaname, "pg_temp") == 0)
		return CFT_FOLD_DONE; /* gone with the session */
	for (size_t i = 0; i < stmt->n_table_elts; i++)
		if (stmt->table_elts[i]->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE) {
			const PgQuery__RangeVar *like =
				stmt->table_elts[i]->table_like_clause->relation;
			if (cft_fold_find_relation(r, like) == NULL)
				return cft_fold_wait(r, like->schemaname, like->relname);
		}
	struct cft_object *table = cft_fold_object(r, kind, rv->schemaname, rv->relname);
	if (table == NULL)
		return CFT_FOLD_DONE; /* IF NOT EXISTS, and it does */
	*ret = table;
	fold_table_attrs(r, table, stmt);
	for (size_t i = 0; i < stmt->n_table_elts; i++)
		fold_element(r, table, stmt->table_elts[i], &f);
	cft_fold_constraints(r, table, f.v, f.n, true);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_create_table(struct cft_reader *r, const ProtobufCMessage *msg)
{
	struct cft_object *table = NULL;

	return fold_table(r, (const PgQuery__CreateStmt *)msg, CFT_KIND_TABLE, &table);
}

enum cft_fold cft_fold_create_foreign_table(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CreateForeignTableStmt *stmt = (const PgQuery__CreateForeignTableStmt *)msg;
	struct cft_object *table = NULL;
	enum cft_fold fold = fold_table(r, stmt->base_stmt, CFT_KIND_FOREIGN_TABLE, &table);

	if (table != NULL) {
		cft_attr_set(r->s, table, CFT_ATTR_MEMBER, "server",
		             cft_name_quote(arena(r), "", stmt->servername), NULL, r->env);
		cft_fold_options(r, table, CFT_ATTR_FDW_OPTION, stmt->options, stmt->n_options,
		                 false);
	}
	return fold;
}
