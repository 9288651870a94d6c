/* Call: one call from acceptance to its end; what handlers do with it.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "common/base/vec.h"
#include "common/rpc/codec.h"
#include "common/rpc/status.h"
#include "server/rpc/engine.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Of a client's certificate. */
struct names {
	const char **v;
	size_t n, cap;
};

/* How long an ended stream may wait for its client to take what was sent. */
enum { CLOSING_MAX_MS = 10000 };

static void open_done(struct cft_tag *tag, bool ok);
static void send_done(struct cft_tag *tag, bool ok);
static void receive_done(struct cft_tag *tag, bool ok);
static void finish_done(struct cft_tag *tag, bool ok);
static void on_closed(struct cft_rpc_call *call, bool ok);
static void on_sent(struct cft_rpc_call *call, bool ok);
static void on_received(struct cft_rpc_call *call, bool ok);

static void batch_init(struct cft_rpc_batch *batch, struct cft_rpc_call *call,
                       void (*done)(struct cft_tag *, bool),
                       void (*on_loop)(struct cft_rpc_call *, bool))
{
	batch->tag.done = done;
	batch->call = call;
	batch->on_loop = on_loop;
}

struct cft_rpc_call *cft_rpc_call_new(struct cft_rpc_server *server,
                                      const struct cft_bound_method *bound)
{
	struct cft_rpc_call *call = cft_new(struct cft_rpc_call);

	call->server = server;
	call->bound = bound;
	atomic_init(&call->refs, 1);
	cft_arena_init(&call->arena);
	cft_arena_init(&call->incoming_arena);
	grpc_metadata_array_init(&call->metadata);
	grpc_call_details_init(&call->details);
	call->status_text = grpc_empty_slice();
	batch_init(&call->open, call, open_done, on_closed);
	batch_init(&call->send, call, send_done, on_sent);
	batch_init(&call->receive, call, receive_done, on_received);
	batch_init(&call->finish, call, finish_done, NULL);
	return call;
}

static void call_free(struct cft_rpc_call *call)
{
	struct cft_rpc_server *server = call->server;
	bool accepted = call->call != NULL;

	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_details_destroy(&call->details);
	grpc_byte_buffer_destroy(call->payload);
	grpc_byte_buffer_destroy(call->outgoing);
	grpc_byte_buffer_destroy(call->incoming);
	grpc_byte_buffer_destroy(call->response);
	grpc_slice_unref(call->status_text);
	if (call->n_status_details)
		grpc_slice_unref(call->status_details.value);
	cft_arena_release(&call->arena);
	cft_arena_release(&call->incoming_arena);
	if (call->call)
		grpc_call_unref(call->call);
	if (call->line)
		cft_lines_leave(server->lines, call->line);
	free(call);
	/* Last: from here on the queue may be shut down. */
	if (accepted)
		atomic_fetch_sub(&server->live, 1);
}

void cft_rpc_call_unref(struct cft_rpc_call *call)
{
	if (atomic_fetch_sub(&call->refs, 1) == 1)
		call_free(call);
}

void cft_rpc_batch_start(struct cft_rpc_batch *batch, const grpc_op *ops, size_t n)
{
	grpc_call_error error;

	atomic_fetch_add(&batch->call->refs, 1);
	error = grpc_call_start_batch(batch->call->call, ops, n, cft_tag_hand_over(&batch->tag),
	                              NULL);
	assert(error == GRPC_CALL_OK);
}

/* Mostly what is sent leaves at once, and its end need not go through a pump. */
static void start_sending(struct cft_rpc_batch *batch, const grpc_op *ops, size_t n)
{
	grpc_completion_queue *queue = batch->call->queue;

	cft_rpc_keep_event(queue);
	cft_rpc_batch_start(batch, ops, n);
	cft_rpc_run_kept_event(queue);
}

struct cft_rpc_call *cft_rpc_batch_call(struct cft_tag *tag)
{
	return ((struct cft_rpc_batch *)tag)->call;
}

void cft_rpc_batch_post(struct cft_rpc_batch *batch, bool ok)
{
	batch->ok = ok;
	cft_mailbox_post(batch->call->server->box, &batch->mail);
}

/* -- open -- */

