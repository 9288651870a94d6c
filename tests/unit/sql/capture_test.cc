// Capture: the tree that is copied is the tree that would have been packed.
// SPDX-License-Identifier: MIT
extern "C" {
#include "common/sql/syntax/capture.h"
}

#include <gtest/gtest.h>
#include <string>

namespace
{

std::string Packed(const PgQuery__ParseResult *tree)
{
	std::string bytes(pg_query__parse_result__get_packed_size(tree), '\0');

	pg_query__parse_result__pack(tree, reinterpret_cast<uint8_t *>(bytes.data()));
	return bytes;
}

} // namespace

TEST(Capture, IsTheSameTreeAsThePackedOne)
{
	const char *texts[] = {
		"",
		"SELECT 1; SELECT 2",
		"ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT '', DROP COLUMN IF EXISTS d "
		"CASCADE",
		"CREATE TABLE s.t (id bigserial PRIMARY KEY, a numeric(12,2) CHECK (a > -1.5), b "
		"text[] "
		"DEFAULT '{}', c bit varying(3) DEFAULT b'101', FOREIGN KEY (a, b) REFERENCES u "
		"(x, y)) "
		"PARTITION BY RANGE (id) WITH (fillfactor = 70)",
		"CREATE UNIQUE INDEX CONCURRENTLY ON t USING gin (lower(a) DESC NULLS LAST) "
		"INCLUDE (b) "
		"WHERE b IS NOT NULL",
		"CREATE FUNCTION f(a int, VARIADIC b text[]) RETURNS TABLE (x int) LANGUAGE "
		"plpgsql AS "
		"$$ BEGIN RETURN; END $$",
		"WITH RECURSIVE w AS (SELECT 1 UNION ALL SELECT n + 1 FROM w) SELECT *, count(*) "
		"FILTER "
		"(WHERE true) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT "
		"ROW) "
		"FROM w LEFT JOIN LATERAL (VALUES (1, NULL), (2, 'x')) v(a, b) USING (a) WHERE a = "
		"ANY ($1) LIMIT 3 FOR UPDATE SKIP LOCKED",
		"INSERT INTO t SELECT 9999999999999, 1e10, true, 'ä' ON CONFLICT (a) DO UPDATE SET "
		"b = excluded.b RETURNING *",
		"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN "
		"INSERT VALUES (1)",
		"GRANT SELECT (a, b), UPDATE ON t TO PUBLIC WITH GRANT OPTION",
		"CREATE POLICY p ON t AS RESTRICTIVE FOR SELECT TO r USING (a = current_user)",
		"CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a <> new.a) "
		"EXECUTE "
		"FUNCTION f('x', 'y')",
		"COMMENT ON COLUMN t.a IS NULL",
		"CREATE TYPE e AS ENUM ('a', '')",
	};

	for (const char *text : texts) {
		struct cft_arena arena = CFT_ARENA_INIT;
		const PgQuery__ParseResult *tree;
		PgQueryProtobufParseResult captured = cft_sql_capture(text, &arena, &tree);
		PgQueryProtobufParseResult packed = pg_query_parse_protobuf(text);
		EXPECT_EQ(nullptr, captured.error) << text;
		ASSERT_NE(nullptr, tree) << text;
		EXPECT_EQ(std::string(packed.parse_tree.data, packed.parse_tree.len), Packed(tree))
			<< text;
		pg_query_free_protobuf_parse_result(captured);
		pg_query_free_protobuf_parse_result(packed);
		cft_arena_release(&arena);
	}
}

TEST(Capture, AFailureHasNoTree)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const PgQuery__ParseResult *tree;
	PgQueryProtobufParseResult result = cft_sql_capture("CREATE TABEL t ()", &arena, &tree);

	EXPECT_EQ(nullptr, tree);
	ASSERT_NE(nullptr, result.error);
	EXPECT_EQ(8, result.error->cursorpos);
	pg_query_free_protobuf_parse_result(result);
	cft_arena_release(&arena);
}
