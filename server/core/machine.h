/* Machine: the inside of the state; for the files of this module alone.
 * SPDX-License-Identifier: MIT
 *
 * Records enter and leave through put.c and nowhere else: it keeps the indexes and the undo journal
 * in step with them.
 */
#ifndef CFT_CORE_MACHINE_H
#define CFT_CORE_MACHINE_H

#include "common/base/vec.h"
#include "server/core/hash.h"
#include "server/core/index.h"
#include "server/core/overlay.h"
#include "server/core/state.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_conflict_entry;

/* One side of a conflict in its intent's list. */
struct cft_conflict_link {
	struct cft_conflict_entry *conflict;
	struct cft_conflict_link *prev, *next;
};

struct cft_intent_entry {
	const struct cft_intent *intent;     /* a reference */
	struct cft_index_member *member;     /* while live */
	struct cft_index_member *completed;  /* while COMPLETED */
	struct cft_conflict_link *conflicts; /* open and resolved ones */
	UT_hash_handle hh;                   /* by id, in order of registration */
};

struct cft_conflict_entry {
	const struct cft_conflict *conflict; /* a reference */
	struct cft_intent_entry *side[2];    /* while linked */
	struct cft_conflict_link link[2];
	UT_hash_handle hh; /* by id */
};

struct cft_request {
	unsigned char digest[32];
	uint64_t revision;
	int64_t time_us;
	const char *subject_id; /* in the same block */
	UT_hash_handle hh;      /* in order of revision */
	char id[];
};

/* How many branches of one feature were given. */
struct cft_branch {
	unsigned last;
	UT_hash_handle hh;
	char slug[];
};

struct cft_agent {
	size_t live;
	UT_hash_handle hh;
	char id[];
};

enum cft_undo_kind { CFT_UNDO_INTENT, CFT_UNDO_CONFLICT, CFT_UNDO_REQUEST, CFT_UNDO_BASE };

struct cft_undo {
	enum cft_undo_kind kind;
	void *entry;        /* what changed */
	const void *before; /* the record before, with its reference; NULL = there was none */
};

struct cft_state {
	char *project;
	struct cft_limits limits;
	uint64_t revision, begin_revision;
	bool in_group, loading;
	size_t live;
	struct cft_intent_entry *intents;
	struct cft_conflict_entry *conflicts;
	struct cft_request *requests;
	struct cft_branch *branches;
	struct cft_agent *agents;
	struct cft_index index;
	struct cft_index completed; /* of the COMPLETED ones, by their keys on the base alone */
	const struct cft_base_schema *base; /* a reference, or NULL */
	struct cft_base *model;             /* of base */
	bool assumed; /* the last merge brought in what it only names: all are near */
	CFT_VEC(struct cft_undo) undo;
};

/* -- put.c: the only way records change; each takes its own reference -- */

void cft_put_intent(struct cft_state *state, const struct cft_intent *intent);
void cft_put_conflict(struct cft_state *state, const struct cft_conflict *conflict);
void cft_put_base(struct cft_state *state, const struct cft_base_schema *base);
void cft_put_request(struct cft_state *state, const struct cft_request *request);
/* The live intents that DDL may have to do with, also through what is COMPLETED: whose keys and
 * conflicts may change when it begins or ceases to lie under others. Without `except`, sorted. */
void cft_near(const struct cft_state *state, const struct cft_effects *effects, const char *except,
              struct cft_arena *arena, struct cft_intent_refs *ret);
/* Undoes one entry of the journal. */
void cft_put_back(struct cft_state *state, const struct cft_undo *undo);

/* Lets go of an ended intent or a vanished conflict, outside of a group. */
void cft_put_away_intent(struct cft_state *state, struct cft_intent_entry *entry);
void cft_put_away_conflict(struct cft_state *state, struct cft_conflict_entry *entry);
/* Indexes everything after loading. */
void cft_put_loaded(struct cft_state *state);

struct cft_intent_entry *cft_find_intent(const struct cft_state *state, const char *id);
struct cft_conflict_entry *cft_find_conflict(const struct cft_state *state, const char *id);
struct cft_request *cft_find_request(const struct cft_state *state, const char *id);
size_t cft_agent_live(const struct cft_state *state, const char *agent_id);

/* -- apply.c -- */

/* Folds one change of the event that follows the state's revision. */
int cft_apply_change(struct cft_state *state, const struct cft_change *change, struct cft_err *err);
/* Folds the event's changes from `first` on: those before it are in the state. */
int cft_apply_from(struct cft_state *state, const struct cft_event *event, size_t first,
                   struct cft_err *err);

/* -- request.c -- */

/* A request's entry in one block, not yet in the state. */
struct cft_request *cft_request_new(const char *id, const unsigned char digest[32],
                                    uint64_t revision, const char *subject_id, int64_t time_us);

/* -- branch.c -- */

/* "User profiles!" → "user_profiles"; in the arena. */
char *cft_branch_slug(struct cft_arena *arena, const char *feature_name);
/* The next free branch name of the feature; in the arena. Takes nothing. */
const char *cft_branch_next(const struct cft_state *state, const char *feature_name,
                            struct cft_arena *arena);
/* Marks a branch name as given: its number and those before will not be given again. Numbers that a
 * rollback gives back were never seen by anybody; cft_branch_untake returns them. */
void cft_branch_take(struct cft_state *state, const char *branch_name);
void cft_branch_untake(struct cft_state *state, const char *branch_name);

#ifdef __cplusplus
}
#endif

#endif
