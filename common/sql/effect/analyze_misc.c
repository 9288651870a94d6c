/* Analyze, the rest: kinds that are a name, a definition and maybe references.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/build.h"
#include "common/sql/syntax/name.h"

#include <string.h>

/* CREATE of a kind that is only a name, attributes and maybe references. */
static void create_named(struct cft_build *b, enum cft_object_kind kind, struct cft_name name,
                         const ProtobufCMessage *message, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_CREATE, kind, name.schema, name.name, NULL);
	cft_build_flag(b, flags);
	cft_build_attr(b, "def", cft_build_digest(b, message));
	cft_build_end(b);
}

static void published_table(struct cft_build *b, const PgQuery__PublicationTable *table,
                            const char *value)
{
	const PgQuery__RangeVar *rv = table->relation;
	PgQuery__PublicationTable bare = *table;
	PgQuery__RangeVar no_table = *rv;

	no_table.relname = no_table.schemaname = (char *)"";
	bare.relation = &no_table;
	cft_build_attr(b, cft_arena_printf(b->arena, "table.%s", rv->relname),
	               *value ? cft_build_digest(b, &bare.base) : "");
	uint16_t scope = cft_refs_scope(&b->refs, rv->schemaname, rv->relname, NULL, CFT_REF_AUTO);
	for (size_t k = 0; k < table->n_columns; k++)
		cft_refs_column(&b->refs, table->columns[k]->string->sval, scope, 0);
	cft_refs_expr(&b->refs, table->where_clause, scope);
}

/* `how` is what ALTER does with the objects: "add", "drop" or "set". */
static void publication(struct cft_build *b, enum cft_effect_op op, const char *name,
                        PgQuery__Node *const *objects, size_t n, const char *how)
{
	cft_build_begin(b, op, CFT_OBJ_PUBLICATION, NULL, name, NULL);
	const char *value = strcmp(how, "drop") == 0 ? "" : "yes";
	if (op == CFT_OP_ALTER && n)
		cft_build_attr(b, "publish", how);
	for (size_t i = 0; i < n; i++) {
		const PgQuery__PublicationObjSpec *spec = objects[i]->publication_obj_spec;
		if (spec->pubtable) {
			published_table(b, spec->pubtable, value);
		} else if (*spec->name) {
			cft_build_attr(b, cft_arena_printf(b->arena, "schema.%s", spec->name),
			               value);
			cft_refs_add(&b->refs, CFT_OBJ_SCHEMA, NULL, spec->name, NULL,
			             CFT_REF_AUTO);
		}
	}
}

static void create_publication(struct cft_build *b, const PgQuery__CreatePublicationStmt *stmt)
{
	publication(b, CFT_OP_CREATE, stmt->pubname, stmt->pubobjects, stmt->n_pubobjects, "add");
	if (stmt->for_all_tables)
		cft_build_attr(b, "all", "yes");
	cft_build_def_attrs(b, stmt->options, stmt->n_options, "option.");
	cft_build_end(b);
}

static void alter_publication(struct cft_build *b, const PgQuery__AlterPublicationStmt *stmt)
{
	const char *how =
		stmt->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_DropObjects  ? "drop"
		: stmt->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_SetObjects ? "set"
										    : "add";

	publication(b, CFT_OP_ALTER, stmt->pubname, stmt->pubobjects, stmt->n_pubobjects, how);
	cft_build_def_attrs(b, stmt->options, stmt->n_options, "option.");
	cft_build_end(b);
}

static struct cft_name plain(const char *name)
{
	return (struct cft_name){"", name};
}

/* CREATE of a kind that is built on another: a server on its wrapper, a mapping on its server. */
static void create_on(struct cft_build *b, enum cft_object_kind kind, const char *name,
                      enum cft_object_kind on, const char *on_name, const ProtobufCMessage *message,
                      uint32_t flags)
{
	create_named(b, kind, plain(name), message, flags);
	struct cft_effect *e = &b->effects.v[b->effects.n - 1];
	struct cft_ref *ref = cft_arena_new(b->arena, struct cft_ref);

	*ref = (struct cft_ref){on, 0, "", on_name, "", "", "", 0, 0};
	e->refs = ref;
	e->n_refs = 1;
}

static const char *mapping_name(struct cft_build *b, const PgQuery__RoleSpec *user,
                                const char *server)
{
	return cft_arena_printf(b->arena, "%s on %s", cft_build_role(user), server);
}

static bool user_mapping(struct cft_build *b, const PgQuery__Node *node)
{
	if (node->node_case == PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT) {
		const PgQuery__CreateUserMappingStmt *stmt = node->create_user_mapping_stmt;
		create_on(b, CFT_OBJ_USER_MAPPING, mapping_name(b, stmt->user, stmt->servername),
		          CFT_OBJ_SERVER, stmt->servername, &stmt->base,
		          stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
		return true;
	}
	if (node->node_case == PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT) {
		const PgQuery__AlterUserMappingStmt *stmt = node->alter_user_mapping_stmt;
		struct cft_name name = plain(mapping_name(b, stmt->user, stmt->servername));
		cft_build_alter(b, CFT_OBJ_USER_MAPPING, &name, NULL, "options",
		                cft_build_digest(b, &stmt->base));
		return true;
	}
	if (node->node_case != PG_QUERY__NODE__NODE_DROP_USER_MAPPING_STMT)
		return false;
	const PgQuery__DropUserMappingStmt *stmt = node->drop_user_mapping_stmt;
	cft_build_begin(b, CFT_OP_DROP, CFT_OBJ_USER_MAPPING, NULL,
	                mapping_name(b, stmt->user, stmt->servername), NULL);
	cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
	cft_build_end(b);
	return true;
}

static void create_cast(struct cft_build *b, const PgQuery__CreateCastStmt *stmt)
{
	const char *name =
		cft_arena_printf(b->arena, "%s as %s", cft_type_text(b->arena, stmt->sourcetype),
	                         cft_type_text(b->arena, stmt->targettype));

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_CAST, NULL, name, NULL);
	cft_build_attr(b, "def", cft_build_digest(b, &stmt->base));
	cft_refs_type(&b->refs, stmt->sourcetype, 0);
	cft_refs_type(&b->refs, stmt->targettype, 0);
	if (stmt->func) {
		struct cft_name function =
			cft_name_of_list(stmt->func->objname, stmt->func->n_objname);
		cft_refs_add(&b->refs, CFT_OBJ_FUNCTION, function.schema, function.name, NULL,
		             CFT_REF_CALL);
	}
	cft_build_end(b);
}

