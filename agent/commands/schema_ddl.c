/* Schema DDL: what a diff from nothing says.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/schema_ddl.h"

#include "agent/commands/schema_source.h"

int cft_schema_ddl(const struct cft_schema *schema, const struct cft_diff_options *options,
                   struct cft_plan **ret, struct cft_err *err)
{
	struct cft_schema *nothing = NULL;
	int rc = cft_schema_read_text("", 0, "nothing", &nothing, err);

	if (rc == 0)
		rc = cft_schema_diff(nothing, schema, options, ret, err);
	cft_schema_free(nothing);
	return rc;
}

int cft_schema_ddl_text(struct cft_arena *arena, const char *source,
                        const struct cft_diff_options *options, struct cft_buf *out,
                        struct cft_err *err)
{
	struct cft_schema *schema = NULL;
	struct cft_plan *plan = NULL;
	int rc = cft_schema_source_read(arena, source, &schema, err);

	if (rc == 0)
		rc = cft_schema_ddl(schema, options, &plan, err);
	if (rc == 0)
		cft_plan_script(plan, false, false, out);
	cft_plan_free(plan);
	cft_schema_free(schema);
	return rc;
}
