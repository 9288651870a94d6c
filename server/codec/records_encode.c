/* Records and events to protobuf messages.
 * SPDX-License-Identifier: MIT
 */
#include "server/codec/effects_codec.h"
#include "server/codec/records_codec.h"

static char *borrow(const char *text)
{
	return (char *)(text ? text : "");
}

static char **borrow_list(struct cft_arena *arena, const struct cft_strings *list, size_t *ret_n)
{
	char **texts = cft_arena_array(arena, char *, list->n);

	for (size_t i = 0; i < list->n; i++)
		texts[i] = borrow(list->v[i]);
	*ret_n = list->n;
	return texts;
}

Google__Protobuf__Timestamp *cft_codec_time(struct cft_arena *arena, int64_t us)
{
	if (us == 0)
		return NULL;
	Google__Protobuf__Timestamp *time = cft_arena_new(arena, Google__Protobuf__Timestamp);
	google__protobuf__timestamp__init(time);
	time->seconds = us / 1000000;
	time->nanos = (int32_t)(us % 1000000) * 1000;
	if (time->nanos < 0) {
		time->nanos += 1000000000;
		time->seconds--;
	}
	return time;
}

static void set_plan(struct cft_arena *arena, const struct cft_intent *from,
                     Confiture__V1__Intent *to, int flags)
{
	to->schema_changes = borrow_list(arena, &from->statements, &to->n_schema_changes);
	to->tables_declared = borrow_list(arena, &from->tables_declared, &to->n_tables_declared);
	to->tables_affected = borrow_list(arena, &from->tables_affected, &to->n_tables_affected);
	to->sketch = from->sketch;
	to->opaque = from->opaque;
	to->generation = from->generation;
	if (flags & CFT_WITH_EFFECTS)
		to->effects = cft_codec_effects(arena, cft_intent_effects(from, arena));
}

static void set_texts(const struct cft_intent *from, Confiture__V1__Intent *to)
{
	to->id = borrow(from->id);
	to->agent_id = borrow(from->agent_id);
	to->feature_name = borrow(from->feature_name);
	to->branch_name = borrow(from->branch_name);
	to->metadata_json = borrow(from->metadata_json);
	to->outcome = borrow(from->outcome);
	to->notes = borrow(from->notes);
	to->reason = borrow(from->reason);
}

static void set_approval(struct cft_arena *arena, const struct cft_intent *from,
                         Confiture__V1__Intent *to)
{
	to->approval = (Confiture__V1__ApprovalState)from->approval;
	to->approval_by = borrow(from->approval_by);
	to->approval_notes = borrow(from->approval_notes);
	to->approval_digest = borrow(from->approval_digest);
	to->approval_time = cft_codec_time(arena, from->approval_us);
	to->applying_operation = borrow(from->applying);
	to->target = borrow(from->target);
}

Confiture__V1__Intent *cft_codec_intent(struct cft_arena *arena, const char *project,
                                        const struct cft_intent *intent, int flags)
{
	Confiture__V1__Intent *to = cft_arena_new(arena, Confiture__V1__Intent);

	confiture__v1__intent__init(to);
	to->project = borrow(project);
	set_texts(intent, to);
	set_plan(arena, intent, to, flags);
	to->risk_level = (Confiture__V1__RiskLevel)intent->risk;
	to->estimated_duration_ms = intent->estimated_us / 1000;
	to->status = (Confiture__V1__IntentStatus)intent->status;
	set_approval(arena, intent, to);
	to->fence = intent->fence;
	to->lease_ttl_ms = intent->lease_ttl_us / 1000;
	to->create_time = cft_codec_time(arena, intent->created_us);
	to->update_time = cft_codec_time(arena, intent->updated_us);
	to->create_revision = intent->created_revision;
	to->update_revision = intent->updated_revision;
	to->etag = cft_arena_printf(arena, "%llu", (unsigned long long)intent->updated_revision);
	return to;
}

static void set_resolution(struct cft_arena *arena, const struct cft_conflict *from,
                           Confiture__V1__Conflict *to)
{
	to->status = (Confiture__V1__ConflictStatus)from->status;
	to->resolution_strategy = (Confiture__V1__ResolutionStrategy)from->strategy;
	to->resolution_notes = borrow(from->resolution_notes);
	to->resolved_by = borrow(from->resolved_by);
	to->resolve_time = cft_codec_time(arena, from->resolved_us);
	to->proof_json = borrow(from->proof_json);
	to->proven_verdict = borrow(from->proven_verdict);
	to->order = (Confiture__V1__ApplyOrder)from->order;
	to->generation_a = from->generation_a;
	to->generation_b = from->generation_b;
}

