/* Parts: what the files of MigrationService share; private to server/services.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVICES_MIGRATION_PARTS_H
#define CFT_SERVICES_MIGRATION_PARTS_H

#include "common/base/json.h"
#include "server/services/migration.h"
#include "server/store/operations.h"
#include "server/worker/worker.h"

#include "confiture/v1/migration_service.pb-c.h"

struct cft_run;
struct cft_follow;
struct cft_question;
struct cft_view;

struct cft_migration {
	struct cft_migration_options options;
	struct cft_rpc_service service;
	struct cft_timer *tick, *drift;
	char server_id[17];
	struct cft_run *runs; /* utlists */
	struct cft_follow *follows;
	struct cft_question *questions;
	size_t n_questions, n_runs;
	json_t *target_names;
	bool claiming, stopping;
};

/* NULL with the error; `agent` NULL does not ask who. */
const struct cft_target *cft_migration_target(const struct cft_migration *migration,
                                              const char *project, const char *name,
                                              const char *agent, struct cft_err *err);
/* What every worker has to know of a target; the caller's reference. */
json_t *cft_migration_job(const char *method, const struct cft_target *target);

/* Ends the call with a copy of the response, to which the project's revision and base schema are
 * added; what it points to is in the call's arena, and so is `project`. */
void cft_answer(struct cft_migration *migration, struct cft_rpc_call *call, const char *project,
                const void *response);
/* Only adds them, to the response itself. */
void cft_answer_base(const struct cft_view *view, void *response);

/* An operation from a row of the store, in the arena. */
Confiture__V1__Operation *cft_operation_show(struct cft_arena *arena, const char *const *row);
/* A new operation, and its progress as the answer. `files`: checked for size. */
struct cft_operation_order {
	const char *project, *request_id, *agent_id, *target, *intent_id, *kind;
	const void *request; /* the message; its request_id is left out of what is compared */
	size_t n_files;
};
void cft_operation_begin(struct cft_migration *migration, struct cft_rpc_call *call,
                         const struct cft_operation_order *order);

/* True for an operation that changes a target's ledger and runs nothing: baseline, repair. */
bool cft_operation_is_record(const char *kind);
/* What the log says of an operation without an intent, and why it was asked for, from its request;
 * in the arena. Target and operation are the caller's to fill in. */
int cft_operation_news(const char *kind, const void *request, size_t len, struct cft_arena *arena,
                       struct cft_target_news *ret, const char **ret_reason, struct cft_err *err);

/* Claims what waits and keeps alive what runs; each tick. */
void cft_runs_tick(struct cft_migration *migration);
void cft_runs_claim(struct cft_migration *migration);
void cft_runs_free(struct cft_migration *migration);

/* Streams the progress of an operation, until its end. The call is the follow's. */
void cft_follow_start(struct cft_migration *migration, struct cft_rpc_call *call,
                      const char *project, const char *operation_id, uint64_t after);
/* Something new may be there for the followers of this operation; NULL: of any. */
void cft_follow_poke(struct cft_migration *migration, const char *operation_id);
void cft_follow_end_all(struct cft_migration *migration);

/* What a worker is asked at once. `then` gets the response, in the call's arena, and goes on with
 * the call; NULL: it is the call's answer. `fail` likewise; NULL: the call fails. */
struct cft_question_order {
	struct cft_rpc_call *call; /* NULL: nobody's; then `arena`, `then` and `fail` are set */
	struct cft_arena *arena;   /* where the response lives; NULL: the call's */
	const char *project;       /* checked; only read where the response is the answer */
	json_t *job;               /* taken over */
	const void *request;
	const ProtobufCMessageDescriptor *response;
	void (*then)(void *ctx, void *response);
	void (*fail)(void *ctx, const struct cft_err *err);
	void *ctx;
};
void cft_question_ask(struct cft_migration *migration, const struct cft_question_order *order);
/* Of a target, which any agent of the project may look at; makes the job. */
void cft_question_ask_target(struct cft_migration *migration, const char *method,
                             const char *project, const char *target,
                             struct cft_question_order *order);
/* Looks at every target for changes that were made beside the server; `ctx` is the migration. */
void cft_drift_look(void *ctx);
void cft_questions_end_all(struct cft_migration *migration);

#define CFT_MIGRATION_HANDLER(name) \
	void cft_##name(void *ctx, struct cft_rpc_call *call, const void *request)

CFT_MIGRATION_HANDLER(apply_migrations);
CFT_MIGRATION_HANDLER(rollback_migrations);
CFT_MIGRATION_HANDLER(baseline_migrations);
CFT_MIGRATION_HANDLER(repair_migration);
CFT_MIGRATION_HANDLER(watch_operation);
CFT_MIGRATION_HANDLER(list_operations);
CFT_MIGRATION_HANDLER(cancel_operation);
CFT_MIGRATION_HANDLER(get_migration_status);
CFT_MIGRATION_HANDLER(plan_migrations);
CFT_MIGRATION_HANDLER(build_schema);
CFT_MIGRATION_HANDLER(diff_schema);
CFT_MIGRATION_HANDLER(generate_migration);
CFT_MIGRATION_HANDLER(lint_migration);
CFT_MIGRATION_HANDLER(detect_drift);
CFT_MIGRATION_HANDLER(get_schema_snapshot);

#endif
