/* Plan input: --schema-changes, --git-range and --tables-affected as the server takes them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_PLAN_INPUT_H
#define CFT_COMMANDS_PLAN_INPUT_H

#include "agent/commands/command.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_plan_input {
	char *sql; /* "" if none */
	char **tables;
	size_t n_tables;
};

/* Reads the options. With --git-range the SQL is that of the migrations that the range adds. A
 * table that is the path of a schema file (it has a slash or ends in .sql) stands for the tables
 * that the file creates or alters; of a file that is gone (a pull request deleted it) the file's
 * name is taken for the table's, and a note says so. Memory: the command's arena. SYNTAX with file,
 * line and column where a schema file does not parse. */
int cft_plan_input_read(struct cft_cmd *cmd, struct cft_plan_input *ret_input, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
