/* Rename hint: comments in the SQL that say what something was called before.
 * SPDX-License-Identifier: MIT
 *
 *     -- confiture: renamed from people
 *     CREATE TABLE users (
 *             id int,
 *             email text, -- confiture: renamed from mail
 *             -- confiture: renamed from full_name
 *             display_name text
 *     );
 *
 * Above CREATE it is the relation's; in a line with a column that column's; alone in a line of the
 * column list the next column's.
 */
#include "common/sql/diff/rename.h"
#include "common/sql/syntax/split.h"

#include <string.h>
#include <strings.h>

static const char marker[] = "confiture: renamed from ";

enum { NAME_MAX_BYTES = 200 };

struct scan {
	struct cft_arena *arena;
	const char *table;   /* as written, NULL outside of CREATE TABLE and VIEW */
	const char *column;  /* the last that began */
	const char *pending; /* old name that waits for what comes next */
	bool create, named;  /* inside CREATE; its name was seen */
	bool relation;       /* CREATE TABLE, VIEW …: what follows is its name */
	bool begins;         /* at depth 1: the next token begins an element */
	bool fresh_line;     /* nothing but blanks in this line so far */
	int depth;
	CFT_VEC(const char *) hints;
};

static const char *slice(struct scan *s, const char *text, size_t n)
{
	return cft_arena_strndup(s->arena, text, n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES);
}

static void add(struct scan *s, const char *old, const char *table, const char *column)
{
	const char *dot = strrchr(table, '.');
	const char *hint =
		column ? cft_arena_printf(s->arena, "%s.%s=%s", table, old, column)
		       : cft_arena_printf(s->arena, "%.*s%s=%s",
	                                  dot && !strchr(old, '.') ? (int)(dot - table + 1) : 0,
	                                  table, old, dot ? dot + 1 : table);

	cft_vec_push_in(s->arena, &s->hints, hint);
}

static void comment(struct scan *s, const char *text, size_t len)
{
	size_t skip = strspn(text, "- \t");

	if (len < skip + sizeof(marker) || strncmp(text + skip, marker, sizeof(marker) - 1) != 0)
		return;
	const char *old = text + skip + sizeof(marker) - 1;
	size_t n = strcspn(old, "\r\n");
	while (n > 0 && (old[n - 1] == ' ' || old[n - 1] == '\t'))
		n--;
	old = slice(s, old, n);
	if (s->depth == 1 && s->table && s->column && !s->fresh_line)
		add(s, old, s->table, s->column);
	else
		s->pending = old;
}

static void end_statement(struct scan *s)
{
	s->create = s->named = s->relation = s->begins = false;
	s->table = s->column = NULL;
	s->depth = 0;
}

static bool one_of(const char *const *words, const char *text, size_t n)
{
	for (; *words; words++)
		if (strlen(*words) == n && strncasecmp(text, *words, n) == 0)
			return true;
	return false;
}

/* A word outside of parentheses: CREATE … TABLE [IF NOT EXISTS] name. */
static void outer_word(struct scan *s, const char *text, size_t n)
{
	static const char *const kinds[] = {"TABLE", "VIEW", "SEQUENCE", "INDEX", NULL};
	static const char *const passed[] = {"IF", "NOT", "EXISTS", "CONCURRENTLY", NULL};

	if (n == 6 && strncasecmp(text, "CREATE", 6) == 0) {
		end_statement(s);
		s->create = true;
	} else if (!s->create || s->named) {
		return;
	} else if (!s->relation) {
		s->relation = one_of(kinds, text, n);
	} else if (s->table || !one_of(passed, text, n)) {
		s->table = s->table ? cft_arena_printf(s->arena, "%s%.*s", s->table, (int)n, text)
		                    : slice(s, text, n);
	}
}

static void name_is_complete(struct scan *s)
{
	if (!s->create || s->named || !s->table)
		return;
	s->named = true;
	if (s->pending)
		add(s, s->pending, s->table, NULL);
	s->pending = NULL;
}

static void begin_column(struct scan *s, const char *text, size_t n)
{
	s->begins = false;
	s->column = slice(s, text, n);
	if (s->pending && s->table)
		add(s, s->pending, s->table, s->column);
	s->pending = NULL;
}

static void token(struct scan *s, const char *text, size_t n)
{
	if (*text == ';' && s->depth == 0) {
		name_is_complete(s);
		end_statement(s);
	} else if (*text == '(') {
		name_is_complete(s);
		s->begins = ++s->depth == 1;
	} else if (*text == ')') {
		s->depth -= s->depth > 0;
	} else if (*text == ',' && s->depth == 1) {
		s->begins = true;
	} else if (s->depth == 0) {
		outer_word(s, text, n);
	} else if (s->depth == 1 && s->begins) {
		begin_column(s, text, n);
	}
}

static void blank(struct scan *s, const char *text, size_t n)
{
	/* A name may be in parts, "a"."b", but not with blanks between them. */
	if (s->table && s->depth == 0)
		name_is_complete(s);
	if (n > 2 && text[0] == '-' && text[1] == '-')
		comment(s, text, n);
	if (memchr(text, '\n', n))
		s->fresh_line = true;
}

const char *const *cft_rename_hints(struct cft_arena *arena, const char *text, size_t len,
                                    const char *const *more)
{
	struct scan s = {.arena = arena, .fresh_line = true};

	for (; more && *more; more++)
		cft_vec_push_in(arena, &s.hints, *more);
	if (memmem(text, len, marker, sizeof(marker) - 1) == NULL)
		len = 0;
	for (size_t pos = 0; pos < len;) {
		bool is_blank;
		size_t n = cft_sql_lex(text, len, pos, &is_blank);

		if (is_blank) {
			blank(&s, text + pos, n);
		} else {
			token(&s, text + pos, n);
			s.fresh_line = false;
		}
		pos += n;
	}
	cft_vec_push_in(arena, &s.hints, NULL);
	return s.hints.v;
}
