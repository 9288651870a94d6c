/* confiture build: the files of an environment as one script, or as a fresh database.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/environment_options.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/migrate/build.h"
#include "common/migrate/files.h"

#include <inttypes.h>
#include <string.h>

static json_t *files_json(const struct cft_build *build)
{
	json_t *files = json_array();

	CFT_VEC_EACH (const struct cft_build_file, file, &build->files)
		json_array_append_new(
			files, json_pack("{s:s, s:s, s:I, s:I, s:s}", "path", file->shown, "kind",
		                         file->kind == CFT_ENV_SEEDS ? "seeds" : "schema",
		                         "statements", (json_int_t)file->statements, "bytes",
		                         (json_int_t)file->len, "sha256", file->digest));
	return files;
}

static json_t *skipped_json(const struct cft_build *build)
{
	json_t *skipped = json_array();

	CFT_VEC_EACH (const struct cft_build_skipped, file, &build->skipped)
		json_array_append_new(skipped, json_pack("{s:s, s:s, s:s}", "path", file->shown,
		                                         "reason", file->reason, "why", file->why));
	return skipped;
}

static json_t *answer(const struct cft_build *build, const char *output, const char *database)
{
	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:s?, s:s?}", "environment", build->env, "hash",
	                 build->hash, "statements", (json_int_t)build->statements, "files",
	                 files_json(build), "skipped", skipped_json(build), "output", output,
	                 "database", database);
}

static void tell_skipped(struct cft_output *out, const struct cft_build *build)
{
	CFT_VEC_EACH (const struct cft_build_skipped, file, &build->skipped)
		cft_out_note(out, "left out: %s (%s)", file->shown, file->why);
}

static void tell_totals(struct cft_output *out, const struct cft_build *build)
{
	cft_out_mark(out, CFT_MARK_CHART, "%zu file(s): %zu schema, %zu seeds; %zu statement(s)",
	             build->files.n, build->files.n - build->seed_files, build->seed_files,
	             build->statements);
	cft_out_text(out, "   hash sha256:%s", build->hash);
}

static void on_progress(void *ctx, const struct cft_build_progress *progress)
{
	struct cft_output *out = ctx;
	char took[CFT_TIME_TEXT];

	if (progress->notice) {
		cft_out_note(out, "%s: %s", progress->file->shown, progress->notice);
	} else if (!progress->done) {
		cft_out_step(out, CFT_MARK_RUN, "%s...", progress->file->shown);
	} else {
		cft_out_step_end(out, CFT_MARK_OK, "%s",
		                 cft_duration_format(progress->duration_us, took));
	}
}

/* A built database looks new to the migrations that lead to the same schema. */
static void tell_baseline(struct cft_cmd *cmd, const struct cft_environment *env)
{
	struct cft_mig_dir dir = {0};
	struct cft_err ignored = CFT_ERR_INIT;

	if (cft_file_is_dir(env->migrations_dir) &&
	    cft_mig_dir_read(&dir, env->migrations_dir, &ignored) == 0 && cft_mig_dir_last(&dir))
		cft_out_note(cmd->out,
		             "so that the migrations count as applied: confiture migrate baseline "
		             "--through %s",
		             cft_mig_dir_last(&dir));
	cft_mig_dir_release(&dir);
}

static int apply(struct cft_cmd *cmd, const struct cft_build *build,
                 const struct cft_connection *connection, struct cft_err *err)
{
	const struct cft_build_apply_options options = {
		.conninfo = connection->conninfo, .on_progress = on_progress, .ctx = cmd->out};
	bool created = false;

	cft_out_mark(cmd->out, CFT_MARK_PACKAGE, "Building %s from %zu file(s) of '%s'",
	             connection->shown, build->files.n, build->env);
	int rc = cft_build_apply(build, &options, &created, err);
	if (rc != 0) {
		cft_out_step_end(cmd->out, CFT_MARK_ERROR, "%s", "");
		return rc;
	}
	cft_out_mark(cmd->out, CFT_MARK_OK, "Built %s%s", connection->shown,
	             created ? " (the database was created)" : "");
	tell_totals(cmd->out, build);
	tell_skipped(cmd->out, build);
	tell_baseline(cmd, &connection->environment);
	cft_out_json(cmd->out, answer(build, NULL, connection->shown));
	return 0;
}

