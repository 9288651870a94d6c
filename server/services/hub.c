/* Hub: feeds, their tails, and the cursors over them.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/hub.h"

#include "common/base/mem.h"
#include "server/codec/records_codec.h"
#include "server/rpc/server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	WAKE_PER_TURN = 100,
	PAGE_EVENTS = 200,
	/* What an event costs in memory beyond its packed bytes, roughly. */
	ENTRY_FACTOR = 4,
};

/* A project that somebody follows. */
struct cft_feed {
	struct cft_hub *hub;
	char *project;
	bool ready, loading;
	uint64_t revision; /* the newest known */
	unsigned char chain_hash[32];
	struct cft_log_entry *tail;     /* the last n_tail events, oldest first */
	size_t n_tail, cap_tail, first; /* tail[first] is the oldest */
	size_t bytes;
	struct cft_cursor *cursors;
	struct cft_feed *prev, *next;
};

/* Events that a cursor reads from the table; or, when it only checks a token, one of them. */
struct cft_page {
	struct cft_cursor *cursor; /* NULL: closed meanwhile */
	bool loading, checking;
	struct cft_log_entry *v;
	size_t n, at;
	unsigned char first_previous[32]; /* the hash before the first */
};

struct cft_hub {
	struct cft_loop *loop;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	struct cft_timer *turn;
	size_t tail_max_bytes;
	struct cft_log_identity log;
	struct cft_feed *feeds;
	struct cft_cursor *ready;
};

static void advance_opening(struct cft_cursor *cursor);

static void fail_cursor(struct cft_cursor *cursor, const struct cft_err *err)
{
	cursor->err = *err;
	cursor->open = false;
	cft_cursor_ready(cursor);
}

static int fail_replaced(struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_OUT_OF_RANGE, "LOG_DIVERGED",
	                "the project's log was replaced: the stream cannot go on");
	return cft_err_hint(err, "start again with a snapshot");
}

/* -- waking -- */

void cft_cursor_ready(struct cft_cursor *cursor)
{
	struct cft_hub *hub = cursor->feed->hub;

	if (cursor->queued)
		return;
	cursor->queued = true;
	DL_APPEND2(hub->ready, cursor, ready_prev, ready_next);
	if (!cft_timer_active(hub->turn))
		cft_timer_start(hub->turn, 0, 0);
}

static void unqueue(struct cft_cursor *cursor)
{
	if (!cursor->queued)
		return;
	cursor->queued = false;
	DL_DELETE2(cursor->feed->hub->ready, cursor, ready_prev, ready_next);
}

static void take_turn(void *ctx)
{
	struct cft_hub *hub = ctx;

	for (int i = 0; i < WAKE_PER_TURN && hub->ready; i++) {
		struct cft_cursor *cursor = hub->ready;

		unqueue(cursor);
		cursor->wake(cursor);
	}
	if (hub->ready)
		cft_timer_start(hub->turn, 0, 0);
}

/* -- tails -- */

static void entry_clear(struct cft_log_entry *entry)
{
	cft_event_unref(entry->event);
	cft_rpc_packet_free(entry->packet);
}

static void drop_oldest(struct cft_feed *feed)
{
	struct cft_log_entry *entry = &feed->tail[feed->first++];

	feed->bytes -= entry->bytes;
	feed->n_tail--;
	entry_clear(entry);
}

static void clear_tail(struct cft_feed *feed)
{
	while (feed->n_tail)
		drop_oldest(feed);
	feed->first = 0;
}

static size_t event_bytes(const struct cft_feed *feed, const struct cft_event *event)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	size_t bytes = protobuf_c_message_get_packed_size(
		&cft_codec_event(&arena, feed->project, event, 0)->base);

	cft_arena_release(&arena);
	return bytes * ENTRY_FACTOR;
}

static struct cft_log_entry *push_slot(struct cft_feed *feed)
{
	if (feed->first + feed->n_tail == feed->cap_tail && feed->first > feed->n_tail) {
		memmove(feed->tail, feed->tail + feed->first, feed->n_tail * sizeof(*feed->tail));
		feed->first = 0;
	}
	if (feed->first + feed->n_tail == feed->cap_tail) {
		feed->cap_tail = feed->cap_tail ? feed->cap_tail * 2 : 64;
		feed->tail = cft_realloc(feed->tail, feed->cap_tail * sizeof(*feed->tail));
	}
	return &feed->tail[feed->first + feed->n_tail++];
}

static void append(struct cft_feed *feed, const struct cft_event *event,
                   const unsigned char chain_hash[32])
{
	struct cft_log_entry *entry = push_slot(feed);

	memset(entry, 0, sizeof(*entry));
	entry->revision = event->revision;
	entry->event = cft_event_ref(event);
	memcpy(entry->chain_hash, chain_hash, 32);
	entry->bytes = event_bytes(feed, event);
	feed->bytes += entry->bytes;
	while (feed->bytes > feed->hub->tail_max_bytes && feed->n_tail > 1)
		drop_oldest(feed);
}

