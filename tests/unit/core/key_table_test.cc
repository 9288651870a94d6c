// Key table: random insertions and removals against a map.
// SPDX-License-Identifier: MIT
#include "server/core/key_table.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>

TEST(KeyTable, HoldsWhatASetHolds)
{
	cft_key_table table = {};
	std::set<std::string> held;
	std::mt19937 random(7);

	for (int i = 0; i < 20000; i++) {
		std::string text = "c:t" + std::to_string(random() % 400);
		if (random() % 2) {
			cft_key_need(&table, text.c_str());
			held.insert(text);
		} else if (held.erase(text)) {
			cft_key_remove(&table, cft_key_find(&table, text.c_str(),
			                                    cft_key_hash(text.c_str())));
		}
		ASSERT_EQ(held.size(), table.n);
	}
	for (int i = 0; i < 400; i++) {
		std::string text = "c:t" + std::to_string(i);
		uint32_t hash = cft_key_hash(text.c_str());
		cft_key_entry *entry = cft_key_find(&table, text.c_str(), hash);
		ASSERT_EQ(held.count(text) == 1, entry != nullptr) << text;
		EXPECT_EQ(nullptr, cft_key_find_strong(&table, text.c_str(), hash));
		if (!entry)
			continue;
		EXPECT_EQ(text, entry->key->text);
		entry->n_strong = 1;
		EXPECT_EQ(entry, cft_key_find_strong(&table, text.c_str(), hash));
	}
	for (const std::string &text : held)
		cft_key_remove(&table,
		               cft_key_find(&table, text.c_str(), cft_key_hash(text.c_str())));
	EXPECT_EQ(nullptr, table.entries);
}
