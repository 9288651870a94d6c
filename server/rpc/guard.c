/* Guard: from what a call shows to a decision.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/guard.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "server/rpc/fields.h"
#include "server/rpc/quota.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum {
	TICK_MS = 1000,
	RETRY_MS = 1000,
	KEYS_MAX = 8,
	REFUSALS_PER_SECOND = 20, /* lines of the log */
};

/* A call, from the gate to its end; in the call's arena. */
struct visit {
	struct cft_guard *guard;
	struct cft_rpc_call *call;
	void *request;
	const struct cft_auth_rule *rule;
	unsigned char keys[KEYS_MAX][CFT_SHA256_BYTES];
	size_t n_keys;
	uint64_t refresh; /* waits for this one */
	struct cft_identity identity;
	const char *credential;              /* its id; "" for an anonymous caller */
	unsigned char key[CFT_SHA256_BYTES]; /* the one that counts */
	struct cft_quota *quota;             /* NULL for an anonymous caller */
	bool streams, begun;
	struct visit *prev, *next; /* among the waiting, or the streams */
};

struct cft_guard {
	struct cft_guard_options options;
	struct cft_credentials *credentials;
	int64_t version;
	uint64_t refreshes; /* asked for so far */
	bool refreshing;
	struct visit *waiting, *streams;
	struct cft_quotas *quotas;
	struct cft_quota *log_quota;
	uint64_t unlogged;
	int64_t resident_bytes;
	struct cft_timer *tick;
};

/* -- refusals -- */

static enum cft_metric metric_of(const struct cft_err *err)
{
	if (err->code == CFT_E_UNAUTHENTICATED)
		return CFT_METRIC_REFUSED_CREDENTIAL;
	if (strcmp(err->reason, "RATE_LIMITED") == 0)
		return CFT_METRIC_REFUSED_RATE;
	if (strcmp(err->reason, "TOO_MANY_STREAMS") == 0)
		return CFT_METRIC_REFUSED_STREAMS;
	if (strcmp(err->reason, "SERVER_FULL") == 0)
		return CFT_METRIC_REFUSED_MEMORY;
	return CFT_METRIC_REFUSED_PERMISSION;
}

/* The refused are many when somebody tries: the log takes so many a second and counts the rest. */
static void log_refusal(struct cft_guard *guard, struct cft_rpc_call *call,
                        const struct cft_err *err)
{
	char more[24];

	cft_metrics_add(guard->options.metrics, metric_of(err), 1);
	if (cft_quota_take(guard->log_quota, cft_loop_now_ms(guard->options.loop)) > 0) {
		guard->unlogged++;
		return;
	}
	snprintf(more, sizeof(more), "%llu", (unsigned long long)guard->unlogged);
	guard->unlogged = 0;
	cft_log(CFT_LOG_WARN, "refused", "rpc", cft_rpc_call_method(call)->name, "reason",
	        err->reason, "credential", cft_guard_credential(call), "peer",
	        cft_rpc_call_peer(call), "not_logged", more, NULL);
}

static int refuse(struct visit *visit, const struct cft_err *err)
{
	log_refusal(visit->guard, visit->call, err);
	return err->code;
}

/* -- what a caller shows -- */

static void collect_keys(struct visit *visit)
{
	static const char scheme[] = "Bearer ";
	const char *header = cft_rpc_call_metadata(visit->call, "authorization");
	const char *const *names;
	size_t n;

	if (header) { /* also a scheme that we do not know: it must not pass as anonymous */
		bool bearer = strncasecmp(header, scheme, strlen(scheme)) == 0;
		cft_credential_key_of_token(bearer ? header + strlen(scheme) : "", visit->keys[0]);
		visit->n_keys = 1;
		return;
	}
	names = cft_rpc_call_certificate_names(visit->call, &n);
	for (size_t i = 0; i < n && i < KEYS_MAX; i++)
		cft_credential_key_of_name(names[i], visit->keys[visit->n_keys++]);
}

static const struct cft_credential *known(const struct visit *visit)
{
	const struct cft_credential *found = NULL;

	for (size_t i = 0; i < visit->n_keys && !found; i++)
		found = cft_credentials_find(visit->guard->credentials, visit->keys[i]);
	return found;
}

