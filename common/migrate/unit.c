/* Unit: executing one unit of a migration.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"
#include "common/migrate/index.h"
#include "common/migrate/ledger.h"
#include "common/migrate/run.h"
#include "common/migrate/watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BACKOFF_FIRST_MS = 500, BACKOFF_LAST_MS = 10000 };

/* PostgreSQL counts lines of the statement; people read the file. */
static int at_file(struct cft_mig_run *run, const struct cft_mig_script *script,
                   const struct cft_mig_stmt *stmt, struct cft_err *err)
{
	int line = stmt->line + (err->line > 0 ? err->line - 1 : 0);

	if (run->line > 0)
		line = run->line;
	return cft_err_at(err, script->path, line, err->column);
}

static int execute(struct cft_mig_run *run, const struct cft_mig_stmt *stmt, struct cft_err *err)
{
	struct cft_pg *pg = run->engine->pg;

	cft_pg_result_free(run->result);
	run->result = NULL;
	struct cft_pg_result **ret = run->want_result ? &run->result : NULL;
	if (stmt->traits.block == CFT_SQL_COPY_IN)
		return cft_pg_copy_in(pg, stmt->sql, stmt->copy_data ? stmt->copy_data : "",
		                      stmt->copy_len, err);
	if (run->params)
		return cft_pg_exec_params(pg, stmt->sql, run->nparams, run->params, ret, err);
	return cft_pg_exec(pg, stmt->sql, ret, err);
}

static int run_statement(struct cft_mig_run *run, const struct cft_mig_script *script,
                         const struct cft_mig_stmt *stmt, struct cft_err *err)
{
	struct cft_mig_engine *engine = run->engine;

	engine->done = run->statements;
	cft_mig_emit(engine, CFT_MIG_STATEMENT, stmt->sql);
	int rc = cft_mig_check_cancelled(engine, err);
	if (rc != 0)
		return rc;
	cft_mig_watch_begin(engine->watch);
	rc = execute(run, stmt, err);
	cft_mig_watch_end(engine->watch);
	if (rc != 0)
		return at_file(run, script, stmt, err);
	run->statements++;
	return rc;
}

static int run_statements(struct cft_mig_run *run, const struct cft_mig_script *script,
                          const struct cft_mig_unit *unit, struct cft_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < unit->count; i++)
		rc = run_statement(run, script, &script->stmts.v[unit->first + i], err);
	return rc;
}

/* active_sql_transaction, invalid_transaction_termination: not in a transaction block. */
static bool refused_in_block(const struct cft_err *err)
{
	return strcmp(err->sqlstate, "25001") == 0 || strcmp(err->sqlstate, "2D000") == 0;
}

/* unsafe_new_enum_value_usage: not in the transaction that added it. */
static bool refused_in_transaction(const struct cft_err *err)
{
	return refused_in_block(err) || strcmp(err->sqlstate, "55P04") == 0;
}

static int must_step(struct cft_mig_run *run, const char *why, struct cft_err *err)
{
	run->must_step = true;
	run->why = cft_arena_strdup(&run->arena, why);
	return cft_fail(err, CFT_E_STATE, "%s", why);
}

static int run_in_transaction(struct cft_mig_run *run, const struct cft_mig_script *script,
                              const struct cft_mig_unit *unit, struct cft_err *err)
{
	if (script->stepwise)
		return must_step(run, script->why, err);
	int rc = run_statements(run, script, unit, err);
	if (rc != 0 && refused_in_transaction(err))
		return must_step(run, err->message, err);
	return rc;
}

/* Lock failures of a step run stepwise cost one unit, not the migration. */
static int run_recorded(struct cft_mig_run *run, const struct cft_mig_script *script,
                        const struct cft_mig_unit *unit, struct cft_err *err)
{
	struct cft_mig_engine *engine = run->engine;
	int attempt = 0, rc;

	do {
		rc = cft_mig_begin(engine, err);
		if (rc == 0)
			rc = run_statements(run, script, unit, err);
		if (rc == 0)
			rc = cft_mig_ledger_unit_done(engine, run->version, unit->checksum, err);
		if (rc == 0)
			rc = cft_mig_commit(engine, err);
		if (rc != 0)
			cft_mig_rollback(engine);
	} while (rc != 0 && cft_mig_run_again(run, &attempt, err));
	return rc;
}

