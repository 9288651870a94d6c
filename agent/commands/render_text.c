/* Render: intents, conflicts and events for people.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/render.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#include <string.h>
#include <time.h>

static enum cft_style status_style(const Confiture__V1__Intent *intent)
{
	if (intent->blocked)
		return CFT_STYLE_RED;
	switch (intent->status) {
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_IN_PROGRESS:
		return CFT_STYLE_YELLOW;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_COMPLETED:
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_MERGED:
		return CFT_STYLE_GREEN;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_ABANDONED:
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_EXPIRED:
		return CFT_STYLE_DIM;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED:
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_UNSPECIFIED:
	case _CONFITURE__V1__INTENT_STATUS_IS_INT_SIZE:
		break;
	}
	return CFT_STYLE_PLAIN;
}

static enum cft_style severity_style(Confiture__V1__Severity severity)
{
	if (severity == CONFITURE__V1__SEVERITY__SEVERITY_ERROR)
		return CFT_STYLE_RED;
	return severity == CONFITURE__V1__SEVERITY__SEVERITY_WARNING ? CFT_STYLE_YELLOW
	                                                             : CFT_STYLE_DIM;
}

/* Conflicted is no status of its own, but what everybody looks for: what is registered and blocked
 * cannot go on, and is called so. */
static const char *status_text(struct cft_arena *arena, const Confiture__V1__Intent *intent)
{
	const char *status = cft_render_status(intent->status);

	if (intent->blocked &&
	    intent->status == CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED)
		return "CONFLICTED";
	return cft_arena_printf(arena, "%s%s", status,
	                        intent->blocked ? " (conflicted)"
	                        : intent->stale ? " (stale)"
	                                        : "");
}

static const char *joined(struct cft_arena *arena, char *const *v, size_t n)
{
	struct cft_buf buf = CFT_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		cft_buf_addf(&buf, "%s%s", i ? ", " : "", v[i]);
	char *text = cft_arena_strdup(arena, cft_buf_str(&buf));
	cft_buf_release(&buf);
	return text;
}

void cft_render_intent_table(struct cft_output *out, Confiture__V1__Intent *const *v, size_t n)
{
	static const struct cft_column columns[] = {
		{.title = "Intent ID"},
		{.title = "Agent", .flexible = true},
		{.title = "Feature", .flexible = true},
		{.title = "Status"},
		{.title = "Tables", .flexible = true},
	};
	struct cft_table table;

	cft_table_init(&table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < n; i++) {
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", v[i]->id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", v[i]->agent_id);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", v[i]->feature_name);
		cft_table_cell(&table, status_style(v[i]), "%s", status_text(&table.arena, v[i]));
		cft_table_cell(
			&table, CFT_STYLE_PLAIN, "%s",
			joined(&table.arena, v[i]->tables_affected, v[i]->n_tables_affected));
	}
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static void field(struct cft_output *out, const char *name, const char *text)
{
	if (text && text[0])
		cft_out_text(out, "%-11s %s", name, text);
}

static const char *time_text(const Google__Protobuf__Timestamp *time, char out[CFT_TIME_TEXT])
{
	if (!time)
		return "";
	cft_time_format(time->seconds * 1000000, out);
	/* Seconds are enough for people: ".000000Z" becomes "Z". */
	char *dot = strchr(out, '.');
	if (dot)
		memcpy(dot, "Z", 2);
	return out;
}

void cft_render_intent_text(struct cft_output *out, const Confiture__V1__Intent *intent)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	char time[CFT_TIME_TEXT];

	field(out, "Intent:", intent->id);
	field(out, "Agent:", intent->agent_id);
	field(out, "Feature:", intent->feature_name);
	field(out, "Branch:", intent->branch_name);
	field(out, "Status:", status_text(&arena, intent));
	field(out, "Tables:", joined(&arena, intent->tables_affected, intent->n_tables_affected));
	if (intent->lease)
		field(out, "Lease:",
		      cft_arena_printf(&arena, "fence %llu, until %s",
		                       (unsigned long long)intent->lease->fence,
		                       time_text(intent->lease->expire_time, time)));
	field(out, "Created:", time_text(intent->create_time, time));
	field(out, "Updated:", time_text(intent->update_time, time));
	field(out, "Outcome:", intent->outcome);
	field(out, "Notes:", intent->notes);
	field(out, "Reason:", intent->reason);
	if (intent->sketch)
		field(out, "Sketch:", "the SQL leaves details open (...)");
	for (size_t i = 0; i < intent->n_schema_changes; i++)
		cft_out_text(out, "%s%s;", i ? "" : "Changes:\n", intent->schema_changes[i]);
	cft_arena_release(&arena);
}

