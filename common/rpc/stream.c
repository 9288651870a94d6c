/* Stream: server-streaming and bidirectional calls of the blocking client.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "common/rpc/call.h"
#include "common/rpc/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The batches of a stream; each has its own tag and at most one run at a time. */
struct batch {
	struct cft_tag tag;
	struct cft_stream *stream;
	bool running;
	bool ok; /* how the last run ended */
};

struct cft_stream {
	struct cft_call call;
	struct batch open, read, write, half_close, status;
	grpc_byte_buffer *request; /* or NULL: bidirectional */
	grpc_byte_buffer *outgoing;
	grpc_byte_buffer *message; /* received, not yet taken by the caller */
	bool ended;                /* a read came back empty: the status tells why */
	bool finished;             /* the status is there */
};

static void batch_done(struct cft_tag *tag, bool ok)
{
	struct batch *batch = (struct batch *)tag;

	batch->running = false;
	batch->ok = ok;
}

static void read_done(struct cft_tag *tag, bool ok)
{
	struct cft_stream *stream = ((struct batch *)tag)->stream;

	batch_done(tag, ok);
	if (!stream->message)
		stream->ended = true;
}

static void status_done(struct cft_tag *tag, bool ok)
{
	batch_done(tag, ok);
	((struct batch *)tag)->stream->finished = true;
}

static void batch_start(struct batch *batch, const grpc_op *ops, size_t n)
{
	grpc_call_error error;

	assert(!batch->running);
	batch->running = true;
	error = grpc_call_start_batch(batch->stream->call.call, ops, n,
	                              cft_tag_hand_over(&batch->tag), NULL);
	assert(error == GRPC_CALL_OK);
}

static void start_open(struct cft_stream *stream)
{
	/* The server's initial metadata may come with its answer only, which it gives after all we
	 * have to write: so it is awaited with the status, not with the opening. */
	grpc_op ops[3] = {{0}}, end[2] = {cft_call_op_receive_initial(&stream->call),
	                                  cft_call_op_status(&stream->call)};
	size_t n = 0;

	ops[n++] = cft_call_op_initial(&stream->call);
	if (stream->request) {
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = stream->request;
		ops[n++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	}
	batch_start(&stream->open, ops, n);
	batch_start(&stream->status, end, 2);
}

static void start_read(struct cft_stream *stream)
{
	grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};

	op.data.recv_message.recv_message = &stream->message;
	batch_start(&stream->read, &op, 1);
}

static void batch_init(struct batch *batch, struct cft_stream *stream,
                       void (*done)(struct cft_tag *, bool))
{
	batch->tag.done = done;
	batch->stream = stream;
}

int cft_stream_open(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                    const char *method, const void *request, struct cft_stream **ret,
                    struct cft_err *err)
{
	struct cft_stream *stream = cft_new(struct cft_stream);
	int rc = cft_call_init(&stream->call, client, service, method,
	                       gpr_inf_future(GPR_CLOCK_MONOTONIC), err);

	if (rc < 0) {
		free(stream);
		return rc;
	}
	batch_init(&stream->open, stream, batch_done);
	batch_init(&stream->read, stream, read_done);
	batch_init(&stream->write, stream, batch_done);
	batch_init(&stream->half_close, stream, batch_done);
	batch_init(&stream->status, stream, status_done);
	stream->request = request ? cft_rpc_pack(request) : NULL;
	start_open(stream);
	*ret = stream;
	return 0;
}

/* Pumps the client's queue until `*flag` has the value; false when the deadline came first. */
static bool pump_until(struct cft_stream *stream, const bool *flag, bool value,
                       gpr_timespec deadline)
{
	while (*flag != value) {
		if (cft_rpc_pump(stream->call.client->queue, deadline) != CFT_PUMP_RAN)
			return *flag == value;
	}
	return true;
}