static struct cft_feed *find_feed(struct cft_hub *hub, const char *project)
{
	struct cft_feed *feed;

	DL_FOREACH (hub->feeds, feed) {
		if (strcmp(feed->project, project) == 0)
			return feed;
	}
	return NULL;
}

static void wake_all(struct cft_feed *feed)
{
	struct cft_cursor *cursor;

	DL_FOREACH (feed->cursors, cursor) {
		if (cursor->open)
			cft_cursor_ready(cursor);
	}
}

static void on_event(void *arg, const char *project, const struct cft_event *event,
                     const unsigned char chain_hash[32])
{
	struct cft_feed *feed = find_feed(arg, project);

	if (!feed || !feed->ready || event->revision <= feed->revision)
		return;
	assert(event->revision == feed->revision + 1);
	feed->revision = event->revision;
	memcpy(feed->chain_hash, chain_hash, 32);
	if (!feed->cursors)
		return;
	append(feed, event, chain_hash);
	wake_all(feed);
}

static void fail_all(struct cft_feed *feed, const struct cft_err *err)
{
	struct cft_cursor *cursor;

	feed->ready = false;
	clear_tail(feed);
	DL_FOREACH (feed->cursors, cursor)
		fail_cursor(cursor, err);
}

static void on_reset(void *arg, const char *project)
{
	struct cft_hub *hub = arg;
	struct cft_feed *feed = find_feed(hub, project);
	struct cft_err err;

	hub->log.id[0] = '\0';
	if (!feed)
		return;
	fail_replaced(&err);
	fail_all(feed, &err);
}

/* -- opening: the log's identity, the feed, the token -- */

static void feed_opened(struct cft_feed *feed)
{
	struct cft_cursor *cursor;

	feed->ready = true;
	DL_FOREACH (feed->cursors, cursor)
		advance_opening(cursor);
}

static void on_feed_state(void *arg, const struct cft_state *state, int64_t now_us,
                          const struct cft_err *err)
{
	struct cft_feed *feed = arg;
	const unsigned char *hash =
		state ? cft_sequencer_chain_hash(feed->hub->sequencer, feed->project) : NULL;

	(void)now_us;
	feed->loading = false;
	if (!state) {
		fail_all(feed, err);
		return;
	}
	feed->revision = cft_state_revision(state);
	if (hash)
		memcpy(feed->chain_hash, hash, 32);
	feed_opened(feed);
}

static void on_log(void *arg, const char *const *const *rows, size_t n, const struct cft_err *err)
{
	struct cft_feed *feed = arg;
	struct cft_hub *hub = feed->hub;

	if (n == 0) {
		feed->loading = false;
		fail_all(feed, err);
		return;
	}
	memset(&hub->log, 0, sizeof(hub->log));
	memcpy(hub->log.id, rows[0][0], strnlen(rows[0][0], sizeof(hub->log.id) - 1));
	hub->log.epoch = strtoull(rows[0][1], NULL, 10);
	cft_sequencer_read(hub->sequencer, feed->project, 0, on_feed_state, feed);
}

static void load_feed(struct cft_feed *feed)
{
	if (feed->loading)
		return;
	feed->loading = true;
	cft_store_log(feed->hub->store, on_log, feed);
}

static struct cft_feed *feed_for(struct cft_hub *hub, const char *project)
{
	struct cft_feed *feed = find_feed(hub, project);

	if (feed)
		return feed;
	feed = cft_new(struct cft_feed);
	feed->hub = hub;
	feed->project = cft_strdup(project);
	DL_APPEND(hub->feeds, feed);
	return feed;
}

static void opened(struct cft_cursor *cursor)
{
	cursor->open = true;
	cft_cursor_ready(cursor);
}

static int check_bounds(struct cft_cursor *cursor, struct cft_err *err)
{
	if (cursor->revision <= cursor->feed->revision)
		return 0;
	return cft_fail_reason(err, CFT_E_OUT_OF_RANGE, "REVISION_NOT_REACHED",
	                       "the project is at revision %llu, the stream would start after %llu",
	                       (unsigned long long)cursor->feed->revision,
	                       (unsigned long long)cursor->revision);
}

static void load_page(struct cft_cursor *cursor, uint64_t after, int limit, bool checking);
static void drop_page(struct cft_cursor *cursor);
static void page_free(struct cft_page *page);

/* The hash at the start is needed for the first bookmark's token, and to check a resume token. */
static int take_hash(struct cft_cursor *cursor, const unsigned char chain_hash[32],
                     struct cft_err *err)
{
	memcpy(cursor->chain_hash, chain_hash, 32);
	if (cursor->start != CFT_START_TOKEN)
		return 0;
	return cft_token_check_hash(&cursor->token, chain_hash, err);
}

