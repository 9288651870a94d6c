// Tables: borders, widths by display columns, cutting, and text that would steer a terminal.
// SPDX-License-Identifier: MIT
#include "agent/output/table.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace
{

const struct cft_column kColumns[] = {{"Id", false, false}, {"Feature", false, true}};

class Table : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		cft_table_init(&table_, nullptr, kColumns, 2);
	}
	void TearDown() override
	{
		cft_table_release(&table_);
	}
	void row(const char *a, const char *b)
	{
		cft_table_cell(&table_, CFT_STYLE_PLAIN, "%s", a);
		cft_table_cell(&table_, CFT_STYLE_PLAIN, "%s", b);
	}
	std::string draw(enum cft_borders borders, size_t width = 0, bool color = false)
	{
		struct cft_buf out = CFT_BUF_INIT;
		cft_table_draw(&table_, borders, color, width, &out);
		std::string text = cft_buf_str(&out);
		cft_buf_release(&out);
		return text;
	}
	struct cft_table table_;
};

TEST_F(Table, DrawsLightBordersInUtf8)
{
	row("int_1", "profiles");
	EXPECT_EQ("┌───────┬──────────┐\n"
	          "│ Id    │ Feature  │\n"
	          "├───────┼──────────┤\n"
	          "│ int_1 │ profiles │\n"
	          "└───────┴──────────┘\n",
	          draw(CFT_BORDERS_UTF8));
}

TEST_F(Table, DrawsHeavyHeadAndCentredTitle)
{
	table_.heavy_head = true;
	table_.title = "Migrations";
	row("001", "create_users_table");
	EXPECT_EQ("         Migrations\n"
	          "┏━━━━━┳━━━━━━━━━━━━━━━━━━━━┓\n"
	          "┃ Id  ┃ Feature            ┃\n"
	          "┡━━━━━╇━━━━━━━━━━━━━━━━━━━━┩\n"
	          "│ 001 │ create_users_table │\n"
	          "└─────┴────────────────────┘\n",
	          draw(CFT_BORDERS_UTF8));
}

TEST_F(Table, DrawsAsciiBorders)
{
	row("1", "x");
	EXPECT_EQ("+----+---------+\n"
	          "| Id | Feature |\n"
	          "+----+---------+\n"
	          "| 1  | x       |\n"
	          "+----+---------+\n",
	          draw(CFT_BORDERS_ASCII));
}

TEST_F(Table, WithoutBordersHasNoTrailingBlanks)
{
	row("int_1", "x");
	EXPECT_EQ("Id     Feature\nint_1  x\n", draw(CFT_BORDERS_NONE));
}

TEST_F(Table, MeasuresDisplayColumnsNotBytes)
{
	row("日本", "⏳ é");
	EXPECT_EQ("+------+---------+\n"
	          "| Id   | Feature |\n"
	          "+------+---------+\n"
	          "| 日本 | ⏳ é    |\n"
	          "+------+---------+\n",
	          draw(CFT_BORDERS_ASCII));
}

TEST_F(Table, WrapsOnlyFlexibleColumnsToTheTerminal)
{
	row("int_abc123def456", "a_very_long_feature_name_indeed");
	EXPECT_EQ("┌──────────────────┬───────────────────┐\n"
	          "│ Id               │ Feature           │\n"
	          "├──────────────────┼───────────────────┤\n"
	          "│ int_abc123def456 │ a_very_long_featu │\n"
	          "│                  │ re_name_indeed    │\n"
	          "└──────────────────┴───────────────────┘\n",
	          draw(CFT_BORDERS_UTF8, 40));
}

TEST_F(Table, WrapsBetweenWordsWhereItCan)
{
	row("1", "ALTER TABLE users ADD COLUMN bio TEXT");
	EXPECT_EQ("+----+---------------+\n"
	          "| Id | Feature       |\n"
	          "+----+---------------+\n"
	          "| 1  | ALTER TABLE   |\n"
	          "|    | users ADD     |\n"
	          "|    | COLUMN bio    |\n"
	          "|    | TEXT          |\n"
	          "+----+---------------+\n",
	          draw(CFT_BORDERS_ASCII, 22));
}

TEST_F(Table, EndsWithAnEllipsisWhatWouldTakeTooManyLines)
{
	row("1", "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9");
	std::string text = draw(CFT_BORDERS_UTF8, 17);
	EXPECT_NE(std::string::npos, text.find("…")) << text;
	EXPECT_EQ(4 + 6, std::count(text.begin(), text.end(), '\n')) << text;
}

TEST_F(Table, KeepsIdsWholeOnATerminalThatIsTooNarrow)
{
	row("int_abc123def456", "a_very_long_feature_name_indeed");
	EXPECT_NE(std::string::npos, draw(CFT_BORDERS_UTF8, 10).find("int_abc123def456"));
}

TEST_F(Table, FillsMissingCellsOfTheLastRow)
{
	cft_table_cell(&table_, CFT_STYLE_PLAIN, "only");
	EXPECT_NE(std::string::npos, draw(CFT_BORDERS_ASCII).find("| only |         |"));
}

TEST_F(Table, AlignsNumbersRight)
{
	static const struct cft_column numbers[] = {{"Revision", true, false}};
	cft_table_release(&table_);
	cft_table_init(&table_, nullptr, numbers, 1);
	cft_table_cell(&table_, CFT_STYLE_PLAIN, "%d", 42);
	EXPECT_EQ("Revision\n      42\n", draw(CFT_BORDERS_NONE));
}

TEST_F(Table, ColoursOnlyWhenAsked)
{
	cft_table_cell(&table_, CFT_STYLE_RED, "x");
	EXPECT_EQ(std::string::npos, draw(CFT_BORDERS_NONE, 0, false).find('\033'));
	EXPECT_NE(std::string::npos, draw(CFT_BORDERS_NONE, 0, true).find("\033[31mx\033[0m"));
}

TEST_F(Table, ShowsControlCharactersAndKeepsRowsOnOneLine)
{
	row("a\nb", "\033[2Jx");
	EXPECT_EQ("Id   Feature\na b  \\x1b[2Jx\n", draw(CFT_BORDERS_NONE));
}

std::string clean(const char *text, bool lines)
{
	struct cft_buf out = CFT_BUF_INIT;
	cft_output_clean(&out, text, lines);
	std::string result = cft_buf_str(&out);
	cft_buf_release(&out);
	return result;
}

TEST(Clean, KeepsLineBreaksWhereLinesAreAllowed)
{
	EXPECT_EQ("a\nb\tc", clean("a\nb\tc", true));
	EXPECT_EQ("a b c", clean("a\nb\tc", false));
}

TEST(Clean, ShowsC1ControlsBadBytesAndDirectionMarks)
{
	EXPECT_EQ("\\x9b", clean("\xC2\x9B", true));
	EXPECT_EQ("\\xff", clean("\xFF", true));
	EXPECT_EQ("\\u202e", clean("\xE2\x80\xAE", true));
	EXPECT_EQ("\\x0d", clean("\r", true));
}

} // namespace
