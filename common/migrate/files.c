/* Migration files: finding and reading them.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/files.h"

#include "common/base/file.h"
#include "common/migrate/files_check.h"
#include "common/migrate/version.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A migration is text that people review; a larger file is a mistake (a dump with its data). */
enum { FILE_LIMIT_BYTES = 64 << 20 };

enum part { PART_NONE, PART_UP, PART_DOWN, PART_PYTHON };

struct parsed_name {
	const char *version, *name;
	enum part part;
};

static bool ends_with(const char *s, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && memcmp(s + len - n, suffix, n) == 0;
}

static enum part part_of(const char *entry, size_t *stem_len)
{
	static const struct {
		const char *suffix;
		enum part part;
	} suffixes[] = {{".up.sql", PART_UP}, {".down.sql", PART_DOWN}, {".py", PART_PYTHON}};
	size_t len = strlen(entry);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (ends_with(entry, len, suffixes[i].suffix)) {
			*stem_len = len - strlen(suffixes[i].suffix);
			return suffixes[i].part;
		}
	}
	return PART_NONE;
}

static bool parse_name(struct cft_arena *arena, const char *entry, struct parsed_name *ret)
{
	size_t stem_len = 0;

	ret->part = part_of(entry, &stem_len);
	if (ret->part == PART_NONE)
		return false;
	char *stem = cft_arena_strndup(arena, entry, stem_len);
	char *underscore = strchr(stem, '_');
	if (!underscore)
		return false;
	*underscore = '\0';
	ret->version = stem;
	ret->name = underscore + 1;
	return cft_mig_version_valid(ret->version) && cft_mig_name_valid(ret->name);
}

/* Things that live in such a directory and are nobody's migration. */
static bool is_bystander(const char *entry)
{
	size_t len = strlen(entry);

	if (entry[0] == '.' || entry[0] == '_')
		return true;
	return !ends_with(entry, len, ".sql") && !ends_with(entry, len, ".py");
}

static struct cft_mig_file *file_for(struct cft_mig_dir *dir, const struct parsed_name *parsed)
{
	bool python = parsed->part == PART_PYTHON;

	CFT_VEC_EACH (struct cft_mig_file, file, &dir->files)
		if (file->python == python && strcmp(file->version, parsed->version) == 0 &&
		    strcmp(file->name, parsed->name) == 0)
			return file;
	struct cft_mig_file fresh = {
		.version = parsed->version, .name = parsed->name, .python = python};
	cft_vec_push(&dir->files, fresh);
	return &dir->files.v[dir->files.n - 1];
}

static int read_text(struct cft_mig_dir *dir, const char *path, struct cft_mig_text *text,
                     struct cft_err *err)
{
	struct cft_buf buf = CFT_BUF_INIT;
	int rc = cft_file_read(path, FILE_LIMIT_BYTES, &buf, err);

	if (rc == 0) {
		text->path = path;
		text->data = cft_arena_strndup(&dir->arena, cft_buf_str(&buf), buf.len);
		text->len = buf.len;
	}
	cft_buf_release(&buf);
	return rc;
}

static int add_entry(struct cft_mig_dir *dir, const char *entry, struct cft_err *err)
{
	struct parsed_name parsed;
	const char *path = cft_arena_printf(&dir->arena, "%s/%s", dir->path, entry);
	struct cft_mig_text text = {0};

	if (is_bystander(entry) || cft_file_is_dir(path))
		return 0;
	if (!parse_name(&dir->arena, entry, &parsed)) {
		cft_mig_check_name(dir, path, entry);
		return 0;
	}
	int rc = read_text(dir, path, &text, err);
	if (rc != 0)
		return rc;
	struct cft_mig_file *file = file_for(dir, &parsed);
	if (parsed.part != PART_DOWN) {
		file->up = text;
		cft_sha256_hex(text.data, text.len, file->checksum);
	}
	if (parsed.part != PART_UP)
		file->down = text;
	return 0;
}

static int by_version(const void *a, const void *b)
{
	const struct cft_mig_file *fa = a, *fb = b;
	int order = cft_mig_version_cmp(fa->version, fb->version);

	return order ? order : strcmp(fa->name, fb->name);
}

static int no_directory(const char *path, int errnum, struct cft_err *err)
{
	cft_fail_errno(err, errnum, "cannot read the migrations directory %s", path);
	if (!err || errnum != ENOENT)
		return err ? err->code : CFT_E_FAILED;
	cft_fail_reason(err, CFT_E_NOT_FOUND, "MIGRATIONS_DIR_NOT_FOUND",
	                "there is no migrations directory %s", path);
	return cft_err_hint(err, "run the command in the project's root, give --migrations-dir, or "
	                         "begin with: confiture init");
}

static int entry_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int cft_mig_dir_read(struct cft_mig_dir *dir, const char *path, struct cft_err *err)
{
	struct dirent **entries = NULL;
	int rc = 0;

	memset(dir, 0, sizeof(*dir));
	dir->path = cft_arena_strdup(&dir->arena, path);
	int n = scandir(path, &entries, NULL, entry_order);
	if (n < 0)
		return no_directory(path, errno, err);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = add_entry(dir, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	if (rc != 0)
		return rc;
	if (dir->files.n)
		qsort(dir->files.v, dir->files.n, sizeof(*dir->files.v), by_version);
	cft_mig_check_files(dir);
	return 0;
}

void cft_mig_dir_release(struct cft_mig_dir *dir)
{
	cft_vec_release(&dir->files);
	cft_vec_release(&dir->problems);
	cft_arena_release(&dir->arena);
	dir->path = NULL;
}

const struct cft_mig_file *cft_mig_dir_find(const struct cft_mig_dir *dir, const char *version)
{
	CFT_VEC_EACH (struct cft_mig_file, file, &dir->files)
		if (cft_mig_version_cmp(file->version, version) == 0)
			return file;
	return NULL;
}

const char *cft_mig_dir_last(const struct cft_mig_dir *dir)
{
	return dir->files.n ? dir->files.v[dir->files.n - 1].version : NULL;
}

const char *cft_mig_file_label(struct cft_arena *arena, const struct cft_mig_file *file)
{
	return cft_arena_printf(arena, "%s_%s", file->version, file->name);
}

int cft_mig_dir_check(const struct cft_mig_dir *dir, struct cft_err *err)
{
	CFT_VEC_EACH (struct cft_mig_problem, problem, &dir->problems) {
		if (problem->severity != CFT_MIG_ERROR)
			continue;
		cft_fail_reason(err, CFT_E_CONFIG, problem->reason, "%s", problem->message);
		cft_err_at(err, problem->path, problem->line, 0);
		if (problem->hint)
			cft_err_hint(err, "%s", problem->hint);
		return CFT_E_CONFIG;
	}
	return 0;
}
