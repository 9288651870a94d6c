/* Array: PostgreSQL's array_recv format: five words, then each element behind its length.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/array.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

enum { HEADER_BYTES = 20, POSITION_OF_N = 12 };

/* Times count from the year 2000 there. */
#define EPOCH_DISTANCE_US INT64_C(946684800000000)

static void add_word(struct cft_buf *bytes, uint32_t value)
{
	uint32_t big = htobe32(value);

	cft_buf_add(bytes, &big, sizeof(big));
}

void cft_pg_array_init(struct cft_pg_array *array, enum cft_pg_type type)
{
	memset(array, 0, sizeof(*array));
	array->type = type;
	add_word(&array->bytes, 1); /* dimensions */
	add_word(&array->bytes, 1); /* there may be NULLs */
	add_word(&array->bytes, (uint32_t)type);
	add_word(&array->bytes, 0); /* elements: cft_pg_array_finish */
	add_word(&array->bytes, 1); /* the first one's number */
	assert(array->bytes.len == HEADER_BYTES);
}

void cft_pg_array_release(struct cft_pg_array *array)
{
	cft_buf_release(&array->bytes);
}

void cft_pg_array_add(struct cft_pg_array *array, const void *data, size_t len)
{
	assert(len <= INT32_MAX);
	cft_buf_reserve(&array->bytes, sizeof(uint32_t) + len);
	add_word(&array->bytes, (uint32_t)len);
	cft_buf_add(&array->bytes, data, len);
	array->n++;
}

void cft_pg_array_add_text(struct cft_pg_array *array, const char *text)
{
	assert(array->type == CFT_PG_TEXT);
	if (text) {
		cft_pg_array_add(array, text, strlen(text));
		return;
	}
	add_word(&array->bytes, UINT32_MAX);
	array->n++;
}

static void add_int64(struct cft_pg_array *array, int64_t value)
{
	uint64_t big = htobe64((uint64_t)value);

	cft_pg_array_add(array, &big, sizeof(big));
}

void cft_pg_array_add_int(struct cft_pg_array *array, int64_t value)
{
	assert(array->type == CFT_PG_INT8);
	add_int64(array, value);
}

void cft_pg_array_add_time(struct cft_pg_array *array, int64_t us)
{
	assert(array->type == CFT_PG_TIMESTAMPTZ);
	add_int64(array, us - EPOCH_DISTANCE_US);
}

static void add_quoted(struct cft_buf *out, const char *text)
{
	cft_buf_addc(out, '"');
	while (*text) {
		size_t plain = strcspn(text, "\"\\");
		cft_buf_add(out, text, plain);
		text += plain;
		if (*text) {
			cft_buf_addc(out, '\\');
			cft_buf_addc(out, *text++);
		}
	}
	cft_buf_addc(out, '"');
}

void cft_pg_array_add_texts(struct cft_pg_array *array, const char *const *texts, size_t n)
{
	struct cft_buf *out = &array->bytes;
	size_t start = out->len;

	assert(array->type == CFT_PG_TEXT);
	add_word(out, 0);
	cft_buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			cft_buf_addc(out, ',');
		add_quoted(out, texts[i]);
	}
	cft_buf_addc(out, '}');
	uint32_t len = htobe32((uint32_t)(out->len - start - sizeof(len)));
	memcpy(out->data + start, &len, sizeof(len));
	array->n++;
}

const struct cft_buf *cft_pg_array_finish(struct cft_pg_array *array)
{
	uint32_t n = htobe32(array->n);

	memcpy(array->bytes.data + POSITION_OF_N, &n, sizeof(n));
	return &array->bytes;
}