static int take_message(struct cft_stream *stream, struct cft_arena *arena, void *ret_message,
                        struct cft_err *err)
{
	grpc_byte_buffer *bytes = stream->message;
	int rc = cft_rpc_unpack(stream->call.method->output, bytes,
	                        stream->call.client->max_message_bytes, arena, ret_message, err);

	stream->message = NULL;
	grpc_byte_buffer_destroy(bytes);
	return rc < 0 ? rc : 1;
}

/* After a failed connection the next open goes to the next server of the list. */
static int end_of_stream(struct cft_stream *stream, struct cft_err *err)
{
	struct cft_client *client = stream->call.client;
	int rc;

	pump_until(stream, &stream->finished, true, gpr_inf_future(GPR_CLOCK_MONOTONIC));
	rc = cft_call_error(&stream->call, err);
	if (rc == CFT_E_UNAVAILABLE)
		client->current = (client->current + 1) % client->n_channels;
	return rc;
}

int cft_stream_read(struct cft_stream *stream, int timeout_ms, struct cft_arena *arena,
                    void *ret_message, struct cft_err *err)
{
	if (!stream->ended && !stream->message && !stream->read.running)
		start_read(stream);
	if (!pump_until(stream, &stream->read.running, false, cft_rpc_deadline(timeout_ms)))
		return cft_fail(err, CFT_E_TIMEOUT, "no message within %d ms", timeout_ms);
	if (stream->message)
		return take_message(stream, arena, ret_message, err);
	return end_of_stream(stream, err);
}

/* One op of the sending side, after those before it. */
static int send_op(struct cft_stream *stream, const grpc_op *op, gpr_timespec deadline,
                   struct cft_err *err)
{
	batch_start(&stream->write, op, 1);
	if (!pump_until(stream, &stream->write.running, false, deadline))
		return cft_fail(err, CFT_E_TIMEOUT, "the server takes no more messages");
	if (stream->write.ok)
		return 0;
	stream->ended = true;
	return end_of_stream(stream, err);
}

static int wait_to_send(struct cft_stream *stream, gpr_timespec deadline, struct cft_err *err)
{
	if (!pump_until(stream, &stream->open.running, false, deadline) ||
	    !pump_until(stream, &stream->write.running, false, deadline))
		return cft_fail(err, CFT_E_TIMEOUT, "the server takes no more messages");
	return 0;
}

int cft_stream_write(struct cft_stream *stream, const void *message, int timeout_ms,
                     struct cft_err *err)
{
	gpr_timespec deadline = cft_rpc_deadline(timeout_ms);
	grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
	int rc = wait_to_send(stream, deadline, err);

	if (rc < 0)
		return rc;
	grpc_byte_buffer_destroy(stream->outgoing);
	stream->outgoing = cft_rpc_pack(message);
	op.data.send_message.send_message = stream->outgoing;
	return send_op(stream, &op, deadline, err);
}

int cft_stream_write_end(struct cft_stream *stream, int timeout_ms, struct cft_err *err)
{
	gpr_timespec deadline = cft_rpc_deadline(timeout_ms);
	grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
	int rc = wait_to_send(stream, deadline, err);

	return rc < 0 ? rc : send_op(stream, &op, deadline, err);
}

void cft_stream_finish(struct cft_stream *stream)
{
	grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};

	batch_start(&stream->half_close, &op, 1);
}

void cft_stream_close(struct cft_stream *stream)
{
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);

	if (!stream)
		return;
	grpc_call_cancel(stream->call.call, NULL);
	pump_until(stream, &stream->open.running, false, forever);
	pump_until(stream, &stream->read.running, false, forever);
	pump_until(stream, &stream->write.running, false, forever);
	pump_until(stream, &stream->half_close.running, false, forever);
	pump_until(stream, &stream->status.running, false, forever);
	grpc_byte_buffer_destroy(stream->request);
	grpc_byte_buffer_destroy(stream->outgoing);
	grpc_byte_buffer_destroy(stream->message);
	cft_call_release(&stream->call);
	free(stream);
}
