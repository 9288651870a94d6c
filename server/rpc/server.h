/* Server: the gRPC engine: completion queues, threads that pump them, handlers on the loop.
 * SPDX-License-Identifier: MIT
 *
 * A pump thread takes calls off a queue, checks and unpacks requests (size, UTF-8, NULs,
 * nesting: common/rpc) and answers malformed ones itself; a good request hops to the loop through
 * a mailbox, where its method's handler runs. Replies are started from the loop; a unary call's
 * completion does not hop back.
 *
 * Everything here is for the loop's thread. A call is the engine's, valid for the handler until it
 * ends it: every handler ends its call exactly once, with cft_rpc_reply or cft_rpc_fail or
 * cft_rpc_end, at once or later, also after the client has cancelled. Afterwards the call must not
 * be touched. Errors become a status with details (common/rpc/status.h).
 */
#ifndef CFT_SERVER_RPC_SERVER_H
#define CFT_SERVER_RPC_SERVER_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/event/loop.h"
#include "server/rpc/door.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct grpc_byte_buffer;
struct cft_rpc_server;
struct cft_rpc_call;

enum cft_rpc_kind {
	CFT_RPC_UNARY,
	CFT_RPC_SERVER_STREAM,
	CFT_RPC_CLIENT_STREAM,
	CFT_RPC_BIDI,
};

struct cft_rpc_method {
	const char *name; /* as in the service's descriptor */
	enum cft_rpc_kind kind;
	size_t max_request_bytes; /* of each message; larger ones: RESOURCE_EXHAUSTED */
	bool long_poll;           /* a unary call that wants on_cancelled */
	/* `request` lives as long as the call; NULL for the two kinds that stream requests. */
	void (*handler)(void *ctx, struct cft_rpc_call *call, const void *request);
};

/* Static data, but for ctx. A method of the descriptor that is not in `methods` is answered
 * UNIMPLEMENTED. */
struct cft_rpc_service {
	const ProtobufCServiceDescriptor *descriptor;
	const struct cft_rpc_method *methods;
	size_t n_methods;
	void *ctx;
};

struct cft_rpc_server_options {
	struct cft_loop *loop;
	const char *listen;           /* "127.0.0.1:7430"; port 0 takes a free one */
	const char *cert_file;        /* PEM; with the key: TLS */
	const char *key_file;         /* */
	const char *client_ca_file;   /* PEM; clients must have a certificate of it */
	int keepalive_ms;             /* ping a silent connection; 0 = 20,000 */
	int keepalive_timeout_ms;     /* 0 = 10,000 */
	int max_concurrent_streams;   /* per connection; 0 = 10,000 */
	int64_t max_unfinished_calls; /* without their message, of all; 0 = no limit */
	struct cft_peers_limits connections;
	const struct cft_rpc_gate *gate; /* NULL admits everybody; outlives the server */
	void *gate_ctx;
};

/* What stands before the handlers (guard.h). Loop thread. */
struct cft_rpc_gate {
	/* Before each handler: 0; an error, which ends the call; or CFT_RPC_LATER, and
	 * cft_rpc_admitted follows. `request` (NULL where requests are streamed) may be changed;
	 * what is put into it must live as long as the call. */
	int (*admit)(void *ctx, struct cft_rpc_call *call, void *request, struct cft_err *err);
	/* Before each on_message: 0, or an error, which the handler gets instead. */
	int (*admit_message)(void *ctx, struct cft_rpc_call *call, void *message,
	                     struct cft_err *err);
	/* The call was ended by its handler, or by the gate's refusal. */
	void (*ended)(void *ctx, struct cft_rpc_call *call);
};

enum { CFT_RPC_LATER = 1 };

/* -- life of the server -- */

/* Copies `listen`; the TLS files' names are read by cft_rpc_server_listen. */
struct cft_rpc_server *cft_rpc_server_new(const struct cft_rpc_server_options *options);
/* Before cft_rpc_server_listen. The service outlives the server. */
void cft_rpc_server_add(struct cft_rpc_server *server, const struct cft_rpc_service *service);
/* Binds and serves. CFT_E_CONFIG for TLS files that do not work, CFT_E_UNAVAILABLE (reason
 * ADDRESS_IN_USE) where the address is taken. */
int cft_rpc_server_listen(struct cft_rpc_server *server, struct cft_err *err);
/* Has the TLS files read again for the next connection. Changed files are noticed without it. */
void cft_rpc_server_reload(struct cft_rpc_server *server);
int cft_rpc_server_port(const struct cft_rpc_server *server);
/* Calls that were accepted and are not ended yet. */
size_t cft_rpc_server_live_calls(const struct cft_rpc_server *server);
void cft_rpc_server_connections(const struct cft_rpc_server *server, struct cft_door_stats *ret);
/* Calls that ended at a limit of any kind, and those of them whose message was too large. */
void cft_rpc_server_limited(const struct cft_rpc_server *server, size_t *ret_all,
                            size_t *ret_too_large);
