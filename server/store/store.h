/* Store: the durable log in PostgreSQL.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only; nothing blocks but cft_schema_upgrade. Knows nothing of what is decided:
 * payloads are bytes, and the fields beside them are for SQL users. The tables and functions are in
 * server/store/sql/; every call is one statement, one round trip and one transaction, and works
 * behind a transaction-pooling PgBouncer. Connections come back by themselves; what was running on
 * a lost one is UNKNOWN.
 */
#ifndef CFT_STORE_STORE_H
#define CFT_STORE_STORE_H

#include "common/base/json.h"
#include "common/event/loop.h"
#include "server/store/append.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Creates or upgrades the schema `confiture` of a database by its numbered migrations, under an
 * advisory lock. Blocks. Refuses (CFT_E_STATE, reason SCHEMA_TOO_NEW) one that this program does
 * not know. `ret_version` (may be NULL) is the version afterwards. */
int cft_schema_upgrade(const char *url, int *ret_version, struct cft_err *err);
/* The newest version that this program knows. */
int cft_schema_version(void);

struct cft_store;

struct cft_store_options {
	const char *url; /* of a database after cft_schema_upgrade */
	int connections; /* 0 = 4 */
	/* How often to ask whether other servers wrote; 0 = 1000. Notifications make it quicker,
	 * but only this is relied on. */
	int64_t poll_ms;
	int64_t reply_timeout_ms; /* 0 = 30000 */
	/* The first connection came up, or the last one went down. */
	void (*on_state)(void *ctx, bool up, const struct cft_err *err);
	/* Another server may have written to this project; `revision` 0 = unknown. */
	void (*on_hint)(void *ctx, const char *project, uint64_t revision);
	/* Every poll_ms while up: time to ask for revisions and lapsed leases. */
	void (*on_poll)(void *ctx);
	void *ctx;
};

int cft_store_new(struct cft_loop *loop, const struct cft_store_options *options,
                  struct cft_store **ret_store, struct cft_err *err);
/* Pending calls are answered with UNAVAILABLE first. */
void cft_store_free(struct cft_store *store);
bool cft_store_up(const struct cft_store *store);
/* Sets the callbacks of a store made without them. */
void cft_store_set_callbacks(struct cft_store *store,
                             void (*on_state)(void *ctx, bool up, const struct cft_err *err),
                             void (*on_hint)(void *ctx, const char *project, uint64_t revision),
                             void (*on_poll)(void *ctx), void *ctx);

/* One event of the log as stored. Borrowed for the callback. */
struct cft_store_event {
	uint64_t revision;
	unsigned char chain_hash[32]; /* SHA-256 of the payload */
	const void *payload;
	size_t len;
};

enum cft_append_outcome {
	CFT_APPEND_COMMITTED,
	CFT_APPEND_STALE, /* others wrote first: `events` holds theirs, or the first of them */
	CFT_APPEND_LEASE_ALIVE, /* a lapse is not due: `alive` says which */
	CFT_APPEND_DIVERGED,    /* the log there is not the one that the caller knows */
	CFT_APPEND_UNKNOWN,     /* it may or may not be committed: `err` */
	CFT_APPEND_FAILED,      /* nothing was written: `err` */
};

struct cft_store_lease {
	const char *intent_id;
	uint64_t fence;
	int64_t expires_us;
};

struct cft_append_reply {
	enum cft_append_outcome outcome;
	int64_t now_us; /* the database's clock after the project's lock; leases count from here */
	const struct cft_store_event *events;
	size_t n_events;
	const struct cft_store_lease *alive;
	size_t n_alive;
	const struct cft_err *err;
};
typedef void cft_append_cb(void *ctx, const struct cft_append_reply *reply);

/* Writes a group if the project is at `expected` with `chain_hash` (32 bytes; zeros at 0). The
 * group is borrowed for the call, and finished: nothing may be added to it. */
void cft_store_append(struct cft_store *store, const char *project, uint64_t expected,
                      const unsigned char chain_hash[32], struct cft_append *append,
                      cft_append_cb *cb, void *ctx);

/* Reads; on failure `err` is set and the rest is empty. All borrowed for the callback. */
struct cft_store_events {
	const struct cft_store_event *v;
	size_t n;
	const struct cft_err *err;
};
typedef void cft_events_cb(void *ctx, const struct cft_store_events *events);
/* Up to `limit` events after a revision, in order. */
void cft_store_read(struct cft_store *store, const char *project, uint64_t after, int limit,
                    cft_events_cb *cb, void *ctx);
