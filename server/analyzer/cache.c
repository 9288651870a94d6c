/* Cache: a hash table whose order of insertion is the order of use.
 * SPDX-License-Identifier: MIT
 */
#include "server/analyzer/cache.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
	unsigned char key[CFT_SHA256_BYTES];
	struct cft_analysis *analysis;
	size_t bytes;
	UT_hash_handle hh;
};

struct cft_cache {
	struct entry *entries; /* the least recently used first */
	size_t bytes, max_bytes;
};

struct cft_cache *cft_cache_new(size_t max_bytes)
{
	struct cft_cache *cache = cft_new(struct cft_cache);

	cache->max_bytes = max_bytes;
	return cache;
}

static void drop(struct cft_cache *cache, struct entry *entry)
{
	HASH_DEL(cache->entries, entry);
	cache->bytes -= entry->bytes;
	cft_analysis_unref(entry->analysis);
	free(entry);
}

void cft_cache_free(struct cft_cache *cache)
{
	while (cache->entries)
		drop(cache, cache->entries);
	free(cache);
}

static struct entry *find(struct cft_cache *cache, const unsigned char *key)
{
	struct entry *entry;

	HASH_FIND(hh, cache->entries, key, CFT_SHA256_BYTES, entry);
	return entry;
}

static void append(struct cft_cache *cache, struct entry *entry)
{
	HASH_ADD(hh, cache->entries, key, CFT_SHA256_BYTES, entry);
}

struct cft_analysis *cft_cache_get(struct cft_cache *cache,
                                   const unsigned char key[CFT_SHA256_BYTES])
{
	struct entry *entry = find(cache, key);

	if (!entry)
		return NULL;
	HASH_DEL(cache->entries, entry);
	append(cache, entry);
	return entry->analysis;
}

void cft_cache_put(struct cft_cache *cache, const unsigned char key[CFT_SHA256_BYTES],
                   struct cft_analysis *analysis)
{
	struct entry *entry;
	size_t bytes = analysis->arena.used_bytes + sizeof(*analysis) + sizeof(*entry);

	if (bytes > cache->max_bytes / 4 || find(cache, key))
		return;
	while (cache->bytes + bytes > cache->max_bytes)
		drop(cache, cache->entries);
	entry = cft_new(struct entry);
	memcpy(entry->key, key, CFT_SHA256_BYTES);
	entry->analysis = cft_analysis_ref(analysis);
	entry->bytes = bytes;
	append(cache, entry);
	cache->bytes += bytes;
}

size_t cft_cache_bytes(const struct cft_cache *cache)
{
	return cache->bytes;
}
