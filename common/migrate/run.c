/* Run: migrations one after the other, each in its transaction or stepwise.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/run.h"

#include "common/base/clock.h"
#include "common/migrate/ledger.h"
#include "common/migrate/lock.h"
#include "common/migrate/python.h"
#include "common/migrate/watch.h"

#include <assert.h>
#include <string.h>

static void init_run(struct cft_mig_run *run, struct cft_mig_engine *engine,
                     const struct cft_mig_step *step, bool stepwise)
{
	memset(run, 0, sizeof(*run));
	run->engine = engine;
	run->step = step;
	run->stepwise = stepwise;
	run->version = step->resume ? step->resume->version : step->file->version;
}

static void release_run(struct cft_mig_run *run)
{
	cft_pg_result_free(run->result);
	cft_arena_release(&run->arena);
}

/* `script` NULL: Python. */
static int run_source(struct cft_mig_run *run, const struct cft_mig_script *script,
                      struct cft_err *err)
{
	return script ? cft_mig_run_script(run, script, err) : cft_mig_python_run(run, err);
}

static int record(struct cft_mig_run *run, int64_t duration_us, struct cft_err *err)
{
	const struct cft_mig_file *file = run->step->file;

	if (run->step->direction == CFT_MIG_DOWN)
		return cft_mig_ledger_remove(run->engine, file->version, err);
	return cft_mig_ledger_add(run->engine, file, CFT_MIG_APPLIED, run->statements, duration_us,
	                          err);
}

/* One attempt in one transaction, ledger row included. */
static int attempt_transaction(struct cft_mig_run *run, const struct cft_mig_script *script,
                               struct cft_err *err)
{
	int64_t start = cft_clock_mono_us();
	int rc = cft_mig_begin(run->engine, err);

	if (rc == 0)
		rc = run_source(run, script, err);
	if (rc == 0)
		rc = record(run, cft_clock_mono_us() - start, err);
	if (rc == 0)
		rc = cft_mig_commit(run->engine, err);
	if (rc != 0)
		cft_mig_rollback(run->engine);
	return rc;
}

static int in_transaction(struct cft_mig_engine *engine,
                          int (*fn)(struct cft_mig_run *, int64_t, struct cft_err *),
                          struct cft_mig_run *run, int64_t value, struct cft_err *err)
{
	int rc = cft_mig_begin(engine, err);

	if (rc == 0)
		rc = fn(run, value, err);
	if (rc == 0)
		rc = cft_mig_commit(engine, err);
	if (rc != 0)
		cft_mig_rollback(engine);
	return rc;
}

static int start_record(struct cft_mig_run *run, int64_t total, struct cft_err *err)
{
	return cft_mig_ledger_start(run->engine, run->step, (int)total, err);
}

static int finish_record(struct cft_mig_run *run, int64_t duration_us, struct cft_err *err)
{
	return cft_mig_ledger_finish(run->engine, run->step, duration_us, err);
}

static int shortened(const struct cft_mig_run *run, struct cft_err *err)
{
	const struct cft_mig_entry *resume = run->step->resume;

	cft_fail_reason(err, CFT_E_INCONSISTENT, "CHANGED_MIGRATION",
	                "%s_%s has %d statement(s), but %d ran already", resume->version,
	                resume->name, run->index, resume->statements_done);
	return cft_err_hint(err, "restore the statements that ran");
}

/* An earlier attempt is continued where step->resume says. */
static int attempt_stepwise(struct cft_mig_run *run, const struct cft_mig_script *script,
                            struct cft_err *err)
{
	int64_t start = cft_clock_mono_us();
	int64_t total = script ? (int64_t)script->units.n : 0;
	int rc = 0;

	if (!run->step->resume)
		rc = in_transaction(run->engine, start_record, run, total, err);
	if (rc == 0)
		rc = run_source(run, script, err);
	if (rc == 0 && run->step->resume && run->index < run->step->resume->statements_done)
		rc = shortened(run, err);
	if (rc == 0)
		rc = in_transaction(run->engine, finish_record, run, cft_clock_mono_us() - start,
		                    err);
	return rc;
}