static void open_at(struct cft_cursor *cursor)
{
	struct cft_feed *feed = cursor->feed;
	static const unsigned char of_nothing[32];
	struct cft_err err;

	if (cursor->revision > 0 && cursor->revision < feed->revision) {
		load_page(cursor, cursor->revision - 1, 1, true);
	} else if (take_hash(cursor, cursor->revision ? feed->chain_hash : of_nothing, &err) < 0) {
		fail_cursor(cursor, &err);
	} else {
		opened(cursor);
	}
}

static void on_reached(void *arg, const struct cft_state *state, int64_t now_us,
                       const struct cft_err *err)
{
	struct cft_page *page = arg;
	struct cft_cursor *cursor = page->cursor;

	(void)now_us;
	page->loading = false;
	if (!cursor) {
		page_free(page);
		return;
	}
	drop_page(cursor);
	if (cursor->err.code)
		return; /* the feed failed meanwhile */
	if (!state && err->code != CFT_E_TIMEOUT)
		fail_cursor(cursor, err);
	else if (cursor->feed->ready)
		advance_opening(cursor);
}

/* A token from another server may be ahead of this one, which hears of it in a moment. */
static void await_revision(struct cft_cursor *cursor)
{
	struct cft_page *page = cft_new(struct cft_page);

	page->cursor = cursor;
	page->loading = true;
	cursor->page = page;
	cursor->awaited = true;
	cft_sequencer_read(cursor->feed->hub->sequencer, cursor->feed->project, cursor->revision,
	                   on_reached, page);
}

static void advance_opening(struct cft_cursor *cursor)
{
	struct cft_feed *feed = cursor->feed;
	struct cft_err err;

	if (cursor->open || cursor->page)
		return;
	if (cursor->start == CFT_START_NOW)
		cursor->revision = feed->revision;
	if (cursor->revision > feed->revision && !cursor->awaited) {
		await_revision(cursor);
		return;
	}
	if ((cursor->start == CFT_START_TOKEN &&
	     cft_token_check_log(&cursor->token, &feed->hub->log, &err) < 0) ||
	    check_bounds(cursor, &err) < 0)
		fail_cursor(cursor, &err);
	else
		open_at(cursor);
}

void cft_cursor_open(struct cft_hub *hub, struct cft_cursor *cursor, const char *project,
                     enum cft_start_kind start, uint64_t after, const struct cft_token *token)
{
	struct cft_feed *feed = feed_for(hub, project);

	cursor->feed = feed;
	cursor->start = start;
	cursor->revision = after;
	if (token) {
		cursor->token = *token;
		cursor->revision = token->revision;
	}
	DL_APPEND(feed->cursors, cursor);
	if (feed->ready && hub->log.id[0])
		advance_opening(cursor);
	else
		load_feed(feed);
}

static void page_free(struct cft_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		entry_clear(&page->v[i]);
	free(page->v);
	free(page);
}

static void drop_page(struct cft_cursor *cursor)
{
	struct cft_page *page = cursor->page;

	cursor->page = NULL;
	if (!page)
		return;
	page->cursor = NULL;
	if (!page->loading)
		page_free(page);
}

void cft_cursor_close(struct cft_cursor *cursor)
{
	struct cft_feed *feed = cursor->feed;

	if (!feed)
		return;
	drop_page(cursor);
	unqueue(cursor);
	DL_DELETE(feed->cursors, cursor);
	cursor->feed = NULL;
	if (!feed->cursors)
		clear_tail(feed);
}

/* -- pages from the table -- */

/* The events must follow each other, and the first one what the cursor has. */
static int fill_page(struct cft_page *page, const struct cft_store_events *events,
                     struct cft_err *err)
{
	const unsigned char *hash = page->checking ? NULL : page->cursor->chain_hash;

	page->v = cft_calloc(events->n, sizeof(*page->v));
	for (size_t i = 0; i < events->n; i++) {
		const struct cft_store_event *from = &events->v[i];
		struct cft_log_entry *entry = &page->v[i];
		unsigned char previous[32];
		struct cft_event *event;
		int rc = cft_codec_event_unpack(from->payload, from->len, &event, previous, err);

		if (rc < 0)
			return rc;
		entry->revision = from->revision;
		entry->event = event;
		memcpy(entry->chain_hash, from->chain_hash, 32);
		if (page->n++ == 0)
			memcpy(page->first_previous, previous, 32);
		if (hash && entry->revision == page->cursor->revision + page->n &&
		    memcmp(hash, previous, 32) != 0)
			return fail_replaced(err);
		hash = entry->chain_hash;
	}
	return 0;
}

