// Proxy: stands between a client and a server, and spoils the connection on demand.
// SPDX-License-Identifier: MIT
//
// TCP on a free port of 127.0.0.1, or a unix socket; a thread of its own. Faults hold for the
// connections that exist and those to come, until heal().
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace cft_test
{

class Proxy
{
      public:
	// `target`: "host:port" or the path of a unix socket. `listen`: "" for TCP, or a path.
	explicit Proxy(const std::string &target, const std::string &listen = "");
	~Proxy();
	Proxy(const Proxy &) = delete;
	Proxy &operator=(const Proxy &) = delete;

	const std::string &address() const // "127.0.0.1:port" or the path
	{
		return address_;
	}
	void cut();         // closes every connection, also in the middle of a message
	void delay(int ms); // every byte is so late
	void half_open();   // nothing passes and nothing is closed, as when a machine is gone
	void refuse();      // cut, and new connections are closed at once
	void heal();        // what stood half open is closed; the rest goes on

      private:
	struct Link;
	struct Loop;

	void run();

	std::string address_;
	std::unique_ptr<Loop> loop_;
	std::atomic<bool> stop_{false}, half_open_{false}, refusing_{false};
	std::atomic<int> cuts_{0}, delay_ms_{0};
	std::thread thread_;
};

} // namespace cft_test
