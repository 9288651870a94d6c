/* Plan: PlanMigrations: the worker's plan, and what the open intents have to do with it.
 * SPDX-License-Identifier: MIT
 *
 * The worker reads the files and the target; then each pending migration is analysed as CheckIntent
 * does it, and compared with the project's open intents; then, where asked for, those that touch
 * the same objects are tried together with the plan, in a copy of the target's schema.
 */
#include "common/base/buf.h"
#include "common/base/vec.h"
#include "server/services/migration_parts.h"
#include "server/services/present.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TRIALS = 8 };

struct planning {
	struct cft_migration *migration;
	struct cft_rpc_call *call;
	struct cft_arena *arena; /* the call's */
	const char *project;
	const Confiture__V1__PlanMigrationsRequest *request;
	Confiture__V1__PlanMigrationsResponse *response;
	struct cft_analysis **analyses; /* of each version; NULL: it could not be read */
	size_t n_analyses;
	CFT_VEC(Confiture__V1__PlannedConflict *) conflicts;
	CFT_VEC(Confiture__V1__OpenIntentTrial *) trials;
	const char **trial_sql; /* of their intents */
	struct cft_proof_texts texts;
	struct cft_proof_job *job; /* of the trial that waits, or runs */
	size_t tried;
};

static void finish(struct planning *p, const struct cft_err *err)
{
	struct cft_rpc_call *call = p->call;

	for (size_t i = 0; i < p->n_analyses; i++)
		cft_analysis_unref(p->analyses[i]);
	p->response->conflicts = p->conflicts.v;
	p->response->n_conflicts = p->conflicts.n;
	p->response->open_intents = p->trials.v;
	p->response->n_open_intents = p->trials.n;
	if (err)
		cft_rpc_fail(call, err);
	else
		cft_rpc_reply(call, p->response);
}

/* The statements of one version; of all where it is NULL. */
static const char *sql_of(const struct planning *p, const char *version)
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < p->response->n_statements; i++) {
		const Confiture__V1__PlannedStatement *statement = p->response->statements[i];

		if (!version || strcmp(statement->version, version) == 0)
			cft_buf_addf(&text, "%s\n;\n", statement->sql);
	}
	const char *sql = cft_arena_strdup(p->arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return sql;
}

/* -- 4: the trials -- */

static void try_next(struct planning *p);

static void on_proof(void *arg, json_t *proof, const struct cft_err *err)
{
	struct planning *p = arg;

	p->job = NULL;
	if (!proof) {
		finish(p, err);
		return;
	}
	Confiture__V1__OpenIntentTrial *trial = p->trials.v[p->tried++];
	bool provable = json_is_true(json_object_get(proof, "provable"));
	const char *error =
		json_string_value(json_object_get(proof, provable ? "error_ab" : "reason"));
	char *json = cft_json_compact(proof);

	trial->error = cft_arena_strdup(p->arena, error ? error : "");
	trial->works = provable && !trial->error[0];
	trial->proof_json = cft_arena_strdup(p->arena, json);
	free(json);
	try_next(p);
}

static void finish_gone(struct planning *p)
{
	struct cft_err err;

	cft_rpc_gone(&err);
	finish(p, &err);
}

static void on_cancelled(void *arg)
{
	struct planning *p = arg;

	if (!p->job)
		return; /* the next step sees it, or answers nobody */
	cft_prover_pool_cancel(p->migration->options.prover, p->job);
	finish_gone(p);
}

static const struct cft_rpc_hooks hooks = {.on_cancelled = on_cancelled};

/* The last use of `p` where the proof is refused at once. */
static void try_next(struct planning *p)
{
	if (cft_rpc_call_gone(p->call)) {
		finish_gone(p);
		return;
	}
	if (p->tried == p->trials.n || p->tried == MAX_TRIALS) {
		finish(p, NULL);
		return;
	}
	p->texts.b = p->trial_sql[p->tried];
	struct cft_proof_job *job =
		cft_prover_pool_submit(p->migration->options.prover, &p->texts, on_proof, p);
	if (job)
		p->job = job;
}