void cft_rpc_call_open(struct cft_rpc_call *call)
{
	grpc_op ops[2] = {{0}};

	call->opened = true;
	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[1].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
	ops[1].data.recv_close_on_server.cancelled = &call->cancelled;
	cft_rpc_batch_start(&call->open, ops, 2);
}

static void open_done(struct cft_tag *tag, bool ok)
{
	cft_rpc_batch_post((struct cft_rpc_batch *)tag, ok);
}

static void on_closed(struct cft_rpc_call *call, bool ok)
{
	(void)ok;
	call->closed = true;
	if (!call->ended && call->hooks && call->hooks->on_cancelled)
		call->hooks->on_cancelled(call->hooks_arg);
}

/* -- end -- */

static void finish_done(struct cft_tag *tag, bool ok)
{
	(void)ok; /* the client may have gone: nothing to do about it */
	cft_rpc_call_unref(cft_rpc_batch_call(tag));
}

static void start_finish(struct cft_rpc_call *call)
{
	grpc_op ops[4] = {{0}};
	size_t n = 0;

	if (!call->opened) {
		ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
		ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
		ops[n++].data.recv_close_on_server.cancelled = &call->cancelled;
	}
	if (call->response) {
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = call->response;
	}
	ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	ops[n].data.send_status_from_server.status = call->status;
	ops[n].data.send_status_from_server.status_details = &call->status_text;
	ops[n].data.send_status_from_server.trailing_metadata_count = call->n_status_details;
	ops[n++].data.send_status_from_server.trailing_metadata = &call->status_details;
	start_sending(&call->finish, ops, n);
}

/* The handler's reference ends here, or when the send that still runs is done. */
static void end_call(struct cft_rpc_call *call)
{
	struct cft_rpc_server *server = call->server;

	assert(!call->ended);
	call->ended = true;
	if (call->gated)
		server->options.gate->ended(server->options.gate_ctx, call);
	if (cft_rpc_sending(call)) {
		call->ended_at_ms = cft_loop_now_ms(server->options.loop);
		DL_APPEND(server->closing, call);
		return;
	}
	start_finish(call);
	cft_rpc_call_unref(call);
}

void cft_rpc_reply(struct cft_rpc_call *call, const void *response)
{
	call->response = cft_rpc_pack(response);
	end_call(call);
}

void cft_rpc_end(struct cft_rpc_call *call)
{
	end_call(call);
}

static void count_limited(struct cft_rpc_server *server, const struct cft_err *err)
{
	if (cft_code_grpc(err->code) != GRPC_STATUS_RESOURCE_EXHAUSTED)
		return;
	atomic_fetch_add(&server->limited, 1);
	if (strcmp(err->reason, "MESSAGE_TOO_LARGE") == 0)
		atomic_fetch_add(&server->too_large, 1);
}

/* For those who show the text and know nothing of details, it begins with the place. */
static grpc_slice status_text(const struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	char place[CFT_ERR_PLACE];

	if (err->line > 0)
		cft_buf_addf(&text, "%s: ", cft_err_place(err, place));
	cft_buf_adds(&text, err->message);
	grpc_slice slice = grpc_slice_from_copied_string(cft_buf_str(&text));
	cft_buf_release(&text);
	return slice;
}

void cft_rpc_fail(struct cft_rpc_call *call, const struct cft_err *err)
{
	struct cft_buf details = CFT_BUF_INIT;

	count_limited(call->server, err);
	cft_status_encode(err, &details);
	call->status = (grpc_status_code)cft_code_grpc(err->code);
	call->status_text = status_text(err);
	call->status_details.key = grpc_slice_from_static_string(CFT_STATUS_DETAILS_KEY);
	call->status_details.value = grpc_slice_from_copied_buffer(details.data, details.len);
	call->n_status_details = 1;
	cft_buf_release(&details);
	end_call(call);
}

void cft_rpc_reap(struct cft_rpc_server *server)
{
	int64_t now_ms = cft_loop_now_ms(server->options.loop);
	struct cft_rpc_call *call;

	DL_FOREACH (server->closing, call) {
		if (now_ms - call->ended_at_ms > CLOSING_MAX_MS)
			grpc_call_cancel_with_status(call->call, call->status,
			                             "the client does not read", NULL);
	}
}

