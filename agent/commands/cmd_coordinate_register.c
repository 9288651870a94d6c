/* confiture coordinate register: declares an intent.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/plan_input.h"

#include <confiture/v1/migration_service.pb-c.h>
#include <math.h>

static int fill_request(struct cft_coord *coord, Confiture__V1__RegisterIntentRequest *request,
                        struct cft_err *err)
{
	struct cft_cmd *cmd = coord->cmd;
	struct cft_plan_input plan = {0};
	int rc = cft_plan_input_read(cmd, &plan, err);

	request->schema_changes = plan.sql;
	request->tables_affected = plan.tables;
	request->n_tables_affected = plan.n_tables;
	request->risk_level = (Confiture__V1__RiskLevel)(cft_cmd_choice(cmd, "risk-level") + 1);
	request->estimated_duration_ms = llround(cft_cmd_number(cmd, "estimated-hours") * 3.6e6);
	request->metadata_json = cft_coord_metadata(cmd);
	return rc;
}

/* The migration number that this intent shall have, for teams whose tool wants one. */
static int reserve(struct cft_coord *coord, const Confiture__V1__RegisterIntentRequest *registered,
                   const char *intent_id, char **ret_version, struct cft_err *err)
{
	Confiture__V1__ReserveVersionRequest request = CONFITURE__V1__RESERVE_VERSION_REQUEST__INIT;
	Confiture__V1__ReserveVersionResponse *response;

	*ret_version = NULL;
	if (!cft_cmd_has(coord->cmd, "reserve-version"))
		return 0;
	request.agent_id = registered->agent_id;
	request.intent_id = (char *)intent_id;
	request.after = (char *)cft_cmd_str(coord->cmd, "reserve-version");
	int rc = cft_coord_call_migration(coord, "ReserveVersion", &request, &response, err);
	if (rc == 0)
		*ret_version = response->version;
	return rc;
}

static void answer(struct cft_coord *coord, const Confiture__V1__RegisterIntentResponse *response,
                   const char *version)
{
	const Confiture__V1__Intent *intent = response->intent;
	Confiture__V1__Severity least = cft_coord_min_severity(coord->cmd);
	json_t *document = cft_coord_intent_document(intent, response->conflicts,
	                                             response->n_conflicts, least);
	struct cft_output *out = coord->cmd->out;

	cft_out_mark(out, CFT_MARK_OK, "Intent registered: %s", intent->id);
	cft_out_text(out, "Branch allocated: %s", intent->branch_name);
	if (version) {
		cft_out_text(out, "Version reserved: %s", version);
		json_object_set_new(document, "version", json_string(version));
	}
	cft_out_text(out, "Status: %s", cft_render_status(intent->status));
	if (intent->sketch)
		cft_out_text(out, "The SQL is a sketch: update the intent when you know the rest");
	if (intent->opaque)
		cft_out_mark(out, CFT_MARK_WARN,
		             "The SQL holds what the parser does not know: others are warned");
	cft_render_conflicts_text(out, response->conflicts, response->n_conflicts, least,
	                          intent->agent_id);
	cft_render_notes_text(out, response->conflicts, response->n_conflicts, least);
	cft_coord_say_next(coord, json_object_get(document, "next_actions"));
	cft_coord_answer(coord, document, response->revision);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__RegisterIntentRequest request = CONFITURE__V1__REGISTER_INTENT_REQUEST__INIT;
	Confiture__V1__RegisterIntentResponse *response;
	struct cft_coord coord;
	char *version = NULL;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = fill_request(&coord, &request, err);
	if (rc == 0)
		rc = cft_coord_call(&coord, "RegisterIntent", &request, &response, err);
	if (rc == 0)
		rc = reserve(&coord, &request, response->intent->id, &version, err);
	if (rc == 0)
		answer(&coord, response, version);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_AGENT(true),
	{.name = "feature-name",
         .type = CFT_OPT_STRING,
         .value = "NAME",
         .required = true,
         .help = "What you are building; the branch is named after it"},
	CFT_COORD_SQL,
	CFT_COORD_GIT_RANGE,
	CFT_COORD_TABLES,
	CFT_COORD_RISK,
	CFT_COORD_HOURS,
	CFT_COORD_METADATA,
	CFT_COORD_MIN_SEVERITY,
	{.name = "reserve-version",
         .type = CFT_OPT_STRING,
         .value = "AFTER",
         .help = "Reserve a migration number too, above this one (the highest of your files, "
                 "e.g. 041); nobody else gets it"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Say what you are going to do before you do it",
         "confiture coordinate register --agent-id alice --feature-name user_profiles \\\n"
         "--tables-affected users,profiles \\\n"
         "--schema-changes \"ALTER TABLE users ADD COLUMN bio TEXT; "
         "CREATE TABLE profiles (...)\" \\\n"
         "--risk-level medium --estimated-hours 3"},
	{"The DDL from a file, the answer for a program",
         "confiture coordinate register --agent-id alice --feature-name user_profiles \\\n"
         "--schema-changes db/plans/profiles.sql --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_register = {
	.summary = "Declare an intent: what you are going to change in the schema",
	.description =
		"Register before you write code. The answer names every other intent that yours "
		"conflicts with, and what to do about it. Conflicts never make register fail; "
		"`coordinate start` refuses while an ERROR conflict is unresolved.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
