// Errors: codes, places, and text that outlives its arguments.
// SPDX-License-Identifier: MIT
#include "common/base/err.h"

#include <gtest/gtest.h>

TEST(Fail, SetsCodeDefaultReasonAndMessage)
{
	struct cft_err err = CFT_ERR_INIT;

	EXPECT_EQ(CFT_E_NOT_FOUND, cft_fail(&err, CFT_E_NOT_FOUND, "no intent %s", "int_1"));
	EXPECT_STREQ("NOT_FOUND", err.reason);
	EXPECT_STREQ("no intent int_1", err.message);
}

TEST(Fail, MayFormatTheErrorThatItReplaces)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail(&err, CFT_E_INVALID, "inner");
	cft_fail(&err, CFT_E_INVALID, "outer: %s", err.message);
	EXPECT_STREQ("outer: inner", err.message);
}

TEST(Fail, AcceptsNoRecord)
{
	EXPECT_EQ(CFT_E_LIMIT, cft_fail(nullptr, CFT_E_LIMIT, "x"));
}

TEST(ErrPrefix, KeepsThePlaceAndCutsLongText)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail(&err, CFT_E_SYNTAX, "%s", std::string(5000, 'x').c_str());
	cft_err_at(&err, "a.sql", 3, 7);
	cft_err_prefix(&err, "statement %d", 2);
	EXPECT_EQ(0, std::string(err.message).rfind("statement 2: xxx", 0));
	EXPECT_EQ(3, err.line);
	EXPECT_EQ(sizeof(err.message) - 1, strlen(err.message));
}

TEST(ErrPlace, NamesFileLineAndColumnAsFarAsKnown)
{
	struct cft_err err = CFT_ERR_INIT;
	char place[CFT_ERR_PLACE];

	cft_fail(&err, CFT_E_SYNTAX, "syntax error");
	EXPECT_STREQ("", cft_err_place(&err, place));
	cft_err_at(&err, "a.sql", 3, 7);
	EXPECT_STREQ("a.sql:3:7", cft_err_place(&err, place));
	cft_err_at(&err, "a.sql", 3, 0);
	EXPECT_STREQ("a.sql:3", cft_err_place(&err, place));
	cft_err_at(&err, "", 3, 7);
	EXPECT_STREQ("line 3:7", cft_err_place(&err, place));
	cft_err_at(&err, "--listen", 0, 0);
	EXPECT_STREQ("--listen", cft_err_place(&err, place));
}

TEST(ErrPlace, LeavesOutWhatTheMessageNames)
{
	struct cft_err err = CFT_ERR_INIT;
	char place[CFT_ERR_PLACE];

	cft_fail(&err, CFT_E_INVALID, "agent_id is empty");
	cft_err_at(&err, "agent_id", 0, 0);
	EXPECT_STREQ("", cft_err_place(&err, place));
}

TEST(CodeTable, MapsEveryCodeToGrpcAndExit)
{
	EXPECT_EQ(5, cft_code_grpc(CFT_E_NOT_FOUND));
	EXPECT_EQ(4, cft_code_exit(CFT_E_NOT_FOUND));
	EXPECT_EQ(70, cft_code_exit(CFT_E_INTERNAL));
	EXPECT_EQ(0, cft_code_exit(CFT_OK));
}

TEST(CodeFromGrpc, PrefersTheReason)
{
	EXPECT_EQ(CFT_E_LOCKED, cft_code_from_grpc(9, "LOCKED"));
	EXPECT_EQ(CFT_E_FAILED, cft_code_from_grpc(9, "SOMETHING_NEW"));
	EXPECT_EQ(CFT_E_INTERNAL, cft_code_from_grpc(2, nullptr));
}
