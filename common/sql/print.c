/* Print: SQL text of objects and their parts.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/print.h"

#include "common/sql/name.h"
#include "common/sql/split.h"

#include <string.h>
#include <strings.h>

static char *finish(struct cft_arena *arena, struct cft_buf *buf)
{
	char *s = cft_arena_strndup(arena, cft_buf_str(buf), buf->len);

	cft_buf_release(buf);
	return s;
}

static bool on_domain(const struct cft_object *obj)
{
	return obj->parent != NULL && obj->parent->kind == CFT_KIND_DOMAIN;
}

char *cft_print_target(struct cft_arena *arena, const struct cft_object *obj)
{
	const char *sql = cft_kind_sql(obj->kind);

	switch ((int)obj->kind) {
	case CFT_KIND_COLUMN:
		return cft_arena_printf(arena, "%s %s.%s", sql, obj->parent->ident, obj->ident);
	case CFT_KIND_CONSTRAINT:
		return cft_arena_printf(arena, "%s %s ON %s%s", sql, obj->ident,
		                        on_domain(obj) ? "DOMAIN " : "", obj->parent->ident);
	case CFT_KIND_TRIGGER:
	case CFT_KIND_RULE:
	case CFT_KIND_POLICY:
		return cft_arena_printf(arena, "%s %s ON %s", sql, obj->ident, obj->parent->ident);
	case CFT_KIND_USER_MAPPING:
		return cft_arena_printf(arena, "%s FOR %s", sql, obj->name);
	case CFT_KIND_TRANSFORM:
	case CFT_KIND_CAST:
		return cft_arena_printf(arena, "%s %s", sql, obj->name);
	default:
		return cft_arena_printf(arena, "%s %s", sql, obj->ident);
	}
}

/* ---- slices of the source ----------------------------------------------------------------------
 */

/* Bytes of a list item: up to the comma or parenthesis that ends it. */
static size_t item_len(const char *text, size_t len)
{
	int depth = 0;
	bool blank;

	for (size_t pos = 0; pos < len;) {
		size_t n = cft_sql_lex(text, len, pos, &blank);
		if (n == 1 && (text[pos] == '(' || text[pos] == '['))
			depth++;
		else if (n == 1 && (text[pos] == ')' || text[pos] == ']') && depth-- == 0)
			return pos;
		else if (n == 1 && depth == 0 && (text[pos] == ',' || text[pos] == ';'))
			return pos;
		pos += n;
	}
	return len;
}

static size_t trimmed(const char *text, size_t len)
{
	size_t last = 0;
	bool blank;

	for (size_t pos = 0; pos < len;) {
		size_t n = cft_sql_lex(text, len, pos, &blank);
		pos += n;
		if (!blank)
			last = pos;
	}
	return last;
}

static int least(int a, int b)
{
	return b >= 0 && (a < 0 || b < a) ? b : a;
}

static char *type_slice(struct cft_arena *arena, const struct cft_object *col)
{
	const PgQuery__ColumnDef *def = CFT_AS(PgQuery__ColumnDef, pg_query__column_def, col->node);
	const struct cft_attr *attr = cft_attr_find(col, CFT_ATTR_TYPE, "");

	if (col->text == NULL || col->stale || def == NULL || def->type_name == NULL ||
	    attr == NULL || (attr->node != &def->type_name->base && !col->serial) ||
	    def->n_fdwoptions || (def->compression && *def->compression) ||
	    def->type_name->location < def->location)
		return NULL;
	size_t from = (size_t)(def->type_name->location - def->location);
	if (from >= col->text_len)
		return NULL;
	int end = -1;
	if (def->coll_clause != NULL)
		end = least(end, def->coll_clause->location);
	for (size_t i = 0; i < def->n_constraints; i++)
		end = least(end, def->constraints[i]->constraint->location);
	const char *text = col->text + from;
	size_t len = item_len(text, col->text_len - from);
	if (end >= 0 && (size_t)(end - def->location) - from < len)
		len = (size_t)(end - def->location) - from;
	return cft_arena_strndup(arena, text, trimmed(text, len));
}

char *cft_print_type(struct cft_arena *arena, const struct cft_object *col)
{
	const struct cft_attr *attr = cft_attr_find(col, CFT_ATTR_TYPE, "");
	char *slice = col->serial ? NULL : type_slice(arena, col);

	if (slice != NULL)
		return slice;
	if (attr == NULL || attr->node == NULL)
		return cft_arena_strdup(arena, "text");
	return cft_type_text(arena, (const PgQuery__TypeName *)attr->node);
}

