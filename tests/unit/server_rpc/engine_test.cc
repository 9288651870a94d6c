/* The engine under calls that do not go well: cancelled, late, oversize, malformed, unknown.
 * SPDX-License-Identifier: MIT
 *
 * A service of the tests' own sits on the descriptor of the health service: Check takes its
 * behaviour from the request, Watch streams without end.
 */
#include "fixture.h"

#include "common/rpc/codec.h"

#include <atomic>
#include <cstring>
#include <grpc/health/v1/health.pb-c.h>
#include <string>
#include <vector>

namespace
{

using Request = Grpc__Health__V1__HealthCheckRequest;
using Response = Grpc__Health__V1__HealthCheckResponse;

struct Held;

struct TestService {
	std::atomic<int> cancelled{0};
	std::atomic<int> sent{0};
	std::atomic<bool> end_streams{false};
	std::atomic<int> told{0};    /* on_sent of a quiet stream */
	std::atomic<int> to_send{0}; /* on it */
	Held *quiet = nullptr;
	struct cft_rpc_service service = {};
	std::vector<struct cft_rpc_method> methods;
	TestService();
};

struct Held {
	TestService *test;
	struct cft_rpc_call *call;
};

void end_held(void *arg)
{
	Held *held = static_cast<Held *>(arg);
	struct cft_err err;

	held->test->cancelled++;
	cft_fail(&err, CFT_E_CANCELLED, "gone");
	cft_rpc_fail(held->call, &err);
	delete held;
}

const struct cft_rpc_hooks hold_hooks = {end_held, nullptr, nullptr};

void handle_check(void *ctx, struct cft_rpc_call *call, const void *message)
{
	const char *what = static_cast<const Request *>(message)->service;
	Response response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	struct cft_err err;

	if (strcmp(what, "hold") == 0) {
		cft_rpc_call_set_hooks(call, &hold_hooks,
		                       new Held{static_cast<TestService *>(ctx), call});
		return;
	}
	if (strcmp(what, "fail") == 0) {
		cft_fail_reason(&err, CFT_E_STATE, "LEASE_EXPIRED", "the lease has lapsed");
		cft_err_hint(&err, "start it again");
		cft_rpc_fail(call, &err);
		return;
	}
	response.status = static_cast<Grpc__Health__V1__HealthCheckResponse__ServingStatus>(
		cft_rpc_call_time_left_ms(call) > 1000 ? 1 : 2);
	cft_rpc_reply(call, &response);
}

/* 32 KiB in a field that the response's type does not know: bytes for the wire alone. */
std::string filler()
{
	return std::string("\x7a\x80\x80\x02", 4) + std::string(32768, 'x');
}

void send_more(void *arg)
{
	Held *held = static_cast<Held *>(arg);
	static const std::string bytes = filler();

	held->test->sent++;
	if (held->test->end_streams) {
		struct cft_err err;
		cft_fail_reason(&err, CFT_E_LIMIT, "SLOW_CONSUMER", "too slow");
		cft_rpc_fail(held->call, &err);
		delete held;
		return;
	}
	cft_rpc_send_packed(held->call, cft_rpc_bytes(bytes.data(), bytes.size()));
}

const struct cft_rpc_hooks flood_hooks = {end_held, send_more, nullptr};

/* As long as nothing is on its way; else on_sent goes on. */
void send_quietly(Held *held)
{
	static const std::string bytes = filler();

	while (held->test->sent < held->test->to_send && !cft_rpc_sending(held->call)) {
		held->test->sent++;
		cft_rpc_send_packed(held->call, cft_rpc_bytes(bytes.data(), bytes.size()));
	}
}

void told_sent(void *arg)
{
	Held *held = static_cast<Held *>(arg);

	held->test->told++;
	send_quietly(held);
}

const struct cft_rpc_hooks quiet_hooks = {end_held, told_sent, nullptr, true};

void handle_watch(void *ctx, struct cft_rpc_call *call, const void *message)
{
	Held *held = new Held{static_cast<TestService *>(ctx), call};

	if (strcmp(static_cast<const Request *>(message)->service, "quiet") == 0) {
		cft_rpc_call_set_hooks(call, &quiet_hooks, held);
		held->test->quiet = held;
		send_quietly(held);
		return;
	}
	cft_rpc_call_set_hooks(call, &flood_hooks, held);
	send_more(held);
}

TestService::TestService()
{
	methods = {{"Check", CFT_RPC_UNARY, 1000, true, handle_check},
	           {"Watch", CFT_RPC_SERVER_STREAM, 1000, false, handle_watch}};
	service.descriptor = &grpc__health__v1__health__descriptor;
	service.methods = methods.data();
	service.n_methods = methods.size();
	service.ctx = this;
}

struct Engine : ::testing::Test {
	TestService test;
	RpcServer s{&test.service};
	RpcClient c{s.address};

