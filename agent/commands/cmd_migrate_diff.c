/* confiture migrate diff: the migration between two schemas.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate.h"
#include "agent/commands/migrate_new.h"
#include "agent/commands/schema_source.h"
#include "agent/commands/verify_diff.h"
#include "common/base/file.h"
#include "common/sql/schema.h"

#include <string.h>

struct diff {
	struct cft_cmd *cmd;
	struct cft_buf old_text, new_text;
	struct cft_schema *old_schema, *new_schema;
	struct cft_plan *plan;
	json_t *document;
};

static int read_source(struct diff *diff, const char *source, struct cft_buf *text,
                       struct cft_schema **ret, struct cft_err *err)
{
	struct cft_arena *arena = diff->cmd->arena;
	int rc = cft_schema_source_text(arena, source, text, err);

	if (rc != 0)
		return rc;
	return cft_schema_read_text(cft_buf_str(text), text->len,
	                            cft_schema_source_shown(arena, source), ret, err);
}

static int compare(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	struct cft_words renames = cft_cmd_list(cmd, "rename");
	const char **list = cft_arena_array(cmd->arena, const char *, renames.n + 1);
	/* Files say who owns a table only in dumps; roles differ between environments. */
	struct cft_diff_options options = {
		.online = cft_cmd_flag(cmd, "online"),
		.renames = list,
		.keep_owners = cft_cmd_flag(cmd, "no-owners"),
		.keep_privileges = cft_cmd_flag(cmd, "no-privileges"),
	};

	for (size_t i = 0; i < renames.n; i++)
		list[i] = renames.v[i];
	int rc = read_source(diff, cmd->args.v[0], &diff->old_text, &diff->old_schema, err);
	if (rc == 0)
		rc = read_source(diff, cmd->args.v[1], &diff->new_text, &diff->new_schema, err);
	if (rc == 0)
		rc = cft_schema_diff(diff->old_schema, diff->new_schema, &options, &diff->plan,
		                     err);
	return rc;
}

/* ---- JSON ---- */

static json_t *steps_json(const struct cft_step *steps, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:b,s:s,s:s,s:b,s:b}", "sql", steps[i].sql, "object",
		                  steps[i].object, "transactional", steps[i].transactional, "lock",
		                  steps[i].lock, "hazard", steps[i].hazard, "rewrites",
		                  steps[i].rewrites, "destructive", steps[i].destructive));
	return list;
}

static json_t *changes_json(const struct cft_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->change_count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s,s:s,s:s,s:s}", "kind", plan->changes[i].kind,
		                                "object", plan->changes[i].object, "operation",
		                                cft_change_op_name(plan->changes[i].op), "detail",
		                                plan->changes[i].detail));
	return list;
}

static json_t *refused_json(const struct cft_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->refused_count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s,s:s}", "object", plan->refused[i].object,
		                                "reason", plan->refused[i].reason));
	return list;
}

static json_t *hazards_json(const struct cft_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->hazard_count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s,s:s,s:s}", "object", plan->hazards[i].object,
		                                "hazard", plan->hazards[i].hazard, "direction",
		                                plan->hazards[i].down ? "down" : "up"));
	return list;
}

static json_t *renames_json(const struct cft_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->rename_suggested_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "kind",
		                                      plan->renames_suggested[i].kind, "from",
		                                      plan->renames_suggested[i].from, "to",
		                                      plan->renames_suggested[i].to));
	return list;
}

static json_t *plan_json(const struct cft_plan *plan)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "changes", changes_json(plan), "up",
	                 steps_json(plan->up, plan->up_count), "down",
	                 steps_json(plan->down, plan->down_count), "refused", refused_json(plan),
	                 "hazards", hazards_json(plan), "renames_suggested", renames_json(plan));
}

/* ---- text ---- */

static void show_notes(const struct diff *diff)
{
	const struct cft_plan *plan = diff->plan;
	struct cft_output *out = diff->cmd->out;

	for (size_t i = 0; i < plan->refused_count; i++)
		cft_out_note(out, "not in the migration: %s: %s", plan->refused[i].object,
		             plan->refused[i].reason);
	for (size_t i = 0; i < plan->rename_suggested_count; i++)
		cft_out_note(out, "%s %s may have been renamed to %s: say so with --rename %s=%s",
		             plan->renames_suggested[i].kind, plan->renames_suggested[i].from,
		             plan->renames_suggested[i].to, plan->renames_suggested[i].from,
		             plan->renames_suggested[i].to);
	for (size_t i = 0; i < plan->hazard_count; i++)
		if (!plan->hazards[i].down)
			cft_out_note(out, "%s: %s", plan->hazards[i].object,
			             plan->hazards[i].hazard);
}

