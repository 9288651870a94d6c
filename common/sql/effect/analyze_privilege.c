/* Analyze, privileges: GRANT, REVOKE, default privileges, roles.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/build.h"
#include "common/sql/effect/locate.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static const char *all_privileges(enum cft_object_kind kind)
{
	switch ((int)kind) {
	case CFT_OBJ_TABLE:
		return "select,insert,update,delete,truncate,references,trigger";
	case CFT_OBJ_SEQUENCE:
		return "usage,select,update";
	case CFT_OBJ_SCHEMA:
		return "usage,create";
	case CFT_OBJ_DATABASE:
		return "create,connect,temporary";
	case CFT_OBJ_FUNCTION:
		return "execute";
	default:
		return "usage";
	}
}

static void add_privilege(struct cft_build *b, const char *role, const char *privilege, size_t len,
                          const char *column, const char *value)
{
	cft_build_attr(b,
	               cft_arena_printf(b->arena, "acl.%s.%.*s%s%s%s", role, (int)len, privilege,
	                                *column ? "(" : "", column, *column ? ")" : ""),
	               value);
}

static void add_all(struct cft_build *b, const char *role, enum cft_object_kind kind,
                    const char *column, const char *value)
{
	const char *p = all_privileges(kind);

	while (*p) {
		size_t len = strcspn(p, ",");
		add_privilege(b, role, p, len, column, value);
		p += len + (p[len] == ',');
	}
}

static void add_priv_node(struct cft_build *b, const char *role, enum cft_object_kind kind,
                          const PgQuery__AccessPriv *priv, const char *value)
{
	for (size_t i = 0; i < (priv->n_cols ? priv->n_cols : 1); i++) {
		const char *column = priv->n_cols ? priv->cols[i]->string->sval : "";

		if (*priv->priv_name)
			add_privilege(b, role, priv->priv_name, strlen(priv->priv_name), column,
			              value);
		else
			add_all(b, role, kind, column, value);
	}
}

static const char *grant_value(const PgQuery__GrantStmt *stmt)
{
	if (stmt->is_grant)
		return stmt->grant_option ? "granted with grant option" : "granted";
	return stmt->grant_option ? "grant option revoked" : "revoked";
}

static void add_grants(struct cft_build *b, const PgQuery__GrantStmt *stmt,
                       enum cft_object_kind kind)
{
	const char *value = grant_value(stmt);

	for (size_t i = 0; i < stmt->n_grantees; i++) {
		const PgQuery__RoleSpec *role = stmt->grantees[i]->role_spec;

		cft_build_role_ref(b, role);
		if (!stmt->n_privileges)
			add_all(b, cft_build_role(role), kind, "", value);
		for (size_t k = 0; k < stmt->n_privileges; k++)
			add_priv_node(b, cft_build_role(role), kind,
			              stmt->privileges[k]->access_priv, value);
	}
}

static void grant_object(struct cft_build *b, const PgQuery__GrantStmt *stmt,
                         const PgQuery__Node *object)
{
	const PgQuery__RangeVar *rv =
		object->node_case == PG_QUERY__NODE__NODE_RANGE_VAR ? object->range_var : NULL;
	struct cft_located at = cft_locate(b, stmt->objtype, rv, object, NULL);
	enum cft_object_kind kind = at.kind;

	/* GRANT … ON t takes views and sequences as well. */
	if (kind == CFT_OBJ_TABLE)
		at.kind = CFT_OBJ_RELATION;
	bool whole = stmt->targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_ALL_IN_SCHEMA;
	if (whole)
		at.kind = kind;
	cft_locate_begin(b, CFT_OP_GRANT, &at);
	cft_build_flag(b, whole ? CFT_EFFECT_WHOLE : 0);
	add_grants(b, stmt, kind);
	cft_build_end(b);
}

