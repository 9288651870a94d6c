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
	}
	void TearDown() override
	{
		cft_arena_release(&arena);
	}

	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects effects = {};
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
	struct cft_intent intent = {}, *back = nullptr;

	intent.id = "int_abc123def456";
	intent.agent_id = intent.feature_name = intent.branch_name = "x";
	intent.metadata_json = intent.outcome = intent.notes = intent.reason = "";
	intent.status = CFT_INTENT_REGISTERED;
	intent.risk = CFT_RISK_LOW;
	intent.effects = &effects;
	cft_codec_intent_pack("p", &intent, &bytes);
	ASSERT_EQ(0, cft_codec_intent_unpack(bytes.data, bytes.len, &back, &err)) << err.message;
	EXPECT_EQ(text(&effects), text(cft_intent_effects(back, &arena)));
	cft_intent_unref(back);
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
