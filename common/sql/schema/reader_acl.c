/* Reader of privileges: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.
 * SPDX-License-Identifier: MIT
 *
 * Kept as what differs from PostgreSQL's defaults, one attribute for each (privilege, column,
 * grantee): "grant", "grant option", "own grant option" where the privilege itself is the owner's
 * default, or "revoke" for a default that was taken away.
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

const char *cft_sql_role_name(struct cft_reader *r, const PgQuery__RoleSpec *role)
{
	switch (role->roletype) {
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_ROLE:
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_USER:
		return "CURRENT_USER";
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_SESSION_USER:
		return "SESSION_USER";
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC:
		return "PUBLIC";
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING:
	case PG_QUERY__ROLE_SPEC_TYPE__ROLE_SPEC_TYPE_UNDEFINED:
	case _PG_QUERY__ROLE_SPEC_TYPE_IS_INT_SIZE:
		break;
	}
	return cft_name_quote(arena(r), "", role->rolename);
}

struct acl_kind {
	const char *all[8];    /* what ALL means */
	const char *everybody; /* granted to PUBLIC by default */
};

static const struct acl_kind acl_table = {
	{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", NULL}, NULL};
static const struct acl_kind acl_column = {{"SELECT", "INSERT", "UPDATE", "REFERENCES", NULL},
                                           NULL};
static const struct acl_kind acl_sequence = {{"SELECT", "UPDATE", "USAGE", NULL}, NULL};
static const struct acl_kind acl_routine = {{"EXECUTE", NULL}, "EXECUTE"};
static const struct acl_kind acl_schema = {{"CREATE", "USAGE", NULL}, NULL};
static const struct acl_kind acl_public_schema = {{"CREATE", "USAGE", NULL}, "USAGE"};
static const struct acl_kind acl_type = {{"USAGE", NULL}, "USAGE"};
static const struct acl_kind acl_foreign = {{"USAGE", NULL}, NULL};

static const struct acl_kind *acl_of(const struct cft_object *obj, bool column)
{
	switch ((int)obj->kind) {
	case CFT_KIND_SEQUENCE:
		return &acl_sequence;
	case CFT_KIND_FUNCTION:
	case CFT_KIND_PROCEDURE:
	case CFT_KIND_AGGREGATE:
		return &acl_routine;
	case CFT_KIND_SCHEMA:
		return strcmp(obj->name, "public") == 0 ? &acl_public_schema : &acl_schema;
	case CFT_KIND_ENUM:
	case CFT_KIND_COMPOSITE:
	case CFT_KIND_RANGE:
	case CFT_KIND_BASE_TYPE:
	case CFT_KIND_DOMAIN:
	case CFT_KIND_LANGUAGE:
		return &acl_type;
	case CFT_KIND_FDW:
	case CFT_KIND_SERVER:
		return &acl_foreign;
	default:
		return column ? &acl_column : &acl_table;
	}
}

struct acl_change {
	const struct acl_kind *kind;
	bool grant, option, option_only;
	const char *column; /* "" for the whole object */
};

static bool by_default(const struct cft_object *obj, const struct acl_change *c, const char *priv,
                       const char *grantee)
{
	if (*c->column != '\0')
		return false;
	if (strcmp(grantee, "PUBLIC") == 0)
		return c->kind->everybody != NULL && strcmp(c->kind->everybody, priv) == 0;
	/* Where nobody says who owns it, it is most likely whom installations begin with. */
	const char *owner = cft_attr_text(obj, CFT_ATTR_OWNER, "");
	return strcmp(grantee, *owner ? owner : "postgres") == 0;
}

static void change_one(struct cft_reader *r, struct cft_object *obj, const struct acl_change *c,
                       const char *priv, const char *grantee)
{
	const char *sub = cft_arena_printf(arena(r), "%s|%s|%s", grantee, c->column, priv);
	const char *now = cft_attr_text(obj, CFT_ATTR_ACL, sub);
	bool standard = by_default(obj, c, priv, grantee);
	const char *to = NULL;

	if (c->grant)
		to = c->option ? (standard ? "own grant option" : "grant option")
		               : (standard ? NULL : "grant");
	else if (c->option_only)
		to = *now && !standard ? "grant" : NULL;
	else
		to = standard ? "revoke" : NULL;
	if (c->grant && strstr(now, "grant option") != NULL)
		to = now;
	cft_attr_set(r->s, obj, CFT_ATTR_ACL, sub, to, NULL, r->env);
}

static const char *upper(struct cft_reader *r, const char *s)
{
	char *copy = cft_arena_strdup(arena(r), s);

	for (char *p = copy; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return copy;
}

static void change_privilege(struct cft_reader *r, struct cft_object *obj,
                             const struct acl_change *c, const char *priv,
                             const PgQuery__GrantStmt *s)
{
	for (size_t g = 0; g < s->n_grantees; g++) {
		const char *who = cft_sql_role_name(r, s->grantees[g]->role_spec);
		const char *owner = cft_attr_text(obj, CFT_ATTR_OWNER, "");
		if (strcmp(who, "CURRENT_USER") == 0 && !r->role)
			who = *owner ? owner : "postgres"; /* see by_default */
		if (priv != NULL)
			change_one(r, obj, c, upper(r, priv), who);
		else
			for (size_t i = 0; c->kind->all[i] != NULL; i++)
				change_one(r, obj, c, c->kind->all[i], who);
	}
}

static void change_object(struct cft_reader *r, struct cft_object *obj, const PgQuery__GrantStmt *s)
{
	struct acl_change c = {acl_of(obj, false), s->is_grant, s->is_grant && s->grant_option,
	                       !s->is_grant && s->grant_option, ""};

	if (s->n_privileges == 0)
		change_privilege(r, obj, &c, NULL, s);
	for (size_t i = 0; i < s->n_privileges; i++) {
		const PgQuery__AccessPriv *p = s->privileges[i]->access_priv;
		const char *priv = p->priv_name && *p->priv_name ? p->priv_name : NULL;
		if (p->n_cols == 0) {
			c.column = "";
			change_privilege(r, obj, &c, priv, s);
		}
		for (size_t k = 0; k < p->n_cols; k++) {
			c.kind = acl_of(obj, true);
			c.column = cft_name_quote(arena(r), "", cft_node_string(p->cols[k]));
			change_privilege(r, obj, &c, priv, s);
		}
	}
}

static bool in_schema_kind(const struct cft_object *o, PgQuery__ObjectType type)
{
	switch ((int)type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
		return o->kind == CFT_KIND_TABLE || o->kind == CFT_KIND_VIEW ||
		       o->kind == CFT_KIND_MATVIEW || o->kind == CFT_KIND_FOREIGN_TABLE;
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return o->kind == CFT_KIND_SEQUENCE;
	case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
		return o->kind == CFT_KIND_FUNCTION || o->kind == CFT_KIND_AGGREGATE;
	case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
		return o->kind == CFT_KIND_PROCEDURE;
	default:
		return o->kind == CFT_KIND_FUNCTION || o->kind == CFT_KIND_PROCEDURE ||
		       o->kind == CFT_KIND_AGGREGATE;
	}
}

static void change_all_in_schema(struct cft_reader *r, const PgQuery__GrantStmt *s)
{
	for (size_t i = 0; i < s->n_objects; i++)
		CFT_VEC_EACH (struct cft_object *, o, &r->s->objects)
			if (*o != NULL && in_schema_kind(*o, s->objtype) &&
			    strcmp((*o)->schema, cft_node_string(s->objects[i])) == 0)
				change_object(r, *o, s);
}

static struct cft_object *granted_object(struct cft_reader *r, const PgQuery__GrantStmt *s,
                                         const PgQuery__Node *n)
{
	if (n->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
		return cft_fold_find_relation(r, n->range_var);
	return cft_fold_find(r, s->objtype, n);
}

enum cft_fold cft_fold_grant(struct cft_reader *r, const ProtobufCMessage *msg)
{
	PgQuery__GrantStmt *s = (PgQuery__GrantStmt *)msg;

	r->s->says_acl = true;
	if (s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE ||
	    s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLESPACE ||
	    s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_PARAMETER_ACL ||
	    s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_LARGEOBJECT)
		return CFT_FOLD_DONE; /* not of the schema */
	if (s->targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_ALL_IN_SCHEMA) {
		change_all_in_schema(r, s);
		return CFT_FOLD_DONE;
	}
	for (; s->n_objects > 0; s->objects++, s->n_objects--) {
		struct cft_object *obj = granted_object(r, s, s->objects[0]);
		if (obj == NULL && s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE)
			continue;
		if (obj == NULL)
			return cft_fold_wait(r, "", "an object that privileges are given on");
		change_object(r, obj, s);
	}
	return CFT_FOLD_DONE;
}

/* -- default privileges -- */

static const struct {
	PgQuery__ObjectType type;
	const char *word;
	const struct acl_kind *kind;
} default_kinds[] = {
	{PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, "TABLES", &acl_table},
	{PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, "SEQUENCES", &acl_sequence},
	{PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, "FUNCTIONS", &acl_routine},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, "TYPES", &acl_type},
	{PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA, "SCHEMAS", &acl_schema},
};

static const char *default_acl_word(enum cft_kind kind)
{
	switch ((int)kind) {
	case CFT_KIND_TABLE:
	case CFT_KIND_VIEW:
	case CFT_KIND_MATVIEW:
	case CFT_KIND_FOREIGN_TABLE:
		return "TABLES";
	case CFT_KIND_SEQUENCE:
		return "SEQUENCES";
	case CFT_KIND_FUNCTION:
	case CFT_KIND_PROCEDURE:
	case CFT_KIND_AGGREGATE:
		return "FUNCTIONS";
	case CFT_KIND_ENUM:
	case CFT_KIND_COMPOSITE:
	case CFT_KIND_RANGE:
	case CFT_KIND_BASE_TYPE:
	case CFT_KIND_DOMAIN:
		return "TYPES";
	case CFT_KIND_SCHEMA:
		return "SCHEMAS";
	default:
		return NULL;
	}
}

const struct cft_object *cft_default_acl_of(const struct cft_schema *s,
                                            const struct cft_object *obj, bool in_schema)
{
	const char *word = default_acl_word(obj->kind);
	char name[256];

	if (word == NULL)
		return NULL;
	snprintf(name, sizeof(name), "|%s|%s", in_schema ? obj->schema : "", word);
	return cft_schema_find(s, "defacl", "", name);
}

/* What an object has from the moment it is made. */
void cft_fold_default_privileges(struct cft_reader *r, struct cft_object *obj)
{
	for (int in_schema = 0; in_schema < 2; in_schema++) {
		const struct cft_object *defaults = cft_default_acl_of(r->s, obj, in_schema);
		if (defaults == NULL)
			continue;
		CFT_VEC_EACH (struct cft_attr, a, &defaults->attrs)
			if (a->id == CFT_ATTR_ACL)
				cft_attr_set(r->s, obj, CFT_ATTR_ACL, a->sub, a->text, NULL,
				             r->env);
	}
}

static void change_default(struct cft_reader *r, const PgQuery__GrantStmt *s, const char *role,
                           const char *schema)
{
	for (size_t i = 0; i < sizeof(default_kinds) / sizeof(default_kinds[0]); i++) {
		if (default_kinds[i].type != s->objtype)
			continue;
		if (strcmp(role, "postgres") == 0)
			role = ""; /* as for owners */
		const char *name =
			cft_arena_printf(arena(r), "%s|%s|%s", role, schema, default_kinds[i].word);
		struct cft_object *obj = cft_schema_find(r->s, "defacl", "", name);
		if (obj == NULL) {
			obj = cft_schema_add(r->s, CFT_KIND_DEFAULT_ACL, "", name, "", NULL);
			obj->env = r->env;
		}
		struct acl_kind kind = *default_kinds[i].kind;
		if (*schema != '\0')
			kind.everybody = NULL; /* per-schema defaults only add */
		struct acl_change c = {&kind, s->is_grant, s->is_grant && s->grant_option,
		                       !s->is_grant && s->grant_option, ""};
		if (s->n_privileges == 0)
			change_privilege(r, obj, &c, NULL, s);
		for (size_t k = 0; k < s->n_privileges; k++)
			change_privilege(r, obj, &c, s->privileges[k]->access_priv->priv_name, s);
		return;
	}
}

enum cft_fold cft_fold_default_acl(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const PgQuery__AlterDefaultPrivilegesStmt *s =
		(const PgQuery__AlterDefaultPrivilegesStmt *)msg;
	PgQuery__Node **roles = NULL, **schemas = NULL;
	size_t n_roles = 0, n_schemas = 0;

	for (size_t i = 0; i < s->n_options; i++) {
		const PgQuery__DefElem *d = s->options[i]->def_elem;
		if (strcmp(d->defname, "roles") == 0)
			roles = cft_node_list(d->arg, &n_roles);
		else
			schemas = cft_node_list(d->arg, &n_schemas);
	}
	for (size_t i = 0; i < (n_roles ? n_roles : 1); i++)
		for (size_t k = 0; k < (n_schemas ? n_schemas : 1); k++)
			change_default(r, s->action,
			               n_roles   ? cft_sql_role_name(r, roles[i]->role_spec)
			               : r->role ? r->role
			                         : "",
			               n_schemas ? cft_node_string(schemas[k]) : "");
	r->s->says_acl = true;
	return CFT_FOLD_DONE;
}
