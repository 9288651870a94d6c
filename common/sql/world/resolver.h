/* Resolver: one statement's references while they are resolved. Private to this module.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_WORLD_RESOLVER_H
#define CFT_SQL_WORLD_RESOLVER_H

#include "common/sql/world/world.h"

enum { MAX_SCOPES = 64, MAX_RANGE = 128 };

struct range_item {
	uint16_t scope;
	int rel; /* -1: derived */
	const char *alias;
	bool qualified; /* only meant where the alias is written */
};

struct resolver {
	struct world *w;
	const struct cft_effect *e;
	int obj;
	const char *tag;
	struct range_item items[MAX_RANGE];
	size_t n_items;
	uint16_t outer[MAX_SCOPES];
	bool quiet; /* run-time check: nothing is assumed, nothing fails */
};

/* What is not there is no error: it may be there, or the statement does without. */
bool resolver_is_soft(const struct cft_ref *ref);
/* The object of the statement depends on `target` from now on, unless it is only looked at. */
void resolver_depend(struct resolver *r, int target, const struct cft_ref *ref);

/* A reference to a key of a relation of its scope: of a foreign key, ON CONFLICT, or GROUP BY. */
enum world_code resolver_key(struct resolver *r, const struct cft_ref *ref);
/* That key, or -1. */
int resolver_find_key(const struct resolver *r, const struct cft_ref *ref);

#endif
