/* Bare: the least that a gRPC server in C can do: hold streams open and send on all of them.
 * SPDX-License-Identifier: MIT
 *
 * Usage: bench_bare HOST:PORT. One queue, one thread, nothing unpacked, no flow control but gRPC's:
 * what a fan-out of ours is measured against. Runs until it is killed.
 */
#include "common/base/mem.h"
#include "common/base/vec.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stdio.h>
#include <stdlib.h>

enum { POSTED = 128 };

struct bare;

/* A call, or the room for the next one. `done` runs when a batch of it is complete. */
struct call {
	struct bare *bare;
	void (*done)(struct call *call, int ok);
	void *method;
	grpc_call *call;
	grpc_byte_buffer *payload;
	grpc_metadata_array metadata;
	gpr_timespec deadline;
	int cancelled;
	grpc_byte_buffer *outgoing; /* of a stream, while it sends */
	int gone;                   /* its client is: the last send failed */
};

struct bare {
	grpc_server *server;
	grpc_completion_queue *queue;
	void *watch, *fire;
	CFT_VEC(struct call *) streams;
};

static void accepted(struct call *call, int ok);

static void post(struct bare *bare, void *method)
{
	struct call *call = cft_new(struct call);
	grpc_call_error error;

	call->bare = bare;
	call->method = method;
	call->done = accepted;
	grpc_metadata_array_init(&call->metadata);
	error = grpc_server_request_registered_call(bare->server, method, &call->call,
	                                            &call->deadline, &call->metadata,
	                                            &call->payload, bare->queue, bare->queue, call);
	assert(error == GRPC_CALL_OK);
	(void)error;
}

static void start_batch(struct call *call, const grpc_op *ops, size_t n)
{
	grpc_call_error error = grpc_call_start_batch(call->call, ops, n, call, NULL);

	assert(error == GRPC_CALL_OK);
	(void)error;
}

static void sent(struct call *call, int ok)
{
	call->gone = !ok;
	grpc_byte_buffer_destroy(call->outgoing);
	call->outgoing = NULL;
}

static void opened(struct call *call, int ok)
{
	(void)ok;
	call->done = sent;
	cft_vec_push(&call->bare->streams, call);
}

static void call_free(struct call *call)
{
	grpc_byte_buffer_destroy(call->payload);
	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_unref(call->call);
	free(call);
}

static void answered(struct call *call, int ok)
{
	(void)ok;
	call_free(call);
}

/* Mostly a message leaves at once, and its end is taken here instead of from the queue. */
static void send_copy(struct call *stream, grpc_byte_buffer *payload)
{
	grpc_op send = {.op = GRPC_OP_SEND_MESSAGE};
	void *done;
	int ok;

	if (stream->outgoing)
		return; /* its last message is not taken yet */
	stream->outgoing = grpc_byte_buffer_copy(payload);
	send.data.send_message.send_message = stream->outgoing;
	grpc_completion_queue_thread_local_cache_init(stream->bare->queue);
	start_batch(stream, &send, 1);
	if (grpc_completion_queue_thread_local_cache_flush(stream->bare->queue, &done, &ok))
		((struct call *)done)->done(done, ok);
}

/* Streams of earlier runs must not weigh on the next one. */
static void let_go(struct bare *bare)
{
	size_t kept = 0;

	for (size_t i = 0; i < bare->streams.n; i++) {
		struct call *stream = bare->streams.v[i];

		if (stream->gone)
			call_free(stream);
		else
			bare->streams.v[kept++] = stream;
	}
	bare->streams.n = kept;
}

/* The end that is taken with a send may be another call's, and open a stream. */
static void send_to_all(struct bare *bare, grpc_byte_buffer *payload)
{
	let_go(bare);
	for (size_t i = 0; i < bare->streams.n; i++)
		send_copy(bare->streams.v[i], payload);
}

static void fire(struct call *call)
{
	grpc_slice text = grpc_empty_slice();
	grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
	                  {.op = GRPC_OP_SEND_MESSAGE},
	                  {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
	                  {.op = GRPC_OP_RECV_CLOSE_ON_SERVER}};

	send_to_all(call->bare, call->payload);
	ops[1].data.send_message.send_message = call->payload;
	ops[2].data.send_status_from_server.status_details = &text;
	ops[3].data.recv_close_on_server.cancelled = &call->cancelled;
	call->done = answered;
	start_batch(call, ops, 4);
}

static void accepted(struct call *call, int ok)
{
	grpc_op open = {.op = GRPC_OP_SEND_INITIAL_METADATA};

	if (!ok)
		return;
	post(call->bare, call->method);
	if (call->method == call->bare->fire) {
		fire(call);
	} else {
		call->done = opened;
		start_batch(call, &open, 1);
	}
}

static int listen_on(struct bare *bare, const char *address)
{
	grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
	grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_CONCURRENT_STREAMS};
	grpc_channel_args args = {1, &arg};
	int port;

	arg.value.integer = 100000;
	bare->server = grpc_server_create(&args, NULL);
	grpc_server_register_completion_queue(bare->server, bare->queue, NULL);
	bare->watch = grpc_server_register_method(bare->server, "/bench.Bare/Watch", NULL,
	                                          GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
	bare->fire = grpc_server_register_method(bare->server, "/bench.Bare/Fire", NULL,
	                                         GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
	port = grpc_server_add_http2_port(bare->server, address, plain);
	grpc_server_credentials_release(plain);
	grpc_server_start(bare->server);
	return port;
}

int main(int argc, char **argv)
{
	struct bare bare = {0};

	if (argc != 2) {
		fputs("usage: bench_bare HOST:PORT\n", stderr);
		return 2;
	}
	grpc_init();
	bare.queue = grpc_completion_queue_create_for_next(NULL);
	if (listen_on(&bare, argv[1]) == 0) {
		fprintf(stderr, "bare: cannot listen on %s\n", argv[1]);
		return 1;
	}
	for (int i = 0; i < POSTED; i++) {
		post(&bare, bare.watch);
		post(&bare, bare.fire);
	}
	for (;;) {
		grpc_event event = grpc_completion_queue_next(
			bare.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
		struct call *call = event.tag;
		call->done(call, event.success);
	}
}
