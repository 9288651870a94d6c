// Scripts: statements, units, and what cannot be in a transaction.
// SPDX-License-Identifier: MIT
#include "common/migrate/script.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

class Script : public testing::Test
{
      protected:
	~Script() override
	{
		cft_arena_release(&arena_);
	}
	int read(const std::string &sql)
	{
		cft_mig_text text = {"001_a.up.sql", cft_arena_strdup(&arena_, sql.c_str()),
		                     sql.size()};

		script_ = {};
		return cft_mig_script_read(&arena_, &text, &script_, &err_);
	}
	bool stepwise(const std::string &sql)
	{
		EXPECT_EQ(read(sql), 0) << err_.message << " in " << sql;
		return script_.stepwise;
	}
	cft_arena arena_ = CFT_ARENA_INIT;
	cft_mig_script script_ = {};
	cft_err err_ = CFT_ERR_INIT;
};

TEST_F(Script, OrdinaryStatementsAreOneTransaction)
{
	ASSERT_EQ(read("-- a comment\nCREATE TABLE t (a int);\n\nINSERT INTO t VALUES (';');"), 0);
	EXPECT_FALSE(script_.stepwise);
	ASSERT_EQ(script_.stmts.n, 2u);
	EXPECT_EQ(script_.stmts.v[0].line, 2);
	EXPECT_EQ(script_.stmts.v[1].line, 4);
	EXPECT_STREQ(script_.stmts.v[1].sql, "INSERT INTO t VALUES (';')");
}

TEST_F(Script, KnowsWhatCannotRunInATransaction)
{
	for (const char *sql : {
		     "CREATE INDEX CONCURRENTLY i ON t (a)",
		     "create unique index concurrently if not exists i on t (a)",
		     "DROP INDEX CONCURRENTLY i",
		     "REINDEX TABLE CONCURRENTLY t",
		     "REINDEX (CONCURRENTLY) INDEX i",
		     "REINDEX SCHEMA public",
		     "VACUUM",
		     "VACUUM FULL t",
		     "CLUSTER",
		     "ALTER SYSTEM SET work_mem = '1MB'",
		     "CREATE DATABASE d",
		     "DROP DATABASE d",
		     "CREATE TABLESPACE s LOCATION '/s'",
		     "DROP TABLESPACE s",
		     "ALTER DATABASE d SET TABLESPACE s",
		     "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
		     "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
		     "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
		     "DROP SUBSCRIPTION s",
		     "COMMIT PREPARED 'x'",
	     })
		EXPECT_TRUE(stepwise(sql)) << sql;
}

TEST_F(Script, KnowsWhatMayRunInATransaction)
{
	for (const char *sql : {
		     "CREATE INDEX i ON t (a)",
		     "DROP INDEX i",
		     "REINDEX TABLE t",
		     "ANALYZE t",
		     "CLUSTER t USING i",
		     "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
		     "ALTER TABLE p DETACH PARTITION c",
		     "ALTER TYPE e ADD VALUE 'x'",
		     "ALTER TYPE e RENAME VALUE 'x' TO 'y'",
		     "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = false)",
		     "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)",
		     "SAVEPOINT a",
		     "DISCARD PLANS",
		     "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$BEGIN COMMIT; END$$",
	     })
		EXPECT_FALSE(stepwise(sql)) << sql;
}

TEST_F(Script, EnumValueIsStepwiseOnlyWhereItIsUsed)
{
	EXPECT_FALSE(stepwise("ALTER TYPE e ADD VALUE 'new'; CREATE TABLE t (a e);"));
	EXPECT_TRUE(stepwise("ALTER TYPE e ADD VALUE 'new'; UPDATE t SET a = 'new';"));
	EXPECT_STREQ(script_.why, "the enum value of line 1 is used below it");
	EXPECT_FALSE(stepwise("UPDATE t SET a = 'new'; ALTER TYPE e ADD VALUE 'new';"));
}

TEST_F(Script, OwnTransactionAroundEverythingIsTakenOff)
{
	ASSERT_EQ(read("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"), 0);
	EXPECT_FALSE(script_.stepwise);
	ASSERT_EQ(script_.stmts.n, 1u);
	EXPECT_EQ(script_.stmts.v[0].line, 2);
}

