/* Run: one migration, unit by unit, in one transaction or stepwise.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate. A run is one attempt. SQL files and Python migrations both feed it
 * units; the run knows whether a unit goes into the transaction, is recorded by itself, or was done
 * by an earlier attempt.
 */
#ifndef CFT_MIGRATE_RUN_H
#define CFT_MIGRATE_RUN_H

#include "common/migrate/internal.h"
#include "common/migrate/script.h"

struct cft_mig_run {
	struct cft_mig_engine *engine;
	const struct cft_mig_step *step;
	struct cft_arena arena;
	const char *version; /* as the tracking row has it */
	bool stepwise;
	/* Set where the transaction met a unit that cannot be in it: roll back and run stepwise. */
	bool must_step;
	const char *why;
	int index; /* of the next unit that is recorded */
	int statements;
	/* Of a call from Python: the line to name in errors, parameters, and the last result. */
	int line;
	size_t nparams; /* with params != NULL: one statement with $1 … */
	const char *const *params;
	bool want_result;
	struct cft_pg_result *result;
};

/* Runs or skips one unit. With run->must_step set the error is only a placeholder. */
int cft_mig_run_unit(struct cft_mig_run *run, const struct cft_mig_script *script,
                     const struct cft_mig_unit *unit, struct cft_err *err);
/* All units of a script in order. */
int cft_mig_run_script(struct cft_mig_run *run, const struct cft_mig_script *script,
                       struct cft_err *err);
/* Waits before the next attempt where the error is a lock that could not be had, and attempts are
 * left. False: give up. */
bool cft_mig_run_again(struct cft_mig_run *run, int *attempt, const struct cft_err *err);

#endif
