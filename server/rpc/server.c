/* Server: registering methods, listening, pumping the queue, and stopping in the right order.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/server.h"

#include "common/base/mem.h"
#include "server/rpc/engine.h"

#include <assert.h>
#include <grpc/grpc_security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Each pump has one at most that is taken and not posted anew; a call that meets none waits
	 * in gRPC for the next. Not more: for each batch that ends, Debian's gRPC looks through all
	 * that are under way on its queue (cq_check_tag), and what is posted is. */
	POSTED_PER_METHOD = CFT_RPC_PUMPS,
	POSTED_UNKNOWN = 4,
	KEEPALIVE_MS = 20000,
	KEEPALIVE_TIMEOUT_MS = 10000,
	MAX_STREAMS = 10000,
	MAX_CONNECTIONS = 10000,
	HANDSHAKE_MS = 10000, /* from accept to the first request, TLS included */
	MIN_PING_INTERVAL_MS = 5000,
	REAP_MS = 1000,
	TURNS_AT_ONCE = 64, /* some milliseconds of the loop */
	DRAIN_CHECK_MS = 10,
	/* Beyond the largest message: so that the method's own cap is what answers. */
	MESSAGE_SLACK_BYTES = 1 << 20,
	MAX_METADATA_BYTES = 16 << 10,
	/* Headers of so many bytes are read before their calls go on: a hundred calls or so. */
	READ_AT_ONCE_BYTES = 16 << 10,
	ARGS_MAX = 20,
	N_PUMPS = CFT_RPC_PUMPS + CFT_RPC_STREAM_QUEUES,
};

static void take_mail(void *ctx, struct cft_mail *mail)
{
	struct cft_rpc_server *server = ctx;
	struct cft_rpc_batch *batch = cft_mail_of(mail, struct cft_rpc_batch, mail);

	cft_lines_put(server->lines, batch->call->line, mail);
}

static void run_mail(struct cft_mail *mail)
{
	struct cft_rpc_batch *batch = cft_mail_of(mail, struct cft_rpc_batch, mail);
	struct cft_rpc_call *call = batch->call;

	batch->on_loop(call, batch->ok);
	cft_rpc_call_unref(call);
}

/* Some of each line; then the loop looks at its other work, and at what has come meanwhile. */
static void take_turns(void *ctx)
{
	struct cft_rpc_server *server = ctx;
	struct cft_mail *mail;

	for (int i = 0; i < TURNS_AT_ONCE; i++) {
		mail = cft_lines_take(server->lines);
		if (!mail)
			return;
		run_mail(mail);
	}
	cft_mailbox_wake(server->box);
}

static void reap(void *ctx)
{
	cft_rpc_reap(ctx);
}

static void make_queues(struct cft_rpc_server *server)
{
	const grpc_completion_queue_attributes unread = {
		.version = GRPC_CQ_CURRENT_VERSION,
		.cq_completion_type = GRPC_CQ_NEXT,
		.cq_polling_type = GRPC_CQ_NON_POLLING,
	};

	server->queues[0] = grpc_completion_queue_create_for_next(NULL);
	for (size_t i = 1; i < CFT_RPC_QUEUES; i++)
		server->queues[i] = grpc_completion_queue_create(
			grpc_completion_queue_factory_lookup(&unread), &unread, NULL);
}

struct cft_rpc_server *cft_rpc_server_new(const struct cft_rpc_server_options *options)
{
	struct cft_rpc_server *server = cft_new(struct cft_rpc_server);

	cft_rpc_init();
	server->options = *options;
	server->listen = cft_strdup(options->listen);
	atomic_init(&server->live, 0);
	atomic_init(&server->shutdown_done, false);
	make_queues(server);
	server->channelz = cft_channelz_new();
	server->lines = cft_lines_new();
	server->box = cft_mailbox_new(options->loop, take_mail, server);
	cft_mailbox_after(server->box, take_turns);
	server->reaper = cft_timer_new(options->loop, reap, server);
	return server;
}

static const struct cft_rpc_method *method_named(const struct cft_rpc_service *service,
                                                 const char *name)
{
	for (size_t i = 0; i < service->n_methods; i++) {
		if (strcmp(service->methods[i].name, name) == 0)
			return &service->methods[i];
	}
	return NULL;
}

