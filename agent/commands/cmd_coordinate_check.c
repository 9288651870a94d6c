/* confiture coordinate check: what register would say, without registering.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/plan_input.h"

#include <stdlib.h>

/* A pull request's own intent is no conflict of it: CI systems say which branch they build. */
static const char *ci_branch(void)
{
	static const char *const variables[] = {
		"GITHUB_HEAD_REF",  "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
		"BITBUCKET_BRANCH", "CHANGE_BRANCH",
		"BUILDKITE_BRANCH", "CIRCLE_BRANCH",
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);
		if (value && value[0])
			return value;
	}
	return "";
}

static int fill_request(struct cft_coord *coord, Confiture__V1__CheckIntentRequest *request,
                        struct cft_err *err)
{
	struct cft_cmd *cmd = coord->cmd;
	struct cft_plan_input plan = {0};
	const char *branch = cft_cmd_str(cmd, "branch");
	int rc = cft_plan_input_read(cmd, &plan, err);

	request->schema_changes = plan.sql;
	request->tables_affected = plan.tables;
	request->n_tables_affected = plan.n_tables;
	request->branch_name = (char *)(branch ? branch : ci_branch());
	return rc;
}

static json_t *next_actions(const Confiture__V1__CheckIntentResponse *response, size_t count)
{
	json_t *actions = json_array();

	if (count) {
		json_array_append_new(actions, json_string("confiture coordinate status"));
		json_array_append_new(actions, json_string("confiture coordinate conflicts"));
	} else if (response->n_tables_affected) {
		json_array_append_new(actions,
		                      json_string("confiture coordinate register --agent-id YOU "
		                                  "--feature-name NAME --schema-changes FILE.sql"));
	}
	return actions;
}

static size_t answer(struct cft_coord *coord, const Confiture__V1__CheckIntentResponse *response)
{
	Confiture__V1__Severity least = cft_coord_min_severity(coord->cmd);
	Confiture__V1__Conflict *const *v = response->conflicts;
	size_t n = response->n_conflicts;
	size_t count = cft_render_count(v, n, least);
	struct cft_output *out = coord->cmd->out;
	json_t *notes, *conflicts = cft_render_conflicts(v, n, least, &notes);
	json_t *document = json_pack(
		"{s:I, s:o, s:o, s:o, s:b, s:o}", "conflicts_detected", (json_int_t)count,
		"conflicts", conflicts, "notes", notes, "tables_affected",
		cft_render_strings(response->tables_affected, response->n_tables_affected),
		"sketch", response->sketch, "next_actions", next_actions(response, count));

	if (count == 0)
		cft_out_mark(out, CFT_MARK_OK, "No conflicts detected");
	cft_render_conflicts_text(out, v, n, least, cft_cmd_str(coord->cmd, "agent-id"));
	cft_render_notes_text(out, v, n, least);
	cft_coord_answer(coord, document, response->revision);
	return count;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__CheckIntentRequest request = CONFITURE__V1__CHECK_INTENT_REQUEST__INIT;
	Confiture__V1__CheckIntentResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = fill_request(&coord, &request, err);
	if (rc == 0)
		rc = cft_coord_call(&coord, "CheckIntent", &request, &response, err);
	if (rc == 0 && answer(&coord, response) > 0 && cft_cmd_flag(cmd, "exit-code"))
		rc = 1;
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_AGENT(true),
	CFT_COORD_TABLES,
	CFT_COORD_SQL,
	CFT_COORD_GIT_RANGE,
	{.name = "intent-id",
         .type = CFT_OPT_STRING,
         .value = "ID",
         .help = "Your own intent, which is left out"},
	{.name = "branch",
         .type = CFT_OPT_STRING,
         .value = "NAME",
         .help = "The branch of your own intent, which is left out; in CI the branch that is "
                 "built"},
	CFT_COORD_MIN_SEVERITY,
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 if there are conflicts"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Is anybody working on the table?",
         "confiture coordinate check --agent-id bob --tables-affected users"},
	{"A gate for pull requests: the schema files that a branch touches",
         "confiture coordinate check --agent-id ci --exit-code --format json \\\n"
         "--tables-affected $(git diff --name-only origin/main | grep db/schema)"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_check = {
	.summary = "Tell what conflicts with a change, without registering it",
	.description = "Exits with 0 also where there are conflicts, unless --exit-code is given. "
		       "conflicts[] holds WARNING and above; what is only worth knowing is in "
		       "notes[].",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
