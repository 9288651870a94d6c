/* Governed migrations, from outside: generated Python clients, several servers, kill -9.
 * SPDX-License-Identifier: MIT
 */
#include "tests/integration/server/fixture.h"

namespace
{

using cft_test::PgCluster;
using cft_test::run;

const char *const python = "/usr/bin/python3";

bool HasPython()
{
	return run({python, "-c", "import grpc, grpc_tools"}).exit_code == 0;
}

class Governed : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		if (!HasPython())
			GTEST_SKIP() << "python3-grpcio and python3-grpc-tools are not installed";
		const std::string proto = CFT_SOURCE_DIR "/proto";
		auto made =
			run({python, "-m", "grpc_tools.protoc", "-I" + proto, "-I/usr/include",
		             "--python_out=" + stubs.path(), "--grpc_python_out=" + stubs.path(),
		             "confiture/v1/types.proto", "confiture/v1/effect.proto",
		             "confiture/v1/coordination_service.proto",
		             "confiture/v1/migration_service.proto"});
		ASSERT_EQ(made.exit_code, 0) << made.err;
		database = cluster().create_database();
		target = cluster().create_database();
		staging = cluster().create_database();
		config = dir.write(
			"server.yaml",
			"targets:\n" +
				Target("production", target, "    agents: [alice, bob, dave]\n") +
				Target("guarded", target, "    policy: approval-required\n") +
				Target("staging", staging, "    policy: free\n"));
	}
	static PgCluster &cluster()
	{
		return PgCluster::shared();
	}
	static std::string Target(const std::string &name, const std::string &url,
	                          const std::string &more)
	{
		return "  " + name + ":\n    url: \"" + url + "\"\n" + more;
	}
	cft_test::RunResult Script(const std::string &name, std::vector<std::string> args)
	{
		args.insert(args.begin(),
		            {python, CFT_SOURCE_DIR "/tests/e2e/governed/" + name, stubs.path()});
		return run(args);
	}

	cft_test::TempDir stubs, dir;
	std::string database, target, staging, config;
};

TEST_F(Governed, FromRegisterToMerged)
{
	ServerProcess server(database, {"--config", config});
	auto ran = Script("story.py", {server.address});

	EXPECT_EQ(ran.exit_code, 0) << ran.err << server.log();
	EXPECT_EQ(ran.out.substr(0, 11), "merged int_");
	EXPECT_EQ(cluster().sql(target, "SELECT string_agg(version, ' ' ORDER BY version) FROM "
	                                "confiture_migrations"),
	          "001 002 003");
	EXPECT_EQ(cluster().sql(target, "SELECT count(*) FROM pg_attribute WHERE attrelid = "
	                                "'users'::regclass AND attname = 'a'"),
	          "0");
}

} // namespace
