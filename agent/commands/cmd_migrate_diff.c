/* confiture migrate diff: the migration between two schemas.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_new.h"
#include "agent/commands/migrate_remote.h"
#include "agent/commands/schema_plan.h"
#include "agent/commands/schema_source.h"
#include "agent/commands/split_plan.h"
#include "agent/commands/verify_diff.h"

#include <stdio.h>
#include <string.h>

struct diff {
	struct cft_cmd *cmd;
	struct cft_schema_plan compared;
	struct cft_split split; /* with --generate */
	struct cft_verify_outcome verification;
	json_t *document;
};

/* The statements of one file, --lock-timeout first. */
static const struct cft_mig_statement *
draft_statements(const struct diff *diff, const struct cft_step *steps, size_t n, size_t *ret_n)
{
	struct cft_arena *arena = diff->cmd->arena;
	struct cft_mig_statement *list = cft_arena_array(arena, struct cft_mig_statement, n + 1);
	const char *timeout = cft_schema_plan_lock_timeout(&diff->compared);
	size_t count = 0;

	if (timeout && n > 0)
		list[count++].sql = timeout;
	for (size_t i = 0; i < n; i++) {
		struct cft_buf note = CFT_BUF_INIT;
		cft_step_note(&steps[i], &note);
		list[count].sql = steps[i].sql;
		list[count++].note = note.len ? cft_arena_strdup(arena, cft_buf_str(&note)) : NULL;
		cft_buf_release(&note);
	}
	*ret_n = count;
	return list;
}

static const char *verified_line(const struct diff *diff)
{
	struct cft_arena *arena = diff->cmd->arena;
	const struct cft_verify_outcome *v = &diff->verification;

	if (v->verified)
		return cft_arena_printf(arena,
		                        "Verified on PostgreSQL %s: up gives the new schema, down "
		                        "gives the old one back.",
		                        v->version);
	if (cft_cmd_flag(diff->cmd, "no-verify"))
		return "Not verified.";
	return cft_arena_printf(arena, "Not verified: %.*s", (int)strcspn(v->excuse, "\n"),
	                        v->excuse);
}

static const char *header_of(const struct diff *diff)
{
	struct cft_arena *arena = diff->cmd->arena;
	const struct cft_plan *plan = diff->compared.plan;
	const char *header = verified_line(diff);

	for (size_t i = 0; i < plan->refused_count; i++)
		header = cft_arena_printf(arena, "%s\nNOT INCLUDED: %s: %s", header,
		                          plan->refused[i].object, plan->refused[i].reason);
	return header;
}

static int write_part(struct diff *diff, size_t index, json_t **ret, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	const struct cft_split_part *part = &diff->split.parts[index];
	const char *name = cft_cmd_str(cmd, "name");
	struct cft_migrate_new fresh;
	struct cft_mig_written written;
	struct cft_mig_draft draft = {.header = header_of(diff)};

	if (index > 0)
		name = cft_arena_printf(cmd->arena, "%s_%zu", name, index + 1);
	int rc = cft_migrate_new_version(cmd, name, &fresh, err);
	if (rc != 0)
		return rc;
	draft.version = fresh.version;
	draft.name = fresh.name;
	draft.up = draft_statements(diff, part->up, part->up_count, &draft.up_count);
	draft.down = draft_statements(diff, part->down, part->down_count, &draft.down_count);
	rc = cft_mig_draft_write(cmd->arena, fresh.dir, &draft, fresh.python, &written, err);
	if (rc != 0)
		return rc;
	cft_migrate_show_written(cmd, &fresh, &written);
	*ret = json_pack("{s:s,s:s,s:s,s:s}", "version", fresh.version, "name", fresh.name, "up",
	                 written.up_path, "down", written.down_path);
	return 0;
}

