/* Health: Check and Watch of grpc.health.v1.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/health.h"

#include "common/base/mem.h"
#include "common/base/vec.h"

#include <grpc/health/v1/health.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

#define SERVING     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define UNKNOWN     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

struct entry {
	char *service;
	serving_status status;
};

struct watcher {
	struct cft_health *health;
	struct cft_rpc_call *call;
	const char *service; /* in the call's arena */
	serving_status sent;
	struct watcher *prev, *next;
};

struct cft_health {
	struct cft_rpc_service service;
	CFT_VEC(struct entry) entries;
	struct watcher *watchers;
};

static serving_status status_of(const struct cft_health *health, const char *service)
{
	CFT_VEC_EACH (struct entry, entry, &health->entries) {
		if (strcmp(entry->service, service) == 0)
			return entry->status;
	}
	return UNKNOWN;
}

static void check(void *ctx, struct cft_rpc_call *call, const void *message)
{
	const Grpc__Health__V1__HealthCheckRequest *request = message;
	Grpc__Health__V1__HealthCheckResponse response =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	struct cft_err err;

	response.status = status_of(ctx, request->service);
	if (response.status == UNKNOWN) {
		cft_fail(&err, CFT_E_NOT_FOUND, "there is no service '%.100s'", request->service);
		cft_rpc_fail(call, &err);
		return;
	}
	cft_rpc_reply(call, &response);
}

static void tell(struct watcher *watcher)
{
	Grpc__Health__V1__HealthCheckResponse response =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	response.status = status_of(watcher->health, watcher->service);
	if (response.status == watcher->sent || cft_rpc_sending(watcher->call))
		return;
	watcher->sent = response.status;
	cft_rpc_send(watcher->call, &response);
}

static void watcher_sent(void *arg)
{
	tell(arg);
}

static void drop_watcher(struct watcher *watcher, const struct cft_err *err)
{
	DL_DELETE(watcher->health->watchers, watcher);
	cft_rpc_fail(watcher->call, err);
	free(watcher);
}

static void watcher_cancelled(void *arg)
{
	struct cft_err err;

	cft_rpc_gone(&err);
	drop_watcher(arg, &err);
}

static const struct cft_rpc_hooks watch_hooks = {
	.on_cancelled = watcher_cancelled,
	.on_sent = watcher_sent,
};

static void watch(void *ctx, struct cft_rpc_call *call, const void *message)
{
	const Grpc__Health__V1__HealthCheckRequest *request = message;
	struct cft_health *health = ctx;
	struct watcher *watcher = cft_new(struct watcher);

	watcher->health = health;
	watcher->call = call;
	watcher->service = request->service;
	watcher->sent = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__UNKNOWN;
	DL_APPEND(health->watchers, watcher);
	cft_rpc_call_set_hooks(call, &watch_hooks, watcher);
	tell(watcher);
}

static const struct cft_rpc_method health_methods[] = {
	{"Check", CFT_RPC_UNARY, 1024, false, check},
	{"Watch", CFT_RPC_SERVER_STREAM, 1024, false, watch},
};

struct cft_health *cft_health_new(void)
{
	struct cft_health *health = cft_new(struct cft_health);

	health->service.descriptor = &grpc__health__v1__health__descriptor;
	health->service.methods = health_methods;
	health->service.n_methods = sizeof(health_methods) / sizeof(health_methods[0]);
	health->service.ctx = health;
	cft_health_set(health, "", false);
	return health;
}

void cft_health_free(struct cft_health *health)
{
	if (!health)
		return;
	CFT_VEC_EACH (struct entry, entry, &health->entries)
		free(entry->service);
	cft_vec_release(&health->entries);
	free(health);
}

const struct cft_rpc_service *cft_health_service(const struct cft_health *health)
{
	return &health->service;
}

void cft_health_set(struct cft_health *health, const char *service, bool serving)
{
	struct entry fresh = {NULL, serving ? SERVING : NOT_SERVING};
	struct watcher *watcher;
	bool found = service == NULL;

	CFT_VEC_EACH (struct entry, entry, &health->entries) {
		if (service && strcmp(entry->service, service) != 0)
			continue;
		entry->status = fresh.status;
		found = true;
	}
	if (!found) {
		fresh.service = cft_strdup(service);
		cft_vec_push(&health->entries, fresh);
	}
	DL_FOREACH (health->watchers, watcher)
		tell(watcher);
}

void cft_health_shutdown(struct cft_health *health)
{
	struct watcher *watcher, *next;
	struct cft_err err;

	cft_health_set(health, NULL, false);
	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	DL_FOREACH_SAFE(health->watchers, watcher, next)
	drop_watcher(watcher, &err);
}
