/* confiture migrate targets: the databases that the server migrates, for --on.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

#include <confiture/v1/migration_service.pb-c.h>

static const char *policy_of(const Confiture__V1__Target *target)
{
	return cft_render_enum(&confiture__v1__apply_policy__descriptor, (int)target->policy,
	                       "APPLY_POLICY_");
}

static json_t *target_json(const Confiture__V1__Target *target)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:o,s:s}", "name", target->name, "project",
	                 target->project, "policy", policy_of(target), "database", target->database,
	                 "agents", cft_render_strings(target->agents, target->n_agents),
	                 "apply_role", target->apply_role, "rollback_role", target->rollback_role,
	                 "approvers", cft_render_strings(target->approvers, target->n_approvers),
	                 "description", target->description);
}

static void add_row(struct cft_table *table, const Confiture__V1__Target *target)
{
	struct cft_buf agents = CFT_BUF_INIT;

	for (size_t i = 0; i < target->n_agents; i++)
		cft_buf_addf(&agents, "%s%s", i ? ", " : "", target->agents[i]);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", target->name);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", target->database);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", policy_of(target));
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s",
	               agents.len ? cft_buf_str(&agents) : "every agent");
	cft_table_cell(table, CFT_STYLE_DIM, "%s", target->description);
	cft_buf_release(&agents);
}

static void show_table(struct cft_output *out, const Confiture__V1__ListTargetsResponse *found)
{
	static const struct cft_column columns[] = {
		{.title = "Target"},
		{.title = "Database", .flexible = true},
		{.title = "An apply needs"},
		{.title = "Agents", .flexible = true},
		{.title = "Description", .flexible = true},
	};
	struct cft_table table;

	cft_table_init(&table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < found->n_targets; i++)
		add_row(&table, found->targets[i]);
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static void answer(struct cft_coord *coord, const Confiture__V1__ListTargetsResponse *response)
{
	json_t *list = json_array();

	for (size_t i = 0; i < response->n_targets; i++)
		json_array_append_new(list, target_json(response->targets[i]));
	if (response->n_targets)
		show_table(coord->cmd->out, response);
	else
		cft_out_text(coord->cmd->out, "The server has no targets for this project");
	cft_coord_answer(
		coord,
		json_pack("{s:I,s:o}", "total", (json_int_t)response->n_targets, "targets", list),
		response->revision);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListTargetsRequest request = CONFITURE__V1__LIST_TARGETS_REQUEST__INIT;
	Confiture__V1__ListTargetsResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_coord_call_migration(&coord, "ListTargets", &request, &response, err);
	if (rc == 0)
		answer(&coord, response);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {CFT_OPT_END};

static const struct cft_example examples[] = {
	{"Which databases are there for --on?", "confiture migrate targets"},
	{"Their names alone", "confiture migrate targets --format json | jq -r '.targets[].name'"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_targets = {
	.summary = "List the databases that the server migrates",
	.description =
		"The operator configures them on the server; their passwords stay there. Every "
		"`migrate` command takes one of the names with --on.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
