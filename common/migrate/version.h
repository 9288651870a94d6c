/* Versions and names of migrations: comparing, numbering, turning text into names.
 * SPDX-License-Identifier: MIT
 *
 * A version is a run of ASCII digits: a sequence number ("001") or a timestamp
 * ("20261122180000"). Versions compare as numbers of any length, so "001" and "1" are one version.
 * Pure; any thread.
 */
#ifndef CFT_MIGRATE_VERSION_H
#define CFT_MIGRATE_VERSION_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Digits of a timestamp version: YYYYMMDDhhmmss. */
enum { CFT_MIG_TIMESTAMP_DIGITS = 14, CFT_MIG_VERSION_MAX = 32, CFT_MIG_NAME_MAX = 120 };

bool cft_mig_version_valid(const char *version);
bool cft_mig_version_is_timestamp(const char *version);
/* <0, 0, >0 as strcmp. Both must be valid. */
int cft_mig_version_cmp(const char *a, const char *b);
/* The version after `last` (NULL: none yet gives "001"), as wide as `last`. */
const char *cft_mig_version_next(struct cft_arena *arena, const char *last);
/* The timestamp version of a moment; `last` where it is not before it (then last + 1). */
const char *cft_mig_version_timestamp(struct cft_arena *arena, int64_t wall_us, const char *last);
/* How many versions lie between two (exclusive); -1 where more than fit. */
long cft_mig_version_gap(const char *before, const char *after);

/* A name as in file names: letters, digits, '_' and '-'. */
bool cft_mig_name_valid(const char *name);
/* "Add user's bio" becomes "add_user_s_bio". CFT_E_INVALID where nothing is left. */
int cft_mig_name_slug(struct cft_arena *arena, const char *text, const char **ret_name,
                      struct cft_err *err);
/* "create_users_table" becomes "CreateUsersTable". */
const char *cft_mig_name_class(struct cft_arena *arena, const char *name);

#ifdef __cplusplus
}
#endif

#endif
