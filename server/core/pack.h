/* Pack: puts a record and all that it points to into one heap block.
 * SPDX-License-Identifier: MIT
 *
 * A record's packing function runs twice: once to measure, with `base` NULL, and once to copy.
 * In the first run the functions return NULL or the source, and nothing may be written through what
 * they return. Strings that were packed shortly before are shared.
 */
#ifndef CFT_CORE_PACK_H
#define CFT_CORE_PACK_H

#include "common/base/buf.h"
#include "server/core/intent.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CFT_PACK_MEMORY = 32 };

struct cft_pack {
	unsigned char *base; /* NULL while measuring */
	size_t used;
	struct cft_pack_text {
		const char *text;
		size_t size, at;
	} seen[CFT_PACK_MEMORY];
	unsigned next;
	struct cft_buf dense; /* what cft_dense_write made while measuring, which is copied then */
};

void *cft_pack_room(struct cft_pack *pack, size_t size);
const char *cft_pack_str(struct cft_pack *pack, const char *s); /* NULL gives "" */
/* The text (with its size), where it was packed shortly before; else NULL. */
const struct cft_pack_text *cft_pack_find(const struct cft_pack *pack, const char *s, size_t size);
/* Packs a text that was not. */
const struct cft_pack_text *cft_pack_append(struct cft_pack *pack, const char *s, size_t size);
void cft_pack_strings(struct cft_pack *pack, struct cft_strings *strings);
const struct cft_effects *cft_pack_effects(struct cft_pack *pack, const struct cft_effects *from);

/* Runs `fn` twice around one allocation of the right size; the record is at its start. */
typedef void cft_pack_fn(struct cft_pack *pack, const void *from);
void *cft_pack_run(cft_pack_fn *fn, const void *from);

#ifdef __cplusplus
}
#endif

#endif
