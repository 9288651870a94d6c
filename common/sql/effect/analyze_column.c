/* Analyze, columns: their types, defaults, sequences and own constraints.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/analyze_parts.h"

#include <string.h>

static const char *serial_type(const char *type)
{
	if (strcmp(type, "serial") == 0)
		return "integer";
	if (strcmp(type, "bigserial") == 0)
		return "bigint";
	return strcmp(type, "smallserial") == 0 ? "smallint" : NULL;
}

/* A sequence that belongs to a column; its name is chosen when the statement runs. */
void cft_analyze_owned_sequence(struct cft_build *b, const struct cft_name *table,
                                const char *column, const char *mode, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_SEQUENCE, table->schema, "", "");
	cft_build_flag(b, flags | CFT_EFFECT_PART | CFT_EFFECT_GENERATED_NAME);
	cft_build_attr(b, "owner_table", table->name);
	cft_build_attr(b, "owner_column", column);
	cft_build_attr(b, "mode", mode);
	cft_build_end(b);
}

void cft_analyze_default(struct cft_build *b, const struct cft_name *table, const char *column,
                         const PgQuery__Node *expr, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_COLUMN, table->schema, table->name, column);
	cft_build_flag(b, flags);
	b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	cft_build_attr(b, "default", cft_tree_text(b->arena, expr));
	cft_refs_expr(&b->refs, expr, 0);
	if (expr && expr->node_case == PG_QUERY__NODE__NODE_A_CONST &&
	    expr->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
		uint16_t scope =
			cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_SOFT);
		cft_refs_column(&b->refs, column, scope, CFT_REF_VALUE | CFT_REF_SOFT);
		b->refs.list.v[b->refs.list.n - 1].value = expr->a_const->sval->sval;
	}
	cft_build_end(b);
}

static void column_generated(struct cft_build *b, const struct cft_name *table, const char *column,
                             const PgQuery__Node *expr, uint32_t flags)
{
	cft_build_begin(b, CFT_OP_ALTER, CFT_OBJ_COLUMN, table->schema, table->name, column);
	cft_build_flag(b, flags);
	cft_build_attr(b, "generated", cft_tree_text(b->arena, expr));
	uint16_t scope = cft_refs_scope(&b->refs, table->schema, table->name, NULL, CFT_REF_SOFT);
	cft_refs_expr(&b->refs, expr, scope);
	cft_build_end(b);
}

static void column_constraint(struct cft_build *b, const struct cft_name *table,
                              const PgQuery__ColumnDef *column, const PgQuery__Constraint *con,
                              uint32_t flags)
{
	switch (con->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		cft_analyze_default(b, table, column->colname, con->raw_expr, flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
		column_generated(b, table, column->colname, con->raw_expr, flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
		cft_analyze_owned_sequence(
			b, table, column->colname,
			strcmp(con->generated_when, "a") == 0 ? "always" : "by default", flags);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		cft_analyze_constraint(b, table, column->colname, con, flags);
		break;
	default:
		break;
	}
}

static bool column_has(const PgQuery__ColumnDef *column, PgQuery__ConstrType type)
{
	for (size_t i = 0; i < column->n_constraints; i++)
		if (column->constraints[i]->constraint->contype == type)
			return true;
	return false;
}

static bool column_is_not_null(const PgQuery__ColumnDef *column)
{
	return column->is_not_null || column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) ||
	       column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY) ||
	       column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY);
}

void cft_analyze_collation(struct cft_build *b, const PgQuery__CollateClause *clause)
{
	struct cft_name name = cft_name_of_list(clause->collname, clause->n_collname);

	cft_build_attr(b, "collation", name.name);
	cft_refs_add(&b->refs, CFT_OBJ_COLLATION, name.schema, name.name, NULL, CFT_REF_UNCERTAIN);
}

void cft_analyze_column(struct cft_build *b, const struct cft_name *table,
                        const PgQuery__ColumnDef *column, uint32_t flags)
{
	const char *type = column->type_name ? cft_type_text(b->arena, column->type_name) : "";
	const char *serial = serial_type(type);
	uint32_t part = CFT_EFFECT_PART | (flags & CFT_EFFECT_PARENT_IF_EXISTS);

	cft_build_begin(b, CFT_OP_CREATE, CFT_OBJ_COLUMN, table->schema, table->name,
	                column->colname);
	cft_build_flag(b, flags);
	cft_build_attr(b, "type", serial ? serial : type);
	if (serial || column_is_not_null(column))
		cft_build_attr(b, "notnull", "yes");
	if (column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY) || serial)
		cft_build_attr(b, "filled", "yes");
	if (column->coll_clause)
		cft_analyze_collation(b, column->coll_clause);
	if (*column->compression)
		cft_build_attr(b, "compression", column->compression);
	if (column->type_name && !serial)
		cft_refs_type(&b->refs, column->type_name, 0);
	if (!(flags & CFT_EFFECT_PART))
		b->open.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	if (serial || column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) ||
	    column_has(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY))
		cft_build_flag(b, CFT_EFFECT_REWRITE);
	cft_build_end(b);
	if (serial)
		cft_analyze_owned_sequence(b, table, column->colname, "serial", part);
	for (size_t i = 0; i < column->n_constraints; i++)
		column_constraint(b, table, column, column->constraints[i]->constraint, part);
}
