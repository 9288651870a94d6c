/* confiture drift: does the database still look as db/schema says?
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/environment_options.h"
#include "agent/commands/migrate_remote.h"
#include "agent/commands/schema_plan.h"
#include "agent/commands/schema_source.h"
#include "common/introspect/introspect.h"

static int read_both(struct cft_schema_plan *p, struct cft_err *err)
{
	struct cft_cmd *cmd = p->cmd;
	const char *target = cft_cmd_str(cmd, "on");
	struct cft_connection connection;
	int rc = cft_cmd_connection(cmd, true, target != NULL, &connection, err);

	if (rc != 0)
		return rc;
	p->old_name = target ? target : connection.shown;
	p->new_name = cft_arena_printf(cmd->arena, "the files of environment %s",
	                               connection.environment.name);
	rc = target ? cft_migrate_remote_schema(cmd, target, &p->old_text, &p->base, err)
	            : cft_introspect_url(connection.conninfo, &p->old_text, err);
	if (rc == 0)
		rc = cft_schema_source_environment(cmd->arena, &connection.environment,
		                                   &p->new_text, err);
	return rc;
}

static int show(struct cft_schema_plan *p, struct cft_err *err)
{
	struct cft_output *out = p->cmd->out;

	cft_schema_plan_notes(p);
	if (p->plan->change_count == 0) {
		cft_out_mark(out, CFT_MARK_OK, "No drift: %s is as %s", p->old_name, p->new_name);
	} else {
		cft_out_mark(out, CFT_MARK_WARN, "%s is not as %s", p->old_name, p->new_name);
		cft_schema_plan_changes(p);
		cft_schema_plan_script(p);
	}
	int rc = cft_schema_plan_files(p, NULL, err);
	if (rc == 0)
		cft_out_json(out, cft_schema_plan_json(p));
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_schema_plan p = {.cmd = cmd};
	int rc = read_both(&p, err);

	if (rc == 0)
		rc = cft_schema_plan_compare(&p, err);
	if (rc == 0)
		rc = show(&p, err);
	if (rc == 0)
		rc = cft_cmd_flag(cmd, "exit-code") && p.plan->change_count > 0;
	cft_schema_plan_release(&p);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_SCHEMA_PLAN_OPTIONS,
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_CONNECTION_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Has somebody changed production by hand?",
         "confiture drift --config db/environments/production.yaml --exit-code"},
	{"The same of a target of the server, without a password",
         "confiture drift --on production --exit-code"},
	{"For a program", "confiture drift --env production --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_drift = {
	.summary = "Compare a live database with the files of db/schema",
	.description =
		"Reads the database's catalog, changes nothing, and shows what differs and the "
		"statements that would bring the database back to the files: output and JSON "
		"as of `confiture migrate diff`, with the database as OLD and the files as "
		"NEW. The table that records migrations is left out.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
