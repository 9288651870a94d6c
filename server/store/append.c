/* Append: rows as columns.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/append.h"

#include <assert.h>
#include <string.h>

static const enum cft_pg_type types[CFT_APPEND_COLUMNS] = {
	[CFT_APPEND_EVENT_TIME] = CFT_PG_TIMESTAMPTZ,
	[CFT_APPEND_EVENT_ACTOR] = CFT_PG_TEXT,
	[CFT_APPEND_EVENT_KINDS] = CFT_PG_TEXT,
	[CFT_APPEND_EVENT_SUBJECTS] = CFT_PG_TEXT,
	[CFT_APPEND_EVENT_PAYLOAD] = CFT_PG_BYTEA,
	[CFT_APPEND_EVENT_HASH] = CFT_PG_BYTEA,
	[CFT_APPEND_REQUEST_ID] = CFT_PG_TEXT,
	[CFT_APPEND_REQUEST_DIGEST] = CFT_PG_BYTEA,
	[CFT_APPEND_REQUEST_REVISION] = CFT_PG_INT8,
	[CFT_APPEND_REQUEST_SUBJECT] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_ID] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_AGENT] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_FEATURE] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_BRANCH] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_STATUS] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_RISK] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_CHANGES] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_TABLES] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_METADATA] = CFT_PG_TEXT,
	[CFT_APPEND_INTENT_CREATED] = CFT_PG_TIMESTAMPTZ,
	[CFT_APPEND_INTENT_UPDATED] = CFT_PG_TIMESTAMPTZ,
	[CFT_APPEND_INTENT_CREATED_REVISION] = CFT_PG_INT8,
	[CFT_APPEND_INTENT_UPDATED_REVISION] = CFT_PG_INT8,
	[CFT_APPEND_INTENT_PAYLOAD] = CFT_PG_BYTEA,
};

void cft_append_init(struct cft_append *append)
{
	memset(append, 0, sizeof(*append));
	for (size_t i = 0; i < CFT_APPEND_COLUMNS; i++)
		cft_pg_array_init(&append->columns[i], types[i]);
}

void cft_append_release(struct cft_append *append)
{
	for (size_t i = 0; i < CFT_APPEND_COLUMNS; i++)
		cft_pg_array_release(&append->columns[i]);
	json_decref(append->more);
	memset(append, 0, sizeof(*append));
}

static const char *change_subject(const struct cft_change *change)
{
	if (change->intent)
		return change->intent->id;
	if (change->news)
		return change->news->target;
	return change->conflict ? change->conflict->id : change->base->fingerprint;
}

static void add_changes(struct cft_append *append, const struct cft_event *event)
{
	struct cft_pg_array *columns = append->columns;
	struct cft_arena arena = CFT_ARENA_INIT;
	const char **kinds = cft_arena_array(&arena, const char *, event->n_changes);
	const char **subjects = cft_arena_array(&arena, const char *, event->n_changes);

	for (size_t i = 0; i < event->n_changes; i++) {
		kinds[i] = cft_change_kind_name(event->changes[i].kind);
		subjects[i] = change_subject(&event->changes[i]);
	}
	cft_pg_array_add_texts(&columns[CFT_APPEND_EVENT_KINDS], kinds, event->n_changes);
	cft_pg_array_add_texts(&columns[CFT_APPEND_EVENT_SUBJECTS], subjects, event->n_changes);
	cft_arena_release(&arena);
}

static void add_request(struct cft_append *append, const struct cft_event *event)
{
	struct cft_pg_array *columns = append->columns;

	cft_pg_array_add_text(&columns[CFT_APPEND_REQUEST_ID], event->request_id);
	cft_pg_array_add(&columns[CFT_APPEND_REQUEST_DIGEST], event->request_digest, 32);
	cft_pg_array_add_int(&columns[CFT_APPEND_REQUEST_REVISION], (int64_t)event->revision);
	cft_pg_array_add_text(&columns[CFT_APPEND_REQUEST_SUBJECT], cft_event_subject(event));
}

void cft_append_event(struct cft_append *append, const struct cft_event *event, const void *payload,
                      size_t len, const unsigned char hash[32])
{
	struct cft_pg_array *columns = append->columns;

	append->n_events++;
	cft_pg_array_add_time(&columns[CFT_APPEND_EVENT_TIME], event->time_us);
	cft_pg_array_add_text(&columns[CFT_APPEND_EVENT_ACTOR], event->actor);
	add_changes(append, event);
	cft_pg_array_add(&columns[CFT_APPEND_EVENT_PAYLOAD], payload, len);
	cft_pg_array_add(&columns[CFT_APPEND_EVENT_HASH], hash, 32);
	if (event->request_id[0])
		add_request(append, event);
}

static const char *const risk_names[] = {"", "LOW", "MEDIUM", "HIGH", "CRITICAL"};

static void add_intent_texts(struct cft_pg_array *columns, const struct cft_intent *intent)
{
	const char *metadata = intent->metadata_json;

	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_ID], intent->id);
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_AGENT], intent->agent_id);
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_FEATURE], intent->feature_name);
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_BRANCH], intent->branch_name);
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_STATUS],
	                      cft_intent_status_name(intent->status));
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_RISK], risk_names[intent->risk]);
	cft_pg_array_add_texts(&columns[CFT_APPEND_INTENT_CHANGES], intent->statements.v,
	                       intent->statements.n);
	cft_pg_array_add_texts(&columns[CFT_APPEND_INTENT_TABLES], intent->tables_affected.v,
	                       intent->tables_affected.n);
	cft_pg_array_add_text(&columns[CFT_APPEND_INTENT_METADATA], metadata[0] ? metadata : NULL);
}

void cft_append_intent(struct cft_append *append, const struct cft_intent *intent,
                       const void *payload, size_t len)
{
	struct cft_pg_array *columns = append->columns;

	add_intent_texts(columns, intent);
	cft_pg_array_add_time(&columns[CFT_APPEND_INTENT_CREATED], intent->created_us);
	cft_pg_array_add_time(&columns[CFT_APPEND_INTENT_UPDATED], intent->updated_us);
	cft_pg_array_add_int(&columns[CFT_APPEND_INTENT_CREATED_REVISION],
	                     (int64_t)intent->created_revision);
	cft_pg_array_add_int(&columns[CFT_APPEND_INTENT_UPDATED_REVISION],
	                     (int64_t)intent->updated_revision);
	cft_pg_array_add(&columns[CFT_APPEND_INTENT_PAYLOAD], payload, len);
}

void cft_append_more(struct cft_append *append, const char *name, json_t *object)
{
	json_t *array;

	if (!append->more)
		append->more = json_object();
	array = json_object_get(append->more, name);
	if (!array) {
		array = json_array();
		json_object_set_new(append->more, name, array);
	}
	json_array_append_new(array, object);
}
