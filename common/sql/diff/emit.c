/* Emit: the nodes of the order, each with the statements of one operation on one object.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"
#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <string.h>

enum { RANK_DROP = 100, RANK_ALTER = 200, RANK_CREATE = 300, RANK_POST = 400 };

/* -- whose statement does it -- */

static bool is_made(const struct cft_delta *x)
{
	return x->op == CFT_DELTA_CREATE || x->op == CFT_DELTA_REPLACE;
}

static bool is_gone(const struct cft_delta *x)
{
	return x->op == CFT_DELTA_DROP || x->op == CFT_DELTA_REPLACE;
}

bool cft_delta_merged_create(const struct cft_diff *d, const struct cft_delta *x)
{
	const struct cft_object *o = x->new;

	if (o == NULL || o->inline_in == NULL || x->left_out || !is_made(x))
		return false;
	if (o->kind == CFT_KIND_SEQUENCE) {
		const struct cft_object *col = cft_sequence_owner(d->new, o);
		const struct cft_delta *c = col ? d->of_new[col->index] : NULL;
		return c != NULL && is_made(c) && cft_print_serial_says_all(col);
	}
	const struct cft_delta *holder = d->of_new[o->inline_in->index];
	return holder != NULL && is_made(holder);
}

static const struct cft_object *partition_parent(const struct cft_object *table)
{
	const struct cft_attr *a = cft_attr_find(table, CFT_ATTR_PARTITION_OF, "");
	const PgQuery__RangeVar *rv = a ? ((const PgQuery__PartitionCmd *)a->node)->name : NULL;

	return rv ? cft_env_relation(a->env, rv->schemaname, rv->relname) : NULL;
}

/* A foreign key to a partitioned table holds each of its partitions. */
static bool is_held(const struct cft_diff *d, const struct cft_object *partition)
{
	for (const struct cft_object *t = partition_parent(partition); t != NULL;
	     t = partition_parent(t))
		if (d->of_old[t->index] != NULL && d->of_old[t->index]->referenced)
			return true;
	return false;
}

/* A partition that is held goes with its parent: alone it cannot. */
static bool goes_with_parent(const struct cft_diff *d, const struct cft_object *table)
{
	const struct cft_object *parent = partition_parent(table);
	const struct cft_delta *p = parent ? d->of_old[parent->index] : NULL;

	return p != NULL && is_gone(p) && is_held(d, table);
}

bool cft_delta_merged_drop(const struct cft_diff *d, const struct cft_delta *x)
{
	const struct cft_object *o = x->old;

	if (o == NULL || !is_gone(x))
		return false;
	if (o->kind == CFT_KIND_TABLE)
		return goes_with_parent(d, o);
	if (o->kind == CFT_KIND_SEQUENCE) {
		const struct cft_object *col = cft_sequence_owner(d->old, o);
		const struct cft_delta *c = col ? d->of_old[col->index] : NULL;
		return c != NULL && is_gone(c);
	}
	if (o->parent == NULL || x->left_out)
		return false;
	const struct cft_delta *parent = d->of_old[o->parent->index];
	return parent != NULL && is_gone(parent);
}

struct cft_delta *cft_delta_creator(const struct cft_diff *d, struct cft_delta *x)
{
	while (cft_delta_merged_create(d, x)) {
		const struct cft_object *o = x->new;
		const struct cft_object *up =
			o->kind == CFT_KIND_SEQUENCE ? cft_sequence_owner(d->new, o) : o->inline_in;
		x = d->of_new[up->index];
	}
	return x;
}

struct cft_delta *cft_delta_dropper(const struct cft_diff *d, struct cft_delta *x)
{
	while (cft_delta_merged_drop(d, x)) {
		const struct cft_object *o = x->old;
		const struct cft_object *up = o->kind == CFT_KIND_SEQUENCE
		                                      ? cft_sequence_owner(d->old, o)
		                              : o->kind == CFT_KIND_TABLE ? partition_parent(o)
		                                                          : o->parent;
		x = d->of_old[up->index];
	}
	return x;
}

/* -- foreign keys in a circle -- */

