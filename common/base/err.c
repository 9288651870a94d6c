/* Errors: the code table and the functions that fill struct cft_err.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/err.h"

#include <stdio.h>
#include <string.h>

struct code_row {
	const char *name;
	const char *reason;
	int grpc;
	int exit;
};

static const struct code_row code_table[] = {
#define CODE_ROW(name, reason, grpc, exit) {#name, reason, grpc, exit},
	CFT_CODE_MAP(CODE_ROW)
#undef CODE_ROW
};

#define CODE_COUNT ((int)(sizeof(code_table) / sizeof(code_table[0])))

static const struct code_row *row_of(int code)
{
	int ordinal = -1 - code;

	return ordinal >= 0 && ordinal < CODE_COUNT ? &code_table[ordinal] : NULL;
}

__attribute__((format(printf, 3, 0))) static void set_text(char *dst, size_t size, const char *fmt,
                                                           va_list ap)
{
	vsnprintf(dst, size, fmt, ap);
}

static void start(struct cft_err *err, int code, const char *reason)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	snprintf(err->reason, sizeof(err->reason), "%s", reason ? reason : cft_code_reason(code));
}

int cft_fail(struct cft_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	/* The arguments may point into the error that is being replaced. */
	struct cft_err fresh;
	start(&fresh, code, NULL);
	va_start(ap, fmt);
	set_text(fresh.message, sizeof(fresh.message), fmt, ap);
	va_end(ap);
	*err = fresh;
	return code;
}

int cft_fail_reason(struct cft_err *err, int code, const char *reason, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	struct cft_err fresh;
	start(&fresh, code, reason);
	va_start(ap, fmt);
	set_text(fresh.message, sizeof(fresh.message), fmt, ap);
	va_end(ap);
	*err = fresh;
	return code;
}

int cft_fail_errno(struct cft_err *err, int errnum, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	set_text(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cft_fail(err, CFT_E_FAILED, "%s: %s", text, strerror(errnum));
}

int cft_err_hint(struct cft_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return CFT_E_FAILED;
	va_start(ap, fmt);
	set_text(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

int cft_err_at(struct cft_err *err, const char *file, int line, int column)
{
	if (!err)
		return CFT_E_FAILED;
	snprintf(err->file, sizeof(err->file), "%s", file ? file : "");
	err->line = line;
	err->column = column;
	return err->code;
}

int cft_err_prefix(struct cft_err *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	char joined[2 * sizeof(err->message) + 4];
	va_list ap;

	if (!err)
		return CFT_E_FAILED;
	va_start(ap, fmt);
	set_text(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(joined, sizeof(joined), "%s: %s", text, err->message);
	snprintf(err->message, sizeof(err->message), "%.*s", (int)sizeof(err->message) - 1, joined);
	return err->code;
}

const char *cft_err_place(const struct cft_err *err, char text[CFT_ERR_PLACE])
{
	const char *file = err->file[0] ? err->file : "line";
	char number[32] = "";

	if (err->line > 0 && err->column > 0)
		snprintf(number, sizeof(number), "%d:%d", err->line, err->column);
	else if (err->line > 0)
		snprintf(number, sizeof(number), "%d", err->line);
	/* A field or an id that the message names itself is not said twice. */
	if (!number[0] && (!err->file[0] || strstr(err->message, err->file)))
		file = "";
	snprintf(text, CFT_ERR_PLACE, "%s%s%s", file, number[0] ? (err->file[0] ? ":" : " ") : "",
	         number);
	return text;
}

void cft_err_clear(struct cft_err *err)
{
	memset(err, 0, sizeof(*err));
}

const char *cft_code_name(int code)
{
	const struct code_row *row = row_of(code);

	return row ? row->name : "OK";
}

const char *cft_code_reason(int code)
{
	const struct code_row *row = row_of(code);

	return row ? row->reason : "OK";
}

int cft_code_grpc(int code)
{
	const struct code_row *row = row_of(code);

	return row ? row->grpc : 0;
}

int cft_code_exit(int code)
{
	const struct code_row *row = row_of(code);

	return row ? row->exit : 0;
}

int cft_code_from_name(const char *name)
{
	for (int i = 0; i < CODE_COUNT; i++) {
		if (strcmp(code_table[i].name, name) == 0)
			return -1 - i;
	}
	return CFT_OK;
}

int cft_code_from_grpc(int grpc_status, const char *reason)
{
	int fallback = grpc_status == 0 ? CFT_OK : CFT_E_INTERNAL;

	for (int i = 0; i < CODE_COUNT; i++) {
		if (code_table[i].grpc != grpc_status)
			continue;
		if (reason && strcmp(code_table[i].reason, reason) == 0)
			return -1 - i;
		if (fallback == CFT_E_INTERNAL)
			fallback = -1 - i;
	}
	return fallback;
}
