/* Sequencer, inside: the projects and what they wait for.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_STORE_SEQUENCER_INTERNAL_H
#define CFT_STORE_SEQUENCER_INTERNAL_H

#include "common/base/arena.h"
#include "server/store/sequencer.h"

#include <uthash.h>

enum {
	CFT_GROUP_MAX = 256, /* commands in one group */
	CFT_READ_PAGE = 500, /* events in one page of a follower */
};

/* A command that waits, or whose group is being appended. */
struct cft_waiting_command {
	struct cft_waiting_command *prev, *next;
	const struct cft_command *command;
	cft_submit_cb *cb;
	void *arg;
	struct cft_decision decision; /* of the group under way */
	unsigned char hash[32];       /* of its event */
	struct cft_err err;
	bool asked;     /* the log is being read because of it */
	bool confirmed; /* the state is not older than the command: a refusal counts */
};

struct cft_waiting_read {
	struct cft_waiting_read *prev, *next;
	uint64_t min_revision;
	int64_t since_us; /* our monotonic clock */
	cft_read_cb *cb;
	void *arg;
};

struct cft_lease_entry {
	UT_hash_handle hh;
	uint64_t fence;
	int64_t expires_us;
	char intent_id[];
};

/* What a project is doing; one thing at a time. */
enum cft_project_activity {
	CFT_PROJECT_IDLE,
	CFT_PROJECT_LOADING,   /* projections into a fresh state */
	CFT_PROJECT_FOLLOWING, /* events that others wrote */
	CFT_PROJECT_APPENDING, /* the group; the state holds what is not committed */
};

struct cft_project {
	UT_hash_handle hh;
	struct cft_project *dirty_prev, *dirty_next;
	bool dirty;
	struct cft_sequencer *sequencer;
	struct cft_state *state; /* NULL while not loaded */
	enum cft_project_activity activity;
	bool cleaning_due; /* what is past its retention time is to be forgotten */
	bool outdated;     /* to be read anew at the next opportunity */
	bool behind;       /* after an unknown outcome: nothing is shown before the log was read */
	uint64_t target;   /* the log is said to have come so far */
	/* Every user of the database may notify: after a hint that was false, polls alone count
	 * until the next of them. */
	uint64_t hint;
	bool deaf;
	uint64_t asked_hint; /* what it was when the log was asked for last */
	uint64_t polled;     /* what was committed for sure when the revisions were asked for */
	unsigned char hash[32];
	unsigned char group_hash[32]; /* after the group */
	struct cft_arena group_arena;
	struct cft_waiting_command *queue, *group;
	size_t alone; /* so many commands go one by one: their group failed as a whole */
	struct cft_waiting_read *reads;
	struct cft_lease_entry *leases;
	int64_t last_us; /* time of the last decision: the log's times do not go back */
	char name[];
};

struct cft_sequencer {
	struct cft_store *store;
	struct cft_limits limits;
	struct cft_timer *tick;
	struct cft_project *projects, *dirty;
	size_t calls;  /* of the store, under way: their callbacks refer to us */
	bool closed;   /* freed, but for those calls */
	bool polling;  /* the revisions of the projects were asked for */
	bool sweeping; /* lapsed leases are being looked for, or expired */
	bool was_up, told_down, grace_due;
	int64_t clock_offset_us; /* database's clock minus our monotonic one */
	int64_t renewed_since_us, down_since_us;
	int64_t ended_retention_s, request_retention_s;
	uint64_t epoch; /* of the log; 0 = not heard yet */
	uint64_t polls, groups;
	cft_event_cb *on_event;
	void *event_arg;
	cft_reset_cb *on_reset;
	void *reset_arg;
	cft_health_cb *on_health;
	void *health_arg;
};

/* sequencer.c */
struct cft_project *cft_project_get(struct cft_sequencer *sequencer, const char *name);
void cft_project_wake(struct cft_project *project); /* looks at it in the next turn */
void cft_project_fail_all(struct cft_project *project, const struct cft_err *err);
void cft_command_answer(struct cft_project *project, struct cft_waiting_command *waiting,
                        const struct cft_decision *decision, const struct cft_err *err);
void cft_sequencer_heard_clock(struct cft_sequencer *sequencer, int64_t now_us);
/* At the start of every callback of the store: false where the sequencer is gone. The second one
 * for calls that are the project's activity, which ends with it. */
bool cft_sequencer_enter(struct cft_sequencer *sequencer);
bool cft_project_enter(struct cft_project *project);

/* group.c: decides what waits and appends it. */
void cft_project_decide(struct cft_project *project);
void cft_project_drop_group(struct cft_project *project); /* references of its decisions */

/* group_rows.c: the arguments of confiture.append. *hash becomes that of the last event. */
void cft_group_rows(const struct cft_project *project, unsigned char hash[32],
                    struct cft_append *append);

/* follow.c: what comes from the log. */
void cft_project_load(struct cft_project *project);
void cft_project_follow(struct cft_project *project);
/* Applies events of others and tells the listener. CFT_E_INCONSISTENT where they do not fit. */
int cft_project_apply(struct cft_project *project, const struct cft_store_event *events, size_t n,
                      struct cft_err *err);
/* The log is not what we read: forget the state, and load it anew when asked. */
void cft_project_reset(struct cft_project *project, const char *why);

/* leases.c */
void cft_lease_set(struct cft_project *project, const char *intent_id, uint64_t fence,
                   int64_t expires_us);
void cft_lease_remove(struct cft_project *project, const char *intent_id);
void cft_leases_clear(struct cft_project *project);
/* Every poll: lapsed leases become commands, renewals by other servers are noted. */
void cft_leases_poll(struct cft_sequencer *sequencer, const json_t *names);

#endif