	int check(const std::string &what, int timeout_ms = 5000)
	{
		Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		Response *response;
		request.service = const_cast<char *>(what.c_str());
		int rc = cft_client_call(c.client, &grpc__health__v1__health__descriptor, "Check",
		                         &request, timeout_ms, &c.arena, &response, &c.err);
		return rc < 0 ? rc : static_cast<int>(response->status);
	}
	void wait_for(std::function<bool()> condition)
	{
		for (int i = 0; i < 1000 && !condition(); i++)
			std::this_thread::sleep_for(std::chrono::milliseconds(10));
		EXPECT_TRUE(condition());
	}
};

TEST_F(Engine, AnErrorArrivesWithReasonCodeAndHint)
{
	EXPECT_EQ(check("fail"), CFT_E_STATE);
	EXPECT_STREQ(c.err.reason, "LEASE_EXPIRED");
	EXPECT_STREQ(c.err.hint, "start it again");
}

TEST_F(Engine, HandlersKnowTheClientsDeadline)
{
	EXPECT_EQ(check("", 60000), 1);
	EXPECT_EQ(check("", 900), 2);
}

TEST_F(Engine, ADeadlineCancelsTheHandler)
{
	EXPECT_EQ(check("hold", 100), CFT_E_TIMEOUT);
	wait_for([&] { return test.cancelled == 1; });
	wait_for([&] { return cft_rpc_server_live_calls(s.server) == 0; });
}

TEST_F(Engine, ABrokenConnectionCancelsTheHandler)
{
	{
		RpcClient other(s.address);
		Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		request.service = const_cast<char *>("hold");
		for (int i = 0; i < 10; i++)
			cft_client_start(
				other.client, &grpc__health__v1__health__descriptor, "Check",
				&request, 60000,
				[](void *, const void *, const struct cft_err *) {}, nullptr);
		wait_for([&] {
			cft_client_poll(other.client, 1);
			return cft_rpc_server_live_calls(s.server) == 10;
		});
	}
	wait_for([&] { return test.cancelled == 10; });
}

TEST_F(Engine, OversizeRequestsAreRefusedWithTheLimit)
{
	EXPECT_EQ(check(std::string(2000, 'x')), CFT_E_LIMIT);
	EXPECT_STREQ(c.err.reason, "MESSAGE_TOO_LARGE");
	/* Beyond what the transport itself takes. */
	EXPECT_EQ(check(std::string(8 << 20, 'x')), CFT_E_LIMIT);
	EXPECT_EQ(check(""), 1);
}

TEST_F(Engine, InvalidUtf8IsRefusedBeforeTheHandler)
{
	EXPECT_EQ(check("\xff\xfe"), CFT_E_INVALID);
	EXPECT_STREQ(c.err.reason, "INVALID_UTF8");
	EXPECT_STREQ(c.err.file, "service");
}

TEST_F(Engine, UnknownMethodsAndServicesAreUnimplemented)
{
	ProtobufCServiceDescriptor unknown = grpc__health__v1__health__descriptor;
	Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Response *response;

	unknown.name = "no.such.Service";
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(cft_client_call(c.client, &unknown, "Check", &request, 5000, &c.arena,
		                          &response, &c.err),
		          CFT_E_UNSUPPORTED);
		EXPECT_STREQ(c.err.reason, "UNKNOWN_METHOD");
	}
}

TEST_F(Engine, ManyCallsInFlightAllEnd)
{
	Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	int ended = 0;

	for (int i = 0; i < 2000; i++)
		cft_client_start(
			c.client, &grpc__health__v1__health__descriptor, "Check", &request, 30000,
			[](void *arg, const void *response, const struct cft_err *err) {
				EXPECT_NE(response, nullptr) << err->message;
				++*static_cast<int *>(arg);
			},
			&ended);
	while (cft_client_in_flight(c.client))
		cft_client_poll(c.client, 1000);
	EXPECT_EQ(ended, 2000);
}

