/* Compare: what the two forms of `coordinate compare` share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_COMPARE_H
#define CFT_COMMANDS_COMPARE_H

#include "agent/commands/command.h"
#include "common/sql/effect/effect.h"

enum { CFT_COMPARE_LIMIT_BYTES = 64 << 20 };

/* The effects of a change, or of a base schema. What our grammar does not know is kept as opaque.
 */
int cft_compare_analyze(struct cft_cmd *cmd, const char *sql, bool base, struct cft_effects *ret,
                        struct cft_err *err);
/* --branches: every two of the branches that the pattern names, by the migrations that they add to
 * --against. Prints the answer; returns the exit code. `base` NULL: the migrations that --against
 * has. */
int cft_compare_branches(struct cft_cmd *cmd, const struct cft_effects *base, struct cft_err *err);

/* Rows of the option table. */
#define CFT_COMPARE_RANGES                                                                     \
	{                                                                                      \
		.name = "git-range", .type = CFT_OPT_LIST, .value = "A..B",                    \
		.help = "A range of commits whose added migrations are a change, in place of " \
			"a file; may be given twice"                                           \
	}
#define CFT_COMPARE_BRANCHES                                                               \
	{                                                                                  \
		.name = "branches", .type = CFT_OPT_STRING, .value = "PATTERN",            \
		.help = "Compare every two branches that the pattern names, e.g. origin/*" \
	}
#define CFT_COMPARE_AGAINST                                                                       \
	{                                                                                         \
		.name = "against", .type = CFT_OPT_STRING, .value = "BRANCH", .fallback = "main", \
		.help = "With --branches: the branch that all of them will be merged into"        \
	}

#endif