Confiture__V1__Conflict *cft_codec_conflict(struct cft_arena *arena, const char *project,
                                            const struct cft_conflict *conflict)
{
	Confiture__V1__Conflict *to = cft_arena_new(arena, Confiture__V1__Conflict);

	confiture__v1__conflict__init(to);
	to->project = borrow(project);
	to->id = borrow(conflict->id);
	to->intent_a = borrow(conflict->intent_a);
	to->intent_b = borrow(conflict->intent_b);
	to->agent_a = borrow(conflict->agent_a);
	to->agent_b = borrow(conflict->agent_b);
	to->conflict_type = borrow(conflict->type);
	/* The wire's 0 is "unspecified"; the library's classes start at 0. */
	to->conflict_class = (Confiture__V1__ConflictClass)(conflict->conflict_class + 1);
	to->severity = (Confiture__V1__Severity)conflict->severity;
	to->affected_objects = borrow_list(arena, &conflict->objects, &to->n_affected_objects);
	to->explanation = borrow(conflict->explanation);
	to->resolution_suggestions =
		borrow_list(arena, &conflict->suggestions, &to->n_resolution_suggestions);
	to->create_time = cft_codec_time(arena, conflict->created_us);
	to->create_revision = conflict->created_revision;
	to->update_revision = conflict->updated_revision;
	set_resolution(arena, conflict, to);
	return to;
}

Confiture__V1__BaseSchema *cft_codec_base(struct cft_arena *arena,
                                          const struct cft_base_schema *base, int flags)
{
	Confiture__V1__BaseSchema *to = cft_arena_new(arena, Confiture__V1__BaseSchema);

	confiture__v1__base_schema__init(to);
	to->fingerprint = borrow(base->fingerprint);
	to->source = borrow(base->source);
	to->set_time = cft_codec_time(arena, base->set_us);
	to->object_count = base->object_count;
	to->revision = base->revision;
	if ((flags & CFT_WITH_EFFECTS) && base->effects)
		to->effects = cft_codec_effects(arena, base->effects);
	return to;
}

static Confiture__V1__TargetDrift *target_drift(struct cft_arena *arena,
                                                const struct cft_target_news *news)
{
	Confiture__V1__TargetDrift *to = cft_arena_new(arena, Confiture__V1__TargetDrift);

	confiture__v1__target_drift__init(to);
	to->target = borrow(news->target);
	to->operation_id = borrow(news->operation);
	to->expected_fingerprint = borrow(news->expected);
	to->found_fingerprint = borrow(news->found);
	return to;
}

static Confiture__V1__TargetChange *target_change(struct cft_arena *arena,
                                                  const struct cft_target_news *news)
{
	Confiture__V1__TargetChange *to = cft_arena_new(arena, Confiture__V1__TargetChange);

	confiture__v1__target_change__init(to);
	to->target = borrow(news->target);
	to->operation_id = borrow(news->operation);
	to->action = borrow(news->action);
	to->versions = borrow(news->versions);
	return to;
}

static Confiture__V1__Change *change(struct cft_arena *arena, const char *project,
                                     const struct cft_change *from, int flags)
{
	Confiture__V1__Change *to = cft_arena_new(arena, Confiture__V1__Change);

	confiture__v1__change__init(to);
	to->kind = borrow(cft_change_kind_name(from->kind));
	if (from->intent) {
		to->subject_case = CONFITURE__V1__CHANGE__SUBJECT_INTENT;
		to->intent = cft_codec_intent(arena, project, from->intent, flags);
	} else if (from->conflict) {
		to->subject_case = CONFITURE__V1__CHANGE__SUBJECT_CONFLICT;
		to->conflict = cft_codec_conflict(arena, project, from->conflict);
	} else if (from->base) {
		to->subject_case = CONFITURE__V1__CHANGE__SUBJECT_BASE_SCHEMA;
		to->base_schema = cft_codec_base(arena, from->base, flags);
	} else if (from->news && from->kind == CFT_CHANGE_TARGET_CHANGING) {
		to->subject_case = CONFITURE__V1__CHANGE__SUBJECT_TARGET_CHANGE;
		to->target_change = target_change(arena, from->news);
	} else if (from->news) {
		to->subject_case = CONFITURE__V1__CHANGE__SUBJECT_TARGET_DRIFT;
		to->target_drift = target_drift(arena, from->news);
	}
	return to;
}

Confiture__V1__Event *cft_codec_event(struct cft_arena *arena, const char *project,
                                      const struct cft_event *event, int flags)
{
	Confiture__V1__Event *to = cft_arena_new(arena, Confiture__V1__Event);

	confiture__v1__event__init(to);
	to->revision = event->revision;
	to->project = borrow(project);
	to->time = cft_codec_time(arena, event->time_us);
	to->actor = borrow(event->actor);
	to->reason = borrow(event->reason);
	to->forced = event->forced;
	to->request_id = borrow(event->request_id);
	if (to->request_id[0]) {
		to->request_digest.data = (uint8_t *)event->request_digest;
		to->request_digest.len = sizeof(event->request_digest);
	}
	to->n_changes = event->n_changes;
	to->changes = cft_arena_array(arena, Confiture__V1__Change *, event->n_changes);
	for (size_t i = 0; i < event->n_changes; i++)
		to->changes[i] = change(arena, project, &event->changes[i], flags);
	return to;
}
