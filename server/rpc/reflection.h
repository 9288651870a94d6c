/* Reflection: the standard grpc.reflection service, v1 and v1alpha, from a descriptor set.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only.
 */
#ifndef CFT_SERVER_RPC_REFLECTION_H
#define CFT_SERVER_RPC_REFLECTION_H

#include "server/rpc/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_reflection;

/* `set` is a serialized google.protobuf.FileDescriptorSet, imports included; borrowed. */
struct cft_reflection *cft_reflection_new(const void *set, size_t len);
/* The descriptor set that is linked into the program. */
struct cft_reflection *cft_reflection_new_embedded(void);
/* After the server has stopped. NULL is fine. */
void cft_reflection_free(struct cft_reflection *reflection);
/* Adds both versions of the service to the server. */
void cft_reflection_serve(struct cft_reflection *reflection, struct cft_rpc_server *server);
/* Names a service in the answer to list_services. The name is copied. */
void cft_reflection_list(struct cft_reflection *reflection, const char *service);
/* Ends the open streams: before the server stops. */
void cft_reflection_shutdown(struct cft_reflection *reflection);

#ifdef __cplusplus
}
#endif

#endif
