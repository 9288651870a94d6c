/* Order: a sequence for all live intents that their conflicts allow, and the sets that have none.
 * SPDX-License-Identifier: MIT
 *
 * A conflict that has an order is an edge of a graph. What is ready is placed in order of
 * registration; what no order solves (an open conflict of class neither or differ, or a circle) is
 * set aside, and what waits only for that is placed last.
 */
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

struct node;

struct edge {
	struct node *from, *to;
	const struct cft_conflict *conflict;
	struct edge *next_out, *next_in;
};

enum place { WAITING, PLACED, STUCK };

struct node {
	const struct cft_intent *intent;
	struct edge *out, *in;
	size_t waits_for; /* edges in, from nodes that are not done */
	enum place place;
	bool done;  /* its successors need not wait for it any more */
	int walked; /* position in the walk that looks for a circle, from 1 */
	UT_hash_handle hh;
};

struct graph {
	struct node *nodes, *by_id; /* in order of registration */
	size_t n, head, tail;       /* queue[head..tail) is ready */
	struct node **queue;
	struct cft_arena *arena;
	struct cft_intent_order *order;
	size_t blocked_cap;
};

static struct node *find_node(const struct graph *g, const char *id)
{
	struct node *node;

	HASH_FIND_STR(g->by_id, id, node);
	return node;
}

static void add_nodes(struct graph *g, const struct cft_state *state)
{
	g->nodes = cft_arena_array(g->arena, struct node, state->live);
	g->queue = cft_arena_array(g->arena, struct node *, state->live);
	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next) {
		if (!e->member)
			continue;
		assert(g->n < state->live);
		struct node *node = &g->nodes[g->n++];
		node->intent = e->intent;
		HASH_ADD_KEYPTR(hh, g->by_id, e->intent->id, strlen(e->intent->id), node);
	}
}

static void add_edge(struct graph *g, struct node *from, struct node *to,
                     const struct cft_conflict *conflict)
{
	struct edge *edge = cft_arena_new(g->arena, struct edge);

	*edge = (struct edge){from, to, conflict, from->out, to->in};
	from->out = edge;
	to->in = edge;
	to->waits_for++;
}

static struct cft_blocked_set *add_blocked(struct graph *g, size_t intents, const char *reason)
{
	struct cft_intent_order *order = g->order;

	if (order->n_blocked == g->blocked_cap) {
		size_t cap = g->blocked_cap ? 2 * g->blocked_cap : 8;
		struct cft_blocked_set *v = cft_arena_array(g->arena, struct cft_blocked_set, cap);
		if (order->n_blocked > 0)
			memcpy(v, order->blocked, order->n_blocked * sizeof(*v));
		order->blocked = v;
		g->blocked_cap = cap;
	}
	struct cft_blocked_set *set = &order->blocked[order->n_blocked++];
	set->intents.v = cft_arena_array(g->arena, const char *, intents);
	set->conflicts.v = cft_arena_array(g->arena, const char *, intents);
	set->reason = reason;
	return set;
}

static void add_pair(struct graph *g, struct node *a, struct node *b,
                     const struct cft_conflict *conflict)
{
	struct cft_blocked_set *set = add_blocked(g, 2, conflict->explanation);

	set->intents.v[set->intents.n++] = a->intent->id;
	set->intents.v[set->intents.n++] = b->intent->id;
	set->conflicts.v[set->conflicts.n++] = conflict->id;
	a->place = b->place = STUCK;
}

static bool no_order_works(const struct cft_conflict *conflict)
{
	return conflict->status == CFT_CONFLICT_OPEN && conflict->severity >= CFT_SEVERITY_ERROR &&
	       (conflict->conflict_class == CFT_CLASS_NEITHER ||
	        conflict->conflict_class == CFT_CLASS_DIFFER);
}

static void add_conflicts(struct graph *g, const struct cft_state *state)
{
	for (const struct cft_conflict_entry *e = state->conflicts; e; e = e->hh.next) {
		const struct cft_conflict *conflict = e->conflict;
		struct node *a = find_node(g, conflict->intent_a);
		struct node *b = find_node(g, conflict->intent_b);
		if (conflict->status == CFT_CONFLICT_VANISHED || !a || !b)
			continue;
		if (conflict->order == CFT_ORDER_A_FIRST)
			add_edge(g, a, b, conflict);
		else if (conflict->order == CFT_ORDER_B_FIRST)
			add_edge(g, b, a, conflict);
		else if (no_order_works(conflict))
			add_pair(g, a, b, conflict);
	}
}

