/* Operation: begins, lists and cancels applies and rollbacks.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/migration_parts.h"

#include "common/base/digest.h"
#include "common/rpc/codec.h"
#include "server/codec/records_codec.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 2000, LIST_DEFAULT = 50, ID_CHARACTERS = 12 };

/* -- showing -- */

static Confiture__V1__OperationStatus status_of(const char *name)
{
	static const char *const names[] = {"",          "QUEUED", "RUNNING",
	                                    "SUCCEEDED", "FAILED", "CANCELLED"};
	size_t i = sizeof(names) / sizeof(names[0]) - 1;

	while (i > 0 && strcmp(names[i], name) != 0)
		i--;
	return (Confiture__V1__OperationStatus)i;
}

static Google__Protobuf__Timestamp *time_at(struct cft_arena *arena, const char *us)
{
	return cft_codec_time(arena, strtoll(us, NULL, 10));
}

/* "001 002" */
static char **words(struct cft_arena *arena, const char *text, size_t *ret_n)
{
	char *copy = cft_arena_strdup(arena, text), *save = NULL;
	char **list = cft_arena_array(arena, char *, strlen(text) / 2 + 1);

	*ret_n = 0;
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		list[(*ret_n)++] = word;
	return list;
}

Confiture__V1__Operation *cft_operation_show(struct cft_arena *arena, const char *const *row)
{
	Confiture__V1__Operation *to = cft_arena_new(arena, Confiture__V1__Operation);

	confiture__v1__operation__init(to);
	to->id = cft_arena_strdup(arena, row[CFT_OPERATION_ID]);
	to->project = cft_arena_strdup(arena, row[CFT_OPERATION_PROJECT]);
	to->target = cft_arena_strdup(arena, row[CFT_OPERATION_TARGET]);
	to->kind = cft_arena_strdup(arena, row[CFT_OPERATION_KIND]);
	to->agent_id = cft_arena_strdup(arena, row[CFT_OPERATION_AGENT]);
	to->intent_id = cft_arena_strdup(arena, row[CFT_OPERATION_INTENT]);
	to->status = status_of(row[CFT_OPERATION_STATUS]);
	to->server_id = cft_arena_strdup(arena, row[CFT_OPERATION_SERVER]);
	to->attempt = (int32_t)strtol(row[CFT_OPERATION_ATTEMPT], NULL, 10);
	to->fence = strtoull(row[CFT_OPERATION_FENCE], NULL, 10);
	to->cancel_requested = row[CFT_OPERATION_CANCEL][0] == 't';
	to->versions = words(arena, row[CFT_OPERATION_VERSIONS], &to->n_versions);
	to->schema_fingerprint = cft_arena_strdup(arena, row[CFT_OPERATION_FINGERPRINT]);
	to->error_reason = cft_arena_strdup(arena, row[CFT_OPERATION_ERROR_REASON]);
	to->error_message = cft_arena_strdup(arena, row[CFT_OPERATION_ERROR_MESSAGE]);
	to->create_time = time_at(arena, row[CFT_OPERATION_CREATED_US]);
	to->start_time = time_at(arena, row[CFT_OPERATION_STARTED_US]);
	to->end_time = time_at(arena, row[CFT_OPERATION_ENDED_US]);
	return to;
}

/* -- beginning -- */

struct begin {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	const char *project;
};

static void on_created(void *ctx, const char *const *const *rows, size_t n,
                       const struct cft_err *err)
{
	struct begin *begin = ctx;
	const char *id = n ? rows[0][0] : "";
	struct cft_err refused;

	if (!err && !id[0])
		cft_fail_reason(&refused, CFT_E_EXISTS, "REQUEST_ID_REUSED",
		                "this request id was used for another request");
	if (strcmp(id, "full") == 0)
		cft_fail_reason(&refused, CFT_E_LIMIT, "TARGET_QUEUE_FULL",
		                "too many operations wait for this target");
	if (err || !id[0] || strcmp(id, "full") == 0) {
		cft_rpc_fail(begin->call, err ? err : &refused);
		return;
	}
	cft_runs_claim(begin->migration);
	cft_follow_start(begin->migration, begin->call, begin->project,
	                 cft_arena_strdup(cft_rpc_call_arena(begin->call), id), 0);
}

static const char *fresh_id(struct cft_arena *arena)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char random[ID_CHARACTERS];
	char *id = cft_arena_strdup(arena, "op_............");

	cft_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		id[3 + i] = letters[random[i] % 36];
	return id;
}

