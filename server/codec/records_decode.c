/* Protobuf messages to records and events.
 * SPDX-License-Identifier: MIT
 */
#include "server/codec/effects_codec.h"
#include "server/codec/records_codec.h"

#include <string.h>

static int not_ours(struct cft_err *err, const char *what)
{
	cft_fail_reason(err, CFT_E_INCONSISTENT, "CORRUPT_RECORD", "a stored %s cannot be decoded",
	                what);
	return cft_err_hint(err, "run `confiture audit verify`; restore from a backup if it fails");
}

int64_t cft_codec_time_us(const Google__Protobuf__Timestamp *time)
{
	return time ? time->seconds * 1000000 + time->nanos / 1000 : 0;
}

static struct cft_strings strings(char **texts, size_t n)
{
	struct cft_strings list = {(const char **)texts, n};

	return list;
}

static bool valid_intent(const Confiture__V1__Intent *message)
{
	int status = (int)message->status, risk = (int)message->risk_level;

	return message->id[0] && status >= CFT_INTENT_REGISTERED && status <= CFT_INTENT_EXPIRED &&
	       risk >= CFT_RISK_LOW && risk <= CFT_RISK_CRITICAL;
}

static void fill_intent(const Confiture__V1__Intent *from, struct cft_intent *to)
{
	to->id = from->id;
	to->agent_id = from->agent_id;
	to->feature_name = from->feature_name;
	to->branch_name = from->branch_name;
	to->statements = strings(from->schema_changes, from->n_schema_changes);
	to->tables_declared = strings(from->tables_declared, from->n_tables_declared);
	to->tables_affected = strings(from->tables_affected, from->n_tables_affected);
	to->risk = (enum cft_risk)from->risk_level;
	to->estimated_us = from->estimated_duration_ms * 1000;
	to->status = (enum cft_intent_status)from->status;
	to->sketch = from->sketch;
	to->opaque = from->opaque;
	to->generation = from->generation;
	to->fence = from->fence;
	to->lease_ttl_us = from->lease_ttl_ms * 1000;
	to->metadata_json = from->metadata_json;
	to->outcome = from->outcome;
	to->notes = from->notes;
	to->reason = from->reason;
	to->approval = (enum cft_approval)from->approval;
	to->approval_by = from->approval_by;
	to->approval_notes = from->approval_notes;
	to->approval_digest = from->approval_digest;
	to->approval_us = cft_codec_time_us(from->approval_time);
	to->applying = from->applying_operation;
	to->target = from->target;
	to->created_us = cft_codec_time_us(from->create_time);
	to->updated_us = cft_codec_time_us(from->update_time);
	to->created_revision = from->create_revision;
	to->updated_revision = from->update_revision;
}

static int parse_intent(const Confiture__V1__Intent *message, struct cft_intent **ret,
                        struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_effects effects = {0};
	struct cft_intent intent = {0};
	int rc = valid_intent(message) ? 0 : not_ours(err, "intent");

	if (rc == 0 && message->effects)
		rc = cft_codec_effects_parse(&arena, message->effects, &effects, err);
	if (rc == 0) {
		fill_intent(message, &intent);
		intent.effects = &effects;
		*ret = cft_intent_copy(&intent);
	}
	cft_arena_release(&arena);
	return rc;
}

static bool valid_conflict(const Confiture__V1__Conflict *message)
{
	int status = (int)message->status;

	return message->id[0] && status >= CFT_CONFLICT_OPEN && status <= CFT_CONFLICT_VANISHED &&
	       message->conflict_class > CONFITURE__V1__CONFLICT_CLASS__CONFLICT_CLASS_UNSPECIFIED;
}

static void fill_resolution(const Confiture__V1__Conflict *from, struct cft_conflict *to)
{
	to->status = (enum cft_conflict_status)from->status;
	to->order = (int)from->order;
	to->generation_a = from->generation_a;
	to->generation_b = from->generation_b;
	to->strategy = (enum cft_strategy)from->resolution_strategy;
	to->resolution_notes = from->resolution_notes;
	to->resolved_by = from->resolved_by;
	to->proof_json = from->proof_json;
	to->proven_verdict = from->proven_verdict;
	to->resolved_us = cft_codec_time_us(from->resolve_time);
}

static int parse_conflict(const Confiture__V1__Conflict *from, struct cft_conflict **ret,
                          struct cft_err *err)
{
	struct cft_conflict to = {0};

	if (!valid_conflict(from))
		return not_ours(err, "conflict");
	to.id = from->id;
	to.intent_a = from->intent_a;
	to.intent_b = from->intent_b;
	to.agent_a = from->agent_a;
	to.agent_b = from->agent_b;
	to.type = from->conflict_type;
	to.conflict_class = (int)from->conflict_class - 1;
	to.severity = (int)from->severity;
	to.objects = strings(from->affected_objects, from->n_affected_objects);
	to.explanation = from->explanation;
	to.suggestions = strings(from->resolution_suggestions, from->n_resolution_suggestions);
	to.created_us = cft_codec_time_us(from->create_time);
	to.created_revision = from->create_revision;
	to.updated_revision = from->update_revision;
	fill_resolution(from, &to);
	*ret = cft_conflict_copy(&to);
	return 0;
}

static int parse_base(const Confiture__V1__BaseSchema *from, struct cft_arena *arena,
                      struct cft_base_schema *ret, struct cft_err *err)
{
	struct cft_effects *effects = cft_arena_new(arena, struct cft_effects);

