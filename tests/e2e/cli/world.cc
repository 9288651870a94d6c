// World: a server on a database of its own, and the command line against it.
// SPDX-License-Identifier: MIT
#include "tests/e2e/cli/world.h"

#include "tests/lib/pg_cluster.h"

#include <arpa/inet.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace cft_test
{

int free_port()
{
	struct sockaddr_in address = {};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, reinterpret_cast<struct sockaddr *>(&address), sizeof(address)) != 0 ||
	    getsockname(fd, reinterpret_cast<struct sockaddr *>(&address), &len) != 0)
		throw std::runtime_error("no free port");
	close(fd);
	return ntohs(address.sin_port);
}

Server::Server() : port_(free_port()), database_url_(PgCluster::shared().create_database())
{
	start();
}

void Server::start()
{
	RunOptions options;

	options.stdout_path = dir_.file("server.out");
	options.stderr_path = dir_.file("server.err");
	unlink(options.stdout_path.c_str());
	process_ = Background({program("confiture-server"), "--listen", address(), "--database-url",
	                       database_url_, "--data-dir", dir_.file("data")},
	                      options);
	bool ready = eventually(
		[&] {
			return !process_.running() ||
		               read_file(options.stdout_path).find("ready on") != std::string::npos;
		},
		60);
	if (!ready || !process_.running())
		throw std::runtime_error("the server does not start: " + log());
}

void Server::kill9()
{
	process_.stop(9);
}

void Server::stop()
{
	process_.stop(15);
}

Server &Server::shared()
{
	static Server server;
	return server;
}

static int worlds;

World::World(const std::string &server_address)
{
	std::string bin = program("confiture");

	env = {{"CONFITURE_SERVER", server_address},
	       {"CONFITURE_PROJECT", "test-" + std::to_string(++worlds)},
	       {"CONFITURE_DATA_DIR", dir.file("data")},
	       {"CONFITURE_AGENT_ID", ""},
	       {"CI", ""},
	       {"GITHUB_HEAD_REF", ""},
	       {"NO_COLOR", ""},
	       {"LC_ALL", "C.UTF-8"},
	       {"PATH", bin.substr(0, bin.rfind('/')) + ":" + getenv("PATH")}};
}

RunResult World::run(const std::vector<std::string> &arguments, const std::string &input)
{
	std::vector<std::string> argv = {program("confiture")};
	RunOptions options;

	argv.insert(argv.end(), arguments.begin(), arguments.end());
	options.env = env;
	options.cwd = dir.path();
	options.input = input;
	return cft_test::run(argv, options);
}

RunResult World::json(std::vector<std::string> arguments)
{
	arguments.insert(arguments.begin(), "coordinate");
	arguments.insert(arguments.end(), {"--format", "json"});
	return run(arguments);
}

RunResult World::bash(const std::string &script, int timeout_s)
{
	RunOptions options;

	options.env = env;
	options.cwd = dir.path();
	options.timeout_s = timeout_s;
	return cft_test::run({"bash", "-e", "-c", script}, options);
}

std::string World::jq(const std::string &expression, const std::string &text)
{
	RunOptions options;

	options.input = text;
	RunResult result = cft_test::run({"jq", "-cr", expression}, options);
	if (result.exit_code != 0)
		throw std::runtime_error("jq: " + result.err + " in: " + text);
	return result.out.substr(0, result.out.size() - 1);
}

std::string World::registered(const std::string &agent, const std::string &feature,
                              const std::string &sql)
{
	RunResult result = json({"register", "--agent-id", agent, "--feature-name", feature,
	                         "--schema-changes", sql});

	if (result.exit_code != 0)
		throw std::runtime_error("register: " + result.err);
	return jq(".intent.id", result.out);
}

} // namespace cft_test