TEST_F(Engine, AStreamThatIsNotReadStallsAndNothingElse)
{
	Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	struct cft_stream *stream;
	int seen, same = 0;

	ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
	                          &request, &stream, &c.err),
	          0);
	/* Sends go on until flow control stops them. */
	for (seen = -1; same < 20; same = seen == test.sent ? same + 1 : 0) {
		seen = test.sent;
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
		EXPECT_EQ(check(""), 1);
	}
	EXPECT_LT(seen, 2000);
	cft_stream_close(stream);
	wait_for([&] { return test.cancelled == 1; });
}

TEST_F(Engine, AStreamEndsWithItsReasonAfterTheMessages)
{
	Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	struct cft_stream *stream;
	Response *response;
	int rc;

	ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
	                          &request, &stream, &c.err),
	          0);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1);
	test.end_streams = true;
	while ((rc = cft_stream_read(stream, 5000, &c.arena, &response, &c.err)) == 1)
		;
	EXPECT_EQ(rc, CFT_E_LIMIT);
	EXPECT_STREQ(c.err.reason, "SLOW_CONSUMER");
	cft_stream_close(stream);
}

struct Quiet : Engine {
	struct cft_stream *stream = nullptr;
	Response *response = nullptr;

	void open(int to_send)
	{
		Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		request.service = const_cast<char *>("quiet");
		test.to_send = to_send;
		ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
		                          &request, &stream, &c.err),
		          0);
	}
	int read()
	{
		return cft_stream_read(stream, 5000, &c.arena, &response, &c.err);
	}
	/* Sent until flow control stops it. */
	void stall()
	{
		for (int seen = -1, same = 0; same < 20; same = seen == test.sent ? same + 1 : 0) {
			seen = test.sent;
			std::this_thread::sleep_for(std::chrono::milliseconds(10));
		}
		ASSERT_LT(test.sent, test.to_send);
	}
	void TearDown() override
	{
		cft_stream_close(stream);
	}
};

TEST_F(Quiet, NobodyIsToldOfAMessageThatNobodyAskedAbout)
{
	open(1);
	ASSERT_EQ(read(), 1) << c.err.message;
	EXPECT_EQ(check(""), 1); /* the loop has done all that came before */
	EXPECT_EQ(test.told, 0);
	s.on.run([&] {
		test.to_send = 2;
		send_quietly(test.quiet);
	});
	EXPECT_EQ(read(), 1) << c.err.message;
}

TEST_F(Quiet, AMessageThatWaitsLeavesAfterTheOneOnItsWay)
{
	open(300);
	stall();
	for (int i = 0; i < 300; i++)
		ASSERT_EQ(read(), 1) << i << ": " << c.err.message;
	EXPECT_GT(test.told, 0);
}

TEST_F(Quiet, AnEndWaitsForTheMessageOnItsWay)
{
	int read_before = 0, rc;

	open(2000);
	stall();
	s.on.run([&] {
		test.end_streams = true;
		send_more(test.quiet);
	});
	while ((rc = read()) == 1)
		read_before++;
	EXPECT_EQ(rc, CFT_E_LIMIT);
	EXPECT_EQ(read_before, test.sent - 1) << "send_more counts its end";
}

TEST_F(Engine, StopCancelsWhatOutlivesTheGrace)
{
	Request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	int code = 0;

	request.service = const_cast<char *>("hold");
	cft_client_start(
		c.client, &grpc__health__v1__health__descriptor, "Check", &request, 60000,
		[](void *arg, const void *, const struct cft_err *err) {
			*static_cast<int *>(arg) = err->code;
		},
		&code);
	wait_for([&] {
		cft_client_poll(c.client, 1);
		return cft_rpc_server_live_calls(s.server) == 1;
	});
	s.stop(50);
	while (cft_client_in_flight(c.client))
		cft_client_poll(c.client, 1000);
	EXPECT_NE(code, 0);
	EXPECT_EQ(test.cancelled, 1);
}

TEST_F(Engine, ASecondServerOnThePortFailsToListen)
{
	s.on.run([&] {
		struct cft_rpc_server_options options = {};
		struct cft_err err;
		options.loop = s.on.loop;
		options.listen = s.address.c_str();
		struct cft_rpc_server *second = cft_rpc_server_new(&options);
		cft_rpc_server_add(second, &test.service);
		EXPECT_EQ(cft_rpc_server_listen(second, &err), CFT_E_UNAVAILABLE);
		EXPECT_STREQ(err.reason, "ADDRESS_IN_USE");
		cft_rpc_server_free(second);
	});
}

} // namespace
