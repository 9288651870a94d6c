/* Build: finds and reads the files of an environment in their order.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/base/utf8.h"
#include "common/migrate/build.h"
#include "common/migrate/build_script.h"
#include "common/sql/syntax/split.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32 };

struct seen {
	dev_t device;
	ino_t inode;
};

struct collector {
	struct cft_arena *arena;
	const struct cft_environment *env;
	struct cft_build *build;
	CFT_VEC(struct seen) seen;
	struct cft_err *err;
};

static bool excluded(const struct collector *c, const char *path)
{
	for (size_t i = 0; i < c->env->exclude_count; i++) {
		if (cft_path_inside(c->env->excludes[i], path))
			return true;
	}
	return false;
}

static bool first_time(struct collector *c, const struct stat *st)
{
	CFT_VEC_EACH (struct seen, s, &c->seen) {
		if (s->device == st->st_dev && s->inode == st->st_ino)
			return false;
	}
	struct seen s = {st->st_dev, st->st_ino};
	cft_vec_push(&c->seen, s);
	return true;
}

static int check_text(const struct cft_build_file *file, struct cft_err *err)
{
	size_t bad;
	int line, column;

	if (cft_utf8_valid(file->text, file->len, &bad))
		return 0;
	cft_sql_place(file->text, bad, &line, &column);
	cft_fail_reason(err, CFT_E_INVALID, "INVALID_UTF8", "this is not UTF-8 text (byte 0x%02x)",
	                (unsigned char)file->text[bad]);
	cft_err_at(err, file->shown, line, column);
	return cft_err_hint(err, "save the file as UTF-8"), CFT_E_INVALID;
}

static int read_file(struct collector *c, struct cft_build_file *file)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_file_read(file->path, CFT_BUILD_MAX_FILE_BYTES, &text, c->err);

	if (rc == 0) {
		size_t mark = text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		file->len = text.len - mark;
		file->text = cft_arena_strndup(c->arena, cft_buf_str(&text) + mark, file->len);
		/* strndup stops at a NUL, which no SQL file may hold. */
		rc = check_text(&(struct cft_build_file){.text = cft_buf_str(&text) + mark,
		                                         .len = file->len,
		                                         .shown = file->shown},
		                c->err);
	} else {
		cft_err_at(c->err, file->shown, 0, 0);
	}
	cft_buf_release(&text);
	return rc;
}

static int count_statements(struct collector *c, struct cft_build_file *file)
{
	struct cft_build_reader reader;
	struct cft_build_statement statement;
	int rc;

	cft_build_reader_init(&reader, file->shown, file->text, file->len);
	while ((rc = cft_build_reader_next(&reader, &statement, c->err)) > 0)
		file->statements++;
	return rc;
}

static bool blank(const struct cft_build_file *file)
{
	return strspn(file->text, " \t\r\n") == file->len;
}

/* pg_dump's first lines, with or without the \restrict that newer ones put before or after them. */
static bool is_dump(const struct cft_build_file *file)
{
	static const char mark[] = "-- PostgreSQL database dump";
	size_t window = file->len < 400 ? file->len : 400;
	const char *found = memmem(file->text, window, mark, sizeof(mark) - 1);

	for (const char *p = file->text; found && p < found; p++) {
		bool line_start = p == file->text || p[-1] == '\n';
		if (line_start && *p != '-' && *p != '\\' && *p != '\n' && *p != '\r')
			return false;
	}
	return found != NULL;
}

static bool snapshot(struct collector *c, const struct cft_build_file *file, int depth)
{
	struct cft_build_skipped skipped = {.shown = file->shown};

	if (file->kind != CFT_ENV_SCHEMA || depth != 0 ||
	    isdigit((unsigned char)*cft_path_base(file->path)))
		return false;
	if (blank(file)) {
		skipped.reason = "EMPTY";
		skipped.why = "nothing in it";
	} else if (is_dump(file)) {
		skipped.reason = "SNAPSHOT";
		skipped.why = "a pg_dump snapshot; give it a numbered name (00_…) to build from it";
	} else {
		return false;
	}
	cft_vec_push_in(c->arena, &c->build->skipped, skipped);
	return true;
}