static void pack_queued(struct cft_arena *arena, const char *id,
                        const struct cft_operation_order *order, struct cft_buf *out)
{
	Confiture__V1__OperationProgress progress = CONFITURE__V1__OPERATION_PROGRESS__INIT;
	Confiture__V1__Operation operation = CONFITURE__V1__OPERATION__INIT;

	(void)arena;
	operation.id = (char *)id;
	operation.project = (char *)order->project;
	operation.target = (char *)order->target;
	operation.kind = (char *)order->kind;
	operation.agent_id = (char *)order->agent_id;
	operation.intent_id = (char *)order->intent_id;
	operation.status = CONFITURE__V1__OPERATION_STATUS__OPERATION_STATUS_QUEUED;
	progress.kind = CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_QUEUED;
	progress.operation = &operation;
	cft_proto_pack(&progress, out);
}

static int check_order(const struct cft_migration *migration,
                       const struct cft_operation_order *order, struct cft_err *err)
{
	bool record = cft_operation_is_record(order->kind);
	const struct cft_target *target;
	int rc = cft_check_name("agent_id", order->agent_id, true, err);

	if (rc == 0)
		rc = cft_check_name("request_id", order->request_id, false, err);
	if (rc == 0)
		rc = cft_check_name("intent_id", order->intent_id, false, err);
	if (rc != 0)
		return rc;
	if (order->n_files > MAX_FILES)
		return cft_fail_reason(err, CFT_E_LIMIT, "TOO_MANY_FILES", "more than %d files",
		                       MAX_FILES);
	target = cft_migration_target(migration, order->project, order->target,
	                              record ? NULL : order->agent_id, err);
	if (!target)
		return err->code;
	if (record || target->policy == CFT_APPLY_FREE || order->intent_id[0])
		return 0;
	if (strcmp(order->kind, "rollback") == 0) {
		cft_fail_reason(err, CFT_E_STATE, "ROLLBACK_NOT_ALLOWED",
		                "target %s takes declared changes only", target->name);
		return cft_err_hint(err, "register what undoes the change as an intent, and apply "
		                         "it");
	}
	cft_fail_reason(err, CFT_E_STATE, "INTENT_REQUIRED",
	                "target %s takes applies of completed intents only", target->name);
	return cft_err_hint(err, "say which: intent_id, or --intent-id of the command line");
}

void cft_operation_begin(struct cft_migration *migration, struct cft_rpc_call *call,
                         const struct cft_operation_order *order)
{
	struct cft_arena *arena = cft_rpc_call_arena(call);
	struct cft_buf request = CFT_BUF_INIT, progress = CFT_BUF_INIT;
	struct cft_err err;

	if (check_order(migration, order, &err) != 0) {
		cft_rpc_fail(call, &err);
		return;
	}
	struct begin *begin = cft_arena_new(arena, struct begin);
	*begin = (struct begin){migration, call, cft_arena_strdup(arena, order->project)};
	const char *id = fresh_id(arena);
	cft_proto_pack(order->request, &request);
	pack_queued(arena, id, order, &progress);
	const struct cft_operation_new fresh = {
		.id = id,
		.project = order->project,
		.target = order->target,
		.kind = order->kind,
		.agent_id = order->agent_id,
		.intent_id = order->intent_id,
		.request_id = order->request_id,
		.request = cft_buf_str(&request),
		.request_len = request.len,
		.progress = cft_buf_str(&progress),
		.progress_len = progress.len,
	};
	cft_store_operation_create(migration->options.store, &fresh, on_created, begin);
	cft_buf_release(&request);
	cft_buf_release(&progress);
}

CFT_MIGRATION_HANDLER(apply_migrations)
{
	const Confiture__V1__ApplyMigrationsRequest *r = request;
	struct cft_operation_order order = {
		.request_id = r->request_id,
		.agent_id = r->agent_id,
		.target = r->target,
		.intent_id = r->intent_id,
		.kind = "apply",
		.request = r,
		.n_files = r->n_files,
	};
	struct cft_err err;

	order.project = cft_check_project(r->project, &err);
	if (order.project)
		cft_operation_begin(ctx, call, &order);
	else
		cft_rpc_fail(call, &err);
}

CFT_MIGRATION_HANDLER(rollback_migrations)
{
	const Confiture__V1__RollbackMigrationsRequest *r = request;
	struct cft_operation_order order = {
		.request_id = r->request_id,
		.agent_id = r->agent_id,
		.target = r->target,
		.intent_id = "",
		.kind = "rollback",
		.request = r,
		.n_files = r->n_files,
	};
	struct cft_err err;

	order.project = cft_check_project(r->project, &err);
	if (order.project && (r->steps > 0) == (r->to_version[0] != '\0')) {
		cft_fail(&err, CFT_E_INVALID, "say how far: either steps or to_version");
		order.project = NULL;
	}
	if (order.project)
		cft_operation_begin(ctx, call, &order);
	else
		cft_rpc_fail(call, &err);
}

