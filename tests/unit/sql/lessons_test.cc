// Lessons: pairs that random trials against PostgreSQL 15 once got wrong, with its verdict.
// SPDX-License-Identifier: MIT
#include "common/sql/conflict/conflict.h"
#include "common/sql/effect/analyze.h"
#include "tests/lib/lessons.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

using namespace cft_test;

namespace
{

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

INSTANTIATE_TEST_SUITE_P(Trials, Lessons, testing::ValuesIn(lessons()),
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
