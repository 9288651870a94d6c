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
	struct cft_question_order order; /* its job and request are the worker's by now */
	struct cft_worker *worker;
	struct cft_question *prev, *next;
};

static void question_free(struct cft_question *question)
{
	DL_DELETE(question->migration->questions, question);
	question->migration->n_questions--;
	cft_worker_free(question->worker);
	free(question);
}

static void fail(const struct cft_question_order *order, const struct cft_err *err)
{
	if (order->fail)
		order->fail(order->ctx, err);
	else
		cft_rpc_fail(order->call, err);
}

static void on_end(void *ctx, const void *data, size_t len, const struct cft_err *err)
{
	struct cft_question *question = ctx;
	struct cft_migration *migration = question->migration;
	const struct cft_question_order order = question->order;
	struct cft_err copy = err ? *err : (struct cft_err)CFT_ERR_INIT; /* the worker's own */
	void *response = NULL;

	if (!err)
		cft_proto_unpack(order.response, data, len,
		                 order.arena ? order.arena : cft_rpc_call_arena(order.call),
		                 &response, &copy);
	question_free(question);
	if (copy.code != 0)
		fail(&order, &copy);
	else if (order.then)
		order.then(order.ctx, response);
	else
		cft_answer(migration, order.call, order.project, response);
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

void cft_question_ask(struct cft_migration *migration, const struct cft_question_order *order)
{
	struct cft_question *question = cft_new(struct cft_question);
	struct cft_buf packed = CFT_BUF_INIT;
	struct cft_err err;
	int rc = may_ask(migration, &err);

	*question = (struct cft_question){.migration = migration, .order = *order};
	cft_proto_pack(order->request, &packed);
	struct cft_worker_options options = {
		.job = order->job,
		.request = cft_buf_str(&packed),
		.request_len = packed.len,
		.timeout_ms = TIMEOUT_MS,
		.on_end = on_end,
		.ctx = question,
	};
	if (rc == 0)
		rc = cft_worker_start(migration->options.loop, &options, &question->worker, &err);
	cft_buf_release(&packed);
	json_decref(order->job);
	if (rc != 0) {
		free(question);
		fail(order, &err);
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
		const struct cft_question_order order = question->order;

		question_free(question);
		fail(&order, &err);
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

void cft_question_ask_target(struct cft_migration *migration, const char *method,
                             const char *project, const char *target,
                             struct cft_question_order *order)
{
	struct cft_err err;
	const char *name = cft_check_project(project, &err);
	const struct cft_target *found =
		name ? cft_migration_target(migration, name, target, NULL, &err) : NULL;

	if (!found) {
		fail(order, &err);
		return;
	}
	order->project = name;
	order->job = cft_migration_job(method, found);
	cft_question_ask(migration, order);
}

static void ask_files(struct cft_migration *migration, const char *method, const char *project,
                      struct cft_question_order *order)
{
	struct cft_err err;

	order->project = cft_check_project(project, &err);
	if (!order->project) {
		fail(order, &err);
		return;
	}
	order->job = cft_migration_job(method, NULL);
	cft_question_ask(migration, order);
}

/* The messages are named as the methods are. */
#define TARGET_QUESTION(handler, method, message)                                        \
	CFT_MIGRATION_HANDLER(handler)                                                   \
	{                                                                                \
		const Confiture__V1__##method##Request *r = request;                     \
		struct cft_question_order order = {                                      \
			.call = call, .request = r, .response = &message##__descriptor}; \
                                                                                         \
		cft_question_ask_target(ctx, #method, r->project, r->target, &order);    \
	}

#define QUESTION(handler, method, message)                                               \
	CFT_MIGRATION_HANDLER(handler)                                                   \
	{                                                                                \
		const Confiture__V1__##method##Request *r = request;                     \
		struct cft_question_order order = {                                      \
			.call = call, .request = r, .response = &message##__descriptor}; \
                                                                                         \
		ask_files(ctx, #method, r->project, &order);                             \
	}

TARGET_QUESTION(get_migration_status, GetMigrationStatus,
                confiture__v1__get_migration_status_response)
TARGET_QUESTION(get_schema_snapshot, GetSchemaSnapshot, confiture__v1__get_schema_snapshot_response)
QUESTION(build_schema, BuildSchema, confiture__v1__build_schema_response)
QUESTION(diff_schema, DiffSchema, confiture__v1__diff_schema_response)
QUESTION(generate_migration, GenerateMigration, confiture__v1__generate_migration_response)
QUESTION(lint_migration, LintMigration, confiture__v1__lint_migration_response)
