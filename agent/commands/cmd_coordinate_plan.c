/* confiture coordinate plan: an order for all open intents.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

static json_t *steps_json(const Confiture__V1__PlanIntentsResponse *response)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < response->n_steps; i++) {
		const Confiture__V1__PlanStep *step = response->steps[i];
		json_array_append_new(steps,
		                      json_pack("{s:s, s:s, s:s, s:o, s:s}", "intent_id",
		                                step->intent_id, "agent_id", step->agent_id,
		                                "feature_name", step->feature_name, "after",
		                                cft_render_strings(step->after, step->n_after),
		                                "reason", step->reason));
	}
	return steps;
}

static json_t *members_json(const Confiture__V1__BlockedSet *set)
{
	json_t *members = json_array();

	for (size_t i = 0; i < set->n_agent_ids; i++)
		json_array_append_new(members,
		                      json_pack("{s:s, s:s, s:s}", "intent_id", set->intent_ids[i],
		                                "agent_id", set->agent_ids[i], "feature_name",
		                                set->feature_names[i]));
	return members;
}

static json_t *blocked_json(const Confiture__V1__PlanIntentsResponse *response)
{
	json_t *blocked = json_array();

	for (size_t i = 0; i < response->n_blocked; i++) {
		const Confiture__V1__BlockedSet *set = response->blocked[i];
		json_array_append_new(
			blocked,
			json_pack("{s:o, s:o, s:o, s:s}", "intent_ids",
		                  cft_render_strings(set->intent_ids, set->n_intent_ids), "intents",
		                  members_json(set), "conflict_ids",
		                  cft_render_strings(set->conflict_ids, set->n_conflict_ids),
		                  "reason", set->reason));
	}
	return blocked;
}

static void say_set(struct cft_output *out, const Confiture__V1__BlockedSet *set)
{
	struct cft_buf ids = CFT_BUF_INIT;

	for (size_t i = 0; i < set->n_intent_ids; i++)
		cft_buf_addf(&ids, "%s%s (%s, %s)", i ? ", " : "", set->intent_ids[i],
		             i < set->n_agent_ids ? set->agent_ids[i] : "",
		             i < set->n_feature_names ? set->feature_names[i] : "");
	cft_out_mark(out, CFT_MARK_WARN, "No order works for %s: %s", cft_buf_str(&ids),
	             set->reason);
	cft_buf_release(&ids);
}

static void say_steps(struct cft_output *out, const Confiture__V1__PlanIntentsResponse *response)
{
	static const struct cft_column columns[] = {
		{.title = "#", .right = true},           {.title = "Intent ID"},
		{.title = "Agent", .flexible = true},    {.title = "Feature", .flexible = true},
		{.title = "Why here", .flexible = true},
	};
	struct cft_table table;

	cft_table_init(&table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < response->n_steps; i++) {
		const Confiture__V1__PlanStep *step = response->steps[i];
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%zu", i + 1);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", step->intent_id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", step->agent_id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", step->feature_name);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", step->reason);
	}
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static void say_plan(struct cft_output *out, const Confiture__V1__PlanIntentsResponse *response)
{
	if (response->n_steps == 0 && response->n_blocked == 0)
		cft_out_text(out, "No open intents");
	if (response->n_steps)
		say_steps(out, response);
	for (size_t i = 0; i < response->n_blocked; i++)
		say_set(out, response->blocked[i]);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__PlanIntentsRequest request = CONFITURE__V1__PLAN_INTENTS_REQUEST__INIT;
	Confiture__V1__PlanIntentsResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_coord_call(&coord, "PlanIntents", &request, &response, err);
	if (rc == 0) {
		say_plan(cmd->out, response);
		cft_coord_answer(&coord,
		                 json_pack("{s:o, s:o}", "steps", steps_json(response), "blocked",
		                           blocked_json(response)),
		                 response->revision);
		if (response->n_blocked && cft_cmd_flag(cmd, "exit-code"))
			rc = 1;
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "exit-code",
         .type = CFT_OPT_FLAG,
         .help = "Exit with 1 if some intents have no order"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"In which order can everything be merged?", "confiture coordinate plan"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_plan = {
	.summary = "Find an order in which all open intents work",
	.description =
		"Or, where there is none, the smallest sets of intents that exclude each other.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
