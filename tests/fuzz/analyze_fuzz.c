/* Fuzz: hostile SQL through the analyzer, the stored form and the comparison.
 * SPDX-License-Identifier: MIT
 *
 * An input is up to three texts with form feeds between: base, A and B; one alone is compared with
 * itself. Its first byte chooses whether what cannot be read is kept opaque.
 */
#include "common/sql/conflict/conflict.h"
#include "common/sql/effect/analyze.h"

#include <pg_query.h>
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
PgQueryPlpgsqlParseResult __real_pg_query_parse_plpgsql(const char *input);
PgQueryPlpgsqlParseResult __wrap_pg_query_parse_plpgsql(const char *input);

/* libpg_query loses one byte in each call: an empty text that its own parse gave it. */
PgQueryPlpgsqlParseResult __wrap_pg_query_parse_plpgsql(const char *input)
{
	__lsan_disable();
	PgQueryPlpgsqlParseResult result = __real_pg_query_parse_plpgsql(input);
	__lsan_enable();
	return result;
}

/* What is stored is what was analysed: every set goes through its JSON. */
static int analyze(const char *sql, size_t len, bool opaque, struct cft_arena *arena,
                   struct cft_effects *ret)
{
	struct cft_analyze_options options = {.parse = {.psql = true, .sketch = true}};
	struct cft_effects effects = {0};
	struct cft_err err = CFT_ERR_INIT;

	options.parse.opaque = opaque;
	options.parse.max_tokens = 4000;
	int rc = cft_sql_analyze(sql, len, &options, arena, &effects, &err);
	if (rc != 0)
		return rc;
	json_t *json = cft_effects_to_json(&effects);
	if (cft_effects_from_json(json, arena, ret, NULL) != 0)
		abort();
	json_decref(json);
	return 0;
}

static void compare(const struct cft_effects *base, const struct cft_effects *a,
                    const struct cft_effects *b, struct cft_arena *arena)
{
	struct cft_comparison comparison;
	struct cft_conflict_key *keys;
	struct cft_table_lock *locks;
	struct cft_base *model = cft_base_new(base);
	size_t n;

	cft_conflict_keys(a, model, arena, &keys, &n);
	cft_conflict_locks(a, model, arena, &locks, &n);
	cft_conflict_compare(a, b, NULL, NULL, arena, &comparison);
	cft_conflict_compare(a, b, model, NULL, arena, &comparison);
	cft_base_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects sets[TEXTS] = {0};
	const char *at = (const char *)data, *end = at + size;
	int n = 0, rc = 0;

	while (n < TEXTS && rc == 0) {
		const char *stop = memchr(at, '\f', (size_t)(end - at));
		stop = stop && n < TEXTS - 1 ? stop : end;
		rc = analyze(at, (size_t)(stop - at), size > 0 && data[0] % 2, &arena, &sets[n++]);
		if (stop == end)
			break;
		at = stop + 1;
	}
	if (rc == 0)
		compare(&sets[0], &sets[n > 1 ? 1 : 0], &sets[n - 1], &arena);
	cft_arena_release(&arena);
	return 0;
}
