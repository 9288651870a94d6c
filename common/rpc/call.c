/* Call: setting up one outgoing call and reading its status.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/call.h"

#include "common/base/mem.h"
#include "common/rpc/status.h"

#include <assert.h>
#include <grpc/slice.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cft_call_init(struct cft_call *call, struct cft_client *client,
                  const ProtobufCServiceDescriptor *service, const char *method,
                  gpr_timespec deadline, struct cft_err *err)
{
	struct cft_channel *channel = &client->channels[client->current];
	char path[256];
	grpc_slice path_slice;

	memset(call, 0, sizeof(*call));
	call->client = client;
	call->method = protobuf_c_service_descriptor_get_method_by_name(service, method);
	if (!call->method)
		return cft_fail(err, CFT_E_INTERNAL, "%s has no method %s", service->name, method);
	snprintf(path, sizeof(path), "/%s/%s", service->name, method);
	path_slice = grpc_slice_from_copied_string(path);
	call->call = grpc_channel_create_call(channel->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
	                                      client->queue, path_slice, NULL, deadline, NULL);
	grpc_slice_unref(path_slice);
	assert(call->call);
	grpc_metadata_array_init(&call->initial);
	grpc_metadata_array_init(&call->trailing);
	call->status_text = grpc_empty_slice();
	if (client->authorization) {
		call->authorization.key = grpc_slice_from_static_string("authorization");
		call->authorization.value = grpc_slice_from_copied_string(client->authorization);
		call->n_metadata = 1;
	}
	return 0;
}

void cft_call_release(struct cft_call *call)
{
	if (!call->call)
		return;
	if (call->n_metadata)
		grpc_slice_unref(call->authorization.value);
	grpc_metadata_array_destroy(&call->initial);
	grpc_metadata_array_destroy(&call->trailing);
	grpc_slice_unref(call->status_text);
	grpc_call_unref(call->call);
	call->call = NULL;
}

grpc_op cft_call_op_initial(struct cft_call *call)
{
	grpc_op op = {.op = GRPC_OP_SEND_INITIAL_METADATA};

	op.data.send_initial_metadata.count = call->n_metadata;
	op.data.send_initial_metadata.metadata = &call->authorization;
	return op;
}

grpc_op cft_call_op_receive_initial(struct cft_call *call)
{
	grpc_op op = {.op = GRPC_OP_RECV_INITIAL_METADATA};

	op.data.recv_initial_metadata.recv_initial_metadata = &call->initial;
	return op;
}

grpc_op cft_call_op_status(struct cft_call *call)
{
	grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};

	op.data.recv_status_on_client.trailing_metadata = &call->trailing;
	op.data.recv_status_on_client.status = &call->status;
	op.data.recv_status_on_client.status_details = &call->status_text;
	return op;
}

int cft_call_error(const struct cft_call *call, struct cft_err *err)
{
	grpc_slice details = grpc_empty_slice();
	char *text;
	int rc;

	if (call->status == GRPC_STATUS_OK)
		return 0;
	text = cft_rpc_slice_strdup(call->status_text);
	cft_rpc_metadata_find(&call->trailing, CFT_STATUS_DETAILS_KEY, &details);
	rc = cft_status_decode((int)call->status, text, GRPC_SLICE_START_PTR(details),
	                       GRPC_SLICE_LENGTH(details), err);
	free(text);
	return rc;
}
