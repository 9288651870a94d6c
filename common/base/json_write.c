/* JSON write: the compact form, a run of plain characters at a time.
 * SPDX-License-Identifier: MIT
 *
 * jansson's own writer looks at every character of every string as UTF-8 again. Strings in a json_t
 * are valid already, and a write group of a busy server is a megabyte of them.
 */
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void add_value(struct cft_buf *out, const json_t *json);

static size_t plain_run(const unsigned char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

static void add_escape(struct cft_buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		cft_buf_addc(out, '\\');
		cft_buf_addc(out, (char)c);
		break;
	case '\n':
		cft_buf_adds(out, "\\n");
		break;
	case '\t':
		cft_buf_adds(out, "\\t");
		break;
	default:
		cft_buf_addf(out, "\\u%04x", c);
	}
}

static void add_string(struct cft_buf *out, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	cft_buf_addc(out, '"');
	for (size_t n; len > 0; s += n, len -= n) {
		n = plain_run(s, len);
		cft_buf_add(out, s, n);
		if (n < len) {
			add_escape(out, s[n]);
			n++;
		}
	}
	cft_buf_addc(out, '"');
}

static void add_array(struct cft_buf *out, const json_t *json)
{
	cft_buf_addc(out, '[');
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (i)
			cft_buf_addc(out, ',');
		add_value(out, json_array_get(json, i));
	}
	cft_buf_addc(out, ']');
}

static void add_object(struct cft_buf *out, const json_t *json)
{
	const char *key;
	json_t *value;
	bool first = true;

	cft_buf_addc(out, '{');
	json_object_foreach ((json_t *)json, key, value) {
		if (!first)
			cft_buf_addc(out, ',');
		first = false;
		add_string(out, key, strlen(key));
		cft_buf_addc(out, ':');
		add_value(out, value);
	}
	cft_buf_addc(out, '}');
}

/* jansson knows how to write a double so that it reads back the same. */
static void add_real(struct cft_buf *out, const json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);

	cft_buf_adds(out, text ? text : "null");
	free(text);
}

static void add_value(struct cft_buf *out, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		add_object(out, json);
		break;
	case JSON_ARRAY:
		add_array(out, json);
		break;
	case JSON_STRING:
		add_string(out, json_string_value(json), json_string_length(json));
		break;
	case JSON_INTEGER:
		cft_buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		break;
	case JSON_REAL:
		add_real(out, json);
		break;
	case JSON_TRUE:
		cft_buf_adds(out, "true");
		break;
	case JSON_FALSE:
		cft_buf_adds(out, "false");
		break;
	case JSON_NULL:
		cft_buf_adds(out, "null");
		break;
	}
}

char *cft_json_compact(const json_t *json)
{
	struct cft_buf out = CFT_BUF_INIT;

	if (json)
		add_value(&out, json);
	else
		cft_buf_adds(&out, "null");
	return out.data;
}
