/* Migration: the table of methods, the service's life, targets and version numbers.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/migration_parts.h"

#include "common/base/digest.h"
#include "common/base/mem.h"
#include "server/services/validate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	STALE_MS = 10000,
	TICK_MS = 500,
	LARGE = 16 << 20, /* files of migrations and schemas */
	SMALL = 64 << 10,
	VERSION_MAX_DIGITS = 18, /* fits a bigint */
};

/* -- targets -- */

static bool admits(const struct cft_target *target, const char *agent)
{
	for (size_t i = 0; i < target->n_agents; i++) {
		if (strcmp(target->agents[i], agent) == 0)
			return true;
	}
	return target->n_agents == 0;
}

const struct cft_target *cft_migration_target(const struct cft_migration *migration,
                                              const char *project, const char *name,
                                              const char *agent, struct cft_err *err)
{
	const struct cft_targets *targets = &migration->options.targets;

	if (cft_check_name("target", name, true, err) < 0)
		return NULL;
	for (size_t i = 0; i < targets->n; i++) {
		const struct cft_target *target = &targets->v[i];

		if (strcmp(target->name, name) != 0 || strcmp(target->project, project) != 0)
			continue;
		if (!agent || admits(target, agent))
			return target;
		cft_fail_reason(err, CFT_E_FORBIDDEN, "TARGET_NOT_ALLOWED",
		                "agent %s may not change target %s", agent, name);
		return NULL;
	}
	cft_fail_reason(err, CFT_E_NOT_FOUND, "TARGET_NOT_FOUND", "no target %s in project %s",
	                name, project);
	cft_err_hint(err,
	             "confiture migrate targets lists those that there are; the operator names "
	             "them in the server's configuration");
	return NULL;
}

static Confiture__V1__Target *show_target(struct cft_arena *arena, const struct cft_target *from)
{
	Confiture__V1__Target *to = cft_arena_new(arena, Confiture__V1__Target);

	confiture__v1__target__init(to);
	to->name = (char *)from->name;
	to->project = (char *)from->project;
	to->policy = (Confiture__V1__ApplyPolicy)from->policy;
	to->agents = (char **)(uintptr_t)from->agents;
	to->n_agents = from->n_agents;
	to->database = (char *)from->shown;
	to->description = (char *)from->description;
	to->apply_role = (char *)cft_role_name(from->apply_role);
	to->rollback_role = (char *)cft_role_name(from->rollback_role);
	to->approvers = (char **)(uintptr_t)from->approvers;
	to->n_approvers = from->n_approvers;
	return to;
}

static void list_targets(void *ctx, struct cft_rpc_call *call, const void *request)
{
	const Confiture__V1__ListTargetsRequest *r = request;
	struct cft_migration *migration = ctx;
	const struct cft_targets *targets = &migration->options.targets;
	struct cft_arena *arena = cft_rpc_call_arena(call);
	Confiture__V1__ListTargetsResponse response = CONFITURE__V1__LIST_TARGETS_RESPONSE__INIT;
	struct cft_err err;
	const char *project = cft_check_project(r->project, &err);

	if (!project) {
		cft_rpc_fail(call, &err);
		return;
	}
	response.targets = cft_arena_array(arena, Confiture__V1__Target *, targets->n);
	for (size_t i = 0; i < targets->n; i++) {
		if (strcmp(targets->v[i].project, project) == 0)
			response.targets[response.n_targets++] = show_target(arena, &targets->v[i]);
	}
	cft_answer(migration, call, project, &response);
}

/* -- version numbers -- */

struct reservation {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	const char *project;
	size_t width;
};

static void on_reserved(void *ctx, const char *const *const *rows, size_t n,
                        const struct cft_err *err)
{
	struct reservation *reservation = ctx;
	Confiture__V1__ReserveVersionResponse response =
		CONFITURE__V1__RESERVE_VERSION_RESPONSE__INIT;

	if (n == 0) {
		cft_rpc_fail(reservation->call, err);
		return;
	}
	size_t digits = strlen(rows[0][0]);
	size_t zeros = digits < reservation->width ? reservation->width - digits : 0;
	response.version = cft_arena_printf(cft_rpc_call_arena(reservation->call), "%.*s%s",
	                                    (int)zeros, "00000000000000000000", rows[0][0]);
	cft_answer(reservation->migration, reservation->call, reservation->project, &response);
}

static int check_reserve(const Confiture__V1__ReserveVersionRequest *r, struct cft_err *err)
{
	int rc = cft_check_name("agent_id", r->agent_id, true, err);

	if (rc == 0)
		rc = cft_check_name("request_id", r->request_id, false, err);
	if (rc == 0)
		rc = cft_check_name("intent_id", r->intent_id, false, err);
	if (rc == 0)
		rc = cft_check_range("width", r->width, VERSION_MAX_DIGITS, err);
	if (rc != 0 || (strspn(r->after, "0123456789") == strlen(r->after) &&
	                strlen(r->after) <= VERSION_MAX_DIGITS))
		return rc;
	cft_fail_reason(err, CFT_E_INVALID, "INVALID_VALUE", "after is no version: up to %d digits",
	                VERSION_MAX_DIGITS);
	return cft_err_at(err, "after", 0, 0);
}

