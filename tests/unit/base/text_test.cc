// Buffers, arenas, UTF-8, clocks, digests: the small parts everything stands on.
// SPDX-License-Identifier: MIT
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/utf8.h"

#include <gtest/gtest.h>
#include <string>

TEST(Buf, GrowsAndStaysTerminated)
{
	struct cft_buf buf = CFT_BUF_INIT;

	EXPECT_STREQ("", cft_buf_str(&buf));
	for (int i = 0; i < 1000; i++)
		cft_buf_addf(&buf, "%03d", i);
	EXPECT_EQ(3000u, buf.len);
	EXPECT_EQ('\0', buf.data[3000]);
	char *text = cft_buf_detach(&buf);
	EXPECT_EQ(nullptr, buf.data);
	EXPECT_EQ(0, strncmp(text, "000001002", 9));
	free(text);
}

TEST(Arena, GivesZeroedAlignedMemoryOfAnySize)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	for (size_t size : {1, 17, 5000, 3000000}) {
		auto *p = static_cast<unsigned char *>(cft_arena_alloc(&arena, size));
		EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(p) % 16);
		EXPECT_EQ(0, p[0] | p[size - 1]);
	}
	EXPECT_STREQ("x=1", cft_arena_printf(&arena, "x=%d", 1));
	EXPECT_EQ(nullptr, cft_arena_strdup(&arena, nullptr));
	cft_arena_release(&arena);
}

struct utf8_case {
	std::string bytes;
	bool valid;
};

class Utf8Valid : public testing::TestWithParam<utf8_case>
{
};

TEST_P(Utf8Valid, AgreesWithRfc3629)
{
	const utf8_case &c = GetParam();

	EXPECT_EQ(c.valid, cft_utf8_valid(c.bytes.data(), c.bytes.size(), nullptr));
}

INSTANTIATE_TEST_SUITE_P(Rfc3629, Utf8Valid,
                         testing::Values(utf8_case{"plain", true}, utf8_case{"é€😀", true},
                                         utf8_case{std::string("a\0b", 3), false},
                                         utf8_case{"\xC0\xAF", false}, utf8_case{"\xC3", false},
                                         utf8_case{"\xED\xA0\x80", false},
                                         utf8_case{"\xF4\x90\x80\x80", false},
                                         utf8_case{"\xE0\x80\x80", false}, utf8_case{"\x80", false},
                                         utf8_case{"\xFF", false}));

TEST(Utf8Valid, TellsTheFirstBadByte)
{
	size_t offset = 0;

	EXPECT_FALSE(cft_utf8_valid("ab\xFFz", 4, &offset));
	EXPECT_EQ(2u, offset);
}

TEST(Utf8Clip, EndsOnACharactersBoundary)
{
	EXPECT_EQ(2u, cft_utf8_clip("ab", 2, 5));
	EXPECT_EQ(1u, cft_utf8_clip("aé", 3, 2));
	EXPECT_EQ(3u, cft_utf8_clip("aéb", 4, 3));
	EXPECT_EQ(0u, cft_utf8_clip("é", 2, 1));
}

TEST(Utf8Control, IsFoundAnywhere)
{
	EXPECT_FALSE(cft_utf8_has_control("plain é"));
	EXPECT_TRUE(cft_utf8_has_control("a\nb"));
	EXPECT_TRUE(cft_utf8_has_control("é\xe2\x80\xae"));
}

TEST(Utf8Width, CountsColumnsAsTerminalsDo)
{
	EXPECT_EQ(5u, cft_utf8_width("users"));
	EXPECT_EQ(4u, cft_utf8_width("日本"));
	EXPECT_EQ(1u, cft_utf8_width("e\u0301"));
	EXPECT_EQ(2u, cft_utf8_width("✅"));
	EXPECT_EQ(3u, cft_utf8_fit("日本", 3));
}

TEST(Time, RoundTripsThroughText)
{
	char text[CFT_TIME_TEXT];
	int64_t back = 0;

	EXPECT_STREQ("2026-11-22T18:00:00.000123Z", cft_time_format(1795370400000123, text));
	EXPECT_EQ(0, cft_time_parse(text, &back));
	EXPECT_EQ(1795370400000123, back);
	EXPECT_STREQ("1969-12-31T23:59:59.999999Z", cft_time_format(-1, text));
	EXPECT_EQ(CFT_E_INVALID, cft_time_parse("yesterday", &back));
}

TEST(Duration, ReadsUnitsAndRefusesNonsense)
{
	int64_t us = 0;

	EXPECT_EQ(0, cft_duration_parse("30s", &us));
	EXPECT_EQ(30000000, us);
	EXPECT_EQ(0, cft_duration_parse("1.5h", &us));
	EXPECT_EQ(5400000000, us);
	EXPECT_EQ(0, cft_duration_parse("15", &us));
	EXPECT_EQ(15000000, us);
	for (const char *bad : {"", "-1s", "1 week", "nan", "inf", "1e40d"})
		EXPECT_EQ(CFT_E_INVALID, cft_duration_parse(bad, &us)) << bad;
}

TEST(Sha256, MatchesTheStandardsExample)
{
	char hex[CFT_SHA256_HEX];

	// FIPS 180-2, appendix B.1
	EXPECT_STREQ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	             cft_sha256_hex("abc", 3, hex));
}

TEST(JsonError, HoldsOnlyWhatIsKnown)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail(&err, CFT_E_SYNTAX, "syntax error at \"FRM\"");
	cft_err_at(&err, "", 2, 9);
	json_t *json = cft_json_error(&err);
	char *text = cft_json_compact(json);
	EXPECT_STREQ(R"({"error":{"code":"SYNTAX","reason":"SQL_SYNTAX_ERROR",)"
	             R"("message":"syntax error at \"FRM\"","line":2,"column":9}})",
	             text);
	free(text);
	json_decref(json);
}

TEST(JsonCompact, WritesWhatReadsBackTheSame)
{
	const char *text = R"({"a":[1,-9223372036854775808,2.5,true,false,null,[],{}],)"
			   R"("b":"x\"y\\z\n\t\u0001\u001F/é€😀","":""})";
	json_t *json = cft_json_parse(text, strlen(text), nullptr);
	ASSERT_NE(nullptr, json);
	char *written = cft_json_compact(json);
	EXPECT_STREQ(text, written);
	json_t *again = cft_json_parse(written, strlen(written), nullptr);
	EXPECT_TRUE(json_equal(json, again));
	json_decref(again);
	json_decref(json);
	free(written);
	EXPECT_STREQ("null", written = cft_json_compact(nullptr));
	free(written);
}

TEST(JsonParse, NamesThePlaceOfTheError)
{
	struct cft_err err = CFT_ERR_INIT;
	const char *text = "{\n\"a\": }";

	EXPECT_EQ(nullptr, cft_json_parse(text, strlen(text), &err));
	EXPECT_STREQ("INVALID_JSON", err.reason);
	EXPECT_EQ(2, err.line);
}
