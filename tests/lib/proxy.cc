// Proxy: one poll loop over pairs of sockets.
// SPDX-License-Identifier: MIT
#include "tests/lib/proxy.h"

#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <list>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace cft_test
{

namespace
{

enum { CHUNK = 65536, MOST_PENDING = 16, TURN_MS = 5 };

int64_t now_ms()
{
	using namespace std::chrono;
	return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Address {
	union {
		sockaddr any;
		sockaddr_in in;
		sockaddr_un un;
	};
	socklen_t len = 0;

	explicit Address(const std::string &text)
	{
		memset(&un, 0, sizeof(un));
		size_t colon = text.rfind(':');
		if (text[0] == '/') {
			un.sun_family = AF_UNIX;
			text.copy(un.sun_path, sizeof(un.sun_path) - 1);
			len = sizeof(un);
		} else {
			in.sin_family = AF_INET;
			in.sin_port = htons((uint16_t)std::stoi(text.substr(colon + 1)));
			inet_pton(AF_INET, text.substr(0, colon).c_str(), &in.sin_addr);
			len = sizeof(in);
		}
	}
	int socket() const
	{
		return ::socket(any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
};

// One direction of a connection.
struct Flow {
	struct Chunk {
		int64_t due;
		std::string bytes;
	};
	int from = -1, to = -1;
	std::deque<Chunk> chunks;

	bool read(int delay_ms)
	{
		char bytes[CHUNK];
		ssize_t n = ::read(from, bytes, sizeof(bytes));
		if (n > 0)
			chunks.push_back({now_ms() + delay_ms, std::string(bytes, (size_t)n)});
		return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
	}
	bool write()
	{
		while (!chunks.empty() && chunks.front().due <= now_ms()) {
			std::string &bytes = chunks.front().bytes;
			ssize_t n = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
			if (n < 0)
				return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
			bytes.erase(0, (size_t)n);
			if (!bytes.empty())
				return true;
			chunks.pop_front();
		}
		return true;
	}
};

} // namespace

struct Proxy::Link {
	Flow up, down;

	Link(int client, int server)
	{
		up.from = down.to = client;
		up.to = down.from = server;
	}
	~Link()
	{
		close(up.from);
		close(down.from);
	}
};

struct Proxy::Loop {
	int listener = -1;
	Address target;
	std::list<Link> links;

	explicit Loop(const std::string &to) : target(to)
	{
	}
	~Loop()
	{
		close(listener);
	}
	void accept_one(bool refusing)
	{
		int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0)
			return;
		int server = refusing ? -1 : target.socket();
		int one = 1;
		if (server < 0 ||
		    (connect(server, &target.any, target.len) != 0 && errno != EINPROGRESS)) {
			close(client);
			close(server);
			return;
		}
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		links.emplace_back(client, server);
	}
	// What can be read is read, what is due is written; a link that failed goes.
	void turn(int delay_ms)
	{
		std::vector<pollfd> fds = {{listener, POLLIN, 0}};
		bool waiting = false;
		for (Link &link : links)
			for (Flow *flow : {&link.up, &link.down}) {
				bool room = flow->chunks.size() < MOST_PENDING;
				waiting |= !flow->chunks.empty();
				fds.push_back({flow->from, (short)(room ? POLLIN : 0), 0});
			}
		poll(fds.data(), fds.size(), waiting ? 1 : TURN_MS * 4);
		size_t i = 1;
		for (auto link = links.begin(); link != links.end();) {
			bool ok = true;
			for (Flow *flow : {&link->up, &link->down}) {
				short events = fds[i++].revents;
				if (ok && (events & (POLLIN | POLLHUP | POLLERR)) &&
				    flow->chunks.size() < MOST_PENDING)
					ok = flow->read(delay_ms);
				ok = flow->write() && ok;
			}
			link = ok ? std::next(link) : links.erase(link);
		}
	}
};

Proxy::Proxy(const std::string &target, const std::string &listen)
    : loop_(std::make_unique<Loop>(target))
{
	Address here(listen.empty() ? "127.0.0.1:0" : listen);

	loop_->listener = here.socket();
	if (bind(loop_->listener, &here.any, here.len) != 0 || ::listen(loop_->listener, 64) != 0)
		throw std::runtime_error("proxy: cannot listen: " + std::string(strerror(errno)));
	getsockname(loop_->listener, &here.any, &here.len);
	address_ = listen.empty() ? "127.0.0.1:" + std::to_string(ntohs(here.in.sin_port)) : listen;
	thread_ = std::thread(&Proxy::run, this);
}

Proxy::~Proxy()
{
	stop_ = true;
	thread_.join();
	if (address_[0] == '/')
		unlink(address_.c_str());
}

void Proxy::run()
{
	int cuts = 0;

	while (!stop_) {
		int wanted = cuts_;
		if (cuts != wanted)
			loop_->links.clear();
		cuts = wanted;
		pollfd waiting = {loop_->listener, POLLIN, 0};
		if (half_open_) {
			poll(nullptr, 0, TURN_MS);
			continue;
		}
		if (poll(&waiting, 1, 0) == 1)
			loop_->accept_one(refusing_);
		loop_->turn(delay_ms_);
	}
}

void Proxy::cut()
{
	cuts_++;
}

void Proxy::delay(int ms)
{
	delay_ms_ = ms;
}

void Proxy::half_open()
{
	half_open_ = true;
}

void Proxy::refuse()
{
	refusing_ = true;
	cut();
}

void Proxy::heal()
{
	if (half_open_)
		cut();
	half_open_ = refusing_ = false;
	delay_ms_ = 0;
}

} // namespace cft_test
