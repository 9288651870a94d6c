/* Alter: one row per (kind, attribute) says how PostgreSQL changes it.
 * SPDX-License-Identifier: MIT
 *
 * In the templates: %T how statements name the object, %K its kind's word, %I its name, %P its
 * table, %N its own name, %V the new value, %O the old value, %S the option's name.
 */
#include "common/sql/diff/alter.h"

#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <string.h>

enum { ANY_KIND = -1 };

struct rule {
	int kind;
	enum cft_attr_id id;
	const char *set, *unset; /* templates; unset NULL: there is no way back */
	const char *lock;
	bool post; /* after everything else: it names other objects */
	bool rewrites;
	cft_alter_fn fn; /* instead of the templates */
};

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

	CUSTOM(K(COLUMN), A(TYPE), cft_alter_column_type, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(COLLATION), cft_alter_column_type, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(NOT_NULL), cft_alter_not_null, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(DEFAULT), cft_alter_default, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(IDENTITY), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_TYPE), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_INCREMENT), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_MIN), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_MAX), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_START), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_CACHE), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(SEQ_CYCLE), cft_alter_identity, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(STORAGE), cft_alter_storage, ACCESS_EXCLUSIVE),
	SIMPLE(K(COLUMN), A(COMPRESSION), "ALTER TABLE %P ALTER COLUMN %N SET COMPRESSION %V",
               "ALTER TABLE %P ALTER COLUMN %N SET COMPRESSION default", ACCESS_EXCLUSIVE),
	SIMPLE(K(COLUMN), A(STATISTICS), "ALTER %Q %P ALTER COLUMN %N SET STATISTICS %V",
               "ALTER %Q %P ALTER COLUMN %N SET STATISTICS -1", SHARE_UPDATE),
	SIMPLE(K(COLUMN), A(OPTION), "ALTER TABLE %P ALTER COLUMN %N SET (%S = %V)",
               "ALTER TABLE %P ALTER COLUMN %N RESET (%S)", SHARE_UPDATE),
	CUSTOM(K(COLUMN), A(FDW_OPTION), cft_alter_fdw_option, ACCESS_EXCLUSIVE),
	CUSTOM(K(COLUMN), A(GENERATED), cft_alter_generated, ACCESS_EXCLUSIVE),

	CUSTOM(ANY_KIND, A(OPTION), cft_alter_option, SHARE_UPDATE),
	CUSTOM(ANY_KIND, A(FDW_OPTION), cft_alter_fdw_option, ACCESS_EXCLUSIVE),
	{K(TABLE), A(PERSISTENCE), "ALTER TABLE %I SET UNLOGGED", "ALTER TABLE %I SET LOGGED",
         ACCESS_EXCLUSIVE, false, true, NULL},
	{K(SEQUENCE), A(PERSISTENCE), "ALTER SEQUENCE %I SET UNLOGGED",
         "ALTER SEQUENCE %I SET LOGGED", ACCESS_EXCLUSIVE, false, false, NULL},
	SIMPLE(K(TABLE), A(INHERITS), "ALTER TABLE %I INHERIT %V", "ALTER TABLE %I NO INHERIT %O",
               ACCESS_EXCLUSIVE),
	CUSTOM(K(TABLE), A(PARTITION_OF), cft_alter_partition, ACCESS_EXCLUSIVE),
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

	CUSTOM(K(SEQUENCE), A(SEQ_TYPE), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_INCREMENT), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_MIN), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_MAX), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_START), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_CACHE), cft_alter_sequence, SHARE_ROW),
	CUSTOM(K(SEQUENCE), A(SEQ_CYCLE), cft_alter_sequence, SHARE_ROW),
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
	CUSTOM(K(TS_CONFIG), A(MAPPING), cft_alter_mapping, ""),
	CUSTOM(K(PUBLICATION), A(MEMBER), cft_alter_member, SHARE_UPDATE),
	SIMPLE(K(EXTENSION), A(MEMBER), "ALTER EXTENSION %I SET SCHEMA %V",
               "ALTER EXTENSION %I SET SCHEMA public", ""),
	POST(K(INDEX), A(ATTACHED_TO), "ALTER INDEX %V ATTACH PARTITION %I", NULL, SHARE_UPDATE),
	CUSTOM(K(ENUM), A(LABELS), cft_alter_labels, ""),
	CUSTOM(K(CONSTRAINT), A(DEFINITION), cft_alter_definition, SHARE_ROW),
	CUSTOM(K(POLICY), A(DEFINITION), cft_alter_definition, ACCESS_EXCLUSIVE),
};
static const struct rule *rule_of(enum cft_kind kind, enum cft_attr_id id)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].id == id && (rules[i].kind == ANY_KIND || rules[i].kind == (int)kind))
			return &rules[i];
	return NULL;
}

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
		case 'N': /* an index has its columns by number */
			s = obj->parent && obj->parent->kind == CFT_KIND_INDEX ? obj->name
			                                                       : obj->ident;
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

void cft_alter_step(struct cft_diff *d, struct cft_node *node, const struct cft_env *env, char *sql,
                    const char *lock, const struct cft_object *obj)
{
	struct cft_step step = {.sql = sql, .lock = lock, .hazard = "", .transactional = true};

	if (sql == NULL) {
		cft_diff_refuse(d, obj, "its text cannot be printed faithfully");
		return;
	}
	cft_node_step(d, node, env, step);
}

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
		               ? cft_constraint_can_validate(a)
		               : cft_constraint_can_validate(a) || cft_constraint_can_alter(a);
	if (a->id == CFT_ATTR_DEFINITION && kind == CFT_KIND_POLICY)
		return cft_policy_can_alter(a);
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
	cft_alter_step(d, r->post ? post : node, a->new ? a->new->env : NULL,
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
