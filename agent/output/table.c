/* Table: measures the columns and draws the borders.
 * SPDX-License-Identifier: MIT
 */
#include "agent/output/table.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A cell that does not fit its column goes on in the next line, but a table of long SQL should
 * still be a table. */
enum { MOST_LINES = 6, NARROWEST = 8 };

/* One horizontal line: left end, filling, crossing, right end. */
struct rule {
	const char *left, *fill, *cross, *right;
};

struct border_set {
	struct rule top, middle, bottom;
	const char *head_bar, *bar; /* between cells */
	const char *ellipsis;
};

static const struct border_set light = {
	.top = {"┌", "─", "┬", "┐"},
	.middle = {"├", "─", "┼", "┤"},
	.bottom = {"└", "─", "┴", "┘"},
	.head_bar = "│",
	.bar = "│",
	.ellipsis = "…",
};

static const struct border_set heavy = {
	.top = {"┏", "━", "┳", "┓"},
	.middle = {"┡", "━", "╇", "┩"},
	.bottom = {"└", "─", "┴", "┘"},
	.head_bar = "┃",
	.bar = "│",
	.ellipsis = "…",
};

static const struct border_set ascii = {
	.top = {"+", "-", "+", "+"},
	.middle = {"+", "-", "+", "+"},
	.bottom = {"+", "-", "+", "+"},
	.head_bar = "|",
	.bar = "|",
	.ellipsis = "...",
};

struct drawing {
	const struct cft_table *table;
	const struct border_set *set; /* NULL: no borders */
	bool color;
	size_t *widths;
	struct cft_buf *out;
};

void cft_table_init(struct cft_table *table, const char *title, const struct cft_column *columns,
                    size_t ncolumns)
{
	assert(ncolumns > 0);
	*table = (struct cft_table){.title = title, .columns = columns, .ncolumns = ncolumns};
	cft_arena_init(&table->arena);
}

void cft_table_release(struct cft_table *table)
{
	cft_arena_release(&table->arena);
	cft_vec_release(&table->cells);
}

void cft_table_cell(struct cft_table *table, enum cft_style style, const char *fmt, ...)
{
	struct cft_buf clean = CFT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	const char *raw = cft_arena_vprintf(&table->arena, fmt, ap);
	va_end(ap);
	cft_output_clean(&clean, raw, false);
	struct cft_cell cell = {cft_arena_strdup(&table->arena, cft_buf_str(&clean)), style};
	cft_vec_push(&table->cells, cell);
	cft_buf_release(&clean);
}

static size_t row_count(const struct cft_table *table)
{
	return (table->cells.n + table->ncolumns - 1) / table->ncolumns;
}

static struct cft_cell cell_at(const struct cft_table *table, size_t row, size_t column)
{
	size_t i = row * table->ncolumns + column;

	return i < table->cells.n ? table->cells.v[i] : (struct cft_cell){"", CFT_STYLE_PLAIN};
}

static size_t widest(const struct cft_table *table, size_t column)
{
	size_t width = cft_utf8_width(table->columns[column].title);

	for (size_t row = 0; row < row_count(table); row++) {
		size_t w = cft_utf8_width(cell_at(table, row, column).text);
		if (w > width)
			width = w;
	}
	return width;
}

/* Borders and padding: "│ " before each cell, " " after, and the last bar. */
static size_t total_width(const struct drawing *d)
{
	size_t total = 1;

	for (size_t i = 0; i < d->table->ncolumns; i++)
		total += d->widths[i] + 3;
	return total;
}

/* Takes columns off the widest flexible one, one at a time, down to NARROWEST each. */
static void shrink_to(struct drawing *d, size_t width)
{
	for (size_t total = total_width(d); total > width; total--) {
		size_t victim = d->table->ncolumns;
		for (size_t i = 0; i < d->table->ncolumns; i++) {
			if (!d->table->columns[i].flexible || d->widths[i] <= NARROWEST)
				continue;
			if (victim == d->table->ncolumns || d->widths[i] > d->widths[victim])
				victim = i;
		}
		if (victim == d->table->ncolumns)
			return;
		d->widths[victim]--;
	}
}

static void add_blanks(struct cft_buf *out, size_t n)
{
	cft_buf_addf(out, "%*s", (int)n, "");
}

static void draw_rule(const struct drawing *d, const struct rule *rule)
{
	if (!d->set)
		return;
	for (size_t i = 0; i < d->table->ncolumns; i++) {
		cft_buf_adds(d->out, i == 0 ? rule->left : rule->cross);
		for (size_t j = 0; j < d->widths[i] + 2; j++)
			cft_buf_adds(d->out, rule->fill);
	}
	cft_buf_adds(d->out, rule->right);
	cft_buf_addc(d->out, '\n');
}

/* How many bytes of `text` the next line of `width` columns takes: up to a blank, or a part of a
 * word that is wider than the column. */
static size_t line_bytes(const char *text, size_t width)
{
	size_t fits = cft_utf8_fit(text, width), blank = fits;

	if (!text[fits] || text[fits] == ' ')
		return fits;
	while (blank > 0 && text[blank - 1] != ' ')
		blank--;
	return blank > 1 ? blank - 1 : fits > 0 ? fits : strlen(text);
}

static const char *next_line(const char *text, size_t width)
{
	text += line_bytes(text, width);
	return text + strspn(text, " ");
}

/* Lines of the cell; a column that is not flexible is as wide as its widest text. */
static size_t line_count(const struct drawing *d, size_t column, const char *text)
{
	size_t n = 1;

	if (!d->set)
		return 1;
	while (*(text = next_line(text, d->widths[column])) && n < MOST_LINES)
		n++;
	return n;
}

