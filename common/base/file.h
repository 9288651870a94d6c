/* Files: read whole, write atomically, walk paths. All block; not for the event loop.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_FILE_H
#define CFT_BASE_FILE_H

#include "common/base/buf.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the file's bytes; "-" is standard input. Refuses more than `limit` bytes (0 = no limit).
 */
int cft_file_read(const char *path, size_t limit, struct cft_buf *out, struct cft_err *err);
/* Writes beside the target, fsyncs, renames: the file is the old or the new one, never half. */
int cft_file_write(const char *path, const void *data, size_t len, int mode, struct cft_err *err);
/* A new directory for us alone (0700), PREFIX-XXXXXX in $TMPDIR or /tmp; free() its path, which is
 * NULL on failure. */
int cft_file_temporary(const char *prefix, char **ret_path, struct cft_err *err);
/* The directory and all in it, links not followed; what cannot be removed stays. */
void cft_file_remove_tree(const char *path);
/* mkdir -p; existing directories are fine. */
int cft_file_mkdirs(const char *path, int mode, struct cft_err *err);
bool cft_file_exists(const char *path);
bool cft_file_is_dir(const char *path);

/* Exactly `len` bytes of a pipe or socket, over partial transfers and signals; false at its end or
 * on an error. For child processes, whose frames begin with their length. */
bool cft_fd_read(int fd, void *out, size_t len);
bool cft_fd_write(int fd, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
