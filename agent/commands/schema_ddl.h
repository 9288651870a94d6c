/* Schema DDL: a whole schema as statements, in an order in which PostgreSQL takes them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_SCHEMA_DDL_H
#define CFT_COMMANDS_SCHEMA_DDL_H

#include "common/base/arena.h"
#include "common/sql/diff/plan.h"

/* The plan from nothing to `schema`: its `up` makes it. Free with cft_plan_free. */
int cft_schema_ddl(const struct cft_schema *schema, const struct cft_diff_options *options,
                   struct cft_plan **ret, struct cft_err *err);
/* Reads a source (schema_source.h) and appends its DDL. */
int cft_schema_ddl_text(struct cft_arena *arena, const char *source,
                        const struct cft_diff_options *options, struct cft_buf *out,
                        struct cft_err *err);

#endif
