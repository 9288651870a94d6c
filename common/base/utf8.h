/* UTF-8: validation and terminal width (RFC 3629; widths from the locale's wcwidth).
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_UTF8_H
#define CFT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True if the bytes are well-formed UTF-8 without NUL: what PostgreSQL accepts as text. On false,
 * *ret_offset (if not NULL) is the first bad byte. */
bool cft_utf8_valid(const char *s, size_t len, size_t *ret_offset);
/* Decodes one code point; returns its length in bytes, 0 on bad input or at the end. */
size_t cft_utf8_decode(const char *s, size_t len, uint32_t *ret_cp);
/* True for what a terminal acts on instead of showing it: C0, DEL, C1, and the marks that turn the
 * direction of the text after them. */
bool cft_utf8_is_control(uint32_t cp);
/* True where well-formed text holds one of them. */
bool cft_utf8_has_control(const char *s);
/* The length of the longest prefix of at most `max` bytes that ends on a character's boundary. */
size_t cft_utf8_clip(const char *s, size_t len, size_t max);
/* Columns the text takes on a terminal; control characters count 0, malformed bytes 1. */
size_t cft_utf8_width(const char *s);
/* The longest prefix in bytes that fits `columns`. */
size_t cft_utf8_fit(const char *s, size_t columns);

#ifdef __cplusplus
}
#endif

#endif
