/* Versions and names of migrations.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/version.h"

#include "common/base/buf.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *significant(const char *version)
{
	while (version[0] == '0' && version[1])
		version++;
	return version;
}

bool cft_mig_version_valid(const char *version)
{
	size_t len = strspn(version, "0123456789");

	return len > 0 && len <= CFT_MIG_VERSION_MAX && version[len] == '\0';
}

bool cft_mig_version_is_timestamp(const char *version)
{
	return strlen(version) >= CFT_MIG_TIMESTAMP_DIGITS - 2 && version[0] != '0';
}

int cft_mig_version_cmp(const char *a, const char *b)
{
	a = significant(a);
	b = significant(b);
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return strcmp(a, b);
}

const char *cft_mig_version_next(struct cft_arena *arena, const char *last)
{
	if (!last)
		return "001";
	assert(cft_mig_version_valid(last));
	size_t len = strlen(last);
	char *next = cft_arena_alloc(arena, len + 2);

	next[0] = '0';
	memcpy(next + 1, last, len + 1);
	size_t at = len;
	while (next[at] == '9')
		next[at--] = '0';
	next[at]++;
	return next[0] == '0' ? next + 1 : next;
}

const char *cft_mig_version_timestamp(struct cft_arena *arena, int64_t wall_us, const char *last)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm);
	if (last && cft_mig_version_cmp(text, last) <= 0)
		return cft_mig_version_next(arena, last);
	return cft_arena_strdup(arena, text);
}

long cft_mig_version_gap(const char *before, const char *after)
{
	if (strlen(significant(after)) > 9)
		return -1;
	return strtol(after, NULL, 10) - strtol(before, NULL, 10) - 1;
}

bool cft_mig_name_valid(const char *name)
{
	size_t len = 0;

	while (is_word(name[len]) || name[len] == '-')
		len++;
	return len > 0 && len <= CFT_MIG_NAME_MAX && name[len] == '\0';
}

int cft_mig_name_slug(struct cft_arena *arena, const char *text, const char **ret_name,
                      struct cft_err *err)
{
	char slug[CFT_MIG_NAME_MAX + 1];
	size_t len = 0;

	for (; *text && len < CFT_MIG_NAME_MAX; text++) {
		if (is_word(*text) && *text != '_')
			slug[len++] = (char)tolower((unsigned char)*text);
		else if (len > 0 && slug[len - 1] != '_')
			slug[len++] = '_';
	}
	while (len > 0 && slug[len - 1] == '_')
		len--;
	if (len == 0) {
		cft_fail_reason(err, CFT_E_INVALID, "INVALID_MIGRATION_NAME",
		                "a migration needs a name of letters and digits");
		return cft_err_hint(err, "for example: confiture migrate generate add_user_bio");
	}
	*ret_name = cft_arena_strndup(arena, slug, len);
	return 0;
}

const char *cft_mig_name_class(struct cft_arena *arena, const char *name)
{
	char *out = cft_arena_alloc(arena, strlen(name) + 2), *to = out;
	bool upper = true;

	if (is_digit(name[0]))
		*to++ = 'M';
	for (; *name; name++) {
		if (*name == '_' || *name == '-') {
			upper = true;
			continue;
		}
		*to++ = (char)(upper ? toupper((unsigned char)*name) : *name);
		upper = false;
	}
	return out;
}
