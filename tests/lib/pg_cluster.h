// PgCluster: a throw-away PostgreSQL for tests, on a unix socket in a temporary directory.
// SPDX-License-Identifier: MIT
//
//     std::string url = cft_test::PgCluster::shared().create_database();
//
// Made with initdb (under a second), fsync off, no TCP, trust inside a private directory; runs as
// user postgres where the test is root. Gone with its object, and when the test process dies.
#pragma once

#include "tests/lib/process.h"

#include <memory>
#include <string>
#include <vector>

namespace cft_test
{

class PgCluster
{
      public:
	// Starts; `settings` are "name=value" for the command line of postgres.
	explicit PgCluster(const std::vector<std::string> &settings = {});
	~PgCluster();
	PgCluster(const PgCluster &) = delete;
	PgCluster &operator=(const PgCluster &) = delete;

	// One cluster for the whole test program, started at the first call. Tests that stop or
	// kill it make their own.
	static PgCluster &shared();

	// A libpq connection string of a database, as superuser `postgres`.
	std::string url(const std::string &database = "postgres") const;
	// A new empty database with a unique name; its connection string.
	std::string create_database();
	// Runs SQL with psql; the unaligned rows as text. Throws with psql's message on an error.
	std::string sql(const std::string &url, const std::string &sql) const;

	void start(); // waits until it accepts connections; `start` after `stop` or `kill9`
	void stop();  // fast shutdown: clients are cut
	void stop_immediate(); // like a crash of PostgreSQL: recovery at the next start
	void kill9();          // SIGKILL of the postmaster; its children notice and end
	void restart();        // stop and start
	// Becomes a streaming standby of `primary`, with a copy of its data, and starts. It must
	// not run. The primary waits for it from then on (synchronous_standby_names).
	void follow(PgCluster &primary);
	void promote();       // a standby becomes the primary, and waits for nobody
	void kill_backends(); // pg_terminate_backend of all client connections but its own
	pid_t postmaster_pid()
	{
		return server_.pid();
	}
	const std::string &socket_dir() const
	{
		return dir_.path();
	}
	std::string data_dir() const
	{
		return dir_.file("data");
	}
	std::string log() const; // the server's log so far

	// The directory of initdb, postgres, psql …: $CFT_PG_BINDIR, or the newest installed.
	static std::string bin_dir();

      private:
	bool ready() const;
	void own_options(RunOptions &options) const;
	void wait_for(const std::string &standby_names);

	TempDir dir_;
	std::vector<std::string> settings_;
	Background server_;
	int databases_ = 0;
};

// The user that PostgreSQL runs as: "postgres" where we are root, else "" (ourselves).
std::string pg_user();

} // namespace cft_test