static const PgQuery__Constraint *foreign_key(const struct cft_object *o)
{
	const PgQuery__Constraint *c =
		o->kind == CFT_KIND_CONSTRAINT
			? CFT_AS(PgQuery__Constraint, pg_query__constraint, o->node)
			: NULL;

	return c && c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN ? c : NULL;
}

static const struct cft_object *target_of(const struct cft_object *fk, const PgQuery__Constraint *c)
{
	return cft_env_relation(fk->env, c->pktable->schemaname, c->pktable->relname);
}

static bool counts(const struct cft_diff *d, const struct cft_object *fk, bool in_old)
{
	const struct cft_delta *x = cft_delta_of(d, fk, in_old);

	return x != NULL && !x->left_out && (in_old ? is_gone(x) : is_made(x)) &&
	       (in_old || fk->inline_in != NULL);
}

static bool reaches(const struct cft_diff *d, const struct cft_object *from,
                    const struct cft_object *to, bool in_old, unsigned char *seen)
{
	if (from == to)
		return true;
	if (seen[from->index])
		return false;
	seen[from->index] = 1;
	for (size_t i = 0; i < from->children.n; i++) {
		const PgQuery__Constraint *c = foreign_key(from->children.v[i]);
		if (c == NULL || !counts(d, from->children.v[i], in_old))
			continue;
		const struct cft_object *next = target_of(from->children.v[i], c);
		if (next != NULL && next != from && reaches(d, next, to, in_old, seen))
			return true;
	}
	return false;
}

static void note_references(struct cft_diff *d)
{
	CFT_VEC_EACH (struct cft_object *, o, &d->old->objects) {
		const PgQuery__Constraint *c = *o ? foreign_key(*o) : NULL;
		const struct cft_object *to = c ? target_of(*o, c) : NULL;
		if (to != NULL && d->of_old[to->index] != NULL)
			d->of_old[to->index]->referenced = true;
	}
}

/* A foreign key that closes a circle comes as a statement of its own. */
static void leave_out_circles(struct cft_diff *d, bool in_old)
{
	size_t n = in_old ? d->old->objects.n : d->new->objects.n;
	unsigned char *seen = cft_arena_alloc(d->arena, n + 1);

	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		struct cft_delta *x = *p;
		const struct cft_object *o = in_old ? x->old : x->new;
		const PgQuery__Constraint *c = o ? foreign_key(o) : NULL;
		if (c == NULL || !counts(d, o, in_old))
			continue;
		const struct cft_object *to = target_of(o, c);
		const struct cft_delta *t = to ? cft_delta_of(d, to, in_old) : NULL;
		if (to == NULL || to == o->parent || t == NULL ||
		    !(in_old ? is_gone(t) : is_made(t)))
			continue;
		memset(seen, 0, n + 1);
		if (reaches(d, to, o->parent, in_old, seen))
			x->left_out = true;
	}
}

/* -- steps -- */

static char *name_for_people(struct cft_diff *d, const struct cft_delta *x)
{
	const struct cft_object *o = x->new ? x->new : x->old;

	return o->parent ? cft_arena_printf(d->arena, "%s.%s", o->parent->ident, o->ident)
	                 : cft_arena_strdup(d->arena, o->ident);
}

static void push(struct cft_diff *d, struct cft_node *node, struct cft_step step)
{
	step.object = name_for_people(d, node->delta);
	if (step.lock == NULL)
		step.lock = "";
	if (step.hazard == NULL)
		step.hazard = "";
	cft_vec_push_in(d->arena, &node->steps, step);
}

void cft_node_step(struct cft_diff *d, struct cft_node *node, const struct cft_env *env,
                   struct cft_step step)
{
	bool set = env != NULL && env->set_sql != NULL;

	if (set)
		push(d, node,
		     (struct cft_step){.sql = cft_arena_strdup(d->arena, env->set_sql),
		                       .transactional = true});
	push(d, node, step);
	if (set)
		push(d, node, (struct cft_step){.sql = "RESET search_path", .transactional = true});
}

