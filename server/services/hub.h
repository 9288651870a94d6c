/* Hub: cursors into the projects' logs: the newest events from memory, older ones from the table.
 * SPDX-License-Identifier: MIT
 *
 * One tail of events per project that somebody follows, bounded in bytes; any number of cursors
 * over it. A cursor asks for the next event; where there is none it is woken when one may be
 * there. Cursors are woken at most 100 per turn of the loop, so that an event for thousands of
 * streams never holds up the rest. Loop thread only.
 */
#ifndef CFT_SERVICES_HUB_H
#define CFT_SERVICES_HUB_H

#include "server/services/token.h"
#include "server/store/sequencer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_hub;
struct cft_feed;
struct cft_page;
struct grpc_byte_buffer;

/* One event at hand; borrowed until the next peek, the close, or the end of the turn. */
struct cft_log_entry {
	uint64_t revision;
	const struct cft_event *event;
	unsigned char chain_hash[32];
	size_t bytes;
	struct grpc_byte_buffer *packet; /* packed once for all, by who comes first; the hub's */
};

enum cft_start_kind { CFT_START_NOW, CFT_START_AFTER, CFT_START_TOKEN };

/* The caller's; everything but what is marked is the hub's. */
struct cft_cursor {
	/* Set before opening. Runs when the cursor has opened, failed, or may have a next event. */
	void (*wake)(struct cft_cursor *cursor);
	void *owner;

	struct cft_feed *feed;
	enum cft_start_kind start;
	uint64_t revision;            /* everything up to here is consumed; readable */
	unsigned char chain_hash[32]; /* there; readable once open */
	bool open;                    /* readable */
	bool queued, awaited;
	struct cft_page *page;
	struct cft_cursor *prev, *next;             /* of the feed */
	struct cft_cursor *ready_prev, *ready_next; /* of the hub's queue */
	/* Large, and last: an event comes by all cursors, and needs neither. */
	struct cft_token token;
	struct cft_err err; /* why it failed; readable */
};

struct cft_hub *cft_hub_new(struct cft_loop *loop, struct cft_store *store,
                            struct cft_sequencer *sequencer, size_t tail_max_bytes);
/* Every cursor must be closed. NULL is fine. */
void cft_hub_free(struct cft_hub *hub);
/* After the first cursor has opened. */
const struct cft_log_identity *cft_hub_log(const struct cft_hub *hub);

/* Starts now, or after a revision, or after a token (checked against the log). Wakes when done. */
void cft_cursor_open(struct cft_hub *hub, struct cft_cursor *cursor, const char *project,
                     enum cft_start_kind start, uint64_t after, const struct cft_token *token);
/* Never wakes again. Harmless on a cursor of zeros. */
void cft_cursor_close(struct cft_cursor *cursor);
/* The next event, consumed by cft_cursor_advance; NULL: none yet (a wake will come), or failed. */
struct cft_log_entry *cft_cursor_peek(struct cft_cursor *cursor);
void cft_cursor_advance(struct cft_cursor *cursor);
/* Puts it into the queue of those to be woken, e.g. after a send when more may be there. */
void cft_cursor_ready(struct cft_cursor *cursor);
/* False: a peek would find nothing. */
bool cft_cursor_behind(const struct cft_cursor *cursor);
/* The project's newest revision that the hub knows. */
uint64_t cft_cursor_head(const struct cft_cursor *cursor);
/* Goes on after a snapshot that was read at this revision. */
void cft_cursor_skip_to(struct cft_cursor *cursor, uint64_t revision,
                        const unsigned char chain_hash[32]);

#ifdef __cplusplus
}
#endif

#endif
