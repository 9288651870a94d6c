/* Order: one graph of creates, alters and drops, sorted so that every statement finds what it
 * needs. SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"

#include <stdlib.h>
#include <string.h>

struct edges {
	struct cft_diff *d;
	bool soft_pass;
};

static void edge(struct cft_diff *d, struct cft_node *before, struct cft_node *after)
{
	if (before == NULL || after == NULL || before == after)
		return;
	CFT_VEC_EACH (struct cft_node *, n, &before->after)
		if (*n == after)
			return;
	cft_vec_push_in(d->arena, &before->after, after);
	after->waits++;
}

static struct cft_node *create_node(struct cft_diff *d, const struct cft_object *o)
{
	struct cft_delta *x = d->of_new[o->index];

	return x ? cft_delta_creator(d, x)->create : NULL;
}

static struct cft_node *drop_node(struct cft_diff *d, const struct cft_object *o)
{
	struct cft_delta *x = d->of_old[o->index];

	return x ? cft_delta_dropper(d, x)->drop : NULL;
}

/* True if `to` can be reached from `from`: an edge back would close a circle. */
static bool leads_to(const struct cft_node *from, const struct cft_node *to, unsigned depth)
{
	if (from == to)
		return true;
	if (depth == 0)
		return true; /* too deep to know: leave the soft edge out */
	CFT_VEC_EACH (struct cft_node *, n, &from->after)
		if (leads_to(*n, to, depth - 1))
			return true;
	return false;
}

static void soft_edge(struct cft_diff *d, struct cft_node *before, struct cft_node *after)
{
	if (before != NULL && after != NULL && before != after && !leads_to(after, before, 12))
		edge(d, before, after);
}

typedef void (*edge_fn)(struct cft_diff *d, struct cft_node *before, struct cft_node *after);

/* Not only a default or identity that makes place. */
static bool goes_away(const struct cft_delta *x)
{
	return x->op == CFT_DELTA_DROP || x->op == CFT_DELTA_REPLACE;
}

static void old_dep(struct cft_diff *d, struct cft_delta *x, const struct cft_object *on,
                    edge_fn add)
{
	struct cft_delta *y = d->of_old[on->index];
	struct cft_node *gone = drop_node(d, x->old), *base = drop_node(d, on);

	if (y == NULL)
		return;
	add(d, gone, base);
	add(d, gone, y->alter);
	if (x->alter != NULL && x->drop != NULL && base != x->drop)
		add(d, base, x->alter);
	else if (x->alter != NULL && goes_away(cft_delta_dropper(d, y)))
		add(d, x->alter, base);
}

static void new_dep(struct cft_diff *d, struct cft_delta *x, const struct cft_object *on,
                    edge_fn add)
{
	struct cft_delta *y = d->of_new[on->index];
	struct cft_node *made = create_node(d, x->new), *base = create_node(d, on);

	if (y == NULL)
		return;
	if (x->drop != NULL && x->alter != NULL && on->kind == CFT_KIND_SEQUENCE)
		add(d, x->drop, base);
	add(d, base, made);
	add(d, y->alter, made);
	add(d, base, x->create);
	add(d, y->alter, x->create);
	add(d, base, x->alter);
	if (y->alter != x->alter)
		add(d, y->alter, x->alter);
}

static bool is_primary(const struct cft_object *o)
{
	const PgQuery__Constraint *c =
		o->kind == CFT_KIND_CONSTRAINT
			? CFT_AS(PgQuery__Constraint, pg_query__constraint, o->node)
			: NULL;

	return c && c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
}

/* A name, or the place of the primary key, must be free before it is taken again. */
static void free_name_first(struct cft_diff *d, struct cft_delta *x)
{
	const struct cft_object *o = x->new;
	struct cft_object *same = cft_schema_find_key(d->old, o->key);

	if (same != NULL)
		edge(d, drop_node(d, same), x->create);
	same = cft_schema_find(d->old, "relation", o->schema, o->name);
	if (same != NULL && (o->kind == CFT_KIND_CONSTRAINT || o->parent == NULL))
		edge(d, drop_node(d, same), x->create);
	same = cft_schema_find(d->old, "type", o->schema, o->name);
	if (same != NULL && o->parent == NULL)
		edge(d, drop_node(d, same), x->create);
	struct cft_object *table = o->parent ? cft_schema_find_key(d->old, o->parent->key) : NULL;
	for (size_t i = 0; table != NULL && i < table->children.n; i++) {
		struct cft_object *c = table->children.v[i];
		bool name = strcmp(c->name, o->name) == 0 &&
		            (c->kind == CFT_KIND_CONSTRAINT || c->kind == CFT_KIND_INDEX) &&
		            (o->kind == CFT_KIND_CONSTRAINT || o->kind == CFT_KIND_INDEX);
		if (name || (is_primary(o) && is_primary(c)))
			edge(d, drop_node(d, c), x->create);
	}
}

