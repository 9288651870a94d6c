/* Locate: the many shapes in which the grammar names an object.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/locate.h"

#include "common/sql/syntax/name.h"

#include <string.h>

#define OT(x) PG_QUERY__OBJECT_TYPE__OBJECT_##x

struct kind_row {
	PgQuery__ObjectType type;
	enum cft_object_kind kind;
};

static const struct kind_row kinds[] = {
	{OT(ACCESS_METHOD), CFT_OBJ_ACCESS_METHOD},
	{OT(AGGREGATE), CFT_OBJ_FUNCTION},
	{OT(ATTRIBUTE), CFT_OBJ_COLUMN},
	{OT(CAST), CFT_OBJ_CAST},
	{OT(COLUMN), CFT_OBJ_COLUMN},
	{OT(COLLATION), CFT_OBJ_COLLATION},
	{OT(CONVERSION), CFT_OBJ_CONVERSION},
	{OT(DATABASE), CFT_OBJ_DATABASE},
	{OT(DOMAIN), CFT_OBJ_TYPE},
	{OT(DOMCONSTRAINT), CFT_OBJ_DOMAIN_CONSTRAINT},
	{OT(EVENT_TRIGGER), CFT_OBJ_EVENT_TRIGGER},
	{OT(EXTENSION), CFT_OBJ_EXTENSION},
	{OT(FDW), CFT_OBJ_FDW},
	{OT(FOREIGN_SERVER), CFT_OBJ_SERVER},
	{OT(FOREIGN_TABLE), CFT_OBJ_TABLE},
	{OT(FUNCTION), CFT_OBJ_FUNCTION},
	{OT(INDEX), CFT_OBJ_INDEX},
	{OT(LANGUAGE), CFT_OBJ_LANGUAGE},
	{OT(LARGEOBJECT), CFT_OBJ_LARGE_OBJECT},
	{OT(MATVIEW), CFT_OBJ_MATVIEW},
	{OT(OPCLASS), CFT_OBJ_OPCLASS},
	{OT(OPERATOR), CFT_OBJ_OPERATOR},
	{OT(OPFAMILY), CFT_OBJ_OPFAMILY},
	{OT(POLICY), CFT_OBJ_POLICY},
	{OT(PROCEDURE), CFT_OBJ_FUNCTION},
	{OT(PUBLICATION), CFT_OBJ_PUBLICATION},
	{OT(ROLE), CFT_OBJ_ROLE},
	{OT(ROUTINE), CFT_OBJ_FUNCTION},
	{OT(RULE), CFT_OBJ_RULE},
	{OT(SCHEMA), CFT_OBJ_SCHEMA},
	{OT(SEQUENCE), CFT_OBJ_SEQUENCE},
	{OT(SUBSCRIPTION), CFT_OBJ_SUBSCRIPTION},
	{OT(STATISTIC_EXT), CFT_OBJ_STATISTICS},
	{OT(TABCONSTRAINT), CFT_OBJ_CONSTRAINT},
	{OT(TABLE), CFT_OBJ_TABLE},
	{OT(TABLESPACE), CFT_OBJ_TABLESPACE},
	{OT(TRANSFORM), CFT_OBJ_TRANSFORM},
	{OT(TRIGGER), CFT_OBJ_TRIGGER},
	{OT(TSCONFIGURATION), CFT_OBJ_TS_CONFIG},
	{OT(TSDICTIONARY), CFT_OBJ_TS_DICT},
	{OT(TSPARSER), CFT_OBJ_TS_PARSER},
	{OT(TSTEMPLATE), CFT_OBJ_TS_TEMPLATE},
	{OT(TYPE), CFT_OBJ_TYPE},
	{OT(USER_MAPPING), CFT_OBJ_USER_MAPPING},
	{OT(VIEW), CFT_OBJ_VIEW},
};

enum cft_object_kind cft_locate_kind(PgQuery__ObjectType type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].type == type)
			return kinds[i].kind;
	return CFT_OBJ_UNKNOWN;
}

static void set_name(struct cft_located *at, struct cft_name name)
{
	at->schema = name.schema;
	at->name = name.name;
}

/* A list: names, with the child last where the kind has one; types stand for themselves. */
static void locate_list(struct cft_build *b, struct cft_located *at, const PgQuery__List *list)
{
	size_t n = list->n_items;

	if (n && list->items[0]->node_case == PG_QUERY__NODE__NODE_TYPE_NAME) {
		const PgQuery__TypeName *type = list->items[0]->type_name;

		set_name(at, cft_name_of_list(type->names, type->n_names));
		if (n < 2)
			return;
		at->sub = list->items[1]->node_case == PG_QUERY__NODE__NODE_STRING
		                  ? list->items[1]->string->sval
		                  : cft_type_text(b->arena, list->items[1]->type_name);
	} else if (cft_object_kind_is_child(at->kind) && n >= 2) {
		set_name(at, cft_name_of_list(list->items, n - 1));
		at->sub = list->items[n - 1]->string->sval;
	} else {
		set_name(at, cft_name_of_list(list->items, n));
	}
}

struct cft_located cft_locate(struct cft_build *b, PgQuery__ObjectType type,
                              const PgQuery__RangeVar *relation, const PgQuery__Node *object,
                              const char *sub)
{
	struct cft_located at = {cft_locate_kind(type), "", "", sub ? sub : "", ""};

	if (relation) {
		at.schema = relation->schemaname;
		at.name = relation->relname;
		return at;
	}
	switch (object ? object->node_case : PG_QUERY__NODE__NODE__NOT_SET) {
	case PG_QUERY__NODE__NODE_STRING:
		at.name = object->string->sval;
		break;
	case PG_QUERY__NODE__NODE_LIST:
		locate_list(b, &at, object->list);
		break;
	case PG_QUERY__NODE__NODE_TYPE_NAME:
		set_name(&at,
		         cft_name_of_list(object->type_name->names, object->type_name->n_names));
		break;
	case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS:
		set_name(&at, cft_name_of_list(object->object_with_args->objname,
		                               object->object_with_args->n_objname));
		at.args = cft_build_args(b, object->object_with_args);
		break;
	default:
		break;
	}
	return at;
}

void cft_locate_begin(struct cft_build *b, enum cft_effect_op op, const struct cft_located *at)
{
	cft_build_begin(b, op, at->kind, at->schema, at->name, at->sub);
	b->open.args = at->args;
}
