// The texts of generated migrations.
// SPDX-License-Identifier: MIT
#include "common/migrate/generate.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

std::string python(const cft_mig_draft &draft)
{
	cft_buf out = CFT_BUF_INIT;

	cft_mig_draft_python(&draft, &out);
	std::string text = cft_buf_str(&out);
	cft_buf_release(&out);
	return text;
}

TEST(GeneratePython, IsTheClassOfTheGuide)
{
	const cft_mig_statement up[] = {
		{"CREATE TABLE users (\n    id SERIAL PRIMARY KEY\n)", nullptr},
		{"CREATE INDEX idx_users_username ON users(username)", nullptr}};
	const cft_mig_statement down[] = {{"DROP TABLE users", nullptr}};
	const cft_mig_draft draft = {"001", "create_users_table", nullptr, up, down, 2, 1};

	EXPECT_EQ(python(draft), R"py("""Migration: create_users_table

Version: 001
"""

from confiture.models.migration import Migration


class CreateUsersTable(Migration):
    """Migration: create_users_table."""

    version = "001"
    name = "create_users_table"

    def up(self) -> None:
        """Apply migration."""
        self.execute("""
            CREATE TABLE users (
                id SERIAL PRIMARY KEY
            )
        """)
        self.execute("CREATE INDEX idx_users_username ON users(username)")

    def down(self) -> None:
        """Rollback migration."""
        self.execute("DROP TABLE users")
)py");
}

TEST(GeneratePython, KeepsQuotesAndBackslashes)
{
	const cft_mig_statement up[] = {{"COMMENT ON TABLE \"T\" IS E'a\\nb'", nullptr}};
	const cft_mig_draft draft = {"001", "a", nullptr, up, nullptr, 1, 0};

	EXPECT_NE(python(draft).find("\"COMMENT ON TABLE \\\"T\\\" IS E'a\\\\nb'\""),
	          std::string::npos);
}

TEST(GeneratePython, DoesNotIndentTheInsideOfAString)
{
	const cft_mig_statement up[] = {
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\nSELECT 'a\nb'\n$$",
	         nullptr}};
	const cft_mig_draft draft = {"001", "a", nullptr, up, nullptr, 1, 0};

	EXPECT_NE(python(draft).find("\nSELECT 'a\nb'\n$$\n"), std::string::npos);
}

TEST(GenerateFiles, NeverOverwrites)
{
	cft_test::TempDir temp;
	cft_arena arena = CFT_ARENA_INIT;
	cft_err err = CFT_ERR_INIT;
	cft_mig_written written;
	const cft_mig_draft draft = {"001", "a", nullptr, nullptr, nullptr, 0, 0};

	ASSERT_EQ(cft_mig_draft_write(&arena, temp.path().c_str(), &draft, false, &written, &err),
	          0);
	EXPECT_EQ(written.up_path, temp.path() + "/001_a.up.sql");
	EXPECT_EQ(cft_mig_draft_write(&arena, temp.path().c_str(), &draft, false, &written, &err),
	          CFT_E_EXISTS);
	cft_arena_release(&arena);
}

} // namespace
