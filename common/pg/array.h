/* Array: a PostgreSQL array in binary format, as a parameter of a statement.
 * SPDX-License-Identifier: MIT
 *
 * One dimension. Elements are added in order; cft_pg_array_finish then gives the bytes, for a
 * parameter whose type the statement says (`$1::bytea[]`). Binary arrays cost neither quoting nor
 * parsing, on either side.
 */
#ifndef CFT_PG_ARRAY_H
#define CFT_PG_ARRAY_H

#include "common/base/buf.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PostgreSQL's own numbers of the types. */
enum cft_pg_type {
	CFT_PG_BYTEA = 17,
	CFT_PG_INT8 = 20,
	CFT_PG_TEXT = 25,
	CFT_PG_TIMESTAMPTZ = 1184,
};

struct cft_pg_array {
	enum cft_pg_type type; /* of the elements */
	uint32_t n;
	struct cft_buf bytes;
};

void cft_pg_array_init(struct cft_pg_array *array, enum cft_pg_type type);
void cft_pg_array_release(struct cft_pg_array *array);
void cft_pg_array_add(struct cft_pg_array *array, const void *data, size_t len); /* text, bytea */
void cft_pg_array_add_text(struct cft_pg_array *array, const char *text);        /* NULL is NULL */
void cft_pg_array_add_int(struct cft_pg_array *array, int64_t value);
void cft_pg_array_add_time(struct cft_pg_array *array, int64_t us); /* since 1970, UTC */
/* Of text: one element that reads as an array itself once cast to text[], since the rows of a
 * PostgreSQL array have all the same length. */
void cft_pg_array_add_texts(struct cft_pg_array *array, const char *const *texts, size_t n);
/* The whole, borrowed from the array; nothing may be added afterwards. */
const struct cft_buf *cft_pg_array_finish(struct cft_pg_array *array);

#ifdef __cplusplus
}
#endif

#endif
