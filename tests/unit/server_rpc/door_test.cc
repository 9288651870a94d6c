/* Who is let in at the door: limits of addresses, silence, and other protocols.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"
#include "server/rpc/door.h"
#include "tests/lib/process.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace
{

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Address {
	struct sockaddr_storage storage = {};
	explicit Address(const char *text)
	{
		auto *v4 = reinterpret_cast<sockaddr_in *>(&storage);
		auto *v6 = reinterpret_cast<sockaddr_in6 *>(&storage);
		if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
			storage.ss_family = AF_INET;
		} else {
			EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
			storage.ss_family = AF_INET6;
		}
	}
	const sockaddr *get() const
	{
		return reinterpret_cast<const sockaddr *>(&storage);
	}
};

struct Peers {
	struct cft_peers *peers;
	Peers(size_t all, size_t each, int64_t per_second)
	{
		struct cft_peers_limits limits = {all, each, per_second};
		peers = cft_peers_new(&limits);
	}
	~Peers()
	{
		cft_peers_free(peers);
	}
	struct cft_peer *enter(const char *address)
	{
		return cft_peers_enter(peers, Address(address).get());
	}
};

int local_port(int fd)
{
	struct sockaddr_in address = {};
	socklen_t len = sizeof(address);
	getsockname(fd, reinterpret_cast<sockaddr *>(&address), &len);
	return ntohs(address.sin_port);
}

/* A door that keeps whom it lets in. */
struct Door {
	struct cft_door *door = nullptr;
	std::mutex lock;
	std::vector<int> inside, clients;
	std::map<int, int> calls; /* without a message, by the client's port */

	explicit Door(struct cft_peers_limits limits, int silence_ms = 60000, bool tls = false)
	{
		struct cft_door_options options = {};
		struct cft_err err = CFT_ERR_INIT;
		options.address = "127.0.0.1:0";
		options.limits = limits;
		options.tls = tls;
		options.silence_ms = silence_ms;
		options.let_in = [](void *ctx, int, int fd) {
			Door *self = static_cast<Door *>(ctx);
			std::lock_guard<std::mutex> hold(self->lock);
			self->inside.push_back(fd);
		};
		options.traffic = traffic;
		options.left = [](void *, const sockaddr *) {};
		options.max_calls = 10;
		options.max_unfinished = 12;
		options.ctx = this;
		EXPECT_EQ(cft_door_open(&options, &door, &err), 0) << err.message;
		cft_door_start(door);
	}
	~Door()
	{
		cft_door_free(door);
		for (int fd : inside)
			close(fd);
		for (int fd : clients)
			close(fd);
	}
	static bool traffic(void *ctx, const sockaddr *client, int64_t, struct cft_traffic *ret)
	{
		int port = ntohs(reinterpret_cast<const sockaddr_in *>(client)->sin_port);
		Door *self = static_cast<Door *>(ctx);
		std::lock_guard<std::mutex> hold(self->lock);
		auto calls = self->calls.find(port);
		*ret = {calls == self->calls.end() ? 0 : calls->second, 0, 0, 0};
		return true;
	}
	int client(const std::string &says = preface)
	{
		struct sockaddr_in to = {};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		to.sin_family = AF_INET;
		to.sin_port = htons(static_cast<uint16_t>(cft_door_port(door)));
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		struct timeval patience = {10, 0};
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr *>(&to), sizeof(to)), 0);
		send(fd, says.data(), says.size(), MSG_NOSIGNAL);
		clients.push_back(fd);
		return fd;
	}
	/* A client that is in opens so many calls without their message. */
	void opens_calls(int client, int n)
	{
		const std::string much(8192, 'x');
		{
			std::lock_guard<std::mutex> hold(lock);
			calls[local_port(client)] = n;
		}
		send(client, much.data(), much.size(), MSG_NOSIGNAL);
	}
	/* As gRPC would. */
	void read_what_came()
	{
		char bytes[4096];
		std::lock_guard<std::mutex> hold(lock);
		for (int fd : inside)
			while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
				;
	}
	/* Looking is work too: only a process that works looks at its connections. */
	bool ends(size_t connections)
	{
		return cft_test::eventually([&] {
			read_what_came();
			for (int64_t until = cft_clock_cpu_us() + 30000;
			     cft_clock_cpu_us() < until;)
				;
			return stats().abusers == connections;
		});
	}
	size_t let_in()
	{
		std::lock_guard<std::mutex> hold(lock);
		return inside.size();
	}
	void one_leaves()
	{
		std::lock_guard<std::mutex> hold(lock);
		close(inside.back());
		inside.pop_back();
	}
	struct cft_door_stats stats() const
	{
		struct cft_door_stats s;
		cft_door_measure(door, &s);
		return s;
	}
};

