/* Accept: calls as they come off the queue, up to their hop to the loop.
 * SPDX-License-Identifier: MIT
 *
 * Everything here runs on a pump thread (rarely on one that starts a batch: cft_rpc_keep_event),
 * but for what the mail carries to the loop: opening, `admit` and the handler.
 */
#include "common/base/mem.h"
#include "common/rpc/codec.h"
#include "server/rpc/engine.h"

#include <assert.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <stdlib.h>

static bool streams_requests(const struct cft_rpc_method *method)
{
	return method->kind == CFT_RPC_CLIENT_STREAM || method->kind == CFT_RPC_BIDI;
}

static bool wants_open(const struct cft_rpc_method *method)
{
	return method->kind != CFT_RPC_UNARY || method->long_poll;
}

static void run_handler(struct cft_rpc_call *call)
{
	const struct cft_bound_method *bound = call->bound;

	bound->method->handler(bound->service->ctx, call, call->request);
}

/* Loop thread: the call arrives at the gate, and behind it at its handler. */
static void on_accepted(struct cft_rpc_call *call, bool ok)
{
	const struct cft_rpc_server_options *options = &call->server->options;
	struct cft_err err = CFT_ERR_INIT;
	int rc = 0;

	(void)ok;
	if (wants_open(call->bound->method))
		cft_rpc_call_open(call);
	if (options->gate) {
		call->gated = true;
		rc = options->gate->admit(options->gate_ctx, call, (void *)call->request, &err);
	}
	if (rc < 0)
		cft_rpc_fail(call, &err);
	else if (rc != CFT_RPC_LATER)
		run_handler(call);
}

void cft_rpc_admitted(struct cft_rpc_call *call, const struct cft_err *err)
{
	struct cft_err gone = CFT_ERR_INIT;

	if (err) {
		cft_rpc_fail(call, err);
	} else if (call->closed) { /* nobody would tell the handler any more */
		cft_rpc_gone(&gone);
		cft_rpc_fail(call, &gone);
	} else {
		run_handler(call);
	}
}

/* The client's side ended without a message: mostly it has gone, and nobody reads an answer. */
static void forget_empty(struct cft_rpc_call *call)
{
	grpc_call_cancel_with_status(call->call, GRPC_STATUS_INVALID_ARGUMENT,
	                             "the message is missing", NULL);
	cft_rpc_call_unref(call);
}

static void join_line(struct cft_rpc_call *call)
{
	char *peer = grpc_call_get_peer(call->call);

	call->line = cft_lines_join(call->server->lines, peer);
	gpr_free(peer);
}

static void accept_known(struct cft_rpc_call *call)
{
	const struct cft_bound_method *bound = call->bound;
	struct cft_err err = CFT_ERR_INIT;

	if (!streams_requests(bound->method) && !call->payload) {
		forget_empty(call);
		return;
	}
	if (!streams_requests(bound->method) &&
	    cft_rpc_unpack(bound->descriptor->input, call->payload,
	                   bound->method->max_request_bytes, &call->arena, &call->request,
	                   &err) < 0) {
		cft_rpc_fail(call, &err); /* also right here: nothing is being sent yet */
		return;
	}
	grpc_byte_buffer_destroy(call->payload);
	call->payload = NULL;
	join_line(call);
	/* The mail carries a reference of its own; the handler's is the call's first. */
	atomic_fetch_add(&call->refs, 1);
	cft_rpc_batch_post(&call->accept, true);
}

static void accept_unknown(struct cft_rpc_call *call)
{
	struct cft_err err = CFT_ERR_INIT;
	char *path = cft_rpc_slice_strdup(call->details.method);

	cft_fail_reason(&err, CFT_E_UNSUPPORTED, "UNKNOWN_METHOD",
	                "this server has no method %.200s", path);
	free(path);
	cft_rpc_fail(call, &err);
}

static void accept_done(struct cft_tag *tag, bool ok)
{
	struct cft_rpc_call *call = cft_rpc_batch_call(tag);

	if (!ok) { /* the server shuts down: this one will never be used */
		cft_rpc_call_unref(call);
		return;
	}
	atomic_fetch_add(&call->server->live, 1);
	cft_rpc_accept_post(call->server, call->bound);
	if (call->bound)
		accept_known(call);
	else
		accept_unknown(call);
}

static grpc_completion_queue *queue_for(struct cft_rpc_server *server,
                                        const struct cft_bound_method *bound)
{
	if (!bound || !wants_open(bound->method))
		return server->queues[0];
	return server->queues[1 + atomic_fetch_add(&server->streams, 1) % CFT_RPC_STREAM_QUEUES];
}

void cft_rpc_accept_post(struct cft_rpc_server *server, const struct cft_bound_method *bound)
{
	struct cft_rpc_call *call = cft_rpc_call_new(server, bound);
	grpc_call_error error;

	call->accept.tag.done = accept_done;
	call->accept.call = call;
	call->accept.on_loop = on_accepted;
	call->queue = queue_for(server, bound);
	if (bound)
		error = grpc_server_request_registered_call(
			server->server, bound->handle, &call->call, &call->deadline,
			&call->metadata, streams_requests(bound->method) ? NULL : &call->payload,
			call->queue, server->queues[0], cft_tag_hand_over(&call->accept.tag));
	else
		error = grpc_server_request_call(server->server, &call->call, &call->details,
		                                 &call->metadata, call->queue, server->queues[0],
		                                 cft_tag_hand_over(&call->accept.tag));
	assert(error == GRPC_CALL_OK);
}
