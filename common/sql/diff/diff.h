/* Diff: two models side by side, what changes, and in which order.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. compare.c finds the deltas, spread.c what they force on dependants,
 * alter.c their statements, order.c the order; plan.c puts it together for both directions.
 */
#ifndef CFT_SQL_DIFF_H
#define CFT_SQL_DIFF_H

#include "common/sql/diff/plan.h"
#include "common/sql/schema/model.h"

enum cft_delta_op {
	CFT_DELTA_KEEP,
	CFT_DELTA_CREATE,
	CFT_DELTA_DROP,
	CFT_DELTA_ALTER,   /* in place */
	CFT_DELTA_SELF,    /* CREATE OR REPLACE */
	CFT_DELTA_REPLACE, /* dropped and made again */
};

struct cft_attr_delta {
	enum cft_attr_id id;
	const char *sub;
	const struct cft_attr *old, *new; /* one may be NULL */
};

struct cft_node;

struct cft_delta {
	struct cft_object *old, *new; /* one may be NULL */
	enum cft_delta_op op;
	bool forced;         /* replaced only because something it needs is */
	bool bounce_default; /* column: its default goes away and comes back */
	bool swap_type;      /* type: made anew beside the old one, columns converted */
	bool convert;        /* column: of a type that is swapped */
	bool left_out;       /* inline constraint that comes as a statement of its own */
	bool ignored;
	bool referenced; /* table: by a foreign key of the old schema */
	CFT_VEC(struct cft_attr_delta) attrs;
	bool loses_owner;        /* sequence: stays while the column that it belongs to goes */
	struct cft_node *detach; /* lets go of that column before it goes; a partition of its
	                          * parent before another takes its bounds */
	struct cft_node *drop, *alter, *create, *post;
};

struct cft_diff {
	struct cft_arena *arena;
	const struct cft_schema *old, *new;
	const struct cft_diff *reverse; /* of the same two schemas, compared already; or NULL */
	const struct cft_diff_options *options;
	CFT_VEC(struct cft_delta *) deltas;
	struct cft_delta **of_old, **of_new; /* by object index */
	CFT_VEC(struct cft_refusal) refused;
	size_t circles; /* of nodes, that the order had to break */
	bool loose;     /* exactly one side is PostgreSQL's own printing */
};

/* A place in the order: the statements of one operation on one object. */
struct cft_node {
	struct cft_delta *delta;
	int rank; /* among nodes that are ready, lowest first */
	size_t seq;
	CFT_VEC(struct cft_step) steps;
	CFT_VEC(struct cft_node *) after; /* nodes that wait for this one */
	size_t waits;
	bool done;
};

struct cft_order {
	CFT_VEC(struct cft_node *) nodes;
};

void cft_diff_compare(struct cft_diff *d);
void cft_diff_spread(struct cft_diff *d);
/* Makes the nodes with their statements. */
void cft_diff_emit(struct cft_diff *d, struct cft_order *order);
/* Sorts; *ret is an array of all nodes. */
void cft_diff_order(struct cft_diff *d, struct cft_order *order);

bool cft_attr_same(const struct cft_diff *d, const struct cft_object *x, const struct cft_attr *a,
                   const struct cft_object *y, const struct cft_attr *b);
const struct cft_attr_delta *cft_delta_attr(const struct cft_delta *x, enum cft_attr_id id);
struct cft_delta *cft_delta_of(const struct cft_diff *d, const struct cft_object *obj, bool in_old);
/* Merged into the statement of another object: has no node of its own. */
bool cft_delta_merged_create(const struct cft_diff *d, const struct cft_delta *x);
bool cft_delta_merged_drop(const struct cft_diff *d, const struct cft_delta *x);
/* Whose statement makes (or drops) it. */
struct cft_delta *cft_delta_creator(const struct cft_diff *d, struct cft_delta *x);
struct cft_delta *cft_delta_dropper(const struct cft_diff *d, struct cft_delta *x);

void cft_diff_refuse(struct cft_diff *d, const struct cft_object *obj, const char *reason);

/* alter.c: statements of changed attributes and of those that a CREATE does not say. */
void cft_emit_alter(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                    struct cft_node *post);
void cft_emit_late(struct cft_diff *d, struct cft_delta *x, struct cft_node *node,
                   struct cft_node *post);
/* True if PostgreSQL can change this attribute without making the object anew. */
bool cft_attr_alterable(const struct cft_diff *d, const struct cft_delta *x,
                        const struct cft_attr_delta *a);
void cft_emit_acl(struct cft_diff *d, struct cft_delta *x, struct cft_node *node, bool all);
void cft_emit_column_type(struct cft_diff *d, struct cft_delta *x, struct cft_node *node);
void cft_emit_swap(struct cft_diff *d, struct cft_delta *x, struct cft_node *node);
bool cft_labels_only_added(const struct cft_delta *x);

/* step of a node, with its search_path where the text needs one */
void cft_node_step(struct cft_diff *d, struct cft_node *node, const struct cft_env *env,
                   struct cft_step step);

/* view.c: can CREATE OR REPLACE VIEW take the old one to the new one? */
bool cft_view_can_replace(const struct cft_diff *d, const struct cft_object *old,
                          const struct cft_object *new);
bool cft_routine_can_replace(const struct cft_object *old, const struct cft_object *new);

#endif
