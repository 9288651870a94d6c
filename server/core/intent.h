/* Intent: what one participant plans to do to the schema.
 * SPDX-License-Identifier: MIT
 *
 * A record is immutable once it is in the state: a change makes a new record. Records are counted
 * references (cft_intent_ref/unref) that own all their strings and effects; not thread-safe, the
 * loop's thread alone touches them. Times are microseconds of the database's clock.
 */
#ifndef CFT_CORE_INTENT_H
#define CFT_CORE_INTENT_H

#include "common/sql/effect/effect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are stored and sent: never change one. X(NAME, number, "wire name"). */
#define CFT_INTENT_STATUS_MAP(X) \
	X(REGISTERED, 1)         \
	X(IN_PROGRESS, 2)        \
	X(COMPLETED, 3)          \
	X(MERGED, 4)             \
	X(ABANDONED, 5)          \
	X(EXPIRED, 6)

enum cft_intent_status {
#define CFT_X(name, number) CFT_INTENT_##name = number,
	CFT_INTENT_STATUS_MAP(CFT_X)
#undef CFT_X
};

enum cft_risk { CFT_RISK_LOW = 1, CFT_RISK_MEDIUM, CFT_RISK_HIGH, CFT_RISK_CRITICAL };

/* Numbers are stored and sent. An approval is of one text of the DDL: an edit voids it. */
enum cft_approval { CFT_APPROVAL_NONE, CFT_APPROVAL_APPROVED, CFT_APPROVAL_REJECTED };

struct cft_strings {
	const char **v;
	size_t n;
};

/* Small fields stand together: a server may hold a hundred thousand of these. */
struct cft_intent {
	int refs;
	uint32_t generation; /* from 1; grows with each change of the DDL or of the declared tables
	                      */
	enum cft_intent_status status;
	enum cft_risk risk;
	enum cft_approval approval;
	bool sketch, opaque;
	const char *id, *agent_id, *feature_name, *branch_name;
	struct cft_strings statements;      /* the DDL, a statement each */
	struct cft_strings tables_declared; /* as the participant declared */
	struct cft_strings tables_affected; /* from the DDL and as declared; sorted, unique */
	const struct cft_effects *effects;  /* of the statements, in a draft; NULL in a record */
	const unsigned char *dense; /* the record's effects: cft_intent_effects reads them */
	int64_t estimated_us;
	uint64_t fence;       /* the last one given; 0 before the first start */
	int64_t lease_ttl_us; /* of the last grant */
	const char *metadata_json, *outcome, *notes, *reason; /* "" where none */
	const char *approval_by, *approval_notes;
	const char *approval_digest;   /* of the DDL that was judged (cft_intent_digest) */
	int64_t approval_us;           /* 0 where none */
	const char *applying, *target; /* the operation that applies it now, and where; "" */
	int64_t created_us, updated_us;
	uint64_t created_revision, updated_revision;
};

struct cft_intent *cft_intent_ref(const struct cft_intent *intent);
void cft_intent_unref(const struct cft_intent *intent); /* NULL is fine */
/* Packs a deep copy into one heap block; refs = 1. The way to make a record, also from a struct on
 * the stack whose fields point anywhere: to change one, copy the struct, point fields elsewhere,
 * and pack it. NULL strings become "", NULL effects are the record's that the struct came from, or
 * an empty list. */
struct cft_intent *cft_intent_copy(const struct cft_intent *intent);

/* The effects of a draft or of a record; what they borrow is the record's and the arena's. */
const struct cft_effects *cft_intent_effects(const struct cft_intent *intent,
                                             struct cft_arena *arena);

const char *cft_intent_status_name(enum cft_intent_status status); /* "IN_PROGRESS" */
/* The moves of the lifecycle (docs/guarantees.md); every transition goes through this table. */
bool cft_intent_may_move(enum cft_intent_status from, enum cft_intent_status to);
bool cft_intent_is_terminal(enum cft_intent_status status); /* MERGED, ABANDONED */

/* SHA-256 in hex of the statements: what an approval is bound to. */
const char *cft_intent_digest(const struct cft_intent *intent, char out[65]);

/* Fills `ret` (in the arena) with the tables that the effects name and those declared: sorted,
 * unique, "public." left out. */
void cft_intent_tables(const struct cft_effects *effects, const struct cft_strings *declared,
                       struct cft_arena *arena, struct cft_strings *ret);

#ifdef __cplusplus
}
#endif

#endif
