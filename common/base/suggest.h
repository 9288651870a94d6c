/* Suggest: the nearest known name to a mistyped one.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_SUGGEST_H
#define CFT_BASE_SUGGEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions
 * and swaps of neighbours, in bytes, letter case ignored. Beyond 64 bytes only lengths count. */
size_t cft_edit_distance(const char *a, const char *b);

/* The name nearest to `word`, or NULL where none is near enough to be meant. A third of the word's
 * length may differ; a name that starts with the word, or the
 * word with the name, also counts. NULL names are skipped. */
const char *cft_suggest(const char *word, const char *const *names, size_t n);

#ifdef __cplusplus
}
#endif

#endif