static void fail_trials(void *ctx, const struct cft_err *err)
{
	finish(ctx, err);
}

/* Owners and grantees are not there. */
static bool names_role(const char *sql)
{
	static const char *const starts[] = {"GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(sql, starts[i], strlen(starts[i])) == 0)
			return true;
	return strncmp(sql, "ALTER ", 6) == 0 && strstr(sql, " OWNER TO ");
}

static void on_script(void *ctx, void *response)
{
	const Confiture__V1__DiffSchemaResponse *script = response;
	struct planning *p = ctx;
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < script->n_up; i++)
		if (!names_role(script->up[i]->sql))
			cft_buf_addf(&text, "%s\n;\n", script->up[i]->sql);
	p->texts.base = cft_arena_strdup(p->arena, cft_buf_str(&text));
	p->texts.a = sql_of(p, NULL);
	p->texts.owner = cft_rpc_call_peer(p->call);
	cft_buf_release(&text);
	try_next(p);
}

/* A snapshot lists objects in any order: from nothing to it is a diff. */
static void on_snapshot(void *ctx, void *response)
{
	const Confiture__V1__GetSchemaSnapshotResponse *snapshot = response;
	struct planning *p = ctx;
	Confiture__V1__SourceFile file = CONFITURE__V1__SOURCE_FILE__INIT, *files = &file;
	Confiture__V1__DiffSchemaRequest request = CONFITURE__V1__DIFF_SCHEMA_REQUEST__INIT;
	const struct cft_question_order order = {
		.call = p->call,
		.job = cft_migration_job("DiffSchema", NULL),
		.request = &request,
		.response = &confiture__v1__diff_schema_response__descriptor,
		.then = on_script,
		.fail = fail_trials,
		.ctx = p,
	};

	file.name = (char *)"target.sql";
	file.content = snapshot->ddl;
	request.new_files = &files;
	request.n_new_files = 1;
	cft_question_ask(p->migration, &order);
}

static void begin_trials(struct planning *p)
{
	static const Confiture__V1__GetSchemaSnapshotRequest request =
		CONFITURE__V1__GET_SCHEMA_SNAPSHOT_REQUEST__INIT;
	struct cft_question_order order = {
		.call = p->call,
		.request = &request,
		.response = &confiture__v1__get_schema_snapshot_response__descriptor,
		.then = on_snapshot,
		.fail = fail_trials,
		.ctx = p,
	};

	cft_question_ask_target(p->migration, "GetSchemaSnapshot", p->project, p->request->target,
	                        &order);
}

/* -- 3: the open intents -- */

static const char *statements_of(struct cft_arena *arena, const struct cft_intent *intent)
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < intent->statements.n; i++)
		cft_buf_addf(&text, "%s\n;\n", intent->statements.v[i]);
	const char *sql = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return sql;
}

static void add_trial(struct planning *p, const struct cft_intent *intent)
{
	for (size_t i = 0; i < p->trials.n; i++)
		if (strcmp(p->trials.v[i]->intent_id, intent->id) == 0)
			return;
	Confiture__V1__OpenIntentTrial *trial =
		cft_arena_new(p->arena, Confiture__V1__OpenIntentTrial);
	confiture__v1__open_intent_trial__init(trial);
	trial->intent_id = cft_arena_strdup(p->arena, intent->id);
	if (p->trials.n >= MAX_TRIALS)
		trial->error = (char *)"not tried: too many intents at a time";
	else
		p->trial_sql[p->trials.n] = statements_of(p->arena, intent);
	cft_vec_push_in(p->arena, &p->trials, trial);
}

static Confiture__V1__PlannedConflict *add_conflict(struct planning *p, size_t version)
{
	Confiture__V1__PlannedConflict *planned =
		cft_arena_new(p->arena, Confiture__V1__PlannedConflict);

	confiture__v1__planned_conflict__init(planned);
	planned->version = p->response->versions[version];
	cft_vec_push_in(p->arena, &p->conflicts, planned);
	return planned;
}

