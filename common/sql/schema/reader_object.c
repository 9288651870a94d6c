/* Reader of objects that one CREATE statement says wholly: views, routines, triggers, types …
 * SPDX-License-Identifier: MIT
 *
 * Such an object has the statement's tree as its definition, brought into one form first: options
 * sorted, defaults left out.
 */
#include "common/sql/schema/reader.h"
#include "common/sql/syntax/name.h"

#include <stdlib.h>
#include <string.h>

static struct cft_arena *arena(struct cft_reader *r)
{
	return &r->s->arena;
}

/* -- normal forms -- */

static int by_defname(const void *a, const void *b)
{
	const PgQuery__Node *x = *(PgQuery__Node *const *)a, *y = *(PgQuery__Node *const *)b;
	int c = strcmp(x->def_elem->defname, y->def_elem->defname);

	return c ? c : (x < y ? -1 : x > y);
}

/* Sorted copy; the order of such lists never matters. */
static void sort_options(struct cft_reader *r, PgQuery__Node ***list, size_t n)
{
	PgQuery__Node **copy = cft_arena_array(arena(r), PgQuery__Node *, n ? n : 1);

	for (size_t i = 0; i < n; i++)
		if ((*list)[i]->node_case != PG_QUERY__NODE__NODE_DEF_ELEM)
			return;
	if (n > 0)
		memcpy(copy, *list, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_defname);
	*list = copy;
}

static bool option_is(const PgQuery__DefElem *d, const char *name, const char *value)
{
	const char *s = cft_node_string(d->arg);

	return strcmp(d->defname, name) == 0 && s != NULL && strcmp(s, value) == 0;
}

static bool option_is_false(const PgQuery__DefElem *d, const char *name)
{
	return strcmp(d->defname, name) == 0 && d->arg != NULL &&
	       d->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN && !d->arg->boolean->boolval;
}

static bool function_default(const PgQuery__DefElem *d)
{
	return option_is(d, "volatility", "volatile") || option_is(d, "parallel", "unsafe") ||
	       option_is_false(d, "strict") || option_is_false(d, "security") ||
	       option_is_false(d, "leakproof") || option_is_false(d, "window");
}

