/* Roff: text for manual pages.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_ROFF_H
#define CFT_BASE_ROFF_H

#include "common/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends text as man shows it to the letter: roff takes a dot or quote at the line's start and
 * every backslash as its own, and a plain dash would become a hyphen that cannot be pasted. */
void cft_roff_text(struct cft_buf *out, const char *text);
/* An entry of a list: `term` in bold, and what it means. */
void cft_roff_entry(struct cft_buf *out, const char *term, const char *text);

#ifdef __cplusplus
}
#endif

#endif
