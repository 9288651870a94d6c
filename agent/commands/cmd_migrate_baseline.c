/* confiture migrate baseline: an existing database starts to be tracked.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

static int check_usage(const struct cft_cmd *cmd, struct cft_err *err)
{
	if (cft_cmd_has(cmd, "through") != cft_cmd_flag(cmd, "import"))
		return 0;
	cft_fail_reason(err, CFT_E_INVALID, "WHICH_BASELINE",
	                "give either --through VERSION or --import");
	return cft_err_hint(err, "--through marks files as applied; --import takes over the table "
	                         "tb_confiture");
}

static int record_remote(struct cft_migrate *migrate, size_t *ret_count, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	const char *through = cft_cmd_str(cmd, "through"), *reason = cft_cmd_str(cmd, "reason");
	Confiture__V1__BaselineMigrationsRequest request =
		CONFITURE__V1__BASELINE_MIGRATIONS_REQUEST__INIT;

	request.through_version = (char *)(through ? through : "");
	request.import_ledger = cft_cmd_flag(cmd, "import");
	request.reason = (char *)(reason ? reason : "");
	return cft_migrate_remote_record(migrate, "BaselineMigrations", &request, ret_count, err);
}

static int record(struct cft_migrate *migrate, size_t *ret_count, struct cft_err *err)
{
	const char *through = cft_cmd_str(migrate->cmd, "through");

	if (migrate->remote)
		return record_remote(migrate, ret_count, err);
	if (!through)
		return cft_mig_engine_import(migrate->engine, &migrate->dir, ret_count, err);
	return cft_mig_engine_baseline(migrate->engine, &migrate->dir, through, ret_count, err);
}

static int baseline(struct cft_migrate *migrate, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	bool import = cft_cmd_flag(cmd, "import");
	size_t count = 0;
	int rc = record(migrate, &count, err);

	if (rc != 0)
		return rc;
	cft_out_mark(cmd->out, CFT_MARK_OK, "%s %zu migration(s) %s",
	             import ? "Imported" : "Recorded", count,
	             import ? "from tb_confiture" : "as applied, without running them");
	cft_migrate_answer(migrate,
	                   json_pack("{s:I,s:b,s:s}", "recorded", (json_int_t)count, "imported",
	                             import, "database", migrate->connection.shown));
	return 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	int rc = check_usage(cmd, err);

	if (rc != 0)
		return rc;
	rc = cft_migrate_open(&migrate, cmd, true, err);
	if (rc == 0)
		rc = baseline(&migrate, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "through",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "Record every migration up to this one as applied"},
	{.name = "import",
         .type = CFT_OPT_FLAG,
         .help = "Take over the history of the Python Confiture (table tb_confiture)"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_COORD_REASON,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_MIGRATE_LOCK_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"The database has what 001 to 012 do", "confiture migrate baseline --through 012"},
	{"The same for a target of the server",
         "confiture migrate baseline --through 012 --on production --agent-id dba"},
	{"Come from the Python Confiture", "confiture migrate baseline --import"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_baseline = {
	.summary = "Record migrations as applied without running them",
	.description = "For a database that existed before its migrations. What is recorded by "
		       "--through cannot be rolled back. With --on the server does it, for the "
		       "role operator, and the log says so.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
