/* A real confiture-server on a free port, on a database of its own, and typed calls to it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_SERVER_FIXTURE_H
#define CFT_TESTS_SERVER_FIXTURE_H

#include "common/rpc/client.h"
#include "tests/lib/pg_cluster.h"
#include "tests/lib/process.h"

#include <confiture/v1/coordination_service.pb-c.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

class ServerProcess
{
      public:
	/* `program`: another one than this build's. */
	explicit ServerProcess(const std::string &url, const std::vector<std::string> &extra = {},
	                       const char *program = nullptr)
	    : program_(program ? program : cft_test::program("confiture-server")), url_(url),
	      extra_(extra)
	{
		start();
	}
	/* On the same port again after the first time. */
	void start()
	{
		std::vector<std::string> argv = {program_,
		                                 "--listen",
		                                 address.empty() ? "127.0.0.1:0" : address,
		                                 "--database-url",
		                                 url_,
		                                 "--drain-timeout",
		                                 "2s"};
		cft_test::RunOptions options;
		argv.insert(argv.end(), extra_.begin(), extra_.end());
		out_ = dir_.file("out" + std::to_string(starts_++));
		options.stdout_path = out_;
		options.stderr_path = dir_.file("err");
		process = cft_test::Background(argv, options);
		ASSERT_TRUE(cft_test::eventually([&] { return ready() || !process.running(); }));
		ASSERT_TRUE(process.running()) << log();
	}
	std::string log() const
	{
		return cft_test::read_file(dir_.file("err"));
	}

	std::string address;
	cft_test::Background process;

      private:
	bool ready()
	{
		const std::string mark = "ready on ";
		std::string out = cft_test::read_file(out_);
		size_t at = out.find(mark);
		if (at == std::string::npos || out.find(',', at) == std::string::npos)
			return false;
		at += mark.size();
		address = out.substr(at, out.find(',', at) - at);
		return true;
	}
	cft_test::TempDir dir_;
	std::string program_, url_;
	std::vector<std::string> extra_;
	std::string out_;
	int starts_ = 0;
};

/* Calls: `rc` is 0 or the code, `err` the server's error. Responses live as long as the caller. */
class Caller
{
      public:
	explicit Caller(const std::string &address, const std::string &token = "",
	                struct cft_client_options options = {})
	{
		options.servers = address.c_str();
		options.token = token.empty() ? nullptr : token.c_str();
		options.own_connection = true;
		EXPECT_EQ(cft_client_open(&options, &client, &err), 0) << err.message;
	}
	~Caller()
	{
		cft_client_close(client);
		cft_arena_release(&arena);
	}
	template <typename Response>
	Response *call(const char *method, const void *request, int timeout_ms = 20000)
	{
		Response *response = nullptr;
		err = CFT_ERR_INIT;
		rc = cft_client_call(client, &confiture__v1__coordination_service__descriptor,
		                     method, request, timeout_ms, &arena, &response, &err);
		return response;
	}
	struct cft_stream *stream(const char *method, const void *request)
	{
		struct cft_stream *stream = nullptr;
		rc = cft_stream_open(client, &confiture__v1__coordination_service__descriptor,
		                     method, request, &stream, &err);
		EXPECT_EQ(rc, 0) << err.message;
		return stream;
	}

	struct cft_client *client = nullptr;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	int rc = 0;
};

#define MSG(type, upper, name)        \
	Confiture__V1__##type name{}; \
	confiture__v1__##upper##__init(&name)

inline char *text(const std::string &s)
{
	return const_cast<char *>(s.c_str());
}

/* Registers; nullptr with the caller's err on failure. */
inline Confiture__V1__RegisterIntentResponse *register_intent(Caller &c, const std::string &agent,
                                                              const std::string &sql,
                                                              const std::string &request_id = "",
                                                              const std::string &project = "p")
{
	MSG(RegisterIntentRequest, register_intent_request, r);
	r.project = text(project);
	r.agent_id = text(agent);
	r.feature_name = const_cast<char *>("feature");
	r.schema_changes = text(sql);
	r.request_id = text(request_id);
	return c.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &r);
}

/* A server and a database for all tests of one suite, which want credentials. */
template <class Suite> struct WithCredentials : ::testing::Test {
	static const std::string &url()
	{
		static std::string one = cft_test::PgCluster::shared().create_database();
		return one;
	}
	static ServerProcess &server()
	{
		static ServerProcess s(url(), {"--require-auth", "--bookmark-interval", "100ms"});
		return s;
	}
};

/* A stream of events, read to the next item that is not a bookmark. */
class Watcher
{
      public:
	Watcher(Caller &caller, Confiture__V1__WatchEventsRequest *request) : c(caller)
	{
		request->project = const_cast<char *>("p");
		stream = c.stream("WatchEvents", request);
	}
	~Watcher()
	{
		cft_stream_close(stream);
	}
	/* 1 and `message`, 0, or a code. */
	int read(int timeout_ms = 10000)
	{
		int rc = cft_stream_read(stream, timeout_ms, &c.arena, &message, &c.err);
		if (rc == 1)
			token = message->resume_token;
		return rc;
	}
	bool is(Confiture__V1__WatchEventsResponse__ItemCase what) const
	{
		return message->item_case == what;
	}
	Confiture__V1__Event *event(int timeout_ms = 10000)
	{
		for (int i = 0; i < 300 && read(timeout_ms) == 1; i++) {
			if (is(CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT))
				return message->event;
		}
		return nullptr;
	}
	Caller &c;
	struct cft_stream *stream = nullptr;
	Confiture__V1__WatchEventsResponse *message = nullptr;
	std::string token;
};

#endif