static int write_script(struct cft_cmd *cmd, const struct cft_build *build,
                        const struct cft_environment *env, struct cft_err *err)
{
	const char *output = cft_cmd_str(cmd, "output");
	struct cft_buf script = CFT_BUF_INIT;
	json_t *document = NULL;
	int rc = 0;

	if (!output)
		output = cft_path_join(
			cmd->arena, env->project_root,
			cft_arena_printf(cmd->arena, "db/generated/schema_%s.sql", env->name));
	bool standard_output = strcmp(output, "-") == 0;
	cft_build_render(build, &script);
	if (standard_output) {
		document = answer(build, NULL, NULL);
		json_object_set_new(document, "script", json_string(cft_buf_str(&script)));
		cft_out_script(cmd->out, cft_buf_str(&script), script.len);
	} else {
		rc = cft_file_mkdirs(cft_path_dir(cmd->arena, output), 0755, err);
		if (rc == 0)
			rc = cft_file_write(output, cft_buf_str(&script), script.len, 0644, err);
	}
	cft_buf_release(&script);
	if (rc != 0)
		return rc;
	tell_skipped(cmd->out, build);
	if (standard_output) {
		cft_out_json(cmd->out, document);
		return 0;
	}
	cft_out_mark(cmd->out, CFT_MARK_OK, "Built '%s' into %s", build->env, output);
	tell_totals(cmd->out, build);
	cft_out_json(cmd->out, answer(build, output, NULL));
	return 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	bool applying = cft_cmd_flag(cmd, "apply");
	struct cft_connection connection;
	struct cft_build build;
	int rc;

	if (applying && cft_cmd_has(cmd, "output"))
		return cft_fail(err, CFT_E_INVALID, "give either --apply or --output, not both");
	if (!applying && cft_cmd_has(cmd, "database-url"))
		return cft_fail(err, CFT_E_INVALID, "--database-url needs --apply");
	if ((rc = cft_cmd_connection(cmd, false, !applying, &connection, err)) != 0 ||
	    (rc = cft_build_collect(cmd->arena, &connection.environment,
	                            cft_cmd_flag(cmd, "schema-only"), &build, err)) != 0)
		return rc;
	if (!connection.found && build.files.n == 0) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "NOT_INITIALISED",
		                "there is no SQL file in db/schema");
		return cft_err_hint(err, "run 'confiture init'"), CFT_E_NOT_FOUND;
	}
	return applying ? apply(cmd, &build, &connection, err)
	                : write_script(cmd, &build, &connection.environment, err);
}

static const struct cft_opt options[] = {
	CFT_OPT_ENV,
	CFT_OPT_CONFIG,
	{.name = "output",
         .letter = 'o',
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .help = "Where the script goes, - for standard output; else db/generated/schema_ENV.sql"},
	{.name = "schema-only", .type = CFT_OPT_FLAG, .help = "Leave out the seed data"},
	{.name = "apply",
         .type = CFT_OPT_FLAG,
         .help = "Build a fresh database instead of a script; made where it does not exist"},
	CFT_OPT_DATABASE_URL,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Put the schema and the seed data for development into one script",
         "confiture build --env local"},
	{"Look at the production schema", "confiture build --env production --output -"},
	{"Build a fresh database for the tests",
         "confiture build --env test --apply --database-url postgresql://localhost/myapp_test"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_build = {
	.summary = "Build the schema of an environment from its SQL files",
	.description =
		"Files are taken in alphabetical order, directory by directory as the environment "
		"lists them, schema before seed data. The script names the file above each part; "
		"the same files give the same script and hash.\n\n"
		"With --apply the files run in one transaction on an empty database; a statement "
		"that fails is named with file and line, and nothing of the build stays.",
	.options = options,
	.examples = examples,
	.run = run,
};
