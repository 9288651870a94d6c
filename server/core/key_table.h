/* Key table: from the text of an object key to its entry, made for look-ups that find nothing.
 * SPDX-License-Identifier: MIT
 *
 * Most keys of a request are nobody else's, or only read by others. Open addressing keeps what
 * decides that (hash, number of strong members) in the table's own line of cache: a look-up costs
 * one miss, however many intents are live, and the look-ups of a request overlap (prefetch).
 */
#ifndef CFT_CORE_KEY_TABLE_H
#define CFT_CORE_KEY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_index_slot;

struct cft_index_key {
	struct cft_index_slot *strong, *weak; /* members, see index.h */
	uint32_t hash;
	const char *text; /* behind it */
};

struct cft_key_entry {
	uint32_t hash;
	uint32_t n_strong;         /* members that hold the key as a strong one */
	struct cft_index_key *key; /* NULL: free */
};

struct cft_key_table {
	struct cft_key_entry *entries;
	size_t n, cap; /* cap: 0 or a power of two, at least twice n */
};

uint32_t cft_key_hash(const char *text);
void cft_key_prefetch(const struct cft_key_table *table, uint32_t hash);
/* NULL where nobody has the key. Valid until the next insertion or removal. */
struct cft_key_entry *cft_key_find(const struct cft_key_table *table, const char *text,
                                   uint32_t hash);
/* The same for whoever cares for strong members only: NULL also where there are none. */
struct cft_key_entry *cft_key_find_strong(const struct cft_key_table *table, const char *text,
                                          uint32_t hash);
/* Finds or makes. */
struct cft_key_entry *cft_key_need(struct cft_key_table *table, const char *text);
/* Frees the key; a table without keys holds no memory. */
void cft_key_remove(struct cft_key_table *table, struct cft_key_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
