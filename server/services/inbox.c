/* Inbox: ReadInbox and AcknowledgeInbox.
 * SPDX-License-Identifier: MIT
 *
 * The cursor is a row in the database; what follows it is read from the log like a stream, and
 * only events that concern the agent and were not its own doing are handed out.
 */
#include "server/services/inbox.h"

#include "common/base/mem.h"
#include "common/base/vec.h"
#include "server/codec/records_codec.h"
#include "server/services/query.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { WAIT_MAX_MS = 300000 };

/* One ReadInbox under way. */
struct cft_poll {
	struct cft_coordination *coordination;
	struct cft_rpc_call *call;
	const char *project;
	const Confiture__V1__ReadInboxRequest *request;
	size_t page_size;
	struct cft_cursor cursor;
	struct cft_timer *timer;
	CFT_VEC(const struct cft_event *) events;
	uint64_t last; /* acknowledging this acknowledges what was handed out */
	uint64_t head; /* of the log when the answer was ready */
	bool asking;   /* the database for the cursor, or the state for the answer's base */
	bool gone;     /* the client is, meanwhile */
	struct cft_poll *prev, *next;
};

static void poll_free(struct cft_poll *poll)
{
	cft_cursor_close(&poll->cursor);
	cft_timer_free(poll->timer);
	CFT_VEC_EACH (const struct cft_event *, event, &poll->events)
		cft_event_unref(*event);
	cft_vec_release(&poll->events);
	DL_DELETE(poll->coordination->polls, poll);
	free(poll);
}

static void fail_poll(struct cft_poll *poll, const struct cft_err *err)
{
	struct cft_rpc_call *call = poll->call;
	struct cft_err copy = *err;

	poll_free(poll);
	cft_rpc_fail(call, &copy);
}

static bool is_news(const struct cft_change *change, const char *agent_id, const char *actor)
{
	return cft_change_concerns(change, agent_id) &&
	       (change->conflict || strcmp(actor, agent_id) != 0);
}

/* Only the changes that concern the agent. */
static Confiture__V1__Event *show_event(struct cft_poll *poll, const struct cft_event *event)
{
	struct cft_arena *arena = cft_rpc_call_arena(poll->call);
	Confiture__V1__Event *to = cft_codec_event(arena, poll->project, event, 0);
	size_t n = 0;

	for (size_t i = 0; i < event->n_changes; i++) {
		if (is_news(&event->changes[i], poll->request->agent_id, event->actor))
			to->changes[n++] = to->changes[i];
	}
	to->n_changes = n;
	return to;
}

static void reply(struct cft_poll *poll, Confiture__V1__BaseSchema *base)
{
	Confiture__V1__ReadInboxResponse response = CONFITURE__V1__READ_INBOX_RESPONSE__INIT;
	struct cft_rpc_call *call = poll->call;

	response.events =
		cft_arena_array(cft_rpc_call_arena(call), Confiture__V1__Event *, poll->events.n);
	for (size_t i = 0; i < poll->events.n; i++)
		response.events[response.n_events++] = show_event(poll, poll->events.v[i]);
	response.cursor = poll->last;
	response.revision = poll->head;
	response.base_schema = base;
	cft_rpc_call_set_hooks(call, NULL, NULL);
	cft_rpc_reply(call, &response);
	poll_free(poll);
}

static bool ended_meanwhile(struct cft_poll *poll)
{
	struct cft_err gone;

	poll->asking = false;
	if (!poll->gone)
		return false;
	cft_rpc_gone(&gone);
	fail_poll(poll, &gone);
	return true;
}

/* Without a state (the server stops) what came is handed out all the same. */
static void on_base(void *arg, const struct cft_state *state, int64_t now_us,
                    const struct cft_err *err)
{
	struct cft_poll *poll = arg;
	const struct cft_view view = {poll->coordination, cft_rpc_call_arena(poll->call),
	                              poll->project, state, now_us};

	(void)err;
	if (!ended_meanwhile(poll))
		reply(poll, state ? cft_show_base(&view) : NULL);
}

static void answer(struct cft_poll *poll)
{
	if (poll->cursor.open)
		poll->last = poll->cursor.revision;
	poll->head = poll->cursor.open ? cft_cursor_head(&poll->cursor) : poll->last;
	cft_cursor_close(&poll->cursor);
	cft_timer_stop(poll->timer);
	if (poll->coordination->stopping) {
		reply(poll, NULL);
		return;
	}
	poll->asking = true;
	cft_sequencer_read(poll->coordination->sequencer, poll->project, 0, on_base, poll);
}

static bool concerns(const struct cft_event *event, const char *agent_id)
{
	for (size_t i = 0; i < event->n_changes; i++) {
		if (is_news(&event->changes[i], agent_id, event->actor))
			return true;
	}
	return false;
}

/* Takes what is there; answers when the page is full, or when something came and no more is
 * there. */
