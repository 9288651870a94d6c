/* Result: the rows and the command tag that a statement gave.
 * SPDX-License-Identifier: MIT
 *
 * All values are in PostgreSQL's text format. Strings are borrowed from the result and live until
 * cft_pg_result_free. A result belongs to no thread and outlives its connection. Rows and columns
 * count from 0; asking outside of them is a bug (asserted).
 */
#ifndef CFT_PG_RESULT_H
#define CFT_PG_RESULT_H

#include "common/base/buf.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_pg_result;

void cft_pg_result_free(struct cft_pg_result *result); /* NULL is fine */

size_t cft_pg_rows(const struct cft_pg_result *result);
size_t cft_pg_columns(const struct cft_pg_result *result);
const char *cft_pg_column_name(const struct cft_pg_result *result, size_t column);
int cft_pg_column_find(const struct cft_pg_result *result, const char *name); /* -1 = none */
/* Rows changed by INSERT, UPDATE, DELETE, COPY …; 0 for other commands. */
int64_t cft_pg_affected(const struct cft_pg_result *result);
const char *cft_pg_command_tag(const struct cft_pg_result *result); /* "CREATE TABLE" */

bool cft_pg_is_null(const struct cft_pg_result *result, size_t row, size_t column);
/* The value, NULL for SQL NULL. cft_pg_text gives "" instead. */
const char *cft_pg_value(const struct cft_pg_result *result, size_t row, size_t column);
const char *cft_pg_text(const struct cft_pg_result *result, size_t row, size_t column);
size_t cft_pg_value_len(const struct cft_pg_result *result, size_t row, size_t column);
/* Typed readings of columns whose type the statement fixes; SQL NULL gives 0, false. */
int64_t cft_pg_int(const struct cft_pg_result *result, size_t row, size_t column);
double cft_pg_double(const struct cft_pg_result *result, size_t row, size_t column);
bool cft_pg_bool(const struct cft_pg_result *result, size_t row, size_t column);
/* Appends the bytes of a bytea in hex format (bytea_output's default). 0, or CFT_E_INVALID. */
int cft_pg_bytea(const struct cft_pg_result *result, size_t row, size_t column,
                 struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
