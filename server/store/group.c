/* Group: decides the commands that wait, appends them as one, and deals with what comes back.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/log.h"
#include "server/store/sequencer_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

void cft_project_drop_group(struct cft_project *project)
{
	struct cft_waiting_command *waiting;

	DL_FOREACH (project->group, waiting) {
		cft_event_unref(waiting->decision.event);
		memset(&waiting->decision, 0, sizeof(waiting->decision));
	}
}

static void take_group(struct cft_project *project)
{
	size_t most = project->alone > 0 ? 1 : CFT_GROUP_MAX;

	assert(!project->group);
	for (size_t n = 0; project->queue && n < most; n++) {
		struct cft_waiting_command *first = project->queue;
		DL_DELETE(project->queue, first);
		DL_APPEND(project->group, first);
	}
	if (project->alone > 0)
		project->alone--;
}

/* Back to the head of the queue, in their order: they are decided again. */
static void requeue_group(struct cft_project *project)
{
	cft_project_drop_group(project);
	DL_CONCAT(project->group, project->queue);
	project->queue = project->group;
	project->group = NULL;
}

/* -- answers -- */

static void tell_listener(struct cft_project *project, const struct cft_event *event,
                          const unsigned char hash[32])
{
	struct cft_sequencer *sequencer = project->sequencer;

	if (sequencer->on_event)
		sequencer->on_event(sequencer->event_arg, project->name, event, hash);
}

static void note_lease(struct cft_project *project, const struct cft_decision *decision,
                       int64_t now_us)
{
	const struct cft_lease_op *op = &decision->lease;

	if (!decision->has_lease)
		return;
	if (op->kind == CFT_LEASE_GRANT)
		cft_lease_set(project, op->intent_id, op->fence, now_us + op->ttl_us);
	else
		cft_lease_remove(project, op->intent_id);
}

/* Every answer is about committed state: refusals too may rest on what the group did before. */
static void answer_group(struct cft_project *project)
{
	struct cft_waiting_command *group = project->group, *waiting;

	project->group = NULL;
	while ((waiting = group)) {
		struct cft_decision decision = waiting->decision;
		struct cft_err err = waiting->err;
		DL_DELETE(group, waiting);
		bool refused = decision.code != 0;
		cft_command_answer(project, waiting, refused ? NULL : &decision,
		                   refused ? &err : NULL);
		cft_event_unref(decision.event);
	}
	cft_arena_release(&project->group_arena);
}

static void fail_group(struct cft_project *project, const struct cft_err *err)
{
	struct cft_waiting_command *group = project->group, *waiting;

	cft_project_drop_group(project);
	project->group = NULL;
	while ((waiting = group)) {
		DL_DELETE(group, waiting);
		cft_command_answer(project, waiting, NULL, err);
	}
}

static void committed(struct cft_project *project, int64_t now_us)
{
	struct cft_waiting_command *waiting;

	cft_state_commit(project->state);
	memcpy(project->hash, project->group_hash, 32);
	DL_FOREACH (project->group, waiting)
		note_lease(project, &waiting->decision, now_us);
	DL_FOREACH (project->group, waiting)
		if (waiting->decision.event)
			tell_listener(project, waiting->decision.event, waiting->hash);
	answer_group(project);
}

/* -- what the append came to -- */

static void stale(struct cft_project *project, const struct cft_append_reply *reply)
{
	struct cft_err err = CFT_ERR_INIT;

	requeue_group(project);
	if (cft_project_apply(project, reply->events, reply->n_events, &err) != 0) {
		cft_log_err(CFT_LOG_ERROR, "the log cannot be followed", &err);
		cft_project_reset(project, "its events do not fit");
	}
}

static bool is_alive(const struct cft_waiting_command *waiting,
                     const struct cft_append_reply *reply)
{
	for (size_t i = 0; i < reply->n_alive; i++)
		if (waiting->decision.has_lease &&
		    waiting->decision.lease.kind == CFT_LEASE_LAPSE &&
		    strcmp(waiting->decision.lease.intent_id, reply->alive[i].intent_id) == 0)
			return true;
	return false;
}

/* Somebody renewed in time: these commands are refused, the others are decided again. */
static void lease_alive(struct cft_project *project, const struct cft_append_reply *reply)
{
	struct cft_waiting_command *waiting, *next, *refused = NULL;
	struct cft_err err = CFT_ERR_INIT;

	DL_FOREACH_SAFE(project->group, waiting, next)
	{
		if (!is_alive(waiting, reply))
			continue;
		DL_DELETE(project->group, waiting);
		DL_APPEND(refused, waiting);
	}
	for (size_t i = 0; i < reply->n_alive; i++)
		cft_lease_set(project, reply->alive[i].intent_id, reply->alive[i].fence,
		              reply->alive[i].expires_us);
	requeue_group(project);
	cft_fail_reason(&err, CFT_E_STATE, "LEASE_ALIVE", "the lease was renewed in time");
	while ((waiting = refused)) {
		DL_DELETE(refused, waiting);
		cft_event_unref(waiting->decision.event);
		cft_command_answer(project, waiting, NULL, &err);
	}
}

static size_t group_size(const struct cft_project *project)
{
	const struct cft_waiting_command *waiting;
	size_t n = 0;

	DL_COUNT(project->group, waiting, n);
	return n;
}

/* Nothing was written. Where the database itself refuses, one command may be to blame: they go one
 * by one, and only that one fails. */