/* CONCURRENTLY waits for old transactions, which can take long and blocks nobody: our lock_timeout
 * would only leave INVALID indexes behind. One that the migration set itself stays. */
static int lift_lock_timeout(struct cft_mig_engine *engine, struct cft_err *err)
{
	char ours[32];
	const char *values[] = {ours};

	snprintf(ours, sizeof(ours), "%lld", (long long)(engine->options.lock_timeout_us / 1000));
	return cft_pg_exec_params(
		engine->pg,
		"SELECT pg_catalog.set_config('lock_timeout', '0', false) "
		"FROM pg_catalog.pg_settings WHERE name = 'lock_timeout' AND setting = $1",
		1, values, NULL, err);
}

static int restore_lock_timeout(struct cft_mig_engine *engine)
{
	char ours[32];
	const char *values[] = {ours};

	if (!cft_pg_alive(engine->pg))
		return 0;
	snprintf(ours, sizeof(ours), "%lld", (long long)(engine->options.lock_timeout_us / 1000));
	return cft_pg_exec_params(
		engine->pg,
		"SELECT pg_catalog.set_config('lock_timeout', $1, false) "
		"FROM pg_catalog.pg_settings WHERE name = 'lock_timeout' AND setting = '0'",
		1, values, NULL, NULL);
}

static int run_outside(struct cft_mig_run *run, const struct cft_mig_script *script,
                       const struct cft_mig_unit *unit, struct cft_err *err)
{
	struct cft_mig_engine *engine = run->engine;
	const struct cft_mig_stmt *stmt = &script->stmts.v[unit->first];
	int rc = cft_mig_index_clean(engine, &stmt->traits, err);

	if (rc == 0)
		rc = cft_mig_ledger_unit_begun(engine, run->version, unit->checksum, err);
	if (rc == 0)
		rc = lift_lock_timeout(engine, err);
	if (rc != 0)
		return rc;
	rc = run_statements(run, script, unit, err);
	restore_lock_timeout(engine);
	if (rc == 0)
		return cft_mig_ledger_unit_done(engine, run->version, unit->checksum, err);
	/* PostgreSQL said no: that is a result. Without a connection there is none. */
	if (cft_pg_alive(engine->pg)) {
		cft_mig_ledger_unit_failed(engine, run->version, NULL);
		cft_mig_index_explain(engine, &stmt->traits, err);
	}
	return rc;
}

static int edited(struct cft_mig_run *run, const struct cft_mig_script *script,
                  const struct cft_mig_unit *unit, struct cft_err *err)
{
	int line = run->line ? run->line : script->stmts.v[unit->first].line;

	cft_fail_reason(err, CFT_E_INCONSISTENT, "CHANGED_MIGRATION",
	                "statement %d was edited after it ran", run->index);
	cft_err_at(err, script->path, line, 1);
	return cft_err_hint(err,
	                    "restore the statements that ran (the first %d) and change only "
	                    "what comes after them",
	                    run->step->resume->statements_done);
}

static int unknown_outcome(struct cft_mig_run *run, const struct cft_mig_script *script,
                           const struct cft_mig_unit *unit, struct cft_err *err)
{
	int line = run->line ? run->line : script->stmts.v[unit->first].line;

	cft_fail_reason(
		err, CFT_E_INCONSISTENT, "UNKNOWN_OUTCOME",
		"statement %d was begun and the connection lost: it may have run or not, and "
		"the catalog cannot tell",
		run->index);
	cft_err_at(err, script->path, line, 1);
	return cft_err_hint(err, "look at the database, then say: confiture migrate repair --done "
	                         "(it ran) or --not-done (run it again)");
}

