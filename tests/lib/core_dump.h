/* CoreDump: everything that a coordination state holds, as lines of text.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_CORE_DUMP_H
#define CFT_TESTS_CORE_DUMP_H

#include "common/base/buf.h"
#include "server/core/state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends it; lines of one kind stand in the order in which the state keeps them. */
void cft_test_dump_state(const struct cft_state *state, struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
