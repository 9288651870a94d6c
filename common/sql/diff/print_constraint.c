/* Print constraints.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/print_part.h"

#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

static void add_names(struct cft_buf *out, PgQuery__Node *const *v, size_t n)
{
	cft_buf_addc(out, '(');
	for (size_t i = 0; i < n; i++) {
		cft_buf_adds(out, i ? ", " : "");
		cft_ident_quote(out, cft_node_string(v[i]));
	}
	cft_buf_addc(out, ')');
}

static const char *fk_action(const char *code)
{
	switch (code ? code[0] : 'a') {
	case 'r':
		return "RESTRICT";
	case 'c':
		return "CASCADE";
	case 'n':
		return "SET NULL";
	case 'd':
		return "SET DEFAULT";
	default:
		return NULL;
	}
}

static void add_foreign_key(struct cft_arena *arena, const PgQuery__Constraint *c,
                            struct cft_buf *out)
{
	cft_buf_adds(out, "FOREIGN KEY ");
	add_names(out, c->fk_attrs, c->n_fk_attrs);
	cft_buf_addf(out, " REFERENCES %s",
	             cft_name_quote(arena, c->pktable->schemaname, c->pktable->relname));
	if (c->n_pk_attrs)
		add_names(out, c->pk_attrs, c->n_pk_attrs);
	if (c->fk_matchtype && c->fk_matchtype[0] == 'f')
		cft_buf_adds(out, " MATCH FULL");
	if (fk_action(c->fk_upd_action))
		cft_buf_addf(out, " ON UPDATE %s", fk_action(c->fk_upd_action));
	if (fk_action(c->fk_del_action))
		cft_buf_addf(out, " ON DELETE %s", fk_action(c->fk_del_action));
	if (c->n_fk_del_set_cols) {
		cft_buf_addc(out, ' ');
		add_names(out, c->fk_del_set_cols, c->n_fk_del_set_cols);
	}
}

static void add_unique(struct cft_arena *arena, const PgQuery__Constraint *c, struct cft_buf *out)
{
	bool primary = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;

	cft_buf_adds(out, primary ? "PRIMARY KEY " : "UNIQUE ");
	if (c->nulls_not_distinct)
		cft_buf_adds(out, "NULLS NOT DISTINCT ");
	add_names(out, c->keys, c->n_keys);
	if (c->n_including) {
		cft_buf_adds(out, " INCLUDE ");
		add_names(out, c->including, c->n_including);
	}
	for (size_t i = 0; i < c->n_options; i++) {
		const PgQuery__DefElem *d = c->options[i]->def_elem;
		cft_buf_adds(out, i ? ", " : " WITH (");
		cft_buf_addf(out, "%s", d->defname);
		if (d->arg && d->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
			cft_buf_addf(out, "=%d", d->arg->integer->ival);
		else if (cft_node_string(d->arg))
			cft_buf_addf(out, "=%s", cft_node_string(d->arg));
	}
	if (c->n_options)
		cft_buf_addc(out, ')');
	if (c->indexspace && *c->indexspace)
		cft_buf_addf(out, " USING INDEX TABLESPACE %s",
		             cft_name_quote(arena, "", c->indexspace));
}

static bool add_check(struct cft_arena *arena, const PgQuery__Constraint *c, struct cft_buf *out)
{
	char *expr = cft_tree_print_expr(arena, c->raw_expr);

	if (expr == NULL)
		return false;
	cft_buf_addf(out, "CHECK (%s)", expr);
	if (c->is_no_inherit)
		cft_buf_adds(out, " NO INHERIT");
	return true;
}

/* The deparser prints an exclusion constraint well, as part of an ALTER TABLE. */
static bool add_exclusion(struct cft_arena *arena, const PgQuery__Constraint *c,
                          struct cft_buf *out)
{
	static const char prefix[] = "ALTER TABLE t ADD ";
	PgQuery__AlterTableStmt alter = PG_QUERY__ALTER_TABLE_STMT__INIT;
	PgQuery__AlterTableCmd cmd = PG_QUERY__ALTER_TABLE_CMD__INIT;
	PgQuery__RangeVar rel = PG_QUERY__RANGE_VAR__INIT;
	PgQuery__Constraint copy = *c;

	rel.relname = (char *)"t";
	rel.inh = true;
	rel.relpersistence = (char *)"p";
	copy.deferrable = copy.initdeferred = false;
	cmd.subtype = PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint;
	cmd.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
	cmd.def = cft_node_wrap(arena, &copy.base);
	PgQuery__Node *cmds[1] = {cft_node_wrap(arena, &cmd.base)};
	alter.relation = &rel;
	alter.cmds = cmds;
	alter.n_cmds = 1;
	alter.objtype = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
	char *sql = cft_tree_print_statement(arena, &alter.base);
	if (sql == NULL || strncasecmp(sql, prefix, sizeof(prefix) - 1) != 0)
		return false;
	cft_buf_adds(out, sql + sizeof(prefix) - 1);
	return true;
}

char *cft_print_constraint(struct cft_arena *arena, const struct cft_object *obj)
{
	const PgQuery__Constraint *c = (const PgQuery__Constraint *)obj->node;
	struct cft_buf buf = CFT_BUF_INIT;
	bool good = true;

	cft_buf_addf(&buf, "CONSTRAINT %s ", obj->ident);
	switch ((int)c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		add_foreign_key(arena, c, &buf);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
		good = add_check(arena, c, &buf);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
		good = add_exclusion(arena, c, &buf);
		break;
	default:
		add_unique(arena, c, &buf);
		break;
	}
	if (c->deferrable)
		cft_buf_adds(&buf,
		             c->initdeferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE");
	if (c->skip_validation && !c->initially_valid)
		cft_buf_adds(&buf, " NOT VALID");
	char *sql = cft_print_finish(arena, &buf);
	return good ? sql : NULL;
}
