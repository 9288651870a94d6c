/* History: pages of a project's log, whole or about one intent.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "common/base/vec.h"
#include "server/codec/records_codec.h"
#include "server/services/query.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

enum { READ_EVENTS = 500 };

/* One ListIntentHistory under way, in its call's arena. */
struct history {
	struct cft_query *query;
	const Confiture__V1__ListIntentHistoryRequest *request;
	uint64_t after; /* read so far */
	uint64_t head;
	Confiture__V1__ListIntentHistoryResponse response;
	CFT_VEC(struct cft_event *) kept; /* the response borrows from them */
};

static void finish(struct history *h, const struct cft_err *err)
{
	/* `h` lives in the call's arena and ends with the call. */
	struct cft_event **kept = h->kept.v;
	size_t n = h->kept.n;

	if (err)
		cft_rpc_fail(h->query->call, err);
	else
		cft_rpc_reply(h->query->call, &h->response);
	for (size_t i = 0; i < n; i++)
		cft_event_unref(kept[i]);
	free(kept);
}

static bool about(const struct cft_change *change, const char *intent_id)
{
	if (change->intent)
		return strcmp(change->intent->id, intent_id) == 0;
	if (change->conflict)
		return strcmp(change->conflict->intent_a, intent_id) == 0 ||
		       strcmp(change->conflict->intent_b, intent_id) == 0;
	return false;
}

static bool wanted(const struct history *h, const struct cft_event *event)
{
	const char *intent_id = h->request->intent_id;

	for (size_t i = 0; i < event->n_changes; i++) {
		if (!intent_id[0] || about(&event->changes[i], intent_id))
			return true;
	}
	return false;
}

static Confiture__V1__Event *show(struct history *h, const struct cft_event *event)
{
	Confiture__V1__Event *to =
		cft_codec_event(cft_rpc_call_arena(h->query->call), h->query->project, event, 0);
	size_t n = 0;

	for (size_t i = 0; i < event->n_changes; i++) {
		if (!h->request->intent_id[0] || about(&event->changes[i], h->request->intent_id))
			to->changes[n++] = to->changes[i];
	}
	to->n_changes = n;
	return to;
}

static int take(struct history *h, const struct cft_store_event *from, struct cft_err *err)
{
	struct cft_event *event;
	int rc = cft_codec_event_unpack(from->payload, from->len, &event, NULL, err);

	if (rc < 0)
		return rc;
	h->after = from->revision;
	if (!wanted(h, event)) {
		cft_event_unref(event);
		return 0;
	}
	cft_vec_push(&h->kept, event);
	h->response.events[h->response.n_events++] = show(h, event);
	return 0;
}

static void read_more(struct history *h);

static void on_events(void *ctx, const struct cft_store_events *events)
{
	struct history *h = ctx;
	struct cft_err err = CFT_ERR_INIT;

	if (events->err && events->err->code) {
		finish(h, events->err);
		return;
	}
	for (size_t i = 0; i < events->n && h->response.n_events < h->query->page_size; i++) {
		if (take(h, &events->v[i], &err) < 0) {
			finish(h, &err);
			return;
		}
	}
	if (events->n == 0)
		h->after = h->head;
	read_more(h);
}

static void read_more(struct history *h)
{
	struct cft_coordination *c = h->query->coordination;

	if (h->after < h->head && h->response.n_events < h->query->page_size) {
		cft_store_read(c->store, h->query->project, h->after, READ_EVENTS, on_events, h);
		return;
	}
	if (h->after < h->head)
		h->response.next_page_token =
			cft_page_token_make(cft_rpc_call_arena(h->query->call), h->after, "");
	finish(h, NULL);
}

static void answer_history(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__ListIntentHistoryRequest *r = query->request;
	struct history *h = cft_arena_new(view->arena, struct history);
	struct cft_page_token token;
	struct cft_err err;

	if (cft_page_token_parse(r->page_token, &token, &err) < 0) {
		cft_query_fail(query, &err);
		return;
	}
	if (r->intent_id[0] && !cft_state_intent(view->state, r->intent_id)) {
		cft_fail(&err, CFT_E_NOT_FOUND, "there is no intent '%.100s' in project '%s'",
		         r->intent_id, query->project);
		cft_err_at(&err, r->intent_id, 0, 0);
		cft_query_fail(query, &err);
		return;
	}
	h->query = query;
	h->request = r;
	h->head = cft_state_revision(view->state);
	h->after = token.revision         ? token.revision
	           : r->from_revision > 0 ? r->from_revision - 1
	                                  : 0;
	confiture__v1__list_intent_history_response__init(&h->response);
	h->response.revision = h->head;
	h->response.base_schema = cft_show_base(view);
	h->response.events = cft_arena_array(view->arena, Confiture__V1__Event *, query->page_size);
	read_more(h);
}

CFT_HANDLER(list_intent_history)
{
	const Confiture__V1__ListIntentHistoryRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_history);
	struct cft_err err;

	if (!query)
		return;
	if (cft_check_page(r->page_size, &query->page_size, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_query_run(query, 0);
}
