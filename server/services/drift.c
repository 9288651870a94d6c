/* Drift: a target that was changed beside the server becomes an event of its project's log.
 * SPDX-License-Identifier: MIT
 *
 * Each operation leaves the fingerprint of the target's schema in the store. Where the target has
 * another one later, and no operation came in between, somebody else changed it. Every server
 * looks; the request id of the event makes them one.
 */
#include "server/services/migration_parts.h"

#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

/* An operation that ended so shortly before may have ended after: the clocks are two. */
enum { SETTLE_US = 1000000 };

/* One look at one target. */
struct look {
	struct cft_migration *migration;
	const struct cft_target *target;
	int64_t began_us; /* by the database's clock */
	struct cft_arena arena;
	struct cft_target_news drift;
	struct cft_command command;
};

static struct look *look_new(struct cft_migration *migration, const struct cft_target *target)
{
	struct look *look = cft_new(struct look);

	look->migration = migration;
	look->target = target;
	look->began_us = cft_sequencer_now_us(migration->options.sequencer);
	return look;
}

static void look_free(struct look *look)
{
	cft_arena_release(&look->arena);
	free(look);
}

/* -- the judgement -- */

static void on_told(void *arg, const struct cft_state *state, const struct cft_decision *decision,
                    const struct cft_err *err)
{
	(void)state;
	if (!decision) /* the next look tells */
		cft_log_err(CFT_LOG_WARN, "drift of a target could not be told", err);
	look_free(arg);
}

static void tell(struct look *look)
{
	struct cft_command *command = &look->command;
	const struct cft_target_news *drift = &look->drift;

	command->kind = CFT_CMD_DRIFT;
	command->actor = "";
	command->request_id =
		cft_arena_printf(&look->arena, "drift-%s-%.16s", drift->operation, drift->found);
	command->news = drift;
	cft_sha256(drift->found, strlen(drift->found), command->body_digest);
	cft_sequencer_submit(look->migration->options.sequencer, look->target->project, command,
	                     on_told, look);
}

/* What should be there is known after an operation that ended well, and before the next one. */
static bool drifted(const struct look *look, const char *const *row)
{
	return strcmp(row[CFT_OPERATION_STATUS], "SUCCEEDED") == 0 &&
	       strtoll(row[CFT_OPERATION_ENDED_US], NULL, 10) + SETTLE_US < look->began_us &&
	       row[CFT_OPERATION_FINGERPRINT][0] &&
	       strcmp(row[CFT_OPERATION_FINGERPRINT], look->drift.found) != 0;
}

static void on_newest(void *ctx, const char *const *const *rows, size_t n,
                      const struct cft_err *err)
{
	struct look *look = ctx;

	if (err || n == 0 || !drifted(look, rows[0])) {
		look_free(look);
		return;
	}
	look->drift.target = look->target->name;
	look->drift.operation = cft_arena_strdup(&look->arena, rows[0][CFT_OPERATION_ID]);
	look->drift.expected = cft_arena_strdup(&look->arena, rows[0][CFT_OPERATION_FINGERPRINT]);
	tell(look);
}

static void judge(struct look *look, const char *fingerprint)
{
	look->drift.found = cft_arena_strdup(&look->arena, fingerprint);
	cft_store_operation_list(look->migration->options.store, look->target->project,
	                         look->target->name, "", false, 1, on_newest, look);
}

/* -- looking, from time to time -- */

static void on_snapshot(void *ctx, void *response)
{
	const Confiture__V1__GetSchemaSnapshotResponse *snapshot = response;

	judge(ctx, snapshot->fingerprint);
}

static void on_no_snapshot(void *ctx, const struct cft_err *err)
{
	cft_log_err(CFT_LOG_WARN, "a target could not be looked at", err);
	look_free(ctx);
}

static void look_at(struct cft_migration *migration, const struct cft_target *target)
{
	static const Confiture__V1__GetSchemaSnapshotRequest request =
		CONFITURE__V1__GET_SCHEMA_SNAPSHOT_REQUEST__INIT;
	struct look *look = look_new(migration, target);
	const struct cft_question_order order = {
		.arena = &look->arena,
		.job = cft_migration_job("GetSchemaSnapshot", target),
		.request = &request,
		.response = &confiture__v1__get_schema_snapshot_response__descriptor,
		.then = on_snapshot,
		.fail = on_no_snapshot,
		.ctx = look,
	};

	cft_question_ask(migration, &order);
}

void cft_drift_look(void *ctx)
{
	struct cft_migration *migration = ctx;

	for (size_t i = 0; i < migration->options.targets.n && !migration->stopping; i++)
		look_at(migration, &migration->options.targets.v[i]);
}

/* -- DetectDrift: asks about files; the target is looked at anyway -- */

struct detecting {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	const char *project;
	struct look *look;
};

static void on_detected(void *ctx, void *response)
{
	const Confiture__V1__DetectDriftResponse *found = response;
	struct detecting *detecting = ctx;

	judge(detecting->look, found->fingerprint);
	cft_answer(detecting->migration, detecting->call, detecting->project, found);
}

static void on_not_detected(void *ctx, const struct cft_err *err)
{
	struct detecting *detecting = ctx;

	look_free(detecting->look);
	cft_rpc_fail(detecting->call, err);
}

CFT_MIGRATION_HANDLER(detect_drift)
{
	const Confiture__V1__DetectDriftRequest *r = request;
	struct detecting *detecting = cft_arena_new(cft_rpc_call_arena(call), struct detecting);
	struct cft_err err;
	const char *project = cft_check_project(r->project, &err);
	const struct cft_target *target =
		project ? cft_migration_target(ctx, project, r->target, NULL, &err) : NULL;

	if (!target) {
		cft_rpc_fail(call, &err);
		return;
	}
	*detecting = (struct detecting){ctx, call, project, look_new(ctx, target)};
	const struct cft_question_order order = {
		.call = call,
		.job = cft_migration_job("DetectDrift", target),
		.request = r,
		.response = &confiture__v1__detect_drift_response__descriptor,
		.then = on_detected,
		.fail = on_not_detected,
		.ctx = detecting,
	};
	cft_question_ask(ctx, &order);
}
