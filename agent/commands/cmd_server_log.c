/* confiture server compact, new-epoch: the operator's hand on the log, in the database itself.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/operator.h"
#include "common/pg/result.h"

#include <stdio.h>
#include <stdlib.h>

/* -- compact -- */

static json_t *show_project(struct cft_cmd *cmd, const struct cft_pg_result *rows, size_t i)
{
	const char *project = cft_pg_text(rows, i, 0);
	json_int_t deleted = cft_pg_int(rows, i, 1), first = cft_pg_int(rows, i, 2),
		   revision = cft_pg_int(rows, i, 3);

	cft_out_text(cmd->out, "%s: deleted %lld events; the log holds revisions %lld to %lld",
	             project, (long long)deleted, (long long)first, (long long)revision);
	return json_pack("{s:s, s:I, s:I, s:I}", "project", project, "deleted", deleted,
	                 "first_revision", first, "revision", revision);
}

static int run_compact(struct cft_cmd *cmd, struct cft_err *err)
{
	char age[32], keep[24];
	const char *values[] = {cft_cmd_str(cmd, "project"), age, keep};
	struct cft_pg_result *rows = NULL;
	struct cft_pg *pg = NULL;
	int rc = cft_operator_connect(cmd, false, &pg, err);

	snprintf(age, sizeof(age), "%lld microseconds",
	         (long long)cft_cmd_duration_us(cmd, "older-than"));
	snprintf(keep, sizeof(keep), "%lld", (long long)cft_cmd_int(cmd, "keep"));
	if (rc == 0)
		rc = cft_pg_exec_params(
			pg, "SELECT * FROM confiture.compact($1, $2::interval, $3::bigint)", 3,
			values, &rows, err);
	if (rc == 0) {
		json_t *list = json_array();
		for (size_t i = 0; i < cft_pg_rows(rows); i++)
			json_array_append_new(list, show_project(cmd, rows, i));
		cft_out_json(cmd->out, json_pack("{s:o}", "projects", list));
	}
	cft_pg_result_free(rows);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt compact_options[] = {
	CFT_OPERATOR_DB_URL,
	CFT_OPERATOR_PROJECT,
	{.name = "older-than",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .min = 0,
         .max = 315360000000,
         .fallback = "90d",
         .help = "Delete only events older than this"},
	{.name = "keep",
         .type = CFT_OPT_INT,
         .value = "N",
         .min = 1,
         .max = INT64_MAX,
         .fallback = "10000",
         .help = "Keep the newest N events of each project"},
	CFT_OPT_END,
};

static const struct cft_example compact_examples[] = {
	{"Keep half a year of history", "confiture server compact --older-than 180d"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_compact = {
	.summary = "Delete old events of the log; the state stays as it is",
	.description =
		"Works on all projects of the database, or on the one of --project. Intents, "
		"conflicts and the base schema stay. A stream that would begin before the "
		"oldest event that is left ends with OUT_OF_RANGE and names it; it begins "
		"again with a snapshot. Servers may run meanwhile.",
	.options = compact_options,
	.examples = compact_examples,
	.run = run_compact,
};

/* -- new-epoch -- */

static int run_new_epoch(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_buf epoch = CFT_BUF_INIT;
	struct cft_pg *pg = NULL;
	int rc = cft_operator_connect(cmd, false, &pg, err);

	if (rc == 0)
		rc = cft_pg_query_text(pg, "SELECT confiture.new_epoch()", 0, NULL, &epoch, err);
	if (rc == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "Epoch %s of the log has begun",
		             cft_buf_str(&epoch));
		cft_out_json(cmd->out,
		             json_pack("{s:I}", "epoch",
		                       (json_int_t)strtoll(cft_buf_str(&epoch), NULL, 10)));
	}
	cft_buf_release(&epoch);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt new_epoch_options[] = {
	CFT_OPERATOR_DB_URL,
	CFT_OPERATOR_PROJECT,
	CFT_OPT_END,
};

static const struct cft_example new_epoch_examples[] = {
	{"After a restore from a backup",
         "confiture server new-epoch --db-url postgresql://db.internal/confiture"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_new_epoch = {
	.summary = "Begin a new epoch of the log, after a restore from an older backup",
	.description = "Every running server reads its projects anew, every stream ends, and "
		       "resume tokens of the time before are refused. A token whose past is not "
		       "the log's is refused without this, too.",
	.options = new_epoch_options,
	.examples = new_epoch_examples,
	.run = run_new_epoch,
};
