/* Base merge: the base schema after an intent became part of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CORE_BASE_MERGE_H
#define CFT_CORE_BASE_MERGE_H

#include "common/base/arena.h"
#include "server/core/event.h"

#include <stdbool.h>

/* A draft in the arena that borrows from both: the base's DDL, then what was merged. False where
 * there is nothing to do: no base is set (a schema of one intent's objects would make all others
 * appear to be missing), or there is no DDL (`merged` may be NULL). */
bool cft_base_merge(struct cft_arena *arena, const struct cft_base_schema *base,
                    const struct cft_effects *merged, struct cft_base_schema *ret);

/* True if `after` is `before` (either may be NULL) with a merge's DDL at its end: then `ret`, in
 * the arena and borrowing from `after`, is that DDL. */
bool cft_base_added(const struct cft_base_schema *before, const struct cft_base_schema *after,
                    struct cft_arena *arena, struct cft_effects *ret);

#endif
