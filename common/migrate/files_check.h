/* What is wrong with migration files: names, versions, missing halves, contents.
 * SPDX-License-Identifier: MIT
 *
 * Used by cft_mig_dir_read, which fills dir->problems through it. Pure.
 */
#ifndef CFT_MIGRATE_FILES_CHECK_H
#define CFT_MIGRATE_FILES_CHECK_H

#include "common/migrate/files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A .sql or .py file whose name is none of a migration: says what to call it. */
void cft_mig_check_name(struct cft_mig_dir *dir, const char *path, const char *entry);
/* Duplicates, gaps, missing halves, bytes that PostgreSQL would refuse, over dir->files (sorted).
 */
void cft_mig_check_files(struct cft_mig_dir *dir);

#ifdef __cplusplus
}
#endif

#endif
