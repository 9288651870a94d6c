/* Alter: one row per (kind, attribute) says how PostgreSQL changes it.
 * SPDX-License-Identifier: MIT
 *
 * In the templates: %T how statements name the object, %K its kind's word, %I its name, %P its
 * table, %N its own name, %V the new value, %O the old value, %S the option's name.
 */
#include "common/sql/diff.h"
#include "common/sql/name.h"
#include "common/sql/print.h"

#include <stdlib.h>
#include <string.h>

#define ACCESS_EXCLUSIVE "ACCESS EXCLUSIVE"
#define SHARE_UPDATE     "SHARE UPDATE EXCLUSIVE"
#define SHARE_ROW        "SHARE ROW EXCLUSIVE"

enum { ANY_KIND = -1 };

typedef void (*alter_fn)(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);

struct rule {
	int kind;
	enum cft_attr_id id;
	const char *set, *unset; /* templates; unset NULL: there is no way back */
	const char *lock;
	bool post; /* after everything else: it names other objects */
	bool rewrites;
	alter_fn fn; /* instead of the templates */
};

static void alter_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);
static void alter_fdw_option(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node);
static void alter_not_null(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node);
static void alter_default(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node);
static void alter_column_type(struct cft_diff *d, struct cft_delta *x,
                              const struct cft_attr_delta *a, struct cft_node *node);
static void alter_identity(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node);
static void alter_sequence(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node);
static void alter_storage(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node);
static void alter_partition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                            struct cft_node *node);
static void alter_mapping(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node);
static void alter_member(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);
static void alter_labels(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);
static void alter_definition(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node);

#define K(name) CFT_KIND_##name
#define A(name) CFT_ATTR_##name
#define SIMPLE(kind, attr, set, unset, lock)                     \
	{                                                        \
		kind, attr, set, unset, lock, false, false, NULL \
	}
#define POST(kind, attr, set, unset, lock)                      \
	{                                                       \
		kind, attr, set, unset, lock, true, false, NULL \
	}
#define CUSTOM(kind, attr, fn, lock)                           \
	{                                                      \
		kind, attr, NULL, NULL, lock, false, false, fn \
	}

