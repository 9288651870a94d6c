/* Severity: how grave conflicts are now, for the rules of blocking.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CORE_SEVERITY_H
#define CFT_CORE_SEVERITY_H

#include "server/core/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With the sides given; NULL is a side that is not registered, and softens nothing. */
int cft_severity_between(const struct cft_state *state, const struct cft_conflict *conflict,
                         const struct cft_intent *a, const struct cft_intent *b, int64_t now_us);
/* The gravest open conflict of an intent, taken as fresh itself: a stale intent blocks nobody, but
 * is blocked by others when it is started. `in_order` leaves out those with intents that were
 * registered later and have not begun. *ret_worst is set where there is one. */
int cft_worst_severity(const struct cft_state *state, const struct cft_intent *intent,
                       bool in_order, int64_t now_us, const struct cft_conflict **ret_worst);

#ifdef __cplusplus
}
#endif

#endif
