/* Analyze, the rest: kinds that are a name, a definition and maybe references.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/build.h"

/* CREATE of a kind that is only a name, attributes and maybe references. */
static void create_named(struct cft_build *b, enum cft_object_kind kind, struct cft_name name,
                         const ProtobufCMessage *message, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_CREATE, kind, name.schema, name.name, NULL);
	cft_build_flag(b, flags);
	cft_build_attr(b, "def", cft_build_digest(b, message));
	cft_build_end(b);
}

static void publication(struct cft_build *b, enum cft_effect_op op, const char *name,
                        PgQuery__Node *const *objects, size_t n, const char *value)
{
	cft_build_begin(b, op, CFT_OBJ_PUBLICATION, NULL, name, NULL);
	for (size_t i = 0; i < n; i++) {
		const PgQuery__PublicationObjSpec *spec = objects[i]->publication_obj_spec;
		if (!spec->pubtable)
			continue;
		const PgQuery__RangeVar *rv = spec->pubtable->relation;
		cft_build_attr(b, cft_arena_printf(b->arena, "table.%s", rv->relname), value);
		uint16_t scope =
			cft_refs_scope(&b->refs, rv->schemaname, rv->relname, NULL, CFT_REF_AUTO);
		for (size_t k = 0; k < spec->pubtable->n_columns; k++)
			cft_refs_column(&b->refs, spec->pubtable->columns[k]->string->sval, scope,
			                CFT_REF_AUTO);
	}
	cft_build_end(b);
}

static struct cft_name plain(const char *name)
{
	return (struct cft_name){"", name};
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
		create_named(
			b, CFT_OBJ_SERVER, plain(node->create_foreign_server_stmt->servername), m,
			node->create_foreign_server_stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS
									: 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
		create_named(b, CFT_OBJ_LANGUAGE, plain(node->create_plang_stmt->plname), m,
		             CFT_EFFECT_OR_REPLACE);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
		create_named(b, CFT_OBJ_EVENT_TRIGGER,
		             plain(node->create_event_trig_stmt->trigname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
		create_named(b, CFT_OBJ_SUBSCRIPTION,
		             plain(node->create_subscription_stmt->subname), m, 0);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
		create_named(
			b, CFT_OBJ_CAST,
			(struct cft_name){
				"",
				cft_arena_printf(
					b->arena, "%s as %s",
					cft_type_text(b->arena, node->create_cast_stmt->sourcetype),
					cft_type_text(b->arena,
		                                      node->create_cast_stmt->targettype))},
			m, 0);
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
		publication(b, CFT_OP_CREATE, node->create_publication_stmt->pubname,
		            node->create_publication_stmt->pubobjects,
		            node->create_publication_stmt->n_pubobjects, "yes");
		return true;
	case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
		publication(b, CFT_OP_ALTER, node->alter_publication_stmt->pubname,
		            node->alter_publication_stmt->pubobjects,
		            node->alter_publication_stmt->n_pubobjects,
		            node->alter_publication_stmt->action ==
		                            PG_QUERY__ALTER_PUBLICATION_ACTION__AP_DropObjects
		                    ? ""
		                    : "yes");
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
	return create_more(b, node) || alter_more(b, node);
}