/* "generated" is the first migration; what cannot share its transaction is "also_generated". */
static int generate(struct diff *diff, struct cft_err *err)
{
	json_t *more = json_array();
	int rc = 0;

	if (diff->compared.plan->up_count == 0)
		cft_out_mark(diff->cmd->out, CFT_MARK_OK, "No changes: nothing to generate");
	for (size_t i = 0; rc == 0 && i < diff->split.n; i++) {
		json_t *one = NULL;
		rc = write_part(diff, i, &one, err);
		if (rc == 0 && i == 0)
			json_object_set_new(diff->document, "generated", one);
		else if (rc == 0)
			json_array_append_new(more, one);
	}
	if (json_array_size(more) > 0)
		json_object_set(diff->document, "also_generated", more);
	json_decref(more);
	return rc;
}

static bool writes(const struct diff *diff)
{
	return cft_cmd_flag(diff->cmd, "generate") || cft_schema_plan_to_files(&diff->compared);
}

static int cannot_verify(struct diff *diff, struct cft_err *err)
{
	const char *excuse = diff->verification.excuse;

	if (cft_cmd_flag(diff->cmd, "verify"))
		return cft_fail_reason(err, CFT_E_FAILED, "CANNOT_VERIFY", "cannot verify: %s",
		                       excuse);
	cft_out_note(diff->cmd->out, "not verified: %s", excuse);
	return 0;
}

/* The downs of the parts, last part first: what `migrate down` runs. */
static void join_downs(const struct diff *diff, struct cft_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < diff->split.n; i++)
		n += diff->split.parts[i].down_count;
	plan->down = cft_arena_array(diff->cmd->arena, struct cft_step, n + 1);
	plan->down_count = 0;
	for (size_t i = diff->split.n; i-- > 0;)
		for (size_t k = 0; k < diff->split.parts[i].down_count; k++)
			plan->down[plan->down_count++] = diff->split.parts[i].down[k];
}

/* What is written is tried first, unless told otherwise. */
static int verify(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	struct cft_plan plan = *diff->compared.plan;
	const char *url = cft_cmd_str(cmd, "db-url");
	const struct cft_verify_request request = {
		.url = url ? url : cft_cmd_str(cmd, "database-url"),
		.old_text = cft_buf_str(&diff->compared.old_text),
		.new_text = cft_buf_str(&diff->compared.new_text),
		.plan = &plan,
	};
	bool wanted = cft_cmd_flag(cmd, "verify") || url || writes(diff);

	if (!wanted || cft_cmd_flag(cmd, "no-verify") || plan.up_count + plan.down_count == 0)
		return 0;
	if (diff->split.n > 1)
		join_downs(diff, &plan);
	int rc = cft_verify_diff(&request, &diff->verification, err);
	if (rc == CFT_E_INCONSISTENT && plan.refused_count > 0) {
		snprintf(diff->verification.excuse, sizeof(diff->verification.excuse),
		         "some differences are not in the scripts");
		*err = (struct cft_err)CFT_ERR_INIT;
		rc = 0;
	}
	if (rc == 0 && !diff->verification.verified)
		return cannot_verify(diff, err);
	if (rc == 0)
		cft_out_note(cmd->out, "verified on PostgreSQL %s: up and down do what they should",
		             diff->verification.version);
	return rc;
}

static int check_usage(const struct cft_cmd *cmd, struct cft_err *err)
{
	if (cft_cmd_flag(cmd, "verify") && cft_cmd_flag(cmd, "no-verify"))
		return cft_fail(err, CFT_E_INVALID, "--verify and --no-verify exclude each other");
	if (cmd->args.n != (cft_cmd_has(cmd, "on") ? 1 : 2))
		return cft_fail_reason(err, CFT_E_INVALID, "WHICH_SCHEMAS",
		                       "give OLD and NEW, or NEW alone with --on TARGET");
	if (!cft_cmd_flag(cmd, "generate") || cft_cmd_has(cmd, "name"))
		return 0;
	cft_fail_reason(err, CFT_E_INVALID, "NAME_MISSING", "--generate needs --name");
	return cft_err_hint(err, "for example: --generate --name add_user_bio");
}

