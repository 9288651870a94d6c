/* What git's files say about a directory. Inside common/config only.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CONFIG_PROJECT_GIT_H
#define CFT_CONFIG_PROJECT_GIT_H

#include "common/base/arena.h"

/* Git's directory that all worktrees share, absolute; NULL outside a repository. */
const char *cft_git_common_dir(struct cft_arena *arena, const char *dir);
/* The top of the work tree that `dir` is in (it holds .git), absolute; NULL outside. */
const char *cft_git_top(struct cft_arena *arena, const char *dir);
/* URL of the remote `origin`, or of the first one; NULL without. */
const char *cft_git_remote(struct cft_arena *arena, const char *common_dir);

#endif