/* The door hung up: a reset or an end. */
bool ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

bool stays(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

} // namespace

TEST(Peers, EachAddressHasItsLimitAndAllTogetherHaveOne)
{
	Peers p(5, 2, 0);
	struct cft_peer *first = p.enter("10.0.0.1");

	ASSERT_NE(first, nullptr);
	EXPECT_NE(p.enter("10.0.0.1"), nullptr);
	EXPECT_EQ(p.enter("10.0.0.1"), nullptr);
	EXPECT_NE(p.enter("10.0.0.2"), nullptr);
	EXPECT_NE(p.enter("10.0.0.3"), nullptr);
	EXPECT_NE(p.enter("10.0.0.4"), nullptr);
	EXPECT_EQ(p.enter("10.0.0.5"), nullptr);
	cft_peers_leave(p.peers, first);
	EXPECT_EQ(cft_peers_connections(p.peers), 4u);
	EXPECT_NE(p.enter("10.0.0.1"), nullptr);
}

TEST(Peers, AnIpv6NetworkIsOneAddressAndAMappedAddressIsIpv4)
{
	Peers p(100, 1, 0);

	EXPECT_NE(p.enter("2001:db8:1:2::1"), nullptr);
	EXPECT_EQ(p.enter("2001:db8:1:2:ffff::9"), nullptr);
	EXPECT_NE(p.enter("2001:db8:1:3::1"), nullptr);
	EXPECT_NE(p.enter("10.0.0.1"), nullptr);
	EXPECT_EQ(p.enter("::ffff:10.0.0.1"), nullptr);
}

TEST(Peers, NewConnectionsOfAnAddressArePaced)
{
	Peers p(100, 0, 10);
	struct cft_peer *quick = p.enter("10.0.0.1"), *other = p.enter("10.0.0.2");

	for (int i = 0; i < 20; i++)
		EXPECT_EQ(cft_peers_wait_ms(quick, 1000), 0) << i;
	EXPECT_GT(cft_peers_wait_ms(quick, 1000), 0);
	EXPECT_EQ(cft_peers_wait_ms(other, 1000), 0);
	EXPECT_EQ(cft_peers_wait_ms(quick, 1200), 0);
}

TEST(Peers, AnAddressThatIsDelayedLosesItsBurstAndWaits)
{
	Peers p(100, 0, 10);
	struct cft_peer *delayed = p.enter("10.0.0.1"), *other = p.enter("10.0.0.2");

	EXPECT_EQ(cft_peers_wait_ms(delayed, 1000), 0);
	cft_peers_delay(delayed, 500);
	EXPECT_GT(cft_peers_wait_ms(delayed, 1400), 0);
	EXPECT_EQ(cft_peers_wait_ms(delayed, 1600), 0);
	EXPECT_GT(cft_peers_wait_ms(delayed, 1600), 0);
	EXPECT_EQ(cft_peers_wait_ms(other, 1000), 0);
	for (int i = 0; i < 1000; i++)
		cft_peers_delay(delayed, 500);
	EXPECT_EQ(cft_peers_wait_ms(delayed, 4000), 0); /* two seconds, whatever it did */
}

TEST(Peers, AddressesWithoutConnectionsAreForgotten)
{
	Peers p(100, 0, 10);
	struct cft_peer *gone = p.enter("10.0.0.1");

	p.enter("10.0.0.2");
	cft_peers_wait_ms(gone, 1000);
	cft_peers_leave(p.peers, gone);
	cft_peers_forget(p.peers, 2000);
	EXPECT_EQ(cft_peers_addresses(p.peers), 2u);
	cft_peers_forget(p.peers, 60000);
	EXPECT_EQ(cft_peers_addresses(p.peers), 1u);
}

