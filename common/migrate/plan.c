/* Plan: what `up` and `down` will do.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/plan.h"

#include "common/migrate/version.h"

#include <assert.h>
#include <string.h>

const char *cft_mig_status_name(enum cft_mig_status status)
{
	static const char *const names[] = {
		[CFT_MIG_STATUS_PENDING] = "pending", [CFT_MIG_STATUS_APPLIED] = "applied",
		[CFT_MIG_STATUS_CHANGED] = "changed", [CFT_MIG_STATUS_MISSING] = "missing",
		[CFT_MIG_STATUS_PARTIAL] = "partial",
	};

	return names[status];
}

static bool file_changed(const struct cft_mig_file *file, const struct cft_mig_entry *entry)
{
	return entry->checksum[0] && strcmp(file->checksum, entry->checksum) != 0;
}

static enum cft_mig_status status_of(const struct cft_mig_file *file,
                                     const struct cft_mig_entry *entry)
{
	if (!entry)
		return CFT_MIG_STATUS_PENDING;
	if (cft_mig_state_unfinished(entry->state))
		return CFT_MIG_STATUS_PARTIAL;
	if (!file || !file->up.path) /* of a pair, the half that was applied */
		return CFT_MIG_STATUS_MISSING;
	return file_changed(file, entry) ? CFT_MIG_STATUS_CHANGED : CFT_MIG_STATUS_APPLIED;
}

static void add_row(struct cft_arena *arena, struct cft_mig_rows *rows,
                    const struct cft_mig_file *file, const struct cft_mig_entry *entry,
                    const char *current)
{
	struct cft_mig_row row = {
		.status = status_of(file, entry),
		.file = file,
		.entry = entry,
	};

	assert(file || entry);
	if (file) {
		row.version = file->version;
		row.name = file->name;
	} else {
		row.version = entry->version;
		row.name = entry->name;
	}

	row.out_of_order = !entry && current && cft_mig_version_cmp(row.version, current) < 0;
	if (row.status == CFT_MIG_STATUS_PENDING || row.status == CFT_MIG_STATUS_PARTIAL)
		rows->pending++;
	else
		rows->applied++;
	cft_vec_push_in(arena, &rows->rows, row);
}

void cft_mig_rows_make(struct cft_arena *arena, const struct cft_mig_dir *dir,
                       const struct cft_mig_history *history, struct cft_mig_rows *ret)
{
	const char *current = cft_mig_history_current(history);
	size_t f = 0, e = 0;

	memset(ret, 0, sizeof(*ret));
	while (f < dir->files.n || e < history->entries.n) {
		const struct cft_mig_file *file = f < dir->files.n ? &dir->files.v[f] : NULL;
		const struct cft_mig_entry *entry =
			e < history->entries.n ? &history->entries.v[e] : NULL;
		int order = !file    ? 1
		            : !entry ? -1
		                     : cft_mig_version_cmp(file->version, entry->version);

		add_row(arena, ret, order <= 0 ? file : NULL, order >= 0 ? entry : NULL, current);
		f += order <= 0;
		e += order >= 0;
	}
}

static int unfinished_rollback(const struct cft_mig_entry *entry, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_STATE, "UNFINISHED_ROLLBACK",
	                "the rollback of %s_%s stopped after %d statement(s)", entry->version,
	                entry->name, entry->statements_done);
	return cft_err_hint(err, "finish it with: confiture migrate down; or see: confiture "
	                         "migrate repair");
}

static int unfinished_apply(const struct cft_mig_entry *entry, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_STATE, "UNFINISHED_MIGRATION",
	                "%s_%s stopped after %d statement(s) and is not applied", entry->version,
	                entry->name, entry->statements_done);
	return cft_err_hint(err, "finish it with: confiture migrate up; or see: confiture migrate "
	                         "repair");
}

static int refuse_changed(const struct cft_mig_row *row, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_INCONSISTENT, "CHANGED_MIGRATION",
	                "%s_%s was edited after it was applied (%s)", row->version, row->name,
	                row->entry->applied_at);
	cft_err_at(err, row->file->up.path, 0, 0);
	return cft_err_hint(
		err,
		"undo the edit and write a new migration; or, if the database is right, "
		"record the new text with: confiture migrate repair --accept %s",
		row->version);
}

static int refuse_out_of_order(const struct cft_mig_row *row, const char *current,
                               struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_STATE, "OUT_OF_ORDER",
	                "%s_%s is pending, but %s, which comes after it, is applied already",
	                row->version, row->name, current);
	cft_err_at(err, row->file->up.path, 0, 0);
	return cft_err_hint(err,
	                    "give it a version above %s, or apply it all the same with "
	                    "--allow-out-of-order",
	                    current);
}

static int unknown_target(const char *target, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_NOT_FOUND, "VERSION_NOT_FOUND", "there is no migration %s",
	                target);
	return cft_err_hint(err, "see the versions with: confiture migrate status");
}

static int plan_row(struct cft_arena *arena, const struct cft_mig_row *row,
                    const struct cft_mig_up_options *options, const char *current,
                    struct cft_mig_plan *plan, struct cft_err *err)
{
	struct cft_mig_step step = {CFT_MIG_UP, row->file, row->entry};

