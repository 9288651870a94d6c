/* Arena: memory with one lifetime (a request, a plan, a parse), freed in one go.
 * SPDX-License-Identifier: MIT
 *
 * Not thread-safe: one thread uses an arena at a time. Small allocations abort on out of memory;
 * check sizes that come from a peer before asking. Memory is zeroed and aligned for any type.
 * After PostgreSQL's memory contexts (src/backend/utils/mmgr/README), without the tree.
 */
#ifndef CFT_BASE_ARENA_H
#define CFT_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_arena_block;

struct cft_arena {
	struct cft_arena_block *head;
	size_t used_bytes; /* handed out so far */
};

#define CFT_ARENA_INIT \
	{              \
		0      \
	}

void cft_arena_init(struct cft_arena *arena);
/* Frees everything; the arena can be used again. */
void cft_arena_release(struct cft_arena *arena);

void *cft_arena_alloc(struct cft_arena *arena, size_t size);
char *cft_arena_strdup(struct cft_arena *arena, const char *s); /* NULL gives NULL */
char *cft_arena_strndup(struct cft_arena *arena, const char *s, size_t len);
char *cft_arena_printf(struct cft_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *cft_arena_vprintf(struct cft_arena *arena, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

#define cft_arena_new(arena, type)      ((type *)cft_arena_alloc((arena), sizeof(type)))
#define cft_arena_array(arena, type, n) ((type *)cft_arena_alloc((arena), sizeof(type) * (n)))

#ifdef __cplusplus
}
#endif

#endif
