// World: a server on a database of its own, and the command line against it.
// SPDX-License-Identifier: MIT
#pragma once

#include "tests/lib/process.h"

#include <string>
#include <utility>
#include <vector>

namespace cft_test
{

// A free TCP port of the loopback address.
int free_port();

// confiture-server on a fresh database of the shared cluster, on a port that stays the same over
// restarts.
class Server
{
      public:
	Server();
	void start(); // waits until it is ready
	void kill9();
	void stop();
	std::string address() const
	{
		return "127.0.0.1:" + std::to_string(port_);
	}
	std::string log() const
	{
		return read_file(dir_.file("server.err"));
	}
	const std::string &database_url() const
	{
		return database_url_;
	}
	static Server &shared(); // one for the whole program

      private:
	TempDir dir_;
	int port_;
	std::string database_url_;
	Background process_;
};

// A folder with an environment in which `confiture` talks to one server and one project.
class World
{
      public:
	// With no address: no server is configured; a local one would be started.
	explicit World(const std::string &server_address);
	RunResult run(const std::vector<std::string> &arguments, const std::string &input = "");
	// run() with `coordinate` before and `--format json` after.
	RunResult json(std::vector<std::string> arguments);
	// A script of bash in the folder, `confiture` in its PATH.
	RunResult bash(const std::string &script, int timeout_s = 120);
	// The value of a jq expression over text.
	static std::string jq(const std::string &expression, const std::string &text);
	// Registers; the intent's id. Throws where it fails.
	std::string registered(const std::string &agent, const std::string &feature,
	                       const std::string &sql);

	TempDir dir;
	std::vector<std::pair<std::string, std::string>> env;
};

} // namespace cft_test
