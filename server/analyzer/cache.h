/* Cache: analyses by the digest of what was asked, least recently used out first.
 * SPDX-License-Identifier: MIT
 *
 * Private to server/analyzer; loop thread only.
 */
#ifndef CFT_ANALYZER_CACHE_H
#define CFT_ANALYZER_CACHE_H

#include "common/base/digest.h"
#include "server/analyzer/analyzer.h"

struct cft_cache;

struct cft_cache *cft_cache_new(size_t max_bytes);
void cft_cache_free(struct cft_cache *cache);
/* A new one, the caller's to unref; NULL where it is not there. */
struct cft_analysis *cft_cache_get(struct cft_cache *cache,
                                   const unsigned char key[CFT_SHA256_BYTES]);
/* Copies the effects. A list larger than a quarter of the cache is not kept. */
void cft_cache_put(struct cft_cache *cache, const unsigned char key[CFT_SHA256_BYTES],
                   const struct cft_effects *effects);
size_t cft_cache_bytes(const struct cft_cache *cache);

#endif
