/* Script: the SQL of a migration as units.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/script.h"

#include "common/base/buf.h"
#include "common/sql/syntax/parse.h"
#include "common/sql/syntax/split.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A comment line that makes a script stepwise where nothing else shows it (a CALL that commits). */
static const char no_transaction[] = "-- confiture: no-transaction";

struct reader {
	struct cft_arena *arena;
	const struct cft_mig_text *text;
	struct cft_mig_script *script;
	struct cft_err *err;
};

static int refuse(struct reader *reader, int line, const char *reason, const char *message,
                  const char *hint)
{
	struct cft_err *err = reader->err;

	cft_fail_reason(err, CFT_E_INVALID, reason, "%s", message);
	cft_err_at(err, reader->text->path, line, 1);
	if (hint)
		cft_err_hint(err, "%s", hint);
	return CFT_E_INVALID;
}

static int line_of(const char *text, size_t offset)
{
	int line, column;

	cft_sql_place(text, offset, &line, &column);
	return line;
}

/* Dumps begin and end with \restrict lines, which mean nothing here; other psql commands would be
 * silently lost. */
static int check_between(struct reader *reader, size_t from, size_t to)
{
	const char *text = reader->text->data;

	for (size_t pos = from; pos < to;) {
		bool blank;

		if (text[pos] == '\\') {
			const char *end = memchr(text + pos, '\n', to - pos);
			if (strncmp(text + pos, "\\restrict", 9) != 0 &&
			    strncmp(text + pos, "\\unrestrict", 11) != 0)
				return refuse(reader, line_of(text, pos), "PSQL_COMMAND",
				              "psql's backslash commands do not work here",
				              "write it as SQL");
			pos = end ? (size_t)(end - text) : to;
			continue;
		}
		pos += cft_sql_lex(text, to, pos, &blank);
	}
	return 0;
}

static int classify(struct reader *reader, const struct cft_sql_slice *slice,
                    struct cft_mig_stmt *stmt)
{
	const struct cft_parse_options options = {.max_bytes = SIZE_MAX, .opaque = true};
	struct cft_arena scratch = CFT_ARENA_INIT;
	struct cft_sql_script parsed = {0};
	struct cft_err ignored = CFT_ERR_INIT;

	/* What cannot be parsed here is PostgreSQL's to judge. */
	int rc = cft_sql_parse(reader->text->data + slice->offset, slice->len, &options, &scratch,
	                       &parsed, &ignored);
	bool known = rc == 0 && parsed.n == 1;
	cft_sql_traits_of(known ? parsed.v[0].tree : NULL, reader->arena, &stmt->traits);
	cft_arena_release(&scratch);
	if (stmt->traits.block == CFT_SQL_DISCARD)
		return refuse(reader, stmt->line, "DISCARD_ALL",
		              "DISCARD ALL would drop the lock that keeps migrators apart",
		              "write RESET ALL, or DISCARD PLANS");
	return 0;
}

static void take_copy_data(struct reader *reader, const struct cft_sql_slice *slice, size_t end,
                           struct cft_mig_stmt *stmt)
{
	const char *text = reader->text->data;
	const char *newline = memchr(text + slice->offset + slice->len, '\n',
	                             reader->text->len - slice->offset - slice->len);

	if (!newline)
		return;
	stmt->copy_data = newline + 1;
	size_t len = end - (size_t)(stmt->copy_data - text);
	/* Without the line `\.` at its end. */
	for (size_t at = len; at > 0; at--) {
		if ((at == 1 || stmt->copy_data[at - 2] == '\n') &&
		    strncmp(stmt->copy_data + at - 1, "\\.", 2) == 0) {
			len = at - 1;
			break;
		}
	}
	stmt->copy_len = len;
}

static int read_statements(struct reader *reader)
{
	struct cft_sql_splitter splitter = {.psql = true};
	struct cft_sql_slice slice;
	const char *text = reader->text->data;
	size_t behind = 0, counted = 0;
	int line = 1, rc = 0;

	while (rc == 0 && cft_sql_split_next(&splitter, text, reader->text->len, &slice)) {
		struct cft_mig_stmt stmt = {
			.sql = cft_arena_strndup(reader->arena, text + slice.offset, slice.len)};

		rc = check_between(reader, behind, slice.offset);
		for (; counted < slice.offset; counted++)
			line += text[counted] == '\n';
		stmt.line = line;
		if (rc == 0)
			rc = classify(reader, &slice, &stmt);
		if (slice.copy_data)
			take_copy_data(reader, &slice, splitter.pos, &stmt);
		cft_vec_push_in(reader->arena, &reader->script->stmts, stmt);
		behind = splitter.pos;
	}
	return rc ? rc : check_between(reader, behind, reader->text->len);
}

/* `BEGIN; … COMMIT;` around everything says what happens anyway. */
static void unwrap(struct cft_mig_script *script)
{
	size_t n = script->stmts.n;

	if (n < 2 || script->stmts.v[0].traits.block != CFT_SQL_BEGIN ||
	    script->stmts.v[n - 1].traits.block != CFT_SQL_COMMIT)
		return;
	for (size_t i = 1; i < n - 1; i++)
		if (script->stmts.v[i].traits.block == CFT_SQL_BEGIN ||
		    script->stmts.v[i].traits.block == CFT_SQL_COMMIT)
			return;
	script->stmts.v++;
	script->stmts.n -= 2;
	script->stmts.cap = script->stmts.n;
}

