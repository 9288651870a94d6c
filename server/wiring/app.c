/* App: start-up, drain and the end.
 * SPDX-License-Identifier: MIT
 *
 * Order of the start: analyzers (before any thread), database, store, sequencer, services, gRPC.
 * The end goes the other way round, and parts that owe answers give them before they go.
 */
#include "server/wiring/app.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/event/loop.h"
#include "server/http/http.h"
#include "server/rpc/health.h"
#include "server/rpc/reflection.h"
#include "server/services/coordination.h"
#include "server/services/migration.h"
#include "server/wiring/access.h"
#include "server/wiring/database.h"
#include "server/wiring/targets.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After the drain's deadline: what still waits for the database is given up. */
enum { GIVE_UP_MS = 1000 };

enum { MEASURE_MS = 1000, TRIM_TICKS = 10, SHED_TICKS = 5 };

struct cft_app {
	const struct cft_server_settings *settings;
	struct cft_loop *loop;
	struct cft_database *database;
	struct cft_analyzer *analyzer;
	struct cft_prover_pool *prover;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	struct cft_coordination *coordination;
	struct cft_arena arena; /* of the targets */
	struct cft_targets targets;
	struct cft_migration *migration;
	struct cft_health *health;
	struct cft_reflection *reflection;
	struct cft_rpc_server *server;
	struct cft_metrics *metrics;
	struct cft_guard *guard;
	struct cft_http *http;
	struct cft_timer *measure;
	struct cft_signal *hangup, *term, *interrupt;
	struct cft_timer *give_up;
	char *address;
	bool listening, stopping, stopped;
	unsigned ticks, shed_again;        /* of measure */
	struct cft_door_stats door_before; /* when memory was given back last */
};

static int start_analyzer(struct cft_app *app, struct cft_err *err)
{
	struct cft_analyzer_options options = {
		.processes = (int)app->settings->analyzer_processes,
		.timeout_ms = app->settings->analyzer_timeout,
		.cache_bytes = (size_t)app->settings->analyzer_cache,
	};

	return cft_analyzer_new(app->loop, &options, &app->analyzer, err);
}

static void start_prover(struct cft_app *app)
{
	struct cft_prover_pool_options options = {
		.timeout_ms = app->settings->prover_timeout,
		.memory_bytes = (uint64_t)app->settings->prover_memory,
		.disk_bytes = (uint64_t)app->settings->prover_disk,
	};

	app->prover = cft_prover_pool_new(app->loop, &options);
}

static int start_store(struct cft_app *app, struct cft_err *err)
{
	const struct cft_server_settings *s = app->settings;
	struct cft_store_options options = {
		.url = cft_database_url(app->database),
		.connections = (int)s->database_connections,
		.poll_ms = s->database_poll,
		.reply_timeout_ms = s->database_timeout,
	};
	struct cft_limits limits = {
		.lease_min_us = s->lease_min * 1000,
		.lease_default_us = s->lease_default * 1000,
		.lease_max_us = s->lease_max * 1000,
		.stale_after_us = s->stale_after * 1000,
		.max_live_intents_per_agent = (size_t)s->max_intents_per_agent,
	};
	int rc = cft_schema_upgrade(options.url, NULL, err);

	if (rc == 0)
		rc = cft_store_new(app->loop, &options, &app->store, err);
	if (rc == 0)
		app->sequencer = cft_sequencer_new(app->loop, app->store, &limits);
	if (rc == 0)
		cft_sequencer_set_retention(app->sequencer, s->ended_retention / 1000,
		                            s->request_retention / 1000);
	return rc;
}

/* -- the first connection: nobody is served before it -- */

struct waiter {
	struct cft_app *app;
	bool up, expired;
	struct cft_err err;
};

static void on_first_state(void *arg, bool up, const struct cft_err *err)
{
	struct waiter *waiter = arg;

	waiter->up = up;
	if (err)
		waiter->err = *err;
	if (up)
		cft_loop_stop(waiter->app->loop);
}

static void on_expired(void *ctx)
{
	struct waiter *waiter = ctx;

	waiter->expired = true;
	cft_loop_stop(waiter->app->loop);
}

static int wait_for_database(struct cft_app *app, struct cft_err *err)
{
	struct waiter waiter = {.app = app};
	struct cft_timer *timer = cft_timer_new(app->loop, on_expired, &waiter);

	cft_sequencer_set_health(app->sequencer, on_first_state, &waiter);
	cft_timer_start(timer, app->settings->database_timeout, 0);
	while (!cft_store_up(app->store) && !waiter.expired)
		cft_loop_run(app->loop);
	cft_timer_free(timer);
	if (cft_store_up(app->store))
		return 0;
	if (waiter.err.code == 0)
		return cft_fail(err, CFT_E_UNAVAILABLE, "the database does not answer");
	*err = waiter.err;
	return err->code;
}

