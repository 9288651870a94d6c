/* Log: lines on standard error, as text or as JSON objects.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/log.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_MAX_BYTES = 1024 };

static struct {
	enum cft_log_level level;
	bool json;
} sink = {CFT_LOG_INFO, false};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void cft_log_setup(enum cft_log_level level, bool json)
{
	sink.level = level;
	sink.json = json;
}

bool cft_log_enabled(enum cft_log_level level)
{
	return level <= sink.level;
}

/* What others wrote, as something that may be shown: no control characters but those that JSON
 * escapes, well-formed, and not endless. */
static void clean(struct cft_buf *out, const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cft_utf8_decode(value + i, len - i, &cp);
		if (i >= VALUE_MAX_BYTES) {
			cft_buf_addf(out, "... (%zu bytes)", len);
			return;
		}
		if (n == 0)
			cft_buf_addf(out, "\\x%02x", (unsigned char)value[i]);
		else if (cp >= 0x20 && cft_utf8_is_control(cp))
			cft_buf_addf(out, "\\u%04x", cp);
		else
			cft_buf_add(out, value + i, n);
		i += n ? n : 1;
	}
}

static json_t *clean_string(const char *value)
{
	struct cft_buf text = CFT_BUF_INIT;
	json_t *string;

	clean(&text, value);
	string = json_string(cft_buf_str(&text));
	cft_buf_release(&text);
	return string;
}

static void add_text_value(struct cft_buf *line, const char *value)
{
	json_t *string = clean_string(value);
	char *quoted = cft_json_compact(string);
	size_t len = strlen(quoted);
	bool plain = len > 2 && !strpbrk(quoted, " \\=") && !memchr(quoted + 1, '"', len - 2);

	if (plain)
		cft_buf_add(line, quoted + 1, len - 2);
	else
		cft_buf_adds(line, quoted);
	free(quoted);
	json_decref(string);
}

static void write_text(enum cft_log_level level, const char *event, va_list ap)
{
	struct cft_buf line = CFT_BUF_INIT;
	char now[CFT_TIME_TEXT];
	const char *key;

	cft_buf_addf(&line, "%s %-5s %s", cft_time_format(cft_clock_wall_us(), now),
	             level_names[level], event);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		if (!value)
			continue;
		cft_buf_addf(&line, " %s=", key);
		add_text_value(&line, value);
	}
	cft_buf_addc(&line, '\n');
	(void)!write(STDERR_FILENO, line.data, line.len);
	cft_buf_release(&line);
}

static void write_json(enum cft_log_level level, const char *event, va_list ap)
{
	char now[CFT_TIME_TEXT];
	json_t *line = json_pack("{s:s,s:s,s:s}", "time", cft_time_format(cft_clock_wall_us(), now),
	                         "level", level_names[level], "event", event);
	const char *key;

	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		if (value)
			json_object_set_new(line, key, clean_string(value));
	}
	struct cft_buf out = CFT_BUF_INIT;
	char *text = cft_json_compact(line);
	cft_buf_addf(&out, "%s\n", text);
	(void)!write(STDERR_FILENO, out.data, out.len);
	cft_buf_release(&out);
	free(text);
	json_decref(line);
}

void cft_log(enum cft_log_level level, const char *event, ...)
{
	va_list ap;

	if (!cft_log_enabled(level))
		return;
	va_start(ap, event);
	if (sink.json)
		write_json(level, event, ap);
	else
		write_text(level, event, ap);
	va_end(ap);
}

void cft_log_err(enum cft_log_level level, const char *event, const struct cft_err *err)
{
	char place[CFT_ERR_PLACE];

	cft_err_place(err, place);
	cft_log(level, event, "reason", err->reason, "at", place[0] ? place : NULL, "message",
	        err->message, "hint", err->hint[0] ? err->hint : NULL, NULL);
}