static void take_identity(struct visit *visit, const struct cft_credential *credential)
{
	struct cft_arena *arena = cft_rpc_call_arena(visit->call);

	memcpy(visit->key, credential->key, sizeof(visit->key));
	visit->credential = cft_arena_strdup(arena, credential->id);
	visit->identity.authenticated = true;
	visit->identity.role = credential->role;
	visit->identity.agent_id = cft_arena_strdup(arena, credential->agent_id);
	visit->identity.project = cft_arena_strdup(arena, credential->project);
	visit->quota = cft_quotas_get(visit->guard->quotas, credential->id);
}

/* -- decisions -- */

static int check_rate(struct visit *visit, struct cft_err *err)
{
	int64_t wait_ms = visit->quota ? cft_quota_take(visit->quota,
	                                                cft_loop_now_ms(visit->guard->options.loop))
	                               : 0;

	if (wait_ms == 0)
		return 0;
	cft_fail_reason(err, CFT_E_LIMIT, "RATE_LIMITED",
	                "this credential asks more than %lld times a second",
	                (long long)visit->guard->options.max_requests_per_second);
	err->retry_after_ms = (int)wait_ms;
	return err->code;
}

static int check_message(struct visit *visit, void *message, struct cft_err *err)
{
	const struct cft_guard *guard = visit->guard;
	struct cft_request_fields fields;
	struct cft_auth_request request = {.project = visit->identity.project,
	                                   .agent_id = visit->identity.agent_id};

	cft_request_fields_find(message, &fields);
	if (fields.agent_id && visit->rule->in_name == CFT_IN_OWN_NAME) {
		if (!(*fields.agent_id)[0])
			*fields.agent_id = (char *)visit->identity.agent_id;
		request.agent_id = *fields.agent_id;
	}
	if (fields.project)
		request.project = (*fields.project)[0] ? *fields.project : "default";
	if (fields.force)
		request.force = *fields.force;
	if (fields.target && guard->options.target_role)
		request.target_role = guard->options.target_role(
			guard->options.targets, request.project, *fields.target, visit->rule->rpc);
	if (cft_auth_decide(&visit->identity, visit->rule->service, visit->rule->rpc, &request,
	                    err) < 0)
		return err->code;
	if (fields.request_id && visit->credential[0])
		cft_log(CFT_LOG_INFO, "call", "rpc", visit->rule->rpc, "project", request.project,
		        "agent", request.agent_id, "credential", visit->credential, "peer",
		        cft_rpc_call_peer(visit->call), NULL);
	return 0;
}

static int open_stream(struct visit *visit, struct cft_err *err)
{
	const struct cft_rpc_method *method = cft_rpc_call_method(visit->call);
	struct cft_guard *guard = visit->guard;

	if (method->kind == CFT_RPC_UNARY && !method->long_poll)
		return 0;
	if (visit->quota && guard->options.max_streams &&
	    visit->quota->streams >= guard->options.max_streams) {
		cft_fail_reason(err, CFT_E_LIMIT, "TOO_MANY_STREAMS",
		                "this credential has %lld streams open",
		                (long long)visit->quota->streams);
		err->retry_after_ms = RETRY_MS;
		return err->code;
	}
	visit->streams = true;
	if (visit->quota)
		visit->quota->streams++;
	cft_metrics_add(guard->options.metrics, CFT_METRIC_STREAMS, 1);
	DL_APPEND(guard->streams, visit);
	return 0;
}

/* The caller is known. */
static int decide(struct visit *visit, struct cft_err *err)
{
	int rc = check_rate(visit, err);

	if (rc == 0 && visit->request)
		rc = check_message(visit, visit->request, err);
	else if (rc == 0)
		rc = cft_auth_decide(&visit->identity, visit->rule->service, visit->rule->rpc, NULL,
		                     err);
	if (rc == 0)
		rc = open_stream(visit, err);
	return rc < 0 ? refuse(visit, err) : 0;
}

static int decide_known(struct visit *visit, const struct cft_credential *credential,
                        struct cft_err *err)
{
	if (cft_credential_check(credential, cft_clock_wall_us(), err) < 0)
		return refuse(visit, err);
	take_identity(visit, credential);
	return decide(visit, err);
}

