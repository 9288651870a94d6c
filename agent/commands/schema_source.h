/* Schema source: what OLD and NEW of a diff may be, read into a schema.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_SCHEMA_SOURCE_H
#define CFT_COMMANDS_SCHEMA_SOURCE_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/config/environment.h"
#include "common/sql/schema/schema.h"

/* Appends the DDL of a source: the path of a file (hand-written, or pg_dump's), "-", a directory
 * (as `build` orders it), env:NAME (what `build --env NAME --schema-only` gives), env:NAME@db (that
 * environment's database) or db:URL (a live database, from its catalog). Blocks. */
int cft_schema_source_text(struct cft_arena *arena, const char *source, struct cft_buf *out,
                           struct cft_err *err);
/* Appends what `build --schema-only` of the environment gives. */
int cft_schema_source_environment(struct cft_arena *arena, const struct cft_environment *env,
                                  struct cft_buf *out, struct cft_err *err);
/* A source, read into a model: cft_schema_free it. */
int cft_schema_source_read(struct cft_arena *arena, const char *source, struct cft_schema **ret,
                           struct cft_err *err);
/* How messages call it: without a password. */
const char *cft_schema_source_shown(struct cft_arena *arena, const char *source);

#endif
