/* Reader of the ALTER statements that change an object's definition tree.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

static enum cft_fold wait_list(struct cft_reader *r, PgQuery__Node *const *v, size_t n)
{
	const char *schema, *name;

	cft_names_split(v, n, &schema, &name);
	return cft_fold_wait(r, schema, name);
}

/* Puts the new options in the place of old ones of the same name. */
static void replace_options(struct cft_reader *r, PgQuery__Node ***options, size_t *n,
                            PgQuery__Node *const *news, size_t n_news)
{
	PgQuery__Node **v = cft_arena_array(arena(r), PgQuery__Node *, *n + n_news + 1);
	size_t count = 0;

	for (size_t i = 0; i < *n; i++) {
		bool replaced = false;
		for (size_t k = 0; k < n_news; k++)
			if (strcmp((*options)[i]->def_elem->defname, news[k]->def_elem->defname) ==
			            0 &&
			    strcmp(news[k]->def_elem->defname, "set") != 0)
				replaced = true;
		if (!replaced)
			v[count++] = (*options)[i];
	}
	for (size_t k = 0; k < n_news; k++)
		v[count++] = news[k];
	*options = v;
	*n = count;
}

static enum cft_fold alter_function(struct cft_reader *r, const PgQuery__AlterFunctionStmt *s)
{
	PgQuery__Node node = PG_QUERY__NODE__INIT;

	node.node_case = PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS;
	node.object_with_args = s->func;
	struct cft_object *f = cft_fold_find(r, s->objtype, &node);
	if (f == NULL)
		return wait_list(r, s->func->objname, s->func->n_objname);
	PgQuery__CreateFunctionStmt *def = (PgQuery__CreateFunctionStmt *)CFT_AS(
		PgQuery__CreateFunctionStmt, pg_query__create_function_stmt, f->node);
	if (def == NULL)
		return cft_fold_refuse(r, "ALTER of this routine is not modelled");
	replace_options(r, &def->options, &def->n_options, s->actions, s->n_actions);
	f->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_policy(struct cft_reader *r, const PgQuery__AlterPolicyStmt *s)
{
	struct cft_object *table = cft_fold_find_relation(r, s->table);
	struct cft_object *p =
		table ? cft_schema_find_child(table, "policy", s->policy_name) : NULL;

	if (p == NULL)
		return cft_fold_wait(r, s->table->relname, s->policy_name);
	PgQuery__CreatePolicyStmt *def = (PgQuery__CreatePolicyStmt *)p->node;
	if (s->n_roles) {
		def->roles = s->roles;
		def->n_roles = s->n_roles;
	}
	if (s->qual)
		def->qual = s->qual;
	if (s->with_check)
		def->with_check = s->with_check;
	p->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_event_trigger(struct cft_reader *r, const PgQuery__AlterEventTrigStmt *s)
{
	struct cft_object *t = cft_schema_find(r->s, "eventtrigger", "", s->trigname);
	const char *word = NULL;

	if (t == NULL)
		return cft_fold_wait(r, "", s->trigname);
	if (s->tgenabled[0] == 'D')
		word = "DISABLE";
	else if (s->tgenabled[0] == 'R')
		word = "ENABLE REPLICA";
	else if (s->tgenabled[0] == 'A')
		word = "ENABLE ALWAYS";
	cft_attr_set(r->s, t, CFT_ATTR_ENABLED, "", word, NULL, r->env);
	return CFT_FOLD_DONE;
}

/* The members as those of a CREATE PUBLICATION. */
static enum cft_fold alter_publication(struct cft_reader *r, const PgQuery__AlterPublicationStmt *s)
{
	struct cft_object *p = cft_schema_find(r->s, "publication", "", s->pubname);

	if (p == NULL)
		return cft_fold_wait(r, "", s->pubname);
	if (s->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_SetObjects)
		for (size_t i = p->attrs.n; i-- > 0;)
			if (p->attrs.v[i].id == CFT_ATTR_MEMBER)
				cft_attr_clear(p, CFT_ATTR_MEMBER, p->attrs.v[i].sub);
	cft_fold_publication(r, p, s->options, s->n_options, s->pubobjects, s->n_pubobjects,
	                     s->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_DropObjects);
	return CFT_FOLD_DONE;
}

static const char *names_text(struct cft_reader *r, PgQuery__Node *const *v, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const char *schema, *name;
		size_t k;
		PgQuery__Node **parts = cft_node_list(v[i], &k);
		cft_names_split(parts, k, &schema, &name);
		bool known = strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "public") == 0;
		cft_buf_adds(&buf, i ? ", " : "");
		cft_buf_adds(&buf, cft_name_quote(arena(r), known ? "" : schema, name));
	}
	const char *text = cft_arena_strdup(arena(r), cft_buf_str(&buf));
	cft_buf_release(&buf);
	return text;
}

