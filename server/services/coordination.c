/* Coordination: the table of methods, and the service's life.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/coordination.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "server/codec/records_codec.h"
#include "server/services/inbox.h"
#include "server/services/query.h"
#include "server/services/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BOOKMARK_MS = 20000,
	STALL_MS = 30000,
	TICK_MS = 1000,
	TAIL_MAX_BYTES = 16 << 20,
	SCHEMA_MAX_BYTES = 64 << 20,
	/* Requests with SQL, and those without. */
	LARGE = 4 << 20,
	SMALL = 256 << 10,
};

#define UNARY(name, handler, max)                              \
	{                                                      \
		name, CFT_RPC_UNARY, max, false, cft_##handler \
	}

static const struct cft_rpc_method methods[] = {
	UNARY("RegisterIntent", register_intent, LARGE),
	UNARY("CheckIntent", check_intent, LARGE),
	UNARY("GetIntent", get_intent, SMALL),
	UNARY("ListIntents", list_intents, SMALL),
	UNARY("UpdateIntent", update_intent, LARGE),
	UNARY("StartIntent", start_intent, SMALL),
	UNARY("CompleteIntent", complete_intent, SMALL),
	UNARY("AbandonIntent", abandon_intent, SMALL),
	UNARY("ReleaseIntent", release_intent, SMALL),
	UNARY("MarkIntentMerged", mark_intent_merged, LARGE),
	UNARY("Heartbeat", heartbeat, SMALL),
	UNARY("ListConflicts", list_conflicts, SMALL),
	UNARY("GetConflict", get_conflict, SMALL),
	UNARY("ResolveConflict", resolve_conflict, SMALL),
	UNARY("ReopenConflict", reopen_conflict, SMALL),
	{"ProveConflict", CFT_RPC_UNARY, SMALL, true, cft_prove_conflict},
	UNARY("ApproveIntent", approve_intent, SMALL),
	UNARY("RejectIntent", reject_intent, SMALL),
	UNARY("ListObjectClaims", list_object_claims, SMALL),
	UNARY("ListIntentHistory", list_intent_history, SMALL),
	{"SetBaseSchema", CFT_RPC_CLIENT_STREAM, LARGE, false, cft_set_base_schema},
	UNARY("GetBaseSchema", get_base_schema, SMALL),
	UNARY("PlanIntents", plan_intents, SMALL),
	{"WatchEvents", CFT_RPC_SERVER_STREAM, SMALL, false, cft_watch_events},
	{"ReadInbox", CFT_RPC_UNARY, SMALL, true, cft_read_inbox},
	UNARY("AcknowledgeInbox", acknowledge_inbox, SMALL),
	{"Participate", CFT_RPC_BIDI, LARGE, false, cft_participate},
	UNARY("GetServerInfo", get_server_info, SMALL),
};

/* GetServerInfo after the state was read: the log's identity is still to come. */
struct info {
	struct cft_rpc_call *call;
	Confiture__V1__GetServerInfoResponse response;
};

static void answer_info(void *ctx, const char *const *const *rows, size_t n,
                        const struct cft_err *err)
{
	struct info *info = ctx;

	if (n == 0) {
		cft_rpc_fail(info->call, err);
		return;
	}
	info->response.log_id = (char *)rows[0][0];
	cft_rpc_reply(info->call, &info->response);
}

static void collect_info(struct cft_query *query, const struct cft_view *view)
{
	struct cft_coordination *c = query->coordination;
	struct info *info = cft_arena_new(view->arena, struct info);

	info->call = query->call;
	confiture__v1__get_server_info_response__init(&info->response);
	info->response.version = (char *)CFT_VERSION;
	info->response.server_id = c->server_id;
	info->response.revision = cft_state_revision(view->state);
	info->response.live_intents = cft_state_live_intents(view->state);
	info->response.database = c->database;
	info->response.start_time = cft_codec_time(view->arena, c->start_us);
	info->response.pid = getpid();
	info->response.base_schema = cft_show_base(view);
	cft_store_log(c->store, answer_info, info);
}

CFT_HANDLER(get_server_info)
{
	const Confiture__V1__GetServerInfoRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, collect_info);

	if (query)
		cft_query_run(query, 0);
}

static void tick(void *ctx)
{
	cft_watch_tick(ctx);
}

static void set_defaults(struct cft_coordination_options *options)
{
	if (!options->bookmark_ms)
		options->bookmark_ms = BOOKMARK_MS;
	if (!options->stall_ms)
		options->stall_ms = STALL_MS;
	if (!options->tail_max_bytes)
		options->tail_max_bytes = TAIL_MAX_BYTES;
	if (!options->max_schema_bytes)
		options->max_schema_bytes = SCHEMA_MAX_BYTES;
}

struct cft_coordination *cft_coordination_new(const struct cft_coordination_options *options)
{
	struct cft_coordination *c = cft_new(struct cft_coordination);
	unsigned char id[8];

	c->options = *options;
	set_defaults(&c->options);
	c->loop = options->loop;
	c->store = options->store;
	c->sequencer = options->sequencer;
	c->analyzer = options->analyzer;
	c->prover = options->prover;
	c->database = cft_strdup(options->database ? options->database : "");
	c->options.database = c->database;
	cft_random(id, sizeof(id));
	cft_hex(id, sizeof(id), c->server_id);
	c->start_us = cft_clock_wall_us();
	c->hub = cft_hub_new(c->loop, c->store, c->sequencer, c->options.tail_max_bytes);
	c->service.descriptor = &confiture__v1__coordination_service__descriptor;
	c->service.methods = methods;
	c->service.n_methods = sizeof(methods) / sizeof(methods[0]);
	c->service.ctx = c;
	c->tick = cft_timer_new(c->loop, tick, c);
	cft_timer_start(c->tick, TICK_MS, TICK_MS);
	return c;
}

void cft_coordination_free(struct cft_coordination *c)
{
	if (!c)
		return;
	assert(!c->watches && !c->polls);
	cft_timer_free(c->tick);
	cft_hub_free(c->hub);
	free(c->database);
	free(c);
}

const struct cft_rpc_service *cft_coordination_service(const struct cft_coordination *coordination)
{
	return &coordination->service;
}

void cft_coordination_shutdown(struct cft_coordination *coordination)
{
	coordination->stopping = true;
	cft_watch_end_all(coordination);
	cft_inbox_end_all(coordination);
}

size_t cft_coordination_streams(const struct cft_coordination *coordination)
{
	return coordination->n_watches;
}