static const struct rule rules[] = {
	SIMPLE(ANY_KIND, A(COMMENT), "COMMENT ON %T IS %V", "COMMENT ON %T IS NULL", SHARE_UPDATE),
	SIMPLE(ANY_KIND, A(SECURITY_LABEL), "SECURITY LABEL FOR %S ON %T IS %V",
               "SECURITY LABEL FOR %S ON %T IS NULL", SHARE_UPDATE),
	SIMPLE(ANY_KIND, A(OWNER), "ALTER %T OWNER TO %V", "ALTER %T OWNER TO CURRENT_USER",
               ACCESS_EXCLUSIVE),

	CUSTOM(K(COLUMN), A(TYPE), alter_column_type, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(COLLATION), alter_column_type, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(NOT_NULL), alter_not_null, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(DEFAULT), alter_default, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(IDENTITY), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_TYPE), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_INCREMENT), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_MIN), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_MAX), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_START), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_CACHE), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_CYCLE), alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(STORAGE), alter_storage, ACCESS_EXCLUSIVE),
	SIMPLE(K(COLUMN), A(COMPRESSION), "ALTER TABLE %P ALTER COLUMN %N SET COMPRESSION %V",
               "ALTER TABLE %P ALTER COLUMN %N SET COMPRESSION default", ACCESS_EXCLUSIVE),
	SIMPLE(K(COLUMN), A(STATISTICS), "ALTER %Q %P ALTER COLUMN %N SET STATISTICS %V",
               "ALTER %Q %P ALTER COLUMN %N SET STATISTICS -1", SHARE_UPDATE),
	SIMPLE(K(COLUMN), A(OPTION), "ALTER TABLE %P ALTER COLUMN %N SET (%S = %V)",
               "ALTER TABLE %P ALTER COLUMN %N RESET (%S)", SHARE_UPDATE),
	CUSTOM(K(COLUMN), A(FDW_OPTION), alter_fdw_option, ACCESS_EXCLUSIVE),
	SIMPLE(K(COLUMN), A(GENERATED), NULL, "ALTER TABLE %P ALTER COLUMN %N DROP EXPRESSION",
               ACCESS_EXCLUSIVE),

	CUSTOM(ANY_KIND, A(OPTION), alter_option, SHARE_UPDATE),
	CUSTOM(ANY_KIND, A(FDW_OPTION), alter_fdw_option, ACCESS_EXCLUSIVE),
	{K(TABLE), A(PERSISTENCE), "ALTER TABLE %I SET UNLOGGED", "ALTER TABLE %I SET LOGGED",
         ACCESS_EXCLUSIVE, false, true, NULL},
	{K(SEQUENCE), A(PERSISTENCE), "ALTER SEQUENCE %I SET UNLOGGED",
         "ALTER SEQUENCE %I SET LOGGED", ACCESS_EXCLUSIVE, false, false, NULL},
	SIMPLE(K(TABLE), A(INHERITS), "ALTER TABLE %I INHERIT %V", "ALTER TABLE %I NO INHERIT %O",
               ACCESS_EXCLUSIVE),
	CUSTOM(K(TABLE), A(PARTITION_OF), alter_partition, ACCESS_EXCLUSIVE),
	SIMPLE(K(TABLE), A(OF_TYPE), "ALTER TABLE %I OF %V", "ALTER TABLE %I NOT OF",
               ACCESS_EXCLUSIVE),
	{ANY_KIND, A(TABLESPACE), "ALTER %K %I SET TABLESPACE %V",
         "ALTER %K %I SET TABLESPACE pg_default", ACCESS_EXCLUSIVE, false, true, NULL},
	{K(TABLE), A(ACCESS_METHOD), "ALTER TABLE %I SET ACCESS METHOD %V",
         "ALTER TABLE %I SET ACCESS METHOD heap", ACCESS_EXCLUSIVE, false, true, NULL},
	SIMPLE(K(TABLE), A(ROW_SECURITY), "ALTER TABLE %I ENABLE ROW LEVEL SECURITY",
               "ALTER TABLE %I DISABLE ROW LEVEL SECURITY", ACCESS_EXCLUSIVE),
	SIMPLE(K(TABLE), A(FORCE_ROW_SECURITY), "ALTER TABLE %I FORCE ROW LEVEL SECURITY",
               "ALTER TABLE %I NO FORCE ROW LEVEL SECURITY", ACCESS_EXCLUSIVE),
	POST(ANY_KIND, A(REPLICA_IDENTITY), "ALTER TABLE %I REPLICA IDENTITY %V",
             "ALTER TABLE %I REPLICA IDENTITY DEFAULT", ACCESS_EXCLUSIVE),
	POST(ANY_KIND, A(CLUSTER), "ALTER %K %I CLUSTER ON %V", "ALTER %K %I SET WITHOUT CLUSTER",
             SHARE_UPDATE),

	CUSTOM(K(SEQUENCE), A(SEQ_TYPE), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_INCREMENT), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_MIN), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_MAX), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_START), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_CACHE), alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_CYCLE), alter_sequence, SHARE_ROW),
	POST(K(SEQUENCE), A(OWNED_BY), "ALTER SEQUENCE %I OWNED BY %V",
             "ALTER SEQUENCE %I OWNED BY NONE", SHARE_ROW),

	SIMPLE(K(DOMAIN), A(DEFAULT), "ALTER DOMAIN %I SET DEFAULT %V",
               "ALTER DOMAIN %I DROP DEFAULT", ""),
	SIMPLE(K(DOMAIN), A(NOT_NULL), "ALTER DOMAIN %I SET NOT NULL",
               "ALTER DOMAIN %I DROP NOT NULL", ""),
	SIMPLE(K(TRIGGER), A(ENABLED), "ALTER TABLE %P %V TRIGGER %N",
               "ALTER TABLE %P ENABLE TRIGGER %N", SHARE_ROW),
	SIMPLE(K(RULE), A(ENABLED), "ALTER TABLE %P %V RULE %N", "ALTER TABLE %P ENABLE RULE %N",
               ACCESS_EXCLUSIVE),
	SIMPLE(K(EVENT_TRIGGER), A(ENABLED), "ALTER EVENT TRIGGER %I %V",
               "ALTER EVENT TRIGGER %I ENABLE", ""),
	SIMPLE(K(STATISTICS), A(STATISTICS), "ALTER STATISTICS %I SET STATISTICS %V",
               "ALTER STATISTICS %I SET STATISTICS -1", SHARE_UPDATE),
	CUSTOM(K(TS_CONFIG), A(MAPPING), alter_mapping, ""),
	CUSTOM(K(PUBLICATION), A(MEMBER), alter_member, SHARE_UPDATE),
	SIMPLE(K(EXTENSION), A(MEMBER), "ALTER EXTENSION %I SET SCHEMA %V",
               "ALTER EXTENSION %I SET SCHEMA public", ""),
	POST(K(INDEX), A(ATTACHED_TO), "ALTER INDEX %V ATTACH PARTITION %I", NULL, SHARE_UPDATE),
	CUSTOM(K(ENUM), A(LABELS), alter_labels, ""),
	CUSTOM(K(CONSTRAINT), A(DEFINITION), alter_definition, SHARE_ROW),
	CUSTOM(K(POLICY), A(DEFINITION), alter_definition, ACCESS_EXCLUSIVE),
};

static const struct rule *rule_of(enum cft_kind kind, enum cft_attr_id id)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].id == id && (rules[i].kind == ANY_KIND || rules[i].kind == (int)kind))
			return &rules[i];
	return NULL;
}

/* ---- templates
 * ------------------------------------------------------------------------------------ */

static const char *relation_word(const struct cft_object *obj)
{
	return cft_kind_sql(obj->kind);
}

