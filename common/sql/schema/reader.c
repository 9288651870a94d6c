/* Reader: drives statements into fold functions, in any order, and completes the model.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"

#include "common/sql/syntax/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

enum cft_fold cft_fold_wait(struct cft_reader *r, const char *schema, const char *name)
{
	r->missing = cft_name_quote(arena(r), schema, name ? name : "?");
	return CFT_FOLD_WAIT;
}

enum cft_fold cft_fold_refuse(struct cft_reader *r, const char *reason)
{
	r->reason = reason;
	return CFT_FOLD_REFUSE;
}

/* -- making objects -- */

static const char *printed_args(struct cft_reader *r, const struct cft_object *obj)
{
	if (*obj->args == '\0' || obj->args[0] == ' ')
		return obj->args;
	const char *args = obj->args;
	if (obj->kind == CFT_KIND_AGGREGATE && strcmp(args, "()") == 0)
		return "(*)";
	return cft_arena_strdup(arena(r), args);
}

void cft_fold_ident(struct cft_reader *r, struct cft_object *obj, bool qualified)
{
	bool plain = !qualified && strcmp(obj->schema, "public") == 0;
	const char *schema = plain ? "" : obj->schema;
	const char *name;

	if (obj->kind == CFT_KIND_CAST || obj->kind == CFT_KIND_TRANSFORM ||
	    obj->kind == CFT_KIND_USER_MAPPING || obj->kind == CFT_KIND_DEFAULT_ACL)
		name = obj->name;
	else if (obj->kind == CFT_KIND_OPERATOR)
		name = *schema ? cft_arena_printf(arena(r), "%s.%s",
		                                  cft_name_quote(arena(r), "", schema), obj->name)
		               : obj->name;
	else
		name = cft_name_quote(arena(r), schema, obj->name);
	obj->ident = *obj->args ? cft_arena_printf(arena(r), "%s%s%s", name,
	                                           obj->kind == CFT_KIND_OPERATOR ? " " : "",
	                                           printed_args(r, obj))
	                        : name;
}

static bool if_not_exists(const ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, "if_not_exists");

	return f != NULL &&
	       *(const protobuf_c_boolean *)(const void *)((const char *)msg + f->offset);
}

struct cft_object *cft_fold_object(struct cft_reader *r, enum cft_kind kind, const char *schema,
                                   const char *name)
{
	bool qualified = schema != NULL && *schema != '\0';
	const char *in = qualified ? schema : cft_env_current(r->env);

	if (if_not_exists(r->msg) && cft_schema_find(r->s, cft_kind_space(kind), in, name))
		return NULL;
	struct cft_object *obj = cft_schema_add(r->s, kind, in, name, "", NULL);
	obj->env = r->env;
	obj->node = r->msg;
	obj->text = r->stmt->text;
	obj->text_len = r->stmt->len;
	obj->stale = r->created != NULL || if_not_exists(r->msg);
	cft_fold_ident(r, obj, qualified);
	cft_fold_default_privileges(r, obj);
	return obj;
}

struct cft_object *cft_fold_child(struct cft_reader *r, enum cft_kind kind, const char *name,
                                  struct cft_object *parent)
{
	struct cft_object *obj = cft_schema_add(r->s, kind, parent->schema, name, "", parent);

	obj->env = r->env;
	obj->ident = cft_name_quote(arena(r), "", name);
	return obj;
}

struct cft_object *cft_fold_find_relation(struct cft_reader *r, const PgQuery__RangeVar *rv)
{
	return cft_env_relation(r->env, rv->schemaname, rv->relname);
}

/* -- search_path -- */

static void set_path(struct cft_reader *r, const char *const *schemas, size_t n)
{
	struct cft_env *env = cft_arena_new(arena(r), struct cft_env);
	struct cft_buf sql = CFT_BUF_INIT;

	env->schema = r->s;
	cft_buf_adds(&sql, "SET search_path = ");
	for (size_t i = 0; i < n; i++) {
		cft_buf_adds(&sql, i ? ", " : "");
		cft_ident_quote(&sql, schemas[i]);
		if (env->path_count < 8 && strcmp(schemas[i], "pg_catalog") != 0 &&
		    strcmp(schemas[i], "$user") != 0 && *schemas[i] != '\0')
			env->path[env->path_count++] = schemas[i];
	}
	if (env->path_count == 0) {
		env->path[env->path_count++] = "public";
		cft_buf_clear(&sql);
	}
	if (strcmp(env->path[0], "public") != 0)
		env->set_sql = cft_arena_strdup(arena(r), cft_buf_str(&sql));
	cft_buf_release(&sql);
	r->env = env;
}

