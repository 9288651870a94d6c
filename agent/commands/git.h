/* Git: the migrations that a range of commits adds, read with `git` as a child process.
 * SPDX-License-Identifier: MIT
 *
 * Blocks. No shell: arguments are passed as they are, and none of a user's may begin with '-'.
 * Memory: the arena. Errors: CFT_E_INVALID for what is no range, CFT_E_UNSUPPORTED without git,
 * CFT_E_FAILED with git's own words.
 */
#ifndef CFT_COMMANDS_GIT_H
#define CFT_COMMANDS_GIT_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct cft_git_file {
	const char *path; /* from the top of the repository */
	const char *sql;  /* the DDL that it applies: the up part */
};

struct cft_git_files {
	struct cft_git_file *v;
	size_t n, cap;
};

/* The migration files that `range` (A..B, or A...B for what B adds since it left A) adds, in the
 * order of their names. Those are the .sql files in directories called migrations, migrate or
 * versions, and where the range has none, all .sql files; scripts that only go down are left out.
 */
int cft_git_added(struct cft_arena *arena, const char *range, struct cft_git_files *ret,
                  struct cft_err *err);
/* The migration files that there are at a revision, likewise; a process of git's for each. */
int cft_git_tree(struct cft_arena *arena, const char *revision, struct cft_git_files *ret,
                 struct cft_err *err);
/* One text of them all. */
char *cft_git_join(struct cft_arena *arena, const struct cft_git_files *files);

struct cft_git_names {
	const char **v;
	size_t n, cap;
};
/* Branches, local and remote, whose short name matches a pattern such as origin/feature-* (as
 * fnmatch has it, '*' also over slashes). */
int cft_git_branches(struct cft_arena *arena, const char *pattern, struct cft_git_names *ret,
                     struct cft_err *err);

/* The part of a migration file that is applied: what stands behind `-- migrate:up` (dbmate),
 * `-- +goose Up`, `-- +migrate Up`, until the marker of the way down; all of a file without
 * markers. */
char *cft_migration_up_part(struct cft_arena *arena, const char *text);
/* "0003_x.down.sql", "U3__x.sql". */
bool cft_migration_is_down(const char *path);

#endif