/* The `line`th line of the cell's text; the last one that there may be ends with an ellipsis where
 * more would follow. *ret_width is what it takes. */
static const char *line_text(const struct drawing *d, size_t column, const char *text, size_t line,
                             struct cft_buf *scratch, size_t *ret_width)
{
	size_t width = d->widths[column];

	for (size_t i = 0; d->set && i < line; i++)
		text = next_line(text, width);
	size_t bytes = d->set ? line_bytes(text, width) : strlen(text);
	if (d->set && line + 1 == MOST_LINES && *next_line(text, width)) {
		size_t dots = cft_utf8_width(d->set->ellipsis);
		cft_buf_add(scratch, text, cft_utf8_fit(text, width - dots));
		cft_buf_adds(scratch, d->set->ellipsis);
	} else {
		cft_buf_add(scratch, text, bytes);
	}
	*ret_width = cft_utf8_width(cft_buf_str(scratch));
	return cft_buf_str(scratch);
}

static void draw_cell(const struct drawing *d, size_t column, struct cft_cell cell, size_t line,
                      bool last)
{
	struct cft_buf scratch = CFT_BUF_INIT;
	size_t width = d->widths[column], used;
	const char *text = line_text(d, column, cell.text, line, &scratch, &used);
	size_t blanks = width > used ? width - used : 0;
	bool right = d->table->columns[column].right;

	if (right)
		add_blanks(d->out, blanks);
	cft_output_paint(d->out, cell.style, d->color, text);
	/* Nothing trails the last column of a table without borders. */
	if (!right && (d->set || !last))
		add_blanks(d->out, blanks);
	cft_buf_release(&scratch);
}

static struct cft_cell row_cell(const struct drawing *d, size_t row, size_t column, bool head)
{
	return head ? (struct cft_cell){d->table->columns[column].title, CFT_STYLE_BOLD}
	            : cell_at(d->table, row, column);
}

static void draw_line(const struct drawing *d, size_t row, size_t line, bool head)
{
	const char *bar = d->set ? (head ? d->set->head_bar : d->set->bar) : NULL;
	size_t n = d->table->ncolumns;

	for (size_t i = 0; i < n; i++) {
		if (bar)
			cft_buf_addf(d->out, "%s ", bar);
		else if (i > 0)
			cft_buf_adds(d->out, "  ");
		draw_cell(d, i, row_cell(d, row, i, head), line, i + 1 == n);
		if (bar)
			cft_buf_addc(d->out, ' ');
	}
	cft_buf_adds(d->out, bar ? bar : "");
	cft_buf_addc(d->out, '\n');
}

static void draw_row(const struct drawing *d, size_t row, bool head)
{
	size_t lines = 1;

	for (size_t i = 0; i < d->table->ncolumns; i++) {
		size_t n = line_count(d, i, row_cell(d, row, i, head).text);
		if (n > lines)
			lines = n;
	}
	for (size_t line = 0; line < lines; line++)
		draw_line(d, row, line, head);
}

static void draw_title(const struct drawing *d)
{
	if (!d->table->title)
		return;
	size_t width = cft_utf8_width(d->table->title), total = total_width(d);
	if (d->set && total > width)
		add_blanks(d->out, (total - width) / 2);
	cft_output_paint(d->out, CFT_STYLE_BOLD, d->color, d->table->title);
	cft_buf_addc(d->out, '\n');
}

static const struct border_set *set_of(const struct cft_table *table, enum cft_borders borders)
{
	switch (borders) {
	case CFT_BORDERS_NONE:
		return NULL;
	case CFT_BORDERS_ASCII:
		return &ascii;
	case CFT_BORDERS_UTF8:
		return table->heavy_head ? &heavy : &light;
	}
	return NULL;
}

void cft_table_draw(const struct cft_table *table, enum cft_borders borders, bool color,
                    size_t width, struct cft_buf *out)
{
	struct drawing d = {table, set_of(table, borders), color, NULL, out};

	d.widths = cft_calloc(table->ncolumns, sizeof(*d.widths));
	for (size_t i = 0; i < table->ncolumns; i++)
		d.widths[i] = widest(table, i);
	if (d.set && width)
		shrink_to(&d, width);
	draw_title(&d);
	if (d.set)
		draw_rule(&d, &d.set->top);
	draw_row(&d, 0, true);
	if (d.set)
		draw_rule(&d, &d.set->middle);
	for (size_t row = 0; row < row_count(table); row++)
		draw_row(&d, row, false);
	if (d.set)
		draw_rule(&d, &d.set->bottom);
	free(d.widths);
}

void cft_output_clean(struct cft_buf *out, const char *text, bool lines)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cft_utf8_decode(text + i, len - i, &cp);
		if (n == 0) {
			cft_buf_addf(out, "\\x%02x", (unsigned char)text[i]);
			n = 1;
		} else if (cp == '\n' || cp == '\t') {
			cft_buf_addc(out, lines ? text[i] : ' ');
		} else if (cft_utf8_is_control(cp)) {
			cft_buf_addf(out, cp < 0x100 ? "\\x%02x" : "\\u%04x", cp);
		} else {
			cft_buf_add(out, text + i, n);
		}
		i += n;
	}
}

void cft_output_paint(struct cft_buf *out, enum cft_style style, bool color, const char *text)
{
	static const char *const sgr[] = {
#define STYLE_SGR(name, sgr) sgr,
		CFT_STYLE_MAP(STYLE_SGR)
#undef STYLE_SGR
	};

	if (color && style != CFT_STYLE_PLAIN && text[0])
		cft_buf_addf(out, "\033[%sm%s\033[0m", sgr[style], text);
	else
		cft_buf_adds(out, text);
}
