/* Follow: loading a project, and the events that other servers wrote.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "server/codec/records_codec.h"
#include "server/store/sequencer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- events of others -- */

static int corrupt(const struct cft_project *project, uint64_t revision, struct cft_err *err)
{
	return cft_fail_reason(err, CFT_E_INCONSISTENT, "CORRUPT_LOG",
	                       "project %s, revision %llu: its hash is not that of its bytes",
	                       project->name, (unsigned long long)revision);
}

static void note_leases(struct cft_project *project, const struct cft_event *event)
{
	for (size_t i = 0; i < event->n_changes; i++) {
		const struct cft_intent *intent = event->changes[i].intent;
		/* The next poll brings the deadline that the database gave. */
		if (intent && intent->status == CFT_INTENT_IN_PROGRESS)
			cft_lease_set(project, intent->id, intent->fence,
			              event->time_us + intent->lease_ttl_us);
		else if (intent)
			cft_lease_remove(project, intent->id);
	}
}

static int apply_one(struct cft_project *project, const struct cft_store_event *stored,
                     struct cft_err *err)
{
	struct cft_sequencer *sequencer = project->sequencer;
	struct cft_event *event = NULL;
	unsigned char hash[32], previous[32];

	if (stored->revision <= cft_state_revision(project->state))
		return 0;
	cft_sha256(stored->payload, stored->len, hash);
	if (memcmp(hash, stored->chain_hash, 32) != 0)
		return corrupt(project, stored->revision, err);
	int rc = cft_codec_event_unpack(stored->payload, stored->len, &event, previous, err);
	if (rc == 0 && memcmp(previous, project->hash, 32) != 0)
		rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "LOG_DIVERGED",
		                     "project %s, revision %llu does not follow what was read",
		                     project->name, (unsigned long long)stored->revision);
	if (rc == 0)
		rc = cft_state_apply(project->state, event, err);
	if (rc == 0) {
		memcpy(project->hash, hash, 32);
		if (event->time_us > project->last_us)
			project->last_us = event->time_us;
		note_leases(project, event);
		if (sequencer->on_event)
			sequencer->on_event(sequencer->event_arg, project->name, event, hash);
	}
	cft_event_unref(event);
	return rc;
}

int cft_project_apply(struct cft_project *project, const struct cft_store_event *events, size_t n,
                      struct cft_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (apply_one(project, &events[i], err) != 0)
			return CFT_E_INCONSISTENT;
	return 0;
}

void cft_project_reset(struct cft_project *project, const char *why)
{
	struct cft_sequencer *sequencer = project->sequencer;

	cft_log(CFT_LOG_WARN, "project is read anew", "project", project->name, "why", why, NULL);
	cft_state_free(project->state);
	project->state = NULL;
	project->target = 0;
	project->hint = 0;
	project->polled = 0;
	cft_leases_clear(project);
	if (sequencer->on_reset)
		sequencer->on_reset(sequencer->reset_arg, project->name);
	cft_project_wake(project);
}

/* A reader may have named a revision that is not written yet: hints and polls will tell when it
 * is. What was hinted while we read counts still: it may have been written after that. */
static void caught_up(struct cft_project *project)
{
	uint64_t revision = cft_state_revision(project->state);

	project->behind = false;
	if (project->asked_hint > revision) {
		project->deaf = true;
		project->hint = revision;
	}
	project->target = !project->deaf && project->hint > revision ? project->hint : revision;
}

static void on_events(void *ctx, const struct cft_store_events *events)
{
	struct cft_project *project = ctx;
	struct cft_err err = CFT_ERR_INIT;

	if (!cft_project_enter(project))
		return;
	cft_project_wake(project);
	if (events->err)
		return; /* the connection is lost: step fails what waits, and follows later */
	if (cft_project_apply(project, events->v, events->n, &err) != 0) {
		cft_log_err(CFT_LOG_ERROR, "the log cannot be followed", &err);
		cft_project_reset(project, "its events do not fit");
		return;
	}
	if (events->n < CFT_READ_PAGE)
		caught_up(project);
}