static int add_file(struct collector *c, const char *path, const struct stat *st,
                    enum cft_env_dir_kind kind, int depth)
{
	struct cft_build_file file = {.path = path, .kind = kind};
	int rc;

	if (!first_time(c, st))
		return 0;
	file.shown = cft_path_below(c->env->project_root, path);
	if ((rc = read_file(c, &file)) != 0)
		return rc;
	if (snapshot(c, &file, depth))
		return 0;
	if ((rc = count_statements(c, &file)) != 0)
		return rc;
	if (c->build->files.n == CFT_BUILD_MAX_FILES)
		return cft_fail(c->err, CFT_E_LIMIT, "more than %d SQL files", CFT_BUILD_MAX_FILES);
	cft_sha256_hex(file.text, file.len, file.digest);
	c->build->statements += file.statements;
	c->build->bytes += file.len;
	c->build->seed_files += kind == CFT_ENV_SEEDS;
	cft_vec_push_in(c->arena, &c->build->files, file);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef CFT_VEC(const char *) name_list;

static int list_names(struct collector *c, const char *path, name_list *names)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return cft_fail_errno(c->err, errno, "cannot read the directory %s", path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			cft_vec_push_in(c->arena, names, cft_arena_strdup(c->arena, entry->d_name));
	}
	closedir(dir);
	if (names->n)
		qsort(names->v, names->n, sizeof(names->v[0]), by_bytes);
	return 0;
}

static int walk(struct collector *c, const char *path, enum cft_env_dir_kind kind, int depth)
{
	name_list names = {0};
	int rc = list_names(c, path, &names);

	if (depth > MAX_DEPTH)
		return cft_fail(c->err, CFT_E_LIMIT, "%s: more than %d directories deep", path,
		                MAX_DEPTH);
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		const char *inner = cft_path_join(c->arena, path, names.v[i]);
		struct stat st;
		if (excluded(c, inner))
			continue;
		bool sql = cft_path_has_suffix(names.v[i], ".sql");
		if (stat(inner, &st) != 0) {
			/* A link to nowhere matters only where it stands for a file to build. */
			if (sql)
				rc = cft_fail_errno(c->err, errno, "cannot read %s", inner);
		} else if (S_ISDIR(st.st_mode)) {
			rc = walk(c, inner, kind, depth + 1);
		} else if (sql) {
			rc = add_file(c, inner, &st, kind, depth);
		}
	}
	return rc;
}

static int collect_dir(struct collector *c, const struct cft_env_dir *dir)
{
	struct stat st;

	if (excluded(c, dir->path))
		return 0;
	if (stat(dir->path, &st) != 0)
		return cft_fail_errno(c->err, errno, "cannot read %s", dir->path);
	if (S_ISDIR(st.st_mode))
		return walk(c, dir->path, dir->kind, 0);
	/* Named by itself: not a snapshot that happens to lie there. */
	return add_file(c, dir->path, &st, dir->kind, 1);
}

static void hash_all(struct cft_build *build)
{
	struct cft_buf all = CFT_BUF_INIT;

	CFT_VEC_EACH (struct cft_build_file, file, &build->files)
		cft_buf_addf(&all, "%s\n%s\n", file->shown, file->digest);
	cft_sha256_hex(cft_buf_str(&all), all.len, build->hash);
	cft_buf_release(&all);
}

int cft_build_collect(struct cft_arena *arena, const struct cft_environment *env, bool schema_only,
                      struct cft_build *ret_build, struct cft_err *err)
{
	struct cft_build build = {.env = env->name};
	struct collector c = {.arena = arena, .env = env, .build = &build, .err = err};
	int rc = cft_environment_check_dirs(env, err);

	for (size_t i = 0; rc == 0 && i < env->dir_count; i++) {
		if (schema_only && env->dirs[i].kind == CFT_ENV_SEEDS)
			continue;
		rc = collect_dir(&c, &env->dirs[i]);
	}
	cft_vec_release(&c.seen);
	if (rc != 0)
		return rc;
	hash_all(&build);
	*ret_build = build;
	return 0;
}
