/* Core bench: the cost of check and register while the number of live intents grows.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_core [LIVE...] (default 100 10000 100000). One JSON object a line: instructions and
 * microseconds of one check and of one register, bytes per live intent. Instructions count in user
 * mode and hardly vary from run to run; they are null where the kernel does not give them.
 *
 * Ten intents share a table and add a column each, so that what an intent can meet does not grow
 * with the project; "hot" is the same with all of them on one table.
 */
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/mem.h"
#include "common/sql/effect/analyze.h"
#include "server/core/state.h"

#include <linux/perf_event.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SAMPLES = 2000, PER_TABLE = 10 };

struct meter {
	int fd; /* -1: no instruction counter */
	int64_t started_us;
	uint64_t started;
};

struct cost {
	double us, instructions; /* of one; instructions < 0 = unknown */
};

static struct meter meter_open(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
	                               .size = sizeof(attr),
	                               .config = PERF_COUNT_HW_INSTRUCTIONS,
	                               .exclude_kernel = 1,
	                               .exclude_hv = 1};

	return (struct meter){.fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0)};
}

static uint64_t meter_count(const struct meter *meter)
{
	uint64_t count = 0;

	if (meter->fd >= 0 && read(meter->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		count = 0;
	return count;
}

static void meter_start(struct meter *meter)
{
	meter->started_us = cft_clock_mono_us();
	meter->started = meter_count(meter);
}

static struct cost meter_stop(const struct meter *meter, int n)
{
	uint64_t count = meter_count(meter) - meter->started;

	return (struct cost){
		.us = (double)(cft_clock_mono_us() - meter->started_us) / n,
		.instructions = meter->fd < 0 ? -1 : (double)count / n,
	};
}

/* -- the project -- */

static struct cft_plan plan_of(struct cft_arena *arena, size_t i, bool hot)
{
	struct cft_effects *effects = cft_arena_new(arena, struct cft_effects);
	struct cft_err err = CFT_ERR_INIT;
	const char *sql = cft_arena_printf(arena, "ALTER TABLE t%zu ADD COLUMN c%zu integer",
	                                   hot ? 0 : i / PER_TABLE, i);
	const char **statement = cft_arena_new(arena, const char *);

	if (cft_sql_analyze(sql, strlen(sql), NULL, arena, effects, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	*statement = sql;
	return (struct cft_plan){.statements = {statement, 1}, .effects = effects};
}

static void register_one(struct cft_state *state, size_t i, const struct cft_plan *plan,
                         struct cft_arena *arena)
{
	struct cft_decision decision;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_command command = {
		.kind = CFT_CMD_REGISTER,
		.actor = cft_arena_printf(arena, "agent-%zu", i % 100),
		.intent_id = cft_arena_printf(arena, "int_%012zu", i),
		.feature_name = cft_arena_printf(arena, "feature %zu", i % 1000),
		.plan = *plan,
	};

	if (cft_state_decide(state, &command, (int64_t)i + 1, arena, &decision, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	cft_event_unref(decision.event);
}

static void fill(struct cft_state *state, size_t live, bool hot)
{
	for (size_t i = 0; i < live; i++) {
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_plan plan = plan_of(&arena, i, hot);
		register_one(state, i, &plan, &arena);
		cft_arena_release(&arena);
	}
}

/* -- what is measured: the core alone, with the SQL analysed before -- */

static struct cost measure_check(const struct cft_state *state, size_t live, bool hot,
                                 struct meter *meter)
{
	struct cft_arena plans = CFT_ARENA_INIT;
	struct cft_plan *plan = cft_arena_array(&plans, struct cft_plan, SAMPLES);

	for (size_t i = 0; i < SAMPLES; i++)
		plan[i] = plan_of(&plans, live + i * 7919 % live, hot);
	meter_start(meter);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_conflict_list list;
		cft_state_check(state, "bench", &plan[i], NULL, NULL, 0, &arena, &list);
		cft_arena_release(&arena);
	}
	struct cost cost = meter_stop(meter, SAMPLES);
	cft_arena_release(&plans);
	return cost;
}

static struct cost measure_register(struct cft_state *state, size_t live, bool hot,
                                    struct meter *meter)
{
	struct cft_arena plans = CFT_ARENA_INIT;
	struct cft_plan *plan = cft_arena_array(&plans, struct cft_plan, SAMPLES);

	for (size_t i = 0; i < SAMPLES; i++)
		plan[i] = plan_of(&plans, live + i, hot);
	meter_start(meter);
	cft_state_begin(state);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct cft_arena arena = CFT_ARENA_INIT;
		register_one(state, live + i, &plan[i], &arena);
		cft_arena_release(&arena);
	}
	cft_state_commit(state);
	struct cost cost = meter_stop(meter, SAMPLES);
	cft_arena_release(&plans);
	return cost;
}

static json_t *instructions(const struct cost *cost)
{
	return cost->instructions < 0 ? json_null() : json_integer((json_int_t)cost->instructions);
}

static void report(size_t live, bool hot, double bytes, const struct cost *check,
                   const struct cost *registered)
{
	json_t *line =
		json_pack("{s:I,s:b,s:o,s:f,s:o,s:f,s:I}", "live", (json_int_t)live, "hot", hot,
	                  "check_instructions", instructions(check), "check_us", check->us,
	                  "register_instructions", instructions(registered), "register_us",
	                  registered->us, "bytes_per_intent", (json_int_t)bytes);
	char *text = cft_json_compact(line);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(line);
}

static void run(size_t live, bool hot, struct meter *meter)
{
	const int64_t minute = INT64_C(60000000);
	struct cft_limits limits = {minute, 15 * minute, 1440 * minute, 10080 * minute, 0};
	size_t before = mallinfo2().uordblks;
	struct cft_state *state = cft_state_new("bench", &limits);

	fill(state, live, hot);
	double bytes = (double)(mallinfo2().uordblks - before) / (double)live;
	struct cost check = measure_check(state, live, hot, meter);
	struct cost registered = measure_register(state, live, hot, meter);
	report(live, hot, bytes, &check, &registered);
	cft_state_free(state);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {100, 10000, 100000};
	struct meter meter = meter_open();

	for (int hot = 0; hot <= 1; hot++) {
		for (int i = 1; i < argc; i++)
			run(strtoul(argv[i], NULL, 10), hot, &meter);
		for (size_t i = 0; argc == 1 && i < sizeof(sizes) / sizeof(sizes[0]); i++)
			run(sizes[i], hot, &meter);
	}
	if (meter.fd >= 0)
		close(meter.fd);
	return 0;
}
