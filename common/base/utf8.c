/* UTF-8: validation and terminal width.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/utf8.h"

#include <string.h>

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	if (first >= 0xF0 && first <= 0xF4)
		return 4;
	return 0;
}

static bool well_formed(uint32_t cp, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	return cp >= least[len] && cp <= 0x10FFFF && !(cp >= 0xD800 && cp <= 0xDFFF);
}

size_t cft_utf8_decode(const char *s, size_t len, uint32_t *ret_cp)
{
	static const unsigned char first_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	const unsigned char *u = (const unsigned char *)s;
	size_t need = len ? sequence_length(u[0]) : 0;

	if (need == 0 || need > len)
		return 0;
	uint32_t cp = u[0] & first_mask[need];
	for (size_t i = 1; i < need; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3F);
	}
	if (!well_formed(cp, need))
		return 0;
	*ret_cp = cp;
	return need;
}

/* Most of all texts: one comparison, NUL left out. */
static bool is_ascii(char c)
{
	return (signed char)c > 0;
}

bool cft_utf8_valid(const char *s, size_t len, size_t *ret_offset)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		if (is_ascii(s[i])) {
			i++;
			continue;
		}
		size_t n = cft_utf8_decode(s + i, len - i, &cp);
		if (n == 0 || cp == 0) {
			if (ret_offset)
				*ret_offset = i;
			return false;
		}
		i += n;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

/* wcwidth() needs a UTF-8 locale, which CI jobs and containers often lack: the wide and zero-width
 * blocks that terminals agree on, from Unicode 15's EastAsianWidth and emoji-data. */
static const struct range wide[] = {
	{0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
	{0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},
	{0x267F, 0x267F},   {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},
	{0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x26CE, 0x26CE},   {0x26D4, 0x26D4},
	{0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},   {0x26FA, 0x26FA},
	{0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
	{0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},
	{0x2795, 0x2797},   {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
	{0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
	{0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
	{0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335},
	{0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3},
	{0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440},
	{0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567},
	{0x1F57A, 0x1F57A}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F},
	{0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6DF},
	{0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1FAFF},
	{0x20000, 0x3FFFD},
};

static const struct range narrowless[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x0300, 0x036F},
	{0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
	{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20F0},
	{0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

static bool in_ranges(uint32_t cp, const struct range *ranges, size_t n)
{
	for (size_t lo = 0, hi = n; lo < hi;) {
		size_t mid = (lo + hi) / 2;
		if (cp < ranges[mid].first)
			hi = mid;
		else if (cp > ranges[mid].last)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static size_t width_of(uint32_t cp)
{
	if (in_ranges(cp, narrowless, sizeof(narrowless) / sizeof(narrowless[0])))
		return 0;
	return in_ranges(cp, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

static size_t step(const char *s, size_t len, size_t *ret_width)
{
	uint32_t cp = 0;
	size_t n = cft_utf8_decode(s, len, &cp);

	*ret_width = n ? width_of(cp) : 1;
	return n ? n : 1;
}

bool cft_utf8_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

bool cft_utf8_has_control(const char *s)
{
	size_t len = strlen(s);
	uint32_t cp = 0;

	for (size_t n; len > 0 && (n = cft_utf8_decode(s, len, &cp)) > 0; s += n, len -= n)
		if (cft_utf8_is_control(cp))
			return true;
	return false;
}

size_t cft_utf8_clip(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xC0) == 0x80)
		max--;
	return max;
}

size_t cft_utf8_width(const char *s)
{
	size_t columns = 0, len = strlen(s);

	for (size_t i = 0, w; i < len;) {
		i += step(s + i, len - i, &w);
		columns += w;
	}
	return columns;
}

size_t cft_utf8_fit(const char *s, size_t columns)
{
	size_t i = 0, used = 0, len = strlen(s), w;

	while (i < len) {
		size_t n = step(s + i, len - i, &w);
		if (used + w > columns)
			break;
		used += w;
		i += n;
	}
	return i;
}
