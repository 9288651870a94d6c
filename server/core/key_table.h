/* Key table: from an object key to the intents that are entered under it.
 * SPDX-License-Identifier: MIT
 *
 * Most keys of a request are nobody else's, or only read by others. Open addressing keeps what
 * decides that in the table's own line of cache: a look-up costs one miss, however many intents are
 * live, and the look-ups of a request overlap (prefetch). A key is known by its hash alone: two
 * that share one make intents be compared that have nothing to do with each other, which finds
 * nothing and is as rare as 62 bits make it. And a key that one intent alone has costs no block.
 */
#ifndef CFT_CORE_KEY_TABLE_H
#define CFT_CORE_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One key of one intent; part of the intent's member (index.h), which does not move. */
struct cft_index_slot {
	uint64_t hash : 62;
	uint64_t strong : 1;
	uint32_t position; /* among the key's slots */
	uint32_t number;   /* among the member's slots */
};

struct cft_index_key; /* the slots of a key with several */

struct cft_key_entry {
	uint64_t hash : 62;
	uint64_t many : 1;   /* which one of the union counts */
	uint64_t strong : 1; /* one of the slots is */
	union {
		struct cft_index_slot *one; /* NULL: the entry is free */
		struct cft_index_key *all;
	};
};

struct cft_key_table {
	struct cft_key_entry *entries;
	size_t n, cap; /* cap: 0 or a power of two, 13 sixteenths of which are filled at most */
};

uint64_t cft_key_hash(const char *text); /* 62 bits */
void cft_key_prefetch(const struct cft_key_table *table, uint64_t hash);
/* NULL where nobody has the key. Valid until the next change. */
const struct cft_key_entry *cft_key_find(const struct cft_key_table *table, uint64_t hash);
/* Borrowed until the next change; the strong ones come first. */
struct cft_index_slot *const *cft_key_slots(const struct cft_key_entry *entry, size_t *ret_n_strong,
                                            size_t *ret_n);

/* A slot to be entered. */
struct cft_index_slot cft_key_slot(const char *text, bool strong, uint32_t number);
/* Enters a slot, which must stay where it is, and takes it out again. A table without slots
 * holds no memory. */
void cft_key_enter(struct cft_key_table *table, struct cft_index_slot *slot);
void cft_key_leave(struct cft_key_table *table, struct cft_index_slot *slot);

#ifdef __cplusplus
}
#endif

#endif
