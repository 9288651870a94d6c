/* A client in another language: Node with @grpc/grpc-js, which npm fetches once.
 * SPDX-License-Identifier: MIT
 */
#include "tests/integration/server/fixture.h"

#include <sys/stat.h>

namespace
{

/* The directory with node_modules, kept in the build for the next run; "" without a registry. */
std::string modules()
{
	const std::string dir = CFT_BIN_DIR "/../node-client";
	const std::string marker = dir + "/node_modules/@grpc/grpc-js/package.json";
	struct stat st;

	if (stat(marker.c_str(), &st) == 0)
		return dir + "/node_modules";
	cft_test::RunOptions options;
	options.timeout_s = 90;
	auto ran = cft_test::run({"npm", "install", "--silent", "--no-audit", "--no-fund",
	                          "--prefix", dir, "@grpc/grpc-js@1", "@grpc/proto-loader@0"},
	                         options);
	return ran.exit_code == 0 ? dir + "/node_modules" : "";
}

TEST(Node, RegistersWatchesAndGetsTheConflict)
{
	if (cft_test::run({"node", "--version"}).exit_code != 0)
		GTEST_SKIP() << "node is not installed";
	std::string path = modules();
	if (path.empty())
		GTEST_SKIP() << "npm cannot fetch @grpc/grpc-js here";
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	cft_test::RunOptions options;
	options.env = {{"NODE_PATH", path}};
	auto ran = cft_test::run({"node", CFT_SOURCE_DIR "/tests/e2e/node/participate.js",
	                          CFT_SOURCE_DIR "/proto", server.address},
	                         options);
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(ran.out.substr(0, 13), "conflict cfl_");
}

} // namespace
