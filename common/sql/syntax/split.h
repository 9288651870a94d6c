/* Split: cuts an SQL script into statements with PostgreSQL's lexical rules, without parsing.
 * SPDX-License-Identifier: MIT
 *
 * Knows quotes, E'' strings, dollar quotes, nested comments, parentheses and BEGIN ATOMIC bodies.
 * Linear in the input and flat in memory. Any thread; never blocks; never fails on odd input: what
 * is unterminated simply reaches the end, and the parser says what is wrong with it.
 */
#ifndef CFT_SQL_SPLIT_H
#define CFT_SQL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_sql_slice {
	size_t offset, len; /* from the first to the last byte that is no blank and no comment; the
	                     * semicolon is not part of it */
	uint32_t tokens;    /* at least as many as PostgreSQL's scanner would give */
	bool ellipsis;      /* holds a literal `...` outside quotes and comments */
	bool copy_data;     /* COPY ... FROM STDIN: data lines follow it */
};

/* The place where a split stands; start with {0}. */
struct cft_sql_splitter {
	size_t pos;
	bool psql; /* skip psql's backslash commands, and the data after COPY ... FROM STDIN */
};

/* The next statement of sql[0..len), or false at the end. Empty statements are left out. */
bool cft_sql_split_next(struct cft_sql_splitter *splitter, const char *sql, size_t len,
                        struct cft_sql_slice *ret);

/* The length of the lexical token or blank or comment that starts at `pos` (at least 1 before the
 * end). *ret_blank is true for white space and comments. */
size_t cft_sql_lex(const char *sql, size_t len, size_t pos, bool *ret_blank);

/* Line and column, both from 1, of a byte offset; columns count characters. */
void cft_sql_place(const char *sql, size_t offset, int *ret_line, int *ret_column);

#ifdef __cplusplus
}
#endif

#endif
