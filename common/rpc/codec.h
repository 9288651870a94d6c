/* Codec: protobuf-c messages to and from bytes and gRPC byte buffers.
 * SPDX-License-Identifier: MIT
 *
 * Pure; any thread. Unpacked messages live in the caller's arena: never free them one by one.
 */
#ifndef CFT_RPC_CODEC_H
#define CFT_RPC_CODEC_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"

#include <protobuf-c/protobuf-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct grpc_byte_buffer;

/* Checks (common/rpc/wire.h) and unpacks. The memory that unpacking may take is bounded by 1 MiB
 * plus 16 times the input: small bytes cannot become a large tree. `ret_message` is the address of
 * a pointer to the message's generated type. */
int cft_proto_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t len,
                     struct cft_arena *arena, void *ret_message, struct cft_err *err);
/* Appends the serialized message. */
void cft_proto_pack(const void *message, struct cft_buf *out);

/* The same with what gRPC carries. Unpacking refuses more than `limit_bytes` (CFT_E_LIMIT, reason
 * MESSAGE_TOO_LARGE) and leaves the buffer alone; the packed buffer is the caller's. */
int cft_rpc_unpack(const ProtobufCMessageDescriptor *type, struct grpc_byte_buffer *bytes,
                   size_t limit_bytes, struct cft_arena *arena, void *ret_message,
                   struct cft_err *err);
struct grpc_byte_buffer *cft_rpc_pack(const void *message);
/* Copies bytes that are serialized already. */
struct grpc_byte_buffer *cft_rpc_bytes(const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
