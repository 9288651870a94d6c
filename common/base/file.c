/* Files: read whole, write atomically.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/file.h"

#include "common/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_failed(struct cft_err *err, const char *path)
{
	int errnum = errno;

	cft_fail_errno(err, errnum, "cannot read %s", path);
	if (err && errnum == ENOENT) {
		err->code = CFT_E_NOT_FOUND;
		snprintf(err->reason, sizeof(err->reason), "FILE_NOT_FOUND");
	}
	return err ? err->code : CFT_E_FAILED;
}

static int read_all(int fd, const char *path, size_t limit, struct cft_buf *out,
                    struct cft_err *err)
{
	size_t start = out->len;

	for (;;) {
		cft_buf_reserve(out, 65536);
		ssize_t n = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return open_failed(err, path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (limit && out->len - start > limit)
			return cft_fail_reason(err, CFT_E_LIMIT, "FILE_TOO_LARGE",
			                       "%s is larger than %zu bytes", path, limit);
	}
}

int cft_file_read(const char *path, size_t limit, struct cft_buf *out, struct cft_err *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return open_failed(err, path);
	int rc = read_all(fd, path, limit, out, err);
	if (!standard_input)
		close(fd);
	return rc;
}

bool cft_fd_read(int fd, void *out, size_t len)
{
	char *at = out;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool cft_fd_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

int cft_file_write(const char *path, const void *data, size_t len, int mode, struct cft_err *err)
{
	char *temporary = cft_asprintf("%s.tmp-XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || fchmod(fd, (mode_t)mode) != 0 || !cft_fd_write(fd, data, len) ||
	    fsync(fd) != 0)
		rc = cft_fail_errno(err, errno, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	if (rc == 0 && rename(temporary, path) != 0)
		rc = cft_fail_errno(err, errno, "cannot write %s", path);
	if (rc != 0 && fd >= 0)
		unlink(temporary);
	free(temporary);
	return rc;
}

int cft_file_temporary(const char *prefix, char **ret_path, struct cft_err *err)
{
	const char *base = getenv("TMPDIR");
	char *path = cft_asprintf("%s/%s-XXXXXX", base && base[0] ? base : "/tmp", prefix);

	*ret_path = NULL;
	if (!mkdtemp(path)) {
		cft_fail_errno(err, errno, "cannot make a temporary directory %s", path);
		free(path);
		return CFT_E_FAILED;
	}
	*ret_path = path;
	return 0;
}

/* By descriptors: below a directory of somebody else's no link put in between leads out of it. */
static void remove_at(int dir, const char *name)
{
	int fd = -1;

	if (unlinkat(dir, name, 0) == 0)
		return;
	if (errno == EISDIR || errno == EPERM) /* POSIX's word for directories is EPERM */
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list && fd >= 0)
		close(fd);
	for (const struct dirent *entry; list && (entry = readdir(list));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_at(fd, entry->d_name);
	if (list)
		closedir(list);
	unlinkat(dir, name, AT_REMOVEDIR);
}

void cft_file_remove_tree(const char *path)
{
	remove_at(AT_FDCWD, path);
}

int cft_file_mkdirs(const char *path, int mode, struct cft_err *err)
{
	char *copy = cft_strdup(path);
	int rc = 0;

	for (char *slash = copy + 1; rc == 0 && slash; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(copy, (mode_t)mode) != 0 && !(errno == EEXIST && cft_file_is_dir(copy)))
			rc = cft_fail_errno(err, errno, "cannot create the directory %s", copy);
		if (!slash)
			break;
		*slash = '/';
	}
	free(copy);
	return rc;
}

bool cft_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool cft_file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