TEST(Door, LetsInWhoSpeaksHttp2)
{
	Door door({100, 0, 0});

	door.client();
	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 1; }));
	EXPECT_TRUE(ended(door.client("GET / HTTP/1.1\r\n\r\n")));
	EXPECT_TRUE(cft_test::eventually([&] { return door.stats().dropped == 1; }));
	EXPECT_EQ(door.let_in(), 1u);
}

TEST(Door, LetsInWhoBeginsAHandshakeWhereThereIsTls)
{
	Door door({100, 0, 0}, 60000, true);

	EXPECT_TRUE(ended(door.client(preface)));
	door.client("\x16\x03\x01");
	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 1; }));
}

TEST(Door, HangsUpOnSilence)
{
	Door door({100, 0, 0}, 50);

	EXPECT_TRUE(ended(door.client("")));
	EXPECT_EQ(door.let_in(), 0u);
	EXPECT_TRUE(cft_test::eventually([&] { return door.stats().open == 0; }));
}

TEST(Door, RefusesBeyondTheLimitUntilSomebodyLeaves)
{
	Door door({100, 3, 0});

	for (int i = 0; i < 3; i++)
		door.client();
	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 3; }));
	EXPECT_TRUE(ended(door.client()));
	EXPECT_TRUE(cft_test::eventually([&] { return door.stats().refused >= 1; }));
	door.one_leaves();
	EXPECT_TRUE(cft_test::eventually([&] {
		door.client();
		return door.let_in() == 3;
	}));
}

TEST(Door, MoreThanItsRateWaitsAndWhoLeavesMeanwhileIsNotLetIn)
{
	Door door({1000, 0, 1});

	for (int i = 0; i < 2; i++)
		door.client();
	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 2; }));
	for (int i = 0; i < 50; i++)
		close(door.client());
	door.clients.clear();
	EXPECT_TRUE(cft_test::eventually([&] { return door.stats().dropped >= 40; }));
	EXPECT_TRUE(cft_test::eventually([&] { return door.stats().waiting == 0; }));
}

TEST(Door, EndsAConnectionWhoseTrafficOnlyMakesWork)
{
	Door door({100, 0, 0});
	int honest = door.client(), abuser = door.client();

	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 2; }));
	door.opens_calls(honest, 1);
	door.opens_calls(abuser, 1000);
	EXPECT_TRUE(door.ends(1));
	EXPECT_TRUE(ended(abuser));
	EXPECT_TRUE(stays(honest));
}

/* 9 and 5 and 2 are within every limit of a connection, and more than all may have. */
TEST(Door, EndsThoseWithTheMostUnfinishedCallsWhereTogetherTheyHaveTooMany)
{
	Door door({100, 0, 0});
	int few = door.client(), more = door.client(), most = door.client();

	EXPECT_TRUE(cft_test::eventually([&] { return door.let_in() == 3; }));
	door.opens_calls(few, 2);
	door.opens_calls(more, 5);
	EXPECT_TRUE(
		cft_test::eventually([&] { return door.ends(0) && door.stats().unfinished == 7; }));
	door.opens_calls(most, 9);
	EXPECT_TRUE(door.ends(2));
	EXPECT_TRUE(ended(most));
	EXPECT_TRUE(ended(more));
	EXPECT_TRUE(stays(few));
}

TEST(Door, AnAddressThatIsTakenIsSaid)
{
	Door first({100, 0, 0});
	std::string address = "127.0.0.1:" + std::to_string(cft_door_port(first.door));
	struct cft_door_options options = {};
	struct cft_door *second = nullptr;
	struct cft_err err = CFT_ERR_INIT;

	options.address = address.c_str();
	options.limits.connections = 10;
	EXPECT_EQ(cft_door_open(&options, &second, &err), CFT_E_UNAVAILABLE);
	EXPECT_STREQ(err.reason, "ADDRESS_IN_USE");
	options.address = "203.0.113.7:1";
	EXPECT_EQ(cft_door_open(&options, &second, &err), CFT_E_UNAVAILABLE);
}
