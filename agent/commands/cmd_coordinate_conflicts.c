/* confiture coordinate conflicts, resolve, reopen, prove: what stands between intents.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

enum { PAGE_SIZE = 500 };

typedef CFT_VEC(Confiture__V1__Conflict *) conflict_list;

static int list_all(struct cft_coord *coord, Confiture__V1__ListConflictsRequest *request,
                    conflict_list *ret, uint64_t *ret_revision, struct cft_err *err)
{
	Confiture__V1__ListConflictsResponse *response;

	do {
		int rc = cft_coord_call(coord, "ListConflicts", request, &response, err);
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < response->n_conflicts; i++)
			cft_vec_push_in(coord->cmd->arena, ret, response->conflicts[i]);
		*ret_revision = response->revision;
		request->page_token = response->next_page_token;
	} while (response->next_page_token[0]);
	return 0;
}

static void fill_list(struct cft_coord *coord, Confiture__V1__ListConflictsRequest *request)
{
	request->page_size = PAGE_SIZE;
	request->include_resolved = cft_cmd_flag(coord->cmd, "all");
	request->include_vanished = request->include_resolved;
	request->min_severity = cft_coord_min_severity(coord->cmd);
}

static size_t answer_list(struct cft_coord *coord, const conflict_list *list, uint64_t revision)
{
	struct cft_output *out = coord->cmd->out;

	if (list->n)
		cft_render_conflict_table(out, list->v, list->n);
	else
		cft_out_mark(out, CFT_MARK_OK, "No open conflicts");
	for (size_t i = 0; i < list->n; i++)
		cft_out_text(out, "%s: %s", list->v[i]->id, list->v[i]->explanation);
	cft_coord_answer(
		coord,
		json_pack("{s:I, s:o, s:o}", "total", (json_int_t)list->n, "conflicts",
	                  cft_render_conflicts(list->v, list->n,
	                                       CONFITURE__V1__SEVERITY__SEVERITY_UNSPECIFIED, NULL),
	                  "next_actions", cft_coord_conflict_actions(list->v, list->n)),
		revision);
	return list->n;
}

static int run_conflicts(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListConflictsRequest request = CONFITURE__V1__LIST_CONFLICTS_REQUEST__INIT;
	conflict_list list = {0};
	struct cft_coord coord;
	uint64_t revision = 0;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	fill_list(&coord, &request);
	rc = list_all(&coord, &request, &list, &revision, err);
	if (rc == 0)
		cft_coord_sign_of_life(&coord, cft_cmd_str(cmd, "intent-id"));
	if (rc == 0 && answer_list(&coord, &list, revision) && cft_cmd_flag(cmd, "exit-code"))
		rc = 1;
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt conflicts_options[] = {
	CFT_COORD_INTENT(false),
	{.name = "agent-id",
         .type = CFT_OPT_STRING,
         .value = "ID",
         .help = "Only those of this agent's intents"},
	{.name = "all", .type = CFT_OPT_FLAG, .help = "Also the resolved and the vanished ones"},
	CFT_COORD_MIN_SEVERITY,
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 if there are any"},
	CFT_OPT_END,
};

static const struct cft_example conflicts_examples[] = {
	{"What is open", "confiture coordinate conflicts"},
	{"What stands in the way of one intent",
         "confiture coordinate conflicts --intent-id int_abc123def456 --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_conflicts = {
	.summary = "List conflicts between intents",
	.options = conflicts_options,
	.examples = conflicts_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_conflicts,
};

/* -- resolve, reopen -- */

static void answer_one(struct cft_coord *coord, Confiture__V1__Conflict *conflict,
                       uint64_t revision)
{
	json_t *actions = cft_coord_conflict_actions(&conflict, 1);

	cft_render_conflict_text(coord->cmd->out, conflict, "");
	cft_coord_say_next(coord, actions);
	cft_coord_answer(coord,
	                 json_pack("{s:o, s:o}", "conflict", cft_render_conflict(conflict),
	                           "next_actions", actions),
	                 revision);
}

