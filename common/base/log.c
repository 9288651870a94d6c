/* Log: lines on standard error, as text or as JSON objects.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/log.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void add_text_value(struct cft_buf *line, const char *value)
{
	bool plain = value[0] && !strpbrk(value, " \"\\\n\r\t=");

	if (plain) {
		cft_buf_adds(line, value);
		return;
	}
	json_t *string = json_string(value);
	char *quoted = cft_json_compact(string);
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
		cft_buf_addf(&line, " %s=", key);
		add_text_value(&line, value ? value : "");
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
		json_object_set_new(line, key, json_string(value ? value : ""));
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
	cft_log(level, event, "reason", err->reason, "message", err->message, "hint", err->hint,
	        NULL);
}
