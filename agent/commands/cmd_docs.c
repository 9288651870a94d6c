/* confiture docs markdown|man: documents made from the table of commands.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/help.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/roff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool documented(const struct cft_command_entry *entry)
{
	return !entry->hidden && !(entry->command->flags & CFT_CMD_HIDDEN);
}

/* -- Markdown -- */

/* Text in a table's cell: a bar would end the cell. */
static void md_cell(struct cft_buf *out, const char *text)
{
	for (; *text; text++)
		cft_buf_adds(out, *text == '|' ? "\\|" : (char[]){*text, '\0'});
}

static void md_options(struct cft_buf *out, const char *heading, const struct cft_opt *opt)
{
	if (!opt || !opt->name)
		return;
	cft_buf_addf(out, "%s\n\n| Option | Meaning |\n|---|---|\n", heading);
	for (; opt->name; opt++) {
		if (opt->hidden)
			continue;
		struct cft_buf text = CFT_BUF_INIT;
		cft_buf_adds(out, "| `");
		cft_help_option_name(opt, out);
		cft_buf_adds(out, "` | ");
		cft_help_option_text(opt, &text);
		md_cell(out, cft_buf_str(&text));
		cft_buf_adds(out, " |\n");
		cft_buf_release(&text);
	}
	cft_buf_addc(out, '\n');
}

static void md_arguments(struct cft_buf *out, const struct cft_arg *arg)
{
	for (; arg && arg->name; arg++)
		cft_buf_addf(out, "- `%s`: %s\n%s", arg->name, arg->help, arg[1].name ? "" : "\n");
}

static void md_examples(struct cft_buf *out, const struct cft_example *example)
{
	cft_buf_adds(out, "```bash\n");
	for (; example->line; example++) {
		cft_buf_addf(out, "# %s\n", example->purpose);
		for (const char *c = example->line; *c; c++)
			cft_buf_adds(out, *c == '\n' ? "\n    " : (char[]){*c, '\0'});
		cft_buf_addc(out, '\n');
	}
	cft_buf_adds(out, "```\n\n");
}

static void md_command(struct cft_buf *out, const struct cft_command_entry *entry)
{
	const struct cft_command *command = entry->command;

	cft_buf_addf(out, "%s confiture %s\n\n%s.\n\n", command->run ? "###" : "##", entry->path,
	             command->summary);
	if (!command->run)
		return;
	cft_buf_adds(out, "```\n");
	cft_help_usage(entry, out);
	cft_buf_adds(out, "\n```\n\n");
	if (command->description)
		cft_buf_addf(out, "%s\n\n", command->description);
	md_arguments(out, command->arguments);
	md_options(out, "Options:", command->options);
	if (command->flags & CFT_CMD_SERVER)
		cft_buf_adds(out, "Also the [options of the server](#options-of-the-server).\n\n");
	md_examples(out, command->examples);
}

static void md_exit_codes(struct cft_buf *out)
{
	cft_buf_adds(out, "## Exit codes\n\n| Code | Meaning |\n|---|---|\n");
	for (const struct cft_exit_code *code = cft_exit_codes; code->meaning; code++)
		cft_buf_addf(out, "| %d | %s |\n", code->code, code->meaning);
}

static int docs_markdown(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_command_table table = cft_commands();
	struct cft_buf out = CFT_BUF_INIT;

	(void)err;
	cft_buf_adds(&out, "# The command line\n\n"
	                   "Made by `confiture docs markdown` from the table of commands; "
	                   "`confiture COMMAND --help` shows the same.\n"
	                   "`agent` and `confiture` are the same program.\n\n"
	                   "## Options of every command\n\n");
	md_options(&out, "Anywhere in the line:", cft_common_options);
	cft_buf_adds(&out, "### Options of the server\n\n");
	md_options(&out, "Commands that talk to the server also take:", cft_server_options);
	for (size_t i = 0; i < table.n; i++)
		if (documented(&table.v[i]))
			md_command(&out, &table.v[i]);
	md_exit_codes(&out);
	cft_out_raw(cmd->out, cft_buf_str(&out), out.len);
	cft_buf_release(&out);
	return 0;
}