static struct cft_node *new_node(struct cft_diff *d, struct cft_order *order, struct cft_delta *x,
                                 int rank)
{
	struct cft_node *node = cft_arena_new(d->arena, struct cft_node);
	const struct cft_object *o = x->new ? x->new : x->old;

	node->delta = x;
	node->rank = rank;
	node->seq = o->index;
	cft_vec_push_in(d->arena, &order->nodes, node);
	return node;
}

static bool loses_data(const struct cft_object *o)
{
	return o->kind == CFT_KIND_TABLE || o->kind == CFT_KIND_SEQUENCE ||
	       (o->kind == CFT_KIND_COLUMN && !cft_attr_find(o, CFT_ATTR_GENERATED, "") &&
	        o->parent->kind == CFT_KIND_TABLE);
}

static const char *drop_hazard(const struct cft_delta *x)
{
	if (!loses_data(x->old))
		return "";
	return x->op == CFT_DELTA_REPLACE
	               ? "made anew, since PostgreSQL cannot change this in place: what is in it "
	                 "is "
	                 "lost, and undoing this does not bring it back"
	               : "its data is lost, and undoing this does not bring it back";
}

static bool inherits_from(const struct cft_object *table, const struct cft_object *parent)
{
	size_t n = strlen(parent->schema);

	CFT_VEC_EACH (struct cft_attr, a, &table->attrs)
		if (a->id == CFT_ATTR_INHERITS && strncmp(a->sub, parent->schema, n) == 0 &&
		    a->sub[n] == '.' && strcmp(a->sub + n + 1, parent->name) == 0)
			return true;
	return false;
}

static bool has_own(const struct cft_schema *s, const struct cft_object *table, const char *column)
{
	const struct cft_object *t = cft_schema_find_key(s, table->key);
	const struct cft_object *c = t ? cft_schema_find_child(t, "column", column) : NULL;

	return c != NULL && cft_attr_find(c, CFT_ATTR_TYPE, "") != NULL;
}

/* A column that children inherit goes from them too, unless one has it as its own from now on:
 * then it goes from the parent alone, and from the other children one by one. */
static bool emit_drop_only(struct cft_diff *d, struct cft_delta *x, struct cft_step step)
{
	const struct cft_object *o = x->old;
	const char *rest = strchr(step.sql, ' ') + strlen("TABLE ") + 1;
	bool kept = false;

	if (o->kind != CFT_KIND_COLUMN || o->parent->kind != CFT_KIND_TABLE)
		return false;
	CFT_VEC_EACH (struct cft_object *, t, &d->old->objects)
		kept = kept || (*t != NULL && (*t)->kind == CFT_KIND_TABLE &&
		                inherits_from(*t, o->parent) && has_own(d->new, *t, o->name));
	if (!kept)
		return false;
	step.sql = cft_arena_printf(d->arena, "ALTER TABLE ONLY %s", rest);
	cft_node_step(d, x->drop, NULL, step);
	CFT_VEC_EACH (struct cft_object *, t, &d->old->objects) {
		if (*t == NULL || (*t)->kind != CFT_KIND_TABLE || !inherits_from(*t, o->parent) ||
		    cft_schema_find_key(d->new, (*t)->key) == NULL ||
		    has_own(d->new, *t, o->name) || has_own(d->old, *t, o->name))
			continue;
		step.sql = cft_arena_printf(d->arena, "ALTER TABLE %s DROP COLUMN %s", (*t)->ident,
		                            o->ident);
		cft_node_step(d, x->drop, NULL, step);
	}
	return true;
}

/* Whose parent stays lets go first: the foreign key is checked, and no longer about it. */
static void emit_let_go(struct cft_diff *d, struct cft_delta *x)
{
	const struct cft_object *parent = partition_parent(x->old);

	if (parent == NULL || !is_held(d, x->old))
		return;
	cft_node_step(d, x->drop, NULL,
	              (struct cft_step){.sql = cft_arena_printf(
						d->arena, "ALTER TABLE %s DETACH PARTITION %s",
						parent->ident, x->old->ident),
	                                .lock = "ACCESS EXCLUSIVE",
	                                .transactional = true});
}

