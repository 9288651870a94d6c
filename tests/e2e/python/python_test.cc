/* A client in another language: stubs generated from proto/ by Python's own tools.
 * SPDX-License-Identifier: MIT
 */
#include "tests/integration/server/fixture.h"

namespace
{

/* The first fenced block of that language in a page. */
std::string block_of(const std::string &page, const std::string &language)
{
	std::string text = cft_test::read_file(page);
	size_t begin = text.find("```" + language + "\n") + language.size() + 4;

	return text.substr(begin, text.find("```\n", begin) - begin);
}

void replace(std::string &text, const std::string &what, const std::string &with)
{
	size_t at = text.find(what);

	ASSERT_NE(at, std::string::npos) << what;
	text.replace(at, what.size(), with);
}

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
	                       "confiture/v1/coordination_service.proto", "google/rpc/status.proto",
	                       "google/rpc/error_details.proto"});
	ASSERT_EQ(made.exit_code, 0) << made.err;
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	auto ran = cft_test::run({python, CFT_SOURCE_DIR "/tests/e2e/python/participate.py",
	                          stubs.path(), server.address});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(ran.out.substr(0, 13), "conflict cfl_");

	/* The participant of docs/clients.md, and then a second one that is in its way. */
	std::string example = block_of(CFT_SOURCE_DIR "/docs/clients.md", "python");
	replace(example, "127.0.0.1:7430", server.address);
	std::string path = stubs.write("example.py", example);
	ran = cft_test::run({python, path});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(ran.out.find("not started"), std::string::npos) << ran.out;
	replace(example, "planner", "other");
	replace(example, "bio text", "bio int");
	ran = cft_test::run({python, stubs.write("example.py", example)});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_NE(ran.out.find("not started: BLOCKED_BY_CONFLICT"), std::string::npos) << ran.out;
}

} // namespace
