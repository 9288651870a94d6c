/* Range check: the migrations that a range of commits adds, beside what an intent declares.
 * SPDX-License-Identifier: MIT
 *
 * For `coordinate verify` and `coordinate merge --git-range`. Blocks (git). Memory: the command's
 * arena, but for the JSON.
 */
#ifndef CFT_COMMANDS_RANGE_CHECK_H
#define CFT_COMMANDS_RANGE_CHECK_H

#include "agent/commands/coordinate.h"
#include "agent/commands/git.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_range_check {
	struct cft_git_files files; /* of the range, in the order in which they apply */
	json_t *undeclared;         /* what the range does and the intent does not declare */
	json_t *missing;            /* declared, and not done by the range */
};

/* Fails where the range or the SQL cannot be read. Release `ret` in both cases. */
int cft_range_check(struct cft_cmd *cmd, const Confiture__V1__Intent *intent, const char *range,
                    struct cft_range_check *ret, struct cft_err *err);
void cft_range_check_release(struct cft_range_check *check);
/* A line for each difference; what is missing is a warning. */
void cft_range_check_show(struct cft_output *out, const struct cft_range_check *check);
/* Adds "files", "undeclared" and "missing". */
void cft_range_check_json(const struct cft_range_check *check, json_t *document);

#ifdef __cplusplus
}
#endif

#endif