/* -- messages -- */

static enum cft_rpc_send_state initially(const struct cft_rpc_hooks *hooks)
{
	return hooks && hooks->sent_if_asked ? CFT_RPC_SENDING : CFT_RPC_AWAITED;
}

void cft_rpc_send_packed(struct cft_rpc_call *call, struct grpc_byte_buffer *packet)
{
	grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};

	assert(call->opened && !call->ended && !cft_rpc_sending(call));
	atomic_store_explicit(&call->sending, initially(call->hooks), memory_order_relaxed);
	call->outgoing = packet;
	op.data.send_message.send_message = packet;
	start_sending(&call->send, &op, 1);
}

void cft_rpc_send(struct cft_rpc_call *call, const void *message)
{
	cft_rpc_send_packed(call, cft_rpc_pack(message));
}

bool cft_rpc_sending(struct cft_rpc_call *call)
{
	enum cft_rpc_send_state state = CFT_RPC_SENDING;

	/* Acquired: what the pump wrote of the last message. */
	return atomic_compare_exchange_strong_explicit(&call->sending, &state, CFT_RPC_AWAITED,
	                                               memory_order_acquire,
	                                               memory_order_acquire) ||
	       state == CFT_RPC_AWAITED;
}

/* Once it is idle the loop may send the next one with the same batch. */
static void send_done(struct cft_tag *tag, bool ok)
{
	struct cft_rpc_call *call = cft_rpc_batch_call(tag);
	enum cft_rpc_send_state state = CFT_RPC_SENDING;

	grpc_byte_buffer_destroy(call->outgoing);
	call->outgoing = NULL;
	if (atomic_compare_exchange_strong_explicit(&call->sending, &state, CFT_RPC_IDLE,
	                                            memory_order_release, memory_order_relaxed))
		cft_rpc_call_unref(call);
	else
		cft_rpc_batch_post(&call->send, ok);
}

static void on_sent(struct cft_rpc_call *call, bool ok)
{
	atomic_store_explicit(&call->sending, CFT_RPC_IDLE, memory_order_relaxed);
	if (call->ended) {
		DL_DELETE(call->server->closing, call);
		start_finish(call);
		cft_rpc_call_unref(call);
	} else if (ok && call->hooks && call->hooks->on_sent) {
		call->hooks->on_sent(call->hooks_arg);
	}
}

void cft_rpc_receive(struct cft_rpc_call *call)
{
	grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};

	assert(!call->ended && !call->incoming);
	op.data.recv_message.recv_message = &call->incoming;
	cft_rpc_batch_start(&call->receive, &op, 1);
}

/* Mostly on a pump thread: unpacking is kept off the loop. */
static void receive_done(struct cft_tag *tag, bool ok)
{
	struct cft_rpc_call *call = cft_rpc_batch_call(tag);

	cft_arena_release(&call->incoming_arena);
	cft_err_clear(&call->incoming_err);
	call->incoming_message = NULL;
	if (call->incoming)
		cft_rpc_unpack(call->bound->descriptor->input, call->incoming,
		               call->bound->method->max_request_bytes, &call->incoming_arena,
		               &call->incoming_message, &call->incoming_err);
	grpc_byte_buffer_destroy(call->incoming);
	call->incoming = NULL;
	cft_rpc_batch_post((struct cft_rpc_batch *)tag, ok);
}

static void on_received(struct cft_rpc_call *call, bool ok)
{
	const struct cft_rpc_server_options *options = &call->server->options;
	const struct cft_err *err;

	(void)ok; /* without a message: the client's side is closed */
	if (call->ended || !call->hooks || !call->hooks->on_message)
		return;
	if (call->gated && call->incoming_message &&
	    options->gate->admit_message(options->gate_ctx, call, (void *)call->incoming_message,
	                                 &call->incoming_err) < 0)
		call->incoming_message = NULL;
	err = call->incoming_err.code ? &call->incoming_err : NULL;
	call->hooks->on_message(call->hooks_arg, call->incoming_message, err);
}

void cft_rpc_call_set_hooks(struct cft_rpc_call *call, const struct cft_rpc_hooks *hooks, void *arg)
{
	call->hooks = hooks;
	call->hooks_arg = arg;
}

