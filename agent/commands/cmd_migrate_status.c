/* confiture migrate status, current: what is applied and what is pending.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

#include <string.h>

struct look {
	enum cft_mark mark;
	enum cft_style style;
	const char *sign; /* where no mark fits */
};

static struct look look_of(enum cft_mig_status status)
{
	static const struct look looks[] = {
		[CFT_MIG_STATUS_PENDING] = {CFT_MARK_PENDING, CFT_STYLE_YELLOW, ""},
		[CFT_MIG_STATUS_APPLIED] = {CFT_MARK_OK, CFT_STYLE_GREEN, ""},
		[CFT_MIG_STATUS_CHANGED] = {CFT_MARK_WARN, CFT_STYLE_YELLOW, ""},
		[CFT_MIG_STATUS_MISSING] = {CFT_MARK_WARN, CFT_STYLE_YELLOW, ""},
		[CFT_MIG_STATUS_PARTIAL] = {CFT_MARK_ERROR, CFT_STYLE_RED, ""},
	};

	return looks[status];
}

static void add_row(struct cft_migrate *migrate, struct cft_table *table,
                    const struct cft_mig_row *row)
{
	const struct look look = look_of(row->status);
	const char *mark = cft_mark_text(migrate->cmd->out, look.mark);
	bool wordy = strchr(mark, ':') != NULL; /* ASCII: "OK:" before "applied" says nothing */

	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", row->version);
	cft_table_cell(table, CFT_STYLE_PLAIN, "%s", row->name);
	cft_table_cell(table, look.style, "%s%s%s%s", wordy ? "" : mark,
	               wordy || !mark[0] ? "" : " ", cft_mig_status_name(row->status),
	               row->out_of_order ? " (out of order)" : "");
}

static json_t *row_json(const struct cft_mig_row *row)
{
	const struct cft_mig_entry *entry = row->entry;
	json_t *json =
		json_pack("{s:s,s:s,s:s,s:b,s:s?,s:s?}", "version", row->version, "name", row->name,
	                  "status", cft_mig_status_name(row->status), "out_of_order",
	                  row->out_of_order, "path", row->file ? row->file->up.path : NULL,
	                  "checksum", row->file ? row->file->checksum : NULL);

	if (entry) {
		json_object_set_new(json, "applied_at", json_string(entry->applied_at));
		json_object_set_new(json, "applied_by", json_string(entry->applied_by));
		json_object_set_new(json, "state", json_string(cft_mig_state_name(entry->state)));
		json_object_set_new(json, "statements_done", json_integer(entry->statements_done));
		if (entry->duration_ms >= 0)
			json_object_set_new(json, "duration_ms", json_integer(entry->duration_ms));
	}
	return json;
}

static void explain(struct cft_migrate *migrate, const struct cft_mig_row *row)
{
	struct cft_output *out = migrate->cmd->out;

	if (row->status == CFT_MIG_STATUS_CHANGED)
		cft_out_mark(out, CFT_MARK_WARN, "%s was edited after it was applied (%s)",
		             row->file->up.path, row->entry->applied_at);
	if (row->status == CFT_MIG_STATUS_MISSING)
		cft_out_mark(out, CFT_MARK_WARN, "%s_%s is applied, but its file is gone",
		             row->version, row->name);
	if (row->status == CFT_MIG_STATUS_PARTIAL)
		cft_out_mark(out, CFT_MARK_WARN,
		             "%s_%s stopped in the middle, after %d statement(s); see: confiture "
		             "migrate repair",
		             row->version, row->name, row->entry->statements_done);
	if (row->out_of_order)
		cft_out_mark(out, CFT_MARK_WARN,
		             "%s_%s is pending below %s, which is applied: `up` wants "
		             "--allow-out-of-order, or a new version",
		             row->version, row->name, cft_mig_history_current(&migrate->history));
}

static void show(struct cft_migrate *migrate, const struct cft_mig_rows *rows)
{
	static const struct cft_column columns[] = {
		{.title = "Version"}, {.title = "Name", .flexible = true}, {.title = "Status"}};
	struct cft_output *out = migrate->cmd->out;
	json_t *list = json_array();
	struct cft_table table;

	cft_table_init(&table, "Migrations", columns, 3);
	table.heavy_head = true;
	CFT_VEC_EACH (struct cft_mig_row, row, &rows->rows) {
		add_row(migrate, &table, row);
		json_array_append_new(list, row_json(row));
	}
	if (rows->rows.n > 0) {
		cft_out_table(out, &table);
		cft_out_text(out, "%s", "");
	}
	cft_out_mark(out, CFT_MARK_CHART, "Total: %zu migrations (%zu applied, %zu pending)",
	             rows->rows.n, rows->applied, rows->pending);
	CFT_VEC_EACH (struct cft_mig_row, row, &rows->rows)
		explain(migrate, row);
	cft_migrate_answer(migrate,
	                   json_pack("{s:o,s:I,s:I,s:I,s:s?,s:o,s:s}", "migrations", list, "total",
	                             (json_int_t)rows->rows.n, "applied", (json_int_t)rows->applied,
	                             "pending", (json_int_t)rows->pending, "current",
	                             cft_mig_history_current(&migrate->history), "problems",
	                             cft_migrate_problems_json(migrate), "database",
	                             migrate->connection.shown));
	cft_table_release(&table);
}

static int run_status(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	struct cft_mig_rows rows;
	int rc = cft_migrate_open(&migrate, cmd, false, err);

	if (rc == 0) {
		cft_migrate_show_problems(&migrate, true);
		cft_mig_rows_make(cmd->arena, &migrate.dir, &migrate.history, &rows);
		show(&migrate, &rows);
		if (cft_cmd_flag(cmd, "exit-code") && rows.pending > 0)
			rc = 1;
	}
	cft_migrate_close(&migrate);
	return rc;
}

static int run_current(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	int rc = cft_migrate_open(&migrate, cmd, false, err);

	if (rc == 0) {
		const char *current = cft_mig_history_current(&migrate.history);
		const struct cft_mig_entry *entry =
			current ? cft_mig_history_find(&migrate.history, current) : NULL;

		if (entry)
			cft_out_text(cmd->out, "%s_%s", entry->version, entry->name);
		else
			cft_out_text(cmd->out, "No migration is applied");
		cft_migrate_answer(&migrate,
		                   json_pack("{s:s?,s:s?,s:s?,s:s}", "version", current, "name",
		                             entry ? entry->name : NULL, "applied_at",
		                             entry ? entry->applied_at : NULL, "database",
		                             migrate.connection.shown));
	}
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt status_options[] = {
	{.name = "exit-code",
         .type = CFT_OPT_FLAG,
         .help = "Exit with 1 where migrations are pending"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_opt current_options[] = {
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example status_examples[] = {
	{"What is applied, what is pending",
         "confiture migrate status --config db/environments/local.yaml"},
	{"In a script", "confiture migrate status --env production --format json"},
	CFT_EXAMPLE_END,
};

static const struct cft_example current_examples[] = {
	{"The version of the database", "confiture migrate current --env local"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_status = {
	.summary = "Show applied and pending migrations",
	.options = status_options,
	.examples = status_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_status,
};

const struct cft_command cft_cmd_migrate_current = {
	.summary = "Show the highest applied version",
	.options = current_options,
	.examples = current_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_current,
};
