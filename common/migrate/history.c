/* History: what a database's tracking table says, as data.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/history.h"

#include "common/migrate/version.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
	[CFT_MIG_APPLIED] = "applied",
	[CFT_MIG_BASELINE] = "baseline",
	[CFT_MIG_APPLYING] = "applying",
	[CFT_MIG_REVERTING] = "reverting",
};

const char *cft_mig_state_name(enum cft_mig_state state)
{
	return state_names[state];
}

bool cft_mig_state_parse(const char *word, enum cft_mig_state *ret)
{
	for (int i = CFT_MIG_APPLIED; i <= CFT_MIG_REVERTING; i++) {
		if (strcmp(word, state_names[i]) == 0) {
			*ret = (enum cft_mig_state)i;
			return true;
		}
	}
	return false;
}

bool cft_mig_state_unfinished(enum cft_mig_state state)
{
	return state == CFT_MIG_APPLYING || state == CFT_MIG_REVERTING;
}

static int by_version(const void *a, const void *b)
{
	const struct cft_mig_entry *ea = a, *eb = b;

	return cft_mig_version_cmp(ea->version, eb->version);
}

void cft_mig_history_sort(struct cft_mig_history *history)
{
	if (history->entries.n)
		qsort(history->entries.v, history->entries.n, sizeof(*history->entries.v),
		      by_version);
}

const struct cft_mig_entry *cft_mig_history_find(const struct cft_mig_history *history,
                                                 const char *version)
{
	CFT_VEC_EACH (struct cft_mig_entry, entry, &history->entries)
		if (cft_mig_version_cmp(entry->version, version) == 0)
			return entry;
	return NULL;
}

const struct cft_mig_entry *cft_mig_history_unfinished(const struct cft_mig_history *history)
{
	CFT_VEC_EACH (struct cft_mig_entry, entry, &history->entries)
		if (cft_mig_state_unfinished(entry->state))
			return entry;
	return NULL;
}

const char *cft_mig_history_current(const struct cft_mig_history *history)
{
	const char *current = NULL;

	CFT_VEC_EACH (struct cft_mig_entry, entry, &history->entries)
		if (!cft_mig_state_unfinished(entry->state))
			current = entry->version;
	return current;
}
