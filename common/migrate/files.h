/* Migration files: finding them in a directory, reading them, judging their names.
 * SPDX-License-Identifier: MIT
 *
 * A migration is `001_name.up.sql` with `001_name.down.sql` beside it, or `001_name.py` with a
 * class of confiture.models.migration. Files are read once: what is checked is what is run.
 * Blocks on the file system; not for the event loop.
 */
#ifndef CFT_MIGRATE_FILES_H
#define CFT_MIGRATE_FILES_H

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_mig_text {
	const char *path; /* NULL: there is no such file */
	const char *data; /* NUL-terminated */
	size_t len;
};

struct cft_mig_file {
	const char *version; /* as in the file name: "001" */
	const char *name;    /* "create_users_table" */
	bool python;
	struct cft_mig_text up;        /* of Python: the one file */
	struct cft_mig_text down;      /* of Python: the same file */
	char checksum[CFT_SHA256_HEX]; /* of `up` */
};

enum cft_mig_severity { CFT_MIG_WARNING, CFT_MIG_ERROR };

/* One complaint about the files. Errors stop `up`; warnings are shown. */
struct cft_mig_problem {
	enum cft_mig_severity severity;
	const char *reason; /* stable: DUPLICATE_VERSION, MISSING_UP, MISSING_DOWN, … */
	const char *path;
	int line, column;    /* in it; 0: the whole file, the whole line */
	const char *message; /* does not name the path */
	const char *hint;    /* may be NULL */
};

struct cft_mig_dir {
	struct cft_arena arena;
	const char *path;
	CFT_VEC(struct cft_mig_file) files; /* by version, then by name */
	CFT_VEC(struct cft_mig_problem) problems;
};

/* Reads the directory. Fails where it or a file cannot be read; what is wrong with the names and
 * contents is in `problems`. Release `dir` in both cases. */
int cft_mig_dir_read(struct cft_mig_dir *dir, const char *path, struct cft_err *err);
void cft_mig_dir_release(struct cft_mig_dir *dir);

/* The file of a version (compared as a number), or NULL. */
const struct cft_mig_file *cft_mig_dir_find(const struct cft_mig_dir *dir, const char *version);
/* The highest version, or NULL. */
const char *cft_mig_dir_last(const struct cft_mig_dir *dir);
/* "001_create_users_table". */
const char *cft_mig_file_label(struct cft_arena *arena, const struct cft_mig_file *file);
/* Fails with the first problem of severity ERROR. */
int cft_mig_dir_check(const struct cft_mig_dir *dir, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
