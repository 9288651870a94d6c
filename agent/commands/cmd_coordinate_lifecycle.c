/* confiture coordinate start, complete, abandon, release: moves an intent through its life.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/start_wait.h"

#include <string.h>

/* The answers of start, complete, abandon and release have the same fields. */
#define ANSWER(coord, response)                                                   \
	cft_coord_answer_intent(coord, (response)->intent, (response)->conflicts, \
	                        (response)->n_conflicts, (response)->revision)

static void say_unblocked(struct cft_output *out, const Confiture__V1__Intent *intent)
{
	struct cft_buf tables = CFT_BUF_INIT;
	size_t n = intent->n_tables_affected;

	for (size_t i = 0; i < n; i++)
		cft_buf_addf(&tables, "%s'%s'", i ? ", " : "", intent->tables_affected[i]);
	if (n)
		cft_out_text(out, "No longer blocking other agents from %s table%s",
		             cft_buf_str(&tables), n == 1 ? "" : "s");
	cft_buf_release(&tables);
}

static int start(struct cft_coord *coord, char *agent, struct cft_err *err)
{
	Confiture__V1__StartIntentRequest request = CONFITURE__V1__START_INTENT_REQUEST__INIT;
	Confiture__V1__StartIntentResponse *response;

	request.agent_id = agent;
	if (cft_cmd_has(coord->cmd, "ttl"))
		request.ttl_ms = cft_cmd_duration_us(coord->cmd, "ttl") / 1000;
	request.in_order = cft_cmd_flag(coord->cmd, "wait");
	int rc = request.in_order ? cft_start_wait(coord, &request, &response, err)
	                          : cft_coord_call(coord, "StartIntent", &request, &response, err);
	if (rc != 0)
		return rc;
	cft_out_mark(coord->cmd->out, CFT_MARK_OK, "Intent %s started", response->intent->id);
	cft_out_text(coord->cmd->out, "Status: %s", cft_render_status(response->intent->status));
	cft_out_text(coord->cmd->out, "Fence: %llu", (unsigned long long)response->intent->fence);
	ANSWER(coord, response);
	return 0;
}

static int complete(struct cft_coord *coord, char *agent, struct cft_err *err)
{
	Confiture__V1__CompleteIntentRequest request = CONFITURE__V1__COMPLETE_INTENT_REQUEST__INIT;
	Confiture__V1__CompleteIntentResponse *response;

	request.agent_id = agent;
	int rc = cft_coord_call(coord, "CompleteIntent", &request, &response, err);
	if (rc != 0)
		return rc;
	cft_out_mark(coord->cmd->out, CFT_MARK_OK, "Intent %s marked as %s", response->intent->id,
	             cft_render_status(response->intent->status));
	say_unblocked(coord->cmd->out, response->intent);
	ANSWER(coord, response);
	return 0;
}

static int abandon(struct cft_coord *coord, char *agent, struct cft_err *err)
{
	Confiture__V1__AbandonIntentRequest request = CONFITURE__V1__ABANDON_INTENT_REQUEST__INIT;
	Confiture__V1__AbandonIntentResponse *response;

	request.agent_id = agent;
	int rc = cft_coord_call(coord, "AbandonIntent", &request, &response, err);
	if (rc != 0)
		return rc;
	cft_out_mark(coord->cmd->out, CFT_MARK_OK, "Intent %s marked as %s", response->intent->id,
	             cft_render_status(response->intent->status));
	say_unblocked(coord->cmd->out, response->intent);
	ANSWER(coord, response);
	return 0;
}

static int release(struct cft_coord *coord, char *agent, struct cft_err *err)
{
	Confiture__V1__ReleaseIntentRequest request = CONFITURE__V1__RELEASE_INTENT_REQUEST__INIT;
	Confiture__V1__ReleaseIntentResponse *response;

	request.agent_id = agent;
	int rc = cft_coord_call(coord, "ReleaseIntent", &request, &response, err);
	if (rc != 0)
		return rc;
	cft_out_mark(coord->cmd->out, CFT_MARK_OK, "The lease of intent %s is released: it is %s",
	             response->intent->id, cft_render_status(response->intent->status));
	say_unblocked(coord->cmd->out, response->intent);
	ANSWER(coord, response);
	return 0;
}

static int move(struct cft_cmd *cmd,
                int (*call)(struct cft_coord *coord, char *agent, struct cft_err *err),
                struct cft_err *err)
{
	struct cft_coord coord;
	char *agent = NULL;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_coord_agent_for_intent(&coord, cft_cmd_str(cmd, "intent-id"), &agent, err);
	if (rc == 0)
		rc = call(&coord, agent, err);
	cft_coord_close(&coord);
	return rc;
}

