/* Reader of sequences: CREATE and ALTER SEQUENCE, identity options, serial.
 * SPDX-License-Identifier: MIT
 *
 * An option that says what holds by default is not kept, so that every spelling reads the same.
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <stdlib.h>
#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

static const char *number(struct cft_reader *r, const PgQuery__Node *n)
{
	if (n == NULL)
		return NULL;
	if (n->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return cft_arena_printf(arena(r), "%d", n->integer->ival);
	if (n->node_case == PG_QUERY__NODE__NODE_FLOAT)
		return n->float_->fval;
	return NULL;
}

static void fold_owned_by(struct cft_reader *r, struct cft_object *seq, const PgQuery__Node *arg)
{
	size_t n;
	PgQuery__Node **v = cft_node_list(arg, &n);

	if (n < 2) { /* OWNED BY NONE */
		cft_attr_clear(seq, CFT_ATTR_OWNED_BY, "");
		return;
	}
	const char *schema = n > 2 ? cft_node_string(v[n - 3]) : cft_env_current(r->env);
	const char *table = cft_node_string(v[n - 2]), *column = cft_node_string(v[n - 1]);
	bool plain = n == 2 && strcmp(schema, "public") == 0;
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_adds(&buf, cft_name_quote(arena(r), plain ? "" : schema, table));
	cft_buf_addc(&buf, '.');
	cft_ident_quote(&buf, column);
	cft_attr_set(r->s, seq, CFT_ATTR_OWNED_BY, "", cft_buf_str(&buf), NULL, r->env);
	cft_buf_release(&buf);
}

static const struct {
	const char *word;
	enum cft_attr_id id;
} options_table[] = {
	{"increment", CFT_ATTR_SEQ_INCREMENT}, {"minvalue", CFT_ATTR_SEQ_MIN},
	{"maxvalue", CFT_ATTR_SEQ_MAX},        {"start", CFT_ATTR_SEQ_START},
	{"cache", CFT_ATTR_SEQ_CACHE},
};

static void fold_option(struct cft_reader *r, struct cft_object *obj, const PgQuery__DefElem *d)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < sizeof(options_table) / sizeof(options_table[0]); i++)
		if (strcmp(d->defname, options_table[i].word) == 0)
			cft_attr_set(r->s, obj, options_table[i].id, "", number(r, d->arg), NULL,
			             r->env);
	if (strcmp(d->defname, "cycle") == 0) {
		bool on = d->arg == NULL || (d->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN &&
		                             d->arg->boolean->boolval);
		cft_attr_set(r->s, obj, CFT_ATTR_SEQ_CYCLE, "", on ? "CYCLE" : NULL, NULL, r->env);
	} else if (strcmp(d->defname, "owned_by") == 0) {
		fold_owned_by(r, obj, d->arg);
	} else if (strcmp(d->defname, "as") == 0 && d->arg != NULL) {
		cft_tree_type(d->arg->type_name, r->env, false, &buf);
		cft_attr_set(r->s, obj, CFT_ATTR_SEQ_TYPE, "", cft_buf_str(&buf), NULL, r->env);
		cft_buf_release(&buf);
	}
}

void cft_fold_sequence_options(struct cft_reader *r, struct cft_object *obj,
                               PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM)
			fold_option(r, obj, options[i]->def_elem);
}

static void clear_if(struct cft_object *obj, enum cft_attr_id id, const char *value)
{
	if (strcmp(cft_attr_text(obj, id, ""), value) == 0)
		cft_attr_clear(obj, id, "");
}

static const char *bound(const char *type, bool max)
{
	if (strncmp(type, "smallint", 8) == 0)
		return max ? "32767" : "-32768";
	if (strncmp(type, "integer", 7) == 0)
		return max ? "2147483647" : "-2147483648";
	return max ? "9223372036854775807" : "-9223372036854775808";
}

static const char *sequence_type(const struct cft_object *obj)
{
	const struct cft_attr *a = cft_attr_find(obj, CFT_ATTR_TYPE, "");
	const char *schema, *name;

	if (obj->kind != CFT_KIND_COLUMN || a == NULL)
		return cft_attr_text(obj, CFT_ATTR_SEQ_TYPE, "");
	const PgQuery__TypeName *t = (const PgQuery__TypeName *)a->node;
	cft_names_split(t->names, t->n_names, &schema, &name);
	const char *text = cft_type_builtin(name);
	return text ? text : "bigint";
}

void cft_fold_sequence_defaults(struct cft_reader *r, struct cft_object *obj)
{
	const char *type = sequence_type(obj);
	bool down = cft_attr_text(obj, CFT_ATTR_SEQ_INCREMENT, "")[0] == '-';
	const char *min = down ? bound(type, false) : "1";
	const char *max = down ? "-1" : bound(type, true);

	(void)r;
	clear_if(obj, CFT_ATTR_SEQ_MIN, min);
	clear_if(obj, CFT_ATTR_SEQ_MAX, max);
	const char *own = cft_attr_text(obj, down ? CFT_ATTR_SEQ_MAX : CFT_ATTR_SEQ_MIN, "");
	const char *start = *own ? own : down ? max : min;
	clear_if(obj, CFT_ATTR_SEQ_START, start);
	clear_if(obj, CFT_ATTR_SEQ_INCREMENT, "1");
	clear_if(obj, CFT_ATTR_SEQ_CACHE, "1");
	clear_if(obj, CFT_ATTR_SEQ_TYPE, "bigint");
}

