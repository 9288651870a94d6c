// Renames: from hints in the SQL and from options, never by guess.
// SPDX-License-Identifier: MIT
#include "common/sql/diff/plan.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace
{

class Diff
{
      public:
	Diff(const std::string &old_text, const std::string &new_text,
	     std::vector<const char *> renames = {}, bool online = false)
	{
		renames.push_back(nullptr);
		cft_diff_options options = {};
		cft_err err = CFT_ERR_INIT;
		options.renames = renames.data();
		options.online = online;
		EXPECT_EQ(
			cft_schema_read_text(old_text.c_str(), old_text.size(), "old", &old_, &err),
			0)
			<< err.message;
		EXPECT_EQ(
			cft_schema_read_text(new_text.c_str(), new_text.size(), "new", &new_, &err),
			0)
			<< err.message;
		EXPECT_EQ(cft_schema_diff(old_, new_, &options, &plan_, &err), 0) << err.message;
	}
	~Diff()
	{
		cft_plan_free(plan_);
		cft_schema_free(old_);
		cft_schema_free(new_);
	}
	std::string up() const
	{
		return script(false);
	}
	std::string down() const
	{
		return script(true);
	}
	const cft_plan *operator->() const
	{
		return plan_;
	}

      private:
	std::string script(bool down) const
	{
		cft_buf out = CFT_BUF_INIT;
		cft_plan_script(plan_, down, false, &out);
		std::string text = cft_buf_str(&out);
		cft_buf_release(&out);
		return text;
	}
	cft_schema *old_ = nullptr, *new_ = nullptr;
	cft_plan *plan_ = nullptr;
};

TEST(RenameHint, BehindAColumnIsOfThatColumn)
{
	Diff d("CREATE TABLE users (id int, mail text);",
	       "CREATE TABLE users (id int,\n  email text -- confiture: renamed from mail\n);");
	EXPECT_EQ(d.up(), "ALTER TABLE users RENAME COLUMN mail TO email;\n");
	EXPECT_EQ(d.down(), "ALTER TABLE users RENAME COLUMN email TO mail;\n");
	ASSERT_EQ(d->change_count, 1u);
	EXPECT_EQ(d->changes[0].op, CFT_CHANGE_RENAME);
}

TEST(RenameHint, BehindTheCommaToo)
{
	Diff d("CREATE TABLE users (mail text, id int);",
	       "CREATE TABLE users (\n  email text, -- confiture: renamed from mail\n  id int\n);");
	EXPECT_EQ(d.up(), "ALTER TABLE users RENAME COLUMN mail TO email;\n");
}

TEST(RenameHint, InALineOfItsOwnIsOfTheNextColumn)
{
	Diff d("CREATE TABLE s.users (id int, mail text); CREATE SCHEMA s;",
	       "CREATE SCHEMA s; CREATE TABLE s.users (id int,\n  -- confiture: renamed from mail\n"
	       "  \"E-Mail\" text);");
	EXPECT_EQ(d.up(), "ALTER TABLE s.users RENAME COLUMN mail TO \"E-Mail\";\n");
}

TEST(RenameHint, AboveCreateIsOfTheTableAndColumnsFollow)
{
	Diff d("CREATE TABLE people (id int, mail text);",
	       "-- confiture: renamed from people\nCREATE TABLE IF NOT EXISTS users (id int,\n"
	       "  email text -- confiture: renamed from mail\n);");
	EXPECT_EQ(d.up(), "ALTER TABLE people RENAME TO users;\n"
	                  "ALTER TABLE users RENAME COLUMN mail TO email;\n");
	EXPECT_EQ(d.down(), "ALTER TABLE users RENAME COLUMN email TO mail;\n"
	                    "ALTER TABLE users RENAME TO people;\n");
}

TEST(RenameHint, ThatIsDoneSaysNothingMore)
{
	const char *const now =
		"CREATE TABLE users (\n email text -- confiture: renamed from mail\n);";
	Diff d(now, now);
	EXPECT_EQ(d->change_count, 0u);
	EXPECT_EQ(d->up_count, 0u);
}

TEST(RenameHint, InTheBodyOfAFunctionIsText)
{
	Diff d("CREATE TABLE t (a int);",
	       "CREATE TABLE t (b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n"
	       "-- confiture: renamed from a\nSELECT 1 $$;");
	EXPECT_EQ(d.up().find("RENAME"), std::string::npos) << d.up();
	EXPECT_EQ(d->rename_suggested_count, 1u);
}

TEST(Rename, IsSuggestedAndNotDone)
{
	Diff d("CREATE TABLE t (a int);", "CREATE TABLE t (b int);");
	ASSERT_EQ(d->rename_suggested_count, 1u);
	EXPECT_STREQ(d->renames_suggested[0].from, "t.a");
	EXPECT_NE(d.up().find("DROP COLUMN a"), std::string::npos);
	Diff taken("CREATE TABLE t (a int);", "CREATE TABLE t (b int);", {"t.a=b"});
	EXPECT_EQ(taken.up(), "ALTER TABLE t RENAME COLUMN a TO b;\n");
}

// Taken literally, the table that was to be kept would be renamed and then dropped.
TEST(Rename, ThatNamesNothingIsRefused)
{
	static const struct {
		const char *rename, *message;
	} wrong[] = {
		{"t=people", "the new schema has no such table, view, sequence or column people"},
		{"x=t", "the old schema has no such table, view, sequence or column x"},
		{"t.a=c", "the new schema has no such table, view, sequence or column c"},
		{"t.x=b", "the old schema has no such table, view, sequence or column t.x"},
	};
	const std::string old_text = "CREATE TABLE t (a int);",
			  new_text = "CREATE TABLE t (b int);";

	for (const auto &one : wrong) {
		cft_schema *old_schema = nullptr, *new_schema = nullptr;
		cft_plan *plan = nullptr;
		cft_err err = CFT_ERR_INIT;
		const char *renames[] = {one.rename, nullptr};
		cft_diff_options options = {};
		options.renames = renames;
		ASSERT_EQ(0, cft_schema_read_text(old_text.c_str(), old_text.size(), "old",
		                                  &old_schema, &err));
		ASSERT_EQ(0, cft_schema_read_text(new_text.c_str(), new_text.size(), "new",
		                                  &new_schema, &err));
		EXPECT_EQ(CFT_E_NOT_FOUND,
		          cft_schema_diff(old_schema, new_schema, &options, &plan, &err));
		EXPECT_STREQ("RENAME_NOT_FOUND", err.reason);
		EXPECT_NE(nullptr, strstr(err.message, one.message)) << err.message;
		cft_schema_free(old_schema);
		cft_schema_free(new_schema);
	}
}

TEST(Rename, MayBeAskedForAsAnOptionAndInAComment)
{
	Diff d("CREATE TABLE t (a int);", "CREATE TABLE t (b int -- confiture: renamed from a\n);",
	       {"t.a=b"});
	EXPECT_EQ(d.up(), "ALTER TABLE t RENAME COLUMN a TO b;\n");
}

TEST(Online, NotNullIsProvenByACheckFirst)
{
	Diff d("CREATE TABLE t (a int);", "CREATE TABLE t (a int NOT NULL);", {}, true);
	EXPECT_EQ(d.up(), "ALTER TABLE t ADD CONSTRAINT confiture_a_not_null CHECK (a IS NOT NULL) "
	                  "NOT VALID;\n"
	                  "ALTER TABLE t VALIDATE CONSTRAINT confiture_a_not_null;\n"
	                  "ALTER TABLE t ALTER COLUMN a SET NOT NULL;\n"
	                  "ALTER TABLE t DROP CONSTRAINT confiture_a_not_null;\n");
	EXPECT_TRUE(d->up[1].apart);
	EXPECT_TRUE(d->up[1].rewrites);
}

} // namespace
