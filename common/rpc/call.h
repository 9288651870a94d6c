/* Call: what the client's unary calls and streams share; private to common/rpc.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_RPC_CALL_H
#define CFT_RPC_CALL_H

#include "common/rpc/client.h"
#include "common/rpc/tag.h"

struct cft_unary;

struct cft_client {
	grpc_completion_queue *queue;
	struct cft_channel {
		char *address;
		grpc_channel *channel;
	} * channels;
	size_t n_channels, current;
	char *authorization; /* or NULL */
	size_t max_message_bytes;
	struct cft_unary *in_flight; /* a utlist */
	size_t n_in_flight;
};

/* One outgoing call: its handle, what came back, and the initial metadata that it sends. */
struct cft_call {
	struct cft_client *client;
	const ProtobufCMethodDescriptor *method;
	grpc_call *call;
	grpc_metadata authorization;
	size_t n_metadata;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice status_text;
};

/* Opens every channel of the list. */
int cft_channels_open(struct cft_client *client, const struct cft_client_options *options,
                      struct cft_err *err);
void cft_channels_close(struct cft_client *client);

/* INTERNAL if the service has no such method. */
int cft_call_init(struct cft_call *call, struct cft_client *client,
                  const ProtobufCServiceDescriptor *service, const char *method,
                  gpr_timespec deadline, struct cft_err *err);
void cft_call_release(struct cft_call *call);
grpc_op cft_call_op_initial(struct cft_call *call);
grpc_op cft_call_op_receive_initial(struct cft_call *call);
grpc_op cft_call_op_status(struct cft_call *call);
/* The received status as an error; 0 for OK. */
int cft_call_error(const struct cft_call *call, struct cft_err *err);

#endif