static char *value_of(struct cft_diff *d, const struct cft_attr *a)
{
	if (a == NULL)
		return cft_arena_strdup(d->arena, "");
	if (a->id == CFT_ATTR_OF_TYPE)
		return cft_type_text(d->arena, (const PgQuery__TypeName *)a->node);
	return a->text ? cft_arena_strdup(d->arena, a->text) : cft_print_expr(d->arena, a);
}

/* NULL if a value cannot be printed. */
static char *fill(struct cft_diff *d, const char *template, const struct cft_object *obj,
                  const struct cft_attr *old, const struct cft_attr *new, const char *sub)
{
	struct cft_buf buf = CFT_BUF_INIT;
	bool good = true;

	for (const char *p = template; *p != '\0'; p++) {
		const char *s = NULL;
		if (*p != '%') {
			cft_buf_addc(&buf, *p);
			continue;
		}
		switch (*++p) {
		case 'T':
			s = strcmp(sub, "index") == 0
			            ? cft_arena_printf(
					      d->arena, "INDEX %s",
					      cft_name_quote(d->arena, obj->schema, obj->name))
			            : cft_print_target(d->arena, obj);
			break;
		case 'K':
			s = cft_kind_sql(obj->kind);
			break;
		case 'I':
		case 'N':
			s = obj->ident;
			break;
		case 'P':
			s = obj->parent->ident;
			break;
		case 'Q':
			s = relation_word(obj->parent);
			break;
		case 'V':
			s = value_of(d, new);
			break;
		case 'O':
			s = value_of(d, old);
			break;
		default:
			s = sub;
			break;
		}
		good = good && s != NULL;
		cft_buf_adds(&buf, s ? s : "");
	}
	char *sql = good ? cft_arena_strndup(d->arena, cft_buf_str(&buf), buf.len) : NULL;
	cft_buf_release(&buf);
	return sql;
}

static void add_step(struct cft_diff *d, struct cft_node *node, const struct cft_env *env,
                     char *sql, const char *lock, const struct cft_object *obj)
{
	struct cft_step step = {.sql = sql, .lock = lock, .hazard = "", .transactional = true};

	if (sql == NULL) {
		cft_diff_refuse(d, obj, "its text cannot be printed faithfully");
		return;
	}
	cft_node_step(d, node, env, step);
}

/* ---- special cases
 * --------------------------------------------------------------------------------- */

static void alter_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	const struct cft_object *o = x->new;
	char *sql;

	if (o->kind == CFT_KIND_CONSTRAINT)
		return;
	if (a->new != NULL) {
		struct cft_buf v = CFT_BUF_INIT;
		cft_literal_add(&v, a->new->text);
		sql = cft_arena_printf(d->arena, "ALTER %s %s SET (%s = %s)", cft_kind_sql(o->kind),
		                       o->ident, a->sub, cft_buf_str(&v));
		cft_buf_release(&v);
	} else if (o->kind == CFT_KIND_PUBLICATION) {
		sql = cft_arena_printf(
			d->arena, "ALTER PUBLICATION %s SET (%s = %s)", o->ident, a->sub,
			strcmp(a->sub, "publish") == 0 ? "'insert, update, delete, truncate'"
						       : "false");
	} else {
		sql = cft_arena_printf(d->arena, "ALTER %s %s RESET (%s)", cft_kind_sql(o->kind),
		                       o->ident, a->sub);
	}
	add_step(d, node, NULL, sql, SHARE_UPDATE, o);
}

static void alter_fdw_option(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node)
{
	const struct cft_object *o = x->new;
	struct cft_buf v = CFT_BUF_INIT;
	const char *verb = a->new == NULL ? "DROP" : a->old == NULL ? "ADD" : "SET";

	if (o->kind == CFT_KIND_COLUMN)
		cft_buf_addf(&v, "ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s ",
		             o->parent->ident, o->ident, verb);
	else
		cft_buf_addf(&v, "ALTER %s OPTIONS (%s ", cft_print_target(d->arena, o), verb);
	cft_ident_quote(&v, a->sub);
	if (a->new != NULL) {
		cft_buf_addc(&v, ' ');
		cft_literal_add(&v, a->new->text);
	}
	cft_buf_addc(&v, ')');
	add_step(d, node, NULL, cft_arena_strdup(d->arena, cft_buf_str(&v)), ACCESS_EXCLUSIVE, o);
	cft_buf_release(&v);
}

static bool is_mere_default(const struct cft_delta *x)
{
	return x->new->parent->kind == CFT_KIND_VIEW;
}