/* The same, once all that is visible in the database is as durable as a commit of our own. */
void cft_store_confirm(struct cft_store *store, const char *project, uint64_t after, int limit,
                       cft_events_cb *cb, void *ctx);

/* A record of cft_store_load; which fields count depends on the kind. */
enum cft_record_kind {
	CFT_RECORD_PROJECT, /* revision, chain_hash, first_revision, time_us = the database's now */
	CFT_RECORD_BASE,    /* payload */
	CFT_RECORD_INTENT,  /* payload */
	CFT_RECORD_CONFLICT,
	CFT_RECORD_REQUEST, /* id, digest (chain_hash), revision, subject, time_us */
	CFT_RECORD_LEASE,   /* id, fence (revision), time_us = deadline */
	CFT_RECORD_BRANCH,  /* id = a branch name that is taken; its intent is forgotten */
};
struct cft_store_record {
	enum cft_record_kind kind;
	const void *payload;
	size_t len;
	const char *id, *subject;
	uint64_t revision, first_revision;
	unsigned char hash[32];
	int64_t time_us;
};
struct cft_store_records {
	const struct cft_store_record *v; /* the project first; empty for an unknown project */
	size_t n;
	int64_t now_us;
	const struct cft_err *err;
};
typedef void cft_records_cb(void *ctx, const struct cft_store_records *records);
/* A project's projections at one revision, in one snapshot, without what ended longer ago. */
void cft_store_load(struct cft_store *store, const char *project, int64_t ended_seconds,
                    cft_records_cb *cb, void *ctx);

/* Any of the small calls: rows of text, as the functions in sql/ give them. */
typedef void cft_rows_cb(void *ctx, const char *const *const *rows, size_t n,
                         const struct cft_err *err);
/* Revisions of projects: `names` is a JSON array; rows (name, revision, chain_hash in
 * hex, the log's epoch). */
void cft_store_revisions(struct cft_store *store, const json_t *names, cft_rows_cb *cb, void *ctx);
/* Leases whose deadline has passed: rows (project, intent_id, fence). */
void cft_store_lapsed(struct cft_store *store, cft_rows_cb *cb, void *ctx);
/* Leases granted or renewed since a time of the database, of the named projects: rows (project,
 * intent_id, fence, expires_us); the first row is ("", "", "", now_us). */
void cft_store_renewed(struct cft_store *store, const json_t *names, int64_t since_us,
                       cft_rows_cb *cb, void *ctx);
/* `refs`: [{"intent_id", "fence"}]; rows (intent_id, fence, outcome, expires_us), outcome "" when
 * renewed. */
void cft_store_renew(struct cft_store *store, const char *project, const char *agent_id,
                     const json_t *refs, cft_rows_cb *cb, void *ctx);
/* The inbox cursor of an agent: one row (cursor), 0 when new. */
void cft_store_inbox(struct cft_store *store, const char *project, const char *agent_id,
                     cft_rows_cb *cb, void *ctx);
/* Moves it forward (never back); one row (cursor). */
void cft_store_inbox_ack(struct cft_store *store, const char *project, const char *agent_id,
                         uint64_t cursor, cft_rows_cb *cb, void *ctx);
/* The log's identity: one row (log_id, epoch, schema version, now_us). */
void cft_store_log(struct cft_store *store, cft_rows_cb *cb, void *ctx);
/* All projects: rows (name, revision). */
void cft_store_projects(struct cft_store *store, cft_rows_cb *cb, void *ctx);
/* Leases that were alive at `since_us` of the database's clock live for another minute at least (or
 * their TTL): after the database was away. One row (count). */
void cft_store_grace(struct cft_store *store, int64_t since_us, cft_rows_cb *cb, void *ctx);
/* All credentials where the table is not at `version` any more, else none: rows (version, id, key
 * in hex, role, agent_id, project, expires_us, revoked as "t" or "f"), those in force last; one row
 * with the rest empty where there is no credential. */
void cft_store_credentials(struct cft_store *store, int64_t version, cft_rows_cb *cb, void *ctx);
/* Forgets requests older than `seconds`; one row (count). */
void cft_store_forget_requests(struct cft_store *store, int64_t seconds, cft_rows_cb *cb,
                               void *ctx);

#ifdef __cplusplus
}
#endif

#endif