static void on_health(void *arg, bool up, const struct cft_err *err)
{
	struct cft_app *app = arg;

	if (app->stopping)
		return;
	if (up)
		cft_log(CFT_LOG_INFO, "database is there", "database",
		        cft_database_shown(app->database), NULL);
	else if (err)
		cft_log_err(CFT_LOG_ERROR, "database is lost", err);
	cft_health_set(app->health, NULL, up);
}

static void make_services(struct cft_app *app)
{
	struct cft_coordination_options options = {
		.loop = app->loop,
		.store = app->store,
		.sequencer = app->sequencer,
		.analyzer = app->analyzer,
		.prover = app->prover,
		.database = cft_database_shown(app->database),
		.bookmark_ms = app->settings->bookmark_interval,
		.stall_ms = app->settings->stall_timeout,
		.tail_max_bytes = (size_t)app->settings->stream_memory,
	};

	app->coordination = cft_coordination_new(&options);
	struct cft_migration_options migration = {
		.loop = app->loop,
		.store = app->store,
		.sequencer = app->sequencer,
		.analyzer = app->analyzer,
		.prover = app->prover,
		.targets = app->targets,
		.stale_ms = app->settings->operation_stale,
		.drift_ms = app->settings->drift_interval,
	};

	app->migration = cft_migration_new(&migration);
	app->health = cft_health_new();
	app->reflection = cft_reflection_new_embedded();
	cft_sequencer_set_health(app->sequencer, on_health, app);
}

static void serve(struct cft_app *app, const struct cft_rpc_service *service)
{
	cft_rpc_server_add(app->server, service);
	cft_reflection_list(app->reflection, service->descriptor->name);
	cft_health_set(app->health, service->descriptor->name, cft_store_up(app->store));
}

static void take_address(struct cft_app *app)
{
	const char *listen = app->settings->listen;
	int host = (int)(strrchr(listen, ':') - listen);

	app->address = cft_asprintf("%.*s:%d", host, listen, cft_rpc_server_port(app->server));
}

static int start_rpc(struct cft_app *app, struct cft_err *err)
{
	const struct cft_server_settings *s = app->settings;
	struct cft_rpc_server_options options = {
		.loop = app->loop,
		.listen = s->listen,
		.cert_file = s->tls_cert,
		.key_file = s->tls_key,
		.client_ca_file = s->tls_client_ca,
		.keepalive_ms = (int)s->keepalive_interval,
		.keepalive_timeout_ms = (int)s->keepalive_timeout,
		.max_concurrent_streams = (int)s->max_concurrent_calls,
		.max_unfinished_calls = s->max_unfinished_calls,
		.connections =
			{
				.connections = (size_t)s->max_connections,
				.connections_per_address = (size_t)s->max_connections_per_address,
				.per_second = s->max_connects_per_second,
			},
		.gate = &cft_guard_gate,
	};
	int rc;

	make_services(app);
	app->guard = cft_access_new(app->loop, app->store, app->metrics, s, &app->targets);
	options.gate_ctx = app->guard;
	app->server = cft_rpc_server_new(&options);
	serve(app, cft_coordination_service(app->coordination));
	serve(app, cft_migration_service(app->migration));
	serve(app, cft_health_service(app->health));
	cft_reflection_serve(app->reflection, app->server);
	cft_health_set(app->health, NULL, cft_store_up(app->store));
	rc = cft_rpc_server_listen(app->server, err);
	if (rc < 0)
		return rc;
	app->listening = true;
	take_address(app);
	return 0;
}

/* -- metrics -- */

/* What connections used, the allocator keeps; a flood would be remembered for ever. Nobody is shed
 * while the door ends others for their traffic: what they used comes back first. */
static void watch_memory(struct cft_app *app, const struct cft_door_stats *door)
{
	bool full = cft_metrics_get(app->metrics, CFT_METRIC_RESIDENT_BYTES) >
	            cft_metrics_get(app->metrics, CFT_METRIC_LIMIT_MEMORY);
	bool ending = door->abusers > app->door_before.abusers;

	app->ticks++;
	if (full && !ending && app->ticks >= app->shed_again) {
		cft_rpc_server_shed(app->server);
		app->shed_again = app->ticks + SHED_TICKS;
	}
	if (!full && app->ticks % TRIM_TICKS != 0)
		return;
	if (door->open < app->door_before.open || ending)
		malloc_trim(0);
	app->door_before = *door;
}

