/* Key table: linear probing, removal by shifting back.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/key_table.h"

#include "common/base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAP = 64, FIRST_SLOTS = 2 };

/* The slots of a key with several: the strong ones first, in no other order. There is room for the
 * next power of two. */
struct cft_index_key {
	uint32_t n_strong, n;
	struct cft_index_slot *slots[];
};

#define HASH_BITS (UINT64_MAX >> 2)

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash ^ (hash >> 32);
}

uint64_t cft_key_hash(const char *text)
{
	return hash_of(text) & HASH_BITS;
}

struct cft_index_slot cft_key_slot(const char *text, bool strong, uint32_t number)
{
	return (struct cft_index_slot){
		.hash = hash_of(text) & HASH_BITS, .strong = strong, .number = number};
}

void cft_key_prefetch(const struct cft_key_table *table, uint64_t hash)
{
	if (table->cap)
		__builtin_prefetch(&table->entries[hash & (table->cap - 1)]);
}

/* The entry of the key, or the free one where it would go. */
static struct cft_key_entry *probe(const struct cft_key_table *table, uint64_t hash)
{
	for (size_t i = hash & (table->cap - 1);; i = (i + 1) & (table->cap - 1)) {
		struct cft_key_entry *entry = &table->entries[i];
		if (!entry->one || entry->hash == hash)
			return entry;
	}
}

const struct cft_key_entry *cft_key_find(const struct cft_key_table *table, uint64_t hash)
{
	if (table->cap == 0)
		return NULL;
	const struct cft_key_entry *entry = probe(table, hash);
	return entry->one ? entry : NULL;
}

struct cft_index_slot *const *cft_key_slots(const struct cft_key_entry *entry, size_t *ret_n_strong,
                                            size_t *ret_n)
{
	*ret_n_strong = entry->many ? entry->all->n_strong : entry->strong;
	*ret_n = entry->many ? entry->all->n : 1;
	return entry->many ? entry->all->slots : &entry->one;
}

/* -- the slots of one key -- */

static void place(struct cft_index_key *key, uint32_t position, struct cft_index_slot *slot)
{
	key->slots[position] = slot;
	slot->position = position;
}

static bool is_full(const struct cft_index_key *key)
{
	return (key->n & (key->n - 1)) == 0;
}

static struct cft_index_key *resize(struct cft_index_key *key, uint32_t cap)
{
	return cft_realloc(key, sizeof(*key) + cap * sizeof(struct cft_index_slot *));
}

/* The first weak one makes room for a strong one. */
static void add_slot(struct cft_index_key *key, struct cft_index_slot *slot)
{
	uint32_t at = key->n++;

	if (slot->strong) {
		if (key->n_strong < at)
			place(key, at, key->slots[key->n_strong]);
		at = key->n_strong++;
	}
	place(key, at, slot);
}

static void drop_slot(struct cft_index_key *key, const struct cft_index_slot *slot)
{
	uint32_t hole = slot->position, last = key->n - 1;

	assert(hole < key->n && key->slots[hole] == slot);
	if (slot->strong) {
		uint32_t last_strong = --key->n_strong;
		place(key, hole, key->slots[last_strong]);
		hole = last_strong;
	}
	if (hole < last)
		place(key, hole, key->slots[last]);
	key->n = last;
}

static void make_many(struct cft_key_entry *entry)
{
	struct cft_index_slot *first = entry->one;

	entry->all = resize(NULL, FIRST_SLOTS);
	entry->all->n = entry->all->n_strong = 0;
	entry->many = true;
	add_slot(entry->all, first);
}

/* -- the table -- */

static void grow(struct cft_key_table *table)
{
	struct cft_key_table old = *table;

	table->cap = old.cap ? old.cap * 2 : FIRST_CAP;
	table->entries = cft_calloc(table->cap, sizeof(*table->entries));
	for (size_t i = 0; i < old.cap; i++)
		if (old.entries[i].one)
			*probe(table, old.entries[i].hash) = old.entries[i];
	free(old.entries);
}

void cft_key_enter(struct cft_key_table *table, struct cft_index_slot *slot)
{
	if ((table->n + 1) * 16 > table->cap * 13)
		grow(table);
	struct cft_key_entry *entry = probe(table, slot->hash);
	if (!entry->one) {
		table->n++;
		slot->position = 0;
		*entry = (struct cft_key_entry){
			.hash = slot->hash, .strong = slot->strong, .one = slot};
		return;
	}
	if (!entry->many)
		make_many(entry);
	else if (is_full(entry->all))
		entry->all = resize(entry->all, entry->all->n * 2);
	add_slot(entry->all, slot);
	entry->strong = entry->all->n_strong > 0;
}

/* Entries that were pushed past the hole move into it, so that probing never stops too early. */
static void close_hole(struct cft_key_table *table, size_t hole)
{
	size_t mask = table->cap - 1;

	for (size_t i = (hole + 1) & mask; table->entries[i].one; i = (i + 1) & mask) {
		size_t home = table->entries[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		table->entries[hole] = table->entries[i];
		hole = i;
	}
	table->entries[hole] = (struct cft_key_entry){0};
}

static void remove_entry(struct cft_key_table *table, struct cft_key_entry *entry)
{
	close_hole(table, (size_t)(entry - table->entries));
	if (--table->n > 0)
		return;
	free(table->entries);
	*table = (struct cft_key_table){0};
}

/* What was long once gives its memory back; the allocator does that in place. */
static void shrink(struct cft_key_entry *entry)
{
	struct cft_index_key *key = entry->all;

	entry->strong = key->n_strong > 0;
	if (key->n == 1) {
		entry->one = key->slots[0];
		entry->many = false;
		free(key);
	} else if (is_full(key)) {
		entry->all = resize(key, key->n);
	}
}

void cft_key_leave(struct cft_key_table *table, struct cft_index_slot *slot)
{
	assert(table->n > 0);
	struct cft_key_entry *entry = probe(table, slot->hash);

	assert(entry->one);
	if (!entry->many) {
		assert(entry->one == slot);
		remove_entry(table, entry);
		return;
	}
	drop_slot(entry->all, slot);
	shrink(entry);
}
