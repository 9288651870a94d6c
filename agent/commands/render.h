/* Render: the one JSON form and the one text form of intents, conflicts and events.
 * SPDX-License-Identifier: MIT
 *
 * JSON functions return a new reference; what they read is borrowed.
 */
#ifndef CFT_COMMANDS_RENDER_H
#define CFT_COMMANDS_RENDER_H

#include "agent/output/output.h"
#include "common/base/json.h"

#include <confiture/v1/coordination_service.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An enum's value without its prefix: "IN_PROGRESS". */
const char *cft_render_status(Confiture__V1__IntentStatus status);
const char *cft_render_severity(Confiture__V1__Severity severity);
/* Any enum of the API: the value's name after `prefix`; "" for the zero value. */
const char *cft_render_enum(const ProtobufCEnumDescriptor *descriptor, int value,
                            const char *prefix);
/* "2026-11-22T18:00:00.000000Z", or JSON null where unset. */
/* {"fingerprint","source","set_at","object_count","age_ms"}; null where none is set. */
json_t *cft_render_base(const Confiture__V1__BaseSchema *base);
json_t *cft_render_time(const Google__Protobuf__Timestamp *time);
json_t *cft_render_strings(char *const *v, size_t n);

json_t *cft_render_intent(const Confiture__V1__Intent *intent);
json_t *cft_render_conflict(const Confiture__V1__Conflict *conflict);
json_t *cft_render_intents(Confiture__V1__Intent *const *v, size_t n);
/* The conflicts of at least `least`, and (in `*ret_notes`, if not NULL) those below it. */
json_t *cft_render_conflicts(Confiture__V1__Conflict *const *v, size_t n,
                             Confiture__V1__Severity least, json_t **ret_notes);
size_t cft_render_count(Confiture__V1__Conflict *const *v, size_t n, Confiture__V1__Severity least);
/* One line of a stream: {"revision","time","kind","project","actor", "intent"|"conflict"|"base"}.
 */
json_t *cft_render_change(const Confiture__V1__Event *event, const Confiture__V1__Change *change);
/* Every change of the events, flat. */
json_t *cft_render_events(Confiture__V1__Event *const *v, size_t n);

void cft_render_intent_table(struct cft_output *out, Confiture__V1__Intent *const *v, size_t n);
/* All fields of one intent, one per line. */
void cft_render_intent_text(struct cft_output *out, const Confiture__V1__Intent *intent);
/* "- alice is working on 'users' table (int_…)" with its explanation and suggestions, as the agent
 * `viewer` should read it ("": nobody in particular). */
void cft_render_conflict_text(struct cft_output *out, const Confiture__V1__Conflict *conflict,
                              const char *viewer);
/* Those of at least `least`, under a heading; nothing where there are none. */
void cft_render_conflicts_text(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n,
                               Confiture__V1__Severity least, const char *viewer);
/* The notes: those below `least`, a line each. */
void cft_render_notes_text(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n,
                           Confiture__V1__Severity least);
/* What both orders did in PostgreSQL (common/prove/prove.h), and whether it was the `predicted`
 * verdict (NULL: says nothing about that). */
void cft_render_proof_text(struct cft_output *out, const json_t *proof, const char *name_a,
                           const char *name_b, const char *predicted);
void cft_render_conflict_table(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n);
void cft_render_change_text(struct cft_output *out, const Confiture__V1__Event *event,
                            const Confiture__V1__Change *change);
/* "'users' table" for "table public.users"; in the arena. */
const char *cft_render_object(struct cft_arena *arena, const char *key);

#ifdef __cplusplus
}
#endif

#endif
