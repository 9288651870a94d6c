/* Append: one write group as the arguments of confiture.append (append.sql, sql/005_append.sql).
 * SPDX-License-Identifier: MIT
 *
 * Rows are collected column by column in the form in which PostgreSQL reads them. What is frequent
 * is a binary array; what is not is JSON. Payloads are the codec's bytes; the fields beside them
 * are for people who look with SQL, and nothing of ours reads them back.
 */
#ifndef CFT_STORE_APPEND_H
#define CFT_STORE_APPEND_H

#include "common/base/json.h"
#include "common/pg/array.h"
#include "server/core/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the order of the function's parameters. */
enum cft_append_column {
	CFT_APPEND_EVENT_TIME,
	CFT_APPEND_EVENT_ACTOR,
	CFT_APPEND_EVENT_KINDS,
	CFT_APPEND_EVENT_SUBJECTS,
	CFT_APPEND_EVENT_PAYLOAD,
	CFT_APPEND_EVENT_HASH,
	CFT_APPEND_REQUEST_ID,
	CFT_APPEND_REQUEST_DIGEST,
	CFT_APPEND_REQUEST_REVISION,
	CFT_APPEND_REQUEST_SUBJECT,
	CFT_APPEND_INTENT_ID,
	CFT_APPEND_INTENT_AGENT,
	CFT_APPEND_INTENT_FEATURE,
	CFT_APPEND_INTENT_BRANCH,
	CFT_APPEND_INTENT_STATUS,
	CFT_APPEND_INTENT_RISK,
	CFT_APPEND_INTENT_CHANGES,
	CFT_APPEND_INTENT_TABLES,
	CFT_APPEND_INTENT_METADATA,
	CFT_APPEND_INTENT_CREATED,
	CFT_APPEND_INTENT_UPDATED,
	CFT_APPEND_INTENT_CREATED_REVISION,
	CFT_APPEND_INTENT_UPDATED_REVISION,
	CFT_APPEND_INTENT_PAYLOAD,
	CFT_APPEND_COLUMNS,
};

struct cft_append {
	size_t n_events;
	struct cft_pg_array columns[CFT_APPEND_COLUMNS];
	json_t *more; /* object with the arrays conflicts, bases and leases; absent where empty */
};

void cft_append_init(struct cft_append *append);
void cft_append_release(struct cft_append *append);
/* Adds an event with its request, if it has one. `hash` is the payload's. In order of revision. */
void cft_append_event(struct cft_append *append, const struct cft_event *event, const void *payload,
                      size_t len, const unsigned char hash[32]);
/* Adds an intent as it is after the group; each at most once. */
void cft_append_intent(struct cft_append *append, const struct cft_intent *intent,
                       const void *payload, size_t len);
/* Adds an object to one of the arrays of `more` (takes it). */
void cft_append_more(struct cft_append *append, const char *array, json_t *object);

#ifdef __cplusplus
}
#endif

#endif