static void emit_drop(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	const struct cft_object *o = x->old;
	bool child = o->parent != NULL;

	if (cft_delta_merged_drop(d, x) ||
	    (o->kind == CFT_KIND_COLUMN && o->parent->kind == CFT_KIND_VIEW))
		return;
	x->drop = new_node(d, order, x, o->kind == CFT_KIND_DEFAULT_ACL ? RANK_POST : RANK_DROP);
	if (o->kind == CFT_KIND_DEFAULT_ACL) {
		cft_emit_acl(d, x, x->drop, true);
		return;
	}
	if (o->kind == CFT_KIND_SCHEMA && strcmp(o->name, "public") == 0) {
		cft_emit_acl(d, x, x->drop, true);
		if (cft_attr_find(o, CFT_ATTR_COMMENT, ""))
			cft_node_step(d, x->drop, NULL,
			              (struct cft_step){.sql = "COMMENT ON SCHEMA public IS "
			                                       "'standard public schema'",
			                                .transactional = true});
		return;
	}
	if (o->kind == CFT_KIND_COLUMN && cft_attr_find(o, CFT_ATTR_TYPE, "") == NULL)
		return; /* inherited: only its attributes were ours */
	struct cft_step step = {
		.sql = cft_print_drop(d->arena, o),
		.lock = child || o->kind == CFT_KIND_TABLE ? "ACCESS EXCLUSIVE" : "",
		.hazard = drop_hazard(x),
		.transactional = true,
		.destructive = loses_data(o),
	};
	if (o->kind == CFT_KIND_TABLE)
		emit_let_go(d, x);
	if (!emit_drop_only(d, x, step))
		cft_node_step(d, x->drop, NULL, step);
}

static bool leave_out(const struct cft_object *constraint, void *ctx)
{
	const struct cft_diff *d = ctx;
	const struct cft_delta *x = d->of_new[constraint->index];

	return x != NULL && x->left_out;
}

static const char *create_lock(const struct cft_object *o)
{
	const PgQuery__Constraint *c;

	switch ((int)o->kind) {
	case CFT_KIND_INDEX:
		return "SHARE";
	case CFT_KIND_TRIGGER:
		return "SHARE ROW EXCLUSIVE";
	case CFT_KIND_CONSTRAINT:
		c = foreign_key(o);
		return c ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE";
	case CFT_KIND_COLUMN:
	case CFT_KIND_POLICY:
	case CFT_KIND_RULE:
		return "ACCESS EXCLUSIVE";
	default:
		return "";
	}
}

/* One side is as PostgreSQL prints it, the other as people write: where the two cannot be brought
 * together, the definition is set again, and it is said why. */
#define CANNOT_TELL \
	"cannot tell offline whether it differs from what the dump shows; it is set again"

static bool untold(const struct cft_diff *d, const struct cft_delta *x)
{
	return d->loose && x->old != NULL && x->new != NULL && !x->forced &&
	       (x->new->kind == CFT_KIND_VIEW || x->new->kind == CFT_KIND_MATVIEW ||
	        x->new->kind == CFT_KIND_RULE || x->new->kind == CFT_KIND_FUNCTION) &&
	       cft_delta_attr(x, CFT_ATTR_DEFINITION) != NULL;
}

static const char *create_hazard(const struct cft_diff *d, const struct cft_object *o)
{
	const struct cft_delta *parent = o->parent ? d->of_new[o->parent->index] : NULL;

	if (untold(d, d->of_new[o->index]))
		return CANNOT_TELL;
	if (parent == NULL || is_made(parent))
		return ""; /* the table is new and empty */
	if (o->kind == CFT_KIND_INDEX)
		return "writes wait while the index is built; --online builds it concurrently";
	if (o->kind == CFT_KIND_CONSTRAINT)
		return "checks every row under its lock, and fails if one does not fit";
	if (o->kind == CFT_KIND_COLUMN && cft_attr_find(o, CFT_ATTR_NOT_NULL, "") &&
	    !cft_attr_find(o, CFT_ATTR_DEFAULT, "") && !cft_attr_find(o, CFT_ATTR_IDENTITY, ""))
		return "fails if the table has rows: NOT NULL without a default";
	return "";
}

