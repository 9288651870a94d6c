/* Text: questions about strings that the C library does not answer in one word.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_TEXT_H
#define CFT_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline bool cft_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#ifdef __cplusplus
}
#endif

#endif