static void alter_default(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const char *table = is_mere_default(x) ? "VIEW" : cft_kind_sql(o->parent->kind);
	char *expr = a->new ? cft_print_default(d->arena, x->new, a->new) : NULL;

	if (cft_delta_attr(x, CFT_ATTR_GENERATED) || cft_delta_attr(x, CFT_ATTR_TYPE) ||
	    cft_delta_attr(x, CFT_ATTR_COLLATION) || x->convert ||
	    cft_delta_attr(x, CFT_ATTR_IDENTITY))
		return; /* done together with that */
	if (a->new != NULL && expr == NULL) {
		cft_diff_refuse(d, o, "its default cannot be printed faithfully");
		return;
	}
	char *sql = expr ? cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s SET DEFAULT %s",
	                                    table, o->parent->ident, o->ident, expr)
	                 : cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s DROP DEFAULT",
	                                    table, o->parent->ident, o->ident);
	add_step(d, node, a->new ? a->new->env : NULL, sql, ACCESS_EXCLUSIVE, o);
}

/* A primary key that is made in the same script brings NOT NULL with it. */
static bool key_brings_not_null(const struct cft_diff *d, const struct cft_object *col)
{
	CFT_VEC_EACH (struct cft_object *, c, &col->parent->children) {
		const PgQuery__Constraint *k =
			CFT_AS(PgQuery__Constraint, pg_query__constraint, (*c)->node);
		const struct cft_delta *x = d->of_new[(*c)->index];
		if (k == NULL || x == NULL || x->op != CFT_DELTA_CREATE ||
		    k->contype != PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
			continue;
		for (size_t i = 0; i < k->n_keys; i++)
			if (strcmp(cft_node_string(k->keys[i]), col->name) == 0)
				return true;
	}
	return false;
}

static void alter_not_null(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const char *table = cft_kind_sql(o->parent->kind);
	bool set = a->new != NULL;

	if (set && o->implied_not_null && key_brings_not_null(d, o))
		return;
	if (set && cft_attr_find(o, CFT_ATTR_IDENTITY, "") && cft_delta_attr(x, CFT_ATTR_IDENTITY))
		return; /* goes before ADD GENERATED, see there */
	struct cft_step step = {
		.sql = cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s %s NOT NULL", table,
	                                o->parent->ident, o->ident, set ? "SET" : "DROP"),
		.lock = ACCESS_EXCLUSIVE,
		.hazard = set ? "fails if the column holds NULLs; scans the table under its lock"
	                      : "",
		.transactional = true,
		.rewrites = set,
	};
	cft_node_step(d, node, NULL, step);
}

static void alter_column_type(struct cft_diff *d, struct cft_delta *x,
                              const struct cft_attr_delta *a, struct cft_node *node)
{
	if (a->id == CFT_ATTR_COLLATION && cft_delta_attr(x, CFT_ATTR_TYPE))
		return;
	if (x->new->parent->kind == CFT_KIND_COMPOSITE) {
		add_step(d, node, x->new->env,
		         cft_arena_printf(d->arena, "ALTER TYPE %s ALTER ATTRIBUTE %s TYPE %s",
		                          x->new->parent->ident, x->new->ident,
		                          cft_print_type(d->arena, x->new)),
		         ACCESS_EXCLUSIVE, x->new);
		return;
	}
	if (cft_attr_find(x->new, CFT_ATTR_TYPE, ""))
		cft_emit_column_type(d, x, node);
}

static bool first_of(const struct cft_delta *x, const struct cft_attr_delta *a,
                     enum cft_attr_id from, enum cft_attr_id to)
{
	CFT_VEC_EACH (struct cft_attr_delta, b, &x->attrs)
		if (b->id >= from && b->id <= to)
			return b == a;
	return false;
}

static long long number_of(const struct cft_object *o, enum cft_attr_id id, long long dflt)
{
	const char *text = cft_attr_text(o, id, "");

	return *text ? strtoll(text, NULL, 10) : dflt;
}

static long long start_of(const struct cft_object *o)
{
	bool down = number_of(o, CFT_ATTR_SEQ_INCREMENT, 1) < 0;
	long long first =
		down ? number_of(o, CFT_ATTR_SEQ_MAX, -1) : number_of(o, CFT_ATTR_SEQ_MIN, 1);

	return number_of(o, CFT_ATTR_SEQ_START, first);
}

/* SET words of changed sequence options, "" values mean the default. */
static void add_sequence_changes(struct cft_delta *x, const char *set, struct cft_buf *out)
{
	static const struct {
		enum cft_attr_id id;
		const char *word, *none;
	} options[] = {
		{CFT_ATTR_SEQ_TYPE, "AS ", "AS bigint"},
		{CFT_ATTR_SEQ_INCREMENT, "INCREMENT BY ", "INCREMENT BY 1"},
		{CFT_ATTR_SEQ_MIN, "MINVALUE ", "NO MINVALUE"},
		{CFT_ATTR_SEQ_MAX, "MAXVALUE ", "NO MAXVALUE"},

		{CFT_ATTR_SEQ_CACHE, "CACHE ", "CACHE 1"},
		{CFT_ATTR_SEQ_CYCLE, "", "NO CYCLE"},
	};

	if (start_of(x->old) != start_of(x->new))
		cft_buf_addf(out, " %sSTART WITH %lld", set, start_of(x->new));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct cft_attr_delta *a = cft_delta_attr(x, options[i].id);
		if (a == NULL || (a->id == CFT_ATTR_SEQ_TYPE && *set))
			continue;
		if (a->new != NULL)
			cft_buf_addf(out, " %s%s%s", set, options[i].word, a->new->text);
		else
			cft_buf_addf(out, " %s%s", set, options[i].none);
	}
}

