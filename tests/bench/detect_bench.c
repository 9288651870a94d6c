/* Detect bench: what analysis and detection cost, as ratios measured side by side.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_detect [LIVE] (default 100000). One JSON object a line:
 *   analyze: effects of one ALTER TABLE against libpg_query's own parse and unpack of it;
 *   check:   one check against LIVE live intents against the same with 100, where a request meets
 *            0 or 3 other intents either way.
 * Both sides of a ratio take turns, in rounds; medians of the processor time of a round.
 */
#include "common/base/json.h"
#include "common/sql/effect/analyze.h"
#include "server/core/state.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 301, BATCH = 40, PER_TABLE = 10, SMALL = 100 };

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static void report(const char *what, const char *detail, double reference_us, double us)
{
	json_t *line =
		json_pack("{s:s,s:s,s:f,s:f,s:f}", "bench", what, "detail", detail, "reference_us",
	                  reference_us, "us", us, "ratio", us / reference_us);
	char *text = cft_json_compact(line);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(line);
}

/* -- analysis -- */

static void parse_and_unpack(const char *sql)
{
	PgQueryProtobufParseResult result = pg_query_parse_protobuf(sql);
	PgQuery__ParseResult *tree = pg_query__parse_result__unpack(
		NULL, result.parse_tree.len, (const unsigned char *)result.parse_tree.data);

	pg_query__parse_result__free_unpacked(tree, NULL);
	pg_query_free_protobuf_parse_result(result);
}

static void analyze(const char *sql)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects effects;

	if (cft_sql_analyze(sql, strlen(sql), NULL, &arena, &effects, NULL) != 0)
		abort();
	cft_arena_release(&arena);
}

static void bench_analyze(const char *sql)
{
	double reference[ROUNDS], own[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_us();
		for (int i = 0; i < BATCH; i++)
			parse_and_unpack(sql);
		double middle = now_us();
		for (int i = 0; i < BATCH; i++)
			analyze(sql);
		reference[round] = (middle - start) / BATCH;
		own[round] = (now_us() - middle) / BATCH;
	}
	report("analyze", sql, median(reference, ROUNDS), median(own, ROUNDS));
}

/* -- check -- */

struct project {
	struct cft_state *state;
	size_t live;
	struct cft_arena plans;
	struct cft_plan *requests; /* BATCH for each round */
};

static struct cft_plan plan_of(struct cft_arena *arena, const char *sql)
{
	struct cft_effects *effects = cft_arena_new(arena, struct cft_effects);
	const char **statement = cft_arena_new(arena, const char *);

	if (cft_sql_analyze(sql, strlen(sql), NULL, arena, effects, NULL) != 0)
		abort();
	*statement = sql;
	return (struct cft_plan){.statements = {statement, 1}, .effects = effects};
}

static void register_one(struct cft_state *state, size_t i)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_decision decision;
	struct cft_command command = {
		.kind = CFT_CMD_REGISTER,
		.actor = cft_arena_printf(&arena, "agent-%zu", i % 100),
		.intent_id = cft_arena_printf(&arena, "int_%012zu", i),
		.feature_name = cft_arena_printf(&arena, "feature %zu", i % 1000),
		.plan = plan_of(&arena,
	                        cft_arena_printf(&arena, "ALTER TABLE t%zu ADD COLUMN c%zu integer",
	                                         i / PER_TABLE, i % PER_TABLE)),
	};

	if (cft_state_decide(state, &command, (int64_t)i + 1, &arena, &decision, NULL) != 0)
		abort();
	cft_event_unref(decision.event);
	cft_arena_release(&arena);
}

/* Requests for tables all over the project; each adds columns, `overlaps` of which another intent
 * adds as well. */
static void make_requests(struct project *p, int overlaps)
{
	size_t tables = p->live / PER_TABLE, n = (size_t)ROUNDS * BATCH;

	cft_arena_init(&p->plans);
	p->requests = cft_arena_array(&p->plans, struct cft_plan, n);
	for (size_t i = 0; i < n; i++) {
		size_t table = i * 7919 % tables;
		char *sql = cft_arena_printf(&p->plans, "ALTER TABLE t%zu", table);
		for (int k = 0; k < 3; k++)
			sql = cft_arena_printf(&p->plans, "%s%s ADD COLUMN %s%d integer", sql,
			                       k ? "," : "", k < overlaps ? "c" : "own", k);
		p->requests[i] = plan_of(&p->plans, sql);
	}
}

static void project_init(struct project *p, size_t live)
{
	const int64_t minute = INT64_C(60000000);
	struct cft_limits limits = {minute, 15 * minute, 1440 * minute, 10080 * minute, 0};

	p->state = cft_state_new("bench", &limits);
	p->live = live;
	for (size_t i = 0; i < live; i++)
		register_one(p->state, i);
}

static double check_batch(const struct project *p, int round, int overlaps)
{
	double start = now_us();

	for (int i = 0; i < BATCH; i++) {
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_conflict_list list;
		cft_state_check(p->state, "bench", &p->requests[round * BATCH + i], NULL, NULL, 0,
		                &arena, &list);
		if (list.n != (size_t)overlaps)
			abort();
		cft_arena_release(&arena);
	}
	return (now_us() - start) / BATCH;
}

static void bench_check(struct project *small, struct project *large, int overlaps)
{
	double reference[ROUNDS], own[ROUNDS];
	char detail[80];

	make_requests(small, overlaps);
	make_requests(large, overlaps);
	for (int round = 0; round < ROUNDS; round++) {
		reference[round] = check_batch(small, round, overlaps);
		own[round] = check_batch(large, round, overlaps);
	}
	snprintf(detail, sizeof(detail), "%zu live intents against %d, %d overlaps a request",
	         large->live, SMALL, overlaps);
	report("check", detail, median(reference, ROUNDS), median(own, ROUNDS));
	cft_arena_release(&small->plans);
	cft_arena_release(&large->plans);
}

int main(int argc, char **argv)
{
	struct project small, large;

	bench_analyze("ALTER TABLE users ADD COLUMN bio text");
	bench_analyze("ALTER TABLE app.orders ADD COLUMN total numeric(10,2) NOT NULL DEFAULT 0, "
	              "ADD CONSTRAINT positive CHECK (total >= 0), DROP COLUMN old_total");
	bench_analyze("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)");
	project_init(&small, SMALL);
	project_init(&large, argc > 1 ? strtoul(argv[1], NULL, 10) : 100000);
	bench_check(&small, &large, 0);
	bench_check(&small, &large, 3);
	cft_state_free(small.state);
	cft_state_free(large.state);
	return 0;
}
