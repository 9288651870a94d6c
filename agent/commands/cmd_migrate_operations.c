/* confiture migrate operations list, watch, cancel: what the server does to its targets.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/operation_watch.h"

#include "common/base/clock.h"

#include <string.h>

enum { LIST_MAX = 1000 };

static const char *status_of(const Confiture__V1__Operation *operation)
{
	return cft_render_enum(&confiture__v1__operation_status__descriptor, (int)operation->status,
	                       "OPERATION_STATUS_");
}

static bool is_over(const Confiture__V1__Operation *operation)
{
	return operation->status > CONFITURE__V1__OPERATION_STATUS__OPERATION_STATUS_RUNNING;
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *error_json(const Confiture__V1__Operation *operation)
{
	if (!operation->error_reason[0])
		return json_null();
	return json_pack("{s:s,s:s}", "reason", operation->error_reason, "message",
	                 operation->error_message);
}

static json_t *operation_json(const Confiture__V1__Operation *operation)
{
	json_t *json = json_pack(
		"{s:s,s:s,s:s,s:s,s:o,s:s,s:o,s:b}", "operation_id", operation->id, "target",
		operation->target, "kind", operation->kind, "agent_id", operation->agent_id,
		"intent_id", text_or_null(operation->intent_id), "status", status_of(operation),
		"versions", cft_render_strings(operation->versions, operation->n_versions),
		"cancel_requested", operation->cancel_requested);

	json_object_set_new(json, "fence", json_integer((json_int_t)operation->fence));
	json_object_set_new(json, "attempt", json_integer(operation->attempt));
	json_object_set_new(json, "server_id", text_or_null(operation->server_id));
	json_object_set_new(json, "created_at", cft_render_time(operation->create_time));
	json_object_set_new(json, "started_at", cft_render_time(operation->start_time));
	json_object_set_new(json, "ended_at", cft_render_time(operation->end_time));
	json_object_set_new(json, "schema_fingerprint",
	                    text_or_null(operation->schema_fingerprint));
	json_object_set_new(json, "error", error_json(operation));
	return json;
}

/* Seconds are enough for people. */
static const char *time_text(const Google__Protobuf__Timestamp *time, char text[CFT_TIME_TEXT])
{
	if (!time)
		return "";
	cft_time_format(time->seconds * 1000000, text);
	char *dot = strchr(text, '.');
	if (dot)
		memcpy(dot, "Z", 2);
	return text;
}

/* -- list -- */

static enum cft_style style_of(const Confiture__V1__Operation *operation)
{
	if (!is_over(operation))
		return CFT_STYLE_YELLOW;
	return operation->status == CONFITURE__V1__OPERATION_STATUS__OPERATION_STATUS_SUCCEEDED
	               ? CFT_STYLE_GREEN
	               : CFT_STYLE_RED;
}

static void add_row(struct cft_table *table, const Confiture__V1__Operation *operation)
{
	char time[CFT_TIME_TEXT];

	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", operation->id);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", operation->target);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", operation->kind);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", operation->agent_id);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", operation->intent_id);
	cft_table_cell(table, style_of(operation), "%s%s%s%s", status_of(operation),
	               operation->error_reason[0] ? " " : "", operation->error_reason,
	               operation->cancel_requested && !is_over(operation) ? ", to be cancelled"
	                                                                  : "");
	cft_table_cell(table, CFT_STYLE_DIM, "%s", time_text(operation->create_time, time));
}

static void show_table(struct cft_output *out, const Confiture__V1__ListOperationsResponse *found)
{
	static const struct cft_column columns[] = {
		{.title = "Operation ID"}, {.title = "Target", .flexible = true},
		{.title = "Kind"},         {.title = "Agent", .flexible = true},
		{.title = "Intent ID"},    {.title = "Status", .flexible = true},
		{.title = "Asked for"},
	};
	struct cft_table table;

	cft_table_init(&table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < found->n_operations; i++)
		add_row(&table, found->operations[i]);
	cft_out_table(out, &table);
	cft_table_release(&table);
}

static void answer_list(struct cft_coord *coord,
                        const Confiture__V1__ListOperationsResponse *response)
{
	json_t *list = json_array();

	for (size_t i = 0; i < response->n_operations; i++)
		json_array_append_new(list, operation_json(response->operations[i]));
	if (response->n_operations)
		show_table(coord->cmd->out, response);
	else
		cft_out_text(coord->cmd->out, "No operations");
	cft_coord_answer(coord,
	                 json_pack("{s:I,s:o}", "total", (json_int_t)response->n_operations,
	                           "operations", list),
	                 response->revision);
}

