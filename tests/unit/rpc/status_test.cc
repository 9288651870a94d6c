/* Errors on the wire: what a server fails with is what its client gets.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/status.h"

#include "common/rpc/codec.h"

#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>
#include <gtest/gtest.h>
#include <string>

namespace
{

struct cft_err round_trip(const struct cft_err &err)
{
	struct cft_buf bytes = CFT_BUF_INIT;
	struct cft_err back = CFT_ERR_INIT;

	cft_status_encode(&err, &bytes);
	EXPECT_EQ(cft_status_decode(cft_code_grpc(err.code), err.message, bytes.data, bytes.len,
	                            &back),
	          err.code);
	cft_buf_release(&bytes);
	return back;
}

TEST(Status, RoundTripKeepsEveryField)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail_reason(&err, CFT_E_SYNTAX, "SQL_SYNTAX_ERROR",
	                "syntax error at or near \"TABEL\"");
	cft_err_hint(&err, "did you mean TABLE?");
	cft_err_at(&err, "schema_changes[2]", 3, 14);
	snprintf(err.sqlstate, sizeof(err.sqlstate), "42601");
	err.retry_after_ms = 2500;
	struct cft_err back = round_trip(err);
	EXPECT_STREQ(back.reason, err.reason);
	EXPECT_STREQ(back.message, err.message);
	EXPECT_STREQ(back.hint, err.hint);
	EXPECT_STREQ(back.file, err.file);
	EXPECT_STREQ(back.sqlstate, err.sqlstate);
	EXPECT_EQ(back.line, 3);
	EXPECT_EQ(back.column, 14);
	EXPECT_EQ(back.retry_after_ms, 2500);
}

TEST(Status, NarrowReasonKeepsTheCodeAndSoTheExitCode)
{
	const int codes[] = {CFT_E_FAILED, CFT_E_STATE,        CFT_E_CONFLICT,
	                     CFT_E_LOCKED, CFT_E_IRREVERSIBLE, CFT_E_NOT_FOUND};

	for (int code : codes) {
		struct cft_err err = CFT_ERR_INIT;
		cft_fail_reason(&err, code, "LEASE_EXPIRED", "the lease has lapsed");
		struct cft_err back = round_trip(err);
		EXPECT_EQ(back.code, code);
		EXPECT_STREQ(back.reason, "LEASE_EXPIRED");
	}
}

TEST(Status, InvalidInputCarriesAFieldViolation)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_buf bytes = CFT_BUF_INIT;
	struct cft_arena arena = CFT_ARENA_INIT;
	Google__Rpc__Status *status;
	Google__Rpc__BadRequest *request;

	cft_fail(&err, CFT_E_INVALID, "agent_id is empty");
	cft_err_at(&err, "agent_id", 0, 0);
	cft_status_encode(&err, &bytes);
	ASSERT_EQ(cft_proto_unpack(&google__rpc__status__descriptor, bytes.data, bytes.len, &arena,
	                           &status, nullptr),
	          0);
	EXPECT_EQ(status->code, 3);
	ASSERT_EQ(status->n_details, 2u);
	EXPECT_STREQ(status->details[1]->type_url, "type.googleapis.com/google.rpc.BadRequest");
	ASSERT_EQ(cft_proto_unpack(&google__rpc__bad_request__descriptor,
	                           status->details[1]->value.data, status->details[1]->value.len,
	                           &arena, &request, nullptr),
	          0);
	ASSERT_EQ(request->n_field_violations, 1u);
	EXPECT_STREQ(request->field_violations[0]->field, "agent_id");
	cft_arena_release(&arena);
	cft_buf_release(&bytes);
}

TEST(Status, AMessageCutInsideACharacterStaysValidUtf8)
{
	struct cft_err err = CFT_ERR_INIT;
	std::string text;

	for (int i = 0; i < 400; i++)
		text += "é";
	cft_fail(&err, CFT_E_FAILED, "x%s", text.c_str());
	struct cft_err back = round_trip(err);
	EXPECT_EQ(back.code, CFT_E_FAILED);
	EXPECT_STREQ(back.reason, "OPERATION_FAILED");
}

TEST(Status, ForeignServersWithoutDetailsGiveTheNearestCode)
{
	struct cft_err err = CFT_ERR_INIT;

	EXPECT_EQ(cft_status_decode(14, "connect failed", nullptr, 0, &err), CFT_E_UNAVAILABLE);
	EXPECT_EQ(cft_status_decode(5, "no such thing", "\xff\xff", 2, &err), CFT_E_NOT_FOUND);
	EXPECT_STREQ(err.message, "no such thing");
	EXPECT_EQ(cft_status_decode(2, "unknown", nullptr, 0, &err), CFT_E_INTERNAL);
	EXPECT_EQ(cft_status_decode(0, "", nullptr, 0, &err), 0);
}

} // namespace