/* ---- expressions ------------------------------------------------------------------------------
 */

static bool is_simple(const ProtobufCMessage *msg)
{
	static const ProtobufCMessageDescriptor *const simple[] = {
		&pg_query__a__const__descriptor, &pg_query__column_ref__descriptor,
		&pg_query__sqlvalue_function__descriptor};

	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
		if (msg->descriptor == simple[i])
			return true;
	const PgQuery__FuncCall *f = CFT_AS(PgQuery__FuncCall, pg_query__func_call, msg);
	if (f != NULL)
		return f->funcformat == PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;
	const PgQuery__TypeCast *cast = CFT_AS(PgQuery__TypeCast, pg_query__type_cast, msg);
	return cast != NULL && is_simple(cft_node_message(cast->arg));
}

char *cft_print_expr(struct cft_arena *arena, const struct cft_attr *attr)
{
	if (attr->node == NULL)
		return cft_arena_strdup(arena, attr->text ? attr->text : "");
	char *sql = cft_tree_print_expr(arena, cft_node_wrap(arena, attr->node));
	if (sql == NULL)
		return NULL;
	return is_simple(attr->node) ? sql : cft_arena_printf(arena, "(%s)", sql);
}

/* The author's words of a column's default, where the deparser loses something. */
static char *default_slice(struct cft_arena *arena, const struct cft_object *col,
                           const struct cft_attr *dflt)
{
	const PgQuery__ColumnDef *def = CFT_AS(PgQuery__ColumnDef, pg_query__column_def, col->node);

	for (size_t i = 0; def != NULL && col->text != NULL && i < def->n_constraints; i++) {
		const PgQuery__Constraint *c = def->constraints[i]->constraint;
		if (cft_node_message(c->raw_expr) != dflt->node)
			continue;
		size_t from = (size_t)(c->location - def->location);
		const char *text = col->text + from;
		size_t len = item_len(text, col->text_len - from);
		if (i + 1 < def->n_constraints)
			len = (size_t)(def->constraints[i + 1]->constraint->location - c->location);
		len = trimmed(text, len);
		if (len > 7 && strncasecmp(text, "default", 7) == 0)
			return cft_arena_strndup(arena, text + 7, len - 7);
	}
	return NULL;
}

char *cft_print_default(struct cft_arena *arena, const struct cft_object *col,
                        const struct cft_attr *dflt)
{
	char *sql = cft_print_expr(arena, dflt);

	return sql ? sql : default_slice(arena, col, dflt);
}

static void add_names(struct cft_buf *out, PgQuery__Node *const *v, size_t n)
{
	cft_buf_addc(out, '(');
	for (size_t i = 0; i < n; i++) {
		cft_buf_adds(out, i ? ", " : "");
		cft_ident_quote(out, cft_node_string(v[i]));
	}
	cft_buf_addc(out, ')');
}

/* ---- constraints ------------------------------------------------------------------------------
 */

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
	char *sql = finish(arena, &buf);
	return good ? sql : NULL;
}

/* ---- columns ----------------------------------------------------------------------------------
 */

