/* Scaffold: the files of a new project.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_MIGRATE_SCAFFOLD_H
#define CFT_MIGRATE_SCAFFOLD_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_scaffold_outcome { CFT_SCAFFOLD_CREATED, CFT_SCAFFOLD_KEPT, CFT_SCAFFOLD_REPLACED };

struct cft_scaffold_entry {
	const char *path; /* relative to the project's directory */
	enum cft_scaffold_outcome outcome;
};

struct cft_scaffold {
	const char *root;
	const char *database;         /* "myapp": what the names of the databases begin with */
	struct cft_scaffold_entry *v; /* has room for one more */
	size_t n;
};

/* Writes the tree below `dir` (made where it is missing). Files that exist are kept; `force`
 * replaces them. Memory is the arena's. Blocks. CFT_E_FAILED where something cannot be written;
 * what was written before stays. */
int cft_scaffold_write(struct cft_arena *arena, const char *dir, bool force,
                       struct cft_scaffold *ret_scaffold, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
