/* Record: operations that change a target's ledger and run nothing: baseline and repair.
 * SPDX-License-Identifier: MIT
 *
 * They wait for their turn and have a fence as applies do. An operator asks for them, so the list
 * of a target's agents and its policy do not count.
 */
#include "server/services/migration_parts.h"

#include "server/services/validate.h"

#include <string.h>

bool cft_operation_is_record(const char *kind)
{
	return strcmp(kind, "baseline") == 0 || strcmp(kind, "repair") == 0;
}

static void begin(void *ctx, struct cft_rpc_call *call, const char *project, const char *reason,
                  struct cft_operation_order *order)
{
	struct cft_err err;

	order->intent_id = "";
	order->project = cft_check_project(project, &err);
	if (order->project && cft_check_text("reason", reason, CFT_TEXT_MAX_BYTES, &err) == 0)
		cft_operation_begin(ctx, call, order);
	else
		cft_rpc_fail(call, &err);
}

CFT_MIGRATION_HANDLER(baseline_migrations)
{
	const Confiture__V1__BaselineMigrationsRequest *r = request;
	struct cft_operation_order order = {
		.request_id = r->request_id,
		.agent_id = r->agent_id,
		.target = r->target,
		.kind = "baseline",
		.request = r,
		.n_files = r->n_files,
	};
	struct cft_err err;

	if (r->import_ledger != (r->through_version[0] == '\0')) {
		cft_fail_reason(&err, CFT_E_INVALID, "WHICH_BASELINE",
		                "say which: either through_version or import_ledger");
		cft_rpc_fail(call, &err);
		return;
	}
	begin(ctx, call, r->project, r->reason, &order);
}

CFT_MIGRATION_HANDLER(repair_migration)
{
	const Confiture__V1__RepairMigrationRequest *r = request;
	struct cft_operation_order order = {
		.request_id = r->request_id,
		.agent_id = r->agent_id,
		.target = r->target,
		.kind = "repair",
		.request = r,
		.n_files = r->n_files,
	};
	struct cft_err err;
	int rc = cft_check_enum("repair", (int)r->repair,
	                        CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_ACCEPT, &err);

	if (rc == 0)
		rc = cft_check_name("version", r->version, true, &err);
	if (rc == 0 && r->repair == CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_UNSPECIFIED)
		rc = cft_fail_reason(&err, CFT_E_INVALID, "WHICH_REPAIR", "say which repair");
	if (rc != 0)
		cft_rpc_fail(call, &err);
	else
		begin(ctx, call, r->project, r->reason, &order);
}
