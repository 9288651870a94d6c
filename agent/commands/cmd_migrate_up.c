/* confiture migrate up: applies pending migrations.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

#include <string.h>

static int nothing_to_do(struct cft_migrate *migrate, const char *target)
{
	struct cft_output *out = migrate->cmd->out;
	const struct cft_mig_entry *entry =
		target ? cft_mig_history_find(&migrate->history, target) : NULL;

	if (entry)
		cft_out_mark(out, CFT_MARK_OK, "Migration already applied: %s_%s (%s)",
		             entry->version, entry->name, entry->applied_at);
	else
		cft_out_mark(out, CFT_MARK_OK, "No pending migrations: the database is up to date");
	cft_migrate_answer(migrate, json_pack("{s:[],s:b,s:i,s:b,s:s}", "applied", "dry_run",
	                                      cft_cmd_flag(migrate->cmd, "dry-run"), "remaining", 0,
	                                      "success", 1, "database", migrate->connection.shown));
	return 0;
}

static int up(struct cft_migrate *migrate, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	const struct cft_mig_up_options options = {
		.target = cft_cmd_str(cmd, "target"),
		.allow_out_of_order = cft_cmd_flag(cmd, "allow-out-of-order"),
		.allow_changed = cft_cmd_flag(cmd, "allow-changed"),
	};
	struct cft_mig_plan plan;

	cft_migrate_show_problems(migrate, false);
	int rc =
		cft_mig_plan_up(cmd->arena, &migrate->dir, &migrate->history, &options, &plan, err);
	if (rc != 0)
		return rc;
	if (plan.steps.n == 0)
		return nothing_to_do(migrate, options.target);
	return cft_cmd_flag(cmd, "dry-run") ? cft_migrate_show_plan(migrate, &plan, err)
	                                    : cft_migrate_run(migrate, &plan, err);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	int rc = cft_migrate_open(&migrate, cmd, !cft_cmd_flag(cmd, "dry-run"), err);

	if (rc == 0)
		rc = up(&migrate, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "target",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "Last version to apply; else all"},
	{.name = "dry-run",
         .type = CFT_OPT_FLAG,
         .help = "Say what would be applied, and change nothing"},
	{.name = "allow-out-of-order",
         .type = CFT_OPT_FLAG,
         .help = "Apply a pending migration although a later one is applied"},
	{.name = "allow-changed",
         .type = CFT_OPT_FLAG,
         .help = "Go on although an applied migration's file was edited"},
	{.name = "with-open-intents",
         .type = CFT_OPT_FLAG,
         .help = "With --on and --dry-run: try the plan together with the open intents that touch "
                 "the same objects"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_INTENT_OPTION,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_MIGRATE_LOCK_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Apply everything that is pending",
         "confiture migrate up --config db/environments/local.yaml"},
	{"See what production would get",
         "confiture migrate up --env production --dry-run --format json"},
	{"Have the server apply a completed intent to its target production",
         "confiture migrate up --on production --intent-id int_abc123def456"},
	{"What that would meet there, and which open intents it would break",
         "confiture migrate up --on production --dry-run --with-open-intents"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_up = {
	.summary = "Apply pending migrations",
	.description =
		"Each migration runs in one transaction together with its row in the table "
		"confiture_migrations. A migration with a statement that PostgreSQL refuses in a "
		"transaction (CREATE INDEX CONCURRENTLY, VACUUM ...) runs statement by statement; "
		"each one is recorded, and after a failure `up` goes on where it stopped.\n\n"
		"One migrator works on a database at a time; others wait and say for whom.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
