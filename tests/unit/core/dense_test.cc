// Dense: effects come out of a record as they went in.
// SPDX-License-Identifier: MIT
#include "common/base/mem.h"
#include "common/sql/effect/analyze.h"
#include "server/core/intent.h"

#include <gtest/gtest.h>
#include <string>

static std::string Json(const cft_effects *effects)
{
	json_t *json = cft_effects_to_json(effects);
	char *text = json_dumps(json, JSON_SORT_KEYS);
	std::string result = text;

	free(text);
	json_decref(json);
	return result;
}

static std::string JsonOf(const cft_intent *intent)
{
	cft_arena arena = CFT_ARENA_INIT;
	std::string result = Json(cft_intent_effects(intent, &arena));

	cft_arena_release(&arena);
	return result;
}

static const char sql[] =
	"CREATE TABLE app.orders (id bigint PRIMARY KEY, customer bigint NOT NULL REFERENCES "
	"app.customers (id)"
	" ON DELETE CASCADE, state app.order_state DEFAULT 'new', total numeric(12,2) CHECK (total "
	">= 0));\n"
	"CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_state ON app.orders (state, lower(note));\n"
	"CREATE VIEW v AS SELECT o.id, c.name FROM app.orders o JOIN customers c USING (id)\n"
	"  WHERE o.state IN ('new', 'paid') AND EXISTS (SELECT 1 FROM x WHERE x.id = o.id);\n"
	"ALTER TABLE IF EXISTS t RENAME COLUMN a TO b; UPDATE t SET b = 'x' WHERE c = 'y';\n"
	"CREATE FUNCTION f(integer, text) RETURNS integer LANGUAGE sql AS 'SELECT count(*)::int "
	"FROM t';\n"
	"DO $$ BEGIN IF true THEN ALTER TABLE t ADD COLUMN d text; END IF; END $$;\n"
	"GRANT SELECT ON ALL TABLES IN SCHEMA app TO reader; SET search_path = app;\n";

static cft_intent Draft(const cft_effects *effects)
{
	cft_intent draft = {};

	draft.id = "int_1";
	draft.agent_id = "alice";
	draft.effects = effects;
	return draft;
}

TEST(Dense, EffectsComeOutOfARecordAsTheyWentIn)
{
	cft_arena arena = CFT_ARENA_INIT;
	cft_effects effects = {};
	cft_err err = CFT_ERR_INIT;

	ASSERT_EQ(0, cft_sql_analyze(sql, sizeof(sql) - 1, nullptr, &arena, &effects, &err))
		<< err.message;
	std::string expected = Json(&effects);
	cft_intent draft = Draft(&effects);
	cft_intent *record = cft_intent_copy(&draft);
	cft_arena_release(&arena);
	EXPECT_EQ(expected, JsonOf(record));
	EXPECT_EQ(nullptr, record->effects) << "a record keeps the bytes alone";

	cft_intent changed = *record;
	changed.notes = "a text more, which moves what comes behind it";
	cft_intent *copy = cft_intent_copy(&changed);
	cft_intent_unref(record);
	EXPECT_EQ(expected, JsonOf(copy));
	cft_intent_unref(copy);
}

TEST(Dense, NumbersOfAllSizesComeBack)
{
	cft_attr attr = {"key", "value"};
	cft_effect effect = {};
	cft_effect_statement statement = {"text", 2000000000, 127, "KIND", "opaque", true};
	cft_ref ref = {CFT_OBJ_RELATION, 0xffffffff, "s", "n", "s", "", "v", 65535, 128};

	effect.statement = 0x7fffffff;
	effect.kind = CFT_OBJ_COLUMN;
	effect.flags = 0xffffffff;
	effect.lock = CFT_LOCK_ACCESS_EXCLUSIVE;
	effect.schema = effect.name = effect.sub = effect.args = "n";
	effect.to = "";
	effect.attrs = &attr;
	effect.n_attrs = effect.n_refs = 1;
	effect.refs = &ref;
	cft_effects effects = {CFT_EFFECTS_VERSION, &statement, 1, &effect, 1};
	cft_intent draft = Draft(&effects);
	cft_intent *record = cft_intent_copy(&draft);
	cft_arena arena = CFT_ARENA_INIT;
	const cft_effects *read = cft_intent_effects(record, &arena);

	EXPECT_EQ(effect.statement, read->v[0].statement);
	EXPECT_EQ(effect.flags, read->v[0].flags);
	EXPECT_EQ(effect.lock, read->v[0].lock);
	EXPECT_STREQ("n", read->v[0].args);
	EXPECT_STREQ("value", read->v[0].attrs[0].value);
	EXPECT_EQ(ref.flags, read->v[0].refs[0].flags);
	EXPECT_EQ(ref.scope, read->v[0].refs[0].scope);
	EXPECT_EQ(ref.outer, read->v[0].refs[0].outer);
	EXPECT_EQ(statement.line, read->statements[0].line);
	EXPECT_EQ(statement.column, read->statements[0].column);
	EXPECT_TRUE(read->statements[0].sketch);
	cft_arena_release(&arena);
	cft_intent_unref(record);
}

TEST(Dense, ARecordWithoutEffectsHasAnEmptyList)
{
	cft_intent draft = Draft(nullptr);
	cft_intent *record = cft_intent_copy(&draft);
	cft_arena arena = CFT_ARENA_INIT;

	EXPECT_EQ(0u, cft_intent_effects(record, &arena)->n);
	EXPECT_EQ(CFT_EFFECTS_VERSION, cft_intent_effects(record, &arena)->version);
	cft_arena_release(&arena);
	cft_intent_unref(record);
}
