// Effects survive the wire, the log and the records' own copies, whatever fields they get.
// SPDX-License-Identifier: MIT
#include "common/sql/effect/analyze.h"
#include "server/codec/effects_codec.h"
#include "server/codec/records_codec.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

// The library's own JSON form holds every field: equal JSON is equal effects.
std::string text(const struct cft_effects *effects)
{
	json_t *json = cft_effects_to_json(effects);
	char *compact = cft_json_compact(json);
	std::string out = compact;

	free(compact);
	json_decref(json);
	return out;
}

const char *const kScripts[] = {
	"",
	"ALTER TABLE t_1 ADD note text DEFAULT ''; CREATE INDEX ON t_1 (note)",
	"CREATE TABLE a (id serial PRIMARY KEY, m mood DEFAULT 'ok' CHECK (m <> 'sad'))",
	"CREATE VIEW v AS SELECT * FROM a JOIN b USING (id) WHERE a.m = 'ok'",
	"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$begin delete from a; end$$",
	"CREATE TABLE profiles (...)",
	"GRANT SELECT ON ALL TABLES IN SCHEMA public TO r",
	"INSERT INTO a (m) VALUES ('ok'); UPDATE a SET m = 'sad' WHERE id = 1",
};

class EffectsCodec : public testing::TestWithParam<const char *>
{
      protected:
	void SetUp() override
	{
		struct cft_err err = CFT_ERR_INIT;
		const char *tables[] = {"claimed"};
		struct cft_analyze_options options = {};

		options.tables = tables;
		options.n_tables = 1;
		options.parse.sketch = true;
		ASSERT_EQ(0, cft_sql_analyze(GetParam(), strlen(GetParam()), &options, &arena,
		                             &effects, &err))
			<< err.message;
		intent.id = "int_abc123def456";
		intent.agent_id = intent.feature_name = intent.branch_name = "x";
		intent.metadata_json = intent.outcome = intent.notes = intent.reason = "";
		intent.status = CFT_INTENT_REGISTERED;
		intent.risk = CFT_RISK_LOW;
		intent.effects = &effects;
		event.changes = &change;
		event.n_changes = 1;
	}
	const struct cft_codec_bytes *Pack(struct cft_buf *bytes)
	{
		return cft_codec_event_pack("p", &event, hash, &arena, bytes);
	}
	void TearDown() override
	{
		cft_arena_release(&arena);
	}

	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects effects = {};
	struct cft_intent intent = {};
	struct cft_change change = {CFT_CHANGE_INTENT_REGISTERED, &intent, nullptr, nullptr,
	                            nullptr};
	struct cft_event event = {};
	unsigned char hash[32] = {1, 2, 3};
};

} // namespace

TEST_P(EffectsCodec, KeepsEveryFieldThroughProtobuf)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_effects back = {};
	Confiture__V1__EffectSet *message = cft_codec_effects(&arena, &effects);

	ASSERT_EQ(0, cft_codec_effects_parse(&arena, message, &back, &err)) << err.message;
	EXPECT_EQ(text(&effects), text(&back));
}

TEST_P(EffectsCodec, KeepsEveryFieldThroughAStoredIntent)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_buf bytes = CFT_BUF_INIT;
	struct cft_intent *alone = nullptr;
	struct cft_event *back = nullptr;
	const struct cft_codec_bytes *records = Pack(&bytes);

	ASSERT_EQ(0, cft_codec_intent_unpack(records[0].data, records[0].len, &alone, &err))
		<< err.message;
	ASSERT_EQ(0, cft_codec_event_unpack(bytes.data, bytes.len, &back, nullptr, &err))
		<< err.message;
	EXPECT_EQ(text(&effects), text(cft_intent_effects(alone, &arena)));
	EXPECT_EQ(text(&effects), text(cft_intent_effects(back->changes[0].intent, &arena)));
	EXPECT_STREQ("int_abc123def456", back->changes[0].intent->id);
	cft_intent_unref(alone);
	cft_event_unref(back);
	cft_buf_release(&bytes);
}

TEST_P(EffectsCodec, PacksAnEventAsProtobufDoes)
{
	struct cft_buf bytes = CFT_BUF_INIT;
	Confiture__V1__Event *message = cft_codec_event(&arena, "p", &event, CFT_WITH_EFFECTS);
	std::string plain;

	message->previous_hash = {sizeof(hash), hash};
	plain.resize(protobuf_c_message_get_packed_size(&message->base));
	protobuf_c_message_pack(&message->base, reinterpret_cast<uint8_t *>(&plain[0]));
	Pack(&bytes);
	EXPECT_EQ(plain, std::string(bytes.data, bytes.len));
	cft_buf_release(&bytes);
}

INSTANTIATE_TEST_SUITE_P(Scripts, EffectsCodec, testing::ValuesIn(kScripts));

TEST(RecordsCodec, RefusesBytesThatAreNotARecord)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_intent *intent = nullptr;
	struct cft_event *event = nullptr;

	EXPECT_EQ(CFT_E_INCONSISTENT, cft_codec_intent_unpack("\xFF\xFF", 2, &intent, &err));
	EXPECT_STREQ("CORRUPT_RECORD", err.reason);
	EXPECT_EQ(CFT_E_INCONSISTENT, cft_codec_intent_unpack("", 0, &intent, &err));
	EXPECT_EQ(CFT_E_INCONSISTENT, cft_codec_event_unpack("\x0A", 1, &event, nullptr, &err));
}
