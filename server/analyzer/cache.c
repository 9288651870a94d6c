/* Cache: a hash table whose order of insertion is the order of use; effects as dense bytes.
 * SPDX-License-Identifier: MIT
 */
#include "server/analyzer/cache.h"

#include "common/base/mem.h"
#include "server/core/dense.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* One block with the effects behind it: as structs they would take six times the room. */
struct entry {
	unsigned char key[CFT_SHA256_BYTES];
	UT_hash_handle hh;
	size_t bytes;               /* of the block */
	const unsigned char *dense; /* to its end */
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

/* The entry may go before its reader does: the analysis has its own copy. */
static struct cft_analysis *analysis_of(const struct entry *entry)
{
	struct cft_analysis *analysis = cft_new(struct cft_analysis);
	const unsigned char *end = (const unsigned char *)entry + entry->bytes;
	size_t size = entry->dense ? (size_t)(end - entry->dense) : 0;
	unsigned char *copy = cft_arena_alloc(&analysis->arena, size);

	analysis->refs = 1;
	if (size)
		memcpy(copy, entry->dense, size);
	analysis->effects = *cft_dense_read(size ? copy : NULL, &analysis->arena);
	return analysis;
}

struct cft_analysis *cft_cache_get(struct cft_cache *cache,
                                   const unsigned char key[CFT_SHA256_BYTES])
{
	struct entry *entry = find(cache, key);

	if (!entry)
		return NULL;
	HASH_DEL(cache->entries, entry);
	append(cache, entry);
	return analysis_of(entry);
}

static void pack_entry(struct cft_pack *pack, const void *effects)
{
	struct entry *entry = cft_pack_room(pack, sizeof(*entry));
	const unsigned char *dense = cft_dense_write(pack, effects);

	if (entry)
		*entry = (struct entry){.bytes = pack->used, .dense = dense};
}

void cft_cache_put(struct cft_cache *cache, const unsigned char key[CFT_SHA256_BYTES],
                   const struct cft_effects *effects)
{
	if (find(cache, key))
		return;
	struct entry *entry = cft_pack_run(pack_entry, effects);
	if (entry->bytes > cache->max_bytes / 4) {
		free(entry);
		return;
	}
	while (cache->bytes + entry->bytes > cache->max_bytes)
		drop(cache, cache->entries);
	memcpy(entry->key, key, CFT_SHA256_BYTES);
	append(cache, entry);
	cache->bytes += entry->bytes;
}

size_t cft_cache_bytes(const struct cft_cache *cache)
{
	return cache->bytes;
}
