/* JSON: helpers over jansson.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/json.h"

#include "common/base/mem.h"

json_t *cft_json_parse(const char *text, size_t len, struct cft_err *err)
{
	json_error_t problem;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);

	if (!json) {
		cft_fail_reason(err, CFT_E_INVALID, "INVALID_JSON", "not valid JSON: %s",
		                problem.text);
		cft_err_at(err, "", problem.line, problem.column);
	}
	return json;
}

static char *dump(const json_t *json, size_t layout)
{
	char *text = json_dumps(json, layout | JSON_ENCODE_ANY);

	return text ? text : cft_strdup("null");
}

char *cft_json_compact(const json_t *json)
{
	return dump(json, JSON_COMPACT);
}

char *cft_json_pretty(const json_t *json)
{
	return dump(json, JSON_INDENT(2));
}

static void set_text(json_t *object, const char *key, const char *value)
{
	if (value[0])
		json_object_set_new(object, key, json_string(value));
}

static void set_place(json_t *object, const char *key, int value)
{
	if (value > 0)
		json_object_set_new(object, key, json_integer(value));
}

json_t *cft_json_error(const struct cft_err *err)
{
	json_t *body = json_object();

	set_text(body, "code", cft_code_name(err->code));
	set_text(body, "reason", err->reason);
	set_text(body, "message", err->message);
	set_text(body, "hint", err->hint);
	set_text(body, "file", err->file);
	set_place(body, "line", err->line);
	set_place(body, "column", err->column);
	set_text(body, "sqlstate", err->sqlstate);
	set_place(body, "retry_after_ms", err->retry_after_ms);
	return json_pack("{s:o}", "error", body);
}