/* A bound that moves over the present value is refused: move the value first. */
static void move_value(struct cft_diff *d, struct cft_delta *x, struct cft_node *node)
{
	long long min = number_of(x->new, CFT_ATTR_SEQ_MIN, 1);
	struct cft_buf name = CFT_BUF_INIT;

	if (!cft_delta_attr(x, CFT_ATTR_SEQ_MIN) || min <= number_of(x->old, CFT_ATTR_SEQ_MIN, 1) ||
	    number_of(x->new, CFT_ATTR_SEQ_INCREMENT, 1) < 0)
		return;
	cft_literal_add(&name, x->new->ident);
	add_step(d, node, NULL,
	         cft_arena_printf(d->arena,
	                          "SELECT setval(%s, greatest(last_value, %lld), is_called AND "
	                          "last_value >= %lld) FROM %s",
	                          cft_buf_str(&name), min, min, x->new->ident),
	         "", x->new);
	cft_buf_release(&name);
}

static void alter_sequence(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (!first_of(x, a, CFT_ATTR_SEQ_TYPE, CFT_ATTR_SEQ_CYCLE))
		return;
	move_value(d, x, node);
	cft_buf_addf(&buf, "ALTER SEQUENCE %s", x->new->ident);
	add_sequence_changes(x, "", &buf);

	add_step(d, node, NULL, cft_arena_strdup(d->arena, cft_buf_str(&buf)), SHARE_ROW, x->new);
	cft_buf_release(&buf);
}

static void add_identity(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                         const char *where)
{
	const struct cft_object *o = x->new;

	if (!cft_attr_find(x->old, CFT_ATTR_NOT_NULL, ""))
		add_step(d, node, NULL, cft_arena_printf(d->arena, "%s SET NOT NULL", where),
		         ACCESS_EXCLUSIVE, o);
	add_step(d, node, NULL,
	         cft_arena_printf(d->arena, "%s ADD %s", where, cft_print_identity(d->arena, o)),
	         ACCESS_EXCLUSIVE, o);
}

static void alter_identity(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const struct cft_attr_delta *id = cft_delta_attr(x, CFT_ATTR_IDENTITY);
	const char *where = cft_arena_printf(d->arena, "ALTER TABLE %s ALTER COLUMN %s",
	                                     o->parent->ident, o->ident);
	struct cft_buf buf = CFT_BUF_INIT;

	if (id != NULL && a->id != CFT_ATTR_IDENTITY)
		return;
	if (id == NULL && !first_of(x, a, CFT_ATTR_SEQ_TYPE, CFT_ATTR_SEQ_CYCLE))
		return;
	if (id != NULL && id->new == NULL) {
		const struct cft_attr *dflt = cft_attr_find(o, CFT_ATTR_DEFAULT, "");
		char *expr = dflt ? cft_print_default(d->arena, x->new, dflt) : NULL;
		if (expr != NULL)
			add_step(d, node, dflt->env,
			         cft_arena_printf(d->arena, "%s SET DEFAULT %s", where, expr),
			         ACCESS_EXCLUSIVE, o);
		return;
	}
	if (id != NULL && id->old == NULL) {
		add_identity(d, x, node, where);
		return;
	}
	if (id != NULL)
		cft_buf_addf(&buf, " SET GENERATED %s", id->new->text);
	add_sequence_changes(x, "SET ", &buf);
	if (buf.len > 0)
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "%s%s", where, cft_buf_str(&buf)),
		         ACCESS_EXCLUSIVE, o);
	cft_buf_release(&buf);
}

static const char *default_storage(const struct cft_object *col)
{
	static const char *const plain[] = {"int4", "int8",      "int2",        "bool",   "date",
	                                    "uuid", "timestamp", "timestamptz", "float4", "float8"};
	const struct cft_attr *a = cft_attr_find(col, CFT_ATTR_TYPE, "");
	const char *schema, *name;

	if (a == NULL || a->node == NULL)
		return "EXTENDED";
	const PgQuery__TypeName *t = (const PgQuery__TypeName *)a->node;
	cft_names_split(t->names, t->n_names, &schema, &name);
	if (t->n_array_bounds)
		return "EXTENDED";
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(plain[i], name) == 0)
			return "PLAIN";
	return strcmp(name, "numeric") == 0 ? "MAIN" : "EXTENDED";
}

static void alter_storage(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node)
{
	add_step(d, node, NULL,
	         cft_arena_printf(d->arena, "ALTER %s %s ALTER COLUMN %s SET STORAGE %s",
	                          cft_kind_sql(x->new->parent->kind), x->new->parent->ident,
	                          x->new->ident, a->new ? a->new->text : default_storage(x->new)),
	         ACCESS_EXCLUSIVE, x->new);
}

