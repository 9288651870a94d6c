/* confiture migrate lint: what in the migrations can hurt a database in use.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"
#include "common/base/file.h"
#include "common/migrate/lint.h"
#include "common/migrate/version.h"

struct linting {
	struct cft_cmd *cmd;
	json_t *list;
	size_t files, findings;
	json_t *base; /* the server's; NULL: none was asked */
};

static void show(struct linting *linting, const struct cft_mig_text *text,
                 const struct cft_mig_finding *finding)
{
	struct cft_output *out = linting->cmd->out;
	const char *rule = cft_mig_lint_rule_name(finding->rule);

	linting->findings++;
	cft_out_mark(out, CFT_MARK_WARN, "%s:%d: %s: %s [%s]", text->path, finding->line,
	             finding->object, finding->message, rule);
	cft_out_mark(out, CFT_MARK_BULLET, "%s", cft_mig_lint_advice(finding->rule));
	json_array_append_new(linting->list,
	                      json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:s}", "path", text->path, "line",
	                                finding->line, "rule", rule, "object", finding->object,
	                                "message", finding->message, "advice",
	                                cft_mig_lint_advice(finding->rule), "lock", finding->lock));
}

static int lint_text(struct linting *linting, const struct cft_mig_text *text, struct cft_err *err)
{
	struct cft_mig_findings findings = {0};
	int rc = cft_mig_lint(linting->cmd->arena, text, &findings, err);

	linting->files++;
	CFT_VEC_EACH (struct cft_mig_finding, finding, &findings.v)
		show(linting, text, finding);
	return rc;
}

static int lint_file(struct linting *linting, const char *path, struct cft_err *err)
{
	struct cft_buf buf = CFT_BUF_INIT;
	int rc = cft_file_read(path, 0, &buf, err);
	const struct cft_mig_text text = {path, cft_buf_str(&buf), buf.len};

	if (rc == 0)
		rc = lint_text(linting, &text, err);
	cft_buf_release(&buf);
	return rc;
}

/* With --on: what the target does not have yet. */
static bool wanted(const struct cft_migrate *migrate, const struct cft_mig_file *file,
                   const char *since)
{
	if (since && cft_mig_version_cmp(file->version, since) < 0)
		return false;
	if (migrate->remote && cft_mig_history_find(&migrate->history, file->version))
		return false;
	return !file->python && file->up.path;
}

static int lint_dir(struct linting *linting, struct cft_err *err)
{
	const char *since = cft_cmd_str(linting->cmd, "since");
	struct cft_migrate migrate = {0};
	int rc = 0;

	if (since && !cft_mig_version_valid(since))
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_VERSION",
		                       "\"%s\" is not a version", since);
	rc = cft_cmd_has(linting->cmd, "on") ? cft_migrate_open(&migrate, linting->cmd, false, err)
	                                     : cft_migrate_open_files(&migrate, linting->cmd, err);
	CFT_VEC_EACH (struct cft_mig_file, file, &migrate.dir.files)
		if (rc == 0 && wanted(&migrate, file, since))
			rc = lint_text(linting, &file->up, err);
	if (migrate.remote)
		linting->base = cft_render_base(migrate.remote->coord.base);
	cft_migrate_close(&migrate);
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct linting linting = {.cmd = cmd, .list = json_array()};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cmd->args.n; i++)
		rc = lint_file(&linting, cmd->args.v[i], err);
	if (cmd->args.n == 0)
		rc = lint_dir(&linting, err);
	if (rc == 0 && linting.findings == 0)
		cft_out_mark(cmd->out, CFT_MARK_OK, "%zu file(s), nothing found", linting.files);
	if (rc == 0)
		cft_out_json(cmd->out,
		             json_pack("{s:I,s:O,s:O*}", "files", (json_int_t)linting.files,
		                       "findings", linting.list, "base", linting.base));
	json_decref(linting.list);
	json_decref(linting.base);
	if (rc != 0)
		return rc;
	return cft_cmd_flag(cmd, "exit-code") && linting.findings > 0;
}

static const struct cft_opt options[] = {
	{.name = "since",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "Only this migration and later ones"},
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 where something is found"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "FILE", .help = "SQL files; else every migration", .repeated = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Before a review", "confiture migrate lint db/migrations/007_prices.up.sql --exit-code"},
	{"Everything since 040", "confiture migrate lint --since 040"},
	{"What production would get", "confiture migrate lint --on production --exit-code"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_lint = {
	.summary = "Find what can hurt a database in use",
	.description = "Table rewrites, indexes built without CONCURRENTLY, constraints that read "
		       "the whole table, lost data, renames under running programs. Statements "
		       "on tables that the same file creates are fine. A comment on the line above "
		       "silences one: -- confiture: ignore RULE. With --on only what is pending on "
		       "the target.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
