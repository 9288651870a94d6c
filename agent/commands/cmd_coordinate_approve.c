/* confiture coordinate approve, reject, approvals list: judging other agents' DDL.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/ddl_view.h"

#include <string.h>

/* Both answers have the same fields and numbers. */
static void answer(struct cft_coord *coord, const Confiture__V1__ApproveIntentResponse *response)
{
	Confiture__V1__Severity least = CONFITURE__V1__SEVERITY__SEVERITY_WARNING;
	const Confiture__V1__Intent *intent = response->intent;
	json_t *document = cft_coord_intent_document(intent, response->conflicts,
	                                             response->n_conflicts, least);
	bool approved = intent->approval == CONFITURE__V1__APPROVAL_STATE__APPROVAL_STATE_APPROVED;

	json_object_set_new(document, "approval", json_string(approved ? "APPROVED" : "REJECTED"));
	json_object_set_new(document, "ddl_digest", json_string(intent->approval_digest));
	cft_out_mark(coord->cmd->out, approved ? CFT_MARK_OK : CFT_MARK_WARN, "Intent %s %s by %s",
	             intent->id, approved ? "approved" : "rejected", intent->approval_by);
	cft_out_text(coord->cmd->out, "DDL digest: %s", intent->approval_digest);
	cft_render_conflicts_text(coord->cmd->out, response->conflicts, response->n_conflicts,
	                          least, intent->agent_id);
	cft_coord_answer(coord, document, response->revision);
}

/* Both requests have a digest; the reason of an approval is a note. */
static int judge(struct cft_cmd *cmd, const char *method, void *request, char **digest,
                 struct cft_err *err)
{
	Confiture__V1__ApproveIntentResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	if (cft_cmd_has(cmd, "digest"))
		*digest = (char *)cft_cmd_str(cmd, "digest");
	rc = cft_coord_call(&coord, method, request, &response, err);
	if (rc == 0)
		answer(&coord, response);
	cft_coord_close(&coord);
	return rc;
}

static int run_approve(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ApproveIntentRequest request = CONFITURE__V1__APPROVE_INTENT_REQUEST__INIT;

	if (cft_cmd_has(cmd, "reason"))
		request.notes = (char *)cft_cmd_str(cmd, "reason");
	return judge(cmd, "ApproveIntent", &request, &request.ddl_digest, err);
}

static int run_reject(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__RejectIntentRequest request = CONFITURE__V1__REJECT_INTENT_REQUEST__INIT;

	return judge(cmd, "RejectIntent", &request, &request.ddl_digest, err);
}

/* -- approvals list -- */

static const char *state_name(Confiture__V1__ApprovalState state)
{
	if (state == CONFITURE__V1__APPROVAL_STATE__APPROVAL_STATE_APPROVED)
		return "APPROVED";
	return state == CONFITURE__V1__APPROVAL_STATE__APPROVAL_STATE_REJECTED ? "REJECTED"
	                                                                       : "OPEN";
}

static bool is_live(const Confiture__V1__Intent *intent)
{
	return intent->status == CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED ||
	       intent->status == CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_IN_PROGRESS ||
	       intent->status == CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_COMPLETED;
}

static json_t *statements_json(const Confiture__V1__Intent *intent)
{
	json_t *list = json_array();

	for (size_t i = 0; i < intent->n_schema_changes; i++)
		json_array_append_new(list, json_string(intent->schema_changes[i]));
	return list;
}

static json_t *conflicts_json(const Confiture__V1__ListConflictsResponse *conflicts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conflicts->n_conflicts; i++)
		json_array_append_new(list, cft_render_conflict(conflicts->conflicts[i]));
	return list;
}

static void show_conflict(struct cft_output *out, const Confiture__V1__Conflict *conflict)
{
	cft_out_text(out, "  conflict %s %s: %s%s%s%s", conflict->id,
	             cft_render_severity(conflict->severity), conflict->explanation,
	             conflict->proof_json[0] ? " (proven: " : "", conflict->proven_verdict,
	             conflict->proof_json[0] ? ")" : "");
}

/* DDL and its digest, locks, conflicts and their proof: what a judge has to see, in one place. */
static int show_one(struct cft_coord *coord, const Confiture__V1__Intent *intent, json_t *list,
                    struct cft_err *err)
{
	Confiture__V1__ListConflictsRequest request = CONFITURE__V1__LIST_CONFLICTS_REQUEST__INIT;
	Confiture__V1__ListConflictsResponse *conflicts;
	struct cft_output *out = coord->cmd->out;
	struct cft_ddl_view view;

