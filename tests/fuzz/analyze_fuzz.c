/* Fuzz: hostile SQL through the analyzer, the stored form and the comparison.
 * SPDX-License-Identifier: MIT
 *
 *     build-fuzz/tests/fuzz/fuzz_analyze -max_total_time=60 -timeout=10 -max_len=8192 SEEDS
 */
#include "common/sql/analyze.h"
#include "common/sql/conflict.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cft_effects *effects, struct cft_arena *arena)
{
	struct cft_effects back = {0};
	struct cft_comparison comparison;
	struct cft_conflict_key *keys;
	struct cft_table_lock *locks;
	json_t *json = cft_effects_to_json(effects);
	size_t n;

	if (cft_effects_from_json(json, arena, &back, NULL) != 0)
		abort();
	json_decref(json);
	cft_conflict_keys(&back, NULL, arena, &keys, &n);
	cft_conflict_locks(&back, NULL, arena, &locks, &n);
	cft_conflict_compare(effects, &back, NULL, NULL, arena, &comparison);
	struct cft_base *base = cft_base_new(effects);
	cft_conflict_compare(effects, &back, base, NULL, arena, &comparison);
	cft_base_free(base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_analyze_options options = {.parse = {.psql = true, .sketch = true}};
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects effects = {0};
	struct cft_err err = CFT_ERR_INIT;

	options.parse.opaque = size > 0 && data[0] % 2;
	options.parse.max_tokens = 4000;
	if (cft_sql_analyze((const char *)data, size, &options, &arena, &effects, &err) == 0)
		check(&effects, &arena);
	cft_arena_release(&arena);
	return 0;
}