TEST_F(Script, OwnTransactionsInsideAreUnits)
{
	ASSERT_EQ(read("BEGIN; SELECT 1; SELECT 2; COMMIT; CREATE INDEX CONCURRENTLY i ON t (a); "
	               "SELECT 3;"),
	          0);
	EXPECT_TRUE(script_.stepwise);
	ASSERT_EQ(script_.units.n, 3u);
	EXPECT_EQ(script_.units.v[0].count, 2u);
	EXPECT_FALSE(script_.units.v[0].outside);
	EXPECT_TRUE(script_.units.v[1].outside);
	EXPECT_FALSE(script_.units.v[2].outside);
}

TEST_F(Script, RefusesTransactionControlThatCannotWork)
{
	for (const char *sql : {"ROLLBACK", "COMMIT", "BEGIN; SELECT 1", "BEGIN; BEGIN; COMMIT",
	                        "BEGIN; VACUUM; COMMIT; SELECT 1", "PREPARE TRANSACTION 'x'"}) {
		EXPECT_EQ(read(sql), CFT_E_INVALID) << sql;
		EXPECT_STREQ(err_.reason, "TRANSACTION_CONTROL") << sql;
	}
	EXPECT_EQ(read("DISCARD ALL"), CFT_E_INVALID);
	EXPECT_STREQ(err_.reason, "DISCARD_ALL");
}

TEST_F(Script, RefusesPsqlCommandsButNotThoseOfDumps)
{
	EXPECT_EQ(read("SELECT 1;\n\\i other.sql\n"), CFT_E_INVALID);
	EXPECT_STREQ(err_.reason, "PSQL_COMMAND");
	EXPECT_EQ(err_.line, 2);
	EXPECT_EQ(read("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n"), 0) << err_.message;
	EXPECT_EQ(script_.stmts.n, 1u);
}

TEST_F(Script, CopyTakesTheLinesBelowIt)
{
	ASSERT_EQ(read("COPY t (a) FROM stdin;\n1\n2\\t;\n\\.\n\nSELECT 1;\n"), 0) << err_.message;
	ASSERT_EQ(script_.stmts.n, 2u);
	EXPECT_EQ(std::string(script_.stmts.v[0].copy_data, script_.stmts.v[0].copy_len),
	          "1\n2\\t;\n");
	EXPECT_EQ(script_.stmts.v[1].line, 6);
}

TEST_F(Script, SettingsAreNeverRecorded)
{
	ASSERT_EQ(read("SET search_path TO app; SELECT pg_catalog.set_config('a.b', '', false); "
	               "VACUUM;"),
	          0);
	ASSERT_EQ(script_.units.n, 3u);
	EXPECT_TRUE(script_.units.v[0].session);
	EXPECT_TRUE(script_.units.v[1].session);
	EXPECT_FALSE(script_.units.v[2].session);
}

TEST_F(Script, DirectiveMakesItStepwise)
{
	EXPECT_TRUE(stepwise("-- confiture: no-transaction\nCALL backfill();"));
	EXPECT_FALSE(stepwise("SELECT '-- confiture: no-transaction';"));
}

TEST_F(Script, WhatTheGrammarDoesNotKnowIsPostgresqlsToJudge)
{
	ASSERT_EQ(read("CREATE SOMETHING new;\nSELECT 1;"), 0) << err_.message;
	EXPECT_EQ(script_.stmts.n, 2u);
	EXPECT_FALSE(script_.stepwise);
}

TEST_F(Script, NamesTheIndexForTheCatalog)
{
	ASSERT_EQ(read("CREATE INDEX CONCURRENTLY \"My Index\" ON app.t (a)"), 0);
	EXPECT_EQ(script_.stmts.v[0].traits.again, CFT_SQL_AGAIN_INDEX_VALID);
	EXPECT_STREQ(script_.stmts.v[0].traits.index, "My Index");
	EXPECT_STREQ(script_.stmts.v[0].traits.schema, "app");
	ASSERT_EQ(read("CREATE INDEX CONCURRENTLY ON t (a)"), 0);
	EXPECT_EQ(script_.stmts.v[0].traits.again, CFT_SQL_AGAIN_UNKNOWN);
	ASSERT_EQ(read("DROP INDEX CONCURRENTLY IF EXISTS app.i"), 0);
	EXPECT_EQ(script_.stmts.v[0].traits.again, CFT_SQL_AGAIN_INDEX_ABSENT);
	EXPECT_STREQ(script_.stmts.v[0].traits.schema, "app");
}

} // namespace