enum cft_fold cft_fold_create_sequence(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CreateSeqStmt *stmt = (const PgQuery__CreateSeqStmt *)msg;
	const PgQuery__RangeVar *rv = stmt->sequence;

	if (rv->relpersistence[0] == 't')
		return CFT_FOLD_DONE;
	struct cft_object *seq = cft_fold_object(r, CFT_KIND_SEQUENCE, rv->schemaname, rv->relname);
	if (seq == NULL)
		return CFT_FOLD_DONE;
	if (rv->relpersistence[0] == 'u')
		cft_attr_set(r->s, seq, CFT_ATTR_PERSISTENCE, "", "UNLOGGED", NULL, r->env);
	cft_fold_sequence_options(r, seq, stmt->options, stmt->n_options);
	cft_fold_sequence_defaults(r, seq);
	return CFT_FOLD_DONE;
}

enum cft_fold cft_fold_alter_sequence(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterSeqStmt *stmt = (const PgQuery__AlterSeqStmt *)msg;
	struct cft_object *seq = cft_fold_find_relation(r, stmt->sequence);

	if (seq == NULL && stmt->missing_ok)
		return CFT_FOLD_DONE;
	if (seq == NULL)
		return cft_fold_wait(r, stmt->sequence->schemaname, stmt->sequence->relname);
	cft_fold_sequence_options(r, seq, stmt->options, stmt->n_options);
	cft_fold_sequence_defaults(r, seq);
	seq->stale = true;
	return CFT_FOLD_DONE;
}

/* -- serial -- */

static PgQuery__Node **one_node(struct cft_reader *r, const ProtobufCMessage *msg)
{
	PgQuery__Node **list = cft_arena_array(arena(r), PgQuery__Node *, 1);

	list[0] = cft_node_wrap(arena(r), msg);
	return list;
}

static PgQuery__String *string_of(struct cft_reader *r, const char *text)
{
	PgQuery__String *s = cft_arena_new(arena(r), PgQuery__String);

	pg_query__string__init(s);
	s->sval = (char *)text;
	return s;
}

static PgQuery__TypeName *type_named(struct cft_reader *r, const char *name)
{
	PgQuery__TypeName *t = cft_arena_new(arena(r), PgQuery__TypeName);

	pg_query__type_name__init(t);
	t->names = one_node(r, &string_of(r, name)->base);
	t->n_names = 1;
	t->typemod = -1;
	return t;
}

/* nextval('seq'::regclass), as the parser would make it: parsing that text took a fifth of reading
 * a table. */
static const ProtobufCMessage *nextval_of(struct cft_reader *r, const char *ident)
{
	PgQuery__AConst *literal = cft_arena_new(arena(r), PgQuery__AConst);
	PgQuery__TypeCast *cast = cft_arena_new(arena(r), PgQuery__TypeCast);
	PgQuery__FuncCall *call = cft_arena_new(arena(r), PgQuery__FuncCall);

	pg_query__a__const__init(literal);
	literal->val_case = PG_QUERY__A__CONST__VAL_SVAL;
	literal->sval = string_of(r, ident);
	pg_query__type_cast__init(cast);
	cast->arg = cft_node_wrap(arena(r), &literal->base);
	cast->type_name = type_named(r, "regclass");
	pg_query__func_call__init(call);
	call->funcname = one_node(r, &string_of(r, "nextval")->base);
	call->n_funcname = 1;
	call->args = one_node(r, &cast->base);
	call->n_args = 1;
	call->funcformat = PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;
	return &call->base;
}

void cft_fold_serial(struct cft_reader *r, struct cft_object *column, const char *type,
                     bool inlined)
{
	struct cft_object *table = column->parent;
	const char *name = cft_fold_relation_name(r, table, column->name, "seq");
	struct cft_object *seq =
		cft_schema_add(r->s, CFT_KIND_SEQUENCE, table->schema, name, "", NULL);
	bool plain = strcmp(table->ident, cft_name_quote(arena(r), "", table->name)) == 0;
	struct cft_buf owner = CFT_BUF_INIT;

	seq->env = r->env;
	cft_fold_default_privileges(r, seq);
	seq->inline_in = inlined ? table : column;
	seq->stale = true;
	seq->ident = cft_name_quote(arena(r), plain ? "" : table->schema, name);
	if (strcmp(type, "int8") != 0)
		cft_attr_set(r->s, seq, CFT_ATTR_SEQ_TYPE, "", cft_type_builtin(type), NULL,
		             r->env);
	cft_buf_addf(&owner, "%s.", table->ident);
	cft_ident_quote(&owner, column->name);
	cft_attr_set(r->s, seq, CFT_ATTR_OWNED_BY, "", cft_buf_str(&owner), NULL, r->env);
	cft_buf_release(&owner);
	if (cft_attr_find(table, CFT_ATTR_PERSISTENCE, ""))
		cft_attr_set(r->s, seq, CFT_ATTR_PERSISTENCE, "", "UNLOGGED", NULL, r->env);
	column->serial = true;
	cft_attr_set(r->s, column, CFT_ATTR_TYPE, "", cft_type_builtin(type),
	             &type_named(r, type)->base, r->env);
	cft_attr_set(r->s, column, CFT_ATTR_NOT_NULL, "", "NOT NULL", NULL, r->env);
	cft_attr_set(r->s, column, CFT_ATTR_DEFAULT, "", NULL, nextval_of(r, seq->ident), r->env);
}
