/* Paths bench: the hot paths, one by one, for counting their instructions.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_paths NAME [TIMES]: prepares, then runs the function path_NAME so many times (100).
 * `valgrind --tool=callgrind --toggle-collect=path_NAME` counts what is inside alone: the count
 * does not depend on the machine's load. tests/bench/instructions.py compares it with what is
 * recorded.
 */
#include "common/base/mem.h"
#include "common/sql/effect/analyze.h"
#include "server/codec/records_codec.h"
#include "server/core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIVE = 1000, PER_TABLE = 10 };

struct world {
	struct cft_state *state;
	struct cft_arena plans;
	size_t next;
	struct cft_plan plan; /* of the next intent */
	const struct cft_event *event;
};

static const char *sql_of(struct cft_arena *arena, size_t i)
{
	return cft_arena_printf(arena,
	                        "ALTER TABLE t%zu ADD COLUMN c%zu integer NOT NULL DEFAULT 0",
	                        i / PER_TABLE, i);
}

static struct cft_effects *effects_of(struct cft_arena *arena, const char *sql)
{
	struct cft_effects *effects = cft_arena_new(arena, struct cft_effects);
	struct cft_err err = CFT_ERR_INIT;

	if (cft_sql_analyze(sql, strlen(sql), NULL, arena, effects, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return effects;
}

static const struct cft_event *decide(struct world *world, size_t i, const struct cft_plan *plan,
                                      struct cft_arena *arena)
{
	struct cft_decision decision;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_command command = {
		.kind = CFT_CMD_REGISTER,
		.actor = "agent",
		.intent_id = cft_arena_printf(arena, "int_%012zu", i),
		.feature_name = cft_arena_printf(arena, "feature %zu", i),
		.plan = *plan,
	};

	if (cft_state_decide(world->state, &command, (int64_t)i + 1, arena, &decision, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return decision.event;
}

/* The plan of the next intent, outside of what is counted. */
static void prepare(struct world *world)
{
	const char *sql = sql_of(&world->plans, world->next);
	const char **statement = cft_arena_new(&world->plans, const char *);

	*statement = sql;
	world->plan = (struct cft_plan){.statements = {statement, 1},
	                                .effects = effects_of(&world->plans, sql)};
	world->next++;
}

/* -- the paths; never inlined, so that they can be found -- */

__attribute__((noinline)) void path_effects(struct world *world);
__attribute__((noinline)) void path_step(struct world *world);
__attribute__((noinline)) void path_check(struct world *world);
__attribute__((noinline)) void path_encode(struct world *world);

void path_effects(struct world *world)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	effects_of(&arena, world->plan.statements.v[0]);
	cft_arena_release(&arena);
}

void path_step(struct world *world)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	cft_state_begin(world->state);
	cft_event_unref(decide(world, world->next, &world->plan, &arena));
	cft_state_commit(world->state);
	cft_arena_release(&arena);
}

void path_check(struct world *world)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_conflict_list list;

	cft_state_check(world->state, "bench", &world->plan, NULL, NULL, 0, &arena, &list);
	cft_arena_release(&arena);
}

void path_encode(struct world *world)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_buf out = CFT_BUF_INIT;
	static const unsigned char before[32];

	cft_codec_event_pack("bench", world->event, before, &arena, &out);
	cft_buf_release(&out);
	cft_arena_release(&arena);
}

static const struct path {
	const char *name;
	void (*run)(struct world *world);
} paths[] = {
	{"effects", path_effects},
	{"step", path_step},
	{"check", path_check},
	{"encode", path_encode},
};

static void fill(struct world *world)
{
	const int64_t minute = INT64_C(60000000);
	struct cft_limits limits = {minute, 15 * minute, 1440 * minute, 10080 * minute, 0};
	struct cft_arena arena = CFT_ARENA_INIT;

	world->state = cft_state_new("bench", &limits);
	for (size_t i = 0; i < LIVE; i++) {
		prepare(world);
		cft_event_unref(decide(world, world->next, &world->plan, &arena));
		cft_arena_release(&arena);
	}
	prepare(world);
	world->event = decide(world, world->next, &world->plan, &arena);
	cft_arena_release(&arena);
}

int main(int argc, char **argv)
{
	struct world world = {0};
	long times = argc > 2 ? strtol(argv[2], NULL, 10) : 100;

	for (size_t p = 0; argc > 1 && p < sizeof(paths) / sizeof(paths[0]); p++) {
		if (strcmp(argv[1], paths[p].name) != 0)
			continue;
		fill(&world);
		for (long i = 0; i < times; i++) {
			prepare(&world);
			paths[p].run(&world);
		}
		cft_event_unref(world.event);
		cft_state_free(world.state);
		cft_arena_release(&world.plans);
		return 0;
	}
	fputs("usage: bench_paths effects|step|check|encode [TIMES]\n", stderr);
	return 2;
}
