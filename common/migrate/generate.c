/* Generate: writing new migration files.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/generate.h"

#include "common/base/file.h"
#include "common/migrate/version.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <unistd.h>

enum { FILE_MODE = 0644, DIR_MODE = 0755 };

static void add_comment(struct cft_buf *out, const char *prefix, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		cft_buf_addf(out, "%s%s%.*s\n", prefix, len ? " " : "", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

void cft_mig_draft_sql(const struct cft_mig_draft *draft, bool down, struct cft_buf *out)
{
	const struct cft_mig_statement *statements = down ? draft->down : draft->up;
	size_t n = down ? draft->down_count : draft->up_count;

	cft_buf_addf(out, "-- Migration: %s (%s)\n-- Version: %s\n", draft->name,
	             down ? "down" : "up", draft->version);
	add_comment(out, "--", draft->header);
	for (size_t i = 0; i < n; i++) {
		cft_buf_addc(out, '\n');
		add_comment(out, "--", statements[i].note);
		cft_buf_addf(out, "%s;\n", statements[i].sql);
	}
	if (draft->up_count + draft->down_count == 0)
		cft_buf_addf(out, "\n-- Write here what %s. It runs in one transaction.\n",
		             down ? "undoes the migration" : "the migration does");
}

/* True if a line break is part of a token: then indenting would change the meaning. */
static bool breaks_in_token(const char *sql)
{
	size_t len = strlen(sql);

	for (size_t pos = 0; pos < len;) {
		bool blank;
		size_t n = cft_sql_lex(sql, len, pos, &blank);

		if (!blank && memchr(sql + pos, '\n', n))
			return true;
		pos += n;
	}
	return false;
}

static void add_escaped(struct cft_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' || text[i] == '"')
			cft_buf_addc(out, '\\');
		cft_buf_addc(out, text[i]);
	}
}

static void add_execute(struct cft_buf *out, const struct cft_mig_statement *statement)
{
	const char *sql = statement->sql;

	add_comment(out, "        #", statement->note);
	if (!strchr(sql, '\n')) {
		cft_buf_adds(out, "        self.execute(\"");
		add_escaped(out, sql, strlen(sql));
		cft_buf_adds(out, "\")\n");
		return;
	}
	const char *indent = breaks_in_token(sql) ? "" : "            ";
	cft_buf_adds(out, "        self.execute(\"\"\"\n");
	while (*sql) {
		size_t len = strcspn(sql, "\n");

		cft_buf_adds(out, len ? indent : "");
		add_escaped(out, sql, len);
		cft_buf_addc(out, '\n');
		sql += len + (sql[len] == '\n');
	}
	cft_buf_addf(out, "%s\"\"\")\n", indent[0] ? "        " : "");
}

static void add_method(struct cft_buf *out, const char *name, const char *doc,
                       const struct cft_mig_statement *statements, size_t n, bool frame)
{
	cft_buf_addf(out, "\n    def %s(self) -> None:\n        \"\"\"%s\"\"\"\n", name, doc);
	for (size_t i = 0; i < n; i++)
		add_execute(out, &statements[i]);
	if (frame)
		cft_buf_adds(out, "        # self.execute(\"...\")\n");
}

void cft_mig_draft_python(const struct cft_mig_draft *draft, struct cft_buf *out)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	bool frame = draft->up_count + draft->down_count == 0;

	cft_buf_addf(out, "\"\"\"Migration: %s\n\nVersion: %s\n", draft->name, draft->version);
	if (draft->header)
		cft_buf_addf(out, "\n%s%s", draft->header,
		             draft->header[strlen(draft->header) - 1] == '\n' ? "" : "\n");
	cft_buf_addf(out,
	             "\"\"\"\n\nfrom confiture.models.migration import Migration\n\n\n"
	             "class %s(Migration):\n    \"\"\"Migration: %s.\"\"\"\n\n"
	             "    version = \"%s\"\n    name = \"%s\"\n",
	             cft_mig_name_class(&arena, draft->name), draft->name, draft->version,
	             draft->name);
	add_method(out, "up", "Apply migration.", draft->up, draft->up_count, frame);
	add_method(out, "down", "Rollback migration.", draft->down, draft->down_count, frame);
	cft_arena_release(&arena);
}

static int write_new(const char *path, const struct cft_buf *text, struct cft_err *err)
{
	if (cft_file_exists(path)) {
		cft_fail_reason(err, CFT_E_EXISTS, "FILE_EXISTS", "%s exists already", path);
		return cft_err_at(err, path, 0, 0);
	}
	return cft_file_write(path, cft_buf_str(text), text->len, FILE_MODE, err);
}

static int write_python(const struct cft_mig_draft *draft, const char *path, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;

	cft_mig_draft_python(draft, &text);
	int rc = write_new(path, &text, err);
	cft_buf_release(&text);
	return rc;
}

static int write_sql(const struct cft_mig_draft *draft, const char *up, const char *down,
                     struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;

	/* The down first: a failure between the two leaves no migration that would run. */
	cft_mig_draft_sql(draft, true, &text);
	int rc = write_new(down, &text, err);
	cft_buf_clear(&text);
	cft_mig_draft_sql(draft, false, &text);
	if (rc == 0) {
		rc = write_new(up, &text, err);
		if (rc != 0)
			unlink(down);
	}
	cft_buf_release(&text);
	return rc;
}

int cft_mig_draft_write(struct cft_arena *arena, const char *dir, const struct cft_mig_draft *draft,
                        bool python, struct cft_mig_written *ret, struct cft_err *err)
{
	struct cft_mig_written written;
	const char *stem = cft_arena_printf(arena, "%s/%s_%s", dir, draft->version, draft->name);
	int rc = cft_file_mkdirs(dir, DIR_MODE, err);

	if (rc != 0)
		return rc;
	written.up_path = cft_arena_printf(arena, "%s%s", stem, python ? ".py" : ".up.sql");
	written.down_path = cft_arena_printf(arena, "%s%s", stem, python ? ".py" : ".down.sql");
	rc = python ? write_python(draft, written.up_path, err)
	            : write_sql(draft, written.up_path, written.down_path, err);
	if (rc == 0)
		*ret = written;
	return rc;
}
