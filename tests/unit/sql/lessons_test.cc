// Lessons: pairs that random trials against PostgreSQL 15 once got wrong, with its verdict.
// SPDX-License-Identifier: MIT
#include "common/sql/conflict/conflict.h"
#include "common/sql/effect/analyze.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace
{

struct Lesson {
	const char *name, *base, *a, *b, *verdict;
};

void PrintTo(const Lesson &lesson, std::ostream *out)
{
	*out << lesson.a << " | " << lesson.b;
}

const Lesson lessons[] = {
	{"LikeCopiesIndexes", "CREATE TABLE t (a int, b int)", "CREATE INDEX ON t (a)",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"LikeWithoutIndexesDoesNot", "CREATE TABLE t (a int, b int)", "CREATE INDEX ON t (a)",
         "CREATE TABLE u (LIKE t INCLUDING DEFAULTS)", "commute"},
	{"LikeCopiesChecks", "CREATE TABLE t (a int)", "ALTER TABLE t ADD CHECK (a > 0)",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"LikeCopiesKeys", "CREATE TABLE t (a int)", "ALTER TABLE t ADD UNIQUE (a)",
         "CREATE TABLE u (LIKE t INCLUDING INDEXES)", "differ"},
	{"LikeDoesNotCopyForeignKeys",
         "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int)",
         "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", "CREATE TABLE u (LIKE t INCLUDING ALL)",
         "commute"},
	{"SameRowTwice", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('a'), ('b')", "INSERT INTO t (name) VALUES ('c'), ('b')",
         "neither"},
	{"OtherRows", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('a'), ('b')", "INSERT INTO t (name) VALUES ('c')",
         "commute"},
	{"SameRowTwiceForgiven", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('b') ON CONFLICT DO NOTHING",
         "INSERT INTO t (name) VALUES ('b') ON CONFLICT DO NOTHING", "commute"},
	{"ExpressionsOnVarcharCastIt",
         "CREATE TABLE t (a varchar(10)); CREATE INDEX i ON t USING gin (to_tsvector('english', "
         "a))",
         "ALTER TABLE t ALTER a TYPE bigint USING NULL::bigint",
         "ALTER TABLE t ALTER a SET NOT NULL", "commute"},
	{"TablesFromQueriesTakeTypes", "CREATE TABLE t (a varchar(10))",
         "ALTER TABLE t ALTER a TYPE text", "CREATE TABLE u AS SELECT * FROM t", "differ"},
	{"TablesFromQueriesTakeTypesOfNamedColumns", "CREATE TABLE t (a int, b int)",
         "ALTER TABLE t ALTER a TYPE bigint", "CREATE MATERIALIZED VIEW m AS SELECT b FROM t",
         "commute"},
	{"GrantsOnColumnsNameThem", "CREATE TABLE t (a int, b int)", "ALTER TABLE t DROP a",
         "GRANT SELECT (a) ON t TO somebody", "only_ba"},
	{"InheritedChecksGoWithTheirColumn", "CREATE TABLE t (a int, b int CHECK (b > 0))",
         "ALTER TABLE t DROP b", "CREATE TABLE u () INHERITS (t)", "commute"},
	{"InheritedChecksAddedLaterGoWithTheirColumn",
         "CREATE TABLE t (a int, b int); CREATE TABLE u () INHERITS (t);"
         "ALTER TABLE t ADD CHECK (b > 0)",
         "ALTER TABLE t DROP b", "COMMENT ON TABLE u IS 'x'", "commute"},
	{"LikeAndADroppedIndex", "CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "DROP INDEX i",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"SequencesOwnedByARenamedTable", "CREATE TABLE t (a int)", "ALTER TABLE t RENAME TO u",
         "CREATE SEQUENCE s OWNED BY t.a", "only_ba"},
	{"UsingNeedsTheOldType", "CREATE TABLE t (a text[])",
         "ALTER TABLE t ALTER a TYPE text USING array_to_string(a, ',')",
         "ALTER TABLE t ALTER a TYPE text USING array_to_string(a, ',')", "neither"},
	{"IfExistsForgivesWhatTheBaseDoesNotHave", "CREATE TABLE t (a int)",
         "CREATE INDEX IF NOT EXISTS i ON t (a)", "ALTER INDEX IF EXISTS j RENAME TO i", "commute"},
	{"ReturnTypesMayNameTheirSchema",
         "CREATE TYPE public.x AS (a int); CREATE TABLE t (a int);"
         "CREATE FUNCTION public.f(public.x) RETURNS public.x LANGUAGE sql AS 'SELECT $1'",
         "CREATE OR REPLACE FUNCTION f(x) RETURNS x LANGUAGE sql AS 'SELECT $1 '",
         "ALTER TABLE t ADD b int", "commute"},
	{"NamesWithoutSchemaOnADumpedBase",
         "SELECT pg_catalog.set_config('search_path', '', false);"
         "CREATE TABLE public.t (a int, b int); CREATE INDEX i ON public.t (a)",
         "ALTER TABLE t DROP a", "DROP INDEX i", "only_ba"},
	{"RenamesOfOtherTablesWithoutABase", "", "ALTER TABLE t0 RENAME c2 TO c1",
         "ALTER TABLE t1 RENAME c1 TO c0", "commute"},
	{"RenamesThroughARenamedTableWithoutABase", "",
         "ALTER TABLE t0 RENAME TO t1; ALTER TABLE t1 RENAME c2 TO c1",
         "ALTER TABLE t1 RENAME c1 TO c0", "only_ab"},
};

class Lessons : public testing::TestWithParam<Lesson>
{
      protected:
	void SetUp() override
	{
		analyze(GetParam().base, &base_effects);
		analyze(GetParam().a, &a);
		analyze(GetParam().b, &b);
		if (*GetParam().base)
			base = cft_base_new(&base_effects);
	}
	void TearDown() override
	{
		cft_base_free(base);
		cft_arena_release(&arena);
	}
	void analyze(const char *sql, cft_effects *ret)
	{
		cft_err err = CFT_ERR_INIT;

		ASSERT_EQ(0, cft_sql_analyze(sql, strlen(sql), nullptr, &arena, ret, &err))
			<< err.message;
	}
	bool meet()
	{
		cft_conflict_key *x, *y;
		size_t n, m;

		cft_conflict_keys(&a, base, &arena, &x, &n);
		cft_conflict_keys(&b, base, &arena, &y, &m);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < m; k++)
				if (strcmp(x[i].text, y[k].text) == 0 &&
				    (x[i].strong || y[k].strong))
					return true;
		return false;
	}
	cft_arena arena = CFT_ARENA_INIT;
	cft_effects base_effects = {}, a = {}, b = {};
	cft_base *base = nullptr;
};

} // namespace