static bool is_concurrent(const struct cft_object *o)
{
	const PgQuery__IndexStmt *s = CFT_AS(PgQuery__IndexStmt, pg_query__index_stmt, o->node);

	return s != NULL && s->concurrent && cft_print_is_source(o);
}

static bool is_partitioned(const struct cft_object *table)
{
	return cft_attr_find(table, CFT_ATTR_PARTITION_BY, "") != NULL;
}

/* CREATE INDEX CONCURRENTLY; a constraint NOT VALID first and validated under a weaker lock. */
static bool emit_online(struct cft_diff *d, struct cft_delta *x, char *sql)
{
	const struct cft_object *o = x->new;
	const struct cft_delta *table = o->parent ? d->of_new[o->parent->index] : NULL;

	if (table == NULL || is_made(table) || is_partitioned(o->parent) ||
	    o->parent->kind != CFT_KIND_TABLE)
		return false;
	if (o->kind == CFT_KIND_INDEX) {
		const char *at = strcasestr(sql, "INDEX");
		if (at == NULL || is_concurrent(o))
			return false;
		sql = cft_arena_printf(d->arena, "%.*s CONCURRENTLY%s", (int)(at + 5 - sql), sql,
		                       at + 5);
		cft_node_step(d, x->create, o->env,
		              (struct cft_step){.sql = sql,
		                                .lock = "SHARE UPDATE EXCLUSIVE",
		                                .hazard = "a build that fails leaves an invalid "
		                                          "index behind"});
		return true;
	}
	const PgQuery__Constraint *c =
		o->kind == CFT_KIND_CONSTRAINT ? (const PgQuery__Constraint *)o->node : NULL;
	if (c == NULL || c->skip_validation ||
	    (c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN &&
	     c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_CHECK))
		return false;
	cft_node_step(d, x->create, o->env,
	              (struct cft_step){.sql = cft_arena_printf(d->arena, "%s NOT VALID", sql),
	                                .lock = create_lock(o),
	                                .transactional = true});
	cft_node_step(d, x->create, NULL,
	              (struct cft_step){.sql = cft_arena_printf(
						d->arena, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
						o->parent->ident, o->ident),
	                                .lock = "SHARE UPDATE EXCLUSIVE",
	                                .transactional = true,
	                                .rewrites = true,
	                                .apart = true});
	return true;
}

static void emit_create(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	const struct cft_object *o = x->new;
	bool implied = o->kind == CFT_KIND_COLUMN && !cft_attr_find(o, CFT_ATTR_TYPE, "");

	x->create = new_node(d, order, x,
	                     (o->kind == CFT_KIND_DEFAULT_ACL ? RANK_POST : RANK_CREATE) +
	                             (int)o->kind);
	x->post = new_node(d, order, x, RANK_POST + (int)o->kind);
	if (o->kind == CFT_KIND_SCHEMA && strcmp(o->name, "public") == 0)
		implied = true;
	if (!cft_delta_merged_create(d, x) && !implied && o->kind != CFT_KIND_DEFAULT_ACL) {
		char *sql = cft_print_create(d->arena, o, leave_out, d);
		if (d->options->online && sql != NULL && emit_online(d, x, sql)) {
			cft_emit_late(d, x, x->create, x->post);
			return;
		}
		struct cft_step step = {.sql = sql,
		                        .lock = create_lock(o),
		                        .hazard = create_hazard(d, o),
		                        .transactional = !is_concurrent(o)};
		if (sql == NULL) {
			cft_diff_refuse(d, o, "its text cannot be printed faithfully");
			return;
		}
		cft_node_step(d, x->create, o->env, step);
	}
	cft_emit_late(d, x, x->create, x->post);
}

