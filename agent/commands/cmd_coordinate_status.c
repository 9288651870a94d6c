/* confiture coordinate status, list-intents: what everybody is working on.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

#include <ctype.h>
#include <string.h>

enum { PAGE_SIZE = 500 };

typedef CFT_VEC(Confiture__V1__Intent *) intent_list;

/* Pages to the end. */
static int list_all(struct cft_coord *coord, Confiture__V1__ListIntentsRequest *request,
                    intent_list *ret, uint64_t *ret_revision, struct cft_err *err)
{
	Confiture__V1__ListIntentsResponse *response;

	request->page_size = PAGE_SIZE;
	do {
		int rc = cft_coord_call(coord, "ListIntents", request, &response, err);
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < response->n_intents; i++)
			cft_vec_push_in(coord->cmd->arena, ret, response->intents[i]);
		*ret_revision = response->revision;
		request->page_token = response->next_page_token;
	} while (response->next_page_token[0]);
	return 0;
}

static int answer_list(struct cft_coord *coord, Confiture__V1__ListIntentsRequest *request,
                       const char *nothing, struct cft_err *err)
{
	struct cft_output *out = coord->cmd->out;
	intent_list intents = {0};
	uint64_t revision = 0;
	int rc = list_all(coord, request, &intents, &revision, err);

	if (rc != 0)
		return rc;
	if (intents.n)
		cft_render_intent_table(out, intents.v, intents.n);
	else
		cft_out_text(out, "%s", nothing);
	cft_coord_answer(coord,
	                 json_pack("{s:I, s:o}", "total", (json_int_t)intents.n, "intents",
	                           cft_render_intents(intents.v, intents.n)),
	                 revision);
	return 0;
}

static int answer_one(struct cft_coord *coord, struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;
	Confiture__V1__GetIntentResponse *response;
	struct cft_output *out = coord->cmd->out;

	int rc = cft_coord_call(coord, "GetIntent", &request, &response, err);
	if (rc != 0)
		return rc;
	cft_coord_sign_of_life(coord, cft_cmd_str(coord->cmd, "intent-id"));
	Confiture__V1__Severity least = CONFITURE__V1__SEVERITY__SEVERITY_WARNING;
	json_t *document = cft_coord_intent_document(response->intent, response->conflicts,
	                                             response->n_conflicts, least);
	cft_render_intent_text(out, response->intent);
	cft_render_conflicts_text(out, response->conflicts, response->n_conflicts, least,
	                          response->intent->agent_id);
	cft_coord_say_next(coord, json_object_get(document, "next_actions"));
	cft_coord_answer(coord, document, response->revision);
	return 0;
}

static int run_status(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListIntentsRequest request = CONFITURE__V1__LIST_INTENTS_REQUEST__INIT;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.active_only = true;
	if (cft_cmd_has(cmd, "intent-id"))
		rc = answer_one(&coord, err);
	else
		rc = answer_list(&coord, &request, "No active intents", err);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt status_options[] = {
	CFT_COORD_INTENT(false),
	CFT_OPT_END,
};

static const struct cft_example status_examples[] = {
	{"Everybody's active intents", "confiture coordinate status"},
	{"One intent with its conflicts, for a program",
         "confiture coordinate status --intent-id int_abc123def456 --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_status = {
	.summary = "Show the active intents, or one intent with its conflicts",
	.options = status_options,
	.examples = status_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_status,
};

/* "in-progress" and "IN_PROGRESS" alike. */
static bool same_status(const char *typed, const char *name)
{
	for (; *typed && *name; typed++, name++)
		if (toupper((unsigned char)*typed) != *name && !(*typed == '-' && *name == '_'))
			return false;
	return *typed == *name;
}

static int parse_statuses(struct cft_cmd *cmd, Confiture__V1__ListIntentsRequest *request,
                          struct cft_err *err)
{
	struct cft_words words = cft_cmd_list(cmd, "status");
	const ProtobufCEnumDescriptor *statuses = &confiture__v1__intent_status__descriptor;

	request->statuses = cft_arena_array(cmd->arena, Confiture__V1__IntentStatus, words.n + 1);
	for (size_t i = 0; i < words.n; i++) {
		int found = 0;
		for (unsigned j = 0; j < statuses->n_values; j++) {
			int value = statuses->values[j].value;
			if (value &&
			    same_status(words.v[i],
			                cft_render_status((Confiture__V1__IntentStatus)value)))
				found = value;
		}
		if (!found)
			return cft_fail(err, CFT_E_INVALID,
			                "--status: \"%.60s\" is none of registered, in-progress, "
			                "completed, merged, abandoned, expired",
			                words.v[i]);
		request->statuses[request->n_statuses++] = (Confiture__V1__IntentStatus)found;
	}
	return 0;
}

static int run_list(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListIntentsRequest request = CONFITURE__V1__LIST_INTENTS_REQUEST__INIT;
	struct cft_coord coord;
	int rc = parse_statuses(cmd, &request, err);

	if (rc == 0)
		rc = cft_coord_open(cmd, &coord, err);
	if (rc != 0)
		return rc;
	rc = answer_list(&coord, &request, "No intents", err);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt list_options[] = {
	{.name = "status",
         .type = CFT_OPT_LIST,
         .value = "STATUS",
         .help = "Only in these states: registered, in-progress, completed, merged, abandoned, "
                 "expired"},
	{.name = "agent-id", .type = CFT_OPT_STRING, .value = "ID", .help = "Only of this agent"},
	{.name = "table",
         .type = CFT_OPT_STRING,
         .value = "TABLE",
         .help = "Only those that affect this table"},
	CFT_OPT_END,
};

static const struct cft_example list_examples[] = {
	{"What is done and waits to be merged",
         "confiture coordinate list-intents --status completed"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_list_intents = {
	.summary = "List intents in any state",
	.options = list_options,
	.examples = list_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_list,
};
