/* Buf: a growable string of bytes, always NUL-terminated.
 * SPDX-License-Identifier: MIT
 *
 * Owned by the caller: cft_buf_release frees, cft_buf_detach hands the heap string over (free()
 * it). Aborts on out of memory.
 */
#ifndef CFT_BASE_BUF_H
#define CFT_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_buf {
	char *data; /* NULL until the first byte; use cft_buf_str to read as a string */
	size_t len, cap;
};

#define CFT_BUF_INIT \
	{            \
		0    \
	}

void cft_buf_release(struct cft_buf *buf);
void cft_buf_clear(struct cft_buf *buf); /* length 0, memory kept */
void cft_buf_reserve(struct cft_buf *buf, size_t extra);
void cft_buf_add(struct cft_buf *buf, const void *data, size_t len);
void cft_buf_adds(struct cft_buf *buf, const char *s);
void cft_buf_addc(struct cft_buf *buf, char c);
void cft_buf_addf(struct cft_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cft_buf_addv(struct cft_buf *buf, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
const char *cft_buf_str(const struct cft_buf *buf); /* "" when empty; borrowed */
char *cft_buf_detach(struct cft_buf *buf);          /* never NULL */

#ifdef __cplusplus
}
#endif

#endif
