// The real table of commands: every command is complete, and help and completions can be made of
// it. SPDX-License-Identifier: MIT
#include "agent/commands/help.h"
#include "agent/commands/parse.h"
#include "tests/lib/process.h"

#include <cctype>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace
{

std::string help_of(const struct cft_command_entry *entry)
{
	struct cft_command_table table = cft_commands();
	struct cft_buf out = CFT_BUF_INIT;
	cft_help_write(&table, entry, 80, false, &out);
	std::string text = cft_buf_str(&out);
	cft_buf_release(&out);
	return text;
}

class CommandTable : public ::testing::Test
{
      protected:
	struct cft_command_table table_ = cft_commands();
};

TEST_F(CommandTable, PathsAreUniqueAndHaveTheirGroup)
{
	std::set<std::string> seen;
	for (size_t i = 0; i < table_.n; i++) {
		std::string path = table_.v[i].path;
		EXPECT_TRUE(seen.insert(path).second) << path;
		size_t blank = path.rfind(' ');
		bool has_group = blank == std::string::npos || seen.count(path.substr(0, blank));
		EXPECT_TRUE(has_group) << path << ": its CFT_GROUP line comes first";
	}
}

TEST_F(CommandTable, EveryCommandHasASummaryAndAnExample)
{
	for (size_t i = 0; i < table_.n; i++) {
		const struct cft_command *command = table_.v[i].command;
		ASSERT_NE(nullptr, command->summary) << table_.v[i].path;
		std::string summary = command->summary;
		EXPECT_TRUE(isupper(summary[0])) << table_.v[i].path;
		EXPECT_NE('.', summary.back()) << table_.v[i].path;
		ASSERT_NE(nullptr, command->examples) << table_.v[i].path;
		EXPECT_NE(nullptr, command->examples[0].line) << table_.v[i].path;
	}
}

TEST_F(CommandTable, EveryOptionIsComplete)
{
	for (size_t i = 0; i < table_.n; i++) {
		const struct cft_opt *opt = table_.v[i].command->options;
		std::set<std::string> seen;
		for (; opt && opt->name; opt++) {
			std::string where = std::string(table_.v[i].path) + " --" + opt->name;
			EXPECT_TRUE(seen.insert(opt->name).second) << where;
			ASSERT_NE(nullptr, opt->help) << where;
			EXPECT_EQ(opt->type == CFT_OPT_FLAG, opt->value == nullptr) << where;
			EXPECT_EQ(opt->type == CFT_OPT_ENUM, opt->choices != nullptr) << where;
			EXPECT_LT(strlen(opt->name), 60u) << where;
		}
	}
}

TEST_F(CommandTable, EveryFallbackIsAValidValue)
{
	for (size_t i = 0; i < table_.n; i++) {
		const struct cft_opt *opt = table_.v[i].command->options;
		for (; opt && opt->name; opt++) {
			if (!opt->fallback)
				continue;
			struct cft_option_value value = {};
			struct cft_err err = CFT_ERR_INIT;
			struct cft_arena arena = CFT_ARENA_INIT;
			value.opt = opt;
			value.text = opt->fallback;
			EXPECT_EQ(0, cft_value_convert(&arena, &value, &err)) << err.message;
			json_decref(value.json);
			cft_arena_release(&arena);
		}
	}
}

TEST_F(CommandTable, HelpOfEveryCommandShowsUsageAndExample)
{
	for (size_t i = 0; i < table_.n; i++) {
		std::string text = help_of(&table_.v[i]);
		EXPECT_NE(std::string::npos,
		          text.find(std::string("Usage: confiture ") + table_.v[i].path))
			<< text;
		EXPECT_NE(std::string::npos, text.find("Example")) << text;
	}
}

// The examples are what people paste: their commands and options must exist.
TEST_F(CommandTable, ExamplesOfCommandsParse)
{
	for (size_t i = 0; i < table_.n; i++) {
		const struct cft_command *command = table_.v[i].command;
		if (table_.v[i].hidden) // shows the example of the command it stands for
			continue;
		for (const struct cft_example *e = command->examples; command->run && e->line;
		     e++) {
			std::string line = e->line;
			if (line.rfind("confiture ", 0) != 0)
				continue;
			EXPECT_EQ(0u, line.find(std::string("confiture ") + table_.v[i].path))
				<< line;
			line = line.substr(0, line.find("$(")); // another program's options
			for (size_t at = line.find(" --"); at != std::string::npos;
			     at = line.find(" --", at + 1)) {
				size_t end = line.find_first_of(" =\n", at + 3);
				std::string name = line.substr(at + 3, end - at - 3);
				EXPECT_NE(nullptr, cft_option_find(command, name.c_str()))
					<< line << ": --" << name;
			}
		}
	}
}

TEST(HelpText, HelpOfTheProgramListsGroupsAndExitCodes)
{
	std::string text = help_of(nullptr);
	EXPECT_NE(std::string::npos, text.find("Usage: confiture COMMAND"));
	EXPECT_NE(std::string::npos, text.find("70  a bug of Confiture"));
	EXPECT_EQ(std::string::npos, text.find("docs"));
}

TEST(Completions, AreValidShell)
{
	std::string agent = cft_test::program("agent");
	for (const char *shell : {"bash", "zsh", "fish"}) {
		cft_test::RunResult made = cft_test::run({agent, "completions", shell});
		ASSERT_EQ(0, made.exit_code) << made.err;
		EXPECT_NE(std::string::npos, made.out.find("completions"));
		if (std::string(shell) != "bash")
			continue;
		cft_test::RunOptions options;
		options.input = made.out +
		                "\nCOMP_WORDS=(confiture comp)\nCOMP_CWORD=1\n_confiture\n"
		                "echo \"${COMPREPLY[@]}\"\n";
		cft_test::RunResult used = cft_test::run({"bash"}, options);
		EXPECT_EQ("completions\n", used.out) << used.err;
	}
}

TEST(Completions, CompleteValuesOfChoices)
{
	cft_test::RunOptions options;
	options.input = cft_test::run({cft_test::program("agent"), "completions", "bash"}).out +
	                "\nCOMP_WORDS=(confiture completions --format '')\nCOMP_CWORD=3\n"
	                "_confiture\necho \"${COMPREPLY[@]}\"\n";
	EXPECT_EQ("text json\n", cft_test::run({"bash"}, options).out);
}

TEST(CommandReference, EqualsTheGeneratedText)
{
	cft_test::RunResult made = cft_test::run({cft_test::program("agent"), "docs", "markdown"});
	EXPECT_EQ(cft_test::read_file(CFT_SOURCE_DIR "/docs/cli.md"), made.out)
		<< "renew it: build/bin/confiture docs markdown > docs/cli.md";
}

TEST(ManPages, AreWrittenForEveryCommand)
{
	cft_test::TempDir dir;
	cft_test::RunResult made =
		cft_test::run({cft_test::program("agent"), "docs", "man", "--out-dir", dir.path()});
	ASSERT_EQ(0, made.exit_code) << made.err;
	std::string page = cft_test::read_file(dir.file("confiture-completions.1"));
	EXPECT_NE(std::string::npos, page.find(".SH SYNOPSIS"));
	EXPECT_NE(std::string::npos, page.find("source <(confiture completions bash)"));
}

TEST(Program, WithoutACommandIsNoSuccess)
{
	cft_test::RunResult r = cft_test::run({cft_test::program("agent")});
	EXPECT_EQ(2, r.exit_code);
	EXPECT_EQ("", r.out);
}

TEST(Program, PrintsItsVersion)
{
	cft_test::RunResult r = cft_test::run({cft_test::program("confiture"), "--version"});
	EXPECT_EQ(0, r.exit_code);
	EXPECT_EQ("confiture " CFT_VERSION "\n", r.out);
}

} // namespace
