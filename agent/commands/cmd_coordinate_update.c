/* confiture coordinate update: changes what an intent plans.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/plan_input.h"

#include <math.h>

static int fill_request(struct cft_coord *coord, Confiture__V1__UpdateIntentRequest *request,
                        struct cft_err *err)
{
	struct cft_cmd *cmd = coord->cmd;
	struct cft_plan_input plan = {0};
	int rc = cft_plan_input_read(cmd, &plan, err);

	if (rc == 0)
		rc = cft_coord_agent_for_intent(coord, cft_cmd_str(cmd, "intent-id"),
		                                &request->agent_id, err);
	request->set_schema_changes =
		cft_cmd_typed(cmd, "schema-changes") || cft_cmd_typed(cmd, "git-range");
	request->schema_changes = plan.sql;
	request->set_tables_affected = cft_cmd_typed(cmd, "tables-affected");
	request->tables_affected = plan.tables;
	request->n_tables_affected = plan.n_tables;
	request->risk_level = (Confiture__V1__RiskLevel)(cft_cmd_choice(cmd, "risk-level") + 1);
	request->estimated_duration_ms = llround(cft_cmd_number(cmd, "estimated-hours") * 3.6e6);
	request->metadata_json = cft_coord_metadata(cmd);
	return rc;
}

static void answer(struct cft_coord *coord, const Confiture__V1__UpdateIntentResponse *response)
{
	const Confiture__V1__Intent *intent = response->intent;
	Confiture__V1__Severity least = cft_coord_min_severity(coord->cmd);
	json_t *document = cft_coord_intent_document(intent, response->conflicts,
	                                             response->n_conflicts, least);
	struct cft_output *out = coord->cmd->out;

	cft_out_mark(out, CFT_MARK_OK, "Intent %s updated (generation %u)", intent->id,
	             intent->generation);
	cft_render_conflicts_text(out, response->conflicts, response->n_conflicts, least,
	                          intent->agent_id);
	cft_coord_say_next(coord, json_object_get(document, "next_actions"));
	cft_coord_answer(coord, document, response->revision);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__UpdateIntentRequest request = CONFITURE__V1__UPDATE_INTENT_REQUEST__INIT;
	Confiture__V1__UpdateIntentResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = fill_request(&coord, &request, err);
	if (rc == 0)
		rc = cft_coord_call(&coord, "UpdateIntent", &request, &response, err);
	if (rc == 0)
		answer(&coord, response);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_INTENT(true),
	CFT_COORD_AGENT(false),
	CFT_COORD_SQL,
	CFT_COORD_GIT_RANGE,
	CFT_COORD_TABLES,
	CFT_COORD_RISK,
	CFT_COORD_HOURS,
	CFT_COORD_METADATA,
	{.name = "etag",
         .type = CFT_OPT_STRING,
         .value = "ETAG",
         .help = "Refuse if the intent changed since you read this etag"},
	CFT_COORD_FORCE,
	CFT_COORD_REASON,
	CFT_COORD_MIN_SEVERITY,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"The details are known now", "confiture coordinate update --intent-id int_abc123def456 "
                                      "--schema-changes profiles.sql"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_update = {
	.summary = "Change what an intent plans, and see its conflicts anew",
	.description = "New SQL or tables make a new generation: conflicts are detected again, and "
		       "resolutions of the old ones are void. What is not given stays.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
