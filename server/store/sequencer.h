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

struct cft_sequencer *cft_sequencer_new(struct cft_store *store, const struct cft_limits *limits);
void cft_sequencer_free(struct cft_sequencer *sequencer);

/* Called once per submitted command, on the loop, after its commit or refusal. `decision` and
 * `state` (at a revision that includes the decision) are borrowed for the call. On failure
 * `decision` is NULL and `err` says why: UNAVAILABLE with reason OUTCOME_UNKNOWN when the commit
 * may or may not have happened; a retry with the same request_id tells. */
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

/* Renews leases in the lease table, batched over callers; never touches the log. The results stand
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

#ifdef __cplusplus
}
#endif

#endif
