/* Watch: the life of one stream of events.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/watch.h"

#include "common/base/mem.h"
#include "common/rpc/codec.h"
#include "server/codec/records_codec.h"
#include "server/services/present.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { SNAPSHOT_PART = 200 };

struct snapshot_part {
	Confiture__V1__WatchEventsResponse response;
	Confiture__V1__Snapshot snapshot;
};

struct cft_watch {
	struct cft_coordination *coordination;
	struct cft_arena arena; /* of the request's strings */
	const char *project;
	struct cft_filter filter;
	const struct cft_watch_sink *sink;
	void *arg;
	bool want_snapshot, reading; /* the snapshot is still to be taken; is being read */
	bool greet;                  /* a bookmark is due at once: the stream has started */
	struct reader *reader;
	struct cft_snapshot *snapshot;
	int64_t sent_ms; /* when the last message left or was due */
	struct cft_watch *prev, *next;
	struct cft_cursor cursor;
};

/* A snapshot on its way out, in parts: its records are packed when it is taken. */
struct cft_snapshot {
	struct cft_arena arena;
	struct snapshot_part *parts;
	size_t n, at;
};

/* A read for a snapshot; it outlives its watch if the client goes away meanwhile. */
struct reader {
	struct cft_watch *watch;
};

static void end_watch(struct cft_watch *watch, const struct cft_err *err)
{
	const struct cft_watch_sink *sink = watch->sink;
	struct cft_err copy = *err;
	void *arg = watch->arg;

	cft_watch_free(watch);
	sink->end(arg, &copy);
}

/* -- messages -- */

static void mark_sent(struct cft_watch *watch)
{
	watch->sent_ms = cft_loop_now_ms(watch->coordination->loop);
}

static void send(struct cft_watch *watch, Confiture__V1__WatchEventsResponse *response)
{
	char token[CFT_TOKEN_TEXT];

	response->revision = watch->cursor.revision;
	response->resume_token =
		(char *)cft_token_make(cft_hub_log(watch->coordination->hub),
	                               watch->cursor.revision, watch->cursor.chain_hash, token);
	mark_sent(watch);
	watch->sink->send(watch->arg, response);
}

static void send_bookmark(struct cft_watch *watch)
{
	Confiture__V1__WatchEventsResponse response = CONFITURE__V1__WATCH_EVENTS_RESPONSE__INIT;
	Confiture__V1__Bookmark bookmark = CONFITURE__V1__BOOKMARK__INIT;

	response.item_case = CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_BOOKMARK;
	response.bookmark = &bookmark;
	watch->greet = false;
	send(watch, &response);
}

/* The changes that pass, in place; their number. */
static size_t select_changes(const struct cft_filter *filter, const struct cft_event *event,
                             Confiture__V1__Event *message)
{
	size_t n = 0;

	for (size_t i = 0; i < event->n_changes; i++) {
		if (cft_filter_passes(filter, &event->changes[i]))
			message->changes[n++] = message->changes[i];
	}
	message->n_changes = n;
	return n;
}

static bool any_passes(const struct cft_filter *filter, const struct cft_event *event)
{
	for (size_t i = 0; i < event->n_changes; i++) {
		if (cft_filter_passes(filter, &event->changes[i]))
			return true;
	}
	return cft_filter_is_empty(filter);
}

static void fill_event(struct cft_arena *arena, const struct cft_watch *watch,
                       const struct cft_event *event, Confiture__V1__WatchEventsResponse *response)
{
	response->item_case = CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT;
	response->event = cft_codec_event(arena, watch->project, event, 0);
	if (!cft_filter_is_empty(&watch->filter))
		select_changes(&watch->filter, event, response->event);
}

/* Packs the whole event once for every stream that takes all of it. */
static void send_shared(struct cft_watch *watch, struct cft_log_entry *entry)
{
	Confiture__V1__WatchEventsResponse response = CONFITURE__V1__WATCH_EVENTS_RESPONSE__INIT;
	struct cft_arena arena = CFT_ARENA_INIT;
	char token[CFT_TOKEN_TEXT];

	if (!entry->packet) {
		fill_event(&arena, watch, entry->event, &response);
		response.revision = entry->revision;
		response.resume_token =
			(char *)cft_token_make(cft_hub_log(watch->coordination->hub),
		                               entry->revision, entry->chain_hash, token);
		entry->packet = cft_rpc_packet_new(&response);
		cft_arena_release(&arena);
	}
	mark_sent(watch);
	watch->sink->send_packet(watch->arg, cft_rpc_packet_share(entry->packet));
}

