/* The text format: lines, marks and tables for people.
 * SPDX-License-Identifier: MIT
 */
#include "agent/output/output_ops.h"
#include "common/base/buf.h"

#include <stdlib.h>
#include <string.h>

static enum cft_style mark_style(enum cft_mark mark)
{
	static const enum cft_style styles[] = {
#define MARK_STYLE(name, utf8, ascii, style) CFT_STYLE_##style,
		CFT_MARK_MAP(MARK_STYLE)
#undef MARK_STYLE
	};

	return styles[mark];
}

static void add_mark(const struct cft_output *out, struct cft_buf *buf, enum cft_mark mark)
{
	cft_output_paint(buf, mark_style(mark), out->config.color, cft_mark_text(out, mark));
}

/* "<mark> <text>", each left out where empty. */
static void add_marked(const struct cft_output *out, struct cft_buf *buf, enum cft_mark mark,
                       enum cft_style style, const char *text)
{
	struct cft_buf clean = CFT_BUF_INIT;

	add_mark(out, buf, mark);
	if (cft_mark_text(out, mark)[0] && text[0])
		cft_buf_addc(buf, ' ');
	cft_output_clean(&clean, text, true);
	cft_output_paint(buf, style, out->config.color, cft_buf_str(&clean));
	cft_buf_release(&clean);
}

static void text_line(struct cft_output *out, enum cft_mark mark, enum cft_style style,
                      const char *text)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_output_leave_step(out);
	add_marked(out, &buf, mark, style, text);
	cft_buf_addc(&buf, '\n');
	cft_output_write(out, buf.data, buf.len);
	cft_buf_release(&buf);
}

static void text_step(struct cft_output *out, enum cft_mark mark, const char *text)
{
	struct cft_buf buf = CFT_BUF_INIT;

	add_marked(out, &buf, mark, CFT_STYLE_PLAIN, text);
	cft_buf_addc(&buf, ' ');
	cft_output_leave_step(out);
	cft_output_write(out, buf.data, buf.len);
	cft_out_flush(out);
	free(out->step);
	out->step = cft_buf_detach(&buf);
	out->step_left = false;
}

static void text_table(struct cft_output *out, const struct cft_table *table)
{
	struct cft_buf buf = CFT_BUF_INIT;
	enum cft_borders borders = CFT_BORDERS_NONE;

	if (out->config.out_terminal)
		borders = out->config.utf8 ? CFT_BORDERS_UTF8 : CFT_BORDERS_ASCII;
	cft_table_draw(table, borders, out->config.color,
	               out->config.out_terminal ? out->config.columns : 0, &buf);
	cft_output_write(out, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
}

static void text_nothing(struct cft_output *out, const json_t *json)
{
	(void)out;
	(void)json;
}

static void write_error(struct cft_output *out, struct cft_buf *buf)
{
	fwrite(cft_buf_str(buf), 1, buf->len, out->config.err);
	cft_buf_release(buf);
}

static void text_note(struct cft_output *out, const char *text)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_out_flush(out);
	cft_output_clean(&buf, text, true);
	/* What another program printed has a line's end of its own. */
	if (buf.len == 0 || buf.data[buf.len - 1] != '\n')
		cft_buf_addc(&buf, '\n');
	write_error(out, &buf);
}

static void add_place(struct cft_buf *buf, const struct cft_err *err)
{
	char place[CFT_ERR_PLACE];

	cft_output_clean(buf, cft_err_place(err, place), false);
	if (place[0])
		cft_buf_adds(buf, ": ");
}

/* "❌ db/x.sql:3:7: the message" and the hint on a line of its own. */
static void text_error(struct cft_output *out, const struct cft_err *err)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_output_paint(&buf, CFT_STYLE_RED, out->config.color && out->config.err_terminal,
	                 cft_mark_text(out, CFT_MARK_ERROR));
	cft_buf_addc(&buf, ' ');
	add_place(&buf, err);
	cft_output_clean(&buf, err->message, true);
	cft_buf_addc(&buf, '\n');
	if (err->hint[0]) {
		cft_buf_adds(&buf, "   ");
		cft_output_clean(&buf, err->hint, true);
		cft_buf_addc(&buf, '\n');
	}
	write_error(out, &buf);
}

/* Without an open step there is nothing to end. */
static void text_step_end(struct cft_output *out, enum cft_mark mark, const char *text)
{
	struct cft_buf buf = CFT_BUF_INIT;
	char *step = out->step;

	if (!step)
		return;
	cft_out_progress_end(out);
	out->step = NULL;
	if (out->step_left)
		cft_buf_adds(&buf, step);
	add_marked(out, &buf, mark, CFT_STYLE_PLAIN, text);
	cft_buf_addc(&buf, '\n');
	cft_output_write(out, buf.data, buf.len);
	cft_out_flush(out);
	cft_buf_release(&buf);
	free(step);
}

const struct cft_output_ops cft_output_text = {
	.line = text_line,
	.step = text_step,
	.step_end = text_step_end,
	.table = text_table,
	.document = text_nothing,
	.record = text_nothing,
	.note = text_note,
	.error = text_error,
};
