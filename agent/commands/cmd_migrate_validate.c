/* confiture migrate validate: are the files in order, without a database.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"
#include "common/migrate/validate.h"

#include <stdlib.h>

static size_t show_problems(struct cft_migrate *migrate, enum cft_mig_severity severity)
{
	struct cft_output *out = migrate->cmd->out;
	size_t n = 0;

	CFT_VEC_EACH (struct cft_mig_problem, problem, &migrate->dir.problems) {
		if (problem->severity != severity)
			continue;
		n++;
		cft_out_mark(out, severity == CFT_MIG_ERROR ? CFT_MARK_ERROR : CFT_MARK_WARN, "%s",
		             cft_migrate_problem_text(migrate, problem));
		if (problem->hint)
			cft_out_mark(out, CFT_MARK_BULLET, "%s", problem->hint);
	}
	return n;
}

static int validate(struct cft_migrate *migrate, struct cft_err *err)
{
	struct cft_output *out = migrate->cmd->out;
	bool strict = cft_cmd_flag(migrate->cmd, "strict");

	cft_mig_validate(&migrate->dir, getenv("CONFITURE_PYTHON"));
	size_t errors = show_problems(migrate, CFT_MIG_ERROR);
	size_t warnings = show_problems(migrate, CFT_MIG_WARNING);
	bool good = errors == 0 && (warnings == 0 || !strict);
	cft_migrate_answer(migrate, json_pack("{s:b,s:I,s:I,s:I,s:o}", "valid", good, "migrations",
	                                      (json_int_t)migrate->dir.files.n, "errors",
	                                      (json_int_t)errors, "warnings", (json_int_t)warnings,
	                                      "problems", cft_migrate_problems_json(migrate)));
	if (!good)
		return cft_fail_reason(err, CFT_E_CONFIG, "INVALID_MIGRATIONS",
		                       "%zu error(s) and %zu warning(s) in %s", errors, warnings,
		                       migrate->dir.path);
	cft_out_mark(out, CFT_MARK_OK, "%zu migration(s) are valid, %zu warning(s)",
	             migrate->dir.files.n, warnings);
	return 0;
}

/* Would `up` take them there: edited files, versions out of order, a migration cut short. */
static int validate_against(struct cft_migrate *migrate, struct cft_err *err)
{
	const struct cft_mig_up_options options = {0};
	struct cft_mig_plan plan;

	return cft_mig_plan_up(migrate->cmd->arena, &migrate->dir, &migrate->history, &options,
	                       &plan, err);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	bool remote = cft_cmd_has(cmd, "on");
	int rc = remote ? cft_migrate_open(&migrate, cmd, false, err)
	                : cft_migrate_open_files(&migrate, cmd, err);

	if (rc == 0 && remote)
		rc = validate_against(&migrate, err);
	if (rc == 0)
		rc = validate(&migrate, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "strict", .type = CFT_OPT_FLAG, .help = "Warnings fail too"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Check names, versions, missing files, SQL and Python", "confiture migrate validate"},
	{"In CI", "confiture migrate validate --strict --format json"},
	{"Would production take them?", "confiture migrate validate --on production"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_validate = {
	.summary = "Check the migration files, without a database",
	.description =
		"Errors: files that are no UTF-8 text, versions used twice, a missing "
		".up.sql, SQL that does not parse, transaction control that cannot work; in a "
		"Python file also what makes it no migration, and the SQL that it executes as it "
		"stands there. Nothing of it is run. Warnings: a missing .down.sql or down(), gaps "
		"between versions, empty files, files whose names make them no migration. With "
		"--on also what would stop `up` on that "
		"target: edited files, versions out of order.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
