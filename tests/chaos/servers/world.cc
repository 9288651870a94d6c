/* The faults: each is injected, lasts, and is repaired.
 * SPDX-License-Identifier: MIT
 */
#include "world.h"

#include <csignal>
#include <cstdio>

using cft_test::PgCluster;
using cft_test::Proxy;
using cft_test::sleep_ms;

namespace
{

int between(std::mt19937 &random, int low, int high)
{
	return std::uniform_int_distribution<int>(low, high)(random);
}

} // namespace

World::World(const std::vector<std::string> &extra)
{
	std::vector<std::string> settings = {
		"--lease-min",         "1s",   "--lease-default", "2s",
		"--database-timeout",  "4s",   "--database-poll", "200ms",
		"--bookmark-interval", "500ms"};

	settings.insert(settings.end(), extra.begin(), extra.end());
	for (auto &node : nodes_)
		node = std::make_unique<PgCluster>(std::vector<std::string>{
			"synchronous_commit=on", "wal_keep_size=64MB", "track_commit_timestamp=on",
			"wal_retrieve_retry_interval=100ms"});
	nodes_[0]->sql(nodes_[0]->url(), "CREATE DATABASE chaos");
	nodes_[1]->stop();
	nodes_[1]->follow(*nodes_[0]);
	await_standby();
	for (int i = 0; i < SERVERS; i++) {
		std::string hosts, ports;
		for (int n = 0; n < NODES; n++) {
			const std::string name = "/.s.PGSQL.5432";
			to_database_[i][n] = std::make_unique<Proxy>(nodes_[n]->socket_dir() + name,
			                                             sockets_[i][n].path() + name);
			hosts += (n ? "," : "") + sockets_[i][n].path();
		}
		servers_[i] = std::make_unique<ServerProcess>(
			"host=" + hosts +
				" port=5432 user=postgres dbname=chaos "
				"target_session_attrs=read-write",
			settings);
		to_server_[i] = std::make_unique<Proxy>(servers_[i]->address);
	}
}

std::string World::addresses(int first) const
{
	std::string list;

	for (int i = 0; i < SERVERS; i++)
		list += (i ? "," : "") + to_server_[(first + i) % SERVERS]->address();
	return list;
}

void World::count(const std::string &fault, int server)
{
	counts_[fault]++;
	note(server < 0 ? fault : fault + ", server " + std::to_string(server));
}

size_t World::faults() const
{
	size_t n = 0;

	for (const auto &count : counts_)
		n += (size_t)count.second;
	return n;
}

void World::print_faults() const
{
	for (const auto &count : counts_)
		printf("  %-28s %d\n", count.first.c_str(), count.second);
}

void World::note(const std::string &what)
{
	using namespace std::chrono;
	char line[128];

	snprintf(line, sizeof(line), "%7.2f %s\n",
	         duration<double>(steady_clock::now() - begin_).count(), what.c_str());
	std::lock_guard<std::mutex> lock(mutex_);
	timeline_ += line;
}

std::string World::timeline() const
{
	std::lock_guard<std::mutex> lock(mutex_);

	return timeline_;
}

std::string World::state() const
{
	std::string all = timeline();

	for (int n = 0; n < NODES; n++) {
		all += std::string("node ") + std::to_string(n) +
		       (n == primary_ ? ", the primary\n" : "\n");
		try {
			all += nodes_[n]->sql(nodes_[n]->url(),
			                      "SET statement_timeout = '5s';"
			                      "SELECT name || ' = ' || setting FROM pg_settings "
			                      "WHERE name = "
			                      "'synchronous_standby_names';"
			                      "SELECT 'sender', pid, state, sync_state, sent_lsn, "
			                      "flush_lsn, "
			                      "pg_current_wal_flush_lsn() FROM pg_stat_replication;"
			                      "SELECT backend_type, pid, state, wait_event_type, "
			                      "wait_event, "
			                      "now() - xact_start, left(query, 60) FROM "
			                      "pg_stat_activity") +
			       "\n";
		} catch (const std::exception &e) {
			all += e.what();
		}
	}
	return all;
}

std::string World::logs() const
{
	std::string all;

	for (const auto &server : servers_)
		all += "---- " + server->address + "\n" + server->log();
	return all;
}