static void show_changes(const struct diff *diff)
{
	const struct cft_plan *plan = diff->plan;
	struct cft_output *out = diff->cmd->out;

	cft_out_mark(out, CFT_MARK_CHART, "%zu change(s)", plan->change_count);
	for (size_t i = 0; i < plan->change_count; i++)
		cft_out_mark(out, CFT_MARK_BULLET, "%s %s %s%s%s",
		             cft_change_op_name(plan->changes[i].op), plan->changes[i].kind,
		             plan->changes[i].object, plan->changes[i].detail[0] ? ": " : "",
		             plan->changes[i].detail);
}

static void show_script(const struct diff *diff)
{
	struct cft_buf script = CFT_BUF_INIT;

	cft_plan_script(diff->plan, false, true, &script);
	cft_out_text(diff->cmd->out, "\n%s", cft_buf_str(&script));
	cft_buf_release(&script);
}

/* ---- files ---- */

static int write_script(const struct diff *diff, const char *option, bool down, struct cft_err *err)
{
	const char *path = cft_cmd_str(diff->cmd, option);
	struct cft_buf script = CFT_BUF_INIT;

	if (!path)
		return 0;
	cft_plan_script(diff->plan, down, true, &script);
	int rc = cft_file_write(path, cft_buf_str(&script), script.len, 0644, err);
	cft_buf_release(&script);
	return rc;
}

static const struct cft_mig_statement *draft_statements(struct cft_arena *arena,
                                                        const struct cft_step *steps, size_t n)
{
	struct cft_mig_statement *list = cft_arena_array(arena, struct cft_mig_statement, n + 1);

	for (size_t i = 0; i < n; i++) {
		list[i].sql = steps[i].sql;
		if (steps[i].destructive)
			list[i].note = cft_arena_printf(arena, "DESTRUCTIVE: %s", steps[i].hazard);
		else if (steps[i].hazard[0])
			list[i].note = steps[i].hazard;
	}
	return list;
}

static const char *draft_header(const struct diff *diff, bool verified)
{
	struct cft_arena *arena = diff->cmd->arena;
	const char *header = verified ? "Verified: up and down were run on PostgreSQL." : NULL;

	for (size_t i = 0; i < diff->plan->refused_count; i++)
		header = cft_arena_printf(arena, "%s%sNOT INCLUDED: %s: %s", header ? header : "",
		                          header ? "\n" : "", diff->plan->refused[i].object,
		                          diff->plan->refused[i].reason);
	return header;
}

static int generate(struct diff *diff, bool verified, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	const struct cft_plan *plan = diff->plan;
	struct cft_migrate_new fresh;
	struct cft_mig_written written;

	if (plan->up_count == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "No changes: nothing to generate");
		return 0;
	}
	int rc = cft_migrate_new_version(cmd, cft_cmd_str(cmd, "name"), &fresh, err);
	if (rc != 0)
		return rc;
	const struct cft_mig_draft draft = {
		.version = fresh.version,
		.name = fresh.name,
		.header = draft_header(diff, verified),
		.up = draft_statements(cmd->arena, plan->up, plan->up_count),
		.down = draft_statements(cmd->arena, plan->down, plan->down_count),
		.up_count = plan->up_count,
		.down_count = plan->down_count,
	};
	rc = cft_mig_draft_write(cmd->arena, fresh.dir, &draft, fresh.python, &written, err);
	if (rc != 0)
		return rc;
	cft_migrate_show_written(cmd, &fresh, &written);
	json_object_set_new(diff->document, "generated",
	                    json_pack("{s:s,s:s,s:s,s:s}", "version", fresh.version, "name",
	                              fresh.name, "up", written.up_path, "down",
	                              written.down_path));
	return 0;
}

static int verify(struct diff *diff, bool *ret_verified, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	struct cft_connection connection;
	struct cft_connection_request request = {
		.database_url = cft_cmd_str(cmd, "database-url"),
		.config = cft_cmd_str(cmd, "config"),
		.env = cft_cmd_str(cmd, "env"),
	};

	*ret_verified = false;
	if (!cft_cmd_flag(cmd, "verify"))
		return 0;
	int rc = cft_connection_resolve(cmd->arena, &request, &connection, err);
	if (rc == 0)
		rc = cft_verify_diff(connection.conninfo, cft_buf_str(&diff->old_text),
		                     cft_buf_str(&diff->new_text), diff->plan, err);
	*ret_verified = rc == 0;
	if (rc == 0)
		cft_out_note(cmd->out, "verified on %s: up and down do what they should",
		             connection.shown);
	return rc;
}

