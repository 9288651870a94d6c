/* Python: migrations written as Python classes.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/python.h"

#include "common/migrate/child.h"
#include "common/migrate/python_source.h"
#include "common/migrate/version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct session {
	struct cft_mig_run *run;
	struct cft_mig_child child;
	struct cft_err sql; /* the first statement that failed: the migration may swallow it */
	bool finished;
};

static const char *path_of(const struct session *session)
{
	return session->run->step->file->up.path;
}

static void on_print(void *ctx, const char *line)
{
	struct session *session = ctx;

	cft_mig_emit(session->run->engine, CFT_MIG_NOTICE, line);
}

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

static int fail_at(struct session *session, int code, const char *reason, const json_t *message,
                   const char *text, struct cft_err *err)
{
	int line = (int)json_integer_value(json_object_get(message, "line"));

	cft_fail_reason(err, code, reason, "%s", text);
	return cft_err_at(err, path_of(session), line, 0);
}

static int on_error(struct session *session, const json_t *message, struct cft_err *err)
{
	const char *kind = text_of(message, "kind"), *text = text_of(message, "message");

	if (session->sql.code != 0 && strcmp(kind, "sql") == 0) {
		*err = session->sql;
		return err->code;
	}
	if (strcmp(kind, "no_class") == 0) {
		fail_at(session, CFT_E_CONFIG, "NO_MIGRATION_CLASS", message, text, err);
		return cft_err_hint(
			err,
			"the file must define a class that inherits from "
			"Migration: class %s(Migration)",
			cft_mig_name_class(&session->run->arena, session->run->step->file->name));
	}
	if (strcmp(kind, "many_classes") == 0) {
		fail_at(session, CFT_E_CONFIG, "SEVERAL_MIGRATION_CLASSES", message,
		        "the file defines several Migration classes", err);
		return cft_err_hint(err, "keep one of: %s", text);
	}
	if (strcmp(kind, "syntax") == 0) {
		fail_at(session, CFT_E_CONFIG, "PYTHON_SYNTAX_ERROR", message, text, err);
		return cft_err_prefix(err, "Python syntax error");
	}
	if (strcmp(kind, "irreversible") == 0)
		return fail_at(session, CFT_E_IRREVERSIBLE, "MISSING_DOWN", message, text, err);
	on_print(session, text_of(message, "traceback"));
	return fail_at(session, CFT_E_FAILED, "PYTHON_EXCEPTION", message, text, err);
}

static int send_stop(struct session *session, struct cft_err *err)
{
	session->finished = true;
	return cft_mig_child_send(&session->child, json_pack("{s:b}", "stop", 1), err);
}

static int on_loaded(struct session *session, const json_t *message, struct cft_err *err)
{
	struct cft_mig_run *run = session->run;
	const char *version = text_of(message, "version");
	const struct cft_mig_file *file = run->step->file;

	if (version[0] &&
	    (!cft_mig_version_valid(version) || cft_mig_version_cmp(version, file->version) != 0)) {
		cft_fail_reason(err, CFT_E_CONFIG, "VERSION_MISMATCH",
		                "the class says version \"%s\", the file's name says %s", version,
		                file->version);
		cft_err_at(err, path_of(session), 0, 0);
		return cft_err_hint(err, "write version = \"%s\" in the class", file->version);
	}
	if (!json_is_true(json_object_get(message, "transactional")) && !run->stepwise) {
		run->must_step = true;
		run->why = "the class says transactional = False";
		return send_stop(session, err);
	}
	return cft_mig_child_send(&session->child, json_pack("{s:b}", "go", 1), err);
}