/* Settings are told apart without regard to case. */
static void lower(char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static void normal_function(struct cft_reader *r, PgQuery__CreateFunctionStmt *f)
{
	sort_options(r, &f->options, f->n_options);
	size_t kept = 0;
	for (size_t i = 0; i < f->n_options; i++) {
		PgQuery__DefElem *d = f->options[i]->def_elem;
		if (strcmp(d->defname, "language") == 0 && cft_node_string(d->arg))
			d->arg->string->sval = cft_ident_fold(arena(r), d->arg->string->sval,
			                                      strlen(d->arg->string->sval));
		if (strcmp(d->defname, "set") == 0 && d->arg &&
		    d->arg->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT)
			lower(d->arg->variable_set_stmt->name);
		if (!function_default(d))
			f->options[kept++] = f->options[i];
	}
	f->n_options = kept;
	for (size_t i = 0; i < f->n_parameters; i++) {
		PgQuery__FunctionParameter *p = f->parameters[i]->function_parameter;
		if (p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_IN)
			p->mode = PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_DEFAULT;
	}
}

/* RETURNS record, or the type of the one OUT parameter, goes without saying. */
static void normal_result(PgQuery__CreateFunctionStmt *f)
{
	size_t outs = 0;
	const char *schema, *name;

	for (size_t i = 0; i < f->n_parameters; i++) {
		PgQuery__FunctionParameterMode m = f->parameters[i]->function_parameter->mode;
		outs += m == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
		        m == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT;
	}
	if (outs == 0 || f->return_type == NULL || f->return_type->setof)
		return;
	cft_names_split(f->return_type->names, f->return_type->n_names, &schema, &name);
	if (outs == 1 || strcmp(name, "record") == 0)
		f->return_type = NULL;
}

/* -- names of things -- */

struct named {
	enum cft_kind kind;
	const char *schema, *name, *args;
	const PgQuery__RangeVar *on; /* the table of a trigger, rule or policy */
};

static const char *input_types(struct cft_reader *r, PgQuery__Node *const *params, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;
	const char *args;
	bool first = true;

	cft_buf_addc(&buf, '(');
	for (size_t i = 0; i < n; i++) {
		const PgQuery__FunctionParameter *p =
			CFT_AS(PgQuery__FunctionParameter, pg_query__function_parameter,
		               cft_node_message(params[i]));
		if (p == NULL || p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
		    p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE)
			continue;
		if (!first)
			cft_buf_addc(&buf, ',');
		first = false;
		cft_tree_type(p->arg_type, r->env, false, &buf);
	}
	cft_buf_addc(&buf, ')');
	args = cft_arena_strdup(arena(r), cft_buf_str(&buf));
	cft_buf_release(&buf);
	return args;
}

static void name_routine(struct cft_reader *r, PgQuery__CreateFunctionStmt *f, struct named *ret)
{
	normal_function(r, f);
	normal_result(f);
	ret->kind = f->is_procedure ? CFT_KIND_PROCEDURE : CFT_KIND_FUNCTION;
	cft_names_split(f->funcname, f->n_funcname, &ret->schema, &ret->name);
	ret->args = input_types(r, f->parameters, f->n_parameters);
}

static const PgQuery__TypeName *definition_type(const PgQuery__DefineStmt *d, const char *name)
{
	for (size_t i = 0; i < d->n_definition; i++) {
		const PgQuery__DefElem *e = d->definition[i]->def_elem;
		if (strcmp(e->defname, name) == 0 && e->arg &&
		    e->arg->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
			return e->arg->type_name;
	}
	return NULL;
}

static const char *operator_args(struct cft_reader *r, const PgQuery__DefineStmt *d)
{
	static const char *const sides[] = {"leftarg", "rightarg"};
	struct cft_buf buf = CFT_BUF_INIT;

	for (int i = 0; i < 2; i++) {
		const PgQuery__TypeName *t = definition_type(d, sides[i]);
		cft_buf_addc(&buf, i ? ',' : '(');
		if (t != NULL)
			cft_tree_type(t, r->env, false, &buf);
		else
			cft_buf_adds(&buf, "none");
	}
	cft_buf_addc(&buf, ')');
	const char *args = cft_arena_strdup(arena(r), cft_buf_str(&buf));
	cft_buf_release(&buf);
	return args;
}

static const struct {
	PgQuery__ObjectType type;
	enum cft_kind kind;
} define_kinds[] = {
	{PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE, CFT_KIND_AGGREGATE},
	{PG_QUERY__OBJECT_TYPE__OBJECT_OPERATOR, CFT_KIND_OPERATOR},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, CFT_KIND_BASE_TYPE},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TSPARSER, CFT_KIND_TS_PARSER},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TSDICTIONARY, CFT_KIND_TS_DICT},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TSTEMPLATE, CFT_KIND_TS_TEMPLATE},
	{PG_QUERY__OBJECT_TYPE__OBJECT_TSCONFIGURATION, CFT_KIND_TS_CONFIG},
	{PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION, CFT_KIND_COLLATION},
};

static bool name_defined(struct cft_reader *r, PgQuery__DefineStmt *d, struct named *ret)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(define_kinds) / sizeof(define_kinds[0]); i++)
		if (define_kinds[i].type == d->kind) {
			ret->kind = define_kinds[i].kind;
			known = true;
		}
	if (!known)
		return false;
	cft_names_split(d->defnames, d->n_defnames, &ret->schema, &ret->name);
	sort_options(r, &d->definition, d->n_definition);
	if (ret->kind == CFT_KIND_OPERATOR)
		ret->args = operator_args(r, d);
	if (ret->kind == CFT_KIND_AGGREGATE) {
		size_t n = 0;
		PgQuery__Node **v = d->n_args ? cft_node_list(d->args[0], &n) : NULL;
		ret->args = input_types(r, v, n);
		if (d->oldstyle) {
			struct cft_buf buf = CFT_BUF_INIT;
			const PgQuery__TypeName *t = definition_type(d, "basetype");
			cft_buf_addc(&buf, '(');
			if (t != NULL)
				cft_tree_type(t, r->env, false, &buf);
			cft_buf_addc(&buf, ')');
			ret->args = cft_arena_strdup(arena(r), cft_buf_str(&buf));
			cft_buf_release(&buf);
		}
	}
	return true;
}

static const char *cast_name(struct cft_reader *r, const PgQuery__CreateCastStmt *c)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addc(&buf, '(');
	cft_tree_type(c->sourcetype, r->env, false, &buf);
	cft_buf_adds(&buf, " AS ");
	cft_tree_type(c->targettype, r->env, false, &buf);
	cft_buf_addc(&buf, ')');
	const char *name = cft_arena_strdup(arena(r), cft_buf_str(&buf));
	cft_buf_release(&buf);
	return name;
}