static int run_list(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__ListOperationsRequest request = CONFITURE__V1__LIST_OPERATIONS_REQUEST__INIT;
	Confiture__V1__ListOperationsResponse *response;
	const char *target = cft_cmd_str(cmd, "on");
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.target = (char *)(target ? target : "");
	request.active = cft_cmd_flag(cmd, "active");
	request.page_size = (int32_t)cft_cmd_int(cmd, "limit");
	rc = cft_coord_call_migration(&coord, "ListOperations", &request, &response, err);
	if (rc == 0)
		answer_list(&coord, response);
	if (rc == 0 && response->n_operations > 0 && cft_cmd_flag(cmd, "exit-code"))
		rc = 1;
	cft_coord_close(&coord);
	return rc;
}

/* -- watch -- */

static json_t *progress_json(const Confiture__V1__OperationProgress *progress, const char *kind)
{
	json_t *json = json_pack("{s:s,s:I,s:o,s:s,s:o,s:o,s:i,s:i,s:I,s:b,s:o}", "operation_id",
	                         progress->operation_id, "sequence", (json_int_t)progress->sequence,
	                         "time", cft_render_time(progress->time), "kind", kind, "version",
	                         text_or_null(progress->version), "name",
	                         text_or_null(progress->name), "done", progress->done, "total",
	                         progress->total, "duration_ms", (json_int_t)progress->duration_ms,
	                         "failed", progress->failed, "text", text_or_null(progress->text));

	if (progress->operation)
		json_object_set_new(json, "operation", operation_json(progress->operation));
	return json;
}

/* What the kind alone does not say. */
static const char *detail_of(struct cft_arena *arena,
                             const Confiture__V1__OperationProgress *progress)
{
	const Confiture__V1__Operation *operation = progress->operation;

	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_QUEUED && operation)
		return cft_arena_printf(arena, " %s on %s by %s", operation->kind,
		                        operation->target, operation->agent_id);
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_DONE && operation)
		return cft_arena_printf(arena, " %s", status_of(operation));
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_PLANNED)
		return cft_arena_printf(arena, " %d migration(s)", progress->total);
	if (progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_STATEMENT)
		return cft_arena_printf(arena, " %s_%s %d/%d", progress->version, progress->name,
		                        progress->done + 1, progress->total);
	if (progress->version[0])
		return cft_arena_printf(arena, " %s_%s%s", progress->version, progress->name,
		                        progress->failed ? " failed" : "");
	return "";
}

static void show_progress(void *ctx, const Confiture__V1__OperationProgress *progress)
{
	struct cft_cmd *cmd = ctx;
	const char *kind = cft_render_enum(&confiture__v1__progress_kind__descriptor,
	                                   (int)progress->kind, "PROGRESS_KIND_");
	struct cft_arena arena = CFT_ARENA_INIT;
	char time[CFT_TIME_TEXT];

	cft_out_text(cmd->out, "%s %s%s%s%s", time_text(progress->time, time), kind,
	             detail_of(&arena, progress), progress->text[0] ? ": " : "", progress->text);
	cft_out_flush(cmd->out);
	cft_out_json_line(cmd->out, progress_json(progress, kind));
	cft_arena_release(&arena);
}

static int run_watch(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__WatchOperationRequest request = CONFITURE__V1__WATCH_OPERATION_REQUEST__INIT;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.operation_id = (char *)cft_cmd_str(cmd, "operation-id");
	request.after_sequence = (uint64_t)cft_cmd_int(cmd, "after");
	struct cft_operation_watch watch = {.coord = &coord,
	                                    .show = show_progress,
	                                    .ctx = cmd,
	                                    .sequence = request.after_sequence};
	rc = cft_operation_watch(&watch, "WatchOperation", &request, err);
	cft_coord_close(&coord);
	return rc;
}

/* -- cancel -- */

static int answer_cancel(struct cft_coord *coord,
                         const Confiture__V1__CancelOperationResponse *response,
                         struct cft_err *err)
{
	const Confiture__V1__Operation *operation = response->operation;
	bool cancelled =
		operation->status == CONFITURE__V1__OPERATION_STATUS__OPERATION_STATUS_CANCELLED;
	json_t *document = json_pack("{s:o}", "operation", operation_json(operation));

