/* Query: reads on committed state, and the tokens of their pages.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/query.h"

#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

struct cft_query *cft_query_new(void *ctx, struct cft_rpc_call *call, const void *request,
                                const char *project, cft_query_answer *answer)
{
	struct cft_query *query = cft_arena_new(cft_rpc_call_arena(call), struct cft_query);
	struct cft_err err;

	query->coordination = ctx;
	query->call = call;
	query->request = request;
	query->answer = answer;
	query->project = cft_check_project(project, &err);
	if (query->project)
		return query;
	cft_rpc_fail(call, &err);
	return NULL;
}

static void on_state(void *arg, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *err)
{
	struct cft_query *query = arg;
	struct cft_view view = {query->coordination, cft_rpc_call_arena(query->call),
	                        query->project, state, now_us};
	struct cft_analysis *analysis = query->analysis;

	if (state)
		query->answer(query, &view);
	else
		cft_rpc_fail(query->call, err);
	cft_analysis_unref(analysis);
}

void cft_query_run(struct cft_query *query, uint64_t min_revision)
{
	cft_sequencer_read(query->coordination->sequencer, query->project, min_revision, on_state,
	                   query);
}

void cft_query_fail(struct cft_query *query, const struct cft_err *err)
{
	cft_rpc_fail(query->call, err);
}

int cft_page_token_parse(const char *text, struct cft_page_token *ret, struct cft_err *err)
{
	char *end;

	ret->revision = 0;
	ret->id = "";
	if (!text[0])
		return 0;
	ret->revision = strtoull(text, &end, 10);
	/* strtoull takes spaces and signs too. */
	if (text[0] < '0' || text[0] > '9' || *end != '.') {
		cft_fail_reason(err, CFT_E_INVALID, "INVALID_PAGE_TOKEN",
		                "page_token is none that this server gave");
		return cft_err_at(err, "page_token", 0, 0);
	}
	ret->id = end + 1;
	return 0;
}

char *cft_page_token_make(struct cft_arena *arena, uint64_t revision, const char *id)
{
	return cft_arena_printf(arena, "%llu.%s", (unsigned long long)revision, id);
}

bool cft_page_token_passed(const struct cft_page_token *token, uint64_t revision, const char *id)
{
	return revision < token->revision ||
	       (revision == token->revision && strcmp(id, token->id) <= 0);
}