	if (from->effects) {
		int rc = cft_codec_effects_parse(arena, from->effects, effects, err);
		if (rc != 0)
			return rc;
	}
	ret->fingerprint = from->fingerprint;
	ret->source = from->source;
	ret->object_count = from->object_count;
	ret->revision = from->revision;
	ret->set_us = cft_codec_time_us(from->set_time);
	ret->effects = effects;
	return 0;
}

static struct cft_target_news *parse_drift(const Confiture__V1__TargetDrift *from)
{
	const struct cft_target_news news = {
		.target = from->target,
		.operation = from->operation_id,
		.expected = from->expected_fingerprint,
		.found = from->found_fingerprint,
	};

	return cft_target_news_copy(&news);
}

static struct cft_target_news *parse_target_change(const Confiture__V1__TargetChange *from)
{
	const struct cft_target_news news = {
		.target = from->target,
		.operation = from->operation_id,
		.action = from->action,
		.versions = from->versions,
	};

	return cft_target_news_copy(&news);
}

static int kind_number(const char *name)
{
#define CFT_X(NAME, number, wire)    \
	if (strcmp(name, wire) == 0) \
		return number;
	CFT_CHANGE_KIND_MAP(CFT_X)
#undef CFT_X
	return 0;
}

static int parse_change(const Confiture__V1__Change *from, struct cft_arena *arena,
                        struct cft_change *to, struct cft_err *err)
{
	int number = kind_number(from->kind);
	struct cft_intent *intent = NULL;
	struct cft_conflict *conflict = NULL;
	int rc = 0;

	if (number == 0)
		return not_ours(err, "change");
	to->kind = (enum cft_change_kind)number;
	if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_INTENT) {
		rc = parse_intent(from->intent, &intent, err);
	} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_CONFLICT) {
		rc = parse_conflict(from->conflict, &conflict, err);
	} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_BASE_SCHEMA) {
		struct cft_base_schema base = {0};
		rc = parse_base(from->base_schema, arena, &base, err);
		to->base = rc == 0 ? cft_base_schema_copy(&base) : NULL;
	} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_TARGET_DRIFT) {
		to->news = parse_drift(from->target_drift);
	} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_TARGET_CHANGE) {
		to->news = parse_target_change(from->target_change);
	}
	to->intent = intent;
	to->conflict = conflict;
	return rc;
}

static void fill_event(const Confiture__V1__Event *from, struct cft_event *to)
{
	to->revision = from->revision;
	to->time_us = cft_codec_time_us(from->time);
	to->actor = from->actor;
	to->reason = from->reason;
	to->forced = from->forced;
	to->request_id = from->request_id;
	if (from->request_digest.len == sizeof(to->request_digest))
		memcpy(to->request_digest, from->request_digest.data, sizeof(to->request_digest));
}

static int parse_event(const Confiture__V1__Event *message, struct cft_event **ret,
                       struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_event event = {0};
	int rc = 0;

	fill_event(message, &event);
	event.changes = cft_arena_array(&arena, struct cft_change, message->n_changes);
	for (; rc == 0 && event.n_changes < message->n_changes; event.n_changes++) {
		struct cft_change *to = &event.changes[event.n_changes];
		rc = parse_change(message->changes[event.n_changes], &arena, to, err);
	}
	if (rc == 0)
		*ret = cft_event_copy(&event); /* takes its own references */
	for (size_t i = 0; i < event.n_changes; i++) {
		cft_intent_unref(event.changes[i].intent);
		cft_conflict_unref(event.changes[i].conflict);
		cft_base_schema_unref(event.changes[i].base);
	}
	cft_arena_release(&arena);
	return rc;
}

static void take_hash(const ProtobufCBinaryData *bytes, unsigned char ret[32])
{
	memset(ret, 0, 32);
	if (bytes->len == 32)
		memcpy(ret, bytes->data, 32);
}

int cft_codec_event_unpack(const void *data, size_t len, struct cft_event **ret,
                           unsigned char ret_previous[32], struct cft_err *err)
{
	Confiture__V1__Event *message = confiture__v1__event__unpack(NULL, len, data);
	int rc = message ? parse_event(message, ret, err) : not_ours(err, "event");

	if (rc == 0 && ret_previous)
		take_hash(&message->previous_hash, ret_previous);

	confiture__v1__event__free_unpacked(message, NULL);
	return rc;
}

int cft_codec_intent_unpack(const void *data, size_t len, struct cft_intent **ret,
                            struct cft_err *err)
{
	Confiture__V1__Intent *message = confiture__v1__intent__unpack(NULL, len, data);
	int rc = message ? parse_intent(message, ret, err) : not_ours(err, "intent");

	confiture__v1__intent__free_unpacked(message, NULL);
	return rc;
}

int cft_codec_conflict_unpack(const void *data, size_t len, struct cft_conflict **ret,
                              struct cft_err *err)
{
	Confiture__V1__Conflict *message = confiture__v1__conflict__unpack(NULL, len, data);
	int rc = message ? parse_conflict(message, ret, err) : not_ours(err, "conflict");

	confiture__v1__conflict__free_unpacked(message, NULL);
	return rc;
}

/* protobuf-c allocates one block a string; from an arena, all of it ends with the arena. */
static void *arena_take(void *arena, size_t size)
{
	return cft_arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

int cft_codec_base_unpack(const void *data, size_t len, struct cft_arena *arena,
                          struct cft_base_schema *ret, struct cft_err *err)
{
	ProtobufCAllocator allocator = {arena_take, arena_keep, arena};
	Confiture__V1__BaseSchema *message =
		confiture__v1__base_schema__unpack(&allocator, len, data);

	return message ? parse_base(message, arena, ret, err) : not_ours(err, "base schema");
}