static int check_usage(const struct cft_cmd *cmd, struct cft_err *err)
{
	if (!cft_cmd_flag(cmd, "generate") || cft_cmd_has(cmd, "name"))
		return 0;
	cft_fail_reason(err, CFT_E_INVALID, "NAME_MISSING", "--generate needs --name");
	return cft_err_hint(err, "for example: --generate --name add_user_bio");
}

static int act(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	bool verified, to_file = cft_cmd_has(cmd, "up-file") || cft_cmd_has(cmd, "down-file");
	int rc = compare(diff, err);

	if (rc != 0)
		return rc;
	diff->document = plan_json(diff->plan);
	show_notes(diff);
	rc = verify(diff, &verified, err);
	if (rc == 0 && cft_cmd_flag(cmd, "generate"))
		rc = generate(diff, verified, err);
	else if (rc == 0 && diff->plan->change_count == 0)
		cft_out_mark(cmd->out, CFT_MARK_OK, "No changes");
	else if (rc == 0)
		show_changes(diff);
	if (rc == 0 && diff->plan->up_count > 0 && !to_file && !cft_cmd_flag(cmd, "generate"))
		show_script(diff);
	if (rc == 0)
		rc = write_script(diff, "up-file", false, err);
	if (rc == 0)
		rc = write_script(diff, "down-file", true, err);
	if (rc != 0)
		return rc;
	json_object_set_new(diff->document, "verified", json_boolean(verified));
	cft_out_json(cmd->out, json_incref(diff->document));
	return cft_cmd_flag(cmd, "exit-code") && diff->plan->change_count > 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct diff diff = {.cmd = cmd};
	int rc = check_usage(cmd, err);

	if (rc == 0)
		rc = act(&diff, err);
	json_decref(diff.document);
	cft_plan_free(diff.plan);
	cft_schema_free(diff.old_schema);
	cft_schema_free(diff.new_schema);
	cft_buf_release(&diff.old_text);
	cft_buf_release(&diff.new_text);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "generate", .type = CFT_OPT_FLAG, .help = "Write a migration"},
	{.name = "name",
         .type = CFT_OPT_STRING,
         .value = "NAME",
         .help = "Its name, for example add_user_bio"},
	{.name = "python",
         .type = CFT_OPT_FLAG,
         .help = "Write a Python class instead of SQL files"},
	{.name = "timestamp",
         .type = CFT_OPT_FLAG,
         .help = "Take the time as version instead of the next number"},
	{.name = "up-file",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .help = "Write the script from OLD to NEW"},
	{.name = "down-file",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .help = "Write the script from NEW to OLD"},
	{.name = "rename",
         .type = CFT_OPT_LIST,
         .value = "OLD=NEW",
         .help = "Something was renamed: users=people, users.mail=email"},
	{.name = "online",
         .type = CFT_OPT_FLAG,
         .help = "Build indexes and constraints without blocking writers"},
	{.name = "no-owners", .type = CFT_OPT_FLAG, .help = "Leave owners alone"},
	{.name = "no-privileges", .type = CFT_OPT_FLAG, .help = "Leave grants alone"},
	{.name = "verify",
         .type = CFT_OPT_FLAG,
         .help = "Run both scripts in throw-away databases first; nothing is written where they "
                 "do not give the other schema"},
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 where there are changes"},
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "OLD",
         .help = "A file, a directory, env:NAME (its files), env:NAME@db (its database) or db:URL",
         .required = true},
	{.name = "NEW", .help = "The same", .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Write the first migration",
         "confiture migrate diff db/schema/empty.sql db/schema/10_tables/users.sql --generate "
         "--name create_users_table"},
	{"What the database lacks", "confiture migrate diff env:local@db env:local"},
	{"For a program", "confiture migrate diff old.sql new.sql --format json --exit-code"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_diff = {
	.summary = "Show or write the migration between two schemas",
	.description =
		"Reads DDL as people write it or as pg_dump does, in any order; no database is "
		"needed. The table that records migrations is left out. Renames are never guessed: "
		"they are suggested, and taken with --rename. What cannot be expressed is listed.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
