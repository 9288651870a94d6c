/* confiture config check: what is wrong in the project's configuration, before anything runs.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/environment_options.h"
#include "common/base/path.h"
#include "common/config/project.h"
#include "common/pg/pg.h"

#include <string.h>

struct check {
	const char *name, *file;
	const char *database; /* printable; "" where it is not known */
	const char *state;    /* stable: ok, missing_variables, error */
	const char *remark;
	struct cft_err err; /* of state error */
};

static int try_connection(const char *conninfo, struct cft_arena *arena, const char **ret_remark,
                          struct cft_err *err)
{
	struct cft_pg *pg;
	int rc = cft_pg_open(conninfo, &pg, err);

	if (rc != 0)
		return cft_err_prefix(err, "Database connection failed"), rc;
	int version = cft_pg_server_version(pg);
	*ret_remark = cft_arena_printf(arena, "connected, PostgreSQL %d.%d", version / 10000,
	                               version % 10000);
	cft_pg_close(pg);
	return 0;
}

static void fail(struct check *check)
{
	check->state = "error";
	check->remark = "see below";
}

/* An environment that nobody asked for may well lack its variables here. */
static void check_one(const struct cft_cmd *cmd, const char *config, const char *env, bool asked,
                      struct check *check)
{
	const struct cft_connection_request request = {.config = config, .env = env};
	struct cft_connection connection;
	struct cft_connection_request files = request;

	*check = (struct check){
		.name = env, .file = config, .state = "ok", .remark = "", .database = ""};
	files.no_database = true;
	if (cft_connection_resolve(cmd->arena, &files, &connection, &check->err) != 0 ||
	    cft_environment_check_dirs(&connection.environment, &check->err) != 0) {
		fail(check);
		return;
	}
	check->name = connection.environment.name;
	check->file = connection.environment.file;
	if (cft_connection_resolve(cmd->arena, &request, &connection, &check->err) == 0) {
		check->database = connection.shown;
		if (cft_cmd_flag(cmd, "connect") &&
		    try_connection(connection.conninfo, cmd->arena, &check->remark, &check->err) !=
		            0)
			fail(check);
		return;
	}
	if (asked || strcmp(check->err.reason, "MISSING_VARIABLE") != 0) {
		fail(check);
		return;
	}
	check->state = "missing_variables";
	check->remark = cft_arena_strdup(cmd->arena, check->err.message);
}

static void tell(struct cft_cmd *cmd, const struct cft_project *project, const struct check *checks,
                 size_t n)
{
	static const struct cft_column columns[] = {{.title = "Environment"},
	                                            {.title = "Database", .flexible = true},
	                                            {.title = "Result", .flexible = true}};
	json_t *list = json_array();
	struct cft_table table;

	cft_table_init(&table, NULL, columns, 3);
	for (size_t i = 0; i < n; i++) {
		bool wrong = strcmp(checks[i].state, "error") == 0;
		bool right = strcmp(checks[i].state, "ok") == 0;
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", checks[i].name);
		cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", checks[i].database);
		cft_table_cell(&table,
		               right   ? CFT_STYLE_GREEN
		               : wrong ? CFT_STYLE_RED
		                       : CFT_STYLE_YELLOW,
		               "%s%s%s",
		               right   ? "ok"
		               : wrong ? "wrong"
		                       : "not here",
		               *checks[i].remark ? ": " : "", checks[i].remark);
		json_array_append_new(list,
		                      json_pack("{s:s, s:s?, s:s, s:s, s:s}", "name",
		                                checks[i].name, "file", checks[i].file, "state",
		                                checks[i].state, "database", checks[i].database,
		                                "remark", checks[i].remark));
	}
	cft_out_table(cmd->out, &table);
	cft_table_release(&table);
	cft_out_text(cmd->out, "project: %s (by %s)", project->id,
	             cft_project_source_name(project->source));
	cft_out_json(cmd->out,
	             json_pack("{s:s, s:s, s:s, s:o}", "project", project->id, "project_source",
	                       cft_project_source_name(project->source), "default_environment",
	                       project->environment, "environments", list));
}

/* Prints all errors but the last, which the program prints as it ends. */
static int sum_up(struct cft_cmd *cmd, const struct check *checks, size_t n, struct cft_err *err)
{
	const struct check *last = NULL;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(checks[i].state, "error") != 0)
			continue;
		if (last)
			cft_out_error(cmd->out, &last->err);
		last = &checks[i];
	}
	if (!last)
		return 0;
	*err = last->err;
	return err->code;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *config = cft_cmd_str(cmd, "config"), *env = cft_cmd_str(cmd, "env");
	struct cft_project project;
	const char *const *names = &env;
	size_t n = 1;
	int rc = cft_project_identify(cmd->arena, NULL, ".", NULL, &project, err);

	if (rc == 0 && config && env)
		rc = cft_fail(err, CFT_E_INVALID, "give either --config or --env, not both");
	if (rc == 0 && !config && !env)
		rc = cft_environment_list(cmd->arena, project.root, &names, &n, err);
	if (rc != 0)
		return rc;
	if (n == 0) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "NOT_INITIALISED",
		                "there is no environment file in " CFT_ENVIRONMENTS_DIR);
		return cft_err_hint(err, "run 'confiture init'"), CFT_E_NOT_FOUND;
	}
	struct check *checks = cft_arena_array(cmd->arena, struct check, n);
	for (size_t i = 0; i < n; i++) {
		bool asked = config || env || strcmp(names[i], project.environment) == 0;
		check_one(cmd, config, names[i], asked, &checks[i]);
		if (!checks[i].name)
			checks[i].name = config;
	}
	tell(cmd, &project, checks, n);
	return sum_up(cmd, checks, n, err);
}

static const struct cft_opt options[] = {
	CFT_OPT_ENV,
	CFT_OPT_CONFIG,
	{.name = "connect", .type = CFT_OPT_FLAG, .help = "Also connect to each database"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Check every environment of the project", "confiture config check"},
	{"Check one, and that its database answers",
         "confiture config check --env local --connect"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_config_check = {
	.summary = "Check the environment files",
	.description =
		"Reads confiture.yaml and db/environments/*.yaml and says what is wrong with file, "
		"line and column. Variables that are not set are an error in the default "
		"environment and in one that is named; elsewhere they are only mentioned.",
	.options = options,
	.examples = examples,
	.run = run,
};

static int run_reference(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_buf out = CFT_BUF_INIT;

	(void)err;
	cft_buf_adds(&out, "### confiture.yaml\n\n");
	cft_settings_markdown(cft_project_file_table(), &out);
	cft_buf_adds(&out, "\n### Environment files\n\n");
	cft_settings_markdown(cft_environment_table(), &out);
	cft_buf_adds(&out, "\n### The section database\n\n");
	cft_settings_markdown(cft_environment_database_table(), &out);
	cft_out_raw(cmd->out, cft_buf_str(&out), out.len);
	cft_buf_release(&out);
	return 0;
}

static const struct cft_example reference_examples[] = {
	{"Renew the tables of docs/configuration.md", "confiture docs configuration"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_docs_configuration = {
	.summary = "Write the tables of the project's configuration as Markdown",
	.examples = reference_examples,
	.flags = CFT_CMD_HIDDEN | CFT_CMD_RAW,
	.run = run_reference,
};
