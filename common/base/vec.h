/* Vec: a typed growable array, as macros.
 * SPDX-License-Identifier: MIT
 *
 *     CFT_VEC(int) numbers = {0};
 *     cft_vec_push(&numbers, 42);
 *     CFT_VEC_EACH(int, n, &numbers)
 *             printf("%d\n", *n);
 *     cft_vec_release(&numbers);
 *
 * Items are moved when the array grows: keep indices, not pointers, across a push.
 * cft_vec_push_in takes the memory from an arena instead (old copies stay there until its release).
 */
#ifndef CFT_BASE_VEC_H
#define CFT_BASE_VEC_H

#include "common/base/arena.h"
#include "common/base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CFT_VEC(type)          \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}

#define cft_vec_push(vec, item)                                                           \
	do {                                                                              \
		if ((vec)->n == (vec)->cap) {                                             \
			(vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8;                     \
			(vec)->v = cft_realloc((vec)->v, (vec)->cap * sizeof(*(vec)->v)); \
		}                                                                         \
		(vec)->v[(vec)->n++] = (item);                                            \
	} while (0)

#define cft_vec_push_in(arena, vec, item)                                                        \
	do {                                                                                     \
		if ((vec)->n == (vec)->cap) {                                                    \
			size_t cft_cap_ = (vec)->cap ? (vec)->cap * 2 : 2;                       \
			void *cft_new_ = cft_arena_alloc((arena), cft_cap_ * sizeof(*(vec)->v)); \
			if ((vec)->n)                                                            \
				memcpy(cft_new_, (vec)->v, (vec)->n * sizeof(*(vec)->v));        \
			(vec)->v = cft_new_;                                                     \
			(vec)->cap = cft_cap_;                                                   \
		}                                                                                \
		(vec)->v[(vec)->n++] = (item);                                                   \
	} while (0)

#define cft_vec_clear(vec) ((void)((vec)->n = 0))

#define cft_vec_release(vec)                      \
	do {                                      \
		free((vec)->v);                   \
		memset((vec), 0, sizeof(*(vec))); \
	} while (0)

#define CFT_VEC_EACH(type, item, vec) \
	for (type *item = (vec)->v; item != NULL && item < (vec)->v + (vec)->n; item++)

#endif