static void send_own(struct cft_watch *watch, const struct cft_log_entry *entry)
{
	Confiture__V1__WatchEventsResponse response = CONFITURE__V1__WATCH_EVENTS_RESPONSE__INIT;
	struct cft_arena arena = CFT_ARENA_INIT;

	fill_event(&arena, watch, entry->event, &response);
	send(watch, &response);
	cft_arena_release(&arena);
}

static void send_event(struct cft_watch *watch, struct cft_log_entry *entry)
{
	watch->greet = false;
	/* The token of the message is the cursor's: it moves first, the entry stays where it is. */
	cft_cursor_advance(&watch->cursor);
	if (watch->sink->send_packet && cft_filter_is_empty(&watch->filter))
		send_shared(watch, entry);
	else
		send_own(watch, entry);
}

/* -- snapshots -- */

static void snapshot_free(struct cft_snapshot *snapshot)
{
	if (!snapshot)
		return;
	cft_arena_release(&snapshot->arena);
	free(snapshot);
}

static bool intent_passes(const struct cft_filter *filter, const struct cft_intent *intent)
{
	struct cft_change change = {.kind = CFT_CHANGE_INTENT_REGISTERED, .intent = intent};
	struct cft_filter without_kinds = *filter;

	without_kinds.kinds.n = 0;
	return !cft_intent_is_terminal(intent->status) &&
	       cft_filter_passes(&without_kinds, &change);
}

static bool conflict_passes(const struct cft_filter *filter, const struct cft_conflict *conflict)
{
	struct cft_change change = {.kind = CFT_CHANGE_CONFLICT_DETECTED, .conflict = conflict};
	struct cft_filter without_kinds = *filter;

	without_kinds.kinds.n = 0;
	return cft_filter_passes(&without_kinds, &change);
}

/* Borrowed strings would not outlive the state: each message is packed and unpacked into the
 * snapshot's arena. */
static void *keep(struct cft_arena *arena, const void *message)
{
	const ProtobufCMessage *base = message;
	struct cft_buf bytes = CFT_BUF_INIT;
	void *kept = NULL;

	cft_proto_pack(message, &bytes);
	cft_proto_unpack(base->descriptor, bytes.data, bytes.len, arena, &kept, NULL);
	cft_buf_release(&bytes);
	return kept;
}

struct records {
	Confiture__V1__Intent **intents;
	Confiture__V1__Conflict **conflicts;
	size_t n_intents, n_conflicts;
};

static void collect(struct cft_watch *watch, const struct cft_view *view, struct cft_arena *arena,
                    struct records *ret)
{
	struct cft_intent_filter all_intents = {0};
	struct cft_conflict_filter open_conflicts = {0};
	struct cft_intent_list intents = {0};
	struct cft_conflict_list conflicts = {0};

	cft_state_list_intents(view->state, &all_intents, view->arena, &intents);
	cft_state_list_conflicts(view->state, &open_conflicts, view->arena, &conflicts);
	ret->intents = cft_arena_array(arena, Confiture__V1__Intent *, intents.n);
	ret->conflicts = cft_arena_array(arena, Confiture__V1__Conflict *, conflicts.n);
	for (size_t i = 0; i < intents.n; i++) {
		if (intent_passes(&watch->filter, intents.v[i]))
			ret->intents[ret->n_intents++] =
				keep(arena, cft_show_intent(view, intents.v[i]));
	}
	for (size_t i = 0; i < conflicts.n; i++) {
		if (conflict_passes(&watch->filter, conflicts.v[i]))
			ret->conflicts[ret->n_conflicts++] =
				keep(arena, cft_show_conflict(view, conflicts.v[i]));
	}
}

static size_t part_of(size_t n, size_t part)
{
	size_t start = part * SNAPSHOT_PART;

	return n <= start ? 0 : n - start < SNAPSHOT_PART ? n - start : SNAPSHOT_PART;
}

static struct cft_snapshot *take_snapshot(struct cft_watch *watch, const struct cft_view *view)
{
	struct cft_snapshot *snapshot = cft_new(struct cft_snapshot);
	struct records records = {0};
	Confiture__V1__BaseSchema *base = cft_show_base(view);
	size_t most;