/* Nobody shall take silence for harmlessness. */
static void add_unread(struct planning *p, size_t version)
{
	Confiture__V1__Conflict *conflict = cft_arena_new(p->arena, Confiture__V1__Conflict);

	confiture__v1__conflict__init(conflict);
	conflict->conflict_type = (char *)"unread";
	conflict->conflict_class = CONFITURE__V1__CONFLICT_CLASS__CONFLICT_CLASS_UNKNOWN;
	conflict->severity = CONFITURE__V1__SEVERITY__SEVERITY_WARNING;
	conflict->explanation = (char *)"this migration could not be analysed: it may conflict "
					"with any open intent";
	add_conflict(p, version)->conflict = conflict;
}

static void compare(struct planning *p, const struct cft_view *view, size_t version)
{
	const struct cft_plan plan = {.effects = &p->analyses[version]->effects};
	struct cft_conflict_list list;

	cft_state_check(view->state, "", &plan, p->request->intent_id, NULL, view->now_us, p->arena,
	                &list);
	for (size_t i = 0; i < list.n; i++) {
		add_conflict(p, version)->conflict = cft_show_conflict(view, list.v[i]);
		if (p->request->with_open_intents)
			add_trial(p, cft_state_intent(view->state, list.v[i]->intent_a));
	}
}

static void on_state(void *arg, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *err)
{
	struct planning *p = arg;
	const struct cft_view view = {
		.arena = p->arena, .project = p->project, .state = state, .now_us = now_us};

	if (!state) {
		finish(p, err);
		return;
	}
	p->response->revision = cft_state_revision(state);
	p->response->base_schema = cft_show_base(&view);
	p->trial_sql = cft_arena_array(p->arena, const char *, MAX_TRIALS);
	for (size_t i = 0; i < p->n_analyses; i++) {
		if (p->analyses[i])
			compare(p, &view, i);
		else
			add_unread(p, i);
	}
	if (p->trials.n > 0)
		begin_trials(p);
	else
		finish(p, NULL);
}

/* -- 2: the analysis -- */

static void analyse_next(struct planning *p);

static void on_analysed(void *arg, struct cft_analysis *analysis, const struct cft_err *err)
{
	struct planning *p = arg;

	if (!analysis && err->code == CFT_E_UNAVAILABLE) {
		finish(p, err);
		return;
	}
	p->analyses[p->n_analyses++] = analysis ? cft_analysis_ref(analysis) : NULL;
	analyse_next(p);
}

static void analyse_next(struct planning *p)
{
	if (p->n_analyses == p->response->n_versions) {
		cft_sequencer_read(p->migration->options.sequencer, p->project, 0, on_state, p);
		return;
	}
	const char *sql = sql_of(p, p->response->versions[p->n_analyses]);
	const struct cft_analyzer_query query = {.sql = sql, .len = strlen(sql), .dump = true};
	cft_analyzer_submit(p->migration->options.analyzer, &query, on_analysed, p);
}

/* -- 1: the worker -- */

static void on_plan(void *ctx, void *response)
{
	struct planning *p = ctx;

	p->response = response;
	p->analyses = cft_arena_array(p->arena, struct cft_analysis *, p->response->n_versions);
	analyse_next(p);
}

CFT_MIGRATION_HANDLER(plan_migrations)
{
	const Confiture__V1__PlanMigrationsRequest *r = request;
	struct planning *p = cft_arena_new(cft_rpc_call_arena(call), struct planning);
	struct cft_question_order order = {
		.call = call,
		.request = r,
		.response = &confiture__v1__plan_migrations_response__descriptor,
		.then = on_plan,
		.ctx = p,
	};
	struct cft_err err;

	*p = (struct planning){.migration = ctx,
	                       .call = call,
	                       .arena = cft_rpc_call_arena(call),
	                       .project = cft_check_project(r->project, &err),
	                       .request = r};
	cft_rpc_call_set_hooks(call, &hooks, p);
	if (p->project && cft_check_name("intent_id", r->intent_id, false, &err) == 0)
		cft_question_ask_target(ctx, "PlanMigrations", p->project, r->target, &order);
	else
		cft_rpc_fail(call, &err);
}
