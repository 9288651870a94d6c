/* Sequencer: queues, and the one place that decides what a project does next.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/sequencer.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "server/store/sequencer_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { READ_PATIENCE_US = 5000000, POLLS_PER_CLEANING = 600 };
enum { ENDED_RETENTION_S = 30 * 86400, REQUEST_RETENTION_S = 86400 };

/* -- the clock -- */

void cft_sequencer_heard_clock(struct cft_sequencer *sequencer, int64_t now_us)
{
	if (now_us > 0)
		sequencer->clock_offset_us = now_us - cft_clock_mono_us();
}

int64_t cft_sequencer_now_us(const struct cft_sequencer *sequencer)
{
	if (sequencer->clock_offset_us == 0)
		return 0;
	return cft_clock_mono_us() + sequencer->clock_offset_us;
}

/* -- projects -- */

struct cft_project *cft_project_get(struct cft_sequencer *sequencer, const char *name)
{
	struct cft_project *project = NULL;
	size_t len = strlen(name);

	HASH_FIND(hh, sequencer->projects, name, len, project);
	if (project)
		return project;
	project = cft_calloc(1, sizeof(*project) + len + 1);
	memcpy(project->name, name, len + 1);
	project->sequencer = sequencer;
	HASH_ADD_KEYPTR(hh, sequencer->projects, project->name, len, project);
	return project;
}

static struct cft_project *find(const struct cft_sequencer *sequencer, const char *name)
{
	struct cft_project *project = NULL;

	HASH_FIND_STR(sequencer->projects, name, project);
	return project;
}

void cft_project_wake(struct cft_project *project)
{
	struct cft_sequencer *sequencer = project->sequencer;

	if (project->dirty || sequencer->closed)
		return;
	project->dirty = true;
	DL_APPEND2(sequencer->dirty, project, dirty_prev, dirty_next);
	if (!cft_timer_active(sequencer->tick))
		cft_timer_start(sequencer->tick, 0, 0);
}

/* -- answers -- */

void cft_command_answer(struct cft_project *project, struct cft_waiting_command *waiting,
                        const struct cft_decision *decision, const struct cft_err *err)
{
	waiting->cb(waiting->arg, project->state, decision, err);
	free(waiting);
}

static void answer_read(struct cft_project *project, struct cft_waiting_read *read,
                        const struct cft_err *err)
{
	DL_DELETE(project->reads, read);
	read->cb(read->arg, err ? NULL : project->state, cft_sequencer_now_us(project->sequencer),
	         err);
	free(read);
}

void cft_project_fail_all(struct cft_project *project, const struct cft_err *err)
{
	struct cft_waiting_command *queue = project->queue, *waiting;
	struct cft_waiting_read *read, *next;

	project->queue = NULL;
	while ((waiting = queue)) {
		DL_DELETE(queue, waiting);
		cft_command_answer(project, waiting, NULL, err);
	}
	DL_FOREACH_SAFE(project->reads, read, next)
	answer_read(project, read, err);
}

static void run_reads(struct cft_project *project)
{
	uint64_t revision = cft_state_revision(project->state);
	struct cft_waiting_read *read, *next;

	DL_FOREACH_SAFE(project->reads, read, next)
	if (read->min_revision <= revision)
		answer_read(project, read, NULL);
}

/* A revision that nobody has written yet: its reader does not wait for ever. */
static void expire_reads(struct cft_project *project)
{
	struct cft_waiting_read *read, *next;
	struct cft_err err = CFT_ERR_INIT;
	int64_t now = cft_clock_mono_us();

	DL_FOREACH_SAFE(project->reads, read, next)
	{
		if (now - read->since_us < READ_PATIENCE_US)
			continue;
		cft_fail_reason(&err, CFT_E_TIMEOUT, "REVISION_NOT_REACHED",
		                "project %s has not reached revision %llu", project->name,
		                (unsigned long long)read->min_revision);
		answer_read(project, read, &err);
	}
}

/* -- what next -- */