	if (row->status == CFT_MIG_STATUS_CHANGED && !options->allow_changed)
		return refuse_changed(row, err);
	if (row->status != CFT_MIG_STATUS_PENDING && row->status != CFT_MIG_STATUS_PARTIAL)
		return 0;
	if (options->target && cft_mig_version_cmp(row->version, options->target) > 0)
		return 0;
	if (row->out_of_order && !options->allow_out_of_order)
		return refuse_out_of_order(row, current, err);
	if (!row->file || !row->file->up.path) {
		cft_fail_reason(err, CFT_E_INCONSISTENT, "MISSING_FILE",
		                "%s_%s is half applied and its file is gone", row->version,
		                row->name);
		return cft_err_hint(err, "restore the file, then run: confiture migrate up");
	}
	cft_vec_push_in(arena, &plan->steps, step);
	return 0;
}

int cft_mig_plan_up(struct cft_arena *arena, const struct cft_mig_dir *dir,
                    const struct cft_mig_history *history, const struct cft_mig_up_options *options,
                    struct cft_mig_plan *ret, struct cft_err *err)
{
	struct cft_mig_plan plan = {.direction = CFT_MIG_UP};
	const struct cft_mig_entry *unfinished = cft_mig_history_unfinished(history);
	struct cft_mig_rows rows;
	int rc = cft_mig_dir_check(dir, err);

	if (rc != 0)
		return rc;
	if (unfinished && unfinished->state == CFT_MIG_REVERTING)
		return unfinished_rollback(unfinished, err);
	if (options->target &&
	    (!cft_mig_version_valid(options->target) || !cft_mig_dir_find(dir, options->target)))
		return unknown_target(options->target, err);
	cft_mig_rows_make(arena, dir, history, &rows);
	CFT_VEC_EACH (struct cft_mig_row, row, &rows.rows) {
		rc = plan_row(arena, row, options, cft_mig_history_current(history), &plan, err);
		if (rc != 0)
			return rc;
	}
	*ret = plan;
	return 0;
}

static int check_way_down(const struct cft_mig_dir *dir, const struct cft_mig_entry *entry,
                          const struct cft_mig_file **ret, struct cft_err *err)
{
	const struct cft_mig_file *file = cft_mig_dir_find(dir, entry->version);

	if (entry->state == CFT_MIG_BASELINE) {
		cft_fail_reason(err, CFT_E_IRREVERSIBLE, "BASELINE",
		                "%s_%s is part of the baseline and was never run here",
		                entry->version, entry->name);
		return err ? err->code : CFT_E_IRREVERSIBLE;
	}
	if (!file) {
		cft_fail_reason(err, CFT_E_IRREVERSIBLE, "MISSING_FILE",
		                "%s_%s is applied, but its file is gone", entry->version,
		                entry->name);
		return cft_err_hint(err, "restore the file from version control");
	}
	if (!file->down.path) {
		cft_fail_reason(err, CFT_E_IRREVERSIBLE, "MISSING_DOWN",
		                "%s_%s cannot be rolled back: it has no .down.sql", file->version,
		                file->name);
		return cft_err_hint(err, "write %s/%s_%s.down.sql", dir->path, file->version,
		                    file->name);
	}
	*ret = file;
	return 0;
}

/* Steps down from the highest entry, while `wanted` more are asked for and above `floor`. */
static int plan_down(struct cft_arena *arena, const struct cft_mig_dir *dir,
                     const struct cft_mig_history *history, size_t wanted, const char *floor,
                     struct cft_mig_plan *ret, struct cft_err *err)
{
	struct cft_mig_plan plan = {.direction = CFT_MIG_DOWN};
	const struct cft_mig_entry *unfinished = cft_mig_history_unfinished(history);
	int rc = cft_mig_dir_check(dir, err);

	if (rc != 0)
		return rc;
	if (unfinished && unfinished->state == CFT_MIG_APPLYING)
		return unfinished_apply(unfinished, err);
	for (size_t i = history->entries.n; i-- > 0 && plan.steps.n < wanted;) {
		const struct cft_mig_entry *entry = &history->entries.v[i];
		struct cft_mig_step step = {CFT_MIG_DOWN, NULL, NULL};

		if (floor && cft_mig_version_cmp(entry->version, floor) <= 0)
			break;
		rc = check_way_down(dir, entry, &step.file, err);
		if (rc != 0)
			return rc;
		if (entry->state == CFT_MIG_REVERTING)
			step.resume = entry;
		cft_vec_push_in(arena, &plan.steps, step);
	}
	*ret = plan;
	return 0;
}

int cft_mig_plan_down(struct cft_arena *arena, const struct cft_mig_dir *dir,
                      const struct cft_mig_history *history, size_t steps, struct cft_mig_plan *ret,
                      struct cft_err *err)
{
	return plan_down(arena, dir, history, steps, NULL, ret, err);
}

int cft_mig_plan_down_to(struct cft_arena *arena, const struct cft_mig_dir *dir,
                         const struct cft_mig_history *history, const char *version,
                         struct cft_mig_plan *ret, struct cft_err *err)
{
	if (!cft_mig_version_valid(version))
		return unknown_target(version, err);
	if (strspn(version, "0") != strlen(version) && !cft_mig_history_find(history, version)) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "VERSION_NOT_APPLIED",
		                "migration %s is not applied", version);
		return cft_err_hint(err, "see what is applied with: confiture migrate status; "
		                         "version 0 means before the first one");
	}
	return plan_down(arena, dir, history, SIZE_MAX, version, ret, err);
}
