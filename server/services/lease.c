/* Lease: heartbeats, from the request to the lease table and back.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/lease.h"

#include "server/codec/records_codec.h"
#include "server/services/present.h"
#include "server/services/validate.h"

struct heartbeat {
	struct cft_coordination *coordination;
	struct cft_arena *arena;
	const char *project;
	const Confiture__V1__HeartbeatRequest *request;
	struct cft_lease_ref *refs;
	size_t n;
	uint64_t revision;
	Confiture__V1__BaseSchema *base;
	cft_heartbeat_cb *cb;
	void *arg;
};

static Confiture__V1__LeaseResult *show_result(struct heartbeat *hb, size_t i,
                                               const struct cft_lease_result *result)
{
	Confiture__V1__LeaseResult *to = cft_arena_new(hb->arena, Confiture__V1__LeaseResult);

	confiture__v1__lease_result__init(to);
	to->intent_id = (char *)hb->refs[i].intent_id;
	to->fence = hb->refs[i].fence;
	if (result->code == 0)
		to->expire_time = cft_codec_time(hb->arena, result->expires_us);
	else
		to->reason = (char *)result->reason;
	return to;
}

static void on_renewed(void *arg, const struct cft_lease_result *results, size_t n,
                       const struct cft_err *err)
{
	struct heartbeat *hb = arg;
	Confiture__V1__HeartbeatResponse response = CONFITURE__V1__HEARTBEAT_RESPONSE__INIT;

	if (err && err->code != 0) {
		hb->cb(hb->arg, NULL, err);
		return;
	}
	response.results = cft_arena_array(hb->arena, Confiture__V1__LeaseResult *, n);
	for (size_t i = 0; i < n; i++)
		response.results[response.n_results++] = show_result(hb, i, &results[i]);
	response.revision = hb->revision;
	response.base_schema = hb->base;
	hb->cb(hb->arg, &response, NULL);
}

/* Every lease of the agent, by the state. */
static void take_all(struct heartbeat *hb, const struct cft_state *state)
{
	struct cft_intent_filter filter = {1u << CFT_INTENT_IN_PROGRESS, hb->request->agent_id,
	                                   NULL};
	struct cft_intent_list list = {0};

	cft_state_list_intents(state, &filter, hb->arena, &list);
	hb->refs = cft_arena_array(hb->arena, struct cft_lease_ref, list.n);
	for (size_t i = 0; i < list.n; i++) {
		hb->refs[i].intent_id = cft_arena_strdup(hb->arena, list.v[i]->id);
		hb->refs[i].fence = list.v[i]->fence;
	}
	hb->n = list.n;
}

static void take_named(struct heartbeat *hb)
{
	const Confiture__V1__HeartbeatRequest *r = hb->request;

	hb->n = r->n_leases;
	hb->refs = cft_arena_array(hb->arena, struct cft_lease_ref, hb->n);
	for (size_t i = 0; i < hb->n; i++) {
		hb->refs[i].intent_id = r->leases[i]->intent_id;
		hb->refs[i].fence = r->leases[i]->fence;
	}
}

static void on_state(void *arg, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *err)
{
	struct heartbeat *hb = arg;
	const struct cft_view view = {hb->coordination, hb->arena, hb->project, state, now_us};

	if (!state) {
		hb->cb(hb->arg, NULL, err);
		return;
	}
	hb->revision = cft_state_revision(state);
	hb->base = cft_show_base(&view);
	if (hb->request->n_leases)
		take_named(hb);
	else
		take_all(hb, state);
	if (hb->n == 0)
		on_renewed(hb, NULL, 0, NULL);
	else
		cft_sequencer_renew(hb->coordination->sequencer, hb->project, hb->request->agent_id,
		                    hb->refs, hb->n, on_renewed, hb);
}

static int validate(const Confiture__V1__HeartbeatRequest *r, struct cft_err *err)
{
	int rc = cft_check_name("agent_id", r->agent_id, true, err);

	if (rc == 0 && r->n_leases > CFT_LIST_MAX) {
		cft_fail_reason(err, CFT_E_INVALID, "TOO_MANY_VALUES",
		                "leases has more than %d values", CFT_LIST_MAX);
		return cft_err_at(err, "leases", 0, 0);
	}
	for (size_t i = 0; i < r->n_leases && rc == 0; i++)
		rc = cft_check_name("leases.intent_id", r->leases[i]->intent_id, true, err);
	return rc;
}

void cft_heartbeat_run(struct cft_coordination *coordination, struct cft_arena *arena,
                       const Confiture__V1__HeartbeatRequest *request, cft_heartbeat_cb *cb,
                       void *arg)
{
	struct heartbeat *hb = cft_arena_new(arena, struct heartbeat);
	struct cft_err err;

	hb->coordination = coordination;
	hb->arena = arena;
	hb->request = request;
	hb->cb = cb;
	hb->arg = arg;
	hb->project = cft_check_project(request->project, &err);
	if (!hb->project || validate(request, &err) < 0)
		cb(arg, NULL, &err);
	else
		cft_sequencer_read(coordination->sequencer, hb->project, 0, on_state, hb);
}

static void answer_call(void *arg, const Confiture__V1__HeartbeatResponse *response,
                        const struct cft_err *err)
{
	if (response)
		cft_rpc_reply(arg, response);
	else
		cft_rpc_fail(arg, err);
}

CFT_HANDLER(heartbeat)
{
	cft_heartbeat_run(ctx, cft_rpc_call_arena(call), request, answer_call, call);
}
