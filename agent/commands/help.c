/* Help: usage, options and examples out of the table.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/help.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <string.h>

enum { TEXT_COLUMN = 30, NARROWEST = 50, WIDEST = 100 };

const struct cft_exit_code cft_exit_codes[] = {
	{0, "success"},
	{1, "the operation failed, or a positive answer under --exit-code"},
	{2, "usage or configuration is wrong"},
	{3, "the server or the database cannot be reached"},
	{4, "not found, or not initialised"},
	{5, "refused by state, conflict or policy"},
	{6, "locked or timed out"},
	{7, "not authenticated or not allowed"},
	{8, "irreversible or inconsistent"},
	{70, "a bug of Confiture"},
	{0, NULL},
};

static void add_blanks(struct cft_buf *out, size_t n)
{
	cft_buf_addf(out, "%*s", (int)n, "");
}

/* Adds a paragraph that starts at column `at`, wrapped at `width`, indented by `indent`. */
static void add_wrapped(struct cft_buf *out, const char *text, size_t at, size_t indent,
                        size_t width)
{
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " \n");
		char *word = cft_strndup(text, len);
		size_t w = cft_utf8_width(word);
		if (!first && at + 1 + w > width) {
			cft_buf_addc(out, '\n');
			add_blanks(out, indent);
			at = indent;
			first = true;
		}
		cft_buf_addf(out, "%s%s", first ? "" : " ", word);
		at += w + (first ? 0 : 1);
		first = false;
		free(word);
		text += len;
		text += strspn(text, " \n");
	}
	cft_buf_addc(out, '\n');
}

void cft_help_option_name(const struct cft_opt *opt, struct cft_buf *out)
{
	if (opt->letter)
		cft_buf_addf(out, "-%c, ", opt->letter);
	cft_buf_addf(out, "--%s", opt->name);
	if (opt->type != CFT_OPT_FLAG)
		cft_buf_addf(out, " %s%s", opt->value, opt->type == CFT_OPT_LIST ? "..." : "");
}

static void add_note(struct cft_buf *out, size_t *count, const char *before, const char *text)
{
	cft_buf_addf(out, "%s%s%s", (*count)++ ? "; " : " (", before, text);
}

/* As it is typed: "90d", "1500ms". */
static const char *typed_duration(int64_t ms, char out[CFT_TIME_TEXT])
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	snprintf(out, CFT_TIME_TEXT, "%lld%s", (long long)(ms / units[i].ms),
	         ms ? units[i].name : "");
	return out;
}

static void add_limits(const struct cft_opt *opt, struct cft_buf *out, size_t *count)
{
	char from[CFT_TIME_TEXT], to[CFT_TIME_TEXT];
	char *range;

	if (opt->min == 0 && (opt->max == 0 || opt->max == INT64_MAX))
		return;
	if (opt->type == CFT_OPT_DURATION)
		range = cft_asprintf("%s to %s", typed_duration(opt->min, from),
		                     typed_duration(opt->max, to));
	else if (opt->max == INT64_MAX)
		range = cft_asprintf("%lld or more", (long long)opt->min);
	else
		range = cft_asprintf("%lld to %lld", (long long)opt->min, (long long)opt->max);
	add_note(out, count, "", range);
	free(range);
}

void cft_help_option_text(const struct cft_opt *opt, struct cft_buf *out)
{
	size_t count = 0;

	cft_buf_adds(out, opt->help);
	if (opt->required)
		add_note(out, &count, "", "required");
	for (size_t i = 0; opt->choices && opt->choices[i]; i++)
		cft_buf_addf(out, "%s%s", i ? ", " : count++ ? "; " : " (", opt->choices[i]);
	add_limits(opt, out, &count);
	if (opt->fallback)
		add_note(out, &count, "default ", opt->fallback);
	if (opt->env)
		add_note(out, &count, "$", opt->env);
	cft_buf_adds(out, count ? ")" : "");
}

static void add_row(struct cft_buf *out, const char *left, const char *text, size_t width)
{
	size_t used = cft_utf8_width(left) + 2;

	cft_buf_addf(out, "  %s", left);
	if (used + 2 > TEXT_COLUMN) {
		cft_buf_addc(out, '\n');
		used = 0;
	}
	add_blanks(out, TEXT_COLUMN - used);
	add_wrapped(out, text, TEXT_COLUMN, TEXT_COLUMN, width);
}

static void add_heading(struct cft_buf *out, const char *text, bool color)
{
	cft_buf_addc(out, '\n');
	cft_output_paint(out, CFT_STYLE_BOLD, color, text);
	cft_buf_addc(out, '\n');
}

