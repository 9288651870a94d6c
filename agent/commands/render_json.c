/* Render: JSON of intents, conflicts and events.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/render.h"
#include "common/base/clock.h"

#include <ctype.h>
#include <string.h>

const char *cft_render_enum(const ProtobufCEnumDescriptor *descriptor, int value,
                            const char *prefix)
{
	const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);

	if (!found || value == 0)
		return "";
	size_t len = strlen(prefix);
	return strncmp(found->name, prefix, len) == 0 ? found->name + len : found->name;
}

const char *cft_render_status(Confiture__V1__IntentStatus status)
{
	return cft_render_enum(&confiture__v1__intent_status__descriptor, (int)status,
	                       "INTENT_STATUS_");
}

const char *cft_render_severity(Confiture__V1__Severity severity)
{
	return cft_render_enum(&confiture__v1__severity__descriptor, (int)severity, "SEVERITY_");
}

/* "ACCEPT_RISK" as "accept-risk", the way it is typed. */
static json_t *typed_name(const char *name, char dash)
{
	char text[64];
	size_t n = 0;

	for (; name[n] && n + 1 < sizeof(text); n++)
		text[n] = name[n] == '_' ? dash : (char)tolower((unsigned char)name[n]);
	text[n] = '\0';
	return n ? json_string(text) : json_null();
}

/* Others' text is valid UTF-8: the server refuses anything else, and the client checks. */
static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

json_t *cft_render_time(const Google__Protobuf__Timestamp *time)
{
	char text[CFT_TIME_TEXT];

	if (!time)
		return json_null();
	return json_string(cft_time_format(time->seconds * 1000000 + time->nanos / 1000, text));
}

json_t *cft_render_strings(char *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(v[i]));
	return array;
}

static json_t *metadata(const char *text)
{
	json_t *object = text[0] ? cft_json_parse(text, strlen(text), NULL) : NULL;

	return object ? object : json_object();
}

static json_t *lease(const Confiture__V1__Lease *lease)
{
	if (!lease)
		return json_null();
	return json_pack("{s:I, s:o, s:I}", "fence", (json_int_t)lease->fence, "expires_at",
	                 cft_render_time(lease->expire_time), "ttl_ms", (json_int_t)lease->ttl_ms);
}

static void set_closing(json_t *object, const Confiture__V1__Intent *intent)
{
	json_object_set_new(object, "outcome", text_or_null(intent->outcome));
	json_object_set_new(object, "notes", text_or_null(intent->notes));
	json_object_set_new(object, "reason", text_or_null(intent->reason));
}

json_t *cft_render_intent(const Confiture__V1__Intent *in)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:s, s:o, s:o, s:o, s:o}", "id", in->id,
		"agent_id", in->agent_id, "feature_name", in->feature_name, "branch_name",
		in->branch_name, "schema_changes",
		cft_render_strings(in->schema_changes, in->n_schema_changes), "tables_affected",
		cft_render_strings(in->tables_affected, in->n_tables_affected),
		"estimated_duration_ms", (json_int_t)in->estimated_duration_ms, "risk_level",
		typed_name(cft_render_enum(&confiture__v1__risk_level__descriptor,
	                                   (int)in->risk_level, "RISK_LEVEL_"),
	                   '-'),
		"status", cft_render_status(in->status), "created_at",
		cft_render_time(in->create_time), "updated_at", cft_render_time(in->update_time),
		"conflicts_with", cft_render_strings(in->conflicts_with, in->n_conflicts_with),
		"metadata", metadata(in->metadata_json));

	json_object_set_new(object, "tables_declared",
	                    cft_render_strings(in->tables_declared, in->n_tables_declared));
	json_object_set_new(object, "blocked", json_boolean(in->blocked));
	json_object_set_new(object, "sketch", json_boolean(in->sketch));
	json_object_set_new(object, "opaque", json_boolean(in->opaque));
	json_object_set_new(object, "stale", json_boolean(in->stale));
	json_object_set_new(object, "generation", json_integer(in->generation));
	json_object_set_new(object, "fence", json_integer((json_int_t)in->fence));
	json_object_set_new(object, "lease", lease(in->lease));
	set_closing(object, in);
	json_object_set_new(object, "etag", json_string(in->etag));
	json_object_set_new(object, "created_revision",
	                    json_integer((json_int_t)in->create_revision));
	json_object_set_new(object, "updated_revision",
	                    json_integer((json_int_t)in->update_revision));
	return object;
}

static void set_resolution(json_t *object, const Confiture__V1__Conflict *c)
{
	bool reviewed = c->status == CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_RESOLVED;

	json_object_set_new(object, "reviewed", json_boolean(reviewed));
	json_object_set_new(object, "reviewed_at", cft_render_time(c->resolve_time));
	json_object_set_new(object, "resolution_notes", text_or_null(c->resolution_notes));
	json_object_set_new(
		object, "resolution_strategy",
		typed_name(cft_render_enum(&confiture__v1__resolution_strategy__descriptor,
	                                   (int)c->resolution_strategy, "RESOLUTION_STRATEGY_"),
	                   '-'));
	json_object_set_new(object, "resolved_by", text_or_null(c->resolved_by));
}

