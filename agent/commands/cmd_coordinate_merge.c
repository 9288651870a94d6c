/* confiture coordinate merge: what was completed is part of the schema now.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/range_check.h"

/* What it was told about where the change was applied. */
struct merge {
	struct cft_coord coord;
	const Confiture__V1__Intent *intent;
	struct cft_range_check check; /* of --git-range */
	struct cft_buf schema;        /* of --db-url */
};

static int read_intent(struct merge *merge, struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;
	Confiture__V1__GetIntentResponse *response;
	int rc = cft_coord_call(&merge->coord, "GetIntent", &request, &response, err);

	if (rc == 0)
		merge->intent = response->intent;
	return rc;
}

static int refuse(const struct merge *merge, struct cft_err *err)
{
	const struct cft_range_check *check = &merge->check;
	json_t *details = json_object();

	cft_range_check_json(check, details);
	cft_out_error_details(merge->coord.cmd->out, details);
	cft_fail_reason(err, CFT_E_CONFLICT, "APPLIED_DIFFERS",
	                "the range is not what intent %s declares: %zu change(s) more or other "
	                "ones, %zu missing",
	                merge->intent->id, json_array_size(check->undeclared),
	                json_array_size(check->missing));
	return cft_err_hint(err, "narrow the range, or register the rest as an intent of its own; "
	                         "or, to take what the range does for what is there: --force "
	                         "--reason TEXT");
}

/* Nobody was told of what was not declared: the base takes it only from somebody who says why. */
static int judge_range(struct merge *merge, const char *range, struct cft_err *err)
{
	struct cft_cmd *cmd = merge->coord.cmd;
	int rc = cft_range_check(cmd, merge->intent, range, &merge->check, err);

	if (rc != 0)
		return rc;
	if (merge->check.files.n == 0)
		return cft_fail_reason(err, CFT_E_INVALID, "EMPTY_RANGE", "%s adds no migration",
		                       range);
	cft_range_check_show(cmd->out, &merge->check);
	bool same = json_array_size(merge->check.undeclared) == 0 &&
	            json_array_size(merge->check.missing) == 0;
	return same || cft_cmd_flag(cmd, "force") ? 0 : refuse(merge, err);
}

/* All that can fail comes before the merge: it is said once. */
static int read_sources(struct merge *merge, struct cft_err *err)
{
	struct cft_cmd *cmd = merge->coord.cmd;
	const char *range = cft_cmd_str(cmd, "git-range"), *url = cft_cmd_str(cmd, "db-url");
	int rc = range ? judge_range(merge, range, err) : 0;

	if (rc == 0 && url)
		rc = cft_coord_base_read(cmd, url, &merge->schema, err);
	return rc;
}

static void answer(struct merge *merge, const Confiture__V1__MarkIntentMergedResponse *response)
{
	struct cft_coord *coord = &merge->coord;
	const Confiture__V1__BaseSchema *base = coord->base;

	cft_out_mark(coord->cmd->out, CFT_MARK_OK, "Intent %s marked as %s", response->intent->id,
	             cft_render_status(response->intent->status));
	if (base && base->fingerprint[0])
		cft_out_text(coord->cmd->out, "Base schema %.12s from %s: %u objects",
		             base->fingerprint, base->source, base->object_count);
	else if (cft_cmd_has(coord->cmd, "git-range"))
		cft_out_note(coord->cmd->out,
		             "no base schema is set, so there is none to refresh: `coordinate base "
		             "set` sets one");
	cft_coord_answer_intent(coord, response->intent, response->conflicts, response->n_conflicts,
	                        response->revision);
}

static int merge_intent(struct merge *merge, struct cft_err *err)
{
	struct cft_cmd *cmd = merge->coord.cmd;
	Confiture__V1__MarkIntentMergedRequest request =
		CONFITURE__V1__MARK_INTENT_MERGED_REQUEST__INIT;
	Confiture__V1__MarkIntentMergedResponse *response;
	Confiture__V1__SetBaseSchemaResponse *set;
	const char *agent = cft_cmd_str(cmd, "agent-id");

	request.agent_id = (char *)(agent ? agent : merge->intent->agent_id);
	if (merge->check.files.n > 0)
		request.applied_changes = cft_git_join(cmd->arena, &merge->check.files);
	int rc = cft_coord_call(&merge->coord, "MarkIntentMerged", &request, &response, err);
	if (rc == 0 && cft_cmd_has(cmd, "db-url"))
		rc = cft_coord_base_set(&merge->coord, &merge->schema, "database", &set, err);
	if (rc == 0)
		answer(merge, response);
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct merge merge = {.schema = CFT_BUF_INIT};
	int rc = cft_coord_open(cmd, &merge.coord, err);

	if (rc != 0)
		return rc;
	rc = read_intent(&merge, err);
	if (rc == 0)
		rc = read_sources(&merge, err);
	if (rc == 0)
		rc = merge_intent(&merge, err);
	cft_range_check_release(&merge.check);
	cft_buf_release(&merge.schema);
	cft_coord_close(&merge.coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_INTENT(true),
	CFT_COORD_AGENT(false),
	{.name = "git-range",
         .type = CFT_OPT_STRING,
         .value = "A..B",
         .help = "The commits whose added migrations another tool or a person applied: what they "
                 "do "
                 "becomes part of the base"},
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "Where another tool or a person applied it: this database's schema becomes the "
                 "base; needs the role operator"},
	{.name = "force",
         .type = CFT_OPT_FLAG,
         .help = "Another agent's intent, or a range that does other things than the intent "
                 "declares; needs --reason, and its owner is told"},
	CFT_COORD_REASON,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Its branch is merged and its migration applied",
         "confiture coordinate merge --intent-id int_abc123def456"},
	{"Flyway applied what the last merge brought",
         "confiture coordinate merge --intent-id int_abc123def456 --git-range v1.4..v1.5"},
	{"Flyway applied it: plan against what is there now",
         "confiture coordinate merge --intent-id int_abc123def456 --db-url "
         "postgresql://localhost/myapp"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_merge = {
	.summary = "Say that a completed intent is part of the schema now",
	.description =
		"The base schema of the project, where one is set, is refreshed with it. With "
		"--git-range the range is compared with the intent as `coordinate verify` does; "
		"it is refused (exit 5) where it does more, less or other things.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
