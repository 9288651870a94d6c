/* Migrate: what the `confiture migrate` commands share.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate.h"
#include "agent/commands/migrate_remote.h"

#include "common/base/clock.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Waiting for a lock blocks everybody behind us too: short, and then again. */
enum { LOCK_RETRIES = 6 };

static int read_dir(struct cft_migrate *migrate, struct cft_err *err)
{
	const char *path = cft_cmd_str(migrate->cmd, "migrations-dir");

	if (!path)
		path = migrate->connection.environment.migrations_dir;
	migrate->dir_read = true;
	return cft_mig_dir_read(&migrate->dir, path, err);
}

int cft_migrate_open_files(struct cft_migrate *migrate, struct cft_cmd *cmd, struct cft_err *err)
{
	migrate->cmd = cmd;
	int rc = cft_cmd_connection(cmd, true, true, &migrate->connection, err);

	return rc ? rc : read_dir(migrate, err);
}

static const char *step_verb(const struct cft_mig_step *step)
{
	return step->direction == CFT_MIG_UP ? "Applying" : "Rolling back";
}

static void end_step(struct cft_migrate *migrate, const struct cft_mig_event *event)
{
	struct cft_output *out = migrate->cmd->out;
	char text[CFT_TIME_TEXT + 4] = "", time[CFT_TIME_TEXT];

	if (event->duration_us >= 1000000 || cft_output_settings(out)->out_terminal)
		snprintf(text, sizeof(text), "(%s)", cft_duration_format(event->duration_us, time));
	cft_out_progress_end(out);
	cft_out_step_end(out, event->failed ? CFT_MARK_ERROR : CFT_MARK_OK, "%s", text);
	if (!event->failed)
		json_array_append_new(migrate->steps,
		                      json_pack("{s:s,s:s,s:I}", "version",
		                                event->step->file->version, "name",
		                                event->step->file->name, "duration_ms",
		                                (json_int_t)(event->duration_us / 1000)));
}

static void show_statement(struct cft_migrate *migrate, const struct cft_mig_event *event)
{
	char what[60];

	snprintf(what, sizeof(what), "%s", event->text);
	cft_out_progress(migrate->cmd->out, (size_t)event->done, (size_t)event->total, what);
}

static void on_event(void *ctx, const struct cft_mig_event *event)
{
	struct cft_migrate *migrate = ctx;
	struct cft_output *out = migrate->cmd->out;

	switch (event->kind) {
	case CFT_MIG_LOCK_WAIT:
		cft_out_note(out, "waiting for another migrator: %s", event->text);
		break;
	case CFT_MIG_BEGIN_STEP:
		cft_out_step(out, CFT_MARK_RUN, "%s %s_%s...", step_verb(event->step),
		             event->step->file->version, event->step->file->name);
		break;
	case CFT_MIG_STEPWISE:
		cft_out_note(out, "%s_%s runs statement by statement: %s",
		             event->step->file->version, event->step->file->name, event->text);
		break;
	case CFT_MIG_STATEMENT:
		show_statement(migrate, event);
		break;
	case CFT_MIG_SKIPPED:
		cft_out_note(out, "already done: %s", event->text);
		break;
	case CFT_MIG_BLOCKED:
		cft_out_note(out, "waiting for a lock that is held by %s", event->text);
		break;
	case CFT_MIG_RETRY:
		cft_out_note(out, "%s", event->text);
		break;
	case CFT_MIG_INDEX_CLEANED:
		cft_out_note(out, "dropped the INVALID index %s that a failed build left",
		             event->text);
		break;
	case CFT_MIG_NOTICE:
		cft_out_note(out, "%s", event->text);
		break;
	case CFT_MIG_END_STEP:
		end_step(migrate, event);
		break;
	}
}

/* "lionel@laptop": who, for the tracking table and for those who wait. */
static const char *who(struct cft_arena *arena)
{
	char host[256] = "localhost";
	const struct passwd *user = getpwuid(geteuid());

	gethostname(host, sizeof(host) - 1);
	return cft_arena_printf(arena, "%s@%s", user ? user->pw_name : "unknown", host);
}

static int64_t duration_option_us(const struct cft_cmd *cmd, const char *name, bool writes,
                                  int64_t fallback_ms)
{
	return writes && cft_cmd_has(cmd, name) ? cft_cmd_duration_us(cmd, name)
	                                        : fallback_ms * 1000;
}

