/* Engine: connection, session settings, transactions, events.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/engine.h"

#include "common/base/mem.h"
#include "common/migrate/internal.h"
#include "common/migrate/ledger.h"
#include "common/migrate/watch.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cft_mig_emit(struct cft_mig_engine *engine, enum cft_mig_event_kind kind, const char *text)
{
	struct cft_mig_event event = {
		.kind = kind,
		.step = engine->step,
		.done = engine->done,
		.total = engine->total,
		.text = text,
	};

	if (!engine->options.on_event)
		return;
	pthread_mutex_lock(&engine->emitting);
	engine->options.on_event(engine->options.ctx, &event);
	pthread_mutex_unlock(&engine->emitting);
}

void cft_mig_emitf(struct cft_mig_engine *engine, enum cft_mig_event_kind kind, const char *fmt,
                   ...)
{
	struct cft_buf text = CFT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cft_buf_addv(&text, fmt, ap);
	va_end(ap);
	cft_mig_emit(engine, kind, cft_buf_str(&text));
	cft_buf_release(&text);
}

static void on_notice(void *ctx, const struct cft_pg_notice *notice)
{
	struct cft_mig_engine *engine = ctx;

	if (engine->step)
		cft_mig_emitf(engine, CFT_MIG_NOTICE, "%s: %s", notice->severity, notice->message);
}

static void copy_options(struct cft_mig_engine *engine,
                         const struct cft_mig_engine_options *options)
{
	struct cft_mig_engine_options *own = &engine->options;

	*own = *options;
	own->url = cft_arena_strdup(&engine->arena, options->url);
	own->application_name = cft_arena_strdup(&engine->arena, options->application_name
	                                                                 ? options->application_name
	                                                                 : "confiture migrate");
	own->table = cft_arena_strdup(&engine->arena,
	                              options->table ? options->table : "confiture_migrations");
	own->applied_by = cft_arena_strdup(&engine->arena, options->applied_by);
	own->python =
		cft_arena_strdup(&engine->arena, options->python ? options->python : "python3");
	own->details = cft_arena_strdup(&engine->arena, options->details);
}

static int connect_engine(struct cft_mig_engine *engine, struct cft_err *err)
{
	struct cft_pg_options options = {
		.url = engine->options.url,
		.application_name = engine->options.application_name,
	};
	int rc = cft_pg_connect(&options, &engine->pg, err);

	if (rc != 0 && rc != CFT_E_CONFIG)
		cft_err_prefix(err, "Database connection failed");
	return rc;
}

int cft_mig_engine_open(const struct cft_mig_engine_options *options, struct cft_mig_engine **ret,
                        struct cft_err *err)
{
	struct cft_mig_engine *engine = cft_new(struct cft_mig_engine);

	pthread_mutex_init(&engine->emitting, NULL);
	copy_options(engine, options);
	int rc = connect_engine(engine, err);
	if (rc == 0) {
		cft_pg_on_notice(engine->pg, on_notice, engine);
		rc = cft_mig_ledger_find(engine, err);
	}
	if (rc != 0) {
		cft_mig_engine_close(engine);
		return rc;
	}
	*ret = engine;
	return 0;
}

void cft_mig_engine_close(struct cft_mig_engine *engine)
{
	if (!engine)
		return;
	cft_mig_watch_free(engine->watch);
	cft_pg_close(engine->pg);
	pthread_mutex_destroy(&engine->emitting);
	cft_arena_release(&engine->arena);
	free(engine);
}

void cft_mig_engine_cancel(struct cft_mig_engine *engine)
{
	atomic_store(&engine->cancelled, true);
	cft_pg_cancel(engine->pg);
}

struct cft_pg *cft_mig_engine_pg(struct cft_mig_engine *engine)
{
	return engine->pg;
}

const char *cft_mig_engine_table(const struct cft_mig_engine *engine)
{
	return engine->table;
}

int cft_mig_session_reset(struct cft_mig_engine *engine, struct cft_err *err)
{
	return cft_pg_execf(engine->pg, err,
	                    "RESET SESSION AUTHORIZATION; RESET ALL; "
	                    "SET lock_timeout = %lld; SET statement_timeout = %lld; "
	                    "SET idle_in_transaction_session_timeout = 0",
	                    (long long)(engine->options.lock_timeout_us / 1000),
	                    (long long)(engine->options.statement_timeout_us / 1000));
}

int cft_mig_check_cancelled(struct cft_mig_engine *engine, struct cft_err *err)
{
	if (!atomic_load(&engine->cancelled))
		return 0;
	return cft_fail(err, CFT_E_CANCELLED, "cancelled");
}

int cft_mig_begin(struct cft_mig_engine *engine, struct cft_err *err)
{
	return cft_pg_exec(engine->pg, "BEGIN", NULL, err);
}

int cft_mig_commit(struct cft_mig_engine *engine, struct cft_err *err)
{
	struct cft_pg_result *result = NULL;
	int rc = 0;

	if (engine->options.before_commit)
		rc = engine->options.before_commit(engine->options.ctx, engine->pg, engine->step,
		                                   err);
	if (rc == 0)
		rc = cft_pg_exec(engine->pg, "COMMIT", &result, err);
	if (rc != 0)
		return rc;
	if (strcmp(cft_pg_command_tag(result), "COMMIT") != 0)
		rc = cft_fail_reason(err, CFT_E_FAILED, "ROLLED_BACK",
		                     "PostgreSQL rolled the transaction back: a statement in it "
		                     "had failed");
	cft_pg_result_free(result);
	return rc;
}

void cft_mig_rollback(struct cft_mig_engine *engine)
{
	if (cft_pg_alive(engine->pg) && cft_pg_in_transaction(engine->pg))
		cft_pg_exec(engine->pg, "ROLLBACK", NULL, NULL);
}