static int run_resolve(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ResolveConflictRequest request =
		CONFITURE__V1__RESOLVE_CONFLICT_REQUEST__INIT;
	Confiture__V1__ResolveConflictResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.agent_id = cft_coord_acting_agent(cmd);
	request.strategy = (Confiture__V1__ResolutionStrategy)(cft_cmd_choice(cmd, "strategy") + 1);
	rc = cft_coord_call(&coord, "ResolveConflict", &request, &response, err);
	if (rc == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "Conflict %s resolved (%s)",
		             response->conflict->id, cft_cmd_str(cmd, "strategy"));
		answer_one(&coord, response->conflict, response->revision);
	}
	cft_coord_close(&coord);
	return rc;
}

/* In the order of the API's enum, from 1. */
static const char *const strategies[] = {"sequence", "merge", "rename", "accept-risk", NULL};

#define CONFLICT_ID                                                                             \
	{                                                                                       \
		.name = "conflict-id", .type = CFT_OPT_STRING, .value = "ID", .required = true, \
		.help = "The conflict, e.g. cfl_abc123def456"                                   \
	}
#define DECIDER                                                                          \
	{                                                                                \
		.name = "agent-id", .type = CFT_OPT_STRING, .value = "ID",               \
		.env = "CONFITURE_AGENT_ID", .help = "Who decides; else your login name" \
	}

static const struct cft_opt resolve_options[] = {
	CONFLICT_ID,
	DECIDER,
	{.name = "strategy",
         .type = CFT_OPT_ENUM,
         .value = "HOW",
         .choices = strategies,
         .fallback = "sequence",
         .help = "One after the other, one intent for both, another name, or take the risk"},
	{.name = "notes",
         .type = CFT_OPT_STRING,
         .value = "TEXT",
         .help = "What was agreed on, for everybody who reads the history"},
	CFT_OPT_END,
};

static const struct cft_example resolve_examples[] = {
	{"Agreed: alice first",
         "confiture coordinate resolve --conflict-id cfl_abc123def456 --strategy sequence \\\n"
         "--notes \"alice first, bob rebases\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_resolve = {
	.summary = "Record how a conflict was settled, so that it blocks nobody",
	.description =
		"The resolution holds for the two intents as they are: editing either of them "
		"voids it.",
	.options = resolve_options,
	.examples = resolve_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_resolve,
};

/* A proof takes seconds, and may wait for others; the server has its own limit. */
enum { PROOF_TIMEOUT_MS = 300000 };

static int run_prove(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ProveConflictRequest request = CONFITURE__V1__PROVE_CONFLICT_REQUEST__INIT;
	Confiture__V1__ProveConflictResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	if (!cft_cmd_typed(cmd, "timeout"))
		coord.session.timeout_ms = PROOF_TIMEOUT_MS;
	request.agent_id = cft_coord_acting_agent(cmd);
	rc = cft_coord_call(&coord, "ProveConflict", &request, &response, err);
	if (rc == 0)
		answer_one(&coord, response->conflict, response->revision);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt prove_options[] = {CONFLICT_ID, DECIDER, CFT_OPT_END};

static const struct cft_example prove_examples[] = {
	{"Is it really so? Let PostgreSQL say",
         "confiture coordinate prove --conflict-id cfl_abc123def456"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_prove = {
	.summary = "Run both orders of a conflict in PostgreSQL and keep what came out",
	.description =
		"The server runs the DDL of both intents on the base schema, in either order, in a "
		"throw-away PostgreSQL of its own. The errors, the differences of the two catalogs "
		"and what breaks when it runs stay with the conflict for everybody to see. What "
		"cannot be run there is not provable, and the answer says why.",
	.options = prove_options,
	.examples = prove_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_prove,
};

static int run_reopen(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ReopenConflictRequest request = CONFITURE__V1__REOPEN_CONFLICT_REQUEST__INIT;
	Confiture__V1__ReopenConflictResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.agent_id = cft_coord_acting_agent(cmd);
	rc = cft_coord_call(&coord, "ReopenConflict", &request, &response, err);
	if (rc == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "Conflict %s reopened", response->conflict->id);
		answer_one(&coord, response->conflict, response->revision);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt reopen_options[] = {CONFLICT_ID, DECIDER, CFT_COORD_REASON,
                                                CFT_OPT_END};

static const struct cft_example reopen_examples[] = {
	{"The agreement does not hold any more",
         "confiture coordinate reopen --conflict-id cfl_abc123def456 --reason \"new order\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_reopen = {
	.summary = "Make a resolved conflict count again",
	.options = reopen_options,
	.examples = reopen_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_reopen,
};