static const PgQuery__RangeVar *partition_parent(const struct cft_attr *a)
{
	return ((const PgQuery__PartitionCmd *)a->node)->name;
}

static void alter_partition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                            struct cft_node *node)
{
	if (a->old != NULL) {
		const PgQuery__RangeVar *p = partition_parent(a->old);
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "ALTER TABLE %s DETACH PARTITION %s",
		                          cft_name_quote(d->arena, p->schemaname, p->relname),
		                          x->new->ident),
		         ACCESS_EXCLUSIVE, x->new);
	}
	if (a->new != NULL) {
		const PgQuery__RangeVar *p = partition_parent(a->new);
		char *bound = cft_print_partition(d->arena, a->new, true);
		add_step(d, node, a->new->env,
		         bound ? cft_arena_printf(
					 d->arena, "ALTER TABLE %s ATTACH PARTITION %s %s",
					 cft_name_quote(d->arena, p->schemaname, p->relname),
					 x->new->ident, bound)
		               : NULL,
		         ACCESS_EXCLUSIVE, x->new);
	}
}

static void alter_mapping(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node)
{
	const char *verb = a->new == NULL ? "DROP" : a->old == NULL ? "ADD" : "ALTER";

	add_step(d, node, NULL,
	         cft_arena_printf(d->arena,
	                          "ALTER TEXT SEARCH CONFIGURATION %s %s MAPPING FOR %s%s%s",
	                          x->new->ident, verb, a->sub, a->new ? " WITH " : "",
	                          a->new ? a->new->text : ""),
	         "", x->new);
}

static const char *member_name(struct cft_diff *d, const struct cft_attr *a)
{
	const char *end = strstr(a->text, " (");
	const char *where = strstr(a->text, " WHERE ");

	if (where != NULL && (end == NULL || where < end))
		end = where;
	return end ? cft_arena_strndup(d->arena, a->text, (size_t)(end - a->text)) : a->text;
}

static void alter_member(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	if (a->old != NULL)
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "ALTER PUBLICATION %s DROP %s", x->new->ident,
		                          member_name(d, a->old)),
		         SHARE_UPDATE, x->new);
	if (a->new != NULL)
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "ALTER PUBLICATION %s ADD %s", x->new->ident,
		                          a->new->text),
		         SHARE_UPDATE, x->new);
}

/* ---- enums
 * ------------------------------------------------------------------------------------------ */

static const PgQuery__CreateEnumStmt *labels_of(const struct cft_attr *a)
{
	return (const PgQuery__CreateEnumStmt *)a->node;
}

bool cft_labels_only_added(const struct cft_delta *x)
{
	const struct cft_attr_delta *a = cft_delta_attr(x, CFT_ATTR_LABELS);
	size_t k = 0;

	if (a == NULL)
		return true;
	const PgQuery__CreateEnumStmt *o = labels_of(a->old), *n = labels_of(a->new);
	for (size_t i = 0; i < n->n_vals && k < o->n_vals; i++)
		if (strcmp(cft_node_string(n->vals[i]), cft_node_string(o->vals[k])) == 0)
			k++;
	return k == o->n_vals;
}

static void alter_labels(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	const PgQuery__CreateEnumStmt *o = labels_of(a->old), *n = labels_of(a->new);

	for (size_t i = 0, k = 0; i < n->n_vals; i++) {
		struct cft_buf buf = CFT_BUF_INIT;
		if (k < o->n_vals &&
		    strcmp(cft_node_string(n->vals[i]), cft_node_string(o->vals[k])) == 0) {
			k++;
			continue;
		}
		cft_buf_addf(&buf, "ALTER TYPE %s ADD VALUE ", x->new->ident);
		cft_literal_add(&buf, cft_node_string(n->vals[i]));
		if (i > 0 && k < o->n_vals) {
			cft_buf_adds(&buf, " AFTER ");
			cft_literal_add(&buf, cft_node_string(n->vals[i - 1]));
		} else if (i == 0 && o->n_vals > 0) {
			cft_buf_adds(&buf, " BEFORE ");
			cft_literal_add(&buf, cft_node_string(o->vals[0]));
		}
		struct cft_step step = {
			.sql = cft_arena_strdup(d->arena, cft_buf_str(&buf)),
			.lock = "",
			.hazard = "the new value cannot be used before this is committed; a "
				  "value cannot be taken away again without making the type anew",
			.transactional = false,
		};
		cft_node_step(d, node, NULL, step);
		cft_buf_release(&buf);
	}
}

/* ---- constraints and policies
 * ------------------------------------------------------------------------ */

