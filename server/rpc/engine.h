/* Engine: the structs of server, methods and calls; private to server/rpc.
 * SPDX-License-Identifier: MIT
 *
 * A call is counted: the handler holds one reference from acceptance to the end of the call, every
 * running batch one, every posted mail the one of its batch. The last one frees the call, on
 * whichever thread it is: by then nobody else knows it.
 */
#ifndef CFT_SERVER_RPC_ENGINE_H
#define CFT_SERVER_RPC_ENGINE_H

#include "common/event/mailbox.h"
#include "common/rpc/tag.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/channelz.h"
#include "server/rpc/door.h"
#include "server/rpc/lines.h"
#include "server/rpc/server.h"
#include "server/rpc/tls.h"

#include <pthread.h>
#include <stdatomic.h>

/* gRPC reads a connection on whichever of these waits for it, and does not leave it before all is
 * read that has come. Several, so that the kernel shares the time between a connection that sends
 * without end and the others. */
enum { CFT_RPC_PUMPS = 8 };

/* The first queue is of calls that come and go. Each of the others is of some that stay open, and
 * has one pump, which reads no connection. Debian's gRPC looks through all batches under way on a
 * queue for each that ends (cq_check_tag), and an open call keeps one under way, to hear of its
 * end. */
enum { CFT_RPC_STREAM_QUEUES = 4, CFT_RPC_QUEUES = 1 + CFT_RPC_STREAM_QUEUES };

/* A method as registered with gRPC. */
struct cft_bound_method {
	struct cft_rpc_server *server;
	const struct cft_rpc_service *service;
	const struct cft_rpc_method *method;
	const ProtobufCMethodDescriptor *descriptor;
	void *handle; /* of grpc_server_register_method */
};

struct cft_rpc_server {
	struct cft_rpc_server_options options;
	char *listen;
	struct cft_tls *tls; /* NULL: plaintext */
	struct cft_bound_method **methods;
	size_t n_methods;
	size_t max_request_bytes; /* the largest of the methods' */
	grpc_server *server;
	grpc_completion_queue *queues[CFT_RPC_QUEUES];
	atomic_uint streams; /* accepted so far, or about to be */
	pthread_t pumps[CFT_RPC_PUMPS + CFT_RPC_STREAM_QUEUES];
	bool pumping;
	struct cft_acceptor acceptor;
	struct cft_channelz *channelz; /* the door's thread */
	struct cft_door *door;         /* NULL before listening */
	struct cft_mailbox *box;
	struct cft_lines *lines;      /* what came out of the box and waits for its turn */
	atomic_size_t live;           /* accepted calls that are not freed */
	atomic_size_t limited;        /* calls that ended with RESOURCE_EXHAUSTED */
	atomic_size_t too_large;      /* those of them whose message was */
	struct cft_rpc_call *closing; /* utlist: ended, waiting for a send; loop thread */
	struct cft_timer *reaper;     /* cancels those of them that a client stalls */
	struct cft_timer *drain;      /* while stopping */
	struct cft_tag shutdown_tag;
	atomic_bool shutdown_done;
	int64_t cancel_at_ms; /* of the loop's clock; 0 = done */
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* One batch of a call, at most one run at a time. `done` (tag) runs on a pump thread, or within the
 * start of this or another batch (cft_rpc_keep_event); where the loop must hear of it, `mail`
 * carries it there, to `on_loop`. */
struct cft_rpc_batch {
	struct cft_tag tag;
	struct cft_mail mail;
	struct cft_rpc_call *call;
	void (*on_loop)(struct cft_rpc_call *call, bool ok);
	bool ok;
};

/* Of a call's message: nothing on its way; something; something, and the loop is to hear of its
 * end. */
enum cft_rpc_send_state { CFT_RPC_IDLE, CFT_RPC_SENDING, CFT_RPC_AWAITED };

struct cft_rpc_call {
	struct cft_rpc_server *server;
	const struct cft_bound_method *bound; /* NULL: an unknown method */
	grpc_call *call;
	grpc_completion_queue *queue; /* of all its batches but the first */
	struct cft_line *line;        /* of its connection; NULL before it is accepted */
	atomic_int refs;
	struct cft_arena arena;

	/* acceptance */
	struct cft_rpc_batch accept;
	grpc_metadata_array metadata;
	grpc_call_details details; /* of unknown methods */
	gpr_timespec deadline;
	grpc_byte_buffer *payload;
	const void *request;

	/* open: initial metadata, and the news of the close. For streams and long polls. */
	struct cft_rpc_batch open;
	bool opened;
	int cancelled;
	bool closed; /* the client's side is over; loop thread */

	struct cft_rpc_batch send;
	grpc_byte_buffer *outgoing;
	/* From IDLE by the loop, to it by who completes. */
	_Atomic(enum cft_rpc_send_state) sending;

	struct cft_rpc_batch receive;
	grpc_byte_buffer *incoming;
	struct cft_arena incoming_arena;
	const void *incoming_message;

	/* the end */
	struct cft_rpc_batch finish;
	grpc_byte_buffer *response;
	grpc_status_code status;
	grpc_slice status_text;
	grpc_metadata status_details;
	size_t n_status_details;
	bool ended;          /* by the handler */
	int64_t ended_at_ms; /* while in server->closing */
	struct cft_rpc_call *prev, *next;

	const struct cft_rpc_hooks *hooks;
	void *hooks_arg;
	void *guest;                 /* of the gate */
	bool gated;                  /* the gate has seen it */
	struct cft_err incoming_err; /* last: as large as all the rest */
};

/* -- call.c -- */
struct cft_rpc_call *cft_rpc_call_new(struct cft_rpc_server *server,
                                      const struct cft_bound_method *bound);
void cft_rpc_call_unref(struct cft_rpc_call *call);
void cft_rpc_batch_start(struct cft_rpc_batch *batch, const grpc_op *ops, size_t n);
/* The call of a finished batch. */
struct cft_rpc_call *cft_rpc_batch_call(struct cft_tag *tag);
void cft_rpc_batch_post(struct cft_rpc_batch *batch, bool ok);
/* Starts the open batch; loop thread, before the gate. Not on a pump: another one could hear of the
 * end of the call before the loop has heard of its beginning. */
void cft_rpc_call_open(struct cft_rpc_call *call);
/* Cancels ended calls whose last message a client does not take. Loop thread, each second. */
void cft_rpc_reap(struct cft_rpc_server *server);

/* -- accept.c -- */
void cft_rpc_accept_post(struct cft_rpc_server *server, const struct cft_bound_method *bound);

#endif