/* -- placing -- */

static void ready(struct graph *g, struct node *node)
{
	if (node->waits_for == 0 && node->place == WAITING)
		g->queue[g->tail++] = node;
}

static void release(struct graph *g, struct node *node)
{
	assert(!node->done);
	node->done = true;
	for (const struct edge *edge = node->out; edge; edge = edge->next_out) {
		assert(edge->to->waits_for > 0);
		edge->to->waits_for--;
		ready(g, edge->to);
	}
}

static bool has_text(const struct cft_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->n; i++)
		if (strcmp(strings->v[i], text) == 0)
			return true;
	return false;
}

static void place(struct graph *g, struct node *node)
{
	struct cft_order_step *step = &g->order->steps[g->order->n_steps++];
	size_t n = 0;

	step->intent = node->intent;
	step->reason = node->in ? node->in->conflict->explanation : "";
	for (const struct edge *edge = node->in; edge; edge = edge->next_in)
		n++;
	step->after.v = cft_arena_array(g->arena, const char *, n);
	for (const struct edge *edge = node->in; edge; edge = edge->next_in)
		if (!has_text(&step->after, edge->from->intent->id))
			step->after.v[step->after.n++] = edge->from->intent->id;
	node->place = PLACED;
	release(g, node);
}

static void place_ready(struct graph *g)
{
	while (g->head < g->tail)
		place(g, g->queue[g->head++]);
}

static void release_stuck(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->nodes[i].place == STUCK && !g->nodes[i].done)
			release(g, &g->nodes[i]);
}

/* -- circles -- */

static struct edge *waiting_edge(const struct node *node)
{
	struct edge *edge = node->in;

	while (edge && edge->from->place != WAITING)
		edge = edge->next_in;
	return edge;
}

/* Against the edges from a waiting node until one comes twice; `circle` gets the edges, each from
 * the node after to the node before. */
static size_t find_circle(struct graph *g, struct node *start, struct edge **circle)
{
	struct node *node = start;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		g->nodes[i].walked = 0;
	while (node->walked == 0) {
		node->walked = (int)n + 1;
		circle[n] = waiting_edge(node);
		assert(circle[n]);
		node = circle[n++]->from;
	}
	size_t first = (size_t)node->walked - 1;
	memmove(circle, circle + first, (n - first) * sizeof(*circle));
	return n - first;
}

/* A chord makes the circle shorter: from node i straight to node j, leaving out those between. */
static bool cut_chord(struct edge **circle, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		for (struct edge *e = circle[i]->to->in; e; e = e->next_in) {
			size_t j = i + 2;
			while (j < *n && circle[j]->to != e->from)
				j++;
			if (j >= *n || e == circle[i])
				continue;
			circle[i] = e;
			memmove(circle + i + 1, circle + j, (*n - j) * sizeof(*circle));
			*n -= j - i - 1;
			return true;
		}
	}
	return false;
}

static void set_circle_aside(struct graph *g, struct edge **circle, size_t n)
{
	struct cft_blocked_set *set =
		add_blocked(g, n, "each of these has to come before the next, in a circle");

	for (size_t i = n; i > 0; i--) {
		set->intents.v[set->intents.n++] = circle[i - 1]->to->intent->id;
		set->conflicts.v[set->conflicts.n++] = circle[i - 1]->conflict->id;
		circle[i - 1]->to->place = STUCK;
	}
	release_stuck(g);
}

static void break_circles(struct graph *g)
{
	struct edge **circle = cft_arena_array(g->arena, struct edge *, g->n + 1);

	for (size_t i = 0; i < g->n; i++) {
		while (g->nodes[i].place == WAITING) {
			size_t n = find_circle(g, &g->nodes[i], circle);
			while (cut_chord(circle, &n))
				;
			set_circle_aside(g, circle, n);
			place_ready(g);
		}
	}
}

void cft_state_order(const struct cft_state *state, int64_t now_us, struct cft_arena *arena,
                     struct cft_intent_order *ret)
{
	struct graph g = {.arena = arena, .order = ret};

	(void)now_us;
	memset(ret, 0, sizeof(*ret));
	ret->steps = cft_arena_array(arena, struct cft_order_step, state->live);
	add_nodes(&g, state);
	add_conflicts(&g, state);
	for (size_t i = 0; i < g.n; i++)
		ready(&g, &g.nodes[i]);
	place_ready(&g);
	release_stuck(&g);
	place_ready(&g);
	break_circles(&g);
	HASH_CLEAR(hh, g.by_id);
}