static void bind_method(struct cft_rpc_server *server, const struct cft_rpc_service *service,
                        const ProtobufCMethodDescriptor *descriptor)
{
	const struct cft_rpc_method *method = method_named(service, descriptor->name);
	struct cft_bound_method *bound;

	if (!method)
		return;
	bound = cft_new(struct cft_bound_method);
	bound->server = server;
	bound->service = service;
	bound->method = method;
	bound->descriptor = descriptor;
	server->methods =
		cft_realloc(server->methods, (server->n_methods + 1) * sizeof(*server->methods));
	server->methods[server->n_methods++] = bound;
	if (method->max_request_bytes > server->max_request_bytes)
		server->max_request_bytes = method->max_request_bytes;
}

void cft_rpc_server_add(struct cft_rpc_server *server, const struct cft_rpc_service *service)
{
	for (size_t i = 0; i < service->n_methods; i++)
		assert(protobuf_c_service_descriptor_get_method_by_name(service->descriptor,
		                                                        service->methods[i].name));
	for (unsigned i = 0; i < service->descriptor->n_methods; i++)
		bind_method(server, service, &service->descriptor->methods[i]);
}

/* -- listening -- */

static grpc_arg int_arg(const char *key, int value)
{
	grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)key};

	arg.value.integer = value;
	return arg;
}

static int or_default(int value, int fallback)
{
	return value ? value : fallback;
}

static void create_server(struct cft_rpc_server *server)
{
	const struct cft_rpc_server_options *o = &server->options;
	grpc_arg v[ARGS_MAX];
	grpc_channel_args args = {0, v};

	v[args.num_args++] = cft_acceptor_arg(&server->acceptor);
	v[args.num_args++] = int_arg(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_MS);
	v[args.num_args++] = int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
	                             (int)server->max_request_bytes + MESSAGE_SLACK_BYTES);
	v[args.num_args++] = int_arg(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, READ_AT_ONCE_BYTES);
	v[args.num_args++] = int_arg(GRPC_ARG_MAX_METADATA_SIZE, MAX_METADATA_BYTES);
	v[args.num_args++] = int_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS,
	                             or_default(o->max_concurrent_streams, MAX_STREAMS));
	v[args.num_args++] =
		int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, or_default(o->keepalive_ms, KEEPALIVE_MS));
	v[args.num_args++] = int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
	                             or_default(o->keepalive_timeout_ms, KEEPALIVE_TIMEOUT_MS));
	v[args.num_args++] = int_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
	v[args.num_args++] = int_arg(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
	v[args.num_args++] = int_arg(GRPC_ARG_ENABLE_CHANNELZ, 1);
	v[args.num_args++] = int_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
	                             MIN_PING_INTERVAL_MS);
	/* No compression: a few bytes must not unfold into megabytes before a limit sees them. */
	v[args.num_args++] = int_arg(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1);
	server->server = grpc_server_create(&args, NULL);
	grpc_server_register_completion_queue(server->server, server->queues[0], NULL);
}

static void register_methods(struct cft_rpc_server *server)
{
	char path[256];

	for (size_t i = 0; i < server->n_methods; i++) {
		struct cft_bound_method *bound = server->methods[i];
		enum cft_rpc_kind kind = bound->method->kind;

		snprintf(path, sizeof(path), "/%s/%s", bound->service->descriptor->name,
		         bound->descriptor->name);
		bound->handle = grpc_server_register_method(
			server->server, path, NULL,
			kind == CFT_RPC_CLIENT_STREAM || kind == CFT_RPC_BIDI
				? GRPC_SRM_PAYLOAD_NONE
				: GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
			0);
		assert(bound->handle);
	}
}

static int make_credentials(struct cft_rpc_server *server, grpc_server_credentials **ret,
                            struct cft_err *err)
{
	const struct cft_rpc_server_options *o = &server->options;