static bool only_differ_in(const struct cft_attr_delta *a, bool deferral)
{
	PgQuery__Constraint x = *(const PgQuery__Constraint *)a->old->node;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;
	struct cft_buf p = CFT_BUF_INIT, q = CFT_BUF_INIT;

	if (deferral) {
		x.deferrable = y->deferrable;
		x.initdeferred = y->initdeferred;
	} else {
		x.skip_validation = y->skip_validation;
		x.initially_valid = y->initially_valid;
	}
	cft_tree_canon(&x.base, a->old->env, NULL, CFT_CANON_EXACT, &p);
	cft_tree_canon(&y->base, a->new->env, NULL, CFT_CANON_EXACT, &q);
	bool same = strcmp(cft_buf_str(&p), cft_buf_str(&q)) == 0;
	cft_buf_release(&p);
	cft_buf_release(&q);
	return same;
}

static bool can_validate(const struct cft_attr_delta *a)
{
	const PgQuery__Constraint *x = (const PgQuery__Constraint *)a->old->node;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	return !x->initially_valid && x->skip_validation && !y->skip_validation &&
	       only_differ_in(a, false);
}

static bool can_alter_constraint(const struct cft_attr_delta *a)
{
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	return y->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN && only_differ_in(a, true);
}

static bool can_alter_policy(const struct cft_attr_delta *a)
{
	const PgQuery__CreatePolicyStmt *x = (const PgQuery__CreatePolicyStmt *)a->old->node;
	const PgQuery__CreatePolicyStmt *y = (const PgQuery__CreatePolicyStmt *)a->new->node;

	return strcmp(x->cmd_name, y->cmd_name) == 0 && x->permissive == y->permissive &&
	       (x->qual == NULL || y->qual != NULL) &&
	       (x->with_check == NULL || y->with_check != NULL);
}

static void alter_constraint(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const PgQuery__Constraint *y = (const PgQuery__Constraint *)a->new->node;

	if (can_validate(a))
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "ALTER %s %s VALIDATE CONSTRAINT %s",
		                          cft_kind_sql(o->parent->kind), o->parent->ident,
		                          o->ident),
		         SHARE_UPDATE, o);
	else
		add_step(d, node, NULL,
		         cft_arena_printf(d->arena, "ALTER TABLE %s ALTER CONSTRAINT %s %s%s",
		                          o->parent->ident, o->ident,
		                          y->deferrable ? "DEFERRABLE" : "NOT DEFERRABLE",
		                          y->initdeferred ? " INITIALLY DEFERRED" : ""),
		         SHARE_ROW, o);
}

static void alter_policy(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node)
{
	const struct cft_object *o = x->new;
	const PgQuery__CreatePolicyStmt *y = (const PgQuery__CreatePolicyStmt *)a->new->node;
	struct cft_buf buf = CFT_BUF_INIT;
	char *qual = y->qual ? cft_tree_print_expr(d->arena, y->qual) : NULL;
	char *check = y->with_check ? cft_tree_print_expr(d->arena, y->with_check) : NULL;

	cft_buf_addf(&buf, "ALTER POLICY %s ON %s TO ", o->ident, o->parent->ident);
	for (size_t i = 0; i < y->n_roles; i++) {
		const PgQuery__RoleSpec *r = y->roles[i]->role_spec;
		cft_buf_adds(&buf, i ? ", " : "");
		if (r->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC)
			cft_buf_adds(&buf, "PUBLIC");
		else if (r->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING)
			cft_ident_quote(&buf, r->rolename);
		else
			cft_buf_adds(&buf, "CURRENT_USER");
	}
	if (qual != NULL)
		cft_buf_addf(&buf, " USING (%s)", qual);
	if (check != NULL)
		cft_buf_addf(&buf, " WITH CHECK (%s)", check);
	bool good =
		(y->qual == NULL) == (qual == NULL) && (y->with_check == NULL) == (check == NULL);
	add_step(d, node, o->env, good ? cft_arena_strdup(d->arena, cft_buf_str(&buf)) : NULL,
	         ACCESS_EXCLUSIVE, o);
	cft_buf_release(&buf);
}

static void alter_definition(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node)
{
	if (x->new->kind == CFT_KIND_POLICY)
		alter_policy(d, x, a, node);
	else
		alter_constraint(d, x, a, node);
}

/* ---- entry
 * -------------------------------------------------------------------------------------------- */

bool cft_attr_alterable(const struct cft_diff *d, const struct cft_delta *x,
                        const struct cft_attr_delta *a)
{
	enum cft_kind kind = x->new->kind;
	const struct rule *r = rule_of(kind, a->id);

	(void)d;
	if (a->id == CFT_ATTR_ACL || a->id == CFT_ATTR_OWNER)
		return true;
	if (r == NULL)
		return false;
	if (a->id == CFT_ATTR_DEFINITION && kind == CFT_KIND_CONSTRAINT)
		return x->new->parent->kind == CFT_KIND_DOMAIN
		               ? can_validate(a)
		               : can_validate(a) || can_alter_constraint(a);
	if (a->id == CFT_ATTR_DEFINITION && kind == CFT_KIND_POLICY)
		return can_alter_policy(a);
	if (kind == CFT_KIND_COLUMN && a->id == CFT_ATTR_GENERATED)
		return a->new == NULL;
	if (r->fn != NULL)
		return true;
	return a->new != NULL ? r->set != NULL : r->unset != NULL;
}

