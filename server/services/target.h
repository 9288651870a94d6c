/* Target: a database that the operator lets agents migrate.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVICES_TARGET_H
#define CFT_SERVICES_TARGET_H

#include "server/auth/matrix.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_apply_policy {
	CFT_APPLY_FREE = 1,
	CFT_APPLY_INTENT,   /* COMPLETED, without a blocking conflict */
	CFT_APPLY_APPROVAL, /* and approved by somebody else than its author */
};

struct cft_target {
	const char *name, *project;
	const char *url;   /* secret */
	const char *shown; /* of the URL: no user, no password */
	const char *description, *table;
	enum cft_apply_policy policy;
	const char *const *agents; /* whose applies and rollbacks; none: everybody's */
	size_t n_agents;
	const char *const *approvers; /* whose approval counts; none: everybody else's */
	size_t n_approvers;
	enum cft_role apply_role, rollback_role; /* the least; the guard asks for it */
	int64_t lock_timeout_ms, statement_timeout_ms;
};

struct cft_targets {
	const struct cft_target *v;
	size_t n;
};

#ifdef __cplusplus
}
#endif

#endif