static void fail_unavailable(struct cft_project *project)
{
	struct cft_err err = CFT_ERR_INIT;

	cft_fail(&err, CFT_E_UNAVAILABLE, "the server has lost its database");
	cft_err_hint(&err, "try again in a moment: the server reconnects by itself");
	cft_project_fail_all(project, &err);
}

static void forget(struct cft_project *project)
{
	struct cft_sequencer *sequencer = project->sequencer;
	int64_t now_us = cft_sequencer_now_us(sequencer);

	project->cleaning_due = false;
	cft_state_forget_requests(project->state,
	                          now_us - sequencer->request_retention_s * 1000000);
	cft_state_forget_ended(project->state, now_us - sequencer->ended_retention_s * 1000000);
}

static void step(struct cft_project *project)
{
	if (project->activity != CFT_PROJECT_IDLE)
		return;
	if (project->outdated && project->state)
		cft_project_reset(project, "a new epoch of the log has begun");
	project->outdated = false;
	if (!cft_store_up(project->sequencer->store)) {
		fail_unavailable(project);
		return;
	}
	if (!project->state) {
		if (project->queue || project->reads)
			cft_project_load(project);
		return;
	}
	if (project->cleaning_due)
		forget(project);
	if (!project->behind)
		run_reads(project);
	if (project->behind || project->target > cft_state_revision(project->state))
		cft_project_follow(project);
	else if (project->queue)
		cft_project_decide(project);
}

static void on_tick(void *ctx)
{
	struct cft_sequencer *sequencer = ctx;
	struct cft_project *list = sequencer->dirty, *project;

	/* What becomes dirty meanwhile waits for the next turn: I/O comes between. */
	sequencer->dirty = NULL;
	while ((project = list)) {
		DL_DELETE2(list, project, dirty_prev, dirty_next);
		project->dirty = false;
		step(project);
	}
}

/* -- the store's callbacks -- */

bool cft_sequencer_enter(struct cft_sequencer *sequencer)
{
	sequencer->calls--;
	if (!sequencer->closed)
		return true;
	if (sequencer->calls == 0)
		free(sequencer);
	return false;
}

bool cft_project_enter(struct cft_project *project)
{
	if (!cft_sequencer_enter(project->sequencer)) {
		free(project);
		return false;
	}
	project->activity = CFT_PROJECT_IDLE;
	return true;
}

static void on_grace(void *ctx, const char *const *const *rows, size_t n, const struct cft_err *err)
{
	struct cft_sequencer *sequencer = ctx;

	if (!cft_sequencer_enter(sequencer))
		return;
	sequencer->sweeping = false;
	if (err || n == 0) {
		sequencer->grace_due = true; /* at the next reconnect: this one is lost too */
		return;
	}
	if (strcmp(rows[0][0], "0") != 0)
		cft_log(CFT_LOG_INFO, "leases extended after the database was away", "leases",
		        rows[0][0], NULL);
}

/* While the database was away nobody could renew: what was alive then gets one more period. */
static void grant_grace(struct cft_sequencer *sequencer)
{
	sequencer->grace_due = false;
	sequencer->sweeping = true; /* nothing expires before the answer */
	sequencer->calls++;
	cft_store_grace(sequencer->store, sequencer->down_since_us, on_grace, sequencer);
}

static void on_state(void *ctx, bool up, const struct cft_err *err)
{
	struct cft_sequencer *sequencer = ctx;
	struct cft_project *project, *next;

	if (!up && sequencer->was_up) {
		sequencer->down_since_us = cft_sequencer_now_us(sequencer);
		sequencer->grace_due = sequencer->down_since_us > 0;
	}
	if (up)
		cft_log(CFT_LOG_INFO, "database connected", NULL);
	else if (!sequencer->told_down && err)
		cft_log_err(CFT_LOG_WARN, "database unavailable", err);
	sequencer->told_down = !up;
	sequencer->was_up = up;
	HASH_ITER (hh, sequencer->projects, project, next) {
		project->behind = project->behind || !up;
		cft_project_wake(project);
	}
	if (up && sequencer->grace_due)
		grant_grace(sequencer);
	if (sequencer->on_health)
		sequencer->on_health(sequencer->health_arg, up, err);
}