void World::kill_server(std::mt19937 &random)
{
	int i = between(random, 0, SERVERS - 1);
	ServerProcess &server = *servers_[i];

	count("server kill -9", i);
	server.process.stop(SIGKILL);
	sleep_ms(between(random, 0, 400));
	server.start();
}

/* Longer than the leases of the clients: what it decided before it was stopped is old. */
void World::stop_server(std::mt19937 &random)
{
	int i = between(random, 0, SERVERS - 1);
	ServerProcess &server = *servers_[i];

	count("server SIGSTOP past the TTL", i);
	server.process.signal(SIGSTOP);
	sleep_ms(between(random, 1500, 2500));
	server.process.signal(SIGCONT);
}

void World::spoil(std::mt19937 &random)
{
	int i = between(random, 0, SERVERS - 1);
	bool client = between(random, 0, 1);
	Proxy &proxy = client ? *to_server_[i] : *to_database_[i][primary_];
	std::string where = client ? "client link " : "database link ";
	int lasts_ms = between(random, 50, 400);

	switch (between(random, 0, 3)) {
	case 0:
		count(where + "cut", i);
		proxy.cut();
		return;
	case 1:
		count(where + "delayed", i);
		proxy.delay(between(random, 5, 200));
		break;
	case 2:
		count(where + "half open", i);
		proxy.half_open();
		lasts_ms *= 4;
		break;
	case 3:
		count(where + "refused", i);
		proxy.refuse();
		break;
	}
	sleep_ms(lasts_ms);
	proxy.heal();
}

void World::kill_backends(std::mt19937 &random)
{
	count("backends terminated");
	(void)random;
	nodes_[primary_]->kill_backends();
}

void World::restart_database(std::mt19937 &random)
{
	count("PostgreSQL immediate restart");
	nodes_[primary_]->stop_immediate();
	sleep_ms(between(random, 0, 300));
	nodes_[primary_]->start();
}

/* The standby has what was acknowledged while there was none. */
void World::await_standby()
{
	PgCluster &primary = *nodes_[primary_];
	std::string lsn = primary.sql(primary.url(), "SELECT pg_current_wal_insert_lsn()");

	ASSERT_TRUE(cft_test::eventually(
		[&] {
			return primary.sql(primary.url(),
		                           "SELECT count(*) FROM pg_stat_replication WHERE "
		                           "sync_state = 'sync' AND flush_lsn >= '" +
		                                   lsn + "'") == "1";
		},
		60));
}

/* The primary dies, the standby takes over, and the dead one comes back as its standby. Sometimes
 * just after a fault that made visible what the standby does not have. */
void World::fail_over(std::mt19937 &random)
{
	int before = between(random, 0, 2);

	count("PostgreSQL failover");
	if (before == 1)
		kill_backends(random);
	else if (before == 2)
		restart_database(random);
	nodes_[primary_]->kill9();
	sleep_ms(between(random, 0, 200));
	nodes_[1 - primary_]->promote();
	primary_ = 1 - primary_;
	sleep_ms(between(random, 100, 500));
	nodes_[1 - primary_]->follow(*nodes_[primary_]);
	await_standby();
}

void World::fault(std::mt19937 &random)
{
	int die = between(random, 0, 99);

	if (die >= 13) {
		fault_around(random);
		return;
	}
	kill_server(random);
	note("over");
	sleep_ms(between(random, 20, 300));
}

void World::fault_around(std::mt19937 &random)
{
	int die = between(random, 0, 99);

	if (die < 5)
		fail_over(random);
	else if (die < 14)
		restart_database(random);
	else if (die < 21)
		stop_server(random);
	else if (die < 37)
		kill_backends(random);
	else
		spoil(random);
	note("over");
	sleep_ms(between(random, 20, 300));
}

std::string World::sql(const std::string &text)
{
	return nodes_[primary_]->sql(nodes_[primary_]->url("chaos"), text);
}

void World::calm()
{
	for (int i = 0; i < SERVERS; i++) {
		to_server_[i]->heal();
		for (auto &proxy : to_database_[i])
			proxy->heal();
	}
}