void cft_print_sequence_options(const struct cft_object *obj, struct cft_buf *out)
{
	static const struct {
		enum cft_attr_id id;
		const char *format;
	} options[] = {
		{CFT_ATTR_SEQ_TYPE, " AS %s"},
		{CFT_ATTR_SEQ_START, " START WITH %s"},
		{CFT_ATTR_SEQ_INCREMENT, " INCREMENT BY %s"},
		{CFT_ATTR_SEQ_MIN, " MINVALUE %s"},
		{CFT_ATTR_SEQ_MAX, " MAXVALUE %s"},
		{CFT_ATTR_SEQ_CACHE, " CACHE %s"},
		{CFT_ATTR_SEQ_CYCLE, " %s"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *text = cft_attr_text(obj, options[i].id, "");
		const char *at = strstr(options[i].format, "%s");
		if (*text == '\0')
			continue;
		cft_buf_add(out, options[i].format, (size_t)(at - options[i].format));
		cft_buf_adds(out, text);
	}
}

char *cft_print_identity(struct cft_arena *arena, const struct cft_object *col)
{
	struct cft_buf buf = CFT_BUF_INIT, options = CFT_BUF_INIT;

	cft_buf_addf(&buf, "GENERATED %s AS IDENTITY", cft_attr_text(col, CFT_ATTR_IDENTITY, ""));
	cft_print_sequence_options(col, &options);
	if (options.len > 0)
		cft_buf_addf(&buf, " (%s)", cft_buf_str(&options) + 1);
	cft_buf_release(&options);
	return finish(arena, &buf);
}

static void add_fdw_options(const struct cft_object *obj, struct cft_buf *out)
{
	bool first = true;

	CFT_VEC_EACH (struct cft_attr, a, &obj->attrs) {
		if (a->id != CFT_ATTR_FDW_OPTION)
			continue;
		cft_buf_adds(out, first ? " OPTIONS (" : ", ");
		first = false;
		cft_ident_quote(out, a->sub);
		cft_buf_addc(out, ' ');
		cft_literal_add(out, a->text);
	}
	if (!first)
		cft_buf_addc(out, ')');
}

static bool add_column_clauses(struct cft_arena *arena, const struct cft_object *col,
                               struct cft_buf *out)
{
	const struct cft_attr *generated = cft_attr_find(col, CFT_ATTR_GENERATED, "");
	const struct cft_attr *dflt = cft_attr_find(col, CFT_ATTR_DEFAULT, "");

	if (cft_attr_find(col, CFT_ATTR_COLLATION, ""))
		cft_buf_addf(out, " COLLATE %s", cft_attr_text(col, CFT_ATTR_COLLATION, ""));
	if (generated != NULL) {
		char *expr = cft_tree_print_expr(arena, cft_node_wrap(arena, generated->node));
		if (expr == NULL)
			return false;
		cft_buf_addf(out, " GENERATED ALWAYS AS (%s) STORED", expr);
	}
	if (cft_attr_find(col, CFT_ATTR_IDENTITY, ""))
		cft_buf_addf(out, " %s", cft_print_identity(arena, col));
	if (dflt != NULL) {
		char *expr = cft_print_default(arena, col, dflt);
		if (expr == NULL)
			return false;
		cft_buf_addf(out, " DEFAULT %s", expr);
	}
	if (cft_attr_find(col, CFT_ATTR_NOT_NULL, "") && !cft_attr_find(col, CFT_ATTR_IDENTITY, ""))
		cft_buf_adds(out, " NOT NULL");
	return true;
}

static const char *serial_word(const struct cft_object *col)
{
	const char *type = cft_attr_text(col, CFT_ATTR_TYPE, "");

	if (strcmp(type, "bigint") == 0)
		return "bigserial";
	return strcmp(type, "smallint") == 0 ? "smallserial" : "serial";
}

bool cft_print_serial_says_all(const struct cft_object *col)
{
	const struct cft_attr *dflt = cft_attr_find(col, CFT_ATTR_DEFAULT, "");

	return col->serial && dflt != NULL && dflt->by == col->by &&
	       cft_attr_find(col, CFT_ATTR_NOT_NULL, "");
}

static bool add_column(struct cft_arena *arena, const struct cft_object *col, struct cft_buf *out)
{
	cft_buf_adds(out, col->ident);
	if (cft_print_serial_says_all(col)) {
		char *slice = type_slice(arena, col);
		cft_buf_addf(out, " %s", slice ? slice : serial_word(col));
		return true;
	}
	cft_buf_addf(out, " %s", cft_print_type(arena, col));
	if (cft_attr_find(col, CFT_ATTR_COMPRESSION, ""))
		cft_buf_addf(out, " COMPRESSION %s", cft_attr_text(col, CFT_ATTR_COMPRESSION, ""));
	add_fdw_options(col, out);
	return add_column_clauses(arena, col, out);
}

/* ---- whole tables
 * -------------------------------------------------------------------------------- */

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
	char *sql = finish(arena, &buf);
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

static void add_with(const struct cft_object *obj, struct cft_buf *out)
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

typedef bool (*leave_fn)(const struct cft_object *constraint, void *ctx);

static bool add_elements(struct cft_arena *arena, const struct cft_object *table, leave_fn leave,
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
			if (!add_column_clauses(arena, e, out))
				return false;
		} else if (!add_column(arena, e, out)) {
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

static char *print_table(struct cft_arena *arena, const struct cft_object *table, leave_fn leave,
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
	good = add_elements(arena, table, leave, ctx, &buf, of == NULL && typed == NULL);
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
	add_with(table, &buf);
	add_fdw_options(table, &buf);
	if (cft_attr_find(table, CFT_ATTR_TABLESPACE, ""))
		cft_buf_addf(&buf, " TABLESPACE %s", cft_attr_text(table, CFT_ATTR_TABLESPACE, ""));
	char *sql = finish(arena, &buf);
	return good ? sql : NULL;
}

static char *print_sequence(struct cft_arena *arena, const struct cft_object *seq)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addf(&buf, "CREATE %sSEQUENCE %s",
	             cft_attr_find(seq, CFT_ATTR_PERSISTENCE, "") ? "UNLOGGED " : "", seq->ident);
	cft_print_sequence_options(seq, &buf);
	return finish(arena, &buf);
}

static char *print_domain(struct cft_arena *arena, const struct cft_object *dom)
{
	struct cft_buf buf = CFT_BUF_INIT;
	bool good;

	cft_buf_addf(&buf, "CREATE DOMAIN %s AS %s", dom->ident, cft_print_type(arena, dom));
	good = add_column_clauses(arena, dom, &buf);
	for (size_t i = 0; i < dom->children.n; i++) {
		char *c = dom->children.v[i]->inline_in
		                  ? cft_print_constraint(arena, dom->children.v[i])
		                  : NULL;
		if (c != NULL)
			cft_buf_addf(&buf, " %s", c);
		else if (dom->children.v[i]->inline_in)
			good = false;
	}
	char *sql = finish(arena, &buf);
	return good ? sql : NULL;
}

static char *print_composite(struct cft_arena *arena, const struct cft_object *type)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addf(&buf, "CREATE TYPE %s AS", type->ident);
	add_elements(arena, type, NULL, NULL, &buf, true);
	return finish(arena, &buf);
}

