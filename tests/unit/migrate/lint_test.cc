// Lint: what is found, and what is not.
// SPDX-License-Identifier: MIT
#include "common/migrate/lint.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

class Lint : public testing::Test
{
      protected:
	~Lint() override
	{
		cft_arena_release(&arena_);
	}
	// "line rule, line rule"
	std::string found(const std::string &sql)
	{
		cft_mig_text text = {"001_a.up.sql", cft_arena_strdup(&arena_, sql.c_str()),
		                     sql.size()};
		cft_mig_findings findings = {};
		cft_err err = CFT_ERR_INIT;
		std::string all;

		if (cft_mig_lint(&arena_, &text, &findings, &err) != 0)
			return err.message;
		for (size_t i = 0; i < findings.v.n; i++)
			all += std::string(i ? ", " : "") + std::to_string(findings.v.v[i].line) +
			       " " + cft_mig_lint_rule_name(findings.v.v[i].rule);
		return all;
	}
	cft_arena arena_ = CFT_ARENA_INIT;
};

TEST_F(Lint, FindsWhatHurts)
{
	EXPECT_EQ(found("ALTER TABLE t ALTER COLUMN a TYPE bigint"), "1 table-rewrite");
	EXPECT_EQ(found("CREATE INDEX i ON t (a)"), "1 index-blocks-writes");
	EXPECT_EQ(found("DROP TABLE t"), "1 data-loss");
	EXPECT_EQ(found("ALTER TABLE t DROP COLUMN a"), "1 data-loss");
	EXPECT_EQ(found("TRUNCATE t"), "1 data-loss");
	EXPECT_EQ(found("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"), "1 constraint-scan");
	EXPECT_EQ(found("ALTER TABLE t ALTER a SET NOT NULL"), "1 not-null-scan");
	EXPECT_EQ(found("ALTER TABLE t ADD COLUMN a int NOT NULL"), "1 not-null-without-default");
	EXPECT_EQ(found("ALTER TABLE t RENAME COLUMN a TO b"), "1 rename-breaks-readers");
	EXPECT_EQ(found("UPDATE t SET a = 1"), "1 whole-table-write");
	EXPECT_EQ(found("SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a)"), "2 mixed-transaction");
}

TEST_F(Lint, IsQuietAboutWhatDoesNotMatter)
{
	EXPECT_EQ(found("ALTER TABLE t ADD COLUMN a int"), "");
	EXPECT_EQ(found("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0"), "");
	EXPECT_EQ(found("CREATE INDEX CONCURRENTLY i ON t (a)"), "");
	EXPECT_EQ(found("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID"), "");
	EXPECT_EQ(found("ALTER TABLE t ADD PRIMARY KEY USING INDEX i"), "");
	EXPECT_EQ(found("DROP INDEX i; DROP VIEW v"), "");
	EXPECT_EQ(found("UPDATE t SET a = 1 WHERE id = 5"), "");
}

TEST_F(Lint, TablesOfTheSameFileAreFree)
{
	EXPECT_EQ(found("CREATE TABLE t (a int NOT NULL);\nCREATE INDEX i ON t (a);\n"
	                "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\nUPDATE t SET a = 1;"),
	          "");
}

TEST_F(Lint, CommentSilencesOneRule)
{
	EXPECT_EQ(found("-- confiture: ignore data-loss\nDROP TABLE t;\nDROP TABLE u;"),
	          "3 data-loss");
	EXPECT_EQ(found("-- confiture: ignore table-rewrite\nDROP TABLE t;"), "2 data-loss");
	EXPECT_EQ(found("-- confiture: ignore all\nDROP TABLE t;"), "");
}

} // namespace