static int open_engine(struct cft_migrate *migrate, bool writes, struct cft_err *err)
{
	const struct cft_cmd *cmd = migrate->cmd;
	const struct cft_env_migration *env = &migrate->connection.environment.migration;
	const char *by = who(cmd->arena);
	struct cft_mig_engine_options options = {
		.url = migrate->connection.conninfo,
		.application_name =
			cft_arena_printf(cmd->arena, "confiture %s (%s)", cmd->path, by),
		.table = env->table,
		.applied_by = by,
		.lock_wait_us = duration_option_us(cmd, "lock-timeout", writes, env->wait_ms),
		.lock_timeout_us =
			duration_option_us(cmd, "ddl-lock-timeout", writes, env->lock_timeout_ms),
		.statement_timeout_us = env->statement_timeout_ms * 1000,
		.retries = LOCK_RETRIES,
		.python = getenv("CONFITURE_PYTHON"),
		.on_event = on_event,
		.ctx = migrate,
	};

	return cft_mig_engine_open(&options, &migrate->engine, err);
}

/* Ctrl-C asks PostgreSQL to stop the statement; the transaction is rolled back and said so. The
 * second one ends the program at once, and PostgreSQL rolls back by itself. */
static void *wait_for_interrupt(void *arg)
{
	struct cft_migrate *migrate = arg;
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigwait(&signals, &signal) != 0 || atomic_load(&migrate->closing))
		return NULL;
	cft_mig_engine_cancel(migrate->engine);
	if (sigwait(&signals, &signal) == 0 && !atomic_load(&migrate->closing))
		_exit(128 + signal);
	return NULL;
}

static void catch_interrupts(struct cft_migrate *migrate)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	migrate->interruptible =
		pthread_create(&migrate->interrupter, NULL, wait_for_interrupt, migrate) == 0;
}

/* --on of the commands that have it. */
static const char *target_of(const struct cft_cmd *cmd)
{
	return cft_cmd_knows(cmd, "on") ? cft_cmd_str(cmd, "on") : NULL;
}

/* Ours would not count: the operator's do. */
static int refuse_lock_options(const struct cft_cmd *cmd, struct cft_err *err)
{
	static const char *const names[] = {"lock-timeout", "ddl-lock-timeout"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!cft_cmd_knows(cmd, names[i]) || !cft_cmd_typed(cmd, names[i]))
			continue;
		cft_fail_reason(err, CFT_E_INVALID, "TARGET_DECIDES",
		                "--%s does not go with --on: it is the target's to say", names[i]);
		return cft_err_hint(err, "the operator sets lock_timeout in the server's "
		                         "configuration");
	}
	return 0;
}

int cft_migrate_open(struct cft_migrate *migrate, struct cft_cmd *cmd, bool writes,
                     struct cft_err *err)
{
	migrate->cmd = cmd;
	migrate->steps = json_array();
	const char *target = target_of(cmd);
	int rc = target ? refuse_lock_options(cmd, err) : 0;
	if (rc == 0)
		rc = cft_cmd_connection(cmd, !writes, target != NULL, &migrate->connection, err);
	if (rc == 0)
		rc = read_dir(migrate, err);
	if (rc == 0 && target)
		return cft_migrate_remote_open(migrate, target, err);
	if (rc == 0)
		rc = open_engine(migrate, writes, err);
	if (rc == 0 && writes) {
		catch_interrupts(migrate);
		rc = cft_mig_engine_lock(migrate->engine, err);
	}
	if (rc == 0)
		rc = cft_mig_engine_history(migrate->engine, cmd->arena, &migrate->history, err);
	return rc;
}

void cft_migrate_close(struct cft_migrate *migrate)
{
	if (migrate->interruptible) {
		atomic_store(&migrate->closing, true);
		pthread_kill(migrate->interrupter, SIGTERM); /* wakes it up */
		pthread_join(migrate->interrupter, NULL);
	}
	cft_mig_engine_close(migrate->engine);
	cft_migrate_remote_close(migrate);
	if (migrate->dir_read)
		cft_mig_dir_release(&migrate->dir);
	json_decref(migrate->steps);
}

int cft_migrate_invalid_indexes(struct cft_migrate *migrate, const char *const **ret, size_t *ret_n,
                                struct cft_err *err)
{
	const struct cft_migrate_remote *remote = migrate->remote;

	if (!remote)
		return cft_mig_engine_invalid_indexes(migrate->engine, migrate->cmd->arena, ret,
		                                      ret_n, err);
	*ret = remote->invalid_indexes;
	*ret_n = remote->n_invalid_indexes;
	return 0;
}

const char *cft_migrate_problem_text(const struct cft_migrate *migrate,
                                     const struct cft_mig_problem *problem)
{
	struct cft_arena *arena = migrate->cmd->arena;

	if (problem->line == 0)
		return cft_arena_printf(arena, "%s: %s", problem->path, problem->message);
	if (problem->column == 0)
		return cft_arena_printf(arena, "%s:%d: %s", problem->path, problem->line,
		                        problem->message);
	return cft_arena_printf(arena, "%s:%d:%d: %s", problem->path, problem->line,
	                        problem->column, problem->message);
}