static enum cft_fold fold_set(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__VariableSetStmt *s = (const PgQuery__VariableSetStmt *)msg;
	const char *schemas[8];
	size_t n = 0;

	if (s->name != NULL && strcmp(s->name, "role") == 0)
		r->role = s->n_args == 1 && s->args[0]->node_case == PG_QUERY__NODE__NODE_A_CONST &&
		                          s->args[0]->a_const->val_case ==
		                                  PG_QUERY__A__CONST__VAL_SVAL &&
		                          strcmp(s->args[0]->a_const->sval->sval, "none") != 0
		                  ? s->args[0]->a_const->sval->sval
		                  : NULL;
	if (s->name == NULL || strcmp(s->name, "search_path") != 0)
		return CFT_FOLD_DONE;
	for (size_t i = 0; i < s->n_args && n < 8; i++)
		if (s->args[i]->node_case == PG_QUERY__NODE__NODE_A_CONST &&
		    s->args[i]->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL)
			schemas[n++] = s->args[i]->a_const->sval->sval;
	set_path(r, schemas, n);
	return CFT_FOLD_DONE;
}

/* pg_dump: SELECT pg_catalog.set_config('search_path', '', false) */
static enum cft_fold fold_select(struct cft_reader *r, const ProtobufCMessage *msg)
{
	(void)msg;
	if (strstr(r->stmt->text, "set_config('search_path'") != NULL) {
		set_path(r, NULL, 0);
		r->s->is_dump = true;
	}
	return CFT_FOLD_DONE;
}

/* A word of code that may change the schema: CREATE, ALTER, DROP of anything but roles, and EXECUTE
 * of what is not written there. */
static bool dangerous(const char *p)
{
	static const char *const verbs[] = {"create", "alter", "drop"};
	static const char *const harmless[] = {"role", "user", "group", "database"};
	size_t n = 0;

	if (strncasecmp(p, "execute", 7) == 0) {
		p += 7 + strspn(p + 7, " \t\n\r");
		return *p != '\'' && strncasecmp(p, "format('", 8) != 0;
	}
	for (size_t i = 0; i < 3; i++)
		if (strncasecmp(p, verbs[i], strlen(verbs[i])) == 0)
			n = strlen(verbs[i]);
	if (n == 0 || strspn(p + n, " \t\n\r") == 0)
		return false;
	p += n + strspn(p + n, " \t\n\r");
	for (size_t i = 0; i < 4; i++)
		if (strncasecmp(p, harmless[i], strlen(harmless[i])) == 0)
			return false;
	return true;
}

/* DO blocks run code: refused where that could change the schema. */
static enum cft_fold fold_do(struct cft_reader *r, const ProtobufCMessage *msg)
{
	bool word = false;

	(void)msg;
	for (const char *p = r->stmt->text; *p != '\0'; p++) {
		bool letter = isalnum((unsigned char)*p) || *p == '_';
		if (letter && !word && dangerous(p))
			return cft_fold_refuse(r, "a DO block may change the schema; what it "
			                          "does cannot be read from its text");
		word = letter;
	}
	return CFT_FOLD_DONE;
}

static enum cft_fold fold_nothing(struct cft_reader *r, const ProtobufCMessage *msg)
{
	(void)r;
	(void)msg;
	return CFT_FOLD_DONE;
}

static enum cft_fold fold_table_as(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__CreateTableAsStmt *s = (const PgQuery__CreateTableAsStmt *)msg;

	if (s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW)
		return cft_fold_define(r, msg);
	if (s->into->rel->relpersistence[0] == 't')
		return CFT_FOLD_DONE;
	return cft_fold_refuse(r, "the columns of CREATE TABLE AS cannot be read from its text; "
	                          "write CREATE TABLE");
}

#define ROW(type, fn)                               \
	{                                           \
		&pg_query__##type##__descriptor, fn \
	}