#define IS(type) (msg->descriptor == &pg_query__##type##__descriptor)

static void name_trigger(struct cft_reader *r, PgQuery__CreateTrigStmt *t, struct named *ret)
{
	(void)r;
	ret->kind = CFT_KIND_TRIGGER;
	ret->name = t->trigname;
	ret->on = t->relation;
}

static void name_relation(struct named *ret, enum cft_kind kind, const PgQuery__RangeVar *rv)
{
	ret->kind = kind;
	ret->schema = rv->schemaname;
	ret->name = rv->relname;
}

static void name_list(struct named *ret, enum cft_kind kind, PgQuery__Node *const *v, size_t n)
{
	ret->kind = kind;
	cft_names_split(v, n, &ret->schema, &ret->name);
}

static void name_plain(struct named *ret, enum cft_kind kind, const char *name)
{
	ret->kind = kind;
	ret->name = name;
}

static bool name_of(struct cft_reader *r, const ProtobufCMessage *msg, struct named *ret)
{
	void *m = (void *)msg;

	*ret = (struct named){.schema = "", .name = "", .args = ""};
	if (IS(view_stmt)) {
		PgQuery__ViewStmt *v = m;
		name_relation(ret, CFT_KIND_VIEW, v->view);
	} else if (IS(create_table_as_stmt)) {
		PgQuery__CreateTableAsStmt *v = m;
		if (v->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW)
			return false;
		v->into->skip_data = false;
		name_relation(ret, CFT_KIND_MATVIEW, v->into->rel);
	} else if (IS(create_function_stmt)) {
		name_routine(r, m, ret);
	} else if (IS(define_stmt)) {
		return name_defined(r, m, ret);
	} else if (IS(create_trig_stmt)) {
		name_trigger(r, m, ret);
	} else if (IS(rule_stmt)) {
		PgQuery__RuleStmt *s = m;
		name_plain(ret, CFT_KIND_RULE, s->rulename);
		ret->on = s->relation;
	} else if (IS(create_policy_stmt)) {
		PgQuery__CreatePolicyStmt *s = m;
		name_plain(ret, CFT_KIND_POLICY, s->policy_name);
		ret->on = s->table;
	} else if (IS(create_event_trig_stmt)) {
		name_plain(ret, CFT_KIND_EVENT_TRIGGER,
		           ((PgQuery__CreateEventTrigStmt *)m)->trigname);
	} else if (IS(create_subscription_stmt)) {
		name_plain(ret, CFT_KIND_SUBSCRIPTION,
		           ((PgQuery__CreateSubscriptionStmt *)m)->subname);
	} else if (IS(create_stats_stmt)) {
		PgQuery__CreateStatsStmt *s = m;
		name_list(ret, CFT_KIND_STATISTICS, s->defnames, s->n_defnames);
	} else if (IS(create_cast_stmt)) {
		name_plain(ret, CFT_KIND_CAST, cast_name(r, m));
	} else if (IS(create_op_class_stmt)) {
		PgQuery__CreateOpClassStmt *s = m;
		name_list(ret, CFT_KIND_OPCLASS, s->opclassname, s->n_opclassname);
		ret->args = cft_arena_printf(arena(r), " USING %s", s->amname);
	} else if (IS(create_op_family_stmt)) {
		PgQuery__CreateOpFamilyStmt *s = m;
		name_list(ret, CFT_KIND_OPFAMILY, s->opfamilyname, s->n_opfamilyname);
		ret->args = cft_arena_printf(arena(r), " USING %s", s->amname);
	} else if (IS(create_conversion_stmt)) {
		PgQuery__CreateConversionStmt *s = m;
		name_list(ret, CFT_KIND_CONVERSION, s->conversion_name, s->n_conversion_name);
	} else if (IS(create_fdw_stmt)) {
		name_plain(ret, CFT_KIND_FDW, ((PgQuery__CreateFdwStmt *)m)->fdwname);
	} else if (IS(create_foreign_server_stmt)) {
		name_plain(ret, CFT_KIND_SERVER,
		           ((PgQuery__CreateForeignServerStmt *)m)->servername);
	} else if (IS(create_user_mapping_stmt)) {
		PgQuery__CreateUserMappingStmt *s = m;
		name_plain(ret, CFT_KIND_USER_MAPPING,
		           cft_arena_printf(arena(r), "%s SERVER %s", cft_sql_role_name(r, s->user),
		                            cft_name_quote(arena(r), "", s->servername)));
	} else if (IS(create_plang_stmt)) {
		name_plain(ret, CFT_KIND_LANGUAGE, ((PgQuery__CreatePLangStmt *)m)->plname);
	} else if (IS(create_am_stmt)) {
		name_plain(ret, CFT_KIND_ACCESS_METHOD, ((PgQuery__CreateAmStmt *)m)->amname);
	} else if (IS(create_transform_stmt)) {
		PgQuery__CreateTransformStmt *s = m;
		struct cft_buf buf = CFT_BUF_INIT;
		cft_buf_adds(&buf, "FOR ");
		cft_tree_type(s->type_name, r->env, false, &buf);
		cft_buf_addf(&buf, " LANGUAGE %s", s->lang);
		name_plain(ret, CFT_KIND_TRANSFORM, cft_arena_strdup(arena(r), cft_buf_str(&buf)));
		cft_buf_release(&buf);
	} else if (IS(create_range_stmt)) {
		PgQuery__CreateRangeStmt *s = m;
		name_list(ret, CFT_KIND_RANGE, s->type_name, s->n_type_name);
		sort_options(r, &s->params, s->n_params);
	} else if (IS(create_enum_stmt)) {
		PgQuery__CreateEnumStmt *s = m;
		name_list(ret, CFT_KIND_ENUM, s->type_name, s->n_type_name);
	} else if (IS(create_extension_stmt)) {
		name_plain(ret, CFT_KIND_EXTENSION, ((PgQuery__CreateExtensionStmt *)m)->extname);
	} else if (IS(create_publication_stmt)) {
		name_plain(ret, CFT_KIND_PUBLICATION,
		           ((PgQuery__CreatePublicationStmt *)m)->pubname);
	} else {
		return false;
	}
	return true;
}

