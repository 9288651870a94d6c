/* Plan: PlanMigrations: each statement's lock, what it costs, and who is in its way now.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/migrate/lint.h"
#include "common/migrate/script.h"
#include "common/pg/pg.h"
#include "common/sql/effect/analyze.h"

#include <string.h>

struct planning {
	struct cft_worker_child *child;
	struct cft_mig_dir dir;
	bool dir_read;
	struct cft_mig_engine *engine;
	CFT_VEC(Confiture__V1__PlannedStatement *) statements;
};

/* -- one statement -- */

/* Those who hold what `lock` on this relation has to wait for. */
static void find_blockers(struct planning *planning, const char *relation, enum cft_lock lock,
                          Confiture__V1__PlannedStatement *to)
{
	struct cft_arena *arena = planning->child->arena;
	struct cft_pg_result *result = NULL;
	const char *values[] = {relation};

	if (cft_pg_exec_params(
		    cft_mig_engine_pg(planning->engine),
		    "SELECT l.mode, format('pid %s (%s, %s: %s)', a.pid, a.usename, a.state,"
		    " left(regexp_replace(a.query, '\\s+', ' ', 'g'), 60))"
		    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
		    " WHERE l.relation = to_regclass($1) AND l.granted AND a.pid <> "
		    "pg_backend_pid()",
		    1, values, &result, NULL) != 0)
		return;
	to->blockers = cft_arena_array(arena, char *, cft_pg_rows(result));
	for (size_t row = 0; row < cft_pg_rows(result); row++) {
		enum cft_lock held = CFT_LOCK_NONE;

		for (int mode = CFT_LOCK_ACCESS_SHARE; mode <= CFT_LOCK_ACCESS_EXCLUSIVE; mode++) {
			/* "AccessExclusiveLock" against "ACCESS EXCLUSIVE" */
			const char *name = cft_pg_text(result, row, 0), *text;
			size_t n = 0;

			for (text = cft_lock_text((enum cft_lock)mode); *text; text++)
				if (*text != ' ' && (name[n] | 32) == (*text | 32))
					n++;
			if (strcmp(name + n, "Lock") == 0)
				held = (enum cft_lock)mode;
		}
		if (cft_lock_conflicts(lock, held))
			to->blockers[to->n_blockers++] =
				cft_arena_strdup(arena, cft_pg_text(result, row, 1));
	}
	cft_pg_result_free(result);
}

static const char *relation_of(struct cft_arena *arena, const struct cft_effect *effect)
{
	struct cft_buf name = CFT_BUF_INIT;

	if (effect->schema[0]) {
		cft_pg_quote_name(&name, effect->schema);
		cft_buf_addc(&name, '.');
	}
	cft_pg_quote_name(&name, effect->name);
	const char *text = cft_arena_strdup(arena, cft_buf_str(&name));
	cft_buf_release(&name);
	return text;
}

static void add_locks(struct planning *planning, Confiture__V1__PlannedStatement *to)
{
	struct cft_arena *arena = planning->child->arena;
	const struct cft_analyze_options options = {
		.parse = {.max_bytes = SIZE_MAX, .psql = true, .opaque = true}};
	const struct cft_effect *strongest = NULL;
	struct cft_effects effects;

	if (cft_sql_analyze(to->sql, strlen(to->sql), &options, arena, &effects, NULL) != 0)
		return;
	for (size_t i = 0; i < effects.n; i++) {
		const struct cft_effect *effect = &effects.v[i];

		if (effect->flags & CFT_EFFECT_NO_TRANSACTION)
			to->transactional = false;
		if (effect->lock != CFT_LOCK_NONE && (!strongest || effect->lock > strongest->lock))
			strongest = effect;
	}
	if (!strongest)
		return;
	to->lock = (char *)cft_lock_text(strongest->lock);
	to->object = (char *)relation_of(arena, strongest);
	find_blockers(planning, to->object, strongest->lock, to);
}

