/* Heap allocation that aborts on out of memory.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("confiture: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *cft_malloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *cft_calloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *cft_realloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

char *cft_strdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *cft_strndup(const char *s, size_t len)
{
	char *copy = cft_malloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *cft_asprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return checked(text);
}
