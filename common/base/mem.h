/* Heap allocation that aborts on out of memory: no caller of ours could do better.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_MEM_H
#define CFT_BASE_MEM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *cft_malloc(size_t size); /* free() it */
void *cft_calloc(size_t count, size_t size);
void *cft_realloc(void *p, size_t size);
char *cft_strdup(const char *s); /* NULL gives NULL */
char *cft_strndup(const char *s, size_t len);
char *cft_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define cft_new(type) ((type *)cft_calloc(1, sizeof(type)))

#ifdef __cplusplus
}
#endif

#endif
