/* Table: rows and columns for people; text.c draws it.
 * SPDX-License-Identifier: MIT
 *
 *     static const struct cft_column columns[] = {{"Version"}, {"Name", .flexible = true}};
 *     struct cft_table table;
 *     cft_table_init(&table, "Migrations", columns, 2);
 *     cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", version);
 *     cft_table_cell(&table, CFT_STYLE_DIM, "%s", name);   // the next cell starts a new row
 *     cft_out_table(out, &table);
 *     cft_table_release(&table);
 */
#ifndef CFT_OUTPUT_TABLE_H
#define CFT_OUTPUT_TABLE_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, SGR code) */
#define CFT_STYLE_MAP(X) \
	X(PLAIN, "")     \
	X(BOLD, "1")     \
	X(DIM, "2")      \
	X(RED, "31")     \
	X(GREEN, "32")   \
	X(YELLOW, "33")  \
	X(BLUE, "34")    \
	X(CYAN, "36")

enum cft_style {
#define CFT_STYLE_ENUM(name, sgr) CFT_STYLE_##name,
	CFT_STYLE_MAP(CFT_STYLE_ENUM)
#undef CFT_STYLE_ENUM
};

struct cft_column {
	const char *title;
	bool right;    /* numbers */
	bool flexible; /* takes several lines, and at last an ellipsis, on a narrow terminal */
};

struct cft_cell {
	const char *text;
	enum cft_style style;
};

struct cft_table {
	const char *title; /* centred above, or NULL; borrowed */
	const struct cft_column *columns;
	size_t ncolumns;
	bool heavy_head; /* ┏━━┓ around the head, as the migrations' table; else ┌──┐ */
	CFT_VEC(struct cft_cell) cells;
	struct cft_arena arena;
};

/* Borrows `title` and `columns`. */
void cft_table_init(struct cft_table *table, const char *title, const struct cft_column *columns,
                    size_t ncolumns);
void cft_table_release(struct cft_table *table);
/* Appends the next cell of the row, left to right. */
void cft_table_cell(struct cft_table *table, enum cft_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum cft_borders { CFT_BORDERS_NONE, CFT_BORDERS_ASCII, CFT_BORDERS_UTF8 };

/* Draws into `out`; `width` columns at most where flexible columns allow it, 0 = no limit. Without
 * borders the columns are separated by two blanks and nothing is cut or wrapped. */
void cft_table_draw(const struct cft_table *table, enum cft_borders borders, bool color,
                    size_t width, struct cft_buf *out);

/* Appends `text` with control characters made visible (ESC becomes \x1b), so that what others wrote
 * cannot steer a terminal. Line breaks and tabs stay if `lines`, else become blanks. */
void cft_output_clean(struct cft_buf *out, const char *text, bool lines);
/* Wraps `text` in the style's escape sequence if `color`. */
void cft_output_paint(struct cft_buf *out, enum cft_style style, bool color, const char *text);

#ifdef __cplusplus
}
#endif

#endif
