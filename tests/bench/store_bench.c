/* Store bench: durable registers per second through the sequencer, without gRPC and analysers.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_store URL [IN_FLIGHT [SECONDS]] (default 64, 5). One JSON object: registers a
 * second, commits a second, and the latency of a register. Each adds a column to a table that ten
 * intents share, in a project of its own run. Compare with `pgbench -c 1` of one INSERT on the same
 * database: both wait for the same fsync, once a commit.
 */
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/vec.h"
#include "common/sql/effect/analyze.h"
#include "server/store/sequencer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_TABLE = 10 };

struct bench {
	struct cft_loop *loop;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	char project[32];
	long in_flight, next, done, failed, running;
	int64_t started_us, end_us;
	CFT_VEC(int64_t) latencies;
};

struct call {
	struct bench *bench;
	struct cft_arena arena;
	struct cft_effects effects;
	struct cft_command command;
	int64_t started_us;
};

static void submit(struct call *call);

static void on_answer(void *arg, const struct cft_state *state, const struct cft_decision *decision,
                      const struct cft_err *err)
{
	struct call *call = arg;
	struct bench *bench = call->bench;
	int64_t now = cft_clock_mono_us();

	(void)state;
	if (decision) {
		bench->done++;
		cft_vec_push(&bench->latencies, now - call->started_us);
	} else if (bench->failed++ == 0) {
		fprintf(stderr, "%s: %s\n", err->reason, err->message);
	}
	cft_arena_release(&call->arena);
	if (now < bench->end_us && bench->failed == 0) {
		submit(call);
		return;
	}
	free(call);
	if (--bench->running == 0)
		cft_loop_stop(bench->loop);
}

static void submit(struct call *call)
{
	struct cft_command *command = &call->command;
	struct cft_arena *arena = &call->arena;
	long i = call->bench->next++;
	const char *sql = cft_arena_printf(arena, "ALTER TABLE t%ld ADD COLUMN c%ld integer",
	                                   i / PER_TABLE, i);
	struct cft_err err = CFT_ERR_INIT;

	if (cft_sql_analyze(sql, strlen(sql), NULL, arena, &call->effects, &err) != 0)
		fprintf(stderr, "%s\n", err.message);
	memset(command, 0, sizeof(*command));
	command->kind = CFT_CMD_REGISTER;
	command->actor = cft_arena_printf(arena, "agent%ld", i % 100);
	command->intent_id = cft_arena_printf(arena, "int_%ld", i);
	command->request_id = cft_arena_printf(arena, "req_%ld", i);
	command->feature_name = cft_arena_printf(arena, "feature %ld", i);
	command->metadata_json = command->reason = command->outcome = command->notes = "";
	command->conflict_id = "";
	command->risk = CFT_RISK_LOW;
	const char **statement = cft_arena_new(arena, const char *);
	*statement = sql;
	command->plan.statements = (struct cft_strings){statement, 1};
	command->plan.effects = &call->effects;
	call->started_us = cft_clock_mono_us();
	cft_sequencer_submit(call->bench->sequencer, call->bench->project, command, on_answer,
	                     call);
}

static void on_state(void *ctx, bool up, const struct cft_err *err)
{
	struct bench *bench = ctx;

	if (!up)
		fprintf(stderr, "%s\n", err ? err->message : "no database");
	cft_loop_stop(bench->loop);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(struct bench *bench)
{
	double seconds = (double)(cft_clock_mono_us() - bench->started_us) / 1e6;
	size_t n = bench->latencies.n;

	if (n == 0)
		return;
	qsort(bench->latencies.v, n, sizeof(bench->latencies.v[0]), by_value);
	printf("{\"in_flight\": %ld, \"registers_per_s\": %.0f, \"p50_us\": %lld, \"p99_us\": "
	       "%lld, "
	       "\"failed\": %ld}\n",
	       bench->in_flight, (double)bench->done / seconds,
	       (long long)bench->latencies.v[n / 2], (long long)bench->latencies.v[n * 99 / 100],
	       bench->failed);
}

static void run(struct bench *bench, long seconds)
{
	struct cft_limits limits = {60000000, 900000000, 86400000000, 604800000000, 0};

	bench->sequencer = cft_sequencer_new(bench->loop, bench->store, &limits);
	bench->started_us = cft_clock_mono_us();
	bench->end_us = bench->started_us + seconds * 1000000;
	snprintf(bench->project, sizeof(bench->project), "bench-%lld",
	         (long long)cft_clock_wall_us());
	for (long i = 0; i < bench->in_flight; i++) {
		struct call *call = cft_new(struct call);
		call->bench = bench;
		bench->running++;
		submit(call);
	}
	cft_loop_run(bench->loop);
	report(bench);
	cft_sequencer_free(bench->sequencer);
}

int main(int argc, char **argv)
{
	struct bench bench = {.loop = cft_loop_new()};
	struct cft_store_options options = {.on_state = on_state, .ctx = &bench};
	struct cft_err err = CFT_ERR_INIT;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_store URL [IN_FLIGHT [SECONDS]]\n");
		return 2;
	}
	options.url = argv[1];
	bench.in_flight = argc > 2 ? strtol(argv[2], NULL, 10) : 64;
	long seconds = argc > 3 ? strtol(argv[3], NULL, 10) : 5;
	int rc = cft_schema_upgrade(options.url, NULL, &err);
	if (rc == 0)
		rc = cft_store_new(bench.loop, &options, &bench.store, &err);
	if (rc != 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	cft_loop_run(bench.loop);
	if (cft_store_up(bench.store))
		run(&bench, seconds);
	cft_store_free(bench.store);
	cft_loop_free(bench.loop);
	cft_vec_release(&bench.latencies);
	return bench.failed > 0 || bench.done == 0;
}
