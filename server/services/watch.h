/* Watch: one stream of a project's events: start, filter, bookmarks, and its end.
 * SPDX-License-Identifier: MIT
 *
 * The same for WatchEvents and for Participate, which differ in how a message leaves (the sink).
 * Private to server/services; loop thread only.
 */
#ifndef CFT_SERVICES_WATCH_H
#define CFT_SERVICES_WATCH_H

#include "server/services/filter.h"
#include "server/services/service.h"

struct cft_watch;

struct cft_watch_sink {
	bool (*busy)(void *arg); /* a message is on its way: cft_watch_sent follows */
	void (*send)(void *arg, const Confiture__V1__WatchEventsResponse *response);
	/* For a message that others may share; NULL: always send. */
	void (*send_packet)(void *arg, struct grpc_byte_buffer *packet);
	/* The watch has ended and is freed: end the stream. */
	void (*end)(void *arg, const struct cft_err *err);
};

/* Copies what it keeps of the request. NULL with `err` where the request is refused. */
struct cft_watch *cft_watch_new(struct cft_coordination *coordination,
                                const Confiture__V1__WatchEventsRequest *request,
                                const struct cft_watch_sink *sink, void *arg, struct cft_err *err);
/* The sink is free again. */
void cft_watch_sent(struct cft_watch *watch);
/* Without calling the sink's end. NULL is fine. */
void cft_watch_free(struct cft_watch *watch);
/* Ends every watch: a last bookmark where the sink is free, then UNAVAILABLE, reason
 * SERVER_STOPPING, with the resume token as hint. */
void cft_watch_end_all(struct cft_coordination *coordination);
/* Bookmarks that are due, and the end of streams whose client takes nothing. Once a second. */
void cft_watch_tick(struct cft_coordination *coordination);

#endif
