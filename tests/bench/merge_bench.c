/* Merge bench: what the loop waits for while one intent is completed and merged.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_merge [LIVE...] (default 1000 10000). A base of 500 tables with a view each; the
 * live intents add a column each. One JSON object
 * a line: microseconds of processor time of one register, of one on a table that awaits its merge,
 * of one complete and one merge (median and worst of 50), while 51 intents await their merge.
 */
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/sql/effect/analyze.h"
#include "server/core/state.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TABLES = 500, TIMES = 50, COMPLETED = 50, KEPT_BYTES = 32 << 20 };

struct bench {
	struct cft_state *state;
	struct cft_arena arena; /* of the whole run */
	int64_t now_us;
};

static struct cft_effects *effects_of(struct cft_arena *arena, const char *sql)
{
	struct cft_effects *effects = cft_arena_new(arena, struct cft_effects);
	struct cft_analyze_options options = {.parse = {.max_bytes = 64U << 20}};
	struct cft_err err = CFT_ERR_INIT;

	if (cft_sql_analyze(sql, strlen(sql), &options, arena, effects, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return effects;
}

static int64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Decides in a group of its own, as the server does; how long that took. */
static int64_t decide(struct bench *b, const struct cft_command *command)
{
	struct cft_decision decision;
	struct cft_err err = CFT_ERR_INIT;
	int64_t start = cpu_us();

	cft_state_begin(b->state);
	if (cft_state_decide(b->state, command, ++b->now_us, &b->arena, &decision, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	cft_state_commit(b->state);
	int64_t took = cpu_us() - start;
	cft_event_unref(decision.event);
	return took;
}

static void set_base(struct bench *b)
{
	struct cft_buf sql = CFT_BUF_INIT;

	for (int i = 0; i < TABLES; i++)
		cft_buf_addf(&sql,
		             "CREATE TABLE t%d (id bigint PRIMARY KEY, a text NOT NULL, b int, c "
		             "timestamptz DEFAULT now(), d text); CREATE INDEX i%d ON t%d (b);"
		             "CREATE VIEW v%d AS SELECT id, a FROM t%d;\n",
		             i, i, i, i, i);
	struct cft_base_schema base = {.fingerprint = "bench",
	                               .source = "files",
	                               .effects = effects_of(&b->arena, cft_buf_str(&sql))};
	struct cft_command command = {
		.kind = CFT_CMD_SET_BASE, .actor = "", .request_id = "", .base = &base};
	decide(b, &command);
	cft_buf_release(&sql);
}

static const char *id_of(struct bench *b, size_t i)
{
	return cft_arena_printf(&b->arena, "int_%012zu", i);
}

static int64_t plan(struct bench *b, size_t i, const char *sql)
{
	const char **text = cft_arena_new(&b->arena, const char *);

	*text = sql;
	struct cft_command command = {
		.kind = CFT_CMD_REGISTER,
		.actor = "agent",
		.request_id = "",
		.intent_id = id_of(b, i),
		.feature_name = "feature",
		.plan = {.statements = {text, 1}, .effects = effects_of(&b->arena, sql)},
	};
	return decide(b, &command);
}

static int64_t add(struct bench *b, size_t i)
{
	return plan(b, i,
	            cft_arena_printf(&b->arena, "ALTER TABLE t%zu ADD COLUMN n%zu integer",
	                             i % TABLES, i));
}

/* The same column as another live intent adds. */
static int64_t add_again(struct bench *b, size_t i)
{
	return plan(b, i,
	            cft_arena_printf(&b->arena, "ALTER TABLE t%zu ADD COLUMN n%zu integer",
	                             (i + 100) % TABLES, i % TABLES + 100));
}

/* On the table of an intent that awaits its merge. */
static int64_t add_over(struct bench *b, size_t i)
{
	return plan(b, i,
	            cft_arena_printf(&b->arena, "ALTER TABLE made ADD COLUMN n%zu integer", i));
}

static int64_t move(struct bench *b, size_t i, enum cft_command_kind kind)
{
	struct cft_command command = {
		.kind = kind, .actor = "agent", .request_id = "", .intent_id = id_of(b, i)};

	return decide(b, &command);
}

static int by_size(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static json_t *summary(int64_t *times)
{
	qsort(times, TIMES, sizeof(*times), by_size);
	return json_pack("{s:I,s:I}", "median_us", (json_int_t)times[TIMES / 2], "worst_us",
	                 (json_int_t)times[TIMES - 1]);
}

static void measure(size_t live)
{
	struct cft_limits limits = {.lease_min_us = 1, .lease_default_us = 1, .lease_max_us = 1};
	struct bench b = {.state = cft_state_new("bench", &limits)};
	int64_t registered[TIMES], again[TIMES], over[TIMES], completed[TIMES], merged[TIMES];

	set_base(&b);
	for (size_t i = 0; i < live; i++)
		add(&b, i);
	for (size_t i = 0; i < COMPLETED; i++)
		move(&b, i, CFT_CMD_COMPLETE);
	size_t next = live;
	plan(&b, next, "CREATE TABLE made (id bigint)");
	move(&b, next++, CFT_CMD_COMPLETE);
	for (size_t i = 0; i < TIMES; i++) {
		registered[i] = add(&b, next++);
		again[i] = add_again(&b, next++);
		over[i] = add_over(&b, next++);
		completed[i] = move(&b, COMPLETED + i, CFT_CMD_COMPLETE);
		merged[i] = move(&b, i, CFT_CMD_MERGE);
	}
	json_t *line =
		json_pack("{s:I,s:o,s:o,s:o,s:o,s:o}", "live", (json_int_t)live, "register",
	                  summary(registered), "register_conflict", summary(again), "register_over",
	                  summary(over), "complete", summary(completed), "merge", summary(merged));
	char *text = cft_json_compact(line);
	puts(text);
	free(text);
	json_decref(line);
	cft_state_free(b.state);
	cft_arena_release(&b.arena);
}

int main(int argc, char **argv)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES); /* as the server does */
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	if (argc < 2) {
		measure(1000);
		measure(10000);
	}
	for (int i = 1; i < argc; i++)
		measure(strtoul(argv[i], NULL, 10));
	return 0;
}
