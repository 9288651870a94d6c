/* The table of commands (table.def), and the ways to look into it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_TABLE_H
#define CFT_COMMANDS_TABLE_H

#include "agent/commands/command.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_command_entry {
	const char *path;
	const struct cft_command *command;
	bool hidden; /* an alias, or a hidden command */
};

struct cft_command_table {
	const struct cft_command_entry *v;
	size_t n;
};

/* Options that every command takes (--help, --format, --color), and those of every command that
 * talks to the server. Both end with CFT_OPT_END. */
extern const struct cft_opt cft_common_options[];
extern const struct cft_opt cft_server_options[];

struct cft_command_table cft_commands(void);

const struct cft_command_entry *cft_table_find(const struct cft_command_table *table,
                                               const char *path);
/* True if `entry` is directly below `group` ("" is the root). */
bool cft_table_is_child(const struct cft_command_entry *entry, const char *group);
/* The last word of the path. */
const char *cft_table_last_word(const struct cft_command_entry *entry);

/* The sets of options that apply to a command, own ones first: NULL-terminated, at most three.
 * `command` NULL gives the sets that may stand before the command's name. */
void cft_option_sets(const struct cft_command *command, const struct cft_opt *ret_sets[4]);
const struct cft_opt *cft_option_find(const struct cft_command *command, const char *name);
const struct cft_opt *cft_option_find_letter(const struct cft_command *command, char letter);

#ifdef __cplusplus
}
#endif

#endif
