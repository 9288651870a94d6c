/* Leases: their deadlines as last heard, renewals, and the end of those that lapsed.
 * SPDX-License-Identifier: MIT
 *
 * The lease table of the database decides; what is kept here is for display, and to know whom to
 * ask for. An expiry is a command like any other: it commits only if the deadline has passed there.
 */
#include "common/base/mem.h"
#include "server/store/sequencer_internal.h"

#include <stdlib.h>
#include <string.h>

/* Servers' clocks are not compared, but commits become visible a little after their time. */
enum { RENEWED_OVERLAP_US = 5000000 };

void cft_lease_set(struct cft_project *project, const char *intent_id, uint64_t fence,
                   int64_t expires_us)
{
	struct cft_lease_entry *entry = NULL;
	size_t len = strlen(intent_id);

	HASH_FIND(hh, project->leases, intent_id, len, entry);
	if (!entry) {
		entry = cft_calloc(1, sizeof(*entry) + len + 1);
		memcpy(entry->intent_id, intent_id, len + 1);
		HASH_ADD_KEYPTR(hh, project->leases, entry->intent_id, len, entry);
	}
	if (fence < entry->fence)
		return;
	entry->fence = fence;
	entry->expires_us = expires_us;
}

void cft_lease_remove(struct cft_project *project, const char *intent_id)
{
	struct cft_lease_entry *entry = NULL;

	HASH_FIND_STR(project->leases, intent_id, entry);
	if (!entry)
		return;
	HASH_DEL(project->leases, entry);
	free(entry);
}

void cft_leases_clear(struct cft_project *project)
{
	struct cft_lease_entry *entry, *next;

	HASH_ITER (hh, project->leases, entry, next) {
		HASH_DEL(project->leases, entry);
		free(entry);
	}
}

int64_t cft_sequencer_lease_deadline_us(const struct cft_sequencer *sequencer, const char *name,
                                        const char *intent_id)
{
	struct cft_project *project = NULL;
	struct cft_lease_entry *entry = NULL;

	HASH_FIND_STR(sequencer->projects, name, project);
	if (project)
		HASH_FIND_STR(project->leases, intent_id, entry);
	return entry ? entry->expires_us : 0;
}

/* -- renewing -- */

struct renewal {
	struct cft_sequencer *sequencer;
	struct cft_project *project;
	cft_renew_cb *cb;
	void *arg;
	size_t n;
};

/* The database's outcomes, as clients know them from everywhere else. */
static const char *known_reason(const char *outcome)
{
	if (strcmp(outcome, "NOT_LEASE_HOLDER") == 0)
		return "NOT_LEASE_HOLDER";
	return strcmp(outcome, "FENCE_STALE") == 0 ? "STALE_FENCE" : "LEASE_EXPIRED";
}

static int reason_code(const char *reason)
{
	return strcmp(reason, "NOT_LEASE_HOLDER") == 0 ? CFT_E_FORBIDDEN : CFT_E_NOT_FOUND;
}

static void fill_result(struct cft_project *project, const char *const *row,
                        struct cft_lease_result *result)
{
	if (row[2][0]) {
		result->reason = known_reason(row[2]);
		result->code = reason_code(result->reason);
		return;
	}
	result->code = 0;
	result->reason = "";
	result->expires_us = strtoll(row[3], NULL, 10);
	cft_lease_set(project, row[0], strtoull(row[1], NULL, 10), result->expires_us);
}

static void on_renewed_leases(void *ctx, const char *const *const *rows, size_t n,
                              const struct cft_err *err)
{
	struct renewal *renewal = ctx;
	struct cft_lease_result *results = cft_calloc(renewal->n + 1, sizeof(*results));
	struct cft_err gone = CFT_ERR_INIT;

	if (!cft_sequencer_enter(renewal->sequencer)) {
		cft_fail(&gone, CFT_E_UNAVAILABLE, "the server is stopping");
		err = &gone;
	}
	for (size_t i = 0; !err && i < n && i < renewal->n; i++)
		fill_result(renewal->project, rows[i], &results[i]);
	renewal->cb(renewal->arg, results, err ? 0 : renewal->n, err);
	free(results);
	free(renewal);
}

void cft_sequencer_renew(struct cft_sequencer *sequencer, const char *name, const char *agent_id,
                         const struct cft_lease_ref *refs, size_t n, cft_renew_cb *cb, void *arg)
{
	struct renewal *renewal = cft_new(struct renewal);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I}", "intent_id", refs[i].intent_id,
		                                      "fence", (json_int_t)refs[i].fence));
	renewal->sequencer = sequencer;
	renewal->project = cft_project_get(sequencer, name);
	renewal->cb = cb;
	renewal->arg = arg;
	renewal->n = n;
	sequencer->calls++;
	cft_store_renew(sequencer->store, name, agent_id, list, on_renewed_leases, renewal);
	json_decref(list);
}

/* -- the sweep -- */

struct expiry {
	struct cft_command command;
	char intent_id[];
};

static void on_expired(void *arg, const struct cft_state *state,
                       const struct cft_decision *decision, const struct cft_err *err)
{
	(void)state;
	(void)decision;
	(void)err; /* renewed in time, or expired by another server, or tried again */
	free(arg);
}

static void expire(struct cft_sequencer *sequencer, const char *name, const char *intent_id,
                   uint64_t fence)
{
	size_t size = strlen(intent_id) + 1;
	struct expiry *expiry = cft_calloc(1, sizeof(*expiry) + size);

	memcpy(expiry->intent_id, intent_id, size);
	expiry->command.kind = CFT_CMD_EXPIRE;
	expiry->command.actor = expiry->command.request_id = "";
	expiry->command.intent_id = expiry->intent_id;
	expiry->command.fence = fence;
	cft_sequencer_submit(sequencer, name, &expiry->command, on_expired, expiry);
}

static void on_lapsed(void *ctx, const char *const *const *rows, size_t n,
                      const struct cft_err *err)
{
	struct cft_sequencer *sequencer = ctx;

	if (!cft_sequencer_enter(sequencer))
		return;
	sequencer->sweeping = false;
	for (size_t i = 0; !err && i < n; i++)
		expire(sequencer, rows[i][0], rows[i][1], strtoull(rows[i][2], NULL, 10));
}

static void on_renewed(void *ctx, const char *const *const *rows, size_t n,
                       const struct cft_err *err)
{
	struct cft_sequencer *sequencer = ctx;

	if (!cft_sequencer_enter(sequencer) || err || n == 0)
		return;
	int64_t now_us = strtoll(rows[0][3], NULL, 10);
	cft_sequencer_heard_clock(sequencer, now_us);
	sequencer->renewed_since_us = now_us - RENEWED_OVERLAP_US;
	for (size_t i = 1; i < n; i++) {
		struct cft_project *project = NULL;
		HASH_FIND_STR(sequencer->projects, rows[i][0], project);
		if (project)
			cft_lease_set(project, rows[i][1], strtoull(rows[i][2], NULL, 10),
			              strtoll(rows[i][3], NULL, 10));
	}
}

void cft_leases_poll(struct cft_sequencer *sequencer, const json_t *names)
{
	if (json_array_size(names) > 0) {
		sequencer->calls++;
		cft_store_renewed(sequencer->store, names, sequencer->renewed_since_us, on_renewed,
		                  sequencer);
	}
	if (sequencer->sweeping || sequencer->grace_due)
		return;
	sequencer->sweeping = true;
	sequencer->calls++;
	cft_store_lapsed(sequencer->store, on_lapsed, sequencer);
}
