/* Plan: what `up` and `down` will do, decided from the files and the history alone.
 * SPDX-License-Identifier: MIT
 *
 * Pure: no I/O, no clock. Plans and rows borrow from the directory and the history, and live in the
 * caller's arena.
 */
#ifndef CFT_MIGRATE_PLAN_H
#define CFT_MIGRATE_PLAN_H

#include "common/migrate/files.h"
#include "common/migrate/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cft_mig_status {
	CFT_MIG_STATUS_PENDING,
	CFT_MIG_STATUS_APPLIED,
	CFT_MIG_STATUS_CHANGED, /* applied, and the file is another one now */
	CFT_MIG_STATUS_MISSING, /* applied, and the file is gone */
	CFT_MIG_STATUS_PARTIAL, /* stopped in the middle */
};

/* One migration as `status` shows it. */
struct cft_mig_row {
	const char *version, *name;
	enum cft_mig_status status;
	bool out_of_order;                 /* pending below an applied one */
	const struct cft_mig_file *file;   /* NULL: missing */
	const struct cft_mig_entry *entry; /* NULL: pending */
};

struct cft_mig_rows {
	CFT_VEC(struct cft_mig_row) rows; /* by version */
	size_t applied, pending;
};

const char *cft_mig_status_name(enum cft_mig_status status); /* "pending" */
void cft_mig_rows_make(struct cft_arena *arena, const struct cft_mig_dir *dir,
                       const struct cft_mig_history *history, struct cft_mig_rows *ret);

enum cft_mig_direction { CFT_MIG_UP, CFT_MIG_DOWN };

struct cft_mig_step {
	enum cft_mig_direction direction;
	const struct cft_mig_file *file;
	const struct cft_mig_entry *resume; /* NULL: from the beginning */
};

struct cft_mig_plan {
	enum cft_mig_direction direction;
	CFT_VEC(struct cft_mig_step) steps; /* in the order to run them */
};

struct cft_mig_up_options {
	const char *target;      /* last version to apply, or NULL for all */
	bool allow_out_of_order; /* apply pending ones below an applied one */
	bool allow_changed;      /* go on though applied files were edited */
};

/* CFT_E_CONFIG: a problem of the files. CFT_E_NOT_FOUND: no such target. CFT_E_STATE: an unfinished
 * rollback, or OUT_OF_ORDER. CFT_E_INCONSISTENT: an applied file was edited. An empty plan is
 * success. */
int cft_mig_plan_up(struct cft_arena *arena, const struct cft_mig_dir *dir,
                    const struct cft_mig_history *history, const struct cft_mig_up_options *options,
                    struct cft_mig_plan *ret, struct cft_err *err);

/* Rolls back the last `steps` migrations (fewer where fewer are applied). CFT_E_IRREVERSIBLE where
 * one of them has no way down; then nothing is planned. */
int cft_mig_plan_down(struct cft_arena *arena, const struct cft_mig_dir *dir,
                      const struct cft_mig_history *history, size_t steps, struct cft_mig_plan *ret,
                      struct cft_err *err);
/* Rolls back everything above `version`, which must be applied, or be all zeros for everything. */
int cft_mig_plan_down_to(struct cft_arena *arena, const struct cft_mig_dir *dir,
                         const struct cft_mig_history *history, const char *version,
                         struct cft_mig_plan *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