	if (!o->cert_file != !o->key_file)
		return cft_fail(err, CFT_E_CONFIG, "a TLS certificate and its key come together");
	if (!o->cert_file && o->client_ca_file)
		return cft_fail(err, CFT_E_CONFIG, "a client CA needs a TLS certificate and key");
	if (!o->cert_file) {
		*ret = grpc_insecure_server_credentials_create();
		return 0;
	}
	server->tls = cft_tls_new(o->cert_file, o->key_file, o->client_ca_file);
	return cft_tls_credentials(server->tls, ret, err);
}

static void let_in(void *ctx, int listener, int fd)
{
	struct cft_rpc_server *server = ctx;

	cft_acceptor_take(&server->acceptor, listener, fd);
}

static bool traffic(void *ctx, const struct sockaddr *client, int64_t now_ms,
                    struct cft_traffic *ret)
{
	struct cft_rpc_server *server = ctx;
	char name[CFT_CHANNELZ_NAME_BYTES];

	if (!cft_channelz_traffic(server->channelz, client, now_ms, ret))
		return false;
	cft_channelz_name(client, name);
	ret->handled = (int64_t)cft_lines_calls(server->lines, name);
	return true;
}

static void left(void *ctx, const struct sockaddr *client)
{
	struct cft_rpc_server *server = ctx;

	cft_channelz_forget(server->channelz, client);
}

static int open_door(struct cft_rpc_server *server, struct cft_err *err)
{
	const struct cft_rpc_server_options *o = &server->options;
	struct cft_door_options options = {
		.address = server->listen,
		.limits = o->connections,
		.tls = o->cert_file != NULL,
		.silence_ms = HANDSHAKE_MS,
		.let_in = let_in,
		.traffic = traffic,
		.left = left,
		.max_calls = or_default(o->max_concurrent_streams, MAX_STREAMS),
		.max_unfinished = o->max_unfinished_calls,
		.ctx = server,
	};

	if (options.limits.connections == 0)
		options.limits.connections = MAX_CONNECTIONS;
	return cft_door_open(&options, &server->door, err);
}

static int bind_port(struct cft_rpc_server *server, struct cft_err *err)
{
	grpc_server_credentials *credentials = NULL;
	int rc = make_credentials(server, &credentials, err);

	if (rc < 0)
		return rc;
	cft_acceptor_bind(&server->acceptor, server->server, credentials);
	grpc_server_credentials_release(credentials);
	return open_door(server, err);
}

static grpc_completion_queue *pumped_by(struct cft_rpc_server *server, size_t pump)
{
	return server->queues[pump < CFT_RPC_PUMPS ? 0 : 1 + pump - CFT_RPC_PUMPS];
}

static void *pump_main(void *queue)
{
	while (cft_rpc_pump(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC)) != CFT_PUMP_SHUTDOWN)
		;
	return NULL;
}

static void start_serving(struct cft_rpc_server *server)
{
	grpc_server_start(server->server);
	for (int i = 0; i < POSTED_PER_METHOD; i++) {
		for (size_t m = 0; m < server->n_methods; m++)
			cft_rpc_accept_post(server, server->methods[m]);
	}
	for (int i = 0; i < POSTED_UNKNOWN; i++)
		cft_rpc_accept_post(server, NULL);
	for (size_t i = 0; i < N_PUMPS; i++) {
		if (pthread_create(&server->pumps[i], NULL, pump_main, pumped_by(server, i)) != 0)
			abort();
	}
	server->pumping = true;
	cft_door_start(server->door);
	cft_timer_start(server->reaper, REAP_MS, REAP_MS);
}

int cft_rpc_server_listen(struct cft_rpc_server *server, struct cft_err *err)
{
	int rc;

	create_server(server);
	register_methods(server);
	rc = bind_port(server, err);
	if (rc < 0)
		return rc;
	start_serving(server);
	return 0;
}

void cft_rpc_server_reload(struct cft_rpc_server *server)
{
	if (server->tls)
		cft_tls_reload(server->tls);
}

int cft_rpc_server_port(const struct cft_rpc_server *server)
{
	return cft_door_port(server->door);
}

void cft_rpc_server_connections(const struct cft_rpc_server *server, struct cft_door_stats *ret)
{
	*ret = (struct cft_door_stats){0};
	if (server->door)
		cft_door_measure(server->door, ret);
}