static char *print_publication(struct cft_arena *arena, const struct cft_object *pub)
{
	struct cft_buf buf = CFT_BUF_INIT;
	bool first = true;

	cft_buf_addf(&buf, "CREATE PUBLICATION %s", pub->ident);
	if (strcmp(cft_attr_text(pub, CFT_ATTR_DEFINITION, ""), "FOR ALL TABLES") == 0)
		cft_buf_adds(&buf, " FOR ALL TABLES");
	CFT_VEC_EACH (struct cft_attr, a, &pub->attrs)
		if (a->id == CFT_ATTR_MEMBER) {
			cft_buf_addf(&buf, "%s%s", first ? " FOR " : ", ", a->text);
			first = false;
		}
	add_with(pub, &buf);
	return finish(arena, &buf);
}

static char *print_extension(struct cft_arena *arena, const struct cft_object *ext)
{
	const char *schema = cft_attr_text(ext, CFT_ATTR_MEMBER, "schema");

	return cft_arena_printf(arena, "CREATE EXTENSION IF NOT EXISTS %s%s%s",
	                        cft_name_quote(arena, "", ext->name),
	                        *schema ? " WITH SCHEMA " : "", schema);
}

/* ---- create, drop ------------------------------------------------------------------------------
 */

bool cft_print_is_source(const struct cft_object *obj)
{
	return obj->text != NULL && !obj->stale;
}

/* The deparser does not quote an index's name: it prints a plain one, which is put right here. */
static char *print_index(struct cft_arena *arena, const struct cft_object *obj)
{
	static const char plain[] = "cft_name_of_the_index";
	PgQuery__IndexStmt copy = *(const PgQuery__IndexStmt *)obj->node;

	copy.idxname = (char *)plain;
	char *sql = cft_tree_print_statement(arena, &copy.base);
	const char *at = sql ? strstr(sql, plain) : NULL;
	return at ? cft_arena_printf(arena, "%.*s%s%s", (int)(at - sql), sql,
	                             cft_name_quote(arena, "", obj->name), at + strlen(plain))
	          : NULL;
}

