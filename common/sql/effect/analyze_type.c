/* Analyze, types and sequences: enums, composite types, domains, sequences.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/effect/analyze_parts.h"
#include "common/sql/effect/locate.h"

#include <string.h>

static void create_enum(struct cft_build *b, const PgQuery__CreateEnumStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);
	struct cft_buf labels = CFT_BUF_INIT;

	for (size_t i = 0; i < stmt->n_vals; i++)
		cft_buf_addf(&labels, "%s%s", i ? "\x1f" : "", stmt->vals[i]->string->sval);
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "enum");
	cft_build_attr(b, "labels", cft_arena_strdup(b->arena, cft_buf_str(&labels)));
	cft_build_end(b);
	cft_buf_release(&labels);
}

static void alter_enum(struct cft_build *b, const PgQuery__AlterEnumStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);

	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	if (*stmt->old_val) {
		cft_build_attr(b, "rename_label", stmt->old_val);
		cft_build_attr(b, "new_label", stmt->new_val);
	} else {
		cft_build_flag(b, CFT_EFFECT_NO_TRANSACTION);
		cft_build_attr(b, "add_label", stmt->new_val);
		cft_build_attr(b, stmt->new_val_is_after ? "after" : "before",
		               stmt->new_val_neighbor);
		if (stmt->skip_if_new_val_exists)
			cft_build_flag(b, CFT_EFFECT_IF_NOT_EXISTS);
	}
	cft_build_end(b);
}

static void create_composite(struct cft_build *b, const PgQuery__CompositeTypeStmt *stmt)
{
	struct cft_name name = {stmt->typevar->schemaname, stmt->typevar->relname};

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "composite");
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_coldeflist; i++) {
		cft_analyze_column(b, &name, stmt->coldeflist[i]->column_def, CFT_EFFECT_PART);
		b->effects.v[b->effects.n - 1].args = "type";
	}
}

/* References of an expression about VALUE: only functions and types count. */
static void domain_check(struct cft_build *b, const struct cft_name *domain,
                         const PgQuery__Constraint *con, uint32_t flags)
{
	PgQuery__Constraint bare = *con;

	bare.conname = (char *)"";
	bare.skip_validation = bare.initially_valid = false;
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_DOMAIN_CONSTRAINT, domain->schema, domain->name,
	                con->conname);
	cft_build_flag(b, flags | (*con->conname ? 0 : CFT_EFFECT_GENERATED_NAME));
	cft_build_attr(b, "type", "check");
	cft_build_attr(b, "def", cft_build_digest(b, &bare.base));
	cft_refs_expr(&b->refs, con->raw_expr, 0);
	size_t kept = 0;
	for (size_t i = 0; i < b->refs.list.n; i++)
		if (b->refs.list.v[i].kind != CFT_OBJ_COLUMN)
			b->refs.list.v[kept++] = b->refs.list.v[i];
	b->refs.list.n = kept;
	cft_build_end(b);
}

static void create_domain(struct cft_build *b, const PgQuery__CreateDomainStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->domainname, stmt->n_domainname);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_TYPE, name.schema, name.name, NULL);
	cft_build_attr(b, "typtype", "domain");
	cft_build_attr(b, "base", cft_type_text(b->arena, stmt->type_name));
	cft_refs_type(&b->refs, stmt->type_name, 0);
	for (size_t i = 0; i < stmt->n_constraints; i++) {
		const PgQuery__Constraint *con = stmt->constraints[i]->constraint;
		if (con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
			cft_build_attr(b, "default", cft_tree_text(b->arena, con->raw_expr));
		if (con->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL)
			cft_build_attr(b, "notnull", "yes");
	}
	cft_build_end(b);
	for (size_t i = 0; i < stmt->n_constraints; i++)
		if (stmt->constraints[i]->constraint->contype ==
		    PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
			domain_check(b, &name, stmt->constraints[i]->constraint, CFT_EFFECT_PART);
}

static void alter_domain(struct cft_build *b, const PgQuery__AlterDomainStmt *stmt)
{
	struct cft_name name = cft_name_of_list(stmt->type_name, stmt->n_type_name);

	switch (*stmt->subtype) {
	case 'T':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "default",
		                cft_tree_text(b->arena, stmt->def));
		break;
	case 'N':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "notnull", "");
		break;
	case 'O':
		cft_build_alter(b, CFT_OBJ_TYPE, &name, NULL, "notnull", "yes");
		break;
	case 'C':
		domain_check(b, &name, stmt->def->constraint, 0);
		break;
	case 'X':
		cft_build_begin(b, CFT_OP_DROP, CFT_OBJ_DOMAIN_CONSTRAINT, name.schema, name.name,
		                stmt->name);
		cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
		cft_build_end(b);
		break;
	default:
		cft_build_alter(b, CFT_OBJ_DOMAIN_CONSTRAINT, &name, stmt->name, "not_valid", "");
	}
}

static void sequence_options(struct cft_build *b, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *def = options[i]->def_elem;

		if (strcmp(def->defname, "owned_by") != 0) {
			cft_build_attr(b, cft_arena_printf(b->arena, "option.%s", def->defname),
			               cft_build_def_value(b, def));
			continue;
		}
		PgQuery__Node *const *names = def->arg->list->items;
		size_t count = def->arg->list->n_items;
		if (count < 2) {
			cft_build_attr(b, "owner_table", "");
			continue;
		}
		struct cft_name table = cft_name_of_list(names, count - 1);
		cft_build_attr(b, "owner_table", table.name);
		cft_build_attr(b, "owner_column", names[count - 1]->string->sval);
		cft_refs_add(&b->refs, CFT_OBJ_COLUMN, table.schema, table.name,
		             names[count - 1]->string->sval, CFT_REF_AUTO);
	}
}

static void create_sequence(struct cft_build *b, const PgQuery__CreateSeqStmt *stmt)
{
	struct cft_name name = cft_analyze_new_name(stmt->sequence);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_SEQUENCE, name.schema, name.name, NULL);
	cft_build_flag(b, stmt->if_not_exists ? CFT_EFFECT_IF_NOT_EXISTS : 0);
	sequence_options(b, stmt->options, stmt->n_options);
	cft_build_end(b);
}

static void alter_sequence(struct cft_build *b, const PgQuery__AlterSeqStmt *stmt)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_SEQUENCE, stmt->sequence->schemaname,
	                stmt->sequence->relname, NULL);
	cft_build_flag(b, stmt->missing_ok ? CFT_EFFECT_IF_EXISTS : 0);
	b->open.lock = CFT_LOCK_SHARE_ROW_EXCLUSIVE;
	sequence_options(b, stmt->options, stmt->n_options);
	cft_build_end(b);
}

bool cft_analyze_type(struct cft_build *b, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
		create_sequence(b, node->create_seq_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
		alter_sequence(b, node->alter_seq_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
		create_enum(b, node->create_enum_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
		alter_enum(b, node->alter_enum_stmt);
		return true;
	case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
		create_composite(b, node->composite_type_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
		create_domain(b, node->create_domain_stmt);
		return true;
	case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
		alter_domain(b, node->alter_domain_stmt);
		return true;
	default:
		return false;
	}
}
