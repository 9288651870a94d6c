// The two formats: what goes where, in text and in JSON.
// SPDX-License-Identifier: MIT
#include "agent/output/output.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace
{

class Output : public ::testing::Test
{
      protected:
	void open(bool json, bool utf8, bool terminal = false, bool color = false)
	{
		config_.out = open_memstream(&out_text_, &out_size_);
		config_.err = open_memstream(&err_text_, &err_size_);
		config_.json = json;
		config_.utf8 = utf8;
		config_.out_terminal = config_.err_terminal = terminal;
		config_.color = color;
		config_.columns = 80;
		out_ = cft_output_new(&config_);
	}
	void TearDown() override
	{
		cft_output_free(out_);
		fclose(config_.out);
		fclose(config_.err);
		free(out_text_);
		free(err_text_);
	}
	std::string out()
	{
		fflush(config_.out);
		return out_text_;
	}
	std::string err()
	{
		fflush(config_.err);
		return err_text_;
	}
	struct cft_output_config config_ = {};
	struct cft_output *out_ = nullptr;
	char *out_text_ = nullptr, *err_text_ = nullptr;
	size_t out_size_ = 0, err_size_ = 0;
};

TEST_F(Output, TextShowsMarksInUtf8)
{
	open(false, true);
	cft_out_mark(out_, CFT_MARK_OK, "Intent registered: %s", "int_1");
	cft_out_mark(out_, CFT_MARK_BULLET, "Suggestion");
	EXPECT_EQ("✅ Intent registered: int_1\n  - Suggestion\n", out());
}

TEST_F(Output, TextShowsMarksInAscii)
{
	open(false, false);
	cft_out_mark(out_, CFT_MARK_WARN, "Conflict detected!");
	EXPECT_EQ("WARNING: Conflict detected!\n", out());
}

TEST_F(Output, TextDropsDocuments)
{
	open(false, true);
	cft_out_json(out_, json_pack("{s:i}", "total", 3));
	cft_out_json_line(out_, json_pack("{s:i}", "total", 3));
	EXPECT_EQ("", out());
}

TEST_F(Output, TextCompletesASteppedLine)
{
	open(false, true);
	cft_out_step(out_, CFT_MARK_RUN, "Applying %s...", "001_x");
	cft_out_step_end(out_, CFT_MARK_OK, "%s", "");
	EXPECT_EQ("⚡ Applying 001_x... ✅\n", out());
}

TEST_F(Output, TextNeverPassesEscapeSequencesOn)
{
	open(false, true);
	cft_out_text(out_, "%s", "\033]0;owned\007");
	cft_out_note(out_, "%s", "\033[2J");
	EXPECT_EQ("\\x1b]0;owned\\x07\n", out());
	EXPECT_EQ("\\x1b[2J\n", err());
}

TEST_F(Output, TextErrorHasPlaceMessageAndHint)
{
	struct cft_err e = CFT_ERR_INIT;
	open(false, false);
	cft_fail(&e, CFT_E_SYNTAX, "syntax error at or near \"TABEL\"");
	cft_err_at(&e, "a.sql", 3, 8);
	cft_err_hint(&e, "Did you mean TABLE?");
	cft_out_error(out_, &e);
	EXPECT_EQ("", out());
	EXPECT_EQ("ERROR: a.sql:3:8: syntax error at or near \"TABEL\"\n   Did you mean TABLE?\n",
	          err());
}

TEST_F(Output, TextErrorNamesTheLineWithoutAFile)
{
	struct cft_err e = CFT_ERR_INIT;
	open(false, false);
	cft_fail(&e, CFT_E_SYNTAX, "bad");
	cft_err_at(&e, "", 2, 5);
	cft_out_error(out_, &e);
	EXPECT_EQ("ERROR: line 2:5: bad\n", err());
}

TEST_F(Output, JsonDropsTextAndTables)
{
	static const struct cft_column columns[] = {{"A", false, false}};
	struct cft_table table;
	open(true, true);
	cft_table_init(&table, nullptr, columns, 1);
	cft_table_cell(&table, CFT_STYLE_PLAIN, "x");
	cft_out_table(out_, &table);
	cft_out_text(out_, "hello");
	cft_out_mark(out_, CFT_MARK_OK, "hello");
	cft_out_step(out_, CFT_MARK_RUN, "hello");
	cft_out_step_end(out_, CFT_MARK_OK, "hello");
	cft_table_release(&table);
	EXPECT_EQ("", out());
	EXPECT_EQ("", err());
}

TEST_F(Output, JsonPrintsTheDocumentIndentedAndRecordsOnOneLine)
{
	open(true, true);
	cft_out_json(out_, json_pack("{s:i}", "total", 3));
	cft_out_json_line(out_, json_pack("{s:i}", "revision", 4));
	EXPECT_EQ("{\n  \"total\": 3\n}\n{\"revision\":4}\n", out());
}

TEST_F(Output, JsonErrorsAndNotesAreObjectsOnStandardError)
{
	struct cft_err e = CFT_ERR_INIT;
	open(true, true);
	cft_fail(&e, CFT_E_NOT_FOUND, "no intent int_1");
	cft_out_note(out_, "Started %s", "x");
	cft_out_error(out_, &e);
	EXPECT_EQ("", out());
	EXPECT_EQ("{\"note\":\"Started x\"}\n"
	          "{\"error\":{\"code\":\"NOT_FOUND\",\"reason\":\"NOT_FOUND\","
	          "\"message\":\"no intent int_1\"}}\n",
	          err());
}

TEST_F(Output, JsonErrorsHoldTheDetailsThatWereGiven)
{
	struct cft_err e = CFT_ERR_INIT;
	open(true, true);
	cft_fail(&e, CFT_E_NOT_FOUND, "no intent int_1");
	cft_out_error_details(out_, json_pack("{s:[s]}", "missing", "table a"));
	cft_out_error(out_, &e);
	EXPECT_EQ("{\"error\":{\"code\":\"NOT_FOUND\",\"reason\":\"NOT_FOUND\","
	          "\"message\":\"no intent int_1\",\"details\":{\"missing\":[\"table a\"]}}}\n",
	          err());
}

TEST_F(Output, ProgressShowsOnTerminalsOnlyAndMakesWayForOutput)
{
	open(false, true, true);
	cft_out_progress(out_, 1, 3, "001_x");
	cft_out_text(out_, "done");
	EXPECT_EQ("\r\033[K[1/3] 001_x\r\033[K", err());
	EXPECT_EQ("done\n", out());
}

TEST_F(Output, ProgressOfAStepLeavesItOnTheTerminal)
{
	open(false, true, true);
	cft_out_step(out_, CFT_MARK_RUN, "Applying %s...", "001_x");
	cft_out_progress(out_, 1, 3, "CREATE TABLE t");
	cft_out_step_end(out_, CFT_MARK_OK, "%s", "");
	EXPECT_EQ("⚡ Applying 001_x... ✅\n", out());
	EXPECT_EQ("\r\033[K⚡ Applying 001_x... [1/3] CREATE TABLE t\r\033[K⚡ Applying 001_x... ",
	          err());
}

TEST_F(Output, WhatIsSaidDuringAStepHasALineOfItsOwnAndTheEndNamesTheStep)
{
	open(false, true);
	cft_out_step(out_, CFT_MARK_RUN, "Applying %s...", "001_x");
	cft_out_note(out_, "waiting for a lock");
	cft_out_note(out_, "waiting again");
	cft_out_step_end(out_, CFT_MARK_OK, "%s", "");
	EXPECT_EQ("⚡ Applying 001_x... \n⚡ Applying 001_x... ✅\n", out());
	EXPECT_EQ("waiting for a lock\nwaiting again\n", err());
}

TEST_F(Output, AnEndWithoutAStepSaysNothing)
{
	open(false, true);
	cft_out_step_end(out_, CFT_MARK_ERROR, "%s", "");
	EXPECT_EQ("", out());
}

TEST_F(Output, ATextErrorDoesNotNameTwiceWhatItsMessageNames)
{
	struct cft_err e = CFT_ERR_INIT;
	open(false, false);
	cft_fail(&e, CFT_E_INVALID, "agent_id is empty");
	cft_err_at(&e, "agent_id", 0, 0);
	cft_out_error(out_, &e);
	EXPECT_EQ("ERROR: agent_id is empty\n", err());
}

TEST_F(Output, ProgressIsSilentInPipes)
{
	open(false, true, false);
	cft_out_progress(out_, 1, 3, "001_x");
	cft_out_progress_end(out_);
	EXPECT_EQ("", err());
}

TEST_F(Output, TablesHaveBordersOnTerminalsOnly)
{
	static const struct cft_column columns[] = {{"A", false, false}};
	struct cft_table table;
	cft_table_init(&table, nullptr, columns, 1);
	cft_table_cell(&table, CFT_STYLE_PLAIN, "x");
	open(false, true, false);
	cft_out_table(out_, &table);
	EXPECT_EQ("A\nx\n", out());
	TearDown();
	open(false, true, true);
	cft_out_table(out_, &table);
	EXPECT_EQ("┌───┐\n│ A │\n├───┤\n│ x │\n└───┘\n", out());
	cft_table_release(&table);
}

TEST(OutputFinish, ReportsAFullDisk)
{
	struct cft_err e = CFT_ERR_INIT;
	struct cft_output_config config = {};
	config.out = fopen("/dev/full", "w");
	config.err = stderr;
	struct cft_output *out = cft_output_new(&config);
	cft_out_text(out, "x");
	EXPECT_EQ(CFT_E_FAILED, cft_output_finish(out, &e));
	cft_output_free(out);
	fclose(config.out);
}

class Detect : public ::testing::Test
{
      protected:
	void TearDown() override
	{
		for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "COLUMNS"})
			unsetenv(name);
	}
	struct cft_output_config detect(enum cft_color_mode color)
	{
		struct cft_output_config config;
		cft_output_detect(&config, false, color);
		return config;
	}
};

TEST_F(Detect, TakesUtf8FromTheFirstLocaleVariableThatIsSet)
{
	setenv("LANG", "en_US.UTF-8", 1);
	EXPECT_TRUE(detect(CFT_COLOR_AUTO).utf8);
	setenv("LC_ALL", "C", 1);
	EXPECT_FALSE(detect(CFT_COLOR_AUTO).utf8);
	setenv("LC_ALL", "C.utf8", 1);
	EXPECT_TRUE(detect(CFT_COLOR_AUTO).utf8);
}

TEST_F(Detect, ColoursWhenToldTo)
{
	setenv("NO_COLOR", "1", 1);
	EXPECT_TRUE(detect(CFT_COLOR_ALWAYS).color);
	EXPECT_FALSE(detect(CFT_COLOR_NEVER).color);
	EXPECT_FALSE(detect(CFT_COLOR_AUTO).color);
}

} // namespace
