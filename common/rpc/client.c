/* Client: unary calls, blocking and started.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/client.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/rpc/call.h"
#include "common/rpc/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { DEFAULT_MAX_MESSAGE_BYTES = 64 << 20 };

/* One unary call: five ops in one batch, so one event. */
struct cft_unary {
	struct cft_tag tag;
	struct cft_call call;
	grpc_byte_buffer *request, *response;
	struct cft_arena own;    /* the response's, for the time of the callback */
	struct cft_arena *arena; /* that one, or the blocking caller's */
	cft_client_done done;
	void *arg;
	struct cft_unary *prev, *next; /* in cft_client.in_flight */
};

int cft_client_open(const struct cft_client_options *options, struct cft_client **ret,
                    struct cft_err *err)
{
	struct cft_client *client = cft_new(struct cft_client);
	int rc;

	cft_rpc_init();
	client->queue = grpc_completion_queue_create_for_next(NULL);
	client->max_message_bytes =
		options->max_message_bytes ? options->max_message_bytes : DEFAULT_MAX_MESSAGE_BYTES;
	if (options->token && options->token[0])
		client->authorization = cft_asprintf("Bearer %s", options->token);
	rc = cft_channels_open(client, options, err);
	if (rc < 0)
		cft_client_close(client);
	else
		*ret = client;
	return rc;
}

void cft_client_close(struct cft_client *client)
{
	struct cft_unary *call;

	if (!client)
		return;
	DL_FOREACH (client->in_flight, call)
		grpc_call_cancel(call->call.call, NULL);
	while (client->in_flight)
		cft_rpc_pump(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC));
	cft_channels_close(client);
	grpc_completion_queue_shutdown(client->queue);
	while (cft_rpc_pump(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC)) !=
	       CFT_PUMP_SHUTDOWN)
		;
	grpc_completion_queue_destroy(client->queue);
	if (client->authorization)
		explicit_bzero(client->authorization, strlen(client->authorization));
	free(client->authorization);
	free(client);
	grpc_shutdown();
}

const char *cft_client_server(const struct cft_client *client)
{
	return client->channels[client->current].address;
}

size_t cft_client_in_flight(const struct cft_client *client)
{
	return client->n_in_flight;
}

bool cft_client_poll(struct cft_client *client, int timeout_ms)
{
	return cft_rpc_pump(client->queue, cft_rpc_deadline(timeout_ms)) == CFT_PUMP_RAN;
}

struct watch {
	struct cft_tag tag;
	bool done;
};

static void watch_done(struct cft_tag *tag, bool ok)
{
	(void)ok; /* the state changed, or the deadline passed: the caller looks */
	((struct watch *)tag)->done = true;
}

static void await_change(struct cft_client *client, grpc_channel *channel,
                         grpc_connectivity_state state, gpr_timespec deadline)
{
	struct watch watch = {.tag.done = watch_done};

	grpc_channel_watch_connectivity_state(channel, state, deadline, client->queue,
	                                      cft_tag_hand_over(&watch.tag));
	while (!watch.done)
		cft_rpc_pump(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC));
}

bool cft_client_wait(struct cft_client *client, int timeout_ms)
{
	grpc_channel *channel = client->channels[client->current].channel;
	gpr_timespec deadline = cft_rpc_deadline(timeout_ms);

	for (;;) {
		grpc_connectivity_state state = grpc_channel_check_connectivity_state(channel, 1);
		if (state == GRPC_CHANNEL_READY)
			return true;
		if (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), deadline) >= 0)
			break;
		await_change(client, channel, state, deadline);
	}
	client->current = (client->current + 1) % client->n_channels;
	return false;
}

static void unary_free(struct cft_unary *unary)
{
	grpc_byte_buffer_destroy(unary->request);
	grpc_byte_buffer_destroy(unary->response);
	cft_call_release(&unary->call);
	cft_arena_release(&unary->own);
	free(unary);
}

/* The only place where a started call ends. */
static void unary_done(struct cft_tag *tag, bool ok)
{
	struct cft_unary *unary = (struct cft_unary *)tag;
	struct cft_client *client = unary->call.client;
	struct cft_err err = CFT_ERR_INIT;
	void *response = NULL;

	(void)ok; /* a batch with a status op always succeeds */
	DL_DELETE(client->in_flight, unary);
	client->n_in_flight--;
	if (cft_call_error(&unary->call, &err) == 0)
		cft_rpc_unpack(unary->call.method->output, unary->response,
		               client->max_message_bytes, unary->arena, &response, &err);
	unary->done(unary->arg, response, &err);
	unary_free(unary);
}

static void unary_begin(struct cft_unary *unary)
{
	grpc_op ops[6] = {{0}};
	grpc_call_error error;

	ops[0] = cft_call_op_initial(&unary->call);
	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = unary->request;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3] = cft_call_op_receive_initial(&unary->call);
	ops[4].op = GRPC_OP_RECV_MESSAGE;
	ops[4].data.recv_message.recv_message = &unary->response;
	ops[5] = cft_call_op_status(&unary->call);
	error = grpc_call_start_batch(unary->call.call, ops, 6, cft_tag_hand_over(&unary->tag),
	                              NULL);
	assert(error == GRPC_CALL_OK);
}

static void start(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                  const char *method, const void *request, int timeout_ms, struct cft_arena *arena,
                  cft_client_done done, void *arg)
{
	struct cft_unary *unary = cft_new(struct cft_unary);
	struct cft_err err = CFT_ERR_INIT;

	unary->tag.done = unary_done;
	unary->done = done;
	unary->arg = arg;
	unary->arena = arena ? arena : &unary->own;
	if (cft_call_init(&unary->call, client, service, method, cft_rpc_deadline(timeout_ms),
	                  &err) < 0) {
		done(arg, NULL, &err);
		free(unary);
		return;
	}
	unary->request = cft_rpc_pack(request);
	DL_APPEND(client->in_flight, unary);
	client->n_in_flight++;
	unary_begin(unary);
}

void cft_client_start(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                      const char *method, const void *request, int timeout_ms, cft_client_done done,
                      void *arg)
{
	start(client, service, method, request, timeout_ms, NULL, done, arg);
}

/* A blocking call waits for this to be filled. */
struct waiter {
	bool finished;
	const void *response;
	struct cft_err err;
};

static void wake_waiter(void *arg, const void *response, const struct cft_err *err)
{
	struct waiter *waiter = arg;

	waiter->finished = true;
	waiter->response = response;
	waiter->err = *err;
}

int cft_client_call(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                    const char *method, const void *request, int timeout_ms,
                    struct cft_arena *arena, void *ret_response, struct cft_err *err)
{
	int64_t end_us = cft_clock_mono_us() + timeout_ms * INT64_C(1000);
	struct waiter waiter = {0};

	for (size_t attempt = 0; attempt < client->n_channels; attempt++) {
		int64_t left_us = end_us - cft_clock_mono_us();

		if (attempt && left_us <= 0)
			break;
		memset(&waiter, 0, sizeof(waiter));
		start(client, service, method, request,
		      attempt ? (int)(left_us / 1000) : timeout_ms, arena, wake_waiter, &waiter);
		while (!waiter.finished)
			cft_rpc_pump(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC));
		if (waiter.err.code != CFT_E_UNAVAILABLE)
			break;
		client->current = (client->current + 1) % client->n_channels;
	}
	if (waiter.err.code != 0) {
		if (err)
			*err = waiter.err;
		return waiter.err.code;
	}
	memcpy(ret_response, &waiter.response, sizeof(waiter.response));
	return 0;
}