static int decide_anonymous(struct visit *visit, struct cft_err *err)
{
	if (visit->guard->options.required) {
		cft_fail_reason(err, CFT_E_UNAUTHENTICATED, "CREDENTIAL_MISSING",
		                "%s needs a credential", visit->rule->rpc);
		cft_err_hint(err, "set CONFITURE_TOKEN; the server's operator makes tokens with: "
		                  "confiture token create");
		return refuse(visit, err);
	}
	visit->identity.authenticated = true;
	visit->identity.role = CFT_ROLE_OPERATOR;
	return decide(visit, err);
}

/* -- asking the database -- */

static void refresh(struct cft_guard *guard)
{
	guard->refreshing = true;
	guard->refreshes++;
	guard->options.refresh(guard->options.ctx, guard, guard->version);
}

/* An answer that is under way may have been made before the credential was. */
static int wait_for_refresh(struct visit *visit, struct cft_err *err)
{
	struct cft_guard *guard = visit->guard;

	if (!guard->options.refresh)
		return cft_fail_reason(err, CFT_E_UNAVAILABLE, "SERVER_STOPPING",
		                       "the server is stopping");
	visit->refresh = guard->refreshes + 1;
	DL_APPEND(guard->waiting, visit);
	if (!guard->refreshing)
		refresh(guard);
	return CFT_RPC_LATER;
}

static void resolve(struct visit *visit, const struct cft_err *lost)
{
	struct cft_err err = CFT_ERR_INIT;
	int rc;

	if (lost) {
		cft_fail(&err, CFT_E_UNAVAILABLE, "the credential cannot be looked up: %s",
		         lost->message);
		err.retry_after_ms = RETRY_MS;
		rc = err.code;
	} else {
		rc = decide_known(visit, known(visit), &err);
	}
	cft_rpc_admitted(visit->call, rc < 0 ? &err : NULL);
}

/* Breaks off the streams whose credential ended. */
static void sweep(struct cft_guard *guard)
{
	int64_t now_us = cft_clock_wall_us();
	struct cft_err err = CFT_ERR_INIT;
	struct visit *visit;

	DL_FOREACH (guard->streams, visit) {
		if (visit->credential[0] &&
		    cft_credential_check(cft_credentials_find(guard->credentials, visit->key),
		                         now_us, &err) < 0) {
			log_refusal(guard, visit->call, &err);
			cft_rpc_call_cancel(visit->call, &err);
		}
	}
}

void cft_guard_refreshed(struct cft_guard *guard, int64_t version,
                         struct cft_credentials *takes_credentials, const struct cft_err *err)
{
	uint64_t answered = guard->refreshes;
	struct visit *visit, *next;

	guard->refreshing = false;
	if (takes_credentials) {
		cft_credentials_free(guard->credentials);
		guard->credentials = takes_credentials;
		guard->version = version;
		cft_metrics_set(guard->options.metrics, CFT_METRIC_CREDENTIALS,
		                (int64_t)cft_credentials_count(guard->credentials));
	}
	DL_FOREACH_SAFE(guard->waiting, visit, next)
	{
		if (visit->refresh > answered)
			continue;
		DL_DELETE(guard->waiting, visit);
		resolve(visit, err);
	}
	if (takes_credentials)
		sweep(guard);
	if (guard->waiting && !guard->refreshing && guard->options.refresh)
		refresh(guard);
}

/* -- once a second -- */

static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long total, resident = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lld %lld", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static void tick(void *ctx)
{
	struct cft_guard *guard = ctx;

	guard->resident_bytes = resident_bytes();
	cft_metrics_set(guard->options.metrics, CFT_METRIC_RESIDENT_BYTES, guard->resident_bytes);
	sweep(guard);
	if (!guard->refreshing && guard->options.refresh)
		refresh(guard);
}

/* -- the gate -- */

static int check_memory(struct cft_guard *guard, struct cft_err *err)
{
	int64_t limit = guard->options.max_memory_bytes;

	if (!limit || guard->resident_bytes <= limit)
		return 0;
	cft_fail_reason(err, CFT_E_LIMIT, "SERVER_FULL", "the server uses all of max_memory");
	err->retry_after_ms = RETRY_MS;
	return err->code;
}

