/* Paths as text: join, normalise, relate. Nothing here touches the file system.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_PATH_H
#define CFT_BASE_PATH_H

#include "common/base/arena.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* dir/path, or path where it is absolute or dir is empty or "."; without "//", "." and, where they
 * can be resolved, "..". "." for nothing. In the arena. */
const char *cft_path_join(struct cft_arena *arena, const char *dir, const char *path);
/* Everything before the last slash: "." for a bare name, "/" for "/x". */
const char *cft_path_dir(struct cft_arena *arena, const char *path);
/* What follows the last slash; borrowed. */
const char *cft_path_base(const char *path);
/* True if both are equal or `path` is below `dir`, compared as text. */
bool cft_path_inside(const char *dir, const char *path);
/* `path` as seen from `dir` where it is inside, else `path`; borrowed. */
const char *cft_path_below(const char *dir, const char *path);
bool cft_path_has_suffix(const char *path, const char *suffix);
/* Leaves of each absolute path in a message the last name: where things lie on this machine is
 * not for everybody. */
void cft_path_hide(char *text);

#ifdef __cplusplus
}
#endif

#endif