static void measure_connections(struct cft_app *app)
{
	struct cft_door_stats s;
	size_t limited, too_large;

	cft_rpc_server_limited(app->server, &limited, &too_large);
	cft_metrics_set(app->metrics, CFT_METRIC_REFUSED_LIMIT, (int64_t)limited);
	cft_metrics_set(app->metrics, CFT_METRIC_REFUSED_SIZE, (int64_t)too_large);
	cft_rpc_server_connections(app->server, &s);
	watch_memory(app, &s);
	cft_metrics_set(app->metrics, CFT_METRIC_CONNECTIONS, (int64_t)s.open);
	cft_metrics_set(app->metrics, CFT_METRIC_CONNECTIONS_WAITING, (int64_t)s.waiting);
	cft_metrics_set(app->metrics, CFT_METRIC_CONNECTIONS_REFUSED, (int64_t)s.refused);
	cft_metrics_set(app->metrics, CFT_METRIC_CONNECTIONS_DROPPED, (int64_t)s.dropped);
	cft_metrics_set(app->metrics, CFT_METRIC_CONNECTIONS_ABUSIVE, (int64_t)s.abusers);
	cft_metrics_set(app->metrics, CFT_METRIC_UNFINISHED_CALLS, (int64_t)s.unfinished);
	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_CONNECTIONS, (int64_t)s.most);
	cft_metrics_set(app->metrics, CFT_METRIC_LIVE_CALLS,
	                (int64_t)cft_rpc_server_live_calls(app->server));
}

static void measure(void *ctx)
{
	struct cft_app *app = ctx;
	struct cft_sequencer_stats s = {0};
	struct cft_analyzer_stats a = {0};

	if (app->sequencer)
		cft_sequencer_read_stats(app->sequencer, &s);
	if (app->analyzer)
		cft_analyzer_stats(app->analyzer, &a);
	cft_metrics_set(app->metrics, CFT_METRIC_PROJECTS, (int64_t)s.projects);
	cft_metrics_set(app->metrics, CFT_METRIC_LIVE_INTENTS, (int64_t)s.live_intents);
	cft_metrics_set(app->metrics, CFT_METRIC_LEASES, (int64_t)s.leases);
	cft_metrics_set(app->metrics, CFT_METRIC_WAITING_COMMANDS, (int64_t)s.waiting_commands);
	cft_metrics_set(app->metrics, CFT_METRIC_WAITING_READS, (int64_t)s.waiting_reads);
	cft_metrics_set(app->metrics, CFT_METRIC_COMMIT_GROUPS, (int64_t)s.groups);
	cft_metrics_set(app->metrics, CFT_METRIC_ANALYZED, (int64_t)a.analyzed);
	cft_metrics_set(app->metrics, CFT_METRIC_ANALYZER_HITS, (int64_t)a.cache_hits);
	cft_metrics_set(app->metrics, CFT_METRIC_ANALYZER_DIED, (int64_t)a.died);
	cft_metrics_set(app->metrics, CFT_METRIC_ANALYZER_WAITING, (int64_t)a.waiting);
	if (app->listening)
		measure_connections(app);
	cft_metrics_set(app->metrics, CFT_METRIC_DATABASE_UP,
	                app->listening && app->store && cft_store_up(app->store));
	cft_metrics_set(app->metrics, CFT_METRIC_LOOP_TURN, cft_clock_mono_us() / 1000);
}

static int start_metrics(struct cft_app *app, struct cft_err *err)
{
	const char *listen = app->settings->metrics_listen;
	char port[16];
	int rc;

	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_CONNECTIONS_ADDRESS,
	                app->settings->max_connections_per_address);
	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_CONNECTS,
	                app->settings->max_connects_per_second);
	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_CALLS, app->settings->max_concurrent_calls);
	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_UNFINISHED,
	                app->settings->max_unfinished_calls);
	cft_metrics_set(app->metrics, CFT_METRIC_LIMIT_INTENTS,
	                app->settings->max_intents_per_agent);
	cft_metrics_set(app->metrics, CFT_METRIC_STARTED, cft_clock_wall_us() / 1000000);
	app->measure = cft_timer_new(app->loop, measure, app);
	cft_timer_start(app->measure, 0, MEASURE_MS);
	measure(app);
	if (!listen)
		return 0;
	rc = cft_http_start(listen, app->metrics, &app->http, err);
	if (rc < 0)
		return rc;
	snprintf(port, sizeof(port), "%d", cft_http_port(app->http));
	cft_log(CFT_LOG_INFO, "serving metrics", "port", port, NULL);
	return 0;
}

