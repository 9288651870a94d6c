/* Validate: what is wrong in the contents of migration files.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/validate.h"

#include "common/migrate/child.h"
#include "common/migrate/python_source.h"
#include "common/migrate/script.h"
#include "common/sql/syntax/parse.h"

#include <string.h>

/* -- SQL -- */

static void add_problem(struct cft_mig_dir *dir, const struct cft_mig_text *text,
                        const struct cft_err *found)
{
	struct cft_mig_problem problem = {
		.severity = CFT_MIG_ERROR,
		.reason = cft_arena_strdup(&dir->arena, found->reason),
		.path = text->path,
		.line = found->line,
		.column = found->column,
		.message = cft_arena_strdup(&dir->arena, found->message),
		.hint = found->hint[0] ? cft_arena_strdup(&dir->arena, found->hint) : NULL,
	};

	cft_vec_push(&dir->problems, problem);
}

static int read_sql(const struct cft_mig_text *text, struct cft_err *err)
{
	const struct cft_parse_options options = {.max_bytes = SIZE_MAX, .psql = true};
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_sql_script parsed;
	struct cft_mig_script script;
	int rc = cft_sql_parse(text->data, text->len, &options, &arena, &parsed, err);

	if (rc == 0)
		rc = cft_mig_script_read(&arena, text, &script, err);
	cft_arena_release(&arena);
	return rc;
}

static void check_sql(struct cft_mig_dir *dir, const struct cft_mig_text *text)
{
	struct cft_err found = CFT_ERR_INIT;

	if (text->path && read_sql(text, &found) != 0)
		add_problem(dir, text, &found);
}

/* -- Python -- */

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

static int number_of(const json_t *message, const char *key)
{
	return (int)json_integer_value(json_object_get(message, key));
}

static void take_problem(struct cft_mig_dir *dir, const struct cft_mig_file *file,
                         const json_t *message)
{
	const char *hint = text_of(message, "hint");
	bool error = json_is_true(json_object_get(message, "error"));
	struct cft_mig_problem problem = {
		.severity = error ? CFT_MIG_ERROR : CFT_MIG_WARNING,
		.reason = cft_arena_strdup(&dir->arena, text_of(message, "reason")),
		.path = file->up.path,
		.line = number_of(message, "line"),
		.message = cft_arena_strdup(&dir->arena, text_of(message, "message")),
		.hint = hint[0] ? cft_arena_strdup(&dir->arena, hint) : NULL,
	};

	cft_vec_push(&dir->problems, problem);
}

/* A text may begin in the middle of a line and have escapes: the line is as near as one gets. */
static void take_sql(struct cft_mig_dir *dir, const struct cft_mig_file *file,
                     const json_t *message)
{
	const char *sql = text_of(message, "sql");
	struct cft_mig_text text = {file->up.path, sql, strlen(sql)};
	int last = number_of(message, "last");
	struct cft_err found = CFT_ERR_INIT;

	if (read_sql(&text, &found) == 0)
		return;
	found.line = number_of(message, "line") + (found.line > 0 ? found.line - 1 : 0);
	if (found.line > last)
		found.line = last;
	found.column = 0;
	add_problem(dir, &text, &found);
}

static void on_print(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
}

/* False: the process is gone. */
static bool look_at(struct cft_mig_child *child, struct cft_mig_dir *dir,
                    const struct cft_mig_file *file)
{
	json_t *job = json_pack("{s:s,s:s}", "source", file->up.data, "version", file->version);
	bool done = !job; /* no UTF-8: that is known */

	if (job && cft_mig_child_send(child, job, NULL) != 0)
		return false;
	while (!done) {
		json_t *message = NULL;

		if (cft_mig_child_receive(child, &message, NULL) != 0 || !message)
			return false;
		if (strcmp(text_of(message, "event"), "problem") == 0)
			take_problem(dir, file, message);
		else if (strcmp(text_of(message, "event"), "sql") == 0)
			take_sql(dir, file, message);
		else
			done = true;
		json_decref(message);
	}
	return true;
}

static const struct cft_mig_file *next_python(const struct cft_mig_dir *dir,
                                              const struct cft_mig_file *file)
{
	const struct cft_mig_file *end = dir->files.v + dir->files.n;

	while (file < end && !file->python)
		file++;
	return file < end ? file : NULL;
}

static void nobody_looked(struct cft_mig_dir *dir, const struct cft_mig_file *file,
                          const struct cft_err *why)
{
	struct cft_mig_problem problem = {
		.severity = CFT_MIG_WARNING,
		.reason = "PYTHON_NOT_CHECKED",
		.path = file->up.path,
		.message = cft_arena_printf(&dir->arena, "the Python class was not looked at%s%s",
	                                    why->message[0] ? ": " : "", why->message),
	};

	cft_vec_push(&dir->problems, problem);
}

/* One process for all files, begun with the first. */
static void check_python(struct cft_mig_dir *dir, const char *python)
{
	const struct cft_mig_file *file = next_python(dir, dir->files.v);
	struct cft_err why = CFT_ERR_INIT;
	struct cft_mig_child child;

	if (!file)
		return;
	if (cft_mig_child_start(&child, python, cft_mig_python_check, on_print, NULL, &why) != 0) {
		nobody_looked(dir, file, &why);
		return;
	}
	while (file && look_at(&child, dir, file))
		file = next_python(dir, file + 1);
	if (file)
		nobody_looked(dir, file, &why);
	cft_mig_child_stop(&child);
}

void cft_mig_validate(struct cft_mig_dir *dir, const char *python)
{
	CFT_VEC_EACH (struct cft_mig_file, file, &dir->files) {
		if (file->python)
			continue;
		check_sql(dir, &file->up);
		check_sql(dir, &file->down);
	}
	check_python(dir, python ? python : "python3");
}
