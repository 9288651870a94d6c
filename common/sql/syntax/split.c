/* Split: a small scanner after PostgreSQL's scan.l, and statement boundaries on top of it.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

static bool is_word_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_word(unsigned char c)
{
	return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t lex_line_comment(const char *s, size_t len, size_t pos)
{
	const char *end = memchr(s + pos, '\n', len - pos);

	return end ? (size_t)(end - s) + 1 - pos : len - pos;
}

static size_t lex_block_comment(const char *s, size_t len, size_t pos)
{
	size_t at = pos + 2;
	int depth = 1;

	while (at < len && depth > 0) {
		if (s[at] == '*' && at + 1 < len && s[at + 1] == '/') {
			depth--;
			at += 2;
		} else if (s[at] == '/' && at + 1 < len && s[at + 1] == '*') {
			depth++;
			at += 2;
		} else {
			at++;
		}
	}
	return at - pos;
}

/* `at` is behind the opening quote; returns the offset behind the closing one. */
static size_t lex_quoted(const char *s, size_t len, size_t at, char quote, bool backslash)
{
	while (at < len) {
		if (backslash && s[at] == '\\' && at + 1 < len) {
			at += 2;
		} else if (s[at] != quote) {
			at++;
		} else if (at + 1 < len && s[at + 1] == quote) {
			at += 2;
		} else {
			return at + 1;
		}
	}
	return len;
}

static size_t lex_dollar(const char *s, size_t len, size_t pos)
{
	size_t tag = pos + 1;

	if (tag < len && is_word_start((unsigned char)s[tag]))
		while (tag < len && is_word((unsigned char)s[tag]) && s[tag] != '$')
			tag++;
	if (tag >= len || s[tag] != '$')
		return 1;
	size_t tag_len = tag + 1 - pos;
	const char *end = memmem(s + tag + 1, len - tag - 1, s + pos, tag_len);
	return end ? (size_t)(end - s) + tag_len - pos : len - pos;
}

static size_t lex_word(const char *s, size_t len, size_t pos)
{
	size_t at = pos;
	bool escape = (s[pos] == 'e' || s[pos] == 'E') && pos + 1 < len && s[pos + 1] == '\'';

	if (escape)
		return lex_quoted(s, len, pos + 2, '\'', true) - pos;
	while (at < len && is_word((unsigned char)s[at]))
		at++;
	return at - pos;
}

static size_t lex_number(const char *s, size_t len, size_t pos)
{
	size_t at = pos;

	while (at < len && ((s[at] >= '0' && s[at] <= '9') ||
	                    (s[at] == '.' && !(at + 1 < len && s[at + 1] == '.'))))
		at++;
	return at - pos;
}

size_t cft_sql_lex(const char *s, size_t len, size_t pos, bool *ret_blank)
{
	unsigned char c = (unsigned char)s[pos];
	char next = pos + 1 < len ? s[pos + 1] : '\0';
	size_t at = pos;

	*ret_blank = false;
	if (is_space(c)) {
		while (at < len && is_space((unsigned char)s[at]))
			at++;
		*ret_blank = true;
		return at - pos;
	}
	if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
		*ret_blank = true;
		return c == '-' ? lex_line_comment(s, len, pos) : lex_block_comment(s, len, pos);
	}
	if (c == '\'' || c == '"')
		return lex_quoted(s, len, pos + 1, (char)c, false) - pos;
	if (c == '$')
		return lex_dollar(s, len, pos);
	if (is_word_start(c))
		return lex_word(s, len, pos);
	if (c >= '0' && c <= '9')
		return lex_number(s, len, pos);
	return c == '.' && len - pos >= 3 && memcmp(s + pos, "...", 3) == 0 ? 3 : 1;
}

void cft_sql_place(const char *sql, size_t offset, int *ret_line, int *ret_column)
{
	int line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (sql[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)sql[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static bool word_is(const char *token, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(token, word, len) == 0;
}

/* What the boundaries need to remember about the tokens seen in one statement. */
struct progress {
	int parens;
	int atomic;       /* open BEGIN ATOMIC / CASE blocks */
	bool after_begin; /* the last word was BEGIN */
	bool copy, from_stdin, after_from;
};

static void see_word(struct progress *p, const char *token, size_t len, bool first)
{
	if (first)
		p->copy = word_is(token, len, "copy");
	if (p->after_begin && word_is(token, len, "atomic"))
		p->atomic = 1;
	else if (p->atomic && word_is(token, len, "case"))
		p->atomic++;
	else if (p->atomic && word_is(token, len, "end"))
		p->atomic--;
	if (p->after_from && word_is(token, len, "stdin"))
		p->from_stdin = true;
	p->after_begin = word_is(token, len, "begin");
	p->after_from = p->parens == 0 && word_is(token, len, "from");
}

/* Returns true if the token ends the statement. */
static bool see_token(struct progress *p, struct cft_sql_slice *ret, const char *token, size_t len)
{
	if (is_word_start((unsigned char)*token)) {
		see_word(p, token, len, ret->tokens == 0);
		return false;
	}
	p->after_begin = p->after_from = false;
	if (*token == ';')
		return p->parens <= 0 && p->atomic == 0;
	if (*token == '(')
		p->parens++;
	else if (*token == ')')
		p->parens--;
	else if (len == 3 && memcmp(token, "...", 3) == 0)
		ret->ellipsis = true;
	return false;
}

/* Behind a line `\.` that ends COPY data, or the end of the input. */
static size_t skip_copy_data(const char *s, size_t len, size_t pos)
{
	pos += lex_line_comment(s, len, pos);
	while (pos < len) {
		size_t line = lex_line_comment(s, len, pos);
		bool end = line >= 2 && s[pos] == '\\' && s[pos + 1] == '.';

		pos += line;
		if (end)
			break;
	}
	return pos;
}

bool cft_sql_split_next(struct cft_sql_splitter *splitter, const char *sql, size_t len,
                        struct cft_sql_slice *ret)
{
	struct cft_sql_slice slice = {0};
	struct progress progress = {0};
	size_t pos = splitter->pos, end = 0;

	while (pos < len) {
		bool blank;

		if (splitter->psql && slice.tokens == 0 && sql[pos] == '\\') {
			pos += lex_line_comment(sql, len, pos);
			continue;
		}
		size_t n = cft_sql_lex(sql, len, pos, &blank);
		if (!blank && see_token(&progress, &slice, sql + pos, n)) {
			pos += n;
			if (slice.tokens > 0)
				break;
			continue;
		}
		if (!blank) {
			if (slice.tokens++ == 0)
				slice.offset = pos;
			end = pos + n;
		}
		pos += n;
	}
	slice.copy_data = splitter->psql && progress.copy && progress.from_stdin;
	splitter->pos = slice.copy_data ? skip_copy_data(sql, len, pos) : pos;
	slice.len = slice.tokens ? end - slice.offset : 0;
	if (slice.tokens)
		*ret = slice;
	return slice.tokens > 0;
}
