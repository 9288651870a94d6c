/* One setting's value: parse, check, store, print.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/settings_value.h"

#include "common/base/clock.h"
#include "common/base/suggest.h"
#include "common/base/vec.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(const struct cft_setting *row, const char *text, const char *expected,
                  struct cft_err *err)
{
	if (row->flags & CFT_SETTING_SECRET)
		return cft_fail(err, CFT_E_CONFIG, "the value is not %s", expected);
	return cft_fail(err, CFT_E_CONFIG, "'%.100s' is not %s", text, expected);
}

static int parse_bool(const struct cft_setting *row, const char *text, bool *ret,
                      struct cft_err *err)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*ret = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return refuse(row, text, "true or false", err);
}

static int parse_number(const char *text, const char **ret_end, int64_t *ret)
{
	char *end;

	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || errno != 0 || isspace((unsigned char)*text))
		return CFT_E_INVALID;
	*ret = n;
	*ret_end = end;
	return 0;
}

int cft_bytes_parse(const char *text, int64_t *ret_bytes)
{
	static const char units[] = "kmgt";
	const char *end;
	int64_t n;
	int shift = 0;

	if (parse_number(text, &end, &n) != 0 || n < 0)
		return CFT_E_INVALID;
	while (*end == ' ')
		end++;
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B' || *end == 'b')
		end++;
	if (*end || n > (INT64_MAX >> shift))
		return CFT_E_INVALID;
	*ret_bytes = n << shift;
	return 0;
}

static void add_unit(struct cft_buf *out, int64_t n, const char *const *names, const int64_t *sizes)
{
	size_t i = 0;

	while (n % sizes[i] != 0)
		i++;
	cft_buf_addf(out, "%" PRId64 "%s", n / sizes[i], names[i]);
}

void cft_setting_quantity(const struct cft_setting *row, int64_t n, struct cft_buf *out)
{
	static const char *const times[] = {"d", "h", "m", "s", "ms"};
	static const int64_t ms[] = {86400000, 3600000, 60000, 1000, 1};
	static const char *const sizes[] = {"GiB", "MiB", "kB", " bytes"};
	static const int64_t bytes[] = {1 << 30, 1 << 20, 1 << 10, 1};

	if (n == 0 || (row->type != CFT_SETTING_DURATION && row->type != CFT_SETTING_BYTES))
		cft_buf_addf(out, "%" PRId64, n);
	else if (row->type == CFT_SETTING_DURATION)
		add_unit(out, n, times, ms);
	else
		add_unit(out, n, sizes, bytes);
}

void cft_setting_range(const struct cft_setting *row, struct cft_buf *out)
{
	cft_setting_quantity(row, row->min, out);
	cft_buf_adds(out, " to ");
	cft_setting_quantity(row, row->max, out);
}

static int check_range(const struct cft_setting *row, int64_t n, const char *text,
                       struct cft_err *err)
{
	struct cft_buf range = CFT_BUF_INIT;

	if ((row->min == 0 && row->max == 0) || (n >= row->min && n <= row->max))
		return 0;
	cft_setting_range(row, &range);
	cft_fail_reason(err, CFT_E_CONFIG, "OUT_OF_RANGE", "%.60s is outside %s", text,
	                cft_buf_str(&range));
	cft_buf_release(&range);
	return CFT_E_CONFIG;
}

static int parse_quantity(const struct cft_setting *row, const char *text, int64_t *ret,
                          struct cft_err *err)
{
	const char *end = "";
	int64_t n = 0;
	int rc;

	if (row->type == CFT_SETTING_DURATION) {
		rc = cft_duration_parse(text, &n);
		n /= 1000;
		if (rc != 0)
			return refuse(row, text, "a duration such as 500ms, 30s, 15m or 2h", err);
	} else if (row->type == CFT_SETTING_BYTES) {
		if (cft_bytes_parse(text, &n) != 0)
			return refuse(row, text, "a size such as 4096, 64kB or 16MiB", err);
	} else if (parse_number(text, &end, &n) != 0 || *end) {
		return refuse(row, text, "a whole number", err);
	}
	rc = check_range(row, n, text, err);
	if (rc == 0)
		*ret = n;
	return rc;
}

static int parse_choice(const struct cft_setting *row, const char *text, int *ret,
                        struct cft_err *err)
{
	char known[200];
	size_t n = 0, used = 0;

	for (; row->choices[n]; n++) {
		if (strcmp(row->choices[n], text) == 0) {
			*ret = (int)n;
			return 0;
		}
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			                         n ? ", " : "", row->choices[n]);
	}
	const char *near = cft_suggest(text, row->choices, n);
	if (near)
		return cft_fail(err, CFT_E_CONFIG, "'%.80s' is not one of %s; did you mean '%s'?",
		                text, known, near);
	return cft_fail(err, CFT_E_CONFIG, "'%.80s' is not one of %s", text, known);
}

int cft_address_parse(struct cft_arena *arena, const char *text, const char **ret_host,
                      int *ret_port, struct cft_err *err)
{
	const char *colon = strrchr(text, ':'), *end;
	const char *start = text;
	int64_t port;

	if (!colon || parse_number(colon + 1, &end, &port) != 0 || *end || port < 0 || port > 65535)
		return cft_fail(err, CFT_E_CONFIG, "'%.100s' is not an address (host:port)", text);
	size_t len = (size_t)(colon - text);
	if (*text == '[' && len > 2 && text[len - 1] == ']') {
		start++;
		len -= 2;
	} else if (len == 0 || memchr(text, ':', len)) {
		return cft_fail(err, CFT_E_CONFIG,
		                "'%.100s' is not an address (host:port, [v6]:port)", text);
	}
	*ret_host = cft_arena_strndup(arena, start, len);
	*ret_port = (int)port;
	return 0;
}

static struct cft_setting_list split_list(struct cft_arena *arena, const char *text)
{
	CFT_VEC(struct cft_setting_item) items = {0};

	while (*text) {
		size_t len = strcspn(text, ",");
		const char *start = text;
		size_t kept = len;
		while (kept && isspace((unsigned char)*start)) {
			start++;
			kept--;
		}
		while (kept && isspace((unsigned char)start[kept - 1]))
			kept--;
		struct cft_setting_item item = {cft_arena_strndup(arena, start, kept), NULL};
		if (kept)
			cft_vec_push_in(arena, &items, item);
		text += len + (text[len] == ',');
	}
	return (struct cft_setting_list){items.v, items.n};
}

static int parse_text(struct cft_arena *arena, const struct cft_setting *row, const char *text,
                      const char **ret, struct cft_err *err)
{
	size_t len = strlen(text);
	const char *host;
	int port;

	if (row->type == CFT_SETTING_ADDRESS) {
		int rc = cft_address_parse(arena, text, &host, &port, err);
		if (rc != 0)
			return rc;
	}
	if (row->type == CFT_SETTING_PATH && len == 0)
		return cft_fail(err, CFT_E_CONFIG, "a path must not be empty");
	if (row->max && len > (size_t)row->max)
		return cft_fail(err, CFT_E_CONFIG, "the value is longer than %" PRId64 " bytes",
		                row->max);
	if ((int64_t)len < row->min)
		return cft_fail(err, CFT_E_CONFIG, "the value must not be empty");
	*ret = cft_arena_strndup(arena, text, len);
	return 0;
}

int cft_setting_parse(struct cft_arena *arena, const struct cft_setting *row, const char *text,
                      union cft_setting_value *ret_value, struct cft_err *err)
{
	switch (row->type) {
	case CFT_SETTING_STRING:
	case CFT_SETTING_ADDRESS:
	case CFT_SETTING_PATH:
		return parse_text(arena, row, text, &ret_value->text, err);
	case CFT_SETTING_BOOL:
		return parse_bool(row, text, &ret_value->boolean, err);
	case CFT_SETTING_INT:
	case CFT_SETTING_DURATION:
	case CFT_SETTING_BYTES:
		return parse_quantity(row, text, &ret_value->number, err);
	case CFT_SETTING_ENUM:
		return parse_choice(row, text, &ret_value->choice, err);
	case CFT_SETTING_LIST:
		ret_value->list = split_list(arena, text);
		return 0;
	case CFT_SETTING_SECTION:
		return cft_fail(err, CFT_E_CONFIG, "a group of keys is expected here");
	}
	return cft_fail(err, CFT_E_INTERNAL, "the setting %s has no type", row->name);
}

void cft_setting_store(const struct cft_setting *row, void *values,
                       const union cft_setting_value *value)
{
	char *member = (char *)values + row->offset;

	switch (row->type) {
	case CFT_SETTING_STRING:
	case CFT_SETTING_ADDRESS:
	case CFT_SETTING_PATH:
		memcpy(member, &value->text, sizeof(value->text));
		return;
	case CFT_SETTING_BOOL:
		memcpy(member, &value->boolean, sizeof(value->boolean));
		return;
	case CFT_SETTING_INT:
	case CFT_SETTING_DURATION:
	case CFT_SETTING_BYTES:
		memcpy(member, &value->number, sizeof(value->number));
		return;
	case CFT_SETTING_ENUM:
		memcpy(member, &value->choice, sizeof(value->choice));
		return;
	case CFT_SETTING_LIST:
		memcpy(member, &value->list, sizeof(value->list));
		return;
	case CFT_SETTING_SECTION:
		memcpy(member, &value->section, sizeof(value->section));
		return;
	}
}

static union cft_setting_value fetch(const struct cft_setting *row, const void *values)
{
	const char *member = (const char *)values + row->offset;
	union cft_setting_value value = {0};

	switch (row->type) {
	case CFT_SETTING_STRING:
	case CFT_SETTING_ADDRESS:
	case CFT_SETTING_PATH:
		memcpy(&value.text, member, sizeof(value.text));
		break;
	case CFT_SETTING_BOOL:
		memcpy(&value.boolean, member, sizeof(value.boolean));
		break;
	case CFT_SETTING_INT:
	case CFT_SETTING_DURATION:
	case CFT_SETTING_BYTES:
		memcpy(&value.number, member, sizeof(value.number));
		break;
	case CFT_SETTING_ENUM:
		memcpy(&value.choice, member, sizeof(value.choice));
		break;
	case CFT_SETTING_LIST:
		memcpy(&value.list, member, sizeof(value.list));
		break;
	case CFT_SETTING_SECTION:
		memcpy(&value.section, member, sizeof(value.section));
		break;
	}
	return value;
}

void cft_setting_format(const struct cft_setting *row, const void *values, struct cft_buf *out)
{
	union cft_setting_value value = fetch(row, values);

	switch (row->type) {
	case CFT_SETTING_STRING:
	case CFT_SETTING_ADDRESS:
	case CFT_SETTING_PATH:
		if (value.text)
			cft_buf_adds(out, row->flags & CFT_SETTING_SECRET ? "(set)" : value.text);
		return;
	case CFT_SETTING_BOOL:
		cft_buf_adds(out, value.boolean ? "true" : "false");
		return;
	case CFT_SETTING_INT:
	case CFT_SETTING_BYTES:
	case CFT_SETTING_DURATION:
		cft_setting_quantity(row, value.number, out);
		return;
	case CFT_SETTING_ENUM:
		cft_buf_adds(out, row->choices[value.choice]);
		return;
	case CFT_SETTING_LIST:
		for (size_t i = 0; i < value.list.n; i++)
			cft_buf_addf(out, "%s%s", i ? ", " : "", value.list.v[i].text);
		return;
	case CFT_SETTING_SECTION:
		cft_buf_adds(out, value.section ? "(given)" : "");
		return;
	}
}

const char *cft_setting_unit(const struct cft_setting *row, struct cft_arena *arena)
{
	static const char *const words[] = {
		[CFT_SETTING_STRING] = "TEXT", [CFT_SETTING_BOOL] = "",
		[CFT_SETTING_INT] = "N",       [CFT_SETTING_DURATION] = "TIME",
		[CFT_SETTING_BYTES] = "SIZE",  [CFT_SETTING_ADDRESS] = "HOST:PORT",
		[CFT_SETTING_PATH] = "PATH",   [CFT_SETTING_ENUM] = "",
		[CFT_SETTING_LIST] = "A,B,…",  [CFT_SETTING_SECTION] = "",
	};
	const char *joined = "";

	if (row->unit)
		return row->unit;
	if (row->type != CFT_SETTING_ENUM)
		return words[row->type];
	for (size_t i = 0; row->choices[i]; i++)
		joined = cft_arena_printf(arena, "%s%s%s", joined, i ? "|" : "", row->choices[i]);
	return joined;
}
