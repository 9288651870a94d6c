/* Latency: samples of one run and their percentiles.
 * SPDX-License-Identifier: MIT
 *
 * Keeps every sample (8 bytes each) and sorts once: exact percentiles, no bucket to choose. One
 * thread.
 */
#ifndef CFT_BENCH_LATENCY_H
#define CFT_BENCH_LATENCY_H

#include "common/base/json.h"
#include "common/base/vec.h"

#include <stdint.h>

struct cft_latency {
	CFT_VEC(int64_t) us;
};

void cft_latency_add(struct cft_latency *latency, int64_t us);
/* {"count","p50_us","p99_us","p999_us","max_us","mean_us"}; new reference. Sorts the samples. */
json_t *cft_latency_to_json(struct cft_latency *latency);
void cft_latency_release(struct cft_latency *latency);

#endif
