/* confiture migrate generate: an empty migration to fill in.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_new.h"
#include "agent/commands/migrate_remote.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/migrate/version.h"

#include <string.h>

/* With --on the server counts: two agents never write the same number. */
static int pick_version(struct cft_migrate *migrate, const char **ret, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	const char *last = cft_mig_dir_last(&migrate->dir);
	const char *target = cft_cmd_str(cmd, "on");

	if (cft_cmd_flag(cmd, "timestamp") || (last && cft_mig_version_is_timestamp(last))) {
		*ret = cft_mig_version_timestamp(cmd->arena, cft_clock_wall_us(), last);
		return 0;
	}
	if (!target) {
		*ret = cft_mig_version_next(cmd->arena, last);
		return 0;
	}
	int rc = cft_migrate_remote_open(migrate, target, err);
	return rc ? rc : cft_migrate_remote_reserve(migrate, last, ret, err);
}

int cft_migrate_new_version(struct cft_cmd *cmd, const char *name, struct cft_migrate_new *ret,
                            struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	struct cft_migrate_new fresh = {.python = cft_cmd_flag(cmd, "python")};
	int rc = cft_migrate_open_files(&migrate, cmd, err);

	/* The first migration of a project makes the directory. */
	if (rc == CFT_E_NOT_FOUND && err && strcmp(err->reason, "MIGRATIONS_DIR_NOT_FOUND") == 0) {
		cft_err_clear(err);
		rc = 0;
	}
	if (rc == 0)
		rc = cft_mig_name_slug(cmd->arena, name, &fresh.name, err);
	if (rc == 0)
		rc = pick_version(&migrate, &fresh.version, err);
	if (rc == 0) {
		fresh.dir = cft_arena_strdup(cmd->arena, migrate.dir.path);
		*ret = fresh;
	}
	cft_migrate_close(&migrate);
	return rc;
}

void cft_migrate_show_written(struct cft_cmd *cmd, const struct cft_migrate_new *fresh,
                              const struct cft_mig_written *written)
{
	cft_out_mark(cmd->out, CFT_MARK_OK, "Created %s", written->up_path);
	if (!fresh->python)
		cft_out_mark(cmd->out, CFT_MARK_OK, "Created %s", written->down_path);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate_new fresh;
	struct cft_mig_written written;
	int rc = cft_migrate_new_version(cmd, cmd->args.v[0], &fresh, err);

	if (rc != 0)
		return rc;
	const struct cft_mig_draft draft = {.version = fresh.version, .name = fresh.name};
	rc = cft_mig_draft_write(cmd->arena, fresh.dir, &draft, fresh.python, &written, err);
	if (rc != 0)
		return rc;
	cft_migrate_show_written(cmd, &fresh, &written);
	cft_out_json(cmd->out,
	             json_pack("{s:s,s:s,s:s,s:s}", "version", fresh.version, "name", fresh.name,
	                       "up", written.up_path, "down", written.down_path));
	return 0;
}

static const struct cft_opt options[] = {
	{.name = "python",
         .type = CFT_OPT_FLAG,
         .help = "Write a Python class instead of SQL files"},
	{.name = "timestamp",
         .type = CFT_OPT_FLAG,
         .help = "Take the time as version instead of the next number"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "NAME", .help = "What the migration does, in a few words", .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"An empty migration for a data change", "confiture migrate generate migrate_user_data"},
	{"The same as a Python class", "confiture migrate generate migrate_user_data --python"},
	{"With a number that no other agent gets",
         "confiture migrate generate add_bio --on production --agent-id alice"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_generate = {
	.summary = "Create an empty migration",
	.description = "The version is the next one after the last file, as wide as that one; with "
		       "--on the "
		       "server reserves it, above what the target has.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
