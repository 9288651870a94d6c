/* Reader of CREATE INDEX.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

/* The operator class that a column of its type has anyway; pg_dump leaves it out. */
static bool is_default_opclass(const struct cft_reader *r, PgQuery__Node *const *names, size_t n)
{
	static const char *const defaults[] = {
		"array_ops",   "bit_ops",      "bool_ops",      "bpchar_ops",      "bytea_ops",
		"date_ops",    "enum_ops",     "float4_ops",    "float8_ops",      "int2_ops",
		"int4_ops",    "int8_ops",     "interval_ops",  "jsonb_ops",       "name_ops",
		"numeric_ops", "oid_ops",      "range_ops",     "text_ops",        "time_ops",
		"timetz_ops",  "tsvector_ops", "timestamp_ops", "timestamptz_ops", "uuid_ops",
		"varbit_ops",  "varchar_ops"};
	const char *schema, *name;

	cft_names_split(names, n, &schema, &name);
	if (*schema != '\0' && strcmp(schema, "pg_catalog") != 0)
		return false;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (strcmp(name, defaults[i]) == 0)
			return cft_env_object(r->env, "opclass", schema, name) == NULL;
	return false;
}

static void normal_index_elem(const struct cft_reader *r, PgQuery__IndexElem *e)
{
	if (e->n_opclassopts == 0 && is_default_opclass(r, e->opclass, e->n_opclass))
		e->n_opclass = 0;
	bool desc = e->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;

	if (e->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_ASC)
		e->ordering = PG_QUERY__SORT_BY_DIR__SORTBY_DEFAULT;
	if (e->nulls_ordering == (desc ? PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST
	                               : PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST))
		e->nulls_ordering = PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT;
}

static const char *index_columns(struct cft_reader *r, const PgQuery__IndexStmt *s)
{
	const char *names[64];
	size_t n = 0;

	for (size_t k = 0; k < 2; k++) {
		PgQuery__Node **v = k ? s->index_including_params : s->index_params;
		size_t count = k ? s->n_index_including_params : s->n_index_params;
		for (size_t i = 0; i < count && n < 64; i++) {
			const PgQuery__IndexElem *e = v[i]->index_elem;
			const char *schema, *name = "expr";
			if (e->name && *e->name)
				name = e->name;
			else if (e->expr && e->expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
				cft_names_split(e->expr->func_call->funcname,
				                e->expr->func_call->n_funcname, &schema, &name);
			const char *base = name; /* a name used twice gets a number */
			for (unsigned at = 0, tries = 1; at < n; at++)
				if (strcmp(names[at], name) == 0) {
					name = cft_arena_printf(arena(r), "%s%u", base, tries++);
					at = (unsigned)-1;
				}
			names[n++] = name;
		}
	}
	return cft_name_join(arena(r), names, n);
}

enum cft_fold cft_fold_index(struct cft_reader *r, const ProtobufCMessage *msg)
{
	PgQuery__IndexStmt *s = (PgQuery__IndexStmt *)msg;
	struct cft_object *table = cft_fold_find_relation(r, s->relation);

	if (table == NULL)
		return cft_fold_wait(r, s->relation->schemaname, s->relation->relname);
	bool named = s->idxname != NULL && *s->idxname != '\0';
	const char *name =
		named ? s->idxname : cft_fold_relation_name(r, table, index_columns(r, s), "idx");
	if (s->if_not_exists && cft_schema_find(r->s, "relation", table->schema, name))
		return CFT_FOLD_DONE;
	for (size_t i = 0; i < s->n_index_params; i++)
		normal_index_elem(r, s->index_params[i]->index_elem);
	struct cft_object *obj =
		cft_schema_add(r->s, CFT_KIND_INDEX, table->schema, name, "", table);
	obj->env = r->env;
	cft_fold_ident(r, obj, strchr(table->ident, '.') != NULL);
	s->idxname = (char *)name;
	bool only = !s->relation->inh && cft_attr_find(table, CFT_ATTR_PARTITION_BY, "");
	if (only) /* pg_dump's way: each partition's index is attached later */
		s->relation->inh = true;
	obj->node = msg;
	obj->text = named ? r->stmt->text : NULL;
	obj->text_len = r->stmt->len;
	obj->stale = !named || r->created != NULL || only;
	cft_fold_options(r, obj, CFT_ATTR_OPTION, s->options, s->n_options, false);
	s->n_options = 0;
	cft_attr_set(r->s, obj, CFT_ATTR_DEFINITION, "", NULL, msg, r->env);
	return CFT_FOLD_DONE;
}