static void add_findings(struct cft_arena *arena, const struct cft_mig_findings *findings,
                         int first, int last, Confiture__V1__PlannedStatement *to)
{
	to->hazards = cft_arena_array(arena, char *, findings->v.n);
	CFT_VEC_EACH (struct cft_mig_finding, finding, &findings->v) {
		if (finding->line < first || finding->line >= last)
			continue;
		to->hazards[to->n_hazards++] = (char *)finding->message;
		if (finding->rule == CFT_MIG_LINT_DATA_LOSS)
			to->destructive = true;
		if (finding->rule == CFT_MIG_LINT_REWRITE ||
		    finding->rule == CFT_MIG_LINT_CONSTRAINT_SCAN ||
		    finding->rule == CFT_MIG_LINT_NOT_NULL_SCAN)
			to->rewrites = true;
	}
}

/* -- the plan -- */

static int add_step(struct planning *planning, const struct cft_mig_step *step, struct cft_err *err)
{
	struct cft_arena *arena = planning->child->arena;
	struct cft_mig_findings findings = {0};
	struct cft_mig_script script;
	int rc = cft_mig_script_read(arena, &step->file->up, &script, err);

	if (rc == 0)
		rc = cft_mig_lint(arena, &step->file->up, &findings, err);
	for (size_t i = 0; rc == 0 && i < script.stmts.n; i++) {
		const struct cft_mig_stmt *stmt = &script.stmts.v[i];
		int next = i + 1 < script.stmts.n ? script.stmts.v[i + 1].line : INT32_MAX;
		Confiture__V1__PlannedStatement *to =
			cft_arena_new(arena, Confiture__V1__PlannedStatement);

		confiture__v1__planned_statement__init(to);
		to->version = (char *)step->file->version;
		to->file = (char *)script.path;
		to->line = stmt->line;
		to->sql = (char *)stmt->sql;
		to->transactional = stmt->traits.block != CFT_SQL_OUTSIDE;
		add_locks(planning, to);
		add_findings(arena, &findings, stmt->line, next > stmt->line ? next : next + 1, to);
		cft_vec_push_in(arena, &planning->statements, to);
	}
	return rc;
}

static int make_plan(struct planning *planning, const Confiture__V1__PlanMigrationsRequest *r,
                     struct cft_mig_plan *plan, struct cft_err *err)
{
	struct cft_worker_child *child = planning->child;
	const struct cft_mig_up_options options = {
		.target = r->target_version[0] ? r->target_version : NULL,
		.allow_out_of_order = r->allow_out_of_order,
	};
	struct cft_mig_history history;

	planning->dir_read = true;
	int rc = cft_worker_migrations(child, r->files, r->n_files, &planning->dir, err);
	if (rc == 0)
		rc = cft_worker_open_engine(child, &planning->engine, err);
	if (rc == 0)
		rc = cft_mig_engine_history(planning->engine, child->arena, &history, err);
	if (rc == 0)
		rc = cft_mig_plan_up(child->arena, &planning->dir, &history, &options, plan, err);
	if (rc == 0)
		rc = cft_worker_refuse_python(plan, err);
	for (size_t i = 0; rc == 0 && i < plan->steps.n; i++)
		rc = add_step(planning, &plan->steps.v[i], err);
	return rc;
}

int cft_worker_plan(struct cft_worker_child *child, const void *request, void **ret_response,
                    struct cft_err *err)
{
	struct planning planning = {.child = child};
	struct cft_mig_plan plan = {0};
	Confiture__V1__PlanMigrationsResponse *response =
		cft_arena_new(child->arena, Confiture__V1__PlanMigrationsResponse);
	int rc = make_plan(&planning, request, &plan, err);

	confiture__v1__plan_migrations_response__init(response);
	response->statements = planning.statements.v;
	response->n_statements = planning.statements.n;
	response->versions = cft_arena_array(child->arena, char *, plan.steps.n);
	for (size_t i = 0; rc == 0 && i < plan.steps.n; i++)
		response->versions[response->n_versions++] =
			cft_arena_strdup(child->arena, plan.steps.v[i].file->version);
	cft_mig_engine_close(planning.engine);
	if (planning.dir_read && rc != 0)
		cft_mig_dir_release(&planning.dir);
	*ret_response = response; /* borrows from the files, which live as long as the process */
	return rc;
}