static void add_options(struct cft_buf *out, const char *heading, const struct cft_opt *opts,
                        size_t width, bool color)
{
	if (!opts || !opts->name)
		return;
	add_heading(out, heading, color);
	for (; opts->name; opts++) {
		struct cft_buf left = CFT_BUF_INIT, text = CFT_BUF_INIT;
		if (!opts->hidden) {
			cft_help_option_name(opts, &left);
			cft_help_option_text(opts, &text);
			add_row(out, cft_buf_str(&left), cft_buf_str(&text), width);
		}
		cft_buf_release(&left);
		cft_buf_release(&text);
	}
}

static void usage_option(const struct cft_opt *opt, struct cft_buf *out)
{
	if (!opt->required || opt->hidden)
		return;
	cft_buf_addc(out, ' ');
	cft_help_option_name(opt, out);
}

void cft_help_usage(const struct cft_command_entry *entry, struct cft_buf *out)
{
	const struct cft_command *command = entry ? entry->command : NULL;

	cft_buf_adds(out, "confiture");
	if (entry)
		cft_buf_addf(out, " %s", entry->path);
	if (!command || !command->run) {
		cft_buf_adds(out, " COMMAND [options]");
		return;
	}
	for (const struct cft_arg *arg = command->arguments; arg && arg->name; arg++)
		cft_buf_addf(out, arg->required ? " %s%s" : " [%s%s]", arg->name,
		             arg->repeated ? "..." : "");
	for (const struct cft_opt *opt = command->options; opt && opt->name; opt++)
		usage_option(opt, out);
	cft_buf_adds(out, " [options]");
}

static void add_description(struct cft_buf *out, const char *text, size_t width)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		char *paragraph = cft_strndup(text, len);
		cft_buf_addc(out, '\n');
		add_wrapped(out, paragraph, 0, 0, width);
		free(paragraph);
		text = end ? end + 2 : NULL;
	}
}

static void add_commands(struct cft_buf *out, const struct cft_command_table *table,
                         const char *group, size_t width, bool color)
{
	add_heading(out, "Commands:", color);
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_command_entry *entry = &table->v[i];
		if (entry->hidden || (entry->command->flags & CFT_CMD_HIDDEN) ||
		    !cft_table_is_child(entry, group))
			continue;
		add_row(out, cft_table_last_word(entry), entry->command->summary, width);
	}
}

static void add_examples(struct cft_buf *out, const struct cft_example *examples, bool color)
{
	if (!examples)
		return;
	add_heading(out, examples[1].line ? "Examples:" : "Example:", color);
	for (const struct cft_example *e = examples; e->line; e++) {
		cft_buf_addf(out, "  # %s\n  ", e->purpose);
		for (const char *c = e->line; *c; c++)
			cft_buf_adds(out, *c == '\n' ? "\n      " : (char[]){*c, '\0'});
		cft_buf_addc(out, '\n');
	}
}

static void add_exit_codes(struct cft_buf *out, size_t width, bool color)
{
	add_heading(out, "Exit codes:", color);
	for (const struct cft_exit_code *code = cft_exit_codes; code->meaning; code++) {
		cft_buf_addf(out, "  %2d  ", code->code);
		add_wrapped(out, code->meaning, 6, 6, width);
	}
}

static void add_arguments(struct cft_buf *out, const struct cft_arg *arg, size_t width, bool color)
{
	if (!arg || !arg->name)
		return;
	add_heading(out, "Arguments:", color);
	for (; arg->name; arg++)
		add_row(out, arg->name, arg->help, width);
}

static const struct cft_example program_examples[] = {
	{"Say what you are going to change, before you change it",
         "confiture coordinate register --agent-id alice --feature-name user_profiles \\\n"
         "--schema-changes 'ALTER TABLE users ADD COLUMN bio TEXT'"},
	{"Bring the database to the newest migration", "confiture migrate up"},
	CFT_EXAMPLE_END,
};

void cft_help_write(const struct cft_command_table *table, const struct cft_command_entry *entry,
                    size_t width, bool color, struct cft_buf *out)
{
	const struct cft_command *command = entry ? entry->command : NULL;
	bool group = !command || !command->run;

	width = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
	cft_buf_addf(
		out, "%s\n\n",
		command ? command->summary
			: "Change one PostgreSQL schema together, without breaking each other");
	cft_output_paint(out, CFT_STYLE_BOLD, color, "Usage:");
	cft_buf_addc(out, ' ');
	cft_help_usage(entry, out);
	cft_buf_addc(out, '\n');
	if (command)
		add_description(out, command->description, width);
	if (group)
		add_commands(out, table, entry ? entry->path : "", width, color);
	if (command)
		add_arguments(out, command->arguments, width, color);
	if (command)
		add_options(out, "Options:", command->options, width, color);
	if (command && (command->flags & CFT_CMD_SERVER))
		add_options(out, "Server:", cft_server_options, width, color);
	add_options(out, "Common options:", cft_common_options, width, color);
	add_examples(out, command ? command->examples : program_examples, color);
	if (!command)
		add_exit_codes(out, width, color);
}
