/* Schema plan: compares two schemas and shows the outcome.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/schema_plan.h"

#include "common/base/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct cft_diff_options cft_schema_plan_options(const struct cft_schema_plan *p)
{
	return (struct cft_diff_options){
		.online = cft_cmd_flag(p->cmd, "online"),
		.renames = p->renames,
		.keep_owners = cft_cmd_flag(p->cmd, "no-owners"),
		.keep_privileges = cft_cmd_flag(p->cmd, "no-privileges"),
	};
}

const char *cft_schema_plan_lock_timeout(const struct cft_schema_plan *p)
{
	if (!cft_cmd_has(p->cmd, "lock-timeout"))
		return NULL;
	return cft_arena_printf(p->cmd->arena, "SET lock_timeout = '%lldms'",
	                        (long long)(cft_cmd_duration_us(p->cmd, "lock-timeout") / 1000));
}

static int compare_once(struct cft_schema_plan *p, struct cft_err *err)
{
	const struct cft_diff_options options = cft_schema_plan_options(p);
	struct cft_schema *old = NULL, *new = NULL;
	int rc = cft_schema_read_text(cft_buf_str(&p->old_text), p->old_text.len, p->old_name, &old,
	                              err);

	if (rc == 0)
		rc = cft_schema_read_beside(cft_buf_str(&p->new_text), p->new_text.len, p->new_name,
		                            old, &new, err);
	cft_plan_free(p->plan);
	p->plan = NULL;
	if (rc == 0)
		rc = cft_schema_diff(old, new, &options, &p->plan, err);
	cft_schema_free(old);
	cft_schema_free(new);
	return rc;
}

/* -- renames -- */

static bool can_ask(const struct cft_schema_plan *p)
{
	return !cft_output_is_json(p->cmd->out) && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static bool says_yes(const struct cft_rename *r)
{
	char line[16];

	fprintf(stderr, "Was %s %s renamed to %s, with its rows kept? [y/N] ", r->kind, r->from,
	        r->to);
	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static void take_rename(struct cft_schema_plan *p, const char *rename)
{
	const char **list = cft_arena_array(p->cmd->arena, const char *, p->rename_count + 2);

	for (size_t i = 0; i < p->rename_count; i++)
		list[i] = p->renames[i];
	list[p->rename_count++] = rename;
	p->renames = list;
}

/* True if one was confirmed: the comparison is another one then. */
static bool ask_renames(struct cft_schema_plan *p)
{
	for (size_t i = 0; i < p->plan->rename_suggested_count; i++) {
		const struct cft_rename *r = &p->plan->renames_suggested[i];
		if (!says_yes(r))
			continue;
		take_rename(p, cft_arena_printf(p->cmd->arena, "%s=%s", r->from, r->to));
		return true;
	}
	return false;
}

int cft_schema_plan_compare(struct cft_schema_plan *p, struct cft_err *err)
{
	struct cft_words renames = cft_cmd_list(p->cmd, "rename");

	for (size_t i = 0; i < renames.n; i++)
		take_rename(p, renames.v[i]);
	int rc = compare_once(p, err);
	while (rc == 0 && can_ask(p) && ask_renames(p))
		rc = compare_once(p, err);
	return rc;
}

void cft_schema_plan_release(struct cft_schema_plan *p)
{
	cft_plan_free(p->plan);
	json_decref(p->base);
	cft_buf_release(&p->old_text);
	cft_buf_release(&p->new_text);
}

/* -- JSON -- */

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

json_t *cft_schema_plan_json(const struct cft_schema_plan *p)
{
	const struct cft_plan *plan = p->plan;
	json_t *document =
		json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "changes", changes_json(plan), "up",
	                  steps_json(plan->up, plan->up_count), "down",
	                  steps_json(plan->down, plan->down_count), "refused", refused_json(plan),
	                  "hazards", hazards_json(plan), "renames_suggested", renames_json(plan));

	if (p->base)
		json_object_set(document, "base", p->base);
	return document;
}

/* -- text -- */

void cft_schema_plan_notes(const struct cft_schema_plan *p)
{
	const struct cft_plan *plan = p->plan;
	struct cft_output *out = p->cmd->out;

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

void cft_schema_plan_changes(const struct cft_schema_plan *p)
{
	const struct cft_plan *plan = p->plan;
	struct cft_output *out = p->cmd->out;

	cft_out_mark(out, CFT_MARK_CHART, "%zu change(s)", plan->change_count);
	for (size_t i = 0; i < plan->change_count; i++)
		cft_out_mark(out, CFT_MARK_BULLET, "%s %s %s%s%s",
		             cft_change_op_name(plan->changes[i].op), plan->changes[i].kind,
		             plan->changes[i].object, plan->changes[i].detail[0] ? ": " : "",
		             plan->changes[i].detail);
}

void cft_schema_plan_script(const struct cft_schema_plan *p)
{
	struct cft_buf script = CFT_BUF_INIT;

	if (p->plan->up_count == 0 || cft_schema_plan_to_files(p))
		return;
	cft_plan_script(p->plan, false, true, &script);
	cft_out_text(p->cmd->out, "\n%s", cft_buf_str(&script));
	cft_buf_release(&script);
}

/* -- files -- */

bool cft_schema_plan_to_files(const struct cft_schema_plan *p)
{
	return cft_cmd_has(p->cmd, "up-file") || cft_cmd_has(p->cmd, "down-file");
}

static void add_comment(struct cft_buf *out, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		cft_buf_addf(out, "-- %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int write_script(const struct cft_schema_plan *p, const char *option, bool down,
                        const char *header, struct cft_err *err)
{
	const char *path = cft_cmd_str(p->cmd, option);
	struct cft_buf script = CFT_BUF_INIT;

	if (!path)
		return 0;
	add_comment(&script, header);
	if (cft_schema_plan_lock_timeout(p))
		cft_buf_addf(&script, "%s;\n", cft_schema_plan_lock_timeout(p));
	cft_plan_script(p->plan, down, true, &script);
	int rc = cft_file_write(path, cft_buf_str(&script), script.len, 0644, err);
	cft_buf_release(&script);
	return rc;
}

int cft_schema_plan_files(const struct cft_schema_plan *p, const char *header, struct cft_err *err)
{
	int rc = write_script(p, "up-file", false, header, err);

	return rc ? rc : write_script(p, "down-file", true, header, err);
}
