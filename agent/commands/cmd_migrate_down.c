/* confiture migrate down, down-to: rolls migrations back.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

static void nothing_to_do(struct cft_migrate *migrate)
{
	struct cft_output *out = migrate->cmd->out;

	cft_out_mark(out, CFT_MARK_OK, "Nothing to roll back");
	cft_migrate_answer(migrate, json_pack("{s:[],s:b,s:i,s:b,s:s}", "rolled_back", "dry_run",
	                                      cft_cmd_flag(migrate->cmd, "dry-run"), "remaining", 0,
	                                      "success", 1, "database", migrate->connection.shown));
}

static int run_plan(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                    struct cft_err *err)
{
	if (plan->steps.n == 0) {
		nothing_to_do(migrate);
		return 0;
	}
	return cft_cmd_flag(migrate->cmd, "dry-run") ? cft_migrate_show_plan(migrate, plan, err)
	                                             : cft_migrate_run(migrate, plan, err);
}

static int run_down(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	struct cft_mig_plan plan;
	int rc = cft_migrate_open(&migrate, cmd, !cft_cmd_flag(cmd, "dry-run"), err);

	if (rc == 0)
		rc = cft_mig_plan_down(cmd->arena, &migrate.dir, &migrate.history,
		                       (size_t)cft_cmd_int(cmd, "steps"), &plan, err);
	if (rc == 0)
		rc = run_plan(&migrate, &plan, err);
	cft_migrate_close(&migrate);
	return rc;
}

static int run_down_to(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	struct cft_mig_plan plan;
	int rc = cft_migrate_open(&migrate, cmd, !cft_cmd_flag(cmd, "dry-run"), err);

	if (rc == 0)
		rc = cft_mig_plan_down_to(cmd->arena, &migrate.dir, &migrate.history,
		                          cmd->args.v[0], &plan, err);
	if (rc == 0)
		rc = run_plan(&migrate, &plan, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt down_options[] = {
	{.name = "steps",
         .type = CFT_OPT_INT,
         .value = "N",
         .min = 1,
         .max = 1000000,
         .fallback = "1",
         .help = "How many migrations"},
	{.name = "dry-run",
         .type = CFT_OPT_FLAG,
         .help = "Say what would be rolled back, and change nothing"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_MIGRATE_LOCK_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_opt down_to_options[] = {
	{.name = "dry-run",
         .type = CFT_OPT_FLAG,
         .help = "Say what would be rolled back, and change nothing"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_MIGRATE_LOCK_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg down_to_arguments[] = {
	{.name = "VERSION",
         .help = "The version that stays as the last one; 0 for none",
         .required = true},
	CFT_ARG_END,
};

static const struct cft_example down_examples[] = {
	{"Undo the last migration", "confiture migrate down --config db/environments/local.yaml"},
	{"Undo the last three", "confiture migrate down --steps 3"},
	CFT_EXAMPLE_END,
};

static const struct cft_example down_to_examples[] = {
	{"Undo everything after 004", "confiture migrate down-to 004"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_down = {
	.summary = "Roll back the last migrations",
	.description = "Nothing is rolled back where one of the migrations has no way down.",
	.options = down_options,
	.examples = down_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_down,
};

const struct cft_command cft_cmd_migrate_down_to = {
	.summary = "Roll back everything after a version",
	.description = "Nothing is rolled back where one of the migrations has no way down.",
	.options = down_to_options,
	.arguments = down_to_arguments,
	.examples = down_to_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_down_to,
};
