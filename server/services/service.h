/* Service: what the files of CoordinationService share; private to server/services.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVICES_SERVICE_H
#define CFT_SERVICES_SERVICE_H

#include "server/services/coordination.h"
#include "server/services/hub.h"

#include "confiture/v1/coordination_service.pb-c.h"

struct cft_coordination {
	struct cft_coordination_options options;
	struct cft_loop *loop;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	struct cft_analyzer *analyzer;
	struct cft_prover_pool *prover;
	struct cft_hub *hub;
	struct cft_rpc_service service;
	struct cft_watch *watches; /* utlists of what is open */
	size_t n_watches;
	struct cft_poll *polls;
	struct cft_timer *tick;
	bool stopping;
	char *database;
	char server_id[17];
	int64_t start_us;
};

/* A handler of one method (server/rpc/server.h). */
#define CFT_HANDLER(name) void cft_##name(void *ctx, struct cft_rpc_call *call, const void *request)

CFT_HANDLER(register_intent);
CFT_HANDLER(check_intent);
CFT_HANDLER(get_intent);
CFT_HANDLER(list_intents);
CFT_HANDLER(update_intent);
CFT_HANDLER(start_intent);
CFT_HANDLER(complete_intent);
CFT_HANDLER(abandon_intent);
CFT_HANDLER(release_intent);
CFT_HANDLER(mark_intent_merged);
CFT_HANDLER(heartbeat);
CFT_HANDLER(list_conflicts);
CFT_HANDLER(get_conflict);
CFT_HANDLER(resolve_conflict);
CFT_HANDLER(reopen_conflict);
CFT_HANDLER(prove_conflict);
CFT_HANDLER(approve_intent);
CFT_HANDLER(reject_intent);
CFT_HANDLER(list_object_claims);
CFT_HANDLER(list_intent_history);
CFT_HANDLER(set_base_schema);
CFT_HANDLER(get_base_schema);
CFT_HANDLER(plan_intents);
CFT_HANDLER(watch_events);
CFT_HANDLER(read_inbox);
CFT_HANDLER(acknowledge_inbox);
CFT_HANDLER(participate);
CFT_HANDLER(get_server_info);

#endif
