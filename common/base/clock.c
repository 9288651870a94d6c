/* Time: clocks and RFC 3339 text.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"

#include "common/base/err.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t cft_clock_wall_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t cft_clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t cft_clock_cpu_us(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

const char *cft_time_format(int64_t wall_us, char out[CFT_TIME_TEXT])
{
	int64_t micros = wall_us % 1000000;
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (micros < 0) {
		micros += 1000000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	size_t n = strftime(out, CFT_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CFT_TIME_TEXT - n, ".%06dZ", (int)micros);
	return out;
}

int cft_time_parse(const char *text, int64_t *ret_wall_us)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t micros = 0;

	if (!rest)
		return CFT_E_INVALID;
	if (*rest == '.') {
		int64_t unit = 100000;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			micros += (*rest - '0') * unit;
	}
	if (strcmp(rest, "Z") != 0)
		return CFT_E_INVALID;
	*ret_wall_us = (int64_t)timegm(&tm) * 1000000 + micros;
	return 0;
}

const char *cft_duration_format(int64_t us, char out[CFT_TIME_TEXT])
{
	int64_t s = us / 1000000;

	if (us < 1000)
		snprintf(out, CFT_TIME_TEXT, "%" PRId64 " us", us);
	else if (s < 1)
		snprintf(out, CFT_TIME_TEXT, "%" PRId64 " ms", us / 1000);
	else if (s < 60)
		snprintf(out, CFT_TIME_TEXT, "%.1f s", (double)us / 1e6);
	else if (s < 3600)
		snprintf(out, CFT_TIME_TEXT, "%" PRId64 " min %02d s", s / 60, (int)(s % 60));
	else if (s < 172800)
		snprintf(out, CFT_TIME_TEXT, "%" PRId64 " h %02d min", s / 3600,
		         (int)(s / 60 % 60));
	else
		snprintf(out, CFT_TIME_TEXT, "%" PRId64 " d %d h", s / 86400, (int)(s / 3600 % 24));
	return out;
}

static const struct {
	const char *suffix;
	double us;
} units[] = {{"", 1e6},  {"us", 1},    {"ms", 1e3},  {"s", 1e6},
             {"m", 6e7}, {"min", 6e7}, {"h", 3.6e9}, {"d", 8.64e10}};

int cft_duration_parse(const char *text, int64_t *ret_us)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || !isfinite(number) || number < 0)
		return CFT_E_INVALID;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (number * units[i].us > 9e18)
			return CFT_E_INVALID;
		*ret_us = (int64_t)(number * units[i].us);
		return 0;
	}
	return CFT_E_INVALID;
}
