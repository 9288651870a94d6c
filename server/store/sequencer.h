/* Sequencer: puts the commands of each project into one order, durably.
 * SPDX-License-Identifier: MIT
 *
 * Owns every project's core state (server/core/state.h) and its queue; runs on the loop's thread
 * and never blocks it. While a write group is being appended, new commands and reads queue; when
 * the append returns, first the reads run on committed state, then the waiting commands are decided
 * in order as the next group. So reads never see what is not committed, and load makes groups
 * larger, not slower. Replies leave, and watchers hear of it, only after the commit.
 */
#ifndef CFT_STORE_SEQUENCER_H
#define CFT_STORE_SEQUENCER_H

#include "server/core/state.h"
#include "server/store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_sequencer;

/* Takes over the store's callbacks; `store` outlives the sequencer's last callback: free the
 * sequencer first, then the store. */
struct cft_sequencer *cft_sequencer_new(struct cft_loop *loop, struct cft_store *store,
                                        const struct cft_limits *limits);
/* How long merged and abandoned intents stay in memory, and request ids there and in the database;
 * 30 days and one day where nobody says. */
void cft_sequencer_set_retention(struct cft_sequencer *sequencer, int64_t ended_seconds,
                                 int64_t request_seconds);
/* Answers everything that waits: UNAVAILABLE, or OUTCOME_UNKNOWN for the group under way. */
void cft_sequencer_free(struct cft_sequencer *sequencer);

/* Called when the database is found or lost (err, may be NULL); for the health service. */
typedef void cft_health_cb(void *arg, bool up, const struct cft_err *err);
void cft_sequencer_set_health(struct cft_sequencer *sequencer, cft_health_cb *cb, void *arg);

/* Called once per submitted command, on the loop, after its commit or refusal. `decision` and
 * `state` (at a revision that includes the decision) are borrowed for the call. On failure
 * `decision` is NULL and `err` says why: the core's refusal, or UNAVAILABLE with reason
 * OUTCOME_UNKNOWN when the commit may or may not have happened; a retry with the same request_id
 * tells. */
typedef void cft_submit_cb(void *arg, const struct cft_state *state,
                           const struct cft_decision *decision, const struct cft_err *err);
/* Borrows `command` and all it points to until the callback. */
void cft_sequencer_submit(struct cft_sequencer *sequencer, const char *project,
                          const struct cft_command *command, cft_submit_cb *cb, void *arg);

/* Runs `cb` on committed state, at once where no group is in flight, at revision >= min_revision
 * (0 = any). `now_us` is the database's clock. On failure `state` is NULL. */
typedef void cft_read_cb(void *arg, const struct cft_state *state, int64_t now_us,
                         const struct cft_err *err);
void cft_sequencer_read(struct cft_sequencer *sequencer, const char *project, uint64_t min_revision,
                        cft_read_cb *cb, void *arg);

/* Every committed event of every loaded project, in revision order per project, once. */
typedef void cft_event_cb(void *arg, const char *project, const struct cft_event *event,
                          const unsigned char chain_hash[32]);
void cft_sequencer_set_listener(struct cft_sequencer *sequencer, cft_event_cb *cb, void *arg);
/* The log there is no longer the one that was read (a restore from a backup): the project's state
 * was dropped and streams on it cannot go on. */
typedef void cft_reset_cb(void *arg, const char *project);
void cft_sequencer_set_reset(struct cft_sequencer *sequencer, cft_reset_cb *cb, void *arg);
/* The hash of a loaded project's last committed event, zeros at revision 0; NULL = not loaded.
 * Borrowed until the next turn. */
const unsigned char *cft_sequencer_chain_hash(const struct cft_sequencer *sequencer,
                                              const char *project);
/* The database's clock as last heard, advanced by ours; 0 before the first answer. */
int64_t cft_sequencer_now_us(const struct cft_sequencer *sequencer);

/* Renews leases in the lease table; never touches the log. The results stand
 * in the order of the references; code 0, or CFT_E_NOT_FOUND with reason LEASE_EXPIRED … */
struct cft_lease_ref {
	const char *intent_id;
	uint64_t fence;
};
struct cft_lease_result {
	int code;
	const char *reason;
	int64_t expires_us;
};
typedef void cft_renew_cb(void *arg, const struct cft_lease_result *results, size_t n,
                          const struct cft_err *err);
void cft_sequencer_renew(struct cft_sequencer *sequencer, const char *project, const char *agent_id,
                         const struct cft_lease_ref *refs, size_t n, cft_renew_cb *cb, void *arg);
/* The deadline of an intent's live lease by the database's clock; 0 = none. */
int64_t cft_sequencer_lease_deadline_us(const struct cft_sequencer *sequencer, const char *project,
                                        const char *intent_id);

/* For metrics: of all projects that are loaded. */
struct cft_sequencer_stats {
	uint64_t groups; /* commit groups begun since the start */
	size_t projects, live_intents, leases, waiting_commands, waiting_reads;
};
void cft_sequencer_read_stats(const struct cft_sequencer *sequencer,
                              struct cft_sequencer_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