/* -- what is kept as attributes instead of in the definition -- */

static void enum_labels(struct cft_reader *r, struct cft_object *obj,
                        const PgQuery__CreateEnumStmt *s)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < s->n_vals; i++) {
		if (i > 0)
			cft_buf_adds(&buf, ", ");
		cft_literal_add(&buf, cft_node_string(s->vals[i]));
	}
	cft_attr_set(r->s, obj, CFT_ATTR_LABELS, "", cft_buf_str(&buf), &s->base, r->env);
	cft_buf_release(&buf);
}

static void extension_attrs(struct cft_reader *r, struct cft_object *obj,
                            const PgQuery__CreateExtensionStmt *s)
{
	for (size_t i = 0; i < s->n_options; i++) {
		const PgQuery__DefElem *d = s->options[i]->def_elem;
		const char *v = cft_node_string(d->arg);
		if (strcmp(d->defname, "schema") == 0 && v && strcmp(v, "public") != 0 &&
		    strcmp(v, "pg_catalog") != 0)
			cft_attr_set(r->s, obj, CFT_ATTR_MEMBER, "schema",
			             cft_name_quote(arena(r), "", v), NULL, r->env);
	}
}

static void publication_member(struct cft_reader *r, struct cft_object *obj,
                               const PgQuery__PublicationObjSpec *spec, bool drop)
{
	struct cft_buf buf = CFT_BUF_INIT;
	const char *sub, *ident;

	if (spec->pubtable == NULL) {
		sub = cft_arena_printf(arena(r), "schema %s", spec->name ? spec->name : "");
		ident = cft_name_quote(arena(r), "", spec->name);
		cft_attr_set(r->s, obj, CFT_ATTR_MEMBER, sub,
		             cft_arena_printf(arena(r), "TABLES IN SCHEMA %s", ident), NULL,
		             r->env);
		return;
	}
	const PgQuery__RangeVar *rv = spec->pubtable->relation;
	const char *schema = *rv->schemaname ? rv->schemaname : cft_env_current(r->env);
	sub = cft_arena_printf(arena(r), "table %s.%s", schema, rv->relname);
	if (drop) {
		cft_attr_clear(obj, CFT_ATTR_MEMBER, sub);
		return;
	}
	cft_buf_addf(&buf, "TABLE %s",
	             cft_name_quote(arena(r), strcmp(schema, "public") ? schema : rv->schemaname,
	                            rv->relname));
	for (size_t i = 0; i < spec->pubtable->n_columns; i++) {
		cft_buf_adds(&buf, i ? ", " : " (");
		cft_ident_quote(&buf, cft_node_string(spec->pubtable->columns[i]));
	}
	if (spec->pubtable->n_columns)
		cft_buf_addc(&buf, ')');
	const char *where = spec->pubtable->where_clause
	                            ? cft_tree_print_expr(arena(r), spec->pubtable->where_clause)
	                            : NULL;
	if (where != NULL)
		cft_buf_addf(&buf, " WHERE (%s)", where);
	PgQuery__PublicationTable *node = cft_arena_new(arena(r), PgQuery__PublicationTable);
	*node = *spec->pubtable;
	PgQuery__RangeVar *plain = cft_arena_new(arena(r), PgQuery__RangeVar);
	*plain = *rv;
	plain->inh = true;
	node->relation = plain;
	cft_attr_set(r->s, obj, CFT_ATTR_MEMBER, sub, cft_buf_str(&buf), &node->base, r->env);
	cft_buf_release(&buf);
}