static void note_target(struct cft_project *project, uint64_t revision)
{
	if (revision > project->target)
		project->target = revision;
	if (project->state)
		cft_project_wake(project);
}

static void on_hint(void *ctx, const char *name, uint64_t revision)
{
	struct cft_project *project = find(ctx, name);

	if (!project || project->deaf)
		return;
	if (revision > project->hint)
		project->hint = revision;
	note_target(project, revision);
}

static void outdate(struct cft_project *project)
{
	project->outdated = project->state != NULL;
	cft_project_wake(project);
}

/* Somebody says that the log's past is not what it was: nothing that was read counts. */
static bool new_epoch(struct cft_sequencer *sequencer, uint64_t epoch)
{
	struct cft_project *project, *next;
	bool is_new = sequencer->epoch != 0 && sequencer->epoch != epoch;

	if (is_new)
		HASH_ITER (hh, sequencer->projects, project, next)
			outdate(project);
	sequencer->epoch = epoch;
	return is_new;
}

/* What the database said is compared with what we had when we asked: an answer may be overtaken by
 * that of a later append on another connection. */
static void take_revision(struct cft_project *project, uint64_t revision, const char *hash)
{
	char ours[CFT_SHA256_HEX];

	if (revision < project->polled)
		cft_project_reset(project, "its log is shorter than what was read");
	else if (revision == cft_state_revision(project->state) &&
	         strcmp(hash, cft_hex(project->hash, 32, ours)) != 0)
		cft_project_reset(project, "its last event is not the one that was read");
	else
		note_target(project, revision);
}

static void on_revisions(void *ctx, const char *const *const *rows, size_t n,
                         const struct cft_err *err)
{
	struct cft_sequencer *sequencer = ctx;

	if (!cft_sequencer_enter(sequencer))
		return;
	sequencer->polling = false;
	if (err || n == 0)
		return;
	if (new_epoch(sequencer, strtoull(rows[0][3], NULL, 10)))
		return;
	for (size_t i = 0; i < n; i++) {
		struct cft_project *project = find(sequencer, rows[i][0]);
		if (project && project->state && project->activity == CFT_PROJECT_IDLE)
			take_revision(project, strtoull(rows[i][1], NULL, 10), rows[i][2]);
	}
}

static void on_forgotten(void *ctx, const char *const *const *rows, size_t n,
                         const struct cft_err *err)
{
	(void)rows;
	(void)n;
	(void)err; /* tried again at the next cleaning */
	cft_sequencer_enter(ctx);
}

static void clean(struct cft_sequencer *sequencer)
{
	struct cft_project *project, *next;

	HASH_ITER (hh, sequencer->projects, project, next) {
		project->cleaning_due = true; /* once nothing of it is under way */
		cft_project_wake(project);
	}
	sequencer->calls++;
	cft_store_forget_requests(sequencer->store, sequencer->request_retention_s, on_forgotten,
	                          sequencer);
}

/* The answer tells of the time of the question: what was appended meanwhile is not in it. */
static void poll_revisions(struct cft_sequencer *sequencer, json_t *names)
{
	struct cft_project *project, *next;

	HASH_ITER (hh, sequencer->projects, project, next) {
		bool settled = project->state && project->activity == CFT_PROJECT_IDLE;
		project->polled = settled ? cft_state_revision(project->state) : 0;
	}
	sequencer->polling = true;
	sequencer->calls++;
	cft_store_revisions(sequencer->store, names, on_revisions, sequencer);
}

static void on_poll(void *ctx)
{
	struct cft_sequencer *sequencer = ctx;
	struct cft_project *project, *next;
	json_t *names = json_array();

	HASH_ITER (hh, sequencer->projects, project, next) {
		expire_reads(project);
		project->deaf = false;
		if (project->state)
			json_array_append_new(names, json_string(project->name));
	}
	if (json_array_size(names) > 0 && !sequencer->polling)
		poll_revisions(sequencer, names);
	cft_leases_poll(sequencer, names);
	json_decref(names);
	if (++sequencer->polls % POLLS_PER_CLEANING == 0)
		clean(sequencer);
}

/* -- the interface -- */

