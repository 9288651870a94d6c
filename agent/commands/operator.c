/* Operator: finding and opening the server's database.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/operator.h"

#include "agent/client/local.h"
#include "common/base/file.h"
#include "common/config/project.h"
#include "server/store/store.h"

/* The embedded PostgreSQL listens on a socket in the server's data directory. */
static int embedded_url(struct cft_cmd *cmd, const char **ret, struct cft_err *err)
{
	const char *run =
		cft_arena_printf(cmd->arena, "%s/embedded/run", cft_local_dir(cmd->arena));

	if (!cft_file_is_dir(run)) {
		cft_fail(err, CFT_E_NOT_FOUND, "no database of a server is known here");
		return cft_err_hint(err, "name it: --db-url postgresql://…, or start the local "
		                         "server first: confiture server start");
	}
	*ret = cft_arena_printf(cmd->arena, "host='%s' port=5432 user=postgres dbname=confiture",
	                        run);
	return 0;
}

static int find_url(struct cft_cmd *cmd, const char **ret, struct cft_err *err)
{
	struct cft_project project;
	int rc;

	*ret = cft_cmd_str(cmd, "db-url");
	if (*ret)
		return 0;
	rc = cft_project_identify(cmd->arena, cft_cmd_str(cmd, "project"), ".", NULL, &project,
	                          err);
	if (rc == 0)
		rc = cft_local_database(cmd->arena, project.id, ret, err);
	if (rc == 0 && !*ret)
		rc = embedded_url(cmd, ret, err);
	return rc;
}

static int check_schema(struct cft_pg *pg, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_pg_query_text(pg,
	                           "SELECT (to_regclass('confiture.credential') IS NOT NULL)::int",
	                           0, NULL, &text, err);

	if (rc == 0 && cft_buf_str(&text)[0] != '1') {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "NOT_INITIALISED",
		                "the database has no tables of this version of confiture");
		rc = cft_err_hint(err, "confiture coordinate init --db-url URL makes them");
	}
	cft_buf_release(&text);
	return rc;
}

int cft_operator_connect(struct cft_cmd *cmd, bool upgrade, struct cft_pg **ret,
                         struct cft_err *err)
{
	const char *url = NULL;
	struct cft_pg *pg = NULL;
	int rc = find_url(cmd, &url, err);

	if (rc == 0 && upgrade)
		rc = cft_schema_upgrade(url, NULL, err);
	if (rc == 0)
		rc = cft_pg_open(url, &pg, err);
	if (rc == 0)
		rc = check_schema(pg, err);
	if (rc == 0)
		*ret = pg;
	else
		cft_pg_close(pg);
	return rc;
}
