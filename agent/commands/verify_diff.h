/* Verify diff: runs both scripts of a diff in throw-away databases and compares the results.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_VERIFY_DIFF_H
#define CFT_COMMANDS_VERIFY_DIFF_H

#include "common/base/err.h"
#include "common/sql/schema.h"

/* Makes databases beside the one of `conninfo` (whose role must be allowed to), loads the old text,
 * applies up and compares with the new text, then down and compares with the old; drops them.
 * CFT_E_INCONSISTENT (VERIFY_FAILED) names the statement that failed or the first difference. */
int cft_verify_diff(const char *conninfo, const char *old_text, const char *new_text,
                    const struct cft_plan *plan, struct cft_err *err);

#endif
