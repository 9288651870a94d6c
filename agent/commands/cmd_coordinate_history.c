/* confiture coordinate history: the log of the project or of one intent.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

enum { PAGE_SIZE = 500 };

typedef CFT_VEC(Confiture__V1__Event *) event_list;

static int list_all(struct cft_coord *coord, Confiture__V1__ListIntentHistoryRequest *request,
                    event_list *ret, uint64_t *ret_revision, struct cft_err *err)
{
	Confiture__V1__ListIntentHistoryResponse *response;

	do {
		int rc = cft_coord_call(coord, "ListIntentHistory", request, &response, err);
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < response->n_events; i++)
			cft_vec_push_in(coord->cmd->arena, ret, response->events[i]);
		*ret_revision = response->revision;
		request->page_token = response->next_page_token;
	} while (response->next_page_token[0]);
	return 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListIntentHistoryRequest request =
		CONFITURE__V1__LIST_INTENT_HISTORY_REQUEST__INIT;
	event_list events = {0};
	struct cft_coord coord;
	uint64_t revision = 0;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.from_revision = (uint64_t)cft_cmd_int(cmd, "since");
	request.page_size = PAGE_SIZE;
	rc = list_all(&coord, &request, &events, &revision, err);
	if (rc == 0) {
		cft_coord_sign_of_life(&coord, cft_cmd_str(cmd, "intent-id"));
		for (size_t i = 0; i < events.n; i++)
			for (size_t j = 0; j < events.v[i]->n_changes; j++)
				cft_render_change_text(cmd->out, events.v[i],
				                       events.v[i]->changes[j]);
		if (events.n == 0)
			cft_out_text(cmd->out, "Nothing happened yet");
		cft_coord_answer(&coord,
		                 json_pack("{s:I, s:o}", "total", (json_int_t)events.n, "events",
		                           cft_render_events(events.v, events.n)),
		                 revision);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_INTENT(false),
	{.name = "since",
         .type = CFT_OPT_INT,
         .value = "REV",
         .min = 0,
         .max = INT64_MAX,
         .help = "From this revision on"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Who did what, and why", "confiture coordinate history --intent-id int_abc123def456"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_history = {
	.summary = "Show what happened, oldest first",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
