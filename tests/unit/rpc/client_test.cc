/* The client where no server answers; with one, see tests/integration.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/client.h"

#include <grpc/health/v1/health.pb-c.h>
#include <gtest/gtest.h>

namespace
{

/* Port 1 of the loopback address: nothing listens there. */
const char *const NOBODY = "127.0.0.1:1";

struct Client {
	struct cft_client *client = nullptr;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_arena arena = CFT_ARENA_INIT;

	explicit Client(const char *servers)
	{
		struct cft_client_options options = {};
		options.servers = servers;
		cft_client_open(&options, &client, &err);
	}
	~Client()
	{
		cft_client_close(client);
		cft_arena_release(&arena);
	}
	int check()
	{
		Grpc__Health__V1__HealthCheckRequest request =
			GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		Grpc__Health__V1__HealthCheckResponse *response;
		return cft_client_call(client, &grpc__health__v1__health__descriptor, "Check",
		                       &request, 5000, &arena, &response, &err);
	}
};

TEST(Client, ReportsAnAbsentServerAsUnavailable)
{
	Client c(NOBODY);

	ASSERT_NE(c.client, nullptr);
	EXPECT_EQ(c.check(), CFT_E_UNAVAILABLE);
	EXPECT_EQ(cft_code_exit(c.err.code), 3);
}

TEST(Client, TriesEveryServerOfTheList)
{
	Client c("127.0.0.1:1,127.0.0.1:2, [::1]:3");

	ASSERT_NE(c.client, nullptr);
	EXPECT_STREQ(cft_client_server(c.client), NOBODY);
	EXPECT_EQ(c.check(), CFT_E_UNAVAILABLE);
	EXPECT_STREQ(cft_client_server(c.client), NOBODY);
}

TEST(Client, RefusesAddressesThatAreNone)
{
	for (const char *servers : {"", "localhost", ":7430", "host:", "host:0", "host:99999",
	                            "host:http", "127.0.0.1:7430,nonsense"}) {
		Client c(servers);
		EXPECT_EQ(c.client, nullptr) << servers;
		EXPECT_EQ(c.err.code, CFT_E_INVALID) << servers;
	}
}

TEST(Client, UnknownMethodIsABugOfTheCaller)
{
	Client c(NOBODY);
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Grpc__Health__V1__HealthCheckResponse *response;

	EXPECT_EQ(cft_client_call(c.client, &grpc__health__v1__health__descriptor, "Chekc",
	                          &request, 1000, &c.arena, &response, &c.err),
	          CFT_E_INTERNAL);
}

TEST(Client, CloseRunsTheCallbacksOfStartedCalls)
{
	int ran = 0;
	{
		Client c(NOBODY);
		Grpc__Health__V1__HealthCheckRequest request =
			GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		for (int i = 0; i < 3; i++)
			cft_client_start(
				c.client, &grpc__health__v1__health__descriptor, "Check", &request,
				5000,
				[](void *arg, const void *, const struct cft_err *err) {
					EXPECT_NE(err->code, 0);
					++*static_cast<int *>(arg);
				},
				&ran);
		EXPECT_EQ(cft_client_in_flight(c.client), 3u);
	}
	EXPECT_EQ(ran, 3);
}

TEST(Client, StreamToAnAbsentServerEndsUnavailable)
{
	Client c(NOBODY);
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Grpc__Health__V1__HealthCheckResponse *response;
	struct cft_stream *stream;

	ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
	                          &request, &stream, &c.err),
	          0);
	EXPECT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), CFT_E_UNAVAILABLE);
	cft_stream_close(stream);
}

} // namespace