	if (base)
		base = keep(&snapshot->arena, base);
	collect(watch, view, &snapshot->arena, &records);
	most = records.n_intents > records.n_conflicts ? records.n_intents : records.n_conflicts;
	snapshot->n = most / SNAPSHOT_PART + 1;
	snapshot->parts = cft_arena_array(&snapshot->arena, struct snapshot_part, snapshot->n);
	for (size_t i = 0; i < snapshot->n; i++) {
		struct snapshot_part *part = &snapshot->parts[i];

		confiture__v1__watch_events_response__init(&part->response);
		confiture__v1__snapshot__init(&part->snapshot);
		part->response.item_case = CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_SNAPSHOT;
		part->response.snapshot = &part->snapshot;
		part->snapshot.intents = records.intents + i * SNAPSHOT_PART;
		part->snapshot.n_intents = part_of(records.n_intents, i);
		part->snapshot.conflicts = records.conflicts + i * SNAPSHOT_PART;
		part->snapshot.n_conflicts = part_of(records.n_conflicts, i);
		part->snapshot.last = i + 1 == snapshot->n;
		part->snapshot.base_schema = base;
	}
	return snapshot;
}

static void on_snapshot_state(void *arg, const struct cft_state *state, int64_t now_us,
                              const struct cft_err *err)
{
	struct reader *reader = arg;
	struct cft_watch *watch = reader->watch;
	struct cft_arena arena = CFT_ARENA_INIT;
	const unsigned char *hash;

	free(reader);
	if (!watch)
		return;
	watch->reading = false;
	watch->reader = NULL;
	if (!state) {
		end_watch(watch, err);
		return;
	}
	struct cft_view view = {watch->coordination, &arena, watch->project, state, now_us};
	hash = cft_sequencer_chain_hash(watch->coordination->sequencer, watch->project);
	cft_cursor_skip_to(&watch->cursor, cft_state_revision(state), hash);
	watch->snapshot = take_snapshot(watch, &view);
	cft_arena_release(&arena);
	cft_cursor_ready(&watch->cursor);
}

static void read_snapshot(struct cft_watch *watch)
{
	watch->want_snapshot = false;
	watch->reading = true;
	watch->reader = cft_new(struct reader);
	watch->reader->watch = watch;
	cft_sequencer_read(watch->coordination->sequencer, watch->project, 0, on_snapshot_state,
	                   watch->reader);
}

static void send_snapshot_part(struct cft_watch *watch)
{
	struct cft_snapshot *snapshot = watch->snapshot;

	watch->greet = false;
	send(watch, &snapshot->parts[snapshot->at++].response);
	if (snapshot->at < snapshot->n)
		return;
	watch->snapshot = NULL;
	snapshot_free(snapshot);
}

/* -- the pump: at most one message on its way -- */

static bool has_more(const struct cft_watch *watch)
{
	return watch->snapshot || cft_cursor_behind(&watch->cursor) ||
	       (watch->greet && watch->cursor.open);
}

/* The next event that passes; false: none is at hand. */
static bool send_next_event(struct cft_watch *watch)
{
	struct cft_log_entry *entry;

	while ((entry = cft_cursor_peek(&watch->cursor))) {
		if (any_passes(&watch->filter, entry->event)) {
			send_event(watch, entry);
			return true;
		}
		cft_cursor_advance(&watch->cursor);
	}
	return false;
}

static bool send_next(struct cft_watch *watch)
{
	if (watch->snapshot)
		send_snapshot_part(watch);
	else if (send_next_event(watch))
		return true;
	else if (watch->greet && watch->cursor.open)
		send_bookmark(watch);
	else
		return false;
	return true;
}

/* Whether the last message has left is asked only when there is another one: the sink calls
 * cft_watch_sent where it has been asked. */
static void pump(struct cft_watch *watch)
{
	if (watch->want_snapshot)
		read_snapshot(watch);
	if (watch->reading || !has_more(watch) || watch->sink->busy(watch->arg))
		return;
	if (send_next(watch) && has_more(watch))
		cft_cursor_ready(&watch->cursor);
}

static void on_wake(struct cft_cursor *cursor)
{
	struct cft_watch *watch = cursor->owner;

	if (cursor->err.code)
		end_watch(watch, &cursor->err);
	else
		pump(watch);
}

void cft_watch_sent(struct cft_watch *watch)
{
	mark_sent(watch);
	cft_cursor_ready(&watch->cursor);
}

/* -- life -- */

static struct cft_strings copy_list(struct cft_arena *arena, char **values, size_t n)
{
	struct cft_strings list = {cft_arena_array(arena, const char *, n), n};

	for (size_t i = 0; i < n; i++)
		list.v[i] = cft_arena_strdup(arena, values[i]);
	return list;
}

static int validate(const Confiture__V1__WatchEventsRequest *r, struct cft_err *err)
{
	int rc = cft_check_names("agents", r->agents, r->n_agents, err);

	if (rc == 0)
		rc = cft_check_names("tables", r->tables, r->n_tables, err);
	if (rc == 0)
		rc = cft_check_names("kinds", r->kinds, r->n_kinds, err);
	return rc;
}