static void emit_one(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                     struct cft_node *node, struct cft_node *post)
{
	const struct rule *r = rule_of(x->new->kind, a->id);
	const struct cft_object *obj = x->new;

	if (a->id == CFT_ATTR_ACL || r == NULL)
		return;
	if (r->fn != NULL) {
		r->fn(d, x, a, node);
		return;
	}
	const char *template = a->new ? r->set : r->unset;
	if (template == NULL)
		return;
	add_step(d, r->post ? post : node, a->new ? a->new->env : NULL,
	         fill(d, template, obj, a->old, a->new, a->sub), r->lock, obj);
}

void cft_emit_alter(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                    struct cft_node *post)
{
	CFT_VEC_EACH (struct cft_attr_delta, a, &x->attrs) {
		if (x->op == CFT_DELTA_SELF && a->id == CFT_ATTR_DEFINITION)
			continue;
		if (x->swap_type && a->id == CFT_ATTR_LABELS)
			continue;
		emit_one(d, x, a, node, post);
	}
	cft_emit_acl(d, x, node, false);
}

/* What the model printer of a kind writes itself. */
static bool printed_by_create(enum cft_kind kind, enum cft_attr_id id)
{
	switch ((int)kind) {
	case CFT_KIND_TABLE:
	case CFT_KIND_FOREIGN_TABLE:
		return id == CFT_ATTR_PERSISTENCE || id == CFT_ATTR_INHERITS ||
		       id == CFT_ATTR_PARTITION_BY || id == CFT_ATTR_PARTITION_OF ||
		       id == CFT_ATTR_OF_TYPE || id == CFT_ATTR_OPTION ||
		       id == CFT_ATTR_TABLESPACE || id == CFT_ATTR_ACCESS_METHOD ||
		       id == CFT_ATTR_FDW_OPTION || id == CFT_ATTR_MEMBER;
	case CFT_KIND_COLUMN:
		return id == CFT_ATTR_TYPE || id == CFT_ATTR_COLLATION || id == CFT_ATTR_NOT_NULL ||
		       id == CFT_ATTR_DEFAULT || id == CFT_ATTR_GENERATED ||
		       id == CFT_ATTR_IDENTITY || id == CFT_ATTR_COMPRESSION ||
		       id == CFT_ATTR_FDW_OPTION ||
		       (id >= CFT_ATTR_SEQ_TYPE && id <= CFT_ATTR_SEQ_CYCLE);
	case CFT_KIND_SEQUENCE:
		return id == CFT_ATTR_PERSISTENCE ||
		       (id >= CFT_ATTR_SEQ_TYPE && id <= CFT_ATTR_SEQ_CYCLE);
	case CFT_KIND_DOMAIN:
		return id == CFT_ATTR_TYPE || id == CFT_ATTR_COLLATION || id == CFT_ATTR_NOT_NULL ||
		       id == CFT_ATTR_DEFAULT;
	case CFT_KIND_PUBLICATION:
	case CFT_KIND_EXTENSION:
		return id == CFT_ATTR_MEMBER || id == CFT_ATTR_OPTION || id == CFT_ATTR_DEFINITION;
	case CFT_KIND_ENUM:
		return id == CFT_ATTR_LABELS;
	default:
		return id == CFT_ATTR_DEFINITION;
	}
}

static bool said_by_create(const struct cft_diff *d, const struct cft_delta *x,
                           const struct cft_attr *a)
{
	const struct cft_object *o = x->new;
	const struct cft_object *from = o->inline_in ? o->inline_in : o;
	bool source = cft_print_is_source(from) && o->kind != CFT_KIND_CONSTRAINT &&
	              (o->kind != CFT_KIND_COLUMN || o->inline_in != NULL);

	(void)d;
	if (o->kind == CFT_KIND_SEQUENCE && o->inline_in != NULL && a->id == CFT_ATTR_OWNED_BY)
		return cft_delta_merged_create(d, x);
	if (o->kind == CFT_KIND_COLUMN && o->parent->kind == CFT_KIND_VIEW)
		return false;
	if (o->kind == CFT_KIND_COLUMN && !cft_attr_find(o, CFT_ATTR_TYPE, "") &&
	    !cft_attr_find(o->parent, CFT_ATTR_PARTITION_OF, "") &&
	    !cft_attr_find(o->parent, CFT_ATTR_OF_TYPE, ""))
		return false; /* inherited: the CREATE does not mention it */
	if (source)
		return a->by == from->by;
	return printed_by_create(o->kind, a->id);
}

void cft_emit_late(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                   struct cft_node *post)
{
	CFT_VEC_EACH (struct cft_attr, a, &x->new->attrs) {
		struct cft_attr_delta delta = {a->id, a->sub, NULL, a};
		if (a->id != CFT_ATTR_ACL && !said_by_create(d, x, a))
			emit_one(d, x, &delta, node, post);
	}
	cft_emit_acl(d, x, node, true);
}