static int read_sources(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	struct cft_schema_plan *p = &diff->compared;
	const char *target = cft_cmd_str(cmd, "on");
	const char *new_source = cmd->args.v[cmd->args.n - 1];
	int rc = target ? cft_migrate_remote_schema(cmd, target, &p->old_text, &p->base, err)
	                : cft_schema_source_text(cmd->arena, cmd->args.v[0], &p->old_text, err);

	p->cmd = cmd;
	p->old_name = target ? target : cft_schema_source_shown(cmd->arena, cmd->args.v[0]);
	p->new_name = cft_schema_source_shown(cmd->arena, new_source);
	return rc ? rc : cft_schema_source_text(cmd->arena, new_source, &p->new_text, err);
}

static int show_or_write(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	const struct cft_schema_plan *p = &diff->compared;
	int rc = 0;

	if (cft_cmd_flag(cmd, "generate")) {
		rc = generate(diff, err);
	} else if (p->plan->change_count == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "No changes");
	} else {
		cft_schema_plan_changes(p);
		cft_schema_plan_script(p);
	}
	return rc ? rc : cft_schema_plan_files(p, header_of(diff), err);
}

static int act(struct diff *diff, struct cft_err *err)
{
	struct cft_cmd *cmd = diff->cmd;
	int rc = read_sources(diff, err);

	if (rc == 0)
		rc = cft_schema_plan_compare(&diff->compared, err);
	if (rc != 0)
		return rc;
	diff->document = cft_schema_plan_json(&diff->compared);
	cft_schema_plan_notes(&diff->compared);
	if (cft_cmd_flag(cmd, "generate") && diff->compared.plan->up_count > 0) {
		const struct cft_diff_options options = cft_schema_plan_options(&diff->compared);
		cft_split_plan(cmd->arena, &diff->compared.old_text, diff->compared.plan, &options,
		               &diff->split);
	}
	rc = verify(diff, err);
	if (rc == 0)
		rc = show_or_write(diff, err);
	if (rc != 0)
		return rc;
	json_object_set_new(diff->document, "verified", json_boolean(diff->verification.verified));
	if (diff->verification.verified)
		json_object_set_new(diff->document, "verified_on",
		                    json_string(diff->verification.version));
	cft_out_json(cmd->out, json_incref(diff->document));
	return cft_cmd_flag(cmd, "exit-code") && diff->compared.plan->change_count > 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct diff diff = {.cmd = cmd};
	int rc = check_usage(cmd, err);

	if (rc == 0)
		rc = act(&diff, err);
	json_decref(diff.document);
	cft_split_release(&diff.split);
	cft_schema_plan_release(&diff.compared);
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
	CFT_SCHEMA_PLAN_OPTIONS,
	{.name = "verify",
         .type = CFT_OPT_FLAG,
         .help = "Try both scripts also where nothing is written, and fail where that cannot be"},
	{.name = "no-verify",
         .type = CFT_OPT_FLAG,
         .help = "Write without trying the scripts in a private PostgreSQL first"},
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "Try them in throw-away databases beside this one instead"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "OLD",
         .help = "A file, a directory, env:NAME (its files), env:NAME@db (its database) or db:URL",
         .required = true},
	{.name = "NEW", .help = "The same; alone with --on, where the target is OLD"},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Write the first migration",
         "confiture migrate diff db/schema/empty.sql db/schema/10_tables/users.sql --generate "
         "--name create_users_table"},
	{"What the database lacks", "confiture migrate diff env:local@db env:local"},
	{"What the server's target lacks",
         "confiture migrate diff db/schema --on production --generate --name add_user_bio"},
	{"For a program", "confiture migrate diff old.sql new.sql --format json --exit-code"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_diff = {
	.summary = "Show or write the migration between two schemas",
	.description =
		"Reads DDL as people write it or as pg_dump does, in any order; no database is "
		"needed. The table that records migrations is left out. Renames are never guessed: "
		"they are suggested, and taken with --rename or a comment in the SQL. What cannot "
		"be expressed is listed.\n\n"
		"What --generate, --up-file and --down-file write is tried first, where PostgreSQL "
		"is "
		"installed: up must give the new schema, down the old one; else nothing is "
		"written.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
