/* State: one project's coordination state, a pure machine. Commands in, events out.
 * SPDX-License-Identifier: MIT
 *
 * No I/O, no clock, no randomness, no globals: time and fresh ids are inputs. One thread.
 * State = fold(events): cft_state_apply is the only way in, for decided events, for another
 * server's and for those loaded at start.
 *
 * A write group: cft_state_begin; for each command cft_state_decide, which applies its event at
 * once so that the next command of the group sees it; then cft_state_commit once the log has them,
 * or cft_state_rollback, which restores the state at begin (an undo journal of record pointers, so
 * it costs the size of the group). Between begin and commit the state is not shown to readers.
 */
#ifndef CFT_CORE_STATE_H
#define CFT_CORE_STATE_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "server/core/command.h"
#include "server/core/event.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_state;

struct cft_limits {
	int64_t lease_min_us, lease_default_us, lease_max_us; /* 1 min, 15 min, 24 h */
	int64_t stale_after_us;                               /* REGISTERED and untouched: 7 days */
	size_t max_live_intents_per_agent;                    /* 0 = no limit */
};

struct cft_state *cft_state_new(const char *project, const struct cft_limits *limits);
void cft_state_free(struct cft_state *state);

const char *cft_state_project(const struct cft_state *state);
uint64_t cft_state_revision(const struct cft_state *state);
size_t cft_state_live_intents(const struct cft_state *state);

/* Folds one event; its revision must be the state's plus one. Takes references, not ownership. */
int cft_state_apply(struct cft_state *state, const struct cft_event *event, struct cft_err *err);
/* Starts from projections at one revision instead of the log: intents and conflicts in any order,
 * then cft_state_load_done. Branch counters follow from the branch names: ended intents are loaded
 * too, or at least their branch names are (cft_state_load_branch). */
void cft_state_load_intent(struct cft_state *state, const struct cft_intent *intent);
void cft_state_load_conflict(struct cft_state *state, const struct cft_conflict *conflict);
void cft_state_load_request(struct cft_state *state, const char *request_id,
                            const unsigned char body_digest[32], uint64_t revision,
                            const char *subject_id, int64_t time_us);
void cft_state_load_branch(struct cft_state *state, const char *branch_name);
/* Copies what it is given, so that `base` may live in an arena. */
void cft_state_load_base(struct cft_state *state, const struct cft_base_schema *base);
void cft_state_load_done(struct cft_state *state, uint64_t revision);

void cft_state_begin(struct cft_state *state);
void cft_state_commit(struct cft_state *state);
void cft_state_rollback(struct cft_state *state);

/* Decides one command at time `now_us` of the database. Returns decision->code. */
int cft_state_decide(struct cft_state *state, const struct cft_command *command, int64_t now_us,
                     struct cft_arena *arena, struct cft_decision *decision, struct cft_err *err);

/* Forgets requests older than `before_us`. */
void cft_state_forget_requests(struct cft_state *state, int64_t before_us);
/* Lets go of intents that ended before then, and of their vanished conflicts, so that memory does
 * not grow with history; the projections keep them. Their branch names stay taken. */
void cft_state_forget_ended(struct cft_state *state, int64_t before_us);

/* -- reading; results are borrowed until the next change of the state -- */

const struct cft_intent *cft_state_intent(const struct cft_state *state, const char *id);
const struct cft_conflict *cft_state_conflict(const struct cft_state *state, const char *id);
const struct cft_base_schema *cft_state_base(const struct cft_state *state); /* NULL = none */

/* What registering this plan now would report (invariant 3 of docs/guarantees.md): conflicts with
 * intent_b = "". `own_intent_id` or `own_branch` (either may be NULL) leaves one's own out. */
struct cft_conflict_list {
	const struct cft_conflict **v;
	size_t n;
};
void cft_state_check(const struct cft_state *state, const char *agent_id,
                     const struct cft_plan *plan, const char *own_intent_id, const char *own_branch,
                     int64_t now_us, struct cft_arena *arena, struct cft_conflict_list *ret);

/* Objects that the subject names and neither the base (where there is one) nor another live intent
 * has, as conflicts of type "missing_object" without a second side. Derived: not part of the log.
 */
void cft_state_missing(const struct cft_state *state, const struct cft_intent *subject,
                       struct cft_arena *arena, struct cft_conflict_list *ret);

/* The COMPLETED intents whose DDL lies over the base where these two are compared, in order of
 * registration; without the two. */
struct cft_intent_list {
	const struct cft_intent **v;
	size_t n;
};
void cft_state_under(const struct cft_state *state, const struct cft_intent *a,
                     const struct cft_intent *b, struct cft_arena *arena,
                     struct cft_intent_list *ret);

struct cft_intent_filter {
	uint32_t status_mask; /* bit (1 << status); 0 = all */
	const char *agent_id; /* NULL or "" = all */
	const char *table;    /* "users" or "public.users" */
};
/* In order of registration. */
void cft_state_list_intents(const struct cft_state *state, const struct cft_intent_filter *filter,
                            struct cft_arena *arena, struct cft_intent_list *ret);
/* In order of detection; intent_id/agent_id may be NULL; closed ones on request. */
struct cft_conflict_filter {
	const char *intent_id, *agent_id;
	bool resolved, vanished;
	int min_severity;
};
void cft_state_list_conflicts(const struct cft_state *state,
                              const struct cft_conflict_filter *filter, struct cft_arena *arena,
                              struct cft_conflict_list *ret);

/* Severity as it counts now: WARNING at most where a side is COMPLETED, EXPIRED or stale; INFO
 * where agent and branch are the same. */
int cft_state_severity(const struct cft_state *state, const struct cft_conflict *conflict,
                       int64_t now_us);
/* An unresolved ERROR conflict with another live intent exists: start is refused. */
bool cft_state_blocked(const struct cft_state *state, const struct cft_intent *intent,
                       int64_t now_us);
bool cft_state_stale(const struct cft_state *state, const struct cft_intent *intent,
                     int64_t now_us);

struct cft_claim {
	const struct cft_intent *intent;
	const char *object, *operation, *statement;
};
struct cft_claim_list {
	struct cft_claim *v;
	size_t n;
};
/* Who touches an object: "public.users.age", "users", "index public.i1". Live intents only. */
void cft_state_claims(const struct cft_state *state, const char *object, struct cft_arena *arena,
                      struct cft_claim_list *ret);

/* An order for all live intents that respects their sequence and prerequisite conflicts, and the
 * irreducible sets that have none. */
struct cft_order_step {
	const struct cft_intent *intent;
	struct cft_strings after;
	const char *reason;
};
struct cft_intent_order {
	struct cft_order_step *steps;
	size_t n_steps;
	struct cft_blocked_set {
		struct cft_strings intents, conflicts;
		const char *reason;
	} * blocked;
	size_t n_blocked;
};
void cft_state_order(const struct cft_state *state, int64_t now_us, struct cft_arena *arena,
                     struct cft_intent_order *ret);

/* Asserts every structural invariant (indexes agree with records, one conflict per key …): for the
 * simulation and for debugging; walks everything. */
void cft_state_check_invariants(const struct cft_state *state);

#ifdef __cplusplus
}
#endif

#endif