/* The name in "column public.users.age", and how long the kind in front of it is. */
static const char *name_of(const char *key, int *ret_kind)
{
	/* Kinds may have two words ("materialized view"); names with blanks are quoted. */
	const char *end = key + strcspn(key, "\"");
	const char *blank = memrchr(key, ' ', (size_t)(end - key));
	const char *name = blank ? blank + 1 : key;

	if (ret_kind)
		*ret_kind = blank ? (int)(blank - key) : 0;
	return cft_has_prefix(name, "public.") ? name + 7 : name;
}

const char *cft_render_object(struct cft_arena *arena, const char *key)
{
	int kind;
	const char *name = name_of(key, &kind);

	return cft_arena_printf(arena, "'%s'%s%.*s", name, kind ? " " : "", kind, key);
}

/* Who else is in it, from the viewer's side. */
static void other_side(const Confiture__V1__Conflict *c, const char *viewer, const char **ret_agent,
                       const char **ret_intent)
{
	bool viewer_is_a = c->intent_b[0] && viewer[0] && strcmp(c->agent_a, viewer) == 0 &&
	                   strcmp(c->agent_b, viewer) != 0;

	*ret_agent = viewer_is_a ? c->agent_b : c->agent_a;
	*ret_intent = viewer_is_a ? c->intent_b : c->intent_a;
}

void cft_render_conflict_text(struct cft_output *out, const Confiture__V1__Conflict *c,
                              const char *viewer)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *agent, *intent;
	const char *object = c->n_affected_objects
	                             ? cft_render_object(&arena, c->affected_objects[0])
	                             : "the schema";

	other_side(c, viewer, &agent, &intent);
	if (strcmp(c->conflict_type, "missing_object") == 0)
		cft_out_mark(out, CFT_MARK_BULLET, "Nobody has %s", object);
	else
		cft_out_mark(out, CFT_MARK_BULLET, "%s is working on %s (%s)%s", agent, object,
		             intent, c->awaiting_merge ? ", done and awaiting merge" : "");
	cft_out_styled(out, severity_style(c->severity), "    %s %s%s%s",
	               cft_render_severity(c->severity), c->id[0] ? c->id : c->conflict_type,
	               c->explanation[0] ? ": " : "", c->explanation);
	for (size_t i = 0; i < c->n_resolution_suggestions; i++)
		cft_out_mark(out, CFT_MARK_BULLET, "Suggestion: %s", c->resolution_suggestions[i]);
	if (c->proof_json[0]) {
		json_t *proof = cft_json_parse(c->proof_json, strlen(c->proof_json), NULL);
		cft_render_proof_text(out, proof, c->intent_a, c->intent_b, NULL);
		json_decref(proof);
	}
	cft_arena_release(&arena);
}

void cft_render_conflicts_text(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n,
                               Confiture__V1__Severity least, const char *viewer)
{
	size_t count = cft_render_count(v, n, least);

	if (count == 1)
		cft_out_mark(out, CFT_MARK_WARN, "Conflict detected!");
	else if (count > 1)
		cft_out_mark(out, CFT_MARK_WARN, "%zu conflicts detected!", count);
	for (size_t i = 0; i < n; i++)
		if (v[i]->severity >= least)
			cft_render_conflict_text(out, v[i], viewer);
}

void cft_render_notes_text(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n,
                           Confiture__V1__Severity least)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->severity < least)
			cft_out_mark(out, CFT_MARK_INFO, "%s", v[i]->explanation);
}

/* What the kind is shows in the class and the explanation; a narrow terminal has room for names. */
static const char *object_names(struct cft_arena *arena, char *const *keys, size_t n)
{
	char **names = cft_arena_array(arena, char *, n);
	size_t distinct = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		names[distinct] = (char *)name_of(keys[i], NULL);
		while (strcmp(names[k], names[distinct]) != 0)
			k++;
		distinct += k == distinct;
	}
	return joined(arena, names, distinct);
}

static bool all_open(Confiture__V1__Conflict *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->status != CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_OPEN)
			return false;
	return true;
}

