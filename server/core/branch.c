/* Branch: names for the branches of intents, none of them twice.
 * SPDX-License-Identifier: MIT
 *
 * "feature/<slug>_<number>": numbers of a slug grow from 1. The number is what follows the last
 * underscore, so that two slugs never make the same name.
 */
#include "server/core/machine.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

enum { SLUG_BYTES = 48 };

#define PREFIX "feature/"

static bool is_word(unsigned char c)
{
	return c < 0x80 && isalnum(c);
}

char *cft_branch_slug(struct cft_arena *arena, const char *feature_name)
{
	char *slug = cft_arena_alloc(arena, SLUG_BYTES + 1);
	size_t n = 0;

	for (const unsigned char *s = (const unsigned char *)feature_name; *s && n < SLUG_BYTES;
	     s++) {
		if (is_word(*s))
			slug[n++] = (char)tolower(*s);
		else if (n > 0 && slug[n - 1] != '_')
			slug[n++] = '_';
	}
	while (n > 0 && slug[n - 1] == '_')
		n--;
	slug[n] = '\0';
	return n > 0 ? slug : cft_arena_strdup(arena, "change");
}

static struct cft_branch *find(const struct cft_state *state, const char *slug, size_t len)
{
	struct cft_branch *branch;

	HASH_FIND(hh, state->branches, slug, len, branch);
	return branch;
}

const char *cft_branch_next(const struct cft_state *state, const char *feature_name,
                            struct cft_arena *arena)
{
	const char *slug = cft_branch_slug(arena, feature_name);
	const struct cft_branch *branch = find(state, slug, strlen(slug));

	return cft_arena_printf(arena, PREFIX "%s_%03u", slug, branch ? branch->last + 1 : 1);
}

/* Splits a branch name of ours; false for any other text. */
static bool split(const char *name, const char **ret_slug, size_t *ret_len, unsigned *ret_number)
{
	size_t skip = strlen(PREFIX);
	const char *cut = strrchr(name, '_');

	if (strncmp(name, PREFIX, skip) != 0 || !cut || cut <= name + skip)
		return false;
	unsigned long number = strtoul(cut + 1, NULL, 10);
	if (number == 0 || number >= UINT32_MAX)
		return false;
	*ret_slug = name + skip;
	*ret_len = (size_t)(cut - name) - skip;
	*ret_number = (unsigned)number;
	return true;
}

static struct cft_branch *need(struct cft_state *state, const char *slug, size_t len)
{
	struct cft_branch *branch = find(state, slug, len);

	if (branch)
		return branch;
	branch = cft_calloc(1, sizeof(*branch) + len + 1);
	memcpy(branch->slug, slug, len);
	HASH_ADD_KEYPTR(hh, state->branches, branch->slug, len, branch);
	return branch;
}

void cft_branch_take(struct cft_state *state, const char *branch_name)
{
	const char *slug;
	size_t len;
	unsigned number;

	if (!split(branch_name, &slug, &len, &number))
		return;
	struct cft_branch *branch = need(state, slug, len);
	if (branch->last < number)
		branch->last = number;
}

void cft_branch_untake(struct cft_state *state, const char *branch_name)
{
	const char *slug;
	size_t len;
	unsigned number;

	if (!split(branch_name, &slug, &len, &number))
		return;
	struct cft_branch *branch = find(state, slug, len);
	assert(branch && branch->last == number);
	if (--branch->last > 0)
		return;
	HASH_DEL(state->branches, branch);
	free(branch);
}
