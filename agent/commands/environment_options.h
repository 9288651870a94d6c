/* The options by which commands of the project name an environment and a database, and their
 * meaning.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_ENVIRONMENT_OPTIONS_H
#define CFT_COMMANDS_ENVIRONMENT_OPTIONS_H

#include "agent/commands/command.h"
#include "common/config/connection.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows for a command's table of options. */
#define CFT_OPT_ENV                                                                         \
	{                                                                                   \
		.name = "env", .type = CFT_OPT_STRING, .value = "NAME",                     \
		.help = "Environment: db/environments/NAME.yaml; local where none is given" \
	}
#define CFT_OPT_CONFIG                                                   \
	{                                                                \
		.name = "config", .type = CFT_OPT_PATH, .value = "FILE", \
		.help = "Environment file, wherever it is"               \
	}
#define CFT_OPT_DATABASE_URL                                                                      \
	{                                                                                         \
		.name = "database-url", .type = CFT_OPT_STRING, .value = "URL",                   \
		.help = "Database; stronger than what the environment or CONFITURE_DATABASE_URL " \
			"says"                                                                    \
	}

/* All three; without CFT_OPT_END, so that they can stand among others. */
#define CFT_CONNECTION_OPTIONS CFT_OPT_ENV, CFT_OPT_CONFIG, CFT_OPT_DATABASE_URL

/* Fills the request from the command's --env, --config and --database-url (the command has all
 * three) and resolves it. See common/config/connection.h. */
int cft_cmd_connection(const struct cft_cmd *cmd, bool read_only, bool no_database,
                       struct cft_connection *ret_connection, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