static void emit_bounce(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	const struct cft_attr *is = cft_attr_find(x->new, CFT_ATTR_DEFAULT, "");
	char *where = cft_arena_printf(d->arena, "ALTER TABLE %s ALTER COLUMN %s",
	                               x->new->parent->ident, x->new->ident);

	x->drop = new_node(d, order, x, RANK_DROP);
	cft_node_step(d, x->drop, NULL,
	              (struct cft_step){.sql = cft_arena_printf(d->arena, "%s DROP DEFAULT", where),
	                                .lock = "ACCESS EXCLUSIVE",
	                                .transactional = true});
	if (is == NULL || cft_delta_attr(x, CFT_ATTR_DEFAULT))
		return;
	char *expr = cft_print_default(d->arena, x->new, is);
	if (expr != NULL)
		cft_node_step(d, x->alter, is->env,
		              (struct cft_step){.sql = cft_arena_printf(
							d->arena, "%s SET DEFAULT %s", where, expr),
		                                .lock = "ACCESS EXCLUSIVE",
		                                .transactional = true});
}

/* The place of a sequence's name: identity and serial use the same one, so what was must go first.
 */
static void emit_identity_gone(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	const struct cft_attr_delta *id = cft_delta_attr(x, CFT_ATTR_IDENTITY);
	const char *what = NULL;

	if (x->new->kind != CFT_KIND_COLUMN || id == NULL || x->drop != NULL)
		return;
	if (id->new == NULL)
		what = "IDENTITY";
	else if (id->old == NULL && cft_attr_find(x->old, CFT_ATTR_DEFAULT, ""))
		what = "DEFAULT";
	if (what == NULL)
		return;
	x->drop = new_node(d, order, x, RANK_DROP);
	cft_node_step(d, x->drop, NULL,
	              (struct cft_step){.sql = cft_arena_printf(
						d->arena, "ALTER TABLE %s ALTER COLUMN %s DROP %s",
						x->new->parent->ident, x->new->ident, what),
	                                .lock = "ACCESS EXCLUSIVE",
	                                .transactional = true});
}

static void emit_detach(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	x->detach = new_node(d, order, x, RANK_DROP);
	cft_node_step(d, x->detach, NULL,
	              (struct cft_step){.sql = cft_arena_printf(d->arena,
	                                                        "ALTER SEQUENCE %s OWNED BY NONE",
	                                                        x->old->ident),
	                                .lock = "SHARE ROW EXCLUSIVE",
	                                .transactional = true});
}

static void emit_alter(struct cft_diff *d, struct cft_order *order, struct cft_delta *x)
{
	const struct cft_attr_delta *part = cft_delta_attr(x, CFT_ATTR_PARTITION_OF);
	if (x->loses_owner)
		emit_detach(d, order, x);
	else if (part != NULL && part->old != NULL) /* all bounds are free before any is taken */
		x->detach = new_node(d, order, x, RANK_DROP);
	x->alter = new_node(d, order, x,
	                    x->new->kind == CFT_KIND_DEFAULT_ACL ? RANK_POST : RANK_ALTER);
	x->post = new_node(d, order, x, RANK_POST + (int)x->new->kind);
	if (x->bounce_default)
		emit_bounce(d, order, x);
	emit_identity_gone(d, order, x);
	if (x->swap_type) {
		cft_emit_swap(d, x, x->alter);
	} else if (x->op == CFT_DELTA_SELF) {
		char *sql = cft_print_replace(d->arena, x->new);
		if (sql == NULL)
			cft_diff_refuse(d, x->new, "its text cannot be printed faithfully");
		else
			cft_node_step(d, x->alter, x->new->env,
			              (struct cft_step){.sql = sql,
			                                .hazard = untold(d, x) ? CANNOT_TELL : "",
			                                .transactional = true});
	}
	if (x->swap_type)
		cft_emit_late(d, x, x->alter, x->post);
	else
		cft_emit_alter(d, x, x->alter, x->post);
}

void cft_diff_emit(struct cft_diff *d, struct cft_order *order)
{
	note_references(d);
	leave_out_circles(d, true);
	leave_out_circles(d, false);
	CFT_VEC_EACH (struct cft_delta *, p, &d->deltas) {
		struct cft_delta *x = *p;
		if (is_gone(x))
			emit_drop(d, order, x);
		if (is_made(x))
			emit_create(d, order, x);
		if (x->op == CFT_DELTA_ALTER || x->op == CFT_DELTA_SELF)
			emit_alter(d, order, x);
	}
}