void cft_migrate_show_problems(struct cft_migrate *migrate, bool errors)
{
	CFT_VEC_EACH (struct cft_mig_problem, problem, &migrate->dir.problems) {
		/* Gaps and missing downs are `validate`'s to tell: they stop nobody. */
		if ((errors && problem->severity == CFT_MIG_ERROR) ||
		    strcmp(problem->reason, "UNKNOWN_FILE_NAME") == 0)
			cft_out_note(migrate->cmd->out, "%s%s%s%s",
			             cft_migrate_problem_text(migrate, problem),
			             problem->hint ? " (" : "", problem->hint ? problem->hint : "",
			             problem->hint ? ")" : "");
	}
}

json_t *cft_migrate_problems_json(const struct cft_migrate *migrate)
{
	json_t *all = json_array();

	CFT_VEC_EACH (struct cft_mig_problem, problem, &migrate->dir.problems) {
		bool error = problem->severity == CFT_MIG_ERROR;

		json_array_append_new(all,
		                      json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:s*}", "severity",
		                                error ? "error" : "warning", "reason",
		                                problem->reason, "message", problem->message,
		                                "path", problem->path, "line", problem->line,
		                                "column", problem->column, "hint", problem->hint));
	}
	return all;
}

void cft_migrate_answer(struct cft_migrate *migrate, json_t *takes_document)
{
	if (migrate->remote)
		json_object_set_new(takes_document, "base",
		                    cft_render_base(migrate->remote->coord.base));
	cft_out_json(migrate->cmd->out, takes_document);
}

static void show_document(struct cft_migrate *migrate, const struct cft_mig_plan *plan, size_t done)
{
	bool up = plan->direction == CFT_MIG_UP;

	cft_migrate_answer(migrate,
	                   json_pack("{s:O,s:b,s:I,s:b,s:s}", up ? "applied" : "rolled_back",
	                             migrate->steps, "dry_run", 0, "remaining",
	                             (json_int_t)(plan->steps.n - done), "success",
	                             done == plan->steps.n, "database", migrate->connection.shown));
}

int cft_migrate_run(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                    struct cft_err *err)
{
	struct cft_output *out = migrate->cmd->out;
	bool up = plan->direction == CFT_MIG_UP;
	size_t done = 0;

	if (up)
		cft_out_mark(out, CFT_MARK_PACKAGE, "Found %zu pending migration(s)\n",
		             plan->steps.n);
	else
		cft_out_mark(out, CFT_MARK_PACKAGE, "Rolling back %zu migration(s)\n",
		             plan->steps.n);
	int rc = migrate->remote ? cft_migrate_remote_run(migrate, plan, on_event, &done, err)
	                         : cft_mig_engine_run(migrate->engine, plan, &done, err);
	if (rc == 0)
		cft_out_text(out, "%s", "");
	if (rc == 0)
		cft_out_mark(out, CFT_MARK_OK, "Successfully %s %zu migration(s)!",
		             up ? "applied" : "rolled back", done);
	else if (done > 0)
		cft_out_note(out, "%zu of %zu migration(s) %s before the failure", done,
		             plan->steps.n, up ? "applied" : "rolled back");
	show_document(migrate, plan, done);
	return rc;
}

int cft_migrate_show_plan(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                          struct cft_err *err)
{
	struct cft_output *out = migrate->cmd->out;
	bool up = plan->direction == CFT_MIG_UP;
	json_t *list = json_array();
	json_t *document = json_pack("{s:o,s:b,s:s}", up ? "would_apply" : "would_roll_back", list,
	                             "dry_run", 1, "database", migrate->connection.shown);

	cft_out_mark(out, CFT_MARK_PACKAGE, "Would %s %zu migration(s)", up ? "apply" : "roll back",
	             plan->steps.n);
	CFT_VEC_EACH (struct cft_mig_step, step, &plan->steps) {
		const char *path = up ? step->file->up.path : step->file->down.path;

		cft_out_mark(out, CFT_MARK_BULLET, "%s_%s (%s)", step->file->version,
		             step->file->name, path);
		json_array_append_new(list,
		                      json_pack("{s:s,s:s,s:s}", "version", step->file->version,
		                                "name", step->file->name, "path", path));
	}
	int rc = up && migrate->remote ? cft_migrate_remote_preview(migrate, plan, document, err)
	                               : 0;
	if (rc == 0)
		cft_migrate_answer(migrate, json_incref(document));
	json_decref(document);
	return rc;
}
