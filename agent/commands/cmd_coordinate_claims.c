/* confiture coordinate claims: who touches an object.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

static json_t *claims_json(const Confiture__V1__ListObjectClaimsResponse *response)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < response->n_claims; i++) {
		const Confiture__V1__ObjectClaim *claim = response->claims[i];
		json_array_append_new(claims,
		                      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "intent_id",
		                                claim->intent_id, "agent_id", claim->agent_id,
		                                "status", cft_render_status(claim->status),
		                                "object", claim->object, "operation",
		                                claim->operation, "statement", claim->statement));
	}
	return claims;
}

static void claims_table(struct cft_output *out,
                         const Confiture__V1__ListObjectClaimsResponse *response)
{
	static const struct cft_column columns[] = {
		{.title = "Object", .flexible = true},
		{.title = "Operation"},
		{.title = "Agent", .flexible = true},
		{.title = "Intent ID"},
		{.title = "Status"},
		{.title = "Statement", .flexible = true},
	};
	struct cft_table table;

	cft_table_init(&table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < response->n_claims; i++) {
		const Confiture__V1__ObjectClaim *claim = response->claims[i];
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", claim->object);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", claim->operation);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", claim->agent_id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", claim->intent_id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", cft_render_status(claim->status));
		cft_table_cell(&table, CFT_STYLE_DIM, "%s", claim->statement);
	}
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListObjectClaimsRequest request =
		CONFITURE__V1__LIST_OBJECT_CLAIMS_REQUEST__INIT;
	Confiture__V1__ListObjectClaimsResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.object = (char *)cmd->args.v[0];
	rc = cft_coord_call(&coord, "ListObjectClaims", &request, &response, err);
	if (rc == 0) {
		if (response->n_claims)
			claims_table(cmd->out, response);
		else
			cft_out_mark(cmd->out, CFT_MARK_OK, "Nobody touches %s", cmd->args.v[0]);
		cft_coord_answer(&coord,
		                 json_pack("{s:s, s:I, s:o}", "object", cmd->args.v[0], "total",
		                           (json_int_t)response->n_claims, "claims",
		                           claims_json(response)),
		                 response->revision);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_arg arguments[] = {
	{.name = "OBJECT",
         .help = "A table, column, index, function …, e.g. users or public.users.age",
         .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Who touches the column", "confiture coordinate claims public.users.age"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_claims = {
	.summary = "Tell which live intents touch an object, and how",
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
