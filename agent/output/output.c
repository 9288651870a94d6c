/* Output: finds out about the terminal and hands each call to the format's vtable.
 * SPDX-License-Identifier: MIT
 */
#include "agent/output/output.h"

#include "agent/output/output_ops.h"
#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80 };

/* The variables decide, not setlocale(): minimal images set LANG=en_US.UTF-8 without having that
 * locale, and the terminal behind them shows UTF-8 all the same. */
static bool environment_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && value[0])
			return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
	}
	return false;
}

static size_t terminal_columns(FILE *file)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");

	if (columns && strtoul(columns, NULL, 10) > 0)
		return strtoul(columns, NULL, 10);
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_COLUMNS;
}

static bool environment_wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

void cft_output_detect(struct cft_output_config *ret_config, bool json, enum cft_color_mode color)
{
	struct cft_output_config config = {.out = stdout, .err = stderr, .json = json};

	config.utf8 = environment_is_utf8();
	config.out_terminal = isatty(STDOUT_FILENO);
	config.err_terminal = isatty(STDERR_FILENO);
	config.columns = terminal_columns(stdout);
	config.color =
		color == CFT_COLOR_ALWAYS ||
		(color == CFT_COLOR_AUTO && config.out_terminal && environment_wants_color());
	*ret_config = config;
}

struct cft_output *cft_output_new(const struct cft_output_config *config)
{
	struct cft_output *out = cft_new(struct cft_output);

	assert(config->out && config->err);
	out->config = *config;
	out->ops = config->json ? &cft_output_json : &cft_output_text;
	return out;
}

int cft_output_finish(struct cft_output *out, struct cft_err *err)
{
	cft_out_progress_end(out);
	if (fflush(out->config.out) != 0 || ferror(out->config.out))
		out->failed = true;
	if (out->failed)
		return cft_fail_errno(err, errno ? errno : EIO, "cannot write standard output");
	return 0;
}

void cft_output_free(struct cft_output *out)
{
	if (!out)
		return;
	free(out->step);
	json_decref(out->details);
	free(out);
}

bool cft_output_is_json(const struct cft_output *out)
{
	return out->config.json;
}

const struct cft_output_config *cft_output_settings(const struct cft_output *out)
{
	return &out->config;
}

void cft_output_write(struct cft_output *out, const char *data, size_t len)
{
	/* Standard output and error usually are one terminal: the progress line makes way. */
	cft_out_progress_end(out);
	if (len && fwrite(data, 1, len, out->config.out) != len)
		out->failed = true;
}

void cft_output_leave_step(struct cft_output *out)
{
	if (!out->step || out->step_left)
		return;
	cft_output_write(out, "\n", 1);
	cft_out_flush(out);
	out->step_left = true;
}

const char *cft_mark_text(const struct cft_output *out, enum cft_mark mark)
{
	static const char *const utf8[] = {
#define MARK_UTF8(name, utf8, ascii, style) utf8,
		CFT_MARK_MAP(MARK_UTF8)
#undef MARK_UTF8
	};
	static const char *const ascii[] = {
#define MARK_ASCII(name, utf8, ascii, style) ascii,
		CFT_MARK_MAP(MARK_ASCII)
#undef MARK_ASCII
	};

	return out->config.utf8 ? utf8[mark] : ascii[mark];
}

/* Formats the variable part of a call into a buffer on the heap; free() it. */
__attribute__((format(printf, 1, 0))) static char *format_text(const char *fmt, va_list ap)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addv(&buf, fmt, ap);
	return cft_buf_detach(&buf);
}

#define WITH_TEXT(text, call)                       \
	do {                                        \
		va_list ap_;                        \
		va_start(ap_, fmt);                 \
		char *text = format_text(fmt, ap_); \
		va_end(ap_);                        \
		call;                               \
		free(text);                         \
	} while (0)

void cft_out_mark(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
{
	WITH_TEXT(text, out->ops->line(out, mark, CFT_STYLE_PLAIN, text));
}

void cft_out_text(struct cft_output *out, const char *fmt, ...)
{
	WITH_TEXT(text, out->ops->line(out, CFT_MARK_NONE, CFT_STYLE_PLAIN, text));
}

void cft_out_styled(struct cft_output *out, enum cft_style style, const char *fmt, ...)
{
	WITH_TEXT(text, out->ops->line(out, CFT_MARK_NONE, style, text));
}

void cft_out_step(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
{
	WITH_TEXT(text, out->ops->step(out, mark, text));
}

void cft_out_step_end(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
{
	WITH_TEXT(text, out->ops->step_end(out, mark, text));
}

void cft_out_note(struct cft_output *out, const char *fmt, ...)
{
	cft_out_progress_end(out);
	cft_output_leave_step(out);
	WITH_TEXT(text, out->ops->note(out, text));
}

void cft_out_table(struct cft_output *out, const struct cft_table *table)
{
	out->ops->table(out, table);
}

void cft_out_json(struct cft_output *out, json_t *takes_document)
{
	out->ops->document(out, takes_document);
	json_decref(takes_document);
}

void cft_out_json_line(struct cft_output *out, json_t *takes_object)
{
	out->ops->record(out, takes_object);
	json_decref(takes_object);
}

void cft_out_raw(struct cft_output *out, const char *data, size_t len)
{
	cft_output_write(out, data, len);
}

void cft_out_script(struct cft_output *out, const char *data, size_t len)
{
	if (!out->config.json)
		cft_output_write(out, data, len);
}

void cft_out_flush(struct cft_output *out)
{
	if (fflush(out->config.out) != 0)
		out->failed = true;
}

void cft_out_error_details(struct cft_output *out, json_t *takes_details)
{
	json_decref(out->details);
	out->details = takes_details;
}

void cft_out_error(struct cft_output *out, const struct cft_err *err)
{
	cft_out_progress_end(out);
	cft_output_leave_step(out);
	/* What was said before the error shall stand before it. */
	cft_out_flush(out);
	out->ops->error(out, err);
	fflush(out->config.err);
}

/* The step that both streams show on one line of the terminal, or "". */
static const char *step_on_terminal(const struct cft_output *out)
{
	return out->step && !out->step_left && out->config.out_terminal ? out->step : "";
}

void cft_out_progress(struct cft_output *out, size_t done, size_t total, const char *what)
{
	struct cft_buf line = CFT_BUF_INIT;

	if (!out->config.err_terminal || out->config.json)
		return;
	cft_buf_adds(&line, step_on_terminal(out));
	if (total)
		cft_buf_addf(&line, "[%zu/%zu] ", done, total);
	else if (done)
		cft_buf_addf(&line, "[%zu] ", done);
	cft_output_clean(&line, what, false);
	size_t fits = cft_utf8_fit(cft_buf_str(&line), out->config.columns - 1);
	fprintf(out->config.err, "\r\033[K%.*s", (int)fits, cft_buf_str(&line));
	fflush(out->config.err);
	out->progress_shown = true;
	cft_buf_release(&line);
}

void cft_out_progress_end(struct cft_output *out)
{
	if (!out->progress_shown)
		return;
	fprintf(out->config.err, "\r\033[K%s", step_on_terminal(out));
	fflush(out->config.err);
	out->progress_shown = false;
}