/* What an earlier attempt left about this unit. *ret_skip: it need not run. */
static int check_record(struct cft_mig_run *run, const struct cft_mig_script *script,
                        const struct cft_mig_unit *unit, bool *ret_skip, struct cft_err *err)
{
	const struct cft_mig_entry *resume = run->step->resume;
	int index = run->index++;
	enum cft_mig_outcome outcome = CFT_MIG_OUTCOME_AGAIN;

	*ret_skip = false;
	if (!resume || index > resume->statements_done)
		return 0;
	if (index < resume->statements_done) {
		if (!resume->done[index] || strcmp(resume->done[index], unit->checksum) != 0)
			return edited(run, script, unit, err);
		*ret_skip = true;
		return 0;
	}
	if (!resume->running)
		return 0;
	if (strcmp(resume->running, unit->checksum) != 0)
		return edited(run, script, unit, err);
	const struct cft_sql_traits *traits = &script->stmts.v[unit->first].traits;
	int rc = cft_mig_index_outcome(run->engine, traits, &outcome, err);
	if (rc == 0 && outcome == CFT_MIG_OUTCOME_UNKNOWN)
		return unknown_outcome(run, script, unit, err);
	if (rc == 0 && outcome == CFT_MIG_OUTCOME_DONE) {
		*ret_skip = true;
		return cft_mig_ledger_unit_done(run->engine, run->version, unit->checksum, err);
	}
	return rc;
}

static int run_stepwise(struct cft_mig_run *run, const struct cft_mig_script *script,
                        const struct cft_mig_unit *unit, struct cft_err *err)
{
	struct cft_mig_engine *engine = run->engine;
	bool skip;

	if (unit->session)
		return run_statements(run, script, unit, err);
	int rc = check_record(run, script, unit, &skip, err);
	if (rc != 0)
		return rc;
	if (skip) {
		engine->done = run->statements;
		run->statements += (int)unit->count;
		cft_mig_emit(engine, CFT_MIG_SKIPPED, script->stmts.v[unit->first].sql);
		return 0;
	}
	if (!unit->outside) {
		rc = run_recorded(run, script, unit, err);
		if (rc == 0 || unit->count > 1 || !refused_in_block(err))
			return rc;
		cft_err_clear(err);
	}
	return run_outside(run, script, unit, err);
}

int cft_mig_run_unit(struct cft_mig_run *run, const struct cft_mig_script *script,
                     const struct cft_mig_unit *unit, struct cft_err *err)
{
	return run->stepwise ? run_stepwise(run, script, unit, err)
	                     : run_in_transaction(run, script, unit, err);
}

int cft_mig_run_script(struct cft_mig_run *run, const struct cft_mig_script *script,
                       struct cft_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < script->units.n; i++)
		rc = cft_mig_run_unit(run, script, &script->units.v[i], err);
	return rc;
}

static void pause_ms(int ms)
{
	struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

bool cft_mig_run_again(struct cft_mig_run *run, int *attempt, const struct cft_err *err)
{
	struct cft_mig_engine *engine = run->engine;
	bool deadlock = strcmp(err->sqlstate, "40P01") == 0;

	if ((!deadlock && strcmp(err->sqlstate, "55P03") != 0) ||
	    *attempt >= engine->options.retries || !cft_pg_alive(engine->pg))
		return false;
	int ms = BACKOFF_FIRST_MS;
	for (int i = 0; i < *attempt && ms < BACKOFF_LAST_MS; i++)
		ms *= 2;
	ms = ms < BACKOFF_LAST_MS ? ms : BACKOFF_LAST_MS;
	++*attempt;
	const char *blocker = cft_mig_watch_blocker(engine->watch, &run->arena);
	cft_mig_emitf(engine, CFT_MIG_RETRY, "%s%s%s; retry %d of %d in %d ms",
	              deadlock ? "deadlock" : "lock timeout", blocker[0] ? ", blocked by " : "",
	              blocker, *attempt, engine->options.retries, ms);
	pause_ms(ms);
	return true;
}
