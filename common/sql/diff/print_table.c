/* Print tables, with their partitions and elements.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/print_part.h"

#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

static bool add_bound_list(struct cft_arena *arena, PgQuery__Node *const *v, size_t n,
                           struct cft_buf *out)
{
	cft_buf_addc(out, '(');
	for (size_t i = 0; i < n; i++) {
		char *expr = cft_tree_print_expr(arena, v[i]);
		if (expr == NULL)
			return false;
		cft_buf_addf(out, "%s%s", i ? ", " : "", expr);
	}
	cft_buf_addc(out, ')');
	return true;
}

static bool add_bound(struct cft_arena *arena, const PgQuery__PartitionBoundSpec *b,
                      struct cft_buf *out)
{
	if (b->is_default) {
		cft_buf_adds(out, "DEFAULT");
		return true;
	}
	switch (b->strategy[0]) {
	case 'h':
		cft_buf_addf(out, "FOR VALUES WITH (MODULUS %d, REMAINDER %d)", b->modulus,
		             b->remainder);
		return true;
	case 'l':
		cft_buf_adds(out, "FOR VALUES IN ");
		return add_bound_list(arena, b->listdatums, b->n_listdatums, out);
	default:
		cft_buf_adds(out, "FOR VALUES FROM ");
		if (!add_bound_list(arena, b->lowerdatums, b->n_lowerdatums, out))
			return false;
		cft_buf_adds(out, " TO ");
		return add_bound_list(arena, b->upperdatums, b->n_upperdatums, out);
	}
}

char *cft_print_partition(struct cft_arena *arena, const struct cft_attr *attr, bool for_attach)
{
	const PgQuery__PartitionCmd *cmd = (const PgQuery__PartitionCmd *)attr->node;
	struct cft_buf buf = CFT_BUF_INIT;
	bool good = true;

	if (for_attach)
		good = add_bound(arena, cmd->bound, &buf);
	else
		cft_buf_addf(&buf, " PARTITION OF %s",
		             cft_name_quote(arena, cmd->name->schemaname, cmd->name->relname));
	char *sql = cft_print_finish(arena, &buf);
	return good ? sql : NULL;
}

static bool add_partition_by(struct cft_arena *arena, const PgQuery__PartitionSpec *spec,
                             struct cft_buf *out)
{
	cft_buf_addf(out, " PARTITION BY %s (", spec->strategy);
	for (size_t i = 0; i < spec->n_part_params; i++) {
		const PgQuery__PartitionElem *e = spec->part_params[i]->partition_elem;
		const char *schema, *name;
		cft_buf_adds(out, i ? ", " : "");
		if (e->expr != NULL) {
			char *expr = cft_tree_print_expr(arena, e->expr);
			if (expr == NULL)
				return false;
			cft_buf_addf(out, "(%s)", expr);
		} else {
			cft_ident_quote(out, e->name);
		}
		cft_names_split(e->collation, e->n_collation, &schema, &name);
		if (*name)
			cft_buf_addf(out, " COLLATE %s", cft_name_quote(arena, schema, name));
		cft_names_split(e->opclass, e->n_opclass, &schema, &name);
		if (*name)
			cft_buf_addf(out, " %s", cft_name_quote(arena, schema, name));
	}
	cft_buf_addc(out, ')');
	return true;
}

void cft_print_with(const struct cft_object *obj, struct cft_buf *out)
{
	bool first = true;

	CFT_VEC_EACH (struct cft_attr, a, &obj->attrs) {
		if (a->id != CFT_ATTR_OPTION)
			continue;
		cft_buf_addf(out, "%s%s=", first ? " WITH (" : ", ", a->sub);
		cft_literal_add(out, a->text);
		first = false;
	}
	if (!first)
		cft_buf_addc(out, ')');
}

bool cft_print_elements(struct cft_arena *arena, const struct cft_object *table, cft_leave_fn leave,
                        void *ctx, struct cft_buf *out, bool always)
{
	bool first = true;

	for (size_t i = 0; i < table->children.n; i++) {
		const struct cft_object *e = table->children.v[i];
		bool column = e->kind == CFT_KIND_COLUMN && cft_attr_find(e, CFT_ATTR_TYPE, "");
		bool typed = e->kind == CFT_KIND_COLUMN && !column &&
		             (cft_attr_find(e, CFT_ATTR_NOT_NULL, "") ||
		              cft_attr_find(e, CFT_ATTR_DEFAULT, "")) &&
		             always == false;
		bool constraint = e->kind == CFT_KIND_CONSTRAINT && e->inline_in != NULL &&
		                  !(leave && leave(e, ctx));
		if (!column && !constraint && !typed)
			continue;
		cft_buf_adds(out, first ? " (\n    " : ",\n    ");
		first = false;
		if (constraint) {
			char *sql = cft_print_constraint(arena, e);
			if (sql == NULL)
				return false;
			cft_buf_adds(out, sql);
		} else if (typed) {
			cft_buf_adds(out, e->ident);
			if (!cft_print_column_clauses(arena, e, out))
				return false;
		} else if (!cft_print_column(arena, e, out)) {
			return false;
		}
	}
	if (!first)
		cft_buf_adds(out, "\n)");
	else if (always)
		cft_buf_adds(out, " ()");
	return true;
}

static void add_inherits(const struct cft_object *table, struct cft_buf *out)
{
	bool first = true;

	CFT_VEC_EACH (struct cft_attr, a, &table->attrs) {
		if (a->id != CFT_ATTR_INHERITS)
			continue;
		cft_buf_addf(out, "%s%s", first ? " INHERITS (" : ", ", a->text);
		first = false;
	}
	if (!first)
		cft_buf_addc(out, ')');
}

char *cft_print_table(struct cft_arena *arena, const struct cft_object *table, cft_leave_fn leave,
                      void *ctx)
{
	const struct cft_attr *of = cft_attr_find(table, CFT_ATTR_PARTITION_OF, "");
	const struct cft_attr *typed = cft_attr_find(table, CFT_ATTR_OF_TYPE, "");
	const struct cft_attr *by = cft_attr_find(table, CFT_ATTR_PARTITION_BY, "");
	bool foreign = table->kind == CFT_KIND_FOREIGN_TABLE;
	struct cft_buf buf = CFT_BUF_INIT;
	bool good = true;

	cft_buf_addf(&buf, "CREATE %s%s %s",
	             cft_attr_find(table, CFT_ATTR_PERSISTENCE, "") ? "UNLOGGED " : "",
	             foreign ? "FOREIGN TABLE" : "TABLE", table->ident);
	if (typed != NULL)
		cft_buf_addf(&buf, " OF %s",
		             cft_type_text(arena, (const PgQuery__TypeName *)typed->node));
	if (of != NULL)
		cft_buf_adds(&buf, cft_print_partition(arena, of, false));
	good = cft_print_elements(arena, table, leave, ctx, &buf, of == NULL && typed == NULL);
	add_inherits(table, &buf);
	if (of != NULL) {
		cft_buf_addc(&buf, ' ');
		good = good &&
		       add_bound(arena, ((const PgQuery__PartitionCmd *)of->node)->bound, &buf);
	}
	if (by != NULL)
		good = good &&
		       add_partition_by(arena, (const PgQuery__PartitionSpec *)by->node, &buf);
	if (foreign)
		cft_buf_addf(&buf, " SERVER %s", cft_attr_text(table, CFT_ATTR_MEMBER, "server"));
	if (cft_attr_find(table, CFT_ATTR_ACCESS_METHOD, ""))
		cft_buf_addf(&buf, " USING %s", cft_attr_text(table, CFT_ATTR_ACCESS_METHOD, ""));
	cft_print_with(table, &buf);
	cft_print_fdw_options(table, &buf);
	if (cft_attr_find(table, CFT_ATTR_TABLESPACE, ""))
		cft_buf_addf(&buf, " TABLESPACE %s", cft_attr_text(table, CFT_ATTR_TABLESPACE, ""));
	char *sql = cft_print_finish(arena, &buf);
	return good ? sql : NULL;
}
