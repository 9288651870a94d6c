/* Three servers on one replicated PostgreSQL, with proxies everywhere, and what breaks them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_CHAOS_WORLD_H
#define CFT_TESTS_CHAOS_WORLD_H

#include "tests/integration/server/fixture.h"
#include "tests/lib/proxy.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <random>

enum { SERVERS = 3, NODES = 2 };

class World
{
      public:
	/* `extra` are settings of the servers. */
	explicit World(const std::vector<std::string> &extra = {});
	/* Through proxies, beginning with server `first`: what clients are given. */
	std::string addresses(int first) const;
	/* Past the proxies. */
	std::string direct(int server) const
	{
		return servers_[server]->address;
	}
	/* One fault, from injection to repair; blocks meanwhile. Its name is counted. */
	void fault(std::mt19937 &random);
	/* As fault(), but the processes of the servers live on. */
	void fault_around(std::mt19937 &random);
	/* Everything runs, nothing is spoilt. */
	void calm();
	std::string sql(const std::string &text); /* on the primary */
	pid_t server_pid(int server) const
	{
		return servers_[server]->process.pid();
	}
	size_t faults() const;
	void print_faults() const;
	/* Each fault with the seconds since the beginning, and its end: where one hangs. */
	std::string timeline() const;
	/* What the databases do just now; any thread. */
	std::string state() const;
	std::string logs() const;

      private:
	void kill_server(std::mt19937 &random);
	void stop_server(std::mt19937 &random);
	void spoil(std::mt19937 &random);
	void kill_backends(std::mt19937 &random);
	void restart_database(std::mt19937 &random);
	void fail_over(std::mt19937 &random);
	void await_standby();
	void count(const std::string &fault, int server = -1);
	void note(const std::string &what);

	std::unique_ptr<cft_test::PgCluster> nodes_[NODES];
	std::atomic<int> primary_{0};
	cft_test::TempDir sockets_[SERVERS][NODES];
	std::unique_ptr<cft_test::Proxy> to_database_[SERVERS][NODES], to_server_[SERVERS];
	std::unique_ptr<ServerProcess> servers_[SERVERS];
	std::map<std::string, int> counts_;
	std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
	mutable std::mutex mutex_; /* for: */
	std::string timeline_;
};

#endif