void cft_render_conflict_table(struct cft_output *out, Confiture__V1__Conflict *const *v, size_t n)
{
	static const struct cft_column columns[] = {
		{.title = "Conflict ID"},
		{.title = "Severity"},
		{.title = "Agents", .flexible = true},
		{.title = "Objects", .flexible = true},
		{.title = "Class"},
		{.title = "Status"},
	};
	bool with_status = !all_open(v, n);
	struct cft_table table;

	cft_table_init(&table, NULL, columns,
	               sizeof(columns) / sizeof(columns[0]) - (with_status ? 0 : 1));
	for (size_t i = 0; i < n; i++) {
		const Confiture__V1__Conflict *c = v[i];
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", c->id);
		cft_table_cell(&table, severity_style(c->severity), "%s",
		               cft_render_severity(c->severity));
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s, %s", c->agent_a, c->agent_b);
		cft_table_cell(
			&table, CFT_STYLE_PLAIN, "%s",
			object_names(&table.arena, c->affected_objects, c->n_affected_objects));
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s",
		               cft_render_enum(&confiture__v1__conflict_class__descriptor,
		                               (int)c->conflict_class, "CONFLICT_CLASS_"));
		if (with_status)
			cft_table_cell(&table, CFT_STYLE_PLAIN, "%s",
			               cft_render_enum(&confiture__v1__conflict_status__descriptor,
			                               (int)c->status, "CONFLICT_STATUS_"));
	}
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static const char *subject_text(struct cft_arena *arena, const Confiture__V1__Change *change)
{
	const Confiture__V1__Conflict *c = change->conflict;

	switch (change->subject_case) {
	case CONFITURE__V1__CHANGE__SUBJECT_INTENT:
		return cft_arena_printf(arena, "%s %s by %s%s%s", change->intent->id,
		                        change->intent->feature_name, change->intent->agent_id,
		                        change->intent->n_tables_affected ? " on " : "",
		                        joined(arena, change->intent->tables_affected,
		                               change->intent->n_tables_affected));
	case CONFITURE__V1__CHANGE__SUBJECT_CONFLICT:
		return cft_arena_printf(arena, "%s %s %s (%s) and %s (%s) on %s", c->id,
		                        cft_render_severity(c->severity), c->agent_a, c->intent_a,
		                        c->agent_b, c->intent_b,
		                        joined(arena, c->affected_objects, c->n_affected_objects));
	case CONFITURE__V1__CHANGE__SUBJECT_BASE_SCHEMA:
		return cft_arena_printf(arena, "%u objects from %s",
		                        change->base_schema->object_count,
		                        change->base_schema->source);
	case CONFITURE__V1__CHANGE__SUBJECT_TARGET_DRIFT:
		return cft_arena_printf(arena, "%s was changed beside the server since %s",
		                        change->target_drift->target,
		                        change->target_drift->operation_id);
	case CONFITURE__V1__CHANGE__SUBJECT_TARGET_CHANGE:
		return cft_arena_printf(arena, "%s: %s %s (%s)", change->target_change->target,
		                        change->target_change->action,
		                        change->target_change->versions,
		                        change->target_change->operation_id);
	case CONFITURE__V1__CHANGE__SUBJECT__NOT_SET:
	case _CONFITURE__V1__CHANGE__SUBJECT__CASE_IS_INT_SIZE:
		break;
	}
	return "";
}

static enum cft_mark change_mark(const Confiture__V1__Change *change)
{
	const char *kind = change->kind;
	static const struct {
		const char *kind;
		enum cft_mark mark;
	} marks[] = {
		{"conflict.detected", CFT_MARK_WARN},
		{"conflict.reopened", CFT_MARK_WARN},
		{"conflict.resolved", CFT_MARK_OK},
		{"conflict.vanished", CFT_MARK_OK},
		{"conflict.proven", CFT_MARK_OK},
		{"intent.completed", CFT_MARK_OK},
		{"intent.merged", CFT_MARK_OK},
		{"intent.expired", CFT_MARK_PENDING},
		{"intent.started", CFT_MARK_RUN},
		{"intent.applying", CFT_MARK_RUN},
		{"intent.apply_failed", CFT_MARK_WARN},
		{"intent.approved", CFT_MARK_OK},
		{"intent.rejected", CFT_MARK_WARN},
		{"intent.prerequisite_failed", CFT_MARK_WARN},
		{"target.drifted", CFT_MARK_WARN},
		{"target.changing", CFT_MARK_RUN},
	};

	/* A conflict that is a note everywhere else is no warning here. */
	if (change->subject_case == CONFITURE__V1__CHANGE__SUBJECT_CONFLICT &&
	    change->conflict->severity == CONFITURE__V1__SEVERITY__SEVERITY_INFO)
		return CFT_MARK_INFO;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(marks[i].kind, kind) == 0)
			return marks[i].mark;
	return CFT_MARK_INFO;
}

void cft_render_change_text(struct cft_output *out, const Confiture__V1__Event *event,
                            const Confiture__V1__Change *change)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	char time[CFT_TIME_TEXT];

	cft_out_mark(out, change_mark(change), "%s #%llu %s %s%s%s", time_text(event->time, time),
	             (unsigned long long)event->revision, change->kind,
	             subject_text(&arena, change), event->reason[0] ? ": " : "", event->reason);
	if (change->subject_case == CONFITURE__V1__CHANGE__SUBJECT_CONFLICT &&
	    change->conflict->explanation[0])
		cft_out_text(out, "     %s", change->conflict->explanation);
	cft_arena_release(&arena);
}
