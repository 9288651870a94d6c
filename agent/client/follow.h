/* Follow: the project's log as an endless sequence that survives the loss of its connection.
 * SPDX-License-Identifier: MIT
 *
 * Every change that matches comes exactly once, in order: the stream is opened again with its
 * resume token (or from the revision where it was to start), at most a second apart for the first
 * ten seconds of an outage and five seconds apart after that.
 */
#ifndef CFT_CLIENT_FOLLOW_H
#define CFT_CLIENT_FOLLOW_H

#include "agent/client/session.h"

#include <confiture/v1/coordination_service.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_follow {
	struct cft_session *session;
	Confiture__V1__WatchEventsRequest request; /* filters are borrowed from the caller */
	struct cft_stream *stream;
	char *resume_token; /* heap; NULL until the first message */
	uint64_t revision;  /* the last one seen */
	int64_t lost_us;    /* monotonic time when the connection was lost; 0: connected */
	/* Set after cft_follow_participate: heartbeats go up the same stream, answers come down. */
	const char *agent_id;
	void (*on_heartbeat)(void *arg, const Confiture__V1__HeartbeatResponse *response);
	void *arg;
};

/* Begins at `from_revision`, or after the present revision where that is 0: the revision is asked
 * for first, so that nothing between this call and the first message is missed. `filter` gives
 * agents, tables and kinds, which must outlive `follow`. */
int cft_follow_open(struct cft_session *session, const Confiture__V1__WatchEventsRequest *filter,
                    uint64_t from_revision, struct cft_follow *ret, struct cft_err *err);
/* The same on a stream that goes both ways: `on_heartbeat` gets the answers of
 * cft_follow_heartbeat, from cft_follow_next. `agent_id` is borrowed. */
int cft_follow_participate(struct cft_session *session,
                           const Confiture__V1__WatchEventsRequest *filter, uint64_t from_revision,
                           const char *agent_id,
                           void (*on_heartbeat)(void *arg,
                                                const Confiture__V1__HeartbeatResponse *response),
                           void *arg, struct cft_follow *ret, struct cft_err *err);
/* Renews every lease of the agent. Does nothing while the connection is lost: what then fails is
 * told by cft_follow_next. */
void cft_follow_heartbeat(struct cft_follow *follow);
/* Waits up to `timeout_ms`. 1: a message with an event or bookmark in `arena`. CFT_E_TIMEOUT:
 * nothing came. CFT_E_UNAVAILABLE: the connection was lost just now, or still is: tell it if
 * `*ret_first`, and call again; reconnecting is part of the waiting. Another code: the stream
 * cannot go on (the token is too old, not allowed). */
int cft_follow_next(struct cft_follow *follow, int timeout_ms, struct cft_arena *arena,
                    Confiture__V1__WatchEventsResponse **ret_message, bool *ret_first,
                    struct cft_err *err);
void cft_follow_close(struct cft_follow *follow);

#ifdef __cplusplus
}
#endif

#endif
