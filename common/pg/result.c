/* Result: reading values out of libpq's results.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/result.h"

#include "common/base/digest.h"
#include "common/pg/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void cft_pg_result_free(struct cft_pg_result *result)
{
	if (result)
		libpq.PQclear((PGresult *)result);
}

size_t cft_pg_rows(const struct cft_pg_result *result)
{
	return (size_t)libpq.PQntuples(cft_pg_raw_result(result));
}

size_t cft_pg_columns(const struct cft_pg_result *result)
{
	return (size_t)libpq.PQnfields(cft_pg_raw_result(result));
}

const char *cft_pg_column_name(const struct cft_pg_result *result, size_t column)
{
	assert(column < cft_pg_columns(result));
	return libpq.PQfname(cft_pg_raw_result(result), (int)column);
}

int cft_pg_column_find(const struct cft_pg_result *result, const char *name)
{
	for (size_t i = 0; i < cft_pg_columns(result); i++)
		if (strcmp(cft_pg_column_name(result, i), name) == 0)
			return (int)i;
	return -1;
}

int64_t cft_pg_affected(const struct cft_pg_result *result)
{
	return strtoll(libpq.PQcmdTuples((PGresult *)result), NULL, 10);
}

const char *cft_pg_command_tag(const struct cft_pg_result *result)
{
	return libpq.PQcmdStatus((PGresult *)result);
}

bool cft_pg_is_null(const struct cft_pg_result *result, size_t row, size_t column)
{
	assert(row < cft_pg_rows(result) && column < cft_pg_columns(result));
	return libpq.PQgetisnull(cft_pg_raw_result(result), (int)row, (int)column);
}

const char *cft_pg_value(const struct cft_pg_result *result, size_t row, size_t column)
{
	if (cft_pg_is_null(result, row, column))
		return NULL;
	return libpq.PQgetvalue(cft_pg_raw_result(result), (int)row, (int)column);
}

const char *cft_pg_text(const struct cft_pg_result *result, size_t row, size_t column)
{
	const char *value = cft_pg_value(result, row, column);

	return value ? value : "";
}

size_t cft_pg_value_len(const struct cft_pg_result *result, size_t row, size_t column)
{
	if (cft_pg_is_null(result, row, column))
		return 0;
	return (size_t)libpq.PQgetlength(cft_pg_raw_result(result), (int)row, (int)column);
}

int64_t cft_pg_int(const struct cft_pg_result *result, size_t row, size_t column)
{
	return strtoll(cft_pg_text(result, row, column), NULL, 10);
}

double cft_pg_double(const struct cft_pg_result *result, size_t row, size_t column)
{
	return strtod(cft_pg_text(result, row, column), NULL);
}

bool cft_pg_bool(const struct cft_pg_result *result, size_t row, size_t column)
{
	return cft_pg_text(result, row, column)[0] == 't';
}

int cft_pg_bytea(const struct cft_pg_result *result, size_t row, size_t column, struct cft_buf *out)
{
	const char *text = cft_pg_text(result, row, column);
	size_t len = cft_pg_value_len(result, row, column);

	if (len == 0)
		return 0;
	if (len < 2 || text[0] != '\\' || text[1] != 'x')
		return CFT_E_INVALID;
	cft_buf_reserve(out, len / 2);
	if (cft_unhex(text + 2, len - 2, out->data + out->len) != 0)
		return CFT_E_INVALID;
	out->len += len / 2 - 1;
	out->data[out->len] = '\0';
	return 0;
}
