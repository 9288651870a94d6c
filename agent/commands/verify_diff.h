/* Verify diff: runs both scripts of a diff in throw-away databases and compares the results.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_VERIFY_DIFF_H
#define CFT_COMMANDS_VERIFY_DIFF_H

#include "common/base/err.h"
#include "common/sql/diff/plan.h"

struct cft_verify_request {
	/* Beside the database of this connection string, whose role must be allowed to make
	 * databases; NULL: in a private PostgreSQL of its own, where missing roles are made. */
	const char *url;
	const char *old_text, *new_text;
	const struct cft_plan *plan;
};

struct cft_verify_outcome {
	bool verified;
	char version[32]; /* of PostgreSQL, "15.4" */
	char excuse[768]; /* why it could not be tried: no PostgreSQL, OLD does not load … */
};

/* Loads the old text, applies up and compares with the new text loaded fresh, then down and
 * compares with the old. 0 also where that could not be tried; CFT_E_INCONSISTENT (VERIFY_FAILED)
 * names the statement that failed or what differs. Blocks for a second or two. */
int cft_verify_diff(const struct cft_verify_request *request, struct cft_verify_outcome *ret,
                    struct cft_err *err);

#endif
