/* Group as JSON: what confiture.append (sql/001_log.sql) takes.
 * SPDX-License-Identifier: MIT
 *
 * Payloads are the codec's bytes in hex. The fields beside them are for people who look with SQL;
 * nothing of ours reads them back. A record that several commands of the group changed goes in
 * once, as the last one left it.
 */
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "server/codec/records_codec.h"
#include "server/store/sequencer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static json_t *hex_string(const void *data, size_t len)
{
	char *text = cft_malloc(2 * len + 1);
	json_t *string = json_stringn(cft_hex(data, len, text), 2 * len);

	free(text);
	return string;
}

static json_t *payload_string(struct cft_buf *payload)
{
	json_t *string = hex_string(payload->data, payload->len);

	cft_buf_release(payload);
	return string;
}

static json_t *strings(const struct cft_strings *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static void set_int(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value ? value : ""));
}

/* -- records -- */

static const char *const risk_names[] = {"", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
static const char *const conflict_status_names[] = {"", "OPEN", "RESOLVED", "VANISHED"};

static json_t *intent_json(const char *project, const struct cft_intent *intent)
{
	struct cft_buf payload = CFT_BUF_INIT;
	json_t *object = json_object();
	const char *metadata = intent->metadata_json;

	set_text(object, "id", intent->id);
	set_text(object, "agent_id", intent->agent_id);
	set_text(object, "feature_name", intent->feature_name);
	set_text(object, "branch_name", intent->branch_name);
	set_text(object, "status", cft_intent_status_name(intent->status));
	set_text(object, "risk_level", risk_names[intent->risk]);
	json_object_set_new(object, "schema_changes", strings(&intent->statements));
	json_object_set_new(object, "tables_affected", strings(&intent->tables_affected));
	json_object_set_new(object, "metadata",
	                    metadata[0] ? cft_json_parse(metadata, strlen(metadata), NULL) : NULL);
	set_int(object, "created_us", (uint64_t)intent->created_us);
	set_int(object, "updated_us", (uint64_t)intent->updated_us);
	set_int(object, "created_revision", intent->created_revision);
	set_int(object, "updated_revision", intent->updated_revision);
	cft_codec_intent_pack(project, intent, &payload);
	json_object_set_new(object, "payload", payload_string(&payload));
	return object;
}

static json_t *conflict_json(const char *project, const struct cft_conflict *conflict)
{
	struct cft_buf payload = CFT_BUF_INIT;
	json_t *object = json_object();

	set_text(object, "id", conflict->id);
	set_text(object, "intent_a", conflict->intent_a);
	set_text(object, "intent_b", conflict->intent_b);
	set_text(object, "conflict_type", conflict->type);
	set_text(object, "severity", cft_severity_text((enum cft_severity)conflict->severity));
	set_text(object, "status", conflict_status_names[conflict->status]);
	json_object_set_new(object, "affected_objects", strings(&conflict->objects));
	set_text(object, "explanation", conflict->explanation);
	set_text(object, "resolution_notes", conflict->resolution_notes);
	set_int(object, "created_us", (uint64_t)conflict->created_us);
	set_int(object, "created_revision", conflict->created_revision);
	set_int(object, "updated_revision", conflict->updated_revision);
	cft_codec_conflict_pack(project, conflict, &payload);
	json_object_set_new(object, "payload", payload_string(&payload));
	return object;
}

static json_t *base_json(const struct cft_base_schema *base)
{
	struct cft_buf payload = CFT_BUF_INIT;
	json_t *object = json_object();

	set_text(object, "fingerprint", base->fingerprint);
	set_int(object, "set_us", (uint64_t)base->set_us);
	cft_codec_base_pack(base, &payload);
	json_object_set_new(object, "payload", payload_string(&payload));
	return object;
}

/* -- the group -- */

struct records {
	json_t *intents, *conflicts; /* by id */
	json_t *base;                /* NULL = none */
};

static void add_change(struct records *records, const char *project,
                       const struct cft_change *change)
{
	const struct cft_intent *intent = change->intent;
	const struct cft_conflict *conflict = change->conflict;

	if (intent && !json_object_get(records->intents, intent->id))
		json_object_set_new(records->intents, intent->id, intent_json(project, intent));
	if (conflict && !json_object_get(records->conflicts, conflict->id))
		json_object_set_new(records->conflicts, conflict->id,
		                    conflict_json(project, conflict));
	if (change->base && !records->base)
		records->base = base_json(change->base);
}

static const char *change_subject(const struct cft_change *change)
{
	if (change->intent)
		return change->intent->id;
	return change->conflict ? change->conflict->id : change->base->fingerprint;
}

static json_t *event_json(const struct cft_project *project, const struct cft_event *event,
                          unsigned char hash[32])
{
	struct cft_buf payload = CFT_BUF_INIT;
	json_t *object = json_object(), *kinds = json_array(), *subjects = json_array();

	for (size_t i = 0; i < event->n_changes; i++) {
		const struct cft_change *change = &event->changes[i];
		json_array_append_new(kinds, json_string(cft_change_kind_name(change->kind)));
		json_array_append_new(subjects, json_string(change_subject(change)));
	}
	set_int(object, "revision", event->revision);
	set_int(object, "time_us", (uint64_t)event->time_us);
	set_text(object, "actor", event->actor);
	json_object_set_new(object, "kinds", kinds);
	json_object_set_new(object, "subjects", subjects);
	cft_codec_event_pack(project->name, event, hash, &payload);
	cft_sha256(payload.data, payload.len, hash);
	json_object_set_new(object, "hash", hex_string(hash, 32));
	json_object_set_new(object, "payload", payload_string(&payload));
	return object;
}

static json_t *request_json(const struct cft_event *event)
{
	json_t *object = json_object();

	set_text(object, "request_id", event->request_id);
	json_object_set_new(object, "body_digest", hex_string(event->request_digest, 32));
	set_int(object, "revision", event->revision);
	set_text(object, "subject_id", cft_event_subject(event));
	return object;
}

static json_t *lease_json(const struct cft_project *project, const struct cft_lease_op *op)
{
	static const char *const names[] = {"grant", "release", "lapse"};
	const struct cft_intent *intent = cft_state_intent(project->state, op->intent_id);
	json_t *object = json_object();

	set_text(object, "op", names[op->kind]);
	set_text(object, "intent_id", op->intent_id);
	set_text(object, "agent_id", intent ? intent->agent_id : "");
	set_int(object, "fence", op->fence);
	set_int(object, "ttl_us", (uint64_t)op->ttl_us);
	return object;
}

static json_t *values_of(json_t *by_id)
{
	json_t *array = json_array(), *value;
	const char *id;

	json_object_foreach (by_id, id, value)
		json_array_append(array, value);
	json_decref(by_id);
	return array;
}

/* The last change of a record comes first here, and wins. */
static void add_records(const struct cft_project *project, json_t *group)
{
	struct records records = {json_object(), json_object(), NULL};
	struct cft_waiting_command *waiting = project->group->prev;

	for (;; waiting = waiting->prev) {
		const struct cft_event *event = waiting->decision.event;
		for (size_t i = event ? event->n_changes : 0; i > 0; i--)
			add_change(&records, project->name, &event->changes[i - 1]);
		if (waiting == project->group)
			break;
	}
	json_t *bases = json_array();
	if (records.base)
		json_array_append_new(bases, records.base);
	json_object_set_new(group, "intents", values_of(records.intents));
	json_object_set_new(group, "conflicts", values_of(records.conflicts));
	json_object_set_new(group, "bases", bases);
}

json_t *cft_group_json(const struct cft_project *project, unsigned char hash[32])
{
	json_t *group = json_object();
	json_t *events = json_array(), *requests = json_array(), *leases = json_array();
	struct cft_waiting_command *waiting;

	DL_FOREACH (project->group, waiting) {
		const struct cft_decision *decision = &waiting->decision;
		if (!decision->event)
			continue;
		json_array_append_new(events, event_json(project, decision->event, hash));
		memcpy(waiting->hash, hash, 32);
		if (decision->event->request_id[0])
			json_array_append_new(requests, request_json(decision->event));
		if (decision->has_lease)
			json_array_append_new(leases, lease_json(project, &decision->lease));
	}
	json_object_set_new(group, "events", events);
	json_object_set_new(group, "requests", requests);
	json_object_set_new(group, "leases", leases);
	add_records(project, group);
	return group;
}
