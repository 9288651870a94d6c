/* confiture schema dump: a schema as canonical DDL.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/environment_options.h"
#include "agent/commands/schema_ddl.h"
#include "agent/commands/schema_source.h"
#include "common/base/file.h"

#include <ctype.h>
#include <string.h>

enum { FILE_MODE = 0644, DIR_MODE = 0755 };

/* The statements of one object. */
struct part {
	const char *path;
	struct cft_buf text;
};

struct dump {
	struct cft_cmd *cmd;
	struct cft_schema *schema;
	struct cft_plan *plan;
	struct part *parts;
	size_t n;
};

/* What to read: the argument, or the database that the options name. */
static int source_of(struct cft_cmd *cmd, const char **ret, struct cft_err *err)
{
	struct cft_connection connection;

	if (cmd->args.n > 0) {
		*ret = cmd->args.v[0];
		return 0;
	}
	int rc = cft_cmd_connection(cmd, true, false, &connection, err);
	if (rc == 0)
		*ret = cft_arena_printf(cmd->arena, "db:%s", connection.conninfo);
	return rc;
}

/* Names may hold anything; file names should not. */
static const char *safe_name(struct cft_arena *arena, const char *object)
{
	char *name = cft_arena_strdup(arena, object);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.' && *p != '-')
			*p = '_';
	return *name ? name : "other";
}

/* An object that something else has to come between (a sequence owned by a column) has two files.
 */
static struct part *part_of(struct dump *d, const char *object)
{
	const char *path =
		cft_arena_printf(d->cmd->arena, "%s.sql", safe_name(d->cmd->arena, object));

	if (d->n > 0 && strcmp(d->parts[d->n - 1].path, path) == 0)
		return &d->parts[d->n - 1];
	d->parts[d->n].path = path;
	return &d->parts[d->n++];
}

static void sort_into_parts(struct dump *d)
{
	d->parts = cft_arena_array(d->cmd->arena, struct part, d->plan->up_count + 1);
	for (size_t i = 0; i < d->plan->up_count; i++) {
		const struct cft_step *step = &d->plan->up[i];
		cft_buf_addf(&part_of(d, step->object)->text, "%s;\n", step->sql);
	}
}

/* Numbered in the order in which PostgreSQL takes them: `confiture build` reads them back. */
static int write_parts(struct dump *d, const char *dir, struct cft_err *err)
{
	int rc = cft_file_mkdirs(dir, DIR_MODE, err);

	for (size_t i = 0; rc == 0 && i < d->n; i++) {
		const char *path = cft_arena_printf(d->cmd->arena, "%s/%05zu_%s", dir, (i + 1) * 10,
		                                    d->parts[i].path);
		rc = cft_file_write(path, cft_buf_str(&d->parts[i].text), d->parts[i].text.len,
		                    FILE_MODE, err);
	}
	return rc;
}

static json_t *refused_json(const struct dump *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->plan->refused_count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s, s:s}", "object", d->plan->refused[i].object,
		                                "reason", d->plan->refused[i].reason));
	return list;
}

static void answer(const struct dump *d, const char *output, const char *script)
{
	cft_out_json(d->cmd->out, json_pack("{s:s?, s:s?, s:o}", "output", output, "script", script,
	                                    "left_out", refused_json(d)));
}

static int split(struct dump *d, const char *dir, struct cft_err *err)
{
	sort_into_parts(d);
	int rc = write_parts(d, dir, err);
	for (size_t i = 0; i < d->n; i++)
		cft_buf_release(&d->parts[i].text);
	if (rc == 0)
		cft_out_mark(d->cmd->out, CFT_MARK_OK, "%zu file(s) in %s", d->n, dir);
	if (rc == 0)
		answer(d, dir, NULL);
	return rc;
}

static int write_script(struct dump *d, struct cft_err *err)
{
	const char *path = cft_cmd_str(d->cmd, "output");
	struct cft_buf script = CFT_BUF_INIT;
	int rc = 0;

	cft_plan_script(d->plan, false, false, &script);
	if (path && strcmp(path, "-") == 0)
		path = NULL;
	if (path)
		rc = cft_file_write(path, cft_buf_str(&script), script.len, FILE_MODE, err);
	else
		cft_out_script(d->cmd->out, cft_buf_str(&script), script.len);
	if (rc == 0)
		answer(d, path, path ? NULL : cft_buf_str(&script));
	cft_buf_release(&script);
	return rc;
}

static void show_refused(const struct dump *d)
{
	for (size_t i = 0; i < d->plan->refused_count; i++)
		cft_out_note(d->cmd->out, "left out: %s: %s", d->plan->refused[i].object,
		             d->plan->refused[i].reason);
}

static int act(struct dump *d, struct cft_err *err)
{
	struct cft_cmd *cmd = d->cmd;
	const struct cft_diff_options options = {
		.keep_owners = cft_cmd_flag(cmd, "no-owners"),
		.keep_privileges = cft_cmd_flag(cmd, "no-privileges"),
	};
	const char *source, *dir = cft_cmd_str(cmd, "split");

	if (dir && cft_cmd_has(cmd, "output"))
		return cft_fail(err, CFT_E_INVALID, "--split and --output exclude each other");
	int rc = source_of(cmd, &source, err);
	if (rc == 0)
		rc = cft_schema_source_read(cmd->arena, source, &d->schema, err);
	if (rc == 0)
		rc = cft_schema_ddl(d->schema, &options, &d->plan, err);
	if (rc != 0)
		return rc;
	show_refused(d);
	return dir ? split(d, dir, err) : write_script(d, err);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct dump dump = {.cmd = cmd};
	int rc = act(&dump, err);

	cft_plan_free(dump.plan);
	cft_schema_free(dump.schema);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "split",
         .type = CFT_OPT_PATH,
         .value = "DIR",
         .help = "One file for each object, numbered in an order that builds"},
	{.name = "output",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .letter = 'o',
         .help = "Where the script goes; else standard output"},
	{.name = "no-owners", .type = CFT_OPT_FLAG, .help = "Leave owners out"},
	{.name = "no-privileges", .type = CFT_OPT_FLAG, .help = "Leave grants out"},
	CFT_CONNECTION_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "SOURCE",
         .help = "A file, a directory, env:NAME (its files), env:NAME@db (its database) or "
                 "db:URL; else the environment's database"},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"The database of the local environment", "confiture schema dump > schema.sql"},
	{"Begin a project from a database",
         "confiture schema dump db:postgresql://localhost/legacy --no-owners --split db/schema"},
	{"All files as one ordered script", "confiture schema dump db/schema"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_schema_dump = {
	.summary = "Print a schema as DDL, in an order that PostgreSQL takes",
	.description =
		"Reads a live database (from its catalog, without pg_dump) or files, and writes "
		"every object that `pg_dump --schema-only` would. Statements of files keep "
		"their wording.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_RAW,
	.run = run,
};
