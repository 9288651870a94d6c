/* Schema plan: two schemas compared, and shown; what `migrate diff` and `drift` share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_SCHEMA_PLAN_H
#define CFT_COMMANDS_SCHEMA_PLAN_H

#include "agent/commands/command.h"
#include "common/base/buf.h"
#include "common/sql/diff/plan.h"

/* Rows for the options that say how to compare and where the scripts go. */
#define CFT_SCHEMA_PLAN_OPTIONS                                                                    \
	{.name = "up-file",                                                                        \
	 .type = CFT_OPT_PATH,                                                                     \
	 .value = "FILE",                                                                          \
	 .help = "Write the script from OLD to NEW"},                                              \
		{.name = "down-file",                                                              \
	         .type = CFT_OPT_PATH,                                                             \
	         .value = "FILE",                                                                  \
	         .help = "Write the script from NEW to OLD"},                                      \
		{.name = "rename",                                                                 \
	         .type = CFT_OPT_LIST,                                                             \
	         .value = "OLD=NEW",                                                               \
	         .help = "Something was renamed: users=people, users.mail=email"},                 \
		{.name = "online",                                                                 \
	         .type = CFT_OPT_FLAG,                                                             \
	         .help = "Build indexes and constraints without blocking writers"},                \
		{.name = "lock-timeout",                                                           \
	         .type = CFT_OPT_DURATION,                                                         \
	         .value = "TIME",                                                                  \
	         .help = "Begin the scripts with SET lock_timeout: no statement waits longer for " \
	                 "a lock"},                                                                \
		{.name = "no-owners", .type = CFT_OPT_FLAG, .help = "Leave owners alone"},         \
		{.name = "no-privileges", .type = CFT_OPT_FLAG, .help = "Leave grants alone"},     \
	{                                                                                          \
		.name = "exit-code", .type = CFT_OPT_FLAG,                                         \
		.help = "Exit with 1 where there are changes"                                      \
	}

/* Zeroed, texts filled by the caller, then compared; release it in every case. */
struct cft_schema_plan {
	struct cft_cmd *cmd;
	const char *old_name, *new_name; /* for messages */
	struct cft_buf old_text, new_text;
	struct cft_plan *plan;
	json_t *base; /* the project's, as the server named it; NULL: no server was asked; owned */
	const char **renames; /* taken so far, NULL-terminated, in cmd->arena */
	size_t rename_count;
};

/* As the command's options and the answers so far say. */
struct cft_diff_options cft_schema_plan_options(const struct cft_schema_plan *p);
/* "SET lock_timeout = '5000ms'" as --lock-timeout asks, or NULL; in cmd->arena. */
const char *cft_schema_plan_lock_timeout(const struct cft_schema_plan *p);
/* Fills `plan`. On a terminal it asks about what looks like a rename, and compares again with those
 * that the user confirms. */
int cft_schema_plan_compare(struct cft_schema_plan *p, struct cft_err *err);
void cft_schema_plan_release(struct cft_schema_plan *p);

/* {"changes", "up", "down", "refused", "hazards", "renames_suggested"}, and "base" where a server
 * was asked; a new reference. */
json_t *cft_schema_plan_json(const struct cft_schema_plan *p);
/* What is not in the scripts, suggested renames and hazards, as notes. */
void cft_schema_plan_notes(const struct cft_schema_plan *p);
void cft_schema_plan_changes(const struct cft_schema_plan *p);
/* The up script, unless it went to a file. */
void cft_schema_plan_script(const struct cft_schema_plan *p);
/* --up-file and --down-file; `header` becomes comment lines at the top. */
int cft_schema_plan_files(const struct cft_schema_plan *p, const char *header, struct cft_err *err);
bool cft_schema_plan_to_files(const struct cft_schema_plan *p);

#endif
