/* confiture migrate repair: explains what is wrong, and settles it as told.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

/* The options that settle something, in the order of enum cft_mig_repair. */
static const struct {
	const char *option;
	const char *said;
	Confiture__V1__RepairKind kind;
} ways[] = {
	[CFT_MIG_REPAIR_DONE] = {"done", "the statement counts as done",
                                 CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_DONE},
	[CFT_MIG_REPAIR_NOT_DONE] = {"not-done", "the statement will run again",
                                     CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_NOT_DONE},
	[CFT_MIG_REPAIR_APPLIED] = {"applied", "recorded as applied",
                                    CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_APPLIED},
	[CFT_MIG_REPAIR_FORGET] = {"forget", "no longer on record",
                                   CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_FORGET},
	[CFT_MIG_REPAIR_ACCEPT] = {"accept", "the file as it is now is on record",
                                   CONFITURE__V1__REPAIR_KIND__REPAIR_KIND_ACCEPT},
};
enum { WAY_COUNT = sizeof(ways) / sizeof(ways[0]) };

static int chosen_way(const struct cft_cmd *cmd, int *ret, struct cft_err *err)
{
	int way = -1;

	for (int i = 0; i < WAY_COUNT; i++) {
		if (!cft_cmd_has(cmd, ways[i].option))
			continue;
		if (way >= 0)
			return cft_fail_reason(err, CFT_E_INVALID, "WHICH_REPAIR",
			                       "--%s and --%s exclude each other", ways[way].option,
			                       ways[i].option);
		way = i;
	}
	*ret = way;
	return 0;
}

static void explain_partial(struct cft_migrate *migrate, const struct cft_mig_row *row,
                            json_t *list)
{
	struct cft_output *out = migrate->cmd->out;
	const struct cft_mig_entry *entry = row->entry;
	bool up = entry->state == CFT_MIG_APPLYING;

	cft_out_mark(out, CFT_MARK_ERROR, "%s_%s: %s stopped after %d of %d statement(s)",
	             row->version, row->name, up ? "applying" : "rolling back",
	             entry->statements_done, entry->statements_total);
	if (entry->running)
		cft_out_mark(out, CFT_MARK_BULLET,
		             "statement %d was begun and its result is not known. Look at the "
		             "database, then: confiture migrate repair --done, or --not-done",
		             entry->statements_done + 1);
	cft_out_mark(out, CFT_MARK_BULLET, "go on with: confiture migrate %s", up ? "up" : "down");
	cft_out_mark(out, CFT_MARK_BULLET, "or, finished by hand: confiture migrate repair %s %s",
	             up ? "--applied" : "--forget", row->version);
	json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i,s:i,s:b}", "version", row->version,
	                                      "problem", "partial", "state",
	                                      cft_mig_state_name(entry->state), "statements_done",
	                                      entry->statements_done, "statements_total",
	                                      entry->statements_total, "unknown_outcome",
	                                      entry->running != NULL));
}

static void explain_row(struct cft_migrate *migrate, const struct cft_mig_row *row, json_t *list)
{
	struct cft_output *out = migrate->cmd->out;

	switch (row->status) {
	case CFT_MIG_STATUS_PENDING:
	case CFT_MIG_STATUS_APPLIED:
		break;
	case CFT_MIG_STATUS_CHANGED:
		cft_out_mark(out, CFT_MARK_WARN, "%s was edited after it was applied",
		             row->file->up.path);
		cft_out_mark(out, CFT_MARK_BULLET,
		             "undo the edit; or, if the database is right: confiture migrate "
		             "repair --accept %s",
		             row->version);
		json_array_append_new(list, json_pack("{s:s,s:s}", "version", row->version,
		                                      "problem", "changed"));
		break;
	case CFT_MIG_STATUS_MISSING:
		cft_out_mark(out, CFT_MARK_WARN, "%s_%s is applied, but its file is gone",
		             row->version, row->name);
		cft_out_mark(out, CFT_MARK_BULLET,
		             "restore the file; or, if it was undone by hand: confiture migrate "
		             "repair --forget %s",
		             row->version);
		json_array_append_new(list, json_pack("{s:s,s:s}", "version", row->version,
		                                      "problem", "missing"));
		break;
	case CFT_MIG_STATUS_PARTIAL:
		explain_partial(migrate, row, list);
		break;
	}
}

