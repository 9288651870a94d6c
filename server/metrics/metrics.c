/* Metrics: an array of atomics.
 * SPDX-License-Identifier: MIT
 */
#include "server/metrics/metrics.h"

#include "common/base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>

struct cft_metrics {
	_Atomic int64_t values[CFT_METRIC_COUNT];
};

static const struct {
	const char *name, *type, *help;
} rows[CFT_METRIC_COUNT] = {
#define ROW(id, name, type, help) {name, type, help},
	CFT_METRIC_MAP(ROW)
#undef ROW
};

struct cft_metrics *cft_metrics_new(void)
{
	return cft_new(struct cft_metrics);
}

void cft_metrics_free(struct cft_metrics *metrics)
{
	free(metrics);
}

void cft_metrics_add(struct cft_metrics *metrics, enum cft_metric which, int64_t n)
{
	if (metrics)
		atomic_fetch_add_explicit(&metrics->values[which], n, memory_order_relaxed);
}

void cft_metrics_set(struct cft_metrics *metrics, enum cft_metric which, int64_t value)
{
	if (metrics)
		atomic_store_explicit(&metrics->values[which], value, memory_order_relaxed);
}

int64_t cft_metrics_get(const struct cft_metrics *metrics, enum cft_metric which)
{
	return atomic_load_explicit(&metrics->values[which], memory_order_relaxed);
}

void cft_metrics_write(const struct cft_metrics *metrics, struct cft_buf *out)
{
	for (int i = 0; i < CFT_METRIC_COUNT; i++)
		cft_buf_addf(out,
		             "# HELP confiture_%s %s\n# TYPE confiture_%s %s\nconfiture_%s %lld\n",
		             rows[i].name, rows[i].help, rows[i].name, rows[i].type, rows[i].name,
		             (long long)cft_metrics_get(metrics, (enum cft_metric)i));
}