CFT_MIGRATION_HANDLER(watch_operation)
{
	const Confiture__V1__WatchOperationRequest *r = request;
	struct cft_err err;
	const char *project = cft_check_project(r->project, &err);

	if (project && cft_check_name("operation_id", r->operation_id, true, &err) == 0)
		cft_follow_start(ctx, call, project, r->operation_id, r->after_sequence);
	else
		cft_rpc_fail(call, &err);
}

/* -- list, cancel -- */

struct listing {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	const char *project;
};

static void on_listed(void *ctx, const char *const *const *rows, size_t n,
                      const struct cft_err *err)
{
	const struct listing *listing = ctx;
	struct cft_arena *arena = cft_rpc_call_arena(listing->call);
	Confiture__V1__ListOperationsResponse response =
		CONFITURE__V1__LIST_OPERATIONS_RESPONSE__INIT;

	if (err) {
		cft_rpc_fail(listing->call, err);
		return;
	}
	response.operations = cft_arena_array(arena, Confiture__V1__Operation *, n);
	for (size_t i = 0; i < n; i++)
		response.operations[response.n_operations++] = cft_operation_show(arena, rows[i]);
	cft_answer(listing->migration, listing->call, listing->project, &response);
}

CFT_MIGRATION_HANDLER(list_operations)
{
	const Confiture__V1__ListOperationsRequest *r = request;
	struct cft_migration *migration = ctx;
	struct cft_err err;
	const char *project = cft_check_project(r->project, &err);
	struct listing *listing = cft_arena_new(cft_rpc_call_arena(call), struct listing);
	size_t limit;

	*listing = (struct listing){migration, call, project};
	if (project &&
	    cft_check_page(r->page_size ? r->page_size : LIST_DEFAULT, &limit, &err) == 0)
		cft_store_operation_list(migration->options.store, project, r->target,
		                         r->operation_id, r->active, (int)limit, on_listed,
		                         listing);
	else
		cft_rpc_fail(call, &err);
}

struct cancel {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	const char *project, *id, *agent;
	bool requested;
};

static void on_cancel_row(void *ctx, const char *const *const *rows, size_t n,
                          const struct cft_err *err);

static void find(struct cancel *cancel)
{
	cft_store_operation_list(cancel->migration->options.store, cancel->project, "", cancel->id,
	                         false, 1, on_cancel_row, cancel);
}

static void on_requested(void *ctx, const char *const *const *rows, size_t n,
                         const struct cft_err *err)
{
	struct cancel *cancel = ctx;

	(void)rows;
	(void)n;
	if (err) {
		cft_rpc_fail(cancel->call, err);
		return;
	}
	cancel->requested = true;
	find(cancel);
}

static int may_cancel(const struct cancel *cancel, const char *const *const *rows, size_t n,
                      struct cft_err *err)
{
	if (n == 0)
		return cft_fail_reason(err, CFT_E_NOT_FOUND, "OPERATION_NOT_FOUND",
		                       "no operation %s in project %s", cancel->id,
		                       cancel->project);
	if (strcmp(rows[0][CFT_OPERATION_AGENT], cancel->agent) != 0)
		return cft_fail_reason(err, CFT_E_FORBIDDEN, "NOT_YOUR_OPERATION",
		                       "operation %s is of agent %s, who alone cancels it",
		                       cancel->id, rows[0][CFT_OPERATION_AGENT]);
	return 0;
}

/* Comes twice: to see whose it is, and with what became of it. */
static void on_cancel_row(void *ctx, const char *const *const *rows, size_t n,
                          const struct cft_err *err)
{
	struct cancel *cancel = ctx;
	Confiture__V1__CancelOperationResponse response =
		CONFITURE__V1__CANCEL_OPERATION_RESPONSE__INIT;
	struct cft_err refusal;

	if (err || may_cancel(cancel, rows, n, &refusal) != 0) {
		cft_rpc_fail(cancel->call, err ? err : &refusal);
		return;
	}
	if (!cancel->requested) {
		cft_store_operation_cancel(cancel->migration->options.store, cancel->project,
		                           cancel->id, on_requested, cancel);
		return;
	}
	response.operation = cft_operation_show(cft_rpc_call_arena(cancel->call), rows[0]);
	cft_answer(cancel->migration, cancel->call, cancel->project, &response);
}

CFT_MIGRATION_HANDLER(cancel_operation)
{
	const Confiture__V1__CancelOperationRequest *r = request;
	struct cancel *cancel = cft_arena_new(cft_rpc_call_arena(call), struct cancel);
	struct cft_err err;

	*cancel = (struct cancel){.migration = ctx,
	                          .call = call,
	                          .project = cft_check_project(r->project, &err),
	                          .id = r->operation_id,
	                          .agent = r->agent_id};
	if (cancel->project && cft_check_name("operation_id", r->operation_id, true, &err) == 0 &&
	    cft_check_name("agent_id", r->agent_id, true, &err) == 0)
		find(cancel);
	else
		cft_rpc_fail(call, &err);
}
