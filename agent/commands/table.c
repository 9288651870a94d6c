/* The table of commands and the options they share.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/table.h"

#include <string.h>

#define CFT_COMMAND(path, name) extern const struct cft_command cft_cmd_##name;
#define CFT_ALIAS(path, name)   extern const struct cft_command cft_cmd_##name;
#define CFT_GROUP(path, summary, purpose, line)
#define CFT_HIDDEN_GROUP(path, summary, purpose, line)
#include "agent/commands/table.def"
#undef CFT_COMMAND
#undef CFT_ALIAS
#undef CFT_GROUP
#undef CFT_HIDDEN_GROUP

static const struct cft_command_entry entries[] = {
#define CFT_COMMAND(path, name) {path, &cft_cmd_##name, false},
#define CFT_ALIAS(path, name)   {path, &cft_cmd_##name, true},
#define GROUP(path, text, what, how, hide)                                             \
	{path,                                                                         \
	 &(const struct cft_command){                                                  \
		 .summary = (text),                                                    \
		 .examples = (const struct cft_example[]){{what, how}, {NULL, NULL}}}, \
	 hide},
#define CFT_GROUP(path, text, what, how)        GROUP(path, text, what, how, false)
#define CFT_HIDDEN_GROUP(path, text, what, how) GROUP(path, text, what, how, true)
#include "agent/commands/table.def"
#undef CFT_COMMAND
#undef CFT_ALIAS
#undef CFT_GROUP
#undef CFT_HIDDEN_GROUP
};

static const char *const format_names[] = {"text", "json", NULL};
static const char *const color_names[] = {"auto", "always", "never", NULL};

const struct cft_opt cft_common_options[] = {
	{.name = "format",
         .type = CFT_OPT_ENUM,
         .value = "FORMAT",
         .choices = format_names,
         .fallback = "text",
         .help = "For people, or JSON for programs"},
	{.name = "color",
         .type = CFT_OPT_ENUM,
         .value = "WHEN",
         .choices = color_names,
         .fallback = "auto",
         .help = "Colour: on terminals unless NO_COLOR is set, always, or never"},
	{.name = "help", .letter = 'h', .type = CFT_OPT_FLAG, .help = "Show this help"},
	CFT_OPT_END,
};

const struct cft_opt cft_server_options[] = {
	{.name = "server",
         .type = CFT_OPT_STRING,
         .value = "HOST:PORT",
         .env = "CONFITURE_SERVER",
         .help = "The server to ask; else `server` of confiture.yaml, else a local one"},
	{.name = "project",
         .type = CFT_OPT_STRING,
         .value = "NAME",
         .env = "CONFITURE_PROJECT",
         .help = "The project; else confiture.yaml, the git remote, or the folder decides"},
	{.name = "token",
         .type = CFT_OPT_STRING,
         .value = "TOKEN",
         .env = "CONFITURE_TOKEN",
         .help = "Credential to show to the server; the variable or a file keeps it out of the "
                 "shell's history"},
	{.name = "token-file",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .env = "CONFITURE_TOKEN_FILE",
         .help = "File of mode 0600 that holds the token; else ~/.config/confiture/token where it "
                 "exists"},
	{.name = "timeout",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .fallback = "30s",
         .min = 1,
         .max = 86400000,
         .help = "Give up when the server has not answered for so long"},
	{.name = "no-autostart",
         .type = CFT_OPT_FLAG,
         .help = "Do not start a local server where none is configured and none runs"},
	CFT_OPT_END,
};

struct cft_command_table cft_commands(void)
{
	return (struct cft_command_table){entries, sizeof(entries) / sizeof(entries[0])};
}

const struct cft_command_entry *cft_table_find(const struct cft_command_table *table,
                                               const char *path)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->v[i].path, path) == 0)
			return &table->v[i];
	return NULL;
}

const char *cft_table_last_word(const struct cft_command_entry *entry)
{
	const char *blank = strrchr(entry->path, ' ');

	return blank ? blank + 1 : entry->path;
}

bool cft_table_is_child(const struct cft_command_entry *entry, const char *group)
{
	size_t len = strlen(group);
	const char *rest = entry->path;

	if (len) {
		if (strncmp(entry->path, group, len) != 0 || entry->path[len] != ' ')
			return false;
		rest += len + 1;
	}
	return strchr(rest, ' ') == NULL;
}

void cft_option_sets(const struct cft_command *command, const struct cft_opt *ret_sets[4])
{
	size_t n = 0;

	if (command && command->options)
		ret_sets[n++] = command->options;
	if (!command || (command->flags & CFT_CMD_SERVER))
		ret_sets[n++] = cft_server_options;
	ret_sets[n++] = cft_common_options;
	ret_sets[n] = NULL;
}

const struct cft_opt *cft_option_find(const struct cft_command *command, const char *name)
{
	const struct cft_opt *sets[4];

	cft_option_sets(command, sets);
	for (size_t i = 0; sets[i]; i++)
		for (const struct cft_opt *opt = sets[i]; opt->name; opt++)
			if (strcmp(opt->name, name) == 0)
				return opt;
	return NULL;
}

const struct cft_opt *cft_option_find_letter(const struct cft_command *command, char letter)
{
	const struct cft_opt *sets[4];

	cft_option_sets(command, sets);
	for (size_t i = 0; sets[i]; i++)
		for (const struct cft_opt *opt = sets[i]; opt->name; opt++)
			if (opt->letter == letter)
				return opt;
	return NULL;
}