size_t cft_rpc_server_live_calls(const struct cft_rpc_server *server)
{
	return atomic_load(&server->live);
}

void cft_rpc_server_limited(const struct cft_rpc_server *server, size_t *ret_all,
                            size_t *ret_too_large)
{
	*ret_all = atomic_load(&server->limited);
	*ret_too_large = atomic_load(&server->too_large);
}

void cft_rpc_server_shed(struct cft_rpc_server *server)
{
	cft_door_shed(server->door);
}

/* -- stopping -- */

static void shutdown_done(struct cft_tag *tag, bool ok)
{
	struct cft_rpc_server *server = cft_mail_of(tag, struct cft_rpc_server, shutdown_tag);

	(void)ok;
	atomic_store(&server->shutdown_done, true);
}

static void shut_queues(struct cft_rpc_server *server)
{
	for (size_t i = 0; i < CFT_RPC_QUEUES; i++)
		grpc_completion_queue_shutdown(server->queues[i]);
}

/* The queues may be shut down only when no call is left to start a batch on one. */
static void finish_stop(struct cft_rpc_server *server)
{
	cft_timer_stop(server->drain);
	cft_timer_stop(server->reaper);
	shut_queues(server);
	for (size_t i = 0; i < N_PUMPS; i++)
		pthread_join(server->pumps[i], NULL);
	server->pumping = false;
	server->stopped(server->stopped_arg);
}

static void check_drained(void *ctx)
{
	struct cft_rpc_server *server = ctx;

	if (atomic_load(&server->shutdown_done) && atomic_load(&server->live) == 0) {
		finish_stop(server);
	} else if (server->cancel_at_ms &&
	           cft_loop_now_ms(server->options.loop) >= server->cancel_at_ms) {
		server->cancel_at_ms = 0;
		grpc_server_cancel_all_calls(server->server);
	}
}

void cft_rpc_server_stop(struct cft_rpc_server *server, int grace_ms, void (*done)(void *arg),
                         void *arg)
{
	assert(server->pumping && !server->drain);
	server->stopped = done;
	server->stopped_arg = arg;
	server->cancel_at_ms = cft_loop_now_ms(server->options.loop) + grace_ms + 1;
	cft_door_stop(server->door);
	server->shutdown_tag.done = shutdown_done;
	grpc_server_shutdown_and_notify(server->server, server->queues[0],
	                                cft_tag_hand_over(&server->shutdown_tag));
	server->drain = cft_timer_new(server->options.loop, check_drained, server);
	cft_timer_start(server->drain, DRAIN_CHECK_MS, DRAIN_CHECK_MS);
}

/* A server that was made but never served has no pump to empty its queue. */
static void shut_unserved(struct cft_rpc_server *server)
{
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);

	if (server->server) {
		server->shutdown_tag.done = shutdown_done;
		grpc_server_shutdown_and_notify(server->server, server->queues[0],
		                                cft_tag_hand_over(&server->shutdown_tag));
		while (!atomic_load(&server->shutdown_done))
			cft_rpc_pump(server->queues[0], forever);
	}
	shut_queues(server);
	while (cft_rpc_pump(server->queues[0], forever) != CFT_PUMP_SHUTDOWN)
		;
}

void cft_rpc_server_free(struct cft_rpc_server *server)
{
	if (!server)
		return;
	assert(!server->pumping);
	if (!server->drain)
		shut_unserved(server);
	if (server->server)
		grpc_server_destroy(server->server);
	for (size_t i = 0; i < CFT_RPC_QUEUES; i++)
		grpc_completion_queue_destroy(server->queues[i]);
	cft_timer_free(server->drain);
	cft_timer_free(server->reaper);
	cft_mailbox_free(server->box);
	cft_lines_free(server->lines);
	for (size_t i = 0; i < server->n_methods; i++)
		free(server->methods[i]);
	free(server->methods);
	free(server->listen);
	cft_door_free(server->door);
	cft_channelz_free(server->channelz);
	cft_tls_free(server->tls);
	free(server);
	grpc_shutdown();
}
