/* Group rows: what the group under way comes to, as the arguments of confiture.append.
 * SPDX-License-Identifier: MIT
 *
 * A record that several commands of the group changed goes in once, as the last one left it.
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

static const char *const conflict_status_names[] = {"", "OPEN", "RESOLVED", "VANISHED"};

static json_t *conflict_json(const struct cft_conflict *conflict,
                             const struct cft_codec_bytes *record)
{
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
	json_object_set_new(object, "payload", hex_string(record->data, record->len));
	return object;
}

static json_t *base_json(const struct cft_base_schema *base, const struct cft_codec_bytes *record)
{
	json_t *object = json_object();

	set_text(object, "fingerprint", base->fingerprint);
	set_int(object, "set_us", (uint64_t)base->set_us);
	json_object_set_new(object, "payload", hex_string(record->data, record->len));
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

/* -- the group -- */

/* The record that an event left is the one to write where the state still holds it: a later command
 * of the group would have put another one in its place. */
static void add_change(const struct cft_project *project, const struct cft_change *change,
                       const struct cft_codec_bytes *record, struct cft_append *append)
{
	const struct cft_intent *intent = change->intent;
	const struct cft_conflict *conflict = change->conflict;
	const struct cft_state *state = project->state;

	if (intent && cft_state_intent(state, intent->id) == intent)
		cft_append_intent(append, intent, record->data, record->len);
	if (conflict && cft_state_conflict(state, conflict->id) == conflict)
		cft_append_more(append, "conflicts", conflict_json(conflict, record));
	if (change->base && cft_state_base(state) == change->base)
		cft_append_more(append, "bases", base_json(change->base, record));
}

static void add_event(const struct cft_project *project, const struct cft_event *event,
                      unsigned char hash[32], struct cft_buf *payload, struct cft_append *append)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	cft_buf_clear(payload);
	const struct cft_codec_bytes *records =
		cft_codec_event_pack(project->name, event, hash, &arena, payload);
	cft_sha256(payload->data, payload->len, hash);
	cft_append_event(append, event, payload->data, payload->len, hash);
	for (size_t i = 0; i < event->n_changes; i++)
		add_change(project, &event->changes[i], &records[i], append);
	cft_arena_release(&arena);
}

void cft_group_rows(const struct cft_project *project, unsigned char hash[32],
                    struct cft_append *append)
{
	struct cft_buf payload = CFT_BUF_INIT;
	struct cft_waiting_command *waiting;

	DL_FOREACH (project->group, waiting) {
		const struct cft_decision *decision = &waiting->decision;
		if (!decision->event)
			continue;
		add_event(project, decision->event, hash, &payload, append);
		memcpy(waiting->hash, hash, 32);
		if (decision->has_lease)
			cft_append_more(append, "leases", lease_json(project, &decision->lease));
	}
	cft_buf_release(&payload);
}
