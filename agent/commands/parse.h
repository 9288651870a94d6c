/* Parse: from the words of the command line to a command with typed values.
 * SPDX-License-Identifier: MIT
 *
 * Why not getopt_long: it cannot take several words as one value (`--tables-affected a b c`, or
 * none at all, as the guide's CI job needs), it always accepts abbreviations (a script that says
 * `--force` would silently change its meaning the day `--force-unlock` goes), it writes its own
 * errors to standard error (ours may have to be JSON, and suggest the nearest name), and it is one
 * flat table where ours has commands in commands. What it would save is the thirty lines of
 * split_word() and take_value() in parse.c.
 *
 * Rules: options and words mix in any order; `--opt value`, `--opt=value`, `-o value`; `--` ends
 * the options; the last of a repeated option counts, lists add up; a list takes every word up to
 * the next option, so put positionals before it.
 */
#ifndef CFT_COMMANDS_PARSE_H
#define CFT_COMMANDS_PARSE_H

#include "agent/commands/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The value of one option; see the cft_cmd_… functions for reading. */
struct cft_option_value {
	const struct cft_opt *opt;
	bool typed;
	const char *text; /* last value as written; of TEXT: the text itself */
	const char *file; /* of TEXT: where it came from */
	CFT_VEC(const char *) words;
	int64_t number;
	double real;
	json_t *json;
};

/* What the words ask for. */
struct cft_request {
	const struct cft_command_entry *entry; /* NULL: only common options, no command */
	bool help, version;
};

/* Resolves the command and, unless help or the version is asked for, fills cmd->command, path,
 * args and values. `words` excludes the program's name and must outlive `cmd`. Reads the files that
 * TEXT options name, and the environment. */
int cft_parse(const struct cft_command_table *table, size_t nwords, const char *const *words,
              struct cft_cmd *cmd, struct cft_request *ret_request, struct cft_err *err);
void cft_parse_release(struct cft_cmd *cmd);

/* What the output needs before anything else can be said: --format and --color, wherever they
 * stand and whatever else is wrong. */
void cft_parse_look(size_t nwords, const char *const *words, bool *ret_json,
                    enum cft_color_mode *ret_color);

/* Turns the written value into the typed one (values.c). */
int cft_value_convert(struct cft_arena *arena, struct cft_option_value *value, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