static char *print_model(struct cft_arena *arena, const struct cft_object *obj, leave_fn leave,
                         void *ctx)
{
	struct cft_buf buf = CFT_BUF_INIT;
	char *sql;

	switch ((int)obj->kind) {
	case CFT_KIND_TABLE:
	case CFT_KIND_FOREIGN_TABLE:
		return print_table(arena, obj, leave, ctx);
	case CFT_KIND_SEQUENCE:
		return print_sequence(arena, obj);
	case CFT_KIND_DOMAIN:
		return print_domain(arena, obj);
	case CFT_KIND_COMPOSITE:
		return print_composite(arena, obj);
	case CFT_KIND_SCHEMA:
		return cft_arena_printf(arena, "CREATE SCHEMA %s", obj->ident);
	case CFT_KIND_EXTENSION:
		return print_extension(arena, obj);
	case CFT_KIND_PUBLICATION:
		return print_publication(arena, obj);
	case CFT_KIND_ENUM:
		return cft_arena_printf(arena, "CREATE TYPE %s AS ENUM (%s)", obj->ident,
		                        cft_attr_text(obj, CFT_ATTR_LABELS, ""));
	case CFT_KIND_COLUMN:
		cft_buf_addf(&buf, "ALTER %s %s ADD %s ", cft_kind_sql(obj->parent->kind),
		             obj->parent->ident,
		             obj->parent->kind == CFT_KIND_COMPOSITE ? "ATTRIBUTE" : "COLUMN");
		if (!add_column(arena, obj, &buf)) {
			cft_buf_release(&buf);
			return NULL;
		}
		return finish(arena, &buf);
	case CFT_KIND_CONSTRAINT:
		sql = cft_print_constraint(arena, obj);
		return sql ? cft_arena_printf(arena, "ALTER %s %s ADD %s",
		                              cft_kind_sql(obj->parent->kind), obj->parent->ident,
		                              sql)
		           : NULL;
	case CFT_KIND_INDEX:
		return print_index(arena, obj);
	case CFT_KIND_DEFAULT_ACL:
		return cft_arena_strdup(arena, "");
	default:
		sql = obj->node ? cft_tree_print_statement(arena, obj->node) : NULL;
		return sql;
	}
}

static bool always_model(enum cft_kind kind)
{
	return kind == CFT_KIND_COLUMN || kind == CFT_KIND_CONSTRAINT ||
	       kind == CFT_KIND_PUBLICATION || kind == CFT_KIND_EXTENSION;
}

static bool any_left_out(const struct cft_object *table, leave_fn leave, void *ctx)
{
	for (size_t i = 0; leave && i < table->children.n; i++)
		if (table->children.v[i]->kind == CFT_KIND_CONSTRAINT &&
		    table->children.v[i]->inline_in == table && leave(table->children.v[i], ctx))
			return true;
	return false;
}

char *cft_print_create(struct cft_arena *arena, const struct cft_object *obj, leave_fn leave,
                       void *ctx)
{
	if (cft_print_is_source(obj) && !always_model(obj->kind) && !any_left_out(obj, leave, ctx))
		return cft_arena_strndup(arena, obj->text, trimmed(obj->text, obj->text_len));
	return print_model(arena, obj, leave, ctx);
}

char *cft_print_replace(struct cft_arena *arena, const struct cft_object *obj)
{
	char *sql = cft_print_create(arena, obj, NULL, NULL);
	const char *rest = sql;

	if (sql == NULL)
		return NULL;
	while (strncasecmp(rest, "create", 6) != 0)
		rest += cft_sql_lex(sql, strlen(sql), (size_t)(rest - sql), &(bool){false});
	rest += 6;
	const char *after = rest;
	while (*after == ' ' || *after == '\n' || *after == '\t' || *after == '\r')
		after++;
	if (strncasecmp(after, "or", 2) == 0 && !(after[2] >= 'a' && after[2] <= 'z'))
		return sql;
	return cft_arena_printf(arena, "CREATE OR REPLACE%s", rest);
}

char *cft_print_drop(struct cft_arena *arena, const struct cft_object *obj)
{
	const char *sql = cft_kind_sql(obj->kind);

	switch ((int)obj->kind) {
	case CFT_KIND_COLUMN:
		return cft_arena_printf(arena, "ALTER %s %s DROP %s %s",
		                        cft_kind_sql(obj->parent->kind), obj->parent->ident,
		                        obj->parent->kind == CFT_KIND_COMPOSITE ? "ATTRIBUTE"
		                                                                : "COLUMN",
		                        obj->ident);
	case CFT_KIND_CONSTRAINT:
		return cft_arena_printf(arena, "ALTER %s %s DROP %s %s",
		                        cft_kind_sql(obj->parent->kind), obj->parent->ident, sql,
		                        obj->ident);
	case CFT_KIND_DEFAULT_ACL:
		return cft_arena_strdup(arena, "");
	default:
		return cft_arena_printf(arena, "DROP %s", cft_print_target(arena, obj));
	}
}
