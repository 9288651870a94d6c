/* Codec: packing and bounded unpacking of protobuf-c messages.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/codec.h"

#include "common/base/mem.h"
#include "common/rpc/wire.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

enum { UNPACK_BASE_BYTES = 1 << 20, UNPACK_FACTOR = 16 };

/* protobuf-c allocates through this: from the arena, up to the budget. */
struct budget {
	struct cft_arena *arena;
	size_t left;
};

static void *budget_alloc(void *arg, size_t size)
{
	struct budget *budget = arg;

	if (size > budget->left)
		return NULL;
	budget->left -= size;
	return cft_arena_alloc(budget->arena, size);
}

static void budget_free(void *arg, void *p)
{
	(void)arg; /* the arena frees in one go */
	(void)p;
}

int cft_proto_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t len,
                     struct cft_arena *arena, void *ret_message, struct cft_err *err)
{
	struct budget budget = {arena, UNPACK_BASE_BYTES + UNPACK_FACTOR * len};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	ProtobufCMessage *message;
	int rc = cft_wire_check(type, data, len, err);

	if (rc < 0)
		return rc;
	message = protobuf_c_message_unpack(type, &allocator, len, data);
	if (!message)
		return cft_fail_reason(err, CFT_E_INVALID, "MALFORMED_MESSAGE",
		                       "the message is not a valid %s", type->name);
	memcpy(ret_message, &message, sizeof(message));
	return 0;
}

void cft_proto_pack(const void *message, struct cft_buf *out)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	cft_buf_reserve(out, len + 1);
	protobuf_c_message_pack(message, (uint8_t *)out->data + out->len);
	out->len += len;
	out->data[out->len] = '\0';
}

int cft_rpc_unpack(const ProtobufCMessageDescriptor *type, struct grpc_byte_buffer *bytes,
                   size_t limit_bytes, struct cft_arena *arena, void *ret_message,
                   struct cft_err *err)
{
	size_t len = bytes ? grpc_byte_buffer_length(bytes) : 0;
	grpc_byte_buffer_reader reader;
	grpc_slice slice;
	int rc;

	if (!bytes || !grpc_byte_buffer_reader_init(&reader, bytes))
		return cft_fail_reason(err, CFT_E_INVALID, "MALFORMED_MESSAGE",
		                       "the message is missing or cannot be decompressed");
	if (len > limit_bytes) {
		grpc_byte_buffer_reader_destroy(&reader);
		return cft_fail_reason(err, CFT_E_LIMIT, "MESSAGE_TOO_LARGE",
		                       "the message has %zu bytes, at most %zu are allowed", len,
		                       limit_bytes);
	}
	slice = grpc_byte_buffer_reader_readall(&reader);
	grpc_byte_buffer_reader_destroy(&reader);
	rc = cft_proto_unpack(type, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice), arena,
	                      ret_message, err);
	grpc_slice_unref(slice);
	return rc;
}

struct grpc_byte_buffer *cft_rpc_pack(const void *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	grpc_slice slice = grpc_slice_malloc(len);
	grpc_byte_buffer *bytes;

	protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	bytes = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return bytes;
}

struct grpc_byte_buffer *cft_rpc_bytes(const void *data, size_t len)
{
	grpc_slice slice = grpc_slice_from_copied_buffer(data, len);
	grpc_byte_buffer *bytes = grpc_raw_byte_buffer_create(&slice, 1);

	grpc_slice_unref(slice);
	return bytes;
}
