/* A client in another language: stubs generated from proto/ by Python's own tools.
 * SPDX-License-Identifier: MIT
 */
#include "tests/integration/server/fixture.h"

namespace
{

TEST(Python, RegistersWatchesAndGetsTheConflict)
{
	const std::string python = "/usr/bin/python3", proto = CFT_SOURCE_DIR "/proto";
	cft_test::TempDir stubs;
	auto has = cft_test::run({python, "-c", "import grpc, grpc_tools"});
	if (has.exit_code != 0)
		GTEST_SKIP() << "python3-grpcio and python3-grpc-tools are not installed";
	auto made =
		cft_test::run({python, "-m", "grpc_tools.protoc", "-I" + proto, "-I/usr/include",
	                       "--python_out=" + stubs.path(), "--grpc_python_out=" + stubs.path(),
	                       "confiture/v1/types.proto", "confiture/v1/effect.proto",
	                       "confiture/v1/coordination_service.proto"});
	ASSERT_EQ(made.exit_code, 0) << made.err;
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	auto ran = cft_test::run({python, CFT_SOURCE_DIR "/tests/e2e/python/participate.py",
	                          stubs.path(), server.address});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(ran.out.substr(0, 13), "conflict cfl_");
}

} // namespace
