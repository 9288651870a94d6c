/* Command: what a participant asks for, already validated in form and with its SQL analysed.
 * SPDX-License-Identifier: MIT
 *
 * Plain data that the caller owns and keeps alive until the decision; the core copies what it
 * keeps.
 */
#ifndef CFT_CORE_COMMAND_H
#define CFT_CORE_COMMAND_H

#include "server/core/conflict.h"
#include "server/core/event.h"
#include "server/core/intent.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cft_command_kind {
	CFT_CMD_REGISTER,
	CFT_CMD_UPDATE,
	CFT_CMD_START,
	CFT_CMD_COMPLETE,
	CFT_CMD_ABANDON,
	CFT_CMD_MERGE,
	CFT_CMD_RELEASE, /* the lease ends before its time; the intent stays, as expired */
	CFT_CMD_EXPIRE,  /* by the server: the lease's deadline has passed */
	CFT_CMD_RESOLVE,
	CFT_CMD_REOPEN,
	CFT_CMD_SET_BASE,
	CFT_CMD_PROVE,        /* keep the evidence with the conflict */
	CFT_CMD_APPLY,        /* by the server: an operation begins to apply it, with a new fence */
	CFT_CMD_APPLY_FAILED, /* by the server: that operation ended without success */
	CFT_CMD_APPROVE,
	CFT_CMD_REJECT,
	CFT_CMD_DRIFT,         /* by the server: a target was changed beside it */
	CFT_CMD_TARGET_CHANGE, /* by the server: an operation without an intent begins */
};

/* The analysed plan of an intent: the same struct for register, update and check. */
struct cft_plan {
	struct cft_strings statements;
	struct cft_strings tables_declared;
	const struct cft_effects *effects;
};

struct cft_command {
	enum cft_command_kind kind;
	const char *actor;             /* agent id; "" for the server itself */
	const char *request_id;        /* "" = not idempotent */
	unsigned char body_digest[32]; /* SHA-256 of the request's bytes without its request_id */
	const char *intent_id;   /* all but REGISTER and those of conflicts and base; REGISTER: the
	                          * fresh   random id to use, since the core has no randomness */
	const char *conflict_id; /* RESOLVE, REOPEN, PROVE */
	const char *reason, *outcome, *notes;
	bool force, accept_risk;
	bool in_order; /* START: later registered intents that have not begun do not block */
	/* REGISTER, UPDATE; NULL/0/"" keeps on UPDATE. MERGE: plan.effects is what was applied,
	 * where that is said; else what the intent declares. */
	const char *feature_name, *metadata_json;
	bool set_statements, set_tables;
	struct cft_plan plan;
	enum cft_risk risk;
	int64_t estimated_us;
	uint64_t etag_revision; /* UPDATE: refuse unless updated_revision is this; 0 skips */
	uint64_t fence;         /* COMPLETE, RELEASE, EXPIRE; 0 = whatever is held */
	int64_t ttl_us;         /* START: 0 = from the estimate within the limits */
	enum cft_strategy strategy;
	const char *operation_id, *target; /* APPLY, APPLY_FAILED */
	bool need_approval;                /* APPLY: the target's policy */
	struct cft_strings approvers; /* APPLY: whose approval counts; none: everybody else's */
	const char *digest;           /* APPROVE, REJECT: of the DDL that was seen; "" any */
	const struct cft_base_schema *base;
	const struct cft_target_news *news; /* DRIFT, TARGET_CHANGE */
	/* PROVE: the evidence, and the generations of the two intents that it is about. */
	const char *proof_json, *proven_verdict;
	uint32_t generation_a, generation_b;
};

/* What goes to the lease table with the event, in the same transaction. */
enum cft_lease_op_kind {
	CFT_LEASE_GRANT,   /* deadline = database clock + ttl; fence is new */
	CFT_LEASE_RELEASE, /* the lease ends with the state change */
	CFT_LEASE_LAPSE,   /* commit only if its deadline has passed by the database's clock */
};

struct cft_lease_op {
	enum cft_lease_op_kind kind;
	const char *intent_id;
	uint64_t fence;
	int64_t ttl_us;
};

/* The answer to a command. */
struct cft_decision {
	int code;          /* 0, or why it is refused: then `err` says and nothing else is set */
	bool replayed;     /* the same request was decided before, at `revision` */
	uint64_t revision; /* of the event, or of the earlier one */
	const struct cft_event *event; /* NULL when nothing changes; a reference for the caller */
	struct cft_lease_op lease;     /* valid when has_lease */
	bool has_lease;
	const char *subject_id; /* the intent or conflict to show in the reply; in the arena */
};

#ifdef __cplusplus
}
#endif

#endif
