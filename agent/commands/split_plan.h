/* Split plan: a plan as migrations that each run as a whole: in one transaction, or outside of any.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_SPLIT_PLAN_H
#define CFT_COMMANDS_SPLIT_PLAN_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/sql/diff/plan.h"

/* One migration. */
struct cft_split_part {
	const struct cft_step *up, *down;
	size_t up_count, down_count;
	struct cft_plan *plan; /* owns `down`; NULL: it is the whole plan's */
};

struct cft_split {
	struct cft_split_part *parts; /* in the arena */
	size_t n;
};

/* Cuts the up script where a statement cannot run in a transaction, or should not run in that of
 * the statements before it; each part's down is that of the comparison between the schemas before
 * and after it. Where the schema in between cannot be told from the text, it stays one part. The
 * plan outlives the split. */
void cft_split_plan(struct cft_arena *arena, const struct cft_buf *old_text,
                    const struct cft_plan *plan, const struct cft_diff_options *options,
                    struct cft_split *ret);
void cft_split_release(struct cft_split *split);

#endif