bool cft_rpc_call_gone(const struct cft_rpc_call *call)
{
	return call->closed;
}

void cft_rpc_gone(struct cft_err *err)
{
	cft_fail(err, CFT_E_CANCELLED, "the client went away");
}

/* -- what a handler may ask -- */

struct cft_arena *cft_rpc_call_arena(struct cft_rpc_call *call)
{
	return &call->arena;
}

const char *cft_rpc_call_peer(struct cft_rpc_call *call)
{
	char *peer = grpc_call_get_peer(call->call);
	const char *copy = cft_arena_strdup(&call->arena, peer);

	gpr_free(peer);
	return copy;
}

const char *cft_rpc_call_metadata(struct cft_rpc_call *call, const char *key)
{
	grpc_slice value;

	if (!cft_rpc_metadata_find(&call->metadata, key, &value))
		return NULL;
	return cft_arena_strndup(&call->arena, (const char *)GRPC_SLICE_START_PTR(value),
	                         GRPC_SLICE_LENGTH(value));
}

const struct cft_rpc_method *cft_rpc_call_method(const struct cft_rpc_call *call)
{
	return call->bound->method;
}

const char *cft_rpc_call_service_name(const struct cft_rpc_call *call)
{
	return call->bound->service->descriptor->name;
}

void cft_rpc_call_set_guest(struct cft_rpc_call *call, void *guest)
{
	call->guest = guest;
}

void *cft_rpc_call_guest(const struct cft_rpc_call *call)
{
	return call->guest;
}

void cft_rpc_call_cancel(struct cft_rpc_call *call, const struct cft_err *err)
{
	grpc_call_cancel_with_status(call->call, (grpc_status_code)cft_code_grpc(err->code),
	                             err->message, NULL);
}

/* A DNS name, or a URI by its scheme: one kind must not pass for the other, and e-mail and IP
 * addresses for neither. What stands before a NUL is somebody else's name. */
static bool is_name(const grpc_auth_property *p, bool uri)
{
	return !memchr(p->value, 0, p->value_length) &&
	       uri == (memmem(p->value, p->value_length, "://", 3) != NULL);
}

static void add_names(struct cft_rpc_call *call, const grpc_auth_context *context, bool uri,
                      struct names *names)
{
	grpc_auth_property_iterator it = grpc_auth_context_find_properties_by_name(
		context, uri ? GRPC_PEER_URI_PROPERTY_NAME : GRPC_PEER_DNS_PROPERTY_NAME);

	for (const grpc_auth_property *p; (p = grpc_auth_property_iterator_next(&it));)
		if (is_name(p, uri))
			cft_vec_push_in(&call->arena, names,
			                cft_arena_strndup(&call->arena, p->value, p->value_length));
}

const char *const *cft_rpc_call_certificate_names(struct cft_rpc_call *call, size_t *ret_n)
{
	grpc_auth_context *context = grpc_call_auth_context(call->call);
	struct names names = {0};

	if (context && grpc_auth_context_peer_is_authenticated(context)) {
		add_names(call, context, false, &names);
		add_names(call, context, true, &names);
	}
	grpc_auth_context_release(context);
	*ret_n = names.n;
	return names.v;
}

int64_t cft_rpc_call_time_left_ms(const struct cft_rpc_call *call)
{
	gpr_timespec left;

	if (gpr_time_cmp(call->deadline, gpr_inf_future(call->deadline.clock_type)) == 0)
		return INT64_MAX;
	left = gpr_time_sub(call->deadline, gpr_now(call->deadline.clock_type));
	return left.tv_sec < 0 ? 0 : left.tv_sec * 1000 + left.tv_nsec / 1000000;
}

struct grpc_byte_buffer *cft_rpc_packet_new(const void *message)
{
	return cft_rpc_pack(message);
}

struct grpc_byte_buffer *cft_rpc_packet_share(struct grpc_byte_buffer *packet)
{
	return grpc_byte_buffer_copy(packet);
}

size_t cft_rpc_packet_bytes(struct grpc_byte_buffer *packet)
{
	return grpc_byte_buffer_length(packet);
}

void cft_rpc_packet_free(struct grpc_byte_buffer *packet)
{
	grpc_byte_buffer_destroy(packet);
}
