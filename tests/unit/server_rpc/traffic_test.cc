/* Which traffic is abuse, and which is what clients do.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/traffic.h"

#include <gtest/gtest.h>

namespace
{

constexpr int64_t max_calls = 100;

struct Connection {
	struct cft_traffic_account account = {};
	struct cft_traffic now = {};
	int64_t at_ms = 1000;

	/* What came within `ms`. */
	bool abuses(int64_t started, int64_t ended, int64_t messages, int64_t ms = 20,
	            int64_t handled = 0, bool ripe = true)
	{
		now.handled = handled;
		now.started += started;
		now.ended += ended;
		now.messages += messages;
		at_ms += ms;
		return cft_traffic_abuses(&account, &now, max_calls, at_ms, ripe);
	}
};

} // namespace

TEST(Traffic, AnyNumberOfCallsWithTheirMessagesIsFine)
{
	Connection c;

	for (int i = 0; i < 1000; i++)
		EXPECT_FALSE(c.abuses(10000, 10000, 10000)) << i;
}

TEST(Traffic, AsManyCallsAsClientsAreToldMayWaitForTheirMessage)
{
	Connection c;

	EXPECT_FALSE(c.abuses(max_calls, 0, 0));
	for (int i = 0; i < 100; i++)
		EXPECT_FALSE(c.abuses(50, 50, 50));
	EXPECT_FALSE(c.abuses(0, max_calls, max_calls));
}

TEST(Traffic, MoreOpenCallsThanClientsAreToldAreAbuse)
{
	Connection c;

	EXPECT_FALSE(c.abuses(max_calls + max_calls / 4, 0, max_calls + max_calls / 4));
	EXPECT_TRUE(c.abuses(1, 0, 1));
}

TEST(Traffic, CallsThatAreResetBeforeTheirMessageAreAbuse)
{
	Connection c;

	EXPECT_FALSE(c.abuses(60, 60, 0));
	EXPECT_TRUE(c.abuses(60, 60, 0));
}

TEST(Traffic, CancellingNowAndThenIsForgiven)
{
	Connection c;

	for (int i = 0; i < 1000; i++)
		EXPECT_FALSE(c.abuses(90, 90, 0, 1000)) << i;
}

TEST(Traffic, MessagesOfStreamsBuyNoCallsWithoutOne)
{
	Connection c;

	EXPECT_FALSE(c.abuses(1, 0, 1000000));
	EXPECT_TRUE(c.abuses(200, 200, 0));
}

TEST(Traffic, CallsAreUnfinishedUntilTheirMessageComesOrTheyEnd)
{
	Connection c;

	c.abuses(50, 0, 20, 20, 20);
	c.abuses(0, 0, 0, 20, 20);
	EXPECT_EQ(c.account.unfinished, 30);
	c.abuses(0, 0, 10, 20, 30);
	EXPECT_EQ(c.account.unfinished, 20);
	c.abuses(0, 20, 0, 20, 30);
	EXPECT_EQ(c.account.unfinished, 0);
}

/* gRPC reads many headers before it looks for the first message. */
TEST(Traffic, ACallIsNotUnfinishedBeforeTheSecondRipeLook)
{
	Connection c;

	for (int i = 0; i < 10; i++) {
		c.abuses(60, 0, 0, 20, 0);
		EXPECT_EQ(c.account.unfinished, 0);
		c.abuses(0, 60, 60, 20, 0);
		EXPECT_EQ(c.account.unfinished, 0);
	}
	c.abuses(60, 0, 0, 20, 0);
	for (int i = 0; i < 10; i++) {
		c.abuses(0, 0, 0, 20, 0, false);
		EXPECT_EQ(c.account.unfinished, 0);
	}
	c.abuses(0, 0, 0, 20, 0);
	EXPECT_EQ(c.account.unfinished, 60);
}

/* They are at their end, or wait for the loop. */
TEST(Traffic, CompleteCallsThatNoHandlerHasAreNotUnfinished)
{
	Connection c;

	c.abuses(80, 0, 80, 20, 10);
	c.abuses(0, 0, 0, 20, 10);
	EXPECT_EQ(c.account.waiting, 0);
	EXPECT_EQ(c.account.unfinished, 0);
}

TEST(Traffic, MessagesOfStreamsDoNotFinishOtherCalls)
{
	Connection c;

	c.abuses(51, 0, 1, 20, 1);
	c.abuses(0, 0, 1000, 20, 1);
	EXPECT_EQ(c.account.waiting, 50);
	c.abuses(0, 0, 0, 20, 1);
	EXPECT_EQ(c.account.unfinished, 50);
}
