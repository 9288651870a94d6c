/* Each connection in its own order, and all connections in turn.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/lines.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Item {
	struct cft_mail mail = {};
	std::string name;
};

struct Lines : ::testing::Test {
	struct cft_lines *lines = cft_lines_new();
	std::vector<std::unique_ptr<Item>> items;

	~Lines() override
	{
		cft_lines_free(lines);
	}
	void put(struct cft_line *line, const std::string &name)
	{
		items.push_back(std::make_unique<Item>());
		items.back()->name = name;
		cft_lines_put(lines, line, &items.back()->mail);
	}
	/* The names of the next `n`. */
	std::string take(int n)
	{
		std::string names;
		for (int i = 0; i < n; i++) {
			struct cft_mail *mail = cft_lines_take(lines);
			names += mail ? cft_mail_of(mail, Item, mail)->name : "-";
		}
		return names;
	}
};

} // namespace

TEST_F(Lines, OneConnectionKeepsItsOrder)
{
	struct cft_line *a = cft_lines_join(lines, "a");

	for (const char *name : {"1", "2", "3"})
		put(a, name);
	EXPECT_EQ(cft_lines_waiting(lines), 3u);
	EXPECT_EQ(take(4), "123-");
	EXPECT_EQ(cft_lines_waiting(lines), 0u);
	cft_lines_leave(lines, a);
}

TEST_F(Lines, TheFirstOfEachConnectionInTurn)
{
	struct cft_line *a = cft_lines_join(lines, "a"), *b = cft_lines_join(lines, "b");

	for (const char *name : {"1", "2", "3", "4"})
		put(a, name);
	put(b, "x");
	put(b, "y");
	EXPECT_EQ(take(6), "1x2y34");
	cft_lines_leave(lines, a);
	cft_lines_leave(lines, b);
}

TEST_F(Lines, WhoAsksForLittleWaitsForOneOfEverybodyElses)
{
	struct cft_line *busy = cft_lines_join(lines, "busy"),
			*calm = cft_lines_join(lines, "calm");

	for (int i = 0; i < 1000; i++)
		put(busy, "b");
	EXPECT_EQ(take(3), "bbb");
	put(calm, "c");
	EXPECT_EQ(take(2), "bc");
	EXPECT_EQ(cft_lines_waiting(lines), 996u);
	take(996);
	cft_lines_leave(lines, busy);
	cft_lines_leave(lines, calm);
}

TEST_F(Lines, CountsTheCallsOfAConnection)
{
	struct cft_line *first = cft_lines_join(lines, "a"), *again = cft_lines_join(lines, "a");

	EXPECT_EQ(first, again);
	EXPECT_EQ(cft_lines_calls(lines, "a"), 2u);
	EXPECT_EQ(cft_lines_calls(lines, "b"), 0u);
	cft_lines_leave(lines, first);
	EXPECT_EQ(cft_lines_calls(lines, "a"), 1u);
	cft_lines_leave(lines, again);
	EXPECT_EQ(cft_lines_calls(lines, "a"), 0u);
}

TEST_F(Lines, CallsComeAndGoOnAnyThread)
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back([this, i] {
			for (int n = 0; n < 2000; n++) {
				std::string peer = "peer" + std::to_string((n + i) % 3);
				struct cft_line *line = cft_lines_join(lines, peer.c_str());
				EXPECT_GE(cft_lines_calls(lines, peer.c_str()), 1u);
				cft_lines_leave(lines, line);
			}
		});
	for (std::thread &one : threads)
		one.join();
	EXPECT_EQ(cft_lines_calls(lines, "peer0"), 0u);
}
