/* Latency: samples of one run and their percentiles.
 * SPDX-License-Identifier: MIT
 */
#include "tests/bench/latency.h"

void cft_latency_add(struct cft_latency *latency, int64_t us)
{
	cft_vec_push(&latency->us, us);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t percentile(const struct cft_latency *latency, double fraction)
{
	size_t n = latency->us.n;
	size_t rank = (size_t)((double)n * fraction);

	return n == 0 ? 0 : latency->us.v[rank < n ? rank : n - 1];
}

static double mean(const struct cft_latency *latency)
{
	double sum = 0;

	for (size_t i = 0; i < latency->us.n; i++)
		sum += (double)latency->us.v[i];
	return latency->us.n ? sum / (double)latency->us.n : 0;
}

json_t *cft_latency_to_json(struct cft_latency *latency)
{
	if (latency->us.n)
		qsort(latency->us.v, latency->us.n, sizeof(*latency->us.v), by_value);
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:f}", "count", (json_int_t)latency->us.n, "p50_us",
	                 (json_int_t)percentile(latency, 0.5), "p99_us",
	                 (json_int_t)percentile(latency, 0.99), "p999_us",
	                 (json_int_t)percentile(latency, 0.999), "max_us",
	                 (json_int_t)percentile(latency, 1.0), "mean_us", mean(latency));
}

void cft_latency_release(struct cft_latency *latency)
{
	cft_vec_release(&latency->us);
}
