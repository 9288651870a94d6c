/* Client: calls to a gRPC server, for programs that block and for load generators.
 * SPDX-License-Identifier: MIT
 *
 * One thread uses a client at a time; open another for another thread (connections are shared
 * underneath). Nothing here needs an event loop: calls block, or are started and then pumped with
 * cft_client_poll. While a blocking call waits, callbacks of started calls run too.
 *
 *     struct cft_client_options options = {.servers = "127.0.0.1:7430", .token = token};
 *     Confiture__V1__GetIntentResponse *response;
 *
 *     cft_client_open(&options, &client, &err);
 *     cft_client_call(client, &confiture__v1__coordination_service__descriptor, "GetIntent",
 *                     &request, 5000, &arena, &response, &err);
 *
 * Errors of calls are the server's own (common/rpc/status.h), or UNAVAILABLE where none answered,
 * or TIMEOUT. `service` is protobuf-c's generated service descriptor, `request` a generated
 * message; requests are packed before a function returns, the caller keeps them.
 */
#ifndef CFT_RPC_CLIENT_H
#define CFT_RPC_CLIENT_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_client;
struct cft_stream;

/* Strings are copied. Zero or NULL means the default. */
struct cft_client_options {
	const char *servers;     /* "host:port", or several, separated by commas */
	const char *token;       /* sent as "authorization: Bearer <token>" */
	bool tls;                /* implied by the three files */
	const char *ca_file;     /* PEM; default: the system's roots */
	const char *cert_file;   /* client certificate and key, PEM, both or none */
	const char *key_file;    /* */
	const char *server_name; /* the name in the server's certificate where it is not the host */
	int keepalive_ms;        /* ping an idle connection this often; default 20,000 */
	size_t max_message_bytes; /* of responses; default 64 MiB */
	bool own_connection;      /* share no connection with other clients of this process */
};

/* Connects nowhere yet. Errors: INVALID for the server list, FAILED for unreadable files. */
int cft_client_open(const struct cft_client_options *options, struct cft_client **ret,
                    struct cft_err *err);
/* Cancels what is in flight and waits for it. Streams must be closed before. NULL is fine. */
void cft_client_close(struct cft_client *client);
/* The server that the next call goes to; borrowed until that call. */
const char *cft_client_server(const struct cft_client *client);

/* A unary call. Blocks for at most `timeout_ms`. The response lives in `arena`; `ret_response` is
 * the address of a pointer to its generated type. With several servers, one that cannot be reached
 * is passed over for the next: mutations carry a request_id, so that a second delivery is safe. */
int cft_client_call(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                    const char *method, const void *request, int timeout_ms,
                    struct cft_arena *arena, void *ret_response, struct cft_err *err);

/* Runs from cft_client_poll or any blocking function of the same client. `response` (NULL on
 * error) and `err` (code 0 on success) live until the callback returns. */
typedef void (*cft_client_done)(void *arg, const void *response, const struct cft_err *err);

/* Connects, and waits up to `timeout_ms` for it; true once connected. Without calls in flight gRPC
 * tries again only every few seconds: whoever waits for a server to come back waits here. A server
 * that did not answer in time is passed over for the next of the list. */
bool cft_client_wait(struct cft_client *client, int timeout_ms);

/* Starts a unary call; `done` runs exactly once, also when the client is closed. */
void cft_client_start(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                      const char *method, const void *request, int timeout_ms, cft_client_done done,
                      void *arg);
/* Waits up to `timeout_ms` for one completion and runs its callback. False if nothing came. */
bool cft_client_poll(struct cft_client *client, int timeout_ms);
/* Started calls whose callback has not run yet. */
size_t cft_client_in_flight(const struct cft_client *client);

/* Opens a stream: server-streaming with a request, or client-streaming and bidirectional with NULL.
 * Does not wait for the server; the first read tells. After UNAVAILABLE call cft_client_wait before
 * the next one: a stream that fails at once makes no progress in connecting. */
int cft_stream_open(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                    const char *method, const void *request, struct cft_stream **ret,
                    struct cft_err *err);
/* Waits up to `timeout_ms` (0 only looks) for a message. 1: a message in `arena`. 0: the server
 * ended the stream with OK. CFT_E_TIMEOUT: none came, the stream goes on. Else the stream's end. */
int cft_stream_read(struct cft_stream *stream, int timeout_ms, struct cft_arena *arena,
                    void *ret_message, struct cft_err *err);
/* Sends one message of a bidirectional stream; blocks until the transport has taken it. */
int cft_stream_write(struct cft_stream *stream, const void *message, int timeout_ms,
                     struct cft_err *err);
/* Says that no more messages follow: the answer of a client-streaming call comes after it, by
 * cft_stream_read. Once. */
int cft_stream_write_end(struct cft_stream *stream, int timeout_ms, struct cft_err *err);
/* Says that no more messages will be sent; the response of a client-streaming call follows. */
void cft_stream_finish(struct cft_stream *stream);
/* Cancels what still runs and frees. NULL is fine. */
void cft_stream_close(struct cft_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