static enum cft_fold alter_ts_config(struct cft_reader *r,
                                     const PgQuery__AlterTSConfigurationStmt *s)
{
	const char *schema, *name;

	cft_names_split(s->cfgname, s->n_cfgname, &schema, &name);
	struct cft_object *c = cft_env_object(r->env, "tsc", schema, name);
	if (c == NULL)
		return cft_fold_wait(r, schema, name);
	bool drop = s->kind == PG_QUERY__ALTER_TSCONFIG_TYPE__ALTER_TSCONFIG_DROP_MAPPING;
	const char *dicts = drop ? NULL : names_text(r, s->dicts, s->n_dicts);
	for (size_t i = 0; i < s->n_tokentype; i++)
		cft_attr_set(r->s, c, CFT_ATTR_MAPPING, cft_node_string(s->tokentype[i]), dicts,
		             NULL, r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_ts_dict(struct cft_reader *r, const PgQuery__AlterTSDictionaryStmt *s)
{
	const char *schema, *name;

	cft_names_split(s->dictname, s->n_dictname, &schema, &name);
	struct cft_object *d = cft_env_object(r->env, "tsd", schema, name);
	if (d == NULL)
		return cft_fold_wait(r, schema, name);
	PgQuery__DefineStmt *def = (PgQuery__DefineStmt *)d->node;
	replace_options(r, &def->definition, &def->n_definition, s->options, s->n_options);
	d->stale = true;
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_statistics(struct cft_reader *r, const PgQuery__AlterStatsStmt *s)
{
	const char *schema, *name;

	cft_names_split(s->defnames, s->n_defnames, &schema, &name);
	struct cft_object *o = cft_env_object(r->env, "statistics", schema, name);
	if (o == NULL)
		return cft_fold_wait(r, schema, name);
	cft_attr_set(r->s, o, CFT_ATTR_STATISTICS, "",
	             s->stxstattarget < 0 ? NULL
	                                  : cft_arena_printf(arena(r), "%d", s->stxstattarget),
	             NULL, r->env);
	return CFT_FOLD_DONE;
}

static enum cft_fold alter_options(struct cft_reader *r, const char *space, const char *name,
                                   PgQuery__Node *const *options, size_t n)
{
	struct cft_object *o = cft_schema_find(r->s, space, "", name);

	if (o == NULL)
		return cft_fold_wait(r, "", name);
	cft_fold_options(r, o, CFT_ATTR_FDW_OPTION, options, n, false);
	o->stale = true;
	return CFT_FOLD_DONE;
}

#define IS(type) (msg->descriptor == &pg_query__##type##__descriptor)

enum cft_fold cft_fold_alter_misc(struct cft_reader *r, const ProtobufCMessage *msg)
{
	const void *m = msg;

	if (IS(alter_function_stmt))
		return alter_function(r, m);
	if (IS(alter_policy_stmt))
		return alter_policy(r, m);
	if (IS(alter_event_trig_stmt))
		return alter_event_trigger(r, m);
	if (IS(alter_publication_stmt))
		return alter_publication(r, m);
	if (IS(alter_tsconfiguration_stmt))
		return alter_ts_config(r, m);
	if (IS(alter_tsdictionary_stmt))
		return alter_ts_dict(r, m);
	if (IS(alter_stats_stmt))
		return alter_statistics(r, m);
	if (IS(alter_fdw_stmt)) {
		const PgQuery__AlterFdwStmt *s = m;
		return alter_options(r, "fdw", s->fdwname, s->options, s->n_options);
	}
	if (IS(alter_foreign_server_stmt)) {
		const PgQuery__AlterForeignServerStmt *s = m;
		return alter_options(r, "server", s->servername, s->options, s->n_options);
	}
	return cft_fold_refuse(r, "this ALTER statement is not modelled");
}
