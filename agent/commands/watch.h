/* Watch: what `watch` and `run` share: the loop over the project's events.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_WATCH_H
#define CFT_COMMANDS_WATCH_H

#include "agent/client/follow.h"
#include "agent/commands/command.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "now" is 0, "all" is 1, else a revision. */
int cft_watch_since(const char *text, uint64_t *ret_revision, struct cft_err *err);
/* --agent, --table and --kind into the request, which borrows them from the command. */
void cft_watch_filter(struct cft_cmd *cmd, Confiture__V1__WatchEventsRequest *request);
/* Every change of the event, as text or as one JSON object per line. */
void cft_watch_show(struct cft_output *out, const Confiture__V1__Event *event);

struct cft_watch_hooks {
	void (*event)(void *arg, const Confiture__V1__Event *event);
	void (*tick)(void *arg); /* after each event and at least every tick_ms; may be NULL */
	void *arg;
	int tick_ms;
	uint64_t count; /* end after so many changes; 0: never */
};

/* Runs until the stream cannot go on, or `count` is reached (0 then). Tells on standard error when
 * the connection is lost. */
int cft_watch_loop(struct cft_session *session, struct cft_follow *follow, struct cft_output *out,
                   const struct cft_watch_hooks *hooks, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
