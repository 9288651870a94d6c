// PgCluster: initdb, postgres and psql of the installed PostgreSQL.
// SPDX-License-Identifier: MIT
#include "tests/lib/pg_cluster.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>

namespace fs = std::filesystem;

namespace cft_test
{

std::string pg_user()
{
	return geteuid() == 0 ? "postgres" : "";
}

std::string PgCluster::bin_dir()
{
	const char *chosen = getenv("CFT_PG_BINDIR");
	int best = 0;

	if (chosen && *chosen)
		return chosen;
	std::error_code missing;
	for (const auto &entry : fs::directory_iterator("/usr/lib/postgresql", missing))
		if (fs::exists(entry.path() / "bin/initdb"))
			best = std::max(best, atoi(entry.path().filename().c_str()));
	if (best == 0)
		throw std::runtime_error("no PostgreSQL server in /usr/lib/postgresql");
	return "/usr/lib/postgresql/" + std::to_string(best) + "/bin";
}

namespace
{

// Without the PG* variables that a developer may have set.
RunOptions clean_options()
{
	RunOptions options;

	for (const char *name : {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
	                         "PGOPTIONS", "PGSERVICE", "PGSSLMODE", "PGDATA", "PGTZ"})
		options.env.emplace_back(name, "");
	options.env.emplace_back("LC_ALL", "C");
	return options;
}

void must(const RunResult &result, const std::string &what)
{
	if (result.exit_code != 0)
		throw std::runtime_error(what + ": " + result.err + result.out);
}

} // namespace

PgCluster::PgCluster(const std::vector<std::string> &settings) : dir_("cft-pg"), settings_(settings)
{
	RunOptions options = clean_options();

	own_options(options);
	if (geteuid() == 0) {
		struct passwd *user = getpwnam("postgres");
		if (!user || chown(dir_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
			throw std::runtime_error("PostgreSQL's user `postgres` is missing");
	}
	must(run({bin_dir() + "/initdb", "-D", data_dir(), "-U", "postgres", "-A", "trust", "-N",
	          "-E", "UTF8", "--locale=C"},
	         options),
	     "initdb");
	start();
}

void PgCluster::own_options(RunOptions &options) const
{
	options.user = pg_user();
	options.cwd = "/";
}

PgCluster::~PgCluster()
{
	if (server_.running())
		server_.stop(SIGQUIT);
}

PgCluster &PgCluster::shared()
{
	static PgCluster cluster;

	return cluster;
}

std::string PgCluster::url(const std::string &database) const
{
	return "host=" + socket_dir() + " port=5432 user=postgres dbname=" + database;
}

bool PgCluster::ready() const
{
	RunOptions options = clean_options();

	return run({bin_dir() + "/pg_isready", "-q", "-d", url()}, options).exit_code == 0;
}

void PgCluster::start()
{
	RunOptions options = clean_options();
	std::vector<std::string> argv = {bin_dir() + "/postgres",
	                                 "-D",
	                                 data_dir(),
	                                 "-k",
	                                 socket_dir(),
	                                 "-p",
	                                 "5432",
	                                 "-h",
	                                 ""};
	std::vector<std::string> settings = {
		"fsync=off",           "synchronous_commit=off", "full_page_writes=off",
		"max_connections=100", "shared_buffers=32MB",    "autovacuum_naptime=60"};

	settings.insert(settings.end(), settings_.begin(), settings_.end());
	for (const std::string &setting : settings) {
		argv.push_back("-c");
		argv.push_back(setting);
	}
	own_options(options);
	options.stderr_path = dir_.file("log");
	options.stdout_path = dir_.file("log");
	options.death_signal = SIGQUIT;
	// After a SIGKILL the old children hold the shared memory until they notice.
	for (int attempt = 0; attempt < 20; attempt++) {
		server_ = Background(argv, options);
		if (eventually([this] { return ready() || !server_.running(); }) &&
		    server_.running())
			return;
		sleep_ms(250);
	}
	throw std::runtime_error("PostgreSQL does not start: " + log());
}

void PgCluster::stop()
{
	server_.stop(SIGINT);
}

void PgCluster::stop_immediate()
{
	server_.stop(SIGQUIT);
}

void PgCluster::kill9()
{
	server_.stop(SIGKILL);
}

void PgCluster::restart()
{
	stop();
	start();
}

void PgCluster::wait_for(const std::string &standby_names)
{
	sql(url(), "ALTER SYSTEM SET synchronous_standby_names = '" + standby_names + "'");
	sql(url(), "SELECT pg_reload_conf()");
}

void PgCluster::follow(PgCluster &primary)
{
	RunOptions options = clean_options();

	own_options(options);
	fs::remove_all(data_dir());
	must(run({bin_dir() + "/pg_basebackup", "-d", primary.url(), "-D", data_dir(), "-R", "-c",
	          "fast", "-X", "stream"},
	         options),
	     "pg_basebackup");
	start();
	bool streams = eventually([&] {
		return primary.sql(primary.url(), "SELECT count(*) FROM pg_stat_replication "
		                                  "WHERE state = 'streaming'") != "0";
	});
	if (!streams)
		throw std::runtime_error("the standby does not follow: " + log());
	primary.wait_for("*");
}

void PgCluster::promote()
{
	RunOptions options = clean_options();

	own_options(options);
	must(run({bin_dir() + "/pg_ctl", "promote", "-w", "-D", data_dir()}, options), "promote");
	wait_for("");
}

void PgCluster::kill_backends()
{
	sql(url(), "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
	           "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
}

std::string PgCluster::create_database()
{
	std::string name = "test" + std::to_string(++databases_);

	sql(url(), "CREATE DATABASE " + name);
	return url(name);
}

std::string PgCluster::sql(const std::string &url, const std::string &sql) const
{
	RunOptions options = clean_options();

	options.input = sql;
	RunResult result = run({bin_dir() + "/psql", "-X", "-q", "-A", "-t", "-v",
	                        "ON_ERROR_STOP=1", "-d", url, "-f", "-"},
	                       options);
	must(result, "psql");
	if (!result.out.empty() && result.out.back() == '\n')
		result.out.pop_back();
	return result.out;
}

std::string PgCluster::log() const
{
	return read_file(dir_.file("log"));
}

} // namespace cft_test