static int run_transaction(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                           const struct cft_mig_script *script, const char **ret_why,
                           struct cft_arena *arena, struct cft_err *err)
{
	struct cft_mig_run run;
	int attempt = 0, rc;
	bool again;

	do {
		init_run(&run, engine, step, false);
		rc = attempt_transaction(&run, script, err);
		again = rc != 0 && !run.must_step && cft_mig_run_again(&run, &attempt, err);
		*ret_why = run.must_step ? cft_arena_strdup(arena, run.why) : NULL;
		release_run(&run);
	} while (again);
	return rc;
}

static int run_stepwise(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                        const struct cft_mig_script *script, const char *why, struct cft_err *err)
{
	struct cft_mig_run run;

	cft_mig_emit(engine, CFT_MIG_STEPWISE, why);
	init_run(&run, engine, step, true);
	int rc = attempt_stepwise(&run, script, err);
	cft_mig_rollback(engine);
	release_run(&run);
	return rc;
}

static int run_step(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                    struct cft_err *err)
{
	const struct cft_mig_text *text =
		step->direction == CFT_MIG_UP ? &step->file->up : &step->file->down;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_mig_script script = {0};
	const struct cft_mig_script *sql = step->file->python ? NULL : &script;
	const char *why = NULL;
	int rc = 0;

	if (!step->file->python)
		rc = cft_mig_script_read(&arena, text, &script, err);
	engine->total = (int)script.stmts.n;
	if (rc == 0 && step->resume)
		why = "it is continued where it stopped";
	else if (rc == 0 && script.stepwise)
		why = script.why;
	else if (rc == 0)
		rc = run_transaction(engine, step, sql, &why, &arena, err);
	if (why) {
		cft_err_clear(err);
		rc = run_stepwise(engine, step, sql, why, err);
	}
	cft_arena_release(&arena);
	return rc;
}

static int run_observed(struct cft_mig_engine *engine, const struct cft_mig_step *step,
                        struct cft_err *err)
{
	struct cft_mig_event end = {.kind = CFT_MIG_END_STEP, .step = step};
	int64_t start = cft_clock_mono_us();

	engine->step = step;
	engine->done = 0;
	engine->total = 0;
	cft_mig_emit(engine, CFT_MIG_BEGIN_STEP, NULL);
	int rc = cft_mig_lock_confirm(engine, err);
	if (rc == 0)
		rc = run_step(engine, step, err);
	end.duration_us = cft_clock_mono_us() - start;
	end.failed = rc != 0;
	if (engine->options.on_event)
		engine->options.on_event(engine->options.ctx, &end);
	engine->step = NULL;
	if (cft_pg_alive(engine->pg)) {
		struct cft_err reset = CFT_ERR_INIT;
		int reset_rc = cft_mig_session_reset(engine, &reset);
		if (rc == 0 && reset_rc != 0) {
			*err = reset;
			rc = reset_rc;
		}
	}
	return rc;
}

int cft_mig_engine_run(struct cft_mig_engine *engine, const struct cft_mig_plan *plan,
                       size_t *ret_done, struct cft_err *err)
{
	struct cft_err own = CFT_ERR_INIT;
	size_t done = 0;

	if (!err)
		err = &own; /* errors decide what happens next */
	int rc = cft_mig_engine_lock(engine, err);
	if (rc == 0)
		rc = cft_mig_ledger_ensure(engine, err);
	if (rc == 0 && !engine->watch)
		engine->watch = cft_mig_watch_new(engine);
	CFT_VEC_EACH (struct cft_mig_step, step, &plan->steps) {
		if (rc == 0)
			rc = run_observed(engine, step, err);
		done += rc == 0;
	}
	*ret_done = done;
	return rc;
}
