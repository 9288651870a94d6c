/* Load: one run of the load generator and the kinds of requests that it knows.
 * SPDX-License-Identifier: MIT
 *
 * One thread. A kind packs and starts one request; its answer is counted by cft_load_done.
 */
#ifndef CFT_BENCH_LOAD_H
#define CFT_BENCH_LOAD_H

#include "common/rpc/client.h"
#include "tests/bench/latency.h"

#include <stdint.h>

struct load;
struct shot;

struct load_kind {
	const char *name;
	/* Starts request `number` of the run. */
	void (*start)(struct load *load, struct shot *shot, int64_t number);
};

struct load {
	/* settings */
	const struct load_kind *kind;
	const char *server, *project, *prefix;
	int in_flight;
	int64_t per_table; /* so many intents work on one table */
	int64_t live;      /* intents that are there already: what checks run into */
	int64_t count, duration_us;
	double rate;
	/* the run */
	struct cft_client *client;
	struct cft_latency latency;
	int64_t start_us, started, failed;
	struct cft_err first_error;
};

/* NULL for an unknown name. */
const struct load_kind *cft_load_kind(const char *name);
/* Starts the next request, whose latency counts from `due_us`. */
void cft_load_send(struct load *load, int64_t due_us);

#endif