struct cft_sequencer *cft_sequencer_new(struct cft_loop *loop, struct cft_store *store,
                                        const struct cft_limits *limits)
{
	struct cft_sequencer *sequencer = cft_new(struct cft_sequencer);

	sequencer->store = store;
	sequencer->ended_retention_s = ENDED_RETENTION_S;
	sequencer->request_retention_s = REQUEST_RETENTION_S;
	sequencer->limits = *limits;
	sequencer->tick = cft_timer_new(loop, on_tick, sequencer);
	sequencer->was_up = cft_store_up(store);
	cft_store_set_callbacks(store, on_state, on_hint, on_poll, sequencer);
	return sequencer;
}

static void free_project(struct cft_project *project)
{
	struct cft_err err = CFT_ERR_INIT;
	struct cft_waiting_command *waiting, *next;

	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "OUTCOME_UNKNOWN", "the server is stopping");
	cft_project_drop_group(project);
	DL_FOREACH_SAFE(project->group, waiting, next)
	cft_command_answer(project, waiting, NULL, &err);
	project->group = NULL;
	cft_fail(&err, CFT_E_UNAVAILABLE, "the server is stopping");
	cft_project_fail_all(project, &err);
	cft_arena_release(&project->group_arena);
	cft_leases_clear(project);
	cft_state_free(project->state);
	/* Else the call that is under way still refers to it: cft_project_enter frees it. */
	if (project->activity == CFT_PROJECT_IDLE)
		free(project);
}

void cft_sequencer_free(struct cft_sequencer *sequencer)
{
	struct cft_project *project, *next;

	if (!sequencer)
		return;
	cft_store_set_callbacks(sequencer->store, NULL, NULL, NULL, NULL);
	sequencer->closed = true;
	cft_timer_free(sequencer->tick);
	HASH_ITER (hh, sequencer->projects, project, next) {
		HASH_DEL(sequencer->projects, project);
		free_project(project);
	}
	if (sequencer->calls == 0)
		free(sequencer);
}

void cft_sequencer_set_retention(struct cft_sequencer *sequencer, int64_t ended_seconds,
                                 int64_t request_seconds)
{
	sequencer->request_retention_s = request_seconds;
	sequencer->ended_retention_s = ended_seconds;
}

void cft_sequencer_set_listener(struct cft_sequencer *sequencer, cft_event_cb *cb, void *arg)
{
	sequencer->on_event = cb;
	sequencer->event_arg = arg;
}

void cft_sequencer_set_reset(struct cft_sequencer *sequencer, cft_reset_cb *cb, void *arg)
{
	sequencer->on_reset = cb;
	sequencer->reset_arg = arg;
}

void cft_sequencer_set_health(struct cft_sequencer *sequencer, cft_health_cb *cb, void *arg)
{
	sequencer->on_health = cb;
	sequencer->health_arg = arg;
}

void cft_sequencer_submit(struct cft_sequencer *sequencer, const char *name,
                          const struct cft_command *command, cft_submit_cb *cb, void *arg)
{
	struct cft_project *project = cft_project_get(sequencer, name);
	struct cft_waiting_command *waiting = cft_new(struct cft_waiting_command);

	assert(!sequencer->closed);
	waiting->command = command;
	waiting->cb = cb;
	waiting->arg = arg;
	DL_APPEND(project->queue, waiting);
	cft_project_wake(project);
}

void cft_sequencer_read(struct cft_sequencer *sequencer, const char *name, uint64_t min_revision,
                        cft_read_cb *cb, void *arg)
{
	struct cft_project *project = cft_project_get(sequencer, name);
	struct cft_waiting_read *read = cft_new(struct cft_waiting_read);

	assert(!sequencer->closed);
	read->min_revision = min_revision;
	read->since_us = cft_clock_mono_us();
	read->cb = cb;
	read->arg = arg;
	DL_APPEND(project->reads, read);
	if (min_revision > project->target)
		project->target = min_revision;
	cft_project_wake(project);
}

const unsigned char *cft_sequencer_chain_hash(const struct cft_sequencer *sequencer,
                                              const char *name)
{
	const struct cft_project *project = find(sequencer, name);

	return project && project->state ? project->hash : NULL;
}
