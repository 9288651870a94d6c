/* Canon of interval literals: '1 YEAR', '24:00:00', INTERVAL '90' MINUTE.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/canon_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct interval {
	long long months, days, microseconds;
};

static const struct {
	const char *word; /* plurals too */
	long long months, days, microseconds;
} units[] = {
	{"year", 12, 0, 0},         {"month", 1, 0, 0},      {"mon", 1, 0, 0},
	{"week", 0, 7, 0},          {"day", 0, 1, 0},        {"hour", 0, 0, 3600000000},
	{"minute", 0, 0, 60000000}, {"min", 0, 0, 60000000}, {"second", 0, 0, 1000000},
	{"sec", 0, 0, 1000000},
};

/* The fields of INTERVAL '90' MINUTE, as PostgreSQL's bits say them. */
static const char *field_unit(const PgQuery__TypeName *type)
{
	static const struct {
		int bit;
		const char *word;
	} fields[] = {{1 << 2, "year"},  {1 << 1, "month"},   {1 << 3, "day"},
	              {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}};
	const PgQuery__Node *mod = type->n_typmods ? type->typmods[0] : NULL;

	if (mod == NULL || mod->node_case != PG_QUERY__NODE__NODE_A_CONST ||
	    mod->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
		return NULL;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (mod->a_const->ival->ival == fields[i].bit)
			return fields[i].word;
	return NULL;
}

static bool add_unit(struct interval *v, long long n, const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t k = strlen(units[i].word);
		bool plural = len == k + 1 && (word[k] == 's' || word[k] == 'S');
		if ((len != k && !plural) || strncasecmp(word, units[i].word, k) != 0)
			continue;
		v->months += n * units[i].months;
		v->days += n * units[i].days;
		v->microseconds += n * units[i].microseconds;
		return true;
	}
	return false;
}

/* ":MM" or ":MM:SS" after the hours. */
static bool add_clock(struct interval *v, long long hours, const char **p)
{
	char *end;
	long long minutes = strtoll(*p + 1, &end, 10), seconds = 0;

	if (*end == ':')
		seconds = strtoll(end + 1, &end, 10);
	if (*end == '.')
		return false;
	*p = end;
	v->microseconds += (hours * 3600 + minutes * 60 + seconds) * 1000000;
	return true;
}

static bool read_part(struct interval *v, const char **p, const char *unit)
{
	char *end;
	long long n = strtoll(*p, &end, 10);

	if (end == *p || *end == '.')
		return false;
	*p = end;
	if (*end == ':')
		return add_clock(v, n, p);
	*p += strspn(*p, " ");
	size_t len = 0;
	while (isalpha((unsigned char)(*p)[len]))
		len++;
	bool good = len > 0        ? add_unit(v, n, *p, len)
	            : unit != NULL ? add_unit(v, n, unit, strlen(unit))
	                           : false;
	*p += len;
	return good;
}

static void put_count(struct cft_buf *out, long long n, const char *word)
{
	if (n != 0)
		cft_buf_addf(out, "%lld %s%s ", n, word, n == 1 ? "" : "s");
}

/* As PostgreSQL prints it, so that a literal without a cast is the same. */
static void put_interval(struct cft_buf *out, const struct interval *v)
{
	long long seconds = v->microseconds / 1000000;

	cft_buf_addc(out, '\'');
	put_count(out, v->months / 12, "year");
	put_count(out, v->months % 12, "mon");
	put_count(out, v->days, "day");
	if (seconds != 0 || (v->months == 0 && v->days == 0))
		cft_buf_addf(out, "%02lld:%02lld:%02lld ", seconds / 3600, seconds / 60 % 60,
		             seconds % 60);
	out->data[out->len - 1] = '\'';
}

bool cft_canon_interval(struct cft_canon *c, const char *text, const PgQuery__TypeName *type)
{
	const char *unit = field_unit(type), *p = text + strspn(text, " ");
	struct interval v = {0};

	if (type->n_typmods > 0 && unit == NULL)
		return false;
	while (*p != '\0') {
		if (!read_part(&v, &p, unit))
			return false;
		p += strspn(p, " ");
	}
	if (v.months < 0 || v.days < 0 || v.microseconds < 0)
		return false;
	put_interval(c->out, &v);
	return true;
}
