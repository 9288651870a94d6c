// Missing: objects that a plan names and neither the base nor another plan has.
// SPDX-License-Identifier: MIT
#include "common/sql/conflict/conflict.h"
#include "common/sql/effect/analyze.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace
{

class Missing : public testing::Test
{
      protected:
	void TearDown() override
	{
		cft_arena_release(&arena);
	}
	cft_effects analyze(const char *sql)
	{
		cft_effects effects = {};
		cft_err err = CFT_ERR_INIT;

		EXPECT_EQ(0, cft_sql_analyze(sql, strlen(sql), nullptr, &arena, &effects, &err))
			<< err.message;
		return effects;
	}
	std::string missing(const char *plan, const char *other = "")
	{
		cft_effects base_effects =
			analyze("CREATE TABLE users (id int PRIMARY KEY, age int);"
		                "CREATE VIEW adults AS SELECT id FROM users");
		cft_effects effects = analyze(plan), other_effects = analyze(other);
		const cft_effects *others[] = {&other_effects};
		cft_base *base = cft_base_new(&base_effects);
		cft_missing *found;
		size_t n;
		std::string out;

		cft_conflict_missing(&effects, base, others, 1, &arena, &found, &n);
		for (size_t i = 0; i < n; i++)
			out += (i ? ", " : "") + std::string(found[i].object);
		cft_base_free(base);
		return out;
	}
	cft_arena arena = CFT_ARENA_INIT;
};

} // namespace

TEST_F(Missing, TellsTablesAndColumnsThatNobodyHas)
{
	EXPECT_EQ("table public.orders", missing("ALTER TABLE orders ADD total int"));
	EXPECT_EQ("column public.users.name", missing("CREATE INDEX ON users (name)"));
	EXPECT_EQ("column public.users.name, table public.orders",
	          missing("ALTER TABLE users DROP name; DROP TABLE orders"));
	EXPECT_EQ("table public.teams",
	          missing("CREATE TABLE members (team int REFERENCES teams)"));
	EXPECT_EQ("schema app", missing("CREATE TABLE app.t (a int)"));
}

TEST_F(Missing, IsSilentAboutWhatIsThere)
{
	EXPECT_EQ("", missing("ALTER TABLE users ADD name text; CREATE INDEX ON users (name)"));
	EXPECT_EQ("", missing("CREATE TABLE t (id int REFERENCES users); DROP VIEW adults"));
	EXPECT_EQ("",
	          missing("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT now()::int'"));
	EXPECT_EQ("", missing("GRANT SELECT ON users TO somebody"));
}

TEST_F(Missing, IsSilentAboutWhatAnotherPlanMakes)
{
	EXPECT_EQ("", missing("ALTER TABLE orders ADD total int", "CREATE TABLE orders (id int)"));
	EXPECT_EQ("", missing("CREATE INDEX ON users (name)", "ALTER TABLE users ADD name text"));
	EXPECT_EQ("", missing("ALTER TABLE people ADD name text",
	                      "ALTER TABLE users RENAME TO people"));
	EXPECT_EQ("column public.users.name",
	          missing("CREATE INDEX ON users (name)", "ALTER TABLE other ADD name text"));
}

TEST_F(Missing, ForgivesWhatTheStatementForgives)
{
	EXPECT_EQ("", missing("DROP TABLE IF EXISTS orders"));
	EXPECT_EQ("", missing("ALTER TABLE IF EXISTS orders ADD total int"));
	EXPECT_EQ("", missing("DO $$ BEGIN IF random() > 1 THEN ALTER TABLE orders ADD a int; END "
	                      "IF; END $$"));
}
