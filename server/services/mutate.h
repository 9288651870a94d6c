/* Mutate: the one way of a mutation: validate, analyse, submit, answer.
 * SPDX-License-Identifier: MIT
 *
 * Private to server/services. A mutation lives in its call's arena and ends with the call.
 */
#ifndef CFT_SERVICES_MUTATE_H
#define CFT_SERVICES_MUTATE_H

#include "server/services/present.h"

struct cft_mutation;
/* Answers the call; the last use of the mutation. */
typedef void cft_mutation_reply(struct cft_mutation *m, const struct cft_view *view,
                                const struct cft_decision *decision);

struct cft_mutation {
	struct cft_coordination *coordination;
	struct cft_arena *arena; /* of the whole */
	const char *project;
	struct cft_command command;
	const char *sql; /* to be analysed; NULL: nothing */
	size_t sql_bytes;
	bool dump;
	struct cft_analysis *analysis;
	cft_mutation_reply *reply;
	/* Instead of the reply, on failure. */
	void (*fail)(struct cft_mutation *m, const struct cft_err *err);
	void *owner; /* a call, or a stream of Participate */
};

/* The fields that every mutation has; `message` is the whole request, for its digest. */
struct cft_mutation_fields {
	const char *project, *request_id, *agent_id;
	const void *message;
};

/* Fills what is common and checks it. `m` is zeroed memory with coordination, arena, owner, reply
 * and fail set. */
int cft_mutation_init(struct cft_mutation *m, enum cft_command_kind kind,
                      const struct cft_mutation_fields *fields, struct cft_err *err);
/* Analyses m->sql where there is one, submits, and calls reply or fail. */
void cft_mutation_run(struct cft_mutation *m);

/* What an agent does about an intent that it holds renews its lease; nothing waits for that. */
void cft_renew_by_activity(struct cft_coordination *coordination, const char *project,
                           const struct cft_state *state, const char *intent_id,
                           const char *agent_id);

/* The update of an intent, for UpdateIntent and for Participate. */
int cft_mutation_update(struct cft_mutation *m, const Confiture__V1__UpdateIntentRequest *request,
                        struct cft_err *err);
void cft_mutation_run_update(struct cft_mutation *m);
/* Fills {intent, conflicts, revision}: the answers about one intent have the same fields and the
 * same numbers, so one of them serves for all. */
void cft_answer_intent(const struct cft_view *view, const struct cft_intent *intent,
                       uint64_t revision, Confiture__V1__UpdateIntentResponse *response);

#endif