static int open_cursor(struct cft_watch *watch, const Confiture__V1__WatchEventsRequest *r,
                       struct cft_err *err)
{
	struct cft_hub *hub = watch->coordination->hub;
	struct cft_token token;

	watch->cursor.wake = on_wake;
	watch->cursor.owner = watch;
	if (r->resume_token[0]) {
		if (cft_token_parse(r->resume_token, &token, err) < 0)
			return err->code;
		cft_cursor_open(hub, &watch->cursor, watch->project, CFT_START_TOKEN, 0, &token);
	} else if (r->from_revision > 0) {
		cft_cursor_open(hub, &watch->cursor, watch->project, CFT_START_AFTER,
		                r->from_revision - 1, NULL);
	} else {
		watch->want_snapshot = r->snapshot;
		watch->greet = !r->snapshot;
		cft_cursor_open(hub, &watch->cursor, watch->project, CFT_START_NOW, 0, NULL);
	}
	return 0;
}

struct cft_watch *cft_watch_new(struct cft_coordination *coordination,
                                const Confiture__V1__WatchEventsRequest *request,
                                const struct cft_watch_sink *sink, void *arg, struct cft_err *err)
{
	const char *project = cft_check_project(request->project, err);
	struct cft_watch *watch;

	if (!project || validate(request, err) < 0)
		return NULL;
	watch = cft_new(struct cft_watch);
	watch->coordination = coordination;
	watch->project = cft_arena_strdup(&watch->arena, project);
	watch->filter.agents = copy_list(&watch->arena, request->agents, request->n_agents);
	watch->filter.tables = copy_list(&watch->arena, request->tables, request->n_tables);
	watch->filter.kinds = copy_list(&watch->arena, request->kinds, request->n_kinds);
	watch->sink = sink;
	watch->arg = arg;
	mark_sent(watch);
	DL_APPEND(coordination->watches, watch);
	coordination->n_watches++;
	if (open_cursor(watch, request, err) < 0) {
		cft_watch_free(watch);
		return NULL;
	}
	return watch;
}

void cft_watch_free(struct cft_watch *watch)
{
	if (!watch)
		return;
	if (watch->reader)
		watch->reader->watch = NULL;
	cft_cursor_close(&watch->cursor);
	snapshot_free(watch->snapshot);
	DL_DELETE(watch->coordination->watches, watch);
	watch->coordination->n_watches--;
	cft_arena_release(&watch->arena);
	free(watch);
}

static void hint_token(const struct cft_watch *watch, struct cft_err *err)
{
	char token[CFT_TOKEN_TEXT];

	if (watch->cursor.open)
		cft_err_hint(err, "resume with %s",
		             cft_token_make(cft_hub_log(watch->coordination->hub),
		                            watch->cursor.revision, watch->cursor.chain_hash,
		                            token));
}

static void end_stopping(struct cft_watch *watch)
{
	struct cft_err err;

	/* A last bookmark where nothing was held back: the cursor is what the client has. */
	if (watch->cursor.open && !watch->snapshot && !watch->reading && !watch->want_snapshot &&
	    !watch->sink->busy(watch->arg))
		send_bookmark(watch);
	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	hint_token(watch, &err);
	err.retry_after_ms = 1000;
	end_watch(watch, &err);
}

void cft_watch_end_all(struct cft_coordination *coordination)
{
	struct cft_watch *watch, *next;

	DL_FOREACH_SAFE(coordination->watches, watch, next)
	end_stopping(watch);
}

static void end_slow(struct cft_watch *watch)
{
	struct cft_err err;

	cft_fail_reason(&err, CFT_E_LIMIT, "SLOW_CONSUMER",
	                "the client takes no more messages; the last one sent was of revision %llu",
	                (unsigned long long)watch->cursor.revision);
	hint_token(watch, &err);
	end_watch(watch, &err);
}

void cft_watch_tick(struct cft_coordination *coordination)
{
	int64_t now_ms = cft_loop_now_ms(coordination->loop);
	struct cft_watch *watch, *next;

	DL_FOREACH_SAFE(coordination->watches, watch, next)
	{
		int64_t quiet_ms = now_ms - watch->sent_ms;

		if (watch->sink->busy(watch->arg)) {
			if (quiet_ms >= coordination->options.stall_ms)
				end_slow(watch);
		} else if (watch->cursor.open && !watch->snapshot && !watch->reading &&
		           quiet_ms >= coordination->options.bookmark_ms) {
			watch->greet = true;
			cft_cursor_ready(&watch->cursor);
		}
	}
}
