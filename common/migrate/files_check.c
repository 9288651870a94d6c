/* What is wrong with migration files.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/files_check.h"

#include "common/base/utf8.h"
#include "common/migrate/version.h"

#include <stdio.h>
#include <string.h>

static void complain(struct cft_mig_dir *dir, enum cft_mig_severity severity, const char *reason,
                     const char *path, const char *message, const char *hint)
{
	struct cft_mig_problem problem = {.severity = severity,
	                                  .reason = reason,
	                                  .path = path,
	                                  .message = message,
	                                  .hint = hint};

	cft_vec_push(&dir->problems, problem);
}

void cft_mig_check_name(struct cft_mig_dir *dir, const char *path, const char *entry)
{
	struct cft_arena *arena = &dir->arena;
	size_t digits = strspn(entry, "0123456789");
	size_t len = strlen(entry);
	bool sql = len > 4 && strcmp(entry + len - 4, ".sql") == 0;
	const char *hint = sql ? "call it 001_name.up.sql (and 001_name.down.sql), or move it away"
	                       : "call it 001_name.py, or move it away";

	if (sql && digits && entry[digits] == '_' && !strstr(entry, ".up.") &&
	    !strstr(entry, ".down."))
		hint = cft_arena_printf(arena, "rename it to %.*s.up.sql", (int)(len - 4), entry);
	complain(dir, CFT_MIG_WARNING, "UNKNOWN_FILE_NAME", path,
	         "not run: its name is none of a migration", hint);
}

static void check_text(struct cft_mig_dir *dir, const struct cft_mig_text *text)
{
	size_t offset = 0;
	int line = 1;

	if (!text->path || cft_utf8_valid(text->data, text->len, &offset))
		return;
	for (size_t i = 0; i < offset; i++)
		line += text->data[i] == '\n';
	complain(dir, CFT_MIG_ERROR, "INVALID_UTF8", text->path, "this is not valid UTF-8 text",
	         "save it as UTF-8 without NUL bytes");
	dir->problems.v[dir->problems.n - 1].line = line;
}

static bool is_blank(const struct cft_mig_text *text)
{
	return text->data && strspn(text->data, " \t\r\n") == text->len;
}

static void check_halves(struct cft_mig_dir *dir, const struct cft_mig_file *file)
{
	struct cft_arena *arena = &dir->arena;
	const char *label = cft_mig_file_label(arena, file);

	if (!file->up.path)
		complain(dir, CFT_MIG_ERROR, "MISSING_UP", file->down.path,
		         cft_arena_printf(arena, "%s has no .up.sql", label),
		         cft_arena_printf(arena, "write %s/%s.up.sql", dir->path, label));
	if (!file->down.path)
		complain(dir, CFT_MIG_WARNING, "MISSING_DOWN", file->up.path,
		         cft_arena_printf(arena, "%s has no .down.sql and cannot be rolled back",
		                          label),
		         cft_arena_printf(arena, "write %s/%s.down.sql", dir->path, label));
	if (is_blank(&file->up))
		complain(dir, CFT_MIG_WARNING, "EMPTY_FILE", file->up.path, "the file is empty",
		         NULL);
}

static void check_neighbours(struct cft_mig_dir *dir, const struct cft_mig_file *before,
                             const struct cft_mig_file *file)
{
	struct cft_arena *arena = &dir->arena;

	if (cft_mig_version_cmp(before->version, file->version) == 0) {
		complain(dir, CFT_MIG_ERROR, "DUPLICATE_VERSION",
		         file->up.path ? file->up.path : file->down.path,
		         cft_arena_printf(arena, "version %s is used twice: %s and %s",
		                          file->version, cft_mig_file_label(arena, before),
		                          cft_mig_file_label(arena, file)),
		         "give one of them the next free version");
		return;
	}
	long gap = cft_mig_version_gap(before->version, file->version);
	if (gap > 0 && gap < 1000000)
		complain(dir, CFT_MIG_WARNING, "VERSION_GAP", file->up.path,
		         cft_arena_printf(arena, "%ld version(s) missing between %s and %s", gap,
		                          before->version, file->version),
		         NULL);
}

void cft_mig_check_files(struct cft_mig_dir *dir)
{
	for (size_t i = 0; i < dir->files.n; i++) {
		const struct cft_mig_file *file = &dir->files.v[i];

		check_halves(dir, file);
		check_text(dir, &file->up);
		if (!file->python)
			check_text(dir, &file->down);
		if (i > 0)
			check_neighbours(dir, &dir->files.v[i - 1], file);
	}
}