static int run_start(struct cft_cmd *cmd, struct cft_err *err)
{
	return move(cmd, start, err);
}

static int run_complete(struct cft_cmd *cmd, struct cft_err *err)
{
	return move(cmd, complete, err);
}

static int run_abandon(struct cft_cmd *cmd, struct cft_err *err)
{
	return move(cmd, abandon, err);
}

static int run_release(struct cft_cmd *cmd, struct cft_err *err)
{
	return move(cmd, release, err);
}

static const struct cft_opt start_options[] = {
	CFT_COORD_INTENT(true),
	CFT_COORD_AGENT(false),
	{.name = "ttl",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .min = 1000,
         .max = 604800000,
         .help = "How long the lease lasts without a sign of life; else the server decides from "
                 "the estimated hours"},
	{.name = "accept-risk",
         .type = CFT_OPT_FLAG,
         .help = "Start in spite of unresolved ERROR conflicts; needs --reason"},
	{.name = "wait",
         .type = CFT_OPT_FLAG,
         .help = "Wait until nothing stands in the way, in the order of registration; with "
                 "--timeout, so long at most (exit 6)"},
	CFT_COORD_FORCE,
	CFT_COORD_REASON,
	CFT_OPT_END,
};

static const struct cft_example start_examples[] = {
	{"Begin to work on it", "confiture coordinate start --intent-id int_abc123def456"},
	{"Begin as soon as the others are done, within an hour",
         "confiture coordinate start --intent-id int_abc123def456 --wait --timeout 1h"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_start = {
	.summary = "Begin to work on an intent",
	.description = "Grants a lease with a fence. Refused (exit 5) while an ERROR conflict with "
		       "another live intent is unresolved. Every command of the same agent on the "
		       "intent renews the lease; `agent run` does it by itself.",
	.options = start_options,
	.examples = start_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_start,
};

#define CFT_COORD_FENCE                                                                         \
	{                                                                                       \
		.name = "fence", .type = CFT_OPT_INT, .value = "N", .min = 0, .max = INT64_MAX, \
		.help = "The fence you were given; refused if a newer one exists"               \
	}

static const struct cft_opt complete_options[] = {
	CFT_COORD_INTENT(true),
	CFT_COORD_AGENT(false),
	{.name = "outcome",
         .type = CFT_OPT_STRING,
         .value = "WORD",
         .fallback = "success",
         .help = "How it went, e.g. success or partial"},
	{.name = "notes",
         .type = CFT_OPT_STRING,
         .value = "TEXT",
         .help = "What others should know"},
	CFT_COORD_FENCE,
	CFT_COORD_FORCE,
	CFT_COORD_REASON,
	CFT_OPT_END,
};

static const struct cft_example complete_examples[] = {
	{"The work is done",
         "confiture coordinate complete --intent-id int_abc123def456 --outcome success \\\n"
         "--notes \"User profiles implemented and tested\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_complete = {
	.summary = "Mark an intent as done: it blocks nobody any more",
	.description =
		"A registered intent is started on the way. Until `coordinate merge` it stays "
		"in detection as awaiting merge: its change is not in the base schema yet.",
	.options = complete_options,
	.examples = complete_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_complete,
};

static const struct cft_opt abandon_options[] = {
	CFT_COORD_INTENT(true),
	CFT_COORD_AGENT(false),
	CFT_COORD_REASON,
	CFT_COORD_FORCE,
	CFT_OPT_END,
};

static const struct cft_example abandon_examples[] = {
	{"Plans changed", "confiture coordinate abandon --intent-id int_abc123def456 \\\n"
                          "--reason \"Requirements changed, feature no longer needed\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_abandon = {
	.summary = "Give up an intent",
	.options = abandon_options,
	.examples = abandon_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_abandon,
};

static const struct cft_opt release_options[] = {
	CFT_COORD_INTENT(true), CFT_COORD_AGENT(false), CFT_COORD_FENCE,
	CFT_COORD_REASON,       CFT_COORD_FORCE,        CFT_OPT_END,
};

static const struct cft_example release_examples[] = {
	{"Stop for today, and block nobody meanwhile",
         "confiture coordinate release --intent-id int_abc123def456"},
	{"Bob is stuck and the others wait for him",
         "confiture coordinate release --intent-id int_abc123def456 --agent-id alice \\\n"
         "--force --reason \"bob does not answer\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_release = {
	.summary = "End an intent's lease before its time, and keep the intent",
	.description =
		"The intent is EXPIRED then: it is shown and blocks nobody. `coordinate start` "
		"takes it up again, with a new fence; what still runs under the old one is "
		"refused.",
	.options = release_options,
	.examples = release_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_release,
};
