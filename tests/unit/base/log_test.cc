// The log: what others wrote cannot forge lines or reach a terminal.
// SPDX-License-Identifier: MIT
#include "common/base/log.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

std::string logged(bool json, const std::string &value)
{
	testing::internal::CaptureStderr();
	cft_log_setup(CFT_LOG_INFO, json);
	cft_log(CFT_LOG_INFO, "call", "agent", value.c_str(), NULL);
	cft_log_setup(CFT_LOG_INFO, false);
	std::string line = testing::internal::GetCapturedStderr();
	return line.substr(line.find("call"));
}

} // namespace

TEST(Log, PlainValuesStandAsTheyAre)
{
	EXPECT_EQ("call agent=alice-1\n", logged(false, "alice-1"));
	EXPECT_EQ("call agent=\"\"\n", logged(false, ""));
	EXPECT_EQ("call agent=\"a b\"\n", logged(false, "a b"));
	EXPECT_EQ("call agent=j\xC3\xBCrg\n", logged(false, "j\xC3\xBCrg"));
}

TEST(Log, AnErrorHasItsPlaceAndNoEmptyFields)
{
	struct cft_err err = CFT_ERR_INIT;
	testing::internal::CaptureStderr();
	cft_fail_reason(&err, CFT_E_CONFIG, "UNKNOWN_KEY", "unknown key 'x'");
	cft_log_err(CFT_LOG_ERROR, "cannot start", &err);
	cft_err_at(&err, "server.yaml", 3, 7);
	cft_err_hint(&err, "remove it");
	cft_log_err(CFT_LOG_ERROR, "cannot start", &err);
	std::string lines = testing::internal::GetCapturedStderr();
	EXPECT_NE(std::string::npos,
	          lines.find("cannot start reason=UNKNOWN_KEY message=\"unknown key 'x'\"\n"))
		<< lines;
	EXPECT_NE(std::string::npos,
	          lines.find("cannot start reason=UNKNOWN_KEY at=server.yaml:3:7 "
	                     "message=\"unknown key 'x'\" hint=\"remove it\"\n"))
		<< lines;
}

TEST(Log, AValueCannotForgeALineOrAField)
{
	EXPECT_EQ("call agent=\"a\\n2026 info  stopped\"\n",
	          logged(false, "a\n2026 info  stopped"));
	EXPECT_EQ("call agent=\"a\\\" role=\\\"operator\"\n", logged(false, "a\" role=\"operator"));
}

TEST(Log, ControlCharactersOfTerminalsAreMadeVisible)
{
	for (bool json : {false, true})
		for (std::string bad : {"\x1b[2J", "\x7f",
		                        "\xC2\x9B"
		                        "31m",
		                        "\xE2\x80\xAE"
		                        "x"}) {
			std::string line = logged(json, "a" + bad);
			EXPECT_EQ(std::string::npos, line.find(bad)) << line;
			EXPECT_NE(std::string::npos, line.find("\\u")) << line;
		}
}

TEST(Log, MalformedBytesAreShownAndLongValuesCut)
{
	EXPECT_EQ("call agent=\"a\\\\xffb\"\n", logged(false, "a\xFF"
	                                                      "b"));
	std::string line = logged(false, std::string(300000, 'x'));
	EXPECT_LT(line.size(), 1200u);
	EXPECT_NE(std::string::npos, line.find("300000 bytes"));
}
