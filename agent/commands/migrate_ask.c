/* Ask: what commands with --on want from the server besides the ledger: a number, a schema.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"
#include "common/migrate/version.h"

/* Files may lag behind the target, and the other way round. */
static const char *later(const char *a, const char *b)
{
	if (!a || !b)
		return a ? a : b;
	return cft_mig_version_cmp(a, b) < 0 ? b : a;
}

int cft_migrate_remote_reserve(struct cft_migrate *migrate, const char *after, const char **ret,
                               struct cft_err *err)
{
	Confiture__V1__ReserveVersionRequest request = CONFITURE__V1__RESERVE_VERSION_REQUEST__INIT;
	Confiture__V1__ReserveVersionResponse *response;
	const char *last = later(after, cft_mig_history_current(&migrate->history));
	int rc = cft_migrate_remote_agent(migrate, NULL, &request.agent_id, err);

	if (rc != 0)
		return rc;
	request.after = (char *)(last ? last : "");
	rc = cft_coord_call_migration(&migrate->remote->coord, "ReserveVersion", &request,
	                              &response, err);
	if (rc == 0)
		*ret = response->version;
	return rc;
}

int cft_migrate_remote_schema(struct cft_cmd *cmd, const char *target, struct cft_buf *out,
                              json_t **ret_base, struct cft_err *err)
{
	Confiture__V1__GetSchemaSnapshotRequest request =
		CONFITURE__V1__GET_SCHEMA_SNAPSHOT_REQUEST__INIT;
	Confiture__V1__GetSchemaSnapshotResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.target = (char *)target;
	rc = cft_coord_call_migration(&coord, "GetSchemaSnapshot", &request, &response, err);
	if (rc == 0) {
		cft_buf_add(out, response->ddl.data, response->ddl.len);
		*ret_base = cft_render_base(response->base_schema);
	}
	cft_coord_close(&coord);
	return rc;
}
