/* Conflict: two live intents that do not commute, as one record per pair, type and object.
 * SPDX-License-Identifier: MIT
 *
 * The set of conflicts is a pure function of the base and of the live intents, not of the order in
 * which they came; the id is a digest of what conflicts, so that every server computes the same
 * one. Records are immutable counted references, like intents.
 */
#ifndef CFT_CORE_CONFLICT_H
#define CFT_CORE_CONFLICT_H

#include "common/sql/conflict/conflict.h"
#include "server/core/intent.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cft_conflict_status {
	CFT_CONFLICT_OPEN = 1,
	CFT_CONFLICT_RESOLVED = 2,
	CFT_CONFLICT_VANISHED = 3,
};

enum cft_strategy {
	CFT_STRATEGY_SEQUENCE = 1,
	CFT_STRATEGY_MERGE,
	CFT_STRATEGY_RENAME,
	CFT_STRATEGY_ACCEPT_RISK,
};

struct cft_conflict {
	int refs;
	const char *id;                  /* "cfl_" and 12 characters */
	const char *intent_a, *intent_b; /* a was registered first; b = "" for a check */
	const char *agent_a, *agent_b;
	const char *type;           /* "column", "table", … */
	int conflict_class;         /* enum of common/sql/conflict/conflict.h */
	int severity;               /* likewise, as detected; see cft_state_severity */
	int order;                  /* likewise (enum cft_order): the order that works */
	struct cft_strings objects; /* "column public.users.email"; sorted */
	const char *explanation;
	struct cft_strings suggestions;
	enum cft_conflict_status status;
	uint32_t generation_a, generation_b; /* of the intents when it was detected or resolved */
	enum cft_strategy strategy;          /* 0 while unresolved */
	const char *resolution_notes, *resolved_by, *proof_json;
	const char *proven_verdict; /* of the proof: "latent"; "" without one, or not provable */
	int64_t resolved_us, created_us;
	uint64_t created_revision, updated_revision;
};

struct cft_conflict *cft_conflict_ref(const struct cft_conflict *conflict);
void cft_conflict_unref(const struct cft_conflict *conflict);
/* Packs a deep copy into one heap block, as cft_intent_copy. */
struct cft_conflict *cft_conflict_copy(const struct cft_conflict *conflict);

enum { CFT_CONFLICT_ID_SIZE = 17 };
/* The id of a conflict: a digest of the pair (in any order), the type and the primary object. */
const char *cft_conflict_id(const char *intent_a, const char *intent_b, const char *type,
                            const char *object, char out[CFT_CONFLICT_ID_SIZE]);
const char *cft_conflict_status_name(enum cft_conflict_status status); /* "OPEN" */
const char *cft_strategy_name(enum cft_strategy strategy);             /* "accept_risk"; "" for 0 */

#ifdef __cplusplus
}
#endif

#endif
