/* Clients that mean harm, against a running server that must go on answering.
 * SPDX-License-Identifier: MIT
 *
 * Times and memory are printed and recorded as properties, never asserted: machines differ. What is
 * asserted: the server runs, every health check is answered, and ordinary work goes on.
 */
#include "fixture.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <atomic>
#include <grpc/health/v1/health.pb-c.h>
#include <memory>
#include <netinet/in.h>
#include <random>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace
{

long resident_kb(pid_t pid)
{
	std::string status = cft_test::read_file("/proc/" + std::to_string(pid) + "/status");
	size_t at = status.find("VmRSS:");
	return at == std::string::npos ? 0 : std::stol(status.substr(at + 6));
}

/* A call's headers, as a client that keeps no table sends them. */
std::string call_headers(const std::string &path)
{
	std::string block = "\x83\x86"; /* POST, http */
	const std::vector<std::pair<std::string, std::string>> fields = {
		{":path", path},
		{":authority", "x"},
		{"te", "trailers"},
		{"content-type", "application/grpc"}};

	for (const auto &f : fields) {
		block += '\0';
		block += static_cast<char>(f.first.size()) + f.first;
		block += static_cast<char>(f.second.size()) + f.second;
	}
	return block;
}

/* Asks for the server's health until it goes; counts what was not answered. */
class HealthWatch
{
      public:
	explicit HealthWatch(const std::string &address)
	    : thread_([this, address] { run(address); })
	{
	}
	~HealthWatch()
	{
		stop_ = true;
		thread_.join();
	}
	std::atomic<long> asked{0}, failed{0}, slowest_us{0};

      private:
	void run(const std::string &address)
	{
		Caller c(address);
		while (!stop_) {
			Grpc__Health__V1__HealthCheckRequest r =
				GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
			Grpc__Health__V1__HealthCheckResponse *response;
			int64_t start = cft_clock_mono_us();
			int rc = cft_client_call(c.client, &grpc__health__v1__health__descriptor,
			                         "Check", &r, 30000, &c.arena, &response, &c.err);
			long took = static_cast<long>(cft_clock_mono_us() - start);
			asked++;
			failed += rc != 0 || response->status != 1;
			if (took > slowest_us)
				slowest_us = took;
			cft_arena_release(&c.arena);
			usleep(5000);
		}
	}
	std::atomic<bool> stop_{false};
	std::thread thread_;
};

int connect_to(const std::string &address)
{
	size_t colon = address.rfind(':');
	struct sockaddr_in to = {};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_family = AF_INET;
	to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
	inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
	if (connect(fd, reinterpret_cast<sockaddr *>(&to), sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* As much as the server takes. */
void send_all(int fd, const std::string &bytes)
{
	for (size_t at = 0; at < bytes.size();) {
		ssize_t n = send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += static_cast<size_t>(n);
	}
}

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(int type, int flags, uint32_t stream, const std::string &payload)
{
	std::string f;
	size_t n = payload.size();
	for (int shift : {16, 8, 0})
		f += static_cast<char>(n >> shift);
	f += static_cast<char>(type);
	f += static_cast<char>(flags);
	for (int shift : {24, 16, 8, 0})
		f += static_cast<char>(stream >> shift);
	return f + payload;
}

const std::string settings = frame(4, 0, 0, "");

/* A sanitizer keeps freed memory, and its server is so slow that floods trickle in: whom the door
 * ends is left open there. That the server stays up and answers is not. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

struct Flood : ::testing::Test {
	ServerProcess server;
	long before_kb = 0;
	std::vector<int> fds;
	std::unique_ptr<HealthWatch> watch;

	explicit Flood(const std::vector<std::string> &extra = {})
	    : server(cft_test::PgCluster::shared().create_database(), extra)
	{
	}
	void SetUp() override
	{
		works("warm");
		before_kb = resident_kb(server.process.pid());
		watch = std::make_unique<HealthWatch>(server.address);
		ASSERT_TRUE(cft_test::eventually([&] { return watch->asked > 0; }));
	}
	// Soon: a slow server first takes the connections that are still in the kernel's queue.
	void works(const std::string &table)
	{
		EXPECT_TRUE(cft_test::eventually([&] {
			Caller c(server.address);
			return register_intent(c, "honest",
			                       "CREATE TABLE " + table + " (id int)") != nullptr;
		}));
	}
	/* 40,000 calls over four connections at a time; whoever is thrown out comes again. */
	void flood_with_calls(const std::string &headers, bool reset)
	{
		std::vector<std::thread> attackers;
		for (int i = 0; i < 4; i++)
			attackers.emplace_back([=] {
				for (int round = 0; round < 5; round++)
					send_calls(headers, reset, 2000);
			});
		for (std::thread &one : attackers)
			one.join();
		EXPECT_TRUE(cft_test::eventually([&] {
			return server.log().find("they only made work") != std::string::npos;
		}));
	}
	/* 900 calls without a message over each of 60 connections, which stay until the log has the
	 * text; whether it comes. */
	bool flood_within_limits(const std::string &awaited, bool all_at_once = false)
	{
		auto said = [&] { return server.log().find(awaited) != std::string::npos; };

		for (int i = 0; i < 60; i++) {
			fds.push_back(connect_to(server.address));
			send_all(fds.back(), preface + settings);
			if (!all_at_once)
				send_all(fds.back(), calls_within_limits());
		}
		usleep(all_at_once ? 200000 : 0); /* all are in */
		for (int fd : all_at_once ? fds : std::vector<int>())
			send_all(fd, calls_within_limits());
		bool came = cft_test::eventually(said);
		std::cout << "with " << fds.size() << " connections: slowest "
			  << watch->slowest_us / 1000 << " ms, "
			  << resident_kb(server.process.pid()) / 1024 << " MiB\n";
		for (int fd : fds)
			close(fd);
		return came;
	}
	static std::string calls_within_limits()
	{
		const std::string headers =
			call_headers("/confiture.v1.CoordinationService/RegisterIntent");
		std::string calls;

		for (uint32_t stream = 1; stream < 2 * 900; stream += 2)
			calls += frame(1, 0x4, stream, headers);
		return calls;
	}
	void send_calls(const std::string &headers, bool reset, uint32_t n)
	{
		int fd = connect_to(server.address);
		std::string flood = preface + settings;

		for (uint32_t stream = 1; stream < 2 * n; stream += 2) {
			flood += frame(1, 0x4, stream, headers);
			if (reset)
				flood += frame(3, 0, stream, std::string("\0\0\0\x8", 4));
		}
		send_all(fd, flood);
		char bytes[4096];
		struct timeval patience = {2, 0}; /* a slow server may not have noticed */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		while (recv(fd, bytes, sizeof(bytes), 0) > 0)
			;
		close(fd);
	}
	/* Sends `n` complete calls at once over each of `connections`, and anew when all are
	 * answered; whether all were. */
	void call_in_waves(int connections, const std::string &path, uint32_t n, int waves)
	{
		std::vector<std::thread> callers;
		std::atomic<int> answered{0};

		for (int i = 0; i < connections; i++)
			callers.emplace_back([&] {
				int fd = connect_to(server.address);
				send_all(fd,
				         preface + settings + frame(8, 0, 0, {"\x3f\xff\0\0", 4}));
				for (int wave = 0; wave < waves; wave++)
					answered += call_wave(fd, path, 1 + 2 * n * wave, n);
				close(fd);
			});
		for (std::thread &one : callers)
			one.join();
		EXPECT_EQ(answered, connections * waves);
	}
	/* The calls are streams of their connection from `first` on. */
	static bool call_wave(int fd, const std::string &path, uint32_t first, uint32_t n)
	{
		const std::string headers = call_headers(path);
		std::string wave;

		for (uint32_t stream = first; stream < first + 2 * n; stream += 2) {
			wave += frame(1, 0x4, stream, headers);
			wave += frame(0, 0x1, stream, std::string(5, '\0')); /* an empty message */
		}
		send_all(fd, wave);
		return await_ends(fd, n);
	}
	/* Whether `n` streams end, by their trailers. */
	static bool await_ends(int fd, uint32_t n)
	{
		std::string read;
		char bytes[65536];

		while (n > 0) {
			ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
			if (got <= 0)
				return false;
			read.append(bytes, static_cast<size_t>(got));
			n -= std::min(n, take_ends(read));
		}
		return true;
	}
	/* Takes the whole frames off the front; how many of them end a stream. */
	static uint32_t take_ends(std::string &read)
	{
		size_t at = 0;
		uint32_t ends = 0;

		while (read.size() - at >= 9) {
			auto byte = [&](size_t i) {
				return static_cast<unsigned char>(read[at + i]);
			};
			size_t size = 9 + (byte(0) << 16 | byte(1) << 8 | byte(2));
			if (read.size() - at < size)
				break;
			ends += byte(3) == 1 && (byte(4) & 1);
			at += size;
		}
		read.erase(0, at);
		return ends;
	}
	void TearDown() override
	{
		EXPECT_TRUE(server.process.running()) << server.log();
		works("afterwards");
		EXPECT_EQ(watch->failed, 0);
		long after_kb = resident_kb(server.process.pid());
		std::cout << "health checks " << watch->asked << ", slowest "
			  << watch->slowest_us / 1000 << " ms; memory " << before_kb / 1024
			  << " MiB before, " << after_kb / 1024 << " MiB after\n";
		RecordProperty("slowest_health_ms", static_cast<int>(watch->slowest_us / 1000));
		RecordProperty("memory_after_kib", static_cast<int>(after_kb));
	}
};

struct FloodOfAServerWithLittleMemory : Flood {
	FloodOfAServerWithLittleMemory()
	    : Flood({"--max-memory", "100MiB", "--max-unfinished-calls", "0"})
	{
	}
};

} // namespace

/* Calls without their message reach no gate. Where they have no limit of their own, the server ends
 * the busiest connections when memory is used up. */
TEST_F(FloodOfAServerWithLittleMemory, CallsThatNeverBecomeComplete)
{
	if (sanitized)
		GTEST_SKIP() << "a sanitizer's allocator keeps freed memory: the server stays full";
	EXPECT_TRUE(flood_within_limits("memory is used up"));
	EXPECT_TRUE(cft_test::eventually(
		[&] { return resident_kb(server.process.pid()) < 2 * before_kb; }));
}

TEST_F(Flood, MalformedHttp2)
{
	std::mt19937 random(7);
	auto noise = [&](size_t n) {
		std::string s(n, '\0');
		for (char &c : s)
			c = static_cast<char>(random());
		return s;
	};
	std::vector<std::string> attacks = {
		noise(1 << 16),
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		preface,
		preface + noise(1 << 16),
		preface + settings + frame(0, 0, 1, noise(1000)),        /* DATA before HEADERS */
		preface + settings + frame(1, 0x4, 2, noise(100)),       /* an even stream */
		preface + settings + frame(9, 0x4, 1, noise(100)),       /* CONTINUATION alone */
		preface + settings + frame(8, 0, 0, "\x7f\xff\xff\xff"), /* window overflow */
		preface + frame(4, 0, 0, noise(5)), /* SETTINGS of a wrong size */
		preface + settings + std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9),
	};
	for (int round = 0; round < 200; round++) {
		std::string random_frames = preface + settings;
		for (int i = 0; i < 20; i++)
			random_frames += frame(
				static_cast<int>(random() % 12), static_cast<int>(random() % 256),
				static_cast<uint32_t>(random() % 8), noise(random() % 64));
		attacks.push_back(random_frames);
	}
	for (const std::string &attack : attacks) {
		int fd = connect_to(server.address);
		ASSERT_GE(fd, 0);
		send_all(fd, attack);
		close(fd);
	}
}

TEST_F(Flood, HeaderFloodsAndResets)
{
	int fd = connect_to(server.address);
	send_all(fd, preface + settings + frame(1, 0, 1, std::string(16000, '\x40')));
	for (int i = 0; i < 1000; i++) /* CONTINUATION without end, 16 MB of it */
		send_all(fd, frame(9, 0, 1, std::string(16000, '\x40')));
	close(fd);

	fd = connect_to(server.address);
	std::string flood = preface + settings;
	for (uint32_t stream = 1; stream < 20000; stream += 2) { /* rapid reset */
		flood += frame(1, 0x4, stream, "\x83\x86\x84");
		flood += frame(3, 0, stream, std::string("\0\0\0\x8", 4));
	}
	for (int i = 0; i < 20000; i++)
		flood += frame(6, 0, 0, "12345678"); /* PING */
	send_all(fd, flood);
	close(fd);
}

/* Each connection keeps to every limit of its own; all of them have one together. */
TEST_F(Flood, CallsWhoseMessageNeverComesOverManyConnections)
{
	EXPECT_TRUE(flood_within_limits("they only made work") || sanitized);
	EXPECT_EQ(server.log().find("memory is used up"), std::string::npos);
}

TEST_F(Flood, CallsWhoseMessageNeverComesOnManyConnectionsAtOnce)
{
	EXPECT_TRUE(flood_within_limits("they only made work", true) || sanitized);
	EXPECT_EQ(server.log().find("memory is used up"), std::string::npos);
}

/* Each from some connections at a time, and anew when the server has ended one. */
TEST_F(Flood, CallsThatAreResetAtOnce)
{
	flood_with_calls(call_headers("/confiture.v1.CoordinationService/RegisterIntent"), true);
}

TEST_F(Flood, CallsWhoseMessageNeverComes)
{
	flood_with_calls(call_headers("/confiture.v1.CoordinationService/RegisterIntent"), false);
}

TEST_F(Flood, CallsWithoutAPath)
{
	flood_with_calls("\x83\x86\x84", true);
}

/* Honest by every rule, and as many as a client may make. */
TEST_F(Flood, CompleteCallsAtFullConcurrency)
{
	call_in_waves(4, "/confiture.v1.CoordinationService/GetServerInfo", 1000, 10);
	EXPECT_EQ(server.log().find("they only made work"), std::string::npos);
}

/* Many clients go at once, as when a machine or a network does. */
TEST_F(Flood, TenThousandIdleStreamsThatEndAtOnce)
{
	const std::string headers = call_headers("/confiture.v1.CoordinationService/WatchEvents");
	std::string streams = preface + settings;

	for (uint32_t stream = 1; stream < 2000; stream += 2)
		streams += frame(1, 0x4, stream, headers) +
		           frame(0, 0x1, stream, std::string(5, '\0'));
	for (int i = 0; i < 10; i++) {
		fds.push_back(connect_to(server.address));
		send_all(fds.back(), streams);
	}
	works("beside_idle_streams");
	std::cout << "with 10,000 streams: slowest " << watch->slowest_us / 1000 << " ms, "
		  << resident_kb(server.process.pid()) / 1024 << " MiB\n";
	EXPECT_EQ(server.log().find("they only made work"), std::string::npos);
	for (int fd : fds)
		close(fd);
}

/* Many calls at a time are what a load generator does, and no abuse. */
TEST_F(Flood, ABusyClientIsNotTakenForAnAbuser)
{
	Caller c(server.address);
	std::vector<std::unique_ptr<Watcher>> watchers;

	for (int i = 0; i < 900; i++) {
		MSG(WatchEventsRequest, watch_events_request, request);
		watchers.push_back(std::make_unique<Watcher>(c, &request));
	}
	for (int i = 0; i < 300; i++)
		EXPECT_NE(register_intent(c, "busy",
		                          "CREATE TABLE b" + std::to_string(i) + " (id int)"),
		          nullptr)
			<< c.err.message;
	EXPECT_EQ(server.log().find("they only made work"), std::string::npos);
}

TEST_F(Flood, TenThousandConnections)
{
	std::vector<int> open;

	for (int i = 0; i < 10000; i++) {
		int fd = connect_to(server.address);
		ASSERT_GE(fd, 0) << i;
		if (i % 3 == 0)
			send_all(fd, preface);
		open.push_back(fd);
		if (open.size() == 250) {
			for (int one : open)
				close(one);
			open.clear();
		}
	}
	for (int one : open)
		close(one);
}

/* gRPC by itself would never listen again. */
TEST_F(Flood, MoreConnectionsThanDescriptors)
{
	struct rlimit few = {200, 200};
	std::vector<int> open;

	ASSERT_EQ(prlimit(server.process.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
	for (int i = 0; i < 300; i++) {
		open.push_back(connect_to(server.address));
		ASSERT_GE(open.back(), 0);
		send_all(open.back(), preface);
	}
	usleep(500000);
	for (int one : open)
		close(one);
	works("with_descriptors_again");
}

TEST_F(Flood, AThousandStreamsThatNeverRead)
{
	std::vector<std::unique_ptr<Caller>> callers;
	std::vector<std::unique_ptr<Watcher>> watchers;
	std::string wide = "CREATE TABLE wide_";
	std::string columns = " (id int";

	for (int i = 0; i < 200; i++)
		columns += ", column_number_" + std::to_string(i) + " text";
	columns += ")";
	for (int i = 0; i < 10; i++)
		callers.push_back(std::make_unique<Caller>(server.address));
	for (int i = 0; i < 1000; i++) {
		MSG(WatchEventsRequest, watch_events_request, request);
		request.from_revision = 1;
		watchers.push_back(std::make_unique<Watcher>(*callers[i % 10], &request));
	}
	Caller c(server.address);
	for (int i = 0; i < 50; i++)
		EXPECT_NE(register_intent(c, "writer", wide + std::to_string(i) + columns), nullptr)
			<< c.err.message;
	std::cout << "with 1,000 streams: " << resident_kb(server.process.pid()) / 1024 << " MiB\n";
}

TEST_F(Flood, LargeMessagesAndRepeatedFields)
{
	Caller c(server.address);
	std::string sql = "CREATE TABLE a (id int);";
	std::vector<char *> tables(200000, const_cast<char *>(""));
	std::vector<Confiture__V1__IntentStatus> statuses(
		200000, CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED);

	while (sql.size() < (2u << 20) - 100)
		sql += "-- filler that says nothing at all\n";
	for (int i = 0; i < 20; i++)
		register_intent(c, "large", sql + std::to_string(i));
	sql.resize(50u << 20, ' ');
	EXPECT_EQ(register_intent(c, "larger", sql, "", "p"), nullptr);
	MSG(RegisterIntentRequest, register_intent_request, r);
	r.project = const_cast<char *>("p");
	r.agent_id = r.feature_name = const_cast<char *>("mallory");
	r.n_tables_affected = tables.size();
	r.tables_affected = tables.data();
	EXPECT_EQ(c.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &r), nullptr);
	MSG(ListIntentsRequest, list_intents_request, list);
	list.project = const_cast<char *>("p");
	list.n_statuses = statuses.size();
	list.statuses = statuses.data();
	c.call<Confiture__V1__ListIntentsResponse>("ListIntents", &list);
}

TEST_F(Flood, GarbageInEveryField)
{
	Caller c(server.address);
	std::mt19937 random(11);

	for (int i = 0; i < 500; i++) {
		/* Field 5 of type bytes: in RegisterIntent a string, in others a number. */
		MSG(SetBaseSchemaRequest, set_base_schema_request, r);
		std::string bytes(random() % 3000, '\0');
		for (char &b : bytes)
			b = static_cast<char>(random());
		r.chunk.data = reinterpret_cast<uint8_t *>(&bytes[0]);
		r.chunk.len = bytes.size();
		for (const char *method : {"RegisterIntent", "ListIntents", "GetIntent"}) {
			void *response;
			cft_client_call(c.client, &confiture__v1__coordination_service__descriptor,
			                method, &r, 20000, &c.arena, &response, &c.err);
		}
	}
}
