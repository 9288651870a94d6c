/* Event: one revision of a project's log, with all the changes that one command made.
 * SPDX-License-Identifier: MIT
 *
 * A change carries the whole record after it: folding the log is putting records, and a follower
 * never parses SQL again.
 */
#ifndef CFT_CORE_EVENT_H
#define CFT_CORE_EVENT_H

#include "server/core/conflict.h"
#include "server/core/intent.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, number stored, "kind on the wire"). Numbers are stored: never change one. */
#define CFT_CHANGE_KIND_MAP(X)                                   \
	X(INTENT_REGISTERED, 1, "intent.registered")             \
	X(INTENT_UPDATED, 2, "intent.updated")                   \
	X(INTENT_STARTED, 3, "intent.started")                   \
	X(INTENT_COMPLETED, 4, "intent.completed")               \
	X(INTENT_ABANDONED, 5, "intent.abandoned")               \
	X(INTENT_MERGED, 6, "intent.merged")                     \
	X(INTENT_EXPIRED, 7, "intent.expired")                   \
	X(CONFLICT_DETECTED, 8, "conflict.detected")             \
	X(CONFLICT_RESOLVED, 9, "conflict.resolved")             \
	X(CONFLICT_REOPENED, 10, "conflict.reopened")            \
	X(CONFLICT_VANISHED, 11, "conflict.vanished")            \
	X(BASE_CHANGED, 12, "base.changed")                      \
	X(CONFLICT_PROVEN, 13, "conflict.proven")                \
	X(INTENT_APPLYING, 20, "intent.applying")                \
	X(INTENT_APPLY_FAILED, 21, "intent.apply_failed")        \
	X(INTENT_APPROVED, 22, "intent.approved")                \
	X(INTENT_REJECTED, 23, "intent.rejected")                \
	X(PREREQUISITE_FAILED, 24, "intent.prerequisite_failed") \
	X(TARGET_DRIFTED, 25, "target.drifted")                  \
	X(TARGET_CHANGING, 26, "target.changing")

enum cft_change_kind {
#define CFT_X(name, number, wire) CFT_CHANGE_##name = number,
	CFT_CHANGE_KIND_MAP(CFT_X)
#undef CFT_X
};

/* The schema that a project's intents are planned against; the effects are folded into a base model
 * (common/sql) when it enters the state. A counted reference, packed like an intent. */
struct cft_base_schema {
	int refs;
	const char *fingerprint; /* SHA-256 in hex of the text */
	const char *source;      /* "files", "database", "merge" */
	const struct cft_effects *effects;
	uint32_t object_count;
	int64_t set_us;
	uint64_t revision; /* of the event that set it */
};

struct cft_base_schema *cft_base_schema_ref(const struct cft_base_schema *base);
void cft_base_schema_unref(const struct cft_base_schema *base); /* NULL is fine */
struct cft_base_schema *cft_base_schema_copy(const struct cft_base_schema *base);

/* What happened to a target besides applies: its schema is not what the last operation on it left
 * (drifted), or an operation without an intent begins (changing). Counted and packed like a base
 * schema; what the kind does not have is NULL or "". */
struct cft_target_news {
	int refs;
	const char *target, *operation; /* drifted: the last one there */
	const char *expected, *found;   /* drifted: fingerprints of the schema */
	const char *action, *versions;  /* changing: "rollback", "baseline" …; "012" */
};

struct cft_target_news *cft_target_news_ref(const struct cft_target_news *news);
void cft_target_news_unref(const struct cft_target_news *news); /* NULL is fine */
struct cft_target_news *cft_target_news_copy(const struct cft_target_news *news);

struct cft_change {
	enum cft_change_kind kind;
	const struct cft_intent *intent;     /* for intent.*; a reference is held */
	const struct cft_conflict *conflict; /* for conflict.* */
	const struct cft_base_schema *base;  /* for base.*; likewise */
	const struct cft_target_news *news;  /* for target.*; likewise */
};

struct cft_event {
	int refs;
	uint64_t revision;
	int64_t time_us;            /* of the database, at the decision */
	const char *actor, *reason; /* "" where none */
	bool forced;
	const char *request_id;           /* "" where none */
	unsigned char request_digest[32]; /* of the request's body; zero where there is no id */
	struct cft_change *changes;       /* the first one is about the command's subject */
	size_t n_changes;
};

/* A new event (refs = 1) with its own copy of every string and of the base, and references to the
 * same records: how the decoder and the decisions make events. */
struct cft_event *cft_event_copy(const struct cft_event *event);
struct cft_event *cft_event_ref(const struct cft_event *event);
void cft_event_unref(const struct cft_event *event); /* NULL is fine */
/* Makes an event: copies the strings and the array, takes a reference to every record. refs = 1. */
struct cft_event *cft_event_copy(const struct cft_event *event);
/* The id of the intent or conflict that the command was about, the name of a target; "" for a base.
 * Borrowed. */
const char *cft_event_subject(const struct cft_event *event);
const char *cft_change_kind_name(enum cft_change_kind kind);
/* True if the agent should hear of this change: its intent changed by another's hand, or a conflict
 * with one of its intents. The inbox and `--agent` filters use it. */
bool cft_change_concerns(const struct cft_change *change, const char *agent_id);

#ifdef __cplusplus
}
#endif

#endif
