/* Suggest: edit distance over short names.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 64 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t cft_edit_distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b);
	size_t cost[3][LONGEST + 1];

	if (rows > LONGEST || columns > LONGEST)
		return rows > columns ? rows : columns;
	for (size_t j = 0; j <= columns; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t *row = cost[i % 3], *above = cost[(i + 2) % 3], *above2 = cost[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			size_t replace = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
			row[j] = smaller(replace, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = smaller(row[j], above2[j - 2] + 1);
		}
	}
	return cost[rows % 3][columns];
}

/* "stat" for status, "environment" for env. */
static bool shares_start(const char *word, const char *name)
{
	size_t len = smaller(strlen(word), strlen(name));

	return len >= 3 && strncasecmp(word, name, len) == 0;
}

const char *cft_suggest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	size_t allowed = len / 3 > 1 ? len / 3 : 1;
	const char *best = NULL, *longer = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!names[i])
			continue;
		size_t distance = cft_edit_distance(word, names[i]);
		if (distance <= allowed && distance < len) {
			best = names[i];
			allowed = distance ? distance - 1 : 0;
			if (distance == 0)
				break;
		}
		if (!longer && shares_start(word, names[i]))
			longer = names[i];
	}
	return best ? best : longer;
}
