/* Health and reflection as clients see them.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <grpc/health/v1/health.pb-c.h>
#include <grpc/reflection/v1/reflection.pb-c.h>
#include <set>

namespace
{

using Response = Grpc__Health__V1__HealthCheckResponse;

int health_check(RpcClient &c, const char *service)
{
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Response *response;

	request.service = const_cast<char *>(service);
	int rc = cft_client_call(c.client, &grpc__health__v1__health__descriptor, "Check", &request,
	                         5000, &c.arena, &response, &c.err);
	return rc < 0 ? rc : static_cast<int>(response->status);
}

TEST(Health, CheckTellsEachServicesStatus)
{
	RpcServer s;
	RpcClient c(s.address);

	EXPECT_EQ(health_check(c, ""), 2);
	s.on.run([&] { cft_health_set(s.health, "confiture.v1.CoordinationService", true); });
	EXPECT_EQ(health_check(c, "confiture.v1.CoordinationService"), 1);
	EXPECT_EQ(health_check(c, ""), 2);
	s.on.run([&] { cft_health_set(s.health, nullptr, true); });
	EXPECT_EQ(health_check(c, ""), 1);
}

TEST(Health, CheckOfAnUnknownServiceIsNotFound)
{
	RpcServer s;
	RpcClient c(s.address);

	EXPECT_EQ(health_check(c, "no.such.Service"), CFT_E_NOT_FOUND);
	EXPECT_STREQ(c.err.reason, "NOT_FOUND");
}

TEST(Health, WatchTellsEveryChangeAndTheEnd)
{
	RpcServer s;
	RpcClient c(s.address);
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	struct cft_stream *stream;
	Response *response;

	ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
	                          &request, &stream, &c.err),
	          0);
	ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1) << c.err.message;
	EXPECT_EQ(response->status, 2);
	s.on.run([&] { cft_health_set(s.health, nullptr, true); });
	ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1) << c.err.message;
	EXPECT_EQ(response->status, 1);
	s.stop(5000);
	int rc = cft_stream_read(stream, 5000, &c.arena, &response, &c.err);
	if (rc == 1) /* the last change may come before the end */
		rc = cft_stream_read(stream, 5000, &c.arena, &response, &c.err);
	EXPECT_EQ(rc, CFT_E_UNAVAILABLE);
	EXPECT_STREQ(c.err.reason, "SERVER_STOPPING");
	cft_stream_close(stream);
}

TEST(Health, WatchOfAnUnknownServiceStaysOpen)
{
	RpcServer s;
	RpcClient c(s.address);
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	struct cft_stream *stream;
	Response *response;

	request.service = const_cast<char *>("later");
	ASSERT_EQ(cft_stream_open(c.client, &grpc__health__v1__health__descriptor, "Watch",
	                          &request, &stream, &c.err),
	          0);
	ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1);
	EXPECT_EQ(response->status, 3);
	s.on.run([&] { cft_health_set(s.health, "later", true); });
	ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1);
	EXPECT_EQ(response->status, 1);
	cft_stream_close(stream);
}

struct Reflection {
	RpcServer s;
	RpcClient c{s.address};
	struct cft_stream *stream = nullptr;
	ProtobufCServiceDescriptor descriptor = grpc__reflection__v1__server_reflection__descriptor;

	explicit Reflection(const char *name)
	{
		descriptor.name = name;
		EXPECT_EQ(cft_stream_open(c.client, &descriptor, "ServerReflectionInfo", nullptr,
		                          &stream, &c.err),
		          0);
	}
	~Reflection()
	{
		cft_stream_close(stream);
	}
	Grpc__Reflection__V1__ServerReflectionResponse *
	ask(Grpc__Reflection__V1__ServerReflectionRequest__MessageRequestCase kind,
	    const char *what)
	{
		Grpc__Reflection__V1__ServerReflectionRequest request =
			GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
		Grpc__Reflection__V1__ServerReflectionResponse *response = nullptr;
		request.message_request_case = kind;
		request.file_by_filename = const_cast<char *>(what);
		EXPECT_EQ(cft_stream_write(stream, &request, 5000, &c.err), 0) << c.err.message;
		EXPECT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1)
			<< c.err.message;
		return response;
	}
};

#define KIND(x)  GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##x
#define GIVES(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##x

TEST(Reflection, BothVersionsListTheServices)
{
	for (const char *name :
	     {"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}) {
		Reflection r(name);
		auto *response = r.ask(KIND(LIST_SERVICES), "");
		std::set<std::string> names;
		ASSERT_EQ(response->message_response_case, GIVES(LIST_SERVICES_RESPONSE));
		for (size_t i = 0; i < response->list_services_response->n_service; i++)
			names.insert(response->list_services_response->service[i]->name);
		EXPECT_EQ(names.count(name), 1u);
	}
}

TEST(Reflection, FindsFilesBySymbolWithTheirImports)
{
	Reflection r("grpc.reflection.v1.ServerReflection");
	for (const char *symbol : {"confiture.v1.CoordinationService", "confiture.v1.Intent",
	                           "confiture.v1.CoordinationService.RegisterIntent",
	                           "google.rpc.BadRequest.FieldViolation"}) {
		auto *response = r.ask(KIND(FILE_CONTAINING_SYMBOL), symbol);
		ASSERT_EQ(response->message_response_case, GIVES(FILE_DESCRIPTOR_RESPONSE))
			<< symbol;
		EXPECT_GE(response->file_descriptor_response->n_file_descriptor_proto, 2u);
	}
	auto *none = r.ask(KIND(FILE_CONTAINING_SYMBOL), "confiture.v1.Nothing");
	EXPECT_EQ(none->message_response_case, GIVES(ERROR_RESPONSE));
	EXPECT_EQ(none->error_response->error_code, 5);
	auto *file = r.ask(KIND(FILE_BY_FILENAME), "grpc/health/v1/health.proto");
	EXPECT_EQ(file->message_response_case, GIVES(FILE_DESCRIPTOR_RESPONSE));
}

} // namespace
