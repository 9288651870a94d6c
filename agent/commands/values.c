/* Values: typed options, and the functions by which commands read them.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/parse.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/suggest.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_FILE_LIMIT_BYTES = 16 * 1024 * 1024 };

static int bad_value(const struct cft_option_value *value, struct cft_err *err, const char *why)
{
	return cft_fail(err, CFT_E_INVALID, "--%s: %s: \"%.200s\"", value->opt->name, why,
	                value->text);
}

static bool limited(const struct cft_opt *opt)
{
	return opt->min != 0 || opt->max != 0;
}

static int out_of_range(const struct cft_option_value *value, const char *unit, struct cft_err *err)
{
	return cft_fail(err, CFT_E_INVALID, "--%s must be from %lld to %lld%s, not %.40s",
	                value->opt->name, (long long)value->opt->min, (long long)value->opt->max,
	                unit, value->text);
}

static int to_int(struct cft_option_value *value, struct cft_err *err)
{
	char *end;

	errno = 0;
	long long number = strtoll(value->text, &end, 10);
	if (end == value->text || *end || isspace((unsigned char)value->text[0]))
		return bad_value(value, err, "not a whole number");
	if (errno == ERANGE ||
	    (limited(value->opt) && (number < value->opt->min || number > value->opt->max)))
		return out_of_range(value, "", err);
	value->number = number;
	return 0;
}

static int to_number(struct cft_option_value *value, struct cft_err *err)
{
	char *end;
	double real = strtod(value->text, &end);

	if (end == value->text || *end || !isfinite(real))
		return bad_value(value, err, "not a number");
	if (limited(value->opt) &&
	    (real < (double)value->opt->min || real > (double)value->opt->max))
		return out_of_range(value, "", err);
	value->real = real;
	return 0;
}

static int to_duration(struct cft_option_value *value, struct cft_err *err)
{
	if (cft_duration_parse(value->text, &value->number) != 0)
		return bad_value(value, err, "not a time such as 500ms, 30s, 15m, 2h or 7d");
	int64_t ms = value->number / 1000;
	if (limited(value->opt) && (ms < value->opt->min || ms > value->opt->max))
		return out_of_range(value, " milliseconds", err);
	return 0;
}

static int to_choice(struct cft_option_value *value, struct cft_err *err)
{
	const char *const *choices = value->opt->choices;
	struct cft_buf all = CFT_BUF_INIT;
	size_t n = 0;

	for (; choices[n]; n++) {
		if (strcasecmp(choices[n], value->text) == 0) {
			value->number = (int64_t)n;
			value->text = choices[n];
			cft_buf_release(&all);
			return 0;
		}
		cft_buf_addf(&all, "%s%s", n ? ", " : "", choices[n]);
	}
	cft_fail(err, CFT_E_INVALID, "--%s must be one of %s, not \"%.100s\"", value->opt->name,
	         cft_buf_str(&all), value->text);
	const char *near = cft_suggest(value->text, choices, n);
	if (near)
		cft_err_hint(err, "Did you mean %s?", near);
	cft_buf_release(&all);
	return CFT_E_INVALID;
}

static int to_json(struct cft_option_value *value, struct cft_err *err)
{
	char place[80];

	snprintf(place, sizeof(place), "--%s", value->opt->name);
	value->json = cft_json_parse(value->text, strlen(value->text), err);
	if (!value->json) {
		cft_err_at(err, place, err ? err->line : 0, err ? err->column : 0);
		return CFT_E_INVALID;
	}
	if (!json_is_object(value->json))
		return cft_fail_reason(err, CFT_E_INVALID, "INVALID_JSON",
		                       "%s must be a JSON object, such as {\"ticket\": 42}", place);
	return 0;
}

/* The path that the value names, or NULL if it is the text itself. SQL has blanks; a bare word that
 * ends in .sql can only be meant as a file. */
static const char *text_path(const char *text)
{
	size_t len = strlen(text);

	if (text[0] == '@' && text[1])
		return text + 1;
	if (strcmp(text, "-") == 0)
		return text;
	if (len > 4 && strcasecmp(text + len - 4, ".sql") == 0 && !strpbrk(text, "\n;"))
		return text;
	return NULL;
}

static int to_text(struct cft_arena *arena, struct cft_option_value *value, struct cft_err *err)
{
	struct cft_buf content = CFT_BUF_INIT;
	const char *path = text_path(value->text);

	if (!path)
		return 0;
	int rc = cft_file_read(path, TEXT_FILE_LIMIT_BYTES, &content, err);
	if (rc == 0 && content.data && strlen(content.data) != content.len) {
		rc = cft_fail_reason(err, CFT_E_INVALID, "NUL_BYTE", "it holds a NUL byte");
		cft_err_at(err, path, 0, 0);
	}
	if (rc == 0) {
		value->file = path;
		value->text = cft_arena_strndup(arena, cft_buf_str(&content), content.len);
	} else {
		cft_err_prefix(err, "--%s", value->opt->name);
	}
	cft_buf_release(&content);
	return rc;
}

int cft_value_convert(struct cft_arena *arena, struct cft_option_value *value, struct cft_err *err)
{
	if (!value->text)
		return 0;
	switch (value->opt->type) {
	case CFT_OPT_FLAG:
	case CFT_OPT_STRING:
	case CFT_OPT_LIST:
	case CFT_OPT_PATH:
		return 0;
	case CFT_OPT_INT:
		return to_int(value, err);
	case CFT_OPT_NUMBER:
		return to_number(value, err);
	case CFT_OPT_DURATION:
		return to_duration(value, err);
	case CFT_OPT_ENUM:
		return to_choice(value, err);
	case CFT_OPT_JSON:
		return to_json(value, err);
	case CFT_OPT_TEXT:
		return to_text(arena, value, err);
	}
	return 0;
}

static const struct cft_option_value *look_up(const struct cft_cmd *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->nvalues; i++)
		if (strcmp(cmd->values[i].opt->name, name) == 0)
			return &cmd->values[i];
	return NULL;
}

static const struct cft_option_value *find_value(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = look_up(cmd, name);

	assert(value && "option of this command");
	return value;
}

bool cft_cmd_knows(const struct cft_cmd *cmd, const char *name)
{
	return look_up(cmd, name) != NULL;
}

bool cft_cmd_has(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	return value->typed || value->text;
}

bool cft_cmd_typed(const struct cft_cmd *cmd, const char *name)
{
	return find_value(cmd, name)->typed;
}

bool cft_cmd_flag(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_FLAG);
	return value->number != 0;
}

const char *cft_cmd_str(const struct cft_cmd *cmd, const char *name)
{
	return find_value(cmd, name)->text;
}

struct cft_words cft_cmd_list(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_LIST);
	return (struct cft_words){value->words.v, value->words.n};
}

int64_t cft_cmd_int(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_INT);
	return value->number;
}

double cft_cmd_number(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_NUMBER);
	return value->real;
}

int64_t cft_cmd_duration_us(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_DURATION);
	return value->number;
}

int cft_cmd_choice(const struct cft_cmd *cmd, const char *name)
{
	const struct cft_option_value *value = find_value(cmd, name);

	assert(value->opt->type == CFT_OPT_ENUM);
	return value->text ? (int)value->number : -1;
}

const json_t *cft_cmd_json(const struct cft_cmd *cmd, const char *name)
{
	return find_value(cmd, name)->json;
}

const char *cft_cmd_text_file(const struct cft_cmd *cmd, const char *name)
{
	return find_value(cmd, name)->file;
}