static int explain_indexes(struct cft_migrate *migrate, json_t *list, struct cft_err *err)
{
	const char *const *names;
	size_t n;

	int rc = cft_migrate_invalid_indexes(migrate, &names, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		cft_out_mark(migrate->cmd->out, CFT_MARK_WARN, "the index %s is INVALID", names[i]);
		cft_out_mark(migrate->cmd->out, CFT_MARK_BULLET,
		             "the `up` of its migration drops and builds it again; else: DROP "
		             "INDEX CONCURRENTLY %s",
		             names[i]);
		json_array_append_new(list, json_pack("{s:s,s:s}", "index", names[i], "problem",
		                                      "invalid_index"));
	}
	return rc;
}

static int explain(struct cft_migrate *migrate, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	json_t *list = json_array();
	struct cft_mig_rows rows;

	cft_mig_rows_make(cmd->arena, &migrate->dir, &migrate->history, &rows);
	CFT_VEC_EACH (struct cft_mig_row, row, &rows.rows)
		explain_row(migrate, row, list);
	int rc = explain_indexes(migrate, list, err);
	if (rc == 0 && json_array_size(list) == 0)
		cft_out_mark(cmd->out, CFT_MARK_OK, "Nothing to repair");
	cft_migrate_answer(migrate, json_pack("{s:o,s:s}", "problems", list, "database",
	                                      migrate->connection.shown));
	return rc;
}

static int settle_version(struct cft_migrate *migrate, int way, const char *version,
                          struct cft_err *err)
{
	Confiture__V1__RepairMigrationRequest request =
		CONFITURE__V1__REPAIR_MIGRATION_REQUEST__INIT;
	const char *reason = cft_cmd_str(migrate->cmd, "reason");
	size_t count;

	if (!migrate->remote)
		return cft_mig_engine_repair(migrate->engine, &migrate->dir, version,
		                             (enum cft_mig_repair)way, err);
	request.version = (char *)version;
	request.repair = ways[way].kind;
	request.reason = (char *)(reason ? reason : "");
	return cft_migrate_remote_record(migrate, "RepairMigration", &request, &count, err);
}

static int settle(struct cft_migrate *migrate, int way, struct cft_err *err)
{
	struct cft_cmd *cmd = migrate->cmd;
	const struct cft_mig_entry *unfinished = cft_mig_history_unfinished(&migrate->history);
	const char *version = cft_cmd_str(cmd, ways[way].option);

	if (way == CFT_MIG_REPAIR_DONE || way == CFT_MIG_REPAIR_NOT_DONE)
		version = unfinished ? unfinished->version : NULL;
	if (!version)
		return cft_fail_reason(err, CFT_E_STATE, "NOT_UNFINISHED",
		                       "no migration stopped in the middle");
	int rc = settle_version(migrate, way, version, err);
	if (rc != 0)
		return rc;
	cft_out_mark(cmd->out, CFT_MARK_OK, "%s: %s", version, ways[way].said);
	cft_migrate_answer(migrate,
	                   json_pack("{s:s,s:s,s:s}", "version", version, "repair",
	                             ways[way].option, "database", migrate->connection.shown));
	return 0;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	int way = -1;
	int rc = chosen_way(cmd, &way, err);

	if (rc != 0)
		return rc;
	rc = cft_migrate_open(&migrate, cmd, way >= 0, err);
	if (rc == 0)
		rc = way >= 0 ? settle(&migrate, way, err) : explain(&migrate, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "done",
         .type = CFT_OPT_FLAG,
         .help = "The statement whose result is unknown did run: go on after it"},
	{.name = "not-done",
         .type = CFT_OPT_FLAG,
         .help = "The statement whose result is unknown did not run: run it again"},
	{.name = "applied",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "A migration that stopped in the middle was finished by hand"},
	{.name = "forget",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "A migration was undone by hand: remove its row"},
	{.name = "accept",
         .type = CFT_OPT_STRING,
         .value = "VERSION",
         .help = "The edited file of an applied migration is right: record its checksum"},
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_COORD_REASON,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_MIGRATE_LOCK_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"What is wrong, and what can be done", "confiture migrate repair --env local"},
	{"Record an edit of an applied migration", "confiture migrate repair --accept 004"},
	{"The same on a target of the server",
         "confiture migrate repair --accept 004 --on production --agent-id dba \\\n"
         "--reason \"only a comment\""},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_repair = {
	.summary = "Explain and settle what only a person can decide",
	.description = "Without an option it changes nothing: it lists unfinished migrations, "
		       "edited and missing files and INVALID indexes, each with its way out. The "
		       "options change the tracking table, never the schema; with --on the "
		       "server does it, for the role operator, and the log says so.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