void cft_fold_publication(struct cft_reader *r, struct cft_object *obj,
                          PgQuery__Node *const *options, size_t n_options,
                          PgQuery__Node *const *members, size_t n_members, bool drop)
{
	cft_fold_options(r, obj, CFT_ATTR_OPTION, options, n_options, false);
	const char *publish = cft_attr_text(obj, CFT_ATTR_OPTION, "publish");
	if (strcmp(publish, "insert, update, delete, truncate") == 0)
		cft_attr_clear(obj, CFT_ATTR_OPTION, "publish");
	for (size_t i = 0; i < n_members; i++)
		publication_member(r, obj, members[i]->publication_obj_spec, drop);
}

static void publication_attrs(struct cft_reader *r, struct cft_object *obj,
                              const PgQuery__CreatePublicationStmt *s)
{
	cft_attr_set(r->s, obj, CFT_ATTR_DEFINITION, "",
	             s->for_all_tables ? "FOR ALL TABLES" : "PUBLICATION", NULL, r->env);
	cft_fold_publication(r, obj, s->options, s->n_options, s->pubobjects, s->n_pubobjects,
	                     false);
}

static void move_options(struct cft_reader *r, struct cft_object *obj, PgQuery__Node **options,
                         size_t *n)
{
	cft_fold_options(r, obj, CFT_ATTR_OPTION, options, *n, false);
	*n = 0;
}

static void fdw_attrs(struct cft_reader *r, struct cft_object *obj, PgQuery__Node **options,
                      size_t *n)
{
	cft_fold_options(r, obj, CFT_ATTR_FDW_OPTION, options, *n, false);
	*n = 0;
}

static void definition_attrs(struct cft_reader *r, struct cft_object *obj,
                             const ProtobufCMessage *msg)
{
	void *m = (void *)msg;

	if (IS(create_enum_stmt)) {
		enum_labels(r, obj, m);
		return;
	}
	if (IS(create_extension_stmt)) {
		extension_attrs(r, obj, m);
		return;
	}
	if (IS(create_publication_stmt)) {
		publication_attrs(r, obj, m);
		return;
	}
	if (IS(view_stmt)) {
		PgQuery__ViewStmt *v = m;
		move_options(r, obj, v->options, &v->n_options);
	} else if (IS(create_table_as_stmt)) {
		PgQuery__CreateTableAsStmt *v = m;
		move_options(r, obj, v->into->options, &v->into->n_options);
	} else if (IS(create_fdw_stmt)) {
		PgQuery__CreateFdwStmt *v = m;
		fdw_attrs(r, obj, v->options, &v->n_options);
	} else if (IS(create_foreign_server_stmt)) {
		PgQuery__CreateForeignServerStmt *v = m;
		fdw_attrs(r, obj, v->options, &v->n_options);
	} else if (IS(create_user_mapping_stmt)) {
		PgQuery__CreateUserMappingStmt *v = m;
		fdw_attrs(r, obj, v->options, &v->n_options);
	}
	cft_attr_set(r->s, obj, CFT_ATTR_DEFINITION, "", NULL, msg, r->env);
}

static bool exists_already(const ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, "if_not_exists");

	return f != NULL &&
	       *(const protobuf_c_boolean *)(const void *)((const char *)msg + f->offset);
}

