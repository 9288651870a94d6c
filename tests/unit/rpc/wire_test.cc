/* The wire check: what protobuf-c lets through and must not reach the server's code.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/codec.h"
#include "common/rpc/wire.h"

#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>
#include <gtest/gtest.h>
#include <string>

namespace
{

std::string tagged(int field, const std::string &payload)
{
	std::string out(1, static_cast<char>(field << 3 | 2));
	size_t len = payload.size();

	while (len >= 0x80) {
		out.push_back(static_cast<char>((len & 0x7f) | 0x80));
		len >>= 7;
	}
	out.push_back(static_cast<char>(len));
	return out + payload;
}

struct Unpacked {
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	Google__Rpc__BadRequest *message = nullptr;
	int rc;

	explicit Unpacked(const std::string &bytes)
	{
		rc = cft_proto_unpack(&google__rpc__bad_request__descriptor, bytes.data(),
		                      bytes.size(), &arena, &message, &err);
	}
	~Unpacked()
	{
		cft_arena_release(&arena);
	}
};

TEST(Wire, UnpacksAWellFormedMessage)
{
	Unpacked u(tagged(1, tagged(1, "intent.id") + tagged(2, "is empty")));

	ASSERT_EQ(u.rc, 0) << u.err.message;
	ASSERT_EQ(u.message->n_field_violations, 1u);
	EXPECT_STREQ(u.message->field_violations[0]->field, "intent.id");
	EXPECT_STREQ(u.message->field_violations[0]->description, "is empty");
}

TEST(Wire, EmptyBytesAreAMessageOfDefaults)
{
	Unpacked u("");

	ASSERT_EQ(u.rc, 0);
	EXPECT_EQ(u.message->n_field_violations, 0u);
}

TEST(Wire, RefusesANulByteAndNamesTheField)
{
	Unpacked u(tagged(1, tagged(1, std::string("a\0b", 3))));

	EXPECT_EQ(u.rc, CFT_E_INVALID);
	EXPECT_STREQ(u.err.reason, "NUL_BYTE");
	EXPECT_STREQ(u.err.file, "field_violations.field");
}

TEST(Wire, RefusesInvalidUtf8AndNamesTheField)
{
	Unpacked u(tagged(1, tagged(2, "\xc3\x28")));

	EXPECT_EQ(u.rc, CFT_E_INVALID);
	EXPECT_STREQ(u.err.reason, "INVALID_UTF8");
	EXPECT_STREQ(u.err.file, "field_violations.description");
}

TEST(Wire, RefusesMalformedBytes)
{
	const std::string cases[] = {
		"\x0a", /* a length is missing */
		"\x0a\x05"
		"ab",                       /* shorter than its length */
		"\x0b",                     /* a group */
		std::string("\x00\x01", 2), /* field number 0 */
		std::string(11, '\xff'),    /* an endless varint */
		"\x08\x01",                 /* a varint where a message belongs */
		tagged(1, "\x0a\xff\xff\xff\xff\x0f"),
	};

	for (const std::string &bytes : cases) {
		Unpacked u(bytes);
		EXPECT_EQ(u.rc, CFT_E_INVALID);
		EXPECT_STREQ(u.err.reason, "MALFORMED_MESSAGE");
	}
}

TEST(Wire, ToleratesUnknownFields)
{
	Unpacked u(tagged(15, "\xff\x00") + tagged(1, tagged(1, "x")));

	ASSERT_EQ(u.rc, 0) << u.err.message;
	EXPECT_EQ(u.message->n_field_violations, 1u);
}

TEST(Wire, SmallBytesCannotBecomeALargeTree)
{
	std::string bytes;

	for (int i = 0; i < 1000000; i++)
		bytes += tagged(1, "");
	Unpacked u(bytes);
	EXPECT_EQ(u.rc, CFT_E_INVALID);
	EXPECT_LE(u.arena.used_bytes, (1u << 20) + 17 * bytes.size());
}

} // namespace
