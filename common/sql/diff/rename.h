/* Rename: the hints that people give, and what looks like a rename where they give none.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql.
 */
#ifndef CFT_SQL_RENAME_H
#define CFT_SQL_RENAME_H

#include "common/sql/diff/diff.h"

struct cft_renames {
	char **v; /* statements, arena */
	size_t n, cap;
};

/* The schema after the renames that the hints ("old=new", "table.old=new"; new to old if reverse)
 * name in it. *ret stays as it is where none does. The caller frees *ret. CFT_E_INVALID;
 * CFT_E_NOT_FOUND where one of the first `asked` hints names nothing there. */
int cft_rename_apply(struct cft_arena *arena, const struct cft_schema *s, const char *const *hints,
                     size_t asked, bool reverse, struct cft_schema **ret,
                     struct cft_renames *renames, struct cft_err *err);
/* The hints that the text gives in comments ("-- confiture: renamed from mail"), after `more`
 * (NULL-terminated, or NULL); NULL-terminated. */
const char *const *cft_rename_hints(struct cft_arena *arena, const char *text, size_t len,
                                    const char *const *more);
/* Pairs of a dropped and a made object of the same structure. */
void cft_rename_suggest(struct cft_arena *arena, const struct cft_diff *d, struct cft_rename **ret,
                        size_t *ret_n);

#endif