static void reserve_version(void *ctx, struct cft_rpc_call *call, const void *request)
{
	const Confiture__V1__ReserveVersionRequest *r = request;
	struct cft_migration *migration = ctx;
	struct cft_err err = CFT_ERR_INIT;
	const char *project = cft_check_project(r->project, &err);

	if (!project || check_reserve(r, &err) != 0) {
		cft_rpc_fail(call, &err);
		return;
	}
	struct reservation *reservation =
		cft_arena_new(cft_rpc_call_arena(call), struct reservation);
	size_t width = r->width ? (size_t)r->width : r->after[0] ? strlen(r->after) : 3;
	*reservation = (struct reservation){migration, call, project, width};
	cft_store_reserve_version(migration->options.store, project, r->agent_id, r->intent_id,
	                          r->after[0] ? r->after : "0", r->request_id, on_reserved,
	                          reservation);
}

/* -- life -- */

#define UNARY(name, handler, max)                        \
	{                                                \
		name, CFT_RPC_UNARY, max, false, handler \
	}
#define STREAM(name, handler, max)                               \
	{                                                        \
		name, CFT_RPC_SERVER_STREAM, max, false, handler \
	}

static const struct cft_rpc_method methods[] = {
	UNARY("ListTargets", list_targets, SMALL),
	UNARY("ReserveVersion", reserve_version, SMALL),
	UNARY("GetMigrationStatus", cft_get_migration_status, SMALL),
	{"PlanMigrations", CFT_RPC_UNARY, LARGE, true, cft_plan_migrations},
	STREAM("ApplyMigrations", cft_apply_migrations, LARGE),
	STREAM("RollbackMigrations", cft_rollback_migrations, LARGE),
	STREAM("BaselineMigrations", cft_baseline_migrations, LARGE),
	STREAM("RepairMigration", cft_repair_migration, LARGE),
	STREAM("WatchOperation", cft_watch_operation, SMALL),
	UNARY("ListOperations", cft_list_operations, SMALL),
	UNARY("CancelOperation", cft_cancel_operation, SMALL),
	UNARY("BuildSchema", cft_build_schema, LARGE),
	UNARY("DiffSchema", cft_diff_schema, LARGE),
	UNARY("GenerateMigration", cft_generate_migration, LARGE),
	UNARY("LintMigration", cft_lint_migration, LARGE),
	UNARY("DetectDrift", cft_detect_drift, LARGE),
	UNARY("GetSchemaSnapshot", cft_get_schema_snapshot, SMALL),
};

static void tick(void *ctx)
{
	struct cft_migration *migration = ctx;

	if (migration->stopping)
		return;
	cft_runs_tick(migration);
	cft_follow_poke(migration, NULL);
}

static json_t *names_of(const struct cft_targets *targets)
{
	json_t *names = json_array();

	for (size_t i = 0; i < targets->n; i++)
		json_array_append_new(
			names, json_pack("[s,s]", targets->v[i].project, targets->v[i].name));
	return names;
}

struct cft_migration *cft_migration_new(const struct cft_migration_options *options)
{
	struct cft_migration *migration = cft_new(struct cft_migration);
	unsigned char id[8];

	migration->options = *options;
	if (migration->options.stale_ms == 0)
		migration->options.stale_ms = STALE_MS;
	cft_random(id, sizeof(id));
	cft_hex(id, sizeof(id), migration->server_id);
	migration->target_names = names_of(&options->targets);
	migration->service.descriptor = &confiture__v1__migration_service__descriptor;
	migration->service.methods = methods;
	migration->service.n_methods = sizeof(methods) / sizeof(methods[0]);
	migration->service.ctx = migration;
	migration->tick = cft_timer_new(options->loop, tick, migration);
	cft_timer_start(migration->tick, TICK_MS, TICK_MS);
	migration->drift = cft_timer_new(options->loop, cft_drift_look, migration);
	if (options->drift_ms > 0)
		cft_timer_start(migration->drift, options->drift_ms, options->drift_ms);
	return migration;
}

const struct cft_rpc_service *cft_migration_service(const struct cft_migration *migration)
{
	return &migration->service;
}

void cft_migration_shutdown(struct cft_migration *migration)
{
	migration->stopping = true;
	cft_follow_end_all(migration);
	cft_questions_end_all(migration);
}

void cft_migration_free(struct cft_migration *migration)
{
	if (!migration)
		return;
	assert(!migration->follows && !migration->questions);
	cft_runs_free(migration);
	cft_timer_free(migration->tick);
	cft_timer_free(migration->drift);
	json_decref(migration->target_names);
	free(migration);
}
