/* schema_diff: the diff of two files as scripts, for the corpus runner.
 * SPDX-License-Identifier: MIT
 *
 * schema_diff OLD NEW UP DOWN: writes both scripts and prints what is refused, one per line.
 * schema_diff --same OLD NEW: prints the statements that would be needed, none when all is equal.
 */
#include "common/base/file.h"
#include "common/sql/diff/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cft_schema *read_file(const char *path, const struct cft_schema *other)
{
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_schema *schema = NULL;

	if (cft_file_read(path, 0, &text, &err) != 0 ||
	    cft_schema_read_beside(cft_buf_str(&text), text.len, path, other, &schema, &err) != 0) {
		fprintf(stderr, "%s:%d:%d: %s\n", err.file, err.line, err.column, err.message);
		exit(2);
	}
	cft_buf_release(&text);
	return schema;
}

static void write_script(const struct cft_plan *plan, bool down, const char *path)
{
	struct cft_buf out = CFT_BUF_INIT;
	struct cft_err err = CFT_ERR_INIT;

	cft_plan_script(plan, down, false, &out);
	if (cft_file_write(path, cft_buf_str(&out), out.len, 0644, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	cft_buf_release(&out);
}

int main(int argc, char **argv)
{
	struct cft_plan *plan = NULL;
	struct cft_err err = CFT_ERR_INIT;
	bool same = argc == 4 && strcmp(argv[1], "--same") == 0;

	if (argc != 5 && !same)
		return 2;
	struct cft_schema *old = read_file(argv[same ? 2 : 1], NULL);
	struct cft_schema *new = read_file(argv[same ? 3 : 2], old);
	if (cft_schema_diff(old, new, NULL, &plan, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	for (size_t i = 0; i < plan->refused_count; i++)
		printf("%s: %s\n", plan->refused[i].object, plan->refused[i].reason);
	for (size_t i = 0; same && i < plan->up_count; i++)
		printf("%s;\n", plan->up[i].sql);
	if (!same) {
		write_script(plan, false, argv[3]);
		write_script(plan, true, argv[4]);
	}
	cft_plan_free(plan);
	cft_schema_free(old);
	cft_schema_free(new);
	return 0;
}