static void create_event_trigger(struct cft_build *b, const PgQuery__CreateEventTrigStmt *stmt)
{
	struct cft_name function = cft_name_of_list(stmt->funcname, stmt->n_funcname);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_EVENT_TRIGGER, NULL, stmt->trigname, NULL);
	cft_build_attr(b, "def", cft_build_digest(b, &stmt->base));
	cft_refs_add(&b->refs, CFT_OBJ_FUNCTION, function.schema, function.name, "0", 0);
	cft_build_end(b);
}

static bool create_more(struct cft_build *b, const PgQuery__Node *node)
{
	const ProtobufCMessage *m = cft_node_message(node);

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
		create_named(b, CFT_OBJ_TYPE,
		             cft_name_of_list(node->create_range_stmt->type_name,
		                              node->create_range_stmt->n_type_name),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FDW_STMT:
		create_named(b, CFT_OBJ_FDW, plain(node->create_fdw_stmt->fdwname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT:
		create_on(b, CFT_OBJ_SERVER, node->create_foreign_server_stmt->servername,
		          CFT_OBJ_FDW, node->create_foreign_server_stmt->fdwname, m,
		          node->create_foreign_server_stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS
		                                                          : 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
		create_named(b, CFT_OBJ_LANGUAGE, plain(node->create_plang_stmt->plname), m,
		             CFT_EFFECT_OR_REPLACE);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
		create_event_trigger(b, node->create_event_trig_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
		create_named(b, CFT_OBJ_SUBSCRIPTION,
		             plain(node->create_subscription_stmt->subname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
		create_cast(b, node->create_cast_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
		create_named(b, CFT_OBJ_OPCLASS,
		             cft_name_of_list(node->create_op_class_stmt->opclassname,
		                              node->create_op_class_stmt->n_opclassname),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT:
		create_named(b, CFT_OBJ_OPFAMILY,
		             cft_name_of_list(node->create_op_family_stmt->opfamilyname,
		                              node->create_op_family_stmt->n_opfamilyname),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT:
		create_named(b, CFT_OBJ_CONVERSION,
		             cft_name_of_list(node->create_conversion_stmt->conversion_name,
		                              node->create_conversion_stmt->n_conversion_name),
		             m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_AM_STMT:
		create_named(b, CFT_OBJ_ACCESS_METHOD, plain(node->create_am_stmt->amname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
		create_named(b, CFT_OBJ_TABLESPACE,
		             plain(node->create_table_space_stmt->tablespacename), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
		create_publication(b, node->create_publication_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
		alter_publication(b, node->alter_publication_stmt);
		return true;
	default:
		return false;
	}
}

static void alter_named(struct cft_build *b, enum cft_object_kind kind, struct cft_name name,
                        const char *key, const ProtobufCMessage *message)
{
	cft_build_alter(b, kind, &name, NULL, key, cft_build_digest(b, message));
}

static bool alter_more(struct cft_build *b, const PgQuery__Node *node)
{
	const ProtobufCMessage *m = cft_node_message(node);

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_ALTER_TYPE_STMT:
		alter_named(b, CFT_OBJ_TYPE,
		            cft_name_of_list(node->alter_type_stmt->type_name,
		                             node->alter_type_stmt->n_type_name),
		            "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
		alter_named(b, CFT_OBJ_EXTENSION, plain(node->alter_extension_stmt->extname),
		            "version", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EXTENSION_CONTENTS_STMT:
		alter_named(b, CFT_OBJ_EXTENSION,
		            plain(node->alter_extension_contents_stmt->extname), "contents", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_STATS_STMT:
		alter_named(b, CFT_OBJ_STATISTICS,
		            cft_name_of_list(node->alter_stats_stmt->defnames,
		                             node->alter_stats_stmt->n_defnames),
		            "target", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT:
		alter_named(b, CFT_OBJ_EVENT_TRIGGER, plain(node->alter_event_trig_stmt->trigname),
		            "enabled", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_FDW_STMT:
		alter_named(b, CFT_OBJ_FDW, plain(node->alter_fdw_stmt->fdwname), "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT:
		alter_named(b, CFT_OBJ_SERVER, plain(node->alter_foreign_server_stmt->servername),
		            "options", m);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
		alter_named(b, CFT_OBJ_SUBSCRIPTION, plain(node->alter_subscription_stmt->subname),
		            "options", m);
		return true;
	default:
		return false;
	}
}

bool cft_analyze_misc(struct cft_build *b, const PgQuery__Node *node)
{
	return create_more(b, node) || alter_more(b, node) || user_mapping(b, node);
}