TEST_P(Lessons, AreLearnt)
{
	cft_comparison c = {};

	cft_conflict_compare(&a, &b, base, nullptr, &arena, &c);
	EXPECT_STREQ(GetParam().verdict, cft_verdict_text(c.verdict))
		<< (c.n_findings ? c.findings[0].explanation : "");
	if (c.verdict != CFT_VERDICT_COMMUTE)
		EXPECT_TRUE(meet()) << "the server's index would never compare them";
	else
		EXPECT_LE(c.severity, CFT_SEVERITY_INFO);
}

INSTANTIATE_TEST_SUITE_P(Trials, Lessons, testing::ValuesIn(lessons),
                         [](const auto &lesson) { return lesson.param.name; });

TEST(Limits, HoldBodiesToTheTokensOfAStatement)
{
	std::string body = "BEGIN ";
	cft_arena arena = CFT_ARENA_INIT;
	cft_effects effects = {};
	cft_err err = CFT_ERR_INIT;

	for (int i = 0; i < 60000; i++)
		body += "a := 1; ";
	std::string sql =
		"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$" + body + "END $$";
	EXPECT_EQ(CFT_E_LIMIT,
	          cft_sql_analyze(sql.data(), sql.size(), nullptr, &arena, &effects, &err));
	EXPECT_NE(nullptr, strstr(err.message, "body at line 1")) << err.message;
	cft_arena_release(&arena);
}