static void add_edges(struct cft_diff *d, struct cft_delta *x, bool soft)
{
	edge_fn add = soft ? soft_edge : edge;

	if (x->old != NULL)
		CFT_VEC_EACH (struct cft_dep, dep, &x->old->deps)
			if (dep->soft == soft)
				old_dep(d, x, dep->on, add);
	if (x->new != NULL)
		CFT_VEC_EACH (struct cft_dep, dep, &x->new->deps)
			if (dep->soft == soft)
				new_dep(d, x, dep->on, add);
	if (soft)
		return;
	edge(d, x->drop, x->create);
	edge(d, x->drop, x->alter);
	if (x->detach != NULL && x->old->kind != CFT_KIND_SEQUENCE)
		edge(d, x->detach, x->alter);
	else if (x->detach != NULL)
		edge(d, x->detach, drop_node(d, cft_sequence_owner(d->old, x->old)));
	edge(d, x->create, x->post);
	edge(d, x->alter, x->post);
	if (x->create != NULL) {
		edge(d, cft_delta_creator(d, x)->create, x->create);
		free_name_first(d, x);
	}
}

static bool before(const struct cft_node *a, const struct cft_node *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	/* drops go back through the source, the rest forwards */
	return a->rank < 200 ? a->seq > b->seq : a->seq < b->seq;
}

/* -- a heap of ready nodes -- */

struct heap {
	struct cft_node **v;
	size_t n;
};

static void heap_push(struct heap *h, struct cft_node *node)
{
	size_t i = h->n++;

	h->v[i] = node;
	while (i > 0 && before(h->v[i], h->v[(i - 1) / 2])) {
		struct cft_node *t = h->v[i];
		h->v[i] = h->v[(i - 1) / 2];
		h->v[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

static struct cft_node *heap_pop(struct heap *h)
{
	struct cft_node *top = h->v[0];
	size_t i = 0;

	h->v[0] = h->v[--h->n];
	for (;;) {
		size_t l = 2 * i + 1, m = i;
		if (l < h->n && before(h->v[l], h->v[m]))
			m = l;
		if (l + 1 < h->n && before(h->v[l + 1], h->v[m]))
			m = l + 1;
		if (m == i)
			return top;
		struct cft_node *t = h->v[i];
		h->v[i] = h->v[m];
		h->v[m] = t;
		i = m;
	}
}

/* In a circle that is left nobody is ready: take the one that waits for least. */
static struct cft_node *break_circle(struct cft_order *order)
{
	struct cft_node *best = NULL;

	CFT_VEC_EACH (struct cft_node *, n, &order->nodes) {
		if ((*n)->done)
			continue;
		if (best == NULL || (*n)->waits < best->waits ||
		    ((*n)->waits == best->waits && before(*n, best)))
			best = *n;
	}
	return best;
}

void cft_diff_order(struct cft_diff *d, struct cft_order *order)
{
	size_t n = order->nodes.n, sorted = 0;
	struct heap heap = {cft_arena_array(d->arena, struct cft_node *, 2 * n + 1), 0};
	struct cft_node **result = cft_arena_array(d->arena, struct cft_node *, n + 1);

	CFT_VEC_EACH (struct cft_delta *, x, &d->deltas)
		add_edges(d, *x, false);
	CFT_VEC_EACH (struct cft_delta *, x, &d->deltas)
		if ((*x)->op != CFT_DELTA_KEEP)
			add_edges(d, *x, true);
	for (size_t i = 0; i < n; i++)
		if (order->nodes.v[i]->waits == 0)
			heap_push(&heap, order->nodes.v[i]);
	while (sorted < n) {
		struct cft_node *node = heap.n ? heap_pop(&heap) : break_circle(order);
		if (node == NULL || node->done)
			continue;
		d->circles += node->waits > 0;
		node->done = true;
		result[sorted++] = node;
		CFT_VEC_EACH (struct cft_node *, next, &node->after)
			if (--(*next)->waits == 0 && !(*next)->done)
				heap_push(&heap, *next);
	}
	order->nodes.v = result;
	order->nodes.n = n;
}
