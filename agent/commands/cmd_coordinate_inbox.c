/* confiture coordinate inbox: news for an agent that cannot hold a stream.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

enum { PAGE_SIZE = 200 };

static int acknowledge(struct cft_coord *coord, uint64_t cursor, struct cft_err *err)
{
	Confiture__V1__AcknowledgeInboxRequest request =
		CONFITURE__V1__ACKNOWLEDGE_INBOX_REQUEST__INIT;
	Confiture__V1__AcknowledgeInboxResponse *response;

	request.cursor = cursor;
	return cft_coord_call(coord, "AcknowledgeInbox", &request, &response, err);
}

static void answer(struct cft_coord *coord, const Confiture__V1__ReadInboxResponse *response,
                   bool acknowledged)
{
	struct cft_output *out = coord->cmd->out;

	for (size_t i = 0; i < response->n_events; i++)
		for (size_t j = 0; j < response->events[i]->n_changes; j++)
			cft_render_change_text(out, response->events[i],
			                       response->events[i]->changes[j]);
	if (response->n_events == 0)
		cft_out_text(out, "No news");
	else if (!acknowledged)
		cft_out_text(out, "These come again until you read them with --ack");
	cft_coord_answer(
		coord,
		json_pack("{s:I, s:o, s:I, s:b}", "total", (json_int_t)response->n_events, "events",
	                  cft_render_events(response->events, response->n_events), "cursor",
	                  (json_int_t)response->cursor, "acknowledged", acknowledged),
		response->revision);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ReadInboxRequest request = CONFITURE__V1__READ_INBOX_REQUEST__INIT;
	Confiture__V1__ReadInboxResponse *response;
	struct cft_coord coord;
	bool ack = cft_cmd_flag(cmd, "ack");
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.wait_ms = cft_cmd_duration_us(cmd, "wait") / 1000;
	request.page_size = PAGE_SIZE;
	/* The server answers after the wait at the latest; the call must outlast it. */
	coord.session.timeout_ms += (int)request.wait_ms;
	rc = cft_coord_call(&coord, "ReadInbox", &request, &response, err);
	if (rc == 0 && ack && response->n_events)
		rc = acknowledge(&coord, response->cursor, err);
	if (rc == 0)
		answer(&coord, response, ack);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_AGENT(true),
	{.name = "wait",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .min = 0,
         .max = 600000,
         .fallback = "0s",
         .help = "Wait so long for the first piece of news"},
	{.name = "ack", .type = CFT_OPT_FLAG, .help = "Acknowledge: do not show these again"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Wait for news and take note of it",
         "confiture coordinate inbox --agent-id bob --wait 30s --ack --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_inbox = {
	.summary = "Read the news that concern an agent",
	.description =
		"Changes of its intents by others, and conflicts with its intents. Reading does "
		"not acknowledge: without --ack the same news come again.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
