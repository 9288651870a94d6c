/* Query: the one way of a read: wait for the revision, look at the committed state, answer.
 * SPDX-License-Identifier: MIT
 *
 * Private to server/services.
 */
#ifndef CFT_SERVICES_QUERY_H
#define CFT_SERVICES_QUERY_H

#include "server/services/present.h"

struct cft_query;
/* Answers the call with cft_rpc_reply or cft_rpc_fail. */
typedef void cft_query_answer(struct cft_query *query, const struct cft_view *view);

struct cft_query {
	struct cft_coordination *coordination;
	struct cft_rpc_call *call;
	const char *project;
	const void *request;
	cft_query_answer *answer;
	struct cft_analysis *analysis; /* of CheckIntent */
	size_t page_size;
};

/* In the call's arena; NULL when the project's name was refused and the call has failed. */
struct cft_query *cft_query_new(void *ctx, struct cft_rpc_call *call, const void *request,
                                const char *project, cft_query_answer *answer);
/* Reads at `min_revision` or later and answers. */
void cft_query_run(struct cft_query *query, uint64_t min_revision);
void cft_query_fail(struct cft_query *query, const struct cft_err *err);

/* Tokens of pages, ordered by a revision and an id: "<revision>.<id>". "" is the start. Errors:
 * CFT_E_INVALID, reason INVALID_PAGE_TOKEN. */
struct cft_page_token {
	uint64_t revision;
	const char *id;
};
int cft_page_token_parse(const char *text, struct cft_page_token *ret, struct cft_err *err);
char *cft_page_token_make(struct cft_arena *arena, uint64_t revision, const char *id);
bool cft_page_token_passed(const struct cft_page_token *token, uint64_t revision, const char *id);

#endif
