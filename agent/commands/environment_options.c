/* The options by which commands of the project name an environment and a database.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/environment_options.h"

int cft_cmd_connection(const struct cft_cmd *cmd, bool read_only, bool no_database,
                       struct cft_connection *ret_connection, struct cft_err *err)
{
	const struct cft_connection_request request = {
		.database_url = cft_cmd_str(cmd, "database-url"),
		.config = cft_cmd_str(cmd, "config"),
		.env = cft_cmd_str(cmd, "env"),
		.read_only = read_only,
		.no_database = no_database,
	};

	return cft_connection_resolve(cmd->arena, &request, ret_connection, err);
}
