/* Build: the project's SQL files of one environment as one script, or as a fresh database.
 * SPDX-License-Identifier: MIT
 *
 * Directories come in the order in which the environment lists them, schema before seeds; the files
 * below each in alphabetical order, byte by byte, level by level; only names that end in .sql and
 * do not begin with a dot. A file that two directories reach counts once. The same files give the
 * same script and the same hash, on every machine.
 *
 * Everything blocks; not for the event loop.
 */
#ifndef CFT_MIGRATE_BUILD_H
#define CFT_MIGRATE_BUILD_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/vec.h"
#include "common/config/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	CFT_BUILD_MAX_FILES = 20000,
	CFT_BUILD_MAX_FILE_BYTES = 64 << 20,
};

struct cft_build_file {
	const char *path;  /* to open */
	const char *shown; /* relative to the project's root: what headers and messages say */
	enum cft_env_dir_kind kind;
	const char *text; /* NUL-terminated, without byte order mark */
	size_t len;
	size_t statements;
	char digest[CFT_SHA256_HEX];
};

/* A file that is there and is not part of the build. */
struct cft_build_skipped {
	const char *shown;
	const char *reason; /* stable: SNAPSHOT, EMPTY */
	const char *why;    /* a sentence for people */
};

struct cft_build {
	const char *env;
	CFT_VEC(struct cft_build_file) files;
	CFT_VEC(struct cft_build_skipped) skipped;
	size_t statements, bytes, seed_files;
	char hash[CFT_SHA256_HEX]; /* of paths and contents, in order */
};

/* Reads the files. All memory is the arena's. CFT_E_CONFIG for a directory that is missing,
 * CFT_E_INVALID for a file that is no text, CFT_E_LIMIT, CFT_E_FAILED where it cannot be read. A
 * dump of pg_dump and a file without anything in it, directly in a schema directory and without a
 * number before its name, are taken for snapshots (the getting-started guide leaves such files
 * there): they are left out and listed in `skipped`. */
int cft_build_collect(struct cft_arena *arena, const struct cft_environment *env, bool schema_only,
                      struct cft_build *ret_build, struct cft_err *err);

/* The script: a head with environment and hash, then each file under its path. */
void cft_build_render(const struct cft_build *build, struct cft_buf *out);

struct cft_build_progress {
	const struct cft_build_file *file;
	size_t index, total; /* of files, index from 0 */
	bool done;           /* false: begins; true: ended */
	size_t statements;   /* done: how many ran */
	int64_t duration_us; /* done */
	const char *notice;  /* instead of all others but file: what PostgreSQL says meanwhile */
};

struct cft_build_apply_options {
	const char *conninfo; /* of the database to build */
	void (*on_progress)(void *ctx, const struct cft_build_progress *progress); /* may be NULL */
	void *ctx;
};

/* Builds the database in one transaction: all of it or nothing. The database is created where the
 * server has none of that name, and must hold no tables, views, sequences or functions of its own
 * (CFT_E_STATE, DATABASE_NOT_EMPTY). A statement that fails gives PostgreSQL's error at file, line
 * and column. *ret_created tells whether the database was made; it stays after a failure. */
int cft_build_apply(const struct cft_build *build, const struct cft_build_apply_options *options,
                    bool *ret_created, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
