/* Effects as protobuf: how they stand in events, and how analyzer processes send them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CODEC_EFFECTS_CODEC_H
#define CFT_CODEC_EFFECTS_CODEC_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/sql/effect/effect.h"

#include "confiture/v1/effect.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The message's nodes live in the arena; its strings are borrowed from `effects`. */
Confiture__V1__EffectSet *cft_codec_effects(struct cft_arena *arena,
                                            const struct cft_effects *effects);
/* The arrays live in the arena; the strings are borrowed from `message`, which must live as long.
 * Numbers out of range give CFT_E_INCONSISTENT: such a list was not written by us. */
int cft_codec_effects_parse(struct cft_arena *arena, const Confiture__V1__EffectSet *message,
                            struct cft_effects *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
