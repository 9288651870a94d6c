/* Arena: a chain of growing blocks.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/arena.h"

#include "common/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_BLOCK = 1024, LARGEST_BLOCK = 1 << 20 };

struct cft_arena_block {
	struct cft_arena_block *next;
	size_t size, used;
	_Alignas(ALIGN) unsigned char data[];
};

void cft_arena_init(struct cft_arena *arena)
{
	memset(arena, 0, sizeof(*arena));
}

void cft_arena_release(struct cft_arena *arena)
{
	struct cft_arena_block *block = arena->head;

	while (block) {
		struct cft_arena_block *next = block->next;
		free(block);
		block = next;
	}
	cft_arena_init(arena);
}

static struct cft_arena_block *add_block(struct cft_arena *arena, size_t need)
{
	size_t size = arena->head ? arena->head->size * 2 : FIRST_BLOCK;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < need)
		size = need;
	struct cft_arena_block *block = cft_malloc(sizeof(*block) + size);
	block->size = size;
	block->used = 0;
	block->next = arena->head;
	arena->head = block;
	return block;
}

void *cft_arena_alloc(struct cft_arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		abort();
	size_t need = (size + ALIGN - 1) / ALIGN * ALIGN;
	struct cft_arena_block *block = arena->head;

	if (!block || block->size - block->used < need)
		block = add_block(arena, need);
	void *p = block->data + block->used;
	block->used += need;
	arena->used_bytes += need;
	return memset(p, 0, need);
}

char *cft_arena_strndup(struct cft_arena *arena, const char *s, size_t len)
{
	char *copy = cft_arena_alloc(arena, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *cft_arena_strdup(struct cft_arena *arena, const char *s)
{
	return s ? cft_arena_strndup(arena, s, strlen(s)) : NULL;
}

char *cft_arena_vprintf(struct cft_arena *arena, const char *fmt, va_list ap)
{
	char brief[128]; /* most are: formatted once */
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(brief, sizeof(brief), fmt, ap);
	if (len < 0)
		abort();
	size_t size = (size_t)len + 1;
	char *text = cft_arena_alloc(arena, size);
	if (size <= sizeof(brief))
		memcpy(text, brief, size);
	else
		vsnprintf(text, size, fmt, again);
	va_end(again);
	return text;
}

char *cft_arena_printf(struct cft_arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = cft_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	return text;
}
