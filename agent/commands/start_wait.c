/* Start, waiting: a stream tells when to try again, so nothing is polled.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/start_wait.h"

#include "agent/client/follow.h"
#include "common/base/clock.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 1000 };

struct wait {
	struct cft_coord *coord;
	Confiture__V1__StartIntentRequest *request;
	struct cft_follow follow;
	int64_t end_us; /* monotonic; 0 = no end */
	char *said;     /* whom it was last said to wait for */
};

/* Intents whose blockers were looked at; ids in the session's arena. */
struct chain {
	const char *v[CHAIN_MAX];
	size_t n, at;
};

static int get_intent(struct wait *w, const char *id, Confiture__V1__GetIntentResponse **ret,
                      struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;

	request.intent_id = (char *)id;
	return cft_coord_call(w->coord, "GetIntent", &request, ret, err);
}

/* The other side of a conflict that stops `intent` from being started; NULL where it does not. */
static const char *blocker(const Confiture__V1__Intent *intent, const Confiture__V1__Conflict *c,
                           const char **ret_agent)
{
	bool is_a = strcmp(c->intent_a, intent->id) == 0;

	if (c->status != CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_OPEN ||
	    c->severity != CONFITURE__V1__SEVERITY__SEVERITY_ERROR)
		return NULL;
	*ret_agent = is_a ? c->agent_b : c->agent_a;
	return is_a ? c->intent_b : c->intent_a;
}

/* Side a was registered first: who registered later and has not begun waits for us. */
static bool stands_in_the_way(struct wait *w, const Confiture__V1__Intent *intent,
                              const Confiture__V1__Conflict *conflict, const char *other)
{
	Confiture__V1__GetIntentResponse *response;

	if (strcmp(conflict->intent_a, intent->id) != 0)
		return true;
	return get_intent(w, other, &response, NULL) == 0 &&
	       response->intent->status == CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_IN_PROGRESS;
}

static bool known(const struct chain *chain, const char *id)
{
	for (size_t i = 0; i < chain->n; i++)
		if (strcmp(chain->v[i], id) == 0)
			return true;
	return false;
}

static int refuse_cycle(const struct wait *w, const char *by, const char *on, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_CONFLICT, "WAIT_CYCLE",
	                "intent %s would wait for itself: %s waits for %s of the same agent",
	                w->request->intent_id, by, on);
	return cft_err_hint(err, "complete or abandon %s first, or resolve the conflict", on);
}

/* Follows who waits for whom. Intents of our own agent further down the chain would only go on when
 * this wait is over: nobody would. */
static int extend(struct wait *w, struct chain *chain, const char *id, struct cft_buf *names,
                  struct cft_err *err)
{
	Confiture__V1__GetIntentResponse *response;
	int rc = get_intent(w, id, &response, err);
	bool ours = strcmp(id, w->request->intent_id) == 0;

	for (size_t i = 0; rc == 0 && i < response->n_conflicts; i++) {
		const char *agent = "";
		const char *other = blocker(response->intent, response->conflicts[i], &agent);
		if (!other || known(chain, other) ||
		    !stands_in_the_way(w, response->intent, response->conflicts[i], other))
			continue;
		if (!ours && strcmp(agent, w->request->agent_id) == 0)
			return refuse_cycle(w, id, other, err);
		if (ours)
			cft_buf_addf(names, "%s%s of %s", names->len ? ", " : "", other, agent);
		if (chain->n < CHAIN_MAX)
			chain->v[chain->n++] = other;
	}
	return rc;
}

static int look_around(struct wait *w, struct cft_err *err)
{
	struct chain chain = {.v = {w->request->intent_id}, .n = 1};
	struct cft_buf names = CFT_BUF_INIT;
	int rc = 0;

	for (; rc == 0 && chain.at < chain.n; chain.at++)
		rc = extend(w, &chain, chain.v[chain.at], &names, err);
	if (rc == 0 && names.len && (!w->said || strcmp(w->said, cft_buf_str(&names)) != 0)) {
		cft_out_note(w->coord->cmd->out, "Waiting for %s", cft_buf_str(&names));
		free(w->said);
		w->said = cft_buf_detach(&names);
	}
	cft_buf_release(&names);
	return rc;
}

static int time_left_ms(const struct wait *w)
{
	int64_t left_ms = (w->end_us - cft_clock_mono_us()) / 1000;

	if (w->end_us == 0)
		return INT_MAX;
	return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static int give_up(const struct wait *w, struct cft_err *err)
{
	return cft_fail_reason(err, CFT_E_TIMEOUT, "WAIT_TIMEOUT",
	                       "intent %s could not be started in time; it waits for %s",
	                       w->request->intent_id, w->said ? w->said : "others");
}

/* Until something happens in the project. */
static int await_event(struct wait *w, struct cft_err *err)
{
	for (;;) {
		Confiture__V1__WatchEventsResponse *message = NULL;
		bool first = false;
		int left_ms = time_left_ms(w);
		if (left_ms == 0)
			return give_up(w, err);
		int rc = cft_follow_next(&w->follow, left_ms, w->coord->session.arena, &message,
		                         &first, err);
		if (rc == 1 &&
		    message->item_case == CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)
			return 0;
		if (rc < 0 && rc != CFT_E_UNAVAILABLE && rc != CFT_E_TIMEOUT)
			return rc;
	}
}

static int try_until_started(struct wait *w, Confiture__V1__StartIntentResponse **ret_response,
                             struct cft_err *err)
{
	for (;;) {
		int rc = cft_coord_call(w->coord, "StartIntent", w->request, ret_response, err);
		if (rc != CFT_E_CONFLICT)
			return rc;
		cft_err_clear(err);
		rc = look_around(w, err);
		if (rc == 0)
			rc = await_event(w, err);
		if (rc != 0)
			return rc;
	}
}

int cft_start_wait(struct cft_coord *coord, Confiture__V1__StartIntentRequest *request,
                   Confiture__V1__StartIntentResponse **ret_response, struct cft_err *err)
{
	/* What can free the way: the end or the edit of another intent, a decision about a
	 * conflict, a new base. Opened first: nothing that happens after the first try is missed.
	 */
	const char *kinds[] = {"intent.completed",  "intent.abandoned", "intent.merged",
	                       "intent.expired",    "intent.updated",   "conflict.resolved",
	                       "conflict.vanished", "base.changed",     "intent.started"};
	Confiture__V1__WatchEventsRequest filter = CONFITURE__V1__WATCH_EVENTS_REQUEST__INIT;
	struct wait w = {.coord = coord, .request = request};
	struct cft_cmd *cmd = coord->cmd;

	if (cft_cmd_has(cmd, "timeout"))
		w.end_us = cft_clock_mono_us() + cft_cmd_duration_us(cmd, "timeout");
	filter.kinds = (char **)kinds;
	filter.n_kinds = sizeof(kinds) / sizeof(kinds[0]);
	int rc = cft_follow_open(&coord->session, &filter, 0, &w.follow, err);
	if (rc == 0)
		rc = try_until_started(&w, ret_response, err);
	cft_follow_close(&w.follow);
	free(w.said);
	return rc;
}
