/* Operator: what the commands share that work on the server's own database.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_OPERATOR_H
#define CFT_COMMANDS_OPERATOR_H

#include "agent/commands/command.h"
#include "common/pg/pg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connects to the server's database: --db-url, else the one that `coordinate init` recorded for
 * the project, else the local server's embedded one. With `upgrade` its tables are made or brought
 * up to date first; without, CFT_E_NOT_FOUND where there are none. */
int cft_operator_connect(struct cft_cmd *cmd, bool upgrade, struct cft_pg **ret,
                         struct cft_err *err);

/* A row of option tables. */
#define CFT_OPERATOR_DB_URL                                                           \
	{                                                                             \
		.name = "db-url", .type = CFT_OPT_STRING, .value = "URL",             \
		.env = "CONFITURE_DATABASE_URL",                                      \
		.help = "The server's database; else the one recorded by coordinate " \
			"init, else the local server's own"                           \
	}
#define CFT_OPERATOR_PROJECT                                                                      \
	{                                                                                         \
		.name = "project", .type = CFT_OPT_STRING, .value = "NAME",                       \
		.env = "CONFITURE_PROJECT",                                                       \
		.help = "The project; else confiture.yaml, the git remote, or the folder decides" \
	}

#ifdef __cplusplus
}
#endif

#endif