static void failed(struct cft_project *project, const struct cft_err *why)
{
	size_t n = group_size(project);
	struct cft_err err = *why;

	if (err.code != CFT_E_UNAVAILABLE && n > 1) {
		project->alone = n;
		requeue_group(project);
		return;
	}
	if (err.code != CFT_E_UNAVAILABLE) {
		cft_log_err(CFT_LOG_ERROR, "the database refuses a write", &err);
		cft_fail_reason(&err, CFT_E_INTERNAL, "WRITE_REFUSED",
		                "the server's database refuses this: %s", why->message);
	}
	fail_group(project, &err);
}

static void unknown(struct cft_project *project, const struct cft_err *why)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "OUTCOME_UNKNOWN",
	                "the connection to the database was lost during the commit: %s",
	                why->message);
	cft_err_hint(&err, "ask again with the same request_id: it is done once at most");
	project->behind = true;
	fail_group(project, &err);
}

static void diverged(struct cft_project *project)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "LOG_DIVERGED",
	                "the log in the database is not the one that was read");
	cft_err_hint(&err, "try again: the server has read it anew");
	fail_group(project, &err);
	cft_project_reset(project, "another history is in the database");
}

static void on_append(void *ctx, const struct cft_append_reply *reply)
{
	struct cft_project *project = ctx;
	struct cft_sequencer *sequencer = project->sequencer;

	if (!cft_project_enter(project))
		return;
	cft_sequencer_heard_clock(sequencer, reply->now_us);
	if (reply->outcome != CFT_APPEND_COMMITTED)
		cft_state_rollback(project->state);
	switch (reply->outcome) {
	case CFT_APPEND_COMMITTED:
		committed(project, reply->now_us);
		break;
	case CFT_APPEND_STALE:
		stale(project, reply);
		break;
	case CFT_APPEND_LEASE_ALIVE:
		lease_alive(project, reply);
		break;
	case CFT_APPEND_DIVERGED:
		diverged(project);
		break;
	case CFT_APPEND_UNKNOWN:
		unknown(project, reply->err);
		break;
	case CFT_APPEND_FAILED:
		failed(project, reply->err);
		break;
	}
	cft_project_wake(project);
}

/* -- deciding -- */

static bool decide_all(struct cft_project *project, int64_t now_us)
{
	struct cft_waiting_command *waiting;
	bool writes = false;

	DL_FOREACH (project->group, waiting) {
		cft_err_clear(&waiting->err);
		cft_state_decide(project->state, waiting->command, now_us, &project->group_arena,
		                 &waiting->decision, &waiting->err);
		writes = writes || waiting->decision.event;
	}
	return writes;
}

/* -- refusals -- */

/* A group that writes is checked by its append. One that only refuses has nothing to append, and
 * what it rests on may be old: another server may have changed it, and acknowledged that, a moment
 * ago. So the log is read once before a refusal leaves. A request that was done before may have
 * been read from a database that had not replicated it yet: it is acknowledged once it has. */
static bool unconfirmed(const struct cft_project *project, bool *ret_replayed)
{
	const struct cft_waiting_command *waiting;
	bool any = false;

	*ret_replayed = false;
	DL_FOREACH (project->group, waiting) {
		if (waiting->confirmed)
			continue;
		any = any || waiting->decision.code != 0 || waiting->decision.replayed;
		*ret_replayed = *ret_replayed || waiting->decision.replayed;
	}
	return any;
}

static void on_confirmed(void *ctx, const struct cft_store_events *events)
{
	struct cft_project *project = ctx;
	struct cft_waiting_command *waiting;
	struct cft_err err = CFT_ERR_INIT;

	if (!cft_project_enter(project))
		return;
	cft_project_wake(project);
	if (events->err) {
		cft_project_fail_all(project, events->err);
		return;
	}
	if (cft_project_apply(project, events->v, events->n, &err) != 0) {
		cft_log_err(CFT_LOG_ERROR, "the log cannot be followed", &err);
		cft_project_reset(project, "its events do not fit");
		return;
	}
	DL_FOREACH (project->queue, waiting)
		waiting->confirmed = waiting->asked && events->n < CFT_READ_PAGE;
}

static void confirm(struct cft_project *project, bool replayed)
{
	struct cft_store *store = project->sequencer->store;
	struct cft_waiting_command *waiting;

	DL_FOREACH (project->group, waiting)
		waiting->asked = true;
	requeue_group(project);
	project->activity = CFT_PROJECT_FOLLOWING;
	project->sequencer->calls++;
	(replayed ? cft_store_confirm : cft_store_read)(store, project->name,
	                                                cft_state_revision(project->state),
	                                                CFT_READ_PAGE, on_confirmed, project);
}

static void append_group(struct cft_project *project)
{
	struct cft_sequencer *sequencer = project->sequencer;
	uint64_t revision = cft_state_revision(project->state);
	struct cft_append append;

	memcpy(project->group_hash, project->hash, 32);
	cft_append_init(&append);
	cft_group_rows(project, project->group_hash, &append);
	project->activity = CFT_PROJECT_APPENDING;
	sequencer->calls++;
	sequencer->groups++;
	cft_store_append(sequencer->store, project->name, revision - append.n_events, project->hash,
	                 &append, on_append, project);
	cft_append_release(&append);
}

void cft_project_decide(struct cft_project *project)
{
	int64_t now_us = cft_sequencer_now_us(project->sequencer);
	bool replayed;

	if (now_us < project->last_us)
		now_us = project->last_us;
	project->last_us = now_us;
	take_group(project);
	cft_arena_release(&project->group_arena);
	cft_state_begin(project->state);
	if (!decide_all(project, now_us)) {
		cft_state_commit(project->state);
		if (unconfirmed(project, &replayed)) {
			confirm(project, replayed);
		} else {
			answer_group(project);
			cft_project_wake(project);
		}
		return;
	}
	append_group(project);
}
