/* Validate: what is wrong in the contents of migration files.
 * SPDX-License-Identifier: MIT
 *
 * SQL is parsed. A Python class is looked at by a python3 process that runs nothing of it: does the
 * file parse, is there one Migration class with up() and down(), is the SQL good that it executes
 * as it stands in the file. What only running it would tell is not judged. Blocks.
 */
#ifndef CFT_MIGRATE_VALIDATE_H
#define CFT_MIGRATE_VALIDATE_H

#include "common/migrate/files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds to dir->problems. `python`: the interpreter; NULL: python3. Where there is none, a warning
 * says that nobody looked. */
void cft_mig_validate(struct cft_mig_dir *dir, const char *python);

#ifdef __cplusplus
}
#endif

#endif