static const char *statistics_name(struct cft_reader *r, const PgQuery__CreateStatsStmt *s)
{
	const PgQuery__RangeVar *rv = s->relations[0]->range_var;
	const char *names[64];
	size_t n = 0;

	for (size_t i = 0; i < s->n_exprs && n < 64; i++) {
		const PgQuery__StatsElem *e = s->exprs[i]->stats_elem;
		names[n++] = e->name && *e->name ? e->name : "expr";
	}
	return cft_name_generate(arena(r), rv->relname, cft_name_join(arena(r), names, n), "stat");
}

static bool is_replace(const ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, "replace");

	return f != NULL &&
	       *(const protobuf_c_boolean *)(const void *)((const char *)msg + f->offset);
}

/* CREATE OR REPLACE leaves alone what other statements said, and what belongs to the object. */
static void keep_the_rest(struct cft_reader *r, struct cft_object *obj,
                          const struct cft_object *before)
{
	CFT_VEC_EACH (struct cft_attr, a, &before->attrs) {
		if (a->id != CFT_ATTR_COMMENT && a->id != CFT_ATTR_OWNER && a->id != CFT_ATTR_ACL &&
		    a->id != CFT_ATTR_SECURITY_LABEL)
			continue;
		cft_attr_set(r->s, obj, a->id, a->sub, a->text, a->node, a->env);
		cft_attr_find(obj, a->id, a->sub)->by = a->by;
	}
	CFT_VEC_EACH (struct cft_object *, child, &before->children) {
		(*child)->parent = obj;
		cft_vec_push_in(arena(r), &obj->children, *child);
	}
}

/* Makes the object, or makes it anew: then *ret_before is a copy of what it was. */
static struct cft_object *make_placed(struct cft_reader *r, const ProtobufCMessage *msg,
                                      const struct named *n, const char *schema, const char *key,
                                      struct cft_object *ret_before)
{
	struct cft_object *known = is_replace(msg) ? cft_schema_find_key(r->s, key) : NULL;

	if (known != NULL && known->kind == n->kind) {
		*ret_before = *known;
		known->children.n = 0;
	}
	return cft_schema_add(r->s, n->kind, schema, n->name, n->args, NULL);
}

enum cft_fold cft_fold_define(struct cft_reader *r, const ProtobufCMessage *msg)
{
	struct named n;
	struct cft_object *obj, before = {0};

	if (!name_of(r, msg, &n))
		return cft_fold_refuse(r, "statements of this kind are not modelled");
	if ((n.kind == CFT_KIND_EXTENSION || n.kind == CFT_KIND_LANGUAGE) &&
	    strcmp(n.name, "plpgsql") == 0)
		return CFT_FOLD_DONE; /* in every database from the start */
	if (n.kind == CFT_KIND_STATISTICS && *n.name == '\0')
		n.name = statistics_name(r, (const PgQuery__CreateStatsStmt *)msg);
	if (n.on != NULL) {
		struct cft_object *table = cft_fold_find_relation(r, n.on);
		if (table == NULL)
			return cft_fold_wait(r, n.on->schemaname, n.on->relname);
		obj = cft_fold_child(r, n.kind, n.name, table);
	} else {
		bool qualified = *n.schema != '\0';
		bool placed = strcmp(cft_kind_space(n.kind), "relation") == 0 ||
		              strcmp(cft_kind_space(n.kind), "type") == 0 ||
		              n.kind == CFT_KIND_STATISTICS || *n.args != '\0' ||
		              (n.kind >= CFT_KIND_TS_PARSER && n.kind <= CFT_KIND_TS_CONFIG) ||
		              n.kind == CFT_KIND_COLLATION || n.kind == CFT_KIND_CONVERSION;
		const char *schema = placed && !qualified ? cft_env_current(r->env) : n.schema;
		const char *key = cft_arena_printf(arena(r), "%s %s.%s%s", cft_kind_space(n.kind),
		                                   schema, n.name, n.args);
		if (exists_already(msg) && cft_schema_find_key(r->s, key))
			return CFT_FOLD_DONE;
		obj = make_placed(r, msg, &n, schema, key, &before);
		obj->env = r->env;
		cft_fold_ident(r, obj, qualified);
		if (before.key != NULL)
			keep_the_rest(r, obj, &before);
		else
			cft_fold_default_privileges(r, obj);
	}
	obj->node = msg;
	obj->text = r->created ? NULL : r->stmt->text;
	obj->text_len = r->stmt->len;
	obj->stale = r->created != NULL;
	definition_attrs(r, obj, msg);
	return CFT_FOLD_DONE;
}
