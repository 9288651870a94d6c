// The command line's grammar: commands, options, types, suggestions.
// SPDX-License-Identifier: MIT
#include "agent/commands/parse.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace
{

int nothing(struct cft_cmd *, struct cft_err *)
{
	return 0;
}

struct cft_opt option(const char *name, enum cft_opt_type type)
{
	struct cft_opt opt = {};
	opt.name = name;
	opt.type = type;
	opt.value = "VALUE";
	opt.help = "Help";
	return opt;
}

class Parse : public ::testing::Test
{
      protected:
	Parse()
	{
		options_ = {
			option("agent-id", CFT_OPT_STRING), option("tables-affected", CFT_OPT_LIST),
			option("limit", CFT_OPT_INT),       option("hours", CFT_OPT_NUMBER),
			option("wait", CFT_OPT_DURATION),   option("risk-level", CFT_OPT_ENUM),
			option("metadata", CFT_OPT_JSON),   option("sql", CFT_OPT_TEXT),
			option("force", CFT_OPT_FLAG),      CFT_OPT_END};
		options_[0].required = true;
		options_[0].env = "CFT_TEST_AGENT";
		options_[2].min = 1;
		options_[2].max = 100;
		options_[2].fallback = "50";
		options_[5].choices = choices_;
		options_[8].letter = 'f';
		arguments_ = {{"OBJECT", "What", false, false}, CFT_ARG_END};
		check_.options = options_.data();
		check_.arguments = arguments_.data();
		check_.run = nothing;
		plain_.run = nothing;
		server_.run = nothing;
		server_.flags = CFT_CMD_SERVER;
		entries_ = {{"coordinate", &group_, false},
		            {"coordinate check", &check_, false},
		            {"build", &plain_, false},
		            {"status", &server_, false}};
		table_ = {entries_.data(), entries_.size()};
	}
	void TearDown() override
	{
		cft_parse_release(&cmd_);
		cft_arena_release(&arena_);
		unsetenv("CFT_TEST_AGENT");
	}
	int parse(std::vector<const char *> words)
	{
		cft_parse_release(&cmd_);
		cmd_ = {};
		cmd_.arena = &arena_;
		cft_err_clear(&err_);
		words_ = std::move(words);
		return cft_parse(&table_, words_.size(), words_.data(), &cmd_, &request_, &err_);
	}
	// The same for `coordinate check --agent-id a`.
	int check(std::vector<const char *> words)
	{
		std::vector<const char *> all = {"coordinate", "check", "--agent-id", "a"};
		all.insert(all.end(), words.begin(), words.end());
		return parse(all);
	}
	std::vector<std::string> list(const char *name)
	{
		struct cft_words words = cft_cmd_list(&cmd_, name);
		return std::vector<std::string>(words.v, words.v + words.n);
	}
	using Strings = std::vector<std::string>;

	const char *choices_[4] = {"low", "medium", "high", nullptr};
	std::vector<struct cft_opt> options_;
	std::vector<struct cft_arg> arguments_;
	struct cft_command group_ = {}, check_ = {}, plain_ = {}, server_ = {};
	std::vector<struct cft_command_entry> entries_;
	struct cft_command_table table_;
	struct cft_arena arena_ = CFT_ARENA_INIT;
	struct cft_cmd cmd_ = {};
	struct cft_request request_ = {};
	struct cft_err err_ = CFT_ERR_INIT;
	std::vector<const char *> words_;
};

TEST_F(Parse, FindsACommandInAGroup)
{
	ASSERT_EQ(0, check({}));
	EXPECT_STREQ("coordinate check", cmd_.path);
	EXPECT_STREQ("a", cft_cmd_str(&cmd_, "agent-id"));
}

TEST_F(Parse, TakesOptionsAnywhereAndWithEquals)
{
	ASSERT_EQ(0, parse({"--format", "json", "coordinate", "--color=never", "check",
	                    "public.users", "--agent-id=bob", "-f"}));
	EXPECT_STREQ("bob", cft_cmd_str(&cmd_, "agent-id"));
	EXPECT_STREQ("json", cft_cmd_str(&cmd_, "format"));
	EXPECT_TRUE(cft_cmd_flag(&cmd_, "force"));
	ASSERT_EQ(1u, cmd_.args.n);
	EXPECT_STREQ("public.users", cmd_.args.v[0]);
}

TEST_F(Parse, ListTakesCommasWordsNoneAndRepeats)
{
	ASSERT_EQ(0, check({"--tables-affected", "users,profiles"}));
	EXPECT_EQ((Strings{"users", "profiles"}), list("tables-affected"));
	ASSERT_EQ(0, check({"--tables-affected", "a", "b", "c", "--format", "json"}));
	EXPECT_EQ((Strings{"a", "b", "c"}), list("tables-affected"));
	ASSERT_EQ(0, check({"--tables-affected", "--format", "json"}));
	EXPECT_EQ(Strings{}, list("tables-affected"));
	EXPECT_TRUE(cft_cmd_typed(&cmd_, "tables-affected"));
	ASSERT_EQ(0, check({"--tables-affected", "a, b ,", "--tables-affected=c"}));
	EXPECT_EQ((Strings{"a", "b", "c"}), list("tables-affected"));
	ASSERT_EQ(0, check({}));
	EXPECT_FALSE(cft_cmd_typed(&cmd_, "tables-affected"));
}

TEST_F(Parse, ListAtTheEndMayBeEmpty)
{
	ASSERT_EQ(0, check({"--tables-affected"}));
	EXPECT_EQ(Strings{}, list("tables-affected"));
	ASSERT_EQ(0, check({"--tables-affected", ""}));
	EXPECT_EQ(Strings{}, list("tables-affected"));
}

TEST_F(Parse, ValueMayStartWithADash)
{
	ASSERT_EQ(0, check({"--sql", "-- add a column\nALTER TABLE t ADD c int"}));
	EXPECT_STREQ("-- add a column\nALTER TABLE t ADD c int", cft_cmd_str(&cmd_, "sql"));
	EXPECT_NE(0, check({"--limit", "-5"}));
	EXPECT_NE(std::string::npos, std::string(err_.message).find("from 1 to 100"));
}

TEST_F(Parse, ForgottenValueIsToldFromTheNextOption)
{
	EXPECT_EQ(CFT_E_INVALID, check({"--sql", "--force"}));
	EXPECT_STREQ("MISSING_VALUE", err_.reason);
	EXPECT_EQ(CFT_E_INVALID, check({"--sql"}));
	EXPECT_STREQ("MISSING_VALUE", err_.reason);
}

TEST_F(Parse, DoubleDashEndsOptions)
{
	ASSERT_EQ(0, check({"--", "--force"}));
	ASSERT_EQ(1u, cmd_.args.n);
	EXPECT_STREQ("--force", cmd_.args.v[0]);
}

TEST_F(Parse, AbbreviationsAreNoOptions)
{
	EXPECT_EQ(CFT_E_INVALID, check({"--forc"}));
	EXPECT_STREQ("UNKNOWN_OPTION", err_.reason);
	EXPECT_STREQ("Did you mean --force?", err_.hint);
}

TEST_F(Parse, SuggestsTheNearestCommand)
{
	EXPECT_EQ(CFT_E_INVALID, parse({"cordinate"}));
	EXPECT_STREQ("Did you mean: confiture coordinate", err_.hint);
	EXPECT_EQ(CFT_E_INVALID, parse({"coordinate", "chekc"}));
	EXPECT_STREQ("Did you mean: confiture coordinate check", err_.hint);
	EXPECT_EQ(CFT_E_INVALID, parse({"zzzzzz"}));
	EXPECT_STREQ("See: confiture --help", err_.hint);
}

TEST_F(Parse, NamesEveryMissingOption)
{
	EXPECT_EQ(CFT_E_INVALID, parse({"coordinate", "check"}));
	EXPECT_STREQ("confiture coordinate check needs --agent-id", err_.message);
}

TEST_F(Parse, EnvironmentFillsWhatWasNotTyped)
{
	setenv("CFT_TEST_AGENT", "env-agent", 1);
	ASSERT_EQ(0, parse({"coordinate", "check"}));
	EXPECT_STREQ("env-agent", cft_cmd_str(&cmd_, "agent-id"));
	EXPECT_FALSE(cft_cmd_typed(&cmd_, "agent-id"));
	ASSERT_EQ(0, check({}));
	EXPECT_STREQ("a", cft_cmd_str(&cmd_, "agent-id"));
}

TEST_F(Parse, NumbersHaveDefaultsAndLimits)
{
	ASSERT_EQ(0, check({}));
	EXPECT_EQ(50, cft_cmd_int(&cmd_, "limit"));
	ASSERT_EQ(0, check({"--limit", "100", "--hours", "0.5", "--wait", "1.5s"}));
	EXPECT_EQ(100, cft_cmd_int(&cmd_, "limit"));
	EXPECT_EQ(0.5, cft_cmd_number(&cmd_, "hours"));
	EXPECT_EQ(1500000, cft_cmd_duration_us(&cmd_, "wait"));
	for (const char *bad : {"101", "0", "x", "", " 5", "5 ", "99999999999999999999"})
		EXPECT_EQ(CFT_E_INVALID, check({"--limit", bad})) << bad;
	for (const char *bad : {"nan", "inf", "1e999", "h"})
		EXPECT_EQ(CFT_E_INVALID, check({"--hours", bad})) << bad;
	EXPECT_EQ(CFT_E_INVALID, check({"--wait", "soon"}));
}

TEST_F(Parse, ChoicesIgnoreCaseAndSuggest)
{
	ASSERT_EQ(0, check({"--risk-level", "MEDIUM"}));
	EXPECT_EQ(1, cft_cmd_choice(&cmd_, "risk-level"));
	EXPECT_STREQ("medium", cft_cmd_str(&cmd_, "risk-level"));
	EXPECT_EQ(CFT_E_INVALID, check({"--risk-level", "mediun"}));
	EXPECT_STREQ("Did you mean medium?", err_.hint);
	ASSERT_EQ(0, check({}));
	EXPECT_EQ(-1, cft_cmd_choice(&cmd_, "risk-level"));
}

TEST_F(Parse, JsonMustBeAnObject)
{
	ASSERT_EQ(0, check({"--metadata", "{\"ticket\": 42}"}));
	EXPECT_EQ(42,
	          json_integer_value(json_object_get(cft_cmd_json(&cmd_, "metadata"), "ticket")));
	EXPECT_EQ(CFT_E_INVALID, check({"--metadata", "[1]"}));
	EXPECT_EQ(CFT_E_INVALID, check({"--metadata", "{\"a\": }"}));
	EXPECT_STREQ("--metadata", err_.file);
	EXPECT_EQ(1, err_.line);
}

TEST_F(Parse, TextMayComeFromAFile)
{
	char path[] = "/tmp/cft_parse_XXXXXX.sql";
	int fd = mkstemps(path, 4);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(8, write(fd, "SELECT 1", 8));
	close(fd);
	ASSERT_EQ(0, check({"--sql", path}));
	EXPECT_STREQ("SELECT 1", cft_cmd_str(&cmd_, "sql"));
	EXPECT_STREQ(path, cft_cmd_text_file(&cmd_, "sql"));
	ASSERT_EQ(0, check({"--sql", (std::string("@") + path).c_str()}));
	EXPECT_STREQ("SELECT 1", cft_cmd_str(&cmd_, "sql"));
	unlink(path);
	EXPECT_EQ(CFT_E_NOT_FOUND, check({"--sql", path}));
	EXPECT_STREQ("FILE_NOT_FOUND", err_.reason);
	ASSERT_EQ(0, check({"--sql", "SELECT 2"}));
	EXPECT_EQ(nullptr, cft_cmd_text_file(&cmd_, "sql"));
}

TEST_F(Parse, ServerOptionsOnlyWhereACommandTalksToTheServer)
{
	ASSERT_EQ(0, parse({"--server", "h:1", "status"}));
	EXPECT_STREQ("h:1", cft_cmd_str(&cmd_, "server"));
	EXPECT_EQ(CFT_E_INVALID, parse({"build", "--server", "h:1"}));
	EXPECT_EQ(CFT_E_INVALID, parse({"--server", "h:1", "build"}));
	EXPECT_STREQ("unknown option --server of build", err_.message);
}

TEST_F(Parse, AForgottenGroupIsNamed)
{
	EXPECT_EQ(CFT_E_INVALID, parse({"check"}));
	EXPECT_STREQ("unknown command: check", err_.message);
	EXPECT_STREQ("Did you mean: confiture coordinate check", err_.hint);
	EXPECT_EQ(CFT_E_INVALID, parse({"nonsense"}));
	EXPECT_STREQ("See: confiture --help", err_.hint);
}

TEST_F(Parse, HelpWinsOverEveryError)
{
	ASSERT_EQ(0, parse({"coordinate", "check", "--bogus", "--help"}));
	EXPECT_TRUE(request_.help);
	EXPECT_STREQ("coordinate check", request_.entry->path);
	ASSERT_EQ(0, parse({"help", "coordinate"}));
	EXPECT_TRUE(request_.help);
	EXPECT_STREQ("coordinate", request_.entry->path);
	ASSERT_EQ(0, parse({"-h"}));
	EXPECT_TRUE(request_.help);
	EXPECT_EQ(nullptr, request_.entry);
}

TEST_F(Parse, VersionBelongsToTheProgram)
{
	ASSERT_EQ(0, parse({"--version"}));
	EXPECT_TRUE(request_.version);
	EXPECT_EQ(CFT_E_INVALID, parse({"build", "--version"}));
}

TEST_F(Parse, RefusesArgumentsThatNobodyAskedFor)
{
	EXPECT_EQ(CFT_E_INVALID, check({"one", "two"}));
	EXPECT_STREQ("UNEXPECTED_ARGUMENT", err_.reason);
	EXPECT_EQ(CFT_E_INVALID, parse({"build", "x"}));
	EXPECT_EQ(CFT_E_INVALID, check({"--force=yes"}));
}

TEST_F(Parse, NamesOfTenKilobytesAreJustWrong)
{
	std::string name(10000, 'x');
	EXPECT_EQ(CFT_E_INVALID, parse({name.c_str()}));
	EXPECT_EQ(CFT_E_INVALID, check({("--" + name).c_str()}));
	EXPECT_EQ(CFT_E_INVALID, check({"--risk-level", name.c_str()}));
}

TEST(ParseLook, FindsTheFormatBesideOtherMistakes)
{
	const char *words[] = {"coordinate", "chekc", "--format=JSON", "--color", "never"};
	enum cft_color_mode color;
	bool json;

	cft_parse_look(5, words, &json, &color);
	EXPECT_TRUE(json);
	EXPECT_EQ(CFT_COLOR_NEVER, color);
}

} // namespace
