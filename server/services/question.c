/* Question: the methods that a worker answers at once.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/migration_parts.h"

#include "common/base/mem.h"
#include "common/rpc/codec.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	MAX_QUESTIONS = 8, /* processes at a time */
	TIMEOUT_MS = 120000,
	RETRY_AFTER_MS = 500,
};

struct cft_question {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	struct cft_worker *worker;
	const ProtobufCMessageDescriptor *response;
	struct cft_question *prev, *next;
};

static void question_free(struct cft_question *question)
{
	DL_DELETE(question->migration->questions, question);
	question->migration->n_questions--;
	cft_worker_free(question->worker);
	free(question);
}

static void on_end(void *ctx, const void *data, size_t len, const struct cft_err *err)
{
	struct cft_question *question = ctx;
	struct cft_err broken;
	void *response;

	if (!err && cft_proto_unpack(question->response, data, len,
	                             cft_rpc_call_arena(question->call), &response, &broken) != 0)
		err = &broken;
	if (err)
		cft_rpc_fail(question->call, err);
	else
		cft_rpc_reply(question->call, response);
	question_free(question);
}

static int may_ask(const struct cft_migration *migration, struct cft_err *err)
{
	if (migration->stopping)
		return cft_fail(err, CFT_E_UNAVAILABLE, "the server is stopping");
	if (migration->n_questions < MAX_QUESTIONS)
		return 0;
	cft_fail_reason(err, CFT_E_LIMIT, "TOO_MANY_QUESTIONS",
	                "%d questions of this kind are being answered: ask again", MAX_QUESTIONS);
	err->retry_after_ms = RETRY_AFTER_MS;
	return err->code;
}

void cft_question_ask(struct cft_migration *migration, struct cft_rpc_call *call, json_t *job,
                      const void *request, const ProtobufCMessageDescriptor *response)
{
	struct cft_question *question = cft_new(struct cft_question);
	struct cft_buf packed = CFT_BUF_INIT;
	struct cft_err err;
	int rc = may_ask(migration, &err);

	*question =
		(struct cft_question){.migration = migration, .call = call, .response = response};
	cft_proto_pack(request, &packed);
	struct cft_worker_options options = {
		.job = job,
		.request = cft_buf_str(&packed),
		.request_len = packed.len,
		.timeout_ms = TIMEOUT_MS,
		.on_end = on_end,
		.ctx = question,
	};
	if (rc == 0)
		rc = cft_worker_start(migration->options.loop, &options, &question->worker, &err);
	cft_buf_release(&packed);
	json_decref(job);
	if (rc != 0) {
		cft_rpc_fail(call, &err);
		free(question);
		return;
	}
	DL_APPEND(migration->questions, question);
	migration->n_questions++;
}

void cft_questions_end_all(struct cft_migration *migration)
{
	struct cft_question *question, *next;
	struct cft_err err;

	cft_fail(&err, CFT_E_UNAVAILABLE, "the server is stopping");
	DL_FOREACH_SAFE(migration->questions, question, next)
	{
		cft_rpc_fail(question->call, &err);
		question_free(question);
	}
}

json_t *cft_migration_job(const char *method, const struct cft_target *target)
{
	json_t *job = json_pack("{s:s}", "method", method);

	if (!target)
		return job;
	json_object_set_new(job, "url", json_string(target->url));
	json_object_set_new(job, "database", json_string(target->shown));
	json_object_set_new(job, "table", json_string(target->table));
	json_object_set_new(job, "lock_timeout_ms", json_integer(target->lock_timeout_ms));
	json_object_set_new(job, "statement_timeout_ms",
	                    json_integer(target->statement_timeout_ms));
	json_object_set_new(job, "lock_wait_ms", json_integer(-1));
	json_t *key = json_sprintf("%s/%s", target->project, target->name);
	json_object_set_new(job, "fence_key", key);
	return job;
}

/* -- handlers -- */

/* Of a target: any agent of the project may look. */
static void ask_target(struct cft_migration *migration, struct cft_rpc_call *call,
                       const char *method, const char *project, const char *target,
                       const void *request, const ProtobufCMessageDescriptor *response)
{
	struct cft_err err;
	const char *name = cft_check_project(project, &err);
	const struct cft_target *found =
		name ? cft_migration_target(migration, name, target, NULL, &err) : NULL;

	if (found)
		cft_question_ask(migration, call, cft_migration_job(method, found), request,
		                 response);
	else
		cft_rpc_fail(call, &err);
}

CFT_MIGRATION_HANDLER(get_migration_status)
{
	const Confiture__V1__GetMigrationStatusRequest *r = request;

	ask_target(ctx, call, "GetMigrationStatus", r->project, r->target, r,
	           &confiture__v1__get_migration_status_response__descriptor);
}

CFT_MIGRATION_HANDLER(plan_migrations)
{
	const Confiture__V1__PlanMigrationsRequest *r = request;

	ask_target(ctx, call, "PlanMigrations", r->project, r->target, r,
	           &confiture__v1__plan_migrations_response__descriptor);
}

CFT_MIGRATION_HANDLER(detect_drift)
{
	const Confiture__V1__DetectDriftRequest *r = request;

	ask_target(ctx, call, "DetectDrift", r->project, r->target, r,
	           &confiture__v1__detect_drift_response__descriptor);
}

CFT_MIGRATION_HANDLER(get_schema_snapshot)
{
	const Confiture__V1__GetSchemaSnapshotRequest *r = request;

	ask_target(ctx, call, "GetSchemaSnapshot", r->project, r->target, r,
	           &confiture__v1__get_schema_snapshot_response__descriptor);
}

CFT_MIGRATION_HANDLER(build_schema)
{
	cft_question_ask(ctx, call, cft_migration_job("BuildSchema", NULL), request,
	                 &confiture__v1__build_schema_response__descriptor);
}

CFT_MIGRATION_HANDLER(diff_schema)
{
	cft_question_ask(ctx, call, cft_migration_job("DiffSchema", NULL), request,
	                 &confiture__v1__diff_schema_response__descriptor);
}

CFT_MIGRATION_HANDLER(generate_migration)
{
	cft_question_ask(ctx, call, cft_migration_job("GenerateMigration", NULL), request,
	                 &confiture__v1__generate_migration_response__descriptor);
}

CFT_MIGRATION_HANDLER(lint_migration)
{
	cft_question_ask(ctx, call, cft_migration_job("LintMigration", NULL), request,
	                 &confiture__v1__lint_migration_response__descriptor);
}
