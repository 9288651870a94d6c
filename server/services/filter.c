/* Filter: matching one change.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/filter.h"

#include "server/core/tables.h"

#include <string.h>

bool cft_filter_is_empty(const struct cft_filter *filter)
{
	return filter->agents.n == 0 && filter->tables.n == 0 && filter->kinds.n == 0;
}

static bool kind_passes(const struct cft_strings *kinds, const char *kind)
{
	for (size_t i = 0; i < kinds->n; i++) {
		size_t len = strlen(kinds->v[i]);
		bool prefix = len && kinds->v[i][len - 1] == '.';

		if (prefix ? strncmp(kind, kinds->v[i], len) == 0 : strcmp(kind, kinds->v[i]) == 0)
			return true;
	}
	return kinds->n == 0;
}

static bool agent_passes(const struct cft_strings *agents, const struct cft_change *change)
{
	for (size_t i = 0; i < agents->n; i++) {
		if (cft_change_concerns(change, agents->v[i]))
			return true;
	}
	return agents->n == 0;
}

static bool intent_touches(const struct cft_intent *intent, const char *table)
{
	for (size_t i = 0; i < intent->tables_affected.n; i++) {
		if (strcmp(cft_table_plain(intent->tables_affected.v[i]), table) == 0)
			return true;
	}
	return false;
}

/* "column public.users.email" and "table users" touch users. */
static bool object_touches(const char *object, const char *table)
{
	const char *space = strrchr(object, ' ');
	const char *name = cft_table_plain(space ? space + 1 : object);
	size_t len = strlen(table);

	return strncmp(name, table, len) == 0 && (name[len] == '\0' || name[len] == '.');
}

static bool conflict_touches(const struct cft_conflict *conflict, const char *table)
{
	for (size_t i = 0; i < conflict->objects.n; i++) {
		if (object_touches(conflict->objects.v[i], table))
			return true;
	}
	return false;
}

static bool table_passes(const struct cft_strings *tables, const struct cft_change *change)
{
	for (size_t i = 0; i < tables->n; i++) {
		const char *table = cft_table_plain(tables->v[i]);

		if (change->intent && intent_touches(change->intent, table))
			return true;
		if (change->conflict && conflict_touches(change->conflict, table))
			return true;
	}
	return tables->n == 0;
}

bool cft_filter_passes(const struct cft_filter *filter, const struct cft_change *change)
{
	return kind_passes(&filter->kinds, cft_change_kind_name(change->kind)) &&
	       agent_passes(&filter->agents, change) && table_passes(&filter->tables, change);
}