json_t *cft_render_conflict(const Confiture__V1__Conflict *c)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:o}", "id", c->id, "intent_a",
		c->intent_a, "intent_b", text_or_null(c->intent_b), "agent_a", c->agent_a,
		"agent_b", c->agent_b, "conflict_type", c->conflict_type, "class",
		typed_name(cft_render_enum(&confiture__v1__conflict_class__descriptor,
	                                   (int)c->conflict_class, "CONFLICT_CLASS_"),
	                   '_'),
		"severity", cft_render_severity(c->severity), "affected_objects",
		cft_render_strings(c->affected_objects, c->n_affected_objects), "explanation",
		c->explanation, "resolution_suggestions",
		cft_render_strings(c->resolution_suggestions, c->n_resolution_suggestions));

	json_object_set_new(object, "status",
	                    json_string(cft_render_enum(&confiture__v1__conflict_status__descriptor,
	                                                (int)c->status, "CONFLICT_STATUS_")));
	set_resolution(object, c);
	json_object_set_new(object, "created_at", cft_render_time(c->create_time));
	json_object_set_new(object, "awaiting_merge", json_boolean(c->awaiting_merge));
	if (c->proof_json[0])
		json_object_set_new(object, "proof", metadata(c->proof_json));
	return object;
}

json_t *cft_render_intents(Confiture__V1__Intent *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, cft_render_intent(v[i]));
	return array;
}

json_t *cft_render_conflicts(Confiture__V1__Conflict *const *v, size_t n,
                             Confiture__V1__Severity least, json_t **ret_notes)
{
	json_t *conflicts = json_array(), *notes = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(v[i]->severity >= least ? conflicts : notes,
		                      cft_render_conflict(v[i]));
	if (ret_notes)
		*ret_notes = notes;
	else
		json_decref(notes);
	return conflicts;
}

size_t cft_render_count(Confiture__V1__Conflict *const *v, size_t n, Confiture__V1__Severity least)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += v[i]->severity >= least;
	return count;
}

json_t *cft_render_base(const Confiture__V1__BaseSchema *base)
{
	if (!base || !base->fingerprint[0])
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:I, s:I}", "fingerprint", base->fingerprint, "source",
	                 base->source, "set_at", cft_render_time(base->set_time), "object_count",
	                 (json_int_t)base->object_count, "age_ms", (json_int_t)base->age_ms);
}

/* In an event its age says nothing. */
static json_t *base_of_event(const Confiture__V1__BaseSchema *base)
{
	json_t *object = cft_render_base(base);

	json_object_del(object, "age_ms");
	return object;
}

static json_t *target_change(const Confiture__V1__TargetChange *operation)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "id", operation->operation_id, "target",
	                 operation->target, "action", operation->action, "versions",
	                 operation->versions);
}

static json_t *target_drift(const Confiture__V1__TargetDrift *drift)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "target", drift->target, "operation",
	                 drift->operation_id, "expected_fingerprint", drift->expected_fingerprint,
	                 "found_fingerprint", drift->found_fingerprint);
}

json_t *cft_render_change(const Confiture__V1__Event *event, const Confiture__V1__Change *change)
{
	json_t *object = json_pack("{s:I, s:o, s:s, s:s, s:o, s:o, s:b}", "revision",
	                           (json_int_t)event->revision, "time",
	                           cft_render_time(event->time), "kind", change->kind, "project",
	                           event->project, "actor", text_or_null(event->actor), "reason",
	                           text_or_null(event->reason), "forced", event->forced);

	switch (change->subject_case) {
	case CONFITURE__V1__CHANGE__SUBJECT_INTENT:
		json_object_set_new(object, "intent", cft_render_intent(change->intent));
		break;
	case CONFITURE__V1__CHANGE__SUBJECT_CONFLICT:
		json_object_set_new(object, "conflict", cft_render_conflict(change->conflict));
		break;
	case CONFITURE__V1__CHANGE__SUBJECT_BASE_SCHEMA:
		json_object_set_new(object, "base", base_of_event(change->base_schema));
		break;
	case CONFITURE__V1__CHANGE__SUBJECT_TARGET_DRIFT:
		json_object_set_new(object, "drift", target_drift(change->target_drift));
		break;
	case CONFITURE__V1__CHANGE__SUBJECT_TARGET_CHANGE:
		json_object_set_new(object, "operation", target_change(change->target_change));
		break;
	case CONFITURE__V1__CHANGE__SUBJECT__NOT_SET:
	case _CONFITURE__V1__CHANGE__SUBJECT__CASE_IS_INT_SIZE:
		break;
	}
	return object;
}

json_t *cft_render_events(Confiture__V1__Event *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < v[i]->n_changes; j++)
			json_array_append_new(array, cft_render_change(v[i], v[i]->changes[j]));
	return array;
}
