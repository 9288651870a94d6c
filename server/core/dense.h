/* Dense: a list of effects as bytes inside a record.
 * SPDX-License-Identifier: MIT
 *
 * A live intent's effects are looked at only when somebody comes near it. As structs full of
 * pointers they are the largest part of its memory; as bytes they take a sixth, and to read them
 * back costs less than any comparison. The form never leaves the process.
 */
#ifndef CFT_CORE_DENSE_H
#define CFT_CORE_DENSE_H

#include "server/core/pack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes into the record that is being packed, as its last part; NULL effects as an empty list. The
 * bytes go where the record goes: texts are found by their distance. NULL while measuring. */
const unsigned char *cft_dense_write(struct cft_pack *pack, const struct cft_effects *from);
/* The structs are the arena's; all texts are borrowed from the record. NULL gives an empty list. */
const struct cft_effects *cft_dense_read(const unsigned char *bytes, struct cft_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
