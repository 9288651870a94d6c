// Starting: what is wrong with the settings is said at once, in a sentence, with its place.
// SPDX-License-Identifier: MIT
#include "tests/lib/process.h"

#include <gtest/gtest.h>

using namespace cft_test;

namespace
{

struct WrongCase {
	const char *name;
	const char *text;
	const char *message; // how standard error begins
};

const WrongCase wrong[] = {
	{"Key", "listn: x\n", "confiture-server: s.yaml:1:1: unknown key 'listn', did you mean"},
	{"Value", "lease:\n  min: 5x\n", "confiture-server: s.yaml:2:8: lease.min: '5x' is not"},
	{"Range", "database_connections: 99\n",
         "confiture-server: s.yaml:1:23: database_connections: 99 is outside 1 to 64\n"},
	{"TlsFile", "tls:\n  cert: none.crt\n  key: none.key\n",
         "confiture-server: tls.cert: cannot read none.crt: No such file"},
	{"TlsHalf", "tls:\n  cert: s.yaml\n",
         "confiture-server: tls.cert and tls.key come together\n"},
	{"DatabaseUrl", "database_url: mysql://db/x\n",
         "confiture-server: the connection string of the database is malformed"},
};

class WrongSettings : public testing::TestWithParam<WrongCase>
{
};

} // namespace

TEST_P(WrongSettings, AreASentenceWithItsPlaceAndExitCode2)
{
	TempDir dir;
	RunOptions options;
	dir.write("s.yaml", GetParam().text);
	options.cwd = dir.path();
	RunResult result = run({program("confiture-server"), "--config", "s.yaml"}, options);
	EXPECT_EQ(2, result.exit_code);
	EXPECT_EQ(0u, result.err.find(GetParam().message)) << result.err;
	EXPECT_EQ("", result.out);
}

INSTANTIATE_TEST_SUITE_P(, WrongSettings, testing::ValuesIn(wrong),
                         [](const auto &param) { return param.param.name; });

// Who collects logs as JSON gets this one as JSON as well.
TEST(StartError, IsARecordOfTheLogUnderLogFormatJson)
{
	RunResult result = run({program("confiture-server"), "--log-format", "json",
	                        "--database-url", "postgresql://127.0.0.1:1/x"});
	EXPECT_EQ(3, result.exit_code);
	EXPECT_NE(std::string::npos, result.err.find("\"event\":\"cannot start\"")) << result.err;
	EXPECT_NE(std::string::npos, result.err.find("check host and port")) << result.err;
}
