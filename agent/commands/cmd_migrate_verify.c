/* confiture migrate verify: are the applied migrations those of the files.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/migrate_remote.h"

struct findings {
	size_t verified, unknown, bad;
	json_t *changed, *missing, *partial, *indexes;
};

static void look_at(struct cft_migrate *migrate, const struct cft_mig_row *row,
                    struct findings *findings)
{
	struct cft_output *out = migrate->cmd->out;
	const char *label = cft_arena_printf(migrate->cmd->arena, "%s_%s", row->version, row->name);

	switch (row->status) {
	case CFT_MIG_STATUS_PENDING:
		break;
	case CFT_MIG_STATUS_APPLIED:
		if (row->entry->checksum[0])
			findings->verified++;
		else
			findings->unknown++;
		break;
	case CFT_MIG_STATUS_CHANGED:
		cft_out_mark(out, CFT_MARK_ERROR, "%s was edited after it was applied on %s",
		             row->file->up.path, row->entry->applied_at);
		json_array_append_new(findings->changed,
		                      json_pack("{s:s,s:s,s:s,s:s,s:s}", "version", row->version,
		                                "name", row->name, "path", row->file->up.path,
		                                "applied_checksum", row->entry->checksum,
		                                "checksum", row->file->checksum));
		findings->bad++;
		break;
	case CFT_MIG_STATUS_MISSING:
		cft_out_mark(out, CFT_MARK_ERROR, "%s is applied, but its file is gone", label);
		json_array_append_new(findings->missing, json_string(label));
		findings->bad++;
		break;
	case CFT_MIG_STATUS_PARTIAL:
		cft_out_mark(out, CFT_MARK_ERROR, "%s stopped in the middle", label);
		json_array_append_new(findings->partial, json_string(label));
		findings->bad++;
		break;
	}
}

static int look_at_indexes(struct cft_migrate *migrate, struct findings *findings,
                           struct cft_err *err)
{
	const char *const *names;
	size_t n;

	int rc = cft_migrate_invalid_indexes(migrate, &names, &n, err);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		cft_out_mark(migrate->cmd->out, CFT_MARK_ERROR,
		             "the index %s is INVALID: a build with CONCURRENTLY failed", names[i]);
		json_array_append_new(findings->indexes, json_string(names[i]));
	}
	findings->bad += n;
	return 0;
}

static int verify(struct cft_migrate *migrate, struct cft_err *err)
{
	struct findings findings = {0,           0, 0, json_array(), json_array(), json_array(),
	                            json_array()};
	struct cft_output *out = migrate->cmd->out;
	struct cft_mig_rows rows;

	cft_mig_rows_make(migrate->cmd->arena, &migrate->dir, &migrate->history, &rows);
	CFT_VEC_EACH (struct cft_mig_row, row, &rows.rows)
		look_at(migrate, row, &findings);
	int rc = look_at_indexes(migrate, &findings, err);
	bool good = findings.bad == 0;
	if (rc == 0 && good)
		cft_out_mark(out, CFT_MARK_OK, "%zu migration(s) verified", findings.verified);
	if (rc == 0 && findings.unknown > 0)
		cft_out_mark(out, CFT_MARK_WARN, "%zu migration(s) have no checksum on record",
		             findings.unknown);
	cft_migrate_answer(migrate,
	                   json_pack("{s:b,s:I,s:I,s:o,s:o,s:o,s:o,s:s}", "valid", good, "verified",
	                             (json_int_t)findings.verified, "unknown",
	                             (json_int_t)findings.unknown, "changed", findings.changed,
	                             "missing", findings.missing, "partial", findings.partial,
	                             "invalid_indexes", findings.indexes, "database",
	                             migrate->connection.shown));
	if (rc != 0 || good)
		return rc;
	cft_fail_reason(err, CFT_E_INCONSISTENT, "VERIFY_FAILED",
	                "%zu thing(s) differ from what was applied", findings.bad);
	return cft_err_hint(err, "see what can be done with: confiture migrate repair");
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_migrate migrate = {0};
	int rc = cft_migrate_open(&migrate, cmd, false, err);

	if (rc == 0)
		rc = verify(&migrate, err);
	cft_migrate_close(&migrate);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_MIGRATE_TARGET_OPTIONS,
	CFT_MIGRATE_FILE_OPTIONS,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Compare checksums before a deployment", "confiture migrate verify --env production"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_migrate_verify = {
	.summary = "Compare applied migrations with their files",
	.description = "Fails with exit code 8 where an applied file was edited or is gone, a "
		       "migration stopped in the middle, or an INVALID index is left.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
