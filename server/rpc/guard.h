/* Guard: who calls, and whether they may: the gate in front of the handlers.
 * SPDX-License-Identifier: MIT
 *
 * A caller is known by its bearer token, else by a name in its client certificate. What it may do
 * is the table in server/auth/matrix.h. The fields `project`, `agent_id` and `force` are found in
 * any request by their names, so a new service needs rows in the table and nothing else; `target`
 * likewise, for the role that a target asks for. An
 * agent_id that is left out becomes the credential's.
 *
 * Without `required`, a caller that shows nothing is an operator: that is for loopback alone. A
 * credential that is shown always counts, and a bad one is refused.
 *
 * Loop thread. Credentials come from the database through `refresh`; a key that is not known yet
 * is asked for at once, and then once a second whether anything changed. A stream whose credential
 * ends is broken off within that second.
 */
#ifndef CFT_SERVER_RPC_GUARD_H
#define CFT_SERVER_RPC_GUARD_H

#include "server/auth/credentials.h"
#include "server/metrics/metrics.h"
#include "server/rpc/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_guard;

struct cft_guard_options {
	struct cft_loop *loop;
	bool required;
	/* Asks for the credentials if they are not at `version` (0: none yet). Answered later,
	 * once, with cft_guard_refreshed. */
	void (*refresh)(void *ctx, struct cft_guard *guard, int64_t version);
	void *ctx;
	/* The least role that an RPC takes on the target that its request names; CFT_ROLE_NONE: no
	 * more than its row of the table says. NULL: there are no targets. */
	enum cft_role (*target_role)(const void *targets, const char *project, const char *target,
	                             const char *rpc);
	const void *targets;
	struct cft_metrics *metrics;     /* may be NULL */
	int64_t max_requests_per_second; /* of one credential; twice that at once; 0 = no limit */
	int64_t max_streams;             /* and long polls, of one credential; 0 = no limit */
	int64_t max_memory_bytes;        /* of the process, for new calls; 0 = no limit */
};

extern const struct cft_rpc_gate cft_guard_gate; /* its ctx is the guard */

struct cft_guard *cft_guard_new(const struct cft_guard_options *options);
/* Before what `refresh` asks goes away: nothing is asked any more. */
void cft_guard_detach(struct cft_guard *guard);
/* After the server has stopped. NULL is fine. */
void cft_guard_free(struct cft_guard *guard);

/* The answer to `refresh`. `err`: the database does not answer. `credentials` NULL: nothing
 * changed; else they are taken over. */
void cft_guard_refreshed(struct cft_guard *guard, int64_t version,
                         struct cft_credentials *takes_credentials, const struct cft_err *err);

/* The id of the call's credential, for the log; "" without one. */
const char *cft_guard_credential(const struct cft_rpc_call *call);

#ifdef __cplusplus
}
#endif

#endif
