// Goldens of the schema diff: two texts in, the statements of both scripts out.
// SPDX-License-Identifier: MIT
#include "common/sql/diff/plan.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace
{

struct Result {
	std::string up, down, refused;
};

cft_schema *read(const std::string &sql)
{
	cft_schema *schema = nullptr;
	cft_err err = {};

	EXPECT_EQ(cft_schema_read_text(sql.data(), sql.size(), "t.sql", &schema, &err), 0)
		<< err.message;
	return schema;
}

std::string script(const cft_plan *plan, bool down)
{
	cft_buf out = {};
	cft_plan_script(plan, down, false, &out);
	std::string text = cft_buf_str(&out);
	cft_buf_release(&out);
	return text;
}

Result diff(const std::string &old_sql, const std::string &new_sql)
{
	cft_schema *a = read(old_sql), *b = read(new_sql);
	cft_plan *plan = nullptr;
	cft_err err = {};

	EXPECT_EQ(cft_schema_diff(a, b, nullptr, &plan, &err), 0) << err.message;
	Result r = {script(plan, false), script(plan, true), ""};
	for (size_t i = 0; i < plan->refused_count; i++)
		r.refused += std::string(plan->refused[i].reason) + "\n";
	cft_plan_free(plan);
	cft_schema_free(a);
	cft_schema_free(b);
	return r;
}

TEST(SchemaDiff, MakesATableInTheAuthorsWordsAndDropsItWithItsIndexes)
{
	Result r = diff("", "CREATE TABLE users (\n    id UUID PRIMARY KEY,\n    name TEXT\n);\n"
	                    "CREATE INDEX users_name ON users(name);\n");
	EXPECT_EQ(r.up, "CREATE TABLE users (\n    id UUID PRIMARY KEY,\n    name TEXT\n);\n"
	                "CREATE INDEX users_name ON users(name);\n");
	EXPECT_EQ(r.down, "DROP TABLE users;\n");
}

TEST(SchemaDiff, AddsAColumnToATableThatADumpDescribes)
{
	Result r = diff(
		"-- PostgreSQL database dump\n"
		"SELECT pg_catalog.set_config('search_path', '', false);\n"
		"CREATE TABLE public.confiture_migrations (version text NOT NULL);\n"
		"CREATE TABLE public.users (id uuid DEFAULT gen_random_uuid() NOT NULL,\n"
		" email text NOT NULL);\n"
		"ALTER TABLE public.users OWNER TO postgres;\n"
		"ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);\n"
		"ALTER TABLE ONLY public.users ADD CONSTRAINT users_email_key UNIQUE (email);\n",
		"CREATE TABLE users (id UUID PRIMARY KEY DEFAULT gen_random_uuid(),\n"
		" email TEXT NOT NULL UNIQUE, bio TEXT);\n");
	EXPECT_EQ(r.up, "ALTER TABLE users ADD COLUMN bio TEXT;\n");
	EXPECT_EQ(r.down, "ALTER TABLE users DROP COLUMN bio;\n");
}

TEST(SchemaDiff, IsEmptyForTheSameSchemaInAnotherOrder)
{
	Result r = diff(
		"CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a);"
		"CREATE INDEX ON b (a); COMMENT ON TABLE b IS 'x';",
		"COMMENT ON TABLE b IS 'x'; CREATE INDEX ON b (a);"
		"CREATE TABLE b (a int REFERENCES a(id)); CREATE TABLE a (id int PRIMARY KEY);");
	EXPECT_EQ(r.up, "");
	EXPECT_EQ(r.down, "");
}

TEST(SchemaDiff, ReadsSerialAsSequenceDefaultAndOwner)
{
	Result r = diff("CREATE SEQUENCE t_id_seq AS integer; CREATE TABLE t (id integer NOT NULL "
	                "DEFAULT nextval('t_id_seq'::regclass));"
	                "ALTER SEQUENCE t_id_seq OWNED BY t.id;",
	                "CREATE TABLE t (id serial);");
	EXPECT_EQ(r.up, "");
}

TEST(SchemaDiff, RemakesAChainOfViewsAroundATypeChange)
{
	std::string views = "CREATE VIEW v AS SELECT n FROM t; CREATE VIEW w AS SELECT n FROM v;"
			    "COMMENT ON VIEW w IS 'kept'; GRANT SELECT ON w TO app;";
	Result r = diff("CREATE TABLE t (n int);" + views, "CREATE TABLE t (n bigint);" + views);
	EXPECT_EQ(r.up, "DROP VIEW w;\nDROP VIEW v;\nALTER TABLE t ALTER COLUMN n TYPE bigint;\n"
	                "CREATE VIEW v AS SELECT n FROM t;\nCREATE VIEW w AS SELECT n FROM v;\n"
	                "COMMENT ON VIEW w IS 'kept';\nGRANT SELECT ON TABLE w TO app;\n");
}

TEST(SchemaDiff, BreaksACircleOfForeignKeys)
{
	Result r = diff("", "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);"
	                    "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);");
	EXPECT_NE(r.up.find("ALTER TABLE"), std::string::npos);
	EXPECT_EQ(r.refused, "");
}

TEST(SchemaDiff, MakesAnEnumAnewWhenAValueGoes)
{
	Result r = diff("CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e DEFAULT 'a');",
	                "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e DEFAULT 'a');");
	EXPECT_NE(r.up.find("RENAME TO e__old"), std::string::npos);
	EXPECT_NE(r.up.find("USING x::text::e"), std::string::npos);
	EXPECT_NE(r.down.find("ADD VALUE 'b'"), std::string::npos);
}

TEST(SchemaDiff, KeepsASequenceWhoseTableGoes)
{
	Result r = diff("CREATE SEQUENCE s; CREATE TABLE a (id int DEFAULT nextval('s'));"
	                "ALTER SEQUENCE s OWNED BY a.id;",
	                "CREATE SEQUENCE s; CREATE TABLE b (id int DEFAULT nextval('s'));"
	                "ALTER SEQUENCE s OWNED BY b.id;");
	EXPECT_EQ(r.up.find("ALTER SEQUENCE s OWNED BY NONE;\nDROP TABLE a;"), 0u) << r.up;
	EXPECT_NE(r.up.find("OWNED BY b.id"), std::string::npos);
}

TEST(SchemaDiff, MakesAPartitionedTableAnewWhenItsKeyChangesAndSaysThatDataIsLost)
{
	cft_schema *a = read("CREATE TABLE m (id int, at date) PARTITION BY RANGE (id);");
	cft_schema *b = read("CREATE TABLE m (id int, at date) PARTITION BY RANGE (at);");
	cft_schema *c = read("CREATE TABLE m (id bigint, at date) PARTITION BY RANGE (id);");

	for (const cft_schema *to : {b, c}) {
		cft_plan *plan = nullptr;
		cft_err err = {};
		ASSERT_EQ(cft_schema_diff(a, to, nullptr, &plan, &err), 0) << err.message;
		ASSERT_EQ(plan->up_count, 2u);
		EXPECT_STREQ(plan->up[0].sql, "DROP TABLE m");
		EXPECT_TRUE(plan->up[0].destructive);
		EXPECT_NE(std::string(plan->up[0].hazard).find("made anew"), std::string::npos);
		cft_plan_free(plan);
	}
	cft_schema_free(a);
	cft_schema_free(b);
	cft_schema_free(c);
}

TEST(SchemaDiff, DropsAReferencedPartitionWithItsParentAndDetachesItFromOneThatStays)
{
	const std::string parent = "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);";
	const std::string user = "CREATE TABLE u (id int REFERENCES p);";
	const std::string part = "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);";
	const std::string self = "ALTER TABLE p ADD FOREIGN KEY (id) REFERENCES p (id);";

	EXPECT_EQ(diff(parent + part + self, "").up, "DROP TABLE p;\n");
	EXPECT_EQ(diff(parent + user + part, "").up, "DROP TABLE u;\nDROP TABLE p;\n");
	EXPECT_EQ(diff(parent + user + part, parent + user).up,
	          "ALTER TABLE p DETACH PARTITION p1;\nDROP TABLE p1;\n");
	EXPECT_EQ(diff(parent + part, "").up, "DROP TABLE p1;\nDROP TABLE p;\n");
}

TEST(SchemaDiff, SetsALiteralDefaultAgainWhoseColumnGetsAnotherType)
{
	Result r = diff("CREATE TABLE t (a text DEFAULT 'x');",
	                "CREATE TABLE t (a varchar(40) DEFAULT 'x');");

	EXPECT_EQ(r.up, "ALTER TABLE t ALTER COLUMN a TYPE varchar(40);\n"
	                "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x';\n");
	r = diff("CREATE TABLE t (a varchar(10) DEFAULT 'x', n int DEFAULT 1);",
	         "CREATE TABLE t (a varchar(40) DEFAULT 'x', n bigint DEFAULT 1);");
	EXPECT_EQ(r.up, "ALTER TABLE t ALTER COLUMN a TYPE varchar(40);\n"
	                "ALTER TABLE t ALTER COLUMN n TYPE bigint;\n");
}

TEST(SchemaDiff, SaysInTheDownScriptWhatDoesNotComeBack)
{
	cft_schema *a = read("CREATE TABLE t (id int, n int NOT NULL); CREATE TABLE gone (id int);"
	                     "CREATE INDEX i ON t (id);");
	cft_schema *b = read("CREATE TABLE t (id int);");
	cft_plan *plan = nullptr;
	cft_err err = {};
	std::string lost;

	ASSERT_EQ(cft_schema_diff(a, b, nullptr, &plan, &err), 0) << err.message;
	for (size_t i = 0; i < plan->down_count; i++)
		if (std::string(plan->down[i].hazard).find("comes back without") == 0)
			lost += std::string(plan->down[i].object) + " ";
	EXPECT_EQ(lost, "gone t.n ");
	cft_plan_free(plan);
	cft_schema_free(a);
	cft_schema_free(b);
}

TEST(SchemaDiff, CallsATypeThatRoundsValuesDestructive)
{
	cft_schema *a = read("CREATE TABLE t (n numeric, at timestamptz, small int);");
	cft_schema *b = read("CREATE TABLE t (n int, at date, small bigint);");
	cft_plan *plan = nullptr;
	cft_err err = {};

	ASSERT_EQ(cft_schema_diff(a, b, nullptr, &plan, &err), 0) << err.message;
	ASSERT_EQ(plan->up_count, 3u);
	for (size_t i = 0; i < 3; i++) {
		bool rounded = std::string(plan->up[i].object) != "t.small";
		EXPECT_EQ(plan->up[i].destructive, rounded) << plan->up[i].sql;
		EXPECT_FALSE(plan->down[i].destructive) << plan->down[i].sql;
	}
	cft_plan_free(plan);
	cft_schema_free(a);
	cft_schema_free(b);
}

TEST(SchemaDiff, ReadsATextBesideAnotherAsItReadsItAlone)
{
	const std::string old_sql = "CREATE TABLE a (id serial PRIMARY KEY REFERENCES b);"
				    "CREATE TABLE b (id int PRIMARY KEY);";
	const std::string new_sql = "CREATE TABLE b (id int, k int PRIMARY KEY);"
				    "CREATE TABLE a (id serial PRIMARY KEY REFERENCES b);";
	cft_schema *a = read(old_sql), *alone = read(new_sql), *beside = nullptr;
	cft_err err = {};

	ASSERT_EQ(cft_schema_read_beside(new_sql.data(), new_sql.size(), "t.sql", a, &beside, &err),
	          0);
	cft_schema_free(a);
	char *x = cft_schema_fingerprint(alone), *y = cft_schema_fingerprint(beside);
	EXPECT_STREQ(x, y);
	std::free(x);
	std::free(y);
	cft_schema_free(alone);
	cft_schema_free(beside);
}

TEST(SchemaDiff, LeavesAloneWhatABlockOfCodeMayMakeAndStillDiffsTheRest)
{
	Result r = diff("CREATE TABLE made (id serial); CREATE TABLE gone (id int);"
	                "CREATE TABLE t (id int);",
	                "DO $$ BEGIN CREATE TABLE made (id serial); END $$;"
	                "CREATE TABLE t (id int, n int);");
	EXPECT_EQ(r.up, "DROP TABLE gone;\nALTER TABLE t ADD COLUMN n int;\n");
	EXPECT_NE(r.refused.find("cannot be read names it"), std::string::npos) << r.refused;
	EXPECT_NE(r.refused.find("DO block"), std::string::npos);
}

TEST(SchemaDiff, ReadsLiteralsAsPostgreSQLPrintsThem)
{
	const char *dump = "-- PostgreSQL database dump\n"
			   "SELECT pg_catalog.set_config('search_path', '', false);\n"
			   "CREATE TABLE public.t (a bit(8) DEFAULT '00011111'::\"bit\","
			   " b interval DEFAULT '1 day'::interval, c numeric(5,0),"
			   " d boolean DEFAULT true, e interval DEFAULT '01:30:00'::interval,"
			   " f timestamptz DEFAULT (CURRENT_TIMESTAMP + '1 day'::interval));";
	Result r = diff(dump, "CREATE TABLE t (a bit(8) DEFAULT x'1F',"
	                      " b interval DEFAULT INTERVAL '1' DAY, c decimal(5),"
	                      " d boolean DEFAULT 'true'::boolean,"
	                      " e interval DEFAULT '90 minutes'::interval,"
	                      " f timestamptz DEFAULT CURRENT_TIMESTAMP + '1 day');");
	EXPECT_EQ(r.up + r.refused, "");
}

TEST(SchemaDiff, DropsAColumnFromTheParentAloneWhereAChildKeepsIt)
{
	Result r = diff("CREATE TABLE p (a int, e int); CREATE TABLE c (b int) INHERITS (p);",
	                "CREATE TABLE p (a int); CREATE TABLE c (b int, e int) INHERITS (p);");
	EXPECT_EQ(r.up, "ALTER TABLE ONLY p DROP COLUMN e;\n");
	EXPECT_NE(r.refused.find("merely inherited"), std::string::npos);
}

TEST(SchemaDiff, KeepsTheCommentOfWhatIsReplaced)
{
	Result r = diff("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
	                "COMMENT ON FUNCTION f() IS 'x';"
	                "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
	                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';"
	                "COMMENT ON FUNCTION f() IS 'x';");
	EXPECT_EQ(r.up, "");
}

TEST(SchemaDiff, QuotesTheGeneratedNameOfAnIndex)
{
	Result r = diff("", "CREATE TABLE \"a b\" (x int); CREATE INDEX ON \"a b\" (x);");
	EXPECT_NE(r.up.find("CREATE INDEX \"a b_x_idx\" ON"), std::string::npos) << r.up;
	EXPECT_EQ(r.refused, "");
}

TEST(SchemaDiff, FollowsARenamedTypeIntoColumns)
{
	Result r = diff("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);"
	                "ALTER TYPE e RENAME TO f;",
	                "CREATE TYPE f AS ENUM ('a'); CREATE TABLE t (x f);");
	EXPECT_EQ(r.up + r.refused, "");
}

TEST(SchemaDiff, RefusesWhatItCannotRead)
{
	Result r = diff("", "CREATE TABLE t AS SELECT 1 AS a;");
	EXPECT_NE(r.refused.find("CREATE TABLE AS"), std::string::npos);
}

TEST(SchemaDiff, SaysWhereTextDoesNotParse)
{
	const std::string sql = "CREATE TABLE t (id int);\nCREATE TALBE u ();";
	cft_schema *schema = nullptr;
	cft_err err = {};

	EXPECT_NE(cft_schema_read_text(sql.data(), sql.size(), "new.sql", &schema, &err), 0);
	EXPECT_STREQ(err.file, "new.sql");
	EXPECT_EQ(err.line, 2);
}

} // namespace