static void add_unit(struct reader *reader, size_t first, size_t count)
{
	struct cft_mig_script *script = reader->script;
	struct cft_mig_unit unit = {.first = first, .count = count};
	struct cft_buf all = CFT_BUF_INIT;

	if (count == 0)
		return;
	for (size_t i = first; i < first + count; i++) {
		cft_buf_adds(&all, script->stmts.v[i].sql);
		cft_buf_add(&all, ";", 2); /* with a NUL: pieces cannot run together */
		if (script->stmts.v[i].copy_data)
			cft_buf_add(&all, script->stmts.v[i].copy_data,
			            script->stmts.v[i].copy_len);
	}
	cft_sha256_hex(all.data, all.len, unit.checksum);
	cft_buf_release(&all);
	unit.outside = script->stmts.v[first].traits.block == CFT_SQL_OUTSIDE;
	unit.session = count == 1 && script->stmts.v[first].traits.block == CFT_SQL_SESSION;
	cft_vec_push_in(reader->arena, &script->units, unit);
}

static int make_units(struct reader *reader)
{
	struct cft_mig_script *script = reader->script;
	size_t begin = SIZE_MAX; /* index behind the open BEGIN */

	for (size_t i = 0; i < script->stmts.n; i++) {
		const struct cft_mig_stmt *stmt = &script->stmts.v[i];
		bool open = begin != SIZE_MAX;

		if (stmt->traits.block == CFT_SQL_ROLLBACK ||
		    (stmt->traits.block == CFT_SQL_COMMIT && !open) ||
		    (stmt->traits.block == CFT_SQL_BEGIN && open) ||
		    (stmt->traits.block == CFT_SQL_OUTSIDE && open))
			return refuse(reader, stmt->line, "TRANSACTION_CONTROL",
			              "this does not fit the transactions of the migration",
			              "leave BEGIN, COMMIT and ROLLBACK out: each migration "
			              "is one transaction");
		if (stmt->traits.block == CFT_SQL_BEGIN) {
			begin = i + 1;
		} else if (stmt->traits.block == CFT_SQL_COMMIT) {
			add_unit(reader, begin, i - begin);
			begin = SIZE_MAX;
		} else if (!open) {
			add_unit(reader, i, 1);
		}
	}
	if (begin != SIZE_MAX)
		return refuse(reader, script->stmts.v[begin - 1].line, "TRANSACTION_CONTROL",
		              "BEGIN without COMMIT", NULL);
	return 0;
}

static bool mentions(const char *sql, const char *label)
{
	size_t n = strlen(label);

	for (const char *at = strstr(sql, label); at; at = strstr(at + 1, label))
		if (at > sql && at[-1] == '\'' && at[n] == '\'')
			return true;
	return false;
}

/* A new enum value cannot be used before the transaction that added it ends. */
static bool used_later(const struct cft_mig_script *script, size_t added)
{
	const char *label = script->stmts.v[added].traits.label;

	for (size_t i = added + 1; label && i < script->stmts.n; i++)
		if (mentions(script->stmts.v[i].sql, label))
			return true;
	return false;
}

static const char *first_words(struct cft_arena *arena, const char *sql)
{
	char *out = cft_arena_alloc(arena, 48);
	size_t n = 0, words = 0;

	for (; *sql && n < 40; sql++) {
		bool space = isspace((unsigned char)*sql);
		if (space && (n == 0 || out[n - 1] == ' '))
			continue;
		if (space && ++words == 3)
			break;
		out[n++] = space ? ' ' : *sql;
	}
	return out;
}

/* The first reason why the script cannot be one transaction, or NULL. */
static const char *find_why(struct reader *reader)
{
	const struct cft_mig_script *script = reader->script;

	for (size_t i = 0; i < script->stmts.n; i++) {
		const struct cft_mig_stmt *stmt = &script->stmts.v[i];

		if (stmt->traits.block == CFT_SQL_OUTSIDE)
			return cft_arena_printf(reader->arena,
			                        "%s on line %d cannot run in a transaction",
			                        first_words(reader->arena, stmt->sql), stmt->line);
		if (stmt->traits.block == CFT_SQL_BEGIN)
			return cft_arena_printf(reader->arena, "BEGIN on line %d", stmt->line);
		if (stmt->traits.block == CFT_SQL_ENUM_VALUE && used_later(script, i))
			return cft_arena_printf(reader->arena,
			                        "the enum value of line %d is used below it",
			                        stmt->line);
	}
	const char *directive = strstr(reader->text->data, no_transaction);
	if (directive && (directive == reader->text->data || directive[-1] == '\n'))
		return "it says no-transaction";
	return NULL;
}

int cft_mig_script_read(struct cft_arena *arena, const struct cft_mig_text *text,
                        struct cft_mig_script *ret, struct cft_err *err)
{
	struct cft_mig_script script = {.path = text->path};
	struct reader reader = {arena, text, &script, err};
	int rc = read_statements(&reader);

	if (rc != 0)
		return rc;
	unwrap(&script);
	rc = make_units(&reader);
	if (rc != 0)
		return rc;
	script.why = find_why(&reader);
	script.stepwise = script.why != NULL;
	*ret = script;
	return 0;
}