static int admit(void *ctx, struct cft_rpc_call *call, void *request, struct cft_err *err)
{
	struct cft_guard *guard = ctx;
	const char *service = cft_rpc_call_service_name(call);
	const char *rpc = cft_rpc_call_method(call)->name;
	const struct cft_auth_rule *rule = cft_auth_find(service, rpc);
	struct visit *visit;

	cft_metrics_add(guard->options.metrics, CFT_METRIC_CALLS, 1);
	if (rule && rule->least == CFT_ROLE_NONE)
		return 0;
	visit = cft_arena_new(cft_rpc_call_arena(call), struct visit);
	*visit = (struct visit){.guard = guard, .call = call, .request = request, .rule = rule};
	visit->credential = visit->identity.agent_id = visit->identity.project = "";
	cft_rpc_call_set_guest(call, visit);
	if (!rule) {
		cft_fail(err, CFT_E_FORBIDDEN, "nobody may call %s/%s", service, rpc);
		return refuse(visit, err);
	}
	if (check_memory(guard, err) < 0)
		return refuse(visit, err);
	collect_keys(visit);
	if (visit->n_keys == 0)
		return decide_anonymous(visit, err);
	return known(visit) ? decide_known(visit, known(visit), err) : wait_for_refresh(visit, err);
}

static int admit_message(void *ctx, struct cft_rpc_call *call, void *message, struct cft_err *err)
{
	struct visit *visit = cft_rpc_call_guest(call);
	bool first_only = cft_rpc_call_method(call)->kind == CFT_RPC_CLIENT_STREAM;
	int rc;

	(void)ctx;
	/* The handlers of client streams read who and what from the first message alone. */
	if (!visit || (first_only && visit->begun))
		return 0;
	visit->begun = true;
	rc = check_rate(visit, err);
	if (rc == 0)
		rc = check_message(visit, message, err);
	return rc < 0 ? refuse(visit, err) : 0;
}

static void ended(void *ctx, struct cft_rpc_call *call)
{
	struct cft_guard *guard = ctx;
	struct visit *visit = cft_rpc_call_guest(call);

	if (!visit || !visit->streams)
		return;
	visit->streams = false;
	if (visit->quota)
		visit->quota->streams--;
	cft_metrics_add(guard->options.metrics, CFT_METRIC_STREAMS, -1);
	DL_DELETE(guard->streams, visit);
}

const struct cft_rpc_gate cft_guard_gate = {admit, admit_message, ended};

const char *cft_guard_credential(const struct cft_rpc_call *call)
{
	const struct visit *visit = cft_rpc_call_guest(call);

	return visit ? visit->credential : "";
}

struct cft_guard *cft_guard_new(const struct cft_guard_options *options)
{
	struct cft_guard *guard = cft_new(struct cft_guard);

	guard->options = *options;
	guard->credentials = cft_credentials_new();
	guard->quotas = cft_quotas_new(options->max_requests_per_second);
	guard->log_quota = cft_quota_new(REFUSALS_PER_SECOND);
	guard->tick = cft_timer_new(options->loop, tick, guard);
	cft_timer_start(guard->tick, 0, TICK_MS);
	cft_metrics_set(options->metrics, CFT_METRIC_LIMIT_RATE, options->max_requests_per_second);
	cft_metrics_set(options->metrics, CFT_METRIC_LIMIT_STREAMS, options->max_streams);
	cft_metrics_set(options->metrics, CFT_METRIC_LIMIT_MEMORY, options->max_memory_bytes);
	return guard;
}

void cft_guard_detach(struct cft_guard *guard)
{
	struct cft_err err = CFT_ERR_INIT;
	struct visit *visit, *next;

	guard->options.refresh = NULL;
	cft_fail(&err, CFT_E_UNAVAILABLE, "the server is stopping");
	DL_FOREACH_SAFE(guard->waiting, visit, next)
	{
		DL_DELETE(guard->waiting, visit);
		resolve(visit, &err);
	}
}

void cft_guard_free(struct cft_guard *guard)
{
	if (!guard)
		return;
	assert(!guard->waiting && !guard->streams);
	cft_timer_free(guard->tick);
	cft_credentials_free(guard->credentials);
	cft_quotas_free(guard->quotas);
	cft_quota_free(guard->log_quota);
	free(guard);
}