static json_t *rows_of(const struct cft_pg_result *result)
{
	json_t *rows = json_array();

	for (size_t r = 0; result && r < cft_pg_rows(result); r++) {
		json_t *row = json_array();
		for (size_t c = 0; c < cft_pg_columns(result); c++) {
			const char *value = cft_pg_value(result, r, c);
			json_array_append_new(row, value ? json_string(value) : json_null());
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *answer_of(const struct cft_pg_result *result)
{
	json_int_t count = result ? (json_int_t)cft_pg_affected(result) : 0;

	return json_pack("{s:I,s:o}", "count", count, "rows", rows_of(result));
}

static void take_params(struct cft_mig_run *run, const json_t *params)
{
	size_t n = json_array_size(params);
	const char **values = cft_arena_array(&run->arena, const char *, n + 1);

	for (size_t i = 0; i < n; i++)
		values[i] =
			cft_arena_strdup(&run->arena, json_string_value(json_array_get(params, i)));
	run->nparams = n;
	run->params = json_is_array(params) ? values : NULL;
}

/* Rows are read anew by every attempt, so outside the transaction a query must change nothing. */
static int run_query(struct cft_mig_run *run, const char *sql, struct cft_err *err)
{
	struct cft_pg *pg = run->engine->pg;
	struct cft_pg_result *result = NULL;
	int rc = run->stepwise ? cft_pg_exec(pg, "BEGIN READ ONLY", NULL, err) : 0;

	if (rc == 0)
		rc = cft_pg_exec_params(pg, sql, run->params ? run->nparams : 0, run->params,
		                        &result, err);
	if (run->stepwise)
		cft_mig_rollback(run->engine);
	cft_pg_result_free(run->result);
	run->result = result;
	return rc;
}

static int run_sql(struct session *session, const json_t *message, struct cft_err *err)
{
	struct cft_mig_run *run = session->run;
	const char *sql = text_of(message, "sql");
	struct cft_mig_text text = {path_of(session), sql, strlen(sql)};
	struct cft_mig_script script = {0};

	take_params(run, json_object_get(message, "params"));
	run->line = (int)json_integer_value(json_object_get(message, "line"));
	run->want_result = true;
	if (json_is_true(json_object_get(message, "rows"))) {
		int rc = run_query(run, sql, err);
		if (rc != 0)
			fail_at(session, rc, err->reason, message,
			        cft_arena_strdup(&run->arena, err->message), err);
		return rc;
	}
	int rc = cft_mig_script_read(&run->arena, &text, &script, err);
	if (rc == 0 && run->params && script.stmts.n > 1)
		rc = fail_at(session, CFT_E_INVALID, "SEVERAL_STATEMENTS", message,
		             "parameters go with one statement only", err);
	return rc ? rc : cft_mig_run_script(run, &script, err);
}

static int on_execute(struct session *session, const json_t *message, struct cft_err *err)
{
	struct cft_mig_run *run = session->run;
	struct cft_err failed = CFT_ERR_INIT;
	int rc = run_sql(session, message, &failed);

	if (rc == 0)
		return cft_mig_child_send(&session->child, answer_of(run->result), err);
	if (run->must_step) {
		*err = failed;
		send_stop(session, NULL);
		return rc;
	}
	if (session->sql.code == 0)
		session->sql = failed;
	return cft_mig_child_send(
		&session->child,
		json_pack("{s:s,s:s}", "error", failed.message, "sqlstate", failed.sqlstate), err);
}

static int on_message(struct session *session, const json_t *message, struct cft_err *err)
{
	const char *event = text_of(message, "event");

	if (strcmp(event, "loaded") == 0)
		return on_loaded(session, message, err);
	if (strcmp(event, "execute") == 0)
		return on_execute(session, message, err);
	session->finished = true;
	if (strcmp(event, "done") == 0)
		return 0;
	return on_error(session, message, err);
}

static int ended_early(struct session *session, int status, struct cft_err *err)
{
	if (session->sql.code == CFT_E_UNAVAILABLE) {
		*err = session->sql;
		return err->code;
	}
	if (WIFSIGNALED(status))
		cft_fail_reason(err, CFT_E_FAILED, "PYTHON_ENDED", "python3 was ended by signal %d",
		                WTERMSIG(status));
	else
		cft_fail_reason(err, CFT_E_FAILED, "PYTHON_ENDED",
		                "python3 ended by itself with status %d", WEXITSTATUS(status));
	return cft_err_at(err, path_of(session), 0, 0);
}

static int talk(struct session *session, struct cft_err *err)
{
	int rc = 0;

	while (rc == 0 && !session->finished) {
		json_t *message = NULL;

		rc = cft_mig_child_receive(&session->child, &message, err);
		if (rc == 0 && !message)
			break;
		if (rc == 0)
			rc = on_message(session, message, err);
		json_decref(message);
	}
	return rc;
}

int cft_mig_python_run(struct cft_mig_run *run, struct cft_err *err)
{
	const struct cft_mig_step *step = run->step;
	struct session session = {.run = run};
	int rc = cft_mig_child_start(&session.child, run->engine->options.python,
	                             cft_mig_python_runner, on_print, &session, err);

	if (rc != 0)
		return rc;
	rc = cft_mig_child_send(&session.child,
	                        json_pack("{s:s,s:s,s:s,s:s}", "path", step->file->up.path,
	                                  "source", step->file->up.data, "models",
	                                  cft_mig_python_models, "direction",
	                                  step->direction == CFT_MIG_UP ? "up" : "down"),
	                        err);
	if (rc == 0)
		rc = talk(&session, err);
	int status = cft_mig_child_stop(&session.child);
	run->line = 0;
	run->params = NULL;
	if (rc == 0 && !session.finished)
		rc = ended_early(&session, status, err);
	if (rc == 0 && run->must_step)
		rc = cft_fail(err, CFT_E_STATE, "%s", run->why);
	/* A migration that swallowed the error of a statement goes on in a failed transaction. */
	if (rc == 0 && session.sql.code != 0 && !run->stepwise) {
		*err = session.sql;
		rc = err->code;
	}
	return rc;
}
