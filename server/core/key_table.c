/* Key table: linear probing, removal by shifting back.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/key_table.h"

#include "common/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

uint32_t cft_key_hash(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return (uint32_t)(hash ^ (hash >> 32));
}

void cft_key_prefetch(const struct cft_key_table *table, uint32_t hash)
{
	if (table->cap)
		__builtin_prefetch(&table->entries[hash & (table->cap - 1)]);
}

/* The entry of the text, or the free one where it would go. */
static struct cft_key_entry *probe(const struct cft_key_table *table, const char *text,
                                   uint32_t hash)
{
	for (size_t i = hash & (table->cap - 1);; i = (i + 1) & (table->cap - 1)) {
		struct cft_key_entry *entry = &table->entries[i];
		if (!entry->key || (entry->hash == hash && strcmp(entry->key->text, text) == 0))
			return entry;
	}
}

struct cft_key_entry *cft_key_find(const struct cft_key_table *table, const char *text,
                                   uint32_t hash)
{
	if (table->cap == 0)
		return NULL;
	struct cft_key_entry *entry = probe(table, text, hash);
	return entry->key ? entry : NULL;
}

/* Never looks at the text of a key without strong members: one miss of the cache less. */
struct cft_key_entry *cft_key_find_strong(const struct cft_key_table *table, const char *text,
                                          uint32_t hash)
{
	for (size_t i = hash & (table->cap - 1); table->cap; i = (i + 1) & (table->cap - 1)) {
		struct cft_key_entry *entry = &table->entries[i];
		if (!entry->key)
			break;
		if (entry->hash == hash && entry->n_strong && strcmp(entry->key->text, text) == 0)
			return entry;
	}
	return NULL;
}

static void grow(struct cft_key_table *table)
{
	struct cft_key_table old = *table;

	table->cap = old.cap ? old.cap * 2 : FIRST_CAP;
	table->entries = cft_calloc(table->cap, sizeof(*table->entries));
	for (size_t i = 0; i < old.cap; i++)
		if (old.entries[i].key)
			*probe(table, old.entries[i].key->text, old.entries[i].hash) =
				old.entries[i];
	free(old.entries);
}

struct cft_key_entry *cft_key_need(struct cft_key_table *table, const char *text)
{
	uint32_t hash = cft_key_hash(text);
	size_t size = strlen(text) + 1;

	if (table->n * 2 >= table->cap)
		grow(table);
	struct cft_key_entry *entry = probe(table, text, hash);
	if (entry->key)
		return entry;
	entry->hash = hash;
	entry->n_strong = 0;
	entry->key = cft_calloc(1, sizeof(*entry->key) + size);
	entry->key->hash = hash;
	entry->key->text = memcpy(entry->key + 1, text, size);
	table->n++;
	return entry;
}

/* Entries that were pushed past the hole move into it, so that probing never stops too early. */
static void close_hole(struct cft_key_table *table, size_t hole)
{
	size_t mask = table->cap - 1;

	for (size_t i = (hole + 1) & mask; table->entries[i].key; i = (i + 1) & mask) {
		size_t home = table->entries[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		table->entries[hole] = table->entries[i];
		hole = i;
	}
	table->entries[hole] = (struct cft_key_entry){0};
}

void cft_key_remove(struct cft_key_table *table, struct cft_key_entry *entry)
{
	assert(table->n > 0);
	free(entry->key);
	close_hole(table, (size_t)(entry - table->entries));
	if (--table->n > 0)
		return;
	free(table->entries);
	*table = (struct cft_key_table){0};
}