/* The process's memory is used up: cft_door_shed. */
void cft_rpc_server_shed(struct cft_rpc_server *server);
/* Takes no new calls, waits `grace_ms` for the live ones, cancels the rest; `done` runs when none
 * is left. Their handlers end them as usual. */
void cft_rpc_server_stop(struct cft_rpc_server *server, int grace_ms, void (*done)(void *arg),
                         void *arg);
/* After `done`, or before listening. NULL is fine. */
void cft_rpc_server_free(struct cft_rpc_server *server);

/* -- the gate's -- */

/* The end of CFT_RPC_LATER: the handler runs, or the call ends with the error. */
void cft_rpc_admitted(struct cft_rpc_call *call, const struct cft_err *err);
/* Breaks the call off, as if its client had gone: on_cancelled follows. The client gets `err`. */
void cft_rpc_call_cancel(struct cft_rpc_call *call, const struct cft_err *err);
/* Something of the gate's, kept with the call; NULL at first. */
void cft_rpc_call_set_guest(struct cft_rpc_call *call, void *guest);
void *cft_rpc_call_guest(const struct cft_rpc_call *call);
const struct cft_rpc_method *cft_rpc_call_method(const struct cft_rpc_call *call);
const char *cft_rpc_call_service_name(const struct cft_rpc_call *call); /* with its package */
/* The DNS names and URIs among the subject alternative names of the client's verified certificate,
 * n of them, in the call's arena; none without one. */
const char *const *cft_rpc_call_certificate_names(struct cft_rpc_call *call, size_t *ret_n);

/* -- any call -- */

struct cft_arena *cft_rpc_call_arena(struct cft_rpc_call *call); /* freed with the call */
const char *cft_rpc_call_peer(struct cft_rpc_call *call);        /* "ipv4:127.0.0.1:51234" */
/* NULL where the client did not send it. In the call's arena. */
const char *cft_rpc_call_metadata(struct cft_rpc_call *call, const char *key);
/* Milliseconds until the client's deadline; INT64_MAX without one, 0 when it has passed. */
int64_t cft_rpc_call_time_left_ms(const struct cft_rpc_call *call);

/* Ends a call: with its one response (unary, client-streaming), with an error, with OK (streams).
 * The message and the error are used before the function returns. */
void cft_rpc_reply(struct cft_rpc_call *call, const void *response);
void cft_rpc_fail(struct cft_rpc_call *call, const struct cft_err *err);
void cft_rpc_end(struct cft_rpc_call *call);

/* -- streams and long polls -- */

/* Any of them may be NULL. None runs after the handler has ended the call. */
struct cft_rpc_hooks {
	/* The client cancelled, its deadline passed, or its connection broke: end the call. */
	void (*on_cancelled)(void *arg);
	/* The transport took the message: the next may be sent. */
	void (*on_sent)(void *arg);
	/* A message of the client, valid during the hook; NULL: the client sends no more. With
	 * `err` set it was malformed or too large: fail the call with it. */
	void (*on_message)(void *arg, const void *message, const struct cft_err *err);
	/* on_sent only for messages of which cft_rpc_sending has said that they are on their way:
	 * for a thousand streams that are sent one event, and mostly nobody asks. */
	bool sent_if_asked;
};
void cft_rpc_call_set_hooks(struct cft_rpc_call *call, const struct cft_rpc_hooks *hooks,
                            void *arg);
/* The client has gone already: on_cancelled has run, or came too early for the hooks. */
bool cft_rpc_call_gone(const struct cft_rpc_call *call);
/* The error of a call that nobody waits for. */
void cft_rpc_gone(struct cft_err *err);

/* Sends one message; not while cft_rpc_sending. The second form takes a packed buffer over, which
 * may share its bytes with those of other calls (cft_rpc_packet_share). */
void cft_rpc_send(struct cft_rpc_call *call, const void *message);
void cft_rpc_send_packed(struct cft_rpc_call *call, struct grpc_byte_buffer *packet);
/* Whether a message is on its way; to ask is to want on_sent at its end (sent_if_asked). To be
 * asked before each message but the first. */
bool cft_rpc_sending(struct cft_rpc_call *call);
/* Asks for the client's next message: one on_message for each call of this. */
void cft_rpc_receive(struct cft_rpc_call *call);

/* Packed messages for fan-out: packed once, shared by reference. */
struct grpc_byte_buffer *cft_rpc_packet_new(const void *message);
struct grpc_byte_buffer *cft_rpc_packet_share(struct grpc_byte_buffer *packet);
size_t cft_rpc_packet_bytes(struct grpc_byte_buffer *packet);
void cft_rpc_packet_free(struct grpc_byte_buffer *packet); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
