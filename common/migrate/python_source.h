/* Python source: the texts that python3 is given.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_MIGRATE_PYTHON_SOURCE_H
#define CFT_MIGRATE_PYTHON_SOURCE_H

extern const char cft_mig_python_runner[]; /* python/runner.py, NUL-terminated */
extern const char cft_mig_python_check[];  /* python/check.py */
extern const char cft_mig_python_models[]; /* python/confiture/models/migration.py */

#endif