static const struct {
	const ProtobufCMessageDescriptor *type;
	cft_fold_fn fn;
} folds[] = {
	ROW(create_stmt, cft_fold_create_table),
	ROW(alter_table_stmt, cft_fold_alter_table),
	ROW(index_stmt, cft_fold_index),
	ROW(comment_stmt, cft_fold_comment),
	ROW(create_function_stmt, cft_fold_define),
	ROW(create_seq_stmt, cft_fold_create_sequence),
	ROW(alter_seq_stmt, cft_fold_alter_sequence),
	ROW(alter_owner_stmt, cft_fold_owner),
	ROW(grant_stmt, cft_fold_grant),
	ROW(alter_default_privileges_stmt, cft_fold_default_acl),
	ROW(view_stmt, cft_fold_define),
	ROW(create_table_as_stmt, fold_table_as),
	ROW(create_trig_stmt, cft_fold_define),
	ROW(rule_stmt, cft_fold_define),
	ROW(create_policy_stmt, cft_fold_define),
	ROW(create_enum_stmt, cft_fold_define),
	ROW(alter_enum_stmt, cft_fold_alter_enum),
	ROW(create_domain_stmt, cft_fold_domain),
	ROW(alter_domain_stmt, cft_fold_alter_domain),
	ROW(composite_type_stmt, cft_fold_composite),
	ROW(create_range_stmt, cft_fold_define),
	ROW(define_stmt, cft_fold_define),
	ROW(create_schema_stmt, cft_fold_create_schema),
	ROW(create_extension_stmt, cft_fold_define),
	ROW(create_foreign_table_stmt, cft_fold_create_foreign_table),
	ROW(create_event_trig_stmt, cft_fold_define),
	ROW(create_publication_stmt, cft_fold_define),
	ROW(create_subscription_stmt, cft_fold_define),
	ROW(create_stats_stmt, cft_fold_define),
	ROW(create_cast_stmt, cft_fold_define),
	ROW(create_op_class_stmt, cft_fold_define),
	ROW(create_op_family_stmt, cft_fold_define),
	ROW(create_conversion_stmt, cft_fold_define),
	ROW(create_fdw_stmt, cft_fold_define),
	ROW(create_foreign_server_stmt, cft_fold_define),
	ROW(create_user_mapping_stmt, cft_fold_define),
	ROW(create_plang_stmt, cft_fold_define),
	ROW(create_am_stmt, cft_fold_define),
	ROW(create_transform_stmt, cft_fold_define),
	ROW(sec_label_stmt, cft_fold_label),
	ROW(rename_stmt, cft_fold_rename),
	ROW(alter_object_schema_stmt, cft_fold_set_schema),
	ROW(drop_stmt, cft_fold_drop),
	ROW(alter_function_stmt, cft_fold_alter_misc),
	ROW(alter_policy_stmt, cft_fold_alter_misc),
	ROW(alter_event_trig_stmt, cft_fold_alter_misc),
	ROW(alter_publication_stmt, cft_fold_alter_misc),
	ROW(alter_tsconfiguration_stmt, cft_fold_alter_misc),
	ROW(alter_tsdictionary_stmt, cft_fold_alter_misc),
	ROW(alter_stats_stmt, cft_fold_alter_misc),
	ROW(alter_fdw_stmt, cft_fold_alter_misc),
	ROW(alter_foreign_server_stmt, cft_fold_alter_misc),
	ROW(alter_user_mapping_stmt, cft_fold_alter_misc),
	ROW(alter_op_family_stmt, cft_fold_alter_misc),
	ROW(variable_set_stmt, fold_set),
	ROW(select_stmt, fold_select),
	ROW(do_stmt, fold_do),
	/* data, sessions and clusters are not of the schema */
	ROW(insert_stmt, fold_nothing),
	ROW(update_stmt, fold_nothing),
	ROW(delete_stmt, fold_nothing),
	ROW(copy_stmt, fold_nothing),
	ROW(truncate_stmt, fold_nothing),
	ROW(transaction_stmt, fold_nothing),
	ROW(vacuum_stmt, fold_nothing),
	ROW(variable_show_stmt, fold_nothing),
	ROW(create_role_stmt, fold_nothing),
	ROW(alter_role_stmt, fold_nothing),
	ROW(alter_role_set_stmt, fold_nothing),
	ROW(drop_role_stmt, fold_nothing),
	ROW(grant_role_stmt, fold_nothing),
	ROW(createdb_stmt, fold_nothing),
	ROW(alter_database_stmt, fold_nothing),
	ROW(alter_database_set_stmt, fold_nothing),
	ROW(alter_extension_stmt, fold_nothing),
	ROW(refresh_mat_view_stmt, fold_nothing),
	ROW(cluster_stmt, fold_nothing),
	ROW(reindex_stmt, fold_nothing),
	ROW(lock_stmt, fold_nothing),
	ROW(notify_stmt, fold_nothing),
	ROW(discard_stmt, fold_nothing),
	ROW(constraints_set_stmt, fold_nothing),
	ROW(call_stmt, fold_nothing),
};

enum cft_fold cft_fold_read_element(struct cft_reader *r, const ProtobufCMessage *msg);