/* -- the end -- */

static void on_stopped(void *arg)
{
	struct cft_app *app = arg;

	app->stopped = true;
	cft_loop_stop(app->loop);
}

/* Calls that still wait get their UNAVAILABLE from the parts that hold them. */
static void give_up(void *ctx)
{
	struct cft_app *app = ctx;

	cft_log(CFT_LOG_WARN, "giving up calls that do not end", NULL);
	cft_analyzer_free(app->analyzer);
	app->analyzer = NULL;
	cft_prover_pool_free(app->prover);
	app->prover = NULL;
	cft_sequencer_free(app->sequencer);
	app->sequencer = NULL;
	cft_guard_detach(app->guard);
	cft_store_free(app->store);
	app->store = NULL;
}

static void drain(struct cft_app *app)
{
	int64_t timeout = app->settings->drain_timeout;

	app->stopping = true;
	cft_metrics_set(app->metrics, CFT_METRIC_DRAINING, 1);
	cft_health_shutdown(app->health);
	cft_reflection_shutdown(app->reflection);
	cft_coordination_shutdown(app->coordination);
	cft_migration_shutdown(app->migration);
	cft_rpc_server_stop(app->server, (int)timeout, on_stopped, app);
	app->give_up = cft_timer_new(app->loop, give_up, app);
	cft_timer_start(app->give_up, timeout + GIVE_UP_MS, 0);
}

static void on_signal(void *ctx, int number)
{
	struct cft_app *app = ctx;

	if (app->stopping || !app->listening)
		return;
	cft_log(CFT_LOG_INFO, "stopping", "signal", number == SIGTERM ? "TERM" : "INT", NULL);
	drain(app);
}

static void on_hangup(void *ctx, int number)
{
	struct cft_app *app = ctx;

	(void)number;
	if (app->listening)
		cft_rpc_server_reload(app->server);
}

int cft_app_start(const struct cft_server_settings *settings, struct cft_app **ret,
                  struct cft_err *err)
{
	struct cft_app *app = cft_new(struct cft_app);
	int rc;

	app->settings = settings;
	app->loop = cft_loop_new();
	app->term = cft_signal_new(app->loop, SIGTERM, on_signal, app);
	app->interrupt = cft_signal_new(app->loop, SIGINT, on_signal, app);
	start_prover(app);
	app->hangup = cft_signal_new(app->loop, SIGHUP, on_hangup, app);
	app->metrics = cft_metrics_new();
	if ((rc = cft_targets_read(&app->arena, settings->targets, &app->targets, err)) < 0 ||
	    (rc = start_analyzer(app, err)) < 0 ||
	    (rc = cft_database_open(app->loop, settings, &app->database, err)) < 0 ||
	    (rc = start_store(app, err)) < 0 || (rc = wait_for_database(app, err)) < 0 ||
	    (rc = start_metrics(app, err)) < 0 || (rc = start_rpc(app, err)) < 0) {
		cft_app_free(app);
		return rc;
	}
	*ret = app;
	return 0;
}

const char *cft_app_address(const struct cft_app *app)
{
	return app->address;
}

const char *cft_app_database(const struct cft_app *app)
{
	return cft_database_shown(app->database);
}

void cft_app_run(struct cft_app *app)
{
	while (!app->stopped)
		cft_loop_run(app->loop);
}

void cft_app_free(struct cft_app *app)
{
	if (!app)
		return;
	cft_http_stop(app->http);
	cft_timer_free(app->measure);
	cft_timer_free(app->give_up);
	cft_rpc_server_free(app->server);
	cft_analyzer_free(app->analyzer);
	cft_prover_pool_free(app->prover);
	cft_sequencer_free(app->sequencer);
	cft_store_free(app->store);
	cft_guard_free(app->guard);
	cft_coordination_free(app->coordination);
	cft_migration_free(app->migration);
	cft_reflection_free(app->reflection);
	cft_health_free(app->health);
	cft_database_close(app->database);
	cft_signal_free(app->term);
	cft_signal_free(app->interrupt);
	cft_signal_free(app->hangup);
	cft_loop_free(app->loop);
	cft_metrics_free(app->metrics);
	free(app->address);
	free(app);
}