static void default_privileges(struct cft_build *b, const PgQuery__AlterDefaultPrivilegesStmt *stmt)
{
	const PgQuery__GrantStmt *action = stmt->action;
	const PgQuery__List *schemas = NULL;
	const char *roles = "";

	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *def = stmt->options[i]->def_elem;
		if (strcmp(def->defname, "schemas") == 0)
			schemas = def->arg->list;
		else
			roles = cft_build_digest(b, &def->base);
	}
	for (size_t i = 0; i < (schemas ? schemas->n_items : 1); i++) {
		const char *schema = schemas ? schemas->items[i]->string->sval : "";
		enum cft_object_kind kind = cft_locate_kind(action->objtype);

		cft_build_begin(b, CFT_OP_GRANT, CFT_OBJ_DEFAULT_PRIVILEGES, NULL,
		                cft_arena_printf(b->arena, "%s|%s|%s", cft_object_kind_text(kind),
		                                 schema, roles),
		                NULL);
		if (*schema)
			cft_refs_add(&b->refs, CFT_OBJ_SCHEMA, NULL, schema, NULL, CFT_REF_AUTO);
		add_grants(b, action, kind);
		cft_build_end(b);
	}
}

static void role_members(struct cft_build *b, const PgQuery__GrantRoleStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_grantee_roles; i++) {
		const PgQuery__RoleSpec *member = stmt->grantee_roles[i]->role_spec;

		cft_build_begin(b, CFT_OP_GRANT, CFT_OBJ_ROLE, NULL, cft_build_role(member), NULL);
		for (size_t k = 0; k < stmt->n_granted_roles; k++) {
			const char *role = stmt->granted_roles[k]->access_priv->priv_name;
			cft_build_attr(b, cft_arena_printf(b->arena, "member.%s", role),
			               stmt->is_grant ? "granted" : "revoked");
			cft_refs_add(&b->refs, CFT_OBJ_ROLE, NULL, role, NULL, CFT_REF_SOFT);
		}
		cft_build_end(b);
	}
}

static void role_options(struct cft_build *b, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cft_build_attr(
			b, cft_arena_printf(b->arena, "option.%s", options[i]->def_elem->defname),
			strcmp(options[i]->def_elem->defname, "password") == 0
				? "changed"
				: cft_build_def_value(b, options[i]->def_elem));
}

static void drop_roles(struct cft_build *b, const PgQuery__DropRoleStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_roles; i++) {
		cft_build_begin(b, CFT_OP_DROP, CFT_OBJ_ROLE, NULL,
		                cft_build_role(stmt->roles[i]->role_spec), NULL);
		cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
		cft_build_end(b);
	}
}

static void owned(struct cft_build *b, const PgQuery__RoleSpec *role, const PgQuery__RoleSpec *to,
                  bool cascade)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_ROLE, NULL, cft_build_role(role), NULL);
	cft_build_flag(b, cascade ? CFT_EFFECT_CASCADE : 0);
	cft_build_attr(b, to ? "reassign" : "owned", to ? cft_build_role(to) : "dropped");
	cft_build_role_ref(b, role);
	cft_build_role_ref(b, to);
	cft_build_end(b);
}

bool cft_analyze_privilege(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_GRANT_STMT:
		for (size_t i = 0; i < node->grant_stmt->n_objects; i++)
			grant_object(b, node->grant_stmt, node->grant_stmt->objects[i]);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT:
		default_privileges(b, node->alter_default_privileges_stmt);
		return true;
	case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
		role_members(b, node->grant_role_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
		cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_ROLE, NULL, node->create_role_stmt->role,
		                NULL);
		role_options(b, node->create_role_stmt->options, node->create_role_stmt->n_options);
		cft_build_end(b);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
		cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_ROLE, NULL,
		                cft_build_role(node->alter_role_stmt->role), NULL);
		role_options(b, node->alter_role_stmt->options, node->alter_role_stmt->n_options);
		cft_build_end(b);
		return true;
	case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
		for (size_t i = 0; i < node->drop_owned_stmt->n_roles; i++)
			owned(b, node->drop_owned_stmt->roles[i]->role_spec, NULL,
			      node->drop_owned_stmt->behavior ==
			              PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE);
		return true;
	case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
		for (size_t i = 0; i < node->reassign_owned_stmt->n_roles; i++)
			owned(b, node->reassign_owned_stmt->roles[i]->role_spec,
			      node->reassign_owned_stmt->newrole, false);
		return true;
	case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
		drop_roles(b, node->drop_role_stmt);
		return true;
	default:
		return false;
	}
}