enum cft_fold cft_fold_read_element(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const ProtobufCMessage *outer = r->msg;
	enum cft_fold fold = CFT_FOLD_REFUSE;

	r->msg = msg;
	r->reason = "statements of this kind are not modelled";
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (msg != NULL && folds[i].type == msg->descriptor) {
			fold = folds[i].fn(r, msg);
			break;
		}
	r->msg = outer;
	return fold;
}

/* -- the whole text -- */

struct waiting {
	const struct cft_sql_stmt *stmt;
	const struct cft_env *env;
};

static const char *first_words(struct cft_reader *r, const struct cft_sql_stmt *stmt)
{
	size_t n = stmt->len < 60 ? stmt->len : 60;
	char *text = cft_arena_strndup(arena(r), stmt->text, n);

	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t' || *p == '\r')
			*p = ' ';
	return text;
}

static void refuse(struct cft_reader *r, const struct cft_sql_stmt *stmt, const char *reason)
{
	struct cft_refusal refusal = {
		cft_arena_printf(arena(r), "line %d: %s", stmt->line, first_words(r, stmt)),
		cft_arena_strdup(arena(r), reason)};

	struct cft_unread unread = {stmt->text, stmt->len};

	cft_vec_push_in(arena(r), &r->s->refused, refusal);
	cft_vec_push_in(arena(r), &r->s->unread, unread);
}

static enum cft_fold read_statement(struct cft_reader *r, const struct cft_sql_stmt *stmt)
{
	r->stmt = stmt;
	r->s->by = stmt;
	if (stmt->tree == NULL) {
		refuse(r, stmt, stmt->opaque ? stmt->opaque : "not understood");
		return CFT_FOLD_DONE;
	}
	enum cft_fold fold = cft_fold_read_element(r, cft_node_message(stmt->tree));
	if (fold == CFT_FOLD_REFUSE)
		refuse(r, stmt, r->reason);
	return fold;
}

/* Rounds over what waits until a round brings nothing more. */
static void read_waiting(struct cft_reader *r, struct waiting *v, size_t n)
{
	bool progress = true;

	while (progress && n > 0) {
		size_t kept = 0;
		progress = false;
		for (size_t i = 0; i < n; i++) {
			r->env = v[i].env;
			if (read_statement(r, v[i].stmt) == CFT_FOLD_WAIT)
				v[kept++] = v[i];
			else
				progress = true;
		}
		n = kept;
	}
	for (size_t i = 0; i < n; i++) {
		r->env = v[i].env;
		read_statement(r, v[i].stmt);
		refuse(r, v[i].stmt,
		       cft_arena_printf(arena(r), "names %s, which the text does not define",
		                        r->missing ? r->missing : "an object"));
	}
}

static void read_all(struct cft_reader *r, const struct cft_sql_script *script)
{
	CFT_VEC(struct waiting) waiting = {0};

	for (size_t i = 0; i < script->n; i++) {
		const struct cft_env *env = r->env;
		if (read_statement(r, &script->v[i]) == CFT_FOLD_WAIT) {
			struct waiting w = {&script->v[i], env};
			cft_vec_push(&waiting, w);
		}
	}
	read_waiting(r, waiting.v, waiting.n);
	cft_vec_release(&waiting);
}

static int read_deep(void *arg)
{
	struct cft_schema *s = arg;
	struct cft_reader r = {.s = s};

	set_path(&r, NULL, 0);
	read_all(&r, &s->script);
	cft_schema_finish(s);
	return 0;
}

int cft_schema_read_beside(const char *text, size_t len, const char *name,
                           const struct cft_schema *other, struct cft_schema **ret,
                           struct cft_err *err)
{
	const struct cft_parse_options options = {.max_bytes = 256 << 20,
	                                          .psql = true,
	                                          .keep = true,
	                                          .known = other ? &other->script : NULL};
	struct cft_schema *s = cft_schema_new();
	int rc = cft_sql_parse(text, len, &options, &s->arena, &s->script, err);

	if (rc == 0) {
		if (len > 0 && strstr(text, "PostgreSQL database dump") != NULL &&
		    strstr(text, "set_config('search_path'") != NULL)
			s->is_dump = true;
		s->text = cft_arena_strndup(&s->arena, text, len);
		s->text_len = len;
		rc = cft_sql_deep(s->script.max_tokens, read_deep, s, err);
	}
	if (rc != 0) {
		if (err != NULL && name != NULL)
			cft_err_at(err, name, err->line, err->column);
		cft_schema_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

int cft_schema_read_text(const char *text, size_t len, const char *name, struct cft_schema **ret,
                         struct cft_err *err)
{
	return cft_schema_read_beside(text, len, name, NULL, ret, err);
}
