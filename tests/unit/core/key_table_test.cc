// Key table: random slots enter and leave, against a map of sets.
// SPDX-License-Identifier: MIT
#include "server/core/key_table.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using Slots = std::set<cft_index_slot *>;

static void ExpectHeld(const cft_key_table &table, uint64_t hash, const Slots &held)
{
	const cft_key_entry *entry = cft_key_find(&table, hash);
	size_t n_strong = 0, n = 0, strong = 0;

	ASSERT_EQ(held.empty(), entry == nullptr);
	if (!entry)
		return;
	cft_index_slot *const *slots = cft_key_slots(entry, &n_strong, &n);
	ASSERT_EQ(held, Slots(slots, slots + n));
	for (cft_index_slot *slot : held)
		strong += slot->strong;
	EXPECT_EQ(strong, n_strong);
	EXPECT_EQ(strong > 0, entry->strong);
	for (size_t i = 0; i < n; i++) {
		EXPECT_EQ(i, slots[i]->position);
		EXPECT_EQ(i < n_strong, slots[i]->strong) << "the strong ones come first";
	}
}

TEST(KeyTable, HoldsWhatAMapOfSetsHolds)
{
	cft_key_table table = {};
	std::map<uint64_t, Slots> held;
	std::vector<cft_index_slot> slots(4000);
	std::set<size_t> in;
	std::mt19937 random(7);

	for (int i = 0; i < 40000; i++) {
		size_t which = random() % slots.size();
		cft_index_slot *slot = &slots[which];
		if (in.erase(which)) {
			held[slot->hash].erase(slot);
			cft_key_leave(&table, slot);
		} else {
			std::string text = "c:t" + std::to_string(random() % 400 * (random() % 4));
			*slot = cft_key_slot(text.c_str(), random() % 8 == 0, 0);
			ASSERT_EQ(cft_key_hash(text.c_str()), slot->hash);
			in.insert(which);
			held[slot->hash].insert(slot);
			cft_key_enter(&table, slot);
		}
		ExpectHeld(table, slot->hash, held[slot->hash]);
	}
	for (auto &[hash, there] : held)
		ExpectHeld(table, hash, there);
	for (size_t which : in)
		cft_key_leave(&table, &slots[which]);
	EXPECT_EQ(nullptr, table.entries);
	EXPECT_EQ(nullptr, cft_key_find(&table, 1));
}
