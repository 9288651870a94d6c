/* Buf: a growable string of bytes.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cft_buf_release(struct cft_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

void cft_buf_clear(struct cft_buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void cft_buf_reserve(struct cft_buf *buf, size_t extra)
{
	size_t need = buf->len + extra + 1;

	if (need <= buf->cap)
		return;
	size_t cap = buf->cap ? buf->cap * 2 : 64;
	buf->cap = cap < need ? need : cap;
	buf->data = cft_realloc(buf->data, buf->cap);
	buf->data[buf->len] = '\0';
}

void cft_buf_add(struct cft_buf *buf, const void *data, size_t len)
{
	cft_buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void cft_buf_adds(struct cft_buf *buf, const char *s)
{
	cft_buf_add(buf, s, strlen(s));
}

void cft_buf_addc(struct cft_buf *buf, char c)
{
	cft_buf_reserve(buf, 1);
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

void cft_buf_addv(struct cft_buf *buf, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0)
		abort();
	cft_buf_reserve(buf, (size_t)len);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
	buf->len += (size_t)len;
	va_end(again);
}

void cft_buf_addf(struct cft_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cft_buf_addv(buf, fmt, ap);
	va_end(ap);
}

const char *cft_buf_str(const struct cft_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *cft_buf_detach(struct cft_buf *buf)
{
	cft_buf_reserve(buf, 0);
	char *data = buf->data;
	memset(buf, 0, sizeof(*buf));
	return data;
}
