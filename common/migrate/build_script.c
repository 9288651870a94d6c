/* The statements of a schema or seed file.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/build_script.h"

#include <stdbool.h>
#include <string.h>

void cft_build_reader_init(struct cft_build_reader *reader, const char *shown, const char *text,
                           size_t len)
{
	*reader = (struct cft_build_reader){.shown = shown,
	                                    .text = text,
	                                    .len = len,
	                                    .splitter = {.psql = true},
	                                    .line = 1,
	                                    .column = 1};
}

static bool dump_guard(const char *command, size_t len)
{
	return (len >= 9 && memcmp(command, "\\restrict", 9) == 0) ||
	       (len >= 11 && memcmp(command, "\\unrestrict", 11) == 0);
}

/* The splitter passes over psql's commands; a file that relies on one must not lose it silently. */
static int check_gap(const struct cft_build_reader *r, size_t from, size_t to, struct cft_err *err)
{
	bool blank;
	int line, column;

	for (size_t pos = from; pos < to; pos += cft_sql_lex(r->text, r->len, pos, &blank)) {
		if (r->text[pos] != '\\')
			continue;
		const char *command = r->text + pos;
		size_t len = r->len - pos, end = 0;
		while (end < len && command[end] != '\n')
			end++;
		if (dump_guard(command, len)) {
			pos += end;
			if (pos >= to)
				break;
			continue;
		}
		cft_sql_place(r->text, pos, &line, &column);
		size_t word = strcspn(command, " \t\r\n");
		cft_fail_reason(err, CFT_E_INVALID, "PSQL_COMMAND",
		                "%.*s is a command of psql, not SQL", word < 40 ? (int)word : 40,
		                command);
		cft_err_at(err, r->shown, line, column);
		cft_err_hint(err,
		             "write SQL; files are put together by the environment's includes");
		return CFT_E_INVALID;
	}
	return 0;
}

/* From the line after the statement to the line before "\." (or to where the splitter went on). */
static void find_copy_data(const struct cft_build_reader *r, struct cft_build_statement *s)
{
	const char *end = r->text + r->splitter.pos;
	const char *start =
		memchr(r->text + s->offset + s->len, '\n', r->splitter.pos - s->offset - s->len);

	start = start ? start + 1 : end;
	s->copy_data = start;
	s->copy_len = (size_t)(end - start);
	for (const char *line = start; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t len = next ? (size_t)(next - line) : (size_t)(end - line);
		if (len >= 2 && line[0] == '\\' && line[1] == '.' &&
		    (len == 2 || line[2] == '\r')) {
			s->copy_len = (size_t)(line - start);
			return;
		}
		line += len + 1;
	}
}

/* Counts on from the statement before: a large file is scanned once. */
static void move_place(struct cft_build_reader *r, size_t offset)
{
	int line, column;

	cft_sql_place(r->text + r->counted, offset - r->counted, &line, &column);
	r->column = line == 1 ? r->column + column - 1 : column;
	r->line += line - 1;
	r->counted = offset;
}

int cft_build_reader_next(struct cft_build_reader *reader, struct cft_build_statement *ret,
                          struct cft_err *err)
{
	size_t before = reader->splitter.pos;
	struct cft_sql_slice slice;
	bool found = cft_sql_split_next(&reader->splitter, reader->text, reader->len, &slice);
	int rc = check_gap(reader, before, found ? slice.offset : reader->len, err);

	if (rc != 0 || !found)
		return rc;
	*ret = (struct cft_build_statement){.offset = slice.offset, .len = slice.len};
	move_place(reader, slice.offset);
	ret->line = reader->line;
	ret->column = reader->column;
	if (slice.copy_data)
		find_copy_data(reader, ret);
	return 1;
}
