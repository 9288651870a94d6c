/* Filter: which changes a watcher wants: by agent, table and kind.
 * SPDX-License-Identifier: MIT
 *
 * Pure. An empty list lets everything through. Lists are borrowed.
 */
#ifndef CFT_SERVICES_FILTER_H
#define CFT_SERVICES_FILTER_H

#include "server/core/event.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_filter {
	struct cft_strings agents; /* of an intent, or of either side of a conflict */
	struct cft_strings tables; /* "users" and "public.users" are the same */
	struct cft_strings kinds;  /* "intent.registered", or a prefix that ends in a dot */
};

bool cft_filter_is_empty(const struct cft_filter *filter);
bool cft_filter_passes(const struct cft_filter *filter, const struct cft_change *change);

#ifdef __cplusplus
}
#endif

#endif
