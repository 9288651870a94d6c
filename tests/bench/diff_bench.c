/* Diff bench: reading two schemas and comparing them, against libpg_query's parse of the same
 * texts. SPDX-License-Identifier: MIT
 *
 * Usage: bench_diff OLD.sql NEW.sql [ROUNDS]. One JSON object with the medians; both are measured
 * in turn in each round.
 */
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/sql/diff/plan.h"
#include "tests/bench/latency.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int rc, const struct cft_err *err)
{
	if (rc != 0) {
		fprintf(stderr, "diff: %s\n", err->message);
		exit(1);
	}
}

static int64_t parse_both(const char *old_text, const char *new_text)
{
	int64_t start_us = cft_clock_mono_us();

	pg_query_free_protobuf_parse_result(pg_query_parse_protobuf(old_text));
	pg_query_free_protobuf_parse_result(pg_query_parse_protobuf(new_text));
	return cft_clock_mono_us() - start_us;
}

static int64_t diff_both(const struct cft_buf *old_text, const struct cft_buf *new_text,
                         size_t *ret_steps)
{
	int64_t start_us = cft_clock_mono_us();
	struct cft_schema *old_schema = NULL, *new_schema = NULL;
	struct cft_plan *plan = NULL;
	struct cft_err err = CFT_ERR_INIT;

	must(cft_schema_read_text(old_text->data, old_text->len, "old", &old_schema, &err), &err);
	must(cft_schema_read_beside(new_text->data, new_text->len, "new", old_schema, &new_schema,
	                            &err),
	     &err);
	must(cft_schema_diff(old_schema, new_schema, NULL, &plan, &err), &err);
	*ret_steps = plan->up_count;
	cft_plan_free(plan);
	cft_schema_free(old_schema);
	cft_schema_free(new_schema);
	return cft_clock_mono_us() - start_us;
}

static void report(struct cft_latency *parse, struct cft_latency *diff, size_t steps)
{
	json_t *out = json_pack("{s:o,s:o,s:I}", "parse", cft_latency_to_json(parse), "diff",
	                        cft_latency_to_json(diff), "steps", (json_int_t)steps);
	char *text = cft_json_compact(out);

	puts(text);
	free(text);
	json_decref(out);
}

int main(int argc, char **argv)
{
	struct cft_buf old_text = CFT_BUF_INIT, new_text = CFT_BUF_INIT;
	struct cft_latency parse = {0}, diff = {0};
	struct cft_err err = CFT_ERR_INIT;
	long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : 5;
	size_t steps = 0;

	if (argc < 3) {
		fputs("usage: bench_diff OLD.sql NEW.sql [ROUNDS]\n", stderr);
		return 2;
	}
	must(cft_file_read(argv[1], 0, &old_text, &err), &err);
	must(cft_file_read(argv[2], 0, &new_text, &err), &err);
	for (long i = 0; i < rounds; i++) {
		cft_latency_add(&parse, parse_both(cft_buf_str(&old_text), cft_buf_str(&new_text)));
		cft_latency_add(&diff, diff_both(&old_text, &new_text, &steps));
	}
	report(&parse, &diff, steps);
	cft_latency_release(&parse);
	cft_latency_release(&diff);
	cft_buf_release(&old_text);
	cft_buf_release(&new_text);
	return 0;
}