	request.intent_id = intent->id;
	int rc = cft_coord_call(coord, "ListConflicts", &request, &conflicts, err);
	if (rc != 0)
		return rc;
	cft_out_mark(out, CFT_MARK_BULLET, "%s by %s: %s, approval %s%s%s", intent->id,
	             intent->agent_id, cft_render_status(intent->status),
	             state_name(intent->approval), intent->approval_by[0] ? " by " : "",
	             intent->approval_by);
	cft_out_text(out, "  digest %s", intent->ddl_digest);
	cft_ddl_view(coord->cmd->arena, intent, &view);
	cft_ddl_view_show(out, &view);
	for (size_t i = 0; i < conflicts->n_conflicts; i++)
		show_conflict(out, conflicts->conflicts[i]);
	json_t *document =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "intent_id", intent->id, "agent_id",
	                  intent->agent_id, "status", cft_render_status(intent->status), "approval",
	                  state_name(intent->approval), "approval_by", intent->approval_by,
	                  "ddl_digest", intent->ddl_digest, "schema_changes",
	                  statements_json(intent), "conflicts", conflicts_json(conflicts));
	cft_ddl_view_json(&view, document);
	json_array_append_new(list, document);
	return 0;
}

static int run_list(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListIntentsRequest request = CONFITURE__V1__LIST_INTENTS_REQUEST__INIT;
	Confiture__V1__ListIntentsResponse *response = NULL;
	struct cft_coord coord;
	json_t *list = json_array();
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0) {
		json_decref(list);
		return rc;
	}
	do {
		rc = cft_coord_call(&coord, "ListIntents", &request, &response, err);
		for (size_t i = 0; rc == 0 && i < response->n_intents; i++) {
			const Confiture__V1__Intent *intent = response->intents[i];

			if (is_live(intent) &&
			    (cft_cmd_flag(cmd, "all") ||
			     intent->approval !=
			             CONFITURE__V1__APPROVAL_STATE__APPROVAL_STATE_APPROVED))
				rc = show_one(&coord, intent, list, err);
		}
		if (rc == 0)
			request.page_token = response->next_page_token;
	} while (rc == 0 && response->next_page_token[0]);
	if (rc == 0 && json_array_size(list) == 0)
		cft_out_text(cmd->out, "Nothing waits for an approval");
	if (rc == 0)
		cft_coord_answer(&coord, json_pack("{s:o}", "approvals", list), response->revision);
	else
		json_decref(list);
	cft_coord_close(&coord);
	return rc;
}

#define DIGEST                                                                               \
	{                                                                                    \
		.name = "digest", .type = CFT_OPT_STRING, .value = "SHA256",                 \
		.help = "The DDL's digest as `approvals list` showed it: refused where the " \
			"DDL changed since"                                                  \
	}

static const struct cft_opt judge_options[] = {
	CFT_COORD_AGENT(true), CFT_COORD_INTENT(true), DIGEST, CFT_COORD_REASON, CFT_OPT_END,
};

static const struct cft_opt list_options[] = {
	{.name = "all", .type = CFT_OPT_FLAG, .help = "Approved ones too"},
	CFT_OPT_END,
};

static const struct cft_example approve_examples[] = {
	{"Approve what you have read",
         "confiture coordinate approve --agent-id lead --intent-id int_abc123def456 "
         "--digest 4f1c…"},
	CFT_EXAMPLE_END,
};

static const struct cft_example reject_examples[] = {
	{"Say no, and why",
         "confiture coordinate reject --agent-id lead --intent-id int_abc123def456 \\\n"
         "--reason \"drops a column that billing reads\""},
	CFT_EXAMPLE_END,
};

static const struct cft_example list_examples[] = {
	{"What waits for a judgement: DDL, locks, conflicts, proof",
         "confiture coordinate approvals list"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_approve = {
	.summary = "Approve another agent's DDL",
	.description = "An approval is for one text of the DDL: an edit voids it, and reopens the "
		       "resolutions of the intent's conflicts. Nobody approves an intent of their "
		       "own. Targets with the policy approval-required apply approved intents "
		       "only.",
	.options = judge_options,
	.examples = approve_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_approve,
};

const struct cft_command cft_cmd_coordinate_reject = {
	.summary = "Reject another agent's DDL, with a reason",
	.options = judge_options,
	.examples = reject_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_reject,
};

const struct cft_command cft_cmd_coordinate_approvals_list = {
	.summary = "Show the DDL that waits for an approval, with its locks, conflicts and their "
		   "proof",
	.options = list_options,
	.examples = list_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_list,
};