void cft_project_follow(struct cft_project *project)
{
	project->activity = CFT_PROJECT_FOLLOWING;
	project->asked_hint = project->hint;
	project->sequencer->calls++;
	cft_store_read(project->sequencer->store, project->name, cft_state_revision(project->state),
	               CFT_READ_PAGE, on_events, project);
}

/* -- loading -- */

static int load_base(struct cft_state *state, const struct cft_store_record *record,
                     struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_base_schema base = {0};
	int rc = cft_codec_base_unpack(record->payload, record->len, &arena, &base, err);

	if (rc == 0) {
		struct cft_base_schema *copy = cft_base_schema_copy(&base);
		cft_state_load_base(state, copy);
		cft_base_schema_unref(copy);
	}
	cft_arena_release(&arena);
	return rc;
}

static int load_record(struct cft_project *project, struct cft_state *state,
                       const struct cft_store_record *record, struct cft_err *err)
{
	struct cft_intent *intent = NULL;
	struct cft_conflict *conflict = NULL;
	int rc = 0;

	switch (record->kind) {
	case CFT_RECORD_PROJECT:
		memcpy(project->hash, record->hash, 32);
		break;
	case CFT_RECORD_BASE:
		return load_base(state, record, err);
	case CFT_RECORD_INTENT:
		rc = cft_codec_intent_unpack(record->payload, record->len, &intent, err);
		if (rc == 0)
			cft_state_load_intent(state, intent);
		cft_intent_unref(intent);
		break;
	case CFT_RECORD_CONFLICT:
		rc = cft_codec_conflict_unpack(record->payload, record->len, &conflict, err);
		if (rc == 0)
			cft_state_load_conflict(state, conflict);
		cft_conflict_unref(conflict);
		break;
	case CFT_RECORD_REQUEST:
		cft_state_load_request(state, record->id, record->hash, record->revision,
		                       record->subject, record->time_us);
		break;
	case CFT_RECORD_BRANCH:
		cft_state_load_branch(state, record->id);
		break;
	case CFT_RECORD_LEASE:
		cft_lease_set(project, record->id, record->revision, record->time_us);
		break;
	}
	return rc;
}

static int load_all(struct cft_project *project, const struct cft_store_records *records,
                    struct cft_err *err)
{
	struct cft_state *state = cft_state_new(project->name, &project->sequencer->limits);
	int rc = 0;

	memset(project->hash, 0, 32);
	cft_leases_clear(project);
	for (size_t i = 0; rc == 0 && i < records->n; i++)
		rc = load_record(project, state, &records->v[i], err);
	if (rc != 0) {
		cft_err_prefix(err, "project %s", project->name);
		cft_state_free(state);
		return rc;
	}
	cft_state_load_done(state, records->n ? records->v[0].revision : 0);
	project->state = state;
	project->behind = false;
	return 0;
}

static void on_records(void *ctx, const struct cft_store_records *records)
{
	struct cft_project *project = ctx;
	struct cft_err err = CFT_ERR_INIT;

	if (!cft_project_enter(project))
		return;
	if (records->err) {
		err = *records->err;
		if (err.code != CFT_E_UNAVAILABLE)
			cft_log_err(CFT_LOG_ERROR, "a project cannot be loaded", &err);
		cft_project_fail_all(project, &err);
		return;
	}
	cft_sequencer_heard_clock(project->sequencer, records->now_us);
	if (load_all(project, records, &err) != 0) {
		cft_log_err(CFT_LOG_ERROR, "a project cannot be loaded", &err);
		cft_project_fail_all(project, &err);
		return;
	}
	cft_project_wake(project);
}

void cft_project_load(struct cft_project *project)
{
	project->activity = CFT_PROJECT_LOADING;
	project->sequencer->calls++;
	cft_store_load(project->sequencer->store, project->name,
	               project->sequencer->ended_retention_s, on_records, project);
}
