/* Python: migrations written as Python classes, run by a python3 child process.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate. The child gets the runner (python/runner.py, embedded) as its program
 * and the migration's text, with our confiture.models.migration, through a pipe; each SQL statement
 * comes back through another one and runs on the engine's connection. What the migration prints is
 * emitted as notices. Nothing of ours needs to be installed.
 */
#ifndef CFT_MIGRATE_PYTHON_H
#define CFT_MIGRATE_PYTHON_H

#include "common/migrate/run.h"

/* Runs the migration's up() or down() as run->step says. Errors name the file and the Python line:
 * NO_MIGRATION_CLASS, PYTHON_SYNTAX_ERROR, PYTHON_EXCEPTION, IRREVERSIBLE, those of the SQL. */
int cft_mig_python_run(struct cft_mig_run *run, struct cft_err *err);

#endif
