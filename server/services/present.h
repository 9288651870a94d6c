/* Present: records as answers show them, with what follows from the state at that moment.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only; messages live in the arena and borrow from the state: pack them before the
 * callback that lent the state returns.
 */
#ifndef CFT_SERVICES_PRESENT_H
#define CFT_SERVICES_PRESENT_H

#include "server/services/service.h"

struct cft_view {
	const struct cft_coordination *coordination;
	struct cft_arena *arena;
	const char *project;
	const struct cft_state *state;
	int64_t now_us;
};

/* The base schema and its age; NULL where none is set. All of it is in the arena. */
Confiture__V1__BaseSchema *cft_show_base(const struct cft_view *view);
/* Blocked, stale, lease and conflicts_with are added. */
Confiture__V1__Intent *cft_show_intent(const struct cft_view *view,
                                       const struct cft_intent *intent);
/* The severity as it counts now; awaiting_merge is added. */
Confiture__V1__Conflict *cft_show_conflict(const struct cft_view *view,
                                           const struct cft_conflict *conflict);
Confiture__V1__Conflict **cft_show_conflicts(const struct cft_view *view,
                                             const struct cft_conflict_list *list);
/* Appends what the subject names and nobody has; NULL is fine. */
void cft_add_missing(const struct cft_view *view, const struct cft_intent *subject,
                     struct cft_conflict_list *list);
/* The open conflicts of one intent, and what it names and nobody has. */
Confiture__V1__Conflict **cft_show_conflicts_of(const struct cft_view *view, const char *intent_id,
                                                size_t *ret_n);

#endif