static const struct cft_example markdown_examples[] = {
	{"Renew the reference of the command line", "confiture docs markdown > docs/cli.md"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_docs_markdown = {
	.summary = "Write the reference of all commands as Markdown",
	.examples = markdown_examples,
	.flags = CFT_CMD_HIDDEN | CFT_CMD_RAW,
	.run = docs_markdown,
};

/* -- man pages -- */

static void man_options(struct cft_buf *out, const char *heading, const struct cft_opt *opt)
{
	if (!opt || !opt->name)
		return;
	cft_buf_addf(out, ".SH %s\n", heading);
	for (; opt->name; opt++) {
		struct cft_buf name = CFT_BUF_INIT, text = CFT_BUF_INIT;
		if (!opt->hidden) {
			cft_help_option_name(opt, &name);
			cft_help_option_text(opt, &text);
			cft_roff_entry(out, cft_buf_str(&name), cft_buf_str(&text));
		}
		cft_buf_release(&name);
		cft_buf_release(&text);
	}
}

static void man_arguments(struct cft_buf *out, const struct cft_arg *arg)
{
	if (arg && arg->name)
		cft_buf_adds(out, ".SH ARGUMENTS\n");
	for (; arg && arg->name; arg++) {
		cft_buf_addf(out, ".TP\n\\fI%s\\fR\n", arg->name);
		cft_roff_text(out, arg->help);
		cft_buf_addc(out, '\n');
	}
}

static void man_description(struct cft_buf *out, const struct cft_command *command)
{
	const char *text = command->description ? command->description : command->summary;

	cft_buf_adds(out, ".SH DESCRIPTION\n");
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		char *paragraph = cft_strndup(text, len);
		cft_roff_text(out, paragraph);
		cft_buf_adds(out, end ? "\n.PP\n" : "\n");
		free(paragraph);
		text += len + (end ? 2 : 0);
	}
}

static void man_examples(struct cft_buf *out, const struct cft_example *example)
{
	cft_buf_adds(out, ".SH EXAMPLES\n");
	for (; example->line; example++) {
		cft_buf_adds(out, ".PP\n");
		cft_roff_text(out, example->purpose);
		cft_buf_adds(out, ":\n.PP\n.nf\n.RS 4\n");
		cft_roff_text(out, example->line);
		cft_buf_adds(out, "\n.RE\n.fi\n");
	}
}

static void man_children(struct cft_buf *out, const struct cft_command_table *table,
                         const char *group)
{
	cft_buf_adds(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < table->n; i++) {
		if (documented(&table->v[i]) && cft_table_is_child(&table->v[i], group))
			cft_roff_entry(out, table->v[i].path, table->v[i].command->summary);
	}
}

static void man_exit_codes(struct cft_buf *out)
{
	cft_buf_adds(out, ".SH EXIT STATUS\n");
	for (const struct cft_exit_code *code = cft_exit_codes; code->meaning; code++) {
		cft_buf_addf(out, ".TP\n\\fB%d\\fR\n", code->code);
		cft_roff_text(out, code->meaning);
		cft_buf_addc(out, '\n');
	}
}

/* "coordinate register" gives confiture-coordinate-register. */
static char *page_name(const struct cft_command_entry *entry)
{
	char *name = entry ? cft_asprintf("confiture-%s", entry->path) : cft_strdup("confiture");

	for (char *c = name; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	return name;
}

static void man_page(struct cft_buf *out, const struct cft_command_table *table,
                     const struct cft_command_entry *entry)
{
	static const struct cft_command program = {
		.summary = "change one PostgreSQL schema together",
		.description =
			"Confiture lets many agents and people change one PostgreSQL schema at "
			"the same time: each one registers an intent before changing anything, "
			"and is told at once which other intents it conflicts with."};
	const struct cft_command *command = entry ? entry->command : &program;
	char *name = page_name(entry);
	struct cft_buf usage = CFT_BUF_INIT;

	cft_buf_addf(out,
	             ".TH \"%s\" 1 \"\" \"Confiture " CFT_VERSION
	             "\" Confiture\n.nh\n.ad l\n.SH NAME\n",
	             name);
	cft_roff_text(out, name);
	cft_buf_adds(out, " \\- ");
	cft_roff_text(out, command->summary);
	cft_buf_adds(out, "\n.SH SYNOPSIS\n");
	cft_help_usage(entry, &usage);
	cft_roff_text(out, cft_buf_str(&usage));
	cft_buf_addc(out, '\n');
	man_description(out, command);
	if (!command->run)
		man_children(out, table, entry ? entry->path : "");
	man_arguments(out, command->arguments);
	man_options(out, "OPTIONS", command->options);
	if (command->flags & CFT_CMD_SERVER)
		man_options(out, "OPTIONS OF THE SERVER", cft_server_options);
	man_options(out, "COMMON OPTIONS", cft_common_options);
	if (command->examples)
		man_examples(out, command->examples);
	man_exit_codes(out);
	cft_buf_release(&usage);
	free(name);
}

static int write_page(const struct cft_command_table *table, const struct cft_command_entry *entry,
                      const char *dir, struct cft_err *err)
{
	struct cft_buf out = CFT_BUF_INIT;
	char *name = page_name(entry);
	char *path = cft_asprintf("%s/%s.1", dir, name);

	man_page(&out, table, entry);
	int rc = cft_file_write(path, cft_buf_str(&out), out.len, 0644, err);
	cft_buf_release(&out);
	free(path);
	free(name);
	return rc;
}

/* `man confiture-server` is to show the page of the program with that name, which is in section 8:
 * the group of commands would hide it. */
static bool is_programs_page(const struct cft_command_entry *entry)
{
	return strcmp(entry->path, "server") == 0;
}

static int docs_man(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_command_table table = cft_commands();
	const char *dir = cft_cmd_str(cmd, "out-dir");
	int rc = cft_file_mkdirs(dir, 0755, err);

	if (rc == 0)
		rc = write_page(&table, NULL, dir, err);
	for (size_t i = 0; rc == 0 && i < table.n; i++)
		if (documented(&table.v[i]) && !is_programs_page(&table.v[i]))
			rc = write_page(&table, &table.v[i], dir, err);
	return rc;
}

static const struct cft_opt man_command_options[] = {
	{.name = "out-dir",
         .type = CFT_OPT_PATH,
         .value = "DIR",
         .required = true,
         .help = "Where the pages go, one file per command"},
	CFT_OPT_END,
};

static const struct cft_example man_command_examples[] = {
	{"Write the pages and read one",
         "confiture docs man --out-dir /tmp/man1 && man /tmp/man1/confiture.1"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_docs_man = {
	.summary = "Write the man pages of all commands",
	.options = man_command_options,
	.examples = man_command_examples,
	.flags = CFT_CMD_HIDDEN | CFT_CMD_RAW,
	.run = docs_man,
};
