/* Build: the open effect, and small conversions of parse nodes.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/build.h"

#include "common/base/buf.h"
#include "common/sql/syntax/name.h"

#include <inttypes.h>
#include <string.h>

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

void cft_build_begin(struct cft_build *b, enum cft_effect_op op, enum cft_object_kind kind,
                     const char *schema, const char *name, const char *sub)
{
	memset(&b->attrs, 0, sizeof(b->attrs));
	memset(&b->refs, 0, sizeof(b->refs));
	b->refs.arena = b->arena;
	b->open = (struct cft_effect){
		.statement = b->statement,
		.op = op,
		.kind = kind,
		.flags = b->flags,
		.schema = or_empty(schema),
		.name = or_empty(name),
		.sub = or_empty(sub),
		.args = "",
		.to = "",
	};
}

void cft_build_flag(struct cft_build *b, uint32_t flags)
{
	b->open.flags |= flags;
}

void cft_build_attr(struct cft_build *b, const char *key, const char *value)
{
	struct cft_attr attr = {or_empty(key), or_empty(value)};

	cft_vec_push_in(b->arena, &b->attrs, attr);
}

static struct cft_effect copied(struct cft_arena *arena, struct cft_effect effect)
{
	effect.schema = cft_arena_strdup(arena, effect.schema);
	effect.name = cft_arena_strdup(arena, effect.name);
	effect.sub = cft_arena_strdup(arena, effect.sub);
	effect.args = cft_arena_strdup(arena, effect.args);
	effect.to = cft_arena_strdup(arena, effect.to);
	return effect;
}

void cft_build_end(struct cft_build *b)
{
	struct cft_effect effect = copied(b->arena, b->open);

	effect.attrs = b->attrs.v;
	effect.n_attrs = b->attrs.n;
	effect.refs = b->refs.list.v;
	effect.n_refs = b->refs.list.n;
	cft_vec_push_in(b->arena, &b->effects, effect);
}

void cft_build_alter(struct cft_build *b, enum cft_object_kind kind, const struct cft_name *object,
                     const char *sub, const char *key, const char *value)
{
	cft_build_begin(b, CFT_OP_ALTER, kind, object->schema, object->name, sub);
	cft_build_attr(b, key, value);
	cft_build_end(b);
}

const char *cft_build_role(const PgQuery__RoleSpec *role)
{
	if (!role)
		return "";
	switch (role->roletype) {
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC:
		return "public";
	case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING:
		return role->rolename;
	default:
		return "current_user";
	}
}

void cft_build_role_ref(struct cft_build *b, const PgQuery__RoleSpec *role)
{
	if (role && role->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING)
		cft_refs_add(&b->refs, CFT_OBJ_ROLE, NULL, role->rolename, NULL, 0);
}

char *cft_build_list(struct cft_build *b, PgQuery__Node *const *items, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		if (items[i]->node_case == PG_QUERY__NODE__NODE_STRING)
			cft_buf_addf(&buf, "%s%s", buf.len ? "," : "", items[i]->string->sval);
	char *text = cft_arena_strndup(b->arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}

char *cft_build_digest(struct cft_build *b, const ProtobufCMessage *message)
{
	return cft_arena_printf(b->arena, "#%016" PRIx64, cft_tree_digest(message));
}

const char *cft_build_args(struct cft_build *b, const PgQuery__ObjectWithArgs *object)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (object->args_unspecified)
		return "*";
	for (size_t i = 0; i < object->n_objargs; i++) {
		const PgQuery__Node *arg = object->objargs[i];
		const char *text = "none";

		if (arg->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
			text = cft_type_text(b->arena, arg->type_name);
		cft_buf_addf(&buf, "%s%s", i ? "," : "", text);
	}
	char *text = cft_arena_strndup(b->arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}

const char *cft_build_def_value(struct cft_build *b, const PgQuery__DefElem *def)
{
	const PgQuery__Node *arg = def->arg;

	if (!arg)
		return "true";
	switch (arg->node_case) {
	case PG_QUERY__NODE__NODE_STRING:
		return arg->string->sval;
	case PG_QUERY__NODE__NODE_INTEGER:
		return cft_arena_printf(b->arena, "%d", arg->integer->ival);
	case PG_QUERY__NODE__NODE_FLOAT:
		return arg->float_->fval;
	case PG_QUERY__NODE__NODE_BOOLEAN:
		return arg->boolean->boolval ? "true" : "false";
	case PG_QUERY__NODE__NODE_TYPE_NAME:
		return cft_type_text(b->arena, arg->type_name);
	case PG_QUERY__NODE__NODE_A_CONST:
		return cft_tree_text(b->arena, arg);
	default:
		return cft_build_digest(b, cft_node_message(arg));
	}
}

void cft_build_def_attrs(struct cft_build *b, PgQuery__Node *const *options, size_t n,
                         const char *prefix)
{
	for (size_t i = 0; i < n; i++)
		if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM)
			cft_build_attr(b,
			               cft_arena_printf(b->arena, "%s%s", prefix,
			                                options[i]->def_elem->defname),
			               cft_build_def_value(b, options[i]->def_elem));
}

bool cft_build_is_comparison(const PgQuery__AExpr *expr)
{
	static const char *const names[] = {"=", "<>", "<", ">", "<=", ">=", NULL};

	for (int i = 0; expr->n_name == 1 && names[i]; i++)
		if (strcmp(expr->name[0]->string->sval, names[i]) == 0)
			return true;
	return false;
}