	if (cancelled)
		cft_out_mark(coord->cmd->out, CFT_MARK_OK, "Operation %s is cancelled",
		             operation->id);
	else if (!is_over(operation))
		cft_out_mark(coord->cmd->out, CFT_MARK_PENDING,
		             "Operation %s is asked to stop; see what becomes of it: confiture "
		             "migrate operations watch --operation-id %s",
		             operation->id, operation->id);
	cft_coord_answer(coord, document, response->revision);
	if (cancelled || !is_over(operation))
		return 0;
	return cft_fail_reason(err, CFT_E_STATE, "OPERATION_OVER",
	                       "operation %s had ended before: %s", operation->id,
	                       status_of(operation));
}

static int run_cancel(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__CancelOperationRequest request =
		CONFITURE__V1__CANCEL_OPERATION_REQUEST__INIT;
	Confiture__V1__CancelOperationResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	request.agent_id = (char *)cft_cmd_str(cmd, "agent-id");
	request.operation_id = (char *)cft_cmd_str(cmd, "operation-id");
	rc = cft_coord_call_migration(&coord, "CancelOperation", &request, &response, err);
	if (rc == 0)
		rc = answer_cancel(&coord, response, err);
	cft_coord_close(&coord);
	return rc;
}

/* -- the commands -- */

#define OPERATION                                                                                \
	{                                                                                        \
		.name = "operation-id", .type = CFT_OPT_STRING, .value = "ID", .required = true, \
		.help = "The operation, e.g. op_abc123def456"                                    \
	}

static const struct cft_opt list_options[] = {
	{.name = "on",
         .type = CFT_OPT_STRING,
         .value = "TARGET",
         .help = "Only those on this target of the server"},
	{.name = "active", .type = CFT_OPT_FLAG, .help = "Only those that are queued or running"},
	{.name = "limit",
         .type = CFT_OPT_INT,
         .value = "N",
         .min = 1,
         .max = LIST_MAX,
         .fallback = "50",
         .help = "At most so many, the newest ones"},
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 if there are any"},
	CFT_OPT_END,
};

static const struct cft_opt watch_options[] = {
	OPERATION,
	{.name = "after",
         .type = CFT_OPT_INT,
         .value = "SEQUENCE",
         .min = 0,
         .max = INT64_MAX,
         .fallback = "0",
         .help = "Only what comes after this sequence number"},
	CFT_OPT_END,
};

static const struct cft_opt cancel_options[] = {OPERATION, CFT_COORD_AGENT(true), CFT_OPT_END};

static const struct cft_example list_examples[] = {
	{"What was done to the targets, and by whom", "confiture migrate operations list"},
	{"Is production being changed now?",
         "confiture migrate operations list --on production --active --exit-code"},
	CFT_EXAMPLE_END,
};

static const struct cft_example watch_examples[] = {
	{"The terminal with `migrate up --on` is gone: watch on",
         "confiture migrate operations watch --operation-id op_abc123def456"},
	{"One JSON object per line",
         "confiture migrate operations watch --operation-id op_abc123def456 --format json"},
	CFT_EXAMPLE_END,
};

static const struct cft_example cancel_examples[] = {
	{"Stop an apply that takes too long",
         "confiture migrate operations cancel --agent-id alice --operation-id op_abc123def456"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_operations_list = {
	.summary = "List applies, rollbacks and corrections of the ledger on the server's targets",
	.options = list_options,
	.examples = list_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_list,
};

const struct cft_command cft_cmd_migrate_operations_watch = {
	.summary = "Follow an operation from its beginning to its end",
	.description =
		"`migrate up --on` and the others say the operation's id. Leaving changes nothing: "
		"the operation goes on. Exits as the operation ends: 0 where it succeeded, else "
		"with its error.",
	.options = watch_options,
	.examples = watch_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_watch,
};

const struct cft_command cft_cmd_migrate_operations_cancel = {
	.summary = "Ask an operation to stop",
	.description = "The running statement is cancelled and its transaction rolled back; what "
		       "was committed before stays on record, and the next apply goes on after it. "
		       "An operation belongs to the agent that asked for it; the role operator may "
		       "name that agent. Exits with 5 where it had ended otherwise before.",
	.options = cancel_options,
	.examples = cancel_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_cancel,
};