static int fail_compacted(uint64_t after, uint64_t oldest, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_OUT_OF_RANGE, "REVISION_COMPACTED",
	                "the log no longer holds what follows revision %llu; its oldest revision "
	                "is %llu",
	                (unsigned long long)after, (unsigned long long)oldest);
	return cft_err_hint(err, "start again with a snapshot");
}

static void on_page(void *ctx, const struct cft_store_events *events)
{
	struct cft_page *page = ctx;
	struct cft_cursor *cursor = page->cursor;
	bool checking = page->checking;
	struct cft_err err = CFT_ERR_INIT;
	uint64_t expected;

	page->loading = false;
	if (!cursor) {
		page_free(page);
		return;
	}
	expected = checking ? cursor->revision : cursor->revision + 1;
	if (events->err && events->err->code) {
		err = *events->err;
	} else if (fill_page(page, events, &err) == 0) {
		if (checking && page->n && page->v[0].revision == expected + 1)
			take_hash(cursor, page->first_previous, &err); /* the last one deleted */
		else if (page->n == 0 || page->v[0].revision != expected)
			fail_compacted(cursor->revision, page->n ? page->v[0].revision : 0, &err);
		else if (checking)
			take_hash(cursor, page->v[0].chain_hash, &err);
	}
	if (err.code || checking)
		drop_page(cursor);
	if (err.code)
		fail_cursor(cursor, &err);
	else if (checking)
		opened(cursor);
	else
		cft_cursor_ready(cursor);
}

static void load_page(struct cft_cursor *cursor, uint64_t after, int limit, bool checking)
{
	struct cft_page *page = cft_new(struct cft_page);
	struct cft_feed *feed = cursor->feed;

	page->cursor = cursor;
	page->loading = true;
	page->checking = checking;
	cursor->page = page;
	cft_store_read(feed->hub->store, feed->project, after, limit, on_page, page);
}

static struct cft_log_entry *peek_page(struct cft_cursor *cursor)
{
	struct cft_page *page = cursor->page;

	if (!page)
		return NULL;
	while (page->at < page->n && page->v[page->at].revision <= cursor->revision)
		page->at++;
	if (page->at < page->n)
		return &page->v[page->at];
	if (!page->loading)
		drop_page(cursor);
	return NULL;
}

struct cft_log_entry *cft_cursor_peek(struct cft_cursor *cursor)
{
	struct cft_feed *feed = cursor->feed;
	struct cft_log_entry *entry;
	uint64_t oldest;

	if (!cursor->open)
		return NULL;
	entry = peek_page(cursor);
	if (entry || cursor->page || cursor->revision >= feed->revision)
		return entry;
	oldest = feed->revision - feed->n_tail + 1;
	if (cursor->revision + 1 >= oldest)
		return &feed->tail[feed->first + (cursor->revision + 1 - oldest)];
	load_page(cursor, cursor->revision, PAGE_EVENTS, false);
	return NULL;
}

void cft_cursor_advance(struct cft_cursor *cursor)
{
	struct cft_log_entry *entry = cft_cursor_peek(cursor);

	assert(entry);
	cursor->revision = entry->revision;
	memcpy(cursor->chain_hash, entry->chain_hash, 32);
}

/* Also with a page that is read to its end: the next peek lets it go. */
bool cft_cursor_behind(const struct cft_cursor *cursor)
{
	return cursor->open && (cursor->page || cursor->revision < cursor->feed->revision);
}

uint64_t cft_cursor_head(const struct cft_cursor *cursor)
{
	return cursor->feed->revision;
}

void cft_cursor_skip_to(struct cft_cursor *cursor, uint64_t revision,
                        const unsigned char chain_hash[32])
{
	cursor->revision = revision;
	memcpy(cursor->chain_hash, chain_hash, 32);
}

/* -- life -- */

struct cft_hub *cft_hub_new(struct cft_loop *loop, struct cft_store *store,
                            struct cft_sequencer *sequencer, size_t tail_max_bytes)
{
	struct cft_hub *hub = cft_new(struct cft_hub);

	hub->loop = loop;
	hub->store = store;
	hub->sequencer = sequencer;
	hub->tail_max_bytes = tail_max_bytes;
	hub->turn = cft_timer_new(loop, take_turn, hub);
	cft_sequencer_set_listener(sequencer, on_event, hub);
	cft_sequencer_set_reset(sequencer, on_reset, hub);
	return hub;
}

void cft_hub_free(struct cft_hub *hub)
{
	struct cft_feed *feed, *next;

	if (!hub)
		return;
	DL_FOREACH_SAFE(hub->feeds, feed, next)
	{
		assert(!feed->cursors);
		clear_tail(feed);
		free(feed->tail);
		free(feed->project);
		free(feed);
	}
	cft_timer_free(hub->turn);
	free(hub);
}

const struct cft_log_identity *cft_hub_log(const struct cft_hub *hub)
{
	return &hub->log;
}