static void take_events(struct cft_poll *poll)
{
	struct cft_log_entry *entry;

	while (poll->events.n < poll->page_size && (entry = cft_cursor_peek(&poll->cursor))) {
		if (concerns(entry->event, poll->request->agent_id))
			cft_vec_push(&poll->events, cft_event_ref(entry->event));
		cft_cursor_advance(&poll->cursor);
	}
	if (poll->events.n == poll->page_size)
		answer(poll);
	else if (poll->cursor.revision == cft_cursor_head(&poll->cursor) &&
	         (poll->events.n || poll->request->wait_ms <= 0))
		answer(poll);
}

static void on_wake(struct cft_cursor *cursor)
{
	struct cft_poll *poll = cursor->owner;

	if (cursor->err.code)
		fail_poll(poll, &cursor->err);
	else
		take_events(poll);
}

static void on_timeout(void *ctx)
{
	answer(ctx);
}

static void on_poll_cancelled(void *arg)
{
	struct cft_poll *poll = arg;
	struct cft_err err;

	if (poll->asking) {
		poll->gone = true; /* the answer to the question ends it */
		return;
	}
	cft_rpc_gone(&err);
	fail_poll(poll, &err);
}

static const struct cft_rpc_hooks poll_hooks = {on_poll_cancelled, NULL, NULL};

static void on_inbox(void *ctx, const char *const *const *rows, size_t n, const struct cft_err *err)
{
	struct cft_poll *poll = ctx;

	if (ended_meanwhile(poll))
		return;
	if (n == 0) {
		fail_poll(poll, err);
		return;
	}
	poll->last = strtoull(rows[0][0], NULL, 10);
	poll->cursor.wake = on_wake;
	poll->cursor.owner = poll;
	if (poll->request->wait_ms > 0)
		cft_timer_start(poll->timer, poll->request->wait_ms, 0);
	cft_cursor_open(poll->coordination->hub, &poll->cursor, poll->project, CFT_START_AFTER,
	                poll->last, NULL);
}

static int validate_read(const Confiture__V1__ReadInboxRequest *r, size_t *page_size,
                         struct cft_err *err)
{
	int rc = cft_check_name("agent_id", r->agent_id, true, err);

	if (rc == 0)
		rc = cft_check_range("wait_ms", r->wait_ms, WAIT_MAX_MS, err);
	return rc < 0 ? rc : cft_check_page(r->page_size, page_size, err);
}

CFT_HANDLER(read_inbox)
{
	struct cft_coordination *coordination = ctx;
	const Confiture__V1__ReadInboxRequest *r = request;
	struct cft_err err;
	const char *project = cft_check_project(r->project, &err);
	struct cft_poll *poll;
	size_t page_size;

	if (!project || validate_read(r, &page_size, &err) < 0) {
		cft_rpc_fail(call, &err);
		return;
	}
	poll = cft_new(struct cft_poll);
	poll->coordination = coordination;
	poll->call = call;
	poll->project = project;
	poll->request = r;
	poll->page_size = page_size;
	poll->timer = cft_timer_new(coordination->loop, on_timeout, poll);
	poll->asking = true;
	DL_APPEND(coordination->polls, poll);
	cft_rpc_call_set_hooks(call, &poll_hooks, poll);
	cft_store_inbox(coordination->store, project, r->agent_id, on_inbox, poll);
}

void cft_inbox_end_all(struct cft_coordination *coordination)
{
	struct cft_poll *poll, *next;

	DL_FOREACH_SAFE(coordination->polls, poll, next)
	{
		if (!poll->asking)
			answer(poll);
	}
}

/* -- acknowledging -- */

/* In its call's arena. */
struct acknowledging {
	struct cft_rpc_call *call;
	Confiture__V1__AcknowledgeInboxResponse response;
};

static void on_acknowledged(void *ctx, const char *const *const *rows, size_t n,
                            const struct cft_err *err)
{
	struct acknowledging *ack = ctx;

	if (err) {
		cft_rpc_fail(ack->call, err);
		return;
	}
	/* No row: the project has no event yet, and nothing to acknowledge. */
	ack->response.cursor = n ? strtoull(rows[0][0], NULL, 10) : 0;
	cft_rpc_reply(ack->call, &ack->response);
}

static void answer_acknowledge(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__AcknowledgeInboxRequest *r = query->request;
	struct cft_err err;

	if (r->cursor > cft_state_revision(view->state)) {
		cft_fail_reason(&err, CFT_E_OUT_OF_RANGE, "REVISION_NOT_REACHED",
		                "the project is at revision %llu",
		                (unsigned long long)cft_state_revision(view->state));
		cft_rpc_fail(query->call, &err);
		return;
	}
	struct acknowledging *ack = cft_arena_new(view->arena, struct acknowledging);
	ack->call = query->call;
	confiture__v1__acknowledge_inbox_response__init(&ack->response);
	ack->response.revision = cft_state_revision(view->state);
	ack->response.base_schema = cft_show_base(view);
	cft_store_inbox_ack(query->coordination->store, query->project, r->agent_id, r->cursor,
	                    on_acknowledged, ack);
}

CFT_HANDLER(acknowledge_inbox)
{
	const Confiture__V1__AcknowledgeInboxRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_acknowledge);
	struct cft_err err;

	if (!query)
		return;
	if (cft_check_name("agent_id", r->agent_id, true, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_query_run(query, 0);
}
