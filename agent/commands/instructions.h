/* Instructions: what an AI agent needs to know to take part.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_INSTRUCTIONS_H
#define CFT_COMMANDS_INSTRUCTIONS_H

#include "common/base/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Markdown, at most 300 words; a test runs its commands. */
extern const char cft_instructions[];

/* Puts the instructions into a file such as AGENTS.md, between two markers: a section from an
 * earlier time is replaced, the rest of the file stays. *ret_changed is false where it was there
 * already. Blocks. */
int cft_instructions_write(const char *path, bool *ret_changed, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
